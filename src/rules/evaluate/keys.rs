//! What keys a container: whether applications' entries can collide.

use super::composite_keys::kind_of_parts;
use super::context::Context;
use super::grown;
use super::matches::Spot;
use super::shapes::final_event;
use super::values::{self, is_of_types, origins_of};
use crate::dataflow::origins::{Found, Origin};
use crate::dataflow::{Body, How};
use crate::facts::{Event, EventKind, NO_NAME, Value};
use crate::program::link::NO_CLASS;
use crate::rules::rule::KeyKind;
use crate::vocabulary::descriptor::{TypeDesc, return_type};
use crate::vocabulary::{ClassId, FieldId, LoaderId, ValueId};
use rustc_hash::FxHashSet;

/// The kind of key that a change of a container's field uses.
pub(super) fn key_of(cx: &Context<'_>, field: FieldId, spot: &Spot) -> KeyKind {
    if spot.how == Some(How::Write) && is_grown_copy(cx, field, spot) {
        return declared_key(cx, field).unwrap_or(KeyKind::None);
    }
    let Some(How::Container(api)) = spot.how else { return KeyKind::None };
    let Some(key) = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.key) else {
        let kind = element_key(cx, field).or_else(|| super::membership::element_key(cx, field, spot));
        return kind.unwrap_or(KeyKind::None);
    };
    let declared = declared_key(cx, field);
    if let Some(kind) = declared.filter(|kind| *kind != KeyKind::Class) {
        return kind;
    }
    let Some((body, event)) = final_event(cx, spot) else { return declared.unwrap_or(KeyKind::Other) };
    let position = usize::from(key) + usize::from(event.kind.has_receiver());
    if is_one_class(cx, body, event, position) {
        return KeyKind::SharedClass;
    }
    if let Some(kind) = declared {
        return kind;
    }
    let Some(value) = body.origins.args(event).get(position) else { return KeyKind::Other };
    if is_unique(cx, body, *value) || is_passed_application_name(cx, body, *value, 0) {
        return KeyKind::Identity;
    }
    let loader = cx.world.program.class(body.class).loader;
    let types = values::types_of(cx.world, body, *value);
    let kinds: Option<Vec<KeyKind>> = types.iter().map(|t| kind_of_class(cx, loader, t)).collect();
    if let Some(kinds) = kinds.filter(|kinds| !kinds.is_empty()) {
        let all_loaders = kinds.iter().all(|kind| *kind == KeyKind::Loader);
        return if all_loaders { KeyKind::Loader } else { KeyKind::Class };
    }
    if types.is_empty() || !types.iter().all(|t| matches!(*t, "java/lang/String" | "java/lang/Object")) {
        let all = !types.is_empty() && types.iter().all(|t| is_identity(cx, loader, t));
        return if all { KeyKind::Identity } else { KeyKind::Other };
    }
    identity_key(cx, body, *value, 0).unwrap_or_else(|| text_key(cx, body, event, position))
}

/// Whether a key is always a class literal, of a class that is the same for all who name it.
fn is_one_class(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let found = origins_of(cx.world, body, event, position);
    let is_shared = |class: ClassId| cx.world.reach.owner(class).is_none();
    !found.is_empty()
        && found.iter().all(
            |f| matches!(f.origin, Origin::ClassLiteral(_, Some(class)) if is_shared(class) && !f.is_derived),
        )
}

/// Whether what is written is a container made from the one that was there: an entry is put in, though into a copy.
fn is_grown_copy(cx: &Context<'_>, field: FieldId, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let is_old = |leaf: Value| {
        let read = body.origins.event(leaf).map(|(_, e)| e);
        let read = read.filter(|e| matches!(e.kind, EventKind::GetStatic | EventKind::GetField));
        read.and_then(|e| refs.field(e.member()?)) == Some(field)
    };
    let is_copied = |made: Value| {
        let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        let is_its = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == made);
        let init = calls.find(|e| body.origins.args(e).first().is_some_and(is_its));
        let args = init.map(|e| body.origins.args(e)).unwrap_or_default();
        args.iter().skip(1).any(|v| body.origins.leaves(*v).any(is_old))
    };
    let written = cx.world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last());
    written.is_some_and(|value| {
        body.origins.leaves(*value).any(is_copied) || grown::is_grown(cx, field, body, *value, 0)
    })
}

/// The JVM's root class.
const OBJECT: &str = "java/lang/Object";

