//! What the bodies that fill boxes and arrays put into them.

use super::{Stored, made_on_the_way};
use crate::dataflow::knowledge::groups;
use crate::dataflow::{Body, World, marks};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{MethodId, ValueId};
use rustc_hash::FxHashMap;

/// The events that store into each array, and what they store.
pub(super) type Stores = FxHashMap<Value, Vec<(u16, ValueId)>>;

/// What a body stores into each array: the events and the values.
pub(super) fn stores_into(body: Body<'_>) -> Stores {
    let mut found = Stores::default();
    for (i, event) in (0u16..).zip(body.origins.events()).filter(|(_, e)| e.kind == EventKind::ArrayStore) {
        let Some(put) = body.origins.args(event).last() else { continue };
        for array in body.origins.leaves(body.origins.arg(event, 0)) {
            found.entry(array).or_default().push((i, *put));
        }
    }
    found
}

/// The boxes that a method makes, each for a single object: `new AtomicReference<>(new Settings())`.
pub(super) struct Boxes {
    pub(super) method: MethodId,
    /// The calls that make them, by what they yield or are run on.
    makers: FxHashMap<Value, Vec<u16>>,
}

impl Boxes {
    pub(super) fn of(world: &World<'_>, method: MethodId) -> Self {
        let mut makers: FxHashMap<Value, Vec<u16>> = FxHashMap::default();
        // A body that calls no method which is known makes no box.
        if !world.knowledge.is_marked(method, marks::API) {
            return Self { method, makers };
        }
        let body = world.body(method);
        let loader = world.program.class(body.class).loader;
        let boxes = world.knowledge.group(groups::BOX_MAKER);
        let is_maker =
            |e: &Event| e.member().is_some_and(|m| world.knowledge.api_in(boxes, loader, m).is_some());
        for (i, event) in (0u16..).zip(body.origins.events()) {
            match event.kind {
                EventKind::InvokeSpecial if is_maker(event) => {
                    for made in body.origins.leaves(body.origins.arg(event, 0)) {
                        makers.entry(made).or_default().push(i);
                    }
                }
                EventKind::InvokeStatic if is_maker(event) => {
                    makers.entry(Value::Event(u32::from(i))).or_default().push(i);
                }
                _ => {}
            }
        }
        Self { method, makers }
    }

    /// The objects in the boxes that a value may be.
    pub(super) fn content(&self, world: &World<'_>, value: ValueId) -> Vec<Stored> {
        if self.makers.is_empty() {
            return Vec::new();
        }
        let body = world.body(self.method);
        let mut makers: Vec<u16> =
            body.origins.leaves(value).filter_map(|leaf| self.makers.get(&leaf)).flatten().copied().collect();
        makers.sort_unstable();
        makers.dedup();
        let events = makers.into_iter().filter_map(|at| body.origins.events().get(usize::from(at)));
        let content = events.filter_map(|e| body.origins.args(e).get(usize::from(e.kind.has_receiver())));
        content.flat_map(|content| made_on_the_way(world, self.method, *content)).collect()
    }
}
