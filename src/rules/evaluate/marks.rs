//! Objects that static fields hold as marks: nobody asks them anything, they are what others are compared with.

use super::context::Context;
use super::matches::Match;
use crate::dataflow::Body;
use crate::dataflow::held::Root;
use crate::facts::{Event, EventKind, Test, Value};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, ValueId};

/// Reads looked at of one field.
const MAX_READS: usize = 64;

/// Whether the static field that holds the object is of a class which is not public, and is only compared with or put
/// where others of its class are.
pub(super) fn is_mark(cx: &Context<'_>, found: &Match) -> bool {
    let Some(Root::Static(field)) = found.holder.map(|h| h.root) else { return false };
    let program = cx.world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let class = TypeDesc(program.text(program.field(field).desc)).class();
    let class = class.and_then(|name| program.find_text(loader, name));
    class.is_some_and(|c| !program.class_facts(c).access.is_public()) && is_only_compared(cx, field)
}

fn is_only_compared(cx: &Context<'_>, field: FieldId) -> bool {
    let mut is_compared = false;
    for (n, read) in cx.world.fields.reads(field).enumerate() {
        let body = cx.world.body(read.method);
        let mark = Value::Event(u32::from(read.event));
        let is_it = |value: ValueId| body.origins.may_be(value, mark);
        let is_used = body.origins.events().iter().any(|event| uses(body, event, &is_it));
        if is_used || n >= MAX_READS {
            return false;
        }
        is_compared |= body.origins.unit.blocks_of(body.method).iter().any(|block| match block.test() {
            Test::Same(a, b) | Test::Differ(a, b) => is_it(a) || is_it(b),
            _ => false,
        });
    }
    is_compared
}

/// Whether an event does anything with a value but to store it or to pass it on.
fn uses(body: Body<'_>, event: &Event, is_it: &dyn Fn(ValueId) -> bool) -> bool {
    let args = body.origins.args(event);
    let n_looked_at = match event.kind {
        EventKind::PutStatic => 0,
        EventKind::PutField => 1,
        kind if kind.is_invoke() => usize::from(kind.has_receiver()),
        _ => args.len(),
    };
    args.iter().take(n_looked_at).any(|value| is_it(*value))
}