fn text_key(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> KeyKind {
    let found = origins_of(cx.world, body, event, position);
    if are_tokens(cx, &found) {
        return KeyKind::Identity;
    }
    // Whoever calls for an entry by any name at all asks for no class.
    let is_open =
        found.iter().any(|f| f.origin == Origin::Parameter && !f.is_derived || is_other_text(cx, f));
    let names_a_class = !is_open
        && found.iter().any(|f| {
            let origin = cx.world.event(f.method, f.event).filter(|_| f.origin == Origin::Unknown);
            origin.is_some_and(|e| {
                e.kind.is_invoke()
                    && e.member().is_some_and(|m| {
                        let loader =
                            cx.world.program.class(cx.world.program.class_of_method(f.method)).loader;
                        cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &cx.names.class_name))
                    })
            })
        });
    if names_a_class || class_name_call(cx, body, event, position) {
        KeyKind::ClassName
    } else if !found.is_empty() && found.iter().all(|f| matches!(f.origin, Origin::Text(_))) {
        KeyKind::Constant
    } else {
        KeyKind::Text
    }
}

/// Whether all that a value can be is what each application makes for itself, whatever the static type, and differs from
/// all else.
pub(super) fn are_tokens(cx: &Context<'_>, found: &[Found]) -> bool {
    let is_token = |f: &Found| match f.origin {
        Origin::Allocation(Some(class))
            if !f.is_derived
                && cx.world.reach.owner(cx.world.program.class_of_method(f.method)).is_some() =>
        {
            let loader = cx.world.program.class(class).loader;
            let name = cx.world.program.class_name(class);
            name == OBJECT || is_identity(cx, loader, name)
        }
        _ => false,
    };
    let is_token = |f: &Found| is_token(f) || is_passed_object(cx, f);
    // A field that is written once is what is written there.
    let is_constant = |f: &Found| match f.origin {
        Origin::StaticField(field) => cx.world.program.field(field).access.is_final(),
        _ => false,
    };
    found.iter().any(is_token) && found.iter().all(|f| is_token(f) || is_constant(f))
}

/// Whether an object is a key whose own method hands it over to shared code: `Attributes.of(this)`.
fn is_passed_object(cx: &Context<'_>, found: &Found) -> bool {
    let world = cx.world;
    if found.origin != Origin::Parameter || found.is_derived || found.passed_by.is_none() {
        return false;
    }
    let body = world.body(found.method);
    let call = world.event(found.method, found.event).filter(|e| e.kind.is_invoke());
    let is_own = |v: &ValueId| body.origins.leaves(*v).all(|leaf| leaf == Value::Param(0));
    let loader = world.program.class(body.class).loader;
    !body.method.access.is_static()
        && call.is_some_and(|e| body.origins.args(e).iter().any(is_own))
        && is_identity(cx, loader, world.program.class_name(body.class))
}

/// Whether an origin is a text that code which is not followed yields, and no class's name.
fn is_other_text(cx: &Context<'_>, found: &Found) -> bool {
    let program = cx.world.program;
    let event = cx.world.event(found.method, found.event);
    let call = event.filter(|e| found.origin == Origin::Unknown && e.kind.is_invoke());
    call.and_then(|e| e.member()).is_some_and(|m| {
        let loader = program.class(program.class_of_method(found.method)).loader;
        let member = program.facts.members.get(m);
        return_type(program.text(member.desc)).class() == Some(TEXT)
            && !program.text(member.owner).starts_with(LANGUAGE)
            && !cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &cx.names.class_name))
    })
}

const TEXT: &str = "java/lang/String";
/// What makes texts of texts, and tells the names of classes and their members.
const LANGUAGE: &str = "java/lang/";

/// The key is the direct result of `Class.getName()`.
fn class_name_call(cx: &Context<'_>, body: Body<'_>, event: &Event, position: usize) -> bool {
    let Some(value) = body.origins.args(event).get(position) else { return false };
    let loader = cx.world.program.class(body.class).loader;
    body.origins.leaves(*value).any(|leaf| {
        body.origins.event(leaf).is_some_and(|(_, e)| {
            e.member().is_some_and(|m| {
                cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &cx.names.class_name))
            })
        })
    })
}

/// What tells the elements of a set apart, if no two applications have one: a set of loaders or threads is asked for one's
/// own.
fn element_key(cx: &Context<'_>, field: FieldId) -> Option<KeyKind> {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let declared = TypeDesc(program.text(program.field(field).desc)).class()?;
    let is_set = is_of_types(cx.world, cx.models, loader, declared, &[SET.to_owned()]);
    let element = declared_first(cx, field).filter(|_| is_set)?;
    let kind = kind_of_type(cx, loader, element)?;
    let is_jdk = || program.find_text(loader, element).is_some_and(|c| program.is_jdk(c));
    (kind == KeyKind::Loader || kind == KeyKind::Identity && is_jdk()).then_some(kind)
}

/// A container whose elements are its keys.
pub(super) const SET: &str = "java/util/Set";

/// What the field's generic signature says of the key.
fn declared_key(cx: &Context<'_>, field: FieldId) -> Option<KeyKind> {
    let loader = cx.world.program.class(cx.world.program.class_of_field(field)).loader;
    kind_of_type(cx, loader, declared_first(cx, field)?)
}

