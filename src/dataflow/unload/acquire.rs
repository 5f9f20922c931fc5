//! Which calls acquire something, and on whose behalf: a factory's caller owns what the factory returns.

use super::attributes::constant;
use super::beans::Beans;
use super::flow::Acquired;
use super::makers::{
    implements_acquiring, is_begun_by_callers, is_known_to_acquire, is_overload_of_itself, may_be_got,
    may_yield_anything,
};
use super::modelled;
use super::receivers;
use super::uses::gives_back;
use crate::dataflow::knowledge::{ResourceFacts, ResourceId, Role, Subject, groups};
use crate::dataflow::{Body, Share, World, marks};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, ValueId};
use rustc_hash::FxHashSet;
use std::ops::Range;

/// What one pass over all bodies finds.
#[derive(Default)]
pub(super) struct Calls {
    /// Acquiring calls, sorted; factories and constructors of subclasses replaced by their callers.
    pub(super) acquired: Vec<Acquired>,
    /// Releasing calls of registries: resource, method, event; sorted.
    pub(super) releases: Vec<(ResourceId, MethodId, u16)>,
    /// Reads of thread locals, which make a value if the variable has an initial one.
    pub(super) reads: Vec<(MethodId, u16)>,
    /// Lookups in a directory by a constant name, in methods that release something.
    pub(super) named: Vec<Named>,
}

/// A lookup: the name, the method that holds it, and its position among the method's events.
pub(super) type Named = (Name, MethodId, u16);

/// Callers that a factory is followed up to.
const MAX_LIFT: u32 = 4;
/// Constructors that may call one another count for one caller together.
const MAX_CONSTRUCTORS: u32 = 8;
/// Calls of one method, or of its factories, that are followed up to their callers.
const MAX_LIFTED: usize = 1 << 12;
/// Events that are looked at for all acquiring calls of one method: each takes a walk over the whole body.
const MAX_STEPS: u64 = 1 << 21;
/// Call sites of one factory; a more popular one is judged as a whole.
const MAX_SITES: usize = 64;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 4;

/// The group of resources that a registry keeps.
pub(super) const REGISTRATIONS: &str = "registrations";
/// The group of resources that the present thread keeps.
pub(super) const THREAD_BOUND: &str = "thread-bound";

/// The group of what concerns an application only where it is handed to what belongs to others.
const TASKS_OF_OTHERS: &str = "tasks-of-others";
/// The group of what concerns an application only where an object keeps it that shared code holds for all.
pub(super) const LISTENERS_OF_OTHERS: &str = "listeners-of-others";

/// Group of those that are threads, or have one from the start.
pub(super) const THREADS: &str = "threads";
/// The group of what has threads of its own for whatever it is given.
pub(super) const POOLS: &str = "pools";

/// The group of what the JVM makes for itself at the first use: nobody is handed it.
pub(super) const FIRST_USE: &str = "first-use";

/// Whether a resource is of a group.
pub(super) fn is_of_group(world: &World<'_>, resource: ResourceId, group: &str) -> bool {
    let facts = world.knowledge.tables.resources.get(usize::from(resource));
    facts.is_some_and(|r| r.groups.iter().any(|g| g == group))
}

/// Finds the calls in all bodies.
pub(super) fn find(
    world: &World<'_>,
    beans: &Beans,
    wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    parallel: &impl Parallel,
) -> Calls {
    const CHUNK: usize = 128;
    let n = world.program.classes.len();
    let reads = world.knowledge.group(groups::THREAD_LOCAL_GET);
    let share = share(world, wanted, parallel);
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut calls = Calls::default();
        for id in marked(world, chunk * CHUNK..n.min((chunk + 1) * CHUNK)) {
            of_body(world, beans, (wanted, share), reads, id, &mut calls);
        }
        calls
    });
    let mut calls = Calls::default();
    for part in found {
        calls.acquired.extend(part.acquired);
        calls.releases.extend(part.releases);
        calls.reads.extend(part.reads);
        calls.named.extend(part.named);
    }
    calls.acquired.sort_unstable();
    calls.acquired.dedup();
    calls
}

/// The methods of some classes that have a call which matters.
fn marked<'w>(world: &'w World<'_>, classes: Range<usize>) -> impl Iterator<Item = MethodId> + 'w {
    let classes = classes.map(ClassId::from_index).filter(|class| !world.program.is_jdk(*class));
    let methods = classes.flat_map(|class| world.program.methods_of(class)).filter(|(_, m)| m.has_body);
    let marks = marks::ACQUIRE | marks::RELEASE | marks::THREAD_LOCAL_GET;
    methods.map(|(id, _)| id).filter(move |id| world.knowledge.is_marked(*id, marks))
}

