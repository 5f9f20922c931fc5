//! The context class loaders that code gives to threads: those of the deployment's shared code, or none, keep no
//! application; and whether what makes a thread runs as a privileged action, so that the thread does not take over the
//! protection domains of its callers, which refer to their loaders.

use super::changes::block_of;
use super::knowledge::groups;
use super::origins::{self, Found, Origin};
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::{MethodId, ValueId};

/// The JVM's own names.
const THREAD: &str = "java/lang/Thread";
const CURRENT: &str = "currentThread";
const RUN: &str = "run";
const NEW_THREAD: &str = "newThread";

/// Calls between a thread and the privileged action in which it is made.
const MAX_CALLS: u32 = 4;
/// Calls of one method that are looked at.
const MAX_SITES: usize = 16;
/// Methods that one call may select.
const MAX_TARGETS: usize = 4;
/// Methods looked at for what one call runs.
const MAX_BODIES: usize = 40;

/// A call that gives a thread a loader.
struct Given {
    /// The event, in the body that was asked about.
    event: u16,
    /// The thread, a value there; `None` if it is given through an object.
    thread: Option<ValueId>,
    /// The method and value that is the loader.
    loader: (MethodId, ValueId),
}

/// Whether a body gives a thread the loader of shared code, or none.
pub fn gives_own(world: &World<'_>, body: Body<'_>) -> bool {
    given(world, body).iter().any(|g| is_own(world, g))
}

/// Whether a body gives a thread that it has the loader of shared code, or none.
pub fn gives_own_to(world: &World<'_>, body: Body<'_>, thread: ValueId) -> bool {
    let same = |v: ValueId| body.origins.leaves(v).any(|l| body.origins.leaves(thread).any(|t| t == l));
    given(world, body).iter().any(|g| g.thread.is_none_or(same) && is_own(world, g))
}

/// Whether the thread that runs a body has the loader of shared code, or none, wherever the body gets to an event.
pub fn has_own_at(world: &World<'_>, body: Body<'_>, event: u16) -> bool {
    let given = given(world, body);
    let is_running = |g: &&Given| {
        let mut leaves = g.thread.into_iter().flat_map(|t| body.origins.leaves(t)).peekable();
        leaves.peek().is_some() && leaves.all(|leaf| is_current(world, body, leaf))
    };
    let last = given.iter().filter(|g| g.event < event).rfind(is_running);
    last.is_some_and(|g| is_own(world, g) && is_passed_first(body, g.event, event))
}

/// Whether each of the deployment's own methods that a call may select gives the threads that it makes the loader of shared
/// code, or none: itself, in what its class has besides, or in a factory of threads.
pub fn is_given_by_target(world: &World<'_>, body: Body<'_>, call: &Event) -> bool {
    let targets = world.targets(body, call, MAX_TARGETS).unwrap_or_default();
    !targets.is_empty() && targets.into_iter().all(|target| gives_own_within(world, target))
}

fn gives_own_within(world: &World<'_>, target: MethodId) -> bool {
    let program = world.program;
    let class = program.class_of_method(target);
    let is_near = |method: MethodId| {
        let other = program.class_of_method(method);
        program.is_subtype(class, other)
            || program.is_same_outermost(other, class)
            || program.text(program.method(method).name) == NEW_THREAD
    };
    let mut methods = vec![target];
    let mut at = 0;
    while let Some(method) = methods.get(at).copied() {
        at += 1;
        let body = world.body(method);
        if gives_own(world, body) {
            return true;
        }
        for event in body.origins.events().iter().filter(|e| e.kind.is_invoke()) {
            let targets = world.targets(body, event, 1).unwrap_or_default();
            if let [only] = targets.as_slice()
                && methods.len() < MAX_BODIES
                && !methods.contains(only)
                && is_near(*only)
            {
                methods.push(*only);
            }
        }
    }
    false
}

