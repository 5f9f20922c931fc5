//! Threads that the initialiser of a shared class starts: on behalf of whichever application uses the class first.

use super::acquire::{THREADS, is_of_group};
use super::flow::{Acquired, Site};
use super::{Judge, roots};
use crate::dataflow::knowledge::ResourceId;
use crate::program::Entered;
use crate::topology::BASE;
use crate::vocabulary::{MethodId, TenantId};

/// Calls between an initialiser and the start of a thread.
const MAX_DEPTH: usize = 3;
/// Call sites looked at for one method.
const MAX_SITES: usize = 8;
/// Methods of which the base's way to them is looked for, each by a search of its own.
const MAX_USES: usize = 64;

impl Judge<'_> {
    /// Where something is acquired, and on whose behalf.
    pub(super) fn on_behalf_of(&self, acquired: &Acquired) -> (Site, Vec<TenantId>) {
        let tenants = self.tenants(acquired.method);
        let first = if tenants.is_empty() { self.first_users(acquired) } else { None };
        first.unwrap_or(((acquired.method, acquired.event), tenants))
    }

    /// Whether the base comes to a use of what is made at the first one, by calls that can go nowhere else. It starts before
    /// the applications do.
    pub(super) fn is_used_by_base(&self, resource: ResourceId) -> bool {
        let reach = self.world.reach;
        let is_sure = |method: MethodId| {
            reach.tenants(method).has(BASE)
                && reach
                    .witness(BASE, method)
                    .is_some_and(|way| way.iter().all(|step| step.entered != Entered::Dispatched))
        };
        let uses = self.calls.acquired.iter().filter(|a| a.resource == resource);
        let mut methods: Vec<MethodId> = uses.map(|a| a.method).collect();
        methods.dedup();
        methods.into_iter().take(MAX_USES).any(is_sure)
    }

    /// The place in an initialiser that has a thread started, and the applications that may be the first to use the class.
    /// Where the base uses it, that is there before them.
    fn first_users(&self, acquired: &Acquired) -> Option<(Site, Vec<TenantId>)> {
        let world = self.world;
        let class = world.program.class_of_method(acquired.method);
        let is_thread = acquired.operand == Some(0) && is_of_group(world, acquired.resource, THREADS);
        if !is_thread || world.reach.is_open_world() || !world.program.is_shared(class) {
            return None;
        }
        let mut sites = vec![(acquired.method, acquired.event)];
        for _ in 0..=MAX_DEPTH {
            let initial = sites.iter().find(|s| world.calls.is_initializer(s.0));
            if let Some(site) = initial {
                let users = self.users_of(site.0);
                let is_first = !users.is_empty() && !users.contains(&BASE);
                return is_first.then_some((*site, users));
            }
            let callers = sites.iter().flat_map(|s| world.sites.of(s.0, MAX_SITES).unwrap_or_default());
            sites = callers.map(|call| (call.caller, call.event)).take(MAX_SITES).collect();
        }
        None
    }

    /// The applications that use an initialiser's class: run its methods, or read its static fields.
    fn users_of(&self, initializer: MethodId) -> Vec<TenantId> {
        let (world, program) = (self.world, self.world.program);
        let class = program.class_of_method(initializer);
        let fields = program.fields_of(class).filter(|(_, f)| f.access.is_static());
        let readers = fields.flat_map(|(id, _)| world.fields.reads(id)).map(|read| read.method);
        let methods = program.methods_of(class).map(|(id, _)| id).chain(readers);
        let mut users: Vec<TenantId> =
            methods.flat_map(|id| world.reach.tenants(id).iter().collect::<Vec<_>>()).collect();
        users.retain(|t| *t == BASE || roots::is_unloaded(world, *t));
        users.sort_unstable();
        users.dedup();
        users
    }
}
