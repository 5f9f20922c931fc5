//! Whether a call is followed by another one on the paths a rule names.

use super::context::Context;
use super::matches::Spot;
use super::values::origins_of;
use super::{branches, handed_on, tasks};
use crate::dataflow::Body;
use crate::dataflow::changes::block_of;
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::paths::{self, PathGap};
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::program::{CallSite, FieldAccess};
use crate::rules::rule::{Exits, FollowTest};
use crate::vocabulary::descriptor::return_type;
use crate::vocabulary::{MethodId, ValueId};

/// Whether every path from the spot to the named exits passes a call of the APIs.
///
/// With `restores`, a call that itself puts a saved value back needs no other to follow it, and neither does one in an
/// object that another of its methods puts right, as the two halves of a scope.
pub(super) fn is_followed(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return true };
    let undoes = || {
        is_restoring(cx, body, event)
            || handed_on::puts_back_kept(cx, body, event)
            || handed_on::has_other_half(cx, body, test)
            || undoes_what_is_unseen(cx, body, event, test)
            || handed_on::hands_on(cx, body, spot.event, test)
    };
    let is_set = is_call_of(cx, body, event, test);
    if test.restores && is_set && !is_of_task(cx, body, event, test) && undoes() {
        return true;
    }
    if gap(cx, spot, test).is_none() {
        return true;
    }
    // Who is handed what puts it back has no callers who would know of it.
    if !is_set {
        return false;
    }
    test.restores && (is_restored_by_callers(cx, body, event, test) || is_restored_in_the_end(cx, spot, test))
}

/// Blocks of a cleanup that are looked at.
const MAX_CLEANUP_BLOCKS: usize = 24;

/// Whether a `finally` around what follows the call restores, if under a condition: what is restored only when it was
/// changed is tested twice, and the two tests say the same.
fn is_restored_in_the_end(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> bool {
    let body = cx.world.body(spot.method);
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let Some(from) = block_of(unit, body, spot.event) else { return false };
    let restoring: Vec<u16> = (0u16..)
        .zip(body.origins.events())
        .filter(|(i, e)| *i != spot.event && is_call_of(cx, body, e, test) && is_restoring(cx, body, e))
        .filter_map(|(i, _)| block_of(unit, body, i))
        .collect();
    let following = blocks.iter().skip(usize::from(from));
    let cleanups = following.flat_map(|b| unit.handlers(b)).filter(|h| h.catches == NO_NAME);
    let mut waiting: Vec<(u16, bool)> = cleanups.map(|h| (h.block, false)).collect();
    let mut seen = Vec::new();
    while let Some((at, is_conditional)) = waiting.pop() {
        if seen.contains(&at) || seen.len() > MAX_CLEANUP_BLOCKS {
            continue;
        }
        seen.push(at);
        if restoring.contains(&at) {
            if is_conditional {
                return true;
            }
            continue;
        }
        let next = blocks.get(usize::from(at)).map_or(&[][..], |b| unit.successors(b));
        waiting.extend(next.iter().map(|to| (*to, is_conditional || next.len() > 1)));
    }
    false
}

/// Whether the method gives back the loader that was there, for its caller to restore.
pub(super) fn returns_what_was_there(cx: &Context<'_>, body: Body<'_>) -> bool {
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let is_it = |f: &Found| f.origin == Origin::ContextLoader && !f.is_derived;
    return_type(cx.world.program.text(body.method.desc)).is_reference()
        && returns
            .flat_map(|e| body.origins.args(e))
            .any(|v| origins::of_value(cx.world, body.id, *v).iter().any(is_it))
}

/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;

/// Whether a method sets only what it is given, for callers that all restore: the obligation is theirs.
fn is_restored_by_callers(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let Some(value) = body.origins.args(event).last() else { return false };
    let is_given = |leaf: Value| matches!(leaf, Value::Param(i) if i > 0 || body.method.access.is_static());
    let callers = cx.world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    let restores = |caller: &CallSite| {
        let call = Spot { method: caller.caller, event: caller.event, how: None, inside: None };
        set_gap(cx, &call, test, exits_of(test)).is_none()
    };
    let do_all_restore = || !callers.is_empty() && callers.iter().all(restores);
    // What an object has that a method is given is for its callers to put right, if they are seen to.
    if body.origins.leaves(*value).all(|leaf| is_had_by_given(body, leaf))
        && callers.iter().all(|c| cx.world.event(c.caller, c.event).is_some_and(|e| e.kind.is_invoke()))
        && do_all_restore()
    {
        return true;
    }
    if !body.origins.leaves(*value).all(|leaf| is_given(leaf) || is_given_when_made(cx, body, leaf, test)) {
        return false;
    }
    if cx.world.reach.is_open_world() {
        return true;
    }
    do_all_restore()
}

/// Calls between an object that a method is given and the loader that it has.
const MAX_GETTERS: usize = 4;

/// Whether a value is what calls on a parameter yield, one on the result of the other.
fn is_had_by_given(body: Body<'_>, leaf: Value) -> bool {
    let mut leaf = leaf;
    for _ in 0..MAX_GETTERS {
        let Some((_, call)) = body.origins.event(leaf).filter(|(_, e)| e.kind.has_receiver()) else {
            return false;
        };
        let mut objects = body.origins.leaves(body.origins.arg(call, 0));
        match (objects.next(), objects.next()) {
            (Some(Value::Param(i)), None) => return i > 0 || body.method.access.is_static(),
            (Some(object), None) => leaf = object,
            _ => return false,
        }
    }
    false
}

/// Whether a value is what an object was given when it was made, in a method that does nothing but set it: an action that
/// stands for the call.
fn is_given_when_made(cx: &Context<'_>, body: Body<'_>, leaf: Value, test: &FollowTest) -> bool {
    let program = cx.world.program;
    let refs = program.refs(program.class(body.class).loader);
    let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField);
    let Some(field) = read.and_then(|(_, e)| refs.field(e.member()?)) else { return false };
    let is_plain = |e: &Event| {
        let yields = e.member().map(|m| return_type(program.text(program.facts.members.get(m).desc)).class());
        is_call_of(cx, body, e, test) || yields == Some(Some(THREAD))
    };
    let is_from_maker = |write: FieldAccess| {
        let writer = cx.world.body(write.method);
        let stored = cx.world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
        program.is_constructor(writer.method.name)
            && stored
                .is_some_and(|v| writer.origins.leaves(*v).all(|l| matches!(l, Value::Param(i) if i > 0)))
    };
    let mut writes = cx.world.fields.writes(field).peekable();
    body.origins.events().iter().filter(|e| e.kind.is_invoke()).all(is_plain)
        && writes.peek().is_some()
        && writes.all(is_from_maker)
}

