//! Where a body acquires resources, and what then has to be released.

use super::callees::Callees;
use super::summaries::{Summaries, Yielded};
use super::{asked_for, closing, handed};
use crate::dataflow::knowledge::{ResourceId, Role, Subject, groups};
use crate::dataflow::marks::{self, AUTO_CLOSEABLE};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, MemberRefId, MethodId, ValueId, descriptor};

/// Links from a resource to the one it is released with.
const MAX_OWNERS: usize = 4;

/// What an obligation is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// An object that this body made or was given.
    Value(Value),
    /// The state of an object that others share, such as a lock: found again by how it is reached.
    Place(ValueId),
}

impl Held {
    pub(super) fn value(self) -> Option<Value> {
        match self {
            Held::Value(value) => Some(value),
            Held::Place(_) => None,
        }
    }
}

/// Something acquired.
#[derive(Clone, Debug)]
pub(super) struct Obligation {
    pub(super) resource: ResourceId,
    /// The acquiring event; the obligation opens when it has ended normally.
    pub(super) event: u16,
    pub(super) held: Held,
    /// Whether there is something to release from the start.
    pub(super) is_open: bool,
    /// Whether only what the body does with it says that it is the body's: it releases it on all usual ways.
    pub(super) is_presumed: bool,
    /// Values whose release releases it too: the connection of a statement.
    pub(super) released_with: Vec<ValueId>,
}

/// Whether a body has an acquiring event at all; the cheap question before all others.
pub(super) fn may_acquire(world: &World<'_>, method: MethodId, summaries: &Summaries) -> bool {
    world.knowledge.is_marked(method, marks::MAKES_CLOSEABLE | marks::CALLS_CLOSE)
        || may_acquire_known(world, method, summaries)
}

/// The same for what the models know.
pub(super) fn may_acquire_known(world: &World<'_>, method: MethodId, summaries: &Summaries) -> bool {
    world.knowledge.is_marked(method, marks::ACQUIRE) || summaries.calls_yielding(method)
}

/// The deployed class whose object a constructor call completes, if that is to be closed.
fn closeable_class(callees: &Callees<'_, '_>, event: &Event, target: Option<MethodId>) -> Option<ClassId> {
    let program = callees.world.program;
    let class = target.filter(|_| callees.is_constructor(event)).map(|t| program.class_of_method(t))?;
    (!program.is_jdk(class) && callees.is_closeable(class)).then_some(class)
}

/// Everything a body acquires, in the order of events.
pub(super) fn obligations(callees: &Callees<'_, '_>, body: Body<'_>) -> Vec<Obligation> {
    find(callees, body, true)
}

/// The same, without what the classes of objects and the names of methods alone say.
pub(super) fn known_obligations(callees: &Callees<'_, '_>, body: Body<'_>) -> Vec<Obligation> {
    find(callees, body, false)
}

fn find(callees: &Callees<'_, '_>, body: Body<'_>, infers: bool) -> Vec<Obligation> {
    let world = callees.world;
    let loader = world.program.class(body.class).loader;
    let refs = world.program.refs(loader);
    let mut found = Vec::new();
    for (i, event) in body.origins.events().iter().enumerate().filter(|(_, e)| e.kind.is_invoke()) {
        let Some(member) = event.member() else { continue };
        if world.knowledge.is_known(loader, member) {
            let acquired = by_models(callees, body, i, event, member);
            if !acquired.is_empty() {
                found.extend(acquired);
                continue;
            }
        }
        let target = refs.method(member);
        // What the platform yields, the models know.
        if target.is_some_and(|t| world.program.is_jdk(world.program.class_of_method(t))) {
            continue;
        }
        let yielded = by_callees(callees, body, i, event);
        let is_unknown = yielded.is_empty();
        found.extend(yielded);
        if !infers {
            continue;
        }
        // What it holds may be something that need not be released on every path, or that nobody asks about.
        found.extend(by_class(callees, body, i, event, target));
        found.extend(is_unknown.then(|| handed::by_call(callees, body, i, event)).flatten());
    }
    found
}

