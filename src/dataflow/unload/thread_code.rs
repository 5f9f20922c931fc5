//! What a thread will run: the `run()` of its own class, its task, and the functions that these are handed.

use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, MethodId, ValueId};

/// The JVM's own class of threads.
pub(super) const THREAD: &str = "java/lang/Thread";
const RUNNABLE: &str = "java/lang/Runnable";
const RUN: &str = "run";
const CALLABLE: &str = "java/util/concurrent/Callable";
const CALL: &str = "call";
/// Runs what its constructor is given, once.
const FUTURE_TASK: &str = "java/util/concurrent/FutureTask";

/// Overriders looked at for one call on the thread.
const MAX_TARGETS: usize = 4;

/// What a thread will run.
pub(super) struct Tasks<'w> {
    world: &'w World<'w>,
    /// The bodies, in the order found.
    pub(super) runs: Vec<MethodId>,
    /// Whether there may be others.
    pub(super) is_unknown: bool,
    /// Whether it runs something as a future.
    pub(super) is_future: bool,
}

impl<'w> Tasks<'w> {
    pub(super) fn new(world: &'w World<'w>) -> Self {
        Self { world, runs: Vec::new(), is_unknown: false, is_future: false }
    }

    pub(super) fn of_thread(&mut self, body: Body<'_>, thread: ValueId) {
        let program = self.world.program;
        let is_self = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
        let own = body.origins.leaves(thread).any(is_self);
        if own {
            self.of_class(body.class, RUN);
        }
        let given = self.given_to_factory(body, thread);
        for task in &given {
            self.of_task(body, *task);
        }
        if !given.is_empty() {
            return;
        }
        for found in origins::where_made(self.world, body.id, thread) {
            let Some(event) = self.world.event(found.method, found.event) else { continue };
            match found.origin {
                Origin::Allocation(Some(class)) if event.kind == EventKind::New => {
                    let is_subclass = !program.is_jdk(class) && code_of(self.world, class, RUN).is_some();
                    if is_subclass {
                        self.of_class(class, RUN);
                    } else if program.has_supertype_named(class, THREAD) {
                        self.of_arguments(self.world.body(found.method), found.event);
                    }
                }
                Origin::Allocation(None) if event.kind == EventKind::Lambda => {
                    self.of_lambda(self.world.body(found.method), event);
                }
                Origin::Unknown if asks_factory(self.world, found.method, event) => {
                    let maker = self.world.body(found.method);
                    self.of_task(maker, maker.origins.arg(event, 1));
                }
                Origin::Unknown if is_in(self.world, found.method, event, groups::REFLECTIVE_NEW) => {
                    let maker = self.world.body(found.method);
                    self.of_elements(maker, maker.origins.arg(event, 1));
                }
                Origin::Parameter | Origin::Unknown => self.is_unknown |= !own && !found.is_derived,
                _ => {}
            }
        }
    }

    /// The tasks in the array of what a constructor is given by reflection.
    fn of_elements(&mut self, body: Body<'_>, array: ValueId) {
        let mut is_seen = false;
        for found in origins::where_made(self.world, body.id, array) {
            let event = self.world.event(found.method, found.event);
            match (found.origin, event) {
                (Origin::Allocation(Some(class)), _)
                    if self.world.program.has_supertype_named(class, RUNNABLE) =>
                {
                    self.of_class(class, RUN);
                    is_seen = true;
                }
                (Origin::Allocation(None), Some(event)) if event.kind == EventKind::Lambda => {
                    self.of_lambda(self.world.body(found.method), event);
                    is_seen = true;
                }
                _ => {}
            }
        }
        self.is_unknown |= !is_seen;
    }

    /// The tasks that a factory is given which the body asks for the thread; none if it may come from elsewhere.
    fn given_to_factory(&self, body: Body<'_>, thread: ValueId) -> Vec<ValueId> {
        let task = |leaf: Value| {
            let (_, event) = body.origins.event(leaf)?;
            let is_asked = asks_factory(self.world, body.id, event);
            body.origins.args(event).get(1).copied().filter(|_| is_asked)
        };
        let tasks: Option<Vec<ValueId>> = body.origins.leaves(thread).map(task).collect();
        tasks.unwrap_or_default()
    }

