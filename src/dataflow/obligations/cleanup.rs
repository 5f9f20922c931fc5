//! Calls that clean up: a method that releases and does more, run where something has failed. That this fails as well, before
//! it comes to the release, is not reckoned with.

use super::callees::Callees;
use super::uses::{Use, Uses};
use crate::dataflow::Body;
use crate::facts::Event;

/// The events of a body that release what is followed unless they throw, in a handler or in the compiler's copy of one
/// for another way out, which shares its line.
pub(super) fn events(callees: &Callees<'_, '_>, body: Body<'_>, uses: &Uses) -> Vec<u16> {
    let mut candidates =
        uses.list.iter().filter(|(_, _, found)| *found == Use::ReleasesUnlessThrown).peekable();
    if candidates.peek().is_none() {
        return Vec::new();
    }
    let events = body.origins.events();
    let at = |i: u16| events.get(usize::from(i));
    let candidates: Vec<u16> = candidates
        .map(|(i, ..)| *i)
        .filter(|i| at(*i).is_some_and(|e| does_more(callees, body, *i, e, uses)))
        .collect();
    let is_usual = reached_normally(body);
    let is_in_handler = |i: u16| !is_usual.get(usize::from(i)).copied().unwrap_or(true);
    let line = |i: u16| at(i).map_or(0, |e| e.line);
    let lines: Vec<u16> = candidates.iter().filter(|i| is_in_handler(**i)).map(|i| line(*i)).collect();
    let is_copy = |i: u16| line(i) != 0 && lines.contains(&line(i));
    candidates.iter().copied().filter(|i| is_in_handler(*i) || is_copy(*i)).collect()
}

/// Whether a call may throw before the release even if no other release fails.
fn does_more(callees: &Callees<'_, '_>, body: Body<'_>, i: u16, event: &Event, uses: &Uses) -> bool {
    body.origins.args(event).iter().enumerate().any(|(position, value)| {
        uses.face_of(body, *value, u32::MAX).is_some()
            && callees.use_at(body, usize::from(i), event, position, false) == Use::ReleasesUnlessThrown
    })
}

/// For each event whether a way without exceptions leads to it.
pub(super) fn reached_normally(body: Body<'_>) -> Vec<bool> {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let mut seen = vec![false; blocks.len()];
    let mut found = vec![false; body.origins.events().len()];
    let mut waiting = vec![0u16];
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        if seen.get_mut(usize::from(at)).is_none_or(|seen| std::mem::replace(seen, true)) {
            continue;
        }
        if let Some(events) = found.get_mut(block.events()) {
            events.fill(true);
        }
        waiting.extend(unit.successors(block));
    }
    found
}
