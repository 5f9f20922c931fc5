//! What the context class loader is where a call reads it, if the method has set it before.

use crate::dataflow::changes::block_of;
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::LoaderId;

/// The loader that the method has set as the present thread's on every way to a call, if it is one and known.
pub(super) fn set_before(world: &World<'_>, body: Body<'_>, call: &Event) -> Option<LoaderId> {
    let events = body.origins.events();
    let at = usize::from(body.origins.index_of(call)?);
    let mut sets = events.get(..at)?.iter().enumerate();
    let (index, set) = sets.rfind(|(_, e)| is_set(world, body, e))?;
    let known = origins::of_value(world, body.id, body.origins.arg(set, 1));
    let mut loaders = known.iter().map(|f| match f.origin {
        Origin::LoaderOf(class) | Origin::LoaderOfThis(class) => Some(world.program.class(class).loader),
        _ => None,
    });
    let loader = loaders.next()??;
    (loaders.all(|other| other == Some(loader)) && is_passed_first(body, index as u16, at as u16))
        .then_some(loader)
}

/// Whether an event sets the loader of the thread that runs it.
fn is_set(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let own = world.program.class(body.class).loader;
    let is_in = |group: &str, event: &Event| {
        event.member().is_some_and(|m| world.knowledge.api_of(group, own, m).is_some())
    };
    let is_present = |leaf: Value| {
        body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::InvokeStatic && is_in(CURRENT, e))
    };
    event.kind.is_invoke()
        && event.kind.has_receiver()
        && is_in(groups::CONTEXT_LOADER_SET, event)
        && body.origins.leaves(body.origins.arg(event, 0)).all(is_present)
}

/// The API group of what yields the thread that runs the call.
const CURRENT: &str = "current-thread";

/// Whether no way leads to the event `to` but by the earlier one.
fn is_passed_first(body: Body<'_>, first: u16, to: u16) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let (Some(by), Some(wanted)) = (block_of(unit, body, first), block_of(unit, body, to)) else {
        return false;
    };
    if by == wanted {
        return true;
    }
    let mut seen = vec![false; blocks.len()];
    let mut waiting = vec![0u16];
    while let Some(block) = waiting.pop() {
        let is_new = seen.get_mut(usize::from(block)).is_some_and(|seen| !std::mem::replace(seen, true));
        let Some(facts) = blocks.get(usize::from(block)).filter(|_| is_new) else { continue };
        if block == wanted {
            return false;
        }
        // What handles an exception of the block runs whether or not the loader was set.
        waiting.extend(unit.handlers(facts).iter().map(|h| h.block));
        if block != by {
            waiting.extend(unit.successors(facts));
        }
    }
    true
}
