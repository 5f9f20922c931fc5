//! What classes are to the classes around them, and interfaces to those who implement them.

use super::link::Program;
use crate::vocabulary::{ClassId, Name};
use rustc_hash::FxHashSet;

impl Program<'_> {
    /// Whether a class is anonymous: compilers number such classes within the class around them (JLS 13.1).
    pub fn is_anonymous(&self, class: ClassId) -> bool {
        let number = self.class_name(class).rsplit_once('$').map_or("", |(_, tail)| tail);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether two classes are nested in the same outermost class of the same loader.
    pub fn is_same_outermost(&self, a: ClassId, b: ClassId) -> bool {
        let outermost = |id: ClassId| self.class_name(id).split('$').next().unwrap_or_default();
        a == b || (self.class(a).loader == self.class(b).loader && outermost(a) == outermost(b))
    }

    /// Whether an interface is functional: but for what `Object` has too, it has a single abstract method, its own or
    /// an inherited one (JLS 9.8). An inherited one that a subinterface implements counts all the same.
    pub fn is_functional(&self, interface: ClassId) -> bool {
        if !self.class_facts(interface).access.is_interface() {
            return false;
        }
        let (mut waiting, mut seen) = (vec![interface], FxHashSet::default());
        let mut only: Option<(Name, usize)> = None;
        while let Some(at) = waiting.pop() {
            if !seen.insert(at) {
                continue;
            }
            waiting.extend(self.interfaces(at));
            for (_, method) in self.methods_of(at).filter(|(_, m)| m.access.is_abstract()) {
                let n_params = crate::vocabulary::descriptor::n_params(self.text(method.desc));
                let is_of_object = matches!(
                    (self.text(method.name), n_params),
                    ("equals", 1) | ("hashCode" | "toString", 0)
                );
                let this = (method.name, n_params);
                // What is declared again with other types is the same method.
                if !is_of_object && *only.get_or_insert(this) != this {
                    return false;
                }
            }
        }
        only.is_some()
    }
}
