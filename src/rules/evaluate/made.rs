//! What objects are, by how the code makes them rather than by what they are declared as.

use super::context::Context;
use super::matches::Spot;
use super::values::{self, type_of};
use crate::dataflow::objects::{self, What};
use crate::dataflow::origins::{self, Found, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{EventKind, Value};
use crate::vocabulary::{ClassId, ValueId};

/// The classes of the objects that a value may be: what is made for it, through fields that are written in few places and
/// what a container of the method was given beside; of what is not made in sight the static types.
pub(super) fn objects_behind<'w>(world: &World<'w>, body: Body<'w>, value: ValueId) -> Vec<&'w str> {
    let program = world.program;
    let mut types = Vec::new();
    for leaf in body.origins.leaves(value) {
        let source = cast_source(body, leaf).unwrap_or(leaf);
        match put_beside(body, source) {
            Some(made) => types.extend(type_of(world, body, made)),
            None => types.extend(type_of(world, body, leaf)),
        }
    }
    let made = || {
        let found = origins::of_value(world, body.id, value);
        let objects = found.iter().filter(|f| !matches!(f.origin, Origin::Field(_) | Origin::Null));
        let class = |f: &Found| match f.origin {
            Origin::Allocation(Some(class)) if !f.is_derived => Some(program.class_name(class)),
            _ => None,
        };
        objects.map(class).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
    };
    let is_made = |leaf: Value| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::New);
    if body.origins.leaves(value).all(is_made) { types } else { made().unwrap_or(types) }
}

/// What a cast is of.
fn cast_source(body: Body<'_>, leaf: Value) -> Option<Value> {
    let (_, cast) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::CheckCast)?;
    let mut leaves = body.origins.leaves(body.origins.arg(cast, 0));
    leaves.next().filter(|_| leaves.next().is_none())
}

/// The new object that the same method puts into the container which a call asks, with the same key.
fn put_beside(body: Body<'_>, leaf: Value) -> Option<Value> {
    let (index, asked) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke() && e.n_args == 2)?;
    let is_same = |a: ValueId, b: ValueId| {
        let mut of_a = body.origins.leaves(a);
        of_a.next().is_some_and(|l| of_a.next().is_none() && body.origins.leaves(b).all(|other| other == l))
    };
    let mut puts = (0u16..).zip(body.origins.events()).filter(|(i, e)| {
        u32::from(*i) != index
            && e.kind.is_invoke()
            && e.n_args == 3
            && (0..2).all(|arg| is_same(body.origins.arg(asked, arg), body.origins.arg(e, arg)))
    });
    let (_, put) = puts.next().filter(|_| puts.next().is_none())?;
    let is_new = |leaf: &Value| body.origins.event(*leaf).is_some_and(|(_, e)| e.kind == EventKind::New);
    body.origins.leaves(body.origins.arg(put, 2)).find(is_new)
}

/// Whether a method of this name of the receiver's class yields an object of an application's own classes, or something that
/// holds one.
pub(super) fn makes_own(cx: &Context<'_>, spot: &Spot, name: &str) -> bool {
    let world = cx.world;
    let body = world.body(spot.method);
    let Some(event) = world.event(spot.method, spot.event).filter(|e| e.kind.has_receiver()) else {
        return false;
    };
    let found = origins::of_value(world, body.id, body.origins.arg(event, 0));
    let classes = found.iter().filter_map(|f| match f.origin {
        Origin::Allocation(Some(class)) if !f.is_derived => Some(class),
        _ => None,
    });
    let mut makers = classes.flat_map(|class| world.program.methods_of(class)).filter(|(_, method)| {
        method.has_body && !method.access.is_bridge() && world.program.text(method.name) == name
    });
    makers.any(|(method, _)| yields_own(cx, world.body(method)))
}

/// What lets go of what it refers to.
const WEAK_REFERENCE: &str = "weak-reference";

fn yields_own(cx: &Context<'_>, body: Body<'_>) -> bool {
    let world = cx.world;
    let loader = world.program.class(body.class).loader;
    let is_own = |class: ClassId| world.reach.owner(class).is_some();
    let is_own_type = |name: &&str| world.program.find_text(loader, name).is_some_and(is_own);
    let is_own_lambda = |leaf: Value| {
        let made = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::Lambda);
        made.is_some() && is_own(body.class)
    };
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let weak = [WEAK_REFERENCE.to_owned()];
    returns.filter_map(|e| body.origins.args(e).first()).any(|value| {
        let types = values::types_of(world, body, *value);
        let is_weak = types.iter().any(|t| values::is_of_types(world, cx.models, loader, t, &weak));
        let holds_own = || {
            let objects = objects::of_value_and_content(world, body.id, *value);
            objects.iter().any(|o| matches!(o.what, What::Of(class) if is_own(class)))
        };
        types.iter().any(is_own_type)
            || body.origins.leaves(*value).any(is_own_lambda)
            || !is_weak && holds_own()
    })
}

/// Calls of a builder in a row.
const MAX_CHAIN: usize = 24;
/// APIs of builders that have what they build keep keys or values weakly, and those of them that say so of keys alone.
const WEAK: &str = "weak-container";
const WEAK_KEYED: &str = "weak-keyed";

/// Whether a value is what a builder yields that was told, by an API of the group of this name, what kind of container to
/// make: `CacheBuilder.newBuilder().weakKeys().build()`. What was told to keep its values weakly, too, is not only
/// weak-keyed.
pub(super) fn is_made_as(world: &World<'_>, body: Body<'_>, value: ValueId, group: &str) -> bool {
    let loader = world.program.class(body.class).loader;
    let mut value = value;
    let mut is_so = false;
    for _ in 0..MAX_CHAIN {
        let mut leaves = body.origins.leaves(value);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { break };
        let Some((_, made)) = body.origins.event(leaf) else { break };
        if made.kind == EventKind::CheckCast {
            value = body.origins.arg(made, 0);
            continue;
        }
        let Some(member) = made.member().filter(|_| made.kind.has_receiver() && made.kind.is_invoke()) else {
            break;
        };
        let is = |name: &str| world.knowledge.api_of(name, loader, member).is_some();
        if group == WEAK_KEYED && is(WEAK) && !is(WEAK_KEYED) {
            return false;
        }
        is_so |= is(group);
        value = body.origins.arg(made, 0);
    }
    is_so
}
