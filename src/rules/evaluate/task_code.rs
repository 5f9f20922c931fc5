//! The code that a task handed to a pool runs: its own, what that calls, and the functions and objects that it calls
//! which its maker, or whoever called that one, has given it.

use super::context::Context;
use super::tasks::{calls_api, tasks_of};
use crate::dataflow::knowledge::{Subject, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::{CallSite, Node};
use crate::vocabulary::{MethodId, TenantId, ValueId};
use rustc_hash::FxHashSet;

/// Methods looked at for one task.
const MAX_VISITED: usize = 400;
/// Values looked at for one task.
const MAX_VALUES: usize = 600;
/// Parameters that a task is followed through.
const MAX_GIVEN: usize = 64;
/// Callers of one method that are looked at.
const MAX_CALLERS: usize = 64;
/// Methods that one call may select.
const MAX_TARGETS: usize = 4;
/// Accesses of one field that are looked at.
const MAX_ACCESSES: usize = 16;
/// Calls between a container and what is taken out of it.
const MAX_STEPS: usize = 4;
/// Events looked at for what one task's code is given.
const MAX_EVENTS: usize = 1 << 16;
/// Times that callers are asked what they pass.
const MAX_ROUNDS: usize = 8;

/// What is asked of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Wanted {
    /// What the JDK calls back of it.
    Task,
    /// What a call of this method runs of it.
    Called(MethodId),
    /// The same, of what the container holds.
    Elements(MethodId),
}

/// What was followed, and what is left.
struct Search<'c, 'w> {
    cx: &'c Context<'w>,
    /// Whose code is followed, if only one tenant's.
    tenant: Option<TenantId>,
    visited: FxHashSet<MethodId>,
    waiting: Vec<MethodId>,
    /// Methods that calls select which may as well select others; looked at last.
    selected: Vec<MethodId>,
    /// Methods that are run as functions: their operands are not those of calls that name them.
    functions: FxHashSet<MethodId>,
    seen: FxHashSet<(MethodId, ValueId, Wanted)>,
    values: Vec<(MethodId, ValueId, Wanted)>,
    given: Vec<(MethodId, u16, Wanted)>,
    n_events: usize,
    n_rounds: usize,
}

/// Whether the task that is handed over at an event gets to a call of one of the APIs, in code that runs for a tenant.
pub(super) fn reaches(
    cx: &Context<'_>,
    (method, event): (MethodId, u16),
    names: &[String],
    tenant: Option<TenantId>,
) -> bool {
    let Some(call) = cx.world.event(method, event) else { return false };
    let mut search = Search {
        cx,
        tenant,
        visited: FxHashSet::default(),
        waiting: Vec::new(),
        selected: Vec::new(),
        functions: FxHashSet::default(),
        seen: FxHashSet::default(),
        values: Vec::new(),
        given: Vec::new(),
        n_events: 0,
        n_rounds: 0,
    };
    let body = cx.world.body(method);
    tasks_of(cx, body, call, event, &mut |body, value| search.push(body, value, Wanted::Task));
    loop {
        while let Some(method) = search.waiting.pop().or_else(|| search.selected.pop()) {
            if !search.may_run(method) || !search.visited.insert(method) {
                continue;
            }
            if search.visited.len() > MAX_VISITED {
                return false;
            }
            if calls_api(cx, method, names) {
                return true;
            }
            search.method(method);
        }
        match search.values.pop() {
            Some((method, value, wanted)) => search.value(cx.world.body(method), value, wanted),
            None if search.is_passed_on() => {}
            None => return false,
        }
    }
}