const THREAD: &str = "java/lang/Thread";

/// The way out on which the call is missing, if there is one.
pub(super) fn gap(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> Option<PathGap> {
    gap_at(cx, spot, test, exits_of(test))
}

fn exits_of(test: &FollowTest) -> paths::Exits {
    match test.exits {
        Some(Exits::Normal) => paths::Exits::Normal,
        Some(Exits::Exceptional) => paths::Exits::Exceptional,
        Some(Exits::Any) | None => paths::Exits::Any,
    }
}

/// The exception after which the call is missing, here or at a caller who is left to make it.
pub(super) fn exceptional_gap(
    cx: &Context<'_>,
    spot: &Spot,
    test: &FollowTest,
) -> Option<(MethodId, PathGap)> {
    let at = |spot: &Spot| Some((spot.method, gap_at(cx, spot, test, paths::Exits::Exceptional)?));
    let callers = || cx.world.sites.of(spot.method, MAX_CALLERS).unwrap_or_default();
    let is_left_to_callers = gap_at(cx, spot, test, paths::Exits::Normal).is_some();
    let of_caller = |site: CallSite| {
        let call = Spot { method: site.caller, event: site.event, how: None, inside: None };
        Some((call.method, set_gap(cx, &call, test, paths::Exits::Exceptional)?))
    };
    let own = || if is_left_to_callers { None } else { at(spot) };
    own().or_else(|| callers().into_iter().find_map(of_caller))
}

fn gap_at(cx: &Context<'_>, spot: &Spot, test: &FollowTest, exits: paths::Exits) -> Option<PathGap> {
    let body = cx.world.body(spot.method);
    let event = cx.world.event(spot.method, spot.event)?;
    if test.restores && !is_call_of(cx, body, event, test) {
        handed_on::gap(cx, spot, test, exits)
    } else {
        set_gap(cx, spot, test, exits)
    }
}

/// The way out of the method of a call on which no other follows it.
pub(super) fn set_gap(
    cx: &Context<'_>,
    spot: &Spot,
    test: &FollowTest,
    exits: paths::Exits,
) -> Option<PathGap> {
    let settles_here = |body: Body<'_>, event: &Event| {
        is_call_of(cx, body, event, test)
            && (!test.restores || cx.restores(body, event) && !is_of_task(cx, body, event, test))
    };
    // A method that is called afterwards and looks what there is finds what the site has set.
    let settles = |body: Body<'_>, event: &Event| {
        settles_here(body, event) && !(test.restores && is_found_there(cx, body, event))
    };
    // What settles depends on the test alone, which stays where it is.
    let question = std::ptr::from_ref(test).addr();
    let site = (spot.method, spot.event);
    paths::missing_after_known(cx.world, site, &settles, &settles_here, exits, (&cx.settled, question))
}

