//! What factories do with an object before they hand it to their callers: give it to a listener that releases it, put it
//! into a list of all that they have made.

use super::flow::{At, MAX_TARGETS, Place, Site, Walk};
use crate::dataflow::knowledge::{ResourceId, Role};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::Pattern;
use crate::vocabulary::descriptor::return_type;
use crate::vocabulary::{MethodId, ValueId};

/// Factories around one another.
const MAX_FACTORIES: u32 = 3;
/// Factories that may have made one object.
const MAX_ASKED: usize = 16;
/// Calls between a factory and what it has keep the object.
const MAX_HELPERS: u32 = 2;

impl Walk<'_, '_> {
    pub(super) fn given_by_makers(&mut self, from: Place) {
        let own = (self.acquired.method, self.acquired.event);
        if self.acquired.made == own {
            return;
        }
        let mut makers = Vec::new();
        self.makers(own, 0, &mut makers);
        if makers.is_empty() {
            makers.push(self.acquired.made);
        }
        for maker in makers {
            self.given_by(maker, from);
        }
    }

    /// The events that yield the object in the factories which a call asks; whether it comes from them.
    fn makers(&self, (method, event): Site, depth: u32, found: &mut Vec<Site>) -> bool {
        let world = self.of.world;
        let made = self.acquired.made;
        let Some(call) = world.event(method, event).filter(|e| e.kind.is_invoke()) else { return false };
        let mut is_found = false;
        for target in world.targets(world.body(method), call, MAX_TARGETS).unwrap_or_default() {
            if target == made.0 {
                found.push(made);
                is_found = true;
            } else if depth < MAX_FACTORIES {
                for event in yielding(world.body(target)) {
                    if self.makers((target, event), depth + 1, found) {
                        found.push((target, event));
                        is_found = true;
                    }
                }
            }
        }
        is_found
    }

    fn given_by(&mut self, (method, made): Site, from: Place) {
        let world = self.of.world;
        let body = world.body(method);
        let loader = world.program.class(body.class).loader;
        let values = made_by(body, made);
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| values.contains(&l));
        for event in body.origins.events().iter().filter(|e| e.kind.is_invoke()) {
            let Some(member) = event.member() else { continue };
            let first = usize::from(event.kind.has_receiver());
            let positions = body.origins.args(event).iter().enumerate().skip(first);
            let taken: Vec<u16> = positions.filter(|(_, v)| is_it(v)).map(|(at, _)| at as u16).collect();
            if taken.is_empty() {
                continue;
            }
            let place = Place { at_unload: false, ..from };
            if first > 0 && world.knowledge.api_in(self.of.containers, loader, member).is_some() {
                self.is_also(body, body.origins.arg(event, 0), Place { is_inside: true, ..place });
                continue;
            }
            for target in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
                for param in &taken {
                    let place = Place { at: At::Param(target, *param), ..place };
                    if event.kind == EventKind::InvokeSpecial {
                        self.push(place);
                    } else if self.keeps(target, *param, 0) {
                        // Only what keeps it counts: what gives it up there does so when making it fails.
                        self.push(Place { in_field: true, ..place });
                    }
                }
            }
        }
    }

    /// Whether a method puts its parameter into a field or a container, or has another one do so.
    fn keeps(&self, method: MethodId, param: u16, depth: u32) -> bool {
        let world = self.of.world;
        let body = world.body(method);
        let loader = world.program.class(body.class).loader;
        let is_it = |v: &ValueId| body.origins.may_be(*v, Value::Param(param));
        let is_put = |e: &Event| {
            e.member().is_some_and(|m| world.knowledge.api_in(self.of.containers, loader, m).is_some())
        };
        body.origins.events().iter().any(|e| match e.kind {
            EventKind::PutStatic => is_it(&body.origins.arg(e, 0)),
            EventKind::PutField => is_it(&body.origins.arg(e, 1)),
            kind if kind.is_invoke() => {
                let args = body.origins.args(e).iter().enumerate();
                let mut taken = args.filter(|(at, v)| !(*at == 0 && kind.has_receiver()) && is_it(v));
                let Some((at, _)) = taken.next() else { return false };
                let targets = || world.targets(body, e, MAX_TARGETS).unwrap_or_default();
                kind.has_receiver() && is_put(e)
                    || depth < MAX_HELPERS
                        && targets().into_iter().any(|t| self.keeps(t, at as u16, depth + 1))
            }
            _ => false,
        })
    }
}

/// Whether a method is an implementation of one that the models know to acquire a resource.
pub(super) fn implements_acquiring(world: &World<'_>, body: Body<'_>, resource: ResourceId) -> bool {
    let program = world.program;
    let (name, desc) = (program.text(body.method.name), program.text(body.method.desc));
    let is_one = |pattern: &Pattern| {
        pattern.name == name
            && !pattern.is_exact
            && pattern.desc.as_ref().is_none_or(|known| known == desc)
            && program.class_name(body.class) != pattern.owner
            && program.has_supertype_named(body.class, &pattern.owner)
    };
    !body.method.access.is_static()
        && name != "<init>"
        && world.knowledge.patterns_of(Role::Acquire(resource)).any(is_one)
}

/// Whether a method calls another one of its name on its own object: `start(period)` does what `start(delay, period)`
/// does, and whoever calls it acquires the object.
pub(super) fn is_overload_of_itself(world: &World<'_>, body: Body<'_>, event: &Event) -> bool {
    let member = event.member().map(|m| world.program.facts.members.get(m));
    let is_overload = member.is_some_and(|m| m.name == body.method.name && m.desc != body.method.desc);
    is_overload
        && event.kind == EventKind::InvokeVirtual
        && !body.method.access.is_static()
        && body.origins.leaves(body.origins.arg(event, 0)).all(|leaf| leaf == Value::Param(0))
}

