//! Threads, and pools with a thread factory, that are given the loader of the code that makes them, so that none keeps
//! the context loader of whoever happened to need it first.

use super::flow::{Acquired, Site};
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World, context_loaders};
use crate::facts::{Event, EventKind};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, MethodId, ValueId};

/// The method of the JVM's own interface for factories of threads.
const NEW_THREAD: &str = "newThread";
/// Methods that one function may run.
const MAX_TARGETS: usize = 4;

/// What runs an action on behalf of its caller alone.
const ACTIONS: [&str; 2] = ["java/security/PrivilegedAction", "java/security/PrivilegedExceptionAction"];
const LOADER: &str = "java/lang/ClassLoader";
/// From this release on threads have no access context.
const WITHOUT_ACCESS: u16 = 24;

/// What a thread with its own code's loader still keeps of whoever has it started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keeps {
    /// Nothing.
    Nothing,
    /// The access context, in which the loaders of all code on the stack are.
    Access,
}

/// What is kept by a thread that is started, or by the one of a timer that is made, if the code sees to it that its
/// context loader is its own or none: by a call on the thread, or on the one that makes it, before it does.
pub(super) fn keeps(world: &World<'_>, acquired: &Acquired) -> Option<Keeps> {
    let (method, event) = acquired.made;
    let runs = run_at(world, method);
    let is_set_around = |site: &Site| {
        let body = world.body(site.0);
        let mut before = body.origins.events().iter().take(usize::from(site.1)).rev();
        before.find_map(|e| sets(world, body, e)) == Some(true)
    };
    if !runs.is_empty() && runs.iter().all(is_set_around) {
        return Some(Keeps::Nothing);
    }
    let body = world.body(method);
    let call = world.event(method, event)?;
    let thread = body.origins.args(call).first().copied()?;
    let made = body.origins.leaves(thread).filter_map(|l| body.origins.event(l)).map(|(i, _)| i).min()?;
    let (mut of_maker, mut of_thread) = (None, None);
    for (i, e) in body.origins.events().iter().enumerate().take(usize::from(event)) {
        if let Some(is_own) = sets(world, body, e) {
            let set = if i < made as usize { &mut of_maker } else { &mut of_thread };
            *set = Some(is_own);
        }
    }
    let is_given = || {
        let found = origins::of_value(world, method, thread);
        let made = found.iter().filter(|f| matches!(f.origin, Origin::Allocation(_)));
        let mut makers = made.map(|f| f.method).filter(|m| *m != method).peekable();
        makers.peek().is_some() && makers.all(|maker| sets_own_loader(world, world.body(maker)))
    };
    if !of_thread.or(of_maker).unwrap_or_else(is_given) {
        return None;
    }
    let is_safe = || is_privileged(world, body, thread) || is_made_in_action(world, method, thread);
    let has_access = world.program.topology.release < WITHOUT_ACCESS && !is_safe();
    Some(if has_access { Keeps::Access } else { Keeps::Nothing })
}

/// Where a method is run as an action on behalf of nobody but the caller's own class.
fn run_at(world: &World<'_>, method: MethodId) -> Vec<Site> {
    let program = world.program;
    let class = program.class_of_method(method);
    let is_action = ACTIONS.iter().any(|name| program.has_supertype_named(class, name));
    let mut makers: Vec<MethodId> = vec![method];
    if is_action {
        let constructors = program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
        makers = constructors.map(|(id, _)| id).collect();
    } else if !program.method(method).access.is_synthetic() {
        return Vec::new();
    }
    let sites = makers.iter().flat_map(|m| world.sites.resolved_to(*m)).take(MAX_TARGETS);
    let runs = sites.flat_map(|site| {
        let caller = world.body(site.caller);
        let runs = |e: &Event| {
            is_call_of(world, caller, e, groups::PRIVILEGED_CALL)
                && actions(world, caller, e).contains(&method)
        };
        let calls = caller.origins.events().iter().enumerate().filter(|(_, e)| runs(e));
        calls.map(|(i, _)| (site.caller, i as u16)).collect::<Vec<_>>()
    });
    runs.collect()
}

/// Whether a value is made on behalf of nobody but the body's own class.
fn is_privileged(world: &World<'_>, body: Body<'_>, thread: ValueId) -> bool {
    let program = world.program;
    let thread = stored(body, thread).unwrap_or(thread);
    let is_run = ACTIONS.iter().any(|name| program.has_supertype_named(body.class, name));
    is_run
        || body.origins.leaves(thread).any(|leaf| {
            let event = body.origins.event(leaf).map(|(_, e)| e);
            let cast = event.filter(|e| e.kind == EventKind::CheckCast).map(|e| body.origins.arg(e, 0));
            let yields = |v: ValueId| {
                let mut events = body.origins.leaves(v).filter_map(|l| body.origins.event(l));
                events.any(|(_, e)| is_call_of(world, body, e, groups::PRIVILEGED_CALL))
            };
            cast.map_or_else(|| yields(thread), yields)
        })
}

/// Whether each method that makes a thread, or the timer that does, is a part of an action on behalf of its own class.
fn is_made_in_action(world: &World<'_>, method: MethodId, thread: ValueId) -> bool {
    let found = origins::of_value(world, method, thread);
    let mut makers = found.iter().filter(|f| matches!(f.origin, Origin::Allocation(_))).peekable();
    makers.peek().is_some() && makers.all(|f| context_loaders::is_privileged(world, f.method))
}

