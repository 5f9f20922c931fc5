//! What becomes of an exception that a call throws: whether the method goes on without what it asked for.

use super::context::Context;
use super::matches::Spot;
use crate::dataflow::changes::block_of;
use crate::facts::{Block, EventKind, NO_NAME, UnitFacts};
use crate::vocabulary::{ClassId, LoaderId, MethodId, Name};

/// Blocks behind a handler that are looked at.
const MAX_BLOCKS: usize = 64;
/// Callers above a method that are looked at.
const MAX_CALLERS: usize = 32;

/// Whether the method catches one of the types or a supertype around a site, and some way from the handler ends in a
/// return.
pub(super) fn go_on_without(cx: &Context<'_>, spot: &Spot, types: &[String]) -> bool {
    let body = cx.world.body(spot.method);
    let unit = body.origins.unit;
    let loader = cx.world.program.class(body.class).loader;
    let Some(block) = block_of(unit, body, spot.event) else { return false };
    let blocks = unit.blocks_of(body.method);
    let handlers = blocks.get(usize::from(block)).map_or(&[][..], |b| unit.handlers(b));
    let mut taking = handlers.iter().filter(|h| takes(cx, loader, h.catches, types));
    taking.next().is_some_and(|first| returns(unit, blocks, body.method, first.block))
}

/// Whether a method has callers, and each of them goes on without what it does, or has only callers that do.
pub(super) fn callers_go_on(cx: &Context<'_>, method: MethodId, types: &[String]) -> bool {
    let mut seen = vec![method];
    let mut at = 0;
    while let Some(method) = seen.get(at).copied() {
        at += 1;
        let sites = cx.world.sites.of(method, MAX_CALLERS).unwrap_or_default();
        if sites.is_empty() || seen.len() > MAX_CALLERS {
            return false;
        }
        for site in sites {
            let call = Spot { method: site.caller, event: site.event, how: None, inside: None };
            if !go_on_without(cx, &call, types) && !seen.contains(&{ site.caller }) {
                seen.push(site.caller);
            }
        }
    }
    true
}

/// Whether a handler takes exceptions of one of the types.
fn takes(cx: &Context<'_>, loader: LoaderId, catches: Name, types: &[String]) -> bool {
    let program = cx.world.program;
    if catches == NO_NAME {
        return false;
    }
    let caught = program.text(catches);
    let is_below = |class: ClassId| program.has_supertype_named(class, caught);
    types.iter().any(|ty| ty == caught || program.find_text(loader, ty).is_some_and(is_below))
}

/// Whether some way from a block ends in a return. What is thrown on may be caught again.
fn returns(unit: &UnitFacts, blocks: &[Block], method: &crate::facts::MethodFacts, from: u16) -> bool {
    let mut waiting = vec![from];
    let mut seen = Vec::new();
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)).filter(|_| !seen.contains(&at)) else { continue };
        if seen.len() >= MAX_BLOCKS {
            return false;
        }
        seen.push(at);
        let events = unit.events_in(method, block);
        let mut kinds = events.iter().map(|e| e.kind);
        if kinds.clone().any(|kind| kind == EventKind::Return) {
            return true;
        }
        waiting.extend(unit.successors(block));
        if kinds.any(|kind| kind == EventKind::Throw) {
            let again = unit.handlers(block).iter().filter(|h| h.catches != NO_NAME);
            waiting.extend(again.map(|h| h.block));
        }
    }
    false
}
