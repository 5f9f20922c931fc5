//! Whether a container holds plain values: what everybody would compute alike, and nobody can change.

use super::context::Context;
use super::handed_out::{self, Part};
use super::matches::Match;
use super::values;
use crate::dataflow::held::Root;
use crate::facts::{EventKind, NO_NAME, Value};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, ValueId};

/// The type group of what can't be changed.
const IMMUTABLE: &str = "immutable";

/// Whether the last type argument of a field's generic type is plain. A type variable stands for what the static field
/// that holds the object says.
pub(super) fn are_plain(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    let signature = signature(cx, field);
    match (values::last_type_argument(signature), found.holder.map(|h| h.root)) {
        (Some(name), _) => is_plain(cx, field, name) || is_container_of_plain(cx, field, signature),
        (None, Some(Root::Static(root))) if signature.ends_with(";>;") => {
            values::last_type_argument(self::signature(cx, root)).is_some_and(|name| is_plain(cx, root, name))
        }
        _ => signature.is_empty() && all_put_are_plain(cx, found, field),
    }
}

/// Whether all that is seen to be put into a container whose type says nothing of it is one of the JDK's values, or an array
/// of numbers.
fn all_put_are_plain(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    let is_of_numbers =
        |ty: &str| ty.strip_prefix('[').is_some_and(|element| !TypeDesc(element).is_reference());
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let is_immutable =
        |ty: &str| values::is_of_types(cx.world, cx.models, loader, ty, &[IMMUTABLE.to_owned()]);
    let mut types = found.spots.iter().flat_map(|spot| super::shapes::stored_values(cx, spot)).peekable();
    types.peek().is_some() && types.all(|ty| is_of_numbers(ty) || is_immutable(ty))
}

/// What a reference that does not keep its object is declared as.
const REFERENCES: &str = "java/lang/ref/";

/// Whether the values of a map refer to classes or loaders: by the field's generic type, else by what is put there; or to
/// their own keys.
pub(super) fn keep_keys(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    // A set that is a view of a map has its keys for elements, and the map has nothing of anybody's under them.
    let declared = TypeDesc(program.text(program.field(field).desc)).class();
    if declared
        .and_then(|name| program.find_text(loader, name))
        .is_some_and(|c| program.has_supertype_named(c, SET))
    {
        return false;
    }
    let is_reflective = |name: &str| {
        let is = |names: &[String]| values::is_of_types(cx.world, cx.models, loader, name, names);
        is(&cx.names.reflective_types) || is(&cx.names.loader_types)
    };
    // Of what the deployment's own class of values has in its fields, too.
    let refers = |name: &str| {
        program.find_text(loader, name).filter(|c| !program.is_jdk(*c)).is_some_and(|class| {
            program.fields_of(class).filter(|(_, f)| !f.access.is_static()).any(|(_, f)| {
                let text = if f.signature == NO_NAME { f.desc } else { f.signature };
                let kept = without_references(program.text(text));
                let mut parts = kept.split(['<', '>', ';']);
                parts.any(|part| {
                    let name = part.trim_start_matches(['+', '-', '*', '[']).strip_prefix('L');
                    name.is_some_and(is_reflective)
                })
            })
        })
    };
    let declared = values::last_type_argument_text(signature(cx, field)).unwrap_or_default();
    let declared = values_of_inner_map(cx, field, declared).unwrap_or(declared);
    let kept = without_references(declared);
    let classes = kept.split(['<', '>', ';']).map(|part| part.trim_start_matches(['+', '-', '*', '[']));
    let mut names = classes.filter_map(|part| part.strip_prefix('L'));
    // An object refers to its class: `Map<Class<? extends E>, E>`.
    let bound = key_bound(signature(cx, field));
    names.any(|name| is_reflective(name) || Some(name) == bound || refers(name))
        || found.spots.iter().any(|spot| {
            let stored = super::shapes::stored_values(cx, spot);
            stored
                .into_iter()
                .any(|ty| is_reflective(ty.trim_start_matches(['[', 'L']).trim_end_matches(';')))
        })
        || found.spots.iter().any(|spot| {
            super::weak_keys::are_held_by_value(cx, spot)
                || super::weak_keys::are_made_by_context(cx, found, spot)
        })
}

/// The type of containers whose elements are the keys of a map behind them.
const SET: &str = "java/util/Set";

/// What the class that is a map's key is a class of, if the map's type says so: `E` of `Map<Class<? extends E>, …>`.
fn key_bound(signature: &str) -> Option<&str> {
    let of_class = signature.split_once("<Ljava/lang/Class<")?.1;
    let bound = of_class.split(['<', ';', '>']).next()?;
    bound.trim_start_matches(['+', '-']).strip_prefix('L').filter(|name| *name != "java/lang/Object")
}

