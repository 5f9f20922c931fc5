//! Classes of which other objects are about besides those that are held.

use super::{MAX_DEPTH, Search, Site};
use crate::dataflow::World;
use crate::program::CallSite;
use crate::program::link::NO_CLASS;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Callers looked at for one method.
const MAX_SITES: usize = 32;
/// Methods looked at between one that makes an object and those that store it.
const MAX_METHODS: usize = 64;

impl Search<'_, '_> {
    /// Adds the classes of objects that a method makes for others, too, than those who keep them for the whole JVM, and of
    /// parts of such objects.
    pub(super) fn add_others(&mut self, loose: &mut FxHashSet<ClassId>) {
        let world = self.world;
        let clinit = |method| world.program.is_class_initializer(world.program.method(method).name);
        self.makers.sort_unstable();
        for stored in self.makers.chunk_by(|a, b| a.0 == b.0) {
            let Some(((maker, event), _)) = stored.first().copied() else { continue };
            // A class initialiser runs once, and so makes one object.
            if clinit(maker) {
                continue;
            }
            let made = world.event(maker, event).and_then(|e| e.name());
            let loader = world.program.class(world.program.class_of_method(maker)).loader;
            let class = made.and_then(|name| world.program.find(loader, name));
            let keepers: Vec<MethodId> = stored.iter().map(|(_, keeper)| *keeper).collect();
            if let Some(class) = class.filter(|c| !loose.contains(c))
                && is_called_by_others(world, maker, &keepers)
            {
                add_with_supers(world, class, loose);
            }
        }
        self.owned.retain(|(site, ..)| !self.in_statics.contains(site));
        add_parts(world, &self.owned, loose);
    }
}

/// Whether a method is called on behalf of others than these.
fn is_called_by_others(world: &World<'_>, method: MethodId, keepers: &[MethodId]) -> bool {
    let (mut waiting, mut seen) = (vec![method], FxHashSet::from_iter([method]));
    while let Some(method) = waiting.pop() {
        let Some(sites) = world.sites.of(method, MAX_SITES).filter(|_| seen.len() < MAX_METHODS) else {
            return true;
        };
        // Nobody is seen to call what only a framework does.
        if sites.is_empty() {
            return true;
        }
        for CallSite { caller, .. } in sites {
            if !keepers.contains(&caller) && seen.insert(caller) {
                waiting.push(caller);
            }
        }
    }
    false
}

/// Adds the classes of objects, and their superclasses, that fields of objects of such a class hold.
fn add_parts(world: &World<'_>, owned: &[(Site, ClassId, ClassId)], loose: &mut FxHashSet<ClassId>) {
    let mut parts: FxHashMap<ClassId, Vec<ClassId>> = FxHashMap::default();
    for (_, part, owner) in owned {
        parts.entry(*owner).or_default().push(*part);
    }
    let mut waiting: Vec<ClassId> = loose.iter().copied().collect();
    while let Some(owner) = waiting.pop() {
        for part in parts.remove(&owner).unwrap_or_default() {
            let mut at = part;
            while at != NO_CLASS && loose.insert(at) {
                waiting.push(at);
                at = world.program.class(at).super_class;
            }
        }
    }
}

/// Whether all objects of a class are held, and all objects of the classes whose fields hold them.
pub(super) fn is_only(
    class: ClassId,
    parents: &FxHashMap<ClassId, ClassId>,
    loose: &FxHashSet<ClassId>,
    level: usize,
) -> bool {
    let parent = parents.get(&class);
    !loose.contains(&class)
        && parent.is_none_or(|p| level > MAX_DEPTH || is_only(*p, parents, loose, level + 1))
}

/// Adds a class and its superclasses.
pub(super) fn add_with_supers(world: &World<'_>, class: ClassId, classes: &mut FxHashSet<ClassId>) {
    let mut at = class;
    while at != NO_CLASS && classes.insert(at) {
        at = world.program.class(at).super_class;
    }
}
