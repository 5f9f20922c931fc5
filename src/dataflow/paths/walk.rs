//! Following all paths from a place in a body, along normal and exceptional edges.

use super::ExitKind;
use crate::dataflow::exceptions::{Catch, Thrown, catches};
use crate::dataflow::{Body, World};
use crate::facts::{Block, EventKind, MethodFacts, UnitFacts};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Pairs of block and state that one walk visits.
const MAX_NODES: usize = 1 << 14;
/// Events that one walk looks at.
const MAX_EVENTS: usize = 1 << 20;
/// Exits of one walk.
const MAX_EXITS: usize = 64;

/// What an event does to the state that a walk carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::dataflow) enum After {
    /// The walk goes on with this state.
    Goes(u32),
    /// Nothing is open any more.
    Settled,
    /// The site comes round with the last turn's still open.
    Again,
}

/// What a walk follows.
pub(in crate::dataflow) trait Watch {
    /// The state after an event has ended normally. `has_failed` says whether something threw on the way to it.
    fn after(&self, event: u16, state: u32, has_failed: bool) -> After;
    /// The exceptions by which an event may end with something open.
    fn thrown(&self, event: u16, state: u32) -> Vec<Thrown>;
    /// The state after an event has ended by an exception.
    fn after_throw(&self, _event: u16, state: u32) -> u32 {
        state
    }
    /// Whether the walk may look at so many more events.
    fn goes_on(&self, _n_events: usize) -> bool {
        true
    }
    /// Whether the walk goes along a normal edge of a block, counted as in [`UnitFacts::successors`].
    fn takes(&self, block: u16, edge: usize, state: u32) -> bool;
}

/// One way out that a walk has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::dataflow) struct Exit {
    pub(in crate::dataflow) kind: ExitKind,
    pub(in crate::dataflow) at: u16,
    pub(in crate::dataflow) cause: Option<u16>,
    pub(in crate::dataflow) state: u32,
}

/// Where a walk starts.
#[derive(Clone, Copy, Debug)]
pub(in crate::dataflow) enum Start {
    /// At the body's entry.
    Entry,
    /// After an event has ended normally.
    After(u16),
}

/// The block that holds an event.
pub(in crate::dataflow) fn block_of(unit: &UnitFacts, method: &MethodFacts, event: u16) -> Option<u16> {
    let holds = |b: &Block| b.events().contains(&usize::from(event));
    unit.blocks_of(method).iter().position(holds).map(|b| b as u16)
}

struct Walk<'a, 'w, W> {
    world: &'a World<'w>,
    body: Body<'a>,
    watch: &'a W,
    exits: Vec<Exit>,
    waiting: VecDeque<Node>,
    /// What only an exception leads to. It is looked at last: what a path without one gets to as well does not depend on it.
    after_failure: VecDeque<Node>,
    seen: FxHashSet<(u16, u32)>,
    /// What waits after a failure already: many calls lead to one handler.
    failed: FxHashSet<(u16, u32)>,
}

#[derive(Clone, Copy)]
struct Node {
    block: u16,
    /// Events of the block that are behind it.
    from: u16,
    state: u32,
    cause: Option<u16>,
}

/// Follows all paths from the start on which the watch sees something open, the shortest first, and returns how they
/// leave the method. Each pair of block and state is visited once.
pub(in crate::dataflow) fn walk<W: Watch>(
    world: &World<'_>,
    body: Body<'_>,
    watch: &W,
    start: Start,
    state: u32,
) -> Vec<Exit> {
    let unit = body.origins.unit;
    let (block, from) = match start {
        Start::Entry => (0, 0),
        Start::After(event) => {
            let Some(block) = block_of(unit, body.method, event) else { return Vec::new() };
            let first = unit.blocks_of(body.method).get(usize::from(block)).map_or(0, Block::first_event);
            (block, event - first + 1)
        }
    };
    let mut walk = Walk {
        world,
        body,
        watch,
        exits: Vec::new(),
        waiting: VecDeque::from([Node { block, from, state, cause: None }]),
        after_failure: VecDeque::new(),
        seen: FxHashSet::default(),
        failed: FxHashSet::default(),
    };
    let mut n_events = 0;
    while let Some(node) = walk.next() {
        let n = unit.blocks_of(body.method).get(usize::from(node.block)).map_or(0, |b| b.events().len() + 1);
        n_events += n;
        if walk.seen.len() > MAX_NODES || n_events > MAX_EVENTS {
            world.bounds.note(body.id);
            break;
        }
        if walk.exits.len() > MAX_EXITS || !watch.goes_on(n) {
            break;
        }
        walk.visit(node);
    }
    walk.exits
}

impl<W: Watch> Walk<'_, '_, W> {
    fn next(&mut self) -> Option<Node> {
        if let Some(node) = self.waiting.pop_front() {
            return Some(node);
        }
        while let Some(node) = self.after_failure.pop_front() {
            if self.seen.insert((node.block, node.state)) {
                return Some(node);
            }
        }
        None
    }

    fn visit(&mut self, node: Node) {
        let unit = self.body.origins.unit;
        let Some(block) = unit.blocks_of(self.body.method).get(usize::from(node.block)) else { return };
        let first = block.first_event();
        let mut state = node.state;
        // A block has the same handlers for all its events.
        let mut thrown_before = FxHashMap::default();
        for (i, event) in
            unit.events_in(self.body.method, block).iter().enumerate().skip(usize::from(node.from))
        {
            let at = first + i as u16;
            for thrown in self.watch.thrown(at, state) {
                let state = self.watch.after_throw(at, state);
                let node = Node { state, cause: node.cause.or(Some(at)), ..node };
                let is_caught =
                    *thrown_before.entry((thrown, state)).or_insert_with(|| self.throw(block, thrown, node));
                if !is_caught {
                    self.leave(ExitKind::Exceptional, at, node);
                }
            }
            match self.watch.after(at, state, node.cause.is_some()) {
                After::Settled => return,
                After::Again => return self.leave(ExitKind::Normal, at, Node { state, ..node }),
                After::Goes(next) => state = next,
            }
            match event.kind {
                EventKind::Return => return self.leave(ExitKind::Normal, at, Node { state, ..node }),
                EventKind::Throw => return,
                _ => {}
            }
        }
        for (i, next) in unit.successors(block).iter().enumerate() {
            if self.watch.takes(node.block, i, state) {
                self.go(Node { block: *next, from: 0, state, cause: node.cause });
            }
        }
    }

    /// To the handlers that take the exception, innermost first. Returns whether one surely does.
    fn throw(&mut self, block: &Block, thrown: Thrown, node: Node) -> bool {
        let loader = self.world.program.class(self.body.class).loader;
        for handler in self.body.origins.unit.handlers(block) {
            let catch = catches(self.world, loader, handler.catches, thrown);
            if catch != Catch::Never {
                self.go(Node { block: handler.block, from: 0, ..node });
            }
            if catch == Catch::Surely {
                return true;
            }
        }
        false
    }

    fn go(&mut self, node: Node) {
        let key = (node.block, node.state);
        match node.cause {
            None if self.seen.insert(key) => self.waiting.push_back(node),
            Some(_) if !self.seen.contains(&key) && self.failed.insert(key) => {
                self.after_failure.push_back(node);
            }
            _ => {}
        }
    }

    fn leave(&mut self, kind: ExitKind, at: u16, node: Node) {
        self.exits.push(Exit { kind, at, cause: node.cause, state: node.state });
    }
}
