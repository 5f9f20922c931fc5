//! What a module leaves behind when it is unloaded: resources that its code, or shared code on its behalf, acquires
//! and that nothing releases in time.
//!
//! An acquired object is followed to whatever keeps and releases it ([`flow`]); a release counts if it lies in code
//! that an unload callback of the tenant reaches ([`roots`]), if it is local to the work that needs the object, or if
//! a container does it. Threads count as released when nothing in them lasts ([`threads`]).

mod acquire;
mod at_end;
mod attributes;
pub(super) mod beans;
mod beginnings;
mod built;
mod consumers;
mod contents;
mod cycles;
mod deferred;
mod destroyed;
mod entries;
mod first_users;
mod flow;
mod functions;
mod gates;
mod given;
mod handles;
mod helpers;
mod holders;
mod hosts;
mod identity;
mod idle;
mod interrupts;
mod keepers;
mod keyed;
mod lingering;
mod listeners;
mod makers;
mod modelled;
mod name_parts;
mod named;
mod names;
mod own_flags;
mod own_library;
mod own_loader;
mod own_threads;
mod owners;
mod pairs;
mod parts;
mod receivers;
mod releases;
mod replaced;
mod requests;
mod rescheduled;
mod roots;
mod scoped;
mod singletons;
mod sometimes;
mod taken_out;
mod tasks;
mod thread_code;
mod thread_locals;
mod threads;
mod types;
mod uses;
mod waits;
mod wrapped;

pub(super) use beginnings::is_start;
pub use roots::{Callback, UnloadRoots};

use super::held::Held;
use super::knowledge::{ResourceId, Subject};
use super::origins::{self, Origin};
use super::remembered::Remembered;
use super::rounds::{Asked, Steps, in_rounds};
use super::{Changes, World, n_events};
use crate::facts::{EventKind, Value};
use crate::program::BitSet;
use crate::topology::BASE;
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel, TenantId};
use acquire::{Calls, FIRST_USE, LISTENERS_OF_OTHERS, THREAD_BOUND, is_of_group};
use beans::Beans;
use flow::{Acquired, Fate, Follower, Released, Site};
use given::GivenByLoader;
use own_threads::OwnTasks;
use thread_locals::Removal;
use threads::Life;

/// Name of the resource in the models that stands for an object registered with the deployment's own shared code.
/// Its acquiring calls are not listed there but found.
pub const LISTENER: &str = "listener";

/// Where a resource is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Keeper {
    /// Nowhere.
    Nothing,
    /// A field.
    Field(FieldId),
    /// A static field of a shared class.
    SharedStatic(FieldId),
    /// A bean.
    Bean,
    /// Not seen. Of a thread: it is not seen that it runs for ever.
    Unknown,
    /// A local variable.
    Local,
}

/// How it is released.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Release {
    /// Nowhere.
    Never,
    /// By an unload callback.
    AtUnload,
    /// By the container.
    ByContainer,
    /// By a wrapper that keeps the loader; what the models say about it.
    ByPinningWrapper(String),
    /// In code of the tenant that no unload callback reaches.
    Elsewhere,
    /// By whoever uses a library, whose own way to end what they use takes it back.
    ByUsers,
    /// By an unload callback, but not for each of the objects that hold one.
    OfOthers,
    /// By an unload callback, but not the one that was kept in the same place before.
    Replaced,
    /// By an unload callback, unless something throws before, or a condition keeps it from it.
    Sometimes,
    /// By a function that is handed on, to code that is not seen to call it at unload.
    HandedOn,
    /// In the same body, unless something is thrown before.
    UnlessThrown,
    /// Nowhere, but what a library keeps so for all runs on threads that have the library's own loader.
    WithOwnLoader,
    /// Nowhere, but it keeps no context loader of an application's: of whoever has it started only the access context.
    WithCallersAccess,
    /// By itself, some time after it had something to do: nothing that it was given to do, or does, is seen to last.
    WhenIdle,
    /// In the same body, in what it calls, or by itself: it does not outlive the work that it is for.
    Locally,
    /// By itself, when nothing refers to it any more and what it was given to do is done; nothing that lasts is seen
    /// to refer to it.
    WhenUnreferenced,
}

