//! Whether a release that runs at unload runs for every object that holds the resource.
//!
//! A field is followed for all objects of its class together: of two objects with an executor each, one may be closed
//! and the other forgotten, and a subclass may override what closes it. Here the objects are told apart, as far as
//! what makes and uses them is seen; where it is not, the release counts for all of them.

use super::flow::{Acquired, Fate, Site};
use super::{Judge, Release, Released, acquire};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::{ClassId, FieldId, MethodId, TenantId, ValueId};

/// Objects of one class that are told apart.
const MAX_HOLDERS: usize = 16;
/// Constructors that call one another.
const MAX_CONSTRUCTORS: u32 = 6;
/// Factories around one another that hand an object to their callers.
const MAX_LIFT: u32 = 3;
/// Methods of one object that lead to the release.
const MAX_METHODS: usize = 64;
/// Callers looked at for one method.
const MAX_SITES: usize = 64;

/// An object that holds the resource.
enum Holder {
    /// One that code makes.
    Made(Acquired),
    /// One that a container makes.
    Bean(ClassId),
    /// None but the name that a call has it kept under.
    Named(Site),
}

/// Ways to a release.
pub(super) struct Ways {
    /// Methods that make it on their own object.
    own: Vec<MethodId>,
    /// Calls of those on another object.
    calls: Vec<Site>,
    /// Those of them that may be called in a way that is not seen: they implement a method of the JDK.
    hidden: Vec<MethodId>,
    /// Whether something else calls a function of the object's that does so.
    is_kept_elsewhere: bool,
}

impl Ways {
    /// Whether a method of the object comes to the release.
    pub(super) fn leads(&self, method: MethodId) -> bool {
        self.own.contains(&method)
    }

    /// Whether something that is not seen may go one of them.
    pub(super) fn is_hidden(&self) -> bool {
        self.is_kept_elsewhere || !self.hidden.is_empty()
    }
}

