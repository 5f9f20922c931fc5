//! Objects whose `close` gives nothing back: it is empty, or only forgets what the object itself has in memory.

use super::callees::{Callees, is_this};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, MethodId, Name};

/// Levels of own methods that a `close` calls.
const MAX_DEPTH: u32 = 3;
/// Overriders looked at for one call.
const MAX_TARGETS: usize = 4;

/// Packages of the JDK whose methods only work on memory, by the beginning of their classes' names.
const IN_MEMORY: [&str; 2] = ["java/util/", "java/lang/"];
/// Those of them that do more.
const NOT_IN_MEMORY: [&str; 9] = [
    "java/util/concurrent/",
    "java/util/zip/",
    "java/util/jar/",
    "java/util/logging/",
    "java/util/prefs/",
    "java/util/Timer",
    "java/lang/Thread",
    "java/lang/Process",
    "java/lang/Runtime",
];

/// Whether closing an object of a class, by this `close`, only touches the object's own memory. Whatever it does to other
/// objects, statics, or through code that is not seen may be what others wait for.
pub(super) fn is_all_that_close_touches(callees: &Callees<'_, '_>, class: ClassId, close: MethodId) -> bool {
    touches_memory_only(callees, class, close, MAX_DEPTH)
}

fn touches_memory_only(callees: &Callees<'_, '_>, class: ClassId, method: MethodId, depth: u32) -> bool {
    let body = callees.world.body(method);
    depth > 0
        && body.method.has_body
        && body.origins.events().iter().all(|event| match event.kind {
            EventKind::PutStatic | EventKind::GetStatic | EventKind::Lambda => false,
            EventKind::PutField => is_this(body, event),
            kind if kind.is_invoke() => is_harmless_call(callees, class, body, event, depth),
            _ => true,
        })
}

fn is_harmless_call(
    callees: &Callees<'_, '_>,
    class: ClassId,
    body: Body<'_>,
    event: &Event,
    depth: u32,
) -> bool {
    let world = callees.world;
    // Who is handed the object may have been told of it before.
    let is_handed_on = body.origins.args(event).iter().skip(1).any(|value| {
        body.origins.leaves(*value).any(|leaf| leaf == Value::Param(0) && !body.method.access.is_static())
    });
    if is_handed_on || callees.is_release(body, event) && !is_this(body, event) {
        return false;
    }
    let Some(member) = event.member().map(|m| world.program.facts.members.get(m)) else { return false };
    if event.kind.has_receiver() && is_this(body, event) {
        return own_method(callees, class, body, event, (member.name, member.desc))
            .is_some_and(|own| touches_memory_only(callees, class, own, depth - 1));
    }
    let owner = world.program.text(member.owner);
    let begins = |prefixes: &[&str]| prefixes.iter().any(|p| owner.starts_with(p));
    let targets = || world.targets(body, event, MAX_TARGETS);
    begins(&IN_MEMORY) && !begins(&NOT_IN_MEMORY) && targets().is_some_and(|t| t.is_empty())
}

/// The method that a call on the object itself runs: its class's own, or for `super.close()` the one that is named.
fn own_method(
    callees: &Callees<'_, '_>,
    class: ClassId,
    body: Body<'_>,
    event: &Event,
    (name, desc): (Name, Name),
) -> Option<MethodId> {
    let program = callees.world.program;
    match event.kind {
        EventKind::InvokeVirtual | EventKind::InvokeInterface => program.find_method(class, name, desc),
        _ => program.refs(program.class(body.class).loader).method(event.member()?),
    }
}
