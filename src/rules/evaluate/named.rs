//! Whose a name is: a property's, a provider's, a logger's.

use super::context::Context;
use super::loggers::{self, Named};
use super::matches::Spot;
use crate::dataflow::initialisation;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::NameOwner;
use crate::vocabulary::descriptor::package_of;
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, TenantId, ValueId};
use rustc_hash::FxHashMap;

/// Whether the first argument of a call is a constant that begins with the package of the module's class that makes the
/// call, or with what the application is called, and no code of another application knows it.
pub(super) fn is_own(cx: &Context<'_>, spot: &Spot) -> bool {
    let world = cx.world;
    let body = world.body(spot.method);
    let Some(owner) = world.reach.owner(body.class) else { return false };
    let Some(event) = world.event(spot.method, spot.event).filter(|e| e.kind.is_invoke()) else {
        return false;
    };
    let position = usize::from(event.kind.has_receiver());
    let mut leaves = body.origins.leaves(body.origins.arg(event, position));
    let (Some(Value::Str(name)), None) = (leaves.next(), leaves.next()) else { return false };
    let package = package_of(world.program.class_name(body.class)).replace('/', ".");
    let tenant = world.program.topology.tenants.get(owner.index()).map_or("", |t| t.name.as_str());
    let is_after = |start: &str| {
        let rest = world.program.text(name).strip_prefix(start);
        rest.is_some_and(|rest| rest.starts_with('.') && !start.is_empty())
    };
    (is_after(&package) || is_after(tenant)) && !is_known_to_others(cx, owner, name)
}

/// Whether some application's code has a text among the operands of its calls.
pub(super) fn is_known(cx: &Context<'_>, text: &str) -> bool {
    let owners = cx.text_owners.get_or_init(|| text_owners(cx.world));
    cx.world.program.facts.names.find(text).is_some_and(|name| owners.contains_key(&name))
}

/// Whether code of another application, or of what applications share, has a text among the operands of its calls.
fn is_known_to_others(cx: &Context<'_>, owner: TenantId, text: Name) -> bool {
    let whose = cx.text_owners.get_or_init(|| text_owners(cx.world)).get(&text);
    whose.is_some_and(|whose| *whose != Whose::One(Some(owner)))
}

/// Whose code has a text among the operands of its events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// One application's alone, or the base's.
    One(Option<TenantId>),
    /// Code of several.
    Several,
}

fn text_owners(world: &World<'_>) -> FxHashMap<Name, Whose> {
    let mut whose: FxHashMap<Name, Whose> = FxHashMap::default();
    let classes = (0..world.program.classes.len()).map(ClassId::from_index);
    for class in classes.filter(|c| world.program.is_application(*c)) {
        let owner = Whose::One(world.reach.owner(class));
        for (id, _) in world.program.methods_of(class).filter(|(_, m)| m.has_body) {
            let body = world.body(id);
            let values = body.origins.events().iter().flat_map(|event| body.origins.args(event));
            for leaf in values.flat_map(|v| body.origins.leaves(*v)) {
                let Value::Str(text) = leaf else { continue };
                let known = whose.entry(text).or_insert(owner);
                if *known != owner {
                    *known = Whose::Several;
                }
            }
        }
    }
    whose
}

/// The methods of the classes that share a method's outermost class.
pub(super) fn methods_of_nest<'c>(
    cx: &'c Context<'_>,
    method: MethodId,
) -> impl Iterator<Item = MethodId> + 'c {
    let program = cx.world.program;
    let class = program.class_of_method(method);
    let outermost = program.class_name(class).split('$').next().unwrap_or_default();
    let classes = cx.classes_beginning(outermost);
    let nest = classes.filter(move |c| initialisation::is_same_nest(cx.world, class, *c));
    nest.flat_map(|c| program.methods_of(c)).filter(|(_, m)| m.has_body).map(|(id, _)| id)
}

