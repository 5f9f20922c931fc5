//! Whether a call is followed by another one on the paths a rule names.

use super::context::Context;
use super::matches::Spot;
use super::values::origins_of;
use crate::dataflow::Body;
use crate::dataflow::changes::block_of;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::paths::{self, PathGap};
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::program::CallSite;
use crate::rules::rule::{Exits, FollowTest};

/// Whether every path from the spot to the named exits passes a call of the APIs.
///
/// With `restores`, a call that itself puts a saved value back needs no other to follow it, and neither does one in an
/// object that another of its methods puts right, as the two halves of a scope.
pub(super) fn is_followed(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return true };
    let undoes = || {
        is_restoring(cx, body, event)
            || has_other_half(cx, body, test)
            || undoes_what_is_unseen(cx, body, event, test)
    };
    if test.restores && undoes() {
        return true;
    }
    if gap(cx, spot, test).is_none() {
        return true;
    }
    test.restores
        && (is_restored_by_callers(cx, body, event, test)
            || is_restored_in_the_end(cx, spot, test)
            || cx.world.reach.is_open_world() && returns_what_was_there(cx, body))
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
fn returns_what_was_there(cx: &Context<'_>, body: Body<'_>) -> bool {
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    returns
        .flat_map(|e| body.origins.args(e))
        .any(|v| origins::of_value(cx.world, body.id, *v).iter().any(|f| f.origin == Origin::ContextLoader))
}

/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;

/// Whether a method sets only what it is given, for callers that all restore: the obligation is theirs.
fn is_restored_by_callers(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let Some(value) = body.origins.args(event).last() else { return false };
    let is_given = |leaf: Value| matches!(leaf, Value::Param(i) if i > 0 || body.method.access.is_static());
    if !body.origins.leaves(*value).all(is_given) {
        return false;
    }
    if cx.world.reach.is_open_world() {
        return true;
    }
    let callers = cx.world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    let restores = |caller: &CallSite| {
        let call = Spot { method: caller.caller, event: caller.event, how: None, inside: None };
        gap(cx, &call, test).is_none()
    };
    !callers.is_empty() && callers.iter().all(restores)
}

/// The way out on which the call is missing, if there is one.
pub(super) fn gap(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> Option<PathGap> {
    let exits = match test.exits {
        Some(Exits::Normal) => paths::Exits::Normal,
        Some(Exits::Exceptional) => paths::Exits::Exceptional,
        Some(Exits::Any) | None => paths::Exits::Any,
    };
    let settles = |body: Body<'_>, event: &Event| {
        is_call_of(cx, body, event, test) && (!test.restores || is_restoring(cx, body, event))
    };
    paths::missing_after(cx.world, spot.method, spot.event, &settles, exits)
}

fn is_call_of(cx: &Context<'_>, body: Body<'_>, event: &Event, test: &FollowTest) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    event.kind.is_invoke()
        && event
            .member()
            .is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &test.apis)))
}

/// Whether a call passes on what had been read from where it writes: the context loader of before, perhaps among what is
/// not known of it (a privileged action reads it), but no loader that is known to be another one.
fn is_restoring(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let found = origins_of(cx.world, body, event, usize::from(event.n_args).saturating_sub(1));
    let is_other = |f: &Found| {
        let kind = f.origin;
        matches!(
            kind,
            Origin::LoaderOf(_) | Origin::LoaderOfThis(_) | Origin::ForeignLoader | Origin::SystemLoader
        )
    };
    found.iter().any(|f| f.origin == Origin::ContextLoader) && !found.iter().any(is_other)
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

/// Whether another method of the class calls the API with what a field of the object holds.
fn has_other_half(cx: &Context<'_>, body: Body<'_>, test: &FollowTest) -> bool {
    cx.world.program.methods_of(body.class).filter(|(id, _)| *id != body.id).any(|(id, _)| {
        let other = cx.world.body(id);
        other.origins.events().iter().any(|event| {
            is_call_of(cx, other, event, test)
                && other
                    .origins
                    .args(event)
                    .iter()
                    .skip(1)
                    .flat_map(|a| other.origins.leaves(*a))
                    .any(|leaf| other.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::GetField))
        })
    })
}
