//! Questions about paths through one body, exceptional edges included.

use super::exceptions::{BodyThrows, Catch, Exceptions, Reading, Thrown, catches};
use super::{Body, World};
use crate::facts::{Block, Event, EventKind, MethodFacts, NO_VALUE, Test, UnitFacts, Value};
use crate::vocabulary::{MethodId, ValueId};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// Pairs of block and state that one walk visits.
const MAX_NODES: usize = 1 << 14;
/// Exits of one walk.
const MAX_EXITS: usize = 64;
/// Levels of callees that are asked whether they settle something.
const SETTLING_DEPTH: u32 = 3;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 8;

/// Whether every way from the body's entry to block `to` passes the edge from `from` to `via`.
pub fn only_through(unit: &UnitFacts, method: &MethodFacts, from: u16, via: u16, to: u16) -> bool {
    let blocks = unit.blocks_of(method);
    let mut seen = vec![false; blocks.len()];
    let mut waiting = vec![0u16];
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        if std::mem::replace(&mut seen[usize::from(at)], true) {
            continue;
        }
        if at == to {
            return false;
        }
        let edges = unit.successors(block).iter().copied().filter(|e| at != from || *e != via);
        waiting.extend(edges);
        waiting.extend(unit.handlers(block).iter().map(|h| h.block));
    }
    true
}

/// Which way a method is left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ExitKind {
    /// By a return; also when a loop comes back to the site with nothing settled.
    Normal,
    /// By an exception.
    Exceptional,
}

/// Which exits are asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exits {
    /// Both kinds.
    Any,
    /// Only returns.
    Normal,
    /// Only exceptions.
    Exceptional,
}

/// A way out of a method on which something is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathGap {
    /// How the method is left.
    pub exit: ExitKind,
    /// The event that leaves it.
    pub at: u16,
    /// The first event on the way that throws, if the way depends on one.
    pub cause: Option<u16>,
    /// Whether any event of the method settles it.
    pub ever_settled: bool,
}

/// What an event does to the state that a walk carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    /// The walk goes on with this state.
    Goes(u32),
    /// Nothing is open any more.
    Settled,
    /// The site comes round with the last turn's still open.
    Again,
}

/// What a walk follows.
pub(super) trait Watch {
    /// The state after an event has ended normally.
    fn after(&self, event: u16, state: u32) -> After;
    /// The exceptions by which an event may end with the state as it was.
    fn thrown(&self, event: u16, state: u32) -> Vec<Thrown>;
    /// Whether the walk goes along a normal edge of a block, counted as in [`UnitFacts::successors`].
    fn takes(&self, block: u16, edge: usize, state: u32) -> bool;
}

/// One way out that a walk has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Exit {
    pub(super) kind: ExitKind,
    pub(super) at: u16,
    pub(super) cause: Option<u16>,
    pub(super) state: u32,
}

/// Where a walk starts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// At the body's entry.
    Entry,
    /// After an event has ended normally.
    After(u16),
}

/// Position of a block's first event among the body's.
pub(super) fn first_event(method: &MethodFacts, block: &Block) -> u16 {
    block.events.start.saturating_sub(method.events.start) as u16
}

/// The block that holds an event.
pub(super) fn block_of(unit: &UnitFacts, method: &MethodFacts, event: u16) -> Option<u16> {
    let holds = |b: &Block| {
        let first = first_event(method, b);
        event >= first && u32::from(event - first) < b.events.len
    };
    unit.blocks_of(method).iter().position(holds).map(|b| b as u16)
}

struct Walk<'a, 'w, W> {
    world: &'a World<'w>,
    body: Body<'a>,
    watch: &'a W,
    exits: Vec<Exit>,
    waiting: VecDeque<Node>,
    seen: FxHashSet<(u16, u32)>,
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
pub(super) fn walk<W: Watch>(
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
            let first = unit
                .blocks_of(body.method)
                .get(usize::from(block))
                .map_or(0, |b| first_event(body.method, b));
            (block, event - first + 1)
        }
    };
    let mut walk = Walk {
        world,
        body,
        watch,
        exits: Vec::new(),
        waiting: VecDeque::from([Node { block, from, state, cause: None }]),
        seen: FxHashSet::default(),
    };
    while let Some(node) = walk.waiting.pop_front() {
        if walk.seen.len() > MAX_NODES || walk.exits.len() > MAX_EXITS {
            break;
        }
        walk.visit(node);
    }
    walk.exits
}

