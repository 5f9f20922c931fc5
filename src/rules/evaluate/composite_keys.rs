//! Keys that are made of parts: an object of the deployment whose `equals` looks at a class or loader in one of its fields
//! separates applications as the class or loader alone would.

use super::context::Context;
use super::values::is_of_types;
use crate::facts::{EventKind, FieldFacts};
use crate::program::link::NO_CLASS;
use crate::rules::rule::KeyKind;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, LoaderId, MethodId};

/// Superclasses of a key that are looked at.
const MAX_ABOVE: usize = 4;

/// What tells objects of a type apart, if that is a part of them.
pub(super) fn kind_of_parts(cx: &Context<'_>, loader: LoaderId, name: &str) -> Option<KeyKind> {
    let program = cx.world.program;
    let mut class = program.find_text(loader, name)?;
    for _ in 0..MAX_ABOVE {
        if program.is_jdk(class) {
            return None;
        }
        if let Some(kind) = kind_of_own_parts(cx, class) {
            return Some(kind);
        }
        class = program.class(class).super_class;
        if class == NO_CLASS {
            return None;
        }
    }
    None
}

fn kind_of_own_parts(cx: &Context<'_>, class: ClassId) -> Option<KeyKind> {
    let program = cx.world.program;
    let loader = program.class(class).loader;
    let is_record = program.class_facts(class).is_record;
    let mut methods = program.methods_of(class);
    let equals = methods.find(|(_, m)| {
        program.text(m.name) == "equals" && program.text(m.desc) == "(Ljava/lang/Object;)Z" && m.has_body
    });
    let equals = equals.map(|(id, _)| id);
    if equals.is_none() && !is_record {
        return None;
    }
    let is_part = |f: &FieldFacts, names: &[String]| {
        let ty = TypeDesc(program.text(f.desc)).class();
        f.access.is_final()
            && !f.access.is_static()
            && ty.is_some_and(|ty| is_of_types(cx.world, cx.models, loader, ty, names))
    };
    if program.fields_of(class).any(|(_, f)| is_part(f, &cx.names.loader_types)) {
        return Some(KeyKind::Loader);
    }
    let mut parts = program.fields_of(class).filter(|(_, f)| is_part(f, &cx.names.reflective_types));
    let is_asked = |part: FieldId| equals.map_or(is_record, |m| is_record || looks_at(cx, m, part, 0));
    parts.any(|(id, _)| is_asked(id)).then_some(KeyKind::Class)
}

/// Methods between an `equals` and the part: a getter.
const MAX_GETTERS: u32 = 1;

/// Whether a method reads a field, itself or by another method of its class.
fn looks_at(cx: &Context<'_>, method: MethodId, field: FieldId, depth: u32) -> bool {
    let program = cx.world.program;
    let body = cx.world.body(method);
    let refs = program.refs(program.class(body.class).loader);
    body.origins.events().iter().any(|event| match event.kind {
        EventKind::GetField => event.member().and_then(|m| refs.field(m)) == Some(field),
        kind if kind.is_invoke() && depth < MAX_GETTERS => {
            let called = event.member().and_then(|m| refs.method(m));
            called.is_some_and(|m| {
                program.class_of_method(m) == body.class && looks_at(cx, m, field, depth + 1)
            })
        }
        _ => false,
    })
}
