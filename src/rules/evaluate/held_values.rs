//! Whether a container holds plain values: what everybody would compute alike, and nobody can change.

use super::context::Context;
use super::handed_out::{self, Part};
use super::matches::Match;
use super::values;
use crate::dataflow::held::Root;
use crate::facts::NO_NAME;
use crate::vocabulary::FieldId;

/// The type group of what can't be changed.
const IMMUTABLE: &str = "immutable";

/// Whether the last type argument of a field's generic type is plain. A type variable stands for what the static field
/// that holds the object says.
pub(super) fn are_plain(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    let signature = signature(cx, field);
    match (values::last_type_argument(signature), found.holder.map(|h| h.root)) {
        (Some(name), _) => is_plain(cx, field, name),
        (None, Some(Root::Static(root))) if signature.ends_with(";>;") => {
            values::last_type_argument(self::signature(cx, root)).is_some_and(|name| is_plain(cx, root, name))
        }
        _ => false,
    }
}

fn signature<'w>(cx: &Context<'w>, field: FieldId) -> &'w str {
    let facts = cx.world.program.field(field);
    if facts.signature == NO_NAME { "" } else { cx.world.program.text(facts.signature) }
}

fn is_plain(cx: &Context<'_>, field: FieldId, name: &str) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    if values::is_of_types(cx.world, cx.models, loader, name, &[IMMUTABLE.to_owned()]) {
        return true;
    }
    program.find_text(loader, name).is_some_and(|class| {
        !program.is_jdk(class)
            && !program.class_facts(class).access.is_interface()
            && !handed_out::is_changed_by_callers(cx, class, Part::Any, 0)
    })
}
