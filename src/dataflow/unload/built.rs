//! What a registry is given that a library has built of what its caller gave it, as by a builder: it keeps the parts.

use super::flow::Acquired;
use crate::dataflow::knowledge::Subject;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{EventKind, Value};
use crate::vocabulary::{ClassId, ValueId};
use rustc_hash::FxHashSet;

/// Calls of a builder in a row, and of those that make its parts.
const MAX_DEPTH: u32 = 8;

/// Whether what a call is given can be nothing but objects of classes that applications share, or of the JDK's.
pub(super) fn is_of_others(world: &World<'_>, acquired: &Acquired) -> bool {
    let body = world.body(acquired.method);
    let Some(call) = world.event(acquired.method, acquired.event) else { return false };
    let Some(operand) = acquired.operand else { return false };
    let found = origins::of_value(world, acquired.method, body.origins.arg(call, usize::from(operand)));
    let is_of_others = |found: &origins::Found| match found.origin {
        Origin::Allocation(Some(class)) => !found.is_derived && world.reach.owner(class).is_none(),
        _ => false,
    };
    !found.is_empty() && found.iter().all(is_of_others)
}

/// The application's class that what is registered keeps: one that is named to what builds it, or whose object, or a
/// function of which, is given to that.
pub(super) fn own_part(world: &World<'_>, acquired: &Acquired) -> Option<ClassId> {
    let resource = world.knowledge.tables.resources.get(usize::from(acquired.resource))?;
    let body = world.body(acquired.method);
    let call = world.event(acquired.method, acquired.event)?;
    let built = match resource.subject {
        Subject::Result => 0,
        subject => subject.operand(call.kind.has_receiver())?,
    };
    own_class(world, body, *body.origins.args(call).get(built)?)
}

/// Looks at each value of the body once: calls that are given the results of others many times over are no more work.
fn own_class(world: &World<'_>, body: Body<'_>, value: ValueId) -> Option<ClassId> {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let own = |class: ClassId| world.reach.owner(class).map(|_| class);
    let (mut waiting, mut seen) = (vec![(value, 0)], FxHashSet::default());
    while let Some((value, depth)) = waiting.pop() {
        for leaf in body.origins.leaves(value).filter(|leaf| seen.insert(*leaf)) {
            let class = match (leaf, body.origins.event(leaf)) {
                (Value::Class(name), _) => program.find(loader, name).and_then(own),
                (Value::Param(0), _) if !body.method.access.is_static() => own(body.class),
                (_, Some((_, event))) => match event.kind {
                    EventKind::Lambda => own(body.class),
                    EventKind::New => event.name().and_then(|name| program.find(loader, name)).and_then(own),
                    _ => None,
                },
                _ => None,
            };
            if class.is_some() {
                return class;
            }
            if depth < MAX_DEPTH {
                waiting.extend(parts_of(body, leaf).iter().map(|part| (*part, depth + 1)));
            }
        }
    }
    None
}

/// What a call is given, and what the constructor of a new object is.
fn parts_of<'b>(body: Body<'b>, leaf: Value) -> &'b [ValueId] {
    let Some((_, event)) = body.origins.event(leaf) else { return &[] };
    match event.kind {
        EventKind::New => {
            let is_it = |v: &ValueId| body.origins.leaves(*v).any(|made| made == leaf);
            let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
            let init = calls.find(|e| body.origins.args(e).first().is_some_and(is_it));
            init.and_then(|init| body.origins.args(init).get(1..)).unwrap_or_default()
        }
        kind if kind.is_invoke() => body.origins.args(event),
        _ => &[],
    }
}
