//! What each instruction does to the frame, and which event it is.

use super::dynamic::{Dynamic, DynamicCalls};
use super::effect::{Action, EFFECTS, Effect};
use super::frame::{Fault, Frame, Slot};
use super::model::{EventKind, NO_TARGET, Test};
use super::shape::{self, Shapes};
use crate::classfile::opcode::*;
use crate::classfile::{ClassError, Code, Constant, ConstantPool, Instruction};
use crate::vocabulary::ValueId;

/// Marks the target of a [`EventKind::NewArray`] that is an element type code of `newarray` instead of a pool index.
pub(crate) const PRIMITIVE_ARRAY: u32 = 1 << 16;
/// Marks the target of a [`EventKind::NewArray`] whose class constant already is the array's descriptor.
pub(crate) const WHOLE_ARRAY: u32 = 2 << 16;

/// The class whose methods ask whether an object is null.
const OBJECTS: &[u8] = b"java/util/Objects";

/// What [`Executor::step`] gives when the block ends.
pub(super) const END: usize = usize::MAX;

/// Who knows what values are while instructions move them.
pub(super) trait Values {
    /// The number of the value that nothing is known of.
    const UNKNOWN: Slot;

    /// The number of an int constant.
    fn int(&mut self, pc: usize, n: i32) -> Result<Slot, Fault>;
    /// The number of `null`.
    fn null(&mut self, pc: usize) -> Result<Slot, Fault>;
    /// The number of a string or class constant.
    fn pooled(&mut self, pc: usize, index: u16) -> Result<Slot, Fault>;
    /// The number of what is computed from a value.
    fn derived(&mut self, pc: usize, source: Slot) -> Result<Slot, Fault>;
    /// The number of what the event at `pc`, the last one, yields.
    fn result(&mut self, pc: usize) -> Result<Slot, Fault>;
    /// Whether it is worth knowing that something is computed from a value.
    fn is_of_interest(&self, slot: Slot) -> bool;
    /// Writes an event.
    fn event(&mut self, kind: EventKind, pc: usize, target: u32, operands: &[Slot]) -> Result<(), Fault>;
    /// Writes an event whose operands are a run of the stack: the second slots of long ones are none.
    fn call(&mut self, kind: EventKind, pc: usize, target: u32, operands: &[Slot]) -> Result<(), Fault>;
    /// Writes a store of a primitive, unless the body has just made the array: tables of primitives are filled right
    /// where they are made, and nobody asks about those thousands of stores.
    fn primitive_store(&mut self, pc: usize, array: Slot, value: Slot) -> Result<(), Fault>;
    /// A local variable has got another value.
    fn stored(&mut self, local: u16, frame: &Frame) -> Result<(), Fault>;
    /// Execution may go on at `target` with this frame.
    fn jump(&mut self, target: i64, frame: &Frame) -> Result<(), Fault>;
    /// Execution may go on behind any call of a subroutine.
    fn return_from_subroutine(&mut self, frame: &Frame) -> Result<(), Fault>;
    /// What the branch that ends the block tests.
    fn test(&mut self, test: Test);
    /// The call of a static method with a single argument that yields a value, and the argument.
    fn yielded_by(&self, _value: Slot) -> Option<(u16, Slot)> {
        None
    }
    /// Keeps an error of the class file.
    fn told(&mut self, error: ClassError) -> Fault;
}

/// Executes instructions on a frame.
pub(super) struct Executor<'m, 'a, V> {
    pub(super) code: &'m Code<'a>,
    pub(super) pool: &'m ConstantPool<'a>,
    pub(super) dynamic: &'m DynamicCalls<'a>,
    pub(super) shapes: &'m mut Shapes,
    pub(super) frame: Frame,
    pub(super) values: V,
}

