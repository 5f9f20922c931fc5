//! How a resource is released for one tenant.

use super::acquire::{LISTENERS_OF_OTHERS, POOLS, REGISTRATIONS, THREAD_BOUND, THREADS, is_of_group};
use super::flow::{Acquired, Fate, OwnCall, Released, Site};
use super::own_loader::Keeps;
use super::threads::Life;
use super::{
    Judge, Keeper, Release, at_end, identity, own_library, own_loader, owners, pairs, replaced, requests,
    scoped, tasks, thread_locals, threads,
};
use crate::dataflow::knowledge::groups;
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{MethodId, TenantId, ValueId};

impl Judge<'_> {
    pub(super) fn release(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        life: Option<&Life>,
        tenant: TenantId,
    ) -> (Release, Option<Site>) {
        let tables = &self.world.knowledge.tables;
        let Some(resource) = tables.resources.get(usize::from(acquired.resource)) else {
            return (Release::Never, None);
        };
        let waits_for_end =
            is_of_group(self.world, acquired.resource, POOLS) && at_end::works_only_then(self.world, fate);
        if waits_for_end || life.is_some_and(|l| l.is_short) {
            return (Release::Locally, None);
        }
        if resource.cleaned_by.iter().any(|c| c == self.container)
            || resource.gone_with_request_threads.iter().any(|c| c == self.container)
                && requests::is_for_requests_only(self.world, acquired.method)
        {
            return (Release::ByContainer, None);
        }
        if is_of_group(self.world, acquired.resource, THREAD_BOUND) {
            return self.removal(acquired, fate, tenant);
        }
        if let Some(ended) = self.ended_where_made(acquired, fate) {
            return ended;
        }
        if let Some(site) = self.released_by_helper(acquired, fate) {
            return (Release::Locally, Some(site));
        }
        let (at_unload, of_others) = self.in_time(acquired, fate, life, tenant);
        if at_unload.is_some() {
            if replaced::has_replaced_another(self.world, acquired, fate) {
                return (Release::Replaced, at_unload);
            }
            let passed_by = self.passed_by(acquired, &self.releases_in_time(fate, life, tenant), tenant);
            return match passed_by {
                Some(_) => (Release::Sometimes, passed_by),
                None => (Release::AtUnload, at_unload),
            };
        }
        if let Some(released) = self.released_by_library(acquired, tenant) {
            return released;
        }
        if let Some(managed) = self.by_manager(acquired, fate) {
            return managed;
        }
        if self.is_destroyed_as_bean(acquired, fate) {
            return (Release::ByContainer, fate.beans.first().map(|m| (*m, 0)));
        }
        let other = match of_others {
            Some(site) => (Release::OfOthers, Some(site)),
            None if life.is_some_and(|l| l.ignores_interrupts) => {
                self.release_by_others(acquired, &Fate { releases: Vec::new(), ..fate.clone() }, life, tenant)
            }
            None => self.release_by_others(acquired, fate, life, tenant),
        };
        if matches!(other.0, Release::Elsewhere | Release::HandedOn | Release::OfOthers)
            && let Some(site) = owners::released_with_owner(self.world, acquired, fate)
        {
            return (Release::Locally, Some(site));
        }
        self.by_itself(acquired, fate, life, &other.0).map_or(other, |end| (end, None))
    }

    /// The release by what the object is handed to for that.
    fn by_manager(&self, acquired: &Acquired, fate: &Fate) -> Option<(Release, Option<Site>)> {
        // Who keeps what others register is no manager of its own.
        let is_own = |site: Site| {
            site == (acquired.method, acquired.event)
                && is_of_group(self.world, acquired.resource, LISTENERS_OF_OTHERS)
        };
        let (row, site) = fate.managed.iter().find(|(_, site)| !is_own(*site))?;
        let manager = self.world.knowledge.tables.managers.get(usize::from(*row));
        let release = match manager.filter(|m| m.pins_loader) {
            Some(manager) => Release::ByPinningWrapper(manager.note.clone()),
            None => Release::ByContainer,
        };
        Some((release, Some(*site)))
    }

    /// The release of what no field keeps; or, of what one does, by the very method that acquires it, on every way on: what
    /// keeps it has no more than an object that is done with. After an exception only pools are let off with less.
    fn ended_where_made(&self, acquired: &Acquired, fate: &Fate) -> Option<(Release, Option<Site>)> {
        if let Some(local) = fate.releases.iter().find(|r| r.is_local && fate.fields.is_empty()) {
            let release = match self.is_always_released(acquired, fate) {
                true => Release::Locally,
                false => Release::UnlessThrown,
            };
            return Some((release, Some(local.site)));
        }
        let body = self.world.body(acquired.method);
        let call = self.world.event(acquired.method, acquired.event)?;
        let acquires: Vec<Value> = match acquired.operand {
            Some(i) => body.origins.leaves(body.origins.arg(call, usize::from(i))).collect(),
            None => vec![Value::Event(u32::from(acquired.event))],
        };
        // One that may as well release another object says nothing of this one.
        let is_of_it = |release: &&Released| {
            let event = body.origins.events().get(usize::from(release.site.1));
            let is_it = |leaf: &Value| match release.is_local {
                true => acquires.contains(leaf),
                false => is_read_back(self.world, body, *leaf, &acquires),
            };
            event.is_some_and(|e| {
                body.origins.args(e).iter().any(|v| {
                    let mut leaves = body.origins.leaves(*v).filter(|l| *l != Value::Null).peekable();
                    leaves.peek().is_some() && leaves.all(|l| is_it(&l))
                })
            })
        };
        let own = fate.releases.iter().filter(|r| r.site.0 == acquired.method);
        let events: Vec<u16> = own.filter(is_of_it).map(|r| r.site.1).collect();
        let first = Some((acquired.method, *events.first()?));
        if scoped::is_followed(self.world, (acquired.method, acquired.event), &events) {
            return Some((Release::Locally, first));
        }
        let is_at_end = is_of_group(self.world, acquired.resource, POOLS)
            && thread_locals::is_always_followed(self.world, body, acquired.event, &events, &|_| false);
        is_at_end.then_some((Release::UnlessThrown, first))
    }

    /// A release that an unload callback reaches; or, in the other part, one that it reaches for other objects only.
    fn in_time(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        life: Option<&Life>,
        tenant: TenantId,
    ) -> (Option<Site>, Option<Site>) {
        let releases = self.releases_in_time(fate, life, tenant);
        let first = releases.first().map(|r| r.site);
        if first.is_some() && !self.misses_a_holder(acquired, fate, &releases, tenant) {
            return (first, None);
        }
        (self.by_function(fate, tenant), first)
    }

    /// The releases that an unload callback reaches.
    fn releases_in_time<'f>(
        &self,
        fate: &'f Fate,
        life: Option<&Life>,
        tenant: TenantId,
    ) -> Vec<&'f Released> {
        let is_deaf = life.is_some_and(|l| l.ignores_interrupts);
        let is_in_time = |r: &&Released| {
            r.at_unload && self.roots.reaches(tenant, r.site.0) && !(is_deaf && self.only_interrupts(r.site))
        };
        fate.releases.iter().filter(is_in_time).collect()
    }

    /// How an object ends that nothing releases in time.
    fn by_itself(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        life: Option<&Life>,
        release: &Release,
    ) -> Option<Release> {
        if matches!(release, Release::Never | Release::Elsewhere)
            && let Some(keeps) = self.keeps(acquired, life)
        {
            return Some(match keeps {
                Keeps::Nothing => Release::WithOwnLoader,
                Keeps::Access => Release::WithCallersAccess,
            });
        }
        if matches!(release, Release::Never | Release::Elsewhere) && life.is_some_and(Life::ends_by_itself) {
            return Some(Release::WhenIdle);
        }
        let is_left_to_all = matches!(release, Release::Never | Release::Elsewhere)
            && self.world.reach.is_open_world()
            && matches!(self.found_keeper(fate, false), Keeper::SharedStatic(_));
        if is_left_to_all && own_loader::has_factory(self.world, acquired) {
            return Some(Release::WithOwnLoader);
        }
        let resource = self.world.knowledge.tables.resources.get(usize::from(acquired.resource))?;
        let is_left = matches!(release, Release::Never | Release::OfOthers);
        let by_end = || {
            tasks::end(&self.follower, acquired.resource, fate)
                .filter(|_| resource.ends_unreferenced && is_left)
        };
        if self.is_idle_without_work(acquired, fate) || self.idles(acquired) {
            if resource.ends_with_module && by_end() == Some(Release::Locally) {
                return Some(Release::Locally);
            }
            return Some(match self.found_keeper(fate, false) {
                // Work of one application keeps no thread that works for another: idle ones end first.
                Keeper::SharedStatic(_) => tasks::idle_end(self.world, fate),
                _ if self.world.reach.is_open_world() => Release::Locally,
                _ => tasks::idle_end(self.world, fate),
            });
        }
        if tasks::is_ended_by_task(self.world, fate) || tasks::is_ended_on_completion(self.world, fate) {
            return Some(Release::WhenIdle);
        }
        by_end()
    }

    /// What a thread of shared code that is not seen to keep anything of an application's still keeps, if it has the
    /// context loader of its own code.
    fn keeps(&self, acquired: &Acquired, life: Option<&Life>) -> Option<Keeps> {
        let class = self.world.program.class_of_method(acquired.made.0);
        // A method may make the timer, or start the thread, for whoever gets it.
        let is_of_callee = acquired.operand.is_none() && acquired.made != (acquired.method, acquired.event);
        let is_thread = (acquired.operand == Some(0) || is_of_callee)
            && is_of_group(self.world, acquired.resource, THREADS);
        let is_shared = self.world.program.is_shared(class) && self.pinned_by(acquired, life).is_none();
        (is_thread && is_shared).then(|| own_loader::keeps(self.world, acquired)).flatten()
    }

    /// Whether a call of a thread's tells it to end, which one that ignores interrupts does not.
    fn only_interrupts(&self, site: Site) -> bool {
        let member = self.world.event(site.0, site.1).and_then(Event::member);
        let name = member.map(|m| self.world.program.facts.members.get(m).name);
        name.is_some_and(|n| matches!(self.world.program.text(n), "interrupt" | "join"))
    }

    /// Whether a pool that is made for one piece of work is shut down also if a wait for the work's results throws.
    fn is_always_released(&self, acquired: &Acquired, fate: &Fate) -> bool {
        let world = self.world;
        let own = fate.releases.iter().filter(|r| r.site.0 == acquired.method);
        let releases: Vec<u16> = own.map(|r| r.site.1).collect();
        let loader = world.program.class(world.program.class_of_method(acquired.method)).loader;
        let waits = world.knowledge.group(groups::RESULT_WAIT);
        let throws = |e: &Event| {
            e.kind == EventKind::Throw
                || e.member().is_some_and(|m| world.knowledge.api_in(waits, loader, m).is_some())
        };
        !is_of_group(world, acquired.resource, POOLS)
            || releases.is_empty()
            || releases.len() != fate.releases.len()
            || thread_locals::is_always_followed(
                world,
                world.body(acquired.method),
                acquired.event,
                &releases,
                &throws,
            )
    }

    /// The function that releases the object, if it is called at unload: one kept in a list of things to undo.
    fn by_function(&self, fate: &Fate, tenant: TenantId) -> Option<Site> {
        let mut lambdas = fate.releases.iter().filter_map(|r| r.lambda);
        lambdas.find(|lambda| self.is_called_at_unload(*lambda, tenant))
    }

    /// Whether a method runs at a tenant's unload: because a callback reaches it, or as a function that is called then.
    pub(super) fn runs_at_unload(&self, tenant: TenantId, method: MethodId) -> bool {
        let makes = |site: &&CallSite| {
            let event = self.world.event(site.caller, site.event);
            event.is_some_and(|e| e.kind == EventKind::Lambda)
        };
        self.roots.reaches(tenant, method)
            || self.world.sites.resolved_to(method).iter().filter(makes).any(|site| {
                self.tenants(site.caller).contains(&tenant)
                    && self.is_called_at_unload((site.caller, site.event), tenant)
            })
    }

    fn is_called_at_unload(&self, lambda: Site, tenant: TenantId) -> bool {
        let is_called = |call: &OwnCall| {
            call.at_unload && call.target.is_none() && self.roots.reaches(tenant, call.site.0)
        };
        self.roots.is_called(tenant, lambda) || self.function(lambda).own.iter().any(is_called)
    }

    /// Whether a function goes where it can't be followed.
    fn is_handed_on(&self, lambda: Site) -> bool {
        let body = self.world.body(lambda.0);
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(lambda.1)));
        // A thread runs it when it is started, a hook's at the end of the JVM.
        let is_run_by_thread = body.origins.events().iter().any(|e| {
            e.kind == EventKind::InvokeSpecial
                && threads::is_thread(self.world, body, e)
                && body.origins.args(e).iter().skip(1).any(is_it)
        });
        let fate = self.function(lambda);
        (fate.escapes || fate.is_lent) && !is_run_by_thread
    }

    /// What becomes of a function.
    fn function(&self, lambda: Site) -> Fate {
        let (method, event) = lambda;
        self.follower.follow(&Acquired { method, event, resource: u16::MAX, operand: None, made: lambda })
    }

    /// Releases that are no call on the object: a flag, or a registry that is asked by name.
    fn release_by_others(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        life: Option<&Life>,
        tenant: TenantId,
    ) -> (Release, Option<Site>) {
        let (ended, stopped) = life.map_or((None, None), |l| l.ended(self.world, self.roots, tenant));
        if let Some(site) = ended {
            let release = match self.ends_another(acquired, fate, site, tenant) {
                true => Release::OfOthers,
                false => Release::AtUnload,
            };
            return (release, ended);
        }
        let taken_back = self.taken_back(acquired, fate);
        let own = (acquired.method, acquired.event);
        let others = scoped::taking_back(self.world, own, &taken_back);
        if scoped::is_followed(self.world, own, &others) {
            return (Release::Locally, others.first().map(|event| (own.0, *event)));
        }
        if let Some(site) = taken_back.iter().find(|s| self.runs_at_unload(tenant, s.0)) {
            return (Release::AtUnload, Some(*site));
        }
        // What a thread of the module's own does at its end is done when that thread is ended.
        if let Some(at_end) = fate.releases.iter().find(|r| self.own.is_ended(tenant, r.site.0)) {
            return (Release::AtUnload, Some(at_end.site));
        }
        let all = fate.releases.iter().map(|r| r.site).chain(stopped).chain(taken_back);
        let mut all: Vec<Site> = all.collect();
        all.sort_by_key(|site| self.distance(acquired.method, site.0));
        match all.into_iter().find(|site| self.is_run_by(tenant, site.0)) {
            Some(site)
                if !fate.releases.is_empty()
                    && fate.releases.iter().all(|r| r.lambda.is_some_and(|l| self.is_handed_on(l))) =>
            {
                (Release::HandedOn, Some(site))
            }
            Some(site) => (self.elsewhere(acquired, fate, site), Some(site)),
            None => (Release::Never, None),
        }
    }

    /// How far away a method is: a reader looks for a release in the same class first, then in the same archive.
    fn distance(&self, from: MethodId, to: MethodId) -> (bool, bool) {
        let program = self.world.program;
        let (from, to) = (program.class_of_method(from), program.class_of_method(to));
        (program.archive_of(from) != program.archive_of(to), from != to)
    }

    /// Whether those who use a library alone take back what it registers for them.
    fn elsewhere(&self, acquired: &Acquired, fate: &Fate, site: Site) -> Release {
        let is_registered = is_of_group(self.world, acquired.resource, REGISTRATIONS);
        let mut sites: Vec<Site> = fate.releases.iter().map(|r| r.site).collect();
        sites.push(site);
        match is_registered && self.world.reach.is_open_world() {
            true => pairs::taken_back_by_users(self.world, acquired.method, &sites)
                .map_or(Release::Elsewhere, |_| Release::ByUsers),
            false => Release::Elsewhere,
        }
    }

    /// Releases of a registry that may concern what was registered: by its name, or of whatever the registry lists.
    fn taken_back(&self, acquired: &Acquired, fate: &Fate) -> Vec<Site> {
        if !is_of_group(self.world, acquired.resource, REGISTRATIONS) {
            return Vec::new();
        }
        let own = (acquired.method, acquired.event);
        let of_resource = self.calls.releases.iter().filter(|r| r.0 == acquired.resource);
        let sites = of_resource.map(|(_, method, event)| (*method, *event));
        // A handle that is seen wherever it goes is no other one.
        let is_seen = acquired.operand.is_none() && !fate.escapes && !fate.is_lent;
        // What a library takes out by itself is not what its user has put in.
        let library = own_library::archive(self.world, acquired);
        let archive_of = |m| self.world.program.archive_of(self.world.program.class_of_method(m));
        let may_concern = |site: &Site| {
            library.is_none_or(|library| archive_of(site.0) != library)
                && !(is_seen && (self.is_on_handle(acquired, *site) || self.takes_nothing(*site)))
                && self.may_concern(acquired, fate, *site)
                && !self.takes_own_only(acquired, *site)
        };
        sites.filter(|site| *site != own && may_concern(site)).collect()
    }

    /// Whether a call is given no object but its receiver.
    fn takes_nothing(&self, site: Site) -> bool {
        let Some(event) = self.world.event(site.0, site.1) else { return false };
        let desc = event.member().map(|m| self.world.program.facts.members.get(m).desc);
        event.kind.has_receiver()
            && desc.is_some_and(|d| params(self.world.program.text(d)).all(|ty| !ty.is_reference()))
    }

    /// Whether a release is a call on what acquiring yields.
    fn is_on_handle(&self, acquired: &Acquired, release: Site) -> bool {
        let program = self.world.program;
        let name_of =
            |site: Site| self.world.event(site.0, site.1)?.member().map(|m| program.facts.members.get(m));
        let (Some(acquire), Some(release)) = (name_of(acquired.made), name_of(release)) else { return false };
        let loader = program.class(program.class_of_method(acquired.method)).loader;
        let yielded = return_type(program.text(acquire.desc)).class();
        let class = yielded.and_then(|name| program.find_text(loader, name));
        let owner = program.find(loader, release.owner);
        class.is_some_and(|c| program.has_supertype_named(c, program.text(release.owner)))
            || owner.zip(yielded).is_some_and(|(o, name)| program.has_supertype_named(o, name))
    }

    fn may_concern(&self, acquired: &Acquired, fate: &Fate, site: Site) -> bool {
        let registered =
            acquired.operand.and_then(|i| self.operand_type((acquired.method, acquired.event), i));
        let Some(event) = self.world.event(site.0, site.1) else { return false };
        let first = u8::from(event.kind.has_receiver());
        if self.member_of((acquired.method, acquired.event)) == self.member_of(site) {
            return true;
        }
        if self.operand_type(site, first) != registered {
            return identity::may_be_named(self.world, (acquired.method, acquired.event), site, first);
        }
        // What is taken back is of the registered kind: another object, unless nobody knows which.
        let value = self.world.body(site.0).origins.arg(event, usize::from(first));
        let origins = origins::of_value(self.world, site.0, value);
        let is_other = |o: Origin| {
            matches!(o, Origin::Field(_) | Origin::StaticField(_) | Origin::Allocation(_) | Origin::Array(_))
        };
        let is_kept_elsewhere = || {
            origins.iter().any(|f| matches!(f.origin, Origin::Field(_) | Origin::StaticField(_)))
                && !fate.escapes
                && origins.iter().all(|f| self.is_out_of_other_container(f, fate))
                && self.is_made_in_view(acquired)
        };
        !origins.iter().any(|f| !f.is_derived && is_other(f.origin))
            && !is_kept_elsewhere()
            && self.may_be_acquired(acquired, (site.0, value))
    }

    /// Whether a value may be the operand that is acquired.
    fn may_be_acquired(&self, acquired: &Acquired, other: (MethodId, ValueId)) -> bool {
        let event = self.world.event(acquired.method, acquired.event).zip(acquired.operand);
        event.is_none_or(|(event, operand)| {
            let value = self.world.body(acquired.method).origins.arg(event, usize::from(operand));
            identity::may_be_same(self.world, (acquired.method, value), other)
        })
    }

    fn member_of(&self, site: Site) -> Option<crate::vocabulary::MemberRefId> {
        self.world.event(site.0, site.1)?.member()
    }

    /// The declared type of an operand of a call; `None` for its receiver.
    pub(super) fn operand_type(&self, site: Site, operand: u8) -> Option<TypeDesc<'_>> {
        let event = self.world.event(site.0, site.1)?;
        let desc = self.world.program.text(self.world.program.facts.members.get(event.member()?).desc);
        params(desc).nth(usize::from(operand.checked_sub(u8::from(event.kind.has_receiver()))?))
    }
}

/// Whether a value is read from a static final field that the same body has just given one of these values, and no other.
fn is_read_back(world: &World<'_>, body: Body<'_>, leaf: Value, values: &[Value]) -> bool {
    let refs = world.program.refs(world.program.class(body.class).loader);
    let field_of = |e: &Event| refs.field(e.member()?);
    let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetStatic);
    let Some((at, field)) = read.and_then(|(at, e)| Some((at, field_of(e)?))) else { return false };
    let events = body.origins.events();
    let is_write = |e: &&Event| e.kind == EventKind::PutStatic && field_of(e) == Some(field);
    let mut writes = events.iter().filter(is_write).flat_map(|e| body.origins.args(e)).peekable();
    world.program.field(field).access.is_final()
        && writes.peek().is_some()
        && events.iter().take(at as usize).any(|e| is_write(&e))
        && writes.all(|v| body.origins.leaves(*v).all(|l| values.contains(&l)))
}