    /// The tasks that a thread's constructor is given.
    fn of_arguments(&mut self, body: Body<'_>, made: u16) {
        let program = self.world.program;
        for event in body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial) {
            let receiver = body.origins.arg(event, 0);
            let is_made = body.origins.leaves(receiver).any(|l| l == Value::Event(u32::from(made)));
            let Some(member) = event.member().map(|m| program.facts.members.get(m)).filter(|_| is_made)
            else {
                continue;
            };
            if !program.is_constructor(member.name) {
                continue;
            }
            for (i, param) in params(program.text(member.desc)).enumerate() {
                let given = body.origins.arg(event, i + 1);
                match param.class() {
                    Some(RUNNABLE) => self.of_task(body, given),
                    Some(CALLABLE) => self.of_code(body, given, CALL),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn of_task(&mut self, body: Body<'_>, task: ValueId) {
        self.of_code(body, task, RUN);
    }

    /// What a value's method of a name runs.
    fn of_code(&mut self, body: Body<'_>, task: ValueId, name: &str) {
        let program = self.world.program;
        let is_self = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
        let own = body.origins.leaves(task).any(is_self);
        if own {
            self.of_class(body.class, name);
        }
        for found in origins::where_made(self.world, body.id, task) {
            let event = self.world.event(found.method, found.event);
            match (found.origin, event) {
                (Origin::Allocation(Some(class)), _)
                    if name == RUN && program.class_name(class) == FUTURE_TASK =>
                {
                    self.is_future = true;
                    self.of_arguments(self.world.body(found.method), found.event);
                }
                (Origin::Allocation(Some(class)), _) => self.of_class(class, name),
                (Origin::Allocation(None), Some(event)) if event.kind == EventKind::Lambda => {
                    self.of_lambda(self.world.body(found.method), event);
                }
                (Origin::Parameter | Origin::Unknown, _) => self.is_unknown |= !own,
                (Origin::Allocation(None) | Origin::Array(_), _) => self.is_unknown = true,
                _ => {}
            }
        }
    }

    fn of_class(&mut self, class: ClassId, name: &str) {
        match code_of(self.world, class, name) {
            Some(run) => {
                self.runs.push(run);
                let handed = self.handed_to(run);
                self.runs.extend(handed);
            }
            None => self.is_unknown = true,
        }
    }

    fn of_lambda(&mut self, body: Body<'_>, event: &Event) {
        match self.world.targets(body, event, MAX_TARGETS) {
            Some(targets) if !targets.is_empty() => self.runs.extend(targets),
            _ => self.is_unknown = true,
        }
    }

    /// What a `run()` runs that its object was handed as functions when it was made; nothing if that may be anything.
    fn handed_to(&self, run: MethodId) -> Vec<MethodId> {
        let body = self.world.body(run);
        let is_own = |leaf: Value| {
            let read = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetField);
            read.is_some_and(|e| body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0)))
        };
        let calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeInterface);
        let of_own = calls.filter(|e| body.origins.leaves(body.origins.arg(e, 0)).all(is_own));
        let mut found: Vec<MethodId> =
            of_own.filter_map(|call| self.functions(body, call)).flatten().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The bodies of the functions that a call of a functional interface may run, if all that its receiver may be is
    /// seen.
    fn functions(&self, body: Body<'_>, call: &Event) -> Option<Vec<MethodId>> {
        let program = self.world.program;
        let member = call.member()?;
        let called = program.refs(program.class(body.class).loader).method(member)?;
        let is_function = program.is_functional(program.class_of_method(called));
        if !is_function || !program.method(called).access.is_abstract() {
            return None;
        }
        let mut found = Vec::new();
        for made in origins::where_made(self.world, body.id, body.origins.arg(call, 0)) {
            match made.origin {
                Origin::Allocation(None) => {
                    let event = self.world.event(made.method, made.event)?;
                    let of_lambda =
                        Some(self.world.body(made.method)).filter(|_| event.kind == EventKind::Lambda);
                    found.extend(self.world.targets(of_lambda?, event, MAX_TARGETS)?);
                }
                Origin::Allocation(Some(class)) => {
                    let facts = program.method(called);
                    found.push(program.select(class, facts.name, facts.desc)?);
                }
                // What it holds is followed as well.
                Origin::Field(_) => {}
                _ => return None,
            }
        }
        Some(found)
    }
}

/// Whether an event of a method has a factory make a thread.
fn asks_factory(world: &World<'_>, method: MethodId, event: &Event) -> bool {
    is_in(world, method, event, groups::NEW_THREAD)
}

/// Whether an event of a method is a call of one of a group of APIs.
fn is_in(world: &World<'_>, method: MethodId, event: &Event, group: &str) -> bool {
    let group = world.knowledge.group(group);
    let loader = world.program.class(world.program.class_of_method(method)).loader;
    let member = event.member().filter(|_| event.kind.is_invoke());
    member.is_some_and(|m| world.knowledge.api_in(group, loader, m).is_some())
}

/// The `run()` or `call()` that a class of the deployment has or inherits.
fn code_of(world: &World<'_>, class: ClassId, name: &str) -> Option<MethodId> {
    let mut next = Some(class);
    while let Some(at) = next.filter(|c| !world.program.is_jdk(*c)) {
        let found = world.program.methods_of(at).find(|(_, m)| {
            let desc = world.program.text(m.desc);
            let is_it = if name == RUN { desc == "()V" } else { desc.starts_with("()") };
            m.has_body && is_it && !m.access.is_synthetic() && world.program.text(m.name) == name
        });
        if let Some((id, _)) = found {
            return Some(id);
        }
        next = world.program.supers(at).find(|s| !world.program.class_facts(*s).access.is_interface());
    }
    None
}