impl<'w> Search<'_, 'w> {
    fn world(&self) -> &'w World<'w> {
        self.cx.world
    }

    /// Whether a method may run on behalf of the tenant that is asked about.
    fn may_run(&self, method: MethodId) -> bool {
        let reach = self.world().reach;
        self.tenant.is_none_or(|tenant| {
            let tenants = reach.tenants(method);
            let is_owner =
                reach.owner(self.world().program.class_of_method(method)).is_none_or(|o| o == tenant);
            // What an initialiser calls runs for whoever comes first.
            is_owner && (tenants.has(tenant) || tenants.is_empty())
        })
    }

    fn push(&mut self, body: Body<'_>, value: ValueId, wanted: Wanted) {
        if self.seen.len() < MAX_VALUES && self.seen.insert((body.id, value, wanted)) {
            self.values.push((body.id, value, wanted));
        }
    }

    /// What a method that the task gets to calls.
    fn method(&mut self, method: MethodId) {
        let (calls, program) = (self.world().calls, self.world().program);
        for to in calls.successors(calls.index(Node::Method(method))) {
            if let Node::Method(next) = calls.node(*to)
                && program.method(next).has_body
            {
                self.waiting.push(next);
            }
        }
        let body = self.world().body(method);
        let refs = program.refs(program.class(body.class).loader);
        for event in self.events(body) {
            if matches!(event.kind, EventKind::InvokeVirtual | EventKind::InvokeInterface)
                && let Some(target) = event.member().and_then(|m| refs.method(m))
                && self.may_be_given(target)
            {
                self.push(body, body.origins.arg(event, 0), Wanted::Called(target));
                self.select(body, event, target);
            }
        }
    }

    /// The methods of the deployment that a call on the very object selects whose method it is in; of another call the only
    /// one that it can select.
    fn select(&mut self, body: Body<'w>, event: &Event, target: MethodId) {
        let program = self.world().program;
        if program.is_jdk(program.class_of_method(target)) {
            return;
        }
        let is_static = body.method.access.is_static();
        let mut receiver = body.origins.leaves(body.origins.arg(event, 0));
        let limit = if !is_static && receiver.all(|l| l == Value::Param(0)) { MAX_TARGETS } else { 1 };
        self.selected.extend(self.world().targets(body, event, limit).unwrap_or_default());
    }

    /// The events of a body, as long as not too many were looked at.
    fn events(&mut self, body: Body<'w>) -> &'w [Event] {
        let events = body.origins.events();
        self.n_events += events.len();
        if self.n_events > MAX_EVENTS { &[] } else { events }
    }

    /// Whether a method is one of functions, or of objects whose class the call does not tell.
    fn may_be_given(&self, method: MethodId) -> bool {
        let program = self.world().program;
        let (class, access) = (program.class_of_method(method), program.method(method).access);
        if !program.is_jdk(class) {
            return !access.is_static() && !access.is_private() && !access.is_final();
        }
        let mut abstracts = program.methods_of(class).filter(|(_, m)| m.access.is_abstract());
        access.is_abstract() && abstracts.next().is_some() && abstracts.next().is_none()
    }

    /// What a value runs, or where else to look for it.
    fn value(&mut self, body: Body<'w>, value: ValueId, wanted: Wanted) {
        if !self.may_run(body.id) {
            return;
        }
        for leaf in body.origins.leaves(value) {
            if let Value::Param(i) = leaf
                && (i > 0 || body.method.access.is_static())
                && self.given.len() < MAX_GIVEN
                && !self.given.contains(&(body.id, i, wanted))
            {
                self.given.push((body.id, i, wanted));
            }
            let Some((_, made)) = body.origins.event(leaf) else { continue };
            match made.kind {
                EventKind::Lambda if !matches!(wanted, Wanted::Elements(_)) => self.function(body, made),
                EventKind::New => self.object(body, (leaf, made), wanted),
                EventKind::GetStatic | EventKind::GetField => self.field(body, made, wanted),
                kind if kind.is_invoke() => self.result(body, made, wanted),
                _ => {}
            }
        }
    }

    /// The method of a lambda or method reference. One that is abstract is that of the object that it is bound to.
    fn function(&mut self, body: Body<'_>, made: &Event) {
        let program = self.world().program;
        let refs = program.refs(program.class(body.class).loader);
        let Some(method) = made.member().and_then(|m| refs.method(m)) else { return };
        if program.method(method).has_body && !program.is_jdk(program.class_of_method(method)) {
            self.functions.insert(method);
            self.waiting.push(method);
        } else if let Some(bound) = body.origins.args(made).first() {
            self.push(body, *bound, Wanted::Called(method));
        }
    }

    fn object(&mut self, body: Body<'w>, (leaf, made): (Value, &Event), wanted: Wanted) {
        let program = self.world().program;
        let loader = program.class(body.class).loader;
        let Some(class) = made.name().and_then(|n| program.find(loader, n)) else { return };
        match wanted {
            Wanted::Task => {
                let calls = self.world().calls;
                for to in calls.successors(calls.index(Node::Instance(class))) {
                    if let Node::Method(method) = calls.node(*to) {
                        self.functions.insert(method);
                        self.waiting.push(method);
                    }
                }
            }
            Wanted::Called(called) => {
                let called = program.method(called);
                let run = program.select(class, called.name, called.desc);
                if let Some(run) = run.filter(|m| program.method(*m).has_body) {
                    self.functions.insert(run);
                    self.waiting.push(run);
                }
            }
            Wanted::Elements(called) => self.put_into(body, leaf, called),
        }
    }

    fn field(&mut self, body: Body<'_>, read: &Event, wanted: Wanted) {
        let world = self.world();
        let refs = world.program.refs(world.program.class(body.class).loader);
        let Some(field) = read.member().and_then(|m| refs.field(m)) else { return };
        for write in world.fields.writes(field).take(MAX_ACCESSES) {
            let value = world.event(write.method, write.event);
            let writer = world.body(write.method);
            if let Some(value) = value.and_then(|e| writer.origins.args(e).last()) {
                self.push(writer, *value, wanted);
            }
        }
        if let Wanted::Elements(called) = wanted {
            for read in world.fields.reads(field).take(MAX_ACCESSES) {
                if self.may_run(read.method) {
                    self.put_into(world.body(read.method), Value::Event(u32::from(read.event)), called);
                }
            }
        }
    }

    /// What a call yields: what the deployment's own method returns, an element of the container that the JDK's is
    /// called on.
    fn result(&mut self, body: Body<'_>, call: &Event, wanted: Wanted) {
        let world = self.world();
        let program = world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = call.member().and_then(|m| refs.method(m));
        if target.is_some_and(|m| !program.is_jdk(program.class_of_method(m))) {
            for callee in world.targets(body, call, 1).unwrap_or_default() {
                let callee = world.body(callee);
                let returns = self.events(callee).iter().filter(|e| e.kind == EventKind::Return);
                for value in returns.filter_map(|e| callee.origins.args(e).first()) {
                    self.push(callee, *value, wanted);
                }
            }
        } else if let Wanted::Called(called) | Wanted::Elements(called) = wanted {
            // `list.get(0)`, `list.iterator().next()`, `List.of(a, b)`.
            for (i, value) in body.origins.args(call).iter().enumerate() {
                if call.kind.has_receiver() && i == 0 {
                    self.push(body, *value, Wanted::Elements(called));
                } else if !call.kind.has_receiver() {
                    self.push(body, *value, wanted);
                    self.push(body, *value, Wanted::Elements(called));
                }
            }
        }
    }

    /// What a body puts into a container.
    fn put_into(&mut self, body: Body<'w>, container: Value, called: MethodId) {
        let world = self.world();
        let loader = world.program.class(body.class).loader;
        let mutators = world.knowledge.group(groups::CONTAINER_MUTATOR);
        for put in self.events(body).iter().filter(|e| e.kind.is_invoke() && e.kind.has_receiver()) {
            let api = put.member().and_then(|m| world.knowledge.api_in(mutators, loader, m));
            let facts = api.and_then(|api| world.knowledge.tables.apis.get(usize::from(api)));
            let value = facts.and_then(|facts| facts.value).map(Subject::Argument);
            let Some(value) = value.and_then(|v| v.operand(true)) else { continue };
            if is_inside(body, body.origins.arg(put, 0), container) {
                self.push(body, body.origins.arg(put, value), Wanted::Called(called));
                self.push(body, body.origins.arg(put, value), Wanted::Elements(called));
            }
        }
    }

    /// Goes to the callers of methods that are given something; whether there was something new.
    fn is_passed_on(&mut self) -> bool {
        let n = self.seen.len();
        self.n_rounds += 1;
        if self.n_rounds > MAX_ROUNDS {
            return false;
        }
        for at in 0..self.given.len() {
            let Some((method, param, wanted)) = self.given.get(at).copied() else { break };
            let is_function = self.functions.contains(&method);
            let is_in_task = self.visited.contains(&method) && !is_function;
            for site in self.world().sites.of(method, MAX_CALLERS).unwrap_or_default() {
                let CallSite { caller, event } = site;
                let Some(call) = self.world().event(caller, event) else { continue };
                let is_maker = call.kind == EventKind::Lambda;
                // What calls it elsewhere is not the task.
                let counts =
                    if is_in_task { self.visited.contains(&caller) } else { !is_function || is_maker };
                if !counts || !self.may_run(caller) {
                    continue;
                }
                let caller = self.world().body(caller);
                match caller.origins.args(call).get(usize::from(param)) {
                    Some(passed) => self.push(caller, *passed, wanted),
                    None if is_maker => self.worked_on(caller, event, wanted),
                    None => {}
                }
            }
        }
        self.seen.len() > n
    }

    /// What a function is given that is handed to a container's own method: `handlers.forEach(h -> …)`.
    fn worked_on(&mut self, body: Body<'w>, lambda: u16, wanted: Wanted) {
        let Wanted::Called(called) = wanted else { return };
        let it = Value::Event(u32::from(lambda));
        for call in self.events(body).iter().filter(|e| e.kind.is_invoke() && e.kind.has_receiver()) {
            let args = body.origins.args(call);
            if args.iter().skip(1).any(|v| body.origins.may_be(*v, it)) {
                self.push(body, body.origins.arg(call, 0), Wanted::Elements(called));
            }
        }
    }
}

/// Whether a value is a container, or something that stands in it: `lists.computeIfAbsent(key, …)`.
fn is_inside(body: Body<'_>, value: ValueId, container: Value) -> bool {
    let mut value = value;
    for _ in 0..MAX_STEPS {
        if body.origins.may_be(value, container) {
            return true;
        }
        let inside = body.origins.leaves(value).find_map(|leaf| body.origins.event(leaf));
        let Some((_, call)) = inside.filter(|(_, e)| e.kind.is_invoke() && e.kind.has_receiver()) else {
            return false;
        };
        value = body.origins.arg(call, 0);
    }
    false
}
