//! Calls that fail by what they are given alone, and have not failed before: they do not fail the second time.

use crate::dataflow::Body;
use crate::dataflow::paths::{block_of, only_through_any};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Whether every way to an event passes the same call on the same operands, which has ended normally then.
pub(super) fn has_succeeded(body: Body<'_>, at: usize, event: &Event) -> bool {
    let made = usize::from(is_construction(body, event));
    let operands = body.origins.args(event);
    let is_same = |before: &Event| {
        let others = body.origins.args(before);
        before.kind == event.kind
            && before.target == event.target
            && operands.len() == others.len()
            && operands.iter().zip(others).skip(made).all(|(a, b)| is_same_value(body, *a, *b))
    };
    let before = body.origins.events().iter().take(at).enumerate();
    before.filter(|(_, e)| is_same(e)).any(|(i, _)| surely_precedes(body, i, at))
}

/// Whether the first operand is the object that the call completes.
fn is_construction(body: Body<'_>, event: &Event) -> bool {
    let receiver = body.origins.args(event).first();
    event.kind == EventKind::InvokeSpecial
        && receiver.is_some_and(|v| {
            let mut made = body.origins.leaves(*v).filter_map(|leaf| body.origins.event(leaf));
            made.any(|(_, e)| e.kind == EventKind::New)
        })
}

fn is_same_value(body: Body<'_>, a: ValueId, b: ValueId) -> bool {
    let single = |value: ValueId| {
        let mut leaves = body.origins.leaves(value);
        leaves.next().filter(|_| leaves.next().is_none())
    };
    let is_fixed = |leaf: &Value| !matches!(leaf, Value::Unknown | Value::Merge { .. });
    single(a).filter(is_fixed).is_some_and(|a| single(b) == Some(a))
}

fn surely_precedes(body: Body<'_>, before: usize, at: usize) -> bool {
    let unit = body.origins.unit;
    let block = |event: usize| block_of(unit, body.method, event as u16);
    let (Some(from), Some(to)) = (block(before), block(at)) else { return false };
    let Some(left) = unit.blocks_of(body.method).get(usize::from(from)) else { return false };
    let edges: Vec<(u16, u16)> = unit.successors(left).iter().map(|to| (from, *to)).collect();
    from == to || only_through_any(unit, body.method, &edges, to)
}
