//! What each opcode does to the frame, as a table: one look-up decides on everything that its number says.

use super::model::EventKind;
use crate::classfile::opcode::*;

/// What is to be done for an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// Nothing.
    Nothing,
    /// Push `null`.
    Null,
    /// Push the int `a - 3`.
    Int,
    /// Push the byte behind the opcode.
    Byte,
    /// Push the two bytes behind the opcode.
    Short,
    /// Push the long `a`.
    Long,
    /// Push `a` slots of a value nothing is known of.
    Opaque,
    /// Push a constant of the pool whose index is a byte.
    ShortConstant,
    /// Push a constant of the pool.
    Constant,
    /// Push local variable `b` of `a` slots.
    LoadNear,
    /// Push a local variable of `a` slots.
    Load,
    /// Pop into local variable `b` of `a` slots.
    StoreNear,
    /// Pop into a local variable of `a` slots.
    Store,
    /// Replace array and index by an element of `a` slots.
    ArrayLoad,
    /// Replace array and index by a reference.
    ReferenceLoad,
    /// Pop array, index and a value of `a` slots.
    ArrayStore,
    /// Pop array, index and a reference.
    ReferenceStore,
    /// Move slots.
    Move,
    /// Pop `a` slots, push `b`.
    Arithmetic,
    /// Replace an array by its length.
    Length,
    /// Add to a local variable.
    Increment,
    /// Branch.
    Branch,
    /// Return `a` slots.
    Return,
    /// Throw.
    Throw,
    /// Pop an object whose monitor is entered or left.
    Monitor,
    /// Read a static field.
    GetStatic,
    /// Write a static field.
    PutStatic,
    /// Read a field.
    GetField,
    /// Write a field.
    PutField,
    /// Call; `a` says whether there is a receiver.
    Invoke,
    /// `invokedynamic`.
    InvokeDynamic,
    /// Push a new object.
    New,
    /// Pop the length, push an array of references.
    ReferenceArray,
    /// Pop the length, push an array of primitives.
    PrimitiveArray,
    /// Pop the lengths, push an array of arrays.
    NestedArray,
    /// Look at the top's class.
    CheckCast,
    /// Replace the top by whether it is of a class.
    InstanceOf,
    /// What needs a full decoder: switches, wide forms, subroutines.
    Rare,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) action: Action,
    /// Length of the instruction in bytes; 0 if the opcode does not tell.
    pub(super) len: u8,
    /// See [`Action`].
    pub(super) a: u8,
    pub(super) b: u8,
    /// The event that is written, if one is.
    pub(super) kind: EventKind,
}

/// The table, by opcode.
pub(super) const EFFECTS: [Effect; 256] = effects();

const fn effects() -> [Effect; 256] {
    let mut table = [row(Action::Rare, 0, 0, 0); 256];
    let mut op = 0u8;
    while op < u8::MAX {
        table[op as usize] = effect(op);
        op += 1;
    }
    table
}

const fn row(action: Action, len: u8, a: u8, b: u8) -> Effect {
    Effect { action, len, a, b, kind: EventKind::Return }
}

const fn event(action: Action, len: u8, kind: EventKind) -> Effect {
    Effect { action, len, a: 1, b: 0, kind }
}

/// Slots of the families int, long, float, double, reference and the small ints, in the opcodes' order.
const fn slots(family: u8) -> u8 {
    if family == 1 || family == 3 { 2 } else { 1 }
}

