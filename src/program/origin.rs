//! Looking through merges: the single values that an operand may be.

use crate::facts::{Event, EventKind, MethodFacts, UnitFacts, Value};
use crate::vocabulary::ValueId;

/// One possible origin of an operand: any value but a merge.
pub type Leaf = Value;

/// The body that values belong to.
#[derive(Clone, Copy)]
pub struct Origins<'u> {
    /// Its unit.
    pub unit: &'u UnitFacts,
    /// Its method.
    pub method: &'u MethodFacts,
}

impl<'u> Origins<'u> {
    /// The possible origins of a value. The reducer has flattened merges, so inputs are no merges.
    pub fn leaves(self, id: ValueId) -> impl Iterator<Item = Leaf> + use<'u> {
        let value = self.unit.value(self.method, id);
        let inputs = self.unit.merge_inputs(value);
        let single = inputs.is_empty().then_some(value);
        single.into_iter().chain(inputs.iter().map(move |input| self.unit.value(self.method, *input)))
    }

    /// Whether a value may be this leaf.
    #[inline]
    pub fn may_be(self, id: ValueId, leaf: Leaf) -> bool {
        match self.unit.value(self.method, id) {
            merge @ Value::Merge { .. } => self.is_input(merge, leaf),
            value => value == leaf,
        }
    }

    fn is_input(self, merge: Value, leaf: Leaf) -> bool {
        let inputs = self.unit.merge_inputs(merge);
        if inputs.is_empty() {
            return merge == leaf;
        }
        inputs.iter().any(|input| self.unit.value(self.method, *input) == leaf)
    }

    /// The events of the body.
    pub fn events(self) -> &'u [Event] {
        self.unit.events_of(self.method)
    }

    /// The position of one of the body's events.
    pub fn index_of(self, event: &Event) -> Option<u16> {
        let events = self.events();
        // By its place in memory: bodies have thousands of events, and are asked about each.
        let offset = std::ptr::from_ref(event).addr().checked_sub(events.as_ptr().addr())?;
        let index = offset / size_of::<Event>();
        let is_it = events.get(index).is_some_and(|e| std::ptr::eq(e, event));
        u16::try_from(index).ok().filter(|_| is_it)
    }

    /// The event that a leaf is the result of.
    pub fn event(self, leaf: Leaf) -> Option<(u32, &'u Event)> {
        match leaf {
            Value::Event(i) => self.events().get(i as usize).map(|e| (i, e)),
            _ => None,
        }
    }

    /// The operands of an event.
    pub fn args<'e>(self, event: &'e Event) -> &'e [ValueId]
    where
        'u: 'e,
    {
        self.unit.args(event)
    }

    /// Operand `i` of an event, `NO_VALUE` if there is none.
    pub fn arg(self, event: &Event, i: usize) -> ValueId {
        self.args(event).get(i).copied().unwrap_or(crate::facts::NO_VALUE)
    }

    /// Whether every origin of a value is an allocation of this body.
    pub fn is_fresh(self, id: ValueId) -> bool {
        self.leaves(id).all(|leaf| {
            self.event(leaf).is_some_and(|(_, e)| matches!(e.kind, EventKind::New | EventKind::NewArray))
        })
    }
}
