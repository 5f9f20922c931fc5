//! `cotenant scan`.

use super::args::ScanArguments;
use super::baseline;
use super::config::mistake_closest;
use super::outputs::Output;
use super::plan::{Plan, PlanError};
use super::request;
use super::rules;
use super::terminal::{Terminal, print};
use crate::engine::progress::Bar;
use crate::engine::sources::repository_prefix;
use crate::engine::{self, Gate, Progress, ScanRequest, Verdict, clock};
use crate::findings::{Outcome, ScanStats};
use crate::report::{self, RENDERERS, RenderOptions};
use crate::rules::{Rule, RuleSet};
use crate::vocabulary::ProblemLevel;
use std::sync::Arc;

/// Scans and reports; gives the exit code.
pub(super) fn run(arguments: &ScanArguments, terminal: &Terminal) -> Result<u8, PlanError> {
    let plan = Plan::new(arguments)?;
    let formats = plan.outputs.iter().map(|(format, _)| format).chain([&plan.format]);
    formats.into_iter().try_for_each(|format| check_format(format))?;
    let request = scan_request(&plan)?;
    let gate = Gate { fail_from: plan.fail_on.threshold(), strict: plan.strict };
    let outputs = plan.outputs.iter().map(|(_, path)| Output::prepare(path));
    let outputs = outputs.collect::<Result<Vec<Output>, PlanError>>()?;
    let outcome = scan(&request, plan.progress)?;
    tell_problems(&outcome, &plan, terminal);
    report_to_all(&outcome, &plan, outputs, terminal)?;
    let verdict = gate.judge(&outcome);
    if !plan.quiet {
        tell_stats(&outcome.stats, terminal);
        tell_verdict(verdict, &plan, terminal);
    }
    Ok(verdict.exit_code())
}

/// Scans without reporting.
///
/// # Errors
/// If rules are wrong or nothing could be scanned as it was asked for.
pub(super) fn outcome_of(plan: &Plan) -> Result<Outcome, PlanError> {
    scan(&scan_request(plan)?, false)
}

fn check_format(format: &str) -> Result<(), PlanError> {
    if report::renderer(format).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = RENDERERS.iter().map(|renderer| renderer.name).collect();
    let list = format!("there are {}", known.join(", "));
    let help = match mistake_closest(format, &known) {
        Some(meant) => format!("did you mean `{meant}`? {list}"),
        None => list,
    };
    Err(PlanError::Usage(format!("there is no report format `{format}`"), help))
}

fn scan_request(plan: &Plan) -> Result<ScanRequest, PlanError> {
    let (mut rules, models) = rules::load(&plan.rule_paths)?;
    check_suppressions(plan, &rules)?;
    let is_selection = !(plan.only.is_empty() && plan.skip.is_empty());
    if is_selection {
        rules.select(&plan.only, &plan.skip).map_err(PlanError::Rules)?;
    }
    Ok(ScanRequest {
        deployment: request::deployment(&plan.inputs, plan.threads),
        rules,
        is_selection,
        models,
        suppressions: plan.suppressions.clone(),
        suppressions_from: plan
            .config_path
            .as_ref()
            .map_or_else(String::new, |path| path.display().to_string()),
        baseline: plan.baseline.as_deref().map(baseline::read).transpose()?,
        today: clock::today(),
        source_roots: plan.inputs.source_roots.clone(),
        stats: plan.stats,
    })
}

/// A suppression of a rule that there is not would silently do nothing.
fn check_suppressions(plan: &Plan, rules: &RuleSet) -> Result<(), PlanError> {
    for (i, suppression) in plan.suppressions.iter().enumerate() {
        let is_of = |rule: &Rule| suppression.is_about_rule(&rule.meta.id);
        let Some(pattern) = suppression.rule.as_deref().filter(|_| !rules.rules().iter().any(is_of)) else {
            continue;
        };
        let mistake = rules.unknown(pattern);
        let file = plan.config_path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        return Err(PlanError::Usage(
            format!("{file}: suppression {}: {mistake}", i + 1),
            mistake.help_text().unwrap_or_default().to_owned(),
        ));
    }
    Ok(())
}

fn scan(request: &ScanRequest, show_progress: bool) -> Result<Outcome, PlanError> {
    let progress = Arc::new(Progress::default());
    let _bar = show_progress.then(|| Bar::show(&progress));
    engine::scan(request, &progress).map_err(|error| request::refused(&error))
}

/// Problems come before the report, so that a terminal ends with the verdict.
fn tell_problems(outcome: &Outcome, plan: &Plan, terminal: &Terminal) {
    let is_shown = |level| !plan.quiet || level == ProblemLevel::Error;
    let shown: Vec<_> =
        outcome.problems.iter().filter(|problem| is_shown(problem.level())).cloned().collect();
    let mut lines = Vec::new();
    if report::problems::write(&shown, &terminal.on_stderr(), &mut lines).is_ok() && !lines.is_empty() {
        terminal.tell(&String::from_utf8_lossy(&lines));
    }
}

fn report_to_all(
    outcome: &Outcome,
    plan: &Plan,
    outputs: Vec<Output>,
    terminal: &Terminal,
) -> Result<(), PlanError> {
    let folder = std::env::current_dir().unwrap_or_default();
    let repository_prefix = repository_prefix(&folder);
    let placed = |options| RenderOptions {
        base: folder.clone(),
        repository_prefix: repository_prefix.clone(),
        ..options
    };
    let in_file = placed(RenderOptions { max_findings: usize::MAX, ..RenderOptions::default() });
    for ((format, _), output) in plan.outputs.iter().zip(outputs) {
        output.write(|out| report::render(format, outcome, &in_file, out))?;
    }
    print(|out| report::render(&plan.format, outcome, &placed(terminal.on_stdout()), out))
}

fn tell_stats(stats: &ScanStats, terminal: &Terminal) {
    if stats.phases_ms.is_empty() {
        return;
    }
    let phases: Vec<String> = stats.phases_ms.iter().map(|(phase, ms)| format!("{phase} {ms} ms")).collect();
    let total: u64 = stats.phases_ms.iter().map(|(_, ms)| ms).sum();
    terminal.tell(&format!("time: {total} ms ({})", phases.join(", ")));
    let bytes = stats.peak_rss_bytes.map_or_else(|| "unknown".to_owned(), |n| format!("{} MiB", n >> 20));
    terminal.tell(&format!(
        "peak memory: {bytes}; {} call sites, {} call edges, {} field accesses, {} bytes of classes",
        stats.n_call_sites, stats.n_call_edges, stats.n_field_accesses, stats.n_bytes
    ));
}

/// The last line says why the exit code is not 0.
fn tell_verdict(verdict: Verdict, plan: &Plan, terminal: &Terminal) {
    let reason = match verdict {
        Verdict::Passed => return,
        Verdict::Failed(n) => {
            let what = if n == 1 { "finding fails" } else { "findings fail" };
            let severity = plan.fail_on.threshold().map_or("never", |severity| severity.text());
            let new = if plan.baseline.is_some() { " and is not in the baseline" } else { "" };
            format!("{n} {what}: what is at or above `{severity}`{new}")
        }
        Verdict::Incomplete(n) => {
            let what = if n == 1 { "problem" } else { "problems" };
            format!("not scanned whole: {n} {what}, see above")
        }
        Verdict::Broken => "cotenant itself is at fault, see above; please report it".to_owned(),
    };
    terminal.tell(&format!("cotenant: {reason} (exit code {})", verdict.exit_code()));
}
