//! Which object a change of an instance field is made to: the very one that a static field holds, when objects of its
//! class are about that it does not hold, or one that is just being made. The receiver of the change is followed back.

use super::matches::Spot;
use crate::dataflow::held::Held;
use crate::dataflow::knowledge::Subject;
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Change, How, World, new_objects};
use crate::facts::EventKind;
use crate::vocabulary::{ClassId, FieldId, MethodId, TenantId, ValueId};

/// The tenants of one change of `field`, ascending, that read the object from the static `root` and make the change to it,
/// rather than to whatever a field in between holds.
pub(super) fn tenants(world: &World<'_>, field: FieldId, root: FieldId, spot: &Spot) -> Vec<TenantId> {
    let mut tenants = Vec::new();
    for object in objects(world, field, spot.method, spot.event, spot.how) {
        let found = origins::of_very_object(world, spot.method, object);
        let reads = found.iter().filter(|f| f.origin == Origin::StaticField(root));
        let readers: Vec<MethodId> = reads.map(|f| f.method).collect();
        tenants.extend(readers.into_iter().flat_map(|m| world.reach.tenants(m).iter().collect::<Vec<_>>()));
    }
    tenants.sort_unstable();
    tenants.dedup();
    tenants
}

/// The static fields from which some tenant reads the object that one change of `field` is made to, in no order.
pub(super) fn statics(world: &World<'_>, field: FieldId, spot: &Spot) -> Vec<FieldId> {
    let objects = objects(world, field, spot.method, spot.event, spot.how).into_iter();
    let found = objects.flat_map(|object| origins::of_object(world, spot.method, object));
    let read = found.filter(|f| !world.reach.tenants(f.method).is_empty());
    let statics = read.filter_map(|f| match f.origin {
        Origin::StaticField(root) => Some(root),
        _ => None,
    });
    statics.collect()
}

/// Whether an instance field is changed only of objects that are just being made: they are nobody's yet.
pub(super) fn are_new(world: &World<'_>, change: &Change) -> bool {
    let objects = objects(world, change.field, change.method, change.event, Some(change.how));
    let part = part_of(world, change.field, Some(change.how));
    !objects.is_empty()
        && objects
            .into_iter()
            .all(|object| new_objects::is_new_or_of(world, change.method, object, part, &|_| false))
}

/// The field whose content is changed, if it refers to something that a copy of the object may share.
fn part_of(world: &World<'_>, field: FieldId, how: Option<How>) -> Option<FieldId> {
    let is_reference = world.program.text(world.program.field(field).desc).starts_with(['L', '[']);
    (is_reference && how != Some(How::Write)).then_some(field)
}

/// Whether a change is made to what an object which nothing is seen to hold has made for itself: a builder and what it
/// builds.
pub(super) fn are_of_others(world: &World<'_>, held: &Held, field: FieldId, spot: &Spot) -> bool {
    let is_loose = |class: ClassId| held.holder_or_container(class).is_none();
    let objects = objects(world, field, spot.method, spot.event, spot.how);
    let part = part_of(world, field, spot.how);
    !objects.is_empty()
        && objects.into_iter().all(|object| {
            new_objects::is_new_or_of(world, spot.method, object, part, &is_loose)
                || !world.reach.is_open_world() && is_copy_of_caller(world, held, spot.method, object, part)
        })
}

/// Whether all whom the deployment lets call a method do so on objects that they have copied or made, and that nothing is
/// seen to keep.
fn is_copy_of_caller(
    world: &World<'_>,
    held: &Held,
    method: MethodId,
    object: ValueId,
    part: Option<FieldId>,
) -> bool {
    let found = origins::of_value(world, method, object);
    let made = found.iter().filter(|f| f.origin != Origin::Parameter);
    let has_own = |f: &Found| {
        f.origin != Origin::Allocation(None)
            || part.is_none_or(|part| new_objects::is_copied_too(world, part))
    };
    let is_own = |f: &Found| {
        matches!(f.origin, Origin::Allocation(_))
            && !f.is_derived
            && !held.keeps(f.method, f.event)
            && has_own(f)
    };
    made.clone().count() > 0
        && made.clone().all(is_own)
        && found.iter().any(|f| f.origin == Origin::Allocation(None))
}

/// What an event changes by itself.
fn changed_operand(world: &World<'_>, method: MethodId, event: u16, how: Option<How>) -> Option<ValueId> {
    let event = world.event(method, event)?;
    let position = match how? {
        How::Container(api) | How::Atomic(api) | How::Buffer(api) if event.kind.is_invoke() => {
            let subject = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
            subject.unwrap_or(Subject::Receiver).operand(event.kind.has_receiver())?
        }
        How::Array if event.kind == EventKind::ArrayStore => 0,
        _ => return None,
    };
    world.body(method).origins.args(event).get(position).copied()
}

/// The objects whose field is written, or read to change what it holds.
fn objects(
    world: &World<'_>,
    field: FieldId,
    method: MethodId,
    event: u16,
    how: Option<How>,
) -> Vec<ValueId> {
    let body = world.body(method);
    let of_event = |event: u16| {
        let event = world.event(method, event)?;
        body.origins.args(event).first().copied()
    };
    if how == Some(How::Write) {
        return of_event(event).into_iter().collect();
    }
    // A method may read the field of several objects, to copy what one has into another.
    let handed = world.event(method, event).map(|e| body.origins.args(e)).unwrap_or_default();
    let changed = changed_operand(world, method, event, how);
    let changed = changed.as_ref().map_or(handed, std::slice::from_ref);
    let read_there = changed.iter().flat_map(|v| body.origins.leaves(*v)).filter_map(|leaf| {
        let (_, event) = body.origins.event(leaf)?;
        let (read, owner) = new_objects::field_read(world, body, event)?;
        (read == field).then_some(owner)
    });
    let owners: Vec<ValueId> = read_there.collect();
    if !owners.is_empty() {
        return owners;
    }
    let reads = world.fields.reads(field).filter(|read| read.method == method);
    reads.filter_map(|read| of_event(read.event)).collect()
}
