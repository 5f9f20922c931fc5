//! Which threads end by themselves, and what ends the others.

use super::cycles::cycles;
use super::flow::Site;
use super::lingering::{self, Lingering};
use super::roots::UnloadRoots;
use super::{interrupts, waits};
use crate::dataflow::knowledge::{Role, groups};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, FieldId, MethodId, TenantId, ValueId};

/// The JVM's own names that a thread's life depends on.
const THREAD: &str = "java/lang/Thread";
const RUNNABLE: &str = "java/lang/Runnable";
const RUN: &str = "run";
const CALLABLE: &str = "java/util/concurrent/Callable";
const CALL: &str = "call";
/// Runs what its constructor is given, once.
const FUTURE_TASK: &str = "java/util/concurrent/FutureTask";
const SET_DAEMON: &str = "setDaemon";

/// Bodies looked at to tell whether a thread ends.
const MAX_BODIES: usize = 80;
/// A thread that may run more tasks than these is one for any task.
const MAX_TASKS: usize = 4;
/// Computations between a field and the value that is tested.
const MAX_DERIVED: u32 = 4;
/// Overriders looked at for one call on the thread.
const MAX_TARGETS: usize = 4;

/// What a thread runs and what keeps it running.
#[derive(Clone, Default, Debug)]
pub(super) struct Life {
    /// The bodies of its task.
    pub(super) runs: Vec<MethodId>,
    /// These, and what they call as far as it was looked at.
    pub(super) bodies: Vec<MethodId>,
    /// Whether nothing in it can last.
    pub(super) is_short: bool,
    /// Whether it runs a loop that nothing but another thread ends.
    pub(super) is_endless: bool,
    /// Whether a loop that has no other way out catches what an interrupt throws, and goes on.
    pub(super) ignores_interrupts: bool,
    /// Whether its maker says that the JVM shall not end before it.
    pub(super) is_meant_to_last: bool,
    /// Whether it waits for something that need not come.
    waits_for_others: bool,
    /// Fields that its loops look at, and fields whose objects it waits on.
    flags: Vec<FieldId>,
    waits: Vec<FieldId>,
}

/// Whether a call is made on a thread object.
pub(super) fn is_thread(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let Some(member) = event.member() else { return false };
    let owner = world.program.facts.members.get(member).owner;
    let class = world.program.find(world.program.class(body.class).loader, owner);
    world.program.text(owner) == THREAD || class.is_some_and(|c| world.program.has_supertype_named(c, THREAD))
}

/// How long the thread in a value lives.
pub(super) fn life(world: &World<'_>, body: Body<'_>, thread: ValueId) -> Life {
    let mut tasks = Tasks::new(world);
    tasks.of_thread(body, thread);
    Life { is_meant_to_last: is_made_non_daemon(world, body, thread), ..life_of(world, tasks) }
}

/// How long the task in a value, a lambda or an object with a `run()`, keeps a thread busy.
pub(super) fn life_of_task(world: &World<'_>, body: Body<'_>, task: ValueId) -> Life {
    let mut tasks = Tasks::new(world);
    tasks.of_task(body, task);
    life_of(world, tasks)
}

fn life_of(world: &World<'_>, tasks: Tasks<'_>) -> Life {
    let (mut runs, is_unknown, is_future) = (tasks.runs, tasks.is_unknown, tasks.is_future);
    let is_generic = is_unknown || runs.len() > MAX_TASKS;
    runs.sort_unstable();
    runs.dedup();
    let mut life = Life { is_short: !is_unknown && !runs.is_empty(), runs, ..Life::default() };
    let mut bodies = life.runs.clone();
    let mut at = 0;
    while let Some(run) = bodies.get(at).copied() {
        at += 1;
        life.look_at(world, world.body(run), &mut bodies);
    }
    life.bodies = bodies;
    // Whoever has a future may call off what it runs.
    if is_generic || is_future && !life.is_short {
        // What ends one of many tasks ends no thread that runs any of them.
        (life.flags, life.waits) = (Vec::new(), Vec::new());
        (life.is_endless, life.waits_for_others) = (false, true);
    }
    life.flags.sort_unstable();
    life.flags.dedup();
    life.waits.sort_unstable();
    life.waits.dedup();
    life
}

