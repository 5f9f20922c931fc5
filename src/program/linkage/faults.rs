//! Classes that can't be loaded or linked: their supertypes are missing or unfit (JVMS 5.3.5), a type they catch is
//! missing (4.10.1), or their methods and those they override mean different classes by one descriptor (5.4.2).

use super::{Failure, FailureKind, Linkage};
use crate::facts::NO_NAME;
use crate::program::link::NO_CLASS;
use crate::vocabulary::{ClassId, MethodId, Parallel};
use rustc_hash::{FxHashMap, FxHashSet};

/// Why a class can't be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    /// Whether it can't even be loaded.
    pub(super) is_load: bool,
    /// What happens.
    pub(super) failure: Failure,
}

impl Linkage<'_> {
    /// The classes that can't be loaded.
    pub(super) fn find_load_faults(&self, parallel: &impl Parallel) -> FxHashMap<ClassId, Fault> {
        let own = self.of_each(parallel, |class| self.own_load_failure(class));
        self.spread(own.is_empty(), FxHashMap::default(), |class, faults| {
            let own = own.get(&class);
            let super_class = Some(self.program.class(class).super_class).filter(|s| *s != NO_CLASS);
            let supers = self.program.interfaces(class).iter().copied().chain(super_class);
            let before = supers.take(own.map_or(usize::MAX, |own| own.n_before));
            let failure = inherited(before, faults).or(own.map(|own| own.failure))?;
            Some(Fault { is_load: true, failure })
        })
    }

    /// These, and the classes that can't be linked.
    pub(super) fn with_link_faults(&self, parallel: &impl Parallel) -> FxHashMap<ClassId, Fault> {
        let own = self.of_each(parallel, |class| self.own_link_failure(class));
        self.spread(own.is_empty(), self.faults.clone(), |class, faults| {
            let failure = inherited(self.program.supers(class), faults).or(own.get(&class).copied())?;
            Some(Fault { is_load: false, failure })
        })
    }

    fn of_each<T: Send>(
        &self,
        parallel: &impl Parallel,
        find: impl Fn(ClassId) -> Option<T> + Sync + Send,
    ) -> FxHashMap<ClassId, T> {
        const CHUNK: usize = 512;
        let n = self.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
            classes.filter_map(|class| Some((class, find(class)?))).collect::<Vec<_>>()
        });
        found.into_iter().flatten().collect()
    }

    /// A class fails as its supertypes do.
    fn spread(
        &self,
        is_nothing: bool,
        mut faults: FxHashMap<ClassId, Fault>,
        fault: impl Fn(ClassId, &FxHashMap<ClassId, Fault>) -> Option<Fault>,
    ) -> FxHashMap<ClassId, Fault> {
        if !is_nothing {
            for class in self.supertypes_first() {
                if !faults.contains_key(&class)
                    && let Some(fault) = fault(class, &faults)
                {
                    faults.insert(class, fault);
                }
            }
        }
        faults
    }

    /// What is wrong with the direct supertypes of a class. Interfaces are loaded before the superclass; what they are
    /// is looked at as each is loaded, whether they may be extended when all are.
    fn own_load_failure(&self, class: ClassId) -> Option<OwnFailure> {
        let program = self.program;
        // Of what was cut nothing is known that would fail.
        if program.is_jdk(class) || program.cut_short.contains(&class) {
            return None;
        }
        let facts = program.class_facts(class);
        let interfaces = facts.interfaces.of(&program.unit(class).lists).iter().map(|name| (*name, true));
        let super_class = Some((facts.super_name, false)).filter(|(name, _)| *name != NO_NAME);
        for (i, (name, as_interface)) in interfaces.chain(super_class).enumerate() {
            let Some(found) = program.find(program.class(class).loader, name) else {
                if self.is_provided(name) {
                    continue;
                }
                return Some(OwnFailure { failure: Failure::missing(name), n_before: i });
            };
            let is_cut = !as_interface && program.class(class).super_class == NO_CLASS;
            let kind = if is_cut { FailureKind::CircularClass } else { FailureKind::UnfitSupertype };
            let is_interface = program.class_facts(found).access.is_interface();
            if is_cut || is_interface != as_interface {
                return Some(OwnFailure { failure: Failure::of(kind, found), n_before: i + 1 });
            }
        }
        let failure = program.supers(class).find_map(|s| self.not_to_be_extended(class, s));
        let failure = failure.or_else(|| self.overridden_final(class))?;
        Some(OwnFailure { failure, n_before: usize::MAX })
    }

    fn not_to_be_extended(&self, class: ClassId, above: ClassId) -> Option<Failure> {
        let program = self.program;
        if program.is_jdk(above) {
            return None;
        }
        let facts = program.class_facts(above);
        let is_listed =
            facts.permitted.of(&program.unit(above).lists).contains(&program.class_facts(class).name);
        // What no module declares is of its loader's unnamed module, and sealed types stay in theirs.
        let is_of_module = program.class(above).loader == program.class(class).loader;
        let is_final = facts.access.is_final() && !facts.access.is_interface();
        if is_final || (facts.permitted.len > 0 && !(is_listed && is_of_module)) {
            return Some(Failure::of(FailureKind::UnfitSupertype, above));
        }
        (!self.can_name(class, above)).then(|| Failure::of(FailureKind::InaccessibleClass, above))
    }

    /// A final method of a superclass that a method of the class overrides.
    fn overridden_final(&self, class: ClassId) -> Option<Failure> {
        let program = self.program;
        for (_, method) in program.methods_of(class) {
            if !is_inheritable(program, method) {
                continue;
            }
            let mut at = program.class(class).super_class;
            while at != NO_CLASS && !program.is_jdk(at) {
                if let Some(above) = program.declared_method(at, method.name, method.desc) {
                    let access = program.method(above).access;
                    let is_fixed = access.is_final() && !access.is_static() && !access.is_private();
                    if is_fixed && self.can_use(class, at, at, access) {
                        return Some(Failure::of(FailureKind::UnfitSupertype, at));
                    }
                }
                at = program.class(at).super_class;
            }
        }
        None
    }

    /// What goes wrong when a class whose supertypes are right is verified and prepared.
    fn own_link_failure(&self, class: ClassId) -> Option<Failure> {
        if self.program.is_jdk(class) || self.program.class(class).has_phantom {
            return None;
        }
        self.uncaught(class).or_else(|| {
            let is_interface = self.program.class_facts(class).access.is_interface();
            let foreign = if is_interface { Vec::new() } else { self.foreign_ancestors(class) };
            if foreign.is_empty() {
                return None;
            }
            self.violated_by_override(class).or_else(|| self.violated_by_interface(class, &foreign))
        })
    }

    /// A type that the class catches, and that is missing: the verifier asks for it.
    fn uncaught(&self, class: ClassId) -> Option<Failure> {
        let program = self.program;
        let (unit, loader) = (program.unit(class), program.class(class).loader);
        for (_, method) in program.methods_of(class) {
            for handler in unit.blocks_of(method).iter().flat_map(|block| unit.handlers(block)) {
                if handler.catches != NO_NAME
                    && program.find(loader, handler.catches).is_none()
                    && !self.is_provided(handler.catches)
                {
                    return Some(Failure::missing(handler.catches));
                }
            }
        }
        None
    }

    /// Ancestors that another loader than the class's defines, the JDK's left out.
    pub(super) fn foreign_ancestors(&self, class: ClassId) -> Vec<ClassId> {
        let program = self.program;
        let loader = program.class(class).loader;
        let is_foreign = |a: &ClassId| program.class(*a).loader != loader && !program.is_jdk(*a);
        self.ancestors(class).into_iter().filter(is_foreign).collect()
    }

    /// All supertypes of a class, itself left out, each once.
    pub(super) fn ancestors(&self, class: ClassId) -> Vec<ClassId> {
        let mut waiting: Vec<ClassId> = self.program.supers(class).collect();
        let (mut found, mut seen) = (Vec::new(), FxHashSet::default());
        while let Some(at) = waiting.pop() {
            if seen.insert(at) {
                found.push(at);
                waiting.extend(self.program.supers(at));
            }
        }
        found
    }

    fn violated_by_override(&self, class: ClassId) -> Option<Failure> {
        let program = self.program;
        for (id, method) in program.methods_of(class) {
            if is_inheritable(program, method)
                && let Some(above) = self.overridden_in_superclass(class, id)
                && let Some(failure) = self.violation_of_override(id, above)
            {
                return Some(failure);
            }
        }
        None
    }

    /// The nearest method of a superclass that a method overrides (JVMS 5.4.5), be it one that the superclass has from an
    /// interface.
    fn overridden_in_superclass(&self, class: ClassId, id: MethodId) -> Option<MethodId> {
        let program = self.program;
        let method = program.method(id);
        let mut at = program.class(class).super_class;
        while at != NO_CLASS {
            let above = program.declared_method(at, method.name, method.desc);
            if let Some(above) = above.filter(|above| self.may_override(id, *above)) {
                return Some(above);
            }
            at = program.class(at).super_class;
        }
        let super_class = Some(program.class(class).super_class).filter(|s| *s != NO_CLASS)?;
        let inherited = self.interface_methods(super_class, id);
        self.selected_default(super_class, id).ok().or(inherited.first().copied())
    }

    /// Whether a method of a subclass with the same name and descriptor overrides one of a superclass.
    pub(super) fn may_override(&self, by: MethodId, above: MethodId) -> bool {
        let program = self.program;
        let access = program.method(above).access;
        if access.is_private() || access.is_static() {
            return false;
        }
        let (class, above) = (program.class_of_method(by), program.class_of_method(above));
        access.is_public() || access.is_protected() || self.is_same_package(class, above)
    }

    fn violated_by_interface(&self, class: ClassId, foreign: &[ClassId]) -> Option<Failure> {
        let program = self.program;
        let all = self.ancestors(class);
        let is_interface = |c: &&ClassId| program.class_facts(**c).access.is_interface();
        // An interface of the class's own loader may be implemented by a superclass of another one.
        for interface in
            all.iter().filter(is_interface).filter(|i| !program.is_jdk(**i) || foreign.contains(i))
        {
            for (id, method) in program.methods_of(*interface) {
                if !is_inheritable(program, method) {
                    continue;
                }
                let selected = self.selected(class, id).ok().filter(|m| {
                    let access = program.method(*m).access;
                    access.is_public() && !access.is_abstract()
                });
                if let Some(failure) = selected.and_then(|m| self.violation_of_override(m, id)) {
                    return Some(failure);
                }
            }
        }
        None
    }

    /// All classes, each after its supertypes.
    fn supertypes_first(&self) -> Vec<ClassId> {
        let program = self.program;
        let n = program.classes.len();
        let (mut is_seen, mut order) = (vec![false; n], Vec::with_capacity(n));
        let mut path: Vec<(ClassId, Vec<ClassId>)> = Vec::new();
        for root in (0..n).map(ClassId::from_index) {
            if std::mem::replace(&mut is_seen[root.index()], true) {
                continue;
            }
            path.push((root, program.supers(root).collect()));
            while let Some((class, waiting)) = path.last_mut() {
                match waiting.pop() {
                    Some(next) if !std::mem::replace(&mut is_seen[next.index()], true) => {
                        path.push((next, program.supers(next).collect()));
                    }
                    Some(_) => {}
                    None => {
                        order.push(*class);
                        path.pop();
                    }
                }
            }
        }
        order
    }
}

/// What is wrong with a class's own supertypes, and how many of them are loaded before that shows.
#[derive(Clone, Copy, Debug)]
struct OwnFailure {
    failure: Failure,
    n_before: usize,
}

/// The failure of the first of some supertypes that has one.
fn inherited(
    mut supers: impl Iterator<Item = ClassId>,
    faults: &FxHashMap<ClassId, Fault>,
) -> Option<Failure> {
    supers.find_map(|s| Some(faults.get(&s)?.failure.because_of(s)))
}

/// Whether a method can override another, or be overridden.
fn is_inheritable(program: &crate::program::Program<'_>, method: &crate::facts::MethodFacts) -> bool {
    !method.access.is_static() && !method.access.is_private() && !program.text(method.name).starts_with('<')
}