impl<V: Values> Executor<'_, '_, V> {
    /// Executes the instruction at `pc`. Gives where the next one is, [`END`] if the block ends.
    #[inline(always)]
    pub(super) fn step(&mut self, pc: usize) -> Result<usize, Fault> {
        let code = self.code.code;
        let Some(&op) = code.get(pc) else { return Err(Fault::FellOff) };
        let effect = &EFFECTS[usize::from(op)];
        let next = pc + usize::from(effect.len);
        if next > code.len() {
            return Err(Fault::Undecodable);
        }
        let Effect { a, b, kind, .. } = *effect;
        match effect.action {
            Action::Nothing => {}
            Action::LoadNear => self.load(u16::from(b), a)?,
            Action::Load => self.load(self.short_index(pc), a)?,
            Action::StoreNear => self.store(u16::from(b), a)?,
            Action::Store => self.store(self.short_index(pc), a)?,
            Action::Invoke => self.invoke(kind, self.index(pc), a, pc)?,
            Action::GetField => self.get_field(self.index(pc), pc)?,
            Action::GetStatic => {
                let slots = self.field(self.index(pc))?;
                self.values.event(kind, pc, u32::from(self.index(pc)), &[])?;
                self.push_result(slots, pc)?;
            }
            Action::PutField => self.put_field(self.index(pc), pc)?,
            Action::Int => self.push_int(i32::from(a) - 3, pc)?,
            Action::Byte => self.push_int(i32::from(self.short_index(pc) as i8), pc)?,
            Action::Short => self.push_int(i32::from(self.index(pc) as i16), pc)?,
            Action::Null => {
                let value = self.values.null(pc)?;
                self.frame.push(value)?;
            }
            Action::ShortConstant => self.constant(self.short_index(pc), pc)?,
            Action::Constant => self.constant(self.index(pc), pc)?,
            Action::Move => self.frame.shuffle(op)?,
            Action::New => {
                self.values.event(kind, pc, u32::from(self.index(pc)), &[])?;
                self.push_result(1, pc)?;
            }
            Action::CheckCast => {
                let value = self.frame.pop()?;
                self.values.event(kind, pc, u32::from(self.index(pc)), &[value])?;
                self.frame.push(value)?;
            }
            Action::Return if a == 0 => {
                self.values.event(kind, pc, NO_TARGET, &[])?;
                return Ok(END);
            }
            Action::Return | Action::Throw => {
                let value = self.frame.pop_wide(a)?;
                self.values.event(kind, pc, NO_TARGET, &[value])?;
                return Ok(END);
            }
            Action::Branch => return self.branch(op, pc as i64 + i64::from(self.index(pc) as i16), next),
            Action::Arithmetic => self.arithmetic(a, b, pc)?,
            Action::Increment => self.increment(self.short_index(pc), pc)?,
            _ => return self.execute_other(effect, pc),
        }
        Ok(next)
    }

    /// The two bytes behind the opcode.
    #[inline]
    fn index(&self, pc: usize) -> u16 {
        match self.code.code.get(pc + 1..pc + 3) {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            _ => 0,
        }
    }

    /// The byte behind the opcode.
    #[inline]
    fn short_index(&self, pc: usize) -> u16 {
        self.code.code.get(pc + 1).copied().unwrap_or(0).into()
    }

    #[inline(never)]
    fn execute_other(&mut self, effect: &Effect, pc: usize) -> Result<usize, Fault> {
        let kind = effect.kind;
        match effect.action {
            Action::PutStatic => {
                let slots = self.field(self.index(pc))?;
                let value = self.frame.pop_wide(slots)?;
                self.values.event(kind, pc, u32::from(self.index(pc)), &[value])?;
            }
            Action::Long => {
                let value = self.values.int(pc, i32::from(effect.a))?;
                self.frame.push_wide(value, 2)?;
            }
            Action::Opaque => self.frame.push_wide(V::UNKNOWN, effect.a)?,
            Action::InstanceOf => {
                let value = self.frame.pop()?;
                self.values.event(kind, pc, u32::from(self.index(pc)), &[value])?;
                self.push_result(1, pc)?;
            }
            Action::Length => {
                let array = self.frame.pop()?;
                let value = self.values.derived(pc, array)?;
                self.frame.push(value)?;
            }
            Action::InvokeDynamic => self.invoke_dynamic(self.index(pc), pc)?,
            Action::PrimitiveArray => {
                self.new_array(1, PRIMITIVE_ARRAY | u32::from(self.short_index(pc)), pc)?;
            }
            Action::ReferenceArray => self.new_array(1, u32::from(self.index(pc)), pc)?,
            Action::NestedArray => {
                let dims = usize::from(self.code.code.get(pc + 3).copied().unwrap_or(0));
                self.new_array(dims, WHOLE_ARRAY | u32::from(self.index(pc)), pc)?;
            }
            Action::ReferenceLoad => {
                self.frame.pop()?;
                let array = self.frame.pop()?;
                self.values.event(kind, pc, NO_TARGET, &[array])?;
                self.push_result(1, pc)?;
            }
            Action::ArrayLoad => {
                self.frame.pop()?;
                self.frame.pop()?;
                self.frame.push_wide(V::UNKNOWN, effect.a)?;
            }
            Action::ReferenceStore => {
                let (array, value) = self.stored_in_array(1)?;
                self.values.event(kind, pc, NO_TARGET, &[array, value])?;
            }
            Action::ArrayStore => {
                let (array, value) = self.stored_in_array(effect.a)?;
                self.values.primitive_store(pc, array, value)?;
            }
            Action::Monitor => {
                let value = self.frame.pop()?;
                self.values.event(kind, pc, NO_TARGET, &[value])?;
            }
            _ => return self.decode(pc),
        }
        Ok(pc + usize::from(effect.len))
    }

