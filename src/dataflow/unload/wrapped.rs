//! Objects of shared classes that keep an object of a module, as a decorator or an adapter does: what keeps the one keeps
//! the other.

use crate::dataflow::World;
use crate::facts::{EventKind, Value};
use crate::vocabulary::{MethodId, ValueId};

/// Constructors that hand what they are given to one another.
const MAX_DEPTH: u32 = 2;

/// What an object keeps, of what its constructor is given where it is made.
pub(super) fn kept_by(world: &World<'_>, method: MethodId, new: u16) -> Vec<ValueId> {
    let body = world.body(method);
    let object = Value::Event(u32::from(new));
    let is_its = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == object);
    let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
    let Some(init) = calls.find(|e| body.origins.args(e).first().is_some_and(is_its)) else {
        return Vec::new();
    };
    let run = world.targets(body, init, 1).unwrap_or_default();
    let given = (0u16..).zip(body.origins.args(init)).skip(1);
    given.filter(|(i, _)| run.iter().any(|run| keeps(world, *run, *i, 0))).map(|(_, v)| *v).collect()
}

/// Whether a constructor writes a parameter to a field of its object.
fn keeps(world: &World<'_>, constructor: MethodId, param: u16, depth: u32) -> bool {
    let body = world.body(constructor);
    if world.program.is_jdk(body.class) {
        return false;
    }
    let is = |value: ValueId, of: u16| body.origins.may_be(value, Value::Param(of));
    body.origins.events().iter().any(|event| match event.kind {
        EventKind::PutField => is(body.origins.arg(event, 0), 0) && is(body.origins.arg(event, 1), param),
        EventKind::InvokeSpecial if depth < MAX_DEPTH && is(body.origins.arg(event, 0), 0) => {
            let mut given = (0u16..).zip(body.origins.args(event)).skip(1);
            let run = || world.targets(body, event, 1).unwrap_or_default();
            given.any(|(i, value)| {
                is(*value, param) && run().into_iter().any(|run| keeps(world, run, i, depth + 1))
            })
        }
        _ => false,
    })
}
