//! The call graph read backwards: at which instructions a method may be called.

use super::call_graph::{CallGraph, Node};
use super::grouped::{Found, Grouped};
use super::link::Program;
use crate::facts::Event;
use crate::vocabulary::{ClassId, MethodId, Parallel};

/// One call instruction, lambda or method reference.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
// There are millions of them.
#[repr(Rust, packed(2))]
pub struct CallSite {
    /// The method that holds it.
    pub caller: MethodId,
    /// Position among the caller's events.
    pub event: u16,
}

/// All call sites, by the method they resolve to.
pub struct CallSites {
    sites: Grouped<CallSite>,
    /// Methods with those that they override, ascending.
    overridden: Vec<(MethodId, MethodId)>,
}

impl CallSites {
    /// Gathers the call instructions of all bodies whose target is no JDK method.
    pub fn build(program: &Program<'_>, graph: &CallGraph, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 256;
        let n_classes = program.classes.len();
        let found = parallel.map(n_classes.div_ceil(CHUNK), |chunk| {
            let mut found = Found::default();
            for i in chunk * CHUNK..n_classes.min((chunk + 1) * CHUNK) {
                sites_of(program, ClassId::from_index(i), &mut found);
            }
            found.shrunk()
        });
        let none = CallSite { caller: MethodId(0), event: 0 };
        let sites = Grouped::of(found, program.n_methods, none);
        let mut overridden: Vec<(MethodId, MethodId)> = Vec::new();
        for m in 0..program.n_methods {
            let method = MethodId::from_index(m);
            for to in graph.selected(method) {
                if let Node::Dispatch(by) = graph.node(*to) {
                    overridden.push((by, method));
                }
            }
        }
        let overridden = by_first(&overridden, program.n_methods);
        Self { sites, overridden }
    }

    /// Call instructions that resolve to exactly this method.
    pub fn resolved_to(&self, method: MethodId) -> &[CallSite] {
        self.sites.of_id(method.index())
    }

    /// The methods that this one overrides or implements, directly.
    pub fn overridden_by(&self, method: MethodId) -> impl Iterator<Item = MethodId> + '_ {
        let from = self.overridden.partition_point(|(by, _)| *by < method);
        self.overridden[from..].iter().take_while(move |(by, _)| *by == method).map(|(_, m)| *m)
    }

    /// Call instructions that may select this method: those that resolve to it or to what it overrides. `None` when
    /// there are more than `limit`.
    pub fn of(&self, method: MethodId, limit: usize) -> Option<Vec<CallSite>> {
        let own = self.resolved_to(method);
        if own.len() > limit {
            return None;
        }
        let mut sites = own.to_vec();
        let mut waiting: Vec<MethodId> = self.overridden_by(method).collect();
        let mut seen = waiting.clone();
        while let Some(overridden) = waiting.pop() {
            sites.extend_from_slice(self.resolved_to(overridden));
            if sites.len() > limit {
                return None;
            }
            for more in self.overridden_by(overridden) {
                if !seen.contains(&more) {
                    seen.push(more);
                    waiting.push(more);
                }
            }
        }
        if sites.len() > limit {
            return None;
        }
        sites.sort_unstable();
        sites.dedup();
        Some(sites)
    }
}

/// Counting sort of pairs by the first of each, of which there are `n`; the order of those with the same first stays.
fn by_first(pairs: &[(MethodId, MethodId)], n: usize) -> Vec<(MethodId, MethodId)> {
    let mut next = vec![0u32; n + 1];
    pairs.iter().for_each(|(by, _)| next[by.index() + 1] += 1);
    for i in 0..n {
        next[i + 1] += next[i];
    }
    let mut sorted = vec![(MethodId(0), MethodId(0)); pairs.len()];
    for pair in pairs {
        let at = &mut next[pair.0.index()];
        sorted[*at as usize] = *pair;
        *at += 1;
    }
    sorted
}

fn sites_of(program: &Program<'_>, class: ClassId, found: &mut Found<CallSite>) {
    let unit = program.unit(class);
    let refs = program.refs(program.class(class).loader);
    for (caller, method) in program.methods_of(class) {
        for (i, event) in unit.events_of(method).iter().enumerate() {
            if let Some(target) = target_of(event, refs)
                && !program.is_jdk(program.class_of_method(target))
            {
                found.add(target.0, CallSite { caller, event: i as u16 });
            }
        }
    }
}

fn target_of(event: &Event, refs: &super::resolve::RefTable) -> Option<MethodId> {
    if event.kind.has_method() { refs.method(event.member()?) } else { None }
}
