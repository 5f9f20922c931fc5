//! What the context class loader is where a call reads it, if the method has set it before.

use crate::dataflow::context_loaders::is_passed_first;
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
