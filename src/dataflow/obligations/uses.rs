//! What the events of a body do to one obligation.

use super::acquire::{Held, Obligation};
use super::callees::{Callees, is_this};
use crate::dataflow::Body;
use crate::dataflow::operands::{Operand, Operands};
use crate::dataflow::paths::block_of;
use crate::facts::{Event, EventKind, NO_VALUE, Value};
use crate::program::CallSite;
use crate::vocabulary::ValueId;

/// Values that one obligation may be reached by; further ones are not seen.
pub(super) const MAX_FACES: usize = 30;
/// The bit of a walk's state that says that there is something to release; the others stand for faces.
pub(super) const OPEN: u32 = 1 << 31;
/// Rounds over a body in which faces are found; a loop that carries one backwards needs a second.
const MAX_ROUNDS: usize = 4;
/// Fields and calls that two ways to an object are compared along.
pub(super) const MAX_STEPS: u32 = 4;

/// Call sites looked at for a method that may be a part of constructors.
const MAX_CONSTRUCTORS: usize = 8;

/// The object that a constructor, or a method, is run on.
pub(super) const OWN: Value = Value::Param(0);

/// What an event does to one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// Nothing.
    Keeps,
    /// Releases it, also if the event throws.
    Releases,
    /// Releases it, but not if the event throws.
    ReleasesUnlessThrown,
    /// Stores it where it outlives the method, or hands it to somebody who may.
    Escapes,
    /// Hands it to a method of which nothing is known. Whoever releases it afterwards has only lent it.
    Lends,
    /// Returns it.
    Returns,
    /// From now on it is also reached, and released, by that value.
    Becomes(Value),
    /// The same, and whoever makes the value releases it if that fails.
    TakenOver(Value),
    /// That value is released with it, but not it with the value.
    HandsOut(Value),
    /// Takes what has to be given back, also if the event throws.
    Opens,
    /// Takes what has to be given back, but not if the event throws.
    OpensUnlessThrown,
}

/// A value that an obligation is reached by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Face {
    pub(super) value: Value,
    /// Whether releasing the value releases the obligation.
    pub(super) releases: bool,
}

/// The faces of an obligation, and the uses of them. A face exists on a path once its event has ended normally.
pub(super) struct Uses {
    /// The first is the obligation itself.
    pub(super) faces: Vec<Face>,
    /// (event, operand, use), by event; without [`Use::Keeps`].
    pub(super) list: Vec<(u16, ValueId, Use)>,
}

impl Uses {
    /// Of a value.
    pub(super) fn of_value(
        callees: &Callees<'_, '_>,
        body: Body<'_>,
        value: Value,
        releases_fail: bool,
    ) -> Self {
        let operands = callees.operands(body);
        let mut uses = Self { faces: vec![Face { value, releases: true }], list: Vec::new() };
        for _ in 0..MAX_ROUNDS {
            if uses.is_complete_after(callees, body, &operands, releases_fail) {
                break;
            }
        }
        uses
    }

    /// One round over the operands that may be a face, in the order of the code. Whether another one would find the same:
    /// no face was found after something that it concerns.
    fn is_complete_after(
        &mut self,
        callees: &Callees<'_, '_>,
        body: Body<'_>,
        operands: &Operands,
        releases_fail: bool,
    ) -> bool {
        self.list.clear();
        let mut is_complete = true;
        let mut has_read = false;
        // The next one last.
        let mut waiting: Vec<Operand> = self.faces.iter().flat_map(|f| operands.of_value(f.value)).collect();
        sort_from_last(&mut waiting);
        if !callees.spend(waiting.len()) {
            return true;
        }
        while let Some(at) = waiting.pop() {
            let Some(event) = body.origins.events().get(usize::from(at.0)) else { continue };
            let before = self.faces.len();
            self.add_operand(callees, body, at, event, releases_fail);
            has_read |= event.kind == EventKind::GetField;
            if self.faces.len() > before {
                // Whether a field is read back depends on the faces.
                is_complete &= !has_read;
                for of_face in operands.of_value(self.faces[before].value) {
                    is_complete &= of_face >= at;
                    if of_face > at {
                        waiting.push(of_face);
                    }
                }
                sort_from_last(&mut waiting);
            }
        }
        is_complete
    }

