//! Steps of an atomic by an operator for which it is all one who comes last: the greatest of two, the sum of two.

use super::context::Context;
use super::matches::Spot;
use super::shapes::final_event;
use crate::dataflow::knowledge::ApiId;
use crate::dataflow::{Body, How};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::WriteShape;
use crate::vocabulary::FieldId;

/// Operators that yield one of two numbers.
const EXTREME: &str = "extreme-of-two";
/// Operators that add two numbers up.
const SUM: &str = "sum-of-two";
/// Steps by the operator that the atomic was made with.
const ACCUMULATOR_STEP: &str = "accumulator-step";

/// What a change of an atomic comes to that is made by such an operator.
pub(super) fn shape_of(cx: &Context<'_>, field: FieldId, spot: &Spot, api: ApiId) -> Option<WriteShape> {
    let Some(How::Atomic(_)) = spot.how else { return None };
    let (body, event) = final_event(cx, spot).filter(|(_, e)| e.kind.is_invoke())?;
    if cx.is_api(api, &[ACCUMULATOR_STEP.to_owned()]) {
        return of_accumulator(cx, field);
    }
    of_functions(cx, body, event)
}

/// What comes of the operators among a call's arguments, if it is the same of all.
fn of_functions(cx: &Context<'_>, body: Body<'_>, call: &Event) -> Option<WriteShape> {
    let leaves = body.origins.args(call).iter().flat_map(|v| body.origins.leaves(*v));
    let functions = leaves.filter_map(|leaf| body.origins.event(leaf)).map(|(_, e)| e);
    let mut shapes = functions.filter(|e| e.kind == EventKind::Lambda).map(|e| operator(cx, body, e));
    let first = shapes.next()??;
    shapes.all(|shape| shape == Some(first)).then_some(first)
}

/// `new LongAccumulator(Math::max, 0)`: the field only ever gets what is made with such an operator.
fn of_accumulator(cx: &Context<'_>, field: FieldId) -> Option<WriteShape> {
    let world = cx.world;
    let mut shapes = world.fields.writes(field).map(|write| {
        let body = world.body(write.method);
        let stored = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last())?;
        let mut leaves = body.origins.leaves(*stored);
        let made = leaves.next().filter(|_| leaves.next().is_none())?;
        let is_made = |v| body.origins.leaves(v).any(|leaf| leaf == made);
        let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        of_functions(cx, body, calls.find(|e| is_made(body.origins.arg(e, 0)))?)
    });
    let first = shapes.next()??;
    shapes.all(|shape| shape == Some(first)).then_some(first)
}

/// What an operator yields: `Math::max`, or a function of the old value that yields what such a call does with it.
fn operator(cx: &Context<'_>, body: Body<'_>, function: &Event) -> Option<WriteShape> {
    if let Some(shape) = known(cx, body, function) {
        return Some(shape);
    }
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let target = function.member().and_then(|m| refs.method(m))?;
    let inner = cx.world.body(target);
    // What is captured comes first.
    let old = Value::Param(u16::from(function.n_args));
    let mut returns = inner.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let (only, None) = (returns.next()?, returns.next()) else { return None };
    let mut leaves = inner.origins.leaves(inner.origins.arg(only, 0));
    let yielded = leaves.next().filter(|_| leaves.next().is_none())?;
    let (_, call) = inner.origins.event(yielded).filter(|(_, e)| e.kind.is_invoke())?;
    let is_old = |v: &_| inner.origins.leaves(*v).all(|leaf| leaf == old);
    known(cx, inner, call).filter(|_| inner.origins.args(call).iter().any(is_old))
}

fn known(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Option<WriteShape> {
    let loader = cx.world.program.class(body.class).loader;
    let is_of = |group| event.member().is_some_and(|m| cx.world.knowledge.api_of(group, loader, m).is_some());
    match () {
        () if is_of(EXTREME) => Some(WriteShape::Extreme),
        () if is_of(SUM) => Some(WriteShape::Counter),
        () => None,
    }
}
