//! States of shared objects, such as locks, of which one body alone does not tell whether they are given back.

use super::acquire::{Held, Obligation};
use super::callees::Callees;
use super::uses::{MAX_STEPS, is_same_place};
use crate::dataflow::Body;
use crate::dataflow::exceptions::Thrown;
use crate::dataflow::paths::{After, Flags, Start, Tested, Watch, block_of, walk};
use crate::facts::{Event, EventKind};
use crate::vocabulary::descriptor::{self, TypeDesc};
use crate::vocabulary::{Access, ValueId};
use std::cell::RefCell;

/// Whether what a body takes can't be judged by the body alone: its callers hold it when they call, since the body gives
/// it back before it takes it again; or a loop takes one after another of many, which another loop gives back.
pub(super) fn is_untold(callees: &Callees<'_, '_>, body: Body<'_>, obligation: &Obligation) -> bool {
    let Held::Place(place) = obligation.held else { return false };
    is_held_on_entry(callees, body, obligation, place)
        || is_one_of_many(body, place, MAX_STEPS) && is_in_loop(body, obligation.event)
        || is_given_back_elsewhere(callees, body, obligation, place)
        || is_attempt(callees, body, obligation) && keeps_flag(body)
}

/// Whether the call that takes it says whether it has.
fn is_attempt(callees: &Callees<'_, '_>, body: Body<'_>, obligation: &Obligation) -> bool {
    let program = callees.world.program;
    let event = body.origins.events().get(usize::from(obligation.event));
    let member = event.and_then(|e| e.member()).map(|m| program.facts.members.get(m));
    member.is_some_and(|m| descriptor::return_type(program.text(m.desc)) == TypeDesc("Z"))
}

/// Whether a test asks a variable that is one constant here and another there: what an attempt has said may be in it.
fn keeps_flag(body: Body<'_>) -> bool {
    let blocks = body.origins.unit.blocks_of(body.method).iter();
    blocks.filter_map(|b| Tested::of(body, b)).any(|t| t.is_flag(body, Flags::Constants))
}

/// Whether another method gives back what this one takes, and takes none itself. Of what is no matter of paths, as a permit
/// is, which any thread may give back.
fn is_given_back_elsewhere(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
    place: ValueId,
) -> bool {
    let world = callees.world;
    let facts = world.knowledge.tables.resources.get(usize::from(obligation.resource));
    facts.is_some_and(|r| !r.check_paths) && has_counterpart(callees, body, obligation, place)
}

/// Whether a body takes on its usual way what another method is there to give back: one that gives it back, and takes none
/// itself. How an exception leaves the body is another matter.
pub(super) fn is_left_to_counterpart(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
) -> bool {
    let Held::Place(place) = obligation.held else { return false };
    has_counterpart(callees, body, obligation, place)
}

/// Whether a body takes what any thread may give back, and leaves that to a task which it makes.
pub(super) fn is_left_to_task(callees: &Callees<'_, '_>, body: Body<'_>, obligation: &Obligation) -> bool {
    let Held::Place(place) = obligation.held else { return false };
    let facts = callees.world.knowledge.tables.resources.get(usize::from(obligation.resource));
    let mut calls = body.origins.events().iter().filter(|e| e.kind.is_invoke());
    facts.is_some_and(|r| !r.check_paths)
        && !calls.any(|e| {
            callees.is_release_of(body, e, obligation.resource)
                || callees.gives_back_place(body, e, obligation.resource, place)
        })
}

/// Whether another method gives back what this one takes, and takes none itself.
fn has_counterpart(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
    place: ValueId,
) -> bool {
    let world = callees.world;
    let Some(field) = callees.field_behind(body, place) else { return false };
    let gives_back = |method| {
        let other = world.body(method);
        let is_its = |event: &Event| {
            other.origins.args(event).iter().any(|v| callees.field_behind(other, *v) == Some(field))
        };
        let mut of_it = other.origins.events().iter().filter(|e| e.kind.is_invoke() && is_its(e));
        let mut acquires = of_it.clone().filter(|e| callees.is_acquire_of(other, e, obligation.resource));
        of_it.any(|e| callees.is_release_of(other, e, obligation.resource)) && acquires.next().is_none()
    };
    // A task is part of the method that makes it, which says what it is for.
    let is_task = |method| world.program.method(method).access.has(Access::SYNTHETIC);
    let mut reads = world.fields.reads(field).filter(|read| read.method != body.id && !is_task(read.method));
    reads.any(|read| gives_back(read.method))
}

/// Something before gives it back that the body has not taken: in code order that is the first thing which is done to it,
/// or no usual way has it taken there.
fn is_held_on_entry(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
    place: ValueId,
) -> bool {
    let before = body.origins.events().iter().enumerate().take(usize::from(obligation.event));
    let of_it = before.filter(|(_, event)| {
        event.kind.is_invoke() && callees.gives_back_place(body, event, obligation.resource, place)
            || body.origins.args(event).iter().any(|v| is_same_place(body, *v, place, MAX_STEPS))
    });
    let steps: Vec<Step> = of_it
        .filter_map(|(at, event)| {
            let releases = callees.is_release_of(body, event, obligation.resource);
            let concerns = releases || callees.is_acquire_of(body, event, obligation.resource);
            concerns.then_some(Step { at: at as u16, releases })
        })
        .collect();
    match steps.iter().position(|s| s.releases) {
        None => false,
        Some(0) => true,
        Some(_) => {
            let watch = Balance { callees, steps: &steps, taken: RefCell::new(vec![NEVER; steps.len()]) };
            walk(callees.world, body, &watch, Start::Entry, GIVEN_BACK);
            let taken = watch.taken.borrow();
            steps.iter().zip(taken.iter()).any(|(step, taken)| step.releases && *taken == GIVEN_BACK)
        }
    }
}

