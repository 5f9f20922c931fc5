//! Listeners that a module registers with shared code of the deployment: shared code keeps its argument in a
//! container of a static field, and has a method that takes an argument out of it again.

use super::flow::Site;
use super::{Judge, Keeper, Kept, LISTENER, Release};
use crate::dataflow::knowledge::{ApiId, ResourceId, groups};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel, TenantId, ValueId};

/// A module's call that registers one of its objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Registered {
    /// The module's method that calls.
    pub(super) method: MethodId,
    /// The call.
    pub(super) event: u16,
    /// The module.
    pub(super) tenant: TenantId,
    /// The static field that keeps the object.
    pub(super) field: FieldId,
}

/// A method of shared code that puts a parameter into a static field's container, or takes it out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Gate {
    field: FieldId,
    site: Site,
    param: u16,
    is_removal: bool,
}

/// What is registered, and for each field where objects are taken out.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) registered: Vec<Registered>,
    gates: Vec<Gate>,
}

/// Calls between a module and the method that keeps its object.
const MAX_DEPTH: u32 = 3;
/// Callers of one such method.
const MAX_SITES: usize = 256;
/// Views and elements between a static field and the container that is changed.
const MAX_VIEWS: u32 = 4;

impl Listeners {
    pub(super) fn find(world: &World<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 128;
        // Only modules register anything.
        if world.program.topology.is_open_world() {
            return Self::default();
        }
        let groups = Groups::new(world);
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                let class = ClassId::from_index(i);
                if world.program.is_jdk(class) || !world.program.is_shared(class) {
                    continue;
                }
                for (id, method) in world.program.methods_of(class) {
                    if method.has_body {
                        gates_of(world, &groups, id, &mut found);
                    }
                }
            }
            found
        });
        let gates: Vec<Gate> = found.into_iter().flatten().collect();
        let mut registered = Vec::new();
        for gate in gates.iter().filter(|g| !g.is_removal) {
            if gates.iter().any(|g| g.is_removal && g.field == gate.field) {
                let mut seen = vec![(gate.site.0, gate.param)];
                climb(world, gate.field, gate.site.0, gate.param, 0, &mut seen, &mut registered);
            }
        }
        registered.sort_unstable();
        registered.dedup();
        Self { registered, gates }
    }

    /// Where objects are taken out of a field's container.
    pub(super) fn removals(&self, field: FieldId) -> impl Iterator<Item = Site> + '_ {
        self.gates.iter().filter(move |g| g.is_removal && g.field == field).map(|g| g.site)
    }
}

impl Judge<'_> {
    /// What is registered and how it is released.
    pub(super) fn listeners(
        &self,
        wanted: &(dyn Fn(ResourceId) -> bool + Sync),
        parallel: &impl Parallel,
    ) -> Vec<Kept> {
        let mut resources = self.world.knowledge.tables.resources.iter();
        let Some(resource) = resources.position(|r| r.name == LISTENER).map(|i| i as ResourceId) else {
            return Vec::new();
        };
        if !wanted(resource) {
            return Vec::new();
        }
        let listeners = Listeners::find(self.world, parallel);
        let one = |r: &Registered| {
            let site = |is: &dyn Fn(MethodId) -> bool| listeners.removals(r.field).find(|s| is(s.0));
            let at_unload = site(&|m| self.roots.reaches(r.tenant, m));
            let elsewhere = site(&|m| self.is_run_by(r.tenant, m));
            let (release, release_site) = match (at_unload, elsewhere) {
                (Some(site), _) => (Release::AtUnload, Some(site)),
                (None, Some(site)) => (Release::Elsewhere, Some(site)),
                (None, None) => (Release::Never, None),
            };
            let class = self.world.program.class_of_method(r.method);
            Kept {
                resource,
                method: r.method,
                event: r.event,
                tenant: Some(r.tenant),
                keeper: Keeper::SharedStatic(r.field),
                release,
                release_site,
                nearest_callback: self.roots.nearest(self.world, r.tenant, class),
                pinned_by: Some(class),
            }
        };
        listeners.registered.iter().filter(|r| !self.tenants(r.method).is_empty()).map(one).collect()
    }
}

struct Groups<'w> {
    containers: &'w [bool],
    clears: &'w [bool],
    removers: [&'w [bool]; 2],
}

