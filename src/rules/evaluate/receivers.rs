//! Whose code changes the very object that a static field holds, when objects of its class are about that it does not
//! hold: the receiver of the change is followed back to a read of that field.

use super::matches::Spot;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{How, World};
use crate::vocabulary::{FieldId, MethodId, TenantId, ValueId};

/// The tenants of one change of `field`, ascending, that read the object from the static `root`.
pub(super) fn tenants(world: &World<'_>, field: FieldId, root: FieldId, spot: &Spot) -> Vec<TenantId> {
    let mut tenants = Vec::new();
    for object in objects(world, field, spot) {
        let found = origins::of_value(world, spot.method, object);
        let reads = found.iter().filter(|f| f.origin == Origin::StaticField(root) && !f.is_derived);
        let readers: Vec<MethodId> = reads.map(|f| f.method).collect();
        tenants.extend(readers.into_iter().flat_map(|m| world.reach.tenants(m).iter().collect::<Vec<_>>()));
    }
    tenants.sort_unstable();
    tenants.dedup();
    tenants
}

/// The objects whose field is written, or read to change what it holds.
fn objects(world: &World<'_>, field: FieldId, spot: &Spot) -> Vec<ValueId> {
    let body = world.body(spot.method);
    let of_event = |event: u16| {
        let event = world.event(spot.method, event)?;
        body.origins.args(event).first().copied()
    };
    if spot.how == Some(How::Write) {
        return of_event(spot.event).into_iter().collect();
    }
    let reads = world.fields.reads(field).filter(|read| read.method == spot.method);
    reads.filter_map(|read| of_event(read.event)).collect()
}
