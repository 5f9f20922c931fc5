//! Classes and loaders that an object keeps in its fields from when it is made, and that are stored with it.

use super::context::Context;
use super::values::{is_of_types, types_of};
use super::{known_classes, known_loaders};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::StoredKind;
use crate::vocabulary::{MethodId, ValueId};

/// What is stored with an object of the deployment's own classes that a value is, if the method makes it.
pub(super) fn stored_with(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> Vec<StoredKind> {
    let program = cx.world.program;
    let refs = program.refs(program.class(body.class).loader);
    let mut kinds = Vec::new();
    for leaf in body.origins.leaves(value) {
        if body.origins.event(leaf).is_none_or(|(_, e)| e.kind != EventKind::New) {
            continue;
        }
        let is_its = |e: &&Event| {
            e.kind == EventKind::InvokeSpecial
                && body.origins.leaves(body.origins.arg(e, 0)).any(|object| object == leaf)
        };
        for init in body.origins.events().iter().filter(is_its) {
            let run = init.member().and_then(|m| refs.method(m));
            let Some(run) = run.filter(|m| !program.is_jdk(program.class_of_method(*m))) else { continue };
            for (i, given) in (0u16..).zip(body.origins.args(init)).skip(1) {
                kinds.extend(kind_of(cx, body, *given).filter(|_| keeps(cx, run, i, 0)));
            }
        }
    }
    kinds
}

/// The same of what the lambdas among an event's operands make.
pub(super) fn made_by_lambdas(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Vec<StoredKind> {
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let leaves = body.origins.args(event).iter().flat_map(|v| body.origins.leaves(*v));
    let lambdas = leaves.filter_map(|l| body.origins.event(l)).filter(|(_, e)| e.kind == EventKind::Lambda);
    let runs = lambdas.filter_map(|(_, made)| refs.method(made.member()?));
    let mut kinds = Vec::new();
    for run in runs.map(|run| cx.world.body(run)) {
        let returns = run.origins.events().iter().filter(|e| e.kind == EventKind::Return);
        kinds.extend(returns.flat_map(|e| run.origins.args(e)).flat_map(|v| stored_with(cx, run, *v)));
    }
    kinds
}

/// Whether a value is a class or a loader, and may be an application's.
fn kind_of(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> Option<StoredKind> {
    let loader = cx.world.program.class(body.class).loader;
    let types = types_of(cx.world, body, value);
    let is = |names: &[String]| types.iter().any(|ty| is_of_types(cx.world, cx.models, loader, ty, names));
    if is(&cx.names.loader_types) {
        (!known_loaders::are_own(cx, body, value)).then_some(StoredKind::Loader)
    } else if is(&cx.names.reflective_types) {
        (!known_classes::are_known(cx, body, value)).then_some(StoredKind::Class)
    } else {
        None
    }
}

/// Constructors that hand what they are given to one another.
const MAX_DEPTH: u32 = 2;

/// Whether a constructor stores a parameter in a field of the object.
fn keeps(cx: &Context<'_>, constructor: MethodId, param: u16, depth: u32) -> bool {
    let program = cx.world.program;
    let body = cx.world.body(constructor);
    let refs = program.refs(program.class(body.class).loader);
    let is = |value: ValueId, of: u16| body.origins.leaves(value).any(|leaf| leaf == Value::Param(of));
    body.origins.events().iter().any(|event| match event.kind {
        EventKind::PutField => is(body.origins.arg(event, 0), 0) && is(body.origins.arg(event, 1), param),
        EventKind::InvokeSpecial if depth < MAX_DEPTH && is(body.origins.arg(event, 0), 0) => {
            let run = event.member().and_then(|m| refs.method(m));
            run.filter(|m| !program.is_jdk(program.class_of_method(*m))).is_some_and(|run| {
                let mut given = (0u16..).zip(body.origins.args(event)).skip(1);
                given.any(|(i, value)| is(*value, param) && keeps(cx, run, i, depth + 1))
            })
        }
        _ => false,
    })
}
