//! Pairs of public methods of which one takes something from its caller to keep it, and the other takes it out again: who
//! calls the one has to call the other.

use super::context::Context;
use super::matches::Spot;
use super::shapes::final_event;
use super::values::is_of_types;
use crate::dataflow::initialisation::is_same_nest;
use crate::dataflow::{Change, How};
use crate::facts::Value;
use crate::vocabulary::MethodId;
use crate::vocabulary::descriptor::params;

/// Callers looked at for one method.
const MAX_CALLERS: usize = 16;

/// Whether a change stores what its public method is given, and a removal lies in another public method of the class, or in
/// what such a one calls. For a container that is so only if a loader is put in, and the other method is told which one to
/// take out: who passes a class need not know that it is kept.
pub(super) fn has(cx: &Context<'_>, spot: &Spot, removals: &[&Change]) -> bool {
    let program = cx.world.program;
    let Some(given) = given_type(cx, spot) else { return false };
    let is_counterpart = |method: MethodId| {
        let facts = program.method(method);
        method != spot.method
            && is_open(cx, method)
            && is_same_nest(cx.world, program.class_of_method(method), program.class_of_method(spot.method))
            && (spot.how == Some(How::Write) || params(program.text(facts.desc)).any(|p| p.0 == given))
    };
    removals.iter().any(|c| {
        is_counterpart(c.method) || {
            let callers = cx.world.sites.of(c.method, MAX_CALLERS).unwrap_or_default();
            callers.iter().any(|site| is_counterpart(site.caller))
        }
    })
}

/// The declared type of the parameter of a public method that a change stores as it is.
fn given_type<'w>(cx: &Context<'w>, spot: &Spot) -> Option<&'w str> {
    let (body, event) =
        final_event(cx, spot).filter(|_| is_open(cx, spot.method) && spot.inside.is_none())?;
    let args = body.origins.args(event);
    let is_write = spot.how == Some(How::Write);
    let value = if is_write { args.last() } else { args.get(usize::from(event.kind.has_receiver())) };
    let value = *value?;
    let mut leaves = body.origins.leaves(value);
    let (Some(Value::Param(i)), None) = (leaves.next(), leaves.next()) else { return None };
    let own = usize::from(!body.method.access.is_static());
    let i = usize::from(i).checked_sub(own)?;
    let given = params(cx.world.program.text(body.method.desc)).nth(i)?;
    let loader = cx.world.program.class(body.class).loader;
    let is_loader = || {
        given.class().is_some_and(|ty| is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_types))
    };
    (is_write || is_loader()).then_some(given.0)
}

fn is_open(cx: &Context<'_>, method: MethodId) -> bool {
    let access = cx.world.program.method(method).access;
    access.is_public() || access.is_protected()
}
