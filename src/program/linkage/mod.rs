//! What the JVM throws when code is linked: the errors of resolution, access, preparation and loading constraints, per
//! view of a loader (JVMS 5.3.4, 5.4).
//!
//! An answer says what happens when an instruction is executed for the first time, in a JVM in which every class that
//! a loader can yield has been loaded by it. Classes that the loaders don't define themselves, the JDK's, are taken
//! to be as their users expect them: which release runs is not part of a deployment.

mod access;
mod constraints;
mod faults;
mod implementations;
mod provided;
mod references;

pub use implementations::{NotSelected, Unimplemented};

use super::link::{NO_CLASS, Program};
use crate::facts::NO_NAME;
use crate::vocabulary::{ClassId, LoaderId, MemberRefId, Name, Parallel};
use faults::Fault;
use rustc_hash::{FxHashMap, FxHashSet};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FailureKind {
    /// No loader on the way has the class.
    MissingClass,
    /// The class has no such method, nor has a supertype.
    MissingMethod,
    /// The class has no such field, nor has a supertype.
    MissingField,
    /// An interface was found where the reference is to a class, or the other way round.
    WrongClassKind,
    /// A static member was found where the instruction is for an instance's, or the other way round.
    WrongMemberKind,
    /// `new` of what is abstract or an interface.
    AbstractClass,
    /// The class may not be named from there.
    InaccessibleClass,
    /// The member may not be named from there.
    InaccessibleMember,
    /// A final field is written outside its class.
    FinalField,
    /// A class can't be a supertype: it is final, sealed, of the wrong kind, or a method that is overridden is final.
    UnfitSupertype,
    /// A class is its own ancestor.
    CircularClass,
    /// Two loaders have different classes for a name that a descriptor both must agree on mentions.
    LoaderConstraint,
    /// A concrete class has no method for an abstract one that is called.
    Unimplemented,
}

impl FailureKind {
    /// The error that the JVM throws, simple name.
    pub fn error(self) -> &'static str {
        match self {
            Self::MissingClass => "NoClassDefFoundError",
            Self::MissingMethod => "NoSuchMethodError",
            Self::MissingField => "NoSuchFieldError",
            Self::WrongClassKind | Self::WrongMemberKind | Self::UnfitSupertype => {
                "IncompatibleClassChangeError"
            }
            Self::AbstractClass => "InstantiationError",
            Self::InaccessibleClass | Self::InaccessibleMember | Self::FinalField => "IllegalAccessError",
            Self::CircularClass => "ClassCircularityError",
            Self::LoaderConstraint => "LinkageError",
            Self::Unimplemented => "AbstractMethodError",
        }
    }
}

/// A failure to link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Failure {
    /// What goes wrong.
    pub kind: FailureKind,
    /// The missing class, or the one that two loaders disagree about; else [`NO_NAME`].
    pub name: Name,
    /// The class that was found and does not do, or whose member does not; [`NO_CLASS`] if none was found.
    pub found: ClassId,
    /// The class that needs it when that is not the one with the instruction: a class that can't be loaded or linked,
    /// and that the instruction names; else [`NO_CLASS`].
    pub broken: ClassId,
    /// Whether it depends on nothing but the deployment; else on who comes first.
    pub is_sure: bool,
}

impl Failure {
    fn of(kind: FailureKind, found: ClassId) -> Self {
        Self { kind, name: NO_NAME, found, broken: NO_CLASS, is_sure: true }
    }

    /// The same failure, which a class that is named brings along.
    fn because_of(self, class: ClassId) -> Self {
        Self { broken: if self.broken == NO_CLASS { class } else { self.broken }, ..self }
    }

    fn missing(name: Name) -> Self {
        Self { name, ..Self::of(FailureKind::MissingClass, NO_CLASS) }
    }
}

/// What fails to link in a deployment.
pub struct Linkage<'p> {
    program: &'p Program<'p>,
    faults: FxHashMap<ClassId, Fault>,
    /// Per loader: the references that violate a loading constraint when they are resolved.
    violations: Vec<FxHashMap<MemberRefId, Failure>>,
    /// The container's packages of which the base has classes.
    shown: FxHashSet<&'p str>,
}

impl<'p> Linkage<'p> {
    /// Looks at every class, and at every reference that leads from one loader to another.
    pub fn find(program: &'p Program<'p>, parallel: &impl Parallel) -> Self {
        let shown = provided::shown(program);
        let mut linkage = Self { program, faults: FxHashMap::default(), violations: Vec::new(), shown };
        linkage.faults = linkage.find_load_faults(parallel);
        linkage.faults = linkage.with_link_faults(parallel);
        linkage.violations =
            parallel.map(program.topology.loaders.len(), |l| linkage.violations_of(LoaderId::from_index(l)));
        linkage
    }

    /// Why a class can't be loaded, if it can't.
    pub fn load_failure(&self, class: ClassId) -> Option<Failure> {
        self.faults.get(&class).filter(|fault| fault.is_load).map(|fault| fault.failure)
    }

    /// Why a class can't be initialised, if it can't: it can't be loaded, or fails when it is verified or prepared.
    pub fn link_failure(&self, class: ClassId) -> Option<Failure> {
        self.faults.get(&class).map(|fault| fault.failure)
    }
}