/// Whether what a call passes on is what its own method has read before.
fn is_found_there(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let is_read = |leaf: Value| {
        body.origins
            .event(leaf)
            .and_then(|(_, e)| e.member())
            .is_some_and(|m| cx.world.knowledge.api_of(groups::CONTEXT_LOADER_GET, loader, m).is_some())
    };
    let mut leaves =
        body.origins.args(event).last().into_iter().flat_map(|v| body.origins.leaves(*v)).peekable();
    leaves.peek().is_some() && leaves.all(is_read)
}

/// Whether an event calls one of the APIs that a test names.
pub(super) fn is_call_of(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    event.kind.is_invoke()
        && event
            .member()
            .is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &test.apis)))
}

/// Whether a call passes on what had been read from where it writes: the context loader of before, perhaps among what is
/// not known of it (a privileged action reads it), but no loader that is known to be another one.
pub(super) fn is_restoring(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let found = origins_of(cx.world, body, event, usize::from(event.n_args).saturating_sub(1));
    let is_other = |f: &Found| {
        let kind = f.origin;
        matches!(
            kind,
            Origin::LoaderOf(_) | Origin::LoaderOfThis(_) | Origin::ForeignLoader | Origin::SystemLoader
        )
    };
    found.iter().any(|f| f.origin == Origin::ContextLoader) && !found.iter().any(is_other)
        || is_null_again(cx, body, event)
}

/// Whether a call passes null where there was none before: behind a test that the context loader is null.
fn is_null_again(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let is_null = |v: &ValueId| body.origins.leaves(*v).all(|leaf| leaf == Value::Null);
    let is_context = |value: ValueId| {
        let found = origins::of_value(cx.world, body.id, value);
        !found.is_empty() && found.iter().all(|f| f.origin == Origin::ContextLoader)
    };
    body.origins.args(event).last().is_some_and(is_null)
        && body.origins.index_of(event).is_some_and(|at| branches::is_where_null(body, at, is_context))
}

/// Whether a task that a pool runs passes on a loader that it was made with: the thread has another one to go back to.
fn is_of_task(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let Some(value) = body.origins.args(event).last() else { return false };
    let is_from_outside = |leaf: Value| match leaf {
        Value::Param(_) => true,
        _ => body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::GetField),
    };
    body.origins.leaves(*value).all(is_from_outside) && cx.is_task_of_pool(body, test)
}

/// Whether a body is that of a task which a pool runs, and does more than to call the APIs.
pub(super) fn is_task_of_pool(cx: &Context<'_>, body: Body<'_>, test: &FollowTest) -> bool {
    let program = cx.world.program;
    let does_more = || {
        body.origins.events().iter().any(|e| {
            let owner = e.member().map(|m| program.text(program.facts.members.get(m).owner));
            e.kind.is_invoke() && !is_call_of(cx, body, e, test) && owner != Some(THREAD)
        })
    };
    does_more() && tasks::is_run_by_pool(cx, body)
}

/// Whether a call passes on what a call of code that is not there gave, and a `finally` passes on the same: it undoes what
/// that other call did.
fn undoes_what_is_unseen(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let Some(value) = body.origins.args(event).last() else { return false };
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let is_unseen = |leaf: Value| {
        body.origins
            .event(leaf)
            .is_some_and(|(_, e)| e.kind.is_invoke() && e.member().is_some_and(|m| refs.method(m).is_none()))
    };
    if !body.origins.leaves(*value).all(is_unseen) {
        return false;
    }
    let same = |e: &Event| {
        let mut leaves = body.origins.args(e).last().into_iter().flat_map(|v| body.origins.leaves(*v));
        leaves.any(|l| body.origins.leaves(*value).any(|v| v == l))
    };
    let unit = body.origins.unit;
    let undoing: Vec<u16> = (0u16..)
        .zip(body.origins.events())
        .filter(|(_, e)| is_call_of(cx, body, e, test) && same(e))
        .filter_map(|(i, _)| block_of(unit, body, i))
        .collect();
    let blocks = unit.blocks_of(body.method);
    let handlers = blocks.iter().flat_map(|b| unit.handlers(b)).filter(|h| h.catches == NO_NAME);
    let mut waiting: Vec<u16> = handlers.map(|h| h.block).collect();
    let mut seen = Vec::new();
    while let Some(at) = waiting.pop() {
        if undoing.contains(&at) {
            return true;
        }
        if !seen.contains(&at) && seen.len() < MAX_CLEANUP_BLOCKS {
            seen.push(at);
            waiting.extend(blocks.get(usize::from(at)).map_or(&[][..], |b| unit.successors(b)));
        }
    }
    false
}

/// Whether a method calls the API with what a field of an object holds.
pub(super) fn puts_back_field(cx: &Context<'_>, body: Body<'_>, test: &FollowTest) -> bool {
    let is_field = |leaf: Value| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::GetField);
    body.origins.events().iter().filter(|e| is_call_of(cx, body, e, test)).any(|event| {
        let passed = body.origins.args(event).iter().skip(1);
        passed.flat_map(|a| body.origins.leaves(*a)).any(is_field)
    })
}
