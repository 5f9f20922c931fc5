//! Matches of fields of a class loader type that are written anywhere, constructors and initialisers included.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::How;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{Access, FieldId};

/// One match per field.
pub(super) fn find(cx: &Context<'_>) -> Vec<Match> {
    (0..cx.world.program.n_fields).map(FieldId::from_index).filter_map(|f| matched(cx, f)).collect()
}

fn matched(cx: &Context<'_>, field: FieldId) -> Option<Match> {
    let program = cx.world.program;
    let class = program.class_of_field(field);
    let facts = program.field(field);
    let name = TypeDesc(program.text(facts.desc)).class()?;
    let is_loader = || {
        let loader = program.class(class).loader;
        super::values::is_of_types(cx.world, cx.models, loader, name, &cx.names.loader_types)
    };
    if program.is_jdk(class) || facts.access.has(Access::SYNTHETIC) || !is_loader() {
        return None;
    }
    let writes = cx.world.fields.writes(field);
    let spots: Vec<Spot> = writes
        .map(|w| Spot { method: w.method, event: w.event, how: Some(How::Write), inside: None })
        .collect();
    let holder = if facts.access.is_static() { None } else { cx.held.holder(class) };
    (!spots.is_empty()).then_some(Match {
        subject: Subject::Field(field),
        class,
        spots,
        only: None,
        holder,
        kept: None,
        leak: None,
    })
}
