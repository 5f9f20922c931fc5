//! Code that runs once in the life of a class, for whoever comes first.

use crate::dataflow::{Body, World, lazy};
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// Calls between a class initialiser and what it has others do.
const MAX_DEPTH: u32 = 3;
/// Callers of one method that are looked at.
const MAX_CALLERS: usize = 32;
/// Places that are looked at for one question.
const MAX_PLACES: usize = 512;

/// Whether a method runs once: a class initialiser, what only that calls, or a lambda that it hands to an object which
/// keeps the result.
pub(super) fn runs_once(world: &World<'_>, method: MethodId) -> bool {
    all_before(
        world,
        (method, 0),
        |(method, _)| (method, 0),
        |(method, _)| world.program.is_class_initializer(world.program.method(method).name),
        |site| {
            let body = world.body(site.caller);
            let is_kept = |e: &Event| e.kind != EventKind::Lambda || is_kept(world, body, site.event);
            body.origins.events().get(usize::from(site.event)).is_some_and(is_kept)
        },
    )
}

/// Whether an event happens once for a class: it stands behind a test of a static that the method sets too, or all that
/// call the method do so behind such a test, or once.
pub(super) fn is_guarded_once(world: &World<'_>, method: MethodId, event: u16) -> bool {
    let is_once = |(method, event): Place| lazy::is_guarded(world, method, event) || runs_once(world, method);
    all_before(world, (method, event), |place| place, is_once, |_| true)
}

/// An event of a method.
type Place = (MethodId, u16);

/// Whether each way back to a place begins at one that `settles` it, over methods whose callers are all known.
/// Each place, told apart by what `of` makes of it, is asked once: ways are far more than places on them.
fn all_before(
    world: &World<'_>,
    from: Place,
    of: impl Fn(Place) -> Place,
    settles: impl Fn(Place) -> bool,
    leads: impl Fn(&CallSite) -> bool,
) -> bool {
    let mut seen = FxHashSet::from_iter([of(from)]);
    // The nearest first, so that a place is met on its shortest way.
    let mut waiting = VecDeque::from([(from, 0)]);
    while let Some((place, depth)) = waiting.pop_front() {
        if settles(place) {
            continue;
        }
        let access = world.program.method(place.0).access;
        // Where all applications are known, those who call are, too.
        let is_open = world.reach.is_open_world() && (access.is_public() || access.is_protected());
        if depth >= MAX_DEPTH || is_open || seen.len() > MAX_PLACES {
            return false;
        }
        let callers = world.sites.of(place.0, MAX_CALLERS).unwrap_or_default();
        if callers.is_empty() || !callers.iter().all(&leads) {
            return false;
        }
        let callers = callers.into_iter().map(|site| (site.caller, site.event));
        waiting.extend(callers.filter(|caller| seen.insert(of(*caller))).map(|caller| (caller, depth + 1)));
    }
    true
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
        && program.methods_of(class).filter(|(_, m)| !program.is_constructor(m.name)).any(|(id, _)| {
            let body = world.body(id);
            let puts = body.origins.events().iter().filter(|e| e.kind == EventKind::PutField);
            let mut stored = puts.flat_map(|e| body.origins.leaves(body.origins.arg(e, 1)));
            stored.any(|leaf| {
                let made = body.origins.event(leaf);
                made.is_some_and(|(_, e)| e.kind == EventKind::InvokeInterface && of_field(body, e))
            })
        })
}
