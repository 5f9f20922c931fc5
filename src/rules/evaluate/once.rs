//! Code that runs once in the life of a class, for whoever comes first.

use crate::dataflow::{Body, World, lazy};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, MethodId};

/// Calls between a class initialiser and what it has others do.
const MAX_DEPTH: u32 = 3;
/// Callers of one method that are looked at.
const MAX_CALLERS: usize = 32;

/// Whether a method runs once: a class initialiser, what only that calls, or a lambda that it hands to an object which
/// keeps the result.
pub(super) fn runs_once(world: &World<'_>, method: MethodId, depth: u32) -> bool {
    let facts = world.program.method(method);
    if world.program.text(facts.name) == "<clinit>" {
        return true;
    }
    // A constructor whose callers are all known makes the objects that they ask for.
    let is_making = world.program.text(facts.name) == "<init>" && !world.reach.is_open_world();
    let is_open = (facts.access.is_public() || facts.access.is_protected()) && !is_making;
    if depth >= MAX_DEPTH || is_open {
        return false;
    }
    let callers = world.sites.of(method, MAX_CALLERS).unwrap_or_default();
    !callers.is_empty()
        && callers.iter().all(|site| {
            let body = world.body(site.caller);
            let is_kept = |e: &Event| e.kind != EventKind::Lambda || is_kept(world, body, site.event);
            body.origins.events().get(usize::from(site.event)).is_some_and(is_kept)
                && runs_once(world, site.caller, depth + 1)
        })
}

/// Whether an event happens once for a class: it stands behind a test of a static that the method sets too, or all that
/// call the method do so behind such a test, or once.
pub(super) fn is_guarded_once(world: &World<'_>, method: MethodId, event: u16, depth: u32) -> bool {
    if lazy::is_guarded(world, method, event) || runs_once(world, method, depth) {
        return true;
    }
    let access = world.program.method(method).access;
    if depth >= MAX_DEPTH || access.is_public() || access.is_protected() {
        return false;
    }
    let callers = world.sites.of(method, MAX_CALLERS).unwrap_or_default();
    !callers.is_empty()
        && callers.iter().all(|site| is_guarded_once(world, site.caller, site.event, depth + 1))
}

/// Whether a lambda is handed to the constructor of a class that calls it and keeps what it yields.
fn is_kept(world: &World<'_>, body: Body<'_>, lambda: u16) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial).any(|e| {
        let mut passed = body.origins.args(e).iter().skip(1).flat_map(|v| body.origins.leaves(*v));
        let made = e.member().and_then(|m| refs.method(m)).map(|m| world.program.class_of_method(m));
        passed.any(|leaf| leaf == Value::Event(u32::from(lambda)))
            && made.is_some_and(|class| keeps_what_it_is_yielded(world, class))
    })
}

/// Whether some method of a class stores, in a field of the object, what a call of an object in another field yields.
fn keeps_what_it_is_yielded(world: &World<'_>, class: ClassId) -> bool {
    let program = world.program;
    let of_field = |body: Body<'_>, call: &Event| {
        let mut leaves = body.origins.leaves(body.origins.arg(call, 0));
        leaves.any(|l| body.origins.event(l).is_some_and(|(_, e)| e.kind == EventKind::GetField))
    };
    !program.is_jdk(class)
        && program.methods_of(class).filter(|(_, m)| program.text(m.name) != "<init>").any(|(id, _)| {
            let body = world.body(id);
            let puts = body.origins.events().iter().filter(|e| e.kind == EventKind::PutField);
            let mut stored = puts.flat_map(|e| body.origins.leaves(body.origins.arg(e, 1)));
            stored.any(|leaf| {
                let made = body.origins.event(leaf);
                made.is_some_and(|(_, e)| e.kind == EventKind::InvokeInterface && of_field(body, e))
            })
        })
}
