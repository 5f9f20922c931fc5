//! Methods that are called by their names: `Config.class.getMethod("setMode", String.class).invoke(…)`, and method handles
//! that are looked up so.

use super::link::{NO_CLASS, Program};
use super::origin::Origins;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, MethodId};

/// The JVM's own interface to methods by name: what calls one, and what yields one for a class and a name.
const CALLERS: [(&str, &[&str]); 2] = [
    ("java/lang/reflect/Method", &["invoke"]),
    ("java/lang/invoke/MethodHandle", &["invoke", "invokeExact", "invokeWithArguments"]),
];
const LOOKUPS: [(&str, &[&str]); 2] = [
    ("java/lang/Class", &["getMethod", "getDeclaredMethod"]),
    ("java/lang/invoke/MethodHandles$Lookup", &["findStatic", "findVirtual", "findSpecial"]),
];
/// What yields a class for a name.
const CLASS_BY_NAME: (&str, &[&str]) = ("java/lang/Class", &["forName"]);

/// Whether an event calls a method that is only known when it runs.
pub fn is_reflective_call(program: &Program<'_>, event: &Event) -> bool {
    event.kind.is_invoke() && event.kind.has_receiver() && is_one_of(program, event, &CALLERS)
}

/// The methods that a [reflective call](is_reflective_call) may run, as far as constants say which: those of the class that
/// have the name.
pub fn called_by_name(
    program: &Program<'_>,
    class: ClassId,
    origins: Origins<'_>,
    call: &Event,
) -> Vec<MethodId> {
    let refs = program.refs(program.class(class).loader);
    let mut found = Vec::new();
    for leaf in origins.leaves(origins.arg(call, 0)) {
        let Some((_, made)) = origins.event(leaf) else { continue };
        if !matches!(made.kind, EventKind::GetStatic | EventKind::GetField) {
            looked_up(program, class, origins, made, &mut found);
            continue;
        }
        // Handles are kept by the class that uses them.
        let Some(keeper) = made.member().and_then(|m| refs.field(m)) else { continue };
        if program.class_of_field(keeper) != class {
            continue;
        }
        for (_, method) in program.methods_of(class) {
            let inner = Origins { unit: program.unit(class), method };
            let writes = inner.events().iter().filter(|e| {
                matches!(e.kind, EventKind::PutStatic | EventKind::PutField)
                    && e.member().and_then(|m| refs.field(m)) == Some(keeper)
            });
            for value in writes.filter_map(|e| inner.args(e).last()) {
                for (_, made) in inner.leaves(*value).filter_map(|leaf| inner.event(leaf)) {
                    looked_up(program, class, inner, made, &mut found);
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn is_one_of(program: &Program<'_>, event: &Event, apis: &[(&str, &[&str])]) -> bool {
    event.member().is_some_and(|m| {
        let member = program.facts.members.get(m);
        let (owner, name) = (program.text(member.owner), program.text(member.name));
        apis.iter().any(|(class, names)| *class == owner && names.contains(&name))
    })
}

fn looked_up(
    program: &Program<'_>,
    class: ClassId,
    origins: Origins<'_>,
    lookup: &Event,
    found: &mut Vec<MethodId>,
) {
    if !lookup.kind.is_invoke() || !is_one_of(program, lookup, &LOOKUPS) {
        return;
    }
    let leaves = || origins.args(lookup).iter().flat_map(|arg| origins.leaves(*arg));
    let name = leaves().find_map(|leaf| match leaf {
        Value::Str(name) => Some(name),
        _ => None,
    });
    let named = leaves().find_map(|leaf| class_of(program, class, origins, leaf));
    let (Some(name), Some(named)) = (name, named) else { return };
    let mut at = named;
    while at != NO_CLASS {
        let before = found.len();
        found.extend(program.methods_of(at).filter(|(_, m)| m.name == name).map(|(id, _)| id));
        if found.len() > before {
            return;
        }
        at = program.class(at).super_class;
    }
}

fn class_of(program: &Program<'_>, class: ClassId, origins: Origins<'_>, leaf: Value) -> Option<ClassId> {
    let loader = program.class(class).loader;
    if let Value::Class(name) = leaf {
        return program.find(loader, name);
    }
    let (_, call) = origins.event(leaf)?;
    if !call.kind.is_invoke() || !is_one_of(program, call, &[CLASS_BY_NAME]) {
        return None;
    }
    let mut given = origins.leaves(origins.arg(call, 0));
    given.find_map(|leaf| match leaf {
        Value::Str(name) => program.find_named(loader, name),
        _ => None,
    })
}
