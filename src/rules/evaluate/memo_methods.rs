//! Statics by which a method remembers what it has worked out of its parameters: it yields what it finds there, or else
//! works it out again by the same call, so that nobody can tell who came first.

use super::context::Context;
use super::matches::{Match, Spot};
use super::{memo, values};
use crate::dataflow::{Body, How, World, initialisation};
use crate::facts::{Event, EventKind, Value};
use crate::program::FieldAccess;
use crate::vocabulary::descriptor::return_type;
use crate::vocabulary::{FieldId, MemberRefId, MethodId, ValueId};

/// The type group of what can't be changed.
const IMMUTABLE: &str = "immutable";

/// Whether a static is only set by such methods, or is a number or flag by which only they are led.
pub(super) fn is_of_memo_methods(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    let facts = cx.world.program.field(field);
    let is_reference = cx.world.program.text(facts.desc).starts_with(['L', '[']);
    if !facts.access.is_static() || found.spots.iter().any(|s| s.how != Some(How::Write)) {
        return false;
    }
    if is_reference {
        return !facts.access.is_public()
            && cx.world.fields.reads(field).all(|read| {
                let reader = cx.world.program.class_of_method(read.method);
                initialisation::is_same_nest(cx.world, reader, found.class)
            })
            && found
                .spots
                .iter()
                .all(|s| is_emptied(cx.world, s) || is_memo_method(cx, s.method, Some(field)));
    }
    let is_set_up = |read: FieldAccess| initialisation::is_part_of(cx.world, found.class, read.method);
    let mut n_led = 0;
    let all = cx.world.fields.reads(field).all(|read| {
        let is_led = is_memo_method(cx, read.method, None);
        n_led += usize::from(is_led);
        is_led || is_set_up(read) || is_unused_getter(cx.world, read)
    });
    all && n_led > 0
}

fn is_emptied(world: &World<'_>, spot: &Spot) -> bool {
    let body = world.body(spot.method);
    let value = world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last());
    value.is_some_and(|v| body.origins.leaves(*v).all(|leaf| leaf == Value::Null))
}

/// Whether all that a method does is yield a field, and nobody is seen to call it.
fn is_unused_getter(world: &World<'_>, read: FieldAccess) -> bool {
    let body = world.body(read.method);
    body.origins.events().len() <= 2 && world.sites.of(read.method, 1).is_some_and(|sites| sites.is_empty())
}

/// Whether a method yields what one call makes of its parameters, or what a look-up by them finds in a static of its class,
/// `remembered` if that is given; and keeps the result of that call in an object of a class of its own.
fn is_memo_method(cx: &Context<'_>, method: MethodId, remembered: Option<FieldId>) -> bool {
    let body = cx.world.body(method);
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let Some(result) = return_type(program.text(body.method.desc)).class() else { return false };
    if !values::is_of_types(cx.world, cx.models, loader, result, &[IMMUTABLE.to_owned()]) {
        return false;
    }
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let mut answers: Vec<(Value, MemberRefId)> = Vec::new();
    let mut asked_by: Vec<Value> = Vec::new();
    let mut made_of: Vec<Value> = Vec::new();
    for leaf in returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v)) {
        let Some((i, call)) = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke()) else {
            return false;
        };
        let Some(member) = call.member() else { return false };
        let Some(params) = parameters(cx, body, call) else { return false };
        if looks_up(cx.world, body, call, remembered) {
            asked_by.extend(params);
        } else if memo::asks_context(cx, body, i) {
            return false;
        } else {
            made_of.extend(params);
            answers.push((leaf, member));
        }
    }
    let is_one_call = answers.windows(2).all(|two| two[0].1 == two[1].1);
    !asked_by.is_empty()
        && is_one_call
        && made_of.iter().all(|param| asked_by.contains(param))
        && answers.iter().any(|(leaf, _)| is_kept(cx.world, body, *leaf))
}

/// The parameters that a call is given; `None` if it is given anything else but constants.
fn parameters(cx: &Context<'_>, body: Body<'_>, call: &Event) -> Option<Vec<Value>> {
    let given = body.origins.args(call).iter().flat_map(|v| body.origins.leaves(*v));
    let mut found = Vec::new();
    for leaf in given {
        match leaf {
            Value::Param(_) => found.push(leaf),
            Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_) => {}
            _ if memo::is_constant(cx, body, leaf) => {}
            _ => return None,
        }
    }
    Some(found)
}

/// Whether a call is one of a method of the same class that reads the static.
fn looks_up(world: &World<'_>, body: Body<'_>, call: &Event, remembered: Option<FieldId>) -> bool {
    let program = world.program;
    let refs = program.refs(program.class(body.class).loader);
    let target = call.member().and_then(|m| refs.method(m));
    let Some(target) = target.filter(|t| program.class_of_method(*t) == body.class) else { return false };
    let callee = world.body(target);
    callee.origins.events().iter().filter(|e| e.kind == EventKind::GetStatic).any(|e| {
        let read = e.member().and_then(|m| refs.field(m));
        read.is_some_and(|f| {
            let is_own = program.class_of_field(f) == body.class && !program.field(f).access.is_final();
            is_own && remembered.is_none_or(|of| of == f)
        })
    })
}

/// Whether a value is stored in an object of a class that is declared within the method's own.
fn is_kept(world: &World<'_>, body: Body<'_>, value: Value) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == value);
    let stores = body.origins.events().iter().filter(|e| e.kind == EventKind::PutField);
    stores.filter(|e| body.origins.args(e).last().is_some_and(is_it)).any(|e| {
        let field = e.member().and_then(|m| refs.field(m));
        let owner = field.map(|f| world.program.class_of_field(f));
        owner.is_some_and(|c| c != body.class && initialisation::is_same_nest(world, c, body.class))
    })
}
