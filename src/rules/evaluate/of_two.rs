//! Fields that keep the other one of two: an object of the same class for the only other value that there is.

use super::context::Context;
use super::matches::{Match, Spot};
use super::memo;
use super::values;
use crate::dataflow::{Body, How};
use crate::facts::{EventKind, Test, Value};
use crate::rules::rule::WriteShape;
use crate::vocabulary::{FieldId, ValueId};

/// The type group of what there are two values of.
const TWO_VALUED: &str = "two-valued";

/// Whether all that is written is, while nothing is there yet, an object of the field's own class, made of what the
/// object has and of a parameter that differs from the object's own, of a type with two values.
pub(super) fn is_the_other(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    found.spots.iter().all(|spot| {
        spot.how == Some(How::Write)
            && spot.inside.is_none()
            && cx.shapes_of(field, spot).contains(WriteShape::Lazy)
            && is_other(cx, found, spot)
    })
}

fn is_other(cx: &Context<'_>, found: &Match, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let program = cx.world.program;
    let stored = cx.world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last());
    let Some(stored) = stored.filter(|_| !body.method.access.is_static()) else { return false };
    let loader = program.class(body.class).loader;
    let is_two_valued = |leaf| {
        let ty = values::type_of(cx.world, body, leaf);
        ty.is_some_and(|ty| values::is_of_types(cx.world, cx.models, loader, ty, &[TWO_VALUED.to_owned()]))
    };
    body.origins.leaves(*stored).all(|leaf| {
        let Some((i, made)) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New) else {
            return false;
        };
        made.name().and_then(|name| program.find(loader, name)) == Some(found.class)
            && memo::inputs_of(cx, body, leaf, i).into_iter().flat_map(|v| body.origins.leaves(v)).all(
                |input| match input {
                    Value::Param(p) if p > 0 => is_two_valued(input) && is_compared(body, input),
                    _ => is_own(body, input),
                },
            )
    })
}

/// Whether a value is what the object itself has or yields without being given anything.
fn is_own(body: Body<'_>, leaf: Value) -> bool {
    let Some((_, event)) = body.origins.event(leaf) else {
        return matches!(leaf, Value::Null | Value::Int(_) | Value::Str(_) | Value::Param(0));
    };
    let is_this = |v: &ValueId| body.origins.leaves(*v).all(|l| l == Value::Param(0));
    let is_read = event.kind == EventKind::GetField || event.kind.is_invoke() && event.kind.has_receiver();
    is_read && body.origins.args(event).iter().all(is_this)
}

/// Whether the method compares a parameter, perhaps as a check for null yields it, with what the object has.
fn is_compared(body: Body<'_>, param: Value) -> bool {
    let is_checked = |leaf: Value| {
        let check = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::InvokeStatic);
        check.is_some_and(|(_, e)| {
            let mut given = body.origins.args(e).iter().flat_map(|v| body.origins.leaves(*v));
            given.all(|given| given == param || matches!(given, Value::Str(_)))
        })
    };
    body.origins.unit.blocks_of(body.method).iter().any(|block| match block.test() {
        Test::Same(one, other) | Test::Differ(one, other) => {
            let is_param = |v| body.origins.leaves(v).all(|leaf| leaf == param || is_checked(leaf));
            let is_of_object = |v| body.origins.leaves(v).all(|leaf| is_own(body, leaf));
            is_param(one) && is_of_object(other) || is_param(other) && is_of_object(one)
        }
        _ => false,
    })
}
