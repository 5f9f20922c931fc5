//! What an executor or timer is given to do: whether all of it is seen, and whether it comes to an end.

use super::flow::{Acquired, Fate, Follower, Site};
use super::{Release, threads};
use crate::dataflow::knowledge::{ResourceId, Subject, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{MethodId, ValueId};
use rustc_hash::FxHashSet;

/// Milliseconds that a task may wait for its time without being taken for one that stays.
const MAX_DELAY: i32 = 60_000;
/// Objects that keep one another, from the executor on.
const MAX_HOLDERS: u32 = 3;
/// Places that make one such object.
const MAX_MAKERS: usize = 8;

/// How an object ends that does so when nothing refers to it: nothing that lasts does, as far as is seen, and with its
/// tasks' ends proven it leaves nothing behind. `None` if it does not end.
pub(super) fn end(follower: &Follower<'_>, resource: ResourceId, fate: &Fate) -> Option<Release> {
    let world = follower.world;
    let with_module = world.knowledge.tables.resources.get(usize::from(resource))?.ends_with_module;
    if are_repeated(world, fate) || fate.may_be_referred_to_for_ever(world, with_module) {
        return None;
    }
    let ends = all_end(world, fate) && holders_go(follower, resource, fate, with_module, 0);
    Some(if ends { Release::Locally } else { Release::WhenUnreferenced })
}

/// How a pool ends whose threads do so when they have nothing to do: not while a task lasts.
pub(super) fn idle_end(world: &World<'_>, fate: &Fate) -> Release {
    let lasts = |site: &Site| {
        let body = world.body(site.0);
        let event = world.event(site.0, site.1);
        let task = event.and_then(|e| Some((e, task_of(world, body, e)?)));
        task.is_some_and(|(e, at)| threads::life_of_task(world, body, body.origins.arg(e, at)).is_endless)
    };
    match are_repeated(world, fate) || fate.calls.iter().any(lasts) {
        true => Release::WhenUnreferenced,
        false => Release::WhenIdle,
    }
}

/// What the tasks do that a pool is given: what they run, and what that calls.
pub(super) fn given(world: &World<'_>, fate: &Fate) -> (Vec<MethodId>, Vec<MethodId>) {
    let (mut runs, mut bodies) = (Vec::new(), Vec::new());
    for site in &fate.calls {
        let body = world.body(site.0);
        let task = world.event(site.0, site.1).and_then(|e| Some((e, task_of(world, body, e)?)));
        if let Some((event, at)) = task {
            let life = threads::life_of_task(world, body, body.origins.arg(event, at));
            runs.extend(life.runs);
            bodies.extend(life.bodies);
        }
    }
    (runs, bodies)
}

/// Whether one of the tasks that a pool is given releases the pool: when it is done, or when it finds nothing to do.
pub(super) fn is_ended_by_task(world: &World<'_>, fate: &Fate) -> bool {
    let ends = |site: &Site| {
        let body = world.body(site.0);
        let task = world.event(site.0, site.1).and_then(|e| Some((e, task_of(world, body, e)?)));
        task.is_some_and(|(event, at)| {
            let life = threads::life_of_task(world, body, body.origins.arg(event, at));
            fate.releases.iter().any(|r| life.bodies.contains(&r.site.0))
        })
    };
    !fate.releases.is_empty() && fate.calls.iter().any(ends)
}

/// Values looked at between a call that gives a pool its work and one that says what comes after that.
const MAX_STAGES: usize = 64;

/// Whether something ends the object when what it works on is complete, whether or not that has failed.
pub(super) fn is_ended_on_completion(world: &World<'_>, fate: &Fate) -> bool {
    let is_told = |(method, event): Site| {
        let body = world.body(method);
        let is_function = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(event)));
        body.origins.events().iter().enumerate().any(|(i, call)| {
            call.kind.is_invoke()
                && body.origins.args(call).iter().skip(1).any(is_function)
                && is_in(world, (method, i as u16), groups::COMPLETION_CALLBACK)
                && is_its_work(world, fate, method, body.origins.arg(call, 0), &mut FxHashSet::default())
        })
    };
    fate.fields.is_empty()
        && !are_repeated(world, fate)
        && fate.releases.iter().filter_map(|r| r.lambda).any(is_told)
}

/// Whether a function that a call is given has a value with it.
fn is_taken_by_task(world: &World<'_>, call: Site, taken: Value) -> bool {
    let body = world.body(call.0);
    let args = world.event(call.0, call.1).map(|call| body.origins.args(call)).unwrap_or_default();
    let given = args.iter().flat_map(|v| body.origins.leaves(*v));
    let functions =
        given.filter_map(|leaf| body.origins.event(leaf)).filter(|(_, e)| e.kind == EventKind::Lambda);
    functions
        .flat_map(|(_, f)| body.origins.args(f))
        .any(|v| body.origins.leaves(*v).any(|leaf| leaf == taken))
}

