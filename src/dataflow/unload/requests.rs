//! Code that runs on the threads with which a container serves requests, and on no other.

use super::roots::implements;
use super::thread_locals::is_called_back;
use crate::dataflow::World;
use crate::dataflow::knowledge::CallbackFacts;
use crate::vocabulary::MethodId;
use rustc_hash::FxHashSet;

/// Methods on the ways to one that are looked at; with more of them nobody knows which thread it is.
const MAX_METHODS: usize = 64;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 32;

/// Whether every way to a method begins at one that handles requests.
pub(super) fn is_for_requests_only(world: &World<'_>, method: MethodId) -> bool {
    let mut seen = FxHashSet::from_iter([method]);
    let mut waiting = vec![method];
    while let Some(at) = waiting.pop() {
        if handles_requests(world, at) {
            continue;
        }
        let sites = world.sites.of(at, MAX_SITES).unwrap_or_default();
        let is_call = |caller, event| world.event(caller, event).is_some_and(|e| e.kind.is_invoke());
        // What nobody is seen to call, or what is handed on as a function, may run on any thread.
        if sites.is_empty()
            || is_called_back(world, at)
            || !sites.iter().all(|site| is_call(site.caller, site.event))
        {
            return false;
        }
        waiting.extend(sites.iter().map(|site| site.caller).filter(|caller| seen.insert(*caller)));
        if seen.len() > MAX_METHODS {
            return false;
        }
    }
    true
}

fn handles_requests(world: &World<'_>, method: MethodId) -> bool {
    let program = world.program;
    let (facts, class) = (program.method(method), program.class_of_method(method));
    let annotations = program.unit(class).annotations_of(facts);
    world.knowledge.tables.requests.iter().any(|callback| match callback {
        CallbackFacts::Annotated(annotation) => annotations.iter().any(|a| {
            let name = program.text(a.desc).strip_prefix('L').and_then(|d| d.strip_suffix(';'));
            name == Some(annotation.as_str())
        }),
        CallbackFacts::Implements(pattern) => {
            program.text(facts.name) == pattern.name
                && !facts.access.is_static()
                && implements(world, class, world.body(method), callback)
        }
        _ => false,
    })
}
