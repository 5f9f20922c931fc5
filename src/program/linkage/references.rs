//! What happens when an instruction's reference is resolved (JVMS 5.4.3), and the class it uses is initialised.

use super::{Failure, FailureKind, Linkage};
use crate::facts::{Event, EventKind, MemberRef};
use crate::vocabulary::descriptor::element_of_class_constant;
use crate::vocabulary::{Access, ClassId, MemberRefId, MethodId, Name};

/// Major version of class files.
const JAVA_9: u16 = 53;

impl Linkage<'_> {
    /// The failure of an event of a method, if its reference fails. That of a cast or type test only shows when the
    /// object is not null.
    pub fn at(&self, method: MethodId, event: &Event) -> Option<Failure> {
        let user = self.program.class_of_method(method);
        match event.kind {
            EventKind::New => self.at_new(user, event.name()?),
            EventKind::NewArray | EventKind::CheckCast | EventKind::InstanceOf | EventKind::ClassLiteral => {
                self.named(user, event.name()?).err()
            }
            kind if kind.has_method() => self.at_method(user, kind, event.member()?),
            kind if kind.has_field() => self.at_field(method, kind, event.member()?),
            _ => None,
        }
    }

    /// The class that a name resolves to; `None` for arrays of primitives and what is the JDK's.
    fn named(&self, user: ClassId, name: Name) -> Result<Option<ClassId>, Failure> {
        let program = self.program;
        let Some(found) = program.find(program.class(user).loader, name) else {
            let text = program.text(name);
            return match element_of_class_constant(text) {
                Some(element) => {
                    let element = program.facts.names.find(element).unwrap_or(name);
                    if self.is_provided(element) { Ok(None) } else { Err(Failure::missing(element)) }
                }
                None => Ok(None),
            };
        };
        if program.is_jdk(found) {
            return Ok(None);
        }
        if let Some(failure) = self.load_failure(found) {
            return Err(failure.because_of(found));
        }
        if self.can_name(user, found) {
            Ok(Some(found))
        } else {
            Err(Failure::of(FailureKind::InaccessibleClass, found))
        }
    }

    /// The method that a reference in code of `user` resolves to, whether it may be used from there or not.
    pub fn resolved(&self, user: ClassId, id: MemberRefId) -> Option<MethodId> {
        let member = self.program.facts.members.get(id);
        let owner = self.named(user, member.owner).ok()??;
        self.method(user, owner, id, member)
    }

    fn at_new(&self, user: ClassId, name: Name) -> Option<Failure> {
        let class = match self.named(user, name) {
            Ok(class) => class?,
            Err(failure) => return Some(failure),
        };
        let access = self.program.class_facts(class).access;
        if access.is_abstract() || access.is_interface() {
            return Some(Failure::of(FailureKind::AbstractClass, class));
        }
        self.link_failure(class).map(|failure| failure.because_of(class))
    }

    fn at_method(&self, user: ClassId, kind: EventKind, id: MemberRefId) -> Option<Failure> {
        let program = self.program;
        let member = program.facts.members.get(id);
        if program.text(member.owner).starts_with('[') {
            return None;
        }
        let owner = match self.named(user, member.owner) {
            Ok(owner) => owner?,
            Err(failure) => return Some(failure),
        };
        if program.class_facts(owner).access.is_interface() != member.of_interface {
            return Some(Failure::of(FailureKind::WrongClassKind, owner));
        }
        let Some(method) = self.method(user, owner, id, member) else {
            return self.is_known(owner).then(|| Failure::of(FailureKind::MissingMethod, owner));
        };
        let declaring = program.class_of_method(method);
        if program.is_jdk(declaring) {
            return None;
        }
        let access = program.method(method).access;
        if !self.can_use(user, owner, declaring, access) {
            return Some(Failure::of(FailureKind::InaccessibleMember, declaring));
        }
        if let Some(violation) = self.violations[program.class(user).loader.index()].get(&id) {
            return Some(*violation);
        }
        // A method reference's handle says for itself what it is, and that is not kept.
        if kind != EventKind::Lambda && access.is_static() != (kind == EventKind::InvokeStatic) {
            return Some(Failure::of(FailureKind::WrongMemberKind, declaring));
        }
        if access.is_static() { self.initialised(declaring) } else { None }
    }

    /// The method that a reference finds. Constructors are not inherited, nor are an interface's static and private
    /// methods.
    fn method(&self, user: ClassId, owner: ClassId, id: MemberRefId, member: MemberRef) -> Option<MethodId> {
        let program = self.program;
        let found = program.refs(program.class(user).loader).method(id)?;
        let declaring = program.class_of_method(found);
        if declaring == owner {
            return Some(found);
        }
        let access = program.method(found).access;
        if program.text(member.name).starts_with('<') {
            return None;
        }
        let is_own = access.is_static() || access.is_private();
        if is_own && program.class_facts(declaring).access.is_interface() {
            return self.inherited_interface_method(owner, member);
        }
        Some(found)
    }

    fn inherited_interface_method(&self, owner: ClassId, member: MemberRef) -> Option<MethodId> {
        let program = self.program;
        let is_interface = |class: &ClassId| program.class_facts(*class).access.is_interface();
        let interfaces = self.ancestors(owner).into_iter().filter(is_interface);
        let mut found = interfaces.filter_map(|i| program.declared_method(i, member.name, member.desc));
        found.find(|m| {
            let access = program.method(*m).access;
            !access.is_static() && !access.is_private()
        })
    }

    fn at_field(&self, by: MethodId, kind: EventKind, id: MemberRefId) -> Option<Failure> {
        let program = self.program;
        let user = program.class_of_method(by);
        let member = program.facts.members.get(id);
        let owner = match self.named(user, member.owner) {
            Ok(owner) => owner?,
            Err(failure) => return Some(failure),
        };
        let Some(field) = program.refs(program.class(user).loader).field(id) else {
            return self.is_known(owner).then(|| Failure::of(FailureKind::MissingField, owner));
        };
        let declaring = program.class_of_field(field);
        if program.is_jdk(declaring) {
            return None;
        }
        let access = program.field(field).access;
        if !self.can_use(user, owner, declaring, access) {
            return Some(Failure::of(FailureKind::InaccessibleMember, declaring));
        }
        let of_statics = matches!(kind, EventKind::GetStatic | EventKind::PutStatic);
        if access.is_static() != of_statics {
            return Some(Failure::of(FailureKind::WrongMemberKind, declaring));
        }
        let is_write = matches!(kind, EventKind::PutStatic | EventKind::PutField);
        if is_write && access.has(Access::FINAL) && !self.may_set_final(by, declaring, of_statics) {
            return Some(Failure::of(FailureKind::FinalField, declaring));
        }
        let initialised = if of_statics { self.initialised(declaring) } else { None };
        initialised.or_else(|| self.violations[program.class(user).loader.index()].get(&id).copied())
    }

    /// Whether a method may write a final field: one of the class that declares it and, since Java 9, an initialiser
    /// (JVMS 6.5 putfield, putstatic).
    fn may_set_final(&self, by: MethodId, declaring: ClassId, of_statics: bool) -> bool {
        let program = self.program;
        let initialiser = if of_statics { "<clinit>" } else { "<init>" };
        let is_lenient = program.class_facts(declaring).major < JAVA_9;
        program.class_of_method(by) == declaring
            && (is_lenient || program.text(program.method(by).name) == initialiser)
    }

    fn initialised(&self, class: ClassId) -> Option<Failure> {
        self.link_failure(class).map(|failure| failure.because_of(class))
    }

    /// Whether all that a class inherits is known: the JDK's classes differ between releases, but for `Object`.
    fn is_known(&self, class: ClassId) -> bool {
        let program = self.program;
        let is_object = |c: ClassId| program.class_name(c) == "java/lang/Object";
        !program.class(class).has_phantom
            && self.ancestors(class).into_iter().all(|a| !program.is_jdk(a) || is_object(a))
    }
}
