//! Problems as lines for standard error.

use super::terminal::{clean, paint, prose, severity_style};
use super::{RenderOptions, counted, level_text, place_text};
use crate::findings::Severity;
use crate::vocabulary::{Problem, ProblemLevel};
use std::io;

/// Problems of one kind that are printed; the others of the kind are counted. A broken build makes the same problem
/// thousands of times.
pub const SHOWN_PER_CODE: usize = 5;

/// Writes one line for each problem, worst first and kinds together: `warning[corrupt-entry]: a.jar!/B.class: …`.
///
/// # Errors
/// Those of `out`.
pub fn write(problems: &[Problem], options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by(|a, b| (a.level(), a.code, *a).cmp(&(b.level(), b.code, *b)));
    for group in sorted.chunk_by(|a, b| a.code == b.code) {
        for problem in group.iter().take(SHOWN_PER_CODE) {
            let place = place_text(&problem.place.archive, &problem.place.entry);
            let place = if place.is_empty() { String::new() } else { format!("{}: ", clean(&place)) };
            writeln!(out, "{}: {place}{}", head(problem, options), prose(&problem.message))?;
        }
        if let (Some(problem), Some(more @ 1..)) = (group.first(), group.len().checked_sub(SHOWN_PER_CODE)) {
            writeln!(out, "{}: … {} more", head(problem, options), super::grouped(more as u64))?;
        }
    }
    Ok(())
}

/// `2 errors, 1 warning`; empty if there is no problem.
pub fn summary(problems: &[Problem]) -> String {
    let levels = [ProblemLevel::Error, ProblemLevel::Warning, ProblemLevel::Note];
    let counts = levels.map(|level| (level, problems.iter().filter(|p| p.level() == level).count() as u64));
    let parts: Vec<String> =
        counts.iter().filter(|(_, n)| *n > 0).map(|(level, n)| counted(*n, level_text(*level))).collect();
    parts.join(", ")
}

fn head(problem: &Problem, options: &RenderOptions) -> String {
    let style = severity_style(match problem.level() {
        ProblemLevel::Error => Severity::Error,
        ProblemLevel::Warning => Severity::Warning,
        ProblemLevel::Note => Severity::Note,
    });
    let text = format!("{}[{}]", level_text(problem.level()), problem.code.text());
    paint(options.color, style, &text)
}
