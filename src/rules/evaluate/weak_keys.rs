//! Values of maps with weak keys that lead back to their own keys, so that these are never let go.

use super::context::Context;
use super::matches::{Match, Spot};
use super::shapes::final_event;
use crate::dataflow::{Body, How, World};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::KeyKind;
use crate::vocabulary::{ClassId, MethodId, TenantId, ValueId};

/// Calls between a module and the map.
const MAX_DEPTH: u32 = 3;
/// Callers looked at for one method.
const MAX_CALLERS: usize = 32;

/// Whether a module has a change put in a value that leads to its own key: an object of the module under one of its
/// classes, or one that was given the key when it was made.
pub(super) fn are_held_by_value(cx: &Context<'_>, spot: &Spot) -> bool {
    let Some(How::Container(api) | How::Entry(api)) = spot.how else { return false };
    if cx.world.reach.is_open_world() {
        return false;
    }
    let Some((body, event)) = final_event(cx, spot) else { return false };
    let Some(facts) = cx.world.knowledge.tables.apis.get(usize::from(api)) else { return false };
    let n_receivers = usize::from(event.kind.has_receiver());
    let args = body.origins.args(event);
    let operand = |i: u8| args.get(usize::from(i) + n_receivers).copied();
    let Some(key) = facts.key.and_then(operand) else { return false };
    let values = match facts.value.and_then(operand) {
        Some(value) => vec![value],
        // A function makes it.
        None => args.iter().skip(n_receivers).copied().filter(|v| *v != key).collect(),
    };
    values.into_iter().any(|value| leads(cx.world, body, key, value, 0))
}

/// Whether a change puts in, under a loader, what is made by what the context class loader yields: an object of a class of
/// that very loader, as far as it brings an implementation of its own.
pub(super) fn are_made_by_context(cx: &Context<'_>, found: &Match, spot: &Spot) -> bool {
    let Some(How::Container(api)) = spot.how else { return false };
    let Some((body, event)) = final_event(cx, spot).filter(|_| cx.key(found, spot) == KeyKind::Loader) else {
        return false;
    };
    let loader = cx.world.program.class(body.class).loader;
    let types = super::shapes::stored_values(cx, spot);
    let free = &cx.names.loader_free_types;
    if types.iter().all(|ty| super::values::is_of_types(cx.world, cx.models, loader, ty, free)) {
        return false;
    }
    let value = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value);
    let position = value.map(|i| usize::from(i) + usize::from(event.kind.has_receiver()));
    let put = position.and_then(|p| body.origins.args(event).get(p));
    put.is_some_and(|put| {
        let mut made = body.origins.leaves(*put).filter_map(|leaf| body.origins.event(leaf));
        made.any(|(i, made)| made.kind.is_invoke() && super::memo::asks_context(cx, body, i))
    })
}

fn leads(world: &World<'_>, body: Body<'_>, key: ValueId, value: ValueId, depth: u32) -> bool {
    if let Some(tenant) = world.reach.owner(body.class) {
        return leads_here(world, body, key, value, tenant);
    }
    let keys = params(body, key);
    let values: Vec<u16> = body.origins.leaves(value).flat_map(|leaf| params_of(body, leaf)).collect();
    if depth >= MAX_DEPTH || keys.is_empty() || values.is_empty() {
        return false;
    }
    world.sites.of(body.id, MAX_CALLERS).unwrap_or_default().iter().any(|site| {
        let caller = world.body(site.caller);
        let Some(call) = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke()) else {
            return false;
        };
        let args = caller.origins.args(call);
        let at = |i: &u16| args.get(usize::from(*i)).copied();
        keys.iter()
            .filter_map(at)
            .any(|k| values.iter().filter_map(at).any(|v| leads(world, caller, k, v, depth + 1)))
    })
}

fn params(body: Body<'_>, value: ValueId) -> Vec<u16> {
    body.origins.leaves(value).filter_map(|l| if let Value::Param(p) = l { Some(p) } else { None }).collect()
}

/// A parameter itself, and those that a function captures.
fn params_of(body: Body<'_>, leaf: Value) -> Vec<u16> {
    match (leaf, body.origins.event(leaf)) {
        (Value::Param(p), _) => vec![p],
        (_, Some((_, made))) if made.kind == EventKind::Lambda => {
            body.origins.args(made).iter().flat_map(|v| params(body, *v)).collect()
        }
        _ => Vec::new(),
    }
}

/// The same in a module's own code.
fn leads_here(world: &World<'_>, body: Body<'_>, key: ValueId, value: ValueId, tenant: TenantId) -> bool {
    let is_own = |class: ClassId| world.reach.owner(class) == Some(tenant);
    let loader = world.program.class(body.class).loader;
    let is_class = |leaf| match leaf {
        Value::Class(name) => world.program.find(loader, name).is_some_and(is_own),
        _ => false,
    };
    let by_class = body.origins.leaves(key).any(is_class);
    let mut made: Vec<(Body<'_>, Value)> = body.origins.leaves(value).map(|leaf| (body, leaf)).collect();
    // What a function yields that makes the value.
    for (_, event) in body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf)) {
        if event.kind == EventKind::Lambda {
            for target in world.targets(body, event, 1).unwrap_or_default() {
                made.extend(returned(world.body(target)));
            }
        }
    }
    made.into_iter().any(|(maker, leaf)| {
        let Some((_, new)) = maker.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New) else {
            return false;
        };
        let loader = world.program.class(maker.class).loader;
        let class = new.name().and_then(|name| world.program.find(loader, name));
        if !class.is_some_and(is_own) {
            return false;
        }
        by_class || maker.id == body.id && is_given(world, body, leaf, key)
    })
}

fn returned(body: Body<'_>) -> Vec<(Body<'_>, Value)> {
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let values = returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v));
    values.map(|leaf| (body, leaf)).collect()
}

/// Whether the constructor of a new object is given the key, and keeps it in a field.
fn is_given(world: &World<'_>, body: Body<'_>, object: Value, key: ValueId) -> bool {
    let keys: Vec<Value> = body.origins.leaves(key).filter(|l| *l != Value::Null).collect();
    let is_its = |e: &&Event| {
        e.kind == EventKind::InvokeSpecial && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == object)
    };
    body.origins.events().iter().filter(is_its).any(|call| {
        let given = (1u16..).zip(body.origins.args(call).iter().skip(1));
        let mut same = given.filter(|(_, v)| body.origins.leaves(**v).any(|l| keys.contains(&l)));
        let run = world.targets(body, call, 1).unwrap_or_default();
        same.any(|(i, _)| run.iter().any(|run| keeps(world, *run, i)))
    })
}

/// Whether a constructor writes a parameter to a field of its object.
fn keeps(world: &World<'_>, constructor: MethodId, param: u16) -> bool {
    let body = world.body(constructor);
    let is_this = |v: ValueId| body.origins.leaves(v).all(|l| l == Value::Param(0));
    body.origins.events().iter().filter(|e| e.kind == EventKind::PutField).any(|e| {
        is_this(body.origins.arg(e, 0))
            && body.origins.leaves(body.origins.arg(e, 1)).any(|l| l == Value::Param(param))
    })
}
