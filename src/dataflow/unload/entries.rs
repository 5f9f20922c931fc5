//! Objects that keep a resource and are entries of a container which is there for all: a table of what is shared.

use super::Judge;
use super::flow::Acquired;
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, ValueId};

impl Judge<'_> {
    /// The field of the container that the acquiring method puts a new object into which it makes with the resource, if
    /// the container is there once for all.
    pub(super) fn shared_table(&self, acquired: &Acquired) -> Option<FieldId> {
        let world = self.world;
        let body = world.body(acquired.method);
        if acquired.operand.is_some() {
            return None;
        }
        let own = Value::Event(u32::from(acquired.event));
        let is_own = |v: &ValueId| body.origins.leaves(*v).any(|leaf| is_behind_casts(body, leaf, own));
        let makes = |e: &&Event| {
            e.kind == EventKind::InvokeSpecial && body.origins.args(e).iter().skip(1).any(is_own)
        };
        let events = body.origins.events();
        let holders = events.iter().filter(makes).map(|e| body.origins.arg(e, 0));
        let holders: Vec<Value> = holders.flat_map(|v| body.origins.leaves(v)).collect();
        let puts = world.knowledge.group(groups::CONTAINER_MUTATOR);
        let refs = world.program.refs(world.program.class(body.class).loader);
        let loader = world.program.class(body.class).loader;
        let is_put = |e: &&Event| {
            let mut given = body.origins.args(e).iter().skip(1).flat_map(|v| body.origins.leaves(*v));
            e.kind.has_receiver()
                && e.member().is_some_and(|m| world.knowledge.api_in(puts, loader, m).is_some())
                && given.any(|leaf| holders.contains(&leaf))
        };
        if holders.is_empty() {
            return None;
        }
        let tables = events.iter().filter(is_put).flat_map(|e| body.origins.leaves(body.origins.arg(e, 0)));
        let reads = tables.filter_map(|leaf| body.origins.event(leaf)).map(|(_, e)| e);
        let mut fields = reads.filter(|e| e.kind.has_field()).filter_map(|e| refs.field(e.member()?));
        fields.find(|f| self.is_there_once(*f))
    }
}

/// Whether a value is another one, or that under another type.
fn is_behind_casts(body: Body<'_>, leaf: Value, own: Value) -> bool {
    leaf == own
        || body.origins.event(leaf).is_some_and(|(_, e)| {
            e.kind == EventKind::CheckCast && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == own)
        })
}
