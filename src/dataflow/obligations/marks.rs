//! Values that are tested for null and are not there until something else has happened: what is null until the last call
//! of a `try` has succeeded says whether it did.

use crate::dataflow::Body;
use crate::dataflow::paths::{Tested, block_of};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Values that one walk keeps in mind; each doubles what it may visit.
const MAX_MARKS: usize = 5;
/// Bits of a walk's state below the one that says that something is open.
const MAX_BITS: usize = 31;

/// The values, each with a bit of the walk's state.
#[derive(Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
    /// New objects that are there on every way to the start of the walk.
    certain: Vec<Value>,
}

struct Mark {
    value: Value,
    /// The event after which it is there: the one that yields it, or the constructor's call.
    event: u16,
    bit: u32,
}

impl Marks {
    /// For a walk from an event (`None`: from the entry) that uses that many bits already.
    pub(super) fn find(body: Body<'_>, start: Option<u16>, used: usize) -> Self {
        let blocks = body.origins.unit.blocks_of(body.method);
        let tests = blocks.iter().filter_map(|b| Tested::of(body, b)).filter(|t| t.is_null);
        let mut marks = Self::default();
        for test in tests {
            let leaves = || body.origins.leaves(test.value);
            let is_null_or_made = leaves().all(|l| matches!(l, Value::Null | Value::Event(_)));
            if !is_null_or_made || !leaves().any(|l| l == Value::Null) {
                continue;
            }
            for leaf in leaves() {
                let at = used + marks.list.len();
                let is_known = marks.list.iter().any(|m| m.value == leaf);
                if is_known || marks.list.len() >= MAX_MARKS || at >= MAX_BITS {
                    continue;
                }
                // What may have happened before the walk starts is there whether or not it happens again.
                let Some(event) = there_after(body, leaf) else { continue };
                if !may_precede(body, event, start) {
                    marks.list.push(Mark { value: leaf, event, bit: 1 << at });
                } else if is_new(body, leaf) && surely_precedes(body, event, start) {
                    marks.certain.push(leaf);
                }
            }
        }
        marks
    }

    /// The bits that an event sets when it has ended normally.
    pub(super) fn set_by(&self, event: u16) -> u32 {
        self.list.iter().filter(|m| m.event == event).fold(0, |bits, m| bits | m.bit)
    }

    /// Whether an operand is an object that was there before the walk has started. That it was forgotten since, and is
    /// then asked for, is not reckoned with.
    pub(super) fn is_surely_there(&self, body: Body<'_>, operand: ValueId) -> bool {
        let mut made = body.origins.leaves(operand).filter(|leaf| *leaf != Value::Null).peekable();
        made.peek().is_some() && made.all(|leaf| self.certain.contains(&leaf))
    }

    /// Whether a value may be there in a state.
    pub(super) fn may_be_there(&self, value: Value, state: u32) -> bool {
        self.list.iter().find(|m| m.value == value).is_none_or(|m| state & m.bit != 0)
    }
}

fn there_after(body: Body<'_>, value: Value) -> Option<u16> {
    let (i, made) = body.origins.event(value)?;
    if made.kind != EventKind::New {
        return u16::try_from(i).ok();
    }
    let constructs = |e: &Event| {
        e.kind == EventKind::InvokeSpecial && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == value)
    };
    let at = body.origins.events().iter().position(constructs)?;
    u16::try_from(at).ok()
}

fn is_new(body: Body<'_>, value: Value) -> bool {
    body.origins.event(value).is_some_and(|(_, made)| made.kind == EventKind::New)
}

/// Whether every way from the entry to `start` passes an event.
fn surely_precedes(body: Body<'_>, event: u16, start: Option<u16>) -> bool {
    let unit = body.origins.unit;
    let at = |event| block_of(unit, body.method, event);
    let (Some(barred), Some(to)) = (at(event), start.and_then(at)) else { return false };
    if barred == to {
        return start.is_some_and(|start| event < start);
    }
    let blocks = unit.blocks_of(body.method);
    let mut seen = vec![false; blocks.len()];
    let mut waiting = vec![0u16];
    while let Some(at) = waiting.pop() {
        let (Some(block), Some(seen)) = (blocks.get(usize::from(at)), seen.get_mut(usize::from(at))) else {
            continue;
        };
        // The block that holds the event may be left by an exception before it.
        if at == to {
            return false;
        }
        if !std::mem::replace(seen, true) {
            waiting.extend(unit.handlers(block).iter().map(|h| h.block));
            if at != barred {
                waiting.extend(unit.successors(block));
            }
        }
    }
    true
}

/// Whether an event may happen before a walk starts after `start`.
fn may_precede(body: Body<'_>, event: u16, start: Option<u16>) -> bool {
    let unit = body.origins.unit;
    let Some(start) = start else { return false };
    let (Some(from), Some(to)) = (block_of(unit, body.method, event), block_of(unit, body.method, start))
    else {
        return true;
    };
    if from == to && event <= start {
        return true;
    }
    let blocks = unit.blocks_of(body.method);
    let mut seen = vec![false; blocks.len()];
    let mut waiting: Vec<u16> = Vec::new();
    let onward = |block: u16, waiting: &mut Vec<u16>| {
        if let Some(block) = blocks.get(usize::from(block)) {
            waiting.extend(unit.successors(block));
            waiting.extend(unit.handlers(block).iter().map(|h| h.block));
        }
    };
    onward(from, &mut waiting);
    while let Some(at) = waiting.pop() {
        if at == to {
            return true;
        }
        if let Some(seen) = seen.get_mut(usize::from(at))
            && !std::mem::replace(seen, true)
        {
            onward(at, &mut waiting);
        }
    }
    false
}
