//! Pools whose threads end by themselves when nobody has work for them.

use super::flow::{Acquired, Fate, Site};
use super::{Judge, acquire};
use crate::dataflow::knowledge::{Role, groups};

impl Judge<'_> {
    /// Whether a resource gives back what it holds whenever it has nothing to do: it is made so, or told so.
    pub(super) fn is_idle_without_work(&self, acquired: &Acquired, fate: &Fate) -> bool {
        let resource = self.world.knowledge.tables.resources.get(usize::from(acquired.resource));
        let event = self.world.event(acquired.made.0, acquired.made.1);
        let stays = resource.and_then(|r| r.stays).zip(event);
        stays.is_some_and(|(at, event)| acquire::is_zero(self.world.body(acquired.made.0), event, at))
            || fate.calls.iter().any(|site| self.idles_out(*site))
    }

    /// Whether a call has a pool end all its threads when they have nothing to do.
    fn idles_out(&self, site: Site) -> bool {
        let world = self.world;
        let loader = world.program.class(world.program.class_of_method(site.0)).loader;
        let group = world.knowledge.group(groups::IDLES_OUT);
        let event = world.event(site.0, site.1).filter(|_| group.contains(&true));
        event.is_some_and(|event| {
            let is_told = |member| world.knowledge.api_in(group, loader, member).is_some();
            event.member().is_some_and(is_told) && !acquire::is_zero(world.body(site.0), event, 0)
        })
    }

    /// Whether a resource gives back what it holds when nobody has work for it.
    pub(super) fn idles(&self, acquired: &Acquired) -> bool {
        let program = self.world.program;
        let loader = program.class(program.class_of_method(acquired.made.0)).loader;
        let member = self.world.event(acquired.made.0, acquired.made.1).and_then(|e| e.member());
        let idles = Role::Idles(acquired.resource);
        member.is_some_and(|m| self.world.knowledge.roles(loader, m).any(|(role, _)| role == idles))
    }
}