/// Whether a name that a call is given, or the constructor of what it is given, is also given in a call of one of the
/// APIs in the same outermost class, or that of the object in the same field, and one of both calls is made at unload.
pub(super) fn is_paired(cx: &Context<'_>, spot: &Spot, apis: &[String]) -> bool {
    let body = cx.world.body(spot.method);
    if cx.world.reach.owner(body.class).is_none() {
        return false;
    }
    let Some(event) = cx.world.event(spot.method, spot.event) else { return false };
    let names = names_of(body, event);
    let fields = fields_of(cx, body, event);
    let is_at_unload = cx.is_at_unload(spot.method);
    let mut methods = methods_of_nest(cx, spot.method);
    methods.any(|method| {
        let other = cx.world.body(method);
        let loader = cx.world.program.class(other.class).loader;
        (is_at_unload || cx.is_at_unload(method))
            && other.origins.events().iter().any(|e| {
                e.kind.is_invoke()
                    && e.member()
                        .is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|a| cx.is_api(a, apis)))
                    && (names_of(other, e).iter().any(|name| names.contains(name))
                        || fields_of(cx, other, e).iter().any(|field| fields.contains(field)))
            })
    })
}

/// The fields that hold an object which a call is given, or whose name it is given.
fn fields_of(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Vec<FieldId> {
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let read = |leaf: Value| {
        let event = body.origins.event(leaf).map(|(_, e)| e);
        let is_read = |e: &&Event| matches!(e.kind, EventKind::GetField | EventKind::GetStatic);
        event.filter(is_read).and_then(|e| refs.field(e.member()?))
    };
    let given = || body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v));
    let asked = given().filter_map(|leaf| {
        let (_, call) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke() && e.n_args == 1)?;
        call.kind.has_receiver().then(|| body.origins.arg(call, 0))
    });
    given().filter_map(read).chain(asked.flat_map(|v| body.origins.leaves(v)).filter_map(read)).collect()
}

/// The constants that a call is given, and those that constructors of the objects are given that it gets.
fn names_of(body: Body<'_>, event: &Event) -> Vec<Name> {
    let mut names = Vec::new();
    for leaf in body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v)) {
        match leaf {
            Value::Str(name) => names.push(name),
            Value::Event(_) => names.extend(constructed_with(body, leaf)),
            _ => {}
        }
    }
    names
}

pub(super) fn constructed_with(body: Body<'_>, object: Value) -> Vec<Name> {
    let is_it = |value: &ValueId| body.origins.leaves(*value).any(|leaf| leaf == object);
    let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
    let constructor = calls.find(|e| body.origins.args(e).first().is_some_and(is_it));
    let args = constructor.map_or(&[][..], |e| body.origins.args(e));
    let leaves = args.iter().flat_map(|v| body.origins.leaves(*v));
    leaves.filter_map(|leaf| if let Value::Str(name) = leaf { Some(name) } else { None }).collect()
}

/// Whether the receiver of a call was asked for by a name of one of these.
pub(super) fn is_receiver_of(cx: &Context<'_>, spot: &Spot, by: &[String], whose: &[NameOwner]) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return false };
    if !event.kind.has_receiver() {
        return false;
    }
    if whose.contains(&NameOwner::Own) && are_own_classes(cx, body, body.origins.arg(event, 0), by) {
        return true;
    }
    let owner = cx.world.reach.owner(body.class);
    loggers::names_of(cx, body, body.origins.arg(event, 0), by).into_iter().any(|named| match named {
        Named::Text(name) => is_of(cx, owner, cx.world.program.text(name), whose),
        Named::Root => whose.contains(&NameOwner::Root),
        Named::OfAll => whose.contains(&NameOwner::Others),
        Named::Class(class) => {
            whose.contains(&NameOwner::Others) && owner.is_some() && cx.world.reach.owner(class) != owner
        }
    })
}