/// The calls of a body that give threads loaders: directly, by a method that does nothing else with them, or in a
/// privileged action.
fn given(world: &World<'_>, body: Body<'_>) -> Vec<Given> {
    let mut found = Vec::new();
    let events = body.origins.events().iter().enumerate();
    for (i, event) in events.filter(|(_, e)| e.kind.is_invoke()) {
        let i = i as u16;
        if is_of(world, body, event, groups::CONTEXT_LOADER_SET) {
            let [thread, loader] = [0, 1].map(|at| body.origins.arg(event, at));
            found.push(Given { event: i, thread: Some(thread), loader: (body.id, loader) });
        } else if is_of(world, body, event, groups::PRIVILEGED_CALL) {
            found.extend(in_action(world, body, i, event));
        } else if hands_thread(world, event)
            && let Some([helper]) = world.targets(body, event, 1).as_deref()
        {
            found.extend(handed(world, body, (i, event), world.body(*helper)));
        }
    }
    found
}

/// Whether a call has a thread as an argument.
fn hands_thread(world: &World<'_>, event: &Event) -> bool {
    let program = world.program;
    event.member().is_some_and(|m| {
        params(program.text(program.facts.members.get(m).desc)).any(|ty| ty.class() == Some(THREAD))
    })
}

/// What a method gives to the threads that a call, or what makes a function, hands it.
fn handed(world: &World<'_>, body: Body<'_>, (i, call): (u16, &Event), helper: Body<'_>) -> Option<Given> {
    let passed = |value: ValueId| match single(helper, value)? {
        Value::Param(p) => body.origins.args(call).get(usize::from(p)).copied(),
        _ => None,
    };
    let sets = helper.origins.events().iter().filter(|e| e.kind.is_invoke());
    let mut sets = sets.filter(|e| is_of(world, helper, e, groups::CONTEXT_LOADER_SET));
    sets.find_map(|set| {
        let [thread, loader] = [0, 1].map(|at| helper.origins.arg(set, at));
        let loader = passed(loader).map_or((helper.id, loader), |value| (body.id, value));
        Some(Given { event: i, thread: Some(passed(thread)?), loader })
    })
}

/// What the action that a privileged call is given gives to a thread: one that a function captures, or one that an object is
/// made with.
fn in_action(world: &World<'_>, body: Body<'_>, i: u16, call: &Event) -> Option<Given> {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let action = body.origins.args(call).iter().find_map(|v| {
        let (_, made) = body.origins.event(single(body, *v)?)?;
        matches!(made.kind, EventKind::New | EventKind::Lambda).then_some(made)
    })?;
    if action.kind == EventKind::Lambda {
        let run = program.refs(loader).method(action.member()?)?;
        return handed(world, body, (i, action), world.body(run));
    }
    let class = program.find(loader, action.name()?)?;
    let (run, _) = program
        .methods_of(class)
        .find(|(_, m)| m.has_body && !m.access.is_synthetic() && program.text(m.name) == RUN)?;
    let run = world.body(run);
    let set = run.origins.events().iter().find(|e| is_of(world, run, e, groups::CONTEXT_LOADER_SET))?;
    Some(Given { event: i, thread: None, loader: (run.id, run.origins.arg(set, 1)) })
}

fn is_own(world: &World<'_>, given: &Given) -> bool {
    let found = origins::of_value(world, given.loader.0, given.loader.1);
    let is_own = |f: &Found| match f.origin {
        Origin::LoaderOf(class) | Origin::LoaderOfThis(class) => {
            world.reach.is_open_world() || world.reach.owner(class).is_none()
        }
        Origin::SystemLoader | Origin::Null => true,
        _ => false,
    };
    !found.is_empty() && found.iter().all(is_own)
}

/// Whether code makes what it makes as a privileged action: each call of the method is a part of one.
pub fn is_privileged(world: &World<'_>, method: MethodId) -> bool {
    is_part_of_action(world, method, 0)
}

