//! What a finding says of a class that several loaders define.

use super::context::Context;
use super::copies::{CopyId, Misjudged};
use super::trace::{self, simple_name};
use crate::dataflow::objects::What;
use crate::findings::Location;
use crate::rules::rule::{CopyQuestion, Slot};
use crate::vocabulary::ClassId;
use crate::vocabulary::descriptor::binary_name;

/// What a placeholder stands for; `None` for those that are the same at every site.
pub(super) fn slot(cx: &Context<'_>, id: CopyId, slot: Slot) -> Option<String> {
    let row = cx.copies.row(id)?;
    let program = cx.world.program;
    match slot {
        Slot::Named => Some(binary_name(program.class_name(row.wanted))),
        Slot::Type => Some(simple_name(program.class_name(row.wanted))),
        Slot::Found => Some(trace::tenant_name(cx.world, row.wanted)),
        Slot::Holder => Some(trace::tenant_name(cx.world, row.other)),
        _ => None,
    }
}

/// What the last step to it says.
pub(super) fn step(cx: &Context<'_>, id: CopyId) -> String {
    let Some(row) = cx.copies.row(id) else { return String::new() };
    let name = simple_name(cx.world.program.class_name(row.wanted));
    let of = |class: ClassId| trace::tenant_name(cx.world, class);
    let (wanted, other) = (of(row.wanted), of(row.other));
    match row.question {
        CopyQuestion::Cast => format!("casts a {name} of {other} to that of {wanted}"),
        CopyQuestion::TypeTest => format!("asks whether a {name} of {other} is one of {wanted}"),
        CopyQuestion::Equality => format!("compares {name} of {other} with that of {wanted}"),
        CopyQuestion::Key => format!("looks {name} of {other} up among entries for that of {wanted}"),
        CopyQuestion::Annotation => format!("asks for {name} of {wanted} where there is that of {other}"),
        CopyQuestion::Catch => format!("catches {name} of {wanted}, and that of {other} is thrown"),
    }
}

/// What tells it from other findings of a method.
pub(super) fn anchor(cx: &Context<'_>, id: CopyId) -> String {
    cx.copies.row(id).map_or(String::new(), |row| cx.world.program.class_name(row.wanted).to_owned())
}

/// Where the object comes from.
pub(super) fn related(cx: &Context<'_>, id: CopyId) -> Option<(Location, String)> {
    let Misjudged { object, other, .. } = cx.copies.row(id)?;
    let (world, program) = (cx.world, cx.world.program);
    let line = world.event(object.method, object.event).map_or(0, |e| e.line);
    let name = simple_name(program.class_name(*other));
    let owner = trace::tenant_name(world, *other);
    let note = match object.what {
        What::Of(_) => format!("here it is the {name} of {owner}"),
        What::ReadBy(_) => format!("here it is read, as the {name} of {owner}"),
    };
    Some((trace::location(world, program.class_of_method(object.method), line), note))
}
