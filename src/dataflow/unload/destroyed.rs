//! What a container that is given an object as a bean destroys with it.

use super::Judge;
use super::beans;
use super::flow::{Acquired, Fate};
use crate::dataflow::knowledge::{CallbackFacts, ResourceId, Role, Subject};
use crate::facts::{EventKind, Value};
use crate::vocabulary::MethodId;

impl Judge<'_> {
    /// Whether the container that is given the object as a bean calls a method that releases it.
    pub(super) fn is_destroyed_as_bean(&self, acquired: &Acquired, fate: &Fate) -> bool {
        let tables = &self.world.knowledge.tables;
        let Some(resource) = tables.resources.get(usize::from(acquired.resource)) else { return false };
        let is_inferred = !resource.inferred.is_empty();
        let class = self.world.program.class_of_method(acquired.method);
        let is_part_of_bean = acquired.operand == Some(0)
            && resource.subject == Subject::Result
            && self.world.program.is_constructor(self.world.program.method(acquired.method).name)
            && self.is_super_call(acquired)
            && self.beans.is_bean_class(self.world, class);
        is_part_of_bean && is_inferred
            || fate.beans.iter().any(|m| {
                !self.beans.yields_prototypes(self.world, *m)
                    && self.is_destroyed_by(*m, acquired.resource, is_inferred)
            })
    }

    fn is_super_call(&self, acquired: &Acquired) -> bool {
        let body = self.world.body(acquired.method);
        let event = self.world.event(acquired.method, acquired.event);
        event.is_some_and(|e| {
            e.kind == EventKind::InvokeSpecial
                && body.origins.leaves(body.origins.arg(e, 0)).all(|l| l == Value::Param(0))
        })
    }

    fn is_destroyed_by(&self, method: MethodId, resource: ResourceId, is_inferred: bool) -> bool {
        let world = self.world;
        let unit = world.program.unit(world.program.class_of_method(method));
        let annotations = unit.annotations_of(world.program.method(method));
        annotations.iter().any(|annotation| {
            let desc = world.program.text(annotation.desc);
            world.knowledge.tables.callbacks.iter().any(|callback| {
                let CallbackFacts::Named { annotation: ty, element, .. } = callback else { return false };
                if desc.strip_prefix('L').and_then(|d| d.strip_suffix(';')) != Some(ty.as_str()) {
                    return false;
                }
                match beans::destroy_name(world, method, annotation, element) {
                    Some(name) => {
                        let mut releases = world.knowledge.patterns_of(Role::Release(resource));
                        releases.any(|p| p.name == name)
                    }
                    None => is_inferred,
                }
            })
        })
    }
}
