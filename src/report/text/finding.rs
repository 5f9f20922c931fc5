//! One finding: header, place, source line, tenants, trace, and what to do about it.

use super::alike::Told;
use super::{Advice, trace};
use crate::findings::lambda::shown;
use crate::findings::{Finding, Location};
use crate::report::source_text::SourceTexts;
use crate::report::terminal::{BOLD, DIM, FRAME, clean, first_sentence, paint, prose, severity_style, wrap};
use crate::report::{RenderOptions, file_of, grouped};
use std::io;

/// Related places that are shown; the others are counted.
const SHOWN_RELATED: usize = 5;
/// Tenants whose copies are named; the others are counted.
const SHOWN_OTHERS: usize = 10;
const TAB: &str = "    ";

/// Writes a finding with as much advice as is given.
pub(super) fn write(
    told: &Told<'_>,
    advice: &Advice<'_>,
    sources: &mut SourceTexts,
    options: &RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let f = told.finding;
    header(f, options, out)?;
    place(f, sources, options, out)?;
    remark("tenants", &tenants(f), options, out)?;
    remark("also", &in_copies(&told.others), options, out)?;
    trace::write(&f.trace, options, out)?;
    // What is at the line that the arrow points at has been shown.
    let shown = place_of(&f.location);
    let related: Vec<_> = f.related.iter().filter(|(at, _)| at.line == 0 || place_of(at) != shown).collect();
    for (at, note) in related.iter().take(SHOWN_RELATED) {
        remark("also", &format!("{}: {}", place_of(at), prose(note)), options, out)?;
    }
    if let Some(more @ 1..) = related.len().checked_sub(SHOWN_RELATED) {
        remark("also", &format!("… {more} more places"), options, out)?;
    }
    if let Some(meta) = advice.meta {
        remark("why", &first_sentence(&meta.why), options, out)?;
    }
    remark("fix", &prose(advice.fix), options, out)?;
    if !advice.above.is_empty() {
        remark(advice.above, "see above, same rule", options, out)?;
    }
    if let Some(meta) = advice.meta {
        let own =
            if meta.file.is_empty() { String::new() } else { format!(" --rules {}", clean(&meta.file)) };
        remark("help", &format!("cotenant rules explain {}{own}", clean(&meta.id)), options, out)?;
    }
    remark("fingerprint", &clean(&f.fingerprint), options, out)
}

/// Where else the same was found, told by the names of those who have a copy of the class.
fn in_copies(others: &[&Finding]) -> String {
    let shown: Vec<_> = others.iter().take(SHOWN_OTHERS).map(|f| clean(&f.loader)).collect();
    let (copies, trace) = match others.len() {
        0 => return String::new(),
        1 => ("copy", "its trace"),
        _ => ("copies", "their traces"),
    };
    let more = match others.len() - shown.len() {
        0 => String::new(),
        n => format!(" and {} more", grouped(n as u64)),
    };
    format!("the same in the {copies} of {}{more}; JSON has {trace}", shown.join(", "))
}

/// Writes a finding on one line: severity, rule, member and place.
pub(super) fn write_line(
    told: &Told<'_>,
    options: &RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let f = told.finding;
    let head = format!("{}[{}]", f.severity.text(), clean(&f.rule));
    let dot = if f.member.is_empty() { "" } else { "." };
    let member = format!("{}{dot}{}", f.class, shown(&f.member));
    let place = paint(options.color, DIM, &place_of(&f.location));
    let head = paint(options.color, severity_style(f.severity), &head);
    let copies = match told.others.len() {
        0 => String::new(),
        n => format!("  and {} more of its copies", grouped(n as u64)),
    };
    writeln!(out, "  {head} {}  {place}{copies}", clean(&member))
}

fn header(f: &Finding, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let head = format!("{}[{}]", f.severity.text(), clean(&f.rule));
    let lines = wrap(&prose(&f.message), options.width, &format!("{head}: "), "  ");
    for (i, line) in lines.iter().enumerate() {
        match line.strip_prefix(&head) {
            Some(rest) if i == 0 => {
                let head = paint(options.color, severity_style(f.severity), &head);
                writeln!(out, "{head}{}", paint(options.color, BOLD, rest))?;
            }
            _ => writeln!(out, "{}", paint(options.color, BOLD, line))?,
        }
    }
    Ok(())
}

/// The arrow line, and the source line under it if there is one.
fn place(
    f: &Finding,
    sources: &mut SourceTexts,
    options: &RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let frame = |text: &str| paint(options.color, FRAME, text);
    writeln!(out, "  {} {}", frame("-->"), place_of(&f.location))?;
    let text = f.location.source.as_deref().and_then(|path| sources.get(path));
    let Some(line) = text.and_then(|text| text.line(f.location.line)) else { return Ok(()) };
    let number = format!("{:>3}", f.location.line);
    let gutter = " ".repeat(number.len());
    let line = line.trim_end().replace('\t', TAB);
    writeln!(out, "{gutter} {}", frame("|"))?;
    writeln!(out, "{} {} {}", frame(&number), frame("|"), clipped(&clean(&line), options.width))?;
    writeln!(out, "{gutter} {}", frame("|"))
}

/// `text` cut at the terminal's width, room for the gutter left.
fn clipped(text: &str, width: usize) -> String {
    const GUTTER: usize = 8;
    let room = width.saturating_sub(GUTTER).max(GUTTER);
    match text.char_indices().nth(room) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

fn tenants(f: &Finding) -> String {
    let names = match f.tenants.as_slice() {
        [] => "none named".to_string(),
        [open] if open == "*" => "any (open world)".to_string(),
        names => names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", "),
    };
    format!("{names}; {}", f.certainty.text())
}

/// `path:line` of the source, else of the class file; the line is left out if it is not known.
fn place_of(at: &Location) -> String {
    let path = match &at.source {
        Some(source) => source.clone(),
        None => file_of(at),
    };
    let path = clean(&path);
    if at.line == 0 { path.into_owned() } else { format!("{path}:{}", at.line) }
}

/// `= label: text`, wrapped; nothing for an empty text.
fn remark(label: &str, text: &str, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let first = format!("   = {label}: ");
    let lines = wrap(text, options.width, &first, &" ".repeat(first.len()));
    for (i, line) in lines.iter().enumerate() {
        match line.strip_prefix(&first) {
            Some(rest) if i == 0 => {
                let equals = paint(options.color, FRAME, "=");
                writeln!(out, "   {equals} {}: {rest}", paint(options.color, BOLD, label))?;
            }
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}