/// How many acquiring calls of each method are followed.
fn share(world: &World<'_>, wanted: &(dyn Fn(ResourceId) -> bool + Sync), parallel: &impl Parallel) -> Share {
    const CHUNK: usize = 1024;
    let n = world.program.classes.len();
    let demands = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let methods = marked(world, chunk * CHUNK..n.min((chunk + 1) * CHUNK));
        let acquiring = methods.filter(|id| world.knowledge.is_marked(*id, marks::ACQUIRE));
        let demand = |id| {
            let body = world.body(id);
            let loader = world.program.class(body.class).loader;
            let events = body.origins.events();
            let members = events.iter().filter(|e| e.kind.is_invoke()).filter_map(Event::member);
            let roles = members.flat_map(|m| world.knowledge.roles(loader, m));
            let n = roles.filter(|(role, _)| matches!(role, Role::Acquire(r) if wanted(*r))).count();
            (n * events.len()) as u64
        };
        acquiring.map(demand).filter(|n| *n > 0).collect::<Vec<_>>()
    });
    Share::of(world.program, demands.concat(), MAX_STEPS)
}

fn of_body(
    world: &World<'_>,
    beans: &Beans,
    (wanted, share): (&(dyn Fn(ResourceId) -> bool + Sync), Share),
    reads: &[bool],
    id: MethodId,
    calls: &mut Calls,
) {
    let body = world.body(id);
    let loader = world.program.class(body.class).loader;
    let lookups = world.knowledge.group(groups::NAMING_LOOKUP);
    let mut n_left = share.questions(body.origins.events().len());
    for (i, event) in body.origins.events().iter().enumerate() {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { continue };
        let roles = || world.knowledge.roles(loader, member);
        for (role, _) in roles() {
            match role {
                Role::Acquire(resource)
                    if wanted(resource) && !roles().any(|(r, _)| r == Role::NotOwned(resource)) =>
                {
                    let Some(left) = n_left.checked_sub(1) else {
                        world.bounds.note(id);
                        continue;
                    };
                    n_left = left;
                    if !is_acquired(world, body, event, resource) {
                        continue;
                    }
                    let operand = operand_of(world, event, resource);
                    let made = (id, i as u16);
                    let acquired = Acquired { method: id, event: i as u16, resource, operand, made };
                    if is_of_group(world, resource, FIRST_USE) {
                        calls.acquired.push(acquired);
                        continue;
                    }
                    Lift { world, beans, seen: FxHashSet::default(), found: &mut calls.acquired }
                        .lift(acquired, 0);
                }
                Role::Release(resource)
                    if wanted(resource)
                        && is_of_group(world, resource, REGISTRATIONS)
                        && receivers::fits(world, body, event, resource) =>
                {
                    calls.releases.push((resource, id, i as u16));
                }
                Role::Api(api) if reads.get(usize::from(api)).copied().unwrap_or(false) => {
                    calls.reads.push((id, i as u16));
                }
                Role::Api(api) if lookups.get(usize::from(api)).copied().unwrap_or(false) => {
                    calls.named.extend(constant(body, event).map(|name| (name, id, i as u16)));
                }
                _ => {}
            }
        }
    }
}

/// Which operand of an acquiring call is the resource; `None` for its result.
fn operand_of(world: &World<'_>, event: &Event, resource: ResourceId) -> Option<u8> {
    let subject = world.knowledge.tables.resources.get(usize::from(resource)).map(|r| r.subject);
    let is_init = event.kind == EventKind::InvokeSpecial
        && event
            .member()
            .is_some_and(|m| world.program.is_constructor(world.program.facts.members.get(m).name));
    match subject.unwrap_or_default() {
        Subject::Result => is_init.then_some(0),
        subject => subject.operand(event.kind.has_receiver()).and_then(|i| u8::try_from(i).ok()),
    }
}

/// Whether an argument is the constant 0.
pub(super) fn is_zero(body: Body<'_>, event: &Event, argument: u8) -> bool {
    let value = body.origins.args(event).get(usize::from(argument) + usize::from(event.kind.has_receiver()));
    value.is_some_and(|v| body.origins.leaves(*v).all(|leaf| leaf == Value::Int(0)))
}