/// What the body itself puts into the field that a value is read from.
fn stored(body: Body<'_>, value: ValueId) -> Option<ValueId> {
    let reads = body.origins.leaves(value).filter_map(|l| body.origins.event(l));
    let field = reads
        .filter(|(_, e)| matches!(e.kind, EventKind::GetField | EventKind::GetStatic))
        .find_map(|(_, e)| e.member())?;
    let is_store = |e: &&Event| {
        matches!(e.kind, EventKind::PutField | EventKind::PutStatic) && e.member() == Some(field)
    };
    let store = body.origins.events().iter().find(is_store)?;
    body.origins.args(store).last().copied()
}

fn is_call_of(world: &World<'_>, body: Body<'_>, event: &Event, group: &str) -> bool {
    let loader = world.program.class(body.class).loader;
    let member = event.member().filter(|_| event.kind.is_invoke());
    member.is_some_and(|m| world.knowledge.api_of(group, loader, m).is_some())
}

/// Whether a call sets a context loader, itself, by an action or in a method of the same class, and then if that is the
/// loader of its own code or none.
fn sets(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<bool> {
    if is_call_of(world, body, event, groups::CONTEXT_LOADER_SET) {
        return Some(is_own(world, body, body.origins.arg(event, 1)));
    }
    if is_call_of(world, body, event, groups::PRIVILEGED_CALL) {
        let mut actions = actions(world, body, event).into_iter().map(|run| world.body(run));
        let set = actions.find(|run| does_set(world, *run))?;
        return Some(sets_own_loader(world, set));
    }
    let target = Some(event).filter(|e| e.kind == EventKind::InvokeStatic).and_then(|e| {
        let refs = world.program.refs(world.program.class(body.class).loader);
        refs.method(e.member()?).filter(|m| world.program.class_of_method(*m) == body.class)
    })?;
    let callee = world.body(target);
    let by_action = || {
        let privileged = |e: &&Event| is_call_of(world, callee, e, groups::PRIVILEGED_CALL);
        let mut runs =
            callee.origins.events().iter().filter(privileged).flat_map(|e| actions(world, callee, e));
        runs.any(|run| does_set(world, world.body(run)))
    };
    if !does_set(world, callee) && !by_action() {
        return None;
    }
    let types = params(world.program.text(callee.method.desc)).enumerate();
    let mut given = types.filter(|(_, ty)| ty.class() == Some(LOADER));
    given.next().map(|(i, _)| is_own(world, body, body.origins.arg(event, i)))
}

/// What the action runs that a call is given.
fn actions(world: &World<'_>, body: Body<'_>, call: &Event) -> Vec<MethodId> {
    let program = world.program;
    let found = body.origins.args(call).first().map(|v| origins::of_value(world, body.id, *v));
    let runs = found.into_iter().flatten().flat_map(|found| {
        let made = world.event(found.method, found.event);
        match (found.origin, made) {
            (Origin::Allocation(Some(class)), _) if !program.is_jdk(class) => {
                let mut methods = program.methods_of(class);
                let run = methods
                    .find(|(_, m)| m.has_body && !m.access.is_synthetic() && program.text(m.name) == "run");
                run.map(|(id, _)| id).into_iter().collect()
            }
            (Origin::Allocation(None), Some(e)) if e.kind == EventKind::Lambda => {
                world.targets(world.body(found.method), e, MAX_TARGETS).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    });
    runs.collect()
}

fn does_set(world: &World<'_>, body: Body<'_>) -> bool {
    body.origins.events().iter().any(|e| is_call_of(world, body, e, groups::CONTEXT_LOADER_SET))
}

/// Whether what makes a pool is given such a factory.
pub(super) fn has_factory(world: &World<'_>, acquired: &Acquired) -> bool {
    let (method, event) = acquired.made;
    let Some(call) = world.event(method, event) else { return false };
    let first = usize::from(call.kind.has_receiver());
    world.body(method).origins.args(call).iter().skip(first).any(|value| {
        origins::of_value(world, method, *value).iter().any(|found| {
            let made = world.event(found.method, found.event);
            let makers: Vec<MethodId> = match (found.origin, made) {
                (Origin::Allocation(Some(class)), _) => new_thread(world, class).into_iter().collect(),
                (Origin::Allocation(None), Some(e)) if e.kind == EventKind::Lambda => {
                    world.targets(world.body(found.method), e, MAX_TARGETS).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            makers.into_iter().any(|maker| sets_own_loader(world, world.body(maker)))
        })
    })
}

fn new_thread(world: &World<'_>, class: ClassId) -> Option<MethodId> {
    let program = world.program;
    let mut methods = program.methods_of(class).filter(|_| !program.is_jdk(class));
    methods.find(|(_, m)| m.has_body && program.text(m.name) == NEW_THREAD).map(|(id, _)| id)
}

/// Whether a method sets the loader of its own code, or none of an application, as a context loader.
fn sets_own_loader(world: &World<'_>, body: Body<'_>) -> bool {
    let mut events = body.origins.events().iter();
    events.any(|e| {
        is_call_of(world, body, e, groups::CONTEXT_LOADER_SET) && is_own(world, body, body.origins.arg(e, 1))
    })
}

/// Whether a loader is that of the code at hand, or none.
fn is_own(world: &World<'_>, body: Body<'_>, loader: ValueId) -> bool {
    let found = origins::of_value(world, body.id, loader);
    let is_own = |o: Origin| {
        matches!(o, Origin::LoaderOf(_) | Origin::LoaderOfThis(_) | Origin::SystemLoader | Origin::Null)
    };
    !found.is_empty() && found.iter().all(|f| is_own(f.origin))
}
