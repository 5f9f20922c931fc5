//! Which methods override and implement which: edges between dispatch nodes.

use super::super::declared::mark;
use super::super::node_numbers::Kinds;
use super::{NO_CLASS, Node, Work};
use crate::vocabulary::ClassId;
use rustc_hash::FxHashSet;

impl Work<'_, '_> {
    /// Edges from the dispatch nodes of the methods that this class's methods override or implement (JVMS 5.4.5).
    pub(super) fn overrides(&mut self, class: ClassId) {
        let program = self.program;
        let n_supers = self.gather_above(class);
        let above = std::mem::take(&mut self.above);
        let (supers, interfaces) = above.split_at(n_supers);
        let all = above.iter().fold(0, |all, (_, marks)| all | marks);
        let is_uncertain = program.class(class).has_phantom;
        for (id, method) in program.methods_of(class) {
            if !self.numbers.kinds(id).has(Kinds::DISPATCHED) {
                continue;
            }
            let mut calls_back = is_uncertain && method.access.is_public();
            let mark = mark(method.name, method.desc);
            let declared = |(above, marks): &(ClassId, u128)| {
                let found =
                    (marks & mark != 0).then(|| program.declared_method(*above, method.name, method.desc));
                Some((*above, found??))
            };
            // Most methods are new in their class.
            let is_new = all & mark == 0;
            if let Some((at, overridden)) = supers.iter().filter(|_| !is_new).find_map(declared) {
                self.edge(Node::Dispatch(overridden), Node::Dispatch(id));
                calls_back |= program.is_jdk(at) && Some(program.class_facts(at).name) != self.known.object;
            }
            for (at, declared) in interfaces.iter().filter(|_| !is_new).filter_map(declared) {
                self.edge(Node::Dispatch(declared), Node::Dispatch(id));
                calls_back |= program.is_jdk(at);
            }
            if calls_back && !method.access.is_abstract() && !program.is_jdk(class) {
                self.edge(Node::Instance(class), Node::Method(id));
            }
        }
        self.above = above;
    }

    /// Fills `above` for a class; returns how many of them are superclasses.
    pub(super) fn gather_above(&mut self, class: ClassId) -> usize {
        let program = self.program;
        let with_marks = |class: ClassId| (class, program.declared_marks(class));
        self.above.clear();
        let mut at = program.class(class).super_class;
        while at != NO_CLASS {
            self.above.push(with_marks(at));
            at = program.class(at).super_class;
        }
        let n_supers = self.above.len();
        let mut interfaces = std::mem::take(&mut self.interfaces);
        self.all_interfaces(class, &mut interfaces);
        self.above.extend(interfaces.iter().copied().map(with_marks));
        self.interfaces = interfaces;
        n_supers
    }

    /// Superinterfaces of a class and of its superclasses, indirect ones too: an overrider further down replaces the
    /// implementation that a superclass has for its own interfaces.
    fn all_interfaces(&mut self, class: ClassId, found: &mut Vec<ClassId>) {
        found.clear();
        self.seen.clear();
        let mut at = class;
        while at != NO_CLASS {
            let first = found.len();
            found.extend(self.program.interfaces(at).iter().filter(|i| self.seen.insert(**i)));
            let mut next = first;
            while let Some(interface) = found.get(next) {
                next += 1;
                let direct = self.program.interfaces(*interface);
                found.extend(direct.iter().filter(|i| self.seen.insert(**i)));
            }
            at = self.program.class(at).super_class;
        }
    }

    /// A class that adds an interface may get the implementation from a superclass that does not know it.
    pub(super) fn inherited_implementations(&mut self, class: ClassId) {
        let super_class = self.program.class(class).super_class;
        if super_class == NO_CLASS || self.program.class_facts(class).access.is_interface() {
            return;
        }
        let mut waiting = self.program.interfaces(class).to_vec();
        let mut seen = FxHashSet::default();
        while let Some(interface) = waiting.pop() {
            if !seen.insert(interface) || self.program.is_subtype(super_class, interface) {
                continue;
            }
            waiting.extend(self.program.interfaces(interface));
            for (declared, method) in self.program.methods_of(interface) {
                if method.access.is_static() || method.access.is_private() {
                    continue;
                }
                let mut at = super_class;
                while at != NO_CLASS && !self.program.is_jdk(at) {
                    if let Some(inherited) = self.program.declared_method(at, method.name, method.desc) {
                        self.edge(Node::Dispatch(declared), Node::Dispatch(inherited));
                        if self.program.is_jdk(interface) {
                            self.edge(Node::Instance(class), Node::Method(inherited));
                        }
                        break;
                    }
                    at = self.program.class(at).super_class;
                }
            }
        }
    }

    /// Whether there may be an object of a class, on which its methods run. An abstract one has subclasses for that.
    pub(super) fn may_have_objects(&self, class: ClassId) -> bool {
        let is_abstract = |class| self.program.class_facts(class).access.is_abstract();
        self.program.topology.is_open_world()
            || self.hierarchy.has_instances(class)
                && (!is_abstract(class)
                    || self.hierarchy.closure(class).into_iter().any(|below| !is_abstract(below)))
    }
}
