//! Writes of the first who comes: behind a test that nothing is there yet.

use super::changes::{Change, block_of};
use super::knowledge::groups;
use super::paths::Needed;
use super::{Body, World};
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::{Access, FieldId, MethodId, ValueId};
use rustc_hash::FxHashMap;
use std::cell::{OnceCell, RefCell};

/// Whether a change stands behind a test that the field is not set yet, that what it holds has no such entry, or that a
/// flag of the same class which the method sets as well is not set.
pub fn is_lazy(world: &World<'_>, change: &Change) -> bool {
    let sites = accessor(world, change.method).map_or(&[][..], |_| world.sites.resolved_to(change.method));
    match sites {
        [] => is_lazy_here(world, change),
        // What a nested class sets by the method that the compiler made for it, it asks for before.
        sites => {
            sites.iter().all(|s| is_lazy_here(world, &Change { method: s.caller, event: s.event, ..*change }))
        }
    }
}

fn is_lazy_here(world: &World<'_>, change: &Change) -> bool {
    let body = world.body(change.method);
    let unit = body.origins.unit;
    let Some(at) = block_of(unit, body, change.event) else { return false };
    let needed = OnceCell::new();
    let is_needed = |from: usize, via: u16| {
        needed.get_or_init(|| Needed::find(unit, body.method, at)).has(from as u16, via)
    };
    let known = RefCell::new(FxHashMap::default());
    let is_set = |flag: FieldId| {
        let find = || is_set_here(world, body, change.field, flag);
        *known.borrow_mut().entry(flag).or_insert_with(find)
    };
    unit.blocks_of(body.method).iter().enumerate().any(|(b, block)| {
        let (value, unset_edge) = match block.test() {
            Test::IsNull(v) | Test::IsZero(v) => (v, 0),
            Test::NonNull(v) | Test::NonZero(v) => (v, 1),
            Test::Same(one, other) => {
                return is_behind_mark(world, body, change, [one, other], (b, 0), (&is_needed, &is_set));
            }
            Test::Differ(one, other) => {
                return is_behind_mark(world, body, change, [one, other], (b, 1), (&is_needed, &is_set));
            }
            _ => return false,
        };
        let edges = unit.successors(block);
        let is_reference = matches!(block.test(), Test::IsNull(_) | Test::NonNull(_));
        let Some(asked) = asked(world, body, change.field, value, is_reference, &is_set) else {
            return false;
        };
        let edge = if asked == Asked::IsFirst { 1 - unset_edge } else { unset_edge };
        edges.len() == 2 && is_needed(b, edges[edge])
    })
}

/// Whether every way to a change passes the edge from a block to another one.
type IsNeeded<'a> = &'a dyn Fn(usize, u16) -> bool;
/// Whether a method sets a field.
type IsSet<'a> = &'a dyn Fn(FieldId) -> bool;

/// Whether a block is only reached by the edge on which another field, which the method sets too, still holds the constant
/// that says it is not set: `if (value == UNSET)`.
fn is_behind_mark(
    world: &World<'_>,
    body: Body<'_>,
    change: &Change,
    compared: [ValueId; 2],
    (block, unset_edge): (usize, usize),
    (is_needed, is_set_here): (IsNeeded<'_>, IsSet<'_>),
) -> bool {
    let program = world.program;
    let unit = body.origins.unit;
    let is_constant = |value: ValueId| {
        body.origins.leaves(value).all(|leaf| {
            field_read(world, body, leaf).is_some_and(|f| {
                let access = program.field(f).access;
                access.is_static() && access.is_final()
            })
        })
    };
    let is_set = |value: ValueId| {
        body.origins.leaves(value).any(|leaf| {
            let read = field_read(world, body, leaf);
            read.is_some_and(|f| f == change.field || is_set_here(f))
        })
    };
    let [one, other] = compared;
    let is_asked = is_constant(one) && is_set(other) || is_constant(other) && is_set(one);
    let edges = unit.blocks_of(body.method).get(block).map(|b| unit.successors(b)).unwrap_or_default();
    is_asked && edges.len() == 2 && edges.get(unset_edge).is_some_and(|edge| is_needed(block, *edge))
}