/// A generic type without the parts of it that are references, with what they refer to.
fn without_references(mut text: &str) -> String {
    let mut kept = String::new();
    while let Some(at) = text.find(REFERENCES) {
        let (before, reference) = text.split_at(at);
        kept.push_str(before.strip_suffix('L').unwrap_or(before));
        let mut depth = 0usize;
        let end = reference.find(|c| {
            match c {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ';' && depth == 0
        });
        text = end.and_then(|end| reference.get(end + 1..)).unwrap_or_default();
    }
    kept + text
}

/// What a reference or a variable of each thread is declared to hold, if that is a map: the type of the map's values.
fn values_of_inner_map<'t>(cx: &Context<'_>, field: FieldId, declared: &'t str) -> Option<&'t str> {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let is_map = |name: &str| values::is_of_types(cx.world, cx.models, loader, name, &[MAP.to_owned()]);
    let own = TypeDesc(program.text(program.field(field).desc)).class()?;
    let inner = declared.trim_start_matches(['+', '-']).strip_prefix('L')?.split('<').next()?;
    if is_map(own) || !is_map(inner) {
        return None;
    }
    values::last_type_argument_text(declared)
}

const MAP: &str = "java/util/Map";

/// Whether the last type argument of a field's generic type is a class of the deployment that code of other packages
/// can't name, in a queue out of which each object is taken once, or in a container that nobody looks through: what one
/// puts in no other one gets.
pub(super) fn are_internal(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let element = values::last_type_argument(signature(cx, field));
    let is_internal = element.and_then(|name| program.find_text(loader, name)).is_some_and(|class| {
        let access = program.class_facts(class).access;
        !program.is_jdk(class) && !access.is_public() && !access.is_protected()
    });
    let declared = TypeDesc(program.text(program.field(field).desc)).class().unwrap_or_default();
    let is_queue = values::is_of_types(cx.world, cx.models, loader, declared, &[QUEUE.to_owned()]);
    is_internal && (is_queue || !is_looked_through(cx, field))
}

const QUEUE: &str = "java/util/Queue";

/// Whether some read of a container is for more than to put something in or take something out that is known.
pub(super) fn is_looked_through(cx: &Context<'_>, field: FieldId) -> bool {
    let changes = cx.changes.of(field);
    cx.world.fields.reads(field).any(|read| {
        let body = cx.world.body(read.method);
        let is_read = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(read.event)));
        let mut uses =
            (0u16..).zip(body.origins.events()).filter(|(_, e)| body.origins.args(e).iter().any(is_read));
        uses.any(|(i, e)| {
            e.kind.is_invoke() && !changes.iter().any(|c| c.method == read.method && c.event == i)
                || e.kind == EventKind::Return
        })
    })
}

/// The generic type of a field; of one that is declared as a class of the deployment which is a container of a certain
/// type, that.
fn signature<'w>(cx: &Context<'w>, field: FieldId) -> &'w str {
    let program = cx.world.program;
    let facts = program.field(field);
    if facts.signature != NO_NAME {
        return program.text(facts.signature);
    }
    let loader = program.class(program.class_of_field(field)).loader;
    let declared = TypeDesc(program.text(facts.desc)).class();
    let class = declared.and_then(|name| program.find_text(loader, name)).filter(|c| !program.is_jdk(*c));
    let of_class = class.map(|c| program.class_facts(c).signature).filter(|s| *s != NO_NAME);
    of_class.map(|s| program.text(s)).filter(|s| !s.starts_with('<')).unwrap_or_default()
}

/// Whether the values of a map are containers of the JDK which hold plain values in turn, by the field's generic type.
fn is_container_of_plain(cx: &Context<'_>, field: FieldId, signature: &str) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let is_container = |name: &str| {
        program.find_text(loader, name).is_some_and(|class| {
            program.is_jdk(class) && CONTAINERS.iter().any(|c| program.has_supertype_named(class, c))
        })
    };
    let text = values::last_type_argument_text(signature).unwrap_or_default();
    let parts = text.split(['<', '>', ';']).filter(|part| !part.is_empty());
    let mut names = parts.map(|part| part.trim_start_matches(['+', '-']).strip_prefix('L'));
    names.next().flatten().is_some_and(is_container)
        && text.contains('<')
        && names
            .all(|name| name.is_some_and(|n| n == CHARACTERS || is_plain(cx, field, n) || is_container(n)))
}

/// Whether a field is declared as a container, of the JDK or like one, for nothing but what keeps no class loader: texts and numbers.
pub(super) fn are_loader_free(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let signature = program.field(field).signature;
    if signature == NO_NAME {
        return false;
    }
    let mut parts = program.text(signature).split(['<', '>', ';']).filter(|part| !part.is_empty());
    let class = parts.next().and_then(|own| program.find_text(loader, own.strip_prefix('L')?));
    let is_free = |part: &str| {
        let name = part.trim_start_matches(['+', '[']).strip_prefix('L');
        name.is_some_and(|n| values::is_of_types(cx.world, cx.models, loader, n, &cx.names.loader_free_types))
    };
    let mut parts = parts.peekable();
    parts.peek().is_some()
        && parts.all(is_free)
        && class.is_some_and(|class| {
            program.is_jdk(class) && CONTAINERS.iter().any(|c| program.has_supertype_named(class, c))
                || cx.world.knowledge.is_container(class)
        })
}

/// Roots of the JDK's containers.
const CONTAINERS: &[&str] = &["java/util/Map", "java/util/Collection"];
/// Texts, and what stands for one.
const CHARACTERS: &str = "java/lang/CharSequence";

/// Whether a class is one of plain values, seen from a field.
pub(super) fn is_plain(cx: &Context<'_>, field: FieldId, name: &str) -> bool {
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
