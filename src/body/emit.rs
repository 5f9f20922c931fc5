//! Writing: once all is known, events, the values they use, and the blocks get their final form.

use super::drafts::{DROPPED, Draft, Drafts, OF_PRIMITIVE, Written};
use super::execute::{PRIMITIVE_ARRAY, WHOLE_ARRAY};
use super::finish::{Final, Finisher, UNFINISHED};
use super::frame::Slot;
use super::lines::Lines;
use super::model::{
    Block, Event, EventKind, Handler, INLINE_ARGS, MANY_EDGES, NO_HANDLER, NO_NAME, NO_TARGET, NO_VALUE,
    Span, Test, halves, whole,
};
use super::solve::{Bodies, Mark, Reduced};
use super::state::{Raw, State};
use crate::vocabulary::{Name, ValueId};

/// Working memory for giving one body its final form.
#[derive(Default)]
pub(super) struct Finishing {
    /// Final id of each raw value.
    pub(super) final_of: Vec<Final>,
    /// Number each reachable block gets.
    pub(super) number_of: Vec<u16>,
    /// Events whose results are used.
    pub(super) used: Vec<u32>,
    pub(super) first_value: usize,
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

/// Gives a solved body its final form.
pub(super) fn finish(
    state: &mut State,
    shared: &mut Vec<u32>,
    out: &mut Bodies<'_>,
    mark: Mark,
    lines: Lines<'_>,
) -> Reduced {
    state.number(mark);
    let first_line = lines.first();
    let n_blocks = state.flow.n_blocks();
    let mut writer = Writer { s: state, out, lines, mark };
    let (mut has_loop, mut number) = (false, 0);
    for block in 0..n_blocks {
        if let Some(written) = writer.s.drafts.block(block) {
            has_loop |= writer.write(number, block, written);
            number += 1;
        }
    }
    for event in &state.finishing.used {
        if let Some(event) = out.events.get_mut(mark[0] + *event as usize) {
            event.set_used();
        }
    }
    Reduced { has_loop, blocks: shared_block(shared, out, mark[4]), ..spans(out, mark, first_line) }
}

/// The form of a body of one block that is written already, and that no handler covers.
pub(super) fn single_block(shared: &mut Vec<u32>, out: &mut Bodies<'_>, mark: Mark, line: u16) -> Reduced {
    let n_events = (out.events.len() - mark[0]).min(usize::from(u16::MAX)) as u16;
    let (test, tested) = Test::None.parts();
    let handlers = halves(NO_HANDLER);
    out.blocks.push(Block { first_event: 0, n_events, edges: [0; 2], n_edges: 0, test, tested, handlers });
    Reduced { blocks: shared_block(shared, out, mark[4]), ..spans(out, mark, line) }
}

fn spans(out: &Bodies<'_>, mark: Mark, first_line: u16) -> Reduced {
    Reduced {
        events: Span::from(mark[0], out.events.len()),
        values: Span::from(mark[2], out.values.len()),
        blocks: Span::from(mark[4], out.blocks.len()),
        merges: Span::from(mark[3], out.merges.len()),
        handlers: Span::from(mark[6], out.handlers.len()),
        has_loop: false,
        line: if out.events.len() > mark[0] { first_line } else { 0 },
    }
}

impl State {
    /// Gives blocks and events their numbers.
    fn number(&mut self, mark: Mark) {
        let Self { finishing: f, drafts, raw, flow, .. } = self;
        f.final_of.clear();
        f.final_of.resize(raw.len(), UNFINISHED);
        f.number_of.clear();
        let mut number = 0;
        f.number_of.extend((0..flow.n_blocks()).map(|block| {
            let own = if drafts.block(block).is_some() { number } else { 0 };
            number += u16::from(drafts.block(block).is_some());
            own
        }));
        f.used.clear();
        f.merge_rows.clear();
        (f.n_finished, f.first_value) = (0, mark[2]);
        drafts.number(|drafts, draft| {
            draft.kind == EventKind::ArrayStore
                && draft.target == OF_PRIMITIVE
                && drafts.args(draft).first().is_some_and(|array| is_new_array(raw, drafts, *array))
        });
    }
}

fn is_new_array(raw: &[Raw], drafts: &Drafts, array: Slot) -> bool {
    let Some(Raw::Event(row)) = raw.get(usize::from(array)) else { return false };
    drafts.event(*row as usize).is_some_and(|draft| draft.kind == EventKind::NewArray)
}

struct Writer<'m, 't, 'o> {
    s: &'m mut State,
    out: &'m mut Bodies<'t>,
    lines: Lines<'o>,
    mark: Mark,
}