    fn add_operand(
        &mut self,
        callees: &Callees<'_, '_>,
        body: Body<'_>,
        (i, position): Operand,
        event: &Event,
        releases_fail: bool,
    ) {
        let position = usize::from(position);
        let operand = body.origins.arg(event, position);
        let Some(face) = self.face_of(body, operand, u32::MAX) else { return };
        let found = match use_of(callees, body, (usize::from(i), event), position, &self.faces, releases_fail)
        {
            Use::Keeps => return,
            Use::Releases | Use::ReleasesUnlessThrown if !face.releases && face.value != OWN => return,
            // Whoever gets it keeps the obligation alive, but can't settle it.
            Use::Returns if !face.releases => Use::Escapes,
            found => found,
        };
        match found {
            Use::Becomes(value) | Use::TakenOver(value) => {
                // What a constructor reads from its own field is what it has put there, whatever has the object.
                let releases = face.releases || event.kind == EventKind::GetField;
                self.add_face(Face { value, releases });
            }
            Use::HandsOut(value) => self.add_face(Face { value, releases: false }),
            _ => {}
        }
        self.list.push((i, operand, found));
    }

    fn add_face(&mut self, face: Face) {
        if self.faces.len() < MAX_FACES && self.faces.iter().all(|f| f.value != face.value) {
            self.faces.push(face);
        }
    }

    /// The first face among those of `state` (a bit for each) that an operand may be.
    pub(super) fn face_of(&self, body: Body<'_>, operand: ValueId, state: u32) -> Option<Face> {
        let mut faces = self.faces.iter().enumerate().filter(|(bit, _)| state >> bit & 1 == 1);
        faces.find(|(_, f)| body.origins.may_be(operand, f.value)).map(|(_, f)| *f)
    }

    /// The bit of a face.
    pub(super) fn bit(&self, value: Value) -> u32 {
        self.faces.iter().position(|f| f.value == value).map_or(0, |bit| 1 << bit)
    }

    /// Adds the releases of values that the obligation is released with.
    pub(super) fn add_owners(&mut self, callees: &Callees<'_, '_>, body: Body<'_>, owners: &[ValueId]) {
        if owners.is_empty() {
            return;
        }
        let leaves = owners.iter().flat_map(|owner| body.origins.leaves(*owner));
        let leaves: Vec<Value> = leaves.filter(|leaf| *leaf != Value::Null).collect();
        let is_owner = |operand: ValueId| leaves.iter().any(|leaf| body.origins.may_be(operand, *leaf));
        for (i, event) in body.origins.events().iter().enumerate().filter(|(_, e)| e.kind.is_invoke()) {
            for (position, operand) in body.origins.args(event).iter().enumerate() {
                let releases = || {
                    let found = use_of(callees, body, (i, event), position, &[], false);
                    matches!(found, Use::Releases | Use::ReleasesUnlessThrown)
                };
                if is_owner(*operand) && releases() {
                    self.list.push((i as u16, NO_VALUE, Use::Releases));
                }
            }
        }
        self.list.sort_by_key(|(event, ..)| *event);
    }

    /// Of the state of a shared object: only releases count, on whatever way leads to the same object; with `called` also
    /// those in what the body calls.
    pub(super) fn of_place(
        callees: &Callees<'_, '_>,
        body: Body<'_>,
        obligation: &Obligation,
        called: bool,
    ) -> Self {
        let mut uses = Self { faces: Vec::new(), list: Vec::new() };
        let Held::Place(place) = obligation.held else { return uses };
        let field = callees.field_behind(body, place).filter(|_| called);
        for (i, event) in body.origins.events().iter().enumerate() {
            // A task that gives it back is on its way once it is made.
            let runs = event.kind.is_invoke() || event.kind == EventKind::Lambda;
            if i == usize::from(obligation.event) || !runs {
                continue;
            }
            let releases = if callees.is_release_of(body, event, obligation.resource) {
                callees.gives_back_place(body, event, obligation.resource, place)
            } else {
                field.is_some_and(|f| callees.calls_release_of(body, event, obligation.resource, f))
            };
            if releases {
                uses.list.push((i as u16, NO_VALUE, Use::Releases));
            }
        }
        uses
    }
}

/// Sorts operands, the last first, each once.
fn sort_from_last(operands: &mut Vec<Operand>) {
    operands.sort_unstable_by(|a, b| b.cmp(a));
    operands.dedup();
}

