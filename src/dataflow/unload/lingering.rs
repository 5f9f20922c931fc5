//! Threads that wait a while for work, and end when none came.

use crate::dataflow::knowledge::groups;
use crate::dataflow::paths::{Tested, only_through_any};
use crate::dataflow::{Body, World};
use crate::facts::{Block, Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Casts between a wait's result and the value that is tested.
const MAX_CASTS: u32 = 3;

/// What the waits of a loop that come to an end of a time lead to when they have brought nothing.
#[derive(Default)]
pub(super) struct Lingering {
    /// The branches taken then, each from one block to another.
    edges: Vec<(u16, u16)>,
    /// The waits.
    waits: Vec<u16>,
}

impl Lingering {
    /// Looks at the blocks of a loop.
    pub(super) fn find(world: &World<'_>, body: Body<'_>, members: &[u16]) -> Self {
        let mut found = Self::default();
        let group = world.knowledge.group(groups::IDLE_WAIT);
        let loader = world.program.class(body.class).loader;
        let is_wait = |e: &Event| {
            let member = e.member().filter(|_| e.kind.is_invoke());
            member.is_some_and(|m| world.knowledge.api_in(group, loader, m).is_some())
        };
        if !body.origins.events().iter().any(is_wait) {
            return found;
        }
        let blocks = body.origins.unit.blocks_of(body.method);
        for b in members {
            let Some(block) = blocks.get(usize::from(*b)) else { continue };
            let Some(test) = Tested::of(body, block).filter(|t| t.is_null) else { continue };
            let Some(wait) = yielded_by(body, test.value, &is_wait, 0) else { continue };
            let nothing = body.origins.unit.successors(block).iter().enumerate();
            found.edges.extend(nothing.filter(|(edge, _)| test.outcome(*edge)).map(|(_, to)| (*b, *to)));
            found.waits.push(wait);
        }
        found
    }

    /// Whether a block, one from which the loop is left, is come to only when nothing has come.
    pub(super) fn leads_to(&self, body: Body<'_>, members: &[u16], block: u16) -> bool {
        let leaves = |(from, to): &(u16, u16)| *from == block && !members.contains(to);
        !self.edges.is_empty()
            && (self.edges.iter().any(leaves)
                || only_through_any(body.origins.unit, body.method, &self.edges, block))
    }

    /// The waits, which nobody has to end.
    pub(super) fn waits(self) -> Vec<u16> {
        self.waits
    }
}

/// The call that yields a value, perhaps after a cast, if it is a wait.
fn yielded_by(body: Body<'_>, value: ValueId, is_wait: &dyn Fn(&Event) -> bool, depth: u32) -> Option<u16> {
    body.origins.leaves(value).find_map(|leaf| {
        let (i, event) = body.origins.event(leaf)?;
        match event.kind {
            EventKind::CheckCast if depth < MAX_CASTS => {
                yielded_by(body, body.origins.arg(event, 0), is_wait, depth + 1)
            }
            _ => is_wait(event).then_some(i as u16),
        }
    })
}

/// Whether a block leaves a loop if there is nothing left to do: if a field holds nothing, or its container is empty. A
/// flag is what somebody else sets.
pub(super) fn asks_for_work(world: &World<'_>, body: Body<'_>, block: &Block, members: &[u16]) -> bool {
    let group = world.knowledge.group(groups::CONTAINER_EMPTY);
    let loader = world.program.class(body.class).loader;
    let is_emptiness = |leaf: Value| {
        let member = body.origins.event(leaf).and_then(|(_, e)| e.member());
        member.is_some_and(|m| world.knowledge.api_in(group, loader, m).is_some())
    };
    Tested::of(body, block).is_some_and(|test| {
        let to = body.origins.unit.successors(block).iter().enumerate();
        let mut leaving = to.filter(|(_, to)| !members.contains(to));
        leaving.all(|(edge, _)| test.outcome(edge) == test.is_null)
            && (test.is_null || body.origins.leaves(test.value).any(is_emptiness))
    })
}
