//! Writing: events as blocks are walked, with raw values; then, once all is known, the values they use and the blocks.

use super::execute::{PRIMITIVE_ARRAY, WHOLE_ARRAY};
use super::finish::{Final, Finisher, UNFINISHED};
use super::frame::{Slot, TOP, UNKNOWN};
use super::model::{
    Block, Event, EventKind, Handler, INLINE_ARGS, MANY_EDGES, NO_HANDLER, NO_NAME, NO_VALUE, Span, Test,
    halves,
};
use super::solve::{Bodies, Machine, Purpose, Reduced, SOLVE};
use crate::vocabulary::{Name, ValueId, sort_and_dedup};

/// Working memory for what one body writes.
#[derive(Default)]
pub(super) struct Emitter {
    /// The blocks written so far, in code order.
    written: Vec<Written>,
    /// Final id of each raw value.
    pub(super) final_of: Vec<Final>,
    /// Event, counted from the body's first, of each pc; empty for bodies that are executed once.
    pub(super) event_at: Vec<u32>,
    /// The pc of each event, ascending, if `event_at` is empty.
    pub(super) pcs: Vec<u16>,
    /// Successors of the blocks written so far.
    pub(super) edges: Vec<u16>,
    /// Rows that bodies of a single block without handlers share, by their number of events.
    shared: Vec<u32>,
    /// Number each reachable block gets.
    pub(super) number_of: Vec<u16>,
    /// Events whose results are used.
    pub(super) used: Vec<u32>,
    line_at: usize,
    first_event: usize,
    pub(super) first_value: usize,
    first_merge: usize,
    first_handler: usize,
    /// Number of values finished.
    pub(super) n_finished: u16,
    /// Final ids of merges, to find equal ones.
    pub(super) merge_rows: Vec<Final>,
    /// Stack of the leaves of merges that are being finished.
    pub(super) leaves: Vec<Slot>,
    /// Merges that were looked through for the leaves at hand.
    pub(super) seen: Vec<Slot>,
    pub(super) inputs: Vec<Final>,
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

pub(super) const NO_EVENT: u32 = u32::MAX;

impl Emitter {
    /// Forgets the last body.
    pub(super) fn clear(&mut self, n_noted: usize, out: &Bodies<'_>) {
        self.written.clear();
        self.edges.clear();
        self.event_at.clear();
        self.event_at.resize(n_noted, NO_EVENT);
        self.pcs.clear();
        self.line_at = 0;
        self.first_event = out.events.len();
        self.first_value = out.values.len();
        self.first_merge = out.merges.len();
        self.first_handler = out.handlers.len();
        self.merge_rows.clear();
        self.used.clear();
        self.n_finished = 0;
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
            edge: self.scratch.emitter.edges.len() as u32,
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
        let e = &mut self.scratch.emitter;
        let first = e.written.last().map_or(0, |written| written.edge as usize);
        if e.edges.len() - first > 2 {
            sort_and_dedup(&mut e.edges, first);
        }
    }

