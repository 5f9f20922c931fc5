//! `inspect resource`: where a resource is found. The JDK's own resources are not known.

use super::{Answer, loader_name, lookup};
use crate::engine::View;
use crate::topology::{PathElement, ResourceHit};
use std::fmt::Write;

/// What a tenant's loader yields for a name.
pub(super) fn show(view: &View<'_>, name: &str, from: &str) -> Answer {
    let topology = view.program.topology;
    let loader = lookup::loader_of(topology, from)?;
    let archives = &view.arranged.archives;
    let holds = |element: &PathElement, name: &str| element.has_resource(archives, name);
    let mut out = format!("{name} asked of {from} ({})\n", topology.container);
    match topology.find_resource(loader, name, &holds) {
        Some(hit) => {
            let _ = writeln!(out, "getResource: {}", place(view, &hit));
        }
        None => out.push_str("getResource: null\n"),
    }
    let hits = topology.find_resources(loader, name, &holds);
    out.push_str(if hits.is_empty() { "getResources: none\n" } else { "getResources:\n" });
    for hit in &hits {
        let _ = writeln!(out, "  {}", place(view, hit));
    }
    Ok(out)
}

fn place(view: &View<'_>, hit: &ResourceHit) -> String {
    let program = view.program;
    let archive = view.arranged.archives.get(hit.archive).map_or("?", |facts| facts.path.as_str());
    format!("{}, from {archive}", loader_name(program, hit.loader))
}
