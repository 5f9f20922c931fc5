//! Methods by which callers hand something over to be kept: who calls one knows what it is for, unlike the caller of a
//! method that keeps what it works with.

use super::context::Context;
use super::matches::Spot;
use super::shapes::final_event;
use crate::dataflow::Body;
use crate::facts::{EventKind, Value};
use crate::vocabulary::ValueId;

/// Whether a change puts what its public method is given where it is kept, and the method yields nothing but what was
/// there.
pub(super) fn is_handed_over(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let access = body.method.access;
    let Some((_, event)) = final_event(cx, spot).filter(|_| spot.inside.is_none() && access.is_public())
    else {
        return false;
    };
    let stored = body.origins.args(event).iter().skip(usize::from(event.kind.has_receiver()));
    let result = Value::Event(u32::from(spot.event));
    let mut stored = stored.peekable();
    stored.peek().is_some()
        && stored.all(|value| is_given(body, *value, 0))
        && body.origins.events().iter().filter(|e| e.kind == EventKind::Return).all(|e| {
            let mut yielded = body.origins.args(e).iter().flat_map(|v| body.origins.leaves(*v));
            yielded
                .all(|leaf| leaf == result || matches!(leaf, Value::Null | Value::Param(_) | Value::Int(_)))
        })
}

/// Calls between what a method is given and what is made of it.
const MAX_CALLS: u32 = 4;

/// Whether a value is an argument of the method's, a constant, a new object, or what is made of these alone.
fn is_given(body: Body<'_>, value: ValueId, depth: u32) -> bool {
    body.origins.leaves(value).all(|leaf| match leaf {
        Value::Param(_) | Value::Str(_) | Value::Int(_) | Value::Null | Value::Class(_) => true,
        Value::Event(_) => body.origins.event(leaf).is_some_and(|(_, e)| {
            let args = body.origins.args(e);
            let is_made = e.kind.is_invoke() || e.kind == EventKind::CheckCast;
            e.kind == EventKind::New
                || is_made
                    && depth < MAX_CALLS
                    && !args.is_empty()
                    && args.iter().all(|v| is_given(body, *v, depth + 1))
        }),
        _ => false,
    })
}
