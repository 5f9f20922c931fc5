//! Code that runs only on threads of its own module: what such a thread keeps goes with the thread, and what it does at
//! its end is done when the module ends it.

use super::acquire::{POOLS, is_of_group};
use super::flow::Acquired;
use super::{Judge, Release, tasks, threads};
use crate::dataflow::World;
use crate::facts::EventKind;
use crate::vocabulary::{MethodId, Parallel, TenantId};
use rustc_hash::FxHashSet;

/// Methods on the ways to one that are looked at.
const MAX_METHODS: usize = 64;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 32;

/// What the threads of modules do.
#[derive(Default)]
pub(super) struct OwnTasks {
    /// What threads run that modules start, and pools that modules end at unload.
    runs: FxHashSet<MethodId>,
    /// What those run, and what that calls, that a module ends at its unload.
    ended: FxHashSet<(TenantId, MethodId)>,
}

/// What a thread runs, and what of it and of what it calls a tenant ends at its unload.
type Tasks = (Vec<MethodId>, Vec<(TenantId, MethodId)>);

impl Judge<'_> {
    /// What the threads of modules do; nothing where no module is seen.
    pub(super) fn own_tasks(&self, parallel: &impl Parallel) -> OwnTasks {
        let mut own = OwnTasks::default();
        if self.world.reach.is_open_world() {
            return own;
        }
        let found = parallel.map(self.calls.acquired.len(), |i| self.tasks_of(&self.calls.acquired[i]));
        for (runs, ended) in found.into_iter().flatten() {
            own.runs.extend(runs);
            own.ended.extend(ended);
        }
        own
    }

    /// What a thread or pool of a module runs, and what of it is ended at the module's unload.
    fn tasks_of(&self, acquired: &Acquired) -> Option<Tasks> {
        let world = self.world;
        let body = world.body(acquired.method);
        let tenant = world.reach.owner(body.class)?;
        let event = world.event(acquired.method, acquired.event)?;
        let is_thread = acquired.operand == Some(0) && threads::is_thread(world, body, event);
        if !is_thread && !is_of_group(world, acquired.resource, POOLS) {
            return None;
        }
        let life = is_thread.then(|| threads::life(world, body, body.origins.arg(event, 0)));
        let fate = self.follower.follow(acquired);
        let (release, _) = self.release(acquired, &fate, life.as_ref(), tenant);
        let is_ended = matches!(release, Release::AtUnload | Release::ByContainer);
        let (runs, bodies) = match life {
            Some(life) => (life.runs, life.bodies),
            None if is_ended => tasks::given(world, &fate),
            None => return None,
        };
        let ended = bodies.into_iter().filter(|_| is_ended).map(|body| (tenant, body));
        Some((runs, ended.collect()))
    }
}

impl OwnTasks {
    /// Whether a method runs in a task that a tenant ends at its unload.
    pub(super) fn is_ended(&self, tenant: TenantId, method: MethodId) -> bool {
        self.ended.contains(&(tenant, method))
    }

    /// Whether every way to a method begins at one of the tasks, which nothing else runs.
    pub(super) fn run_all(&self, world: &World<'_>, method: MethodId) -> bool {
        let mut seen = FxHashSet::from_iter([method]);
        let mut waiting = vec![method];
        while let Some(at) = waiting.pop() {
            let Some(sites) = world.sites.of(at, MAX_SITES) else { return false };
            let is_task = self.runs.contains(&at);
            if sites.is_empty() && !is_task || seen.len() > MAX_METHODS {
                return false;
            }
            for site in sites {
                let kind = world.event(site.caller, site.event).map(|e| e.kind);
                let is_call = kind.is_some_and(EventKind::is_invoke);
                if !is_call && !is_task {
                    return false;
                }
                if is_call && seen.insert(site.caller) {
                    waiting.push(site.caller);
                }
            }
        }
        true
    }
}
