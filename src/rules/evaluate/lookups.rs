//! Whether a lookup by name is one of several: a chain of loaders of which one or another answers.

use super::context::Context;
use super::matches::Spot;
use super::values::{kind_of, operand, origins_of};
use crate::dataflow::Body;
use crate::dataflow::knowledge::Subject;
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::OriginKind;
use crate::vocabulary::{MemberRefId, ValueId};

/// APIs that look a name up, their first argument, with a loader that is an operand or the caller's.
const LOOKUPS: &[&str] = &[
    "class-for-name-with-loader",
    "load-class",
    "get-resource",
    "resource-bundle-with-loader",
    "service-loader-with-loader",
];
/// Computations between a name and what it is made from.
const MAX_STEPS: u32 = 4;

/// Whether the method asks another loader for the same name: the context class loader, one that it is given, or one that
/// is not known.
pub(super) fn is_another_loader_asked(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let events = body.origins.events();
    let Some(event) = events.get(usize::from(spot.event)) else { return false };
    let Some(wanted) = name_of(body, event) else { return false };
    events.iter().enumerate().any(|(i, other)| {
        i != usize::from(spot.event)
            && asks_another(cx, body, other)
            && name_of(body, other).is_some_and(|name| is_same(body, wanted, name))
    })
}

fn asks_another(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let own = cx.world.program.class(body.class).loader;
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let mut apis = cx.world.knowledge.apis(own, member);
    let lookups: Vec<String> = LOOKUPS.iter().map(|name| (*name).to_owned()).collect();
    let Some(api) = apis.find(|api| cx.is_api(*api, &lookups)) else { return false };
    let by_argument = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.loader);
    let position = match by_argument {
        Some(i) => Subject::Argument(i).operand(event.kind.has_receiver()),
        None => Subject::Receiver.operand(event.kind.has_receiver()),
    };
    let Some(position) = position else { return false };
    let own = [OriginKind::OwnLoader, OriginKind::SystemLoader, OriginKind::Null];
    let found = origins_of(cx.world, body, event, position);
    found.iter().any(|f| !own.contains(&kind_of(cx.world, body.class, f)))
}

fn name_of(body: Body<'_>, event: &Event) -> Option<ValueId> {
    body.origins.args(event).get(operand(event, 0)?).copied()
}

fn is_same(body: Body<'_>, a: ValueId, b: ValueId) -> bool {
    let of_a = sources(body, a, 0);
    sources(body, b, 0).iter().any(|source| of_a.contains(source))
}

/// Something that a name is made from.
#[derive(PartialEq, Eq)]
enum Source {
    Value(Value),
    /// A field, each read of which is a value of its own.
    Field(MemberRefId),
}

/// What a name is made from: parameters, constants, fields, and results of calls that are made from nothing.
fn sources(body: Body<'_>, value: ValueId, step: u32) -> Vec<Source> {
    let mut found = Vec::new();
    for leaf in body.origins.leaves(value) {
        let inputs = match leaf {
            Value::Derived(source) => vec![source],
            Value::Event(_) => match body.origins.event(leaf) {
                Some((_, e)) if e.kind.is_invoke() || e.kind == EventKind::Concat => {
                    body.origins.args(e).to_vec()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let is_this = leaf == Value::Param(0) && !body.method.access.is_static();
        let read = body.origins.event(leaf).map(|(_, e)| e);
        match read.filter(|e| matches!(e.kind, EventKind::GetField | EventKind::GetStatic)) {
            Some(read) => found.extend(read.member().map(Source::Field)),
            // The receiver is a source of everything that its methods compute.
            None if is_this || matches!(leaf, Value::Null | Value::Int(_)) => {}
            None => found.push(Source::Value(leaf)),
        }
        if step < MAX_STEPS {
            found.extend(inputs.into_iter().flat_map(|input| sources(body, input, step + 1)));
        }
    }
    found
}

/// Whether the name that a class is asked for is made from that class, or from the class whose code asks: its own file, or
/// one that goes with it.
pub(super) fn is_named_after_asked(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = body.origins.events().get(usize::from(spot.event)) else { return false };
    let Some(name) = name_of(body, event) else { return false };
    let made_from = sources(body, name, 0);
    let of_receiver = event.kind.has_receiver()
        && body.origins.leaves(body.origins.arg(event, 0)).any(|l| made_from.contains(&Source::Value(l)));
    of_receiver
        || made_from.iter().any(|source| matches!(source, Source::Value(v) if is_own_class(cx, body, *v)))
}

/// Whether a value is `getClass()` of the object whose method this is.
fn is_own_class(cx: &Context<'_>, body: Body<'_>, value: Value) -> bool {
    let program = cx.world.program;
    body.origins.event(value).is_some_and(|(_, e)| {
        e.kind.is_invoke()
            && e.member().is_some_and(|m| program.text(program.facts.members.get(m).name) == "getClass")
            && !body.method.access.is_static()
            && body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0))
    })
}
