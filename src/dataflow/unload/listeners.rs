//! Listeners that a module registers with shared code of the deployment: shared code keeps its argument in a
//! container of a static field, and has a method that takes an argument out of it again.

use super::beans::Beans;
use super::flow::{Acquired, Fate, OwnCall, Site};
use super::gates::{self, Gate, Groups, Way};
use super::{Judge, Keeper, Kept, LISTENER, Release, identity, scoped, singletons, wrapped};
use crate::dataflow::held::Held;
use crate::dataflow::knowledge::{ResourceId, Role};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{EventKind, Value};
use crate::topology::BASE;
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
    /// The static field that keeps the object, or the field of an object that all share.
    pub(super) field: FieldId,
    /// The call's operand that is the object.
    pub(super) operand: u16,
    /// Where shared code puts the object into what keeps it, or takes it out.
    gate: Site,
    /// What the models call it, if a library keeps it.
    resource: Option<ResourceId>,
}

impl Registered {
    /// What tells it from others, whatever the way.
    fn key(&self) -> (MethodId, u16, TenantId, FieldId, u16) {
        (self.method, self.event, self.tenant, self.field, self.operand)
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
/// Methods that one call may run: of more, which one keeps what it is given is not known.
const MAX_TARGETS: usize = 3;

impl Listeners {
    pub(super) fn find(world: &World<'_>, beans: &Beans, held: &Held, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 128;
        // Only modules register anything.
        if world.program.topology.is_open_world() {
            return Self::default();
        }
        let groups = Groups::new(world, beans, held, parallel);
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
                        gates::find(world, &groups, id, &mut found);
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
            let found = match gate.way {
                Way::In => &mut registered,
                Way::Out => &mut taken_back,
                Way::OutOfHandle | Way::Swept | Way::Drained => continue,
            };
            if has_counterpart(world, gate, &gates) {
                let mut seen = vec![(gate.site.0, gate.param)];
                let climb = Climb { world, gates: &gates, gate };
                climb.callers((gate.site.0, gate.param), None, 0, &mut seen, found);
            }
        }
        registered.sort_unstable();
        registered.dedup_by_key(|r| r.key());
        // A call that yields a function which takes the object out again takes out nothing.
        taken_back.retain(|r| registered.binary_search_by_key(&r.key(), Registered::key).is_err());
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
        self.gates_of(field).filter(|g| g.way.is_removal()).map(|g| g.site)
    }
}

/// Whether what a gate lets in or out of a container also goes the other way: by a call that is given the same, by the
/// handle that letting it in yields, or because all of a kind are taken out. What the base itself takes out all the time
/// needs nobody else to do so.
fn has_counterpart(world: &World<'_>, gate: &Gate, gates: &[Gate]) -> bool {
    if gate.resource.is_some() {
        return true;
    }
    let mut of_field = gates.iter().filter(|g| g.field == gate.field);
    let is_run_by_base = |g: &Gate| world.reach.tenants(g.site.0).has(BASE);
    let is_seldom = |g: &Gate| match g.way {
        // What is dropped to make room is no removal.
        Way::Swept => !is_run_by_base(g) && g.site.0 != gate.site.0,
        way => way != Way::Drained,
    };
    let is_swept = of_field.clone().any(|g| g.way == Way::Swept) && of_field.clone().all(is_seldom);
    of_field.any(|g| match (gate.way, g.way) {
        (Way::In, Way::Out) if gate.is_left_by_wrapper(world, g) => {
            gates::hands_out(world, gate.site.0, g.site.0)
        }
        (Way::In, Way::Out) | (Way::Out, Way::In) => true,
        (Way::In, Way::OutOfHandle) => gates::hands_out(world, gate.site.0, g.site.0),
        (Way::In, Way::Swept) => is_swept && !gate.is_by_class,
        _ => false,
    })
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
        let listeners = Listeners::find(self.world, self.beans, self.held, parallel);
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
                stored_at: Some(r.gate),
                missed: None,
                table: None,
                nearest_callback: self.roots.nearest(self.world, r.tenant, class),
                pinned_by: Some(class),
                is_once: false,
                is_of_base_too: false,
            }
        };
        listeners.registered.iter().filter(|r| !self.tenants(r.method).is_empty()).map(one).collect()
    }

    fn listener_release(&self, listeners: &Listeners, registered: &Registered) -> (Release, Option<Site>) {
        let tenant = registered.tenant;
        let own = (registered.method, registered.event);
        if self.is_managed(registered) {
            return (Release::ByContainer, None);
        }
        if let Some(site) = scoped::taken_out_again(self.world, &listeners.gates, registered.field, own) {
            return (Release::Locally, Some(site));
        }
        let handle = self.handle(registered).map(|handle| (handle, self.follower.follow(&handle)));
        if let Some((handle, fate)) = &handle
            && let Some(closed) = self.closed_handle(listeners, registered, handle, fate)
        {
            return closed;
        }
        let mut sites: Vec<Site> = match listeners.own_removals(self.world, registered) {
            Some(own) => own,
            None if self.is_other_name_taken(listeners, registered) => return (Release::Never, None),
            None => listeners.removals(registered.field).collect(),
        };
        let swept = listeners.gates_of(registered.field).filter(|g| g.way == Way::Swept).map(|g| g.site);
        sites.extend(swept);
        // With the shared object goes what it holds.
        let holder = self.world.program.class_of_field(registered.field);
        if let Some(table) = singletons::entered_in(self.world, self.held, holder) {
            sites.extend(listeners.removals(table));
        }
        // What only a handle removes is not removed by those who have another one.
        let is_of_seen_handle = |site: &Site| {
            handle.as_ref().is_some_and(|(handle, fate)| {
                !fate.escapes && !fate.is_lent && self.is_of_handle(handle, site.0)
            })
        };
        let at_unload = |s: &&Site| !is_of_seen_handle(s) && self.runs_at_unload(tenant, s.0);
        if let Some(site) = sites.iter().find(at_unload) {
            return (Release::AtUnload, Some(*site));
        }
        if let Some(site) = self.taken_from_library(registered) {
            return (Release::AtUnload, Some(site));
        }
        // And it stays if nobody has the handle.
        let is_lost = handle.as_ref().is_some_and(|(_, f)| f.fields.is_empty() && f.own.is_empty());
        let is_open = |site: &&Site| self.is_run_by(tenant, site.0) && !(is_lost && is_of_seen_handle(site));
        match sites.iter().find(is_open) {
            Some(site) => (Release::Elsewhere, Some(*site)),
            None => (Release::Never, None),
        }
    }

    /// Whether the call is one by which the object is handed over for release, on an object that the module was given: what
    /// another call yields may belong to another application.
    fn is_managed(&self, registered: &Registered) -> bool {
        let world = self.world;
        let body = world.body(registered.method);
        let Some(event) = world.event(registered.method, registered.event) else { return false };
        let Some(member) = event.member().filter(|_| event.kind.has_receiver()) else { return false };
        let loader = world.program.class(body.class).loader;
        let is_one = world.knowledge.roles(loader, member).any(|(role, _)| {
            let Role::Manager(row) = role else { return false };
            let manager = world.knowledge.tables.managers.get(usize::from(row));
            let subject = manager.filter(|m| !m.pins_loader).and_then(|m| m.subject.operand(true));
            subject == Some(usize::from(registered.operand))
        });
        let receiver = body.origins.arg(event, 0);
        let is_kept = |leaf: Value| match leaf {
            Value::Param(_) => true,
            _ => body.origins.event(leaf).is_some_and(|(_, e)| e.kind.has_field()),
        };
        is_one
            && body.origins.leaves(receiver).all(is_kept)
            && origins::of_value(world, body.id, receiver)
                .iter()
                .all(|f| matches!(f.origin, Origin::Parameter | Origin::Field(_)))
    }

    /// Where the module itself, without shared code in between, has the library take out what it keeps.
    fn taken_from_library(&self, registered: &Registered) -> Option<Site> {
        let owner = |method| self.world.reach.owner(self.world.program.class_of_method(method));
        let of_module = self.calls.releases.iter().filter(|(resource, method, _)| {
            Some(*resource) == registered.resource && owner(*method) == Some(registered.tenant)
        });
        let mut sites = of_module.map(|(_, method, event)| (*method, *event));
        sites.find(|site| self.takes_out(registered, *site) && self.runs_at_unload(registered.tenant, site.0))
    }

    /// Whether what a call names, or is given, may be what is registered.
    fn takes_out(&self, registered: &Registered, site: Site) -> bool {
        let world = self.world;
        let (own, taken) = (world.body(registered.method), world.body(site.0));
        let calls = world.event(registered.method, registered.event).zip(world.event(site.0, site.1));
        let Some((put, out)) = calls else { return true };
        let text = |body: Body<'_>, value: ValueId| {
            let mut leaves = body.origins.leaves(value);
            leaves.next().filter(|l| matches!(l, Value::Str(_)) && leaves.next().is_none())
        };
        let given = || taken.origins.args(out).iter().skip(1);
        let named: Vec<Value> = own.origins.args(put).iter().filter_map(|v| text(own, *v)).collect();
        let names: Vec<Value> = given().filter_map(|v| text(taken, *v)).collect();
        if !names.is_empty() {
            return named.is_empty() || names.iter().any(|n| named.contains(n));
        }
        let value = own.origins.arg(put, usize::from(registered.operand));
        given().any(|v| identity::may_be_same(world, (registered.method, value), (site.0, *v)))
    }

    /// How a handle that registering yields, a function or an object, removes the listener: where it is used at unload, or
    /// in the very method that gets it and nothing else does.
    fn closed_handle(
        &self,
        listeners: &Listeners,
        registered: &Registered,
        handle: &Acquired,
        fate: &Fate,
    ) -> Option<(Release, Option<Site>)> {
        let removing = |method: MethodId| listeners.removals(registered.field).any(|s| s.0 == method);
        let made = self.world.event(handle.made.0, handle.made.1);
        let is_function = made.is_some_and(|e| e.kind == EventKind::Lambda);
        let removes = |call: &&OwnCall| match call.target {
            Some(target) => removing(target),
            None => is_function,
        };
        let tenant = registered.tenant;
        let is_lambda = |method: MethodId| self.world.program.method(method).access.is_synthetic();
        let at_unload = |call: &&OwnCall| {
            call.at_unload && self.roots.reaches(tenant, call.site.0)
                || is_lambda(call.site.0) && self.runs_at_unload(tenant, call.site.0)
        };
        let mut calls = fate.own.iter().filter(removes);
        if let Some(call) = calls.clone().find(at_unload) {
            return Some((Release::AtUnload, Some(call.site)));
        }
        let local = calls.find(|c| c.site.0 == registered.method && fate.fields.is_empty() && !fate.escapes);
        local.map(|call| (Release::Locally, Some(call.site)))
    }

    /// What a registering call yields: the function or object that the called method makes, or whatever it may be.
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
                        && matches!(e.kind, EventKind::Lambda | EventKind::New)
                    {
                        made = (target, i as u16);
                    }
                }
            }
        }
        Some(Acquired { method, event, resource: ResourceId::MAX, operand: None, made })
    }

    /// Whether a method is the function, or one of the object, that registering yields.
    fn is_of_handle(&self, handle: &Acquired, method: MethodId) -> bool {
        let (world, made) = (self.world, handle.made);
        world.event(made.0, made.1).is_some_and(|event| gates::is_made_by(world, made.0, event, method))
    }
}

