//! The report for people: findings as a compiler would print them, then counts, coverage and the verdict.

mod finding;
mod summary;
mod trace;

use super::RenderOptions;
use super::source_text::SourceTexts;
use super::terminal::{DIM, paint};
use crate::findings::{Outcome, RuleMeta};
use std::collections::BTreeSet;
use std::io;

pub(super) fn write(outcome: &Outcome, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sources = SourceTexts::new(options.base.clone());
    let mut explained = BTreeSet::new();
    for finding in outcome.findings.iter().take(options.max_findings) {
        // Many members of one shape differ in place and trace only; the reason is told once.
        let meta = explained.insert(finding.rule.as_str()).then(|| meta_of(outcome, &finding.rule)).flatten();
        finding::write(finding, meta, &mut sources, options, out)?;
        writeln!(out)?;
    }
    if let Some(hidden @ 1..) = outcome.findings.len().checked_sub(options.max_findings) {
        let text = format!("… {} more (--output json=FILE has them all)", super::grouped(hidden as u64));
        writeln!(out, "{}\n", paint(options.color, DIM, &text))?;
    }
    summary::write(outcome, options, out)
}

fn meta_of<'a>(outcome: &'a Outcome, rule: &str) -> Option<&'a RuleMeta> {
    outcome.rules.iter().find(|meta| meta.id == rule)
}