/// Whether a value stands for work of the object: the result of a call that was given it, or of calls on that result, or
/// what one of its tasks has with it, to complete it. `seen` holds what has been looked at: one that is no such work ends
/// the search.
fn is_its_work(
    world: &World<'_>,
    fate: &Fate,
    method: MethodId,
    stage: ValueId,
    seen: &mut FxHashSet<Value>,
) -> bool {
    let body = world.body(method);
    let mut leaves = body.origins.leaves(stage).peekable();
    leaves.peek().is_some()
        && leaves.all(|leaf| {
            if !seen.insert(leaf) {
                return true;
            }
            if seen.len() > MAX_STAGES {
                return false;
            }
            body.origins.event(leaf).is_some_and(|(i, event)| {
                fate.calls.contains(&(method, i as u16))
                    || fate.calls.iter().any(|call| call.0 == method && is_taken_by_task(world, *call, leaf))
                    || event.kind.is_invoke()
                        && event.kind.has_receiver()
                        && is_its_work(world, fate, method, body.origins.arg(event, 0), seen)
            })
        })
}

/// Whether something is done again and again: that never ends, whoever refers to the object.
fn are_repeated(world: &World<'_>, fate: &Fate) -> bool {
    fate.calls.iter().any(|site| is_in(world, *site, groups::REPEATED_TASK))
}

/// Whether all tasks are seen, start soon and end, so that the object ends with its last reference.
fn all_end(world: &World<'_>, fate: &Fate) -> bool {
    let mut bodies = Vec::<MethodId>::new();
    // A container gives beans to whoever asks.
    let is_seen = !fate.escapes && !fate.is_lent && fate.beans.is_empty() && !fate.calls.is_empty();
    let mut calls = fate.calls.iter();
    // A task that gives its own executor another one may go on so for ever.
    is_seen
        && calls.all(|site| ends(world, *site, &mut bodies))
        && !fate.calls.iter().any(|(method, _)| bodies.contains(method))
}

fn ends(world: &World<'_>, site: Site, bodies: &mut Vec<MethodId>) -> bool {
    let body = world.body(site.0);
    let Some(event) = world.event(site.0, site.1) else { return false };
    let Some(member) = event.member().map(|m| world.program.facts.members.get(m)) else { return false };
    let desc = world.program.text(member.desc);
    if world.program.is_constructor(member.name) {
        return true;
    }
    let Some(position) = task_of(world, body, event) else {
        // It is given nothing.
        return params(desc).all(|ty| !ty.is_reference());
    };
    let first = usize::from(event.kind.has_receiver());
    let others = params(desc).enumerate().map(|(i, ty)| (i + first, ty)).filter(|(i, _)| *i != position);
    let is_soon = others.into_iter().all(|(i, _)| is_short_delay(body, body.origins.arg(event, i)));
    let life = threads::life_of_task(world, body, body.origins.arg(event, position));
    bodies.extend(life.bodies);
    is_soon && life.is_short && !is_in(world, site, groups::REPEATED_TASK)
}

/// Whether a call submits a task.
pub(super) fn submits(world: &World<'_>, site: Site) -> bool {
    let event = world.event(site.0, site.1);
    event.is_some_and(|e| task_of(world, world.body(site.0), e).is_some())
}

/// The operand that is the task which a call submits.
pub(super) fn task_of(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<usize> {
    let loader = world.program.class(body.class).loader;
    let submits = world.knowledge.group(groups::EXECUTOR_SUBMIT);
    let api = world.knowledge.api_in(submits, loader, event.member()?)?;
    let task = world.knowledge.tables.apis.get(usize::from(api))?.value?;
    Subject::Argument(task).operand(event.kind.has_receiver())
}

/// Whether every object with a field that keeps it is seen to be let go, too: made here, and kept by no static. What
/// nothing here makes is a container's, which drops it.
fn holders_go(
    follower: &Follower<'_>,
    resource: ResourceId,
    fate: &Fate,
    with_module: bool,
    depth: u32,
) -> bool {
    let program = follower.world.program;
    let instance = fate.fields.iter().filter(|f| !program.field(**f).access.is_static());
    let classes = instance.map(|f| program.class_of_field(*f));
    let methods = classes.flat_map(|class| program.methods_of(class));
    let mut constructors = methods.filter(|(_, m)| program.is_constructor(m.name));
    constructors.all(|(constructor, _)| {
        let sites = follower.world.sites.of(constructor, MAX_MAKERS);
        sites.is_some_and(|sites| {
            let mut made = sites.iter().map(|site| (site.caller, site.event));
            made.all(|site| holder_goes(follower, resource, site, with_module, depth))
        })
    })
}

/// The same of the object that a constructor's call makes.
fn holder_goes(
    follower: &Follower<'_>,
    resource: ResourceId,
    site: Site,
    with_module: bool,
    depth: u32,
) -> bool {
    let world = follower.world;
    let is_new = world.event(site.0, site.1).is_some_and(|e| e.kind == EventKind::InvokeSpecial);
    if depth >= MAX_HOLDERS || !is_new {
        return false;
    }
    let made = Acquired { method: site.0, event: site.1, resource, operand: Some(0), made: site };
    let holder = follower.follow(&made);
    !holder.escapes
        && !holder.is_lent
        && !holder.may_be_referred_to_for_ever(world, with_module)
        && holders_go(follower, resource, &holder, with_module, depth + 1)
}

fn is_short_delay(body: Body<'_>, value: ValueId) -> bool {
    body.origins.leaves(value).all(|leaf| matches!(leaf, Value::Int(0..=MAX_DELAY)))
}

fn is_in(world: &World<'_>, site: Site, group: &str) -> bool {
    let loader = world.program.class(world.program.class_of_method(site.0)).loader;
    let member = world.event(site.0, site.1).and_then(Event::member);
    member.is_some_and(|m| world.knowledge.api_of(group, loader, m).is_some())
}
