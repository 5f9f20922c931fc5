//! Whether a release that runs at unload runs for every object that holds the resource.
//!
//! A field is followed for all objects of its class together: of two objects with an executor each, one may be closed
//! and the other forgotten, and a subclass may override what closes it. Here the objects are told apart, as far as
//! what makes and uses them is seen; where it is not, the release counts for all of them.

use super::flow::{Acquired, Fate, Site};
use super::{Judge, Release, Released};
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MethodId, TenantId, ValueId};

/// Objects of one class that are told apart.
const MAX_HOLDERS: usize = 16;
/// Constructors that call one another.
const MAX_CONSTRUCTORS: u32 = 6;
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
}

/// Ways to a release.
struct Ways {
    /// Methods that make it on their own object.
    own: Vec<MethodId>,
    /// Calls of those on another object.
    calls: Vec<Site>,
    /// Those of them that may be called in a way that is not seen: they implement a method of the JDK.
    hidden: Vec<MethodId>,
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
            Holder::Bean(class) => {
                let program = self.world.program;
                let mut methods = program.methods_of(class);
                methods.find(|(_, m)| program.text(m.name) == "<init>").map(|(id, _)| (id, 0))
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
        let mut holders = None;
        let mut ways = Vec::new();
        for release in releases {
            let field = self.released_field(release.site).filter(|f| fate.fields.contains(f))?;
            holders = holders.or_else(|| self.holders(acquired, field));
            ways.push(self.ways(release.site.0));
        }
        // A way that is not understood may be one for each of them.
        let mut holders = holders.unwrap_or_default().into_iter();
        holders.find(|holder| !ways.iter().any(|w| self.may_release(holder, w, tenant)))
    }

    /// The field of `this` whose value a call releases.
    fn released_field(&self, site: Site) -> Option<FieldId> {
        let body = self.world.body(site.0);
        let event = self.world.event(site.0, site.1)?;
        if body.method.access.is_static() || !event.kind.is_invoke() {
            return None;
        }
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let read = |value: &ValueId| {
            body.origins.leaves(*value).find_map(|leaf| {
                let (_, read) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField)?;
                let is_own = is_this(body, body.origins.arg(read, 0));
                read.member().filter(|_| is_own).and_then(|m| refs.field(m))
            })
        };
        body.origins.args(event).iter().find_map(read)
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
        let constructors = program.methods_of(class).filter(|(_, m)| program.text(m.name) == "<init>");
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
                holders.push(self.made(site.caller, site.event));
            }
        }
        Some(())
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
    fn ways(&self, release: MethodId) -> Ways {
        let world = self.world;
        let mut ways = Ways { own: vec![release], calls: Vec::new(), hidden: Vec::new() };
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
                if !is_own {
                    ways.calls.push((site.caller, site.event));
                } else if !ways.own.contains(&{ site.caller }) {
                    ways.own.push(site.caller);
                }
            }
        }
        ways
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
            || ways.calls.iter().any(|site| self.roots.reaches(tenant, site.0))
            || ways.hidden.iter().any(|m| !is_callback(m) && is_run_on(m))
    }
}

fn is_this(body: Body<'_>, value: ValueId) -> bool {
    !body.method.access.is_static() && body.origins.leaves(value).all(|leaf| leaf == Value::Param(0))
}
