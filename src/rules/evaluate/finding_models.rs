//! What models say of a finding's call or resource, and where the resource is kept.

use super::finding::Maker;
use super::matches::Subject;
use super::trace::simple_name;
use crate::dataflow::unload::Keeper;
use crate::rules::rule::Slot;

impl Maker<'_, '_> {
    pub(super) fn api_text(&self, slot: Slot) -> String {
        let Subject::Call(_, api) = self.found.subject else { return String::new() };
        let id = self.cx.world.knowledge.tables.apis.get(usize::from(api)).map(|a| a.id.as_str());
        let api = id.and_then(|id| self.cx.models.apis.get(id));
        api.map_or(String::new(), |a| if slot == Slot::Effect { a.effect.clone() } else { a.instead.clone() })
    }

    pub(super) fn resource_text(&self, slot: Slot) -> String {
        let Subject::Resource(resource) = self.found.subject else { return String::new() };
        let name =
            self.cx.world.knowledge.tables.resources.get(usize::from(resource)).map(|r| r.name.as_str());
        let resource = name.and_then(|n| self.cx.models.resources.get(n));
        resource.map_or(String::new(), |r| match slot {
            Slot::Resource => r.label.clone(),
            Slot::Release => r.how.clone(),
            _ => r.pins.clone(),
        })
    }

    pub(super) fn kept(&self) -> String {
        let program = self.cx.world.program;
        match self.found.kept.as_ref().map(|k| k.keeper) {
            Some(Keeper::Field(field) | Keeper::SharedStatic(field)) => {
                let class = simple_name(program.class_name(program.class_of_field(field)));
                format!("field {class}.{}", program.text(program.field(field).name))
            }
            Some(Keeper::Bean) => "a bean".to_owned(),
            Some(Keeper::Nothing) => "no field".to_owned(),
            Some(Keeper::Local) => "a local variable".to_owned(),
            Some(Keeper::Unknown) | None => "a place that was not seen".to_owned(),
        }
    }
}