impl Writer<'_, '_, '_> {
    /// Writes the `i`-th reachable block. Returns whether a branch goes back from it.
    fn write(&mut self, i: usize, block: usize, written: Written) -> bool {
        let first = self.out.events.len();
        for row in written.events() {
            self.write_event(row);
        }
        let first_event = (first - self.mark[0]).min(usize::from(u16::MAX));
        let n_events = (self.out.events.len() - first).min(usize::from(u16::MAX) - first_event);
        let (n_edges, edges, has_loop) = self.placed(written, i);
        let mut finisher = Finisher { s: self.s, values: self.out.values, merges: self.out.merges };
        let (test, tested) = written.test.map(|id| finisher.finish(id.0)).parts();
        let handlers = halves(self.block_handlers(block));
        let (first_event, n_events) = (first_event as u16, n_events as u16);
        self.out.blocks.push(Block { first_event, n_events, edges, n_edges, test, tested, handlers });
        has_loop
    }

    #[inline]
    fn write_event(&mut self, row: usize) {
        let Some(draft) = self.s.drafts.event(row) else { return };
        if self.s.drafts.number_of(row as u32) == DROPPED {
            return;
        }
        let Draft { kind, n_args, .. } = draft;
        let mut finisher = Finisher { s: self.s, values: self.out.values, merges: self.out.merges };
        let mut args = [NO_VALUE; INLINE_ARGS];
        if usize::from(n_args) <= INLINE_ARGS {
            for (arg, slot) in args.iter_mut().zip(draft.args).take(usize::from(n_args)) {
                *arg = finisher.finish(slot);
            }
        } else {
            let first = whole(draft.args) as usize;
            args = halves(self.out.args.len() as u32).map(ValueId);
            for i in first..first + usize::from(n_args) {
                let slot = finisher.s.drafts.arg(i);
                self.out.args.push(finisher.finish(slot));
            }
        }
        let target = if kind == EventKind::ArrayStore { NO_TARGET } else { draft.target };
        let line = self.lines.at(usize::from(draft.pc));
        self.out.events.push(Event { kind, n_args, line, target: halves(target), args });
    }

    /// Successors as a block holds them, and whether one is no later block; more than two go into a table.
    fn placed(&mut self, written: Written, i: usize) -> (u8, [u16; 2], bool) {
        let number_of = &self.s.finishing.number_of;
        let edges = self.s.drafts.edges(written);
        let number = |edge: &u16| number_of.get(usize::from(*edge)).copied().unwrap_or(0);
        let has_loop = edges.iter().any(|edge| usize::from(number(edge)) <= i);
        let (n_edges, placed) = match edges {
            [] => (0, [0; 2]),
            [only] => (1, [number(only), 0]),
            [taken, next] => (2, [number(taken), number(next)]),
            _ => {
                let row = self.out.edges.len() as u32;
                let n = edges.len().min(usize::from(u16::MAX));
                self.out.edges.push(n as u16);
                self.out.edges.extend(edges[..n].iter().map(number));
                (MANY_EDGES, halves(row))
            }
        };
        (n_edges, placed, has_loop)
    }

    /// Appends a block's handlers, or shares those of the block before if they are the same. Gives the first's row.
    fn block_handlers(&mut self, block: usize) -> u32 {
        let start = self.out.handlers.len();
        for row in self.s.flow.handler_rows(block) {
            let (handler, catches) = self.s.flow.handler(row);
            let number = self.s.finishing.number_of.get(usize::from(handler)).copied().unwrap_or(0);
            let catches = if catches == 0 { NO_NAME } else { Name(u32::from(catches)) };
            self.out.handlers.push(Handler { block: number, catches, is_last: false });
        }
        let Some(last) = self.out.handlers[start..].last_mut() else { return NO_HANDLER };
        last.is_last = true;
        let before = start.checked_sub(self.out.handlers.len() - start).filter(|at| *at >= self.mark[6]);
        if let Some(before) = before
            && self.out.handlers[before..start] == self.out.handlers[start..]
        {
            self.out.handlers.truncate(start);
            return before as u32;
        }
        start as u32
    }
}

/// Four of five bodies are a single block; of those with the same number of events one row is kept.
fn shared_block(shared: &mut Vec<u32>, out: &mut Bodies<'_>, first: usize) -> Span {
    let own = Span::from(first, out.blocks.len());
    let [block] = out.blocks[first..] else { return own };
    if block.n_edges > 0 || block.handlers != halves(NO_HANDLER) {
        return own;
    }
    let n_events = usize::from(block.n_events);
    if shared.len() <= n_events {
        shared.resize(n_events + 1, u32::MAX);
    }
    // The row may be one of the tables of another unit.
    let known = shared[n_events] as usize;
    if known < first && out.blocks[known] == block {
        out.blocks.truncate(first);
        return Span::from(known, known + 1);
    }
    shared[n_events] = first as u32;
    own
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
