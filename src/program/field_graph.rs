//! Who reads and writes which field.

use super::grouped::{Found, Grouped};
use super::link::Program;
use crate::facts::EventKind;
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel};

/// One field instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Access {
    /// The method that holds it.
    pub method: MethodId,
    /// Position among the method's events.
    pub event: u16,
    /// Whether it writes.
    pub is_write: bool,
}

/// An access as it is kept: there are millions of them.
#[derive(Clone, Copy)]
#[repr(Rust, packed(2))]
struct Packed {
    /// The method, and in the lowest bit whether it writes.
    method: u32,
    event: u16,
}

impl Packed {
    fn of(access: Access) -> Self {
        Self { method: access.method.0 << 1 | u32::from(access.is_write), event: access.event }
    }

    fn access(self) -> Access {
        Access { method: MethodId(self.method >> 1), event: self.event, is_write: self.method & 1 == 1 }
    }
}

/// All accesses, by field.
pub struct FieldGraph {
    accesses: Grouped<Packed>,
}

impl FieldGraph {
    /// Gathers the field instructions of all bodies.
    pub fn build(program: &Program<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 256;
        let n_classes = program.classes.len();
        let found = parallel.map(n_classes.div_ceil(CHUNK), |chunk| {
            let mut found = Found::default();
            for i in chunk * CHUNK..n_classes.min((chunk + 1) * CHUNK) {
                accesses_of(program, ClassId::from_index(i), &mut found);
            }
            found.shrunk()
        });
        Self { accesses: Grouped::of(found, program.n_fields, Packed { method: 0, event: 0 }) }
    }

    /// The accesses of a field, in method order.
    pub fn accesses(&self, field: FieldId) -> impl ExactSizeIterator<Item = Access> {
        self.accesses.of_id(field.index()).iter().map(|packed| packed.access())
    }

    /// The writes of a field, in method order.
    pub fn writes(&self, field: FieldId) -> impl Iterator<Item = Access> {
        self.accesses(field).filter(|a| a.is_write)
    }

    /// The reads of a field, in method order.
    pub fn reads(&self, field: FieldId) -> impl Iterator<Item = Access> {
        self.accesses(field).filter(|a| !a.is_write)
    }

    /// Number of field instructions whose field was found.
    pub fn n_accesses(&self) -> usize {
        self.accesses.len()
    }
}

fn accesses_of(program: &Program<'_>, class: ClassId, found: &mut Found<Packed>) {
    let unit = program.unit(class);
    let refs = program.refs(program.class(class).loader);
    for (id, method) in program.methods_of(class) {
        for (i, event) in unit.events_of(method).iter().enumerate() {
            if !event.kind.has_field() {
                continue;
            }
            if let Some(field) = event.member().and_then(|m| refs.field(m)) {
                let is_write = matches!(event.kind, EventKind::PutStatic | EventKind::PutField);
                found.add(field.0, Packed::of(Access { method: id, event: i as u16, is_write }));
            }
        }
    }
}