impl<W: Watch> Walk<'_, '_, W> {
    fn visit(&mut self, node: Node) {
        let unit = self.body.origins.unit;
        let Some(block) = unit.blocks_of(self.body.method).get(usize::from(node.block)) else { return };
        let first = first_event(self.body.method, block);
        let mut state = node.state;
        for (i, event) in block.events.of(&unit.events).iter().enumerate().skip(usize::from(node.from)) {
            let at = first + i as u16;
            for thrown in self.watch.thrown(at, state) {
                self.throw(block, at, thrown, Node { state, ..node });
            }
            match self.watch.after(at, state) {
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

    /// To the handlers that take the exception, innermost first, and out if none surely does.
    fn throw(&mut self, block: &Block, at: u16, thrown: Thrown, node: Node) {
        let loader = self.world.program.class(self.body.class).loader;
        let node = Node { cause: node.cause.or(Some(at)), ..node };
        for handler in self.body.origins.unit.handlers(block) {
            let catch = catches(self.world, loader, handler.catches, thrown);
            if catch != Catch::Never {
                self.go(Node { block: handler.block, from: 0, ..node });
            }
            if catch == Catch::Surely {
                return;
            }
        }
        self.leave(ExitKind::Exceptional, at, node);
    }

    fn go(&mut self, node: Node) {
        if self.seen.insert((node.block, node.state)) {
            self.waiting.push_back(node);
        }
    }

    fn leave(&mut self, kind: ExitKind, at: u16, node: Node) {
        self.exits.push(Exit { kind, at, cause: node.cause, state: node.state });
    }
}

/// Edges that a path from a site can't take, because a condition was true when the site was reached, or that need not
/// be looked at, because a flag decides there whether to settle.
#[derive(Default)]
pub(super) struct ClosedEdges {
    edges: FxHashSet<(u16, usize)>,
}

impl ClosedEdges {
    /// For paths from an event (`None`: from the entry). `settles` says which blocks settle as soon as they are entered.
    pub(super) fn find(body: Body<'_>, site: Option<u16>, settles: &dyn Fn(u16) -> bool) -> Self {
        let mut closed = Self::default();
        let unit = body.origins.unit;
        let tests: Vec<(u16, Tested)> = unit
            .blocks_of(body.method)
            .iter()
            .enumerate()
            .filter_map(|(b, block)| Some((b as u16, Tested::of(body, block)?)))
            .collect();
        for (block, tested) in &tests {
            closed.by_flag(*block, tested, settles);
            closed.by_constant(*block, tested, body);
        }
        if let Some(to) = site.and_then(|event| block_of(unit, body.method, event)) {
            for (block, tested) in &tests {
                let others = tests
                    .iter()
                    .filter(|(b, t)| b != block && t.value == tested.value && t.is_null == tested.is_null);
                let others: Vec<&(u16, Tested)> = others.collect();
                if others.is_empty() || tested.edges[0] == tested.edges[1] {
                    continue;
                }
                for (edge, via) in tested.edges.iter().enumerate() {
                    if only_through(unit, body.method, *block, *via, to) {
                        closed.contradicting(tested, edge, &others);
                    }
                }
            }
        }
        closed
    }

    pub(super) fn has(&self, block: u16, edge: usize) -> bool {
        self.edges.contains(&(block, edge))
    }

    /// A local flag that only ever holds constants, tested right before settling: whoever wrote it knew why.
    fn by_flag(&mut self, block: u16, tested: &Tested, settles: &dyn Fn(u16) -> bool) {
        if tested.is_flag {
            match (settles(tested.edges[0]), settles(tested.edges[1])) {
                (true, false) => drop(self.edges.insert((block, 1))),
                (false, true) => drop(self.edges.insert((block, 0))),
                _ => {}
            }
        }
    }

    /// A test of a value that is the same constant on every path.
    fn by_constant(&mut self, block: u16, tested: &Tested, body: Body<'_>) {
        let mut outcomes = body.origins.leaves(tested.value).map(|leaf| match leaf {
            Value::Null if tested.is_null => Some(true),
            Value::Int(n) if !tested.is_null => Some(n == 0),
            _ => None,
        });
        let Some(Some(first)) = outcomes.next() else { return };
        if outcomes.all(|o| o == Some(first)) {
            // Edge 0 is taken when the test's outcome is `taken_if`.
            self.edges.insert((block, usize::from(tested.taken_if == first)));
        }
    }

    fn contradicting(&mut self, tested: &Tested, edge: usize, others: &[&(u16, Tested)]) {
        let outcome = tested.outcome(edge);
        for (block, other) in others {
            let wrong = usize::from(other.outcome(0) == outcome);
            self.edges.insert((*block, wrong));
        }
    }
}

/// A two-way branch on whether a value is null, or zero.
struct Tested {
    value: ValueId,
    is_null: bool,
    /// The outcome (is null, is zero) for which edge 0 is taken.
    taken_if: bool,
    edges: [u16; 2],
    is_flag: bool,
}

impl Tested {
    fn of(body: Body<'_>, block: &Block) -> Option<Self> {
        let (value, is_null, taken_if) = match block.test {
            Test::IsNull(v) => (v, true, true),
            Test::NonNull(v) => (v, true, false),
            Test::IsZero(v) => (v, false, true),
            Test::NonZero(v) => (v, false, false),
            _ => return None,
        };
        let [taken, other] = body.origins.unit.successors(block) else { return None };
        let leaves = || body.origins.leaves(value);
        let is_flag = !is_null && leaves().count() > 1 && leaves().all(|l| matches!(l, Value::Int(_)));
        Some(Self { value, is_null, taken_if, edges: [*taken, *other], is_flag })
    }

    fn outcome(&self, edge: usize) -> bool {
        (edge == 0) == self.taken_if
    }
}

/// Whether there is a path from an event to an exit of its method without a settling event. A call settles if the
/// predicate says so, or if what it calls, a few levels deep, contains an event for which it does. Every call counts as
/// one that may throw, but for those the models know never to, and for those that only fetch what a settling call needs.
pub fn missing_after(
    world: &World<'_>,
    method: MethodId,
    event: u16,
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    exits: Exits,
) -> Option<PathGap> {
    let body = world.body(method);
    let events = body.origins.events();
    let settles: Vec<bool> = events
        .iter()
        .enumerate()
        .map(|(i, e)| i != usize::from(event) && settles_within(world, body, e, is_settling, SETTLING_DEPTH))
        .collect();
    let watch = Settling::new(world, body, event, settles);
    let found = walk(world, body, &watch, Start::After(event), 0);
    let counts = |exit: &&Exit| match exits {
        Exits::Any => true,
        Exits::Normal => exit.kind == ExitKind::Normal,
        Exits::Exceptional => exit.kind == ExitKind::Exceptional,
    };
    let ever_settled = watch.settles.contains(&true);
    let first = found.iter().filter(counts).min_by_key(|e| (e.kind, e.cause.is_some()))?;
    Some(PathGap { exit: first.kind, at: first.at, cause: first.cause, ever_settled })
}

fn settles_within(
    world: &World<'_>,
    body: Body<'_>,
    event: &Event,
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    depth: u32,
) -> bool {
    if is_settling(body, event) {
        return true;
    }
    if depth == 0 || !event.kind.is_invoke() {
        return false;
    }
    let targets = world.targets(body, event, MAX_TARGETS).unwrap_or_default();
    targets.iter().any(|target| {
        let callee = world.body(*target);
        callee.origins.events().iter().any(|e| settles_within(world, callee, e, is_settling, depth - 1))
    })
}

struct Settling {
    site: u16,
    settles: Vec<bool>,
    throws: BodyThrows,
    fetches: Vec<bool>,
    closed: ClosedEdges,
}

impl Settling {
    fn new(world: &World<'_>, body: Body<'_>, site: u16, settles: Vec<bool>) -> Self {
        let unit = body.origins.unit;
        let throws = Exceptions::new(world).of_body(body, Reading::AnyCall);
        let fetches = fetches(body, &|i| settles.get(i).copied().unwrap_or(false));
        let block_settles = |b: u16| {
            let block = unit.blocks_of(body.method).get(usize::from(b));
            let first = block.map_or(0, |b| usize::from(first_event(body.method, b)));
            let n = block.map_or(0, |b| b.events.len as usize);
            settles.get(first..first + n).is_some_and(|s| s.contains(&true))
        };
        let closed = ClosedEdges::find(body, Some(site), &block_settles);
        Self { site, settles, throws, fetches, closed }
    }
}

/// The calls whose result a settling event works on, and that are made for it alone: `lock()` in `lock().unlock()`.
pub(super) fn fetches(body: Body<'_>, settles: &dyn Fn(usize) -> bool) -> Vec<bool> {
    let events = body.origins.events();
    let mut found = vec![false; events.len()];
    // Backwards, so that a chain of calls is found in one pass.
    for (i, event) in events.iter().enumerate().rev() {
        if settles(i) || found[i] {
            for value in body.origins.args(event).iter().filter(|v| **v != NO_VALUE) {
                if let Value::Event(made) = body.origins.unit.value(body.method, *value)
                    && (made as usize) < i
                    && events.get(made as usize).is_some_and(|e| e.line.abs_diff(event.line) <= 2)
                {
                    found[made as usize] = true;
                }
            }
        }
    }
    found
}

impl Watch for Settling {
    fn after(&self, event: u16, state: u32) -> After {
        if self.settles.get(usize::from(event)).copied().unwrap_or(false) {
            After::Settled
        } else if event == self.site {
            After::Again
        } else {
            After::Goes(state)
        }
    }

    fn thrown(&self, event: u16, _state: u32) -> Vec<Thrown> {
        let of = |list: &[bool]| list.get(usize::from(event)).copied().unwrap_or(false);
        if of(&self.settles) || of(&self.fetches) { Vec::new() } else { self.throws.of_event(event).to_vec() }
    }

    fn takes(&self, block: u16, edge: usize, _state: u32) -> bool {
        !self.closed.has(block, edge)
    }
}