/// Whether something is acquired that needs a release: not nothing, and not of a harmless type.
fn is_acquired(world: &World<'_>, body: Body<'_>, event: &Event, resource: ResourceId) -> bool {
    let Some(facts) = world.knowledge.tables.resources.get(usize::from(resource)) else { return false };
    if !facts.check_unload || !receivers::fits(world, body, event, resource) {
        return false;
    }
    // What a registry of the application's own yields goes with that registry, and what a registry asks of another, or
    // of itself by a bridge, its caller asks for.
    let is_of = |group: &str| facts.groups.iter().any(|g| g == group);
    let minds_registry = facts.subject == Subject::Result && is_of(REGISTRATIONS) || is_of(TASKS_OF_OTHERS);
    let registry = registry_of(body, event, facts);
    if minds_registry
        && registry.is_some_and(|r| is_own_value(world, body, r, 0) || is_forwarded(world, body, event))
    {
        return false;
    }
    let is_passed_on = match facts.subject {
        Subject::Receiver => {
            is_overload_of_itself(world, body, event) || is_begun_by_callers(world, body, event, resource)
        }
        // Whoever asks a factory of that name, by the erased type or not, gets what it yields.
        Subject::Result => is_known_to_acquire(world, body, resource),
        Subject::Argument(_) => false,
    };
    if is_passed_on {
        return false;
    }
    let operand = operand_of(world, event, resource);
    if is_of(LISTENERS_OF_OTHERS)
        && (!registry.is_some_and(|r| is_held_for_all(world, body, r))
            || operand.is_some_and(|i| modelled::is_handed_on(world, body, event, usize::from(i))))
    {
        return false;
    }
    let value = match facts.subject {
        Subject::Result => operand.map(|_| body.origins.arg(event, 0)),
        // For a variable of a thread what counts is the value set.
        Subject::Receiver => body.origins.args(event).get(1..).and_then(<[_]>::last).copied(),
        Subject::Argument(_) => operand.map(|i| body.origins.arg(event, usize::from(i))),
    };
    if value.is_some_and(|v| gives_back(world, body, v)) {
        return false;
    }
    let Some(member) = event.member().map(|m| world.program.facts.members.get(m)) else { return false };
    let yielded = return_type(world.program.text(member.desc)).class();
    let types = [Some(world.program.text(member.owner)), yielded];
    let loader = world.program.class(body.class).loader;
    !types.into_iter().flatten().any(|ty| {
        let class = world.program.find_text(loader, ty);
        facts
            .harmless
            .iter()
            .any(|h| h == ty || class.is_some_and(|c| world.program.has_supertype_named(c, h)))
    })
}

/// Whether a method is itself an implementation of what it calls: the registry is the one that its caller asks.
fn is_forwarded(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let program = world.program;
    let Some(member) = event.member().map(|m| program.facts.members.get(m)) else { return false };
    let owner = program.find(program.class(body.class).loader, member.owner);
    let is_related = |o| program.is_subtype(body.class, o) || program.is_subtype(o, body.class);
    member.name == body.method.name && owner.is_some_and(is_related)
}

/// The registry that keeps what is acquired: an argument, or what the call is made on.
fn registry_of(body: Body<'_>, event: &Event, resource: &ResourceFacts) -> Option<ValueId> {
    let first = usize::from(event.kind.has_receiver());
    match resource.registry {
        Some(argument) => body.origins.args(event).get(first + usize::from(argument)).copied(),
        None => event.kind.has_receiver().then(|| body.origins.arg(event, 0)),
    }
}

