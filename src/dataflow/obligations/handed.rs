//! Objects that a body gets from a call of which nothing is known, and closes in the end: by closing them it says that
//! they are its own.

use super::acquire::{Held, Obligation, result_class, takes_closeable};
use super::callees::{Callees, MAX_TARGETS};
use super::closing;
use crate::dataflow::knowledge::{ResourceId, Role, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MemberRefId, MethodId, ValueId, descriptor};
use std::cell::OnceCell;

/// Callees below one another that are asked whether they yield what is there already.
const MAX_DEPTH: u32 = 3;

/// What a call yields, if it is to be closed and made for the caller.
pub(super) fn by_call(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    i: usize,
    event: &Event,
) -> Option<Obligation> {
    let world = callees.world;
    let program = world.program;
    let member = event.member()?;
    if event.kind == EventKind::InvokeDynamic || callees.is_constructor(event) {
        return None;
    }
    if !is_named_as_maker(world, body, event, member) || takes_closeable(callees, body, event) {
        return None;
    }
    let loader = program.class(body.class).loader;
    let target = program.refs(loader).method(member);
    if target.is_some_and(|t| program.is_jdk(program.class_of_method(t))) {
        return None;
    }
    let resource = resource_of(callees, body, event)?;
    if callees.has_role(body, event, Role::NotOwned(resource)) || is_kept_by_callee(callees, body, event) {
        return None;
    }
    let is_closed_by_caller = match result_class(world, body, event) {
        Some(class) => callees.is_closeable(class) && !closing::is_harmless(world, resource, class),
        // A class that the scan has not: whether the body closes it has to say it.
        None => {
            descriptor::return_type(program.text(program.facts.members.get(member).desc)).class().is_some()
        }
    };
    is_closed_by_caller.then(|| Obligation {
        resource,
        event: i as u16,
        held: Held::Value(Value::Event(i as u32)),
        is_open: true,
        is_presumed: true,
        released_with: owner_of(callees, body, event).into_iter().collect(),
    })
}

