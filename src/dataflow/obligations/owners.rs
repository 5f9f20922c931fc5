//! What is released with something that callers pass, and that all of them release when the method fails.

use super::acquire::Obligation;
use super::callees::Callees;
use super::uses::{Use, Uses};
use crate::dataflow::Body;
use crate::dataflow::exceptions::THROWABLE;
use crate::dataflow::paths::block_of;
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::vocabulary::{MethodId, ValueId};

/// Callers of one method that are looked at.
const MAX_CALLERS: usize = 16;
/// Methods through which the owner is passed on.
const MAX_METHODS: usize = 12;
/// Blocks of one handler that are searched for the release.
const MAX_BLOCKS: usize = 24;

/// Whether every caller that is seen guards its call by a handler for any exception that releases what the obligation is
/// released with.
pub(super) fn is_released_by_callers(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
) -> bool {
    let owners = obligation.released_with.iter().flat_map(|owner| body.origins.leaves(*owner));
    let mut params = owners.filter_map(|leaf| passed_param(body, leaf));
    params.any(|param| is_released_above(callees, body, param, &mut Vec::new()))
}

/// The parameter that an obligation is released with.
pub(super) fn passed_owner(body: Body<'_>, obligation: &Obligation) -> Option<u16> {
    let mut owners = obligation.released_with.iter().flat_map(|owner| body.origins.leaves(*owner));
    owners.find_map(|leaf| passed_param(body, leaf))
}

/// Whether what an obligation is released with has a holder beyond the body: it was given, or is in a field.
pub(super) fn are_kept_elsewhere(body: Body<'_>, obligation: &Obligation) -> bool {
    let leaves = |owner: &ValueId| body.origins.leaves(*owner).collect::<Vec<_>>();
    let owners: Vec<Value> = obligation.released_with.iter().flat_map(leaves).collect();
    let is_read = |leaf: &Value| {
        let read = body.origins.event(*leaf).map(|(_, e)| e.kind);
        matches!(leaf, Value::Param(_)) || matches!(read, Some(EventKind::GetField | EventKind::GetStatic))
    };
    let is_stored = |event: &Event| {
        matches!(event.kind, EventKind::PutField | EventKind::PutStatic | EventKind::Return)
            && body
                .origins
                .args(event)
                .last()
                .is_some_and(|v| body.origins.leaves(*v).any(|l| owners.contains(&l)))
    };
    owners.iter().any(is_read) || !owners.is_empty() && body.origins.events().iter().any(is_stored)
}

/// The parameter that a value is, the receiver left out.
fn passed_param(body: Body<'_>, leaf: Value) -> Option<u16> {
    match leaf {
        Value::Param(n) if n > 0 || body.method.access.is_static() => Some(n),
        _ => None,
    }
}

/// Whether every caller that is seen guards its call, or passes on what its own callers guard. A method that calls itself
/// adds nothing.
fn is_released_above(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    param: u16,
    seen: &mut Vec<(MethodId, u16)>,
) -> bool {
    if seen.contains(&(body.id, param)) {
        return true;
    }
    if seen.len() >= MAX_METHODS {
        return false;
    }
    seen.push((body.id, param));
    let sites = callees.world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let caller = callees.world.body(site.caller);
            let call = caller.origins.events().get(usize::from(site.event));
            let passed = call.and_then(|c| caller.origins.args(c).get(usize::from(param)).copied());
            passed.is_some_and(|value| {
                let mut leaves = caller.origins.leaves(value);
                is_guarded(callees, caller, site.event, value)
                    || leaves.any(|leaf| {
                        let own = passed_param(caller, leaf);
                        own.is_some_and(|own| is_released_above(callees, caller, own, seen))
                    })
            })
        })
}

/// Whether a handler for any exception around an event releases a value that the body itself has made.
fn is_guarded(callees: &Callees<'_, '_>, body: Body<'_>, event: u16, value: ValueId) -> bool {
    let unit = body.origins.unit;
    let made = body.origins.leaves(value).find(|leaf| matches!(leaf, Value::Event(_)));
    let blocks = unit.blocks_of(body.method);
    let around = block_of(unit, body.method, event).and_then(|b| blocks.get(usize::from(b)));
    let (Some(made), Some(around)) = (made, around) else { return false };
    let uses = Uses::of_value(callees, body, made, false);
    let releases = |i: usize| {
        let is_release = |u: &Use| matches!(u, Use::Releases | Use::ReleasesUnlessThrown);
        uses.list.iter().any(|(at, _, found)| usize::from(*at) == i && is_release(found))
    };
    let is_for_all = |catches| catches == NO_NAME || callees.world.program.text(catches) == THROWABLE;
    unit.handlers(around).iter().filter(|h| is_for_all(h.catches)).any(|handler| {
        let (mut waiting, mut seen) = (vec![handler.block], Vec::new());
        while let Some(at) = waiting.pop() {
            let Some(block) = blocks.get(usize::from(at)) else { continue };
            if seen.contains(&at) || seen.len() >= MAX_BLOCKS {
                continue;
            }
            seen.push(at);
            if block.events().any(releases) {
                return true;
            }
            waiting.extend(unit.successors(block));
        }
        false
    })
}
