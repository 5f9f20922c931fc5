//! Finishing: once a whole body is written, the values its operands name get their final ids.

use super::drafts::DROPPED;
use super::emit::Finishing;
use super::frame::Slot;
use super::model::{FIRST_EVENT, MAX_MERGE, NO_VALUE, Span, Value};
use super::state::{Raw, State, UNKNOWN};
use crate::vocabulary::{Name, ValueId, sort_and_dedup};

/// Merges and derivations nested deeper than this count as unknown.
const MAX_NESTING: u32 = 48;
/// Merges looked through for one value.
const MAX_VISITED: usize = 256;
/// Merges of one body compared to find equal ones.
const MAX_COMPARED: usize = 24;

/// A finished value: its id, and how many were finished before it, which is the order of a merge's inputs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Final {
    rank: u16,
    id: ValueId,
}

/// What is not finished yet.
pub(super) const UNFINISHED: Final = Final { rank: 0, id: NO_VALUE };

/// Gives raw values their final ids.
pub(super) struct Finisher<'s> {
    pub(super) s: &'s mut State,
    pub(super) values: &'s mut Vec<Value>,
    pub(super) merges: &'s mut Vec<ValueId>,
}

impl Finisher<'_> {
    #[inline(always)]
    pub(super) fn finish(&mut self, slot: Slot) -> ValueId {
        match self.s.finishing.final_of.get(usize::from(slot)) {
            Some(&known) if known != UNFINISHED => known.id,
            _ => self.finish_within(slot, 0).id,
        }
    }

    fn finish_within(&mut self, slot: Slot, depth: u32) -> Final {
        match self.s.finishing.final_of.get(usize::from(slot)) {
            Some(&known) if known != UNFINISHED => known,
            Some(_) => self.finish_new(slot, depth),
            None => self.finish_within(UNKNOWN, depth),
        }
    }

    fn finish_new(&mut self, slot: Slot, depth: u32) -> Final {
        let at = usize::from(slot);
        let value = match self.s.raw[at] {
            Raw::Unknown => Value::Unknown,
            Raw::Null => Value::Null,
            Raw::Int(n) => Value::Int(n),
            // The name is still a pool index; whether it is a string or a class is known there too.
            Raw::Pool(index) => Value::Str(Name(u32::from(index))),
            Raw::Param(i) => Value::Param(i),
            Raw::Event(row) => self.result_of(row),
            Raw::Caught(block) => {
                Value::Caught(self.s.finishing.number_of.get(usize::from(block)).copied().unwrap_or(0))
            }
            Raw::Derived(_) | Raw::Phi { .. } if depth >= MAX_NESTING => {
                return self.finish_within(UNKNOWN, 0);
            }
            Raw::Derived(source) => return self.finish_derived(slot, source, depth),
            Raw::Phi { .. } => return self.finish_phi(slot, depth),
        };
        let done = match value.id_without_row() {
            Some(id) => self.ranked(id),
            None => self.row(value),
        };
        self.s.finishing.final_of[at] = done;
        done
    }

    /// The result of the event in a row of the drafts.
    #[inline]
    fn result_of(&mut self, row: u32) -> Value {
        let event = self.s.drafts.number_of(row);
        if event == DROPPED {
            return Value::Unknown;
        }
        self.s.finishing.used.push(event);
        Value::Event(event)
    }

    /// A value that is finished.
    fn value(&self, id: ValueId) -> Value {
        let row = || self.values.get(self.s.finishing.first_value + id.index()).copied();
        Value::without_row(id).or_else(row).unwrap_or(Value::Unknown)
    }

    fn ranked(&mut self, id: ValueId) -> Final {
        let e = &mut self.s.finishing;
        e.n_finished = e.n_finished.saturating_add(1);
        Final { rank: e.n_finished, id }
    }

    fn row(&mut self, value: Value) -> Final {
        let i = self.values.len() - self.s.finishing.first_value;
        if i >= usize::from(FIRST_EVENT) {
            // The first row is there: the table is full.
            return Final { rank: 0, id: ValueId(0) };
        }
        self.values.push(value);
        self.ranked(ValueId(i as u16))
    }

    fn finish_derived(&mut self, slot: Slot, source: Slot, depth: u32) -> Final {
        // While its source is being looked at, a value that depends on itself is unknown.
        let unknown = self.finish_within(UNKNOWN, 0);
        self.s.finishing.final_of[usize::from(slot)] = unknown;
        let source = self.finish_within(source, depth + 1);
        let done = match self.value(source.id) {
            Value::Derived(_) => source,
            Value::Unknown => unknown,
            _ => self.row(Value::Derived(source.id)),
        };
        self.s.finishing.final_of[usize::from(slot)] = done;
        done
    }

    fn finish_phi(&mut self, slot: Slot, depth: u32) -> Final {
        let first_leaf = self.s.finishing.leaves.len();
        self.push_leaves(slot);
        let last_leaf = self.s.finishing.leaves.len();
        // Finishing a leaf may finish other merges; their rows lie above on the same stacks.
        let first_input = self.s.finishing.inputs.len();
        for i in first_leaf..last_leaf {
            let input = self.finish_within(self.s.finishing.leaves[i], depth + 1);
            self.s.finishing.inputs.push(input);
        }
        self.s.finishing.leaves.truncate(first_leaf);
        sort_and_dedup(&mut self.s.finishing.inputs, first_input);
        if self.s.finishing.inputs.len() - first_input > MAX_MERGE {
            let unknown = self.finish_within(UNKNOWN, 0);
            let inputs = &mut self.s.finishing.inputs;
            inputs.truncate(first_input + MAX_MERGE - 1);
            inputs.push(unknown);
            sort_and_dedup(inputs, first_input);
        }
        let done = match self.s.finishing.inputs[first_input..] {
            [] => self.finish_within(UNKNOWN, 0),
            [only] => only,
            _ => self.merge_row(first_input),
        };
        self.s.finishing.inputs.truncate(first_input);
        self.s.finishing.final_of[usize::from(slot)] = done;
        done
    }

    /// The merge of the inputs from `first_input` on.
    fn merge_row(&mut self, first_input: usize) -> Final {
        let e = &self.s.finishing;
        let inputs = &e.inputs[first_input..];
        for known in e.merge_rows.iter().rev().take(MAX_COMPARED) {
            let Value::Merge { start, len } = self.value(known.id) else { continue };
            let span = Span { start, len: u32::from(len) };
            if span.of(self.merges).iter().eq(inputs.iter().map(|input| &input.id)) {
                return *known;
            }
        }
        let start = self.merges.len() as u32;
        self.merges.extend(inputs.iter().map(|input| input.id));
        let len = inputs.len() as u16;
        let merge = self.row(Value::Merge { start, len });
        self.s.finishing.merge_rows.push(merge);
        merge
    }

    /// Pushes the values other than merges that a merge may have, through nested merges.
    fn push_leaves(&mut self, slot: Slot) {
        let State { raw, phi_inputs, finishing, .. } = &mut *self.s;
        let Finishing { leaves, seen, .. } = finishing;
        let first = leaves.len();
        seen.clear();
        seen.push(slot);
        let mut at = 0;
        while let Some(&phi) = seen.get(at) {
            at += 1;
            let Raw::Phi { first, .. } = raw[usize::from(phi)] else { continue };
            let mut row = first;
            while let Some(&(input, next)) = (row as usize).checked_sub(1).and_then(|r| phi_inputs.get(r)) {
                row = next;
                let is_phi = matches!(raw.get(usize::from(input)), Some(Raw::Phi { .. }));
                if !is_phi {
                    leaves.push(input);
                } else if !seen.contains(&input) {
                    if seen.len() < MAX_VISITED {
                        seen.push(input);
                    } else {
                        leaves.push(UNKNOWN);
                    }
                }
            }
        }
        sort_and_dedup(leaves, first);
    }
}
