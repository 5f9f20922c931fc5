//! What classes declare themselves, found without reading through all their members.

use super::bits::BitSet;
use super::link::{NO_CLASS, Program};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel};

const NONE: u32 = u32::MAX;

/// An index over the methods of all classes.
#[derive(Default)]
pub(super) struct Declared {
    /// One bit for each method of a class, chosen by its name and descriptor: most look-ups go to classes that do not
    /// declare the method, and end here.
    marks: Vec<u128>,
    /// The class initialiser of each class, [`NONE`] if it has none.
    initializers: Vec<u32>,
    /// One bit for each name that a class or a supertype of it has, phantoms included: most questions for a supertype end
    /// here.
    ancestors: Vec<u64>,
}

impl Declared {
    /// Indexes all classes.
    pub(super) fn of(program: &Program<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 1024;
        let of_class = |class| {
            let (mut marks, mut found) = (0, NONE);
            let named = own_names(program, class);
            for (id, method) in program.methods_of(class) {
                marks |= mark(method.name, method.desc);
                if program.is_class_initializer(method.name) {
                    found = found.min(id.0);
                }
            }
            (marks, found, named)
        };
        let n = program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
            classes.map(of_class).collect::<Vec<_>>()
        });
        let mut all = Self::default();
        for (marks, initializer, named) in found.into_iter().flatten() {
            all.marks.push(marks);
            all.initializers.push(initializer);
            all.ancestors.push(named);
        }
        inherit(program, &mut all.ancestors);
        all
    }
}

/// The bits of a class's own name and, if some supertype is not known as a class, of those that it names.
fn own_names(program: &Program<'_>, class: ClassId) -> u64 {
    let facts = program.class_facts(class);
    let own = name_mark(facts.name);
    if !program.class(class).has_phantom {
        return own;
    }
    let interfaces = facts.interfaces.of(&program.unit(class).lists).iter();
    interfaces.fold(own | name_mark(facts.super_name), |marks, name| marks | name_mark(*name))
}

/// Adds to each class's bits those of its supertypes, each class once and after them.
fn inherit(program: &Program<'_>, ancestors: &mut [u64]) {
    let mut seen = BitSet::new(ancestors.len());
    // Classes, each with the number of its supertypes that were looked at.
    let mut path: Vec<(ClassId, usize)> = Vec::new();
    for root in (0..ancestors.len()).map(ClassId::from_index) {
        if seen.add(root.index()) {
            path.push((root, 0));
        }
        while let Some((class, looked_at)) = path.last_mut() {
            let super_class = Some(program.class(*class).super_class);
            let above = match *looked_at {
                0 => super_class,
                n => program.interfaces(*class).get(n - 1).copied(),
            };
            *looked_at += 1;
            match above {
                Some(NO_CLASS) => {}
                Some(above) if seen.add(above.index()) => path.push((above, 0)),
                Some(_) => {}
                None => {
                    let class = *class;
                    let inherited = program.supers(class).fold(0, |all, s| all | ancestors[s.index()]);
                    ancestors[class.index()] |= inherited;
                    path.pop();
                }
            }
        }
    }
}

/// The bit of a class's name.
fn name_mark(name: Name) -> u64 {
    1 << (name.0.wrapping_mul(0x9E37_79B9) >> 26)
}

/// The bit of a method.
pub(super) fn mark(name: Name, desc: Name) -> u128 {
    // Multiplicative hashing; the constant is 2^32 divided by the golden ratio.
    let hash = (name.0 ^ desc.0.rotate_left(16)).wrapping_mul(0x9E37_79B9);
    1 << (hash >> 25)
}

impl Program<'_> {
    /// The method that a class itself declares.
    pub fn declared_method(&self, class: ClassId, name: Name, desc: Name) -> Option<MethodId> {
        if self.declared.marks.get(class.index()).is_some_and(|marks| marks & mark(name, desc) == 0) {
            return None;
        }
        self.methods_of(class).find(|(_, m)| m.name == name && m.desc == desc).map(|(id, _)| id)
    }

    /// The bits of all methods that a class declares.
    #[inline]
    pub(super) fn declared_marks(&self, class: ClassId) -> u128 {
        self.declared.marks.get(class.index()).copied().unwrap_or(u128::MAX)
    }

    /// Whether a class or a supertype of it may have a name.
    pub(super) fn may_inherit_from(&self, class: ClassId, name: Name) -> bool {
        self.declared.ancestors.get(class.index()).is_none_or(|names| names & name_mark(name) != 0)
    }

    /// The class initialiser that a class declares.
    #[inline]
    pub fn class_initializer(&self, class: ClassId) -> Option<MethodId> {
        let found = self.declared.initializers.get(class.index()).copied().filter(|id| *id != NONE);
        found.map(MethodId)
    }
}
