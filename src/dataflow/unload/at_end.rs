//! Work that only the end of the JVM brings: what its shutdown hooks run.

use super::acquire::is_of_group;
use super::flow::Fate;
use super::{tasks, threads};
use crate::dataflow::knowledge::Role;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::MethodId;

/// The group of what the JVM runs when it ends.
const AT_END: &str = "run-at-end";
/// Callers between a hook and the work.
const MAX_DEPTH: u32 = 4;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 8;
/// Objects around one another: a hook's thread, the task in it.
const MAX_HOLDERS: u32 = 2;

/// Whether all work that a pool is given comes from shutdown hooks. Until then it has no thread.
pub(super) fn works_only_then(world: &World<'_>, fate: &Fate) -> bool {
    let is_seen = !fate.escapes && !fate.is_lent && fate.beans.is_empty();
    let mut submits = fate.calls.iter().filter(|site| tasks::submits(world, **site)).peekable();
    is_seen
        && submits.peek().is_some()
        && submits.all(|(method, _)| runs_only_then(world, *method, MAX_DEPTH))
}

/// Whether a method is what a hook runs, or all that call it are.
fn runs_only_then(world: &World<'_>, method: MethodId, depth: u32) -> bool {
    let program = world.program;
    if is_hooks(world, method) {
        return true;
    }
    let is_open = world.reach.is_open_world() && program.method(method).access.is_public();
    let sites = world.sites.of(method, MAX_SITES).unwrap_or_default();
    depth > 0
        && !is_open
        && !sites.is_empty()
        && sites.iter().all(|site| runs_only_then(world, site.caller, depth - 1))
}

/// Whether a method is the body of a function, or of an object's class, that is only ever made to be a hook.
fn is_hooks(world: &World<'_>, method: MethodId) -> bool {
    let program = world.program;
    let class = program.class_of_method(method);
    let lambdas = world
        .sites
        .resolved_to(method)
        .iter()
        .filter(|site| world.event(site.caller, site.event).is_some_and(|e| e.kind == EventKind::Lambda));
    let lambdas: Vec<_> = lambdas.collect();
    if !lambdas.is_empty() {
        return lambdas.iter().all(|site| {
            is_made_hook(world, world.body(site.caller), Value::Event(u32::from(site.event)), MAX_HOLDERS)
        });
    }
    let runs =
        program.text(program.method(method).name) == "run" && !program.method(method).access.is_static();
    let constructors = program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
    let sites: Vec<_> =
        constructors.flat_map(|(id, _)| world.sites.resolved_to(id).iter().copied()).collect();
    runs && !sites.is_empty()
        && sites.iter().all(|site| {
            let body = world.body(site.caller);
            let call = world.event(site.caller, site.event);
            let made = call.map(|e| body.origins.unit.value(body.method, body.origins.arg(e, 0)));
            made.is_some_and(|made| is_made_hook(world, body, made, MAX_HOLDERS))
        })
}

/// Whether a body hands a value to the JVM as a hook, or as the task of a thread that is one.
fn is_made_hook(world: &World<'_>, body: Body<'_>, value: Value, depth: u32) -> bool {
    let loader = world.program.class(body.class).loader;
    let is_given =
        |e: &Event| body.origins.args(e).iter().any(|v| body.origins.leaves(*v).any(|leaf| leaf == value));
    let is_end = |role: Role| matches!(role, Role::Acquire(r) if is_of_group(world, r, AT_END));
    let hands_over = |e: &Event| {
        e.member().is_some_and(|m| world.knowledge.roles(loader, m).any(|(role, _)| is_end(role)))
    };
    let thread_of = |e: &Event| {
        let made = body.origins.unit.value(body.method, body.origins.arg(e, 0));
        (e.kind == EventKind::InvokeSpecial && made != value && threads::is_thread(world, body, e))
            .then_some(made)
    };
    body.origins.events().iter().filter(|e| e.kind.is_invoke() && is_given(e)).any(|e| {
        hands_over(e)
            || depth > 0 && thread_of(e).is_some_and(|thread| is_made_hook(world, body, thread, depth - 1))
    })
}
