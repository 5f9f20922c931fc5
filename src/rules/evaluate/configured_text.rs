//! What a finding says of a class that a configuration file names.

use super::configured::{ConfiguredId, Misnamed};
use super::context::Context;
use super::finding::and_list;
use super::trace::{self, simple_name};
use crate::findings::Location;
use crate::rules::rule::Slot;
use crate::vocabulary::descriptor::binary_name;

/// What a placeholder stands for; `None` for those that are the same at every site.
pub(super) fn slot(cx: &Context<'_>, id: ConfiguredId, slot: Slot) -> Option<String> {
    let row = cx.configured.row(id)?;
    let program = cx.world.program;
    match slot {
        Slot::File => Some(row.entry.clone()),
        Slot::Named => Some(row.name.clone()),
        Slot::Type => row.wanted.map(|class| binary_name(program.class_name(class))),
        Slot::Holder => Some(and_list(&holders(cx, row))),
        Slot::Effect => Some(row.effect.clone()),
        _ => None,
    }
}

fn holders(cx: &Context<'_>, row: &Misnamed) -> Vec<String> {
    let tenants = &cx.world.program.topology.tenants;
    row.holders.iter().filter_map(|tenant| tenants.get(tenant.index())).map(|t| t.name.clone()).collect()
}

/// The line that names the class.
pub(super) fn location(cx: &Context<'_>, id: ConfiguredId) -> Option<Location> {
    let row = cx.configured.row(id)?;
    let archive = cx.world.archives.get(row.archive);
    Some(Location {
        archive: archive.map_or(String::new(), |a| a.path.clone()),
        is_in_folder: archive.is_some_and(|a| a.is_folder),
        entry: row.entry.clone(),
        line: row.line,
        ..Location::default()
    })
}

/// What tells it from other findings about the class.
pub(super) fn anchor(cx: &Context<'_>, id: ConfiguredId) -> String {
    cx.configured.row(id).map_or(String::new(), |row| format!("{} {:?}", row.entry, row.answer))
}

/// Where the class is.
pub(super) fn related(cx: &Context<'_>, id: ConfiguredId) -> Option<(Location, String)> {
    let row = cx.configured.row(id)?;
    let name = simple_name(cx.world.program.class_name(row.class));
    let note = format!("here is the {name} of {}", trace::tenant_name(cx.world, row.class));
    Some((trace::location(cx.world, row.class, 0), note))
}
