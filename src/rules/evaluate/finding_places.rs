//! The other places that a finding shows: who holds the object, who reads it, what could release it.

use super::finding::Maker;
use super::matches::{Spot, Subject};
use super::readers::Reading;
use super::trace::{self, simple_name};
use super::{configured_text, copies_text};
use crate::dataflow::held::Root;
use crate::dataflow::unload::{Keeper, Kept, Release};
use crate::findings::Location;

/// The group of resources that are taken and given back, rather than opened and closed.
const LOCKS: &str = "locks";
/// Readers that a finding shows.
const MAX_READERS: usize = 4;
/// Changes by modules' own code that a finding shows besides the first.
const MAX_CHANGES: usize = 8;

impl Maker<'_, '_> {
    pub(super) fn related(&self) -> Vec<(Location, String)> {
        let world = self.cx.world;
        let mut related = Vec::new();
        if let Subject::Copy(id) = self.found.subject {
            related.extend(copies_text::related(self.cx, id));
        }
        if let Subject::Configured(id) = self.found.subject {
            related.extend(configured_text::related(self.cx, id));
        }
        related.extend(self.other_calls());
        related.extend(self.other_changes());
        if let Some(holder) = self.found.holder {
            let (class, line) = match holder.root {
                Root::Static(field) => {
                    let mut writes = world.fields.writes(field);
                    let write = writes.find_map(|w| world.event(w.method, w.event));
                    (world.program.class_of_field(field), write.map_or(0, |e| e.line))
                }
                Root::ServiceLoader | Root::Bean => (self.found.class, 0),
            };
            let note = format!("the object is held by {}", self.root_name(holder.root));
            related.push((trace::location(world, class, line), note));
        }
        if !self.cx.world.reach.is_open_world() && self.victims().next().is_none() {
            related.extend(self.readers.iter().take(MAX_READERS).map(|r| self.read_at(r)));
        }
        if let Some((method, event)) = self.found.kept.as_ref().and_then(|kept| kept.missed) {
            let line = world.event(method, event).map_or(0, |e| e.line);
            let class = world.program.class_of_method(method);
            let is_holder = self.cx.world.reach.owner(class).is_some()
                || self.cx.world.reach.owner(self.found.class).is_none();
            let note = match is_holder {
                true => "the object that is made here holds one that is left out",
                false => "it is acquired here",
            };
            related.push((trace::location(world, class, line), note.to_owned()));
        }
        if let Some(field) = self.found.kept.as_ref().and_then(|kept| kept.table) {
            let class = world.program.class_of_field(field);
            let line = world.fields.writes(field).find_map(|w| world.event(w.method, w.event));
            let name = simple_name(world.program.class_name(class));
            let table = world.program.text(world.program.field(field).name);
            let note = format!("what keeps it is an entry of {name}.{table}");
            related.push((trace::location(world, class, line.map_or(0, |e| e.line)), note));
        }
        related.extend(self.found.kept.as_ref().and_then(|kept| self.stored_at(kept)));
        related.extend(self.found.kept.as_ref().and_then(|kept| self.release_of(kept)));
        if let Some((leak, at)) = self.found.leak.as_ref().and_then(|l| Some((l, l.at?))) {
            let line = world.event(leak.method, at).map_or(0, |e| e.line);
            let is_lock = matches!(self.found.subject, Subject::Resource(r)
                if world.knowledge.tables.resources.get(usize::from(r)).is_some_and(|r| r.groups.iter().any(|g| g == LOCKS)));
            let how = if is_lock { "taken" } else { "open" };
            let note = format!("{} leaves the method with it still {how}", self.path(leak.method, at));
            related.push((trace::location(world, self.found.class, line), note));
        }
        related
    }

    /// Where shared code puts what is kept.
    fn stored_at(&self, kept: &Kept) -> Option<(Location, String)> {
        let world = self.cx.world;
        let (method, event) = kept.stored_at?;
        let (Keeper::Field(field) | Keeper::SharedStatic(field)) = kept.keeper else { return None };
        let class = world.program.class_of_method(method);
        let line = world.event(method, event).map_or(0, |e| e.line);
        let owner = simple_name(world.program.class_name(world.program.class_of_field(field)));
        let note =
            format!("it is put into {owner}.{} here", world.program.text(world.program.field(field).name));
        Some((trace::location(world, class, line), note))
    }

    /// Where what is kept is released, or could be.
    fn release_of(&self, kept: &Kept) -> Option<(Location, String)> {
        let world = self.cx.world;
        let at = |method, line, note: &str| {
            let class = world.program.class_of_method(method);
            Some((trace::location(world, class, line), note.to_owned()))
        };
        if let Some((method, event)) = kept.release_site {
            let line = world.event(method, event).map_or(0, |e| e.line);
            let note = match kept.release {
                Release::Sometimes => "this may keep the unload from releasing it",
                _ => "a release of it",
            };
            return at(method, line, note);
        }
        let callback = kept.nearest_callback?;
        at(callback, world.program.method(callback).line, "this unload callback could release it")
    }

    fn read_at(&self, reading: &Reading) -> (Location, String) {
        let world = self.cx.world;
        let line = world.event(reading.method, reading.event).map_or(0, |e| e.line);
        let at = trace::location(world, world.program.class_of_method(reading.method), line);
        (at, format!("{} reads it", trace::tenant_label(world, reading.tenant)))
    }

    /// Where the code of other modules changes the field, each line once.
    fn other_changes(&self) -> Vec<(Location, String)> {
        let world = self.cx.world;
        let is_field = matches!(self.found.subject, Subject::Field(_)) && !world.reach.is_open_world();
        let Some(main) = self.main_spot().filter(|_| is_field) else { return Vec::new() };
        let place = |spot: &Spot| {
            let (method, event) = spot.inside.unwrap_or((spot.method, spot.event));
            (world.program.class_of_method(method), world.event(method, event).map_or(0, |e| e.line))
        };
        let mut told = vec![place(main)];
        let mut others = Vec::new();
        for spot in &self.found.spots {
            let at = place(spot);
            let owner = world.reach.owner(at.0);
            if owner.is_some() && !told.contains(&at) && others.len() < MAX_CHANGES {
                told.push(at);
                let note = format!("{} changes it here", trace::tenant_name(world, at.0));
                others.push((trace::location(world, at.0, at.1), note));
            }
        }
        others
    }

    /// The places of the same call that are told with the first, each line once.
    fn other_calls(&self) -> Vec<(Location, String)> {
        let world = self.cx.world;
        let Some(main) = self.main_spot().filter(|_| matches!(self.found.subject, Subject::Call(..))) else {
            return Vec::new();
        };
        let place = |spot: &Spot| {
            let line = world.event(spot.method, spot.event).map_or(0, |e| e.line);
            (world.program.class_of_method(spot.method), line)
        };
        let mut told = vec![place(main)];
        let mut others = Vec::new();
        for spot in &self.found.spots {
            let at = place(spot);
            if told.contains(&at) {
                continue;
            }
            let note = if at.0 == told[0].0 {
                format!("`{}` is called here too", self.target(spot))
            } else {
                format!("{} makes the same call", trace::tenant_name(world, at.0))
            };
            told.push(at);
            others.push((trace::location(world, at.0, at.1), note));
        }
        others
    }
}
