//! Which deployed methods hand a resource to their caller.

use super::acquire;
use super::callees::Callees;
use super::closing;
use super::follow::Followed;
use super::{owners, rounds};
use crate::dataflow::World;
use crate::dataflow::knowledge::ResourceId;
use crate::program::link::NO_CLASS;
use crate::vocabulary::{ClassId, MethodId, Parallel, descriptor};
use rustc_hash::FxHashMap;

/// Methods through which a resource is handed up.
const MAX_ROUNDS: usize = 6;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 2000;

/// A resource that the caller of a method gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Yielded {
    /// Which.
    pub resource: ResourceId,
    /// Whether there is something to release already.
    pub is_open: bool,
    /// The parameter that it is released with, of those that the method is given: the statement of a result set.
    pub owner: Option<u16>,
}

/// What the caller of a method gets and has to release. Built in rounds: first the methods that acquire themselves,
/// then the callers of those found in the round before, so that the order of the work makes no difference.
#[derive(Default)]
pub struct Summaries {
    yields: FxHashMap<MethodId, Vec<Yielded>>,
    /// The same, and the methods that these override: what a call may be resolved to.
    may_yield: Vec<bool>,
    /// The methods that call one of these, or hand it on as a function.
    calls_yielding: Vec<bool>,
}

impl Summaries {
    /// Looks at all methods that acquire something and return it.
    pub fn build(world: &World<'_>, parallel: &impl Parallel) -> Self {
        let mut summaries = Self::default();
        let classes = (0..world.program.classes.len()).map(ClassId::from_index);
        let classes = classes.filter(|c| !world.program.is_jdk(*c));
        let methods = classes.flat_map(|c| world.program.methods_of(c)).map(|(id, _)| id);
        let mut found = yielding(world, methods, &Self::default(), parallel);
        for _ in 0..MAX_ROUNDS {
            if found.is_empty() {
                break;
            }
            let mut callers: Vec<MethodId> = Vec::new();
            for (method, resources) in std::mem::take(&mut found) {
                let sites = world.sites.of(method, MAX_SITES).unwrap_or_default();
                callers.extend(sites.iter().map(|s| s.caller));
                summaries.add(world, method, resources);
            }
            callers.sort_unstable();
            callers.dedup();
            callers.retain(|m| !summaries.yields.contains_key(m));
            found = yielding(world, callers.into_iter(), &summaries, parallel);
        }
        summaries
    }

    fn add(&mut self, world: &World<'_>, method: MethodId, resources: Vec<Yielded>) {
        self.yields.insert(method, resources);
        self.may_yield.resize(world.program.n_methods, false);
        self.calls_yielding.resize(world.program.n_methods, false);
        let mut waiting = vec![method];
        while let Some(at) = waiting.pop() {
            if !std::mem::replace(&mut self.may_yield[at.index()], true) {
                waiting.extend(world.sites.overridden_by(at));
                let callers = world.sites.resolved_to(at).iter();
                callers.for_each(|site| self.calls_yielding[site.caller.index()] = true);
            }
        }
    }

    /// What the caller of a method gets and has to release.
    pub fn yields(&self, method: MethodId) -> &[Yielded] {
        self.yields.get(&method).map_or(&[], Vec::as_slice)
    }

    /// Whether a call that resolves to a method may yield something.
    pub fn may_yield(&self, method: MethodId) -> bool {
        self.may_yield.get(method.index()).copied().unwrap_or(false)
    }

    /// Whether a method has a call, or makes a function, that may yield something.
    pub fn calls_yielding(&self, method: MethodId) -> bool {
        self.calls_yielding.get(method.index()).copied().unwrap_or(false)
    }
}

/// What the callers of methods get.
fn yielding(
    world: &World<'_>,
    methods: impl Iterator<Item = MethodId>,
    known: &Summaries,
    parallel: &impl Parallel,
) -> Vec<(MethodId, Vec<Yielded>)> {
    let methods = methods.filter(|m| acquire::may_acquire_known(world, *m, known)).collect();
    let found = rounds::each(world, known, methods, yielded_by, parallel);
    found.into_iter().filter_map(|(method, yielded)| Some((method, yielded?))).collect()
}

fn yielded_by(callees: &Callees<'_, '_>, method: MethodId) -> Option<Vec<Yielded>> {
    let world = callees.world;
    if !can_yield(callees, method) {
        return None;
    }
    let body = world.body(method);
    let mut resources = Vec::new();
    // A method that makes an object of the deployment's own may well be its only owner's.
    for obligation in acquire::known_obligations(callees, body) {
        let is_place = obligation.held.value().is_none();
        if is_place || closing::is_inferred(world, obligation.resource) {
            continue;
        }
        let yields = Followed::obligation(callees, body, &obligation, false).yields();
        if !callees.spend(body.origins.events().len()) {
            break;
        }
        if let Some(is_open) = yields {
            let owner = owners::passed_owner(body, &obligation);
            resources.push(Yielded { resource: obligation.resource, is_open, owner });
        }
    }
    // Of what is open on one path and not on another, the open one: somebody has to look.
    resources.sort_unstable_by_key(|y: &Yielded| (y.resource, !y.is_open));
    resources.dedup_by_key(|y| y.resource);
    (!resources.is_empty()).then_some(resources)
}

/// Constructors, and methods whose result a caller can release without a cast.
fn can_yield(callees: &Callees<'_, '_>, method: MethodId) -> bool {
    let program = callees.world.program;
    let facts = program.method(method);
    let returns = || {
        let class = descriptor::return_type(program.text(facts.desc)).class();
        let loader = program.class(program.class_of_method(method)).loader;
        let class = class.and_then(|name| program.find_text(loader, name));
        class.is_some_and(|c| {
            let is_root =
                program.class(c).super_class == NO_CLASS && !program.class_facts(c).access.is_interface();
            callees.is_closeable(c) || program.is_jdk(c) && !is_root
        })
    };
    facts.has_body && (callees.world.program.is_constructor(facts.name) || returns())
}
