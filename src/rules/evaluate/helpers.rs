//! Methods that are handed a container, and a function out of which they fill it.

use super::context::Context;
use super::matches::Spot;
use super::shapes::final_event;
use crate::dataflow::Body;
use crate::dataflow::changes::How;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// The call that hands a helper the function whose results the helper puts into the container, with the body that holds
/// it.
pub(super) fn filled_by<'w>(cx: &Context<'w>, spot: &Spot) -> Option<(Body<'w>, &'w Event)> {
    let (Some(How::Container(api) | How::Atomic(api)), Some(_)) = (spot.how, spot.inside) else {
        return None;
    };
    let (helper, change) = final_event(cx, spot)?;
    let n_receivers = usize::from(change.kind.has_receiver());
    let facts = cx.world.knowledge.tables.apis.get(usize::from(api));
    let [key, value] = facts
        .map_or([None, None], |a| [a.key, a.value])
        .map(|position| position.map(|i| usize::from(i) + n_receivers));
    let mut args = helper.origins.args(change).iter().enumerate().skip(n_receivers);
    let is_filled = args.any(|(i, given)| match value {
        Some(value) => i == value && is_yielded(helper, *given),
        None => Some(i) != key && is_function(helper, *given),
    });
    let call = cx.world.event(spot.method, spot.event).filter(|e| is_filled && e.kind.is_invoke())?;
    Some((cx.world.body(spot.method), call))
}

fn is_passed(body: Body<'_>, value: ValueId) -> bool {
    body.origins.leaves(value).any(|leaf| matches!(leaf, Value::Param(_)))
}

/// Whether a value is what the method is given, or a function that is made of it: `function::apply`.
fn is_function(body: Body<'_>, value: ValueId) -> bool {
    is_passed(body, value)
        || body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf)).any(|(_, made)| {
            made.kind == EventKind::Lambda && body.origins.args(made).iter().any(|v| is_passed(body, *v))
        })
}

/// Whether a value is what a method of an interface yields that is called on what the method is given.
fn is_yielded(body: Body<'_>, value: ValueId) -> bool {
    body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf)).any(|(_, call)| {
        call.kind == EventKind::InvokeInterface && is_passed(body, body.origins.arg(call, 0))
    })
}
