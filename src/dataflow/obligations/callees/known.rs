//! What the models say of calls.

use super::Callees;
use crate::dataflow::Body;
use crate::dataflow::knowledge::{ResourceFacts, ResourceId, Role};
use crate::dataflow::obligations::uses::{MAX_STEPS, is_same_place};
use crate::facts::{Event, EventKind, Value};
use crate::program::FieldAccess;
use crate::vocabulary::{MemberRefId, ValueId};

impl Callees<'_, '_> {
    pub(super) fn is_in(&self, group: &[bool], body: Body<'_>, member: MemberRefId) -> bool {
        let loader = self.world.program.class(body.class).loader;
        self.world.knowledge.api_in(group, loader, member).is_some()
    }

    /// Whether an event ends the JVM.
    pub(in crate::dataflow::obligations) fn ends_jvm(&self, body: Body<'_>, event: &Event) -> bool {
        event.kind.is_invoke() && event.member().is_some_and(|m| self.is_in(self.groups.jvm_exit, body, m))
    }

    /// Whether a call is given a text that its method was given: the name of an encoding, which may be anything.
    pub(in crate::dataflow::obligations) fn is_given_text(&self, body: Body<'_>, event: &Event) -> bool {
        self.exceptions.is_given_text(body, event, false)
    }

    /// Whether a call on an object that is open does not fail.
    pub(in crate::dataflow::obligations) fn fails_only_when_closed(
        &self,
        body: Body<'_>,
        event: &Event,
    ) -> bool {
        event.kind.has_receiver()
            && event.member().is_some_and(|m| self.is_in(self.groups.fails_when_closed, body, m))
    }

    /// Whether a value says that the present thread has something.
    pub(in crate::dataflow::obligations) fn is_held_test(&self, body: Body<'_>, value: ValueId) -> bool {
        let mut made = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        made.any(|(_, e)| e.member().is_some_and(|m| self.is_in(self.groups.held_test, body, m)))
    }