/// Whether a method that is itself known to begin such an object's work begins that of one which its object holds: what a
/// decorator or a manager of several does for its caller, who is told of the decorator.
pub(super) fn is_begun_by_callers(
    world: &World<'_>,
    body: Body<'_>,
    event: &Event,
    resource: ResourceId,
) -> bool {
    let is_held = |leaf: Value| {
        let made = body.origins.event(leaf).map(|(_, e)| e.kind);
        made.is_some_and(|kind| !matches!(kind, EventKind::New | EventKind::GetStatic))
    };
    !body.method.access.is_static()
        && body.origins.leaves(body.origins.arg(event, 0)).all(is_held)
        && is_known_to_acquire(world, body, resource)
}

/// Whether a method, and no constructor, is itself one that the models know to acquire a resource: whoever calls it is told.
pub(super) fn is_known_to_acquire(world: &World<'_>, body: Body<'_>, resource: ResourceId) -> bool {
    let program = world.program;
    let (name, desc) = (program.text(body.method.name), program.text(body.method.desc));
    let is_of_owner = |pattern: &Pattern| match pattern.is_exact {
        true => program.class_name(body.class) == pattern.owner,
        false => program.has_supertype_named(body.class, &pattern.owner),
    };
    let is_own = |pattern: &Pattern| {
        pattern.name == name
            && pattern.desc.as_ref().is_none_or(|known| known == desc)
            && is_of_owner(pattern)
    };
    !program.is_constructor(body.method.name)
        && world.knowledge.patterns_of(Role::Acquire(resource)).any(is_own)
}

/// Whether a call may run one of many methods, and says nothing of what these yield: that one of them makes a resource is no
/// reason to take its result for one.
pub(super) fn may_yield_anything(world: &World<'_>, caller: MethodId, call: &Event) -> bool {
    let desc = call.member().map(|m| world.program.text(world.program.facts.members.get(m).desc));
    desc.is_some_and(|desc| return_type(desc).class() == Some("java/lang/Object"))
        && world.targets(world.body(caller), call, MAX_TARGETS).is_none()
}

/// Whether a call may as well run another method than a factory, one that yields what its object has: whoever makes such a
/// call makes nothing.
pub(super) fn may_be_got(world: &World<'_>, caller: MethodId, call: &Event, factory: MethodId) -> bool {
    let yields_field = |target: MethodId| {
        let body = world.body(target);
        let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
        let mut returned =
            returns.flat_map(|e| body.origins.args(e)).flat_map(|v| body.origins.leaves(*v)).peekable();
        returned.peek().is_some()
            && returned
                .all(|leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::GetField))
    };
    let targets = world.targets(world.body(caller), call, MAX_TARGETS).unwrap_or_default();
    targets.iter().any(|target| *target != factory && yields_field(*target))
}

/// The result of a call, or the object that it initialises.
fn made_by(body: Body<'_>, call: u16) -> Vec<Value> {
    let initialised =
        body.origins.events().get(usize::from(call)).filter(|e| e.kind == EventKind::InvokeSpecial);
    let objects = initialised.into_iter().flat_map(|e| body.origins.leaves(body.origins.arg(e, 0)));
    let new = objects.filter(|l| body.origins.event(*l).is_some_and(|(_, e)| e.kind == EventKind::New));
    new.chain([Value::Event(u32::from(call))]).collect()
}

/// The calls whose result a method returns, or hands to the call whose result it returns.
fn yielding(body: Body<'_>) -> Vec<u16> {
    let calls = |value: ValueId| {
        let events = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        events.filter(|(_, e)| e.kind.is_invoke()).map(|(i, e)| (i as u16, e)).collect::<Vec<_>>()
    };
    let returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    let mut yielding = Vec::new();
    for (i, call) in returns.flat_map(|e| body.origins.args(e)).flat_map(|v| calls(*v)) {
        yielding.push(i);
        yielding.extend(body.origins.args(call).iter().flat_map(|v| calls(*v)).map(|(i, _)| i));
    }
    yielding.sort_unstable();
    yielding.dedup();
    yielding
}

/// The methods that a value of a method is asked of, and those that these ask for it.
pub(super) fn factories(world: &World<'_>, body: Body<'_>, value: ValueId) -> Vec<MethodId> {
    let mut found = Vec::new();
    let mut waiting = vec![(body.id, value)];
    while let Some((method, value)) = waiting.pop() {
        let body = world.body(method);
        for (_, event) in body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf)) {
            let read =
                event.member().filter(|_| matches!(event.kind, EventKind::GetField | EventKind::GetStatic));
            if let Some(field) = read.filter(|_| waiting.len() < MAX_ASKED && found.is_empty()) {
                let is_write = |e: &&Event| {
                    matches!(e.kind, EventKind::PutField | EventKind::PutStatic) && e.member() == Some(field)
                };
                let writes = body.origins.events().iter().filter(is_write);
                let stored = writes.filter_map(|e| body.origins.args(e).last());
                let asked = stored.filter(|v| {
                    body.origins
                        .leaves(**v)
                        .all(|leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind.is_invoke()))
                });
                waiting.extend(asked.map(|v| (method, *v)));
            }
            if !event.kind.is_invoke() {
                continue;
            }
            for target in world.targets(body, event, MAX_TARGETS).unwrap_or_default() {
                if found.len() >= MAX_ASKED || found.contains(&target) {
                    continue;
                }
                found.push(target);
                let returns = world.body(target).origins.events().iter();
                let returns = returns.filter(|e| e.kind == EventKind::Return);
                waiting
                    .extend(returns.flat_map(|e| world.body(target).origins.args(e)).map(|v| (target, *v)));
            }
        }
    }
    found
}
