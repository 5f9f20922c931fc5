//! Which class a loader yields for a name. Asked once for each name that its classes mention.

use super::link::{NO_CLASS, Program};
use super::number_table::NumberTable;
use crate::facts::{Event, EventKind, NO_NAME};
use crate::topology::{ArchiveSet, ClassLookup, LookupStep};
use crate::vocabulary::descriptor::element_of_class_constant;
use crate::vocabulary::{ClassId, LoaderId, Name, Parallel};
use std::cell::Cell;

/// The classes that a loader yields for the names its own classes mention.
#[derive(Default)]
pub(super) struct View {
    answers: NumberTable,
}

/// Stands in a view for "no loader has it": no program has so many classes.
const UNKNOWN: u32 = NO_CLASS.0 - 1;

impl Program<'_> {
    /// Answers for every class name that a loader's classes mention.
    pub(super) fn view_of(&self, loader: LoaderId, parallel: &impl Parallel) -> View {
        const CHUNK: usize = 4096;
        let Some(of_loader) = self.topology.loader(loader) else { return View::default() };
        let units = self.facts.units_in(|archive| of_loader.path.iter().any(|e| e.archive == archive));
        let n_members: usize = units.iter().map(|unit| self.facts.unit_members[*unit].len()).sum();
        let mut answers = NumberTable::for_some_of(n_members, self.facts.names.bound());
        let mentioned = parallel.map(units.len(), |i| self.class_names_of(units[i]));
        for name in mentioned.into_iter().flatten() {
            answers.set(name.0, UNKNOWN);
        }
        // In the order of ids, which is that of the names' texts in memory.
        let waiting = answers.ids();
        let found = parallel.map(waiting.len().div_ceil(CHUNK), |chunk| {
            let names = &waiting[chunk * CHUNK..waiting.len().min((chunk + 1) * CHUNK)];
            self.find_all_slowly(loader, names.iter().map(|name| Name(*name)))
        });
        for (name, class) in waiting.iter().zip(found.into_iter().flatten()) {
            answers.set(*name, class.map_or(UNKNOWN, |id| id.0));
        }
        View { answers }
    }

    /// The class names that a unit's classes mention; one that is mentioned often comes a few times.
    fn class_names_of(&self, unit: usize) -> Vec<Name> {
        /// So many names that were seen last are told apart from new ones.
        const RECENT: usize = 4096;
        let facts = &self.facts.units[unit];
        let (mut names, mut recent) = (Vec::new(), vec![NO_NAME; RECENT]);
        let mut add = |name: Name| {
            let seen = &mut recent[name.index() % RECENT];
            if *seen != name {
                *seen = name;
                names.push(name);
            }
        };
        facts.classes.iter().flat_map(|c| [c.name, c.super_name]).for_each(&mut add);
        facts.lists.iter().copied().for_each(&mut add);
        facts.handlers.iter().map(|h| h.catches).for_each(&mut add);
        let members = self.facts.unit_members[unit].iter();
        members.map(|m| self.facts.members.get(*m).owner).for_each(&mut add);
        let events = facts.events.iter().filter(|event| event.kind != EventKind::Concat);
        events.filter_map(Event::name).for_each(&mut add);
        names.retain(|name| *name != NO_NAME);
        names
    }

    /// The class that a loader yields for a name its classes mention (array types yield their element).
    pub fn find(&self, loader: LoaderId, name: Name) -> Option<ClassId> {
        match self.views.get(loader.index()).and_then(|view| view.answers.get(name.0)) {
            Some(UNKNOWN) => None,
            Some(id) => Some(ClassId(id)),
            None if name == NO_NAME => None,
            None => self.find_slowly(loader, name),
        }
    }

    /// The class that a loader yields for a name in internal form.
    pub fn find_text(&self, loader: LoaderId, name: &str) -> Option<ClassId> {
        let name = self.facts.names.find(name)?;
        // An array's descriptor is no class's name.
        if self.name_kinds.is_array(name) { None } else { self.find(loader, name) }
    }

    /// The class that a string constant names, if it looks like a qualified name and the loader yields one.
    pub fn find_named(&self, loader: LoaderId, text: Name) -> Option<ClassId> {
        self.find(loader, self.name_kinds.class_named(text)?)
    }

    fn find_slowly(&self, loader: LoaderId, name: Name) -> Option<ClassId> {
        self.find_all_slowly(loader, std::iter::once(name)).pop().flatten()
    }

    fn find_all_slowly(&self, loader: LoaderId, names: impl Iterator<Item = Name>) -> Vec<Option<ClassId>> {
        let asked = Cell::new(NO_NAME);
        let holds =
            |l: LoaderId, _: &str, archives: Option<&ArchiveSet>| self.holds(l, asked.get(), archives);
        let mut lookup = ClassLookup::new(self.topology, &holds);
        let found = names.map(|name| {
            let (name, text) = self.element_name_of(name)?;
            asked.set(name);
            self.defined_by(lookup.find(loader, text)?, name)
        });
        found.collect()
    }

    /// A class's name, or that of an array's element: `[Lfoo;` -> `foo`; arrays of primitives have no element class.
    fn element_name_of(&self, name: Name) -> Option<(Name, &str)> {
        let text = self.facts.names.text(name);
        if !self.name_kinds.is_array(name) {
            return Some((name, text));
        }
        let text = element_of_class_constant(text)?;
        Some((self.facts.names.find(text)?, text))
    }

    fn holds(&self, loader: LoaderId, name: Name, archives: Option<&ArchiveSet>) -> bool {
        let Some(id) = self.defined_by(loader, name) else { return false };
        archives.is_none_or(|set| set.contains(self.archive_of(id)))
    }

    /// The steps a loader takes for a name, for people.
    pub fn explain(&self, loader: LoaderId, text: &str) -> Vec<LookupStep> {
        let Some(name) = self.facts.names.find(text) else {
            return self.topology.explain_class(loader, text, &|_, _, _| false);
        };
        self.topology.explain_class(loader, text, &|l, _, archives| self.holds(l, name, archives))
    }
}
