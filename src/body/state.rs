//! What is known of a body while it is solved: where values come from, and the state at every block's entry.

use super::drafts::Drafts;
use super::emit::Finishing;
use super::flow::Flow;
use super::frame::{Slot, TOP};
use super::pending::Pending;

/// The value nothing is known of.
pub(super) const UNKNOWN: Slot = 0;
/// Inputs that one merge remembers while a body is solved.
const MAX_PHI_INPUTS: u8 = 24;

/// What is known of a slot's value while a body is solved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Raw {
    Unknown,
    Null,
    Int(i32),
    /// A string or class constant: pool index.
    Pool(u16),
    Param(u16),
    /// What an event yields: its row among the drafts.
    Event(u32),
    Caught(u16),
    Derived(Slot),
    /// Values that meet at a block's entry; a list of inputs through `phi_inputs`.
    Phi {
        block: u16,
        slot: u16,
        first: u32,
    },
}

/// Where a block's entry state lies in the table of states.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) offset: u32,
    pub(super) len: u32,
}

const NOT_REACHED: Entry = Entry { offset: u32::MAX, len: 0 };

/// What is known of a body that is being solved.
#[derive(Default)]
pub(super) struct State {
    pub(super) flow: Flow,
    pub(super) raw: Vec<Raw>,
    /// Inputs of phis as linked lists: value, next row plus one.
    pub(super) phi_inputs: Vec<(Slot, u32)>,
    /// The number of what the instruction at each pc yields.
    pub(super) at_pc: Vec<Slot>,
    pub(super) drafts: Drafts,
    pub(super) finishing: Finishing,
    pub(super) entries: Vec<Entry>,
    pub(super) states: Vec<Slot>,
    pub(super) pending: Pending,
    /// What may still be done for the body.
    pub(super) steps_left: usize,
    caught: Vec<Slot>,
}

impl State {
    pub(super) fn clear(&mut self, code_len: usize) {
        let n_blocks = self.flow.n_blocks();
        self.raw.clear();
        self.raw.push(Raw::Unknown);
        self.phi_inputs.clear();
        self.at_pc.clear();
        self.at_pc.resize(code_len, TOP);
        self.entries.clear();
        self.entries.resize(n_blocks, NOT_REACHED);
        self.caught.clear();
        self.caught.resize(n_blocks, TOP);
        self.states.clear();
        self.pending.clear(n_blocks);
        self.drafts.clear(n_blocks);
    }

    /// Whether a block is reachable.
    pub(super) fn is_reached(&self, block: usize) -> bool {
        self.entries.get(block).is_some_and(|e| e.offset != u32::MAX)
    }

    /// Joins one value into a block's entry state. Returns whether the state changed.
    pub(super) fn join_slot(&mut self, block: u16, slot: usize, new: Slot) -> bool {
        let at = self.entries[usize::from(block)].offset as usize + slot;
        let old = self.states[at];
        if old == new {
            return false;
        }
        let joined = self.join(block, slot as u16, old, new);
        self.states[at] = joined;
        joined != old
    }

    fn join(&mut self, block: u16, slot: u16, old: Slot, new: Slot) -> Slot {
        if let Some(Raw::Phi { block: b, slot: i, .. }) = self.raw.get(usize::from(old))
            && (*b, *i) == (block, slot)
        {
            self.add_input(old, if new == TOP { UNKNOWN } else { new });
            return old;
        }
        if old == TOP || new == TOP || self.raw.len() >= usize::from(TOP) {
            return UNKNOWN;
        }
        let phi = self.raw.len() as Slot;
        self.raw.push(Raw::Phi { block, slot, first: 0 });
        self.add_input(phi, old);
        self.add_input(phi, new);
        phi
    }

    fn add_input(&mut self, phi: Slot, value: Slot) {
        let Some(Raw::Phi { first, .. }) = self.raw.get_mut(usize::from(phi)) else { return };
        let (mut row, mut n) = (*first, 0u8);
        while let Some(&(input, next)) = (row as usize).checked_sub(1).and_then(|r| self.phi_inputs.get(r)) {
            if input == value {
                return;
            }
            (row, n) = (next, n + 1);
        }
        // Past the bound the merge counts as unknown too.
        let value = match n.cmp(&MAX_PHI_INPUTS) {
            std::cmp::Ordering::Less => value,
            std::cmp::Ordering::Equal => UNKNOWN,
            std::cmp::Ordering::Greater => return,
        };
        self.phi_inputs.push((value, *first));
        *first = self.phi_inputs.len() as u32;
    }

    pub(super) fn caught(&mut self, handler: u16) -> Slot {
        let known = self.caught[usize::from(handler)];
        if known != TOP {
            return known;
        }
        if self.raw.len() >= usize::from(TOP) {
            return UNKNOWN;
        }
        self.raw.push(Raw::Caught(handler));
        self.caught[usize::from(handler)] = (self.raw.len() - 1) as Slot;
        self.caught[usize::from(handler)]
    }

    /// The number of the value that the instruction at `pc` yields.
    #[inline]
    pub(super) fn value_at(&mut self, pc: usize, raw: Raw) -> Slot {
        let n = self.raw.len();
        let Some(noted) = self.at_pc.get_mut(pc) else { return UNKNOWN };
        if *noted != TOP {
            if let Some(known) = self.raw.get_mut(usize::from(*noted)) {
                *known = raw;
            }
            return *noted;
        }
        if n >= usize::from(TOP) {
            return UNKNOWN;
        }
        self.raw.push(raw);
        *noted = n as Slot;
        n as Slot
    }
}
