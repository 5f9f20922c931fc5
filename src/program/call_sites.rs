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
    /// The methods that each overrides or implements, directly.
    overridden: Grouped<MethodId>,
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
        let methods = || (0..program.n_methods).map(MethodId::from_index);
        let overriders = |method| {
            graph.selected(method).iter().filter_map(|to| match graph.node(*to) {
                Node::Dispatch(by) => Some(by.0),
                _ => None,
            })
        };
        let pairs = || methods().flat_map(|method| overriders(method).map(move |by| (by, method)));
        let overridden = Grouped::listed(pairs, program.n_methods, MethodId(0));
        Self { sites, overridden }
    }

    /// Call instructions that resolve to exactly this method.
    pub fn resolved_to(&self, method: MethodId) -> &[CallSite] {
        self.sites.of_id(method.index())
    }

    /// The methods that this one overrides or implements, directly.
    pub fn overridden_by(&self, method: MethodId) -> impl Iterator<Item = MethodId> + '_ {
        self.overridden.of_id(method.index()).iter().copied()
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