    /// The objects that a value tells of whether they are still open, each with whether zero means that they are not.
    pub(in crate::dataflow::obligations) fn asked_if_open<'b>(
        &'b self,
        body: Body<'b>,
        value: ValueId,
    ) -> impl Iterator<Item = (ValueId, bool)> + 'b {
        let made = body.origins.leaves(value).filter_map(move |leaf| body.origins.event(leaf));
        made.filter(|(_, e)| e.kind.is_invoke() && e.kind.has_receiver()).filter_map(move |(_, e)| {
            let member = e.member()?;
            let is_open_test = self.is_in(self.groups.open_test, body, member);
            let is_test = is_open_test || self.is_in(self.groups.closed_test, body, member);
            is_test.then(|| (body.origins.arg(e, 0), is_open_test))
        })
    }

    /// Whether what a call yields is released with its receiver.
    pub(in crate::dataflow::obligations) fn is_released_with_receiver(
        &self,
        body: Body<'_>,
        event: &Event,
    ) -> bool {
        event.kind.has_receiver()
            && event.member().is_some_and(|m| self.is_in(self.groups.released_with_receiver, body, m))
    }

    /// Whether what a call yields is released with the receiver, or is the receiver by another type.
    pub(in crate::dataflow::obligations) fn is_part_of_receiver(
        &self,
        body: Body<'_>,
        event: &Event,
    ) -> bool {
        let loader = self.world.program.class(body.class).loader;
        let is_face = |m| self.world.knowledge.roles(loader, m).any(|(r, _)| matches!(r, Role::NotOwned(_)));
        self.is_released_with_receiver(body, event)
            || event.kind.has_receiver() && event.member().is_some_and(is_face)
    }

    /// Whether a call releases something, whatever it is.
    pub(in crate::dataflow::obligations) fn is_release(&self, body: Body<'_>, event: &Event) -> bool {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
        let loader = self.world.program.class(body.class).loader;
        self.world.knowledge.roles(loader, member).any(|(r, _)| matches!(r, Role::Release(_)))
            || self.is_in(self.groups.closes_argument, body, member)
    }

    /// Whether a call of a method that was not found is named as one that releases its receiver.
    pub(in crate::dataflow::obligations) fn is_unseen_release(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let member = event.member().filter(|_| event.kind.has_receiver() && event.n_args == 1);
        member.is_some_and(|m| {
            program.refs(program.class(body.class).loader).method(m).is_none() && self.is_named_release(m)
        })
    }

    /// Whether a call releases this very resource.
    pub(in crate::dataflow::obligations) fn is_release_of(
        &self,
        body: Body<'_>,
        event: &Event,
        resource: ResourceId,
    ) -> bool {
        self.has_role(body, event, Role::Release(resource))
            || self.has_role(body, event, Role::Acquire(resource)) && self.puts_back(body, event, resource)
    }

    /// Whether a call acquires a resource.
    pub(in crate::dataflow::obligations) fn is_acquire_of(
        &self,
        body: Body<'_>,
        event: &Event,
        resource: ResourceId,
    ) -> bool {
        self.has_role(body, event, Role::Acquire(resource)) && !self.puts_back(body, event, resource)
    }

    /// Whether a call gives the thread what it had before, or nothing: of which it has one at most.
    pub(in crate::dataflow::obligations) fn puts_back(
        &self,
        body: Body<'_>,
        event: &Event,
        resource: ResourceId,
    ) -> bool {
        let Some(facts) = self.resource(resource).filter(|r| r.is_one_of_thread) else { return false };
        let given = facts.subject.operand(event.kind.has_receiver());
        given.is_some_and(|position| {
            let mut leaves = body.origins.leaves(body.origins.arg(event, position));
            leaves.any(|leaf| leaf == Value::Null || self.is_former(body, leaf, resource, true))
        })
    }

    /// Whether a value is what the thread has had, or comes from a field that keeps that.
    fn is_former(&self, body: Body<'_>, leaf: Value, resource: ResourceId, is_kept: bool) -> bool {
        let Some((_, made)) = body.origins.event(leaf) else { return false };
        let program = self.world.program;
        if made.kind.is_invoke() {
            return self.has_role(body, made, Role::Former(resource));
        }
        let is_read = is_kept && matches!(made.kind, EventKind::GetField | EventKind::GetStatic);
        let refs = program.refs(program.class(body.class).loader);
        let field = made.member().filter(|_| is_read).and_then(|m| refs.field(m));
        let keeps = |access: FieldAccess| {
            let writer = self.world.body(access.method);
            let write = writer.origins.events().get(usize::from(access.event));
            let mut leaves = write
                .and_then(|e| writer.origins.args(e).last())
                .into_iter()
                .flat_map(|v| writer.origins.leaves(*v));
            leaves.any(|leaf| self.is_former(writer, leaf, resource, false))
        };
        field.is_some_and(|f| self.world.fields.writes(f).any(keeps))
    }

    /// Whether a thread has one of a resource at most.
    pub(in crate::dataflow::obligations) fn is_one_of_thread(&self, resource: ResourceId) -> bool {
        self.resource(resource).is_some_and(|r| r.is_one_of_thread)
    }

    fn resource(&self, resource: ResourceId) -> Option<&ResourceFacts> {
        self.world.knowledge.tables.resources.get(usize::from(resource))
    }

    /// Whether a call gives back what is found by how it is reached; one that is given nothing gives back all.
    pub(in crate::dataflow::obligations) fn gives_back_place(
        &self,
        body: Body<'_>,
        event: &Event,
        resource: ResourceId,
        place: ValueId,
    ) -> bool {
        self.is_release_of(body, event, resource) && {
            let args = body.origins.args(event);
            args.is_empty()
                || self.is_one_of_thread(resource)
                || args.iter().any(|v| is_same_place(body, *v, place, MAX_STEPS))
        }
    }

    pub(in crate::dataflow::obligations) fn has_role(
        &self,
        body: Body<'_>,
        event: &Event,
        role: Role,
    ) -> bool {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
        let loader = self.world.program.class(body.class).loader;
        self.world.knowledge.roles(loader, member).any(|(r, _)| r == role)
    }
}
