//! What happens only while nobody is noted in a collection: before the first user comes, and after the last has gone.

use super::branches;
use super::context::Context;
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::facts::{Event, Value};
use crate::vocabulary::{FieldId, MethodId, ValueId};

/// Whether an event stands behind a test that a collection is empty which the method has taken something out of before.
pub(super) fn is_after_last(cx: &Context<'_>, method: MethodId, event: u16) -> bool {
    let body = cx.world.body(method);
    is_where_empty(cx, body, event, |of, asked| {
        let before = body.origins.events().iter().take(asked);
        before.into_iter().any(|e| takes_out_of(cx, body, e, of) || has_taken_out(cx, body, e, of))
    })
}

/// Whether a call takes something out of what a field holds.
fn takes_out_of(cx: &Context<'_>, body: Body<'_>, event: &Event, of: FieldId) -> bool {
    takes_out(cx, body, event) && field_of(cx, body, event) == Some(of)
}

/// Whether an event calls a method that takes something out of what a field holds.
fn has_taken_out(cx: &Context<'_>, body: Body<'_>, event: &Event, of: FieldId) -> bool {
    let program = cx.world.program;
    let refs = program.refs(program.class(body.class).loader);
    let called = event.member().filter(|_| event.kind.is_invoke()).and_then(|m| refs.method(m));
    called.filter(|m| !program.is_jdk(program.class_of_method(*m))).is_some_and(|called| {
        let helper = cx.world.body(called);
        helper.origins.events().iter().any(|e| takes_out_of(cx, helper, e, of))
    })
}

/// Whether a field is only looked at before the first user comes and after the last has gone, which takes its value back.
pub(super) fn is_unseen_between(cx: &Context<'_>, field: FieldId) -> bool {
    let mut reads = cx.world.fields.reads(field).peekable();
    let is_outside = |method: MethodId, event| is_where_empty(cx, cx.world.body(method), event, |_, _| true);
    reads.peek().is_some()
        && reads.all(|read| is_outside(read.method, read.event))
        && cx.changes.of(field).iter().any(|c| is_after_last(cx, c.method, c.event))
}

/// Whether an event stands behind a test that a collection in a field is empty, given the field and where it is asked.
fn is_where_empty(
    cx: &Context<'_>,
    body: Body<'_>,
    event: u16,
    mut is_meant: impl FnMut(FieldId, usize) -> bool,
) -> bool {
    let asks = |value: ValueId| {
        body.origins.leaves(value).any(|leaf| {
            let Value::Event(at) = leaf else { return false };
            let Some((_, asked)) = body.origins.event(leaf) else { return false };
            is_asked_if_empty(cx, body, asked)
                && field_of(cx, body, asked).is_some_and(|of| is_meant(of, at as usize))
        })
    };
    branches::is_behind(body, &branches::edges_where(body, true, asks), event)
}

fn is_asked_if_empty(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let group = cx.world.knowledge.group(groups::CONTAINER_EMPTY);
    let loader = cx.world.program.class(body.class).loader;
    event.kind.is_invoke()
        && event.member().is_some_and(|m| cx.world.knowledge.api_in(group, loader, m).is_some())
}

fn takes_out(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let mut apis = event.member().into_iter().flat_map(|m| cx.world.knowledge.apis(loader, m));
    event.kind.is_invoke()
        && apis.any(|api| cx.is_api(api, &cx.names.removing) && !cx.is_api(api, &cx.names.clearing))
}

/// The field that the receiver of a call is read from.
fn field_of(cx: &Context<'_>, body: Body<'_>, call: &Event) -> Option<FieldId> {
    let mut leaves = body.origins.leaves(*body.origins.args(call).first()?);
    let (leaf, None) = (leaves.next()?, leaves.next()) else { return None };
    let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind.has_field())?;
    cx.world.program.refs(cx.world.program.class(body.class).loader).field(read.member()?)
}
