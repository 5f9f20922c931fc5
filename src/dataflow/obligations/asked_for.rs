//! Methods that yield something only to those who ask for it: a flag says whether the caller wants the object, or leaves
//! it to the method.

use super::callees::{Callees, MAX_TARGETS};
use crate::dataflow::Body;
use crate::dataflow::paths::Tested;
use crate::facts::{Event, EventKind, Value};

/// Blocks of one method that are looked at.
const MAX_BLOCKS: usize = 256;

/// Whether all that a call may run returns null for the constants that the call passes.
pub(super) fn yields_nothing(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> bool {
    let given: Vec<Option<i32>> = body
        .origins
        .args(event)
        .iter()
        .map(|v| match body.origins.unit.value(body.method, *v) {
            Value::Int(n) => Some(n),
            _ => None,
        })
        .collect();
    if given.iter().all(Option::is_none) {
        return false;
    }
    let targets = callees.targets(body, event, MAX_TARGETS).unwrap_or_default();
    !targets.is_empty()
        && targets.iter().all(|target| returns_only_null(callees, callees.world.body(*target), &given))
}

/// Whether a body returns null and nothing else on all ways that are open for what is given.
fn returns_only_null(callees: &Callees<'_, '_>, body: Body<'_>, given: &[Option<i32>]) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let events = body.origins.events();
    if blocks.len() > MAX_BLOCKS || !callees.spend(blocks.len()) {
        return false;
    }
    let mut seen = vec![false; blocks.len()];
    let (mut waiting, mut returns_null) = (vec![0u16], false);
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        if seen.get_mut(usize::from(at)).is_none_or(|seen| std::mem::replace(seen, true)) {
            continue;
        }
        let returned = block.events().filter_map(|i| events.get(i)).filter(|e| e.kind == EventKind::Return);
        for value in returned.flat_map(|e| body.origins.args(e)) {
            if body.origins.leaves(*value).any(|leaf| leaf != Value::Null) {
                return false;
            }
            returns_null = true;
        }
        let test = Tested::of(body, block).filter(|test| !test.is_null);
        let known = test.as_ref().and_then(|t| given.get(usize::from(t.parameter(body)?)).copied()?);
        match (test, known) {
            (Some(test), Some(n)) => waiting.push(test.next(n == 0)),
            _ => waiting.extend(unit.successors(block)),
        }
        waiting.extend(unit.handlers(block).iter().map(|h| h.block));
    }
    returns_null
}
