//! Resources that shared code keeps under a name which callers choose, and releases for whoever names it again.

use super::Judge;
use super::flow::{Acquired, Released, Site};
use crate::dataflow::knowledge::{Subject, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{FieldId, MethodId, Name, TenantId, ValueId};

/// Callers looked at of what acquires and of what releases.
const MAX_SITES: usize = 64;

/// Where a container's entry is put or taken: the field that holds the container, and the parameter that is the key.
type Entry = (FieldId, u16);

impl Judge<'_> {
    /// A call by which a tenant has something kept under a constant name, while at its unload it names others only.
    pub(super) fn missed_name(
        &self,
        acquired: &Acquired,
        releases: &[&Released],
        tenant: TenantId,
    ) -> Option<Site> {
        let (field, key) = entry_put(self.world, acquired)?;
        let mut named = Vec::new();
        for release in releases {
            let method = release.site.0;
            let (_, key) = entry_taken(self.world, release.site).filter(|(f, _)| *f == field)?;
            for (caller, name) in self.names(method, key, tenant)? {
                if self.roots.reaches(tenant, caller.0) {
                    named.push(name?);
                }
            }
        }
        let kept = self.names(acquired.method, key, tenant)?;
        let mut forgotten = kept.into_iter().filter(|(_, name)| name.is_some_and(|n| !named.contains(&n)));
        forgotten.next().map(|(site, _)| site).filter(|_| !named.is_empty())
    }

    /// The calls of a method by a tenant's own code, with the constant that each passes; `None` if others than the
    /// tenant's own code call it on its behalf.
    pub(super) fn names(
        &self,
        method: MethodId,
        param: u16,
        tenant: TenantId,
    ) -> Option<Vec<(Site, Option<Name>)>> {
        let world = self.world;
        let mut names = Vec::new();
        for site in world.sites.of(method, MAX_SITES)? {
            let body = world.body(site.caller);
            match world.reach.owner(body.class) {
                Some(owner) if owner == tenant => {
                    let call = world.event(site.caller, site.event).filter(|e| e.kind.is_invoke())?;
                    names.push(((site.caller, site.event), constant(body, call, param)));
                }
                Some(_) => {}
                None if self.is_run_by(tenant, site.caller) => return None,
                None => {}
            }
        }
        Some(names)
    }
}

/// The entry under which a method keeps what it acquires.
fn entry_put(world: &World<'_>, acquired: &Acquired) -> Option<Entry> {
    let body = world.body(acquired.method);
    let is_it = |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(acquired.event)));
    let mut events = body.origins.events().iter();
    events.find_map(|event| {
        let is_put = event.kind.has_receiver() && body.origins.args(event).iter().skip(2).any(is_it);
        entry_of(world, body, event).filter(|_| is_put)
    })
}

/// The entry that a releasing call takes what it releases from.
fn entry_taken(world: &World<'_>, release: Site) -> Option<Entry> {
    let body = world.body(release.0);
    let call = world.event(release.0, release.1).filter(|e| e.kind.has_receiver())?;
    let mut leaves = body.origins.leaves(body.origins.arg(call, 0)).filter(|l| *l != Value::Null);
    let (_, taken) = body.origins.event(leaves.next()?).filter(|_| leaves.next().is_none())?;
    entry_of(world, body, taken)
}

/// The entry of a static container, or one of `this`, that a call of it is about.
pub(super) fn entry_of(world: &World<'_>, body: Body<'_>, call: &Event) -> Option<Entry> {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let member = call.member().filter(|_| call.kind.is_invoke())?;
    let maps = [groups::CONTAINER_MUTATOR, groups::CONTAINER_READ].map(|g| world.knowledge.group(g));
    let keyed = world.knowledge.apis(loader, member).find_map(|api| {
        let at = usize::from(api);
        let is_map = maps.iter().any(|group| group.get(at) == Some(&true));
        world.knowledge.tables.apis.get(at)?.key.filter(|_| is_map)
    })?;
    let key = body.origins.arg(call, Subject::Argument(keyed).operand(true)?);
    let mut keys = body.origins.leaves(key);
    let (Value::Param(param), None) = (keys.next()?, keys.next()) else { return None };
    let mut holders = body.origins.leaves(body.origins.arg(call, 0));
    let (_, read) = body.origins.event(holders.next()?).filter(|_| holders.next().is_none())?;
    let refs = program.refs(loader);
    let is_read = matches!(read.kind, EventKind::GetField | EventKind::GetStatic);
    Some((read.member().filter(|_| is_read).and_then(|m| refs.field(m))?, param))
}

/// The text that a call passes as one operand, if it is always the same.
pub(super) fn constant(body: Body<'_>, call: &Event, param: u16) -> Option<Name> {
    let mut leaves = body.origins.leaves(body.origins.arg(call, usize::from(param)));
    match (leaves.next(), leaves.next()) {
        (Some(Value::Str(text)), None) => Some(text),
        _ => None,
    }
}