/// The first type argument of a field's generic signature.
pub(super) fn declared_first<'w>(cx: &Context<'w>, field: FieldId) -> Option<&'w str> {
    let program = cx.world.program;
    let signature = program.field(field).signature;
    if signature == NO_NAME {
        return None;
    }
    let first = program.text(signature).split_once('<')?.1.trim_start_matches(['+', '-']);
    first.strip_prefix('L')?.split([';', '<']).next()
}

/// What an object of a type tells of applications, if anything.
pub(super) fn kind_of_type(cx: &Context<'_>, loader: LoaderId, name: &str) -> Option<KeyKind> {
    let own = || is_identity(cx, loader, name).then_some(KeyKind::Identity);
    kind_of_class(cx, loader, name).or_else(own)
}

/// The kind of key that an object of a type is, if it is a loader, a class or a member of one, or is made of such.
fn kind_of_class(cx: &Context<'_>, loader: LoaderId, name: &str) -> Option<KeyKind> {
    let is = |names: &[String]| is_of_types(cx.world, cx.models, loader, name, names);
    match () {
        () if is(&cx.names.loader_types) => Some(KeyKind::Loader),
        () if is(&cx.names.reflective_types) => Some(KeyKind::Class),
        () => kind_of_parts(cx, loader, name),
    }
}

/// Whether a key is a number of a counter, or another one that nobody else gets.
fn is_unique(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    is_drawn_by(cx, body, value, &|event| is_drawn_when_made(cx, body, event))
}

/// Calls that hand a key on before a method uses it, and callers looked at for one of them.
const MAX_HANDED_ON: u32 = 2;
const MAX_CALLERS: usize = 16;

/// Whether a key, or what is boxed as one, is a parameter for which all who are seen to call the method pass what the
/// container calls an application.
fn is_passed_application_name(cx: &Context<'_>, body: Body<'_>, value: ValueId, depth: u32) -> bool {
    let Some(param) = boxed_parameter(body, value) else { return false };
    let is_name = |event: &Event, caller: Body<'_>| {
        let loader = cx.world.program.class(caller.class).loader;
        event.kind.is_invoke()
            && event.member().is_some_and(|m| {
                cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &cx.names.application_name))
            })
    };
    let sites = cx.world.sites.of(body.id, MAX_CALLERS).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let caller = cx.world.body(site.caller);
            let call = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
            let Some(passed) = call.and_then(|c| caller.origins.args(c).get(param)) else { return false };
            let mut leaves = caller.origins.leaves(*passed);
            leaves.all(|leaf| caller.origins.event(leaf).is_some_and(|(_, e)| is_name(e, caller)))
                || depth < MAX_HANDED_ON && is_passed_application_name(cx, caller, *passed, depth + 1)
        })
}

/// The parameter that a value is, or is the box of.
fn boxed_parameter(body: Body<'_>, value: ValueId) -> Option<usize> {
    let mut leaves = body.origins.leaves(value);
    let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
    match leaf {
        Value::Param(0) if !body.method.access.is_static() => None,
        Value::Param(i) => Some(usize::from(i)),
        _ => {
            let (_, boxing) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::InvokeStatic)?;
            match body.origins.args(boxing) {
                [of] => {
                    let mut leaves = body.origins.leaves(*of);
                    match (leaves.next(), leaves.next()) {
                        (Some(Value::Param(i)), None) => Some(usize::from(i)),
                        _ => None,
                    }
                }
                _ => None,
            }
        }
    }
}

/// Whether all that a value may be, or is the box or the text of, is a number that nobody else gets.
fn is_drawn_by(cx: &Context<'_>, body: Body<'_>, value: ValueId, is_other: &dyn Fn(&Event) -> bool) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let is_drawn = |event: &Event| {
        event.kind.is_invoke()
            && event
                .member()
                .is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, &cx.names.unique)))
    };
    let mut leaves = body.origins.leaves(value).peekable();
    leaves.peek().is_some()
        && leaves.all(|leaf| {
            let Some((_, made)) = body.origins.event(leaf) else { return false };
            let is_one = |e: &Event| is_drawn(e) || is_other(e);
            // Its box, or its text.
            let of_one = |v: &ValueId| {
                body.origins.leaves(*v).all(|l| body.origins.event(l).is_some_and(|(_, e)| is_one(e)))
            };
            is_one(made)
                || made.kind.is_invoke()
                    && body.origins.args(made).len() == 1
                    && body.origins.args(made).iter().all(of_one)
        })
}

