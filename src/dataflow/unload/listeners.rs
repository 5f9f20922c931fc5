//! Listeners that a module registers with shared code of the deployment: shared code keeps its argument in a
//! container of a static field, and has a method that takes an argument out of it again.

use super::beans::Beans;
use super::flow::{Acquired, OwnCall, Site};
use super::{Judge, Keeper, Kept, LISTENER, Release, identity};
use crate::dataflow::knowledge::{ApiId, ResourceId, groups};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, Parallel, TenantId, ValueId};
use rustc_hash::FxHashSet;

/// A module's call that registers one of its objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Registered {
    /// The module's method that calls.
    pub(super) method: MethodId,
    /// The call.
    pub(super) event: u16,
    /// The module.
    pub(super) tenant: TenantId,
    /// The static field that keeps the object, or the field of an object that all share.
    pub(super) field: FieldId,
    /// The call's operand that is the object.
    pub(super) operand: u16,
}

/// A method of shared code that puts a parameter into a static field's container, or takes it out. A lambda's parameter
/// may be one that it captures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Gate {
    pub(super) field: FieldId,
    pub(super) site: Site,
    pub(super) param: u16,
    pub(super) is_removal: bool,
}

impl Gate {
    /// Whether the method that puts its parameter in takes it out again further down: it is there while the method runs.
    fn is_passing(&self, gates: &[Self]) -> bool {
        !self.is_removal
            && gates.iter().any(|out| {
                out.is_removal
                    && (out.field, out.site.0, out.param) == (self.field, self.site.0, self.param)
                    && out.site.1 > self.site.1
            })
    }
}

/// What is registered, and for each field where objects are taken out.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) registered: Vec<Registered>,
    /// The calls by which modules take their objects back.
    taken_back: Vec<Registered>,
    gates: Vec<Gate>,
}

/// Calls between a module and the method that keeps its object.
const MAX_DEPTH: u32 = 3;
/// Callers of one such method.
const MAX_SITES: usize = 256;
/// Views and elements between a static field and the container that is changed.
const MAX_VIEWS: u32 = 4;

impl Listeners {
    pub(super) fn find(world: &World<'_>, beans: &Beans, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 128;
        // Only modules register anything.
        if world.program.topology.is_open_world() {
            return Self::default();
        }
        let groups = Groups::new(world, beans, parallel);
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
        let (mut registered, mut taken_back) = (Vec::new(), Vec::new());
        for gate in &gates {
            if gate.is_passing(&gates) {
                continue;
            }
            if gates.iter().any(|g| g.is_removal != gate.is_removal && g.field == gate.field) {
                let mut seen = vec![(gate.site.0, gate.param)];
                let found = if gate.is_removal { &mut taken_back } else { &mut registered };
                climb(world, gate.field, gate.site.0, gate.param, 0, &mut seen, found);
            }
        }
        registered.sort_unstable();
        registered.dedup();
        // A call that yields a function which takes the object out again takes out nothing.
        taken_back.retain(|r| registered.binary_search(r).is_err());
        Self { registered, taken_back, gates }
    }

    /// Where a registered object, and not another one, is taken out by a module's own call; `None` if no call is seen
    /// to take out any of its objects.
    fn own_removals(&self, world: &World<'_>, registered: &Registered) -> Option<Vec<Site>> {
        let value_of = |r: &Registered| {
            let event = world.event(r.method, r.event)?;
            Some((r.method, world.body(r.method).origins.arg(event, usize::from(r.operand))))
        };
        let own = value_of(registered)?;
        let of_field = |r: &&Registered| r.field == registered.field && r.tenant == registered.tenant;
        let all: Vec<&Registered> = self.taken_back.iter().filter(of_field).collect();
        let same = all.iter().filter(|r| value_of(r).is_none_or(|v| identity::may_be_same(world, own, v)));
        (!all.is_empty()).then(|| same.map(|r| (r.method, r.event)).collect())
    }