    /// Executes an instruction whose opcode does not say everything.
    fn decode(&mut self, pc: usize) -> Result<usize, Fault> {
        let mut instructions = self.code.instructions();
        instructions.seek(pc);
        let Ok(Some(instruction)) = instructions.step() else { return Err(Fault::Undecodable) };
        match instruction {
            Instruction::Load(kind, index) => self.load(index, kind.slots())?,
            Instruction::Store(kind, index) => self.store(index, kind.slots())?,
            Instruction::Increment(index, _) => self.increment(index, pc)?,
            Instruction::Branch(op, target) => return self.branch(op, target, instructions.pc()),
            Instruction::Switch(switch) => {
                self.frame.pop()?;
                // Cases that share a target follow each other as a rule; whoever has made a thousand others of one pays.
                let mut last = None;
                for target in switch.targets() {
                    if last.replace(target) != Some(target) {
                        self.values.jump(target, &self.frame)?;
                    }
                }
                return Ok(END);
            }
            Instruction::Ret(_) => {
                self.values.return_from_subroutine(&self.frame)?;
                return Ok(END);
            }
            _ => return Err(Fault::Undecodable),
        }
        Ok(instructions.pc())
    }

    #[inline]
    fn load(&mut self, index: u16, slots: u8) -> Result<(), Fault> {
        let value = self.frame.local(index)?;
        self.frame.push_wide(value, slots)
    }

    #[inline]
    fn store(&mut self, index: u16, slots: u8) -> Result<(), Fault> {
        let value = self.frame.pop_wide(slots)?;
        self.frame.set_local(index, value, slots)?;
        self.values.stored(index, &self.frame)?;
        if slots == 2 { self.values.stored(index + 1, &self.frame) } else { Ok(()) }
    }

    fn increment(&mut self, index: u16, pc: usize) -> Result<(), Fault> {
        let value = self.frame.local(index)?;
        let value = self.values.derived(pc, value)?;
        self.frame.set_local(index, value, 1)?;
        self.values.stored(index, &self.frame)
    }

    #[inline]
    fn push_int(&mut self, n: i32, pc: usize) -> Result<(), Fault> {
        let value = self.values.int(pc, n)?;
        self.frame.push(value)
    }

    fn constant(&mut self, index: u16, pc: usize) -> Result<(), Fault> {
        let (value, slots) = match self.pool.constant(index).map_err(|error| self.values.told(error))? {
            Constant::Integer(n) => (self.values.int(pc, n)?, 1),
            Constant::String(_) => (self.values.pooled(pc, index)?, 1),
            Constant::Class(_) => {
                self.values.event(EventKind::ClassLiteral, pc, u32::from(index), &[])?;
                (self.values.pooled(pc, index)?, 1)
            }
            // A small one is worth knowing: a delay, a size.
            Constant::Long(n) => match i32::try_from(n) {
                Ok(n) => (self.values.int(pc, n)?, 2),
                Err(_) => (V::UNKNOWN, 2),
            },
            Constant::Double(_) => (V::UNKNOWN, 2),
            Constant::Dynamic { desc, .. } => {
                let desc = self.pool.utf8(desc).map_err(|error| self.values.told(error))?;
                (V::UNKNOWN, desc.first().map_or(1, |b| shape::slots(*b)))
            }
            _ => (V::UNKNOWN, 1),
        };
        self.frame.push_wide(value, slots)
    }

    fn branch(&mut self, op: u8, target: i64, next: usize) -> Result<usize, Fault> {
        let (test, conditional) = match op {
            GOTO => (Test::None, false),
            JSR => {
                self.frame.push(V::UNKNOWN)?;
                (Test::None, false)
            }
            IFEQ | IFNE => {
                let value = self.tested()?;
                (self.asked(value, op == IFNE), true)
            }
            IFNULL => (Test::IsNull(self.tested()?), true),
            IFNONNULL => (Test::NonNull(self.tested()?), true),
            IF_ACMPEQ | IF_ACMPNE => {
                let (second, first) = (self.tested()?, self.tested()?);
                (if op == IF_ACMPEQ { Test::Same(first, second) } else { Test::Differ(first, second) }, true)
            }
            _ => {
                self.frame.pop()?;
                if (IF_ICMPEQ..=IF_ICMPLE).contains(&op) {
                    self.frame.pop()?;
                }
                (Test::None, true)
            }
        };
        self.values.test(test);
        self.values.jump(target, &self.frame)?;
        if conditional {
            self.values.jump(next as i64, &self.frame)?;
        }
        Ok(END)
    }

