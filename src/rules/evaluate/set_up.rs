//! Changes that the deployment makes only while it sets something up, and queues that are worked off.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::{held_values, values};
use crate::dataflow::knowledge::groups;
use crate::dataflow::{How, World, new_objects};
use crate::facts::{EventKind, NO_NAME, Value};
use crate::program::CallSite;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, MethodId, ValueId};

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

/// Whether code that runs calls a method, and each time on an object that is just being made, or in a class initialiser.
pub(super) fn is_called_in_set_up(world: &World<'_>, method: MethodId) -> bool {
    let is_static = world.program.method(method).access.is_static();
    let sites = world.sites.of(method, MAX_SITES).unwrap_or_default();
    let mut run = sites.into_iter().filter(|site| !world.reach.tenants(site.caller).is_empty()).peekable();
    run.peek().is_some() && run.all(|site| is_set_up(world, site, is_static))
}

fn is_set_up(world: &World<'_>, site: CallSite, is_static: bool) -> bool {
    let caller = world.body(site.caller);
    let call = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
    world.program.is_class_initializer(caller.method.name)
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

/// APIs after which nothing of an earlier use is left in what they act on.
const RESETS: [&str; 2] = ["buffer-reset", "array-fill"];

/// Whether the field is a queue of which things are only put in, once they have been reset, and taken out: whoever has one
/// has it alone, and finds nothing of others in it. The same of a map of such queues.
pub(super) fn is_pool(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let mut n_put = 0;
    let mut is_sound = |spot: &Spot| {
        let Some(How::Container(api) | How::Entry(api)) = spot.how else { return false };
        let value = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value);
        let Some(value) = value else { return true };
        n_put += 1;
        spot.inside.is_none() && is_reset(cx, spot, value)
    };
    let all = found.spots.iter().all(&mut is_sound);
    let is_queue = || is_queue(cx, field) && !held_values::is_looked_through(cx, field);
    all && n_put > 0 && (is_queue() || is_map_of_queues(cx, field) && !are_entries_looked_through(cx, field))
}

/// Whether a field's generic type is that of a map whose values count: counters, or arrays whose numbers are stepped where
/// they are. A boxed number or an array of bytes may be anything.
pub(super) fn is_tally(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let program = cx.world.program;
    let signature = program.field(field).signature;
    let text = if signature == NO_NAME { "" } else { program.text(signature) };
    let Some(arguments) = text.strip_suffix(">;") else { return false };
    let loader = program.class(program.class_of_field(field)).loader;
    // After a key that is no generic type itself.
    match arguments.strip_suffix(';').and_then(|counter| counter.rsplit_once(";L")) {
        Some((_, value)) => values::is_of_types(cx.world, cx.models, loader, value, &["counter".to_owned()]),
        None => arguments.ends_with(";[I") || arguments.ends_with(";[J"),
    }
}

/// Whether a field's generic type is that of a map whose values are queues.
fn is_map_of_queues(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let signature = program.field(field).signature;
    let text = if signature == NO_NAME { "" } else { program.text(signature) };
    // After a key that is no generic type itself.
    let value = text.split_once('<').and_then(|(_, of)| of.split_once(";L")).map(|(_, value)| value);
    let value = value.and_then(|value| value.split(['<', ';']).next()).unwrap_or_default();
    let loader = program.class(program.class_of_field(field)).loader;
    values::is_of_types(cx.world, cx.models, loader, value, &[QUEUE.to_owned()])
}

/// Whether what is asked of a map's entries, or of the map, is more than whether there is one and what the changes are.
fn are_entries_looked_through(cx: &Context<'_>, field: FieldId) -> bool {
    let changes = cx.changes.of(field);
    let reading = cx.world.knowledge.group(groups::CONTAINER_READ);
    cx.world.fields.reads(field).any(|read| {
        let body = cx.world.body(read.method);
        let loader = cx.world.program.class(body.class).loader;
        let is_change = |i: u16| changes.iter().any(|c| c.method == read.method && c.event == i);
        let uses_of = |of: Value| {
            let is_it = move |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == of);
            let events = (0u16..).zip(body.origins.events());
            events.filter(move |(_, e)| {
                e.kind != EventKind::CheckCast && body.origins.args(e).iter().any(is_it)
            })
        };
        uses_of(Value::Event(u32::from(read.event))).any(|(i, e)| {
            let is_read = e.member().is_some_and(|m| cx.world.knowledge.api_in(reading, loader, m).is_some());
            !is_change(i) && (!is_read || uses_of(Value::Event(u32::from(i))).any(|(i, _)| !is_change(i)))
        })
    })
}

/// Whether the method that puts something into a container resets it, or has just made it.
fn is_reset(cx: &Context<'_>, spot: &Spot, value: u8) -> bool {
    let body = cx.world.body(spot.method);
    let loader = cx.world.program.class(body.class).loader;
    let Some(put) = cx.world.event(spot.method, spot.event).filter(|e| e.kind.is_invoke()) else {
        return false;
    };
    let Some(position) = values::operand(put, i32::from(value)) else { return false };
    let resets = |leaf: Value| {
        body.origins.events().iter().filter(|e| e.kind.is_invoke()).any(|e| {
            let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == leaf);
            body.origins.args(e).first().is_some_and(is_it)
                && e.member().is_some_and(|m| {
                    RESETS.iter().any(|group| {
                        let group = cx.world.knowledge.group(group);
                        cx.world.knowledge.api_in(group, loader, m).is_some()
                    })
                })
        })
    };
    let is_made = |leaf: Value| {
        let made = body.origins.event(leaf).map(|(_, e)| e.kind);
        matches!(made, Some(EventKind::New | EventKind::NewArray))
    };
    let put = body.origins.arg(put, position);
    body.origins.leaves(put).all(|leaf| is_made(leaf) || resets(leaf))
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
