//! `inspect loaders` and `inspect resolve`: who loads what, and how a name is looked up.

use super::{Answer, columns, loader_name};
use crate::cli::plan::PlanError;
use crate::engine::{Arranged, View};
use crate::program::Program;
use crate::topology::{Loader, LookupStep, NameFilter, Outcome, Step, Target, Topology};
use crate::vocabulary::LoaderId;
use std::fmt::Write;

/// All loaders with their steps and search paths.
pub(super) fn loaders(arranged: &Arranged, program: &Program<'_>) -> String {
    let topology = &arranged.topology;
    let mut out = format!("topology {}\n", topology.container);
    for (i, loader) in topology.loaders.iter().enumerate() {
        let n_classes = program.n_defined(LoaderId::from_index(i));
        let shared = if loader.is_shared { ", shared" } else { "" };
        let _ = writeln!(out, "\nloader {}: {n_classes} classes{shared}", loader.name);
        let tenants: Vec<&str> = topology
            .tenants
            .iter()
            .filter(|tenant| tenant.loader.index() == i)
            .map(|tenant| tenant.name.as_str())
            .collect();
        if !tenants.is_empty() && tenants != [loader.name.as_str()] {
            let _ = writeln!(out, "  tenants: {}", tenants.join(", "));
        }
        write_steps(program, loader, &mut out);
        let _ = writeln!(out, "  path:");
        for element in &loader.path {
            let archive = arranged.archives.get(element.archive).map_or("?", |facts| facts.path.as_str());
            let _ = writeln!(out, "    {archive}{}", inside(&element.prefix));
        }
    }
    out
}

fn inside(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("!/{prefix}") }
}

fn write_steps(program: &Program<'_>, loader: &Loader, out: &mut String) {
    let lists = [
        ("classes", &loader.class_steps),
        ("resource", &loader.resource_steps),
        ("resources", &loader.resources_steps),
    ];
    for (what, steps) in lists {
        let told: Vec<String> = steps
            .iter()
            .filter(|step| !step.filter.accepts_nothing())
            .map(|step| describe(program, step))
            .collect();
        let _ = writeln!(out, "  {what}: {}", told.join(", then "));
    }
}

fn describe(program: &Program<'_>, step: &Step) -> String {
    let mut text = match step.target {
        Target::Own => "own path".to_owned(),
        Target::Loader(loader) => loader_name(program, loader).to_owned(),
    };
    let NameFilter { only, except } = &step.filter;
    let conditions = [
        (!only.is_empty(), "listed names only"),
        (!except.is_empty(), "but not listed names"),
        (step.archives.is_some(), "declared archives only"),
        (step.is_fallback, "if nothing was found"),
    ];
    let told: Vec<&str> = conditions.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text).collect();
    if !told.is_empty() {
        let _ = write!(text, " ({})", told.join(", "));
    }
    text
}

/// The loader of a tenant, or the one of that name.
pub(super) fn loader_of(topology: &Topology, from: &str) -> Result<LoaderId, PlanError> {
    let tenant = topology.tenants.iter().find(|tenant| tenant.name == from);
    let loader = tenant.map(|tenant| tenant.loader).or_else(|| {
        let position = topology.loaders.iter().position(|loader| loader.name == from);
        position.map(LoaderId::from_index)
    });
    loader.ok_or_else(|| {
        let names: Vec<&str> = topology.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        PlanError::Usage(format!("there is no tenant {from}"), format!("there are {}", names.join(", ")))
    })
}

/// How a tenant's loader looks a class up, and who else has one of that name.
pub(super) fn resolve(view: &View<'_>, class: &str, from: &str) -> Answer {
    let (program, topology) = (view.program, view.program.topology);
    let loader = loader_of(topology, from)?;
    let internal = class.replace('.', "/");
    let mut out = format!("{class} asked of {from} ({})\n", topology.container);
    let steps = program.explain(loader, &internal);
    let rows: Vec<(String, String)> = steps.iter().map(|step| explain(program, step)).collect();
    columns(&rows, "  ", &mut out);
    let found = program.find_text(loader, &internal);
    match found {
        Some(id) => {
            let defining = loader_name(program, program.class(id).loader);
            let _ = writeln!(out, "defined by {defining}, from {}", archive(view, program.archive_of(id)));
        }
        None => out.push_str("not found: NoClassDefFoundError or ClassNotFoundException\n"),
    }
    let others: Vec<String> = super::classes::named(program, class)
        .unwrap_or_default()
        .into_iter()
        .filter(|id| Some(*id) != found)
        .map(|id| {
            let defining = loader_name(program, program.class(id).loader);
            format!("  {defining}, from {}\n", archive(view, program.archive_of(id)))
        })
        .collect();
    if !others.is_empty() {
        let _ = write!(out, "other classes of this name:\n{}", others.concat());
    }
    Ok(out)
}

fn archive<'v>(view: &View<'v>, index: usize) -> &'v str {
    view.arranged.archives.get(index).map_or("?", |facts| facts.path.as_str())
}

fn explain(program: &Program<'_>, step: &LookupStep) -> (String, String) {
    let indent = "  ".repeat(step.depth);
    let own = match step.target {
        Target::Own => "own path".to_owned(),
        Target::Loader(loader) => format!("asks {}", loader_name(program, loader)),
    };
    let outcome = match step.outcome {
        Outcome::Filtered => "not for this name".to_owned(),
        Outcome::Missing => "nothing".to_owned(),
        Outcome::Cycle => "is being asked already".to_owned(),
        Outcome::NotAccepted(loader) => {
            format!("{} has it, but not in a declared archive", loader_name(program, loader))
        }
        Outcome::Found(loader) => format!("found in {}", loader_name(program, loader)),
    };
    (format!("{indent}{}: {own}", loader_name(program, step.loader)), outcome)
}
