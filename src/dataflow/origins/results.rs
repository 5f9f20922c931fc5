//! What the models say of a call's result, and whose loader it is.

use super::{At, Frame, Origin, RUN, Search};
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, ValueId};

impl Search<'_> {
    /// Whether a call yields its last argument unless something else is set.
    pub(super) fn has_default(&self, body: Body<'_>, event: &Event) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        event.member().is_some_and(|m| knowledge.api_of(groups::DEFAULT_LAST, loader, m).is_some())
    }

    pub(super) fn is_privileged(&self, body: Body<'_>, event: &Event) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        event.member().is_some_and(|m| knowledge.api_of(groups::PRIVILEGED_CALL, loader, m).is_some())
    }

    /// What the action yields that a call is given, which is what the call yields; false if it is not known.
    pub(super) fn action(&mut self, body: Body<'_>, event: &Event, up: Option<&Frame<'_>>, at: At) -> bool {
        let program = self.world.program;
        let given = body.origins.args(event).iter().find_map(|v| {
            let mut leaves = body.origins.leaves(*v);
            let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
            let (index, made) = body.origins.event(leaf)?;
            matches!(made.kind, EventKind::New | EventKind::Lambda).then_some((index, made))
        });
        let Some((event_index, made)) = given.filter(|_| at.depth < self.max_depth()) else { return false };
        let refs = program.refs(program.class(body.class).loader);
        let frame = Frame { body, event: made, event_index: event_index as u16, up };
        let run = match made.kind {
            EventKind::Lambda => made.member().and_then(|m| refs.method(m)),
            _ => made.name().and_then(|n| program.find(program.class(body.class).loader, n)).and_then(|c| {
                let is_run = |m: &crate::facts::MethodFacts| {
                    program.text(m.name) == RUN && m.has_body && !m.access.is_synthetic()
                };
                program.methods_of(c).find(|(_, m)| is_run(m)).map(|(id, _)| id)
            }),
        };
        if let (EventKind::Lambda, Some(method)) = (made.kind, run)
            && !program.method(method).has_body
        {
            return self.bound_function(body, made, up, at);
        }
        let Some(callee) = run.map(|id| self.world.body(id)).filter(|b| b.method.has_body) else {
            return false;
        };
        // The values that a lambda captures are its first parameters; an object has them in fields.
        let frame = (made.kind == EventKind::Lambda).then_some(&frame);
        for ret in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
            if let Some(value) = callee.origins.args(ret).first() {
                self.value(callee, *value, frame, at.deeper());
            }
        }
        true
    }

    /// What the function yields that a caller passes and that an action is a reference to: `supplier::get`.
    fn bound_function(&mut self, body: Body<'_>, action: &Event, up: Option<&Frame<'_>>, at: At) -> bool {
        let program = self.world.program;
        let single = |body: Body<'_>, value: ValueId| {
            let mut leaves = body.origins.leaves(value);
            leaves.next().filter(|_| leaves.next().is_none())
        };
        let Some((Value::Param(param), frame)) = single(body, body.origins.arg(action, 0)).zip(up) else {
            return false;
        };
        let passed = single(frame.body, frame.body.origins.arg(frame.event, usize::from(param)));
        let made = passed.and_then(|leaf| frame.body.origins.event(leaf));
        let Some((index, function)) = made.filter(|(_, e)| e.kind == EventKind::Lambda) else { return false };
        let refs = program.refs(program.class(frame.body.class).loader);
        let run = function.member().and_then(|m| refs.method(m));
        let Some(callee) = run.map(|id| self.world.body(id)).filter(|b| b.method.has_body) else {
            return false;
        };
        let of_function =
            Frame { body: frame.body, event: function, event_index: index as u16, up: frame.up };
        for ret in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
            if let Some(value) = callee.origins.args(ret).first() {
                self.value(callee, *value, Some(&of_function), at.deeper());
            }
        }
        true
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
        let is_known = knowledge.is_known(loader, member);
        let is_in = |group: &str| is_known && knowledge.api_of(group, loader, member).is_some();
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
        } else if is_in(groups::LOADER_PARENT) {
            self.above_shared(body, body.origins.arg(event, 0), up)
        } else if crate::dataflow::new_objects::is_copy(self.world, body, event) {
            Some(Origin::Allocation(None))
        } else {
            None
        }
    }

    /// What is seen through a view of the table of system properties is the table, not something made from it.
    pub(super) fn shown(&mut self, body: Body<'_>, event: &Event, before: usize, at: At) {
        let loader = self.world.program.class(body.class).loader;
        let shows = |m| self.world.knowledge.api_of(groups::SYSTEM_PROPERTIES_VIEW, loader, m).is_some();
        let found = self.found.get(before..).unwrap_or_default();
        if found.iter().any(|f| f.origin == Origin::SystemProperties) && event.member().is_some_and(shows) {
            for found in &mut self.found[before..] {
                found.is_derived &= at.is_derived || found.origin != Origin::SystemProperties;
            }
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
                // The loader of a Java module is that of the class whose module it is.
                if let Some((_, of)) = body.origins.event(leaf).filter(|(_, e)| self.is_get_module(body, e)) {
                    return self.loader_of(body, body.origins.arg(of, 0), up);
                }
                if let Some(made) = self.class_of_made(body, leaf) {
                    return Origin::LoaderOf(made);
                }
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

    /// The class that `getClass` yields of an object which the body makes. A lambda's is defined by the loader of the class
    /// that makes it.
    fn class_of_made(&self, body: Body<'_>, class: Value) -> Option<ClassId> {
        let (_, call) = body.origins.event(class).filter(|(_, e)| self.is_get_class(body, e))?;
        let mut objects = body.origins.leaves(body.origins.arg(call, 0));
        let object = objects.next().filter(|_| objects.next().is_none())?;
        let (_, made) = body.origins.event(object)?;
        match made.kind {
            EventKind::New => {
                let program = self.world.program;
                program.find(program.class(body.class).loader, made.name()?)
            }
            EventKind::Lambda => Some(body.class),
            _ => None,
        }
    }

    /// What is above the loader of shared code, if a value is that loader: no application's.
    fn above_shared(&self, body: Body<'_>, loader: ValueId, up: Option<&Frame<'_>>) -> Option<Origin> {
        let mut leaves = body.origins.leaves(loader);
        let leaf = leaves.next().filter(|_| leaves.next().is_none())?;
        let (_, of) = body.origins.event(leaf).filter(|(_, e)| self.is_get_module(body, e))?;
        match self.loader_of(body, body.origins.arg(of, 0), up) {
            Origin::LoaderOf(class) if self.world.reach.owner(class).is_none() => Some(Origin::SystemLoader),
            _ => None,
        }
    }

    /// Whether a call yields something of a class that stands for its loader.
    fn is_get_module(&self, body: Body<'_>, event: &Event) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let table = knowledge.group(groups::CLASS_GET_LOADER);
        event.member().is_some_and(|m| event.kind.is_invoke() && knowledge.api_in(table, loader, m).is_some())
    }

    pub(super) fn is_get_class(&self, body: Body<'_>, event: &Event) -> bool {
        let Some(member) = event.member() else { return false };
        let member = self.world.program.facts.members.get(member);
        let _ = body;
        self.world.program.text(member.name) == "getClass"
            && self.world.program.text(member.desc) == "()Ljava/lang/Class;"
    }
}
