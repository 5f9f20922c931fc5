//! What a function is given that is handed to the JDK: elements of a stream, keys of a map.

use super::{At, Frame, Origin, Search};
use crate::dataflow::Body;
use crate::dataflow::knowledge::{Subject, groups};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::ValueId;

/// Methods that a call which is handed a function may select.
const MAX_TARGETS: usize = 4;
/// Calls and stores looked at that are handed one function.
const MAX_USES: usize = 8;
/// Reads looked at of one field that holds a function.
const MAX_READS: usize = 16;

impl<'w> Search<'w> {
    /// What the call that a body hands a lambda to has it run with as its argument of a number, counted without what the
    /// lambda captures. `false` if no such call is known.
    pub(super) fn given_to_function(&mut self, body: Body<'_>, lambda: u16, argument: usize, at: At) -> bool {
        let made = Value::Event(u32::from(lambda));
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == made);
        let mut is_given = false;
        let uses = body.origins.events().iter().filter_map(|event| {
            body.origins.args(event).iter().position(is_it).map(|position| (event, position))
        });
        for (event, position) in uses.take(MAX_USES) {
            is_given |= match event.kind {
                EventKind::PutField | EventKind::PutStatic => {
                    self.given_by_readers(body, event, argument, at)
                }
                kind if kind.is_invoke() => {
                    self.given_by(body, event, at)
                        || self.given_by_callees(body, event, position, argument, at)
                }
                _ => false,
            };
        }
        is_given
    }

    /// What the deployment's methods give a function that they are handed: where they call it, or call what they keep it
    /// in.
    fn given_by_callees(
        &mut self,
        body: Body<'_>,
        call: &Event,
        position: usize,
        argument: usize,
        at: At,
    ) -> bool {
        let world = self.world;
        let targets = world.targets(body, call, MAX_TARGETS).unwrap_or_default();
        let mut is_given = false;
        for callee in targets.into_iter().map(|target| world.body(target)) {
            let handed = Value::Param(position as u16);
            let is_handed = |v: ValueId| callee.origins.leaves(v).any(|leaf| leaf == handed);
            for event in callee.origins.events() {
                let args = callee.origins.args(event);
                let stores = matches!(event.kind, EventKind::PutField | EventKind::PutStatic);
                if stores && args.last().is_some_and(|v| is_handed(*v)) {
                    is_given |= self.given_by_readers(callee, event, argument, at);
                } else if is_handed(callee.origins.arg(event, 0)) {
                    is_given |= self.given_in(callee, event, argument, at);
                }
            }
        }
        is_given
    }

    /// What those give a function who read it from the field that it is stored in.
    fn given_by_readers(&mut self, body: Body<'_>, store: &Event, argument: usize, at: At) -> bool {
        let world = self.world;
        let refs = world.program.refs(world.program.class(body.class).loader);
        let Some(field) = store.member().and_then(|m| refs.field(m)) else { return false };
        let mut is_given = false;
        for read in world.fields.reads(field).take(MAX_READS) {
            let reader = world.body(read.method);
            let it = Value::Event(u32::from(read.event));
            for event in reader.origins.events() {
                if reader.origins.leaves(reader.origins.arg(event, 0)).any(|leaf| leaf == it) {
                    is_given |= self.given_in(reader, event, argument, at);
                }
            }
        }
        is_given
    }

    /// What a call of a function gives it, if the event is one: of the one method of an interface, which a lambda is of.
    fn given_in(&mut self, body: Body<'_>, event: &Event, argument: usize, at: At) -> bool {
        let program = self.world.program;
        let args = body.origins.args(event);
        let refs = program.refs(program.class(body.class).loader);
        let called = event.member().filter(|_| event.kind == EventKind::InvokeInterface);
        let is_one =
            called.and_then(|m| refs.method(m)).is_some_and(|m| program.method(m).access.is_abstract());
        let given = args.get(argument + 1).filter(|_| is_one);
        if let Some(value) = given {
            self.value(body, *value, None, at);
        }
        given.is_some()
    }

    /// What the call works on that a lambda is handed to: the elements of a list, the keys of a map.
    pub(super) fn worked_on(&mut self, body: Body<'_>, lambda: u16, called: Body<'_>, at: At) {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(lambda)));
        let is_jdk = |e: &Event| {
            let target = e.member().and_then(|m| refs.method(m));
            target.is_none_or(|m| program.is_jdk(program.class_of_method(m)))
        };
        let from_module = self.world.reach.owner(body.class);
        let into_shared = self.world.reach.owner(called.class).is_none();
        let passed_by = if into_shared { from_module.or(at.passed_by) } else { at.passed_by };
        let before = self.found.len();
        for call in body.origins.events().iter().filter(|e| e.kind.is_invoke() && is_jdk(e)) {
            let args = body.origins.args(call);
            if !args.iter().any(is_it) {
                continue;
            }
            for arg in args.iter().filter(|v| !is_it(v)) {
                self.value(body, *arg, None, At { passed_by, ..at.deeper().derived() });
            }
        }
        if self.found.len() == before {
            self.add(Origin::Unknown, called, 0, at);
        }
    }

    /// The same for one call, if it is one that is known.
    fn given_by(&mut self, body: Body<'_>, call: &Event, at: At) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let Some(member) = call.member() else { return false };
        let api = |group| knowledge.api_of(group, loader, member);
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

    /// What a function yields that is called through an interface of the JDK, if it is a lambda or a method reference that
    /// the method makes, or that alone is written to a field; whether it is.
    pub(super) fn of_function(&mut self, body: Body<'_>, event: &Event, at: At) -> bool {
        if event.kind != EventKind::InvokeInterface {
            return false;
        }
        let program = self.world.program;
        let target = event.member().and_then(|m| program.refs(program.class(body.class).loader).method(m));
        if target.is_none_or(|m| !program.is_jdk(program.class_of_method(m))) {
            return false;
        }
        let Some((maker, lambda)) = self.function_of(body, body.origins.arg(event, 0)) else { return false };
        let Some(made) = maker.origins.events().get(usize::from(lambda)) else { return false };
        if let Some(origin) = self.known_result(maker, made, None) {
            self.add(origin, maker, lambda, at);
            return true;
        }
        let of_maker = program.refs(program.class(maker.class).loader);
        let Some(run) = made.member().and_then(|m| of_maker.method(m)) else { return false };
        let is_fixed = program.method(run).access.is_static() || program.method(run).access.is_private();
        if !is_fixed || !program.method(run).has_body {
            return false;
        }
        // Its captured values are the operands of what makes it; what the call gives it comes after these.
        let frame = Frame { body: maker, event: made, event_index: lambda, up: None };
        let callee = self.world.body(run);
        for ret in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
            if let Some(value) = callee.origins.args(ret).first() {
                self.value(callee, *value, Some(&frame), at.deeper());
            }
        }
        true
    }

    /// The method and event that make the function that a value is, if there is one alone.
    fn function_of<'b>(&self, body: Body<'b>, value: ValueId) -> Option<(Body<'b>, u16)>
    where
        Self: 'b,
    {
        let single = |body: Body<'_>, value: ValueId| {
            let mut leaves = body.origins.leaves(value);
            leaves.next().filter(|_| leaves.next().is_none())
        };
        let of = |body: Body<'_>, leaf| {
            let (index, event) = body.origins.event(leaf)?;
            Some((index as u16, event.kind, event.member()))
        };
        let (index, kind, member) = of(body, single(body, value)?)?;
        if kind == EventKind::Lambda {
            return Some((body, index));
        }
        let member = member.filter(|_| kind == EventKind::GetStatic)?;
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let mut writes = self.world.fields.writes(refs.field(member)?);
        let write = writes.next().filter(|_| writes.next().is_none())?;
        let maker = self.world.body(write.method);
        let stored = self.world.event(write.method, write.event)?;
        let (index, kind, _) = of(maker, single(maker, maker.origins.arg(stored, 0))?)?;
        (kind == EventKind::Lambda).then_some((maker, index))
    }

    /// What a body puts into a container that it makes.
    pub(super) fn put_into(&mut self, body: Body<'_>, made: u16, up: Option<&Frame<'_>>, at: At) {
        const ALL: &str = "addAll";
        let (program, knowledge) = (self.world.program, self.world.knowledge);
        let loader = program.class(body.class).loader;
        let adds = knowledge.group(groups::COLLECTION_ADD);
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(made)));
        let calls = body.origins.events().iter().filter(|e| e.kind.is_invoke() && e.kind.has_receiver());
        for call in calls.filter(|e| body.origins.args(e).first().is_some_and(is_it)) {
            let Some(member) = call.member() else { continue };
            let api = knowledge
                .api_in(adds, loader, member)
                .and_then(|id| knowledge.tables.apis.get(usize::from(id)));
            let value = api.and_then(|facts| facts.value).map(Subject::Argument);
            if let Some(position) = value.and_then(|value| value.operand(true)) {
                let of_elements = program.text(program.facts.members.get(member).name).starts_with(ALL);
                self.value(body, body.origins.arg(call, position), up, At { of_elements, ..at });
            } else if call.kind == EventKind::InvokeSpecial {
                // A copy of what its constructor is given.
                for given in body.origins.args(call).iter().skip(1) {
                    self.value(body, *given, up, at);
                }
            }
        }
    }

    /// What a call takes out of the one thing that its receiver holds, or puts into an array of all of them; whether it
    /// does.
    pub(super) fn elements_of(
        &mut self,
        body: Body<'_>,
        event: &Event,
        up: Option<&Frame<'_>>,
        at: At,
    ) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(body.class).loader;
        let is_in = |group: &str, m| knowledge.api_of(group, loader, m).is_some();
        let groups = [groups::ARRAY_OF_ELEMENTS, groups::ONLY_ELEMENT];
        if !event.member().is_some_and(|m| groups.iter().any(|group| is_in(group, m))) {
            return false;
        }
        self.value(body, body.origins.arg(event, 0), up, At { of_elements: true, ..at });
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
        if event.member().is_none_or(|m| knowledge.api_of(groups::SAME_ELEMENTS, loader, m).is_none()) {
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
