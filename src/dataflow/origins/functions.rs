//! What a function is given that is handed to the JDK: elements of a stream, keys of a map.

use super::{At, Frame, Origin, Search};
use crate::dataflow::Body;
use crate::dataflow::knowledge::{Subject, groups};
use crate::facts::{Event, Value};

impl Search<'_> {
    /// What the call that a body hands a lambda to has it run with.
    pub(super) fn given_to_function(&mut self, body: Body<'_>, lambda: u16, at: At) {
        let made = Value::Event(u32::from(lambda));
        let takes_it =
            |e: &Event| body.origins.args(e).iter().any(|v| body.origins.leaves(*v).any(|leaf| leaf == made));
        let calls = body.origins.events().iter().filter(|e| e.kind.is_invoke() && takes_it(e));
        let mut is_given = false;
        for call in calls {
            is_given |= self.given_by(body, call, at);
        }
        if !is_given {
            self.add(Origin::Unknown, body, lambda, at);
        }
    }

    /// The same for one call, if it is one that is known.
    fn given_by(&mut self, body: Body<'_>, call: &Event, at: At) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let Some(member) = call.member() else { return false };
        let api = |group| knowledge.api_in(knowledge.group(group), loader, member);
        if api(groups::FUNCTION_OF_ELEMENTS).is_some() {
            self.value(body, body.origins.arg(call, 0), None, At { of_elements: true, ..at });
            return true;
        }
        let of_key = api(groups::FUNCTION_OF_KEY).and_then(|id| knowledge.tables.apis.get(usize::from(id)));
        let key = of_key.and_then(|facts| facts.key).map(Subject::Argument);
        let Some(key) = key.and_then(|key| key.operand(call.kind.has_receiver())) else { return false };
        self.value(body, body.origins.arg(call, key), None, at);
        true
    }

    /// The elements of a container that a call makes of another one's, or of its arguments; whether it does.
    pub(super) fn same_elements(
        &mut self,
        body: Body<'_>,
        event: &Event,
        up: Option<&Frame<'_>>,
        at: At,
    ) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let same = knowledge.group(groups::SAME_ELEMENTS);
        if !event.member().is_some_and(|m| knowledge.api_in(same, loader, m).is_some()) {
            return false;
        }
        let args = body.origins.args(event);
        let held = if event.kind.has_receiver() { args.get(..1).unwrap_or_default() } else { args };
        for value in held {
            self.value(body, *value, up, at);
        }
        true
    }
}
