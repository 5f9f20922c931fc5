//! Subtypes, and which classes the deployment may instantiate.

use super::link::{NO_CLASS, Program};
use crate::facts::{EventKind, NO_NAME, Value};
use crate::vocabulary::{ClassId, LoaderId, Name, Parallel};
use rustc_hash::{FxHashMap, FxHashSet};

/// The hierarchy seen from above.
pub struct Hierarchy {
    first: Vec<u32>,
    subtypes: Vec<ClassId>,
    instantiated: Vec<bool>,
    /// Made without an instruction that is seen: by the JDK, by what a descriptor names it for, or only by reflection.
    made_unseen: Vec<bool>,
    /// Classes that nothing makes or mentions but descriptors, with the loaders that see these.
    only_named: FxHashMap<ClassId, Vec<LoaderId>>,
    has_instances: Vec<bool>,
}

impl Hierarchy {
    /// Builds the table of direct subtypes and marks what is instantiated: by `new`, by a lambda's interface being
    /// called elsewhere, and by what reflection and containers need (a class literal, a string that is its name, an
    /// annotation, a line in a services file: `named`).
    pub fn build(
        program: &Program<'_>,
        named: &FxHashMap<ClassId, Vec<LoaderId>>,
        parallel: &impl Parallel,
    ) -> Self {
        let n = program.classes.len();
        let mut first = vec![0u32; n + 1];
        for i in 0..n {
            program.supers(ClassId::from_index(i)).for_each(|s| first[s.index() + 1] += 1);
        }
        for i in 0..n {
            first[i + 1] += first[i];
        }
        let mut next = first.clone();
        let mut subtypes = vec![ClassId(0); first[n] as usize];
        for i in 0..n {
            for s in program.supers(ClassId::from_index(i)) {
                subtypes[next[s.index()] as usize] = ClassId::from_index(i);
                next[s.index()] += 1;
            }
        }
        let mut hierarchy = Self {
            first,
            subtypes,
            instantiated: vec![false; n],
            made_unseen: vec![false; n],
            only_named: FxHashMap::default(),
            has_instances: Vec::new(),
        };
        hierarchy.mark_instantiated(program, named, parallel);
        hierarchy.mark_ancestors(program);
        hierarchy
    }

    fn mark_instantiated(
        &mut self,
        program: &Program<'_>,
        named: &FxHashMap<ClassId, Vec<LoaderId>>,
        parallel: &impl Parallel,
    ) {
        const CHUNK: usize = 512;
        let n = program.classes.len();
        let marks = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                instantiated_by(program, ClassId::from_index(i), &mut found);
            }
            found
        });
        let mut by_new = vec![false; n];
        for (id, is_new) in marks.into_iter().flatten() {
            self.instantiated[id.index()] = true;
            by_new[id.index()] |= is_new;
        }
        for (i, by_new) in by_new.into_iter().enumerate() {
            let id = ClassId::from_index(i);
            let facts = program.class_facts(id);
            // A container that knows the annotation makes the instance. The JDK makes its own.
            let by_others = program.is_jdk(id) || named.contains_key(&id);
            let annotations = facts.annotations.of(&program.unit(id).annotations);
            let is_marked = program.is_marked(annotations);
            if let Some(loaders) = named.get(&id)
                && !self.instantiated[i]
                && !is_marked
            {
                self.only_named.insert(id, loaders.clone());
            }
            self.instantiated[i] |= is_marked || by_others;
            self.made_unseen[i] = by_others || (self.instantiated[i] && !by_new);
        }
    }

    fn mark_ancestors(&mut self, program: &Program<'_>) {
        self.has_instances = self.instantiated.clone();
        let mut waiting: Vec<ClassId> =
            (0..self.instantiated.len()).filter(|i| self.instantiated[*i]).map(ClassId::from_index).collect();
        while let Some(id) = waiting.pop() {
            for s in program.supers(id) {
                if !self.has_instances[s.index()] {
                    self.has_instances[s.index()] = true;
                    waiting.push(s);
                }
            }
        }
    }

    /// Direct subclasses and subinterfaces, in class order.
    pub fn subtypes(&self, id: ClassId) -> &[ClassId] {
        let range = self.first[id.index()] as usize..self.first[id.index() + 1] as usize;
        &self.subtypes[range]
    }

    /// A class and all its subtypes, each once.
    pub fn closure(&self, id: ClassId) -> Vec<ClassId> {
        let mut seen = FxHashSet::default();
        let mut found = vec![id];
        seen.insert(id);
        let mut at = 0;
        while let Some(&class) = found.get(at) {
            at += 1;
            for sub in self.subtypes(class) {
                if seen.insert(*sub) {
                    found.push(*sub);
                }
            }
        }
        found
    }

    /// Whether an instance of exactly this class may exist.
    pub fn is_instantiated(&self, id: ClassId) -> bool {
        self.instantiated[id.index()]
    }

    /// Whether instances are made without a `new` that is seen.
    pub fn is_made_unseen(&self, id: ClassId) -> bool {
        self.made_unseen[id.index()]
    }

    /// The loaders that see the descriptors that name a class, if nothing else makes or mentions it.
    pub fn only_named_by(&self, id: ClassId) -> Option<&[LoaderId]> {
        self.only_named.get(&id).map(Vec::as_slice)
    }

    /// Whether an instance of it or of a subtype may exist.
    pub fn has_instances(&self, id: ClassId) -> bool {
        self.has_instances[id.index()]
    }
}

