//! Pools whose thread factory gives each thread the loader of its own code, so that no thread keeps the context loader of
//! whoever happened to need it first.

use super::flow::Acquired;
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind};
use crate::vocabulary::{ClassId, MethodId};

/// The method of the JVM's own interface for factories of threads.
const NEW_THREAD: &str = "newThread";
/// Methods that one function may run.
const MAX_TARGETS: usize = 4;

/// Whether what makes a pool is given such a factory.
pub(super) fn has_factory(world: &World<'_>, acquired: &Acquired) -> bool {
    let (method, event) = acquired.made;
    let Some(call) = world.event(method, event) else { return false };
    let first = usize::from(call.kind.has_receiver());
    world.body(method).origins.args(call).iter().skip(first).any(|value| {
        origins::of_value(world, method, *value).iter().any(|found| {
            let made = world.event(found.method, found.event);
            let makers: Vec<MethodId> = match (found.origin, made) {
                (Origin::Allocation(Some(class)), _) => new_thread(world, class).into_iter().collect(),
                (Origin::Allocation(None), Some(e)) if e.kind == EventKind::Lambda => {
                    world.targets(world.body(found.method), e, MAX_TARGETS).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            makers.into_iter().any(|maker| sets_own_loader(world, world.body(maker)))
        })
    })
}

fn new_thread(world: &World<'_>, class: ClassId) -> Option<MethodId> {
    let program = world.program;
    let mut methods = program.methods_of(class).filter(|_| !program.is_jdk(class));
    methods.find(|(_, m)| m.has_body && program.text(m.name) == NEW_THREAD).map(|(id, _)| id)
}

/// Whether a method sets the loader of its own code, or none of an application, as a context loader.
fn sets_own_loader(world: &World<'_>, body: Body<'_>) -> bool {
    let sets = world.knowledge.group(groups::CONTEXT_LOADER_SET);
    let loader = world.program.class(body.class).loader;
    let is_set = |e: &&Event| {
        let member = e.member().filter(|_| e.kind.is_invoke());
        member.is_some_and(|m| world.knowledge.api_in(sets, loader, m).is_some())
    };
    body.origins.events().iter().filter(is_set).any(|event| {
        let found = origins::of_value(world, body.id, body.origins.arg(event, 1));
        let is_own = |o: Origin| {
            matches!(o, Origin::LoaderOf(_) | Origin::LoaderOfThis(_) | Origin::SystemLoader | Origin::Null)
        };
        !found.is_empty() && found.iter().all(|f| is_own(f.origin))
    })
}
