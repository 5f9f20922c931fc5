//! Writing: events as blocks are walked, with raw values; then, once all is known, the values they use and the blocks.

use super::execute::{PRIMITIVE_ARRAY, WHOLE_ARRAY};
use super::frame::{Slot, TOP, UNKNOWN};
use super::model::{Block, Event, EventKind, Handler, MAX_MERGE, NO_NAME, NO_VALUE, Span, Test, Value};
use super::solve::{Bodies, Machine, Purpose, Raw, Reduced, SOLVE, Scratch};
use crate::vocabulary::{Name, ValueId, sort_and_dedup};

/// Merges and derivations nested deeper than this count as unknown.
const MAX_NESTING: u32 = 48;
/// Merges looked through for one value.
const MAX_VISITED: usize = 256;
/// Merges of one body compared to find equal ones.
const MAX_COMPARED: usize = 24;

/// Working memory for what one body writes.
#[derive(Default)]
pub(super) struct Emitter {
    /// The blocks written so far, in code order.
    written: Vec<Written>,
    /// Final id of each raw value.
    final_of: Vec<ValueId>,
    /// Event, counted from the body's first, of each pc.
    event_at: Vec<u32>,
    /// Number each reachable block gets.
    number_of: Vec<u16>,
    line_at: usize,
    first_event: usize,
    first_value: usize,
    first_merge: usize,
    /// Final ids of merges, to find equal ones.
    merge_rows: Vec<ValueId>,
    /// Stack of the leaves of merges that are being finished.
    leaves: Vec<Slot>,
    /// Merges that were looked through for the leaves at hand.
    seen: Vec<Slot>,
    inputs: Vec<ValueId>,
}

/// Where the rows of a written block start. Its operands, successors and test still are raw values and blocks.
#[derive(Clone, Copy)]
struct Written {
    block: u16,
    event: u32,
    arg: u32,
    edge: u32,
    test: Test,
}

const NO_EVENT: u32 = u32::MAX;

impl Emitter {
    /// Forgets the last body.
    pub(super) fn clear(&mut self, code_len: usize, out: &Bodies<'_>) {
        self.written.clear();
        self.event_at.clear();
        self.event_at.resize(code_len, NO_EVENT);
        self.line_at = 0;
        self.first_event = out.events.len();
        self.first_value = out.values.len();
        self.first_merge = out.merges.len();
        self.merge_rows.clear();
    }
}

/// The raw value of an operand.
pub(super) fn operand(slot: Slot) -> ValueId {
    ValueId(if slot == TOP { UNKNOWN } else { slot })
}

