//! Threads of an application's own class, which end when a method of their object is called: of two that an object has,
//! one may be told to end and the other forgotten.

use super::Judge;
use super::flow::{Acquired, Fate, Site};
use crate::dataflow::World;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, TenantId};

impl Judge<'_> {
    /// Whether what ends a thread at a tenant's unload, a write of its own object's flag, is done to other objects only.
    pub(super) fn ends_another(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        ended: Site,
        tenant: TenantId,
    ) -> bool {
        let world = self.world;
        let is_seen = !fate.escapes && !fate.is_lent && fate.beans.is_empty() && !fate.fields.is_empty();
        if !is_seen || acquired.operand != Some(0) || world.reach.is_open_world() {
            return false;
        }
        let (Some(holder), Some(started)) = (flag_holder(world, ended), receiver_class(world, acquired))
        else {
            return false;
        };
        let ways = self.ways(ended.0, tenant);
        // Another method of the class may do the same.
        let loader = world.program.class(world.program.class_of_method(ended.0)).loader;
        let flag = world.event(ended.0, ended.1).and_then(|e| world.program.refs(loader).field(e.member()?));
        let writes =
            |target| flag.is_some_and(|flag| world.fields.writes(flag).any(|write| write.method == target));
        let is_told = fate.own.iter().any(|call| {
            let leads = |target| ways.leads(target) || writes(target);
            self.runs_at_unload(tenant, call.site.0) && call.target.is_some_and(leads)
        });
        world.program.is_subtype(started, holder) && !ways.is_hidden() && !is_told
    }
}

/// The class whose object's own field a method of it writes.
fn flag_holder(world: &World<'_>, site: Site) -> Option<ClassId> {
    let body = world.body(site.0);
    let is_own = |e: &&Event| {
        e.kind == EventKind::PutField
            && !body.method.access.is_static()
            && body.origins.leaves(body.origins.arg(e, 0)).all(|leaf| leaf == Value::Param(0))
    };
    world.event(site.0, site.1).filter(is_own).map(|_| body.class)
}

/// The declared class of the object that a call is made on.
fn receiver_class(world: &World<'_>, acquired: &Acquired) -> Option<ClassId> {
    let member = world.event(acquired.method, acquired.event)?.member()?;
    let loader = world.program.class(world.program.class_of_method(acquired.method)).loader;
    let class = world.program.find(loader, world.program.facts.members.get(member).owner)?;
    (!world.program.is_jdk(class)).then_some(class)
}