/// A new object of a deployed class that is to be closed, though nothing is known of what it holds.
fn by_class(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    i: usize,
    event: &Event,
    target: Option<MethodId>,
) -> Option<Obligation> {
    let world = callees.world;
    let class = closeable_class(callees, event, target)?;
    let held = made_by(callees, body, i, event).filter(|made| *made != Value::Param(0))?;
    let does_something = callees.gives_back(callees.close_of(class)?);
    let name = if does_something { closing::EFFECTIVE } else { closing::IDLE };
    let resource = closing::resource(world, name)?;
    let is_owed = !closing::is_harmless(world, resource, class) && callees.must_be_closed(body, event, class);
    is_owed.then(|| Obligation {
        resource,
        event: i as u16,
        held: Held::Value(held),
        is_open: true,
        // It may be no more than another face of what it is made of.
        is_presumed: takes_closeable(callees, body, event),
        released_with: Vec::new(),
    })
}

/// Whether some argument of a call is itself to be closed, by its declared type.
pub(super) fn takes_closeable(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> bool {
    let program = callees.world.program;
    let Some(member) = event.member() else { return false };
    let loader = program.class(body.class).loader;
    let classes =
        descriptor::params(program.text(program.facts.members.get(member).desc)).filter_map(|t| t.class());
    let mut classes = classes.filter_map(|name| program.find_text(loader, name));
    classes.any(|c| callees.is_closeable(c))
}

fn by_models(
    callees: &Callees<'_, '_>,
    body: Body<'_>,
    i: usize,
    event: &Event,
    member: MemberRefId,
) -> Vec<Obligation> {
    let world = callees.world;
    let loader = world.program.class(body.class).loader;
    let roles: Vec<Role> = world.knowledge.roles(loader, member).map(|(role, _)| role).collect();
    let found_again = world.knowledge.group(groups::FOUND_AGAIN);
    let is_dropped = || !event.is_used() && world.knowledge.api_in(found_again, loader, member).is_some();
    if wraps_closeable(callees, body, event, &roles) || is_dropped() {
        return Vec::new();
    }
    let mut found: Vec<Obligation> = Vec::new();
    for role in &roles {
        let Role::Acquire(resource) = *role else { continue };
        if roles.contains(&Role::NotOwned(resource)) || callees.puts_back(body, event, resource) {
            continue;
        }
        let Some(facts) = world.knowledge.tables.resources.get(usize::from(resource)) else { continue };
        let held = match facts.subject.operand(event.kind.has_receiver()) {
            None if facts.subject == Subject::Result => made_by(callees, body, i, event).map(Held::Value),
            None => None,
            Some(position) => body.origins.args(event).get(position).map(|v| Held::Place(*v)),
        };
        let Some(held) = held else { continue };
        let is_harmless = made_class(world, body, event, held)
            .is_some_and(|class| facts.harmless.iter().any(|h| world.program.has_supertype_named(class, h)));
        let is_asked = |text: &str| facts.owned_elsewhere.iter().any(|t| t == text);
        let is_harmless = is_harmless || texts(world, body, event).any(is_asked);
        if !is_harmless && found.iter().all(|o| o.resource != resource) {
            let released_with = owners(callees, body, event);
            let is_open = !facts.opens_later;
            let event = i as u16;
            found.push(Obligation { resource, event, held, is_open, is_presumed: false, released_with });
        }
    }
    found
}

/// The string constants among a call's operands.
fn texts<'b>(world: &'b World<'_>, body: Body<'b>, event: &'b Event) -> impl Iterator<Item = &'b str> + 'b {
    let leaves = body.origins.args(event).iter().flat_map(move |v| body.origins.leaves(*v));
    leaves.filter_map(|leaf| match leaf {
        Value::Str(name) => Some(world.program.text(name)),
        _ => None,
    })
}

