//! The report for people: findings as a compiler would print them, then counts, coverage and the verdict.

mod finding;
mod summary;
mod trace;

use super::RenderOptions;
use super::source_text::SourceTexts;
use super::terminal::{DIM, paint};
use crate::findings::{Outcome, RuleMeta};
use std::collections::BTreeMap;
use std::io;

pub(super) fn write(outcome: &Outcome, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sources = SourceTexts::new(options.base.clone());
    let mut explained = BTreeMap::new();
    for f in outcome.findings.iter().take(options.max_findings) {
        // Many members of one shape differ in place and trace only; what to know and to do is told once.
        let told = explained.insert(f.rule.as_str(), f.fix.as_str());
        let meta = if told.is_none() { meta_of(outcome, &f.rule) } else { None };
        let fix = if told == Some(&f.fix) { "" } else { &f.fix };
        finding::write(f, &Advice { meta, fix }, &mut sources, options, out)?;
        writeln!(out)?;
    }
    if let Some(hidden @ 1..) = outcome.findings.len().checked_sub(options.max_findings) {
        let text = format!("… {} more (--output json=FILE has them all)", super::grouped(hidden as u64));
        writeln!(out, "{}\n", paint(options.color, DIM, &text))?;
    }
    summary::write(outcome, options, out)
}

/// What a finding's rule says, as far as it was not told before.
struct Advice<'a> {
    /// For the reason and the way to learn more.
    meta: Option<&'a RuleMeta>,
    /// How to mend it, empty if nothing is to be said.
    fix: &'a str,
}

fn meta_of<'a>(outcome: &'a Outcome, rule: &str) -> Option<&'a RuleMeta> {
    outcome.rules.iter().find(|meta| meta.id == rule)
}
