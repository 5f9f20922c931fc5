//! Fields that a method gives a new resource each time it is called, and does not ask whether the last one is still there.

use super::acquire::Obligation;
use super::callees::{Callees, MAX_TARGETS, is_this};
use super::closing;
use super::follow::Followed;
use super::overwritten::field_of;
use super::places;
use super::uses::{Use, Uses};
use crate::dataflow::Body;
use crate::dataflow::exceptions::Thrown;
use crate::dataflow::paths::{After, Start, Tested, Watch, walk};
use crate::dataflow::unload::is_start;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, ValueId};

/// Callees that are asked whether they have to do with the field.
const MAX_DEPTH: u32 = 3;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 32;
/// How methods are named that are called again and again: a name, or its beginning before a capital.
const RENEWERS: [&str; 14] = [
    "change", "move", "next", "refresh", "reload", "renew", "reopen", "replace", "reset", "restart", "roll",
    "rollover", "rotate", "switch",
];

/// How methods are named that may be called again, and as a rule are not.
const SETTER: &str = "set";

/// Whether a method is called again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Again {
    /// It is seen to be, or named so.
    Surely,
    /// By its name it may be.
    Perhaps,
}

/// The write by which the next call of a method drops what this one has stored in a field, if the method may well be
/// called again on the same object. The class has to release what the field holds elsewhere: it is the owner.
pub(super) fn by_next_call(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
    uses: &Uses,
) -> Option<(u16, Again)> {
    let world = callees.world;
    let name = world.program.text(body.method.name);
    // A container that does so once for each object has no loop that the object is in twice.
    if is_start(world, body.id) {
        return None;
    }
    let is_fit =
        obligation.is_open && !obligation.is_presumed && !closing::is_inferred(world, obligation.resource);
    if !is_fit || name.starts_with('<') {
        return None;
    }
    let stores = uses.list.iter().filter(|(_, _, found)| *found == Use::Escapes).filter_map(|(at, ..)| {
        let event = body.origins.events().get(usize::from(*at))?;
        let is_own =
            event.kind == EventKind::PutStatic || event.kind == EventKind::PutField && is_this(body, event);
        Some((*at, field_of(callees, body, event).filter(|_| is_own)?))
    });
    let mut stores = stores.filter(|(_, field)| is_released_elsewhere(callees, body, *field));
    stores.find_map(|(at, field)| {
        let watch = Replacing { callees, body, at, field, minds_tests: true };
        let found = walk(world, body, &watch, Start::Entry, 0);
        let again = found.iter().any(|exit| exit.at == at).then(|| is_called_again(callees, body, field))?;
        Some((at, again?))
    })
}

/// Whether another method of the class releases what a field holds.
fn is_released_elsewhere(callees: &Callees<'_, '_>, body: Body<'_>, field: FieldId) -> bool {
    let world = callees.world;
    let mut reads = world.fields.reads(field).filter(|r| r.method != body.id);
    world.program.class_of_field(field) == body.class
        && reads.any(|read| {
            let reader = world.body(read.method);
            reader.class == body.class
                && Followed::value(callees, reader, Value::Event(u32::from(read.event))).is_ever_released()
        })
}

/// Whether a method is seen to be called more than once on an object, or is named so. A caller that has to do with the
/// field itself has asked before.
fn is_called_again(callees: &Callees<'_, '_>, body: Body<'_>, field: FieldId) -> Option<Again> {
    let world = callees.world;
    let sites = world.sites.of(body.id, MAX_SITES).unwrap_or_default();
    let name = world.program.text(body.method.name);
    let begins =
        |word: &str| name.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_lowercase));
    let is_renewer = RENEWERS.iter().any(|word| begins(word));
    if sites.is_empty() && is_renewer {
        return Some(Again::Surely);
    }
    let is_unasked = |caller: Body<'_>, at: u16| {
        let Some(call) = caller.origins.events().get(usize::from(at)) else { return false };
        let mut before = caller.origins.events().iter().take(usize::from(at));
        let is_fresh = caller.class != body.class && is_made_for_each_call(caller, at, call);
        !is_fresh && !before.any(|e| concerns(callees, caller, e, field, MAX_DEPTH))
    };
    let is_first = |caller: Body<'_>| world.program.text(caller.method.name).starts_with('<');
    let callers = || sites.iter().map(|s| (world.body(s.caller), s.event));
    let is_set_before = callers().any(|(caller, _)| is_first(caller));
    let mut later = callers().filter(|(caller, at)| !is_first(*caller) && is_unasked(*caller, *at));
    let is_again =
        later.any(|(caller, at)| is_renewer || is_set_before || comes_back(callees, caller, at, field));
    match is_again {
        true => Some(Again::Surely),
        false => (sites.is_empty() && begins(SETTER)).then_some(Again::Perhaps),
    }
}

