//! Resolution of field and method references (JVMS 5.4.3.2 to 5.4.3.4), once per loader and reference.

use super::link::{NO_CLASS, Program};
use super::number_table::NumberTable;
use crate::facts::{MemberRef, NO_NAME};
use crate::vocabulary::{ClassId, FieldId, LoaderId, MemberRefId, MethodId, Name, Parallel};

/// What a reference resolves to in the view of one loader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// A method.
    Method(MethodId),
    /// A field.
    Field(FieldId),
    /// The owner was found, the member not, neither in it nor in its supertypes (which may be phantoms).
    NoMember(ClassId),
    /// The owner was not found.
    NoClass,
}

/// Resolutions of all references that one loader's classes hold: twice the number of what was found, and one more for a
/// method, so that an instruction which names the wrong kind of member finds none.
#[derive(Default)]
pub struct RefTable {
    targets: NumberTable,
}

const UNRESOLVED: u32 = u32::MAX - 1;

impl RefTable {
    /// Resolves every reference that occurs in a class path element of `loader`.
    pub(super) fn resolve(program: &Program<'_>, loader: LoaderId, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 4096;
        let facts = program.facts;
        let path = &program.topology.loaders[loader.index()].path;
        let units = facts.units_in(|archive| path.iter().any(|e| e.archive == archive));
        let n: usize = units.iter().map(|u| facts.unit_members[*u].len()).sum();
        let mut targets = NumberTable::for_some_of(n, facts.members.bound());
        let mut waiting = Vec::new();
        for id in units.iter().flat_map(|unit| &facts.unit_members[*unit]) {
            if targets.get(id.0).is_none() {
                targets.set(id.0, UNRESOLVED);
                waiting.push(*id);
            }
        }
        let resolve = |id: &MemberRefId| match program.resolve(loader, facts.members.get(*id)) {
            Resolved::Method(m) => m.0 << 1 | 1,
            Resolved::Field(f) => f.0 << 1,
            Resolved::NoMember(_) | Resolved::NoClass => UNRESOLVED,
        };
        let resolved = parallel.map(waiting.len().div_ceil(CHUNK), |chunk| {
            let range = chunk * CHUNK..waiting.len().min((chunk + 1) * CHUNK);
            waiting[range].iter().map(resolve).collect::<Vec<_>>()
        });
        for (id, target) in waiting.iter().zip(resolved.into_iter().flatten()) {
            targets.set(id.0, target);
        }
        Self { targets }
    }

    /// The method that a method reference resolves to.
    #[inline]
    pub fn method(&self, id: MemberRefId) -> Option<MethodId> {
        let found = self.targets.get(id.0).filter(|r| *r < UNRESOLVED && r & 1 == 1)?;
        Some(MethodId(found >> 1))
    }

    /// The field that a field reference resolves to.
    #[inline]
    pub fn field(&self, id: MemberRefId) -> Option<FieldId> {
        let found = self.targets.get(id.0).filter(|r| *r < UNRESOLVED && r & 1 == 0)?;
        Some(FieldId(found >> 1))
    }
}

impl Program<'_> {
    /// Resolves a reference in the view of `loader`. A descriptor that starts with `(` makes it a method.
    pub fn resolve(&self, loader: LoaderId, member: MemberRef) -> Resolved {
        let owner = if self.name_kinds.is_array(member.owner) {
            // Arrays have the methods of Object (JVMS 5.4.3.3).
            self.find_text(loader, "java/lang/Object")
        } else {
            self.find(loader, member.owner)
        };
        let Some(owner) = owner else { return Resolved::NoClass };
        if self.name_kinds.is_method_descriptor(member.desc) {
            match self.find_method(owner, member.name, member.desc) {
                Some(method) => Resolved::Method(method),
                None => Resolved::NoMember(owner),
            }
        } else {
            match self.find_field(owner, member.name, member.desc) {
                Some(field) => Resolved::Field(field),
                None => Resolved::NoMember(owner),
            }
        }
    }

    /// Superclasses first, then superinterfaces; a signature-polymorphic method has one declaration for all
    /// descriptors (JVMS 2.9.3).
    pub fn find_method(&self, owner: ClassId, name: Name, desc: Name) -> Option<MethodId> {
        let mut at = owner;
        for _ in 0..self.classes.len() {
            if let Some(method) = self.declared_method(at, name, desc) {
                return Some(method);
            }
            at = self.class(at).super_class;
            if at == NO_CLASS {
                break;
            }
        }
        self.find_interface_method(owner, name, desc).or_else(|| self.polymorphic_method(owner, name))
    }

    fn find_interface_method(&self, owner: ClassId, name: Name, desc: Name) -> Option<MethodId> {
        if !self.has_interfaces(owner) {
            return None;
        }
        let mut waiting = vec![owner];
        let mut seen = rustc_hash::FxHashSet::default();
        let mut abstract_one = None;
        while let Some(class) = waiting.pop() {
            if !seen.insert(class) {
                continue;
            }
            if self.class_facts(class).access.is_interface()
                && let Some(method) = self.declared_method(class, name, desc)
            {
                if !self.method(method).access.is_abstract() {
                    return Some(method);
                }
                abstract_one.get_or_insert(method);
            }
            waiting.extend(self.supers(class));
        }
        abstract_one
    }

    /// Whether a class is an interface or inherits from one.
    fn has_interfaces(&self, class: ClassId) -> bool {
        let mut at = class;
        while at != NO_CLASS {
            if !self.interfaces(at).is_empty() || self.class_facts(at).access.is_interface() {
                return true;
            }
            at = self.class(at).super_class;
        }
        false
    }

    fn polymorphic_method(&self, owner: ClassId, name: Name) -> Option<MethodId> {
        if !matches!(self.class_name(owner), "java/lang/invoke/MethodHandle" | "java/lang/invoke/VarHandle") {
            return None;
        }
        self.methods_of(owner).find(|(_, m)| m.name == name && m.access.is_native()).map(|(id, _)| id)
    }

    /// The class, its superinterfaces, then its superclass (JVMS 5.4.3.2).
    pub fn find_field(&self, owner: ClassId, name: Name, desc: Name) -> Option<FieldId> {
        if let Some(field) = self.declared_field(owner, name, desc) {
            return Some(field);
        }
        let mut waiting = vec![owner];
        let mut seen = 0usize;
        while let Some(class) = waiting.pop() {
            seen += 1;
            if seen > self.classes.len() {
                return None;
            }
            if let Some(field) = self.declared_field(class, name, desc) {
                return Some(field);
            }
            let super_class = self.class(class).super_class;
            waiting.extend((super_class != NO_CLASS).then_some(super_class));
            waiting.extend(self.interfaces(class).iter().rev());
        }
        None
    }

    fn declared_field(&self, class: ClassId, name: Name, desc: Name) -> Option<FieldId> {
        self.fields_of(class).find(|(_, f)| f.name == name && f.desc == desc).map(|(id, _)| id)
    }

    /// What a virtual call of `name` and `desc` selects on a receiver of exactly `class` (JVMS 5.4.6).
    pub fn select(&self, class: ClassId, name: Name, desc: Name) -> Option<MethodId> {
        debug_assert_ne!(name, NO_NAME);
        self.find_method(class, name, desc).filter(|m| !self.method(*m).access.is_abstract())
    }
}