impl Machine<'_, '_, '_> {
    /// Starts the rows of a block. Blocks are written in code order.
    pub(super) fn begin_block(&mut self, block: usize) {
        self.scratch.emitter.written.push(Written {
            block: block as u16,
            event: self.out.events.len() as u32,
            arg: self.out.args.len() as u32,
            edge: self.out.edges.len() as u32,
            test: Test::None,
        });
    }

    /// What the block at hand tests, in raw values.
    pub(super) fn set_test(&mut self, test: Test) {
        if let Some(written) = self.scratch.emitter.written.last_mut() {
            written.test = test;
        }
    }

    /// Ends the rows of a block: targets of a switch may repeat.
    pub(super) fn end_block(&mut self) {
        let first = self.scratch.emitter.written.last().map_or(0, |written| written.edge as usize);
        if self.out.edges.len() - first > 2 {
            sort_and_dedup(self.out.edges, first);
        }
    }

    /// Takes back what the blocks from `first` on have written.
    pub(super) fn unwrite(&mut self, first: usize) {
        let written = &mut self.scratch.emitter.written;
        let keep = written.partition_point(|w| usize::from(w.block) < first);
        if let Some(start) = written.get(keep) {
            self.out.events.truncate(start.event as usize);
            self.out.args.truncate(start.arg as usize);
            self.out.edges.truncate(start.edge as usize);
        }
        written.truncate(keep);
        self.scratch.emitter.line_at = 0;
    }

    /// Writes an event. Does nothing on a walk that only solves.
    #[inline]
    pub(super) fn emit<const P: Purpose>(
        &mut self,
        kind: EventKind,
        pc: usize,
        target: u32,
        operands: &[Slot],
    ) {
        if P != SOLVE {
            let first_arg = self.out.args.len();
            self.out.args.extend(operands.iter().map(|slot| operand(*slot)));
            self.push_event(kind, pc, target, first_arg);
        }
    }

    /// Writes an event whose operands are the rows of `args` from `first_arg` on.
    pub(super) fn push_event(&mut self, kind: EventKind, pc: usize, target: u32, first_arg: usize) {
        let n_args = (self.out.args.len() - first_arg).min(usize::from(u8::MAX));
        self.out.args.truncate(first_arg + n_args);
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
            first_arg: first_arg as u32,
        });
    }

    /// Gives values and blocks their final numbers once the whole body is written.
    pub(super) fn finish(&mut self) -> Reduced {
        self.number_blocks();
        let (first_block, first_handler) = (self.out.blocks.len(), self.out.handlers.len());
        let mut has_loop = false;
        for i in 0..self.scratch.emitter.written.len() {
            has_loop |= self.finish_block(i);
        }
        self.link_results();
        let e = &self.scratch.emitter;
        let has_events = self.out.events.len() > e.first_event;
        Reduced {
            events: Span::from(e.first_event, self.out.events.len()),
            values: Span::from(e.first_value, self.out.values.len()),
            blocks: Span::from(first_block, self.out.blocks.len()),
            merges: Span::from(e.first_merge, self.out.merges.len()),
            handlers: Span::from(first_handler, self.out.handlers.len()),
            has_loop,
            line: if has_events { self.lines.first().map_or(0, |l| l.1) } else { 0 },
        }
    }

    fn number_blocks(&mut self) {
        let n_raw = self.scratch.raw.len();
        let n_blocks = self.scratch.flow.n_blocks();
        let e = &mut self.scratch.emitter;
        e.final_of.clear();
        e.final_of.resize(n_raw, NO_VALUE);
        e.number_of.clear();
        e.number_of.resize(n_blocks, 0);
        for (number, written) in e.written.iter().enumerate() {
            e.number_of[usize::from(written.block)] = number as u16;
        }
    }

    /// Finishes the `i`-th written block. Returns whether a branch goes back from it.
    fn finish_block(&mut self, i: usize) -> bool {
        let Written { block, event, arg, edge, test } = self.scratch.emitter.written[i];
        let (events_end, args_end, edges_end) = match self.scratch.emitter.written.get(i + 1) {
            Some(next) => (next.event as usize, next.arg as usize, next.edge as usize),
            None => (self.out.events.len(), self.out.args.len(), self.out.edges.len()),
        };
        let mut has_loop = false;
        for edge in &mut self.out.edges[edge as usize..edges_end] {
            *edge = self.scratch.emitter.number_of[usize::from(*edge)];
            has_loop |= usize::from(*edge) <= i;
        }
        let mut finisher = Finisher { s: self.scratch, values: self.out.values, merges: self.out.merges };
        for arg in &mut self.out.args[arg as usize..args_end] {
            *arg = finisher.finish(arg.0, 0);
        }
        let test = finisher.finish_test(test);
        let (first_handler, n_handlers) = self.block_handlers(usize::from(block));
        self.out.blocks.push(Block {
            events: Span::from(event as usize, events_end).into(),
            first_edge: edge,
            n_edges: (edges_end - edge as usize).min(usize::from(u16::MAX)) as u16,
            n_handlers,
            first_handler,
            test,
        });
        has_loop
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

    /// The line of an instruction. Blocks are written in code order, so the search rarely moves more than a row.
    fn line_of(&mut self, pc: u16) -> u16 {
        let (lines, e) = (self.lines, &mut self.scratch.emitter);
        let covers =
            |i: usize| lines.get(i).is_some_and(|l| l.0 <= pc) && lines.get(i + 1).is_none_or(|l| l.0 > pc);
        if !covers(e.line_at) {
            e.line_at = if covers(e.line_at + 1) {
                e.line_at + 1
            } else {
                lines.partition_point(|l| l.0 <= pc).saturating_sub(1)
            };
        }
        lines.get(e.line_at).filter(|l| l.0 <= pc).map_or(0, |l| l.1)
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
    #[inline]
    fn finish(&mut self, slot: Slot, depth: u32) -> ValueId {
        match self.s.emitter.final_of.get(usize::from(slot)) {
            Some(&known) if known != NO_VALUE => known,
            Some(_) => self.finish_new(slot, depth),
            None => self.finish(UNKNOWN, depth),
        }
    }

    fn finish_test(&mut self, test: Test) -> Test {
        match test {
            Test::None => Test::None,
            Test::IsNull(a) => Test::IsNull(self.finish(a.0, 0)),
            Test::NonNull(a) => Test::NonNull(self.finish(a.0, 0)),
            Test::IsZero(a) => Test::IsZero(self.finish(a.0, 0)),
            Test::NonZero(a) => Test::NonZero(self.finish(a.0, 0)),
            Test::Same(a, b) => Test::Same(self.finish(a.0, 0), self.finish(b.0, 0)),
            Test::Differ(a, b) => Test::Differ(self.finish(a.0, 0), self.finish(b.0, 0)),
        }
    }

    fn finish_new(&mut self, slot: Slot, depth: u32) -> ValueId {
        let at = usize::from(slot);
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
        let first_leaf = self.s.emitter.leaves.len();
        self.push_leaves(slot);
        let last_leaf = self.s.emitter.leaves.len();
        // Finishing a leaf may finish other merges; their rows lie above on the same stacks.
        let first_input = self.s.emitter.inputs.len();
        for i in first_leaf..last_leaf {
            let input = self.finish(self.s.emitter.leaves[i], depth + 1);
            self.s.emitter.inputs.push(input);
        }
        self.s.emitter.leaves.truncate(first_leaf);
        sort_and_dedup(&mut self.s.emitter.inputs, first_input);
        if self.s.emitter.inputs.len() - first_input > MAX_MERGE {
            let unknown = self.finish(UNKNOWN, 0);
            let inputs = &mut self.s.emitter.inputs;
            inputs.truncate(first_input + MAX_MERGE - 1);
            inputs.push(unknown);
            sort_and_dedup(inputs, first_input);
        }
        let id = match self.s.emitter.inputs[first_input..] {
            [] => self.finish(UNKNOWN, 0),
            [only] => only,
            _ => self.merge_row(first_input),
        };
        self.s.emitter.inputs.truncate(first_input);
        self.s.emitter.final_of[usize::from(slot)] = id;
        id
    }

    /// The merge of the inputs from `first_input` on.
    fn merge_row(&mut self, first_input: usize) -> ValueId {
        let e = &self.s.emitter;
        let inputs = &e.inputs[first_input..];
        for id in e.merge_rows.iter().rev().take(MAX_COMPARED) {
            let Some(&Value::Merge { start, len }) = self.values.get(e.first_value + id.index()) else {
                continue;
            };
            let span = Span { start, len: u32::from(len) };
            if span.of(self.merges) == inputs {
                return *id;
            }
        }
        let start = self.merges.len() as u32;
        self.merges.extend_from_slice(inputs);
        let id = self.row(Value::Merge { start, len: inputs.len() as u16 });
        self.s.emitter.merge_rows.push(id);
        id
    }

    /// Pushes the values other than merges that a merge may have, through nested merges.
    fn push_leaves(&mut self, slot: Slot) {
        let Scratch { raw, phi_inputs, emitter, .. } = &mut *self.s;
        let Emitter { leaves, seen, .. } = emitter;
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
