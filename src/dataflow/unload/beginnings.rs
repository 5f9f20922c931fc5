//! Code that a container runs when an application starts, or for a request: neither happens while the application goes.

use super::roots::implements;
use crate::dataflow::World;
use crate::dataflow::knowledge::CallbackFacts;
use crate::program::BitSet;
use crate::vocabulary::{ClassId, MethodId, Name, Parallel};
use rustc_hash::FxHashMap;

/// Classes that are looked at together.
const CHUNK: usize = 256;

/// Whether a container runs a method on an object once, when the application starts.
pub(in crate::dataflow) fn is_start(world: &World<'_>, method: MethodId) -> bool {
    let program = world.program;
    let (facts, class) = (program.method(method), program.class_of_method(method));
    !facts.access.is_static()
        && world.knowledge.tables.starts.iter().any(|callback| {
            matches!(callback, CallbackFacts::Implements(pattern) if program.text(facts.name) == pattern.name)
                && implements(world, class, world.body(method), callback)
        })
}

/// The methods of the deployment with which a container begins something: a start, a request.
pub(super) fn of_program(world: &World<'_>, parallel: &impl Parallel) -> BitSet {
    let tables = &world.knowledge.tables;
    let mut rows = FxHashMap::<Name, Vec<&CallbackFacts>>::default();
    for callback in tables.starts.iter().chain(&tables.requests) {
        if let CallbackFacts::Implements(pattern) = callback
            && let Some(name) = world.program.facts.names.find(&pattern.name)
        {
            rows.entry(name).or_default().push(callback);
        }
    }
    let n = world.program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
            if world.program.is_jdk(class) {
                continue;
            }
            for (id, method) in world.program.methods_of(class).filter(|(_, m)| !m.access.is_static()) {
                let mut of_name = rows.get(&method.name).into_iter().flatten();
                if of_name.any(|callback| implements(world, class, world.body(id), callback)) {
                    found.push(id);
                }
            }
        }
        found
    });
    let mut methods = BitSet::new(world.program.n_methods);
    for method in found.into_iter().flatten() {
        methods.add(method.index());
    }
    methods
}
