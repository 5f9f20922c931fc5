//! The end of the text report: findings per rule, what was covered, the verdict.

use crate::findings::{Outcome, Severity};
use crate::report::terminal::{BOLD, GOOD, clean, columns, padded, paint, severity_style, wrap};
use crate::report::{RenderOptions, counted, grouped};
use crate::vocabulary::ProblemLevel;
use std::collections::BTreeMap;
use std::io;

const SEVERITIES: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Note];

/// Findings of each severity, in the order of [`SEVERITIES`], and how many of them the baseline lists.
type Counts = [u64; 4];

pub(super) fn write(outcome: &Outcome, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let (rules, total) = count(outcome);
    if !rules.is_empty() {
        table(&rules, &total, options, out)?;
        writeln!(out)?;
    }
    for line in wrap(&coverage(outcome), options.width, "", "  ") {
        writeln!(out, "{line}")?;
    }
    if outcome.n_suppressed > 0 {
        writeln!(out, "{} suppressed", counted(outcome.n_suppressed as u64, "finding"))?;
    }
    let n_known = outcome.n_known() as u64;
    if n_known > 0 {
        writeln!(out, "{} known from the baseline", counted(n_known, "finding"))?;
    }
    verdict(outcome, options, out)
}

fn count(outcome: &Outcome) -> (BTreeMap<&str, Counts>, Counts) {
    let mut rules = BTreeMap::<&str, Counts>::new();
    let mut total = Counts::default();
    for finding in &outcome.findings {
        let counts = rules.entry(&finding.rule).or_default();
        for (i, severity) in SEVERITIES.iter().enumerate() {
            let one = u64::from(finding.severity == *severity);
            counts[i] += one;
            total[i] += one;
        }
        counts[3] += u64::from(finding.is_known());
        total[3] += u64::from(finding.is_known());
    }
    (rules, total)
}

fn table(
    rules: &BTreeMap<&str, Counts>,
    total: &Counts,
    options: &RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let names: Vec<String> = rules.keys().map(|rule| clean(rule).into_owned()).collect();
    let width = names.iter().map(|name| columns(name)).max().unwrap_or(0).max("total".len());
    // Without a baseline nothing is known.
    let n_columns = if total[3] > 0 { 4 } else { 3 };
    let line = |name: &str, cells: &[String]| {
        let cells: String = cells.iter().take(n_columns).map(|cell| format!("  {cell:>7}")).collect();
        format!("{}{cells}", padded(name, width))
    };
    let head = line("rule", &["error", "warning", "note", "known"].map(str::to_owned));
    writeln!(out, "{}", paint(options.color, BOLD, &head))?;
    let mut row = |name: &str, counts: &Counts| {
        let cells = counts.map(|n| if n == 0 { "-".to_string() } else { grouped(n) });
        writeln!(out, "{}", line(name, &cells))
    };
    for (name, counts) in names.iter().zip(rules.values()) {
        row(name, counts)?;
    }
    if names.len() > 1 {
        row("total", total)?;
    }
    Ok(())
}

/// `scanned 12 archives, 3,456 classes, 3 modules on base shop (sofa-ark); sources 812/840`.
fn coverage(outcome: &Outcome) -> String {
    let stats = &outcome.stats;
    let archives = counted(stats.n_archives, "archive");
    let classes = counted(stats.n_classes, "class");
    let mut text = format!("scanned {archives}, {classes}, {}", tenants(outcome));
    if let Some((resolved, wanted)) = stats.sources_resolved {
        text.push_str(&format!("; sources {}/{}", grouped(resolved), grouped(wanted)));
    }
    text
}

fn tenants(outcome: &Outcome) -> String {
    let n_modules = outcome.tenants.iter().filter(|tenant| !tenant.is_base).count() as u64;
    let base =
        outcome.tenants.iter().find(|tenant| tenant.is_base).map(|tenant| match tenant.name.as_str() {
            "base" => "base".to_string(),
            name => format!("base {}", clean(name)),
        });
    let topology = match outcome.topology.as_str() {
        "" => String::new(),
        name => format!(" ({})", clean(name)),
    };
    match (n_modules, base) {
        (0, Some(base)) => format!("{base} open to any tenant{topology}"),
        (n, Some(base)) => format!("{} on {base}{topology}", counted(n, "module")),
        (n, None) => format!("{}{topology}", counted(n, "module")),
    }
}

/// What the baseline lists does not count.
fn verdict(outcome: &Outcome, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let n_unread = outcome.problems.iter().filter(|p| p.level() == ProblemLevel::Error).count() as u64;
    let counts = SEVERITIES
        .map(|s| outcome.findings.iter().filter(|f| f.severity == s && !f.is_known()).count() as u64);
    let new = if outcome.n_known() > 0 { "new " } else { "" };
    let (style, mut text) = match counts {
        [0, 0, 0] if n_unread > 0 => {
            (severity_style(Severity::Warning), format!("nothing {new}found so far"))
        }
        [0, 0, 0] if new.is_empty() => (GOOD, "no hazard found".to_string()),
        [0, 0, 0] => (GOOD, "no new hazard".to_string()),
        [0, ..] => (severity_style(Severity::Warning), format!("no {new}error; {}", figures(&counts, new))),
        _ => {
            (severity_style(Severity::Error), format!("not fit to share one JVM: {}", figures(&counts, new)))
        }
    };
    if n_unread > 0 {
        text.push_str(&format!("; not scanned whole ({} on standard error)", counted(n_unread, "problem")));
    } else {
        let n_parts = outcome.problems.iter().filter(|p| p.code.is_unread()).count() as u64;
        if n_parts > 0 {
            text.push_str(&format!("; not all was read ({} on standard error)", counted(n_parts, "problem")));
        }
    }
    writeln!(out, "{} {text}", paint(options.color, style, "verdict:"))
}

fn figures(counts: &[u64; 3], new: &str) -> String {
    let parts: Vec<String> = SEVERITIES
        .iter()
        .zip(counts)
        .filter(|(_, n)| **n > 0)
        .map(|(severity, n)| counted(*n, &format!("{new}{}", severity.text())))
        .collect();
    parts.join(", ")
}
