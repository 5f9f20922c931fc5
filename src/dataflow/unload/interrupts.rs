//! Whether an interrupt ends a loop: it is asked for, or what it throws leaves the loop.

use crate::dataflow::knowledge::groups;
use crate::dataflow::{Body, World};
use crate::facts::{Event, Handler, NO_NAME};
use crate::vocabulary::ValueId;

/// Where the calls are that an interrupt makes throw.
const INTERRUPTIBLE: [&str; 3] = ["java/lang/", "java/util/concurrent/", "java/nio/file/"];
/// Of these, what returns instead.
const PARKING: &str = "java/util/concurrent/locks/LockSupport";
/// The types by which the exception can be caught.
const CAUGHT_AS: [&str; 3] = ["java/lang/InterruptedException", "java/lang/Exception", "java/lang/Throwable"];

/// Whether a value tells if the thread was interrupted.
pub(super) fn is_asked(world: &World<'_>, body: Body<'_>, value: ValueId) -> bool {
    let tests = world.knowledge.group(groups::INTERRUPT_TEST);
    let loader = world.program.class(body.class).loader;
    body.origins.leaves(value).any(|leaf| {
        let member = body.origins.event(leaf).and_then(|(_, e)| e.member());
        member.is_some_and(|m| world.knowledge.api_in(tests, loader, m).is_some())
    })
}

/// Whether the blocks of a loop wait, and go on looping whenever an interrupt ends the wait.
pub(super) fn are_swallowed(world: &World<'_>, body: Body<'_>, members: &[u16]) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let mut waits = false;
    for block in members.iter().filter_map(|b| blocks.get(usize::from(*b))) {
        let mut events = block.events().filter_map(|i| body.origins.events().get(i));
        if !events.any(|e| is_interruptible(world, body, e)) {
            continue;
        }
        waits = true;
        let catches =
            |h: &&Handler| h.catches == NO_NAME || CAUGHT_AS.contains(&world.program.text(h.catches));
        match unit.handlers(block).iter().find(catches) {
            Some(handler) if members.contains(&handler.block) => {}
            _ => return false,
        }
    }
    waits
}

fn is_interruptible(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
    let loader = world.program.class(body.class).loader;
    let owner = world.program.text(world.program.facts.members.get(member).owner);
    owner != PARKING
        && INTERRUPTIBLE.iter().any(|p| owner.starts_with(p))
        && world.knowledge.api_of(groups::BLOCKING_CALL, loader, member).is_some()
}
