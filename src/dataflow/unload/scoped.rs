//! What is registered for as long as some work lasts: whatever happens, the same method takes it back.

use super::flow::Site;
use super::gates::{Gate, Way};
use super::thread_locals::is_always_followed;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, ValueId};

/// Overriders looked at for one call.
const MAX_TARGETS: usize = 4;

/// Whether one of these events follows an event of a method, whatever is thrown. A getter of what they are made on has
/// yielded it before.
pub(super) fn is_followed(world: &World<'_>, (method, event): Site, others: &[u16]) -> bool {
    let body = world.body(method);
    let events = body.origins.events();
    let receivers: Vec<&Event> = others
        .iter()
        .filter_map(|other| events.get(usize::from(*other)).filter(|e| e.kind.has_receiver()))
        .flat_map(|e| body.origins.leaves(body.origins.arg(e, 0)))
        .filter_map(|leaf| body.origins.event(leaf).map(|(_, made)| made))
        .collect();
    let is_getter = |e: &Event| receivers.iter().any(|made| std::ptr::eq(*made, e));
    let may_throw = |e: &Event| e.kind == EventKind::Throw || e.kind.is_invoke() && !is_getter(e);
    !others.is_empty() && is_always_followed(world, body, event, others, &may_throw)
}

/// The call that takes out of a field's container again what a call has had put there, under the same name or by the same
/// object, whatever is thrown in between.
pub(super) fn taken_out_again(world: &World<'_>, gates: &[Gate], field: FieldId, put: Site) -> Option<Site> {
    let body = world.body(put.0);
    let call = world.event(put.0, put.1)?;
    let given = body.origins.args(call);
    let removals: Vec<&Gate> = gates.iter().filter(|g| g.way == Way::Out && g.field == field).collect();
    let takes_out = |i: usize, event: &Event| {
        let is_given = |param: u16| {
            let value = body.origins.arg(event, usize::from(param));
            given.iter().any(|own| is_same(body, *own, value))
        };
        let is_own = || removals.iter().any(|g| g.site == (put.0, i as u16));
        let targets = || world.targets(body, event, MAX_TARGETS).unwrap_or_default();
        event.kind.is_invoke()
            && i > usize::from(put.1)
            && (is_own()
                || targets().iter().any(|t| removals.iter().any(|g| g.site.0 == *t && is_given(g.param))))
    };
    let events = body.origins.events().iter().enumerate();
    let others: Vec<u16> = events.filter(|(i, e)| takes_out(*i, e)).map(|(i, _)| i as u16).collect();
    let first = *others.first()?;
    is_followed(world, put, &others).then_some((put.0, first))
}

/// The calls of these that take back in the same method what a call registers: they are given the same name or object.
pub(super) fn taking_back(world: &World<'_>, registered: Site, releases: &[Site]) -> Vec<u16> {
    let body = world.body(registered.0);
    let given = |event: u16| {
        let call = body.origins.events().get(usize::from(event));
        call.map(|e| body.origins.args(e).get(usize::from(e.kind.has_receiver())..).unwrap_or_default())
    };
    let own = given(registered.1).unwrap_or_default();
    let takes_it = |event: &u16| {
        let mut values = given(*event).unwrap_or_default().iter();
        values.any(|v| own.iter().any(|o| is_same(body, *o, *v)))
    };
    let events = releases.iter().filter(|r| r.0 == registered.0).map(|r| r.1);
    events.filter(takes_it).collect()
}

/// Whether two values of a body are the same object, or the same constant.
fn is_same(body: Body<'_>, one: ValueId, other: ValueId) -> bool {
    let is_known = |leaf: &Value| !matches!(leaf, Value::Null | Value::Unknown);
    let mut leaves = body.origins.leaves(one).filter(is_known).peekable();
    leaves.peek().is_some() && leaves.all(|a| body.origins.leaves(other).any(|b| a == b))
}
