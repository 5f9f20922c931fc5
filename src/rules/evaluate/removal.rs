//! How what a field holds is taken out again.

use super::context::Context;
use super::grown;
use super::matches::Spot;
use crate::dataflow::knowledge::Role;
use crate::dataflow::paths::{self, Exits};
use crate::dataflow::{Change, How};
use crate::facts::Value;
use crate::rules::rule::{Release, WriteShape};
use crate::vocabulary::{FieldId, MethodId};

/// Puts something into a collection.
const COLLECTION_ADD: &str = "collection-add";
/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;

/// How what the changes at `spots` put into a field is taken out again.
pub(super) fn of_field(cx: &Context<'_>, field: FieldId, spots: &[Spot]) -> Release {
    let removals: Vec<&Change> = cx.changes.of(field).iter().filter(|c| removes(cx, c)).collect();
    let is_removal = |s: &Spot| removals.iter().any(|c| (c.method, c.event) == (s.method, s.event));
    let mut additions = spots.iter().filter(|s| !is_removal(s)).peekable();
    // Code that runs at unload takes its own value back as any other does: it says nothing of those of others.
    if additions.peek().is_some()
        && additions.clone().all(|s| is_taken_back(cx, s, &removals) || is_ended(cx, s, &removals))
    {
        return Release::Locally;
    }
    let is_unset = |c: &Change| setters_of_nothing(cx, c).into_iter().any(|caller| cx.is_at_unload(caller));
    if removals.iter().any(|c| cx.is_at_unload(c.method)) || cx.changes.of(field).iter().any(is_unset) {
        return Release::AtUnload;
    }
    if additions.peek().is_some() && additions.all(|s| is_in_registry(cx, s.method)) {
        return Release::ByPinningWrapper;
    }
    let mut given = spots.iter().filter(|s| !is_removal(s)).peekable();
    if removals.is_empty() {
        Release::Never
    } else if given.peek().is_some() && given.all(|s| super::counterparts::has(cx, s, &removals)) {
        Release::ByCounterpart
    } else {
        Release::Elsewhere
    }
}

fn removes(cx: &Context<'_>, change: &Change) -> bool {
    match change.how {
        How::Container(api) | How::Entry(api) => cx.is_api(api, &cx.names.removing),
        How::ThreadLocal(api) => cx.is_api(api, &cx.names.removing) || sets_back(cx, change),
        How::Atomic(_) => sets_nothing(cx, change),
        How::Write => {
            let spot =
                Spot { method: change.method, event: change.event, how: Some(change.how), inside: None };
            let shapes = cx.shapes_of(change.field, &spot);
            shapes.contains(WriteShape::Cleared)
                // What is set where nothing is there takes nothing's place.
                || !shapes.contains(WriteShape::Lazy) && writes_known_class(cx, change)
                || writes_less(cx, change)
        }
        _ => false,
    }
}

/// `slot.set(null)`: what was there goes.
fn sets_nothing(cx: &Context<'_>, change: &Change) -> bool {
    let (method, event) = change.inside.unwrap_or((change.method, change.event));
    let body = cx.world.body(method);
    let args = cx.world.event(method, event).map(|e| body.origins.args(e)).unwrap_or_default();
    args.len() > 1 && args.last().is_some_and(|v| body.origins.leaves(*v).all(|leaf| leaf == Value::Null))
}

/// `byLoader = byLoader.minus(loader)`: a container with an entry less takes the place of what was there.
fn writes_less(cx: &Context<'_>, change: &Change) -> bool {
    let body = cx.world.body(change.method);
    let value = cx.world.event(change.method, change.event).and_then(|e| body.origins.args(e).last());
    value.is_some_and(|v| grown::is_less(cx, change.field, body, *v))
}

/// `setFactory(null)`: who calls the method that writes what it is given, and gives it nothing, or less than was there.
fn setters_of_nothing(cx: &Context<'_>, change: &Change) -> Vec<MethodId> {
    let world = cx.world;
    let body = world.body(change.method);
    let value = world.event(change.method, change.event).and_then(|e| body.origins.args(e).last().copied());
    let mut given = value.into_iter().flat_map(|v| body.origins.leaves(v));
    let (How::Write, Some(Value::Param(param)), None) = (change.how, given.next(), given.next()) else {
        return Vec::new();
    };
    let sites = world.sites.of(change.method, MAX_CALLERS).unwrap_or_default();
    let gives_nothing = |caller: MethodId, event: u16| {
        let caller = world.body(caller);
        let passed = caller
            .origins
            .events()
            .get(usize::from(event))
            .and_then(|e| caller.origins.args(e).get(usize::from(param)).copied());
        passed.is_some_and(|v| {
            caller.origins.leaves(v).all(|leaf| leaf == Value::Null)
                || grown::is_less(cx, change.field, caller, v)
        })
    };
    sites.iter().filter(|s| gives_nothing(s.caller, s.event)).map(|s| s.caller).collect()
}

