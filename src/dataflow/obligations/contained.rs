//! Collections and arrays that a body makes for itself, and drops with what it has put into them.
//!
//! What goes into one would be anybody's, but for a collection that is seen from its making to its end: if nobody else
//! gets it, and nothing that is taken out of it is released or kept, then all that is in it is lost with it.

use super::callees::Callees;
use super::uses::Use;
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ValueId, descriptor};

/// Values of one collection that are followed: itself, views, elements, and what is made around elements.
const MAX_VALUES: usize = 24;
const COLLECTION: &str = "java/util/Collection";
const MAP: &str = "java/util/Map";

impl Callees<'_, '_> {
    /// Whether an event puts something into a collection or an array that the body makes, and loses with all that is in it.
    pub(super) fn is_lost_with_container(&self, body: Body<'_>, event: &Event) -> bool {
        let puts = match event.kind {
            EventKind::ArrayStore => true,
            kind => kind.has_receiver() && self.shows_content(body, event),
        };
        if !puts {
            return false;
        }
        let mut leaves = body.origins.leaves(body.origins.arg(event, 0));
        let (Some(container @ Value::Event(_)), None) = (leaves.next(), leaves.next()) else { return false };
        self.is_lost(body, container, || Contents::find(self, body, container))
    }

    /// Whether a call is one of those of the platform that only show or change what a collection holds.
    fn shows_content(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
        let loader = program.class(body.class).loader;
        let inside = self.world.knowledge.group(groups::CONTAINER_INSIDE);
        self.world.knowledge.api_in(inside, loader, member).is_some()
            && program
                .find(loader, program.facts.members.get(member).owner)
                .is_some_and(|c| program.is_jdk(c))
    }
}

/// The values that lead to what one collection holds.
struct Contents<'c, 'd, 'w> {
    callees: &'c Callees<'d, 'w>,
    body: Body<'c>,
    /// The collection, its views and its elements; nobody tells one from another here.
    values: Vec<Value>,
    /// What holds entries yields them where others yield elements.
    has_entries: bool,
}

impl<'c, 'd, 'w> Contents<'c, 'd, 'w> {
    /// Whether a collection is lost with all that it holds.
    fn find(callees: &'c Callees<'d, 'w>, body: Body<'c>, container: Value) -> bool {
        let program = callees.world.program;
        let Some((_, made)) = body.origins.event(container) else { return false };
        let class = made.name().and_then(|name| program.find(program.class(body.class).loader, name));
        let is_a = |root| class.is_some_and(|c| program.has_supertype_named(c, root));
        let is_fit = match made.kind {
            EventKind::NewArray => true,
            EventKind::New => class.is_some_and(|c| program.is_jdk(c)) && (is_a(COLLECTION) || is_a(MAP)),
            _ => false,
        };
        let mut contents = Contents { callees, body, values: vec![container], has_entries: is_a(MAP) };
        is_fit && contents.are_lost()
    }

    fn are_lost(&mut self) -> bool {
        loop {
            let before = self.values.len();
            for (i, event) in self.body.origins.events().iter().enumerate() {
                for (position, operand) in self.body.origins.args(event).iter().enumerate() {
                    if self.has(*operand) && !self.is_looked_at(i, event, position) {
                        return false;
                    }
                }
            }
            if self.values.len() == before {
                return true;
            }
            if self.values.len() > MAX_VALUES {
                return false;
            }
        }
    }

    fn has(&self, operand: ValueId) -> bool {
        self.body.origins.leaves(operand).any(|leaf| self.values.contains(&leaf))
    }

    fn is_container(&self, operand: ValueId) -> bool {
        self.body.origins.leaves(operand).any(|leaf| self.values.first() == Some(&leaf))
    }

    fn add(&mut self, value: Value) -> bool {
        if !self.values.contains(&value) {
            self.values.push(value);
        }
        true
    }

    /// Whether an event leaves what it is given where it is. What it yields is followed from then on.
    fn is_looked_at(&mut self, i: usize, event: &Event, position: usize) -> bool {
        let result = Value::Event(i as u32);
        match event.kind {
            EventKind::ArrayLoad => self.add(result),
            EventKind::ArrayStore => position == 0,
            EventKind::PutField => position == 0,
            EventKind::GetField => !self.is_reference(event),
            EventKind::CheckCast | EventKind::InstanceOf | EventKind::Concat => true,
            kind if kind.is_invoke() => self.is_harmless_call(i, event, position),
            kind => !matches!(
                kind,
                EventKind::Return | EventKind::PutStatic | EventKind::Lambda | EventKind::InvokeDynamic
            ),
        }
    }

    fn is_harmless_call(&mut self, i: usize, event: &Event, position: usize) -> bool {
        let result = Value::Event(i as u32);
        let is_receiver = event.kind.has_receiver() && position == 0;
        let receiver = self.body.origins.arg(event, 0);
        if is_receiver && self.callees.is_constructor(event) && self.is_container(receiver) {
            return true;
        }
        if self.callees.shows_content(self.body, event) {
            // What is put into another collection is that one's matter.
            let is_own = is_receiver || self.has(receiver);
            return is_own && (!self.is_reference(event) || self.add(result));
        }
        // Whoever is given the collection, or an entry of it, may well take something out.
        if self.is_container(self.body.origins.arg(event, position)) || !is_receiver && self.has_entries {
            return false;
        }
        if is_receiver && self.callees.may_release_unseen(self.body, event) {
            return false;
        }
        match self.callees.use_at(self.body, i, event, position, false) {
            Use::Keeps | Use::Opens | Use::OpensUnlessThrown => true,
            Use::Becomes(value) | Use::HandsOut(value) => self.add(value),
            _ => false,
        }
    }

    /// Whether what an event yields, or reads, is an object.
    fn is_reference(&self, event: &Event) -> bool {
        let program = self.callees.world.program;
        event.member().is_none_or(|m| {
            let desc = program.text(program.facts.members.get(m).desc);
            match event.kind.is_invoke() {
                true => descriptor::return_type(desc).is_reference(),
                false => desc.starts_with(['L', '[']),
            }
        })
    }
}
