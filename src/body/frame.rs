//! The frame: local variables and operand stack as slots, and how every opcode moves them (JVMS chapter 6).

use super::model::NO_VALUE;
use crate::classfile::opcode::*;

/// What is in one slot: a value's number, as whoever walks the body counts values. The upper half of a long or double
/// is [`TOP`].
pub(super) type Slot = u16;

/// The second slot of a two-slot value.
pub(super) const TOP: Slot = NO_VALUE.0;

/// Why a walk ends early. One byte, so that results of the smallest steps fit a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// A value is popped that is not there.
    Empty,
    /// More is pushed than the body says.
    Full,
    /// A local variable past the body's number of them.
    NoLocal,
    /// The code's end is reached.
    FellOff,
    /// An instruction that the decoder refuses.
    Undecodable,
    /// What is wrong was kept when it was found.
    Told,
}

impl Fault {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Empty => "the operand stack is empty",
            Self::Full => "the operand stack is full",
            Self::NoLocal => "no such local variable",
            Self::FellOff => "execution falls off the end of the code",
            Self::Undecodable | Self::Told => "an instruction that can't be decoded",
        }
    }
}

/// One activation's slots: locals first, then the stack.
#[derive(Default)]
pub(super) struct Frame {
    /// Only those below `len` mean something; the others are what earlier frames left.
    slots: Vec<Slot>,
    len: usize,
    n_locals: usize,
    limit: usize,
    unknown: Slot,
}

impl Frame {
    /// Makes room for a body's frames. `unknown` stands for values that nothing is known of.
    pub(super) fn begin(&mut self, n_locals: usize, n_stack: usize, unknown: Slot) {
        (self.n_locals, self.limit, self.unknown) = (n_locals, n_locals + n_stack, unknown);
        // A handler starts with one more than its locals, whatever the body says of its stack.
        let room = self.limit + 1;
        if self.slots.len() < room {
            self.slots.resize(room, unknown);
        }
        self.slots[..n_locals].fill(unknown);
        self.len = n_locals;
    }

    /// Takes over a block's entry state.
    #[inline]
    pub(super) fn load(&mut self, slots: &[Slot]) {
        self.len = slots.len().min(self.slots.len());
        self.slots[..self.len].copy_from_slice(&slots[..self.len]);
    }

    #[inline]
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots[..self.len]
    }

    #[inline]
    pub(super) fn locals(&self) -> &[Slot] {
        &self.slots[..self.n_locals]
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Result<Slot, Fault> {
        if self.len <= self.n_locals {
            return Err(Fault::Empty);
        }
        self.len -= 1;
        self.slots.get(self.len).copied().ok_or(Fault::Empty)
    }

    /// Pops a value of `n` slots and gives its first.
    #[inline]
    pub(super) fn pop_wide(&mut self, n: u8) -> Result<Slot, Fault> {
        if n == 2 {
            self.pop()?;
        }
        if n == 0 { Ok(self.unknown) } else { self.pop() }
    }

    #[inline]
    pub(super) fn push(&mut self, value: Slot) -> Result<(), Fault> {
        match self.slots.get_mut(self.len) {
            Some(slot) if self.len < self.limit => {
                *slot = value;
                self.len += 1;
                Ok(())
            }
            _ => Err(Fault::Full),
        }
    }

    /// Pushes a value of `n` slots.
    #[inline]
    pub(super) fn push_wide(&mut self, value: Slot, n: u8) -> Result<(), Fault> {
        if n > 0 {
            self.push(value)?;
        }
        if n == 2 {
            self.push(TOP)?;
        }
        Ok(())
    }

    /// The top `n` slots, bottom first.
    #[inline]
    pub(super) fn top(&self, n: usize) -> Result<&[Slot], Fault> {
        let from = self.len.checked_sub(n).filter(|from| *from >= self.n_locals);
        from.and_then(|from| self.slots.get(from..self.len)).ok_or(Fault::Empty)
    }

    #[inline]
    pub(super) fn drop(&mut self, n: usize) {
        self.len = self.len.saturating_sub(n).max(self.n_locals);
    }

    #[inline]
    pub(super) fn local(&self, index: u16) -> Result<Slot, Fault> {
        let i = usize::from(index);
        match self.slots.get(i) {
            Some(&value) if i < self.n_locals => Ok(if value == TOP { self.unknown } else { value }),
            _ => Err(Fault::NoLocal),
        }
    }

    #[inline]
    pub(super) fn set_local(&mut self, index: u16, value: Slot, n: u8) -> Result<(), Fault> {
        let i = usize::from(index);
        if i + usize::from(n) > self.n_locals {
            return Err(Fault::NoLocal);
        }
        if let Some(slot) = self.slots.get_mut(i) {
            *slot = value;
        }
        if n == 2
            && let Some(slot) = self.slots.get_mut(i + 1)
        {
            *slot = TOP;
        }
        Ok(())
    }

    /// `pop` to `swap`: they move slots and know no values.
    #[inline]
    pub(super) fn shuffle(&mut self, op: u8) -> Result<(), Fault> {
        match op {
            POP => self.pop().map(drop),
            DUP => {
                let value = *self.top(1)?.first().ok_or(Fault::Empty)?;
                self.push(value)
            }
            _ => self.shuffle_more(op),
        }
    }

    fn shuffle_more(&mut self, op: u8) -> Result<(), Fault> {
        // How many top slots are repeated, and under how many more the copy goes.
        let (copied, under) = match op {
            POP2 => {
                self.pop()?;
                return self.pop().map(drop);
            }
            SWAP => {
                let (a, b) = (self.pop()?, self.pop()?);
                self.push(a)?;
                return self.push(b);
            }
            DUP_X1 => (1, 1),
            DUP_X2 => (1, 2),
            DUP2 => (2, 0),
            DUP2_X1 => (2, 1),
            _ => (2, 2),
        };
        self.top(copied + under)?;
        let (old, new) = (self.len, self.len + copied);
        if new > self.limit || new > self.slots.len() {
            return Err(Fault::Full);
        }
        self.slots.copy_within(old - copied..old, old);
        // Rotate the copy below the `copied + under` slots it was taken from.
        self.slots[old - copied - under..new].rotate_right(copied);
        self.len = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(op: u8, stack: &[Slot]) -> Vec<Slot> {
        let mut frame = Frame::default();
        frame.begin(0, 16, 0);
        for s in stack {
            frame.push(*s).unwrap();
        }
        frame.shuffle(op).unwrap();
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
        frame.begin(1, 3, 0);
        frame.load(&[7]);
        assert_eq!(frame.pop(), Err(Fault::Empty));
        assert_eq!(frame.shuffle(DUP), Err(Fault::Empty));
    }
}