/// Whether an event stands behind a test that a static is not set yet which the same method sets as well, or the method
/// that the event calls.
pub fn is_guarded(world: &World<'_>, method: MethodId, event: u16) -> bool {
    let body = world.body(method);
    let unit = body.origins.unit;
    let Some(at) = block_of(unit, body, event) else { return false };
    let static_read = |leaf: Value| {
        field_read(world, body, leaf).filter(|field| world.program.field(*field).access.is_static())
    };
    // What a static holds is asked for by a call, and changed by another one.
    let held_by = |event: &Event| {
        let receiver = body.origins.args(event).first().filter(|_| event.kind.has_receiver());
        receiver.and_then(|r| body.origins.leaves(*r).find_map(static_read))
    };
    let changes = [groups::CONTAINER_MUTATOR, groups::ATOMIC_MUTATOR];
    let loader = world.program.class(body.class).loader;
    let sets = |field: FieldId| {
        body.origins.events().iter().any(|e| {
            let is_in =
                |group: &&str| e.member().is_some_and(|m| world.knowledge.api_of(group, loader, m).is_some());
            written_by(world, body, e) == Some(field)
                || e.kind.is_invoke() && held_by(e) == Some(field) && changes.iter().any(is_in)
        }) || sets_when_called(world, body, event, field)
    };
    let known = RefCell::new(FxHashMap::default());
    let is_set_here = |field: FieldId| *known.borrow_mut().entry(field).or_insert_with(|| sets(field));
    let needed = OnceCell::new();
    let is_needed = |from: usize, via: u16| {
        needed.get_or_init(|| Needed::find(unit, body.method, at)).has(from as u16, via)
    };
    unit.blocks_of(body.method).iter().enumerate().any(|(b, block)| {
        let (value, unset_edge) = match block.test() {
            Test::IsNull(v) | Test::IsZero(v) => (v, 0),
            Test::NonNull(v) | Test::NonZero(v) => (v, 1),
            _ => return false,
        };
        let edges = unit.successors(block);
        let leads = |to: Option<&u16>| to.is_some_and(|to| is_needed(b, *to));
        body.origins.leaves(value).any(|leaf| {
            if static_read(leaf).is_some_and(is_set_here) {
                return leads(edges.get(unset_edge));
            }
            let held = body.origins.event(leaf).and_then(|(_, e)| held_by(e)).filter(|_| edges.len() == 2);
            held.is_some_and(is_set_here) && edges.iter().any(|to| leads(Some(to)))
        })
    })
}

/// Whether the method that an event calls sets a static: `if (!ready) setUp()`.
fn sets_when_called(world: &World<'_>, body: Body<'_>, event: u16, field: FieldId) -> bool {
    let call = body.origins.events().get(usize::from(event)).filter(|e| e.kind.is_invoke());
    let called = call.and_then(|call| world.targets(body, call, 1)).unwrap_or_default();
    called.into_iter().map(|id| world.body(id)).any(|callee| {
        let mut events = callee.origins.events().iter();
        events.any(|e| written_by(world, callee, e) == Some(field))
    })
}

/// What a tested value says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Not null and not false when it is set.
    IsSet,
    /// True when it was not set.
    IsFirst,
}

fn asked(
    world: &World<'_>,
    body: Body<'_>,
    field: FieldId,
    value: ValueId,
    is_reference: bool,
    is_set_here: &dyn Fn(FieldId) -> bool,
) -> Option<Asked> {
    body.origins.leaves(value).find_map(|leaf| {
        let (_, event) = body.origins.event(leaf)?;
        // A place of an array is asked for like the field.
        let of_array = |leaf| field_read(world, body, leaf) == Some(field);
        let is_place = event.kind == EventKind::ArrayLoad
            && body.origins.leaves(body.origins.arg(event, 0)).any(of_array);
        if is_place || is_read_of(world, body, event, field) {
            return Some(Asked::IsSet);
        }
        let receiver = body.origins.args(event).first().filter(|_| event.kind.has_receiver());
        let read =
            receiver.and_then(|r| body.origins.leaves(*r).find_map(|leaf| field_read(world, body, leaf)));
        let loader = world.program.class(body.class).loader;
        let is_in = |group| {
            let member = event.member();
            member.is_some_and(|m| world.knowledge.api_of(group, loader, m).is_some())
        };
        match read {
            Some(read) if read == field && is_in(groups::CONTAINER_READ) => Some(Asked::IsSet),
            Some(read) if is_set_here(read) => {
                if is_in(groups::ATOMIC_CLAIM) {
                    Some(Asked::IsFirst)
                } else {
                    is_in(groups::CONTAINER_READ).then_some(Asked::IsSet)
                }
            }
            // The first entry of a registry sets what goes with it.
            Some(read) if is_in(groups::CONTAINER_EMPTY) && is_filled_here(world, body, field, read) => {
                Some(Asked::IsFirst)
            }
            Some(_) => None,
            None => {
                let flag = read_by(world, body, event)?;
                // What is null until it is set is as good as a flag.
                let is_flag = is_reference || world.program.text(world.program.field(flag).desc) == "Z";
                (is_flag && is_set_here(flag)).then_some(Asked::IsSet)
            }
        }
    })
}

