//! Objects of which the code knows that they are the library's or the JDK's, and hold nothing of an application.

use super::context::Context;
use super::matches::Spot;
use super::values::is_of_types;
use crate::facts::{EventKind, Value};
use crate::program::link::NO_CLASS;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, LoaderId};

/// Fields of fields that are looked at.
const MAX_DEPTH: u32 = 3;
/// Superclasses without fields of their own that are read from a stream.
const FIELDLESS: [&str; 2] = ["java/lang/Object", "java/lang/Record"];
/// Of an enum's constant a stream holds the name alone (Java Object Serialization Specification, 1.12).
const ENUM: &str = "java/lang/Enum";

/// Whether the method casts what a call yields, and each cast is to a class of such objects.
pub(super) fn is_cast_to_own(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let loader = cx.world.program.class(body.class).loader;
    let result = Value::Event(u32::from(spot.event));
    let is_of_result = |value| body.origins.leaves(value).any(|leaf| leaf == result);
    let casts = body.origins.events().iter().filter(|e| e.kind == EventKind::CheckCast);
    let mut casts = casts.filter(|e| is_of_result(body.origins.arg(e, 0))).peekable();
    casts.peek().is_some()
        && casts.all(|cast| {
            cast.name().is_some_and(|name| holds_nothing_foreign(cx, loader, cx.world.program.text(name), 0))
        })
}

/// Whether objects of a type hold values, and objects of such types, alone. Of a class of the deployment that is not
/// abstract the objects are taken to be its own.
fn holds_nothing_foreign(cx: &Context<'_>, loader: LoaderId, ty: &str, depth: u32) -> bool {
    let program = cx.world.program;
    if is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_free_types) {
        return true;
    }
    if let Some(element) = ty.strip_prefix('[') {
        return match TypeDesc(element).class() {
            Some(name) => holds_nothing_foreign(cx, loader, name, depth),
            None => !element.starts_with('[') || holds_nothing_foreign(cx, loader, element, depth),
        };
    }
    let class = program.find_text(loader, ty).filter(|c| !program.is_jdk(*c) && depth < MAX_DEPTH);
    class.is_some_and(|c| {
        is_of_no_application(cx, c)
            && (is_enum(cx, c) || is_concrete(cx, c) && fields_hold_nothing_foreign(cx, c, depth))
    })
}

fn is_concrete(cx: &Context<'_>, class: ClassId) -> bool {
    let access = cx.world.program.class_facts(class).access;
    !access.is_interface() && !access.is_abstract()
}

fn is_enum(cx: &Context<'_>, class: ClassId) -> bool {
    let above = cx.world.program.class(class).super_class;
    above != NO_CLASS && cx.world.program.class_name(above) == ENUM
}

fn is_of_no_application(cx: &Context<'_>, class: ClassId) -> bool {
    cx.world.hierarchy.closure(class).into_iter().all(|c| cx.world.reach.owner(c).is_none())
}

fn fields_hold_nothing_foreign(cx: &Context<'_>, class: ClassId, depth: u32) -> bool {
    let program = cx.world.program;
    let loader = program.class(class).loader;
    let mut at = class;
    while at != NO_CLASS && !FIELDLESS.contains(&program.class_name(at)) {
        let mut fields = program.fields_of(at).filter(|(_, f)| !f.access.is_static());
        let is_fine = |desc: &str| {
            let ty = TypeDesc(desc);
            !ty.is_reference() || holds_nothing_foreign(cx, loader, ty.class().unwrap_or(desc), depth + 1)
        };
        if program.is_jdk(at) || fields.any(|(_, f)| !is_fine(program.text(f.desc))) {
            return false;
        }
        at = program.class(at).super_class;
    }
    at != NO_CLASS
}