const fn effect(op: u8) -> Effect {
    use Action as A;
    match op {
        NOP => row(A::Nothing, 1, 0, 0),
        ACONST_NULL => row(A::Null, 1, 0, 0),
        ICONST_M1..=ICONST_5 => row(A::Int, 1, op, 0),
        LCONST_0 | LCONST_1 => row(A::Long, 1, op - LCONST_0, 0),
        FCONST_0..=FCONST_2 => row(A::Opaque, 1, 1, 0),
        DCONST_0 | DCONST_1 => row(A::Opaque, 1, 2, 0),
        BIPUSH => row(A::Byte, 2, 0, 0),
        SIPUSH => row(A::Short, 3, 0, 0),
        LDC => event(A::ShortConstant, 2, EventKind::ClassLiteral),
        LDC_W | LDC2_W => event(A::Constant, 3, EventKind::ClassLiteral),
        ILOAD..=ALOAD => row(A::Load, 2, slots(op - ILOAD), 0),
        ILOAD_0..=ALOAD_3 => row(A::LoadNear, 1, slots((op - ILOAD_0) / 4), (op - ILOAD_0) % 4),
        AALOAD => event(A::ReferenceLoad, 1, EventKind::ArrayLoad),
        IALOAD..=SALOAD => row(A::ArrayLoad, 1, slots(op - IALOAD), 0),
        ISTORE..=ASTORE => row(A::Store, 2, slots(op - ISTORE), 0),
        ISTORE_0..=ASTORE_3 => row(A::StoreNear, 1, slots((op - ISTORE_0) / 4), (op - ISTORE_0) % 4),
        AASTORE => event(A::ReferenceStore, 1, EventKind::ArrayStore),
        IASTORE..=SASTORE => row(A::ArrayStore, 1, slots(op - IASTORE), 0),
        POP..=SWAP => row(A::Move, 1, 0, 0),
        IINC => row(A::Increment, 3, 0, 0),
        IFEQ..=GOTO | IFNULL | IFNONNULL => row(A::Branch, 3, 0, 0),
        IRETURN..=ARETURN => Effect { a: slots(op - IRETURN), ..event(A::Return, 1, EventKind::Return) },
        RETURN => Effect { a: 0, ..event(A::Return, 1, EventKind::Return) },
        GETSTATIC => event(A::GetStatic, 3, EventKind::GetStatic),
        PUTSTATIC => event(A::PutStatic, 3, EventKind::PutStatic),
        GETFIELD => event(A::GetField, 3, EventKind::GetField),
        PUTFIELD => event(A::PutField, 3, EventKind::PutField),
        INVOKEVIRTUAL => event(A::Invoke, 3, EventKind::InvokeVirtual),
        INVOKESPECIAL => event(A::Invoke, 3, EventKind::InvokeSpecial),
        INVOKESTATIC => Effect { a: 0, ..event(A::Invoke, 3, EventKind::InvokeStatic) },
        INVOKEINTERFACE => event(A::Invoke, 5, EventKind::InvokeInterface),
        INVOKEDYNAMIC => event(A::InvokeDynamic, 5, EventKind::InvokeDynamic),
        NEW => event(A::New, 3, EventKind::New),
        NEWARRAY => event(A::PrimitiveArray, 2, EventKind::NewArray),
        ANEWARRAY => event(A::ReferenceArray, 3, EventKind::NewArray),
        MULTIANEWARRAY => event(A::NestedArray, 4, EventKind::NewArray),
        ARRAYLENGTH => row(A::Length, 1, 0, 0),
        ATHROW => event(A::Throw, 1, EventKind::Throw),
        CHECKCAST => event(A::CheckCast, 3, EventKind::CheckCast),
        INSTANCEOF => event(A::InstanceOf, 3, EventKind::InstanceOf),
        MONITORENTER => event(A::Monitor, 1, EventKind::MonitorEnter),
        MONITOREXIT => event(A::Monitor, 1, EventKind::MonitorExit),
        _ => match arithmetic(op) {
            Some((pops, pushes)) => row(A::Arithmetic, 1, pops, pushes),
            None => row(A::Rare, 0, 0, 0),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classfile::{Instruction, Instructions};

    #[test]
    fn lengths_are_the_decoder_s_and_what_has_none_is_rare_or_unknown() {
        for op in 0..=u8::MAX {
            let code = [op, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let mut instructions = Instructions::new(&code, 0);
            let effect = EFFECTS[usize::from(op)];
            match instructions.step() {
                Ok(Some(Instruction::Switch(_) | Instruction::Ret(_))) => assert_eq!(effect.len, 0),
                Ok(Some(_)) if effect.len == 0 => assert!(matches!(op, JSR | JSR_W | GOTO_W), "{op}"),
                Ok(Some(_)) => assert_eq!(usize::from(effect.len), instructions.pc(), "{op}"),
                _ => assert_eq!(effect.len, 0, "{op}"),
            }
        }
    }

    #[test]
    fn families_have_the_slots_of_their_types() {
        let a = |op: u8| EFFECTS[usize::from(op)].a;
        assert_eq!([ILOAD, ILOAD + 1, ILOAD + 2, ILOAD + 3, ALOAD].map(a), [1, 2, 1, 2, 1]);
        assert_eq!([IASTORE, LASTORE, IASTORE + 2, DASTORE, AASTORE, SASTORE].map(a), [1, 2, 1, 2, 1, 1]);
        assert_eq!([IRETURN, LRETURN, FRETURN, DRETURN, ARETURN, RETURN].map(a), [1, 2, 1, 2, 1, 0]);
    }
}
