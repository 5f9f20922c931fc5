//! Packages of which a deployment has nothing, so that one finding stands for all their classes.

use crate::facts::NO_NAME;
use crate::program::Program;
use crate::vocabulary::descriptor::package_of;
use crate::vocabulary::{ClassId, Name};
use rustc_hash::FxHashSet;

/// Names that a root has at least: an organisation's top-level domain alone says nothing of a library.
const MIN_NAMES: usize = 2;

/// The packages of which the deployment has classes. What the JDK lacks of a package of its own is another release's.
pub(super) struct Packages<'p> {
    exact: FxHashSet<&'p str>,
    /// These and all packages above them.
    roots: FxHashSet<&'p str>,
}

/// What is missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wanted<'p> {
    /// One class, by name; `""` if something else than a class fails.
    Class(&'p str),
    /// All of a package.
    Package(&'p str),
}

/// A package that no archive has anything of, nor of one below it.
#[derive(Clone, Debug)]
pub(super) struct MissingPackage {
    /// Its internal name.
    pub name: String,
    /// The classes of it that are asked for.
    pub classes: FxHashSet<Name>,
}

impl<'p> Wanted<'p> {
    /// The package, if it is one.
    pub(super) fn package(self) -> Option<MissingPackage> {
        match self {
            Wanted::Package(name) => {
                Some(MissingPackage { name: name.to_owned(), classes: FxHashSet::default() })
            }
            Wanted::Class(_) => None,
        }
    }
}

impl<'p> Packages<'p> {
    /// Those of all classes but the JDK's.
    pub(super) fn of(program: &Program<'p>) -> Self {
        let own = (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c));
        let exact: FxHashSet<&'p str> = own.map(|class| package_of(program.class_name(class))).collect();
        let roots = exact.iter().flat_map(|package| prefixes(package)).collect();
        Self { exact, roots }
    }

    /// Whether there is a class of the package of a missing one.
    pub(super) fn has_package_of(&self, program: &Program<'_>, missing: Name) -> bool {
        missing != NO_NAME && self.exact.contains(package_of(program.text(missing)))
    }

    /// The outermost package around a class of which nothing is there; `None` if its own has classes.
    pub(super) fn missing_root<'t>(&self, class: &'t str) -> Option<&'t str> {
        let package = package_of(class);
        if self.exact.contains(package) {
            return None;
        }
        let is_missing = |prefix: &&str| !self.roots.contains(*prefix);
        Some(prefixes(package).skip(MIN_NAMES - 1).find(is_missing).unwrap_or(package))
    }
}

/// `a`, `a/b`, `a/b/c`.
fn prefixes(package: &str) -> impl Iterator<Item = &str> {
    let ends = package.match_indices('/').map(|(at, _)| at).chain([package.len()]);
    ends.map(|end| &package[..end])
}
