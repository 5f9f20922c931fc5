//! What a declared type lets callers do to an object: a registry that is handed out as what only looks things up.

use super::context::Context;
use super::handed_out::{self, Part};
use crate::dataflow::held;
use crate::program::Node;
use crate::program::link::NO_CLASS;
use crate::vocabulary::descriptor::{TypeDesc, return_type};
use crate::vocabulary::{ClassId, FieldId, MethodId, Name};
use rustc_hash::FxHashSet;

/// Levels of fields whose objects' methods are looked at.
const MAX_LEVELS: u32 = 2;

/// Whether the type that a getter of the field is declared to return has a method by which what the object is made of
/// changes. Of a class, and of a type that is not the deployment's, nothing is known: an object of a subclass, or a cast.
pub(super) fn lets_change(cx: &Context<'_>, field: FieldId, getter: MethodId) -> bool {
    let program = cx.world.program;
    let loader = program.class(program.class_of_method(getter)).loader;
    let returned = return_type(program.text(program.method(getter).desc));
    let shown = TypeDesc(returned.0).class().and_then(|name| program.find_text(loader, name));
    let Some(shown) = shown.filter(|c| program.class_facts(*c).access.is_interface() && !program.is_jdk(*c))
    else {
        return true;
    };
    let methods = methods_of_interface(cx, shown);
    let made = held::stored_objects(cx.world, field);
    made.is_empty() || made.iter().any(|(class, _)| reaches_change(cx, *class, &methods))
}

/// Name and descriptor of the methods of an interface and of those that it extends.
fn methods_of_interface(cx: &Context<'_>, interface: ClassId) -> FxHashSet<(Name, Name)> {
    let program = cx.world.program;
    let mut waiting = vec![interface];
    let mut seen = waiting.clone();
    let mut found = FxHashSet::default();
    while let Some(at) = waiting.pop() {
        found.extend(program.methods_of(at).map(|(_, m)| (m.name, m.desc)));
        for above in program.interfaces(at).iter().filter(|c| !program.is_jdk(**c)) {
            if !seen.contains(above) {
                seen.push(*above);
                waiting.push(*above);
            }
        }
    }
    found
}

/// Whether one of these methods of an object gets, within the object and what it is made of, to where that changes.
fn reaches_change(cx: &Context<'_>, class: ClassId, methods: &FxHashSet<(Name, Name)>) -> bool {
    let program = cx.world.program;
    let mut parts = Vec::new();
    add_parts(cx, class, 0, &mut parts);
    let changing: FxHashSet<MethodId> =
        parts.iter().flat_map(|c| handed_out::changing_methods(cx, *c, Part::Containers)).collect();
    let offered = supers(cx, class).into_iter().flat_map(|c| program.methods_of(c));
    let mut waiting: Vec<MethodId> =
        offered.filter(|(_, m)| methods.contains(&(m.name, m.desc))).map(|(id, _)| id).collect();
    let mut seen: FxHashSet<MethodId> = waiting.iter().copied().collect();
    while let Some(method) = waiting.pop() {
        if changing.contains(&method) {
            return true;
        }
        let called = called_from(cx, method).into_iter();
        let within = called.filter(|m| parts.contains(&program.class_of_method(*m)));
        waiting.extend(within.filter(|m| seen.insert(*m)));
    }
    false
}

/// The methods that a method calls, those included that a call may select.
fn called_from(cx: &Context<'_>, method: MethodId) -> Vec<MethodId> {
    let calls = cx.world.calls;
    let of_node = |node: &u32| match calls.node(*node) {
        Node::Method(m) | Node::Dispatch(m) => Some(m),
        Node::Instance(_) => None,
    };
    let mut found = Vec::new();
    for to in calls.successors(calls.index(Node::Method(method))) {
        found.extend(of_node(to));
        if let Node::Dispatch(m) = calls.node(*to) {
            let selected = calls.selected(m);
            found.extend(selected.iter().filter_map(of_node));
        }
    }
    found
}

/// A class with its superclasses, those of the JDK left out.
fn supers(cx: &Context<'_>, class: ClassId) -> Vec<ClassId> {
    let program = cx.world.program;
    let mut found = Vec::new();
    let mut at = class;
    while at != NO_CLASS && !program.is_jdk(at) {
        found.push(at);
        at = program.class(at).super_class;
    }
    found
}

/// The classes of an object and of the objects that its fields hold.
fn add_parts(cx: &Context<'_>, class: ClassId, level: u32, parts: &mut Vec<ClassId>) {
    for at in supers(cx, class) {
        if parts.contains(&at) {
            continue;
        }
        parts.push(at);
        let fields = cx.world.program.fields_of(at).filter(|(_, f)| !f.access.is_static());
        for (id, _) in fields.filter(|_| level < MAX_LEVELS) {
            for (made, _) in held::stored_objects(cx.world, id) {
                add_parts(cx, made, level + 1, parts);
            }
        }
    }
}
