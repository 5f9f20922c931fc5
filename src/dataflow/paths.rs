//! Questions about paths through one body, exceptional edges included.

mod edges;
mod needed;
mod walk;

pub(super) use edges::{ClosedEdges, Flags, Tested};
pub use needed::Needed;
pub(super) use walk::{After, Exit, Start, Watch, block_of, walk};

use super::exceptions::{BodyThrows, Exceptions, Reading, Thrown};
use super::remembered::Remembered;
use super::{Body, World};
use crate::facts::{Block, Event, MethodFacts, NO_NAME, NO_VALUE, UnitFacts, Value};
use crate::vocabulary::MethodId;
use rustc_hash::FxHashSet;
use std::cell::{Cell, OnceCell};

/// Blocks of one handler that are searched for what it settles.
const MAX_CLEANUP_BLOCKS: usize = 24;
/// Levels of callees that are asked whether they settle something.
const SETTLING_DEPTH: u32 = 3;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 8;
/// Events of callees that are looked at for one question, for whether they settle something, and for what they throw.
const MAX_SEARCHED: usize = 1 << 18;
/// Events of callees looked at to tell which of several exits convinces most; of more, each counts as declared.
const MAX_COMPARED: u64 = 1 << 13;

/// Whether every way from the body's entry to block `to` passes one of the edges, each from one block to another.
pub fn only_through_any(unit: &UnitFacts, method: &MethodFacts, passed: &[(u16, u16)], to: u16) -> bool {
    let mut seen = vec![false; unit.blocks_of(method).len()];
    !reach(unit, method, passed, Some(to), &mut seen)
}

/// Marks the blocks that are reached without some edges, up to one of them; whether that one is.
fn reach(
    unit: &UnitFacts,
    method: &MethodFacts,
    without: &[(u16, u16)],
    to: Option<u16>,
    seen: &mut [bool],
) -> bool {
    const FEW: usize = 16;
    let blocks = unit.blocks_of(method);
    let many = (without.len() > FEW).then(|| without.iter().copied().collect::<FxHashSet<_>>());
    let is_left = |edge: (u16, u16)| match &many {
        Some(many) => !many.contains(&edge),
        None => !without.contains(&edge),
    };
    let mut waiting = vec![0u16];
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        if std::mem::replace(&mut seen[usize::from(at)], true) {
            continue;
        }
        if Some(at) == to {
            return true;
        }
        let edges = unit.successors(block).iter().copied().filter(|e| is_left((at, *e)));
        waiting.extend(edges);
        waiting.extend(unit.handlers(block).iter().map(|h| h.block));
    }
    false
}

/// The blocks that are not reached but by the edge from `from` to `via`.
pub fn behind(unit: &UnitFacts, method: &MethodFacts, from: u16, via: u16) -> Vec<bool> {
    let mut seen = vec![false; unit.blocks_of(method).len()];
    reach(unit, method, &[(from, via)], None, &mut seen);
    seen.iter_mut().for_each(|is_seen| *is_seen = !*is_seen);
    seen
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
    missing_after_held(world, (method, event), None, is_settling, exits)
}

/// Whether methods settle something, so many calls deep, by who asks: questions of one kind, of which it makes no
/// difference at what site they are asked, share their answers.
pub type Settled = Remembered<(usize, MethodId, u32), bool>;