/// What the deployed method that a call runs hands to its caller.
fn by_callees(callees: &Callees<'_, '_>, body: Body<'_>, i: usize, event: &Event) -> Vec<Obligation> {
    let resources = callees.yielded(body, event);
    if resources.is_empty() || asked_for::yields_nothing(callees, body, event) {
        return Vec::new();
    }
    let held = made_by(callees, body, i, event).map(Held::Value);
    let made = resources.into_iter().filter_map(|Yielded { resource, is_open, owner }| {
        let owner = owner.and_then(|param| body.origins.args(event).get(usize::from(param)).copied());
        let released_with = owner.map_or_else(Vec::new, |owner| owners_from(callees, body, owner));
        let event = i as u16;
        Some(Obligation { resource, event, held: held?, is_open, is_presumed: false, released_with })
    });
    made.collect()
}

/// The value a call makes: for a constructor the object it is run on.
pub(super) fn made_by(callees: &Callees<'_, '_>, body: Body<'_>, i: usize, event: &Event) -> Option<Value> {
    if !callees.is_constructor(event) {
        return Some(Value::Event(i as u32));
    }
    body.origins.leaves(body.origins.arg(event, 0)).find(|leaf| match leaf {
        Value::Param(0) => true,
        leaf => body.origins.event(*leaf).is_some_and(|(_, e)| e.kind == EventKind::New),
    })
}

/// The class of an acquired value, as far as the event says it.
fn made_class(world: &World<'_>, body: Body<'_>, event: &Event, held: Held) -> Option<ClassId> {
    let loader = world.program.class(body.class).loader;
    match held {
        Held::Value(Value::Param(0)) => Some(body.class),
        Held::Value(value) => match body.origins.event(value) {
            Some((_, made)) if made.kind == EventKind::New => world.program.find(loader, made.name()?),
            _ => result_class(world, body, event),
        },
        Held::Place(_) => None,
    }
}

/// The class that a call's descriptor says it returns.
pub(super) fn result_class(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<ClassId> {
    let program = world.program;
    let desc = program.text(program.facts.members.get(event.member()?).desc);
    program.find_text(program.class(body.class).loader, descriptor::return_type(desc).class()?)
}

/// Whether the call wraps an argument that is itself to be closed, rather than opening something by name.
fn wraps_closeable(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event, roles: &[Role]) -> bool {
    let world = callees.world;
    let program = world.program;
    let loader = program.class(body.class).loader;
    let Some(member) = event.member() else { return false };
    let desc = program.text(program.facts.members.get(member).desc);
    let is_closeable = |arg: u8| {
        let class = descriptor::params(desc).nth(usize::from(arg)).and_then(|t| t.class());
        let class = class.and_then(|name| program.find_text(loader, name));
        class.is_some_and(|c| callees.is_closeable(c))
    };
    roles.iter().any(|role| match role {
        Role::Wrapper(row) => {
            let wrapper = world.knowledge.tables.wrappers.get(usize::from(*row));
            wrapper.is_some_and(|w| w.closes && w.args.iter().any(|a| is_closeable(*a)))
        }
        _ => false,
    })
}

/// Whether the language closes instances of a class by itself.
pub(super) fn is_auto_closeable(world: &World<'_>, class: ClassId) -> bool {
    world.program.has_supertype_named(class, AUTO_CLOSEABLE)
}

/// The chain of values that what a call yields is released with.
fn owners(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> Vec<ValueId> {
    match callees.is_released_with_receiver(body, event) {
        true => owners_from(callees, body, body.origins.arg(event, 0)),
        false => Vec::new(),
    }
}

/// A value and the chain of values that it is released with itself.
fn owners_from(callees: &Callees<'_, '_>, body: Body<'_>, first: ValueId) -> Vec<ValueId> {
    let mut found = vec![first];
    let mut owner = first;
    while found.len() < MAX_OWNERS {
        let made = body.origins.leaves(owner).find_map(|leaf| body.origins.event(leaf));
        match made {
            Some((_, made)) if made.kind.is_invoke() && callees.is_part_of_receiver(body, made) => {
                owner = body.origins.arg(made, 0);
                found.push(owner);
            }
            _ => break,
        }
    }
    found
}
