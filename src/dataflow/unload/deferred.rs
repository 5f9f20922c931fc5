//! Functions that are kept, and called at unload: a list of things to undo, a hook in a field.

use super::beans::Beans;
use super::flow::{Acquired, Follower, Site};
use super::roots::{UnloadRoots, is_unloaded};
use super::types::is_function_method;
use crate::dataflow::World;
use crate::dataflow::knowledge::{ApiId, ResourceId, Role, groups};
use crate::facts::{Event, EventKind};
use crate::program::{Node, Program};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, TenantId};
use rustc_hash::FxHashSet;

/// Methods that one function may run.
const MAX_TARGETS: usize = 4;
/// Methods looked at for what a function undoes.
const MAX_METHODS: usize = 40;
/// Groups of APIs that take out of a container what was put there.
const TAKING_OUT: [&str; 3] = [groups::REMOVERS[0], groups::REMOVERS[1], groups::LISTENER_SUPPORT_REMOVE];

/// A function, at whose unload it is called, and what it then runs.
pub(super) struct Deferred {
    /// Where it is made.
    pub(super) site: Site,
    /// At whose unload.
    pub(super) tenant: TenantId,
    /// The methods of the deployment that it runs.
    pub(super) runs: Vec<MethodId>,
    /// The methods that call it.
    pub(super) callers: Vec<MethodId>,
}

/// Finds the functions that code which runs at unload calls, and that no such code makes, of those that undo something.
pub(super) fn find(
    world: &World<'_>,
    beans: &Beans,
    roots: &UnloadRoots,
    parallel: &impl Parallel,
) -> Vec<Deferred> {
    let arities = arities_called(world, roots, parallel);
    if arities == 0 {
        return Vec::new();
    }
    let follower = Follower::new(world, beans, roots, Vec::new());
    let search = Search { follower: &follower, arities, undoing: names_of_undoing(world) };
    let found = of_methods(world, parallel, |id, found| {
        if world.calls.has_lambda(id) {
            search.of_body(id, found);
        }
    });
    found.into_iter().flatten().collect()
}

/// What is found in chunks of the deployment's methods.
fn of_methods<T: Default + Send>(
    world: &World<'_>,
    parallel: &impl Parallel,
    of_method: impl Fn(MethodId, &mut T) + Sync,
) -> Vec<T> {
    const CHUNK: usize = 128;
    let n = world.program.classes.len();
    parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = T::default();
        for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
            if !world.program.is_jdk(class) {
                world.program.methods_of(class).for_each(|(id, _)| of_method(id, &mut found));
            }
        }
        found
    })
}

/// How many arguments functions are given that are called at unload, as bits.
fn arities_called(world: &World<'_>, roots: &UnloadRoots, parallel: &impl Parallel) -> u64 {
    let program = world.program;
    let called = of_methods(world, parallel, |id, called: &mut FxHashSet<MethodId>| {
        if roots.reaches_any(id) {
            let body = world.body(id);
            let refs = program.refs(program.class(body.class).loader);
            let is_call = |e: &&Event| matches!(e.kind, EventKind::InvokeInterface | EventKind::Lambda);
            let calls = body.origins.events().iter().filter(is_call);
            called.extend(calls.filter_map(|e| refs.method(e.member()?)));
        }
    });
    let all: FxHashSet<MethodId> = called.into_iter().flatten().collect();
    let functions = all.into_iter().filter(|m| is_function_method(program, *m));
    functions.fold(0, |arities, m| arities | bit(n_params(program, m)))
}

fn n_params(program: &Program<'_>, method: MethodId) -> usize {
    params(program.text(program.method(method).desc)).count()
}

fn bit(arity: usize) -> u64 {
    u32::try_from(arity).ok().and_then(|n| 1u64.checked_shl(n)).unwrap_or_default()
}

