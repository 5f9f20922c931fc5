//! What a registry is given that a library has built of what its caller gave it, as by a builder: it keeps the parts.

use super::flow::Acquired;
use crate::dataflow::knowledge::Subject;
use crate::dataflow::{Body, World};
use crate::facts::{EventKind, Value};
use crate::vocabulary::{ClassId, ValueId};

/// Calls of a builder in a row, and of those that make its parts.
const MAX_DEPTH: u32 = 8;

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
    own_class(world, body, *body.origins.args(call).get(built)?, 0)
}

fn own_class(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<ClassId> {
    if depth > MAX_DEPTH {
        return None;
    }
    let program = world.program;
    let loader = program.class(body.class).loader;
    let own = |class: ClassId| world.reach.owner(class).map(|_| class);
    body.origins.leaves(value).find_map(|leaf| match (leaf, body.origins.event(leaf)) {
        (Value::Class(name), _) => program.find(loader, name).and_then(own),
        (Value::Param(0), _) if !body.method.access.is_static() => own(body.class),
        (_, Some((_, event))) => match event.kind {
            EventKind::Lambda => own(body.class),
            EventKind::New => {
                let made = event.name().and_then(|name| program.find(loader, name)).and_then(own);
                made.or_else(|| own_given(world, body, leaf, depth))
            }
            kind if kind.is_invoke() => {
                body.origins.args(event).iter().find_map(|v| own_class(world, body, *v, depth + 1))
            }
            _ => None,
        },
        _ => None,
    })
}

/// The same of what a new object's constructor is given.
fn own_given(world: &World<'_>, body: Body<'_>, object: Value, depth: u32) -> Option<ClassId> {
    let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == object);
    let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
    let init = calls.find(|e| body.origins.args(e).first().is_some_and(is_it))?;
    body.origins.args(init).iter().skip(1).find_map(|v| own_class(world, body, *v, depth + 1))
}
