//! Changes that the deployment makes only while it sets something up, and queues that are worked off.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::values;
use crate::dataflow::knowledge::groups;
use crate::dataflow::{How, World, new_objects};
use crate::facts::Value;
use crate::program::CallSite;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, MethodId};

/// Callers looked at for one method.
const MAX_SITES: usize = 48;

/// Whether the methods of the changes are called, and each call that is seen is made on an object that is just being
/// made, or by a class initialiser.
pub(super) fn is_only_set_up(world: &World<'_>, found: &Match) -> bool {
    let mut methods: Vec<MethodId> = found.spots.iter().map(|s| s.method).collect();
    methods.dedup();
    let mut n_calls = 0;
    let all = methods.into_iter().all(|method| {
        let is_static = world.program.method(method).access.is_static();
        world.sites.of(method, MAX_SITES).is_some_and(|sites| {
            n_calls += sites.len();
            sites.iter().all(|site| is_set_up(world, *site, is_static))
        })
    });
    all && n_calls > 0
}

fn is_set_up(world: &World<'_>, site: CallSite, is_static: bool) -> bool {
    let caller = world.body(site.caller);
    let call = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
    world.program.text(caller.method.name) == "<clinit>"
        || !is_static
            && call.is_some_and(|call| new_objects::is_new(world, site.caller, caller.origins.arg(call, 0)))
}

/// Where entries wait for whoever takes them.
const QUEUE: &str = "java/util/Queue";

/// Whether the field is a queue that something is taken out of again, or whoever empties the container has gone through
/// it before.
pub(super) fn is_drained(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let is = |how: Option<How>, names: &[String]| matches!(how, Some(How::Container(api)) if cx.is_api(api, names));
    if found.spots.iter().all(|s| is(s.how, &cx.names.clearing)) {
        return found.spots.iter().all(|s| is_gone_through(cx, field, s));
    }
    let mut changes = cx.changes.of(field).iter().map(|change| Some(change.how));
    is_queue(cx, field) && changes.any(|how| is(how, &cx.names.removing) && !is(how, &cx.names.clearing))
}

/// Whether the method that empties a container has asked it for an iterator or another view before.
fn is_gone_through(cx: &Context<'_>, field: FieldId, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let loader = cx.world.program.class(body.class).loader;
    let views = cx.world.knowledge.group(groups::CONTAINER_VIEW);
    let reads: Vec<Value> = cx
        .world
        .fields
        .reads(field)
        .filter(|read| read.method == spot.method)
        .map(|read| Value::Event(u32::from(read.event)))
        .collect();
    let before = body.origins.events().get(..usize::from(spot.event)).unwrap_or_default();
    before.iter().any(|e| {
        let is_view = e.member().is_some_and(|m| cx.world.knowledge.api_in(views, loader, m).is_some());
        e.kind.is_invoke()
            && is_view
            && body.origins.leaves(body.origins.arg(e, 0)).any(|leaf| reads.contains(&leaf))
    })
}

fn is_queue(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let declared = TypeDesc(program.text(program.field(field).desc)).class().unwrap_or_default();
    values::is_of_types(cx.world, cx.models, loader, declared, &[QUEUE.to_owned()])
}
