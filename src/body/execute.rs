//! What each instruction does to the frame, and which event it is.

use super::dynamic::Dynamic;
use super::emit::operand;
use super::frame::{Slot, TOP, UNKNOWN};
use super::model::{EventKind, NO_TARGET, Test};
use super::shape;
use super::solve::{Machine, Purpose, Raw, SOLVE, WRITE};
use crate::classfile::instruction::Kind;
use crate::classfile::opcode::*;
use crate::classfile::{ClassError, Constant, Instruction};
use crate::vocabulary::ValueId;

/// Marks the target of a [`EventKind::NewArray`] that is an element type code of `newarray` instead of a pool index.
pub(crate) const PRIMITIVE_ARRAY: u32 = 1 << 16;
/// Marks the target of a [`EventKind::NewArray`] whose class constant already is the array's descriptor.
pub(crate) const WHOLE_ARRAY: u32 = 2 << 16;

impl Machine<'_, '_, '_> {
    /// Executes one instruction. Returns whether the block ends with it.
    pub(super) fn execute<const P: Purpose>(
        &mut self,
        instruction: Instruction<'_>,
        pc: usize,
        next: usize,
    ) -> Result<bool, ClassError> {
        match instruction {
            Instruction::Load(kind, index) => {
                let value = self.scratch.frame.local(index, pc)?;
                self.scratch.frame.push_wide(value, kind.slots(), pc)?;
            }
            Instruction::Store(kind, index) => self.store::<P>(kind, index, pc)?,
            Instruction::Invoke(op, index) => self.invoke::<P>(op, index, pc)?,
            Instruction::Field(op, index) => self.field::<P>(op, index, pc)?,
            Instruction::Plain(op) => return self.plain::<P>(op, pc),
            Instruction::Int(n) => {
                let value = self.value_at(pc, Raw::Int(n));
                self.scratch.frame.push(value, pc)?;
            }
            Instruction::Constant(index) => self.constant::<P>(index, pc)?,
            Instruction::Increment(index, _) => {
                let value = self.scratch.frame.local(index, pc)?;
                let value = self.value_at(pc, Raw::Derived(value));
                self.scratch.frame.set_local(index, value, 1, pc)?;
                if P != WRITE {
                    self.flow_local_to_handlers(index)?;
                }
            }
            Instruction::Branch(op, target) => {
                self.branch::<P>(op, target, pc, next)?;
                return Ok(true);
            }
            Instruction::Ret(_) => {
                for i in 0..self.scratch.flow.jsr_returns.len() {
                    let target = self.scratch.flow.jsr_returns[i];
                    self.jump::<P>(i64::from(target))?;
                }
                return Ok(true);
            }
            Instruction::Switch(switch) => {
                self.scratch.frame.pop(pc)?;
                for target in switch.targets() {
                    self.jump::<P>(target)?;
                }
                return Ok(true);
            }
            Instruction::InvokeDynamic(index) => self.invoke_dynamic::<P>(index, pc)?,
            Instruction::Type(op, index) => self.type_instruction::<P>(op, index, pc)?,
            Instruction::NewArray(element) => {
                let target = PRIMITIVE_ARRAY | u32::from(element);
                self.new_array::<P>(1, target, pc)?;
            }
            Instruction::MultiNewArray(index, dims) => {
                self.new_array::<P>(usize::from(dims), WHOLE_ARRAY | u32::from(index), pc)?;
            }
        }
        Ok(false)
    }

    fn store<const P: Purpose>(&mut self, kind: Kind, index: u16, pc: usize) -> Result<(), ClassError> {
        let value = self.scratch.frame.pop_wide(kind.slots(), pc)?;
        self.scratch.frame.set_local(index, value, kind.slots(), pc)?;
        if P != WRITE {
            self.flow_local_to_handlers(index)?;
            if kind.slots() == 2 {
                self.flow_local_to_handlers(index + 1)?;
            }
        }
        Ok(())
    }

    fn constant<const P: Purpose>(&mut self, index: u16, pc: usize) -> Result<(), ClassError> {
        let (value, slots) = match self.pool.constant(index)? {
            Constant::Integer(n) => (self.value_at(pc, Raw::Int(n)), 1),
            Constant::String(_) => (self.value_at(pc, Raw::Pool(index)), 1),
            Constant::Class(_) => {
                self.emit::<P>(EventKind::ClassLiteral, pc, u32::from(index), &[]);
                (self.value_at(pc, Raw::Pool(index)), 1)
            }
            // A small one is worth knowing: a delay, a size.
            Constant::Long(n) => match i32::try_from(n) {
                Ok(n) => (self.value_at(pc, Raw::Int(n)), 2),
                Err(_) => (UNKNOWN, 2),
            },
            Constant::Double(_) => (UNKNOWN, 2),
            Constant::Dynamic { desc, .. } => {
                (UNKNOWN, self.pool.utf8(desc)?.first().map_or(1, |b| shape::slots(*b)))
            }
            _ => (UNKNOWN, 1),
        };
        self.scratch.frame.push_wide(value, slots, pc)
    }

    fn branch<const P: Purpose>(
        &mut self,
        op: u8,
        target: i64,
        pc: usize,
        next: usize,
    ) -> Result<(), ClassError> {
        let frame = &mut self.scratch.frame;
        let (test, conditional) = match op {
            GOTO => (None, false),
            JSR => {
                frame.push(UNKNOWN, pc)?;
                (None, false)
            }
            IFEQ | IFNE | IFNULL | IFNONNULL => (Some((frame.pop(pc)?, UNKNOWN)), true),
            IF_ICMPEQ..=IF_ICMPLE => {
                frame.pop(pc)?;
                frame.pop(pc)?;
                (None, true)
            }
            IF_ACMPEQ | IF_ACMPNE => {
                let second = frame.pop(pc)?;
                (Some((frame.pop(pc)?, second)), true)
            }
            _ => {
                frame.pop(pc)?;
                (None, true)
            }
        };
        self.jump::<P>(target)?;
        if conditional {
            self.jump::<P>(next as i64)?;
        }
        if P != SOLVE
            && let Some((first, second)) = test
        {
            let (a, b) = (operand(first), operand(second));
            self.set_test(match op {
                IFEQ => Test::IsZero(a),
                IFNE => Test::NonZero(a),
                IFNULL => Test::IsNull(a),
                IFNONNULL => Test::NonNull(a),
                IF_ACMPEQ => Test::Same(a, b),
                _ => Test::Differ(a, b),
            });
        }
        Ok(())
    }

    fn field<const P: Purpose>(&mut self, op: u8, index: u16, pc: usize) -> Result<(), ClassError> {
        let slots = self.shapes.field(self.pool, index)?;
        let target = u32::from(index);
        match op {
            GETSTATIC => {
                self.emit::<P>(EventKind::GetStatic, pc, target, &[]);
                self.push_result(slots, pc)
            }
            PUTSTATIC => {
                let value = self.scratch.frame.pop_wide(slots, pc)?;
                self.emit::<P>(EventKind::PutStatic, pc, target, &[value]);
                Ok(())
            }
            GETFIELD => {
                let object = self.scratch.frame.pop(pc)?;
                self.emit::<P>(EventKind::GetField, pc, target, &[object]);
                self.push_result(slots, pc)
            }
            _ => {
                let value = self.scratch.frame.pop_wide(slots, pc)?;
                let object = self.scratch.frame.pop(pc)?;
                self.emit::<P>(EventKind::PutField, pc, target, &[object, value]);
                Ok(())
            }
        }
    }

    fn push_result(&mut self, slots: u8, pc: usize) -> Result<(), ClassError> {
        let value = self.value_at(pc, Raw::At(pc as u16));
        self.scratch.frame.push_wide(value, slots, pc)
    }

    fn invoke<const P: Purpose>(&mut self, op: u8, index: u16, pc: usize) -> Result<(), ClassError> {
        let shape = self.shapes.method(self.pool, index)?;
        let kind = match op {
            INVOKEVIRTUAL => EventKind::InvokeVirtual,
            INVOKESPECIAL => EventKind::InvokeSpecial,
            INVOKESTATIC => EventKind::InvokeStatic,
            _ => EventKind::InvokeInterface,
        };
        let n = usize::from(shape.args) + usize::from(op != INVOKESTATIC);
        self.call::<P>(kind, n, u32::from(index), shape.result, pc)
    }

    fn invoke_dynamic<const P: Purpose>(&mut self, index: u16, pc: usize) -> Result<(), ClassError> {
        let (dynamic, desc) = self.dynamic.classify(self.pool, index)?;
        let shape = shape::of_method(self.pool.utf8(desc)?);
        let (kind, target) = match dynamic {
            Dynamic::Lambda(method) => (EventKind::Lambda, u32::from(method)),
            Dynamic::Concat(0) => (EventKind::Concat, NO_TARGET),
            Dynamic::Concat(recipe) => (EventKind::Concat, u32::from(recipe)),
            Dynamic::Other => (EventKind::InvokeDynamic, NO_TARGET),
        };
        self.call::<P>(kind, usize::from(shape.args), target, shape.result, pc)
    }

    /// Pops `n` slots as operands and pushes the result.
    fn call<const P: Purpose>(
        &mut self,
        kind: EventKind,
        n: usize,
        target: u32,
        result: u8,
        pc: usize,
    ) -> Result<(), ClassError> {
        let operands = self.scratch.frame.top(n, pc)?;
        if P != SOLVE {
            let first_arg = self.out.args.len();
            self.out.args.extend(operands.iter().filter(|s| **s != TOP).map(|s| ValueId(*s)));
            self.push_event(kind, pc, target, first_arg);
        }
        self.scratch.frame.drop(n);
        if result > 0 { self.push_result(result, pc) } else { Ok(()) }
    }

    fn type_instruction<const P: Purpose>(
        &mut self,
        op: u8,
        index: u16,
        pc: usize,
    ) -> Result<(), ClassError> {
        let target = u32::from(index);
        match op {
            NEW => {
                self.emit::<P>(EventKind::New, pc, target, &[]);
                self.push_result(1, pc)
            }
            ANEWARRAY => self.new_array::<P>(1, target, pc),
            CHECKCAST => {
                let value = self.scratch.frame.pop(pc)?;
                self.emit::<P>(EventKind::CheckCast, pc, target, &[value]);
                self.scratch.frame.push(value, pc)
            }
            _ => {
                let value = self.scratch.frame.pop(pc)?;
                self.emit::<P>(EventKind::InstanceOf, pc, target, &[value]);
                self.push_result(1, pc)
            }
        }
    }

    /// The operands are the lengths of the dimensions.
    fn new_array<const P: Purpose>(&mut self, dims: usize, target: u32, pc: usize) -> Result<(), ClassError> {
        self.call::<P>(EventKind::NewArray, dims, target, 1, pc)
    }

    fn plain<const P: Purpose>(&mut self, op: u8, pc: usize) -> Result<bool, ClassError> {
        match op {
            NOP => {}
            ACONST_NULL => {
                let value = self.value_at(pc, Raw::Null);
                self.scratch.frame.push(value, pc)?;
            }
            LCONST_0 | LCONST_1 => {
                let value = self.value_at(pc, Raw::Int(i32::from(op - LCONST_0)));
                self.scratch.frame.push_wide(value, 2, pc)?;
            }
            DCONST_0 | DCONST_1 => self.scratch.frame.push_wide(UNKNOWN, 2, pc)?,
            FCONST_0..=FCONST_2 => self.scratch.frame.push(UNKNOWN, pc)?,
            IALOAD..=SALOAD => self.array_load::<P>(op, pc)?,
            IASTORE..=SASTORE => self.array_store::<P>(op, pc)?,
            POP..=SWAP => self.scratch.frame.shuffle(op, pc)?,
            ARRAYLENGTH => {
                let array = self.scratch.frame.pop(pc)?;
                let value = self.value_at(pc, Raw::Derived(array));
                self.scratch.frame.push(value, pc)?;
            }
            IRETURN..=ARETURN => {
                let slots = if matches!(op, LRETURN | DRETURN) { 2 } else { 1 };
                let value = self.scratch.frame.pop_wide(slots, pc)?;
                self.emit::<P>(EventKind::Return, pc, NO_TARGET, &[value]);
                return Ok(true);
            }
            RETURN => {
                self.emit::<P>(EventKind::Return, pc, NO_TARGET, &[]);
                return Ok(true);
            }
            ATHROW => {
                let value = self.scratch.frame.pop(pc)?;
                self.emit::<P>(EventKind::Throw, pc, NO_TARGET, &[value]);
                return Ok(true);
            }
            MONITORENTER | MONITOREXIT => {
                let value = self.scratch.frame.pop(pc)?;
                let kind = if op == MONITORENTER { EventKind::MonitorEnter } else { EventKind::MonitorExit };
                self.emit::<P>(kind, pc, NO_TARGET, &[value]);
            }
            _ => self.arithmetic(op, pc)?,
        }
        Ok(false)
    }

    fn arithmetic(&mut self, op: u8, pc: usize) -> Result<(), ClassError> {
        let Some((pops, pushes)) = arithmetic(op) else {
            return Err(ClassError::new(self.code.offset + pc, "unknown opcode"));
        };
        let operands = self.scratch.frame.top(usize::from(pops), pc)?;
        let of_interest = |s: &&Slot| {
            !matches!(self.scratch.raw.get(usize::from(**s)), None | Some(Raw::Unknown | Raw::Int(_)))
        };
        let source = operands.iter().find(of_interest).copied();
        self.scratch.frame.drop(usize::from(pops));
        let value = match source {
            Some(source) => self.value_at(pc, Raw::Derived(source)),
            None => UNKNOWN,
        };
        self.scratch.frame.push_wide(value, pushes, pc)
    }

    fn array_load<const P: Purpose>(&mut self, op: u8, pc: usize) -> Result<(), ClassError> {
        self.scratch.frame.pop(pc)?;
        let array = self.scratch.frame.pop(pc)?;
        if op == AALOAD {
            self.emit::<P>(EventKind::ArrayLoad, pc, NO_TARGET, &[array]);
            return self.push_result(1, pc);
        }
        let slots = if matches!(op - IALOAD, 1 | 3) { 2 } else { 1 };
        self.scratch.frame.push_wide(UNKNOWN, slots, pc)
    }

    fn array_store<const P: Purpose>(&mut self, op: u8, pc: usize) -> Result<(), ClassError> {
        let slots = if matches!(op, LASTORE | DASTORE) { 2 } else { 1 };
        let value = self.scratch.frame.pop_wide(slots, pc)?;
        self.scratch.frame.pop(pc)?;
        let array = self.scratch.frame.pop(pc)?;
        // Tables of primitives are filled right where they are made; nobody asks about those thousands of stores.
        if P != SOLVE && (op == AASTORE || !self.is_new_array(array)) {
            self.emit::<P>(EventKind::ArrayStore, pc, NO_TARGET, &[array, value]);
        }
        Ok(())
    }

    fn is_new_array(&self, array: Slot) -> bool {
        match self.scratch.raw.get(usize::from(array)) {
            Some(Raw::At(pc)) => {
                matches!(self.code.code.get(usize::from(*pc)), Some(&(NEWARRAY | ANEWARRAY | MULTIANEWARRAY)))
            }
            _ => false,
        }
    }
}
