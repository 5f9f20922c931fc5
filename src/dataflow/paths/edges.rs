//! Branches that a path from a place in a body does not take.

use super::needed::Needed;
use super::walk::block_of;
use crate::dataflow::{Body, World};
use crate::facts::{Block, Event, EventKind, Test, Value};
use crate::vocabulary::{Access, ValueId};
use rustc_hash::FxHashSet;

/// Fields and getters that two questions are compared along.
const MAX_STEPS: u32 = 3;
/// Overriders looked at for one getter.
const MAX_GETTERS: usize = 4;
/// Pairs of conditions that are compared for one site.
const MAX_COMPARED: usize = 1 << 14;

/// Edges that a path from a site can't take, because a condition was true when the site was reached, or that need not
/// be looked at, because a flag decides there whether to settle.
#[derive(Default)]
pub(in crate::dataflow) struct ClosedEdges {
    edges: FxHashSet<(u16, usize)>,
}

impl ClosedEdges {
    /// For paths from an event (`None`: from the entry). `settles` says which blocks settle as soon as they are entered.
    pub(in crate::dataflow) fn find(
        world: &World<'_>,
        body: Body<'_>,
        site: Option<u16>,
        flags: Flags,
        settles: &dyn Fn(u16) -> bool,
    ) -> Self {
        let mut closed = Self::default();
        let unit = body.origins.unit;
        let tests: Vec<(u16, Tested)> = unit
            .blocks_of(body.method)
            .iter()
            .enumerate()
            .filter_map(|(b, block)| Some((b as u16, Tested::of(body, block)?)))
            .collect();
        for (block, tested) in &tests {
            if tested.is_flag(body, flags) {
                closed.by_flag(*block, tested, settles);
            }
            closed.by_constant(*block, tested, body);
        }
        if let Some(to) = site.and_then(|event| block_of(unit, body.method, event)) {
            let needed = Needed::find(unit, body.method, to);
            let mut n_compared = 0;
            for (block, tested) in &tests {
                let decides = |edge: &usize| needed.has(*block, tested.edges[*edge]);
                let decided: Vec<usize> = (0..2).filter(decides).collect();
                if decided.is_empty() || tested.edges[0] == tested.edges[1] || n_compared > MAX_COMPARED {
                    continue;
                }
                n_compared += tests.len();
                let others = tests
                    .iter()
                    .filter(|(b, t)| b != block && t.is_null == tested.is_null)
                    .filter(|(_, t)| is_same_answer(world, body, t.value, tested.value, MAX_STEPS));
                let others: Vec<&(u16, Tested)> = others.collect();
                for edge in decided {
                    closed.contradicting(tested, edge, &others);
                }
            }
            closed.by_field((world, body), &needed, &tests, settles);
        }
        closed
    }

    /// A field that says whether to settle now, and is asked again later: where it has settled, it did so for that answer.
    /// Where the site lies behind the question, there was nothing to settle yet.
    fn by_field(
        &mut self,
        (world, body): (&World<'_>, Body<'_>),
        needed: &Needed,
        tests: &[(u16, Tested)],
        settles: &dyn Fn(u16) -> bool,
    ) {
        let mut n_compared = 0;
        for (block, tested) in tests.iter().filter(|(_, t)| t.is_of_field(body)) {
            let [one, other] = tested.edges.map(settles);
            let is_before = tested.edges.iter().any(|to| needed.has(*block, *to));
            if one == other || is_before || n_compared > MAX_COMPARED {
                continue;
            }
            n_compared += tests.len();
            let others = tests
                .iter()
                .filter(|(b, t)| b != block && t.is_of_field(body))
                .filter(|(_, t)| is_same_answer(world, body, t.value, tested.value, MAX_STEPS));
            let others: Vec<&(u16, Tested)> = others.collect();
            self.contradicting(tested, usize::from(one), &others);
        }
    }

    pub(in crate::dataflow) fn has(&self, block: u16, edge: usize) -> bool {
        self.edges.contains(&(block, edge))
    }

    /// Where parameters have known values, a bit for each, of which some are zero: what is asked of them is known, and
    /// trusted no more.
    pub(in crate::dataflow) fn give(&mut self, body: Body<'_>, (known, zero): (u32, u32)) {
        if known == 0 {
            return;
        }
        let is_set = |bits: u32, param: u16| bits.checked_shr(u32::from(param)).is_some_and(|b| b & 1 == 1);
        for (block, facts) in body.origins.unit.blocks_of(body.method).iter().enumerate() {
            let Some(tested) = Tested::of(body, facts).filter(|t| !t.is_null) else { continue };
            if let Some(param) = tested.parameter(body).filter(|p| is_set(known, *p)) {
                let wrong = usize::from(tested.taken_if == is_set(zero, param));
                self.edges.remove(&(block as u16, 1 - wrong));
                self.edges.insert((block as u16, wrong));
            }
        }
    }

