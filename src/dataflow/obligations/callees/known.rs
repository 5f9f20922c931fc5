//! What the models say of calls.

use super::Callees;
use crate::dataflow::Body;
use crate::dataflow::knowledge::{ResourceId, Role};
use crate::facts::Event;
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
    }

    /// Whether a call acquires a resource.
    pub(in crate::dataflow::obligations) fn is_acquire_of(
        &self,
        body: Body<'_>,
        event: &Event,
        resource: ResourceId,
    ) -> bool {
        self.has_role(body, event, Role::Acquire(resource))
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
