//! Objects that a static field holds: their instance fields are shared as the static is.

use super::World;
use crate::facts::{EventKind, Value};
use crate::program::Origins;
use crate::vocabulary::{ClassId, FieldId, MethodId};
use rustc_hash::FxHashMap;

/// A class whose objects a static field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The static field at the root.
    pub field: FieldId,
    /// Whether every object of the class that the deployment makes goes into such a field.
    pub is_only: bool,
}

/// The held classes.
#[derive(Default)]
pub struct Held {
    holders: FxHashMap<ClassId, Holder>,
}

/// Rounds of following fields of held objects.
const MAX_DEPTH: usize = 3;

impl Held {
    /// Finds what the static fields of shared classes hold: objects allocated right where they are stored.
    pub fn find(world: &World<'_>, is_candidate: &dyn Fn(FieldId) -> bool) -> Self {
        let made = allocation_counts(world);
        let mut holders = FxHashMap::<ClassId, Holder>::default();
        let mut stored = FxHashMap::<ClassId, usize>::default();
        let mut frontier: Vec<(FieldId, FieldId)> = (0..world.program.n_fields)
            .map(FieldId::from_index)
            .filter(|f| world.program.field(*f).access.is_static() && is_candidate(*f))
            .map(|f| (f, f))
            .collect();
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for (root, field) in frontier {
                for class in stored_classes(world, field) {
                    *stored.entry(class).or_default() += 1;
                    if world.program.is_jdk(class) || holders.contains_key(&class) {
                        continue;
                    }
                    holders.insert(class, Holder { field: root, is_only: false });
                    let fields = world.program.fields_of(class).filter(|(_, f)| !f.access.is_static());
                    next.extend(fields.map(|(id, _)| (root, id)));
                }
            }
            frontier = next;
        }
        for (class, n) in &stored {
            if let Some(holder) = holders.get_mut(class) {
                holder.is_only = made.get(class).copied().unwrap_or(0) <= *n;
            }
        }
        Self { holders }
    }

    /// The holder of a class's objects, if a static field holds any.
    pub fn holder(&self, class: ClassId) -> Option<Holder> {
        self.holders.get(&class).copied()
    }
}

/// How many allocation sites each class has.
fn allocation_counts(world: &World<'_>) -> FxHashMap<ClassId, usize> {
    let mut counts = FxHashMap::default();
    for i in 0..world.program.classes.len() {
        let class = ClassId::from_index(i);
        let loader = world.program.class(class).loader;
        let unit = world.program.unit(class);
        for (_, method) in world.program.methods_of(class) {
            for event in unit.events_of(method) {
                if event.kind == EventKind::New
                    && let Some(made) = event.name().and_then(|n| world.program.find(loader, n))
                {
                    *counts.entry(made).or_default() += 1;
                }
            }
        }
    }
    counts
}

/// The exact classes of the objects that writes of a field store, when the writing body makes them.
fn stored_classes(world: &World<'_>, field: FieldId) -> Vec<ClassId> {
    let mut found = Vec::new();
    for access in world.fields.writes(field) {
        let body = world.body(access.method);
        let Some(event) = world.event(access.method, access.event) else { continue };
        let Some(value) = body.origins.args(event).last() else { continue };
        for leaf in body.origins.leaves(*value) {
            found.extend(made_class(world, access.method, body.origins, leaf));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn made_class(world: &World<'_>, method: MethodId, origins: Origins<'_>, leaf: Value) -> Option<ClassId> {
    let (_, event) = origins.event(leaf)?;
    if event.kind != EventKind::New {
        return None;
    }
    let loader = world.program.class(world.program.class_of_method(method)).loader;
    world.program.find(loader, event.name()?)
}
