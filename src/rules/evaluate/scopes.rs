//! Values that whoever sets them takes back: an object whose `close` ends what its constructor began, a function that is
//! handed out to undo, a pair of calls around a `try`.

use super::context::Context;
use crate::dataflow::paths::{self, Exits};
use crate::dataflow::{Body, Change};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::MethodId;

/// Call sites looked at for one method.
const MAX_CALLERS: usize = 32;
/// Methods between the one that sets the value and the one that takes it back.
const MAX_DEPTH: u32 = 3;

/// Whether every caller of a method that sets a value passes a removal on every way out: a call of what removes it, or of
/// the object or function that the method hands out to that end.
pub(super) fn is_ended_by_callers(
    cx: &Context<'_>,
    method: MethodId,
    removals: &[&Change],
    depth: u32,
) -> bool {
    let access = cx.world.program.method(method).access;
    if cx.world.reach.is_open_world() && (access.is_public() || access.is_protected()) {
        return false;
    }
    let sites = cx.world.sites.of(method, MAX_CALLERS).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let body = cx.world.body(site.caller);
            let Some(event) = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke()) else {
                return false;
            };
            let object = object_of(body, event, site.event);
            let is_settling =
                |inner: Body<'_>, e: &Event| is_removal(cx, inner, e, (body.id, object), removals);
            let at = (site.caller, site.event);
            let gap = paths::missing_after_held(cx.world, at, object, &is_settling, Exits::Any);
            gap.is_none()
                || depth < MAX_DEPTH
                    && object.is_some_and(|it| returns(body, it))
                    && is_ended_by_callers(cx, site.caller, removals, depth + 1)
        })
}

/// What a call hands out: the new object of a constructor, else the result.
fn object_of(body: Body<'_>, event: &Event, index: u16) -> Option<Value> {
    if event.is_used() {
        return Some(Value::Event(u32::from(index)));
    }
    let receiver = body.origins.args(event).first().filter(|_| event.kind == EventKind::InvokeSpecial)?;
    let mut made = body.origins.leaves(*receiver);
    made.find(|leaf| body.origins.event(*leaf).is_some_and(|(_, e)| e.kind == EventKind::New))
}

fn returns(body: Body<'_>, object: Value) -> bool {
    let mut returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    returns.any(|e| body.origins.args(e).iter().any(|v| body.origins.leaves(*v).any(|l| l == object)))
}

/// Whether an event takes the value back.
fn is_removal(
    cx: &Context<'_>,
    body: Body<'_>,
    event: &Event,
    (holder, object): (MethodId, Option<Value>),
    removals: &[&Change],
) -> bool {
    let events = body.origins.events();
    if removals.iter().any(|c| c.method == body.id && events.get(usize::from(c.event)) == Some(event)) {
        return true;
    }
    let program = cx.world.program;
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let target = program.refs(program.class(body.class).loader).method(member);
    if target.is_some_and(|t| removals.iter().any(|c| c.method == t)) {
        return true;
    }
    // A call of the object that was handed out: its class need not be known.
    let is_on_object = body.id == holder
        && event.kind.has_receiver()
        && object.is_some_and(|it| body.origins.leaves(body.origins.arg(event, 0)).any(|l| l == it));
    let name = program.facts.members.get(member).name;
    is_on_object
        && removals.iter().any(|c| {
            let facts = program.method(c.method);
            facts.name == name || facts.access.is_synthetic()
        })
}
