//! Bodies that are executed from their first to their last instruction: four of five.
//!
//! Nothing merges in them, so every operand has its final id as soon as it is pushed, and one walk is all: no state
//! is kept, and nothing has to be finished. Whatever is out of the ordinary is left to the solver.

use super::execute::{END, Executor, Values};
use super::frame::{Fault, Frame, Slot, TOP};
use super::lines::Lines;
use super::model::{
    Event, EventKind, FIRST_EVENT, FIRST_PARAM, INLINE_ARGS, NO_TARGET, NO_VALUE, NULL_ID, Test, UNKNOWN_ID,
    Value, halves,
};
use super::shape::parameter_slots;
use super::solve::Bodies;
use crate::classfile::{ClassError, Code, opcode};
use crate::vocabulary::{Name, ValueId};

/// The value that nothing is known of.
pub(super) const UNKNOWN: Slot = UNKNOWN_ID;

/// Steps of a computation that are followed here.
const MAX_STEPS: u8 = 40;

/// A value that takes a row once an operand is it.
#[derive(Clone, Copy)]
struct Computed {
    /// A derived one names a slot, not yet an id.
    value: Value,
    /// Its id, [`NO_VALUE`] as long as it has none.
    id: ValueId,
    /// How many steps it is away from what it is derived from, at most.
    n_steps: u8,
}

/// Working memory, reused from body to body.
#[derive(Default)]
pub(super) struct Straight {
    computed: Vec<Computed>,
}

/// Slots are final ids from [`FIRST_EVENT`] on, and rows of `computed` below.
pub(super) struct StraightValues<'m, 't, 'o> {
    computed: &'m mut Vec<Computed>,
    out: &'m mut Bodies<'t>,
    lines: Lines<'o>,
    first_event: usize,
    first_value: usize,
}

/// Whether the first instruction that does not continue at the next one ends the method and the code, and no handler
/// covers any.
pub(super) fn is_straight(code: &Code<'_>) -> bool {
    let end = code.instructions().first_not_straight();
    let last = code.code.get(end).copied();
    let ends = matches!(last, Some(opcode::IRETURN..=opcode::RETURN | opcode::ATHROW));
    ends && end + 1 == code.code.len() && code.exceptions().len() == 0
}

/// The values at the body's start.
pub(super) fn begin<'m, 't, 'o>(
    memory: &'m mut Straight,
    out: &'m mut Bodies<'t>,
    lines: Lines<'o>,
) -> StraightValues<'m, 't, 'o> {
    memory.computed.clear();
    let (first_event, first_value) = (out.events.len(), out.values.len());
    StraightValues { computed: &mut memory.computed, out, lines, first_event, first_value }
}

impl Executor<'_, '_, StraightValues<'_, '_, '_>> {
    /// Walks the body.
    pub(super) fn walk(&mut self, desc: &[u8], is_static: bool) -> Result<(), Fault> {
        self.enter(desc, is_static)?;
        let mut pc = 0;
        while pc != END {
            pc = self.step(pc)?;
        }
        Ok(())
    }

    /// The parameters are in the first local variables (JVMS 2.6.1).
    fn enter(&mut self, desc: &[u8], is_static: bool) -> Result<(), Fault> {
        let receiver = (!is_static).then_some(1u8);
        let mut local = 0u16;
        for (i, n) in receiver.into_iter().chain(parameter_slots(desc)).enumerate() {
            let id = u16::try_from(i).ok().and_then(|i| FIRST_PARAM.checked_add(i));
            let Some(id) = id.filter(|id| n > 0 && *id < NULL_ID) else { return Err(Fault::Told) };
            self.frame.set_local(local, id, n)?;
            local += u16::from(n);
        }
        Ok(())
    }
}