/// Whether the body that starts a thread makes it one that the JVM waits for.
fn is_made_non_daemon(world: &World<'_>, body: Body<'_>, thread: ValueId) -> bool {
    let same = |v: ValueId| body.origins.leaves(v).any(|l| body.origins.leaves(thread).any(|t| t == l));
    body.origins.events().iter().any(|event| {
        let name = event.member().map(|m| world.program.facts.members.get(m).name);
        event.kind.is_invoke()
            && name.is_some_and(|n| world.program.text(n) == SET_DAEMON)
            && is_thread(world, body, event)
            && same(body.origins.arg(event, 0))
            && body.origins.leaves(body.origins.arg(event, 1)).all(|leaf| leaf == Value::Int(0))
    })
}

/// What a call runs, if that is one method of the deployment. A call of an interface of the JDK runs anything: a
/// worker's loop is not the loop of its tasks.
pub(super) fn only_target(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<MethodId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let target = refs.method(event.member()?)?;
    if world.program.is_jdk(world.program.class_of_method(target)) {
        return None;
    }
    let targets = world.targets(body, event, MAX_TARGETS)?;
    if let [only] = targets.as_slice() { Some(*only) } else { None }
}

/// What a thread will run.
struct Tasks<'w> {
    world: &'w World<'w>,
    runs: Vec<MethodId>,
    is_unknown: bool,
    /// Whether it runs something as a future.
    is_future: bool,
}

impl<'w> Tasks<'w> {
    fn new(world: &'w World<'w>) -> Self {
        Self { world, runs: Vec::new(), is_unknown: false, is_future: false }
    }