/// Whether the receiver of a call is what a call of one of these APIs in the same method yields.
pub(super) fn is_yielded_by(cx: &Context<'_>, spot: &Spot, by: &[String]) -> bool {
    let body = cx.world.body(spot.method);
    let loader = cx.world.program.class(body.class).loader;
    let Some(event) = cx.world.event(spot.method, spot.event).filter(|e| e.kind.has_receiver()) else {
        return false;
    };
    let is_by = |e: &Event| {
        let member = e.member().filter(|_| e.kind.is_invoke());
        member.is_some_and(|m| cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, by)))
    };
    // An object is what its constructor makes of it.
    let is_made_by = |leaf| {
        let is_it = |v: ValueId| body.origins.leaves(v).any(|l| l == leaf);
        let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        calls.any(|e| is_by(e) && is_it(body.origins.arg(e, 0)))
    };
    let leaves = body.origins.leaves(body.origins.arg(event, 0));
    leaves.filter_map(|leaf| body.origins.event(leaf).map(|(_, e)| (leaf, e))).any(|(leaf, e)| match e.kind {
        EventKind::New => is_made_by(leaf),
        _ => is_by(e),
    })
}

/// Whether a value is only ever asked for by classes of the applications that get to the method, those of one in other
/// packages than those of another.
fn are_own_classes(cx: &Context<'_>, body: Body<'_>, value: ValueId, by: &[String]) -> bool {
    let (program, reach) = (cx.world.program, &cx.world.reach);
    let loader = program.class(body.class).loader;
    let mut owners: FxHashMap<&str, TenantId> = FxHashMap::default();
    let mut is_own = |class: ClassId| {
        let Some(owner) = reach.owner(class) else { return false };
        *owners.entry(package_of(program.class_name(class))).or_insert(owner) == owner
    };
    let are_own = body.origins.leaves(value).all(|leaf| {
        let asked = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind.is_invoke());
        let is_by = |m| cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, by));
        asked.filter(|e| e.member().is_some_and(is_by)).is_some_and(|e| {
            let class = body.origins.arg(e, usize::from(e.kind.has_receiver()));
            origins::of_value(cx.world, body.id, class).into_iter().all(|f| match f.origin {
                Origin::ClassLiteral(_, Some(class)) => !f.is_derived && is_own(class),
                _ => false,
            })
        })
    });
    are_own && reach.tenants(body.id).iter().all(|tenant| owners.values().any(|owner| *owner == tenant))
}

/// What `java.util.logging` and SLF4J call the logger above all others.
pub(super) const ROOTS: [&str; 2] = ["", "ROOT"];

fn is_of(cx: &Context<'_>, owner: Option<TenantId>, text: &str, whose: &[NameOwner]) -> bool {
    if ROOTS.contains(&text) {
        return whose.contains(&NameOwner::Root);
    }
    if owner.is_some_and(|owner| whose.contains(&NameOwner::Foreign) && is_foreign(cx, owner, text)) {
        return true;
    }
    // No class has a name that is written with slashes.
    if !whose.contains(&NameOwner::Others) || text.contains('/') {
        return false;
    }
    let world = cx.world;
    let start = text.replace('.', "/");
    let is_below = |class: &ClassId| {
        let rest = world.program.class_name(*class).strip_prefix(start.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '$']))
    };
    let classes = cx.classes_beginning(&start);
    let mut owners =
        classes.filter(|c| !world.program.is_jdk(*c) && is_below(c)).map(|c| world.reach.owner(c));
    match owner {
        Some(owner) => owners.any(|other| other != Some(owner)),
        // What shared code names is one for all, unless it is one application's alone.
        None => owners.next().is_some_and(|first| first.is_none() || owners.any(|other| other != first)),
    }
}

/// Whether a name has the form of a package, and none of an application's classes has its first two parts.
fn is_foreign(cx: &Context<'_>, owner: TenantId, text: &str) -> bool {
    let mut parts = text.split('.');
    let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return false };
    let near = format!("{first}/{second}");
    let is_near = |class: ClassId| {
        let rest = cx.world.program.class_name(class).strip_prefix(near.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !cx.classes_beginning(&near).any(|c| cx.world.reach.owner(c) == Some(owner) && is_near(c))
}
