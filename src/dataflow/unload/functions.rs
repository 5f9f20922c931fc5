//! Functions that are handed to a framework as what it calls at unload: a listener of its own end, a destroy callback.

use super::beans::Beans;
use super::flow::Site;
use super::roots::mentions;
use super::types::is_function_method;
use crate::dataflow::knowledge::CallbackFacts;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, MemberRef};
use crate::program::Pattern;
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::names::NAME_SHARDS;
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, TenantId, ValueId};
use rustc_hash::FxHashSet;

/// Methods that one function may run.
const MAX_TARGETS: usize = 4;

/// A function, whose it is, and the methods of the deployment that it runs.
pub(super) struct Function {
    /// Where it is made.
    pub(super) site: Site,
    /// The module that makes it; `None` of shared code.
    pub(super) tenant: Option<TenantId>,
    /// What it runs.
    pub(super) runs: Vec<MethodId>,
}

/// Finds the functions that are passed where a callback's type is declared, or that a bean method yields as one.
pub(super) fn find(world: &World<'_>, beans: &Beans, parallel: &impl Parallel) -> Vec<Function> {
    const CHUNK: usize = 128;
    let takers = takers(world, parallel);
    let given = given(world);
    if takers.is_empty() && given.is_empty() && !beans.are_known() {
        return Vec::new();
    }
    let n = world.program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
            if world.program.is_jdk(class) {
                continue;
            }
            let unit = world.program.unit(class);
            for (id, method) in world.program.methods_of(class) {
                let has_lambda = world.calls.has_lambda(id);
                if !has_lambda && (given.is_empty() || !world.calls.makes_objects(id)) {
                    continue;
                }
                let events = unit.events_of(method);
                let is_of = |e: &Event, is: &dyn Fn(&MemberRef) -> bool| {
                    e.member().is_some_and(|m| is(&world.program.facts.members.get(m)))
                };
                let is_bean =
                    has_lambda && beans.is_bean_method(world, id) && !beans.yields_prototypes(world, id);
                if is_bean || has_lambda && events.iter().any(|e| is_of(e, &|m| takers.contains(&m.desc))) {
                    of_body(world, id, is_bean, &mut found);
                }
                for call in events.iter().filter(|e| is_of(e, &|m| given.iter().any(|g| g.0 == m.name))) {
                    of_call(world, id, call, &given, &mut found);
                }
            }
        }
        found
    });
    found.into_iter().flatten().collect()
}

/// The methods that call at unload what they are given, with their names.
fn given<'w>(world: &World<'w>) -> Vec<(Name, &'w Pattern)> {
    let callbacks = world.knowledge.tables.callbacks.iter();
    let patterns = callbacks.filter_map(|callback| match callback {
        CallbackFacts::GivenTo(pattern) => Some(pattern),
        _ => None,
    });
    patterns.filter_map(|p| Some((world.program.facts.names.find(&p.name)?, p))).collect()
}

/// The functions, and objects of functional interfaces, that a body makes and gives such a method.
fn of_call(
    world: &World<'_>,
    id: MethodId,
    call: &Event,
    given: &[(Name, &Pattern)],
    found: &mut Vec<Function>,
) {
    let program = world.program;
    let body = world.body(id);
    let loader = program.class(body.class).loader;
    let Some(member) = call.member().filter(|_| call.kind.is_invoke()) else { return };
    let member = program.facts.members.get(member);
    let owner = program.text(member.owner);
    let is_of = |pattern: &Pattern| {
        pattern.desc.as_ref().is_none_or(|desc| desc == program.text(member.desc))
            && (pattern.owner == owner
                || program
                    .find(loader, member.owner)
                    .is_some_and(|c| program.has_supertype_named(c, &pattern.owner)))
    };
    if !given.iter().any(|(name, pattern)| *name == member.name && is_of(pattern)) {
        return;
    }
    let first = usize::from(call.kind.has_receiver());
    for (at, ty) in params(program.text(member.desc)).enumerate() {
        let Some(value) = body.origins.args(call).get(at + first) else { continue };
        for leaf in body.origins.leaves(*value) {
            let Some((made, event)) = body.origins.event(leaf) else { continue };
            let runs = match event.kind {
                EventKind::Lambda => world.targets(body, event, MAX_TARGETS).unwrap_or_default(),
                EventKind::New => run_on(world, body, event, ty.class()),
                _ => continue,
            };
            let tenant = world.reach.owner(body.class);
            found.push(Function { site: (id, made as u16), tenant, runs });
        }
    }
}