    /// A flag that is tested right before settling: whoever wrote it knew why.
    fn by_flag(&mut self, block: u16, tested: &Tested, settles: &dyn Fn(u16) -> bool) {
        match (settles(tested.edges[0]), settles(tested.edges[1])) {
            (true, false) => drop(self.edges.insert((block, 1))),
            (false, true) => drop(self.edges.insert((block, 0))),
            _ => {}
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

/// Whether two values are the same, or asked for in the same way with nothing in the body that would change the answer:
/// by getters that only read, and by fields that the body does not write.
fn is_same_answer(world: &World<'_>, body: Body<'_>, a: ValueId, b: ValueId, steps: u32) -> bool {
    if a == b {
        return true;
    }
    let single = |value: ValueId| {
        let mut leaves = body.origins.leaves(value);
        leaves.next().filter(|_| leaves.next().is_none())
    };
    let (Some(x), Some(y)) = (single(a), single(b)) else { return false };
    if x == y {
        return matches!(x, Value::Param(_) | Value::Event(_));
    }
    let (Some((_, x)), Some((_, y))) = (body.origins.event(x), body.origins.event(y)) else { return false };
    let (from_x, from_y) = (body.origins.args(x), body.origins.args(y));
    steps > 0
        && x.kind == y.kind
        && x.target == y.target
        && from_x.len() == from_y.len()
        && is_unchanging(world, body, x)
        && from_x.iter().zip(from_y).all(|(x, y)| is_same_answer(world, body, *x, *y, steps - 1))
}

fn is_unchanging(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let events = body.origins.events();
    match event.kind {
        EventKind::GetField | EventKind::GetStatic => {
            let writes = |e: &Event| matches!(e.kind, EventKind::PutField | EventKind::PutStatic);
            is_quiet(world, body, event) && !events.iter().any(|e| writes(e) && e.target == event.target)
        }
        // An object keeps its class.
        EventKind::InstanceOf => true,
        kind if kind.is_invoke() && event.n_args == u8::from(kind.has_receiver()) => {
            let targets = world.all_targets(body, event, MAX_GETTERS).unwrap_or_default();
            !targets.is_empty() && targets.iter().all(|t| is_getter(world, world.body(*t)))
        }
        _ => false,
    }
}

/// A body that yields a constant or what a field holds, and does nothing else.
fn is_getter(world: &World<'_>, body: Body<'_>) -> bool {
    let reads = |e: &Event| match e.kind {
        EventKind::GetField | EventKind::GetStatic => is_quiet(world, body, e),
        kind => kind == EventKind::Return,
    };
    body.method.has_body && body.origins.events().iter().all(reads)
}

/// Whether the field that an event reads is not there for other threads to write meanwhile.
fn is_quiet(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let field = event.member().and_then(|m| refs.field(m));
    field.is_some_and(|f| !world.program.field(f).access.has(Access::VOLATILE))
}

/// Which local flags are trusted to say whether something is to be settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::dataflow) enum Flags {
    /// Those that only ever hold constants.
    Constants,
    /// Also what the method is given: its callers know what they ask for.
    Parameters,
    /// Also what the method is given, what it returns, and what is a constant on some way only: whether an attempt
    /// succeeded, or was not needed. Callers know what they asked for and got.
    Results,
}

/// A two-way branch on whether a value is null, or zero.
pub(in crate::dataflow) struct Tested {
    pub(in crate::dataflow) value: ValueId,
    pub(in crate::dataflow) is_null: bool,
    /// The outcome (is null, is zero) for which edge 0 is taken.
    taken_if: bool,
    edges: [u16; 2],
}

impl Tested {
    pub(in crate::dataflow) fn of(body: Body<'_>, block: &Block) -> Option<Self> {
        let (value, is_null, taken_if) = match block.test() {
            Test::IsNull(v) => (v, true, true),
            Test::NonNull(v) => (v, true, false),
            Test::IsZero(v) => (v, false, true),
            Test::NonZero(v) => (v, false, false),
            Test::None | Test::Same(..) | Test::Differ(..) => return None,
        };
        let [taken, other] = body.origins.unit.successors(block) else { return None };
        Some(Self { value, is_null, taken_if, edges: [*taken, *other] })
    }

    /// The parameter that is asked for, if nothing else is.
    pub(in crate::dataflow) fn parameter(&self, body: Body<'_>) -> Option<u16> {
        match body.origins.unit.value(body.method, self.value) {
            Value::Param(param) => Some(param),
            _ => None,
        }
    }

    /// Whether what is asked is whether a field holds true.
    fn is_of_field(&self, body: Body<'_>) -> bool {
        let is_read = |leaf| {
            let event = body.origins.event(leaf);
            event.is_some_and(|(_, e)| matches!(e.kind, EventKind::GetField | EventKind::GetStatic))
        };
        !self.is_null && body.origins.leaves(self.value).all(is_read)
    }

    pub(in crate::dataflow) fn is_flag(&self, body: Body<'_>, flags: Flags) -> bool {
        let leaves = || body.origins.leaves(self.value);
        let is_returned = || {
            let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            let mut values = returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v));
            values.any(|r| matches!(r, Value::Event(_)) && leaves().any(|l| l == r))
        };
        if self.is_null {
            return false;
        }
        match flags {
            _ if leaves().count() > 1 && leaves().all(|l| matches!(l, Value::Int(_))) => true,
            Flags::Constants => false,
            Flags::Parameters => leaves().all(|l| matches!(l, Value::Param(_))),
            Flags::Results => is_returned() || self.is_told(body),
        }
    }

    /// Whether the value is a parameter, or a variable that the body sets to a constant here and to an answer there.
    fn is_told(&self, body: Body<'_>) -> bool {
        let leaves = || body.origins.leaves(self.value);
        let is_constant = |l| matches!(l, Value::Int(_));
        let is_answer = |l| body.origins.event(l).is_some_and(|(_, e)| e.kind.is_invoke());
        leaves().all(|l| matches!(l, Value::Param(_)))
            || leaves().any(is_constant)
                && leaves().count() > 1
                && leaves().all(|l| is_constant(l) || is_answer(l) || matches!(l, Value::Param(_)))
    }

    /// The block that comes next if the value is null, or zero; or if it is not.
    pub(in crate::dataflow) fn next(&self, is_so: bool) -> u16 {
        self.edges[usize::from(is_so != self.taken_if)]
    }

    /// Whether the value is null, or zero, along an edge.
    pub(in crate::dataflow) fn outcome(&self, edge: usize) -> bool {
        (edge == 0) == self.taken_if
    }
}