/// The way of what a gate is given, from the modules' calls.
struct Climb<'c, 'w> {
    world: &'c World<'w>,
    gates: &'c [Gate],
    gate: &'c Gate,
}

impl Climb<'_, '_> {
    /// Follows a parameter up to the modules' calls. An object on which a method of a class runs is one of `class`, too.
    fn callers(
        &self,
        (method, param): (MethodId, u16),
        class: Option<ClassId>,
        depth: u32,
        seen: &mut Vec<(MethodId, u16)>,
        found: &mut Vec<Registered>,
    ) {
        let (world, field) = (self.world, self.gate.field);
        let is_receiver = param == 0 && !world.program.method(method).access.is_static();
        let runs_on = is_receiver.then(|| world.program.class_of_method(method));
        let class = match (class, runs_on) {
            (Some(class), Some(on)) if world.program.is_subtype(class, on) => Some(class),
            (class, on) => on.or(class),
        };
        for site in world.sites.of(method, MAX_SITES).unwrap_or_default() {
            let caller = world.body(site.caller);
            let Some(event) = caller.origins.events().get(usize::from(site.event)) else { continue };
            let value = caller.origins.arg(event, usize::from(param));
            if event.kind.is_invoke() && world.targets(caller, event, MAX_TARGETS).is_none() {
                continue;
            }
            if let Some(tenant) = world.reach.owner(caller.class) {
                if event.kind.is_invoke() && is_of_module(world, caller, value, (tenant, class)) {
                    let (method, event, gate) = (site.caller, site.event, self.gate.site);
                    let resource = self.gate.resource;
                    found.push(Registered { method, event, tenant, field, operand: param, gate, resource });
                }
            } else if depth < MAX_DEPTH {
                let params: Vec<u16> = params_of(caller, value);
                let is_put = !params.is_empty() && self.gate.way == Way::In;
                if is_put
                    && scoped::taken_out_again(world, self.gates, field, (site.caller, site.event)).is_some()
                {
                    continue;
                }
                for next in params {
                    if !seen.contains(&(site.caller, next)) {
                        seen.push((site.caller, next));
                        self.callers((site.caller, next), class, depth + 1, seen, found);
                    }
                }
            }
        }
    }
}