impl Judge<'_> {
    /// Whether, of the objects that hold the resource, one is not released at a tenant's unload by any of these.
    pub(super) fn misses_a_holder(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        releases: &[&Released],
        tenant: TenantId,
    ) -> bool {
        self.missed_holder(acquired, fate, releases, tenant).is_some()
    }

    /// Where the object is made that holds what is released for others only.
    pub(super) fn missed(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        release: &Release,
        tenant: TenantId,
    ) -> Option<Site> {
        if *release != Release::OfOthers {
            return None;
        }
        let releases: Vec<&Released> =
            fate.releases.iter().filter(|r| r.at_unload && self.roots.reaches(tenant, r.site.0)).collect();
        match self.missed_holder(acquired, fate, &releases, tenant)? {
            Holder::Made(made) => Some((made.method, made.event)),
            Holder::Named(site) => Some(site),
            Holder::Bean(class) => {
                let program = self.world.program;
                let mut methods = program.methods_of(class);
                methods.find(|(_, m)| program.is_constructor(m.name)).map(|(id, _)| (id, 0))
            }
        }
    }

    fn missed_holder(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        releases: &[&Released],
        tenant: TenantId,
    ) -> Option<Holder> {
        if self.world.reach.is_open_world() {
            return None;
        }
        if let Some(site) = self.missed_name(acquired, releases, tenant) {
            return Some(Holder::Named(site));
        }
        let mut holders = None;
        let mut ways = Vec::new();
        for release in releases {
            let (method, field) =
                self.released_field(release.site).filter(|(_, f)| fate.fields.contains(f))?;
            holders = holders.or_else(|| self.holders(acquired, field));
            ways.push(self.ways(method, tenant));
        }
        // A way that is not understood may be one for each of them.
        let mut holders = holders.unwrap_or_default().into_iter();
        holders.find(|holder| {
            self.is_held_for(holder, tenant) && !ways.iter().any(|w| self.may_release(holder, w, tenant))
        })
    }

    /// Whether an object is made on behalf of a tenant.
    fn is_held_for(&self, holder: &Holder, tenant: TenantId) -> bool {
        match holder {
            Holder::Made(made) => self.is_run_by(tenant, made.method),
            Holder::Bean(_) | Holder::Named(_) => true,
        }
    }

    /// The field of `this` whose value, or whose elements, a call releases, and the method of `this` that does so: a
    /// function that it hands to the field's container counts for it.
    fn released_field(&self, site: Site) -> Option<(MethodId, FieldId)> {
        let body = self.world.body(site.0);
        let event = self.world.event(site.0, site.1)?;
        if event.kind == EventKind::Lambda {
            return Some((site.0, self.walked_field(body, site.1)?));
        }
        if body.method.access.is_static() || !event.kind.is_invoke() {
            return self.walked_by(site.0, event);
        }
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let read = |value: &ValueId| {
            body.origins.leaves(*value).find_map(|leaf| {
                let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField)?;
                let is_own = is_this(body, body.origins.arg(read, 0));
                read.member().filter(|_| is_own).and_then(|m| refs.field(m))
            })
        };
        let mut args = body.origins.args(event).iter();
        args.find_map(read).map(|field| (site.0, field))
    }

    /// The field whose elements are handed to a function which releases its parameter.
    fn walked_by(&self, function: MethodId, release: &Event) -> Option<(MethodId, FieldId)> {
        let released = self.world.body(function);
        let is_param = |v: &ValueId| released.origins.leaves(*v).any(|l| matches!(l, Value::Param(_)));
        let mut makers = self.world.sites.resolved_to(function).iter();
        let (maker, None) = (makers.next()?, makers.next()) else { return None };
        let (method, lambda) = (maker.caller, maker.event);
        let is_lambda = self.world.event(method, lambda)?.kind == EventKind::Lambda;
        if !is_lambda || !released.origins.args(release).iter().any(is_param) {
            return None;
        }
        Some((method, self.walked_field(self.world.body(method), lambda)?))
    }

    /// The field of `this` whose container a function is handed to.
    fn walked_field(&self, body: Body<'_>, lambda: u16) -> Option<FieldId> {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let takes = |e: &&Event| {
            let mut args = body.origins.args(e).iter().skip(1);
            e.kind.has_receiver()
                && args.any(|v| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(lambda))))
        };
        let walk = body.origins.events().iter().find(takes)?;
        body.origins.leaves(body.origins.arg(walk, 0)).find_map(|leaf| {
            let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField)?;
            let is_own = is_this(body, body.origins.arg(read, 0));
            read.member().filter(|_| is_own).and_then(|m| refs.field(m))
        })
    }

    /// The objects whose field keeps what is acquired; `None` if they are not all seen.
    fn holders(&self, acquired: &Acquired, field: FieldId) -> Option<Vec<Holder>> {
        let world = self.world;
        let program = world.program;
        let class = program.class_of_field(field);
        let body = world.body(acquired.method);
        let mut holders = Vec::new();
        if !body.method.access.is_static() && program.is_subtype(body.class, class) {
            match program.text(body.method.name) {
                "<init>" => self.made_by(acquired.method, 0, &mut holders)?,
                _ => self.all_of(body.class, &mut holders)?,
            }
        }
        if let Some(made) = self.filled_by(body, field).filter(|_| holders.is_empty()) {
            self.handed_over(made, 0, &mut holders);
        }
        if holders.is_empty() {
            let event = world.event(acquired.method, acquired.event)?;
            let value = match acquired.operand {
                None => Value::Event(u32::from(acquired.event)),
                Some(i) => body.origins.leaves(body.origins.arg(event, usize::from(i))).next()?,
            };
            holders.push(self.given_to(body, value, class)?);
        }
        Some(holders).filter(|h| h.len() <= MAX_HOLDERS)
    }

    /// The only object that a body makes and whose field it fills.
    fn filled_by(&self, body: Body<'_>, field: FieldId) -> Option<Acquired> {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let fills = |e: &&Event| {
            e.kind == EventKind::PutField && e.member().and_then(|m| refs.field(m)) == Some(field)
        };
        let mut stores = body.origins.events().iter().filter(fills);
        let (store, None) = (stores.next()?, stores.next()) else { return None };
        let mut leaves = body.origins.leaves(body.origins.arg(store, 0));
        let (holder, None) = (leaves.next()?, leaves.next()) else { return None };
        body.origins.event(holder).filter(|(_, e)| e.kind == EventKind::New)?;
        let is_constructor = |e: &Event| {
            e.kind == EventKind::InvokeSpecial
                && body.origins.leaves(body.origins.arg(e, 0)).any(|leaf| leaf == holder)
        };
        let call = body.origins.events().iter().position(is_constructor)?;
        let Holder::Made(made) = self.made(body.id, call as u16) else { return None };
        Some(made)
    }

    /// The object whose constructor is given a value.
    fn given_to(&self, body: Body<'_>, value: Value, class: ClassId) -> Option<Holder> {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let events = body.origins.events().iter().enumerate();
        let mut takers = events.filter(|(_, e)| {
            let args = body.origins.args(e).iter().skip(1);
            e.kind == EventKind::InvokeSpecial
                && args.into_iter().any(|a| body.origins.leaves(*a).any(|leaf| leaf == value))
        });
        let (i, call) = takers.next().filter(|_| takers.next().is_none())?;
        let constructor = call.member().and_then(|m| refs.method(m))?;
        let is_new = self.is_new(body, call);
        let fits = program.is_subtype(program.class_of_method(constructor), class);
        (is_new && fits).then(|| self.made(body.id, i as u16))
    }

    fn made(&self, method: MethodId, event: u16) -> Holder {
        Holder::Made(Acquired { method, event, resource: u16::MAX, operand: Some(0), made: (method, event) })
    }

    fn is_new(&self, body: Body<'_>, call: &Event) -> bool {
        let mut leaves = body.origins.leaves(body.origins.arg(call, 0));
        leaves.all(|leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::New))
    }

    fn all_of(&self, class: ClassId, holders: &mut Vec<Holder>) -> Option<()> {
        let program = self.world.program;
        let constructors = program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
        for (constructor, _) in constructors {
            self.made_by(constructor, 0, holders)?;
        }
        Some(())
    }

    /// The objects that a constructor initialises.
    fn made_by(&self, constructor: MethodId, depth: u32, holders: &mut Vec<Holder>) -> Option<()> {
        let world = self.world;
        let class = world.program.class_of_method(constructor);
        if depth >= MAX_CONSTRUCTORS || holders.len() > MAX_HOLDERS {
            return None;
        }
        let known = |h: &Holder| matches!(h, Holder::Bean(c) if *c == class);
        let is_bean = self.beans.is_bean_class(world, class) || self.is_called_back(class);
        if is_bean && !holders.iter().any(known) {
            holders.push(Holder::Bean(class));
        }
        for site in world.sites.of(constructor, MAX_SITES)? {
            let body = world.body(site.caller);
            let call = world.event(site.caller, site.event)?;
            if call.kind != EventKind::InvokeSpecial {
                return None;
            }
            if is_this(body, body.origins.arg(call, 0)) {
                self.made_by(site.caller, depth + 1, holders)?;
            } else if !self.is_new(body, call) {
                return None;
            } else if !is_bean {
                // A bean that code makes, too, stands in for the container's: in a test, in a `main`.
                let Holder::Made(made) = self.made(site.caller, site.event) else { continue };
                self.handed_over(made, 0, holders);
            }
        }
        Some(())
    }

    /// An object that a factory makes is held by the factory's callers.
    fn handed_over(&self, made: Acquired, depth: u32, holders: &mut Vec<Holder>) {
        let world = self.world;
        let body = world.body(made.method);
        let event = world.event(made.method, made.event);
        let is_handed = event.is_some_and(|e| acquire::is_handed_over(world, self.beans, body, &made, e));
        let is_kept = depth >= MAX_LIFT || self.beans.is_bean_method(world, made.method);
        let sites = world.sites.of(made.method, MAX_SITES).filter(|_| is_handed && !is_kept);
        let is_call =
            |site: &CallSite| world.event(site.caller, site.event).is_some_and(|e| e.kind.is_invoke());
        match sites.filter(|sites| !sites.is_empty() && sites.iter().all(is_call)) {
            Some(sites) => {
                for site in sites {
                    let (method, event) = (site.caller, site.event);
                    self.handed_over(Acquired { method, event, operand: None, ..made }, depth + 1, holders);
                }
            }
            None => holders.push(Holder::Made(made)),
        }
    }

    /// Whether a container calls an interface's method on objects of a class: one that has it is made to be registered.
    fn is_called_back(&self, class: ClassId) -> bool {
        let program = self.world.program;
        self.roots.callbacks().iter().any(|callback| {
            let facts = program.method(callback.method);
            let declared = program.class_of_method(callback.method);
            program.unit(declared).annotations_of(facts).is_empty()
                && program.is_subtype(class, declared)
                && program.select(class, facts.name, facts.desc) == Some(callback.method)
        })
    }

    /// The methods of the same object from which a method is called, and the calls of them from elsewhere.
    pub(super) fn ways(&self, release: MethodId, tenant: TenantId) -> Ways {
        let world = self.world;
        let class = world.program.class_of_method(release);
        let mut ways =
            Ways { own: vec![release], calls: Vec::new(), hidden: Vec::new(), is_kept_elsewhere: false };
        let mut at = 0;
        while let Some(method) = ways.own.get(at).copied() {
            at += 1;
            let sites = world.sites.of(method, MAX_SITES).filter(|_| at < MAX_METHODS);
            if sites.is_none() || self.overrides_unseen(method) {
                ways.hidden.push(method);
            }
            let sites = sites.unwrap_or_default();
            for site in sites {
                let body = world.body(site.caller);
                let Some(event) = world.event(site.caller, site.event) else { continue };
                let is_own = event.n_args > 0 && is_this(body, body.origins.arg(event, 0));
                for caller in self.roots.callers(tenant, (site.caller, site.event)) {
                    if !self.is_of_same_object(*caller, class) {
                        ways.is_kept_elsewhere = true;
                    } else if !ways.own.contains(caller) {
                        ways.own.push(*caller);
                    }
                }
                if !is_own {
                    ways.calls.push((site.caller, site.event));
                } else if !ways.own.contains(&{ site.caller }) {
                    ways.own.push(site.caller);
                }
            }
        }
        ways
    }

    /// Whether a method may be one of an object of a class.
    fn is_of_same_object(&self, method: MethodId, class: ClassId) -> bool {
        let program = self.world.program;
        let declared = program.class_of_method(method);
        !program.method(method).access.is_static()
            && (program.is_subtype(class, declared) || program.is_subtype(declared, class))
    }

    /// Whether a method may be called through a method of the JDK, of which no calls are known.
    fn overrides_unseen(&self, method: MethodId) -> bool {
        let program = self.world.program;
        let facts = program.method(method);
        let mut waiting: Vec<ClassId> = program.supers(program.class_of_method(method)).collect();
        let mut seen = Vec::new();
        while let Some(class) = waiting.pop() {
            if seen.contains(&class) {
                continue;
            }
            seen.push(class);
            if program.is_jdk(class) && program.declared_method(class, facts.name, facts.desc).is_some() {
                return true;
            }
            waiting.extend(program.supers(class));
        }
        false
    }

    fn may_release(&self, holder: &Holder, ways: &Ways, tenant: TenantId) -> bool {
        match holder {
            Holder::Made(_) | Holder::Bean(_) if ways.is_kept_elsewhere => true,
            Holder::Named(_) => false,
            Holder::Bean(class) => self.is_bean_released(*class, ways, tenant),
            Holder::Made(made) => {
                let fate = self.follower.follow(made);
                let is_seen = !fate.escapes && !fate.is_lent && fate.beans.is_empty();
                let releases = |target: &MethodId| ways.own.contains(target);
                !is_seen
                    || !fate.managed.is_empty()
                    || fate.releases.iter().any(|r| r.at_unload && self.roots.reaches(tenant, r.site.0))
                    || fate.own.iter().any(|call| {
                        let is_in_time = call.at_unload && self.roots.reaches(tenant, call.site.0)
                            || call.site.0 == made.method;
                        is_in_time && call.target.as_ref().is_some_and(releases)
                    })
            }
        }
    }

    fn is_bean_released(&self, class: ClassId, ways: &Ways, tenant: TenantId) -> bool {
        let program = self.world.program;
        let is_run_on = |method: &MethodId| {
            let facts = program.method(*method);
            program.is_subtype(class, program.class_of_method(*method))
                && (facts.access.is_private()
                    || program.select(class, facts.name, facts.desc) == Some(*method))
        };
        let is_callback = |method: &MethodId| {
            self.roots.callbacks().iter().any(|c| c.tenant == tenant && c.method == *method)
        };
        ways.own.iter().any(|m| is_callback(m) && is_run_on(m))
            || ways
                .calls
                .iter()
                .any(|site| self.roots.reaches(tenant, site.0) && self.may_run_on(class, *site, ways))
            || ways.hidden.iter().any(|m| !is_callback(m) && is_run_on(m))
    }

    /// Whether a call runs one of the ways if its receiver is of a class, which may have another method instead.
    fn may_run_on(&self, class: ClassId, site: Site, ways: &Ways) -> bool {
        let program = self.world.program;
        let is_dispatched =
            |e: &&Event| matches!(e.kind, EventKind::InvokeVirtual | EventKind::InvokeInterface);
        let member = self.world.event(site.0, site.1).filter(is_dispatched).and_then(Event::member);
        let selected = member.and_then(|m| {
            let member = program.facts.members.get(m);
            program.select(class, member.name, member.desc)
        });
        selected.is_none_or(|m| ways.own.contains(&m))
    }
}

fn is_this(body: Body<'_>, value: ValueId) -> bool {
    !body.method.access.is_static() && body.origins.leaves(value).all(|leaf| leaf == Value::Param(0))
}
