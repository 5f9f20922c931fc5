//! What the instructions of one body may throw, each found when it is asked for: most questions need few of them.

use super::{Catch, Exceptions, Reading, Thrown, add, catches};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use rustc_hash::FxHashMap;
use std::cell::{Cell, OnceCell};

/// Rounds in which rethrown exceptions spread through nested handlers.
const MAX_ROUNDS: usize = 8;

/// What the instructions of one body may throw.
pub(crate) struct BodyThrows<'e, 'w> {
    exceptions: &'e Exceptions<'w>,
    body: Body<'e>,
    reading: Reading,
    per_event: OnceCell<Vec<OnceCell<Vec<Thrown>>>>,
    /// Whether what handlers throw again is known.
    is_spread: Cell<bool>,
}

impl<'e, 'w> BodyThrows<'e, 'w> {
    pub(super) fn new(exceptions: &'e Exceptions<'w>, body: Body<'e>, reading: Reading) -> Self {
        exceptions.look_into(body, reading);
        Self { exceptions, body, reading, per_event: OnceCell::new(), is_spread: Cell::new(false) }
    }

    fn slot(&self, i: usize) -> Option<&OnceCell<Vec<Thrown>>> {
        let slots = self.per_event.get_or_init(|| vec![OnceCell::new(); self.body.origins.events().len()]);
        slots.get(i)
    }

    /// What an event may throw.
    pub(crate) fn of_event(&self, event: u16) -> &[Thrown] {
        let i = usize::from(event);
        let Some(facts) = self.body.origins.events().get(i) else { return &[] };
        if facts.kind != EventKind::Throw && !facts.kind.is_invoke() {
            return &[];
        }
        let Some(known) = self.slot(i) else { return &[] };
        if let Some(known) = known.get() {
            return known;
        }
        match facts.kind {
            EventKind::Throw if self.throws_again(facts) => {
                self.spread();
                known.get().map_or(&[], Vec::as_slice)
            }
            EventKind::Throw => {
                known.get_or_init(|| self.exceptions.of_throw(self.body, facts, &FxHashMap::default()))
            }
            _ => known.get_or_init(|| self.exceptions.of_event(self.body, i, facts, self.reading)),
        }
    }

    /// Whether a `throw` throws what a handler has caught.
    fn throws_again(&self, event: &Event) -> bool {
        let origins = self.body.origins;
        origins.leaves(origins.arg(event, 0)).any(|leaf| matches!(leaf, Value::Caught(_)))
    }

    /// Finds what is thrown again, which depends on all that the handlers may catch.
    fn spread(&self) {
        if self.is_spread.replace(true) {
            return;
        }
        let events = self.body.origins.events().iter().enumerate();
        let again: Vec<(usize, &Event)> =
            events.filter(|(_, e)| e.kind == EventKind::Throw && self.throws_again(e)).collect();
        let mut thrown: FxHashMap<usize, Vec<Thrown>> = FxHashMap::default();
        let mut caught = FxHashMap::<u16, Vec<Thrown>>::default();
        for _ in 0..MAX_ROUNDS {
            for (i, event) in &again {
                thrown.insert(*i, self.exceptions.of_throw(self.body, event, &caught));
            }
            let next = self.reaching_handlers(&thrown);
            if next == caught {
                break;
            }
            caught = next;
        }
        for (i, _) in again {
            if let (Some(slot), Some(thrown)) = (self.slot(i), thrown.remove(&i)) {
                // Nobody has set it: what is thrown again is found here alone.
                let _ = slot.set(thrown);
            }
        }
    }

    /// For each handler's block what it may receive; `again` are the events that throw what was caught.
    fn reaching_handlers(&self, again: &FxHashMap<usize, Vec<Thrown>>) -> FxHashMap<u16, Vec<Thrown>> {
        let unit = self.body.origins.unit;
        let world = self.exceptions.world;
        let loader = world.program.class(self.body.class).loader;
        let mut caught = FxHashMap::<u16, Vec<Thrown>>::default();
        for block in unit.blocks_of(self.body.method) {
            let handlers = unit.handlers(block);
            if handlers.is_empty() {
                continue;
            }
            let of_event = |i: usize| again.get(&i).map_or_else(|| self.of_event(i as u16), Vec::as_slice);
            for thrown in block.events().flat_map(of_event) {
                for handler in handlers {
                    let takes = catches(world, loader, handler.catches, *thrown);
                    if takes != Catch::Never {
                        add(caught.entry(handler.block).or_default(), *thrown);
                    }
                    if takes == Catch::Surely {
                        break;
                    }
                }
            }
        }
        caught
    }
}
