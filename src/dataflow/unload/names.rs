//! Names under which something is registered, as objects: the fields that keep one, and the field that one is read from
//! when the registration is taken back.

use super::flow::Site;
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, MethodId, ValueId};

/// Calls between an element and the field whose collection it is taken from: `iterator`, `next`, a view of a map.
const MAX_STEPS: u32 = 6;
/// Callers that hand a name to whoever registers something under it.
const MAX_CALLS: u32 = 3;
const MAX_SITES: usize = 32;
/// Values that one value is put together from are looked through that deep.
const MAX_PARTS: u32 = 8;
/// Where the collections are that names are kept in.
const COLLECTIONS: &str = "java/util/";
/// Calls that yield something else each time.
const EVER_NEW: [(&str, &[&str]); 7] = [
    ("java/util/UUID", &["randomUUID"]),
    ("java/lang/System", &["currentTimeMillis", "nanoTime"]),
    ("java/util/concurrent/atomic/AtomicInteger", &["getAndIncrement", "incrementAndGet"]),
    ("java/util/concurrent/atomic/AtomicLong", &["getAndIncrement", "incrementAndGet"]),
    ("java/util/Random", &["nextInt", "nextLong"]),
    ("java/util/concurrent/ThreadLocalRandom", &["nextInt", "nextLong"]),
    ("java/time/Instant", &["now"]),
];

/// The fields that a name is read from, or stored in, by itself or as an element, where something is registered under it
/// or where the name is handed to whoever does; `None` if that is not seen.
pub(super) fn kept_in(
    world: &World<'_>,
    registered: Site,
    name: ValueId,
    depth: u32,
) -> Option<Vec<FieldId>> {
    let (method, at) = registered;
    let body = world.body(method);
    let mut fields = stored_in(world, body, name, at);
    for leaf in body.origins.leaves(name) {
        let Value::Param(param) = leaf else { continue };
        let sites = world.sites.of(method, MAX_SITES).filter(|s| !s.is_empty() && depth < MAX_CALLS)?;
        for site in sites {
            let event = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke())?;
            let given = world.body(site.caller).origins.arg(event, usize::from(param));
            fields.extend(kept_in(world, (site.caller, site.event), given, depth + 1)?);
        }
    }
    Some(fields)
}

/// The same in one method. What registering yields tells the name, too.
fn stored_in(world: &World<'_>, body: Body<'_>, name: ValueId, at: u16) -> Vec<FieldId> {
    let yielded = Value::Event(u32::from(at));
    let is_yielded = |leaf: Value| {
        leaf == yielded
            || body.origins.event(leaf).is_some_and(|(_, e)| {
                e.kind.has_receiver() && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == yielded)
            })
    };
    let is_it = |v: ValueId| {
        body.origins
            .leaves(v)
            .any(|l| is_yielded(l) || l != Value::Null && body.origins.leaves(name).any(|own| own == l))
    };
    let containers = world.knowledge.group(groups::CONTAINER_MUTATOR);
    let loader = world.program.class(body.class).loader;
    let mut fields: Vec<FieldId> =
        body.origins.leaves(name).filter_map(|leaf| field_of_leaf(world, body, leaf)).collect();
    for event in body.origins.events() {
        let args = body.origins.args(event);
        match event.kind {
            EventKind::PutField | EventKind::PutStatic if args.last().is_some_and(|v| is_it(*v)) => {
                fields.extend(field_of(world, body, event));
            }
            kind if kind.is_invoke() && kind.has_receiver() && args.iter().skip(1).any(|v| is_it(*v)) => {
                let is_container =
                    event.member().is_some_and(|m| world.knowledge.api_in(containers, loader, m).is_some());
                let receiver = body.origins.leaves(body.origins.arg(event, 0));
                fields
                    .extend(receiver.filter(|_| is_container).filter_map(|l| field_of_leaf(world, body, l)));
            }
            _ => {}
        }
    }
    fields
}

