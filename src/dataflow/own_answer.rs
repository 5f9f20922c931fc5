//! Fields by which one method of an object remembers what it has found out about that object.

use super::changes::block_of;
use super::paths::Needed;
use super::{Body, World};
use crate::facts::{EventKind, Test, Value};
use crate::vocabulary::{FieldId, MethodId};

/// Whether nobody but one method that is given nothing reads or writes an instance field once the object is made, and it
/// writes nothing but constants, each time behind a test of what the field holds: whoever asks first, the answer is what
/// the object makes it.
pub fn is_own_answer(world: &World<'_>, field: FieldId) -> bool {
    let program = world.program;
    let is_constructor = |method: MethodId| {
        program.is_constructor(program.method(method).name)
            && program.class_of_method(method) == program.class_of_field(field)
    };
    if program.field(field).access.is_static() {
        return false;
    }
    let mut users = world.fields.accesses(field).map(|a| a.method).filter(|method| !is_constructor(*method));
    let Some(method) = users.next().filter(|method| users.all(|other| other == *method)) else {
        return false;
    };
    let body = world.body(method);
    let is_given_nothing =
        program.text(body.method.desc).starts_with("()") && !body.method.access.is_static();
    let mut writes = world.fields.writes(field).filter(|write| write.method == method).peekable();
    is_given_nothing
        && writes.peek().is_some()
        && writes.all(|write| {
            let event = world.event(method, write.event);
            let value = event.and_then(|e| body.origins.args(e).last());
            let is_constant = |leaf| matches!(leaf, Value::Int(_));
            value.is_some_and(|v| body.origins.leaves(*v).all(is_constant))
                && is_behind_test(world, body, field, write.event)
        })
}

/// Whether every way to an event leads over one side of a test of the field.
pub(super) fn is_behind_test(world: &World<'_>, body: Body<'_>, field: FieldId, event: u16) -> bool {
    let unit = body.origins.unit;
    let Some(at) = block_of(unit, body, event) else { return false };
    let refs = world.program.refs(world.program.class(body.class).loader);
    let is_read = |leaf: Value| {
        let read = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetField);
        read.and_then(|e| refs.field(e.member()?)) == Some(field)
    };
    let needed = Needed::find(unit, body.method, at);
    unit.blocks_of(body.method).iter().enumerate().any(|(b, block)| {
        let (Test::IsZero(value) | Test::NonZero(value) | Test::IsNull(value) | Test::NonNull(value)) =
            block.test()
        else {
            return false;
        };
        let edges = unit.successors(block);
        edges.len() == 2
            && body.origins.leaves(value).any(is_read)
            && edges.iter().any(|edge| needed.has(b as u16, *edge))
    })
}
