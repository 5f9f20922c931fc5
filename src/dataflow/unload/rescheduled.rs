//! Tasks that run once, and each time have themselves run again.

use super::flow::{Acquired, Site};
use super::{tasks, threads};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind};
use crate::vocabulary::MethodId;
use rustc_hash::FxHashMap;

/// Calls between a task's `run` and the call that schedules it.
const MAX_DEPTH: u32 = 4;
/// Methods looked at for one task.
const MAX_METHODS: usize = 32;

/// Whether a module's own task schedules itself again whenever it ends normally.
pub(super) fn is_made_again(world: &World<'_>, acquired: &Acquired) -> bool {
    let site = (acquired.method, acquired.event);
    let body = world.body(site.0);
    let Some(call) = world.event(site.0, site.1) else { return false };
    if world.reach.owner(body.class).is_none() && !world.reach.is_open_world() {
        return false;
    }
    let first = usize::from(call.kind.has_receiver());
    let given = match tasks::task_of(world, body, call) {
        Some(task) => task..task + 1,
        None => first..usize::from(call.n_args),
    };
    let mut again = Again { world, site, known: FxHashMap::default() };
    given.into_iter().any(|at| {
        let life = threads::life_of_task(world, body, body.origins.arg(call, at));
        life.runs.iter().any(|run| again.always_comes(*run, 0))
    })
}

/// Which methods always come to a call.
struct Again<'w> {
    world: &'w World<'w>,
    site: Site,
    /// What was found out; of a method that is being looked at, that it does not.
    known: FxHashMap<MethodId, bool>,
}

impl Again<'_> {
    fn always_comes(&mut self, method: MethodId, depth: u32) -> bool {
        if let Some(known) = self.known.get(&method) {
            return *known;
        }
        if depth > MAX_DEPTH || self.known.len() >= MAX_METHODS {
            return false;
        }
        self.known.insert(method, false);
        let body = self.world.body(method);
        let events = body.origins.events();
        let comes: Vec<bool> =
            events.iter().enumerate().map(|(i, e)| self.comes_by(body, i, e, depth)).collect();
        let always = comes.contains(&true) && !returns_without(body, &comes);
        self.known.insert(method, always);
        always
    }

    fn comes_by(&mut self, body: Body<'_>, i: usize, event: &Event, depth: u32) -> bool {
        (body.id, i) == (self.site.0, usize::from(self.site.1))
            || event.kind.is_invoke()
                && threads::only_target(self.world, body, event)
                    .is_some_and(|target| self.always_comes(target, depth + 1))
    }
}

/// Whether a body returns on some way that passes none of the marked events, exceptions aside.
fn returns_without(body: Body<'_>, marked: &[bool]) -> bool {
    let unit = body.origins.unit;
    let blocks = unit.blocks_of(body.method);
    let events = body.origins.events();
    let mut seen = vec![false; blocks.len()];
    let mut waiting = vec![0u16];
    while let Some(at) = waiting.pop() {
        let Some(block) = blocks.get(usize::from(at)) else { continue };
        if std::mem::replace(&mut seen[usize::from(at)], true)
            || block.events().any(|e| marked.get(e).copied().unwrap_or(false))
        {
            continue;
        }
        if block.events().any(|e| events.get(e).is_some_and(|e| e.kind == EventKind::Return)) {
            return true;
        }
        waiting.extend(unit.successors(block));
    }
    false
}
