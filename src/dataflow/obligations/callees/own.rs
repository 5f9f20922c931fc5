//! What objects hold and release with themselves.

use super::{Callees, MAX_DEPTH, MAX_TARGETS, is_this};
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::dataflow::obligations::follow::Followed;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId};

impl Callees<'_, '_> {
    /// Whether what an event yields goes by itself when its receiver is used again.
    pub(in crate::dataflow::obligations) fn is_replaced_by_next_use(
        &self,
        body: Body<'_>,
        event: u16,
    ) -> bool {
        let loader = self.world.program.class(body.class).loader;
        let group = self.world.knowledge.group(groups::REPLACED_BY_NEXT_USE);
        let member = body.origins.events().get(usize::from(event)).and_then(Event::member);
        member.is_some_and(|m| self.world.knowledge.api_in(group, loader, m).is_some())
    }

    /// Whether an event makes another object each time, and its receiver releases all of them in the end.
    pub(in crate::dataflow::obligations) fn is_made_each_time(&self, body: Body<'_>, event: u16) -> bool {
        let loader = self.world.program.class(body.class).loader;
        let group = self.world.knowledge.group(groups::MADE_EACH_TIME);
        let member = body.origins.events().get(usize::from(event)).and_then(Event::member);
        member.is_some_and(|m| self.world.knowledge.api_in(group, loader, m).is_some())
    }

    /// Whether a call is of a method without a body, of which no implementation throws what has to be declared.
    pub(in crate::dataflow::obligations) fn implementations_are_quiet(
        &self,
        body: Body<'_>,
        event: &Event,
    ) -> bool {
        self.exceptions.implementations_are_quiet(body, event)
    }

    /// Whether a method yields what the object holds and releases with itself: another way to the same.
    pub(super) fn hands_out_own(&self, body: Body<'_>) -> bool {
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let is_own = |leaf: Value| {
            let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField);
            read.filter(|(_, e)| is_this(body, e)).is_some_and(|(_, e)| {
                let field = e.member().and_then(|m| refs.field(m));
                field.is_some_and(|f| self.class_releases_field(body.class, f))
            })
        };
        let mut returned = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
        !body.method.access.is_static()
            && returned.any(|e| body.origins.leaves(body.origins.arg(e, 0)).any(is_own))
    }

    pub(super) fn releases_own_field(&self, method: MethodId) -> bool {
        let body = self.world.body(method);
        let is_own_field = |event: &Event| {
            body.origins.leaves(body.origins.arg(event, 0)).any(|leaf| {
                let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField);
                read.is_some_and(|(_, e)| is_this(body, e))
            })
        };
        body.origins.events().iter().any(|e| self.is_release(body, e) && is_own_field(e))
    }

    /// Whether a class is closed by whoever owns its objects, and then releases what it keeps in a field.
    pub(in crate::dataflow::obligations) fn class_releases_field(
        &self,
        class: ClassId,
        field: FieldId,
    ) -> bool {
        self.depth.get() < MAX_DEPTH
            && self.is_closeable(class)
            && self.released_fields.get_or_find((class, field), || {
                self.close_of(class).is_some_and(|close| self.releases_field(close, field, 2))
            })
    }

    fn releases_field(&self, method: MethodId, field: FieldId, depth: u32) -> bool {
        if depth == 0 || self.depth.get() >= MAX_DEPTH {
            return false;
        }
        let body = self.world.body(method);
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        body.origins.events().iter().enumerate().any(|(i, event)| match event.kind {
            EventKind::GetField => {
                event.member().and_then(|m| refs.field(m)) == Some(field)
                    && is_this(body, event)
                    && Followed::value(self, body, Value::Event(i as u32)).is_ever_released()
            }
            kind if kind.is_invoke() && is_this(body, event) => {
                let targets = self.targets(body, event, MAX_TARGETS).unwrap_or_default();
                targets.iter().any(|t| self.releases_field(*t, field, depth - 1))
            }
            _ => false,
        })
    }
}
