//! What a task handed to a thread or pool goes on to call.

use super::context::Context;
use super::matches::Spot;
use crate::dataflow::Body;
use crate::facts::{Event, EventKind};
use crate::program::Node;
use crate::vocabulary::MethodId;
use rustc_hash::FxHashSet;

/// Methods looked at for one task.
const MAX_VISITED: usize = 400;

/// Whether code that is handed over at a call reaches an API of one of the groups.
pub(super) fn reaches(cx: &Context<'_>, spot: &Spot, names: &[String]) -> bool {
    let body = cx.world.body(spot.method);
    let Some(event) = cx.world.event(spot.method, spot.event) else { return false };
    let mut waiting = tasks_of(cx, body, event);
    let mut seen = FxHashSet::default();
    while let Some(method) = waiting.pop() {
        if !seen.insert(method) || seen.len() > MAX_VISITED {
            continue;
        }
        if calls_api(cx, method, names) {
            return true;
        }
        for to in cx.world.calls.successors(cx.world.calls.index(Node::Method(method))) {
            if let Node::Method(next) = cx.world.calls.node(*to)
                && cx.world.program.method(next).has_body
            {
                waiting.push(next);
            }
        }
    }
    false
}

fn calls_api(cx: &Context<'_>, method: MethodId, names: &[String]) -> bool {
    let body = cx.world.body(method);
    let loader = cx.world.program.class(body.class).loader;
    body.origins
        .events()
        .iter()
        .filter(|e| e.kind.has_method())
        .filter_map(Event::member)
        .any(|m| cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, names)))
}

/// The methods of lambdas and objects among a call's operands that the JDK calls back.
fn tasks_of(cx: &Context<'_>, body: Body<'_>, event: &Event) -> Vec<MethodId> {
    let program = cx.world.program;
    let loader = program.class(body.class).loader;
    let mut found = Vec::new();
    for value in body.origins.args(event) {
        for leaf in body.origins.leaves(*value) {
            let Some((_, made)) = body.origins.event(leaf) else { continue };
            match made.kind {
                EventKind::Lambda => found.extend(made.member().and_then(|m| program.refs(loader).method(m))),
                EventKind::New => {
                    let Some(class) = made.name().and_then(|n| program.find(loader, n)) else { continue };
                    for to in cx.world.calls.successors(cx.world.calls.index(Node::Instance(class))) {
                        if let Node::Method(method) = cx.world.calls.node(*to) {
                            found.push(method);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    found
}