fn use_of(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    (i, event): (usize, &Event),
    position: usize,
    faces: &[Face],
    releases_fail: bool,
) -> Use {
    match event.kind {
        EventKind::Return => Use::Returns,
        EventKind::PutField if position == 1 => put_field(callees, body, event),
        EventKind::GetField if reads_back(callees, body, event, faces) => {
            Use::Becomes(Value::Event(i as u32))
        }
        EventKind::PutStatic | EventKind::Lambda | EventKind::InvokeDynamic => Use::Escapes,
        EventKind::ArrayStore if position == 1 => unless_lost(callees, body, event),
        kind if kind.is_invoke() => match callees.use_at(body, i, event, position, releases_fail) {
            Use::Escapes if position > 0 => unless_lost(callees, body, event),
            found => found,
        },
        _ => Use::Keeps,
    }
}

/// What a collection or an array does to what is put into it.
fn unless_lost(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Use {
    if callees.is_lost_with_container(body, event) { Use::Keeps } else { Use::Escapes }
}

/// A constructor, or a part of one, that keeps something in a field which the object's `close` releases makes the object a
/// wrapper. Else the object has it all the same, unless the constructor fails: then nobody has either.
fn put_field(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Use {
    let program = callees.world.program;
    let is_init = program.is_constructor(body.method.name);
    let is_own = is_this(body, event) && (is_init || is_part_of_constructor(callees, body));
    let field = event.member().and_then(|m| program.refs(program.class(body.class).loader).field(m));
    match field {
        Some(field) if is_own && callees.class_releases_field(body.class, field) => Use::Becomes(OWN),
        Some(_) if is_own => Use::HandsOut(OWN),
        _ => Use::Escapes,
    }
}

/// Whether nothing but the constructors of a method's object calls it, and none of them goes on when it fails.
fn is_part_of_constructor(callees: &Callees<'_, '_>, body: Body<'_>) -> bool {
    let world = callees.world;
    let program = world.program;
    let access = body.method.access;
    if access.is_static() || !access.is_private() && world.reach.is_open_world() {
        return false;
    }
    let sites = world.sites.of(body.id, MAX_CONSTRUCTORS).unwrap_or_default();
    let is_part = |site: &CallSite| {
        let caller = world.body(site.caller);
        let Some(call) = world.event(site.caller, site.event) else { return false };
        let unit = caller.origins.unit;
        let block = block_of(unit, caller.method, site.event);
        let block = block.and_then(|b| unit.blocks_of(caller.method).get(usize::from(b)));
        program.is_constructor(caller.method.name)
            && program.is_subtype(caller.class, body.class)
            && call.kind.has_receiver()
            && caller.origins.leaves(caller.origins.arg(call, 0)).all(|leaf| leaf == OWN)
            && block.is_some_and(|b| unit.handlers(b).is_empty())
    };
    !sites.is_empty() && sites.iter().all(is_part)
}

/// Whether a constructor reads from a field of its own object what it has put there.
fn reads_back(callees: &Callees<'_, '_>, body: Body<'_>, read: &Event, faces: &[Face]) -> bool {
    let program = callees.world.program;
    let refs = program.refs(program.class(body.class).loader);
    let field_of = |event: &Event| event.member().and_then(|m| refs.field(m));
    let is_face = |value| faces.iter().any(|f| f.releases && body.origins.may_be(value, f.value));
    let keeps = |put: &Event| {
        put.kind == EventKind::PutField
            && is_this(body, put)
            && field_of(put) == field_of(read)
            && is_face(body.origins.arg(put, 1))
    };
    !faces.is_empty() && is_this(body, read) && body.origins.events().iter().any(keeps)
}

/// Whether two operands are reached the same way: from the same value, by the same fields and calls.
pub(super) fn is_same_place(body: Body<'_>, a: ValueId, b: ValueId, steps: u32) -> bool {
    a != NO_VALUE
        && (a == b
            || body.origins.leaves(a).any(|x| body.origins.leaves(b).any(|y| is_same(body, x, y, steps))))
}

fn is_same(body: Body<'_>, a: Value, b: Value, steps: u32) -> bool {
    if matches!(a, Value::Unknown | Value::Null | Value::Merge { .. }) {
        return false;
    }
    if a == b {
        return true;
    }
    let (Some((_, x)), Some((_, y))) = (body.origins.event(a), body.origins.event(b)) else { return false };
    let is_path = |kind: EventKind| {
        kind.is_invoke() || matches!(kind, EventKind::GetField | EventKind::GetStatic | EventKind::ArrayLoad)
    };
    let (from_x, from_y) = (body.origins.args(x), body.origins.args(y));
    steps > 0
        && x.kind == y.kind
        && x.target == y.target
        && is_path(x.kind)
        && from_x.len() == from_y.len()
        && from_x.iter().zip(from_y).all(|(x, y)| is_same_place(body, *x, *y, steps - 1))
}
