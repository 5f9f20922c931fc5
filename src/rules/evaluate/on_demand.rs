//! Parts of an object that it fills itself, with what it has found missing in them: a cache behind a class of its own.

use super::branches;
use super::context::Context;
use super::handed_out::{Part, changing_methods};
use crate::dataflow::{Body, World, held, initialisation};
use crate::facts::{Event, EventKind, Value};
use crate::program::link::NO_CLASS;
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId};

/// Methods that one call may run.
const MAX_TARGETS: usize = 8;

/// Whether nobody but the code around a field's class gets to what the field holds, and that code puts something into it only
/// behind a test that it has found nothing there.
pub(super) fn is_filled_on_demand(cx: &Context<'_>, field: FieldId) -> bool {
    let world = cx.world;
    let class = world.program.class_of_field(field);
    let made = held::stored_objects(world, field);
    let filling: Vec<MethodId> = made.iter().flat_map(|(made, _)| filling_methods(cx, *made)).collect();
    let mut reads = world.fields.reads(field).peekable();
    !world.program.field(field).access.is_static()
        && !filling.is_empty()
        && reads.peek().is_some()
        && reads.all(|read| {
            let body = world.body(read.method);
            initialisation::is_same_nest(world, body.class, class)
                && is_filled_where_empty(world, body, field, read.event, &filling)
        })
}

/// The methods of a class, and of those above it, that put into an object what they are given.
fn filling_methods(cx: &Context<'_>, class: ClassId) -> Vec<MethodId> {
    let program = cx.world.program;
    let above = std::iter::successors(Some(class), |at| Some(program.class(*at).super_class));
    let own = above.take_while(|at| *at != NO_CLASS && !program.is_jdk(*at));
    own.flat_map(|at| changing_methods(cx, at, Part::Containers)).collect()
}

/// Whether what a body reads from a field is only called on, or given to a new object of the same class, and what fills it
/// stands behind a test that a call on the field has yielded nothing.
fn is_filled_where_empty(
    world: &World<'_>,
    body: Body<'_>,
    field: FieldId,
    read: u16,
    filling: &[MethodId],
) -> bool {
    let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == Value::Event(u32::from(read)));
    let is_found = |tested: ValueId| {
        body.origins.leaves(tested).any(|leaf| {
            let call = body.origins.event(leaf).map(|(_, e)| e);
            call.is_some_and(|call| is_called_on(world, body, call, field))
        })
    };
    (0u16..).zip(body.origins.events()).all(|(i, event)| {
        let args = body.origins.args(event);
        let Some(at) = args.iter().position(is_it) else { return true };
        if !event.kind.is_invoke() || args.iter().skip(at + 1).any(is_it) {
            return false;
        }
        if at > 0 || !event.kind.has_receiver() {
            return is_construction_of(world, body, event);
        }
        let Some(targets) = world.all_targets(body, event, MAX_TARGETS) else { return false };
        !targets.iter().any(|target| filling.contains(target)) || branches::is_where_null(body, i, is_found)
    })
}

fn is_called_on(world: &World<'_>, body: Body<'_>, call: &Event, field: FieldId) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    call.kind.is_invoke()
        && call.kind.has_receiver()
        && body.origins.leaves(body.origins.arg(call, 0)).all(|leaf| {
            let read = body.origins.event(leaf).map(|(_, e)| e).filter(|e| e.kind == EventKind::GetField);
            read.and_then(|e| refs.field(e.member()?)) == Some(field)
        })
}

/// Whether a call is of a constructor of the body's own class, which keeps the part as the one that it makes it from.
fn is_construction_of(world: &World<'_>, body: Body<'_>, call: &Event) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let target = call.member().and_then(|m| refs.method(m));
    call.kind == EventKind::InvokeSpecial
        && target.is_some_and(|t| {
            world.program.class_of_method(t) == body.class
                && world.program.is_constructor(world.program.method(t).name)
        })
}
