//! Fields that are given a new resource while they still hold the only way to the last one.

use super::acquire::Obligation;
use super::callees::Callees;
use super::uses::{Use, Uses, is_same_place};
use crate::dataflow::Body;
use crate::dataflow::exceptions::Thrown;
use crate::dataflow::paths::{After, Exit, Start, Tested, Watch, walk};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, ValueId};

/// Fields and calls between a method's own values and the object that has the field.
const MAX_STEPS: u32 = 2;

/// The writes that drop what an obligation was stored as, without anything in between that may have released it.
pub(super) fn by_another(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    obligation: &Obligation,
    uses: &Uses,
) -> Vec<Exit> {
    if !obligation.is_open || obligation.is_presumed {
        return Vec::new();
    }
    let stores = uses.list.iter().filter(|(_, _, found)| *found == Use::Escapes).filter_map(|(at, ..)| {
        let event = body.origins.events().get(usize::from(*at)).filter(|e| is_write(e))?;
        Some((*at, event, field_of(callees, body, event)?))
    });
    let mut found = Vec::new();
    for (at, store, field) in stores {
        let watch = Overwriting { callees, body, uses, store, at, field };
        found.extend(walk(callees.world, body, &watch, Start::After(at), 0));
    }
    found.retain(|exit| exit.at != obligation.event && is_write_at(body, exit.at));
    found
}

pub(super) fn is_write(event: &Event) -> bool {
    matches!(event.kind, EventKind::PutField | EventKind::PutStatic)
}

fn is_write_at(body: Body<'_>, event: u16) -> bool {
    body.origins.events().get(usize::from(event)).is_some_and(is_write)
}

pub(super) fn field_of(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    let program = callees.world.program;
    program.refs(program.class(body.class).loader).field(event.member()?)
}

struct Overwriting<'f, 'c, 'w> {
    callees: &'f Callees<'c, 'w>,
    body: Body<'f>,
    uses: &'f Uses,
    store: &'f Event,
    at: u16,
    field: FieldId,
}

impl Overwriting<'_, '_, '_> {
    /// Whether a value may be what was stored: a face of it, or what the field is read as.
    fn is_it(&self, value: ValueId) -> bool {
        let is_read = |leaf: Value| {
            let read = self.body.origins.event(leaf);
            read.is_some_and(|(_, e)| {
                matches!(e.kind, EventKind::GetField | EventKind::GetStatic)
                    && field_of(self.callees, self.body, e) == Some(self.field)
            })
        };
        self.uses.face_of(self.body, value, u32::MAX).is_some()
            || self.body.origins.leaves(value).any(is_read)
    }

    /// Whether an event reads the field for something that releases it or keeps it, perhaps only later.
    fn is_taken_out(&self, event: u16, read: &Event) -> bool {
        let is_read = matches!(read.kind, EventKind::GetField | EventKind::GetStatic)
            && field_of(self.callees, self.body, read) == Some(self.field);
        let it = Value::Event(u32::from(event));
        let takes = |user: &Event| {
            let args = self.body.origins.args(user).iter().enumerate();
            let is_receiver = |position: usize| position == 0 && user.kind.has_receiver();
            let mut own = args.filter(|(_, v)| self.body.origins.leaves(**v).any(|l| l == it));
            own.any(|(position, _)| !is_receiver(position) || self.callees.is_release(self.body, user))
        };
        let events = self.body.origins.events();
        is_read && self.callees.spend(events.len()) && events.iter().any(takes)
    }

    fn is_deployed(&self, call: &Event) -> bool {
        let program = self.callees.world.program;
        let refs = program.refs(program.class(self.body.class).loader);
        let target = call.member().and_then(|m| refs.method(m));
        target.is_none_or(|t| !program.is_jdk(program.class_of_method(t)))
    }

    /// Whether an event may release what was stored, or keep it elsewhere: it is handed on, or whoever has the field is.
    fn may_settle(&self, event: &Event) -> bool {
        let args = self.body.origins.args(event);
        let is_owner = |value: ValueId| {
            self.store.kind == EventKind::PutField
                && is_same_place(self.body, value, self.body.origins.arg(self.store, 0), MAX_STEPS)
        };
        match event.kind {
            EventKind::PutField | EventKind::ArrayStore => args.iter().skip(1).any(|v| self.is_it(*v)),
            EventKind::PutStatic | EventKind::Lambda | EventKind::InvokeDynamic | EventKind::Return => true,
            kind if kind.is_invoke() => {
                let first = usize::from(kind.has_receiver());
                args.iter().skip(first).any(|v| self.is_it(*v))
                    || args.iter().any(|v| is_owner(*v))
                    || self.callees.is_release(self.body, event)
                    || self.store.kind == EventKind::PutStatic && self.is_deployed(event)
            }
            _ => false,
        }
    }
}

impl Watch for Overwriting<'_, '_, '_> {
    fn after(&self, event: u16, state: u32, _has_failed: bool) -> After {
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return After::Settled };
        let is_same_field = found.kind == self.store.kind
            && field_of(self.callees, self.body, found) == Some(self.field)
            && (found.kind == EventKind::PutStatic
                || is_same_place(
                    self.body,
                    self.body.origins.arg(found, 0),
                    self.body.origins.arg(self.store, 0),
                    MAX_STEPS,
                ));
        let is_kept = || self.body.origins.args(found).last().is_some_and(|v| self.is_it(*v));
        // Coming round to the same write, it is the last turn's that is dropped.
        if event == self.at || is_same_field && !is_kept() {
            return After::Again;
        }
        let is_settled = self.may_settle(found) || self.is_taken_out(event, found);
        if is_settled { After::Settled } else { After::Goes(state) }
    }

    fn thrown(&self, _event: u16, _state: u32) -> Vec<Thrown> {
        Vec::new()
    }

    fn goes_on(&self, n_events: usize) -> bool {
        self.callees.spend(n_events)
    }

    fn takes(&self, block: u16, edge: usize, _state: u32) -> bool {
        let block = self.body.origins.unit.blocks_of(self.body.method).get(usize::from(block));
        let test = block.and_then(|b| Tested::of(self.body, b)).filter(|t| t.is_null);
        test.is_none_or(|t| !(t.outcome(edge) && self.is_it(t.value)))
    }
}
