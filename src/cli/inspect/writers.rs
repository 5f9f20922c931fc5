//! `inspect writers`: who writes a field, and who changes what it holds.

use super::classes::{self, MemberName};
use super::{Answer, class_label, columns, loader_name, method_label, source_label};
use crate::cli::plan::PlanError;
use crate::dataflow::{Change, How};
use crate::engine::View;
use crate::facts::EventKind;
use crate::rules::Models;
use crate::vocabulary::descriptor::{binary_name, human};
use crate::vocabulary::{FieldId, MethodId};
use std::fmt::Write;

/// All writes of a field and changes of what it holds, with the tenants whose code runs them.
pub(super) fn writers(view: &View<'_>, name: &str) -> Answer {
    let program = view.program;
    let member = MemberName::parse(name)?;
    let classes = classes::named(program, member.class)?;
    let all = || classes.iter().flat_map(|class| program.fields_of(*class));
    let fields: Vec<_> = all().filter(|(_, facts)| member.fits(program, facts.name, facts.desc)).collect();
    if fields.is_empty() {
        return Err(member.missing("field", all().map(|(_, facts)| program.text(facts.name))));
    }
    let models = Models::built_in().map_err(|report| PlanError::RuleFiles(vec![report]))?;
    let ids: Vec<FieldId> = fields.iter().map(|(field, _)| *field).collect();
    let changes = view.changes(&ids, &models);
    let mut out = String::new();
    for (field, facts) in fields {
        let class = program.class_of_field(field);
        let kind = if facts.access.is_static() { "static " } else { "" };
        let loader = loader_name(program, program.class(class).loader);
        let label = class_label(program, class);
        let _ = writeln!(
            out,
            "{kind}{} {label}.{} of {loader}",
            human(program.text(facts.desc)),
            program.text(facts.name)
        );
        write_changes(view, field, changes.of(field), &mut out);
    }
    Ok(out)
}

fn write_changes(view: &View<'_>, field: FieldId, changes: &[Change], out: &mut String) {
    let (writes, others): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.how == How::Write);
    let rows: Vec<(String, String)> = writes
        .iter()
        .map(|c| (who(view, c.method), place(view, c.method, c.event) + reflection(view, c)))
        .collect();
    if rows.is_empty() {
        out.push_str("  nobody writes it\n");
    } else {
        out.push_str("  written by\n");
        columns(&rows, "    ", out);
    }
    let mut rows: Vec<(String, String)> =
        others.iter().map(|change| (who(view, change.method), mutation(view, change))).collect();
    rows.dedup();
    if !rows.is_empty() {
        out.push_str("  what it holds is changed by\n");
        columns(&rows, "    ", out);
    }
    let n_reads = view.graphs.fields.reads(field).count();
    let _ = writeln!(out, "  read at {n_reads} place{}", if n_reads == 1 { "" } else { "s" });
}

/// The tenants on whose behalf a method runs.
fn who(view: &View<'_>, method: MethodId) -> String {
    let program = view.program;
    let tenants = view.reach.tenants(method);
    let names: Vec<&str> =
        tenants.iter().filter_map(|t| program.topology.tenant(t)).map(|t| t.name.as_str()).collect();
    match names.as_slice() {
        _ if view.reach.is_open_world() && !names.is_empty() => "any caller".to_owned(),
        [] if view.graphs.calls.is_initializer(method) => "initialiser".to_owned(),
        [] => "no tenant".to_owned(),
        names => names.join(", "),
    }
}

/// `com.acme.Registry.put(java.lang.String) (Registry.java:12)`.
fn place(view: &View<'_>, method: MethodId, event: u16) -> String {
    let program = view.program;
    let class = program.class_of_method(method);
    let events = program.unit(class).events_of(program.method(method));
    let line = events.get(usize::from(event)).map_or(0, |event| event.line);
    format!("{}{}", method_label(program, method), source_label(program, class, &[line]))
}

/// What to add to a write that no instruction for fields makes.
fn reflection(view: &View<'_>, change: &Change) -> &'static str {
    let program = view.program;
    let events =
        program.unit(program.class_of_method(change.method)).events_of(program.method(change.method));
    let kind = events.get(usize::from(change.event)).map(|event| event.kind);
    if matches!(kind, Some(EventKind::PutStatic | EventKind::PutField)) { "" } else { ", by reflection" }
}

/// The place, how the value is changed, and where if it is handed on.
fn mutation(view: &View<'_>, change: &Change) -> String {
    let at = place(view, change.method, change.event);
    match change.inside {
        None => format!("{at}, by {}", means(view, change.method, change.event)),
        Some((method, event)) => {
            format!("{at}, by {} in {}", means(view, method, event), place(view, method, event))
        }
    }
}

/// `Map.put`, or what else changes a value.
fn means(view: &View<'_>, method: MethodId, event: u16) -> String {
    let program = view.program;
    let events = program.unit(program.class_of_method(method)).events_of(program.method(method));
    let Some(member) = events.get(usize::from(event)).and_then(|event| event.member()) else {
        return "a store into the array".to_owned();
    };
    let member = program.facts.members.get(member);
    let owner = binary_name(program.text(member.owner));
    let simple = owner.rsplit('.').next().unwrap_or(&owner);
    format!("{simple}.{}", program.text(member.name))
}