/// Whether a loop comes back to a call with nothing in between that has to do with the field.
fn comes_back(callees: &Callees<'_, '_>, body: Body<'_>, at: u16, field: FieldId) -> bool {
    let watch = Replacing { callees, body, at, field, minds_tests: false };
    walk(callees.world, body, &watch, Start::After(at), 0).iter().any(|exit| exit.at == at)
}

/// Whether the caller makes the object that it calls the method on, and a new one for each call.
fn is_made_for_each_call(body: Body<'_>, at: u16, call: &Event) -> bool {
    let made = body.origins.leaves(body.origins.arg(call, 0)).find_map(|leaf| {
        let (i, made) = body.origins.event(leaf)?;
        (made.kind == EventKind::New).then_some(i)
    });
    made.and_then(|i| u16::try_from(i).ok())
        .is_some_and(|made| !places::is_repeated_without(body, at, Some(made)))
}

/// Whether an event reads or writes a field, by itself or in what it calls.
fn concerns(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event, field: FieldId, depth: u32) -> bool {
    if event.kind.has_field() {
        return field_of(callees, body, event) == Some(field);
    }
    if !event.kind.is_invoke() || depth == 0 {
        return false;
    }
    let targets = callees.targets(body, event, MAX_TARGETS).unwrap_or_default();
    targets.iter().any(|target| {
        let callee = callees.world.body(*target);
        let events = callee.origins.events();
        callees.spend(events.len()) && events.iter().any(|e| concerns(callees, callee, e, field, depth - 1))
    })
}

/// The ways to an event, a write of a field or a call of what writes it, on which nobody has asked for the last value.
struct Replacing<'f, 'c, 'w> {
    callees: &'f Callees<'c, 'w>,
    body: Body<'f>,
    at: u16,
    field: FieldId,
    /// Whether a way that depends on the object's state is one on which somebody has asked.
    minds_tests: bool,
}

impl Replacing<'_, '_, '_> {
    /// Whether a value says something of the object's state: a flag of its own, what the field holds, or what a method of
    /// its own answers. Numbers say how much, not whether.
    fn is_of_state(&self, value: ValueId) -> bool {
        let program = self.callees.world.program;
        self.body.origins.leaves(value).any(|leaf| {
            let Some((_, event)) = self.body.origins.event(leaf) else { return false };
            if event.kind.has_field() {
                let field = field_of(self.callees, self.body, event);
                return field
                    .is_some_and(|f| f == self.field || !is_number(program.text(program.field(f).desc)));
            }
            let receiver = self.body.origins.args(event).first().filter(|_| event.kind.has_receiver());
            receiver.is_some_and(|r| {
                is_this(self.body, event)
                    || self.body.origins.leaves(*r).any(|leaf| {
                        let read = self.body.origins.event(leaf).filter(|(_, e)| e.kind.has_field());
                        read.is_some()
                    })
            })
        })
    }
}

fn is_number(desc: &str) -> bool {
    matches!(desc, "B" | "S" | "I" | "J" | "F" | "D")
}

impl Watch for Replacing<'_, '_, '_> {
    fn after(&self, event: u16, state: u32, _has_failed: bool) -> After {
        if event == self.at {
            return After::Again;
        }
        let found = self.body.origins.events().get(usize::from(event));
        let is_asked = found.is_none_or(|e| concerns(self.callees, self.body, e, self.field, MAX_DEPTH));
        if is_asked { After::Settled } else { After::Goes(state) }
    }

    fn thrown(&self, _event: u16, _state: u32) -> Vec<Thrown> {
        Vec::new()
    }

    fn goes_on(&self, n_events: usize) -> bool {
        self.callees.spend(n_events)
    }

    fn takes(&self, block: u16, _edge: usize, _state: u32) -> bool {
        let block = self.body.origins.unit.blocks_of(self.body.method).get(usize::from(block));
        block
            .and_then(|b| Tested::of(self.body, b))
            .is_none_or(|test| !self.minds_tests || !self.is_of_state(test.value))
    }
}
