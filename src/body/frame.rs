//! The frame: local variables and operand stack as slots, and how every opcode moves them (JVMS chapter 6).

use super::model::NO_VALUE;
use crate::classfile::opcode::*;
use crate::classfile::{ClassError, opcode};

/// What is in one slot: a raw value's number. The upper half of a long or double is [`TOP`].
pub(super) type Slot = u16;

/// The second slot of a two-slot value.
pub(super) const TOP: Slot = NO_VALUE.0;

/// The value nothing is known of.
pub(super) const UNKNOWN: Slot = 0;

/// One activation's slots: locals first, then the stack.
#[derive(Default)]
pub(super) struct Frame {
    slots: Vec<Slot>,
    n_locals: usize,
    limit: usize,
    base: usize,
}

impl Frame {
    /// Takes over a block's entry state. `limit` is `max_locals + max_stack`, `base` the code's offset for errors.
    pub(super) fn load(&mut self, slots: &[Slot], n_locals: usize, limit: usize, base: usize) {
        self.slots.clear();
        self.slots.extend_from_slice(slots);
        (self.n_locals, self.limit, self.base) = (n_locals, limit, base);
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn locals(&self) -> &[Slot] {
        &self.slots[..self.n_locals.min(self.slots.len())]
    }

    fn error(&self, pc: usize, what: &'static str) -> ClassError {
        ClassError::new(self.base + pc, what)
    }

    #[inline]
    pub(super) fn pop(&mut self, pc: usize) -> Result<Slot, ClassError> {
        match self.slots.pop() {
            Some(value) if self.slots.len() >= self.n_locals => Ok(value),
            _ => Err(self.error(pc, "the operand stack is empty")),
        }
    }

    /// Pops a value of `n` slots and gives its first.
    #[inline]
    pub(super) fn pop_wide(&mut self, n: u8, pc: usize) -> Result<Slot, ClassError> {
        if n == 2 {
            self.pop(pc)?;
        }
        if n == 0 { Ok(UNKNOWN) } else { self.pop(pc) }
    }

    #[inline]
    pub(super) fn push(&mut self, value: Slot, pc: usize) -> Result<(), ClassError> {
        if self.slots.len() >= self.limit {
            return Err(self.error(pc, "the operand stack is full"));
        }
        self.slots.push(value);
        Ok(())
    }

    /// Pushes a value of `n` slots.
    #[inline]
    pub(super) fn push_wide(&mut self, value: Slot, n: u8, pc: usize) -> Result<(), ClassError> {
        if n > 0 {
            self.push(value, pc)?;
        }
        if n == 2 {
            self.push(TOP, pc)?;
        }
        Ok(())
    }

    /// The top `n` slots, bottom first.
    #[inline]
    pub(super) fn top(&self, n: usize, pc: usize) -> Result<&[Slot], ClassError> {
        let from = self.slots.len().checked_sub(n).filter(|from| *from >= self.n_locals);
        match from.and_then(|from| self.slots.get(from..)) {
            Some(slots) => Ok(slots),
            None => Err(self.error(pc, "the operand stack is empty")),
        }
    }

    #[inline]
    pub(super) fn drop(&mut self, n: usize) {
        let keep = self.slots.len().saturating_sub(n).max(self.n_locals);
        self.slots.truncate(keep);
    }

    #[inline]
    pub(super) fn local(&self, index: u16, pc: usize) -> Result<Slot, ClassError> {
        let i = usize::from(index);
        if i >= self.n_locals {
            return Err(self.error(pc, "no such local variable"));
        }
        Ok(match self.slots[i] {
            TOP => UNKNOWN,
            value => value,
        })
    }

    #[inline]
    pub(super) fn set_local(&mut self, index: u16, value: Slot, n: u8, pc: usize) -> Result<(), ClassError> {
        let i = usize::from(index);
        if i + usize::from(n) > self.n_locals {
            return Err(self.error(pc, "no such local variable"));
        }
        self.slots[i] = value;
        if n == 2 {
            self.slots[i + 1] = TOP;
        }
        Ok(())
    }

    /// `pop` to `swap`: they move slots and know no values.
    pub(super) fn shuffle(&mut self, op: u8, pc: usize) -> Result<(), ClassError> {
        // How many top slots are repeated, and under how many more the copy goes.
        let (copied, under) = match op {
            opcode::POP => return self.pop(pc).map(drop),
            opcode::POP2 => {
                self.pop(pc)?;
                return self.pop(pc).map(drop);
            }
            opcode::SWAP => {
                let (a, b) = (self.pop(pc)?, self.pop(pc)?);
                self.push(a, pc)?;
                return self.push(b, pc);
            }
            DUP => (1, 0),
            DUP_X1 => (1, 1),
            DUP_X2 => (1, 2),
            DUP2 => (2, 0),
            DUP2_X1 => (2, 1),
            _ => (2, 2),
        };
        self.top(copied + under, pc)?;
        if self.slots.len() + copied > self.limit {
            return Err(self.error(pc, "the operand stack is full"));
        }
        let len = self.slots.len();
        for i in 0..copied {
            let value = self.slots[len - copied + i];
            self.slots.push(value);
        }
        // Rotate the copy below the `copied + under` slots it was taken from.
        self.slots[len - copied - under..].rotate_right(copied);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(op: u8, stack: &[Slot]) -> Vec<Slot> {
        let mut frame = Frame::default();
        frame.load(&[], 0, 16, 0);
        for s in stack {
            frame.push(*s, 0).unwrap();
        }
        frame.shuffle(op, 0).unwrap();
        frame.slots().to_vec()
    }

    #[test]
    fn every_stack_move_gives_the_order_of_its_specification() {
        assert_eq!(after(DUP, &[1]), [1, 1]);
        assert_eq!(after(DUP_X1, &[2, 1]), [1, 2, 1]);
        assert_eq!(after(DUP_X2, &[3, 2, 1]), [1, 3, 2, 1]);
        assert_eq!(after(DUP2, &[2, 1]), [2, 1, 2, 1]);
        assert_eq!(after(DUP2_X1, &[3, 2, 1]), [2, 1, 3, 2, 1]);
        assert_eq!(after(DUP2_X2, &[4, 3, 2, 1]), [2, 1, 4, 3, 2, 1]);
        assert_eq!(after(SWAP, &[2, 1]), [1, 2]);
        assert_eq!(after(POP2, &[3, 2, 1]), [3]);
    }

    #[test]
    fn locals_are_never_popped() {
        let mut frame = Frame::default();
        frame.load(&[7], 1, 4, 0);
        assert!(frame.pop(0).is_err());
        assert!(frame.shuffle(DUP, 0).is_err());
    }
}