/// Whether a registry is an object of the caller's own: made here, or kept in a field of an object or a static of the same
/// application.
fn is_own_value(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> bool {
    body.origins.leaves(value).all(|leaf| match (leaf, body.origins.event(leaf)) {
        (_, Some((_, e))) if matches!(e.kind, EventKind::GetField | EventKind::GetStatic) => {
            !is_of_all(world, body, e)
        }
        (_, Some((_, e))) => e.kind == EventKind::New || e.kind.is_invoke() && !yields_of_all(world, body, e),
        (Value::Param(param), None) if depth < MAX_LIFT => all_pass_own(world, body.id, param, depth),
        _ => false,
    })
}

/// Whether a registry is seen to be what shared code holds for all, or a part of that.
fn is_held_for_all(world: &World<'_>, body: Body<'_>, registry: ValueId) -> bool {
    let is_held = |e: &Event| match e.kind {
        EventKind::GetField | EventKind::GetStatic => is_of_all(world, body, e),
        kind => kind.is_invoke() && yields_of_all(world, body, e),
    };
    modelled::is_part_of(world, body, registry, &is_held, 0)
}

/// Whether a field that is read stays when an application goes: a static of shared code, which may register something on
/// the application's behalf, or a field of the only object of a shared class.
fn is_of_all(world: &World<'_>, body: Body<'_>, read: &Event) -> bool {
    let program = world.program;
    let refs = program.refs(program.class(body.class).loader);
    let field = read.member().and_then(|m| refs.field(m));
    let Some(class) = field.map(|f| program.class_of_field(f)) else {
        return read.kind == EventKind::GetStatic;
    };
    if read.kind == EventKind::GetStatic {
        return world.reach.owner(class).is_none_or(|o| world.reach.owner(body.class) != Some(o));
    }
    let desc = format!("L{};", program.class_name(class));
    !world.reach.is_open_world()
        && program.is_shared(class)
        && program.fields_of(class).any(|(_, f)| f.access.is_static() && program.text(f.desc) == desc)
}

/// Whether a call is one of a getter of shared code that yields such a field.
fn yields_of_all(world: &World<'_>, body: Body<'_>, call: &Event) -> bool {
    let targets = world.targets(body, call, MAX_TARGETS).unwrap_or_default();
    !world.reach.is_open_world()
        && targets.into_iter().map(|target| world.body(target)).any(|callee| {
            let returns = callee.origins.events().iter().filter(|e| e.kind == EventKind::Return);
            let mut values = returns.flat_map(|e| callee.origins.args(e));
            world.program.is_shared(callee.class)
                && values.any(|v| {
                    let mut reads = callee.origins.leaves(*v).filter_map(|leaf| callee.origins.event(leaf));
                    reads.any(|(_, e)| {
                        matches!(e.kind, EventKind::GetField | EventKind::GetStatic)
                            && is_of_all(world, callee, e)
                    })
                })
        })
}

/// Whether all callers of a method are seen and pass it an object of their own.
fn all_pass_own(world: &World<'_>, method: MethodId, param: u16, depth: u32) -> bool {
    let sites = world.sites.of(method, MAX_SITES).unwrap_or_default();
    let passes_own = |caller: Body<'_>, event: &Event| {
        event.kind.is_invoke()
            && is_own_value(world, caller, caller.origins.arg(event, usize::from(param)), depth + 1)
    };
    !sites.is_empty()
        && sites.iter().all(|site| {
            let event = world.event(site.caller, site.event);
            event.is_some_and(|e| passes_own(world.body(site.caller), e))
        })
}

/// Replaces an acquiring call whose only purpose is to hand the object to the caller by the calls of its method.
struct Lift<'l, 'w> {
    world: &'l World<'w>,
    beans: &'l Beans,
    seen: FxHashSet<Acquired>,
    found: &'l mut Vec<Acquired>,
}

impl Lift<'_, '_> {
    fn lift(&mut self, acquired: Acquired, depth: u32) {
        if self.seen.len() >= MAX_LIFTED {
            self.world.bounds.note(acquired.method);
            return;
        }
        if !self.seen.insert(acquired) {
            return;
        }
        let callers = callers(self.world, self.beans, &acquired);
        let Some(sites) = callers.filter(|_| depth < MAX_LIFT * MAX_CONSTRUCTORS) else {
            return self.found.push(acquired);
        };
        let is_init = acquired.operand.is_some();
        let step = if is_init { 1 } else { MAX_CONSTRUCTORS };
        for site in sites {
            self.lift(site, depth + step);
        }
    }
}