/// The receiver of a call, or what that was got from, if the body itself releases it: a session's channel goes with the
/// session, and the content of a response with the response.
fn owner_of(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Option<ValueId> {
    let mut at = Some(event);
    for _ in 0..MAX_DEPTH {
        let owner = at.filter(|e| e.kind.has_receiver()).map(|e| body.origins.arg(e, 0))?;
        if is_released_here(callees, body, owner) {
            return Some(owner);
        }
        let mut leaves = body.origins.leaves(owner);
        let made = leaves.next().filter(|_| leaves.next().is_none()).and_then(|l| body.origins.event(l));
        // Only what asks an object for a part of it, and tells it nothing.
        at = made.map(|(_, made)| made).filter(|made| made.kind.is_invoke() && made.n_args == 1);
    }
    None
}

fn is_released_here(callees: &Callees<'_, '_>, body: Body<'_>, owner: ValueId) -> bool {
    let is_made = |leaf: &Value| matches!(leaf, Value::Event(_));
    let leaves: Vec<Value> = body.origins.leaves(owner).filter(is_made).collect();
    let is_owner = |value: ValueId| body.origins.leaves(value).any(|leaf| leaves.contains(&leaf));
    let releases = |e: &Event| {
        let receiver = body.origins.args(e).first();
        e.kind.has_receiver()
            && receiver.is_some_and(|v| is_owner(*v))
            && (callees.is_release(body, e) || callees.is_unseen_release(body, e))
    };
    let events = body.origins.events();
    let mut calls = events.iter().filter(|e| e.kind.is_invoke());
    !leaves.is_empty() && callees.spend(events.len()) && calls.any(releases)
}

/// Whether a method's name says that the result is made for the caller.
fn is_named_as_maker(world: &World<'_>, body: Body<'_>, event: &Event, member: MemberRefId) -> bool {
    let name = world.program.text(world.program.facts.members.get(member).name);
    let begins = |word: &String| {
        let rest = name.strip_prefix(word.as_str());
        rest.is_some_and(|rest| !rest.starts_with(char::is_lowercase))
    };
    let is_asked = event.n_args > u8::from(event.kind.has_receiver());
    let yields = |types: &[String]| {
        let class = result_class(world, body, event);
        class.is_some_and(|class| types.iter().any(|t| world.program.has_supertype_named(class, t)))
    };
    world.knowledge.tables.makers.iter().any(|maker| {
        (is_asked || !maker.asked)
            && maker.names.iter().any(begins)
            && (maker.yields.is_empty() || yields(&maker.yields))
    })
}

/// By the type of what a call yields. What the deployment's own methods do with what the models know has been followed
/// already.
fn resource_of(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Option<ResourceId> {
    let world = callees.world;
    let result = result_class(world, body, event);
    let known = result.and_then(|class| {
        let is_of = |root: &String| world.program.has_supertype_named(class, root);
        world.knowledge.tables.resources.iter().position(|r| r.handed_as.iter().any(is_of))
    });
    match known {
        Some(_) if !callees.targets(body, event, MAX_TARGETS).unwrap_or_default().is_empty() => None,
        Some(id) => Some(id as ResourceId),
        None => closing::resource(world, closing::HANDED),
    }
}

/// Whether the call yields what the callee, or its receiver, has already: the content of a field or of a collection, an
/// argument, itself; or an object whose `close` gives nothing back.
fn is_kept_by_callee(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> bool {
    hands_out_own(callees, body, event, MAX_DEPTH) || callees.is_fluent_call(body, event)
}

/// Whether some method that a call may run yields what is there already. What it calls itself may do so too, from a
/// collection or a static field; a field or an argument down there may well be of something new.
fn hands_out_own(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event, depth: u32) -> bool {
    let targets = callees.targets(body, event, MAX_TARGETS).unwrap_or_default();
    targets.into_iter().any(|method| match callees.handing_out.get((method, depth)) {
        Some(known) => known,
        None => {
            // A method that calls itself yields nothing else by that.
            callees.handing_out.set((method, depth), false);
            let found = does_hand_out(callees, method, depth);
            callees.handing_out.set((method, depth), found);
            found
        }
    })
}

fn does_hand_out(callees: &Callees<'_, '_>, method: MethodId, depth: u32) -> bool {
    let world = callees.world;
    let element = world.knowledge.group(groups::CONTAINER_ELEMENT);
    let is_outer = depth == MAX_DEPTH;
    let callee = world.body(method);
    let loader = world.program.class(callee.class).loader;
    let events = callee.origins.events().iter();
    let takes = OnceCell::new();
    let takes = || *takes.get_or_init(|| takes_out(callees, callee));
    let mut returned = events.filter(|e| e.kind == EventKind::Return).flat_map(|e| callee.origins.args(e));
    returned.any(|v| {
        callee.origins.leaves(*v).any(|leaf| match callee.origins.event(leaf) {
            Some((_, made)) if made.kind == EventKind::New => is_outer && is_idle(callees, callee, made),
            Some((_, made)) if made.kind.is_invoke() => {
                made.member().is_some_and(|m| world.knowledge.api_in(element, loader, m).is_some())
                    && !takes()
                    || depth > 0 && hands_out_own(callees, callee, made, depth - 1)
            }
            Some((_, made)) => {
                made.kind == EventKind::GetStatic
                    || is_outer && matches!(made.kind, EventKind::GetField | EventKind::ArrayLoad)
            }
            None => is_outer && matches!(leaf, Value::Param(_)),
        })
    })
}

/// Whether a method takes something out of a collection: what it yields then is nobody else's any more.
fn takes_out(callees: &Callees<'_, '_>, body: Body<'_>) -> bool {
    let world = callees.world;
    let loader = world.program.class(body.class).loader;
    let members = body.origins.events().iter().filter(|e| e.kind.is_invoke()).filter_map(Event::member);
    let removers = groups::REMOVERS.map(|name| world.knowledge.group(name));
    members.into_iter().any(|m| removers.iter().any(|g| world.knowledge.api_in(g, loader, m).is_some()))
}

fn is_idle(callees: &Callees<'_, '_>, body: Body<'_>, made: &Event) -> bool {
    let program = callees.world.program;
    let class = made.name().and_then(|name| program.find(program.class(body.class).loader, name));
    let close = class.filter(|c| !program.is_jdk(*c)).and_then(|c| callees.close_of(c));
    close.is_some_and(|close| !callees.gives_back(close))
}
