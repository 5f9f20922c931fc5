//! Methods that release what they are given: whoever hands them an object at the end has released it.

use super::Judge;
use super::flow::{Acquired, Fate, Site};
use super::threads::only_target;
use crate::dataflow::changes::block_of;
use crate::dataflow::paths::{self, Exits, Tested};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use rustc_hash::FxHashSet;

impl Judge<'_> {
    /// The first call that hands the object to a method which releases it, if there is one on every way on from where it
    /// is acquired.
    pub(super) fn released_by_helper(&self, acquired: &Acquired, fate: &Fate) -> Option<Site> {
        let world = self.world;
        let releases: Vec<Site> = fate.releases.iter().map(|r| r.site).collect();
        if acquired.operand.is_some() || releases.iter().all(|r| r.0 == acquired.method) {
            return None;
        }
        let body = world.body(acquired.method);
        let made = Value::Event(u32::from(acquired.event));
        let events = body.origins.events();
        let is_helper = |e: &Event| hands_over(world, body, e, made, &releases);
        let helped: Vec<bool> = events.iter().map(is_helper).collect();
        let first = helped.iter().position(|it| *it)?;
        let helpers = events.iter().zip(&helped).filter(|(_, it)| **it);
        let helpers: FxHashSet<usize> = helpers.map(|(e, _)| std::ptr::from_ref(e).addr()).collect();
        let is_settling = |inner: Body<'_>, e: &Event| {
            inner.id == body.id && helpers.contains(&std::ptr::from_ref(e).addr())
        };
        let site = (acquired.method, acquired.event);
        let gap = paths::missing_after_held(world, site, Some(made), &is_settling, Exits::Any);
        gap.is_none().then_some((acquired.method, first as u16))
    }
}

/// Whether a call hands an object to a method that releases it whatever comes, unless it is given null.
fn hands_over(world: &World<'_>, body: Body<'_>, call: &Event, object: Value, releases: &[Site]) -> bool {
    if !call.kind.is_invoke() {
        return false;
    }
    let Some(target) = only_target(world, body, call) else { return false };
    let callee = world.body(target);
    releases.iter().filter(|r| r.0 == target).any(|release| {
        let released = world.event(target, release.1).map(|e| callee.origins.args(e)).unwrap_or_default();
        let params = released.iter().filter_map(|v| {
            let mut leaves = callee.origins.leaves(*v);
            match (leaves.next(), leaves.next()) {
                (Some(Value::Param(p)), None) => Some(p),
                _ => None,
            }
        });
        params.into_iter().any(|param| {
            let given = body.origins.args(call).get(usize::from(param));
            let is_it = |v| {
                let mut leaves = body.origins.leaves(v).filter(|l| *l != Value::Null).peekable();
                leaves.peek().is_some() && leaves.all(|l| l == object)
            };
            given.is_some_and(|v| is_it(*v)) && comes_always(callee, release.1, param)
        })
    })
}

/// Whether every way through a method passes an event, but for those where a parameter is null, and those that throw.
fn comes_always(body: Body<'_>, event: u16, param: u16) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let Some(settles) = block_of(unit, body, event) else { return false };
    let (mut waiting, mut seen) = (vec![0u16], FxHashSet::default());
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)).filter(|_| at != settles && seen.insert(at)) else {
            continue;
        };
        let test = Tested::of(body, block).filter(|t| t.is_null && t.parameter(body) == Some(param));
        let successors = unit.successors(block);
        let throws = unit.events_in(body.method, block).last().is_some_and(|e| e.kind == EventKind::Throw);
        if successors.is_empty() && !throws {
            return false;
        }
        let open = successors.iter().enumerate();
        let open = open.filter(|(edge, _)| !test.as_ref().is_some_and(|t| t.outcome(*edge)));
        waiting.extend(open.map(|(_, to)| *to));
        waiting.extend(unit.handlers(block).iter().map(|h| h.block));
    }
    true
}