/// The methods of a new object that stand for the one method of an interface.
fn run_on(world: &World<'_>, body: Body<'_>, made: &Event, interface: Option<&str>) -> Vec<MethodId> {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let made = made.name().and_then(|name| program.find(loader, name));
    let interface = interface.and_then(|name| program.find_text(loader, name));
    let (Some(made), Some(interface)) = (made, interface) else { return Vec::new() };
    let called = program.methods_of(interface).filter(|(id, _)| is_function_method(program, *id));
    let selected = called.filter_map(|(_, m)| program.select(made, m.name, m.desc));
    selected.filter(|m| program.method(*m).has_body).collect()
}

/// The descriptors with a parameter of a callback's type.
fn takers(world: &World<'_>, parallel: &impl Parallel) -> FxHashSet<Name> {
    let names = &world.program.facts.names;
    let callbacks = world.knowledge.tables.callbacks.iter();
    let types: FxHashSet<&str> = callbacks.filter_map(owner_of).collect();
    let is_taker = |text: &str| {
        text.starts_with('(') && params(text).any(|ty| ty.class().is_some_and(|class| types.contains(class)))
    };
    let found = parallel.map(NAME_SHARDS, |shard| {
        let takers = names.of_shard(shard).filter(|(_, text)| is_taker(text));
        takers.map(|(name, _)| name).collect::<Vec<Name>>()
    });
    found.into_iter().flatten().collect()
}

fn owner_of(callback: &CallbackFacts) -> Option<&str> {
    match callback {
        CallbackFacts::Implements(pattern) | CallbackFacts::ImplementsFor { pattern, .. } => {
            Some(&pattern.owner)
        }
        _ => None,
    }
}

fn of_body(world: &World<'_>, id: MethodId, is_bean: bool, found: &mut Vec<Function>) {
    let program = world.program;
    let body = world.body(id);
    let result = return_type(program.text(body.method.desc)).class();
    for (i, lambda) in body.origins.events().iter().enumerate().filter(|(_, e)| e.kind == EventKind::Lambda) {
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == crate::facts::Value::Event(i as u32));
        let runs = world.targets(body, lambda, MAX_TARGETS).unwrap_or_default();
        // A container keeps what a method yields for it, under the type that the method declares.
        let mut returned = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
        let is_bean = is_bean && returned.any(|e| body.origins.args(e).iter().any(is_it));
        let is_passed_as = |owner: &str| {
            if is_bean && result == Some(owner) {
                return true;
            }
            body.origins.events().iter().filter(|e| e.kind.is_invoke()).any(|call| {
                let first = usize::from(call.kind.has_receiver());
                let desc = call.member().map_or("", |m| program.text(program.facts.members.get(m).desc));
                desc.contains(owner)
                    && params(desc).enumerate().any(|(at, ty)| {
                        ty.class() == Some(owner)
                            && body.origins.args(call).get(at + first).is_some_and(is_it)
                    })
            })
        };
        let is_callback = world.knowledge.tables.callbacks.iter().any(|callback| match callback {
            CallbackFacts::Implements(pattern) => is_passed_as(&pattern.owner),
            CallbackFacts::ImplementsFor { pattern, types, .. } => {
                is_passed_as(&pattern.owner)
                    && runs.iter().any(|run| types.iter().any(|ty| mentions(world, world.body(*run), ty)))
            }
            CallbackFacts::ImplementsInBeans(pattern) => is_bean && result == Some(&*pattern.owner),
            _ => false,
        });
        if is_callback {
            let tenant = world.reach.owner(body.class);
            found.push(Function { site: (id, i as u16), tenant, runs });
        }
    }
}
