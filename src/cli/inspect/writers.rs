//! `inspect writers`: who writes a field.

use super::classes::{self, MemberName};
use super::{Answer, class_label, columns, loader_name, method_label, source_label};
use crate::engine::View;
use crate::program::FieldAccess;
use crate::vocabulary::FieldId;
use crate::vocabulary::descriptor::human;
use std::fmt::Write;

/// All writes of a field, with the tenants whose code runs them.
pub(super) fn writers(view: &View<'_>, name: &str) -> Answer {
    let program = view.program;
    let member = MemberName::parse(name)?;
    let classes = classes::named(program, member.class)?;
    let all = || classes.iter().flat_map(|class| program.fields_of(*class));
    let fields: Vec<_> = all().filter(|(_, facts)| member.fits(program, facts.name, facts.desc)).collect();
    if fields.is_empty() {
        return Err(member.missing("field", all().map(|(_, facts)| program.text(facts.name))));
    }
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
        write_accesses(view, field, &mut out);
    }
    Ok(out)
}

fn write_accesses(view: &View<'_>, field: FieldId, out: &mut String) {
    let rows: Vec<(String, String)> =
        view.graphs.fields.writes(field).map(|access| row(view, access)).collect();
    if rows.is_empty() {
        out.push_str("  nobody writes it\n");
    } else {
        out.push_str("  written by\n");
        columns(&rows, "    ", out);
    }
    let n_reads = view.graphs.fields.reads(field).count();
    let _ = writeln!(out, "  read at {n_reads} place{}", if n_reads == 1 { "" } else { "s" });
}

fn row(view: &View<'_>, access: &FieldAccess) -> (String, String) {
    let program = view.program;
    let class = program.class_of_method(access.method);
    let events = program.unit(class).events_of(program.method(access.method));
    let line = events.get(usize::from(access.event)).map_or(0, |event| event.line);
    let tenants = view.reach.tenants(access.method);
    let names: Vec<&str> =
        tenants.iter().filter_map(|t| program.topology.tenant(t)).map(|t| t.name.as_str()).collect();
    let who = match names.as_slice() {
        _ if view.reach.is_open_world() && !names.is_empty() => "any caller".to_owned(),
        [] if view.graphs.calls.is_initializer(access.method) => "initialiser".to_owned(),
        [] => "no tenant".to_owned(),
        names => names.join(", "),
    };
    let source = source_label(program, class, &[line]);
    (who, format!("{}{source}", method_label(program, access.method)))
}