/// Classes that a class's code makes or names, and whether it makes them by `new`.
fn instantiated_by(program: &Program<'_>, id: ClassId, found: &mut Vec<(ClassId, bool)>) {
    let unit = program.unit(id);
    let loader = program.class(id).loader;
    for (_, method) in program.methods_of(id) {
        for event in unit.events_of(method) {
            if matches!(event.kind, EventKind::New | EventKind::ClassLiteral)
                && let Some(name) = event.name().filter(|n| *n != NO_NAME)
            {
                let is_new = event.kind == EventKind::New;
                found.extend(program.find(loader, name).map(|class| (class, is_new)));
            }
        }
        for value in unit.values_of(method) {
            if let Value::Str(name) = value
                && let Some(class) = program.find_named(loader, name)
            {
                found.push((class, false));
            }
        }
    }
}

impl Program<'_> {
    /// Whether `class` is `ancestor` or has it among its supertypes.
    pub fn is_subtype(&self, class: ClassId, ancestor: ClassId) -> bool {
        let mut waiting = vec![class];
        let mut seen: Vec<ClassId> = Vec::new();
        while let Some(at) = waiting.pop() {
            if at == ancestor {
                return true;
            }
            if !seen.contains(&at) {
                seen.push(at);
                waiting.extend(self.supers(at));
            }
        }
        false
    }

    /// Whether a supertype of `class`, itself included, has this internal name; also by name alone when the
    /// supertype is a phantom.
    pub fn has_supertype_named(&self, class: ClassId, name: &str) -> bool {
        // Texts are compared once, to find the name.
        self.facts.names.find(name).is_some_and(|name| self.has_supertype_of_name(class, name))
    }

    /// The same by the name's id, for who asks often.
    pub fn has_supertype_of_name(&self, class: ClassId, name: Name) -> bool {
        if !self.may_inherit_from(class, name) {
            return false;
        }
        let is_named = |at: ClassId| {
            let facts = self.class_facts(at);
            facts.name == name
                || facts.super_name == name
                || facts.interfaces.of(&self.unit(at).lists).contains(&name)
        };
        // Superclasses first: of many a class nothing need be written down then.
        let mut waiting: Vec<ClassId> = Vec::new();
        let mut at = class;
        while at != NO_CLASS {
            if is_named(at) {
                return true;
            }
            waiting.extend(self.interfaces(at));
            at = self.class(at).super_class;
        }
        let mut seen: Vec<ClassId> = Vec::new();
        while let Some(at) = waiting.pop() {
            if seen.contains(&at) {
                continue;
            }
            seen.push(at);
            if is_named(at) {
                return true;
            }
            waiting.extend(self.supers(at));
        }
        false
    }

    /// The names of all supertypes of what a loader yields for a name, the class itself included; of phantoms too.
    pub fn ancestor_names(
        &self,
        loader: crate::vocabulary::LoaderId,
        name: crate::vocabulary::Name,
    ) -> Vec<crate::vocabulary::Name> {
        let mut names = vec![name];
        let mut waiting: Vec<ClassId> = self.find(loader, name).into_iter().collect();
        let mut seen: Vec<ClassId> = Vec::new();
        while let Some(at) = waiting.pop() {
            if seen.contains(&at) {
                continue;
            }
            seen.push(at);
            let facts = self.class_facts(at);
            let direct = std::iter::once(facts.super_name)
                .chain(facts.interfaces.of(&self.unit(at).lists).iter().copied());
            for name in direct.filter(|n| *n != NO_NAME) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            waiting.extend(self.supers(at));
        }
        names
    }
}