fn is_part_of_action(world: &World<'_>, method: MethodId, depth: u32) -> bool {
    let program = world.program;
    let (class, facts) = (program.class_of_method(method), program.method(method));
    if program.text(facts.name) == RUN && !facts.access.is_static() && program.is_anonymous(class) {
        let constructors = program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
        let mut sites = constructors.flat_map(|(id, _)| world.sites.of(id, MAX_SITES).unwrap_or_default());
        return sites.any(|site| {
            let maker = world.body(site.caller);
            let made = world.event(site.caller, site.event).map(|e| maker.origins.arg(e, 0));
            made.and_then(|v| single(maker, v)).is_some_and(|leaf| is_run_privileged(world, maker, leaf, 0))
        });
    }
    let Some(sites) = world.sites.of(method, MAX_SITES).filter(|s| !s.is_empty() && depth < MAX_CALLS) else {
        return false;
    };
    sites.iter().all(|site| {
        let CallSite { caller, event } = *site;
        match world.event(caller, event) {
            Some(e) if e.kind == EventKind::Lambda => {
                is_run_privileged(world, world.body(caller), Value::Event(u32::from(event)), 0)
            }
            Some(e) => e.kind.is_invoke() && is_part_of_action(world, caller, depth + 1),
            None => false,
        }
    })
}

/// Whether all that a body does with a function is to have it run as a privileged action.
fn is_run_privileged(world: &World<'_>, body: Body<'_>, function: Value, depth: u32) -> bool {
    let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == function);
    let mut n_uses = 0;
    let all = (0u32..).zip(body.origins.events()).all(|(i, event)| {
        let Some(at) = body.origins.args(event).iter().position(is_it) else { return true };
        match event.kind {
            // Its own constructor, and what the compiler knows of its type.
            EventKind::InvokeSpecial if at == 0 => return true,
            EventKind::CheckCast => return true,
            _ if is_null_check(world, event) => return true,
            _ => n_uses += 1,
        }
        match event.kind {
            EventKind::Lambda => {
                depth < MAX_CALLS && is_run_privileged(world, body, Value::Event(i), depth + 1)
            }
            kind if kind.is_invoke() && is_of(world, body, event, groups::PRIVILEGED_CALL) => true,
            kind if kind.is_invoke() && depth < MAX_CALLS => {
                let targets = world.targets(body, event, 1);
                matches!(targets.as_deref(), Some([only])
                    if is_run_privileged(world, world.body(*only), Value::Param(at as u16), depth + 1))
            }
            _ => false,
        }
    });
    all && n_uses > 0
}

/// What the compiler puts before a reference to a method of an object.
fn is_null_check(world: &World<'_>, event: &Event) -> bool {
    let program = world.program;
    let name = event.member().map(|m| program.text(program.facts.members.get(m).name));
    matches!((event.kind, name), (EventKind::InvokeStatic, Some("requireNonNull")) | (_, Some("getClass")))
}

fn is_of(world: &World<'_>, body: Body<'_>, event: &Event, group: &str) -> bool {
    let loader = world.program.class(body.class).loader;
    event.member().is_some_and(|m| world.knowledge.api_of(group, loader, m).is_some())
}

/// Whether a value is the thread that runs the body.
fn is_current(world: &World<'_>, body: Body<'_>, leaf: Value) -> bool {
    let program = world.program;
    let call = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::InvokeStatic);
    call.and_then(|(_, e)| e.member()).map(|m| program.facts.members.get(m)).is_some_and(|m| {
        program.text(m.name) == CURRENT && return_type(program.text(m.desc)).class() == Some(THREAD)
    })
}

fn single(body: Body<'_>, value: ValueId) -> Option<Value> {
    let mut leaves = body.origins.leaves(value);
    leaves.next().filter(|_| leaves.next().is_none())
}

/// Whether no way leads to the event `to` but by the earlier one.
pub fn is_passed_first(body: Body<'_>, first: u16, to: u16) -> bool {
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