impl StraightValues<'_, '_, '_> {
    fn compute(&mut self, value: Value, n_steps: u8) -> Result<Slot, Fault> {
        let slot = self.computed.len();
        if slot >= usize::from(FIRST_EVENT) {
            return Err(Fault::Told);
        }
        self.computed.push(Computed { value, id: NO_VALUE, n_steps });
        Ok(slot as Slot)
    }

    /// The id of an operand.
    #[inline]
    fn id(&mut self, slot: Slot) -> Result<ValueId, Fault> {
        if slot < FIRST_EVENT {
            return self.computed_id(slot);
        }
        if slot < FIRST_PARAM
            && let Some(event) = self.out.events.get_mut(self.first_event + usize::from(slot - FIRST_EVENT))
        {
            event.set_used();
        }
        // The second half of a value is no value.
        Ok(ValueId(slot.min(UNKNOWN_ID)))
    }

    fn computed_id(&mut self, slot: Slot) -> Result<ValueId, Fault> {
        let Some(&Computed { value, id, .. }) = self.computed.get(usize::from(slot)) else {
            return Err(Fault::Told);
        };
        if id != NO_VALUE {
            return Ok(id);
        }
        let value = match value {
            // What it is derived from is never derived itself, so that this ends.
            Value::Derived(source) => match self.id(source.0)? {
                ValueId(UNKNOWN_ID) => Value::Unknown,
                source => Value::Derived(source),
            },
            value => value,
        };
        let id = match value {
            Value::Unknown => ValueId(UNKNOWN_ID),
            _ => self.row(value)?,
        };
        if let Some(computed) = self.computed.get_mut(usize::from(slot)) {
            computed.id = id;
        }
        Ok(id)
    }

    fn row(&mut self, value: Value) -> Result<ValueId, Fault> {
        let row = self.out.values.len() - self.first_value;
        if row >= usize::from(FIRST_EVENT) {
            return Err(Fault::Told);
        }
        self.out.values.push(value);
        Ok(ValueId(row as u16))
    }

    #[inline]
    fn push(&mut self, kind: EventKind, pc: usize, target: u32, n_args: u8, args: [ValueId; 2]) {
        let (line, target) = (self.lines.at(pc), halves(target));
        self.out.events.push(Event { kind, n_args, line, target, args });
    }

    /// Operands that don't find room in the event.
    fn call_with_many(
        &mut self,
        kind: EventKind,
        pc: usize,
        target: u32,
        operands: &[Slot],
    ) -> Result<(), Fault> {
        let first = self.out.args.len();
        for slot in operands.iter().filter(|slot| **slot != TOP).take(usize::from(u8::MAX)) {
            let id = self.id(*slot)?;
            self.out.args.push(id);
        }
        let n = self.out.args.len() - first;
        let mut args = halves(first as u32).map(ValueId);
        if n <= INLINE_ARGS {
            args = [NO_VALUE; INLINE_ARGS];
            args[..n].copy_from_slice(&self.out.args[first..]);
            self.out.args.truncate(first);
        }
        self.push(kind, pc, target, n as u8, args);
        Ok(())
    }

    fn is_new_array(&self, slot: Slot) -> bool {
        let event = slot.checked_sub(FIRST_EVENT).filter(|_| slot < FIRST_PARAM);
        event
            .and_then(|event| self.out.events.get(self.first_event + usize::from(event)))
            .is_some_and(|event| event.kind == EventKind::NewArray)
    }
}

impl Values for StraightValues<'_, '_, '_> {
    const UNKNOWN: Slot = UNKNOWN;

    #[inline]
    fn int(&mut self, _pc: usize, n: i32) -> Result<Slot, Fault> {
        self.compute(Value::Int(n), 0)
    }

    #[inline]
    fn null(&mut self, _pc: usize) -> Result<Slot, Fault> {
        Ok(NULL_ID)
    }

    #[inline]
    fn pooled(&mut self, _pc: usize, index: u16) -> Result<Slot, Fault> {
        // The name is still a pool index; whether it is a string or a class is known there too.
        self.compute(Value::Str(Name(u32::from(index))), 0)
    }

    fn derived(&mut self, _pc: usize, source: Slot) -> Result<Slot, Fault> {
        let Some(computed) = self.computed.get_mut(usize::from(source)) else {
            return self.compute(Value::Derived(ValueId(source)), 1);
        };
        if !matches!(computed.value, Value::Derived(_)) {
            return self.compute(Value::Derived(ValueId(source)), 1);
        }
        computed.n_steps += 1;
        if computed.n_steps > MAX_STEPS { Err(Fault::Told) } else { Ok(source) }
    }

    #[inline]
    fn result(&mut self, _pc: usize) -> Result<Slot, Fault> {
        let event = (self.out.events.len() - self.first_event).wrapping_sub(1);
        if event < usize::from(FIRST_PARAM - FIRST_EVENT) {
            Ok(FIRST_EVENT + event as u16)
        } else {
            Err(Fault::Told)
        }
    }

    #[inline]
    fn is_of_interest(&self, slot: Slot) -> bool {
        if slot >= FIRST_EVENT {
            return slot < UNKNOWN_ID;
        }
        self.computed.get(usize::from(slot)).is_some_and(|c| !matches!(c.value, Value::Int(_)))
    }

    #[inline]
    fn event(&mut self, kind: EventKind, pc: usize, target: u32, operands: &[Slot]) -> Result<(), Fault> {
        let args = match *operands {
            [] => [NO_VALUE; INLINE_ARGS],
            [only] => [self.id(only)?, NO_VALUE],
            [first, second, ..] => [self.id(first)?, self.id(second)?],
        };
        self.push(kind, pc, target, operands.len() as u8, args);
        Ok(())
    }

    #[inline]
    fn call(&mut self, kind: EventKind, pc: usize, target: u32, operands: &[Slot]) -> Result<(), Fault> {
        let args = match *operands {
            [] => [NO_VALUE; INLINE_ARGS],
            [only] if only != TOP => [self.id(only)?, NO_VALUE],
            [first, second] if first != TOP && second != TOP => [self.id(first)?, self.id(second)?],
            _ => return self.call_with_many(kind, pc, target, operands),
        };
        self.push(kind, pc, target, operands.len() as u8, args);
        Ok(())
    }

    fn primitive_store(&mut self, pc: usize, array: Slot, value: Slot) -> Result<(), Fault> {
        if self.is_new_array(array) {
            return Ok(());
        }
        self.event(EventKind::ArrayStore, pc, NO_TARGET, &[array, value])
    }

    #[inline]
    fn stored(&mut self, _local: u16, _frame: &Frame) -> Result<(), Fault> {
        Ok(())
    }

    fn jump(&mut self, _target: i64, _frame: &Frame) -> Result<(), Fault> {
        Err(Fault::Told)
    }

    fn return_from_subroutine(&mut self, _frame: &Frame) -> Result<(), Fault> {
        Err(Fault::Told)
    }

    fn test(&mut self, _test: Test) {}

    fn told(&mut self, _error: ClassError) -> Fault {
        Fault::Told
    }
}
