//! Objects that are kept under a name by an object of a container's own, or a directory, and asked for by that name
//! again.

use super::flow::{Place, Walk};
use crate::dataflow::Body;
use crate::dataflow::knowledge::groups;
use crate::facts::{Event, Value};
use crate::vocabulary::{MethodId, Name};

/// How such objects are kept and found, by the conventions of servlet containers.
const SET: (&str, &str) = ("setAttribute", "(Ljava/lang/String;Ljava/lang/Object;)V");
const GET: (&str, &str) = ("getAttribute", "(Ljava/lang/String;)Ljava/lang/Object;");
/// Callers of the asking method that are looked at.
const MAX_SITES: usize = 128;
/// Which operand is the name, and which the object.
const NAME: usize = 1;
const OBJECT: usize = 2;

impl Walk<'_, '_> {
    /// Follows an object that a call keeps under a constant name to where that name is asked for.
    pub(super) fn kept_by_name(&mut self, body: Body<'_>, event: &Event, position: usize, place: Place) {
        let world = self.of.world;
        let program = world.program;
        let refs = program.refs(program.class(body.class).loader);
        let Some(member) = event.member().filter(|_| position == OBJECT) else { return };
        let loader = program.class(body.class).loader;
        if world.knowledge.api_of(groups::NAMING_BIND, loader, member).is_some() {
            let name = constant(body, event);
            let asked = self.of.named.iter().filter(|(asked, ..)| Some(*asked) == name);
            let results: Vec<Place> = asked
                .map(|(_, method, index)| Place { in_field: true, ..self.result_of(*method, *index, place) })
                .collect();
            results.into_iter().for_each(|place| self.push(place));
            return;
        }
        let facts = program.facts.members.get(member);
        if (program.text(facts.name), program.text(facts.desc)) != SET {
            return;
        }
        let Some(name) = constant(body, event) else { return };
        let owner = refs.method(member).map(|m| program.class_of_method(m));
        let getter = owner.and_then(|class| {
            let mut methods = program.methods_of(class);
            methods.find(|(_, m)| (program.text(m.name), program.text(m.desc)) == GET).map(|(id, _)| id)
        });
        for (method, index) in getter.map_or_else(Vec::new, |g| self.asked(g, name)) {
            self.push(Place { in_field: true, ..self.result_of(method, index, place) });
        }
    }

    fn asked(&self, getter: MethodId, name: Name) -> Vec<(MethodId, u16)> {
        let world = self.of.world;
        let sites = world.sites.of(getter, MAX_SITES).unwrap_or_default();
        let asks = sites.iter().filter(|site| {
            let event = world.event(site.caller, site.event);
            event.is_some_and(|e| e.kind.is_invoke() && constant(world.body(site.caller), e) == Some(name))
        });
        asks.map(|site| (site.caller, site.event)).collect()
    }
}

/// The constant text that names an attribute, or what a directory holds.
pub(super) fn constant(body: Body<'_>, event: &Event) -> Option<Name> {
    let mut leaves = body.origins.leaves(body.origins.arg(event, NAME));
    match (leaves.next(), leaves.next()) {
        (Some(Value::Str(text)), None) => Some(text),
        _ => None,
    }
}