/// A call that takes a place or gives it back.
struct Step {
    at: u16,
    releases: bool,
}

/// The states of [`Balance`]: bits, as far as ways with either come to a step.
const NEVER: u32 = 0;
const GIVEN_BACK: u32 = 1;
const TAKEN: u32 = 2;

/// The usual ways through a body, with whether it has a place when it comes to each step.
struct Balance<'f, 'c, 'w> {
    callees: &'f Callees<'c, 'w>,
    steps: &'f [Step],
    taken: RefCell<Vec<u32>>,
}

impl Watch for Balance<'_, '_, '_> {
    fn after(&self, event: u16, state: u32, _has_failed: bool) -> After {
        let Ok(found) = self.steps.binary_search_by_key(&event, |s| s.at) else { return After::Goes(state) };
        if let Some(taken) = self.taken.borrow_mut().get_mut(found) {
            *taken |= state;
        }
        let releases = self.steps.get(found).is_some_and(|s| s.releases);
        After::Goes(if releases { GIVEN_BACK } else { TAKEN })
    }

    fn thrown(&self, _event: u16, _state: u32) -> Vec<Thrown> {
        Vec::new()
    }

    fn goes_on(&self, n_events: usize) -> bool {
        self.callees.spend(n_events)
    }

    fn takes(&self, _block: u16, _edge: usize, _state: u32) -> bool {
        true
    }
}

/// An element of an array on the way to it.
fn is_one_of_many(body: Body<'_>, value: ValueId, steps: u32) -> bool {
    steps > 0
        && body.origins.leaves(value).any(|leaf| {
            body.origins.event(leaf).is_some_and(|(_, event)| {
                event.kind == EventKind::ArrayLoad
                    || (event.kind == EventKind::GetField || is_getter(event))
                        && body.origins.args(event).iter().any(|v| is_one_of_many(body, *v, steps - 1))
            })
        })
}

/// A call on an object that is given nothing: what it yields is a part of the object, if it is a lock.
fn is_getter(event: &Event) -> bool {
    event.kind.has_receiver() && event.n_args == 1
}

fn is_in_loop(body: Body<'_>, event: u16) -> bool {
    is_repeated_without(body, event, None)
}

/// Whether a loop comes back to an event without another one.
pub(super) fn is_repeated_without(body: Body<'_>, event: u16, other: Option<u16>) -> bool {
    let unit = body.origins.unit;
    let Some(start) = block_of(unit, body.method, event) else { return false };
    let barred = other.and_then(|other| block_of(unit, body.method, other));
    let blocks = unit.blocks_of(body.method);
    let mut seen = vec![false; blocks.len()];
    let mut waiting = vec![start];
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        for next in unit.successors(block).iter().copied() {
            if barred == Some(next) {
                continue;
            }
            if next == start {
                return true;
            }
            if let Some(seen) = seen.get_mut(usize::from(next))
                && !std::mem::replace(seen, true)
            {
                waiting.push(next);
            }
        }
    }
    false
}

/// The return of a method that takes one lock of a pair and gives back the other: the write lock stays taken after the
/// read lock was unlocked.
pub(super) fn left_by_mistake(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
) -> Option<u16> {
    let Held::Place(place) = obligation.held else { return None };
    let made = |value: ValueId| {
        let mut made = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        made.find(|(_, e)| e.kind.is_invoke() && e.kind.has_receiver()).map(|(_, e)| e)
    };
    let taken = made(place)?;
    let pair = body.origins.arg(taken, 0);
    let is_other = |value: &ValueId| {
        made(*value).is_some_and(|other| {
            other.target != taken.target && is_same_place(body, body.origins.arg(other, 0), pair, MAX_STEPS)
        })
    };
    let is_own = |value: &ValueId| is_same_place(body, *value, place, MAX_STEPS);
    let releases = |e: &Event| callees.is_release_of(body, e, obligation.resource);
    let takes = |e: &Event| callees.is_acquire_of(body, e, obligation.resource);
    let calls = |is_meant: &dyn Fn(&Event) -> bool, of: &dyn Fn(&ValueId) -> bool| {
        let mut calls = body.origins.events().iter().filter(|e| e.kind.is_invoke() && is_meant(e));
        calls.any(|e| body.origins.args(e).iter().any(of))
    };
    let is_mistaken = calls(&releases, &is_other) && !calls(&takes, &is_other) && !calls(&releases, &is_own);
    let returns = body.origins.events().iter().position(|e| e.kind == EventKind::Return);
    returns.filter(|_| is_mistaken).and_then(|at| u16::try_from(at).ok())
}
