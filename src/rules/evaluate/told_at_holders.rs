//! Changes inside of deployed containers, which are told at the fields that hold such a one.

use crate::dataflow::held::Held;
use crate::dataflow::{Change, ChangeTable, How, World};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId};
use rustc_hash::FxHashSet;

/// Leaves out what a container's own methods do to what it keeps, if a field that may hold such a container is changed by
/// calls of them: whose container it is, and what is put into it, is seen there.
pub(super) fn leave_out(world: &World<'_>, holders: &Held, changes: &mut ChangeTable) {
    let program = world.program;
    let is_inside = |change: &Change| {
        matches!(change.how, How::Container(_))
            && change.inside.is_none()
            && world.knowledge.hands_on(change.method, change.field)
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
    // Where another static holds one, too, it has to be told by what it is.
    let is_filled = |field: &FieldId| container_of(world, changes, *field).is_some();
    let is_told = |class: &ClassId| {
        holders.statics(*class).iter().all(is_filled)
            && held.iter().any(|h| program.is_subtype(*class, *h) || program.is_subtype(*h, *class))
    };
    let mut told: FxHashSet<ClassId> = inner;
    told.retain(is_told);
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
