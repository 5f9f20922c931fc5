//! Access control (JVMS 5.4.4), with run-time packages (5.3) and nests (5.4.4).

use super::Linkage;
use crate::facts::NO_NAME;
use crate::vocabulary::descriptor::package_of;
use crate::vocabulary::{Access, ClassId};

impl Linkage<'_> {
    /// Whether two classes are of one run-time package: the same name, and the same defining loader.
    pub(super) fn is_same_package(&self, a: ClassId, b: ClassId) -> bool {
        let program = self.program;
        program.class(a).loader == program.class(b).loader && self.has_same_package_name(a, b)
    }

    /// Whether the packages of two classes have the same name, whoever defines them.
    pub fn has_same_package_name(&self, a: ClassId, b: ClassId) -> bool {
        package_of(self.program.class_name(a)) == package_of(self.program.class_name(b))
    }

    /// Whether code of `user` may name a class. A protected nested class is public to the JVM.
    pub(super) fn can_name(&self, user: ClassId, class: ClassId) -> bool {
        let access = self.program.class_facts(class).access;
        access.is_public()
            || access.is_protected()
            || self.program.is_jdk(class)
            || self.is_same_package(user, class)
    }

    /// Whether code of `user` may use a member of `declaring` with these flags, found by way of `owner`.
    pub(super) fn can_use(&self, user: ClassId, owner: ClassId, declaring: ClassId, access: Access) -> bool {
        if user == declaring || access.is_public() {
            return true;
        }
        if access.is_private() {
            return self.is_same_nest(user, declaring);
        }
        if self.is_same_package(user, declaring) {
            return true;
        }
        access.is_protected()
            && self.program.is_subtype(user, declaring)
            && (access.is_static()
                || self.program.is_subtype(owner, user)
                || self.program.is_subtype(user, owner))
    }

    fn is_same_nest(&self, a: ClassId, b: ClassId) -> bool {
        self.nest_host(a) == self.nest_host(b)
    }

    /// A class whose host does not list it, or is of another run-time package, is its own host.
    fn nest_host(&self, class: ClassId) -> ClassId {
        let program = self.program;
        let facts = program.class_facts(class);
        if facts.nest_host == NO_NAME {
            return class;
        }
        let host = program.find(program.class(class).loader, facts.nest_host);
        let lists = |host: &ClassId| {
            let members = program.class_facts(*host).nest_members.of(&program.unit(*host).lists);
            members.contains(&facts.name)
        };
        host.filter(|host| self.is_same_package(class, *host)).filter(lists).unwrap_or(class)
    }
}
