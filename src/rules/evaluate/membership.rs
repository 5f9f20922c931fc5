//! Sets that are only asked whether they have one's own element: nobody comes across another's.

use super::context::Context;
use super::keys::{self, SET};
use super::matches::Spot;
use super::shapes::final_event;
use super::values::{is_of_types, origins_of};
use crate::dataflow::{Body, How};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::KeyKind;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, MethodId};

/// What tells of one element, and nothing of others.
const ASKED: &str = "collection-asked";

/// What tells the elements of such a set apart, if no two applications have one.
pub(super) fn element_key(cx: &Context<'_>, field: FieldId, spot: &Spot) -> Option<KeyKind> {
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let declared = TypeDesc(program.text(program.field(field).desc)).class()?;
    if !is_of_types(cx.world, cx.models, loader, declared, &[SET.to_owned()]) {
        return None;
    }
    let Some(How::Container(api)) = spot.how else { return None };
    let value = cx.world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.value)?;
    let (body, event) = final_event(cx, spot)?;
    let position = usize::from(value) + usize::from(event.kind.has_receiver());
    let is_by_type = || {
        let element = keys::declared_first(cx, field).and_then(|name| keys::kind_of_type(cx, loader, name));
        element == Some(KeyKind::Identity)
    };
    let are_tokens = || {
        !cx.world.reach.is_open_world() && keys::are_tokens(cx, &origins_of(cx.world, body, event, position))
    };
    let differ = is_by_type() || are_tokens();
    (differ && is_only_asked(cx, field)).then_some(KeyKind::Identity)
}

/// Whether whoever reads the field asks for one element alone.
fn is_only_asked(cx: &Context<'_>, field: FieldId) -> bool {
    let mut reads = cx.world.fields.reads(field).peekable();
    reads.peek().is_some() && reads.all(|read| is_asked(cx, read.method, read.event))
}

fn is_asked(cx: &Context<'_>, method: MethodId, read: u16) -> bool {
    let body = cx.world.body(method);
    let is_it = |leaf| leaf == Value::Event(u32::from(read));
    let asks = |body: Body<'_>, event: &Event| {
        let loader = cx.world.program.class(body.class).loader;
        let is_one = |m| cx.world.knowledge.api_of(ASKED, loader, m).is_some();
        event.kind.has_receiver() && event.kind.is_invoke() && event.member().is_some_and(is_one)
    };
    body.origins.events().iter().filter(|e| e.kind != EventKind::MonitorEnter).all(|event| {
        let mut args = body.origins.args(event).iter().enumerate();
        args.all(|(i, value)| {
            !body.origins.leaves(*value).any(is_it)
                || event.kind == EventKind::MonitorExit
                || i == 0 && asks(body, event)
        })
    })
}
