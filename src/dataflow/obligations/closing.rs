//! What the `close` of a deployed class does.

use super::callees::{Callees, MAX_TARGETS};
use crate::dataflow::knowledge::ResourceId;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind};
use crate::program::FieldAccess;
use crate::vocabulary::{ClassId, MethodId};

/// The resource of the models that stands for objects whose `close` gives something back.
pub(super) const EFFECTIVE: &str = "closeable";
/// The one that stands for objects whose `close` gives nothing back that is known here.
pub(super) const IDLE: &str = "idle-closeable";
/// The one that stands for what a method gets from a call and closes in the end.
pub(super) const HANDED: &str = "handed-closeable";
/// Callees below one another that are searched.
const MAX_DEPTH: u32 = 4;

/// A resource of the models by its name.
pub(super) fn resource(world: &World<'_>, name: &str) -> Option<ResourceId> {
    let resources = &world.knowledge.tables.resources;
    resources.iter().position(|r| r.name == name).map(|i| i as ResourceId)
}

/// Whether a resource is one of those that no model says how to acquire.
pub(super) fn is_inferred(world: &World<'_>, id: ResourceId) -> bool {
    let facts = world.knowledge.tables.resources.get(usize::from(id));
    facts.is_some_and(|r| [EFFECTIVE, IDLE, HANDED].contains(&r.name.as_str()))
}

/// Whether objects of a class need no release, by what the models say of the resource.
pub(super) fn is_harmless(world: &World<'_>, id: ResourceId, class: ClassId) -> bool {
    let facts = world.knowledge.tables.resources.get(usize::from(id));
    facts.is_some_and(|r| r.harmless.iter().any(|h| world.program.has_supertype_named(class, h)))
}

/// Whether a method gives something back: it releases what the models know, or runs native code. Emptying a field or
/// a collection is nothing that the garbage collector would not do, and what a field is given long after its object was
/// made may never come.
pub(super) fn gives_back(callees: &Callees<'_, '_>, method: MethodId) -> bool {
    let program = callees.world.program;
    let mut seen: Vec<MethodId> = Vec::new();
    let mut waiting = vec![(method, MAX_DEPTH)];
    while let Some((method, depth)) = waiting.pop() {
        if seen.contains(&method) {
            continue;
        }
        seen.push(method);
        if program.method(method).access.is_native() {
            return true;
        }
        let body = callees.world.body(method);
        for event in body.origins.events().iter().filter(|e| e.kind.is_invoke()) {
            if !is_held_from_the_start(callees, body, event) {
                continue;
            }
            let loader = program.class(body.class).loader;
            let target = event.member().and_then(|m| program.refs(loader).method(m));
            let is_foreign = target.is_none_or(|t| program.is_jdk(program.class_of_method(t)));
            if is_foreign {
                if callees.is_release(body, event) && !is_nothing(callees.world, event, target) {
                    return true;
                }
            } else if depth > 0 {
                let targets = callees.targets(body, event, MAX_TARGETS).unwrap_or_default();
                waiting.extend(targets.into_iter().map(|t| (t, depth - 1)));
            }
        }
    }
    false
}

/// Whether what a call is run on comes from no field, or from one that a constructor fills by itself: not with null, and
/// not with what it is given, which others may own. What a holder or a collection in a field contains comes later.
fn is_held_from_the_start(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> bool {
    let world = callees.world;
    if !event.kind.has_receiver() {
        return true;
    }
    let receiver = body.origins.arg(event, 0);
    let Some(field) = callees.field_behind(body, receiver) else { return true };
    if world.program.field(field).access.is_static() {
        return true;
    }
    let mut made = body.origins.leaves(receiver).filter_map(|leaf| body.origins.event(leaf));
    let is_direct = made.any(|(_, e)| e.kind == EventKind::GetField);
    let fills = |access: &FieldAccess| {
        let body = world.body(access.method);
        let event = body.origins.events().get(usize::from(access.event));
        let value = event.map(|e| body.origins.arg(e, 1));
        world.program.text(body.method.name) == "<init>"
            && value.is_some_and(|v| body.origins.leaves(v).any(|leaf| body.origins.event(leaf).is_some()))
    };
    is_direct && world.fields.writes(field).any(fills)
}

/// A release that does nothing: of memory, or the end of a chain of `super.close()`.
fn is_nothing(world: &World<'_>, event: &Event, target: Option<MethodId>) -> bool {
    let class = target.map(|t| world.program.class_of_method(t));
    let is_memory = |class| resource(world, HANDED).is_some_and(|id| is_harmless(world, id, class));
    let name = event.member().map(|m| world.program.text(world.program.facts.members.get(m).name));
    event.kind == EventKind::InvokeSpecial || name == Some("close") && class.is_some_and(is_memory)
}
