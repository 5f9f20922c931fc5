//! Changes inside of deployed containers, which are told at the fields that hold such a one.

use crate::dataflow::{Change, ChangeTable, How, World};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId};
use rustc_hash::FxHashSet;

/// Leaves out what a container's own methods do to what it keeps, if a field that may hold such a container is changed by
/// calls of them: whose container it is, and what is put into it, is seen there.
pub(super) fn leave_out(world: &World<'_>, changes: &mut ChangeTable) {
    let program = world.program;
    let is_inside = |change: &Change| {
        matches!(change.how, How::Container(_))
            && change.inside.is_none()
            && world.knowledge.is_forwarder(change.method)
            && program.class_of_method(change.method) == program.class_of_field(change.field)
    };
    let inner: FxHashSet<ClassId> = changes
        .fields()
        .filter(|field| changes.of(*field).iter().any(is_inside))
        .map(|field| program.class_of_field(field))
        .collect();
    if inner.is_empty() {
        return;
    }
    let held: FxHashSet<ClassId> =
        changes.fields().filter_map(|field| container_of(world, changes, field)).collect();
    let mut told: FxHashSet<ClassId> = inner;
    told.retain(|class| {
        held.iter().any(|h| program.is_subtype(*class, *h) || program.is_subtype(*h, *class))
    });
    changes.retain(|change| !(is_inside(change) && told.contains(&program.class_of_field(change.field))));
}

/// The deployed class that a field is declared with whose objects are changed as containers.
fn container_of(world: &World<'_>, changes: &ChangeTable, field: FieldId) -> Option<ClassId> {
    let program = world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let name = TypeDesc(program.text(program.field(field).desc)).class()?;
    let class = program.find_text(loader, name).filter(|c| !program.is_jdk(*c))?;
    let is_filled = |change: &Change| matches!(change.how, How::Container(_) | How::Entry(_));
    changes.of(field).iter().any(is_filled).then_some(class)
}
