//! Fields that are written through a handle: a reflective field, a variable handle, an updater, an offset in memory.
//!
//! All of them are looked up by a class literal and a constant name; the writing call may stand elsewhere, with the handle
//! kept in a field.

use super::knowledge::groups;
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::FieldId;

/// Writers looked at for one field that keeps a handle.
const MAX_WRITERS: usize = 4;

/// Where the offset stands among the operands of a write to memory: after the receiver and the object.
const OFFSET: usize = 2;

/// The field that a call writes through a handle, if the call does so and the handle's field is known.
pub(super) fn written_field(world: &World<'_>, body: Body<'_>, event: &Event) -> Option<FieldId> {
    if !event.kind.is_invoke() || !event.kind.has_receiver() {
        return None;
    }
    let member = event.member()?;
    let loader = world.program.class(body.class).loader;
    let is_in = |group| world.knowledge.api_of(group, loader, member).is_some();
    let handle = match () {
        () if is_in(groups::FIELD_WRITER) => 0,
        () if is_in(groups::OFFSET_WRITER) => OFFSET,
        () => return None,
    };
    let refs = world.program.refs(loader);
    body.origins.leaves(body.origins.arg(event, handle)).find_map(|leaf| {
        let (_, made) = body.origins.event(leaf)?;
        match made.kind {
            EventKind::GetStatic | EventKind::GetField => kept_handle(world, refs.field(made.member()?)?),
            _ => looked_up(world, body, made),
        }
    })
}

fn kept_handle(world: &World<'_>, keeper: FieldId) -> Option<FieldId> {
    world.fields.writes(keeper).take(MAX_WRITERS).find_map(|write| {
        let body = world.body(write.method);
        let value = body.origins.args(world.event(write.method, write.event)?).last()?;
        body.origins.leaves(*value).find_map(|leaf| looked_up(world, body, body.origins.event(leaf)?.1))
    })
}

/// The field that a lookup names by a class literal and a constant among its operands, or that it takes the offset of.
fn looked_up(world: &World<'_>, body: Body<'_>, lookup: &Event) -> Option<FieldId> {
    if !lookup.kind.is_invoke() {
        return None;
    }
    let loader = world.program.class(body.class).loader;
    if world.knowledge.api_of(groups::FIELD_OFFSET, loader, lookup.member()?).is_some()
    {
        let field = body.origins.leaves(*body.origins.args(lookup).last()?);
        return field.into_iter().find_map(|leaf| named(world, body, body.origins.event(leaf)?.1));
    }
    named(world, body, lookup)
}

fn named(world: &World<'_>, body: Body<'_>, lookup: &Event) -> Option<FieldId> {
    let program = world.program;
    let leaves = || body.origins.args(lookup).iter().flat_map(|arg| body.origins.leaves(*arg));
    let classes = leaves().filter_map(|leaf| match leaf {
        Value::Class(name) => program.find(program.class(body.class).loader, name),
        _ => None,
    });
    let name = leaves().find_map(|leaf| match leaf {
        Value::Str(name) => Some(program.text(name)),
        _ => None,
    })?;
    let class = classes.into_iter().next()?;
    let mut fields = program.fields_of(class);
    fields.find(|(_, f)| program.text(f.name) == name).map(|(id, _)| id)
}
