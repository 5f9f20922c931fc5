//! Tests that stand before a site: what holds whenever code gets there.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::values::{is_of_types, kind_of, types_of};
use crate::dataflow::changes::block_of;
use crate::dataflow::origins;
use crate::dataflow::{Body, How, paths};
use crate::facts::{Event, EventKind, Test, Value};
use crate::rules::rule::OriginKind;
use crate::vocabulary::{FieldId, MethodId, ValueId};

/// An edge between two blocks of a body.
pub(super) type Edge = (u16, u16);

/// The edges on which a tested value is null or zero, or those on which it is not, where `is_meant` says so of it.
pub(super) fn edges_where(
    body: Body<'_>,
    is_set: bool,
    mut is_meant: impl FnMut(ValueId) -> bool,
) -> Vec<Edge> {
    let unit = body.origins.unit;
    let tested = (0u16..).zip(unit.blocks_of(body.method)).filter_map(|(b, block)| {
        let (value, unset) = match block.test() {
            Test::IsNull(v) | Test::IsZero(v) => (v, 0),
            Test::NonNull(v) | Test::NonZero(v) => (v, 1),
            _ => return None,
        };
        let edges = unit.successors(block);
        let to = *edges.get(if is_set { 1 - unset } else { unset }).filter(|_| edges.len() == 2)?;
        is_meant(value).then_some((b, to))
    });
    tested.collect()
}

/// Whether every way to an event passes one of the edges.
pub(super) fn is_behind(body: Body<'_>, edges: &[Edge], event: u16) -> bool {
    let unit = body.origins.unit;
    let at = block_of(unit, body, event).filter(|_| !edges.is_empty());
    at.is_some_and(|at| paths::only_through_any(unit, body.method, edges, at))
}

/// The constant with which a value begins wherever code gets to an event, because that was tested before.
pub(super) fn tested_beginning(
    cx: &Context<'_>,
    body: Body<'_>,
    event: u16,
    value: ValueId,
) -> Option<String> {
    let program = cx.world.program;
    let mut beginnings = Vec::new();
    let edges = edges_where(body, true, |tested| {
        let mut leaves = body.origins.leaves(tested);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return false };
        let test = body.origins.event(leaf).filter(|(_, e)| e.kind.has_receiver() && e.kind.is_invoke());
        let Some((_, test)) = test else { return false };
        let Some(member) = test.member().map(|m| program.facts.members.get(m)) else { return false };
        let is_beginning = program.text(member.owner) == "java/lang/String"
            && program.text(member.name) == "startsWith"
            && program.text(member.desc) == "(Ljava/lang/String;)Z"
            && body.origins.leaves(body.origins.arg(test, 0)).eq(body.origins.leaves(value));
        let mut with = body.origins.leaves(body.origins.arg(test, 1));
        match (with.next(), with.next()) {
            (Some(Value::Str(text)), None) if is_beginning => {
                beginnings.push(program.text(text).to_owned());
                true
            }
            _ => false,
        }
    });
    // Of several one holds, and which is not known.
    let first = beginnings.first().filter(|first| beginnings.iter().all(|b| b == *first))?;
    is_behind(body, &edges, event).then(|| first.clone())
}

/// Texts of the models: names of what tells code that it was compiled ahead of time.
const AHEAD_OF_TIME: &str = "ahead-of-time";

/// Whether a site stands behind a test of a flag that is set in a native image alone.
pub(super) fn is_ahead_of_time(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let is_flag = |value| body.origins.leaves(value).any(|leaf| is_native_flag(cx, body, leaf, 0));
    is_behind(body, &edges_where(body, true, is_flag), spot.event)
}

/// Methods between a test and the flag that it asks for.
const MAX_CALLS: u32 = 1;

fn is_native_flag(cx: &Context<'_>, body: Body<'_>, leaf: Value, depth: u32) -> bool {
    let world = cx.world;
    let refs = world.program.refs(world.program.class(body.class).loader);
    let Some((_, event)) = body.origins.event(leaf) else { return false };
    match event.kind {
        EventKind::GetStatic => {
            let Some(field) = event.member().and_then(|m| refs.field(m)) else { return false };
            let is_flag = world.program.text(world.program.field(field).desc) == "Z";
            is_flag && world.fields.writes(field).any(|write| asks_whether_native(cx, write.method))
        }
        EventKind::InvokeStatic => {
            let Some(target) = event.member().and_then(|m| refs.method(m)) else { return false };
            let callee = world.body(target);
            let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            let mut values = returns.flat_map(|e| callee.origins.args(e));
            depth < MAX_CALLS
                && (asks_whether_native(cx, target)
                    || values.any(|v| {
                        callee.origins.leaves(*v).any(|leaf| is_native_flag(cx, callee, leaf, depth + 1))
                    }))
        }
        _ => false,
    }
}