fn params_of(body: Body<'_>, value: ValueId) -> Vec<u16> {
    let leaves = body.origins.leaves(value);
    leaves.filter_map(|leaf| if let Value::Param(p) = leaf { Some(p) } else { None }).collect()
}

/// Objects of shared classes around one of a module's.
const MAX_WRAPPED: u32 = 2;

/// Whether a value is an object of a class that the module defines, a lambda of it, or such a class, or one of a shared
/// class around it; and can be one of another class, if that is given.
fn is_of_module(
    world: &World<'_>,
    body: Body<'_>,
    value: ValueId,
    (tenant, wanted): (TenantId, Option<ClassId>),
) -> bool {
    is_of_module_within(world, body, value, (tenant, wanted), 0)
}

fn is_of_module_within(
    world: &World<'_>,
    body: Body<'_>,
    value: ValueId,
    (tenant, wanted): (TenantId, Option<ClassId>),
    depth: u32,
) -> bool {
    let program = world.program;
    let is_self = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
    let can_be = |class: ClassId| {
        wanted.is_none_or(|wanted| {
            program.is_subtype(class, wanted)
                || program.is_subtype(wanted, class)
                || program.class_facts(wanted).access.is_interface()
        })
    };
    let is_own = |class: ClassId| world.reach.owner(class) == Some(tenant) && can_be(class);
    let is_around_own = |class: ClassId, (method, new): Site| {
        let maker = world.body(method);
        depth < MAX_WRAPPED
            && can_be(class)
            && !program.is_jdk(class)
            && world.reach.owner(class).is_none()
            && world.reach.owner(maker.class) == Some(tenant)
            && wrapped::kept_by(world, method, new)
                .into_iter()
                .any(|v| is_of_module_within(world, maker, v, (tenant, None), depth + 1))
    };
    can_be(body.class) && body.origins.leaves(value).any(is_self)
        || origins::of_value(world, body.id, value).iter().filter(|f| !f.is_derived).any(|found| match found
            .origin
        {
            Origin::Allocation(Some(class)) => {
                is_own(class) || is_around_own(class, (found.method, found.event))
            }
            Origin::Array(Some(class)) | Origin::ClassLiteral(_, Some(class)) => is_own(class),
            Origin::Allocation(None) => {
                let made = world.event(found.method, found.event);
                made.is_some_and(|e| e.kind == EventKind::Lambda)
                    && is_own(world.program.class_of_method(found.method))
            }
            _ => false,
        })
}
