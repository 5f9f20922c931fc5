//! Atomics that are set only while nothing is in them, to what no caller decides: a default that is made on demand, a
//! flag that something was said before. All applications would set the same.

use super::context::Context;
use super::matches::Spot;
use super::memo;
use super::shapes::final_event;
use crate::dataflow::Body;
use crate::dataflow::changes::{self, Written};
use crate::dataflow::knowledge::ApiId;
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::{FieldId, ValueId};

/// Whether a change of an atomic is one of these.
pub(super) fn is_once(cx: &Context<'_>, field: FieldId, spot: &Spot, api: ApiId) -> bool {
    let Some((body, event)) = final_event(cx, spot).filter(|(_, e)| e.kind.is_invoke()) else { return false };
    if cx.is_api(api, &cx.names.comparing) {
        return is_set_if_unset(cx, field, (spot, body, event), api);
    }
    cx.is_api(api, &cx.names.updating) && is_kept_if_set(cx, body, event)
}

/// `compareAndSet(null, new Retry(3))`, `compareAndSet(false, true)` before something that uses no parameter.
fn is_set_if_unset(
    cx: &Context<'_>,
    field: FieldId,
    (spot, body, event): (&Spot, Body<'_>, &Event),
    api: ApiId,
) -> bool {
    let value = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value);
    let Some(stored) = value.map(|i| usize::from(i) + usize::from(event.kind.has_receiver())) else {
        return false;
    };
    let Some(expected) = stored.checked_sub(1) else { return false };
    let is_unset = |leaf: Value| matches!(leaf, Value::Null | Value::Int(0));
    body.origins.leaves(body.origins.arg(event, expected)).all(is_unset)
        && !passes_parameter_on(cx, spot, body, event)
        && changes::kinds_of(cx.world, body, field, body.origins.arg(event, stored)).iter().all(|kind| {
            match kind {
                Written::Fresh => true,
                Written::Constant => is_asked_only_here(cx, body, field, event),
                _ => false,
            }
        })
}

/// Whether nobody learns what a flag says but the method that sets it.
fn is_asked_only_here(cx: &Context<'_>, body: Body<'_>, field: FieldId, change: &Event) -> bool {
    let is_told = |leaf: Value| body.origins.event(leaf).is_some_and(|(_, e)| std::ptr::eq(e, change));
    let mut returned = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    cx.world.fields.reads(field).all(|read| read.method == body.id)
        && !returned.any(|e| body.origins.args(e).iter().any(|v| body.origins.leaves(*v).any(is_told)))
}

/// Whether a call other than the change itself is given a parameter: what it does for the first caller it does for no
/// other. A field that is set so is a finding of its own. The atomic and the object that has it are the same for all, and so
/// is what the method that hands the atomic on passes with it of its own.
fn passes_parameter_on(cx: &Context<'_>, spot: &Spot, body: Body<'_>, change: &Event) -> bool {
    let is_own = |leaf: Value| {
        body.origins.event(leaf).is_some_and(|(_, read)| {
            read.kind == EventKind::GetField
                && body.origins.leaves(body.origins.arg(read, 0)).all(|l| l == Value::Param(0))
        })
    };
    let is_of_this =
        !body.method.access.is_static() && body.origins.leaves(body.origins.arg(change, 0)).all(is_own);
    let is_atomic = |leaf: Value| body.origins.leaves(body.origins.arg(change, 0)).all(|l| l == leaf);
    let is_param = |leaf: Value| match leaf {
        Value::Param(n) => (n > 0 || !is_of_this) && !is_atomic(leaf) && !is_passed_fixed(cx, spot, body, n),
        _ => false,
    };
    let is_parameter = |value: &ValueId| {
        body.origins.leaves(*value).any(|leaf| match leaf {
            Value::Derived(source) => body.origins.leaves(source).any(is_param),
            leaf => is_param(leaf),
        })
    };
    let mut events = body.origins.events().iter();
    events.any(|e| {
        e.kind.has_method() && !std::ptr::eq(e, change) && body.origins.args(e).iter().any(is_parameter)
    })
}

/// Whether the method that hands an atomic on to the one which sets it passes a constant for a parameter of that one.
fn is_passed_fixed(cx: &Context<'_>, spot: &Spot, inner: Body<'_>, param: u16) -> bool {
    let body = cx.world.body(spot.method);
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let call = cx.world.event(spot.method, spot.event).filter(|_| spot.inside.is_some());
    let call = call.filter(|call| call.member().and_then(|m| refs.method(m)) == Some(inner.id));
    let passed = call.and_then(|call| body.origins.args(call).get(usize::from(param)));
    let is_fixed = |leaf: Value| match leaf {
        Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_) => true,
        _ => memo::is_constant(cx, body, leaf),
    };
    passed.is_some_and(|v| body.origins.leaves(*v).all(is_fixed))
}

/// `updateAndGet(h -> h != null ? h : System.getenv(...))`: the function yields what is there, if anything is.
fn is_kept_if_set(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let leaves = body.origins.args(event).iter().skip(1).flat_map(|v| body.origins.leaves(*v));
    let mut functions = leaves.filter_map(|leaf| body.origins.event(leaf)).map(|(_, e)| e);
    functions.any(|function| {
        function.kind == EventKind::Lambda
            && body.origins.args(function).is_empty()
            && function.member().and_then(|m| refs.method(m)).is_some_and(|target| {
                let inner = cx.world.body(target);
                let unit = inner.origins.unit;
                let old = Value::Param(u16::from(!inner.method.access.is_static()));
                let is_old = |value: ValueId| inner.origins.leaves(value).any(|leaf| leaf == old);
                let asks = unit.blocks_of(inner.method).iter().any(|block| match block.test() {
                    Test::IsNull(v) | Test::NonNull(v) => is_old(v),
                    _ => false,
                });
                let mut returns = inner.origins.events().iter().filter(|e| e.kind == EventKind::Return);
                asks && returns.any(|e| inner.origins.args(e).iter().any(|v| is_old(*v)))
            })
    })
}
