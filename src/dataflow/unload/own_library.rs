//! What a library does with its own objects inside: that a pool enters itself into a table of all pools, or gives itself
//! to its parts, is no way for its user to release it, though the library ends what it finds there when another object
//! of the kind is released.

use super::flow::{Acquired, At, Place, Site, Walk};
use super::uses::yields;
use super::{Judge, Release};
use crate::dataflow::World;
use crate::dataflow::knowledge::Role;
use crate::facts::{Event, Value};
use crate::vocabulary::{FieldId, MethodId, TenantId, ValueId};

/// The archive of the library whose call acquires an object for code of another archive; `None` for what the JDK makes,
/// and for what a library acquires for itself.
pub(super) fn archive(world: &World<'_>, acquired: &Acquired) -> Option<usize> {
    let program = world.program;
    let made = world.event(acquired.made.0, acquired.made.1)?;
    let maker = program.class_of_method(acquired.made.0);
    let refs = program.refs(program.class(maker).loader);
    let library = program.class_of_method(made.member().and_then(|m| refs.method(m))?);
    let user = program.class_of_method(acquired.method);
    let is_seen = !program.is_jdk(library) && program.is_shared(library);
    Some(program.archive_of(library)).filter(|archive| is_seen && program.archive_of(user) != *archive)
}

impl Walk<'_, '_> {
    /// A method gets the object. One of its own library may release it, have further methods do so, and yield it; what it
    /// enters it into, or gives it to, is that library's.
    pub(super) fn taken(
        &mut self,
        call: Site,
        event: &Event,
        position: usize,
        target: MethodId,
        place: Place,
    ) {
        let is_on_it = position == 0 && event.kind.has_receiver();
        let is_own = self.is_own_method(target);
        let is_acquiring = call == (self.acquired.method, self.acquired.event);
        let in_own = place.in_own || is_own && (is_on_it || is_acquiring);
        let param = position as u16;
        if is_on_it || !in_own {
            self.push(Place { at: At::Handed(target, param), in_own, ..place });
        }
        if yields(self.of.world, target, param) {
            self.push(Place { at: At::Result(call.0, call.1), ..place });
        }
    }

    /// Whether a field is one in which the object's own library keeps such objects for itself.
    pub(super) fn is_own_field(&self, field: FieldId) -> bool {
        let program = self.of.world.program;
        self.own_library == Some(program.archive_of(program.class_of_field(field)))
    }

    /// Whether a method is one of the object's own library.
    pub(super) fn is_own_method(&self, method: MethodId) -> bool {
        let program = self.of.world.program;
        self.own_library == Some(program.archive_of(program.class_of_method(method)))
    }
}

impl Judge<'_> {
    /// Where a callback of the library that has made an object releases whatever of the kind there is: a listener that an
    /// application names in its descriptor.
    pub(super) fn released_by_library(
        &self,
        acquired: &Acquired,
        tenant: TenantId,
    ) -> Option<(Release, Option<Site>)> {
        let world = self.world;
        let program = world.program;
        let own = archive(world, acquired)?;
        let is_of_it = |class| program.archive_of(class) == own;
        let is_own = |m: MethodId| {
            let name = program.method(m).name;
            is_of_it(program.class_of_method(m)) && !self.follower.is_release_name(acquired.resource, name)
        };
        let callbacks = self.roots.callbacks().iter().filter(|c| c.tenant == tenant && is_own(c.method));
        callbacks.map(|c| c.method).find_map(|method| {
            let body = world.body(method);
            let loader = world.program.class(body.class).loader;
            let is_release = |m| {
                let owner = program.find(loader, program.facts.members.get(m).owner);
                let mut roles = world.knowledge.roles(loader, m).map(|(role, _)| role);
                owner.is_some_and(is_of_it) && roles.any(|role| role == Role::Release(acquired.resource))
            };
            // One that ends its own object is what ends this one, if it is this one's.
            let is_own = |v: ValueId| body.origins.leaves(v).any(|l| l == Value::Param(0));
            let releases = |e: &Event| {
                e.kind.is_invoke() && e.member().is_some_and(is_release) && !is_own(body.origins.arg(e, 0))
            };
            let event = body.origins.events().iter().position(releases)?;
            Some((Release::AtUnload, Some((method, event as u16))))
        })
    }
}