    fn of_thread(&mut self, body: Body<'_>, thread: ValueId) {
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
        for found in origins::of_value(self.world, body.id, thread) {
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
                Origin::Parameter | Origin::Unknown => self.is_unknown |= !own && !found.is_derived,
                _ => {}
            }
        }
    }

    /// The tasks that a factory is given which the body asks for the thread; none if it may come from elsewhere.
    fn given_to_factory(&self, body: Body<'_>, thread: ValueId) -> Vec<ValueId> {
        let group = self.world.knowledge.group(groups::NEW_THREAD);
        let loader = self.world.program.class(body.class).loader;
        let task = |leaf: Value| {
            let (_, event) = body.origins.event(leaf)?;
            let member = event.member().filter(|_| event.kind.is_invoke())?;
            self.world.knowledge.api_in(group, loader, member)?;
            body.origins.args(event).get(1).copied()
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
            if program.text(member.name) != "<init>" {
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

    fn of_task(&mut self, body: Body<'_>, task: ValueId) {
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
        for found in origins::of_value(self.world, body.id, task) {
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
                // A lambda that a module passes in is anchored where it is passed.
                (Origin::Allocation(None) | Origin::Array(_), _) => self.is_unknown = true,
                _ => {}
            }
        }
    }

    fn of_class(&mut self, class: ClassId, name: &str) {
        match code_of(self.world, class, name) {
            Some(run) => self.runs.push(run),
            None => self.is_unknown = true,
        }
    }

    fn of_lambda(&mut self, body: Body<'_>, event: &Event) {
        match self.world.targets(body, event, MAX_TARGETS) {
            Some(targets) if !targets.is_empty() => self.runs.extend(targets),
            _ => self.is_unknown = true,
        }
    }
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

impl Life {
    /// Whether all that it does comes to an end by itself, if not at once: of what it reads, or of a time.
    pub(super) fn ends_by_itself(&self) -> bool {
        !self.runs.is_empty() && !self.is_endless && !self.is_meant_to_last && !self.waits_for_others
    }

    /// Looks for loops and for calls that wait, and adds what the body calls.
    fn look_at(&mut self, world: &World<'_>, body: Body<'_>, bodies: &mut Vec<MethodId>) {
        let [blocking, passing] =
            [groups::BLOCKING_CALL, groups::PASSING_WAIT].map(|name| world.knowledge.group(name));
        let loader = world.program.class(body.class).loader;
        let timed = if body.method.has_loop { self.loops(world, body) } else { Vec::new() };
        for (i, event) in body.origins.events().iter().enumerate().filter(|(_, e)| e.kind.is_invoke()) {
            let Some(member) = event.member() else { continue };
            if world.knowledge.api_in(blocking, loader, member).is_some() {
                self.is_short = false;
                let is_timed = timed.contains(&(i as u16));
                let passes = is_timed || world.knowledge.api_in(passing, loader, member).is_some();
                self.waits_for_others |= !passes;
                if event.kind.has_receiver() {
                    let sources = waits::sources(world, body, body.origins.arg(event, 0));
                    self.waits_for_others |= sources.is_kept_open && !is_timed;
                    self.waits.extend(sources.fields);
                }
            }
            if let Some(target) = only_target(world, body, event)
                && bodies.len() < MAX_BODIES
                && !bodies.contains(&target)
            {
                bodies.push(target);
            }
        }
    }

    /// A loop that has no way out, or one that only a field shows, lasts; any other is taken to count or iterate, or to
    /// end when nothing comes any more. Returns the waits of such a loop.
    fn loops(&mut self, world: &World<'_>, body: Body<'_>) -> Vec<u16> {
        let mut timed = Vec::new();
        let unit = body.origins.unit;
        let blocks = unit.blocks_of(body.method);
        for members in cycles(unit, blocks) {
            let mut exits = 0;
            let mut flagged = 0;
            let mut heeds = false;
            let lingering = Lingering::find(world, body, &members);
            let mut lingers = false;
            for b in &members {
                let Some(block) = blocks.get(usize::from(*b)) else { continue };
                if unit.successors(block).iter().all(|to| members.contains(to)) {
                    continue;
                }
                exits += 1;
                if lingering.leads_to(body, &members, *b) {
                    lingers = true;
                    if lingering::asks_for_work(world, body, block, &members) {
                        continue;
                    }
                }
                let flags = tested(block.test()).map_or_else(Vec::new, |v| fields_of(world, body, v, 0));
                // Whether it was interrupted is a flag that a thread has from the start.
                let is_interrupt = tested(block.test()).is_some_and(|v| interrupts::is_asked(world, body, v));
                heeds |= is_interrupt;
                flagged += usize::from(!flags.is_empty() || is_interrupt);
                self.flags.extend(flags);
            }
            let ends = exits > flagged;
            self.waits_for_others |= polls(world, body, &members);
            self.ignores_interrupts |= !ends && !heeds && interrupts::are_swallowed(world, body, &members);
            self.is_short &= ends;
            self.is_endless |= !ends;
            if ends && lingers {
                timed.extend(lingering.waits());
            }
        }
        timed
    }

    /// What at a tenant's unload ends the thread: a write of a flag, or a call on what it waits for. The other part
    /// is the first such thing that other code does.
    pub(super) fn ended(
        &self,
        world: &World<'_>,
        roots: &UnloadRoots,
        tenant: TenantId,
    ) -> (Option<Site>, Option<Site>) {
        let mut elsewhere = None;
        let flags = self.flags.iter().flat_map(|f| world.fields.accesses(*f).map(|a| (a, true)));
        let waits = self.waits.iter().flat_map(|f| world.fields.accesses(*f).map(|a| (a, false)));
        for (access, is_flag) in flags.chain(waits) {
            let body = world.body(access.method);
            let is_init = matches!(world.program.text(body.method.name), "<init>" | "<clinit>");
            if is_init || self.runs.contains(&access.method) {
                continue;
            }
            let mut ends = match (is_flag, access.is_write) {
                (true, true) => vec![(access.method, access.event)],
                (false, true) => Vec::new(),
                (_, false) => self.changes(world, body, access.event, is_flag),
            };
            if let Some(in_time) = ends.iter().find(|site| roots.reaches(tenant, site.0)) {
                return (Some(*in_time), None);
            }
            elsewhere = elsewhere.or(ends.pop());
        }
        (None, elsewhere)
    }
}

impl Life {
    /// Where something is done to a field's value that ends the thread: where it is read, or where a getter's result is
    /// used.
    fn changes(&self, world: &World<'_>, body: Body<'_>, read: u16, is_flag: bool) -> Vec<Site> {
        let mut sites = vec![(body.id, read)];
        sites.extend(waits::asked(world, body, read).into_iter().filter(|s| !self.runs.contains(&s.0)));
        sites.retain(|site| is_changed(world, world.body(site.0), site.1, is_flag));
        sites
    }
}

/// Whether something is called on a field's value that ends a wait for it: an atomic flag is set, a socket or queue
/// is closed or given something.
fn is_changed(world: &World<'_>, body: Body<'_>, read: u16, is_flag: bool) -> bool {
    let loader = world.program.class(body.class).loader;
    let changers =
        [groups::ATOMIC_MUTATOR, groups::CONTAINER_MUTATOR, groups::WAKES].map(|g| world.knowledge.group(g));
    body.origins.events().iter().filter(|e| e.kind.is_invoke() && e.kind.has_receiver()).any(|e| {
        let receiver = body.origins.arg(e, 0);
        let is_it = body.origins.leaves(receiver).any(|l| l == Value::Event(u32::from(read)));
        let Some(member) = e.member().filter(|_| is_it) else { return false };
        let is_known = changers.iter().any(|g| world.knowledge.api_in(g, loader, member).is_some());
        let mut roles = world.knowledge.roles(loader, member);
        is_known || !is_flag && roles.any(|(r, _)| matches!(r, Role::Release(_)))
    })
}

/// Whether a loop waits a while and looks again, not for a time: nobody knows when it finds what it looks for.
fn polls(world: &World<'_>, body: Body<'_>, members: &[u16]) -> bool {
    let loader = world.program.class(body.class).loader;
    let blocks = body.origins.unit.blocks_of(body.method);
    let calls = |group: &[bool], is_meant: &dyn Fn(&Event) -> bool| {
        let inside = members.iter().filter_map(|b| blocks.get(usize::from(*b)));
        let mut events = inside.flat_map(|b| body.origins.unit.events_in(body.method, b));
        events.any(|e| {
            let member = e.member().filter(|_| e.kind.is_invoke() && is_meant(e));
            member.is_some_and(|m| world.knowledge.api_in(group, loader, m).is_some())
        })
    };
    let [passing, clock] = [groups::PASSING_WAIT, groups::CLOCK_READ].map(|name| world.knowledge.group(name));
    calls(passing, &|e| e.kind == EventKind::InvokeStatic) && !calls(clock, &|_| true)
}

fn tested(test: Test) -> Option<ValueId> {
    match test {
        Test::IsNull(v) | Test::NonNull(v) | Test::IsZero(v) | Test::NonZero(v) => Some(v),
        Test::None | Test::Same(..) | Test::Differ(..) => None,
    }
}

/// The fields that a value is read from, also through a getter or an atomic.
fn fields_of(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> Vec<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let mut found = Vec::new();
    for leaf in body.origins.leaves(value) {
        let Some((_, event)) = body.origins.event(leaf) else {
            // In a loop a value may be computed from itself.
            if let Value::Derived(source) = leaf
                && depth < MAX_DERIVED
            {
                found.extend(fields_of(world, body, source, depth + 1));
            }
            continue;
        };
        match event.kind {
            EventKind::GetField | EventKind::GetStatic => {
                found.extend(event.member().and_then(|m| refs.field(m)));
            }
            kind if kind.is_invoke() => found.extend(fields_behind(world, body, event)),
            _ => {}
        }
    }
    found
}

fn fields_behind(world: &World<'_>, body: Body<'_>, event: &Event) -> Vec<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let read = |body: Body<'_>, value: ValueId| -> Vec<FieldId> {
        let refs = world.program.refs(world.program.class(body.class).loader);
        let events = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        let reads = events.filter(|(_, e)| matches!(e.kind, EventKind::GetField | EventKind::GetStatic));
        reads.filter_map(|(_, e)| refs.field(e.member()?)).collect()
    };
    let Some(method) = event.member().and_then(|m| refs.method(m)) else { return Vec::new() };
    if world.program.is_jdk(world.program.class_of_method(method)) {
        let is_on_object = event.kind.has_receiver() && event.n_args == 1;
        return if is_on_object { read(body, body.origins.arg(event, 0)) } else { Vec::new() };
    }
    let mut found = Vec::new();
    for target in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
        let callee = world.body(target);
        for ret in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
            found.extend(callee.origins.args(ret).iter().flat_map(|v| read(callee, *v)));
        }
    }
    found
}
