//! Loading constraints (JVMS 5.3.4): loaders that share a member have to mean the same by its descriptor.

use super::{Failure, FailureKind, Linkage};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, LoaderId, MemberRefId, MethodId};
use rustc_hash::FxHashMap;

impl Linkage<'_> {
    /// The references of a loader's classes whose resolution violates a constraint.
    pub(super) fn violations_of(&self, loader: LoaderId) -> FxHashMap<MemberRefId, Failure> {
        let program = self.program;
        let (facts, refs) = (program.facts, program.refs(loader));
        let mut violations = FxHashMap::default();
        if loader == program.topology.jdk {
            return violations;
        }
        let path = &program.topology.loaders[loader.index()].path;
        let units = facts.units_in(|archive| path.iter().any(|element| element.archive == archive));
        for id in units.iter().flat_map(|unit| &facts.unit_members[*unit]) {
            let member = facts.members.get(*id);
            let declaring = if program.text(member.desc).starts_with('(') {
                refs.method(*id).map(|m| program.class_of_method(m))
            } else {
                refs.field(*id).map(|f| program.class_of_field(f))
            };
            if let Some(declaring) = declaring
                && let Some(failure) = self.violation(loader, declaring, program.text(member.desc))
            {
                // HotSpot gives subtypes methods that stand in for those they don't implement, if an interface of
                // theirs has default methods; these are found first, and then nothing is imposed.
                let is_inherited = program.class_facts(declaring).name != member.owner;
                let is_abstract = refs.method(*id).is_some_and(|m| program.method(m).access.is_abstract());
                let may_stand_in = is_abstract && program.class_facts(declaring).access.is_interface();
                let is_sure = failure.is_sure && !(is_inherited && may_stand_in);
                violations.insert(*id, Failure { is_sure, ..failure });
            }
        }
        violations
    }

    /// The constraint that is violated between a loader and that of the class that declares a member.
    pub(super) fn violation(&self, loader: LoaderId, declaring: ClassId, desc: &str) -> Option<Failure> {
        let program = self.program;
        let other = program.class(declaring).loader;
        if loader == other || other == program.topology.jdk {
            return None;
        }
        let types = params(desc).chain([return_type(desc), TypeDesc(desc)]);
        let names =
            types.filter_map(TypeDesc::element_class).filter_map(|text| program.facts.names.find(text));
        let mut unsure = None;
        for name in names {
            let failure = Failure { name, ..Failure::of(FailureKind::LoaderConstraint, declaring) };
            // What can't be loaded is not recorded either.
            let loaded = |l| program.find(l, name).filter(|class| self.load_failure(*class).is_none());
            match (loaded(loader), loaded(other)) {
                (Some(a), Some(b)) if a != b => return Some(failure),
                // Two others may each bind the name in the loader that has nothing for it.
                (Some(a), None) if self.has_rival(a, loader) => {
                    unsure = Some(Failure { is_sure: false, ..failure });
                }
                _ => {}
            }
        }
        unsure
    }

    /// Whether a third loader yields another class of the same name.
    fn has_rival(&self, class: ClassId, loader: LoaderId) -> bool {
        let name = self.program.class_facts(class).name;
        let loaders = (0..self.program.topology.loaders.len()).map(LoaderId::from_index);
        let others = loaders.filter(|l| *l != loader).filter_map(|l| self.program.find(l, name));
        others.into_iter().any(|found| found != class && self.load_failure(found).is_none())
    }

    /// The constraint that is violated when a method of one class takes the place of one of another class.
    pub(super) fn violation_of_override(&self, by: MethodId, overridden: MethodId) -> Option<Failure> {
        let program = self.program;
        let loader = program.class(program.class_of_method(by)).loader;
        let desc = program.text(program.method(overridden).desc);
        self.violation(loader, program.class_of_method(overridden), desc)
    }
}