/// The calls that own the object in its place; `None` if it is owned right here.
fn callers(world: &World<'_>, beans: &Beans, acquired: &Acquired) -> Option<Vec<Acquired>> {
    let body = world.body(acquired.method);
    let event = world.event(acquired.method, acquired.event)?;
    let resource = world.knowledge.tables.resources.get(usize::from(acquired.resource))?;
    if resource.subject != Subject::Result {
        return None;
    }
    let is_super_call = acquired.operand == Some(0)
        && world.program.is_constructor(body.method.name)
        && body.origins.leaves(body.origins.arg(event, 0)).all(|leaf| leaf == Value::Param(0));
    let operand = if is_super_call {
        if beans.is_bean_class(world, body.class) {
            return None;
        }
        Some(0)
    } else {
        if !is_handed_over(world, beans, body, acquired, event)
            || beans.is_bean_method(world, acquired.method)
        {
            return None;
        }
        // Whoever calls what it implements acquires it there.
        if implements_acquiring(world, body, acquired.resource) {
            return Some(Vec::new());
        }
        None
    };
    // A subclass that nobody makes acquires nothing; a factory that nobody calls is called by somebody unseen.
    let sites = world.sites.of(acquired.method, MAX_SITES).filter(|s| is_super_call || !s.is_empty())?;
    let lifted = sites.iter().map(|site| {
        let call = world.event(site.caller, site.event)?;
        let fits = match operand {
            None => {
                call.kind.is_invoke()
                    && !may_yield_anything(world, site.caller, call)
                    && !may_be_got(world, site.caller, call, acquired.method)
            }
            Some(_) => call.kind == EventKind::InvokeSpecial,
        };
        let Acquired { resource, made, .. } = *acquired;
        fits.then_some(Acquired { method: site.caller, event: site.event, resource, operand, made })
    });
    lifted.collect()
}

/// Whether the object is returned, perhaps in a wrapper, and kept nowhere else.
pub(super) fn is_handed_over(
    world: &World<'_>,
    beans: &Beans,
    body: Body<'_>,
    acquired: &Acquired,
    event: &Event,
) -> bool {
    let mut values: FxHashSet<Value> = match acquired.operand {
        None => FxHashSet::from_iter([Value::Event(u32::from(acquired.event))]),
        Some(i) => body.origins.leaves(body.origins.arg(event, usize::from(i))).collect(),
    };
    values.retain(|v| matches!(v, Value::Event(_)));
    let mut is_returned = false;
    for (i, event) in body.origins.events().iter().enumerate() {
        let args = body.origins.args(event).iter();
        let positions: Vec<usize> = args
            .enumerate()
            .filter(|(_, v)| body.origins.leaves(**v).any(|leaf| values.contains(&leaf)))
            .map(|(position, _)| position)
            .collect();
        match event.kind {
            _ if positions.is_empty() => {}
            EventKind::Return => is_returned = true,
            EventKind::PutField if positions == [0] => {}
            EventKind::PutField | EventKind::PutStatic | EventKind::ArrayStore | EventKind::Lambda => {
                return false;
            }
            kind if kind.is_invoke()
                && positions.iter().any(|p| passes_through(world, beans, body, event, *p, 0)) =>
            {
                values.insert(Value::Event(i as u32));
            }
            _ => {}
        }
    }
    is_returned
}

/// Whether a call yields its operand, or a wrapper of it.
fn passes_through(
    world: &World<'_>,
    beans: &Beans,
    body: Body<'_>,
    event: &Event,
    position: usize,
    depth: u32,
) -> bool {
    let has_receiver = event.kind.has_receiver();
    let Some(member) = event.member() else { return false };
    let loader = world.program.class(body.class).loader;
    let targets = world.targets(body, event, MAX_TARGETS).unwrap_or_default();
    if targets.is_empty() {
        let views = world.knowledge.group(groups::UNMODIFIABLE_VIEW);
        let desc = world.program.text(world.program.facts.members.get(member).desc);
        let taken = position.checked_sub(usize::from(has_receiver)).and_then(|n| params(desc).nth(n));
        return taken.is_some_and(|t| t.is_reference() && t == return_type(desc))
            || !has_receiver && world.knowledge.api_in(views, loader, member).is_some();
    }
    depth < MAX_LIFT
        && targets.into_iter().all(|target| {
            let question = (target, position as u16, depth);
            beans.passing.get_or_find(question, || yields_param(world, beans, target, position, depth))
        })
}

/// Whether a method yields a parameter, or a wrapper of it.
fn yields_param(world: &World<'_>, beans: &Beans, target: MethodId, position: usize, depth: u32) -> bool {
    let callee = world.body(target);
    let mut own = FxHashSet::from_iter([Value::Param(position as u16)]);
    for (i, event) in callee.origins.events().iter().enumerate() {
        let args = callee.origins.args(event);
        let is_own = |v: &ValueId| callee.origins.leaves(*v).any(|leaf| own.contains(&leaf));
        let used = args.iter().position(is_own);
        match event.kind {
            EventKind::Return if used.is_some() => return true,
            kind if kind.is_invoke()
                && used.is_some_and(|p| passes_through(world, beans, callee, event, p, depth + 1)) =>
            {
                own.insert(Value::Event(i as u32));
            }
            _ => {}
        }
    }
    false
}
