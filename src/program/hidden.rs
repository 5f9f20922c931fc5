//! Classes on a loader's search path that it never defines, because it finds others of their names before it looks there.

use super::link::Program;
use crate::topology::{ArchiveSet, ClassLookup, JDK, Target};
use crate::vocabulary::{LoaderId, Name};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::Cell;

/// Names of classes that a loader has on its path and never defines.
#[derive(Default)]
pub(super) struct Hidden {
    /// Of each loader, with the loader that it takes the class from.
    names: FxHashMap<LoaderId, FxHashSet<Name>>,
    /// How many of an archive's classes they are, with the loader concerned and one that it takes them from.
    archives: FxHashMap<(usize, LoaderId, LoaderId), usize>,
}

impl Hidden {
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn of(&self, loader: usize) -> Option<&FxHashSet<Name>> {
        self.names.get(&LoaderId::from_index(loader))
    }

    /// The archives concerned, in order: how many of their classes, the name of the loader on whose path they are, and that
    /// of the one that it takes them from.
    pub(super) fn by_archive(&self, program: &Program<'_>) -> Vec<(usize, usize, (String, String))> {
        let mut rows: Vec<_> = self.archives.iter().map(|(key, n)| (*key, *n)).collect();
        rows.sort_unstable();
        let name = |loader: LoaderId| program.topology.loader(loader).map_or("", |l| &l.name).to_owned();
        rows.into_iter()
            .map(|((archive, asking, from), n)| (archive, n, (name(asking), name(from))))
            .collect()
    }
}

/// What is hidden in a program whose search paths have been walked.
pub(super) fn hidden_by_others(program: &Program<'_>) -> Hidden {
    let topology = program.topology;
    let loaders = || (0..topology.loaders.len()).map(LoaderId::from_index);
    let mut hidden = Hidden::default();
    let asked = Cell::new(Name(0));
    let holds = |loader: LoaderId, _: &str, archives: Option<&ArchiveSet>| {
        let class = program.defined_by(loader, asked.get());
        class.is_some_and(|class| archives.is_none_or(|set| set.contains(program.archive_of(class))))
    };
    let mut lookup = ClassLookup::new(topology, &holds);
    for loader in loaders().filter(|loader| *loader != JDK) {
        let others = asked_by(program, loader);
        // What others ask of it they may get from it even if its own code gets another one, where loaders ask each other.
        let asking: Vec<LoaderId> =
            loaders().filter(|l| *l != loader && asked_by(program, *l).contains(&loader)).collect();
        let is_elsewhere = |name: &Name| others.iter().any(|l| program.defined_by(*l, *name).is_some());
        for (name, class) in program.defined_names(loader).filter(|(name, _)| is_elsewhere(name)) {
            asked.set(name);
            let text = program.text(name);
            let Some(found) = lookup.find(loader, text).filter(|found| *found != loader) else { continue };
            if !asking.iter().any(|l| lookup.find(*l, text) == Some(loader)) {
                hidden.names.entry(loader).or_default().insert(name);
                *hidden.archives.entry((program.archive_of(class), loader, found)).or_default() += 1;
            }
        }
    }
    hidden
}

/// The loaders that one asks, directly or through others.
fn asked_by(program: &Program<'_>, loader: LoaderId) -> Vec<LoaderId> {
    let mut asked = vec![loader];
    let mut next = 0;
    while let Some(at) = asked.get(next).copied() {
        next += 1;
        for step in program.topology.loader(at).map_or(&[][..], |l| &l.class_steps) {
            if let Target::Loader(other) = step.target
                && !asked.contains(&other)
            {
                asked.push(other);
            }
        }
    }
    asked.remove(0);
    asked
}