/// The names of what releases resources or takes objects out of containers.
fn names_of_undoing(world: &World<'_>) -> FxHashSet<Name> {
    let knowledge = world.knowledge;
    let releases = (0..knowledge.tables.resources.len()).map(|r| Role::Release(r as ResourceId));
    let taking_out = TAKING_OUT.into_iter().flat_map(|group| {
        let apis = knowledge.group(group).iter().enumerate().filter(|(_, is_in)| **is_in);
        apis.map(|(id, _)| Role::Api(id as ApiId))
    });
    let patterns = releases.chain(taking_out).flat_map(|role| knowledge.patterns_of(role));
    patterns.filter_map(|p| world.program.facts.names.find(&p.name)).collect()
}

struct Search<'s, 'w> {
    follower: &'s Follower<'w>,
    arities: u64,
    undoing: FxHashSet<Name>,
}

impl Search<'_, '_> {
    fn of_body(&self, id: MethodId, found: &mut Vec<Deferred>) {
        let (world, roots) = (self.follower.world, self.follower.roots);
        let mut tenants: Vec<TenantId> =
            world.reach.tenants(id).iter().filter(|t| is_unloaded(world, *t)).collect();
        // What is made at unload is followed by the calls.
        tenants.retain(|t| !roots.reaches(*t, id));
        if tenants.is_empty() {
            return;
        }
        let body = world.body(id);
        let lambdas = body.origins.events().iter().enumerate().filter(|(_, e)| e.kind == EventKind::Lambda);
        for (i, lambda) in lambdas {
            let runs = world.targets(body, lambda, MAX_TARGETS).unwrap_or_default();
            let may_run = |m: &MethodId| bit(arity(world, lambda, *m)) & self.arities != 0;
            let is_new = |tenant: &TenantId| runs.iter().any(|m| !roots.reaches(*tenant, *m));
            if runs.iter().any(may_run) && tenants.iter().any(is_new) && self.undoes(&runs) {
                let site = (id, i as u16);
                let callers = self.callers(site);
                let is_called = |t: &&TenantId| is_new(t) && callers.iter().any(|m| roots.reaches(**t, *m));
                for tenant in tenants.iter().filter(is_called).copied() {
                    found.push(Deferred { site, tenant, runs: runs.clone(), callers: callers.clone() });
                }
            }
        }
    }

    /// The methods that call a function, in code that runs at unload.
    fn callers(&self, (method, event): Site) -> Vec<MethodId> {
        let made = (method, event);
        let function = Acquired { method, event, resource: ResourceId::MAX, operand: None, made };
        let calls = self.follower.follow(&function).own;
        calls.iter().filter(|c| c.at_unload && c.target.is_none()).map(|c| c.site.0).collect()
    }

    /// Whether what a function runs may release something, take it out of a container, or set a field.
    fn undoes(&self, runs: &[MethodId]) -> bool {
        let world = self.follower.world;
        let mut waiting: Vec<u32> = runs.iter().map(|m| m.0).collect();
        let mut at = 0;
        while let Some(node) = waiting.get(at).copied().filter(|_| at < MAX_METHODS) {
            at += 1;
            if let Node::Method(method) = world.calls.node(node)
                && self.undoes_itself(method)
            {
                return true;
            }
            for next in world.calls.successors(node).iter().take(MAX_METHODS) {
                if !waiting.contains(next) {
                    waiting.push(*next);
                }
            }
        }
        false
    }

    fn undoes_itself(&self, method: MethodId) -> bool {
        let world = self.follower.world;
        let body = world.body(method);
        if world.program.is_jdk(body.class) || world.program.text(body.method.name).starts_with('<') {
            return false;
        }
        body.origins.events().iter().any(|e| match e.kind {
            EventKind::PutField | EventKind::PutStatic => true,
            kind if kind.has_method() => {
                e.member().is_some_and(|m| self.undoing.contains(&world.program.facts.members.get(m).name))
            }
            _ => false,
        })
    }
}

/// How many arguments a function is given that is made of a method.
fn arity(world: &World<'_>, lambda: &Event, method: MethodId) -> usize {
    let facts = world.program.method(method);
    let is_bound = facts.access.is_static() || world.program.is_constructor(facts.name);
    let n = n_params(world.program, method) + usize::from(!is_bound);
    n.saturating_sub(usize::from(lambda.n_args))
}