impl<'w> Groups<'w> {
    fn new(world: &World<'w>) -> Self {
        Self {
            containers: world.knowledge.group(groups::CONTAINER_MUTATOR),
            clears: world.knowledge.group(groups::CONTAINER_CLEAR),
            removers: groups::REMOVERS.map(|g| world.knowledge.group(g)),
        }
    }
}

fn is_in(group: &[bool], api: ApiId) -> bool {
    group.get(usize::from(api)).copied().unwrap_or(false)
}

fn gates_of(world: &World<'_>, groups: &Groups<'_>, id: MethodId, found: &mut Vec<Gate>) {
    let body = world.body(id);
    let loader = world.program.class(body.class).loader;
    for (i, event) in body.origins.events().iter().enumerate() {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke() && event.n_args > 1) else {
            continue;
        };
        let api = world.knowledge.apis(loader, member).find(|a| is_in(groups.containers, *a));
        let Some(api) = api.filter(|a| !is_in(groups.clears, *a)) else { continue };
        let Some(field) = root(world, body, body.origins.arg(event, 0), 0) else { continue };
        let is_removal = groups.removers.iter().any(|g| is_in(g, api));
        for value in body.origins.args(event).iter().skip(1) {
            for leaf in body.origins.leaves(*value) {
                if let Value::Param(param) = leaf {
                    found.push(Gate { field, site: (id, i as u16), param, is_removal });
                }
            }
        }
    }
}

/// The static field of a shared class whose value, or a part of it, a value is.
fn root(world: &World<'_>, body: Body<'_>, value: ValueId, depth: u32) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    body.origins.leaves(value).find_map(|leaf| {
        let (_, event) = body.origins.event(leaf)?;
        match event.kind {
            EventKind::GetStatic => refs
                .field(event.member()?)
                .filter(|f| world.program.is_shared(world.program.class_of_field(*f))),
            kind if kind.has_receiver() && depth < MAX_VIEWS => {
                root(world, body, body.origins.arg(event, 0), depth + 1)
            }
            _ => None,
        }
    })
}

/// Follows a parameter up to the modules' calls.
fn climb(
    world: &World<'_>,
    field: FieldId,
    method: MethodId,
    param: u16,
    depth: u32,
    seen: &mut Vec<(MethodId, u16)>,
    found: &mut Vec<Registered>,
) {
    for site in world.sites.of(method, MAX_SITES).unwrap_or_default() {
        let caller = world.body(site.caller);
        let Some(event) = caller.origins.events().get(usize::from(site.event)) else { continue };
        let value = caller.origins.arg(event, usize::from(param));
        if let Some(tenant) = world.reach.owner(caller.class) {
            if event.kind.is_invoke() && is_of_module(world, caller, value, tenant) {
                found.push(Registered { method: site.caller, event: site.event, tenant, field });
            }
        } else if depth < MAX_DEPTH {
            let params: Vec<u16> = params_of(caller, event, value);
            for next in params {
                if !seen.contains(&(site.caller, next)) {
                    seen.push((site.caller, next));
                    climb(world, field, site.caller, next, depth + 1, seen, found);
                }
            }
        }
    }
}

fn params_of(body: Body<'_>, _event: &Event, value: ValueId) -> Vec<u16> {
    let leaves = body.origins.leaves(value);
    leaves.filter_map(|leaf| if let Value::Param(p) = leaf { Some(p) } else { None }).collect()
}

/// Whether a value is an object of a class that the module defines, a lambda of it, or such a class.
fn is_of_module(world: &World<'_>, body: Body<'_>, value: ValueId, tenant: TenantId) -> bool {
    let is_self = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
    let is_own = |class: ClassId| world.reach.owner(class) == Some(tenant);
    body.origins.leaves(value).any(is_self)
        || origins::of_value(world, body.id, value).iter().filter(|f| !f.is_derived).any(|found| match found
            .origin
        {
            Origin::Allocation(Some(class))
            | Origin::Array(Some(class))
            | Origin::ClassLiteral(_, Some(class)) => is_own(class),
            Origin::Allocation(None) => {
                let made = world.event(found.method, found.event);
                made.is_some_and(|e| e.kind == EventKind::Lambda)
                    && is_own(world.program.class_of_method(found.method))
            }
            _ => false,
        })
}