/// `type = String.class`: a class that is no application's takes the place of what was there.
fn writes_known_class(cx: &Context<'_>, change: &Change) -> bool {
    let body = cx.world.body(change.method);
    let value =
        cx.world.event(change.method, change.event).and_then(|e| body.origins.args(e).last().copied());
    let is_class = |leaf: Value| matches!(leaf, Value::Class(_));
    value
        .is_some_and(|v| body.origins.leaves(v).all(is_class) && super::known_classes::are_known(cx, body, v))
}

/// `local.set(null)`, `local.set(before)`: the value goes, or an earlier one comes back.
fn sets_back(cx: &Context<'_>, change: &Change) -> bool {
    let (method, event) = change.inside.unwrap_or((change.method, change.event));
    let body = cx.world.body(method);
    let value = cx.world.event(method, event).and_then(|e| body.origins.args(e).last().copied());
    let is_earlier = |leaf: Value| crate::dataflow::earlier::is_earlier(cx.world, body, leaf);
    value.is_some_and(|v| body.origins.leaves(v).all(is_earlier))
}

/// Whether every way out of the method passes a removal: nothing outlives the call.
fn is_taken_back(cx: &Context<'_>, spot: &Spot, removals: &[&Change]) -> bool {
    if !removals.iter().any(|c| c.method == spot.method) {
        return false;
    }
    let body = cx.world.body(spot.method);
    let events = body.origins.events();
    let is_settling = |inner: crate::dataflow::Body<'_>, event: &crate::facts::Event| {
        inner.id == spot.method
            && removals
                .iter()
                .any(|c| c.method == spot.method && events.get(usize::from(c.event)) == Some(event))
    };
    let gap = match says_whether_new(cx, spot) {
        true => paths::missing_after_done(cx.world, (spot.method, spot.event), &is_settling, Exits::Any),
        false => paths::missing_after(cx.world, spot.method, spot.event, &is_settling, Exits::Any),
    };
    gap.is_none()
}

/// Whether the result of what puts something in is false where nothing was put in (`Collection.add`).
fn says_whether_new(cx: &Context<'_>, spot: &Spot) -> bool {
    let Some(How::Container(api) | How::Entry(api)) = spot.how.filter(|_| spot.inside.is_none()) else {
        return false;
    };
    let program = cx.world.program;
    let member = cx.world.event(spot.method, spot.event).and_then(|e| e.member());
    let desc = member.map_or("", |m| program.text(program.facts.members.get(m).desc));
    let group = cx.world.knowledge.group(COLLECTION_ADD);
    desc.ends_with(")Z") && group.get(usize::from(api)).copied().unwrap_or(false)
}

/// Whether what is set for the present thread is taken back by all who call for it.
fn is_ended(cx: &Context<'_>, spot: &Spot, removals: &[&Change]) -> bool {
    let is_of_thread = matches!(spot.how, Some(How::ThreadLocal(_) | How::Entry(_)));
    is_of_thread && super::scopes::is_ended_by_callers(cx, spot, removals)
}

/// Whether a method is a container's own registry, to which modules hand over what is to be released: everybody calls it
/// as such.
fn is_in_registry(cx: &Context<'_>, method: MethodId) -> bool {
    let world = cx.world;
    let callers = world.sites.of(method, MAX_CALLERS).unwrap_or_default();
    let hands_over = |caller: MethodId, event: u16| {
        let loader = world.program.class(world.program.class_of_method(caller)).loader;
        let member = world.event(caller, event).and_then(|e| e.member());
        member.is_some_and(|m| {
            world.knowledge.roles(loader, m).any(|(role, _)| match role {
                Role::Manager(row) => {
                    world.knowledge.tables.managers.get(usize::from(row)).is_some_and(|m| m.pins_loader)
                }
                _ => false,
            })
        })
    };
    !callers.is_empty() && callers.iter().all(|site| hands_over(site.caller, site.event))
}