/// Whether a final field is read to which only such a number is written: the id that each object gets when it is made.
fn is_drawn_when_made(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let world = cx.world;
    let refs = world.program.refs(world.program.class(body.class).loader);
    let read = event.member().filter(|_| event.kind == EventKind::GetField);
    let field = read.and_then(|m| refs.field(m)).filter(|f| world.program.field(*f).access.is_final());
    let Some(field) = field else { return false };
    // An object that all applications have in a static is one key for all of them.
    let owner = world.program.class_of_field(field);
    if !is_identity(cx, world.program.class(owner).loader, world.program.class_name(owner)) {
        return false;
    }
    let mut writes = world.fields.writes(field).peekable();
    writes.peek().is_some()
        && writes.all(|write| {
            let maker = world.body(write.method);
            let value = world.event(write.method, write.event).and_then(|e| maker.origins.args(e).last());
            value.is_some_and(|value| is_drawn_by(cx, maker, *value, &|_| false))
        })
}

/// Calls between a key and the number that it is made from.
const MAX_CALLS: u32 = 3;

/// A text that is made from the identity of an object (`System.identityHashCode`) tells objects apart as the object
/// itself does, and what an application is called tells applications apart.
fn identity_key(cx: &Context<'_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<KeyKind> {
    let program = cx.world.program;
    body.origins.leaves(value).find_map(|leaf| {
        let (_, event) = match leaf {
            Value::Derived(source) => return identity_key(cx, body, source, depth),
            _ => {
                body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke() || e.kind == EventKind::Concat)?
            }
        };
        if event.kind == EventKind::Concat {
            return body.origins.args(event).iter().find_map(|arg| identity_key(cx, body, *arg, depth));
        }
        let member = program.facts.members.get(event.member()?);
        let loader = program.class(body.class).loader;
        let mut apis = cx.world.knowledge.apis(loader, event.member()?);
        if apis.any(|api| cx.is_api(api, &cx.names.application_name)) {
            return Some(KeyKind::Identity);
        }
        if program.text(member.name) == "identityHashCode" {
            return Some(KeyKind::Identity);
        }
        if program.text(member.name) == "hashCode" && is_loader(cx, body, body.origins.arg(event, 0)) {
            return Some(KeyKind::Identity);
        }
        if depth >= MAX_CALLS {
            return None;
        }
        let mut args = body.origins.args(event).iter();
        args.find_map(|arg| identity_key(cx, body, *arg, depth + 1)).or_else(|| {
            let targets = cx.world.targets(body, event, 2).unwrap_or_default();
            let mut bodies = targets.into_iter().map(|t| cx.world.body(t));
            bodies.find_map(|callee| {
                let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
                let mut values = returns.flat_map(|e| callee.origins.args(e));
                values.find_map(|v| identity_key(cx, callee, *v, depth + 1))
            })
        })
    })
}

/// Whether a value is declared as a class loader; each has a hash code of its own.
fn is_loader(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let types = values::types_of(cx.world, body, value);
    let is_loader = |ty: &&str| is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_types);
    !types.is_empty() && types.iter().all(is_loader)
}

/// Whether objects of a type equal nothing but themselves: of a type of the JDK that the models say so of, or of a class of
/// the deployment of which no subclass there says otherwise, and that no static field holds.
fn is_identity(cx: &Context<'_>, loader: LoaderId, name: &str) -> bool {
    let program = cx.world.program;
    let Some(class) = program.find_text(loader, name) else { return false };
    if program.is_jdk(class) {
        return is_of_types(cx.world, cx.models, loader, name, &["identity".to_owned()]);
    }
    let says_otherwise = |class: ClassId| {
        program.class(class).has_phantom
            || program
                .methods_of(class)
                .any(|(_, m)| program.text(m.name) == "equals" && !m.access.is_abstract())
    };
    let mut above = program.class(class).super_class;
    while above != NO_CLASS && !program.is_jdk(above) {
        if says_otherwise(above) {
            return false;
        }
        above = program.class(above).super_class;
    }
    let is_plain_above = above == NO_CLASS || program.class_name(above) == "java/lang/Object";
    let all = cx.world.hierarchy.closure(class);
    let has_objects = all.iter().any(|c| !program.class_facts(*c).access.is_interface());
    // A constant that all applications use as a key is one key for all of them.
    let constants = cx.constants.get_or_init(|| classes_of_constants(cx));
    is_plain_above && has_objects && !all.into_iter().any(|c| says_otherwise(c) || constants.contains(&c))
}

fn classes_of_constants(cx: &Context<'_>) -> FxHashSet<ClassId> {
    let program = cx.world.program;
    let fields = (0..program.n_fields).map(FieldId::from_index);
    let statics = fields.filter(|f| program.field(*f).access.is_static());
    statics
        .filter_map(|f| {
            let class = program.class_of_field(f);
            let name = TypeDesc(program.text(program.field(f).desc)).class()?;
            program.find_text(program.class(class).loader, name).filter(|c| !program.is_jdk(*c))
        })
        .collect()
}
