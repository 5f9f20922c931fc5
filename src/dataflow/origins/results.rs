//! What the models say of a call's result, and whose loader it is.

use super::{Frame, Origin, Search};
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::facts::{Event, Value};
use crate::vocabulary::ValueId;

impl Search<'_> {
    /// Whether a call yields its last argument unless something else is set.
    pub(super) fn has_default(&self, body: Body<'_>, event: &Event) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let defaults = knowledge.group(groups::DEFAULT_LAST);
        event.member().is_some_and(|m| knowledge.api_in(defaults, loader, m).is_some())
    }

    /// What the models say of a result.
    pub(super) fn known_result(
        &self,
        body: Body<'_>,
        event: &Event,
        up: Option<&Frame<'_>>,
    ) -> Option<Origin> {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let member = event.member()?;
        let is_in = |group: &str| knowledge.api_in(knowledge.group(group), loader, member).is_some();
        if is_in(groups::CONTEXT_LOADER_GET) {
            Some(Origin::ContextLoader)
        } else if is_in(groups::SYSTEM_LOADER) {
            Some(Origin::SystemLoader)
        } else if is_in(groups::SYSTEM_PROPERTIES) {
            Some(Origin::SystemProperties)
        } else if is_in(groups::SYSTEM_PROPERTY) {
            Some(Origin::SystemProperty)
        } else if is_in(groups::CALLER_LOOKUP) {
            Some(Origin::LoaderOf(body.class))
        } else if is_in(groups::CLASS_GET_LOADER) {
            Some(self.loader_of(body, body.origins.arg(event, 0), up))
        } else if crate::dataflow::new_objects::is_copy(self.world, body, event) {
            Some(Origin::Allocation(None))
        } else {
            None
        }
    }

    /// The loader of the class that a value is.
    pub(super) fn loader_of(&self, body: Body<'_>, class: ValueId, up: Option<&Frame<'_>>) -> Origin {
        let program = self.world.program;
        let mut leaves = body.origins.leaves(class);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return Origin::ForeignLoader };
        match leaf {
            Value::Class(name) => match program.find(program.class(body.class).loader, name) {
                Some(class) => Origin::LoaderOf(class),
                None => Origin::ForeignLoader,
            },
            Value::Event(_) => {
                let is_this = body.origins.event(leaf).is_some_and(|(_, e)| {
                    self.is_get_class(body, e)
                        && !body.method.access.is_static()
                        && body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0))
                });
                if !is_this {
                    Origin::ForeignLoader
                } else if program.class_facts(body.class).access.is_final() {
                    Origin::LoaderOf(body.class)
                } else {
                    Origin::LoaderOfThis(body.class)
                }
            }
            Value::Param(i) => match up {
                Some(frame) => {
                    let given = frame.body.origins.arg(frame.event, usize::from(i));
                    self.loader_of(frame.body, given, frame.up)
                }
                None => Origin::ForeignLoader,
            },
            _ => Origin::ForeignLoader,
        }
    }

    pub(super) fn is_get_class(&self, body: Body<'_>, event: &Event) -> bool {
        let Some(member) = event.member() else { return false };
        let member = self.world.program.facts.members.get(member);
        let _ = body;
        self.world.program.text(member.name) == "getClass"
            && self.world.program.text(member.desc) == "()Ljava/lang/Class;"
    }
}
