//! The second walk: replays each reachable block once and writes events, with only the values they use.

use super::execute::{PRIMITIVE_ARRAY, WHOLE_ARRAY};
use super::frame::{Slot, TOP, UNKNOWN};
use super::model::{Block, Event, EventKind, Handler, MAX_MERGE, NO_NAME, NO_VALUE, Span, Test, Value};
use super::solve::{Machine, Raw, Reduced, Scratch};
use crate::classfile::ClassError;
use crate::vocabulary::{Name, ValueId};

/// Merges and derivations nested deeper than this count as unknown.
const MAX_NESTING: u32 = 48;
/// Merges looked through for one value.
const MAX_VISITED: usize = 256;
/// Merges of one body compared to find equal ones.
const MAX_COMPARED: usize = 24;

/// Working memory of the second walk.
pub(super) struct Emitter {
    /// Operands of the event at hand.
    pub(super) operands: Vec<Slot>,
    /// What the block at hand tests.
    pub(super) test: Test,
    /// Final id of each raw value.
    final_of: Vec<ValueId>,
    /// Event, counted from the body's first, of each pc.
    event_at: Vec<u32>,
    /// Number each reachable block gets.
    number_of: Vec<u16>,
    /// Rows of the line table, sorted by pc.
    lines: Vec<(u16, u16)>,
    line_at: usize,
    first_event: usize,
    first_value: usize,
    first_merge: usize,
    merge_rows: Vec<Value>,
}

impl Default for Emitter {
    fn default() -> Self {
        Self {
            operands: Vec::new(),
            test: Test::None,
            final_of: Vec::new(),
            event_at: Vec::new(),
            number_of: Vec::new(),
            lines: Vec::new(),
            line_at: 0,
            first_event: 0,
            first_value: 0,
            first_merge: 0,
            merge_rows: Vec::new(),
        }
    }
}

const NO_EVENT: u32 = u32::MAX;

