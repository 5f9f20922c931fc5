//! What classes declare themselves, found without reading through all their members.

use super::link::Program;
use crate::vocabulary::{ClassId, MethodId, Name, Parallel};

/// Name of class initialisers (JVMS 2.9.2).
const CLASS_INITIALIZER: &str = "<clinit>";

const NONE: u32 = u32::MAX;

/// An index over the methods of all classes.
#[derive(Default)]
pub(super) struct Declared {
    /// One bit for each method of a class, chosen by its name and descriptor: most look-ups go to classes that do not
    /// declare the method, and end here.
    marks: Vec<u128>,
    /// The class initialiser of each class, [`NONE`] if it has none.
    initializers: Vec<u32>,
}

impl Declared {
    /// Indexes all classes.
    pub(super) fn of(program: &Program<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 1024;
        let initializer = program.facts.names.find(CLASS_INITIALIZER);
        let of_class = |class| {
            let (mut marks, mut found) = (0, NONE);
            for (id, method) in program.methods_of(class) {
                marks |= mark(method.name, method.desc);
                if Some(method.name) == initializer {
                    found = found.min(id.0);
                }
            }
            (marks, found)
        };
        let n = program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
            classes.map(of_class).collect::<Vec<_>>()
        });
        let (marks, initializers) = found.into_iter().flatten().unzip();
        Self { marks, initializers }
    }
}

fn mark(name: Name, desc: Name) -> u128 {
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

    /// The class initialiser that a class declares.
    pub fn class_initializer(&self, class: ClassId) -> Option<MethodId> {
        let found = self.declared.initializers.get(class.index()).copied().filter(|id| *id != NONE);
        found.map(MethodId)
    }
}