/// The fields that a value is read from, by itself or as an element of what they hold; `None` if it may be something
/// else.
pub(super) fn read_from(world: &World<'_>, method: MethodId, value: ValueId) -> Option<Vec<FieldId>> {
    let body = world.body(method);
    let mut fields = Vec::new();
    for leaf in body.origins.leaves(value).filter(|l| *l != Value::Null) {
        fields.push(element_of(world, body, leaf, MAX_STEPS)?);
    }
    Some(fields).filter(|f| !f.is_empty())
}

fn element_of(world: &World<'_>, body: Body<'_>, leaf: Value, steps: u32) -> Option<FieldId> {
    if let Value::Derived(source) = leaf {
        let mut leaves = body.origins.leaves(source);
        let only = leaves.next().filter(|_| leaves.next().is_none())?;
        return element_of(world, body, only, steps.checked_sub(1)?);
    }
    let (_, event) = body.origins.event(leaf)?;
    match event.kind {
        EventKind::GetField | EventKind::GetStatic => field_of(world, body, event),
        EventKind::CheckCast | EventKind::InvokeInterface | EventKind::InvokeVirtual => {
            let is_of_collection = event.kind == EventKind::CheckCast
                || event.member().is_some_and(|m| {
                    world.program.text(world.program.facts.members.get(m).owner).starts_with(COLLECTIONS)
                });
            let mut receivers = body.origins.leaves(body.origins.arg(event, 0));
            let only = receivers.next().filter(|_| receivers.next().is_none() && is_of_collection)?;
            element_of(world, body, only, steps.checked_sub(1)?)
        }
        _ => None,
    }
}

/// Whether something that is new each time goes into a value.
pub(super) fn is_new_each_time(world: &World<'_>, method: MethodId, value: ValueId) -> bool {
    has_new_part(world, world.body(method), value, MAX_PARTS)
}

fn has_new_part(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> bool {
    depth > 0
        && body.origins.leaves(value).any(|leaf| {
            if let Value::Derived(source) = leaf {
                return has_new_part(world, body, source, depth - 1);
            }
            let Some((_, event)) = body.origins.event(leaf) else { return false };
            if event.kind == EventKind::New {
                return constructed_from(body, leaf).any(|v| has_new_part(world, body, v, depth - 1));
            }
            is_ever_new(world, event)
                || (event.kind.is_invoke() || event.kind == EventKind::Concat)
                    && body.origins.args(event).iter().any(|v| has_new_part(world, body, *v, depth - 1))
        })
}

/// What the constructor of an object is given, and what is appended to it.
fn constructed_from<'b>(body: Body<'b>, made: Value) -> impl Iterator<Item = ValueId> + 'b {
    let is_it = move |event: &&Event| {
        event.kind.is_invoke()
            && event.kind.has_receiver()
            && body.origins.leaves(body.origins.arg(event, 0)).any(|l| l == made)
    };
    body.origins.events().iter().filter(is_it).flat_map(move |e| body.origins.args(e).iter().skip(1).copied())
}

fn is_ever_new(world: &World<'_>, event: &Event) -> bool {
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let member = world.program.facts.members.get(member);
    let (owner, name) = (world.program.text(member.owner), world.program.text(member.name));
    EVER_NEW.iter().any(|(class, names)| *class == owner && names.contains(&name))
}

/// Whether a value is always made where it is used, and not one that was kept.
pub(super) fn is_made(world: &World<'_>, method: MethodId, value: ValueId) -> bool {
    let found = origins::of_value(world, method, value);
    !found.is_empty() && found.iter().all(|f| matches!(f.origin, Origin::Allocation(_) | Origin::Text(_)))
}

fn field_of_leaf(world: &World<'_>, body: Body<'_>, leaf: Value) -> Option<FieldId> {
    let (_, event) = body.origins.event(leaf)?;
    field_of(world, body, event).filter(|_| matches!(event.kind, EventKind::GetField | EventKind::GetStatic))
}

fn field_of(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    event.member().filter(|_| event.kind.has_field()).and_then(|m| refs.field(m))
}