impl Machine<'_, '_, '_> {
    /// Replays all reachable blocks in code order.
    pub(super) fn replay(&mut self, lines: &[(u16, u16)]) -> Result<Reduced, ClassError> {
        self.prepare(lines);
        let marks = self.out.lengths();
        let n_blocks = self.scratch.flow.n_blocks();
        let mut has_loop = false;
        for block in 0..n_blocks {
            if self.is_reached(block) {
                has_loop |= self.replay_block(block)?;
            }
        }
        self.link_results();
        let e = &self.scratch.emitter;
        let line = self.out.events.get(e.first_event).map_or(0, |_| e.lines.first().map_or(0, |l| l.1));
        Ok(Reduced {
            events: Span::from(marks[0], self.out.events.len()),
            values: Span::from(e.first_value, self.out.values.len()),
            blocks: Span::from(marks[4], self.out.blocks.len()),
            merges: Span::from(e.first_merge, self.out.merges.len()),
            handlers: Span::from(marks[6], self.out.handlers.len()),
            has_loop,
            line,
        })
    }

    fn prepare(&mut self, lines: &[(u16, u16)]) {
        let n_blocks = self.scratch.flow.n_blocks();
        let mut number_of = std::mem::take(&mut self.scratch.emitter.number_of);
        number_of.clear();
        let mut n = 0u16;
        for block in 0..n_blocks {
            number_of.push(n);
            n += u16::from(self.is_reached(block));
        }
        let n_raw = self.scratch.raw.len();
        let e = &mut self.scratch.emitter;
        e.number_of = number_of;
        e.final_of.clear();
        e.final_of.resize(n_raw, NO_VALUE);
        e.event_at.clear();
        e.event_at.resize(self.code.code.len(), NO_EVENT);
        e.lines.clear();
        e.lines.extend_from_slice(lines);
        e.line_at = 0;
        e.first_event = self.out.events.len();
        e.first_value = self.out.values.len();
        e.first_merge = self.out.merges.len();
        e.merge_rows.clear();
    }

    fn replay_block(&mut self, block: usize) -> Result<bool, ClassError> {
        let first_event = self.out.events.len();
        let first_edge = self.out.edges.len();
        self.scratch.emitter.test = Test::None;
        self.run::<true>(block)?;
        let number = self.scratch.emitter.number_of[block];
        let mut has_loop = false;
        for edge in &mut self.out.edges[first_edge..] {
            *edge = self.scratch.emitter.number_of[usize::from(*edge)];
            has_loop |= *edge <= number;
        }
        if self.out.edges.len() - first_edge > 2 {
            let tail = &mut self.out.edges[first_edge..];
            tail.sort_unstable();
            let mut kept = self.out.edges.split_off(first_edge);
            kept.dedup();
            self.out.edges.append(&mut kept);
        }
        let (first_handler, n_handlers) = self.block_handlers(block);
        self.out.blocks.push(Block {
            events: Span::from(first_event, self.out.events.len()),
            first_edge: first_edge as u32,
            n_edges: (self.out.edges.len() - first_edge).min(usize::from(u16::MAX)) as u16,
            n_handlers,
            first_handler,
            test: self.scratch.emitter.test,
        });
        Ok(has_loop)
    }

    /// Appends a block's handlers, or shares those of the block before if they are the same.
    fn block_handlers(&mut self, block: usize) -> (u32, u16) {
        let rows = self.scratch.flow.handler_rows(block);
        let start = self.out.handlers.len();
        let n = rows.len().min(usize::from(u16::MAX));
        for row in rows.take(n) {
            let (handler, catches) = self.scratch.flow.handler(row);
            let number = self.scratch.emitter.number_of.get(usize::from(handler)).copied().unwrap_or(0);
            let catches = if catches == 0 { NO_NAME } else { Name(u32::from(catches)) };
            self.out.handlers.push(Handler { block: number, catches });
        }
        if let Some(last) = self.out.blocks.last() {
            let before = last.first_handler as usize;
            let same = usize::from(last.n_handlers) == n
                && before + n == start
                && self.out.handlers[before..start] == self.out.handlers[start..];
            if same {
                self.out.handlers.truncate(start);
                return (before as u32, n as u16);
            }
        }
        (start as u32, n as u16)
    }

    /// Writes an event. Does nothing on the first walk.
    pub(super) fn emit<const EMIT: bool>(
        &mut self,
        kind: EventKind,
        pc: usize,
        target: u32,
        operands: &[Slot],
    ) {
        if !EMIT {
            return;
        }
        let first_arg = self.out.args.len() as u32;
        let n_args = operands.len().min(usize::from(u8::MAX));
        for slot in &operands[..n_args] {
            let value = self.operand(*slot);
            self.out.args.push(value);
        }
        let line = self.line_of(pc as u16);
        let e = &mut self.scratch.emitter;
        e.event_at[pc] = (self.out.events.len() - e.first_event) as u32;
        self.out.events.push(Event {
            kind,
            n_args: n_args as u8,
            pc: pc as u16,
            line,
            result: NO_VALUE,
            target,
            first_arg,
        });
    }

    /// The line of an instruction. Blocks are replayed in code order, so the search rarely moves more than a row.
    fn line_of(&mut self, pc: u16) -> u16 {
        let e = &mut self.scratch.emitter;
        let covers = |i: usize| {
            e.lines.get(i).is_some_and(|l| l.0 <= pc) && e.lines.get(i + 1).is_none_or(|l| l.0 > pc)
        };
        if !covers(e.line_at) {
            e.line_at = if covers(e.line_at + 1) {
                e.line_at + 1
            } else {
                e.lines.partition_point(|l| l.0 <= pc).saturating_sub(1)
            };
        }
        e.lines.get(e.line_at).filter(|l| l.0 <= pc).map_or(0, |l| l.1)
    }

    /// The final value of a slot.
    pub(super) fn operand(&mut self, slot: Slot) -> ValueId {
        let mut values = Finisher { s: self.scratch, values: self.out.values, merges: self.out.merges };
        values.finish(if slot == TOP { UNKNOWN } else { slot }, 0)
    }

    /// Now that every event has its place: values point to events, and events to the values they yield.
    fn link_results(&mut self) {
        let e = &self.scratch.emitter;
        for (i, value) in self.out.values[e.first_value..].iter_mut().enumerate() {
            let Value::Event(pc) = *value else { continue };
            match e.event_at.get(pc as usize) {
                Some(&event) if event != NO_EVENT => {
                    *value = Value::Event(event);
                    if let Some(event) = self.out.events.get_mut(e.first_event + event as usize) {
                        event.result = ValueId(i as u16);
                    }
                }
                _ => *value = Value::Unknown,
            }
        }
    }
}

/// Gives raw values their final rows.
struct Finisher<'s> {
    s: &'s mut Scratch,
    values: &'s mut Vec<Value>,
    merges: &'s mut Vec<ValueId>,
}