    /// Where objects are put into a field's container or taken out of it.
    pub(super) fn gates_of(&self, field: FieldId) -> impl Iterator<Item = &Gate> + '_ {
        self.gates.iter().filter(move |g| g.field == field)
    }

    /// Where objects are taken out of a field's container.
    pub(super) fn removals(&self, field: FieldId) -> impl Iterator<Item = Site> + '_ {
        self.gates_of(field).filter(|g| g.is_removal).map(|g| g.site)
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
        let listeners = Listeners::find(self.world, self.beans, parallel);
        let one = |r: &Registered| {
            let (release, release_site) = self.listener_release(&listeners, r);
            let class = self.world.program.class_of_method(r.method);
            Kept {
                resource,
                method: r.method,
                event: r.event,
                tenant: Some(r.tenant),
                keeper: Keeper::SharedStatic(r.field),
                release,
                release_site,
                missed: None,
                table: None,
                nearest_callback: self.roots.nearest(self.world, r.tenant, class),
                pinned_by: Some(class),
            }
        };
        listeners.registered.iter().filter(|r| !self.tenants(r.method).is_empty()).map(one).collect()
    }

    fn listener_release(&self, listeners: &Listeners, registered: &Registered) -> (Release, Option<Site>) {
        let tenant = registered.tenant;
        if let Some(site) = self.closed_handle(listeners, registered) {
            return (Release::AtUnload, Some(site));
        }
        let sites: Vec<Site> = match listeners.own_removals(self.world, registered) {
            Some(own) => own,
            None if self.is_other_name_taken(listeners, registered) => return (Release::Never, None),
            None => listeners.removals(registered.field).collect(),
        };
        if let Some(site) = sites.iter().find(|s| self.runs_at_unload(tenant, s.0)) {
            return (Release::AtUnload, Some(*site));
        }
        // What only a handle removes stays if nobody has the handle.
        let is_open =
            |site: &&Site| self.is_run_by(tenant, site.0) && !self.is_of_lost_handle(registered, site.0);
        match sites.iter().find(is_open) {
            Some(site) => (Release::Elsewhere, Some(*site)),
            None => (Release::Never, None),
        }
    }

    /// Where a handle that registering yields, a function or an object, is used at unload to remove the listener.
    fn closed_handle(&self, listeners: &Listeners, registered: &Registered) -> Option<Site> {
        let removing = |method: MethodId| listeners.removals(registered.field).any(|s| s.0 == method);
        let handle = self.handle(registered)?;
        let fate = self.follower.follow(&handle);
        let is_function = handle.made != (registered.method, registered.event);
        let mut calls =
            fate.own.iter().filter(|c| c.at_unload && self.roots.reaches(registered.tenant, c.site.0));
        let removes = |call: &&OwnCall| match call.target {
            Some(target) => removing(target),
            None => is_function,
        };
        calls.find(removes).map(|c| c.site)
    }

    /// What a registering call yields: the function that the called method makes, or whatever it may be.
    fn handle(&self, registered: &Registered) -> Option<Acquired> {
        let world = self.world;
        let (method, event) = (registered.method, registered.event);
        let call = world.event(method, event)?;
        let body = world.body(method);
        let mut made = (method, event);
        for target in world.targets(body, call, MAX_DEPTH as usize)? {
            let callee = world.body(target);
            for ret in callee.origins.events().iter().filter(|e| e.kind == EventKind::Return) {
                for leaf in callee.origins.args(ret).iter().flat_map(|v| callee.origins.leaves(*v)) {
                    if let Some((i, e)) = callee.origins.event(leaf)
                        && e.kind == EventKind::Lambda
                    {
                        made = (target, i as u16);
                    }
                }
            }
        }
        Some(Acquired { method, event, resource: ResourceId::MAX, operand: None, made })
    }

    /// Whether a method is a function that registering yields to a caller who drops it.
    fn is_of_lost_handle(&self, registered: &Registered, removal: MethodId) -> bool {
        let Some(handle) = self.handle(registered) else { return false };
        let maker = self.world.event(handle.made.0, handle.made.1);
        let is_function = maker.is_some_and(|e| {
            let targets = self.world.targets(self.world.body(handle.made.0), e, 1).unwrap_or_default();
            e.kind == EventKind::Lambda && targets.contains(&removal)
        });
        let fate = self.follower.follow(&handle);
        is_function && fate.fields.is_empty() && fate.own.is_empty() && !fate.escapes && !fate.is_lent
    }
}

struct Groups<'w> {
    containers: [&'w [bool]; 3],
    removers: [&'w [bool]; 3],
    /// Classes of which a container of the base makes one object for all.
    singletons: FxHashSet<ClassId>,
}

impl<'w> Groups<'w> {
    fn new(world: &World<'w>, beans: &Beans, parallel: &impl Parallel) -> Self {
        let group = |name: &str| world.knowledge.group(name);
        let [map, collection] = groups::REMOVERS.map(|g| world.knowledge.group(g));
        let support = [groups::LISTENER_SUPPORT_ADD, groups::LISTENER_SUPPORT_REMOVE].map(group);
        Self {
            containers: [group(groups::CONTAINER_MUTATOR), support[0], support[1]],
            removers: [map, collection, support[1]],
            singletons: singletons(world, beans, parallel),
        }
    }
}

/// The shared classes of which there is one object: a bean, or one that a static of its own type holds.
fn singletons(world: &World<'_>, beans: &Beans, parallel: &impl Parallel) -> FxHashSet<ClassId> {
    const CHUNK: usize = 256;
    let program = world.program;
    let n = program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
        let is_own = |class: &ClassId| {
            let desc = format!("L{};", program.class_name(*class));
            let mut fields = program.fields_of(*class);
            !program.is_jdk(*class)
                && !program.class_facts(*class).access.is_enum()
                && fields.any(|(_, f)| f.access.is_static() && program.text(f.desc) == desc)
        };
        classes.filter(is_own).collect::<Vec<_>>()
    });
    let all = found.into_iter().flatten().chain(beans.single(world));
    all.filter(|class| program.is_shared(*class)).collect()
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
        let api =
            world.knowledge.apis(loader, member).find(|a| groups.containers.iter().any(|g| is_in(g, *a)));
        let Some(api) = api else { continue };
        let Some(field) = root(world, groups, body, body.origins.arg(event, 0), 0) else { continue };
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

/// The static field of a shared class, or the field of the only object of one, whose value, or a part of it, a value
/// is.
fn root(
    world: &World<'_>,
    groups: &Groups<'_>,
    body: Body<'_>,
    value: ValueId,
    depth: u32,
) -> Option<FieldId> {
    let refs = world.program.refs(world.program.class(body.class).loader);
    body.origins.leaves(value).find_map(|leaf| {
        let (_, event) = body.origins.event(leaf)?;
        match event.kind {
            EventKind::GetStatic => refs
                .field(event.member()?)
                .filter(|f| world.program.is_shared(world.program.class_of_field(*f))),
            EventKind::GetField => {
                let is_this = !body.method.access.is_static()
                    && body.origins.leaves(body.origins.arg(event, 0)).all(|l| l == Value::Param(0));
                let field = event.member().and_then(|m| refs.field(m)).filter(|_| is_this);
                field.filter(|f| groups.singletons.contains(&world.program.class_of_field(*f)))
            }
            kind if kind.has_receiver() && depth < MAX_VIEWS => {
                root(world, groups, body, body.origins.arg(event, 0), depth + 1)
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
                let (method, event) = (site.caller, site.event);
                found.push(Registered { method, event, tenant, field, operand: param });
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
