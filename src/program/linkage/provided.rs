//! Classes that no archive needs to have because the container brings them.

use super::Linkage;
use crate::program::link::Program;
use crate::topology::BASE;
use crate::vocabulary::descriptor::package_of;
use crate::vocabulary::{ClassId, Name};
use rustc_hash::FxHashSet;

/// The container's packages of which the base has classes: the container's archives are among the inputs then, and show
/// what there is.
pub(super) fn shown<'p>(program: &'p Program<'p>) -> FxHashSet<&'p str> {
    let Some(provided) = &program.topology.provided else { return FxHashSet::default() };
    let of_base =
        (0..program.classes.len()).map(ClassId::from_index).filter(|c| program.tenant_of(*c) == Some(BASE));
    let names = of_base.map(|class| program.class_name(class)).filter(|name| provided.accepts(name));
    names.map(package_of).collect()
}

impl Linkage<'_> {
    /// Whether the container brings a class that no loader has.
    pub(super) fn is_provided(&self, name: Name) -> bool {
        let text = self.program.text(name);
        let provided = self.program.topology.provided.as_ref();
        provided.is_some_and(|names| names.accepts(text)) && !self.shown.contains(package_of(text))
    }
}