/// As [`missing_after`], for one of many sites of one question, which `known` has by its number. In the site's own method
/// what `is_settling_here` accepts settles it, too.
pub fn missing_after_known(
    world: &World<'_>,
    site: (MethodId, u16),
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    is_settling_here: &dyn Fn(Body<'_>, &Event) -> bool,
    exits: Exits,
    (known, question): (&Settled, usize),
) -> Option<PathGap> {
    let search = Settles { world, is_settling, known, question, left: Cell::new(usize::MAX) };
    let settles =
        |body: Body<'_>, e: &Event| is_settling_here(body, e) || search.within(body, e, SETTLING_DEPTH);
    missing_held(world, site, Held::default(), &settles, exits)
}

/// The same, after an event that tells whether it has done anything: where it says no, nothing is missing.
pub fn missing_after_done(
    world: &World<'_>,
    (method, event): (MethodId, u16),
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    exits: Exits,
) -> Option<PathGap> {
    let known = Settled::default();
    let search = Settles { world, is_settling, known: &known, question: 0, left: Cell::new(MAX_SEARCHED) };
    let settles = |body: Body<'_>, e: &Event| search.within(body, e, SETTLING_DEPTH);
    let held = Held { value: Some(Value::Event(u32::from(event))), is_answer: true };
    missing_held(world, (method, event), held, &settles, exits)
}

/// The same, where an event has made something that is there from then on: it is not null on any path.
pub fn missing_after_held(
    world: &World<'_>,
    site: (MethodId, u16),
    held: Option<Value>,
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    exits: Exits,
) -> Option<PathGap> {
    let known = Settled::default();
    let search = Settles { world, is_settling, known: &known, question: 0, left: Cell::new(MAX_SEARCHED) };
    let settles = |body: Body<'_>, e: &Event| search.within(body, e, SETTLING_DEPTH);
    missing_held(world, site, Held { value: held, is_answer: false }, &settles, exits)
}

/// As [`missing_after`], for events of the method itself, whatever they call.
pub(super) fn missing_directly_after(
    world: &World<'_>,
    method: MethodId,
    event: u16,
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    exits: Exits,
) -> Option<PathGap> {
    missing_held(world, (method, event), Held::default(), is_settling, exits)
}

/// What tells that there is something to settle.
#[derive(Clone, Copy, Default)]
struct Held {
    /// A value that is there from the site on.
    value: Option<Value>,
    /// Whether it is an answer, true if there is something, rather than the thing itself.
    is_answer: bool,
}

fn missing_held(
    world: &World<'_>,
    (method, event): (MethodId, u16),
    held: Held,
    is_settling: &dyn Fn(Body<'_>, &Event) -> bool,
    exits: Exits,
) -> Option<PathGap> {
    let body = world.body(method);
    let events = body.origins.events();
    let settles: Vec<bool> =
        events.iter().enumerate().map(|(i, e)| i != usize::from(event) && is_settling(body, e)).collect();
    let exceptions = Exceptions::new(world);
    exceptions.begin(MAX_SEARCHED as u64);
    let watch = Settling::new(world, &exceptions, body, event, settles, held);
    let found = walk(world, body, &watch, Start::After(event), 0);
    let counts = |exit: &&Exit| match exits {
        Exits::Any => true,
        Exits::Normal => exit.kind == ExitKind::Normal,
        Exits::Exceptional => exit.kind == ExitKind::Exceptional,
    };
    if exceptions.is_spent() {
        world.bounds.note(method);
    }
    let ever_settled = watch.settles.contains(&true);
    // What is declared or thrown in so many words convinces more than what any call may throw.
    let others = Exceptions::new(world);
    others.begin(MAX_COMPARED);
    let declared = OnceCell::new();
    let declared = || declared.get_or_init(|| others.of_body(body, Reading::Declared));
    let is_vague = |e: &Exit| e.cause.is_some_and(|cause| declared().of_event(cause).is_empty());
    let first = found.iter().filter(counts).min_by_key(|e| (e.kind, e.cause.is_some(), is_vague(e)))?;
    Some(PathGap { exit: first.kind, at: first.at, cause: first.cause, ever_settled })
}

/// A search for what settles something in what is called.
struct Settles<'s, 'w> {
    world: &'s World<'w>,
    is_settling: &'s dyn Fn(Body<'_>, &Event) -> bool,
    known: &'s Settled,
    question: usize,
    /// Events of callees that may still be looked at.
    left: Cell<usize>,
}

impl Settles<'_, '_> {
    fn within(&self, body: Body<'_>, event: &Event, depth: u32) -> bool {
        if (self.is_settling)(body, event) {
            return true;
        }
        if depth == 0 || !event.kind.is_invoke() {
            return false;
        }
        let targets = self.world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        targets.iter().any(|target| {
            self.known.get_or_find((self.question, *target, depth), || {
                let callee = self.world.body(*target);
                let events = callee.origins.events();
                let Some(left) = self.left.get().checked_sub(events.len()) else {
                    self.world.bounds.note(body.id);
                    return false;
                };
                self.left.set(left);
                events.iter().any(|e| self.within(callee, e, depth - 1))
            })
        })
    }
}

struct Settling<'b, 'w> {
    body: Body<'b>,
    held: Held,
    site: u16,
    settles: Vec<bool>,
    throws: BodyThrows<'b, 'w>,
    is_calm: Vec<bool>,
    closed: ClosedEdges,
}

impl<'b, 'w> Settling<'b, 'w> {
    fn new(
        world: &World<'_>,
        exceptions: &'b Exceptions<'w>,
        body: Body<'b>,
        site: u16,
        settles: Vec<bool>,
        held: Held,
    ) -> Self {
        let unit = body.origins.unit;
        let throws = exceptions.of_body(body, Reading::AnyCall);
        let is_calm = calm(body, &|i| settles.get(i).copied().unwrap_or(false));
        let block_settles = |b: u16| {
            let block = unit.blocks_of(body.method).get(usize::from(b));
            block.and_then(|b| settles.get(b.events())).is_some_and(|s| s.contains(&true))
        };
        let closed = ClosedEdges::find(world, body, Some(site), Flags::Constants, &block_settles);
        Self { body, held, site, settles, throws, is_calm, closed }
    }

    /// Whether an edge is only for where there is nothing to settle.
    fn is_for_nothing(&self, block: u16, edge: usize) -> bool {
        let Some(held) = self.held.value else { return false };
        let body = self.body;
        let block = body.origins.unit.blocks_of(body.method).get(usize::from(block));
        block.and_then(|b| Tested::of(body, b)).is_some_and(|test| {
            test.is_null != self.held.is_answer
                && test.outcome(edge)
                && body.origins.leaves(test.value).any(|l| l == held)
        })
    }
}

/// Calls that are not taken to throw even where every call may, since nobody guards against it: those whose result a
/// settling event works on, as `lock()` in `lock().unlock()`, and what a `finally` does before it settles.
pub(super) fn calm(body: Body<'_>, settles: &dyn Fn(usize) -> bool) -> Vec<bool> {
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
    // The compiler copies a `finally` to every way out of its `try`; the copies share their lines.
    let lines = cleanup_lines(body, settles);
    let first = first_guarded(body);
    for (i, event) in events.iter().enumerate().skip(first) {
        found[i] |= event.line != 0 && lines.contains(&event.line);
    }
    found
}

/// The first event under a handler for any exception: no copy of a `finally` stands before it, if code on one line with
/// it does.
fn first_guarded(body: Body<'_>) -> usize {
    let unit = body.origins.unit;
    let mut blocks = unit.blocks_of(body.method).iter();
    let is_guarded = |b: &&Block| unit.handlers(b).iter().any(|h| h.catches == NO_NAME);
    blocks.find(is_guarded).map_or(usize::MAX, |b| usize::from(b.first_event()))
}

/// The lines of handlers for any exception that settle, up to where they do.
fn cleanup_lines(body: Body<'_>, settles: &dyn Fn(usize) -> bool) -> FxHashSet<u16> {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let mut handlers: Vec<u16> = blocks
        .iter()
        .flat_map(|b| unit.handlers(b))
        .filter(|h| h.catches == NO_NAME)
        .map(|h| h.block)
        .collect();
    handlers.sort_unstable();
    handlers.dedup();
    let mut lines = FxHashSet::default();
    for handler in handlers {
        let (mut waiting, mut seen) = (vec![handler], FxHashSet::default());
        let (mut own, mut has_settled) = (Vec::new(), false);
        while let Some(at) = waiting.pop() {
            let Some(block) =
                blocks.get(usize::from(at)).filter(|_| seen.insert(at) && seen.len() <= MAX_CLEANUP_BLOCKS)
            else {
                continue;
            };
            let first = usize::from(block.first_event());
            let events = unit.events_in(body.method, block);
            let settled = (0..events.len()).find(|i| settles(first + i));
            own.extend(events[..settled.unwrap_or(events.len())].iter().map(|e| e.line));
            has_settled |= settled.is_some();
            if settled.is_none() {
                waiting.extend(unit.successors(block));
            }
        }
        if has_settled {
            lines.extend(own);
        }
    }
    lines
}

impl Watch for Settling<'_, '_> {
    fn after(&self, event: u16, state: u32, _has_failed: bool) -> After {
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
        if of(&self.settles) || of(&self.is_calm) { Vec::new() } else { self.throws.of_event(event).to_vec() }
    }

    fn takes(&self, block: u16, edge: usize, _state: u32) -> bool {
        !self.closed.has(block, edge) && !self.is_for_nothing(block, edge)
    }
}
