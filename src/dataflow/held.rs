//! Objects that a static field holds: their instance fields are shared as the static is.

use super::World;
use crate::facts::EventKind;
use crate::vocabulary::{ClassId, FieldId, MethodId};
use rustc_hash::{FxHashMap, FxHashSet};

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
        let mut holders = FxHashMap::<ClassId, Holder>::default();
        let mut kept = FxHashSet::<(MethodId, u32)>::default();
        let mut frontier: Vec<(FieldId, FieldId)> = (0..world.program.n_fields)
            .map(FieldId::from_index)
            .filter(|f| world.program.field(*f).access.is_static() && is_candidate(*f))
            .map(|f| (f, f))
            .collect();
        let mut seen: FxHashSet<FieldId> = frontier.iter().map(|(_, f)| *f).collect();
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for (root, field) in frontier {
                for (class, site) in stored_objects(world, field) {
                    kept.insert(site);
                    if world.program.is_jdk(class) || holders.contains_key(&class) {
                        continue;
                    }
                    holders.insert(class, Holder { field: root, is_only: false });
                    let fields = world.program.fields_of(class).filter(|(_, f)| !f.access.is_static());
                    next.extend(fields.filter(|(id, _)| seen.insert(*id)).map(|(id, _)| (root, id)));
                }
            }
            frontier = next;
        }
        let loose = loose_allocations(world, &kept);
        holders.iter_mut().for_each(|(class, holder)| holder.is_only = !loose.contains(class));
        Self { holders }
    }

    /// The holder of a class's objects, if a static field holds any.
    pub fn holder(&self, class: ClassId) -> Option<Holder> {
        self.holders.get(&class).copied()
    }
}

/// Classes with an allocation whose object does not go right into a static field or a field of a held object.
fn loose_allocations(world: &World<'_>, kept: &FxHashSet<(MethodId, u32)>) -> FxHashSet<ClassId> {
    let mut loose = FxHashSet::default();
    for i in 0..world.program.classes.len() {
        let class = ClassId::from_index(i);
        let loader = world.program.class(class).loader;
        let unit = world.program.unit(class);
        for (id, method) in world.program.methods_of(class) {
            for (e, event) in unit.events_of(method).iter().enumerate() {
                if event.kind == EventKind::New
                    && !kept.contains(&(id, e as u32))
                    && let Some(made) = event.name().and_then(|n| world.program.find(loader, n))
                {
                    loose.insert(made);
                }
            }
        }
    }
    loose
}

type Site = (MethodId, u32);

/// The objects that writes of a field store, when the writing body makes them: exact class and allocation site.
fn stored_objects(world: &World<'_>, field: FieldId) -> Vec<(ClassId, Site)> {
    let mut found = Vec::new();
    for access in world.fields.writes(field) {
        let body = world.body(access.method);
        let Some(event) = world.event(access.method, access.event) else { continue };
        let Some(value) = body.origins.args(event).last() else { continue };
        for leaf in body.origins.leaves(*value) {
            let Some((index, made)) = body.origins.event(leaf) else { continue };
            let loader = world.program.class(body.class).loader;
            if made.kind == EventKind::New
                && let Some(class) = made.name().and_then(|n| world.program.find(loader, n))
            {
                found.push((class, (access.method, index)));
            }
        }
    }
    found
}
