//! What the `close` of a deployed class does.

use super::acquire::is_auto_closeable;
use super::callees::{Callees, MAX_TARGETS};
use crate::dataflow::knowledge::ResourceId;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::FieldAccess;
use crate::vocabulary::{ClassId, MethodId, ValueId, descriptor};

/// The resource of the models that stands for objects whose `close` gives something back.
pub(super) const EFFECTIVE: &str = "closeable";
/// The one that stands for objects whose `close` gives nothing back that is known here.
pub(super) const IDLE: &str = "idle-closeable";
/// The one that stands for what a method gets from a call and closes in the end.
pub(super) const HANDED: &str = "handed-closeable";
/// Callees below one another that are searched.
const MAX_DEPTH: u32 = 4;
/// Streams around one another that are looked behind.
const MAX_FACES: u32 = 3;

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
                let is_nothing =
                    || is_nothing(callees.world, event, target) || is_of_memory(callees, body, event);
                if callees.is_release(body, event) && !is_nothing() {
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
    let fills = |access: FieldAccess| {
        let body = world.body(access.method);
        let event = body.origins.events().get(usize::from(access.event));
        let value = event.map(|e| body.origins.arg(e, 1));
        world.program.is_constructor(body.method.name)
            && value.is_some_and(|v| body.origins.leaves(v).any(|leaf| body.origins.event(leaf).is_some()))
    };
    is_direct && world.fields.writes(field).any(fills)
}

/// Whether a call closes what a field of the object holds from the start, and that is memory only: an array of bytes
/// with a stream's face.
fn is_of_memory(callees: &Callees<'_, '_>, body: Body<'_>, event: &Event) -> bool {
    let world = callees.world;
    let Some(field) = event.kind.has_receiver().then(|| body.origins.arg(event, 0)) else { return false };
    let Some(field) = callees.field_behind(body, field) else { return false };
    let mut writes = world.fields.writes(field).peekable();
    writes.peek().is_some()
        && writes.all(|access: FieldAccess| {
            let body = world.body(access.method);
            let event = body.origins.events().get(usize::from(access.event));
            let value = event.and_then(|e| body.origins.args(e).last());
            value.is_some_and(|v| body.origins.leaves(*v).all(|leaf| is_memory(world, body, leaf, MAX_FACES)))
        })
}

/// Whether a value is null, or a new object that has only memory behind it.
fn is_memory(world: &World<'_>, body: Body<'_>, leaf: Value, depth: u32) -> bool {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let name = match (body.origins.event(leaf), leaf) {
        (Some((_, made)), _) if made.kind == EventKind::New => made.name(),
        // Of what a constructor is given, the type has to say it.
        (_, Value::Param(param)) => {
            let own = usize::from(!body.method.access.is_static());
            let ty = usize::from(param).checked_sub(own);
            let ty = ty.and_then(|n| descriptor::params(program.text(body.method.desc)).nth(n));
            let class = ty.and_then(|t| program.find_text(loader, t.class()?));
            return class.is_some_and(|c| is_memory_class(world, c));
        }
        _ => return leaf == Value::Null,
    };
    let Some(class) = name.and_then(|name| program.find(loader, name)) else { return false };
    let constructs = |e: &&Event| {
        e.kind == EventKind::InvokeSpecial && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == leaf)
    };
    if program.is_jdk(class) && !is_memory_class(world, class) {
        let call = body.origins.events().iter().find(constructs);
        return depth > 0
            && call.is_some_and(|call| wraps_memory(world, body, call, depth - 1) == Some(true));
    }
    is_memory_class(world, class)
        || depth > 0 && !program.is_jdk(class) && {
            let mut own =
                program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name)).peekable();
            own.peek().is_some() && own.all(|(id, _)| is_made_over_memory(world, id, depth - 1))
        }
}

/// Whether a constructor gives the one that it calls something that has only memory behind it.
fn is_made_over_memory(world: &World<'_>, constructor: MethodId, depth: u32) -> bool {
    let program = world.program;
    let body = world.body(constructor);
    let call = body.origins.events().iter().find(|e| {
        e.kind == EventKind::InvokeSpecial
            && body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0))
    });
    let Some(call) = call else { return false };
    // What is made of nothing has its content elsewhere; one that calls another of its class leaves it to that.
    let owner = call.member().map(|m| program.facts.members.get(m).owner);
    let is_own = owner.and_then(|o| program.find(program.class(body.class).loader, o)) == Some(body.class);
    wraps_memory(world, body, call, depth).unwrap_or(is_own)
}

/// Whether all that a constructor is given to close has only memory behind it; `None` if it is given nothing of the kind.
fn wraps_memory(world: &World<'_>, body: Body<'_>, call: &Event, depth: u32) -> Option<bool> {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let desc = program.text(program.facts.members.get(call.member()?).desc);
    let classes = descriptor::params(desc).map(|t| t.class().and_then(|n| program.find_text(loader, n)));
    let args = body.origins.args(call).iter().skip(1).zip(classes);
    let closed: Vec<_> =
        args.filter_map(|(v, c)| Some((v, c.filter(|c| is_auto_closeable(world, *c))?))).collect();
    let is_fit = |(value, class): &(&ValueId, ClassId)| {
        is_memory_class(world, *class)
            || body.origins.leaves(**value).all(|leaf| is_memory(world, body, leaf, depth))
    };
    (!closed.is_empty()).then(|| closed.iter().all(is_fit))
}

fn is_memory_class(world: &World<'_>, class: ClassId) -> bool {
    resource(world, HANDED).is_some_and(|id| is_harmless(world, id, class))
}

/// A release that does nothing: of memory, or the end of a chain of `super.close()`.
fn is_nothing(world: &World<'_>, event: &Event, target: Option<MethodId>) -> bool {
    let class = target.map(|t| world.program.class_of_method(t));
    let is_memory = |class| is_memory_class(world, class);
    let name = event.member().map(|m| world.program.text(world.program.facts.members.get(m).name));
    event.kind == EventKind::InvokeSpecial || name == Some("close") && class.is_some_and(is_memory)
}
