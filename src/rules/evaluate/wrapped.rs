//! Streams that a stream of the JVM's is wrapped in: whoever closes the outermost closes all.

use super::context::Context;
use super::matches::Spot;
use crate::dataflow::knowledge::Role;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Wrappers within one another.
const MAX_WRAPPERS: u32 = 6;

/// Whether the receiver of a call is a wrapper that its method makes of what a static field of the JDK holds.
pub(super) fn closes_static(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let event =
        cx.world.event(spot.method, spot.event).filter(|e| e.kind.is_invoke() && e.kind.has_receiver());
    event.is_some_and(|e| is_wrapper(cx.world, body, body.origins.arg(e, 0), 0))
}

fn is_wrapper(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> bool {
    depth < MAX_WRAPPERS
        && body.origins.leaves(value).any(|leaf| {
            let Some(making) = making(body, leaf) else { return false };
            owned(world, body, making)
                .into_iter()
                .any(|inner| is_of_jdk(world, body, inner) || is_wrapper(world, body, inner, depth + 1))
        })
}

/// The call that makes a value: the constructor's of a new object.
fn making<'b>(body: Body<'b>, leaf: Value) -> Option<&'b Event> {
    let (_, made) = body.origins.event(leaf)?;
    if made.kind != EventKind::New {
        return Some(made).filter(|e| e.kind == EventKind::InvokeStatic);
    }
    let is_it = |e: &&Event| {
        e.kind == EventKind::InvokeSpecial
            && body.origins.leaves(body.origins.arg(e, 0)).any(|receiver| receiver == leaf)
    };
    body.origins.events().iter().find(is_it)
}

/// The arguments that what a call makes closes with itself.
fn owned(world: &World<'_>, body: Body<'_>, making: &Event) -> Vec<ValueId> {
    let loader = world.program.class(body.class).loader;
    let Some(member) = making.member() else { return Vec::new() };
    let rows = world.knowledge.roles(loader, member).filter_map(|(role, _)| match role {
        Role::Wrapper(row) => world.knowledge.tables.wrappers.get(usize::from(row)),
        _ => None,
    });
    let own = usize::from(making.kind.has_receiver());
    let args = rows.filter(|row| row.closes).flat_map(|row| &row.args);
    args.map(|arg| body.origins.arg(making, usize::from(*arg) + own)).collect()
}

/// Whether a value is read from a static field of the JDK.
fn is_of_jdk(world: &World<'_>, body: Body<'_>, value: ValueId) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    body.origins.leaves(value).any(|leaf| {
        let read = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetStatic);
        let field = read.and_then(|e| refs.field(e.member()?));
        field.is_some_and(|f| world.program.is_jdk(world.program.class_of_field(f)))
    })
}