/// Whether a method is given the name of what a native image alone has.
fn asks_whether_native(cx: &Context<'_>, method: MethodId) -> bool {
    let Some(globs) = cx.models.texts.get(AHEAD_OF_TIME) else { return false };
    let body = cx.world.body(method);
    let is_name = |leaf| match leaf {
        Value::Str(name) => globs.iter().any(|glob| cx.glob(glob, cx.world.program.text(name))),
        _ => false,
    };
    let mut operands = body.origins.events().iter().flat_map(|e| body.origins.args(e));
    operands.any(|v| body.origins.leaves(*v).any(is_name))
}

/// Whether an event stands behind a test that a value is null of which something holds.
pub(super) fn is_where_null(body: Body<'_>, event: u16, is_meant: impl FnMut(ValueId) -> bool) -> bool {
    is_behind(body, &edges_where(body, false, is_meant), event)
}

/// Whether a site stands behind a test that a class or class loader is null.
pub(super) fn is_without_caller(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let loader = cx.world.program.class(body.class).loader;
    let is_caller = |value| {
        let types = types_of(cx.world, body, value);
        let is_it =
            |ty: &&str| *ty == CLASS || is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_types);
        !types.is_empty() && types.iter().all(is_it)
    };
    is_behind(body, &edges_where(body, false, is_caller), spot.event)
}

const CLASS: &str = "java/lang/Class";

/// Whether all that is put into a field is put there behind a test of a class loader against the own one.
pub(super) fn is_for_own_loader(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let is_removal = |spot: &Spot| match spot.how {
        Some(How::Container(api) | How::Entry(api)) => cx.is_api(api, &cx.names.removing),
        _ => false,
    };
    let mut stores = found.spots.iter().filter(|spot| !is_removal(spot)).peekable();
    stores.peek().is_some() && stores.all(|spot| is_stored_for_own_loader(cx, field, spot))
}

fn is_stored_for_own_loader(cx: &Context<'_>, field: FieldId, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event).filter(|_| spot.inside.is_none()) else {
        return false;
    };
    let mut has_own = false;
    let equal = (0u16..).zip(body.origins.unit.blocks_of(body.method)).filter_map(|(b, block)| {
        let (x, y, edge) = match block.test() {
            Test::Same(x, y) => (x, y, 0),
            Test::Differ(x, y) => (x, y, 1),
            _ => return None,
        };
        let to = *body.origins.unit.successors(block).get(edge)?;
        [x, y].into_iter().any(|v| is_own_loader(cx, body, v)).then_some((b, to))
    });
    let mut edges: Vec<Edge> = equal.collect();
    has_own |= !edges.is_empty();
    let asks_about_loader = |value: ValueId| {
        body.origins.leaves(value).any(|leaf| {
            let call = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind.is_invoke());
            call.is_some_and(|call| {
                let is_own = body.origins.args(call).iter().any(|v| is_own_loader(cx, body, *v));
                has_own |= is_own;
                is_own || is_asked_of_others(cx, body, call, field)
            })
        })
    };
    edges.extend(edges_where(body, true, asks_about_loader));
    // Of two containers the one is chosen behind the test, and what is chosen is put into after it.
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let reads = || {
        let receiver = body.origins.arg(event, 0);
        body.origins.leaves(receiver).filter_map(|leaf| {
            let (i, read) = body.origins.event(leaf)?;
            (refs.field(read.member()?) == Some(field)).then_some(i as u16)
        })
    };
    has_own
        && (is_behind(body, &edges, spot.event)
            || spot.how != Some(How::Write)
                && reads().next().is_some()
                && reads().all(|read| is_behind(body, &edges, read)))
}

/// Whether a call of the deployment's own code is given a loader and answers yes or no, from something else than the field.
fn is_asked_of_others(cx: &Context<'_>, body: Body<'_>, call: &Event, field: FieldId) -> bool {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let Some(target) = call.member().and_then(|m| program.refs(loader).method(m)) else { return false };
    let is_loader = |value: &ValueId| {
        let types = types_of(cx.world, body, *value);
        !types.is_empty()
            && types.iter().all(|ty| is_of_types(cx.world, cx.models, loader, ty, &cx.names.loader_types))
    };
    !program.is_jdk(program.class_of_method(target))
        && body.origins.args(call).iter().any(is_loader)
        && !cx.world.fields.reads(field).any(|read| read.method == target)
}

/// Whether a value is the own loader, whatever way it takes.
fn is_own_loader(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let found = origins::of_value(cx.world, body.id, value);
    let kinds: Vec<OriginKind> = found.iter().map(|f| kind_of(cx.world, body.class, f)).collect();
    let others = [OriginKind::SystemLoader, OriginKind::StaticField, OriginKind::Null];
    kinds.contains(&OriginKind::OwnLoader)
        && kinds.iter().all(|k| *k == OriginKind::OwnLoader || others.contains(k))
}