fn is_read_of(world: &World<'_>, body: Body<'_>, event: &Event, field: FieldId) -> bool {
    read_by(world, body, event) == Some(field)
}

fn field_read(world: &World<'_>, body: Body<'_>, leaf: Value) -> Option<FieldId> {
    let (_, event) = body.origins.event(leaf)?;
    read_by(world, body, event)
}

/// The field that an event reads, by itself or by an accessor.
fn read_by(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    let is_read = |kind: EventKind| matches!(kind, EventKind::GetStatic | EventKind::GetField);
    access_by(world, body, event).filter(|(_, kind)| is_read(*kind)).map(|(field, _)| field)
}

/// The field that an event writes, by itself or by an accessor.
fn written_by(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    let is_write = |kind: EventKind| matches!(kind, EventKind::PutStatic | EventKind::PutField);
    access_by(world, body, event).filter(|(_, kind)| is_write(*kind)).map(|(field, _)| field)
}

fn access_by(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<(FieldId, EventKind)> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    match event.kind {
        kind if kind.has_field() => refs.field(event.member()?).map(|field| (field, kind)),
        EventKind::InvokeStatic => accessor(world, refs.method(event.member()?)?),
        _ => None,
    }
}

/// What a method reads or writes that a compiler made for nothing else: a private field is another class's to the JVM, even
/// where the one is nested in the other (JLS 13.1, before nests).
fn accessor(world: &World<'_>, method: MethodId) -> Option<(FieldId, EventKind)> {
    let access = world.program.method(method).access;
    if !access.is_synthetic() || !access.is_static() {
        return None;
    }
    let body = world.body(method);
    let mut events = body.origins.events().iter().filter(|e| e.kind != EventKind::Return);
    let (only, None) = (events.next()?, events.next()) else { return None };
    let refs = world.program.refs(world.program.class(body.class).loader);
    let field = refs.field(only.member().filter(|_| only.kind.has_field())?)?;
    Some((field, only.kind))
}

/// Whether `container` is another field of the same class and kind that the method puts something into.
fn is_filled_here(world: &World<'_>, body: Body<'_>, field: FieldId, container: FieldId) -> bool {
    let program = world.program;
    let is_static = |f: FieldId| program.field(f).access.has(Access::STATIC);
    let loader = program.class(body.class).loader;
    container != field
        && program.class_of_field(container) == program.class_of_field(field)
        && is_static(container) == is_static(field)
        && body.origins.events().iter().filter(|e| e.kind.is_invoke()).any(|event| {
            let member = event.member();
            let puts = [groups::COLLECTION_ADD, groups::MAP_PUT];
            member.is_some_and(|m| puts.iter().any(|g| world.knowledge.api_of(g, loader, m).is_some()))
                && body
                    .origins
                    .leaves(body.origins.arg(event, 0))
                    .any(|l| field_read(world, body, l) == Some(container))
        })
}

/// Whether `flag` is another field of the same class and kind that the method sets: by a write, or by claiming an atomic.
fn is_set_here(world: &World<'_>, body: Body<'_>, field: FieldId, flag: FieldId) -> bool {
    let program = world.program;
    let is_static = |f: FieldId| program.field(f).access.has(Access::STATIC);
    if flag == field
        || program.class_of_field(flag) != program.class_of_field(field)
        || is_static(flag) != is_static(field)
    {
        return false;
    }
    let claims = [groups::ATOMIC_MUTATOR, groups::ATOMIC_CLAIM];
    let loader = program.class(body.class).loader;
    body.origins.events().iter().any(|event| {
        let writes = written_by(world, body, event) == Some(flag);
        let claims = event.kind.is_invoke()
            && event
                .member()
                .is_some_and(|m| claims.iter().any(|g| world.knowledge.api_of(g, loader, m).is_some()))
            && body
                .origins
                .leaves(body.origins.arg(event, 0))
                .any(|l| field_read(world, body, l) == Some(flag));
        writes || claims
    })
}
