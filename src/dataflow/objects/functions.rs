//! Objects that the JDK's code makes or finds for its caller: by functions that it is given, by an enum's class.

use super::{At, Frame, Kind, Search, Way, What};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, NO_VALUE, Value};
use crate::vocabulary::ValueId;

impl Search<'_> {
    /// What functions make that such a method is given: a supplier of first values, a mapping.
    pub(super) fn made_by_function(&mut self, body: Body<'_>, function: ValueId, at: At) {
        if function == NO_VALUE || at.kind != Kind::Objects {
            return;
        }
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        for (i, lambda) in body.origins.leaves(function).filter_map(|leaf| body.origins.event(leaf)) {
            let run =
                lambda.member().filter(|_| lambda.kind == EventKind::Lambda).and_then(|m| refs.method(m));
            let Some(run) = run.filter(|run| !program.is_jdk(program.class_of_method(*run))) else {
                continue;
            };
            if self.is_exhausted(at) {
                return;
            }
            let callee = self.world.body(run);
            if program.is_constructor(callee.method.name) {
                self.add(What::Of(callee.class), body, i, at);
                continue;
            }
            let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            for value in returns.filter_map(|e| callee.origins.args(e).first()) {
                self.value(callee, *value, None, at.by(Way::Container));
            }
        }
    }

    /// Whether a call runs a function: its method is the only one that its type leaves to implement.
    pub(super) fn is_of_function(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        event.member().and_then(|m| refs.method(m)).is_some_and(|method| {
            let mut left = program.methods_of(program.class_of_method(method));
            let mut left = left.by_ref().filter(|(_, m)| m.access.is_abstract()).map(|(id, _)| id);
            left.next() == Some(method) && left.next().is_none()
        })
    }

    /// What a function yields that a value is: one that the body makes, that callers pass or that a field holds.
    pub(super) fn yielded(&mut self, body: Body<'_>, function: ValueId, up: Option<&Frame<'_>>, at: At) {
        if function == NO_VALUE || at.kind != Kind::Objects {
            return;
        }
        self.made_by_function(body, function, at);
        for leaf in body.origins.leaves(function) {
            if self.is_exhausted(at) {
                return;
            }
            match leaf {
                Value::Param(i) if i > 0 || body.method.access.is_static() => {
                    self.parameter(body, i, up, at, Self::yielded);
                }
                Value::Event(_) => {
                    let read = body.origins.event(leaf).map(|(_, e)| e);
                    let is_read = |e: &&Event| matches!(e.kind, EventKind::GetField | EventKind::GetStatic);
                    if let Some(read) = read.filter(is_read) {
                        self.field(body, read, at, Self::yielded);
                    }
                }
                _ => {}
            }
        }
    }

    /// The constant that `Enum.valueOf` finds in the class that it is given.
    pub(super) fn constant_by_name(&mut self, body: Body<'_>, event: &Event, at: At) {
        const ENUM: &str = "java/lang/Enum";
        let program = self.world.program;
        let Some(member) = event.member().map(|m| program.facts.members.get(m)) else { return };
        let is_lookup = event.kind == EventKind::InvokeStatic
            && program.text(member.owner) == ENUM
            && program.text(member.name) == "valueOf";
        if !is_lookup || at.kind != Kind::Objects {
            return;
        }
        let loader = program.class(body.class).loader;
        let index = body.origins.index_of(event).unwrap_or_default();
        for leaf in body.origins.leaves(body.origins.arg(event, 0)) {
            let Value::Class(name) = leaf else { continue };
            if let Some(class) = program.find(loader, name) {
                self.add(What::Of(class), body, u32::from(index), at);
            }
        }
    }
}
