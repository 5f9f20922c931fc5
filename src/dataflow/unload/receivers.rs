//! Whether what a call is made on belongs to the whole JVM: the table of system properties, the root logger.

use crate::dataflow::knowledge::{ResourceFacts, ResourceId, Subject};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;
use crate::vocabulary::descriptor::params;

/// Calls and fields between what yields the object and the call on it.
const MAX_DEPTH: u32 = 4;
/// Stands for whatever such a call is given.
const ANY: &str = "*";
/// Writers looked at for one field.
const MAX_WRITERS: usize = 4;

/// Whether a call concerns the resource: its receiver is what one of the resource's APIs yields, if it names any.
pub(super) fn fits(world: &World<'_>, body: Body<'_>, call: &Event, resource: ResourceId) -> bool {
    let Some(resource) = world.knowledge.tables.resources.get(usize::from(resource)) else { return false };
    resource.on.is_empty()
        || !call.kind.has_receiver()
        || is_yielded(world, body, body.origins.arg(call, 0), resource, 0)
}

/// Whether a call that releases concerns the resource: what acquiring yields is found again by itself.
pub(super) fn fits_release(world: &World<'_>, body: Body<'_>, call: &Event, resource: ResourceId) -> bool {
    let facts = world.knowledge.tables.resources.get(usize::from(resource));
    facts.is_some_and(|r| r.subject == Subject::Result) || fits(world, body, call, resource)
}

fn is_yielded(
    world: &World<'_>,
    body: Body<'_>,
    value: ValueId,
    resource: &ResourceFacts,
    depth: u32,
) -> bool {
    depth < MAX_DEPTH
        && body.origins.leaves(value).any(|leaf| {
            let Some((_, event)) = body.origins.event(leaf) else { return false };
            match event.kind {
                EventKind::ArrayLoad => {
                    is_yielded(world, body, body.origins.arg(event, 0), resource, depth + 1)
                }
                EventKind::GetField | EventKind::GetStatic => is_written(world, body, event, resource, depth),
                kind if kind.is_invoke() => is_source(world, body, event, resource, depth),
                _ => false,
            }
        })
}

fn is_written(world: &World<'_>, body: Body<'_>, read: &Event, resource: &ResourceFacts, depth: u32) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let Some(field) = read.member().and_then(|m| refs.field(m)) else { return false };
    world.fields.writes(field).take(MAX_WRITERS).any(|write| {
        let writer = world.body(write.method);
        let value = world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
        value.is_some_and(|v| is_yielded(world, writer, *v, resource, depth + 1))
    })
}

/// A call of one of the APIs: by a name that counts, or on something that counts, or on nothing.
fn is_source(world: &World<'_>, body: Body<'_>, call: &Event, resource: &ResourceFacts, depth: u32) -> bool {
    let loader = world.program.class(body.class).loader;
    let Some(member) = call.member() else { return false };
    let is_api = |name: &String| world.knowledge.api_of(name, loader, member).is_some();
    if !resource.on.iter().any(is_api) {
        return false;
    }
    let first = usize::from(call.kind.has_receiver());
    let desc = world.program.text(world.program.facts.members.get(member).desc);
    let is_any = resource.on_named.iter().any(|n| n == ANY);
    if params(desc).next().is_some() && !is_any {
        let name = body.origins.arg(call, first);
        return body.origins.leaves(name).any(|leaf| match leaf {
            Value::Str(text) => resource.on_named.iter().any(|n| n == world.program.text(text)),
            _ => false,
        });
    }
    first == 0 || is_yielded(world, body, body.origins.arg(call, 0), resource, depth + 1)
}
