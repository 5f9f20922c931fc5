//! Resources that take the place of another one of the same object, which then nobody can release any more.

use super::flow::Acquired;
use super::flow::Fate;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, ValueId};

/// Whether a method puts what it acquires into a field of its object that the constructor has filled, and looks at
/// neither the field nor anything else of the object before.
pub(super) fn has_replaced_another(world: &World<'_>, acquired: &Acquired, fate: &Fate) -> bool {
    let program = world.program;
    let body = world.body(acquired.method);
    if body.method.access.is_static() || program.is_constructor(body.method.name) {
        return false;
    }
    let Some(store) = body.origins.events().iter().position(|e| {
        e.kind == EventKind::PutField && is_this(body, body.origins.arg(e, 0)) && {
            let value = body.origins.arg(e, 1);
            body.origins.leaves(value).all(|l| is_acquired(body, acquired, l))
        }
    }) else {
        return false;
    };
    let Some(field) = body.origins.events().get(store).and_then(|e| field_of(world, body, e)) else {
        return false;
    };
    let may_look = |e: &Event| {
        e.kind == EventKind::GetField && field_of(world, body, e) == Some(field)
            || (e.kind.is_invoke() || e.kind == EventKind::Lambda)
                && body.origins.args(e).iter().any(|v| is_this(body, *v))
    };
    fate.fields.contains(&field)
        && !body.origins.events().iter().take(store).any(may_look)
        && is_filled_at_start(world, field)
}

fn is_acquired(body: Body<'_>, acquired: &Acquired, leaf: Value) -> bool {
    match acquired.operand {
        None => leaf == Value::Event(u32::from(acquired.event)),
        Some(i) => body.origins.events().get(usize::from(acquired.event)).is_some_and(|call| {
            body.origins.leaves(body.origins.arg(call, usize::from(i))).any(|own| own == leaf)
        }),
    }
}

/// Whether every constructor that sets up an object of the field's class, rather than calling another one, stores
/// something that is made there.
fn is_filled_at_start(world: &World<'_>, field: FieldId) -> bool {
    let program = world.program;
    let mut constructors = program
        .methods_of(program.class_of_field(field))
        .filter(|(_, m)| m.has_body && program.is_constructor(m.name))
        .peekable();
    constructors.peek().is_some()
        && constructors.all(|(constructor, _)| {
            let body = world.body(constructor);
            body.origins.events().iter().any(|e| {
                e.kind == EventKind::PutField
                    && field_of(world, body, e) == Some(field)
                    && is_this(body, body.origins.arg(e, 0))
                    && body.origins.leaves(body.origins.arg(e, 1)).all(|l| is_made(body, l))
            })
        })
}

fn is_made(body: Body<'_>, leaf: Value) -> bool {
    body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::New || e.kind.is_invoke())
}

fn is_this(body: Body<'_>, value: ValueId) -> bool {
    let mut leaves = body.origins.leaves(value).peekable();
    leaves.peek().is_some() && leaves.all(|leaf| leaf == Value::Param(0))
}

fn field_of(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    event.member().filter(|_| event.kind.has_field()).and_then(|m| refs.field(m))
}
