//! The report for people: findings as a compiler would print them, then counts, coverage and the verdict.

mod alike;
mod finding;
mod summary;
mod trace;

use super::RenderOptions;
use super::source_text::SourceTexts;
use super::terminal::{BOLD, DIM, paint};
use crate::findings::{Finding, Outcome, RuleMeta};
use alike::Told;
use std::collections::BTreeMap;
use std::io;

pub(super) fn write(outcome: &Outcome, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sources = SourceTexts::new(options.base.clone());
    let mut explained = BTreeMap::new();
    let (known, others): (Vec<&Finding>, Vec<&Finding>) = outcome.findings.iter().partition(|f| f.is_known());
    let told = alike::told(&others);
    for told in told.iter().take(options.max_findings) {
        let f = told.finding;
        // Many members of one shape differ in place and trace only; what to know and to do is told once.
        let advice = match explained.insert(f.rule.as_str(), f.fix.as_str()) {
            None => Advice { meta: meta_of(outcome, &f.rule), fix: &f.fix, above: "" },
            Some(told) if told == f.fix => Advice { meta: None, fix: "", above: "why, fix" },
            Some(_) => Advice { meta: None, fix: &f.fix, above: "why" },
        };
        finding::write(told, &advice, &mut sources, options, out)?;
        writeln!(out)?;
    }
    let is_more = tell_hidden(&told, options, out)?;
    if is_more {
        writeln!(out)?;
    }
    write_known(&known, options, out)?;
    summary::write(outcome, options, out)
}

/// Tells how many findings are not shown; gives whether there are any.
fn tell_hidden(told: &[Told<'_>], options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<bool> {
    let hidden: usize = told.iter().skip(options.max_findings).map(Told::n_findings).sum();
    if hidden == 0 {
        return Ok(false);
    }
    let text = format!("… {} more (--output json=FILE has them all)", super::grouped(hidden as u64));
    writeln!(out, "{}", paint(options.color, DIM, &text))?;
    Ok(true)
}

/// One line for each finding that the baseline lists: somebody has seen it.
fn write_known(known: &[&Finding], options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    if known.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(options.color, BOLD, "known from the baseline:"))?;
    let told = alike::told(known);
    for told in told.iter().take(options.max_findings) {
        finding::write_line(told, options, out)?;
    }
    tell_hidden(&told, options, out)?;
    writeln!(out)
}

/// What a finding's rule says, as far as it was not told before.
struct Advice<'a> {
    /// For the reason and the way to learn more.
    meta: Option<&'a RuleMeta>,
    /// How to mend it, empty if nothing is to be said.
    fix: &'a str,
    /// What was told at an earlier finding of the rule.
    above: &'static str,
}

fn meta_of<'a>(outcome: &'a Outcome, rule: &str) -> Option<&'a RuleMeta> {
    outcome.rules.iter().find(|meta| meta.id == rule)
}
