//! The steps from a tenant's code to the hazard, in columns.

use crate::findings::Hop;
use crate::findings::lambda::shown;
use crate::report::terminal::{DIM, clean, columns, padded, paint, prose, wrap};
use crate::report::{RenderOptions, grouped};
use std::io;

/// A member column wider than this is left ragged rather than pushing all notes out of sight.
const MAX_MEMBER_COLUMNS: usize = 64;
/// Steps that are shown; the others are counted.
const SHOWN_STEPS: usize = 40;
const GAP: &str = "  ";

/// One step, cleaned and measured.
struct Row {
    number: String,
    tenant: String,
    member: String,
    place: String,
    note: String,
}

pub(super) fn write(hops: &[Hop], options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let (hops, hidden) = hops.split_at(hops.len().min(SHOWN_STEPS));
    let digits = hops.len().to_string().len();
    let rows: Vec<Row> = hops.iter().enumerate().map(|(i, hop)| row(i + 1, digits, hop)).collect();
    let widest = |column: fn(&Row) -> &str| rows.iter().map(|row| columns(column(row))).max().unwrap_or(0);
    let tenant = widest(|row| &row.tenant);
    let member = widest(|row| &row.member).min(MAX_MEMBER_COLUMNS);
    let place = widest(|row| &row.place);
    let note = widest(|row| &row.note);
    let lead = 3 + digits + 2 + tenant + 1;
    let beside = lead + member + GAP.len() + place + GAP.len() + note <= options.width;
    for row in &rows {
        let head = format!("   {} {}", row.number, padded(&row.tenant, tenant));
        let dimmed = |text: &str| paint(options.color, DIM, text);
        if beside {
            let place = padded(&row.place, if row.note.is_empty() { 0 } else { place });
            let tail = format!("{}{GAP}{}", dimmed(&place), row.note);
            writeln!(out, "{head} {}{GAP}{}", padded(&row.member, member), tail.trim_end())?;
        } else {
            let line = format!("{head} {}{GAP}{}", padded(&row.member, member), dimmed(&row.place));
            writeln!(out, "{}", line.trim_end())?;
            let indent = " ".repeat(lead);
            for line in wrap(&row.note, options.width, &indent, &indent) {
                if !line.trim().is_empty() {
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    if hidden.is_empty() { Ok(()) } else { writeln!(out, "   … {} more", grouped(hidden.len() as u64)) }
}

fn row(number: usize, digits: usize, hop: &Hop) -> Row {
    let member = match (hop.class.is_empty(), hop.member.is_empty()) {
        (false, false) => format!("{}.{}", hop.class, shown(&hop.member)),
        (false, true) => hop.class.clone(),
        (true, _) => shown(&hop.member).into_owned(),
    };
    Row {
        number: format!("{:>width$}", format!("{number}."), width = digits + 1),
        tenant: if hop.tenant.is_empty() { String::new() } else { format!("[{}]", clean(&hop.tenant)) },
        member: clean(&member).into_owned(),
        place: clean(&place(hop)).into_owned(),
        note: prose(&hop.note),
    }
}

/// `Boot.java:18`; the file's folder is the class's package, which stands beside it.
fn place(hop: &Hop) -> String {
    let at = &hop.location;
    let resolved = at.source.as_deref().and_then(|path| path.rsplit('/').next());
    match (resolved.or(at.source_file.as_deref()), at.line) {
        (Some(file), 0) => file.to_string(),
        (Some(file), line) => format!("{file}:{line}"),
        (None, 0) => String::new(),
        (None, line) => format!("line {line}"),
    }
}