/// A resource that outlives the call that acquires it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Kept {
    /// Which.
    pub resource: ResourceId,
    /// Where it is acquired.
    pub method: MethodId,
    /// Position among its events.
    pub event: u16,
    /// On whose behalf: the module whose code acquires it, or, when shared code does and the tenants that reach it
    /// differ in how they release it, one of them. `None` for shared code and all tenants that reach it.
    pub tenant: Option<TenantId>,
    /// Where it is kept.
    pub keeper: Keeper,
    /// How it is released.
    pub release: Release,
    /// Where it is released; for a wrapper the call that hands it over.
    pub release_site: Option<(MethodId, u16)>,
    /// Where shared code puts it into what keeps it, if that is not where it is acquired.
    pub stored_at: Option<(MethodId, u16)>,
    /// Where an object is made that holds one which what releases the others does not release.
    pub missed: Option<(MethodId, u16)>,
    /// The field of the container for all whose entry keeps it.
    pub table: Option<FieldId>,
    /// A callback that could release it.
    pub nearest_callback: Option<MethodId>,
    /// The class of the deployment that it keeps alive, and with it the class's loader: its task, its own class.
    pub pinned_by: Option<ClassId>,
    /// Whether it is there once for the whole JVM, made at the first use.
    pub is_once: bool,
    /// Whether it is, and the base comes to such a use as well, by calls that can go nowhere else.
    pub is_of_base_too: bool,
}

/// Finds the resources that `wanted` accepts, released or not, in order of resource, method and event. `container` is
/// the topology's container.
///
/// With modules, what only the base acquires is left out: it lives as long as the JVM. Without, everything that an
/// application may cause counts, class initialisers included.
pub fn kept(
    world: &World<'_>,
    wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    container: &str,
    parallel: &impl Parallel,
) -> Vec<Kept> {
    let is_of_all = |f| {
        let class = world.program.class_of_field(f);
        !world.program.is_jdk(class) && world.reach.owner(class).is_none()
    };
    let changes = Changes::new(world, &is_of_all, parallel);
    let held = Held::find(world, &changes, &is_of_all, parallel);
    kept_with(world, &UnloadRoots::find(world, parallel), wanted, container, &held, parallel)
}

