//! Flags and counters by which one application shuts others out: after `close()` a shared service refuses everybody, and
//! connections of all count against one limit.

use super::branches;
use super::context::Context;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::changes::block_of;
use crate::dataflow::{Body, How, paths};
use crate::facts::{EventKind, Test, Value};
use crate::vocabulary::{FieldId, MethodId};

/// Whether all changes set a flag to one constant, and code that an application reaches throws where it finds that.
pub(super) fn is_refusing(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let world = cx.world;
    let mut set = found.spots.iter().map(|spot| {
        let body = world.body(spot.method);
        let value = world.event(spot.method, spot.event).and_then(|e| body.origins.args(e).last());
        let mut leaves = body.origins.leaves(*value.filter(|_| spot.how == Some(How::Write))?);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Int(n)), None) => Some(n != 0),
            _ => None,
        }
    });
    let Some(Some(is_set)) = set.next() else { return is_taken(cx, field, found) };
    set.all(|other| other == Some(is_set))
        && world.fields.reads(field).any(|read| {
            !world.reach.tenants(read.method).is_empty()
                && throws_if(world.body(read.method), read.event, is_set)
        })
}

/// Whether what is not null is never written over: the method throws when it finds something there.
fn is_taken(cx: &Context<'_>, field: FieldId, found: &Match) -> bool {
    let world = cx.world;
    let refuses = |spot: &Spot| {
        let body = world.body(spot.method);
        let own = world.fields.reads(field).filter(|read| read.method == spot.method);
        let reads: Vec<Value> = own.map(|read| Value::Event(u32::from(read.event))).collect();
        let is_it = |value| body.origins.leaves(value).any(|leaf| reads.contains(&leaf));
        let is_unset = branches::edges_where(body, false, is_it);
        let is_set = branches::edges_where(body, true, is_it);
        spot.how == Some(How::Write)
            && branches::is_behind(body, &is_unset, spot.event)
            && is_set.iter().any(|(from, via)| throws_behind(body, *from, *via))
    };
    found.spots.iter().all(refuses)
}

/// Whether a body tests what one of its events yields, and throws when that is so.
fn throws_if(body: Body<'_>, event: u16, is_set: bool) -> bool {
    let unit = body.origins.unit;
    let is_it = |value| body.origins.leaves(value).any(|leaf| leaf == Value::Event(u32::from(event)));
    unit.blocks_of(body.method).iter().enumerate().any(|(b, block)| {
        let (value, edge_if_set) = match block.test() {
            Test::NonZero(value) => (value, 0),
            Test::IsZero(value) => (value, 1),
            _ => return false,
        };
        let edges = unit.successors(block);
        let edge = if is_set { edge_if_set } else { 1 - edge_if_set };
        edges.len() == 2
            && is_it(value)
            && edges.get(edge).is_some_and(|edge| throws_behind(body, b as u16, *edge))
    })
}

/// Whether something is thrown that is only reached by one edge.
fn throws_behind(body: Body<'_>, from: u16, via: u16) -> bool {
    let unit = body.origins.unit;
    let events = body.origins.events();
    let behind = paths::behind(unit, body.method, from, via);
    unit.blocks_of(body.method).iter().zip(behind).any(|(block, is_behind)| {
        let own = events.get(block.events()).unwrap_or_default();
        is_behind && own.iter().any(|e| e.kind == EventKind::Throw)
    })
}

/// The API group of what counts down.
const DOWN: &str = "counter-down";

/// Whether a counter is a limit: a step ends a block one way out of which throws, and the other does not, and another method
/// counts down again. What is never given back is a number that may run over.
pub(super) fn is_limit(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let down = cx.world.knowledge.group(DOWN);
    let counts_down = |method: MethodId, event: u16| {
        let loader = cx.world.program.class(cx.world.program.class_of_method(method)).loader;
        let member = cx.world.event(method, event).and_then(|e| e.member());
        member.is_some_and(|m| cx.world.knowledge.api_in(down, loader, m).is_some())
    };
    found.spots.iter().any(|spot| {
        let mut others = cx.changes.of(field).iter().filter(|change| change.method != spot.method);
        is_limiting_step(cx, spot) && others.any(|change| counts_down(change.method, change.event))
    })
}

fn is_limiting_step(cx: &Context<'_>, spot: &Spot) -> bool {
    if !matches!(spot.how, Some(How::Atomic(_))) || spot.inside.is_some() {
        return false;
    }
    let body = cx.world.body(spot.method);
    let unit = body.origins.unit;
    let loader = cx.world.program.class(body.class).loader;
    let member = cx.world.event(spot.method, spot.event).and_then(|e| e.member());
    let is_step = |m| cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, &cx.names.counting));
    if !member.is_some_and(is_step) {
        return false;
    }
    let Some(at) = block_of(unit, body, spot.event) else { return false };
    let Some(block) = unit.blocks_of(body.method).get(usize::from(at)) else { return false };
    // Calls behind the step are asked for something else.
    let later =
        body.origins.events().get(usize::from(spot.event) + 1..block.events().end).unwrap_or_default();
    let [one, other] = unit.successors(block) else { return false };
    !later.iter().any(|e| e.kind.is_invoke())
        && throws_behind(body, at, *one) != throws_behind(body, at, *other)
}
