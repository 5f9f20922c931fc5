//! Containers that can't be changed and grow all the same: what is stored is what the one that was there yields when it is
//! given one entry more, or one less.

use super::context::Context;
use crate::dataflow::{Body, new_objects};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, ValueId};

/// The API group of calls that yield a container with one entry more or less.
const COPY: &str = "container-copy";
/// Those of them that yield one with entries less.
const LESS: &str = "container-copy-less";
/// Setters between a call and the store, and callers looked at for one of them.
const MAX_DEPTH: u32 = 2;
const MAX_SITES: usize = 16;

/// Whether all that a value can be is the container that a field holds, with a few entries more or less.
pub(super) fn is_grown(cx: &Context<'_>, field: FieldId, body: Body<'_>, value: ValueId, depth: u32) -> bool {
    let mut leaves = body.origins.leaves(value).peekable();
    leaves.peek().is_some()
        && leaves.all(|leaf| match (leaf, body.origins.event(leaf)) {
            (Value::Param(param), _) => depth < MAX_DEPTH && is_passed_grown(cx, field, body, param, depth),
            (_, Some((_, event))) => {
                is_copy(cx, body, event) && is_old(cx, field, body, body.origins.arg(event, 0), 0)
            }
            _ => false,
        })
}

/// Whether all callers of a method pass such a container.
fn is_passed_grown(cx: &Context<'_>, field: FieldId, body: Body<'_>, param: u16, depth: u32) -> bool {
    let sites = cx.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let caller = cx.world.body(site.caller);
            let call = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
            let passed = call.and_then(|e| caller.origins.args(e).get(usize::from(param)));
            passed.is_some_and(|v| is_grown(cx, field, caller, *v, depth + 1))
        })
}

/// Whether all that a value can be is the container that a field holds, with entries less.
pub(super) fn is_less(cx: &Context<'_>, field: FieldId, body: Body<'_>, value: ValueId) -> bool {
    let mut leaves = body.origins.leaves(value).peekable();
    leaves.peek().is_some()
        && leaves.all(|leaf| match body.origins.event(leaf) {
            Some((_, event)) => {
                is_of(cx, body, event, LESS) && is_old(cx, field, body, body.origins.arg(event, 0), 0)
            }
            None => false,
        })
}

fn is_copy(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    is_of(cx, body, event, COPY)
}

fn is_of(cx: &Context<'_>, body: Body<'_>, event: &Event, group: &str) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let member = event.member().filter(|_| event.kind.is_invoke() && event.kind.has_receiver());
    member.is_some_and(|m| cx.world.knowledge.api_of(group, loader, m).is_some())
}

/// Whether a value is what the field held, perhaps with entries more or less already.
fn is_old(cx: &Context<'_>, field: FieldId, body: Body<'_>, value: ValueId, depth: u32) -> bool {
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    body.origins.leaves(value).all(|leaf| {
        let Some((_, event)) = body.origins.event(leaf) else { return false };
        let again = || {
            depth < MAX_DEPTH
                && is_copy(cx, body, event)
                && is_old(cx, field, body, body.origins.arg(event, 0), depth + 1)
        };
        let read = match event.kind {
            EventKind::GetStatic => event.member().and_then(|m| refs.field(m)),
            _ => new_objects::field_read(cx.world, body, event).map(|(read, _)| read),
        };
        read == Some(field) || again()
    })
}