impl Finisher<'_> {
    fn finish(&mut self, slot: Slot, depth: u32) -> ValueId {
        let at = usize::from(slot);
        match self.s.emitter.final_of.get(at) {
            Some(&known) if known != NO_VALUE => return known,
            Some(_) => {}
            None => return self.finish(UNKNOWN, depth),
        }
        let value = match self.s.raw[at] {
            Raw::Unknown => Value::Unknown,
            Raw::Null => Value::Null,
            Raw::Int(n) => Value::Int(n),
            // The name is still a pool index; whether it is a string or a class is known there too.
            Raw::Pool(index) => Value::Str(Name(u32::from(index))),
            Raw::Param(i) => Value::Param(i),
            Raw::At(pc) => Value::Event(u32::from(pc)),
            Raw::Caught(block) => {
                Value::Caught(self.s.emitter.number_of.get(usize::from(block)).copied().unwrap_or(0))
            }
            Raw::Derived(_) | Raw::Phi { .. } if depth >= MAX_NESTING => return self.finish(UNKNOWN, 0),
            Raw::Derived(source) => return self.finish_derived(slot, source, depth),
            Raw::Phi { .. } => return self.finish_phi(slot, depth),
        };
        let id = self.row(value);
        self.s.emitter.final_of[at] = id;
        id
    }

    fn row(&mut self, value: Value) -> ValueId {
        let i = self.values.len() - self.s.emitter.first_value;
        if i >= usize::from(NO_VALUE.0) {
            // The first row is there: the table is full.
            return ValueId(0);
        }
        self.values.push(value);
        ValueId(i as u16)
    }

    fn finish_derived(&mut self, slot: Slot, source: Slot, depth: u32) -> ValueId {
        // While its source is being looked at, a value that depends on itself is unknown.
        let unknown = self.finish(UNKNOWN, 0);
        self.s.emitter.final_of[usize::from(slot)] = unknown;
        let source = self.finish(source, depth + 1);
        let first = self.s.emitter.first_value;
        let id = match self.values.get(first + source.index()) {
            Some(Value::Derived(_)) => source,
            Some(Value::Unknown) => unknown,
            _ => self.row(Value::Derived(source)),
        };
        self.s.emitter.final_of[usize::from(slot)] = id;
        id
    }

    fn finish_phi(&mut self, slot: Slot, depth: u32) -> ValueId {
        let leaves = self.leaves(slot);
        let mut inputs: Vec<ValueId> = leaves.iter().map(|leaf| self.finish(*leaf, depth + 1)).collect();
        inputs.sort_unstable();
        inputs.dedup();
        if inputs.len() > MAX_MERGE {
            let unknown = self.finish(UNKNOWN, 0);
            inputs.truncate(MAX_MERGE - 1);
            if !inputs.contains(&unknown) {
                inputs.push(unknown);
                inputs.sort_unstable();
            }
        }
        let id = match inputs[..] {
            [] => self.finish(UNKNOWN, 0),
            [only] => only,
            _ => self.merge_row(&inputs),
        };
        self.s.emitter.final_of[usize::from(slot)] = id;
        id
    }

    fn merge_row(&mut self, inputs: &[ValueId]) -> ValueId {
        let first_value = self.s.emitter.first_value;
        for row in self.s.emitter.merge_rows.iter().rev().take(MAX_COMPARED) {
            let Value::Derived(id) = *row else { continue };
            let Some(&Value::Merge { start, len }) = self.values.get(first_value + id.index()) else {
                continue;
            };
            let span = Span { start, len: u32::from(len) };
            if span.of(self.merges) == inputs {
                return id;
            }
        }
        let start = self.merges.len() as u32;
        self.merges.extend_from_slice(inputs);
        let id = self.row(Value::Merge { start, len: inputs.len() as u16 });
        self.s.emitter.merge_rows.push(Value::Derived(id));
        id
    }

    /// The values other than merges that a merge may have, through nested merges.
    fn leaves(&mut self, slot: Slot) -> Vec<Slot> {
        let mut leaves = Vec::new();
        let mut seen = vec![slot];
        let mut at = 0;
        while let Some(&phi) = seen.get(at) {
            at += 1;
            let Raw::Phi { first, .. } = self.s.raw[usize::from(phi)] else { continue };
            let mut row = first;
            while let Some(&(input, next)) =
                (row as usize).checked_sub(1).and_then(|r| self.s.phi_inputs.get(r))
            {
                row = next;
                let is_phi = matches!(self.s.raw.get(usize::from(input)), Some(Raw::Phi { .. }));
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
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }
}

/// What a [`EventKind::NewArray`] allocates, from the target that a reduced body gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArrayTarget {
    /// Element type code of `newarray`.
    Primitive(u8),
    /// Pool index of the element's class constant.
    Element(u16),
    /// Pool index of the array's own class constant.
    Whole(u16),
}

impl ArrayTarget {
    /// Decodes a target.
    pub fn of(target: u32) -> Self {
        let low = (target & 0xFFFF) as u16;
        match target & !0xFFFF {
            PRIMITIVE_ARRAY => ArrayTarget::Primitive(low as u8),
            WHOLE_ARRAY => ArrayTarget::Whole(low),
            _ => ArrayTarget::Element(low),
        }
    }
}
