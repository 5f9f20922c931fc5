//! Functions that are handed to a framework as what it calls at unload: a listener of its own end, a destroy callback.

use super::flow::Site;
use super::roots::mentions;
use crate::dataflow::World;
use crate::dataflow::knowledge::CallbackFacts;
use crate::facts::{Event, EventKind};
use crate::vocabulary::descriptor::params;
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

/// Finds the functions that are passed where a callback's type is declared.
pub(super) fn find(world: &World<'_>, parallel: &impl Parallel) -> Vec<Function> {
    const CHUNK: usize = 128;
    let takers = takers(world, parallel);
    if takers.is_empty() {
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
            let methods = world.program.methods_of(class);
            for (id, method) in methods.filter(|(id, _)| world.calls.has_lambda(*id)) {
                let events = unit.events_of(method);
                let takes = |e: &Event| {
                    e.member().is_some_and(|m| takers.contains(&world.program.facts.members.get(m).desc))
                };
                if events.iter().any(takes) {
                    of_body(world, id, &mut found);
                }
            }
        }
        found
    });
    found.into_iter().flatten().collect()
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
        CallbackFacts::Implements(pattern) | CallbackFacts::ImplementsFor(pattern, _) => Some(&pattern.owner),
        _ => None,
    }
}

fn of_body(world: &World<'_>, id: MethodId, found: &mut Vec<Function>) {
    let program = world.program;
    let body = world.body(id);
    for (i, lambda) in body.origins.events().iter().enumerate().filter(|(_, e)| e.kind == EventKind::Lambda) {
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == crate::facts::Value::Event(i as u32));
        let runs = world.targets(body, lambda, MAX_TARGETS).unwrap_or_default();
        let is_passed_as = |owner: &str| {
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
            CallbackFacts::ImplementsFor(pattern, types) => {
                is_passed_as(&pattern.owner)
                    && runs.iter().any(|run| types.iter().any(|ty| mentions(world, world.body(*run), ty)))
            }
            _ => false,
        });
        if is_callback {
            let tenant = world.reach.owner(body.class);
            found.push(Function { site: (id, i as u16), tenant, runs });
        }
    }
}
