//! Which threads end by themselves, and what ends the others.

use super::cycles::cycles;
use super::flow::Site;
use super::lingering::{self, Lingering};
use super::roots::UnloadRoots;
use super::thread_code::{THREAD, Tasks};
use super::{interrupts, waits};
use crate::dataflow::knowledge::{Role, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::{FieldId, MethodId, TenantId, ValueId};

const SET_DAEMON: &str = "setDaemon";

/// Bodies looked at to tell whether a thread ends.
const MAX_BODIES: usize = 80;
/// A thread that may run more tasks than these is one for any task.
const MAX_TASKS: usize = 4;
/// Computations between a field and the value that is tested.
const MAX_DERIVED: u32 = 4;
/// Overriders looked at for one call on the thread.
const MAX_TARGETS: usize = 4;
/// Callers looked at of a method that may be the thread's own.
const MAX_CALLERS: usize = 16;
/// Calls between a thread's `run()` and such a method.
const MAX_CALLS: u32 = 3;

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
    /// Whether it waits for what the garbage collector finds, so that nobody can tell it to end.
    pub(super) awaits_collection: bool,
    /// Modules whose own tasks end at once, where others' may last.
    pub(super) spares: Vec<TenantId>,
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

/// One life for all. What one module has run in shared code's threads tells nothing of another's.
fn life_of(world: &World<'_>, tasks: Tasks<'_>) -> Life {
    let owner = |run: &MethodId| world.reach.owner(world.program.class_of_method(*run));
    let mut runs = tasks.runs.clone();
    runs.sort_unstable();
    runs.dedup();
    let mut owners: Vec<TenantId> = runs.iter().filter_map(owner).collect();
    owners.sort_unstable();
    owners.dedup();
    if owners.len() < 2 {
        return single_life(world, &tasks, runs);
    }
    let mut life = Life { is_short: true, ..Life::default() };
    for tenant in owners {
        let own = runs.iter().copied().filter(|run| owner(run).is_none_or(|o| o == tenant)).collect();
        let part = single_life(world, &tasks, own);
        if part.is_short {
            life.spares.push(tenant);
        }
        life.add(part);
    }
    for list in [&mut life.runs, &mut life.bodies] {
        list.sort_unstable();
        list.dedup();
    }
    life.tidy();
    life
}

fn single_life(world: &World<'_>, tasks: &Tasks<'_>, runs: Vec<MethodId>) -> Life {
    let is_generic = tasks.is_unknown || runs.len() > MAX_TASKS;
    let mut life = Life { is_short: !tasks.is_unknown && !runs.is_empty(), runs, ..Life::default() };
    let mut bodies = life.runs.clone();
    let mut at = 0;
    while let Some(run) = bodies.get(at).copied() {
        at += 1;
        life.look_at(world, world.body(run), &mut bodies);
    }
    life.bodies = bodies;
    // Whoever has a future may call off what it runs.
    if is_generic || tasks.is_future && !life.is_short {
        // What ends one of many tasks ends no thread that runs any of them.
        (life.flags, life.waits) = (Vec::new(), Vec::new());
        (life.is_endless, life.waits_for_others, life.awaits_collection) = (false, true, false);
    }
    life.tidy();
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

impl Life {
    /// Adds what another task does.
    fn add(&mut self, part: Self) {
        self.runs.extend(part.runs);
        self.bodies.extend(part.bodies);
        self.flags.extend(part.flags);
        self.waits.extend(part.waits);
        self.is_short &= part.is_short;
        self.is_endless |= part.is_endless;
        self.ignores_interrupts |= part.ignores_interrupts;
        self.waits_for_others |= part.waits_for_others;
        self.awaits_collection |= part.awaits_collection;
    }

    fn tidy(&mut self) {
        for list in [&mut self.flags, &mut self.waits] {
            list.sort_unstable();
            list.dedup();
        }
    }

    /// Whether all that it does comes to an end by itself, if not at once: of what it reads, or of a time.
    pub(super) fn ends_by_itself(&self) -> bool {
        !self.runs.is_empty() && !self.is_endless && !self.is_meant_to_last && !self.waits_for_others
    }

    /// Looks for loops and for calls that wait, and adds what the body calls.
    fn look_at(&mut self, world: &World<'_>, body: Body<'_>, bodies: &mut Vec<MethodId>) {
        let [blocking, passing, collected] =
            [groups::BLOCKING_CALL, groups::PASSING_WAIT, groups::COLLECTION_WAIT]
                .map(|name| world.knowledge.group(name));
        let loader = world.program.class(body.class).loader;
        let timed = if body.method.has_loop { self.loops(world, body) } else { Vec::new() };
        for (i, event) in body.origins.events().iter().enumerate().filter(|(_, e)| e.kind.is_invoke()) {
            let Some(member) = event.member() else { continue };
            if world.knowledge.api_in(blocking, loader, member).is_some() {
                self.is_short = false;
                self.awaits_collection |= world.knowledge.api_in(collected, loader, member).is_some();
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
            let is_init = world.program.is_constructor(body.method.name)
                || world.program.is_class_initializer(body.method.name);
            if is_init || self.runs.contains(&access.method) || self.is_left_to_itself(world, body, 0) {
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
    /// Whether nothing but the thread itself gets to a method, or what makes its object: what that does there, it does
    /// when it gives up, and nobody else can have it done.
    fn is_left_to_itself(&self, world: &World<'_>, body: Body<'_>, depth: u32) -> bool {
        let is_own = |caller: MethodId| {
            let calling = world.body(caller);
            self.runs.contains(&caller)
                || calling.class == body.class && world.program.is_constructor(calling.method.name)
                || depth < MAX_CALLS && self.is_left_to_itself(world, calling, depth + 1)
        };
        !body.method.access.is_public()
            && self.bodies.contains(&body.id)
            && world.sites.of(body.id, MAX_CALLERS).is_some_and(|s| s.iter().all(|site| is_own(site.caller)))
    }

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
