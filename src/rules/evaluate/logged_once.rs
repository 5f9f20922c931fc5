//! Containers and flags that are only asked whether something is new, to write it to the log once.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::values;
use crate::dataflow::{Body, How, paths};
use crate::facts::{Event, EventKind, Test, Value};

/// The type group of what writes to a log.
const LOGGER: &str = "logger";

/// Whether the field is read for nothing but the changes of a match, and the answer of each decides nothing but whether
/// something is written to a log.
pub(super) fn is_only_logged(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let is_change = |method| found.spots.iter().any(|s| s.method == method);
    cx.world.fields.reads(field).all(|read| is_change(read.method))
        && cx.world.fields.reads(field).count() == found.spots.len()
        && found.spots.iter().all(|s| decides_on_logging(cx, s))
}

fn decides_on_logging(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let answer = Value::Event(u32::from(spot.event));
    let is_answer = |value| body.origins.leaves(value).any(|leaf| leaf == answer);
    if !matches!(spot.how, Some(How::Container(_) | How::Atomic(_))) || spot.inside.is_some() {
        return false;
    }
    if body.origins.events().iter().any(|e| body.origins.args(e).iter().any(|v| is_answer(*v))) {
        return false;
    }
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let mut n_tests = 0;
    let all = blocks.iter().enumerate().all(|(b, block)| {
        let (Test::IsZero(tested) | Test::NonZero(tested)) = block.test() else { return true };
        if !is_answer(tested) {
            return true;
        }
        n_tests += 1;
        let edges = unit.successors(block);
        edges.iter().all(|edge| {
            let is_behind = paths::behind(unit, body.method, b as u16, *edge);
            let behind = blocks.iter().zip(is_behind).filter(|(_, is_behind)| *is_behind);
            let all = body.origins.events();
            let mut events = behind.flat_map(|(block, _)| all.get(block.events()).unwrap_or_default());
            events.all(|event| is_for_log(cx, body, event))
        })
    });
    all && n_tests > 0
}

/// Whether an event writes to a log, or makes what is written.
fn is_for_log(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    match event.kind {
        EventKind::PutStatic | EventKind::PutField | EventKind::Throw => false,
        EventKind::Return => body.origins.args(event).is_empty(),
        kind if kind.is_invoke() => {
            let owner = event.member().map(|m| program.text(program.facts.members.get(m).owner));
            let is_logger =
                |owner| values::is_of_types(cx.world, cx.models, loader, owner, &[LOGGER.to_owned()]);
            let makes_text =
                kind == EventKind::InvokeSpecial && owner.is_some_and(|o| o.starts_with("java/lang/"));
            event.is_used() || makes_text || owner.is_some_and(is_logger) || is_on_console(cx, body, event)
        }
        _ => true,
    }
}

/// Whether a call is made on a stream that a static field of the JDK holds.
fn is_on_console(cx: &Context<'_>, body: Body<'_>, event: &Event) -> bool {
    let program = cx.world.program;
    let refs = program.refs(program.class(body.class).loader);
    event.kind.has_receiver()
        && body.origins.leaves(body.origins.arg(event, 0)).all(|leaf| {
            let read = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetStatic);
            let field = read.and_then(|e| refs.field(e.member()?));
            field.is_some_and(|f| program.is_jdk(program.class_of_field(f)))
        })
}