/// As [`kept`], for callers that have the unload roots already, and know which objects statics hold.
pub fn kept_with(
    world: &World<'_>,
    roots: &UnloadRoots,
    wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    container: &str,
    held: &Held,
    parallel: &impl Parallel,
) -> Vec<Kept> {
    let beans = Beans::new(world);
    let find_calls = || {
        let mut calls = acquire::find(world, &beans, wanted, parallel);
        add_initial_values(world, wanted, &mut calls);
        calls
    };
    let (calls, at_start) = parallel.both(find_calls, || roots::initializers_reach(world));
    let mut judge = Judge {
        own: OwnTasks::default(),
        given: GivenByLoader::default(),
        of_base_too: Remembered::default(),
        world,
        roots,
        beans: &beans,
        follower: Follower::new(world, &beans, roots, calls.named.clone()),
        calls: &calls,
        container,
        held,
        at_start,
    };
    judge.own = judge.own_tasks(parallel);
    let steps = Steps { all: STEPS.all + STEPS_OF_EVENT * n_events(world.program), ..STEPS };
    let found = in_rounds((0..calls.acquired.len()).collect(), steps, |open, allowed| {
        parallel.map(open.len(), |i| {
            let (answer, n_spent) = judge.acquired(&calls.acquired[open[i]], allowed);
            Asked { of: open[i], answer, n_spent, is_spent: n_spent > allowed }
        })
    });
    for not_whole in found.iter().filter(|asked| asked.is_spent) {
        world.bounds.note(calls.acquired[not_whole.of].method);
    }
    let mut kept: Vec<Kept> = found.into_iter().flat_map(|asked| asked.answer).collect();
    kept.extend(judge.listeners(wanted, parallel));
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Events and operands that are looked at to follow objects, and so many more for each of the program's events.
const STEPS: Steps = Steps { first: 1 << 8, most: 1 << 18, all: 1 << 21 };
const STEPS_OF_EVENT: u64 = 2;

/// Reads of thread locals that make an initial value acquire it.
fn add_initial_values(world: &World<'_>, wanted: &(dyn Fn(ResourceId) -> bool + Sync), calls: &mut Calls) {
    let resources = world.knowledge.tables.resources.iter().enumerate();
    let thread_bound: Vec<ResourceId> = resources
        .filter(|(i, r)| {
            let id = *i as ResourceId;
            r.check_unload
                && r.subject == Subject::Receiver
                && wanted(id)
                && is_of_group(world, id, THREAD_BOUND)
        })
        .map(|(i, _)| i as ResourceId)
        .collect();
    if thread_bound.is_empty() {
        return;
    }
    for (method, event) in thread_locals::initial_reads(world, &calls.reads) {
        let own = thread_bound.iter().filter(|r| thread_locals::is_of(world, (method, event), **r));
        let new = own.map(|resource| Acquired {
            method,
            event,
            resource: *resource,
            operand: Some(0),
            made: (method, event),
        });
        calls.acquired.extend(new);
    }
}

struct Judge<'w> {
    world: &'w World<'w>,
    roots: &'w UnloadRoots,
    beans: &'w Beans,
    follower: Follower<'w>,
    calls: &'w Calls,
    container: &'w str,
    held: &'w Held,
    at_start: BitSet,
    own: OwnTasks,
    given: GivenByLoader,
    of_base_too: Remembered<ResourceId, bool>,
}

