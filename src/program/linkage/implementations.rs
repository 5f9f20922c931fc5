//! What a call selects on a receiver (JVMS 5.4.6), and abstract methods for which a concrete class has nothing.

use super::Linkage;
use crate::program::link::NO_CLASS;
use crate::vocabulary::{ClassId, MethodId};

/// An abstract method that a concrete class inherits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Unimplemented {
    /// The concrete class.
    pub class: ClassId,
    /// The method that is not implemented.
    pub method: MethodId,
}

/// Why a call selects nothing that can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotSelected {
    /// Nothing is there, or only what is abstract: `AbstractMethodError`.
    Abstract,
    /// Two interfaces each have a default: `IncompatibleClassChangeError`.
    Conflict,
    /// The method that was found is not public, and an interface's are: `IllegalAccessError`.
    NotPublic,
}

impl Linkage<'_> {
    /// The abstract methods, the JDK's left out, that a class inherits and does not implement; none for classes that
    /// are abstract or can't be loaded.
    pub fn unimplemented(&self, class: ClassId) -> Vec<Unimplemented> {
        let program = self.program;
        let access = program.class_facts(class).access;
        let is_concrete = !access.is_abstract() && !access.is_interface();
        if !is_concrete || program.class(class).has_phantom || self.link_failure(class).is_some() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for ancestor in self.ancestors(class).into_iter().filter(|a| !program.is_jdk(*a)) {
            for (id, method) in program.methods_of(ancestor).filter(|(_, m)| m.access.is_abstract()) {
                let is_new = |u: &Unimplemented| {
                    let known = program.method(u.method);
                    (known.name, known.desc) != (method.name, method.desc)
                };
                if self.selected(class, id) == Err(NotSelected::Abstract) && found.iter().all(is_new) {
                    found.push(Unimplemented { class, method: id });
                }
            }
        }
        found
    }

    /// The method that a call of `method` runs on an object of exactly `class`.
    ///
    /// # Errors
    /// If nothing can run.
    pub fn selected(&self, class: ClassId, method: MethodId) -> Result<MethodId, NotSelected> {
        let program = self.program;
        let facts = program.method(method);
        let of_interface = program.class_facts(program.class_of_method(method)).access.is_interface();
        let mut at = class;
        while at != NO_CLASS {
            if let Some(found) = program.declared_method(at, facts.name, facts.desc) {
                let access = program.method(found).access;
                let is_instance = !access.is_static() && !access.is_private();
                if is_instance && (of_interface || found == method || self.may_override(found, method)) {
                    return if access.is_abstract() {
                        Err(NotSelected::Abstract)
                    } else if of_interface && !access.is_public() {
                        Err(NotSelected::NotPublic)
                    } else {
                        Ok(found)
                    };
                }
            }
            at = program.class(at).super_class;
        }
        self.selected_default(class, method)
    }

    /// The one maximally-specific default method (JVMS 5.4.3.3).
    pub(super) fn selected_default(&self, class: ClassId, method: MethodId) -> Result<MethodId, NotSelected> {
        let program = self.program;
        let candidates = self.interface_methods(class, method);
        let specific = candidates.iter().filter(|m| {
            let own = program.class_of_method(**m);
            !candidates.iter().any(|other| {
                let below = program.class_of_method(*other);
                below != own && program.is_subtype(below, own)
            })
        });
        let mut defaults = specific.filter(|m| !program.method(**m).access.is_abstract());
        match (defaults.next(), defaults.next()) {
            (Some(only), None) => Ok(*only),
            (Some(_), Some(_)) => Err(NotSelected::Conflict),
            (None, _) => Err(NotSelected::Abstract),
        }
    }

    /// The methods of superinterfaces with a method's name and descriptor that are inherited.
    pub(super) fn interface_methods(&self, class: ClassId, method: MethodId) -> Vec<MethodId> {
        let program = self.program;
        let facts = program.method(method);
        let interfaces = self.ancestors(class).into_iter();
        let interfaces = interfaces.filter(|a| program.class_facts(*a).access.is_interface());
        let found = interfaces.filter_map(|i| program.declared_method(i, facts.name, facts.desc));
        found
            .filter(|m| {
                let access = program.method(*m).access;
                !access.is_static() && !access.is_private()
            })
            .collect()
    }
}
