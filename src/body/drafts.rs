//! What blocks do, with raw values, as it was written when each was walked last.

use super::frame::Slot;
use super::model::{EventKind, INLINE_ARGS, Test, whole};
use crate::vocabulary::sort_and_dedup;

/// An event of a body that is being solved.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) kind: EventKind,
    pub(super) n_args: u8,
    pub(super) pc: u16,
    pub(super) target: u32,
    /// As an event has them.
    pub(super) args: [Slot; INLINE_ARGS],
}

/// Where the rows of a block lie.
#[derive(Clone, Copy)]
pub(super) struct Written {
    first: u32,
    n: u32,
    edge: u32,
    n_edges: u32,
    /// In raw values.
    pub(super) test: Test,
}

const NOT_WRITTEN: Written = Written { first: u32::MAX, n: 0, edge: 0, n_edges: 0, test: Test::None };

/// The events of a body.
#[derive(Default)]
pub(super) struct Drafts {
    events: Vec<Draft>,
    args: Vec<Slot>,
    edges: Vec<u16>,
    blocks: Vec<Written>,
    /// Rows of the present block that are written over; none if it is walked for the first time.
    next: usize,
    end: usize,
    is_first: bool,
    /// Whether rows are in the order of the code, and none is dropped: they are the final numbers then.
    is_final: bool,
    /// The block after the last that was walked for the first time.
    after: usize,
    /// The final number of each row, if they are not.
    numbers: Vec<u32>,
    /// Whether there is a store of which it is not yet known whether it is an event.
    pub(super) has_doubtful: bool,
    /// Whether a block has done something else than when it was walked before, for which there is no room.
    is_stale: bool,
}

impl Drafts {
    /// Forgets the last body.
    pub(super) fn clear(&mut self, n_blocks: usize) {
        self.events.clear();
        self.args.clear();
        self.edges.clear();
        self.blocks.clear();
        self.blocks.resize(n_blocks, NOT_WRITTEN);
        (self.is_stale, self.has_doubtful) = (false, false);
        (self.is_final, self.after) = (true, 0);
    }

    /// If blocks have to be written once more, forgets their events.
    pub(super) fn rewrite(&mut self) -> bool {
        if self.is_stale {
            self.events.clear();
            self.args.clear();
            (self.is_final, self.after) = (true, 0);
            self.blocks.iter_mut().for_each(|written| written.first = u32::MAX);
        }
        self.is_stale
    }

    pub(super) fn begin_block(&mut self, block: usize) {
        let Some(written) = self.blocks.get_mut(block) else { return };
        self.is_first = written.first == u32::MAX;
        if self.is_first {
            self.is_final &= block >= self.after;
            self.after = block + 1;
            written.first = self.events.len() as u32;
            if written.n_edges == 0 {
                written.edge = self.edges.len() as u32;
            }
        }
        self.next = written.first as usize;
        self.end = self.next + written.n as usize;
    }

    pub(super) fn end_block(&mut self, block: usize) {
        let Some(written) = self.blocks.get_mut(block) else { return };
        if !self.is_first {
            self.is_stale |= self.next != self.end;
            return;
        }
        written.n = self.events.len() as u32 - written.first;
        if written.n_edges == 0 {
            // Targets of a switch may repeat.
            let first = written.edge as usize;
            if self.edges.len() - first > 2 {
                sort_and_dedup(&mut self.edges, first);
            }
            written.n_edges = (self.edges.len() - first) as u32;
        }
    }

    /// An edge of the present block; they are the same whenever it is walked.
    #[inline]
    pub(super) fn edge(&mut self, block: u16) {
        if self.is_first {
            self.edges.push(block);
        }
    }

    pub(super) fn set_test(&mut self, block: usize, test: Test) {
        if let Some(written) = self.blocks.get_mut(block) {
            written.test = test;
        }
    }

