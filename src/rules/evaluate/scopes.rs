//! Values that whoever sets them takes back: an object whose `close` ends what its constructor began, a function that is
//! handed out to undo, a pair of calls around a `try`.

use super::context::Context;
use super::matches::Spot;
use super::shapes;
use crate::dataflow::paths::{self, Exits};
use crate::dataflow::{Body, Change, earlier};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::MethodId;

/// Call sites looked at for one method.
const MAX_CALLERS: usize = 32;
/// Methods between the one that sets the value and the one that takes it back.
const MAX_DEPTH: u32 = 3;
/// Methods that a call may select, of which each has to yield an earlier value.
const MAX_TARGETS: usize = 2;

/// A method that sets a thread's value to what it is given, whatever that is.
struct Setter {
    method: MethodId,
    /// Where it is given the value, the receiver counted.
    param: u16,
}

/// Whether every caller of the method that sets a value passes a removal on every way out: a call of what removes it, or
/// of the object or function that the method hands out to that end, or of the method itself with what was there before.
pub(super) fn is_ended_by_callers(cx: &Context<'_>, spot: &Spot, removals: &[&Change]) -> bool {
    Ends { cx, removals, setter: setter_of(cx, spot, removals) }.by_callers(spot.method, 0)
}

/// The method of a change, if it is there to set the value.
fn setter_of(cx: &Context<'_>, spot: &Spot, removals: &[&Change]) -> Option<Setter> {
    let (body, event) = shapes::final_event(cx, spot).filter(|(b, _)| b.id == spot.method)?;
    let mut leaves = body.origins.leaves(*body.origins.args(event).last()?);
    let (Some(Value::Param(param)), None) = (leaves.next(), leaves.next()) else { return None };
    let first = body.origins.unit.blocks_of(body.method).first()?;
    let is_always = first.events().contains(&usize::from(spot.event));
    let removes_else = removals.iter().any(|c| c.method == spot.method);
    (is_always || removes_else).then_some(Setter { method: spot.method, param })
}

/// A search for what takes a thread's value back.
struct Ends<'e, 'w> {
    cx: &'e Context<'w>,
    removals: &'e [&'e Change],
    setter: Option<Setter>,
}

impl Ends<'_, '_> {
    fn by_callers(&self, method: MethodId, depth: u32) -> bool {
        let cx = self.cx;
        let access = cx.world.program.method(method).access;
        if cx.world.reach.is_open_world() && (access.is_public() || access.is_protected()) {
            return false;
        }
        let sites = cx.world.sites.of(method, MAX_CALLERS).unwrap_or_default();
        !sites.is_empty()
            && sites.iter().all(|site| {
                let body = cx.world.body(site.caller);
                let Some(event) = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke())
                else {
                    return false;
                };
                if depth == 0 && self.is_set_back(body, event) {
                    return true;
                }
                let object = object_of(body, event, site.event);
                let is_settling = |inner: Body<'_>, e: &Event| self.is_removal(inner, e, (body.id, object));
                let at = (site.caller, site.event);
                let gap = paths::missing_after_held(cx.world, at, object, &is_settling, Exits::Any);
                gap.is_none()
                    || depth < MAX_DEPTH
                        && object.is_some_and(|it| returns(body, it))
                        && self.by_callers(site.caller, depth + 1)
            })
    }

    /// Whether an event takes the value back.
    fn is_removal(&self, body: Body<'_>, event: &Event, (holder, object): (MethodId, Option<Value>)) -> bool {
        let events = body.origins.events();
        let removals = self.removals;
        if removals.iter().any(|c| c.method == body.id && events.get(usize::from(c.event)) == Some(event)) {
            return true;
        }
        let program = self.cx.world.program;
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
        let target = program.refs(program.class(body.class).loader).method(member);
        if target.is_some() && target == self.setter.as_ref().map(|s| s.method) {
            return self.is_set_back(body, event);
        }
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

    /// Whether a call of the setter passes nothing, or what was there before.
    fn is_set_back(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.cx.world.program;
        let Some(setter) = &self.setter else { return false };
        let target = event.member().and_then(|m| program.refs(program.class(body.class).loader).method(m));
        let given = body.origins.args(event).get(usize::from(setter.param));
        target == Some(setter.method)
            && given.is_some_and(|v| body.origins.leaves(*v).all(|leaf| self.is_earlier(body, leaf)))
    }

    fn is_earlier(&self, body: Body<'_>, leaf: Value) -> bool {
        let world = self.cx.world;
        if earlier::is_earlier(world, body, leaf) {
            return true;
        }
        let Some((_, event)) = body.origins.event(leaf) else { return false };
        if event.kind == EventKind::CheckCast {
            return body.origins.leaves(body.origins.arg(event, 0)).all(|l| self.is_earlier(body, l));
        }
        // The setter or a getter that yields what is there.
        let targets = world.targets(body, event, MAX_TARGETS).filter(|_| event.kind.is_invoke());
        targets.is_some_and(|targets| {
            !targets.is_empty()
                && targets.into_iter().all(|target| {
                    let callee = world.body(target);
                    let returned = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
                    let mut values = returned.flat_map(|e| callee.origins.args(e)).peekable();
                    values.peek().is_some()
                        && values
                            .all(|v| callee.origins.leaves(*v).all(|l| earlier::is_earlier(world, callee, l)))
                })
        })
    }
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