    /// Takes back what the blocks from `first` on have written.
    pub(super) fn unwrite(&mut self, first: usize) {
        let written = &mut self.scratch.emitter.written;
        let keep = written.partition_point(|w| usize::from(w.block) < first);
        if let Some(start) = written.get(keep) {
            self.out.events.truncate(start.event as usize);
            self.out.args.truncate(start.arg as usize);
            self.scratch.emitter.edges.truncate(start.edge as usize);
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
        let mut args = halves(first_arg as u32).map(ValueId);
        if n_args <= INLINE_ARGS {
            args = [NO_VALUE; INLINE_ARGS];
            args[..n_args].copy_from_slice(&self.out.args[first_arg..]);
            self.out.args.truncate(first_arg);
        }
        let line = self.line_of(pc as u16);
        let e = &mut self.scratch.emitter;
        match e.event_at.get_mut(pc) {
            Some(event) => *event = (self.out.events.len() - e.first_event) as u32,
            None => e.pcs.push(pc as u16),
        }
        let (n_args, target) = (n_args as u8, halves(target));
        self.out.events.push(Event { kind, n_args, line, target, args });
    }

    /// Gives values and blocks their final numbers once the whole body is written.
    pub(super) fn finish(&mut self) -> Reduced {
        self.number_blocks();
        let first_block = self.out.blocks.len();
        let mut has_loop = false;
        for i in 0..self.scratch.emitter.written.len() {
            has_loop |= self.finish_block(i);
        }
        let e = &self.scratch.emitter;
        for event in &e.used {
            if let Some(event) = self.out.events.get_mut(e.first_event + *event as usize) {
                event.set_used();
            }
        }
        let blocks = self.shared_block(first_block);
        let e = &self.scratch.emitter;
        let has_events = self.out.events.len() > e.first_event;
        Reduced {
            events: Span::from(e.first_event, self.out.events.len()),
            values: Span::from(e.first_value, self.out.values.len()),
            blocks,
            merges: Span::from(e.first_merge, self.out.merges.len()),
            handlers: Span::from(e.first_handler, self.out.handlers.len()),
            has_loop,
            line: if has_events { self.lines.first().map_or(0, |l| l.1) } else { 0 },
        }
    }

    fn number_blocks(&mut self) {
        let n_raw = self.scratch.raw.len();
        let n_blocks = self.scratch.flow.n_blocks();
        let e = &mut self.scratch.emitter;
        e.final_of.clear();
        e.final_of.resize(n_raw, UNFINISHED);
        e.number_of.clear();
        e.number_of.resize(n_blocks, 0);
        for (number, written) in e.written.iter().enumerate() {
            e.number_of[usize::from(written.block)] = number as u16;
        }
    }

    /// Finishes the `i`-th written block. Returns whether a branch goes back from it.
    fn finish_block(&mut self, i: usize) -> bool {
        let Written { block, event, edge, test, .. } = self.scratch.emitter.written[i];
        let (events_end, edges_end) = match self.scratch.emitter.written.get(i + 1) {
            Some(next) => (next.event as usize, next.edge as usize),
            None => (self.out.events.len(), self.scratch.emitter.edges.len()),
        };
        let mut has_loop = false;
        let Emitter { edges, number_of, first_event, .. } = &mut self.scratch.emitter;
        let edges = &mut edges[edge as usize..edges_end];
        for edge in &mut *edges {
            *edge = number_of[usize::from(*edge)];
            has_loop |= usize::from(*edge) <= i;
        }
        let (n_edges, edges) = placed(edges, self.out.edges);
        let first_event = (event as usize - *first_event).min(usize::from(u16::MAX));
        let n_events = (events_end - event as usize).min(usize::from(u16::MAX) - first_event);
        let mut finisher = Finisher { s: self.scratch, values: self.out.values, merges: self.out.merges };
        for event in &mut self.out.events[event as usize..events_end] {
            let args = match event.rows_of_args() {
                Some(rows) => &mut self.out.args[rows.range()],
                None => &mut event.args[..usize::from(event.n_args)],
            };
            for arg in args {
                *arg = finisher.finish(arg.0);
            }
        }
        let (test, tested) = finisher.finish_test(test).parts();
        let handlers = halves(self.block_handlers(usize::from(block)));
        let (first_event, n_events) = (first_event as u16, n_events as u16);
        self.out.blocks.push(Block { first_event, n_events, edges, n_edges, test, tested, handlers });
        has_loop
    }

    /// Four of five bodies are a single block; of those with the same number of events one row is kept.
    fn shared_block(&mut self, first: usize) -> Span {
        let own = Span::from(first, self.out.blocks.len());
        let [block] = self.out.blocks[first..] else { return own };
        if block.n_edges > 0 || block.handlers != halves(NO_HANDLER) {
            return own;
        }
        let shared = &mut self.scratch.emitter.shared;
        let n_events = usize::from(block.n_events);
        if shared.len() <= n_events {
            shared.resize(n_events + 1, u32::MAX);
        }
        // The row may be one of the tables of another unit.
        let known = shared[n_events] as usize;
        if known < first && self.out.blocks[known] == block {
            self.out.blocks.truncate(first);
            return Span::from(known, known + 1);
        }
        shared[n_events] = first as u32;
        own
    }

    /// Appends a block's handlers, or shares those of the block before if they are the same. Gives the first's row.
    fn block_handlers(&mut self, block: usize) -> u32 {
        let rows = self.scratch.flow.handler_rows(block);
        let start = self.out.handlers.len();
        for row in rows {
            let (handler, catches) = self.scratch.flow.handler(row);
            let number = self.scratch.emitter.number_of.get(usize::from(handler)).copied().unwrap_or(0);
            let catches = if catches == 0 { NO_NAME } else { Name(u32::from(catches)) };
            self.out.handlers.push(Handler { block: number, catches, is_last: false });
        }
        let Some(last) = self.out.handlers[start..].last_mut() else { return NO_HANDLER };
        last.is_last = true;
        let before = start
            .checked_sub(self.out.handlers.len() - start)
            .filter(|at| *at >= self.scratch.emitter.first_handler);
        if let Some(before) = before
            && self.out.handlers[before..start] == self.out.handlers[start..]
        {
            self.out.handlers.truncate(start);
            return before as u32;
        }
        start as u32
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
}

/// Successors as a block holds them; more than two go into a table.
fn placed(edges: &[u16], table: &mut Vec<u16>) -> (u8, [u16; 2]) {
    match *edges {
        [] => (0, [0; 2]),
        [only] => (1, [only, 0]),
        [taken, next] => (2, [taken, next]),
        _ => {
            let row = table.len() as u32;
            let n = edges.len().min(usize::from(u16::MAX));
            table.push(n as u16);
            table.extend_from_slice(&edges[..n]);
            (MANY_EDGES, halves(row))
        }
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