    /// Writes the present block's next event.
    #[inline]
    pub(super) fn write(
        &mut self,
        kind: EventKind,
        pc: u16,
        target: u32,
        n_args: usize,
        operands: impl Iterator<Item = Slot>,
    ) {
        let n_args = n_args.min(usize::from(u8::MAX));
        let mut draft = Draft { kind, n_args: n_args as u8, pc, target, args: [0; INLINE_ARGS] };
        if self.is_first {
            if n_args <= INLINE_ARGS {
                draft.args.iter_mut().zip(operands).for_each(|(arg, operand)| *arg = operand);
            } else {
                draft.args = super::model::halves(self.args.len() as u32);
                self.args.extend(operands.take(n_args));
            }
            return self.events.push(draft);
        }
        let at = self.next;
        self.next += 1;
        let known = self.events.get_mut(at).filter(|known| {
            at < self.end && (known.kind, known.n_args, known.pc) == (kind, n_args as u8, pc)
        });
        let Some(known) = known else {
            self.is_stale = true;
            return;
        };
        let args = if n_args <= INLINE_ARGS {
            &mut known.args[..n_args]
        } else {
            let first = whole(known.args) as usize;
            self.args.get_mut(first..first + n_args).unwrap_or_default()
        };
        args.iter_mut().zip(operands).for_each(|(arg, operand)| *arg = operand);
    }

    /// The row of the event that was written last.
    #[inline]
    pub(super) fn last(&self) -> u32 {
        (if self.is_first { self.events.len() } else { self.next }).wrapping_sub(1) as u32
    }

    /// What a block does, if it is reachable.
    #[inline]
    pub(super) fn block(&self, block: usize) -> Option<Written> {
        self.blocks.get(block).copied().filter(|written| written.first != u32::MAX)
    }

    #[inline]
    pub(super) fn event(&self, row: usize) -> Option<Draft> {
        self.events.get(row).copied()
    }

    /// Numbers the events in the order of the code. Those that `is_dropped` says get no number.
    pub(super) fn number(&mut self, is_dropped: impl Fn(&Self, &Draft) -> bool) {
        if self.is_final && !self.has_doubtful {
            return;
        }
        self.is_final = false;
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.clear();
        numbers.resize(self.events.len(), DROPPED);
        let mut n = 0;
        for written in self.blocks.iter().filter(|written| written.first != u32::MAX) {
            let rows = written.events();
            let Some(drafts) = self.events.get(rows.clone()) else { continue };
            for (draft, number) in drafts.iter().zip(&mut numbers[rows]) {
                if !is_dropped(self, draft) {
                    *number = n;
                    n += 1;
                }
            }
        }
        self.numbers = numbers;
    }

    /// The final number of a row, [`DROPPED`] if it has none.
    #[inline]
    pub(super) fn number_of(&self, row: u32) -> u32 {
        if self.is_final { row } else { self.numbers.get(row as usize).copied().unwrap_or(DROPPED) }
    }

    /// An event's operands.
    pub(super) fn args<'d>(&'d self, draft: &'d Draft) -> &'d [Slot] {
        let n = usize::from(draft.n_args);
        if n <= INLINE_ARGS {
            return &draft.args[..n];
        }
        let first = whole(draft.args) as usize;
        self.args.get(first..first + n).unwrap_or_default()
    }

    /// A row of the operands of events that have many.
    #[inline]
    pub(super) fn arg(&self, row: usize) -> Slot {
        self.args.get(row).copied().unwrap_or_default()
    }

    /// Successors of a block.
    pub(super) fn edges(&self, written: Written) -> &[u16] {
        self.edges.get(written.edge as usize..(written.edge + written.n_edges) as usize).unwrap_or_default()
    }
}

impl Written {
    /// Rows of its events.
    #[inline]
    pub(super) fn events(&self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.n) as usize
    }
}

/// The number of an event that turned out to be none.
pub(super) const DROPPED: u32 = u32::MAX;
/// The target of a store of a primitive: whether it is an event is not yet known.
pub(super) const OF_PRIMITIVE: u32 = 0;
