//! Which object a change of an instance field is made to: the very one that a static field holds, when objects of its
//! class are about that it does not hold, or one that is just being made. The receiver of the change is followed back.

use super::matches::Spot;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Change, How, World, new_objects};
use crate::vocabulary::{FieldId, MethodId, TenantId, ValueId};

/// The tenants of one change of `field`, ascending, that read the object from the static `root`.
pub(super) fn tenants(world: &World<'_>, field: FieldId, root: FieldId, spot: &Spot) -> Vec<TenantId> {
    let mut tenants = Vec::new();
    for object in objects(world, field, spot.method, spot.event, spot.how) {
        let found = origins::of_value(world, spot.method, object);
        let reads = found.iter().filter(|f| f.origin == Origin::StaticField(root) && !f.is_derived);
        let readers: Vec<MethodId> = reads.map(|f| f.method).collect();
        tenants.extend(readers.into_iter().flat_map(|m| world.reach.tenants(m).iter().collect::<Vec<_>>()));
    }
    tenants.sort_unstable();
    tenants.dedup();
    tenants
}

/// Whether an instance field is changed only of objects that are just being made: they are nobody's yet.
pub(super) fn are_new(world: &World<'_>, change: &Change) -> bool {
    let objects = objects(world, change.field, change.method, change.event, Some(change.how));
    !objects.is_empty() && objects.into_iter().all(|object| new_objects::is_new(world, change.method, object))
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
    let reads = world.fields.reads(field).filter(|read| read.method == method);
    reads.filter_map(|read| of_event(read.event)).collect()
}