    /// What a branch asks that is taken when a value is zero, or when it is not. `Objects.isNull(x)` is `x == null`.
    fn asked(&self, value: ValueId, is_taken_if_set: bool) -> Test {
        match self.null_question(value) {
            Some((object, is_null)) if is_null == is_taken_if_set => Test::IsNull(object),
            Some((object, _)) => Test::NonNull(object),
            None if is_taken_if_set => Test::NonZero(value),
            None => Test::IsZero(value),
        }
    }

    /// The object of which a value says whether it is null, and whether it is true when it is.
    fn null_question(&self, value: ValueId) -> Option<(ValueId, bool)> {
        let (method, object) = self.values.yielded_by(value.0)?;
        let member = self.pool.member(method).ok()?;
        if self.pool.utf8(member.owner).ok()? != OBJECTS {
            return None;
        }
        match self.pool.utf8(member.name).ok()? {
            b"isNull" => Some((ValueId(object), true)),
            b"nonNull" => Some((ValueId(object), false)),
            _ => None,
        }
    }

    /// Pops what a branch compares.
    fn tested(&mut self) -> Result<ValueId, Fault> {
        Ok(ValueId(self.frame.pop()?))
    }

    #[inline]
    fn field(&mut self, index: u16) -> Result<u8, Fault> {
        self.shapes.field(self.pool, index).map_err(|error| self.values.told(error))
    }

    #[inline]
    fn get_field(&mut self, index: u16, pc: usize) -> Result<(), Fault> {
        let slots = self.field(index)?;
        let object = self.frame.pop()?;
        self.values.event(EventKind::GetField, pc, u32::from(index), &[object])?;
        self.push_result(slots, pc)
    }

    #[inline]
    fn put_field(&mut self, index: u16, pc: usize) -> Result<(), Fault> {
        let slots = self.field(index)?;
        let value = self.frame.pop_wide(slots)?;
        let object = self.frame.pop()?;
        self.values.event(EventKind::PutField, pc, u32::from(index), &[object, value])
    }

    #[inline]
    fn push_result(&mut self, slots: u8, pc: usize) -> Result<(), Fault> {
        let value = self.values.result(pc)?;
        self.frame.push_wide(value, slots)
    }

    #[inline]
    fn invoke(&mut self, kind: EventKind, index: u16, receiver: u8, pc: usize) -> Result<(), Fault> {
        let shape = self.shapes.method(self.pool, index).map_err(|error| self.values.told(error))?;
        let n = usize::from(shape.args) + usize::from(receiver);
        self.take(kind, n, u32::from(index), shape.result, pc)
    }

    fn invoke_dynamic(&mut self, index: u16, pc: usize) -> Result<(), Fault> {
        let classified = self.dynamic.classify(self.pool, index);
        let (dynamic, desc) = classified.map_err(|error| self.values.told(error))?;
        let shape = shape::of_method(self.pool.utf8(desc).map_err(|error| self.values.told(error))?);
        let (kind, target) = match dynamic {
            Dynamic::Lambda(method) => (EventKind::Lambda, u32::from(method)),
            Dynamic::Concat(0) => (EventKind::Concat, NO_TARGET),
            Dynamic::Concat(recipe) => (EventKind::Concat, u32::from(recipe)),
            Dynamic::Other => (EventKind::InvokeDynamic, NO_TARGET),
        };
        self.take(kind, usize::from(shape.args), target, shape.result, pc)
    }

    /// Pops `n` slots as operands and pushes the result.
    #[inline]
    fn take(&mut self, kind: EventKind, n: usize, target: u32, result: u8, pc: usize) -> Result<(), Fault> {
        self.values.call(kind, pc, target, self.frame.top(n)?)?;
        self.frame.drop(n);
        if result > 0 { self.push_result(result, pc) } else { Ok(()) }
    }

    /// The operands are the lengths of the dimensions.
    fn new_array(&mut self, dims: usize, target: u32, pc: usize) -> Result<(), Fault> {
        self.take(EventKind::NewArray, dims, target, 1, pc)
    }

    #[inline]
    fn arithmetic(&mut self, pops: u8, pushes: u8, pc: usize) -> Result<(), Fault> {
        let operands = self.frame.top(usize::from(pops))?;
        let source = operands.iter().find(|slot| self.values.is_of_interest(**slot)).copied();
        self.frame.drop(usize::from(pops));
        let value = match source {
            Some(source) => self.values.derived(pc, source)?,
            None => V::UNKNOWN,
        };
        self.frame.push_wide(value, pushes)
    }

    /// Pops array, index and value; gives the first and the last.
    fn stored_in_array(&mut self, slots: u8) -> Result<(Slot, Slot), Fault> {
        let value = self.frame.pop_wide(slots)?;
        self.frame.pop()?;
        Ok((self.frame.pop()?, value))
    }
}