impl Judge<'_> {
    /// How it is kept, and the steps that were taken to follow it; no more than are allowed, after which it counts as
    /// handed to code that is not seen.
    fn acquired(&self, acquired: &Acquired, n_allowed: u64) -> (Vec<Kept>, u64) {
        let (site, mut tenants) = self.on_behalf_of(acquired);
        let is_thread_bound = is_of_group(self.world, acquired.resource, THREAD_BOUND);
        if tenants.is_empty() || is_thread_bound && !thread_locals::pins(self.world, acquired) {
            return (Vec::new(), 0);
        }
        if parts::is_part_of_another(self.world, acquired) {
            return (Vec::new(), 0);
        }
        let life = self.life(acquired);
        if !self.concerns_application(acquired, life.as_ref()) {
            return (Vec::new(), 0);
        }
        let n_all = tenants.len();
        if let Some(life) = &life {
            tenants.retain(|tenant| !life.spares.contains(tenant));
        }
        let (fate, n_spent) = self.follower.follow_within(acquired, n_allowed);
        let releases: Vec<(Release, Option<Site>)> =
            tenants.iter().map(|t| self.release(acquired, &fate, life.as_ref(), *t)).collect();
        let table = self.shared_table(acquired).filter(|_| self.world.reach.is_open_world());
        let keeper = self.keeper(acquired, &fate, life.as_ref(), &releases, table);
        let pinned_by = self.pinned_by(acquired, life.as_ref());
        let class = match keeper {
            Keeper::Field(f) | Keeper::SharedStatic(f) => self.world.program.class_of_field(f),
            _ => self.world.program.class_of_method(acquired.method),
        };
        let owner = self.world.reach.owner(self.world.program.class_of_method(acquired.method));
        // What one of several objects misses is another object for each tenant.
        let is_of_others = releases.iter().any(|r| r.0 == Release::OfOthers);
        let concerns_all = tenants.len() == n_all;
        let is_same = concerns_all && !is_of_others && releases.windows(2).all(|w| w[0].0 == w[1].0);
        let n = if is_same { 1 } else { tenants.len() };
        let is_once = is_of_group(self.world, acquired.resource, FIRST_USE);
        let is_of_base_too = is_once
            && self.of_base_too.get_or_find_of(acquired.resource, |resource| self.is_used_by_base(*resource));
        let each = tenants.iter().zip(releases).take(n);
        let kept = each.map(|(tenant, (release, release_site))| {
            let missed = self.missed(acquired, &fate, &release, *tenant);
            let (told, missed) = self.told_at(site, missed);
            Kept {
                resource: acquired.resource,
                method: told.0,
                event: told.1,
                tenant: if is_same { owner } else { Some(*tenant) },
                keeper,
                missed,
                release,
                release_site,
                stored_at: None,
                table,
                nearest_callback: self.roots.nearest(self.world, *tenant, class),
                pinned_by,
                is_once,
                is_of_base_too,
            }
        });
        (kept.collect(), n_spent)
    }

    /// Whether a field is there once for all: a static, or one of an object that a static holds.
    fn is_there_once(&self, field: FieldId) -> bool {
        let program = self.world.program;
        program.field(field).access.is_static() || self.held.holder(program.class_of_field(field)).is_some()
    }

    /// Where to tell it: where a module makes an object of shared code which it then forgets, rather than in shared code,
    /// which does it for those who don't, too. The other part is the other place.
    fn told_at(&self, acquired: Site, missed: Option<Site>) -> (Site, Option<Site>) {
        let owner = |site: Site| self.world.reach.owner(self.world.program.class_of_method(site.0));
        // A bean is made by its container: there is no place that forgets it.
        let is_making = |site: Site| {
            let event = self.world.event(site.0, site.1);
            let is_init = self.world.program.is_constructor(self.world.program.method(site.0).name);
            event.is_some_and(|e| !is_init || e.kind != EventKind::InvokeSpecial || site.1 > 0)
        };
        match missed.filter(|m| owner(acquired).is_none() && owner(*m).is_some() && is_making(*m)) {
            Some(forgotten) => (forgotten, Some(acquired)),
            None => (acquired, missed),
        }
    }

    /// The tenants that go while the JVM stays and on whose behalf a method runs.
    fn tenants(&self, method: MethodId) -> Vec<TenantId> {
        if self.is_of_unused_class(method) {
            return Vec::new();
        }
        let reached = self.world.reach.tenants(method);
        let mut tenants: Vec<TenantId> =
            reached.iter().filter(|t| roots::is_unloaded(self.world, *t)).collect();
        if tenants.is_empty() && self.at_start.has(method.index()) {
            tenants.push(BASE);
        }
        tenants
    }

    /// Whether a method needs an object that nobody makes: the host of the plug-in is seen, and asks for objects of types
    /// of its own only, which the class has nothing to do with.
    fn is_of_unused_class(&self, method: MethodId) -> bool {
        let program = self.world.program;
        let class = program.class_of_method(method);
        let is_own = |c: ClassId| program.is_jdk(c) || self.world.reach.owner(c).is_some();
        !program.method(method).access.is_static()
            && self.world.reach.owner(class).is_some_and(|tenant| self.roots.has_host(tenant))
            && self.world.hierarchy.closure(class).into_iter().all(|c| {
                !self.world.hierarchy.is_instantiated(c)
                    && !program.class(c).has_phantom
                    && program.supers(c).all(is_own)
            })
    }

    fn life(&self, acquired: &Acquired) -> Option<Life> {
        let resource = self.world.knowledge.tables.resources.get(usize::from(acquired.resource))?;
        let body = self.world.body(acquired.method);
        let event = self.world.event(acquired.method, acquired.event)?;
        if resource.lasting_task {
            let task = body.origins.arg(event, usize::from(acquired.operand?));
            return Some(threads::life_of_task(self.world, body, task));
        }
        let is_start = resource.subject == Subject::Receiver && threads::is_thread(self.world, body, event);
        is_start.then(|| threads::life(self.world, body, body.origins.arg(event, 0)))
    }

    /// Whether a task lasts, and whether what the JVM keeps is an object of an application's own.
    fn concerns_application(&self, acquired: &Acquired, life: Option<&Life>) -> bool {
        let resource = self.world.knowledge.tables.resources.get(usize::from(acquired.resource));
        resource.is_none_or(|r| match (r.lasting_task, r.rescheduled) {
            (true, _) => life.is_some_and(|l| l.is_endless) && self.pinned_by(acquired, life).is_some(),
            (_, true) => rescheduled::is_made_again(self.world, acquired),
            _ if r.keeps_parts => built::own_part(self.world, acquired).is_some(),
            _ if r.own_objects => !built::is_of_others(self.world, acquired),
            // What a call yields is the caller's.
            _ => {
                !self.is_of_jvm(acquired)
                    || acquired.operand.is_none()
                    || self.pinned_by(acquired, None).is_some()
            }
        })
    }

    /// Whether only what belongs to the whole JVM, or to shared code, acquires the resource.
    fn is_of_jvm(&self, acquired: &Acquired) -> bool {
        let resource = self.world.knowledge.tables.resources.get(usize::from(acquired.resource));
        resource.is_some_and(|r| !r.on.is_empty())
            || is_of_group(self.world, acquired.resource, LISTENERS_OF_OTHERS)
    }

    fn is_run_by(&self, tenant: TenantId, method: MethodId) -> bool {
        self.world.reach.is_open_world() || self.world.reach.tenants(method).has(tenant)
    }

    /// A thread's value goes only from the thread that runs the removal: unload callbacks are no help.
    fn removal(&self, acquired: &Acquired, fate: &Fate, tenant: TenantId) -> (Release, Option<Site>) {
        if self.own.run_all(self.world, acquired.method) {
            return (Release::Locally, None);
        }
        let is_run = |method: MethodId| self.is_run_by(tenant, method);
        match thread_locals::removal(self.world, acquired, &fate.releases, self.beans, &is_run) {
            Removal::Always(site) => (Release::Locally, Some(site)),
            Removal::Sometimes(site) => (Release::Elsewhere, Some(site)),
            Removal::Never => (Release::Never, None),
        }
    }

    fn pinned_by(&self, acquired: &Acquired, life: Option<&Life>) -> Option<ClassId> {
        let program = self.world.program;
        let own = |class: &ClassId| self.world.reach.owner(*class).is_some();
        if let Some(life) = life {
            return life.runs.iter().map(|m| program.class_of_method(*m)).find(own);
        }
        let resource = self.world.knowledge.tables.resources.get(usize::from(acquired.resource))?;
        if resource.keeps_parts {
            return built::own_part(self.world, acquired);
        }
        let body = self.world.body(acquired.method);
        let event = self.world.event(acquired.method, acquired.event)?;
        let value = body.origins.arg(event, usize::from(acquired.operand?));
        let is_self = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
        if self.is_of_jvm(acquired) && body.origins.leaves(value).any(is_self) && own(&body.class) {
            return Some(body.class);
        }
        // What is made from an object, a text, does not keep it.
        let is_meant = |f: &&origins::Found| !f.is_derived || !self.is_of_jvm(acquired);
        let found = origins::of_value(self.world, acquired.method, value);
        found.iter().filter(is_meant).find_map(|found| match found.origin {
            Origin::Allocation(Some(class)) | Origin::Array(Some(class)) => Some(class).filter(own),
            Origin::Allocation(None) => Some(program.class_of_method(found.method)).filter(own),
            _ => None,
        })
    }
}
