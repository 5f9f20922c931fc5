//! Which class a loader yields for a name. Asked once for each name that its classes mention.

use super::link::{NO_CLASS, Program};
use super::number_table::NumberTable;
use crate::facts::{EventKind, NO_NAME};
use crate::topology::{ArchiveSet, LookupStep};
use crate::vocabulary::descriptor::element_of_class_constant;
use crate::vocabulary::{ClassId, LoaderId, Name};

/// The classes that a loader yields for the names its own classes mention.
#[derive(Default)]
pub(super) struct View {
    answers: NumberTable,
}

/// Stands in a view for "no loader has it": no program has so many classes.
const UNKNOWN: u32 = NO_CLASS.0 - 1;

impl Program<'_> {
    /// Answers for every class name that a loader's classes mention.
    pub(super) fn view_of(&self, loader: LoaderId) -> View {
        let Some(of_loader) = self.topology.loader(loader) else { return View::default() };
        let units = self.facts.archive_of.iter().enumerate();
        let units: Vec<usize> = units
            .filter(|(_, archive)| of_loader.path.iter().any(|e| e.archive == **archive))
            .map(|(unit, _)| unit)
            .collect();
        let n_members: usize = units.iter().map(|unit| self.facts.unit_members[*unit].len()).sum();
        let mut answers = NumberTable::for_some_of(n_members, self.facts.names.bound());
        let mut add = |name: Name| {
            if name != NO_NAME && answers.get(name.0).is_none() {
                let found = self.find_slowly(loader, name);
                answers.set(name.0, found.map_or(UNKNOWN, |id| id.0));
            }
        };
        for unit in units {
            let facts = &self.facts.units[unit];
            for class in &facts.classes {
                add(class.name);
                add(class.super_name);
            }
            facts.lists.iter().for_each(|n| add(*n));
            facts.handlers.iter().for_each(|h| add(h.catches));
            for member in &self.facts.unit_members[unit] {
                add(self.facts.members.get(*member).owner);
            }
            for event in facts.events.iter().filter(|event| event.kind != EventKind::Concat) {
                if let Some(name) = event.name() {
                    add(name);
                }
            }
        }
        View { answers }
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
        let mut name = name;
        let mut text = self.facts.names.text(name);
        if self.name_kinds.is_array(name) {
            // `[Lfoo;` -> `foo`; arrays of primitives have no element class.
            text = element_of_class_constant(text)?;
            name = self.facts.names.find(text)?;
        }
        let holds = |l: LoaderId, _: &str, archives: Option<&ArchiveSet>| self.holds(l, name, archives);
        self.defined_by(self.topology.find_class(loader, text, &holds)?, name)
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
