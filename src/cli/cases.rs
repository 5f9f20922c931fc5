//! `cotenant rules test`: deployments whose sources say what has to be found in them.
//!
//! A case is a folder with a `cotenant.yaml` and sources under `src/`. An expectation stands at the end of the line it
//! is about: `// expect: RULE CERTAINTY [TENANTS]`, several separated by `; `; `// expect: RULE note` allows a note. In
//! XML it stands in a comment, and where a comment needs a line of its own, in the one before. In
//! a case whose folder's name begins with `good` nothing at warning or above may be found, and nothing of the rule that
//! the folders above name. In any other case every expectation must be found, and that rule must find nothing else. If
//! the folders above name no rule, no rule may find anything else at warning or above. A case of which an input can't be
//! read fails.

use super::args::{DeploymentArguments, ScanArguments};
use super::plan::{Plan, PlanError};
use super::scan;
use crate::engine::sources;
use crate::findings::{Finding, Outcome, Severity};
use crate::vocabulary::ProblemLevel;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

const MARK: &str = "expect:";
/// What an expectation may say of a finding.
const CERTAINTIES: &[&str] = &["certain", "likely", "possible", "note"];

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expectation {
    rule: String,
    /// `certain`, `likely`, `possible`, or `note` for "a note is in order".
    certainty: String,
    tenants: Vec<String>,
}

/// What became of all cases.
#[derive(Debug, Default)]
pub struct Verdict {
    /// One line for each case that failed, and one for each thing that is wrong with it.
    pub text: String,
    /// Cases that gave what they say.
    pub n_passed: usize,
    /// Cases that did not.
    pub n_failed: usize,
}

/// Runs all cases below the paths with the built-in rules and those of `rule_paths`.
///
/// # Errors
/// If a case's configuration or a rule is wrong.
pub fn run(paths: &[PathBuf], rule_paths: &[PathBuf]) -> Result<Verdict, PlanError> {
    let mut verdict = Verdict::default();
    let cases: Vec<PathBuf> = paths.iter().flat_map(|path| cases_below(path)).collect();
    if cases.is_empty() {
        let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let help = "a case is a folder with a `cotenant.yaml` and sources below `src/`".to_owned();
        return Err(PlanError::Usage(format!("no case below {}", shown.join(", ")), help));
    }
    for case in cases {
        let outcome = scan_case(&case, rule_paths)?;
        let wrong = compare(&case, &outcome);
        if wrong.is_empty() {
            verdict.n_passed += 1;
            continue;
        }
        verdict.n_failed += 1;
        let _ = writeln!(verdict.text, "{}", case.display());
        for line in wrong {
            let _ = writeln!(verdict.text, "  {line}");
        }
    }
    let Verdict { n_passed, n_failed, .. } = verdict;
    let _ = writeln!(verdict.text, "{n_passed} passed, {n_failed} failed");
    Ok(verdict)
}

fn cases_below(path: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(path).sort_by_file_name().into_iter().filter_map(Result::ok);
    let cases = entries
        .filter(|e| e.file_name() == "cotenant.yaml")
        .filter_map(|e| Some(e.path().parent()?.to_owned()));
    cases.filter(|case| case.join("src").is_dir()).collect()
}

fn scan_case(case: &Path, rule_paths: &[PathBuf]) -> Result<Outcome, PlanError> {
    let mut arguments = ScanArguments {
        deployment: DeploymentArguments { paths: vec![case.to_owned()], ..DeploymentArguments::default() },
        ..ScanArguments::default()
    };
    arguments.rules.rules = rule_paths.to_vec();
    scan::outcome_of(&Plan::new(&arguments)?)
}

type Lines = BTreeMap<(String, u32), Vec<Expectation>>;

fn compare(case: &Path, outcome: &Outcome) -> Vec<String> {
    let (expected, mut wrong) = expectations(case);
    let is_good = case.file_name().is_some_and(|n| n.to_string_lossy().starts_with("good"));
    let own_rule = own_rule(case);
    let unread = outcome.problems.iter().filter(|problem| problem.level() == ProblemLevel::Error);
    wrong.extend(unread.map(|p| format!("[unread]  {}: {}", p.place.archive, p.message)));
    let is_of_no_rule = !outcome.rules.iter().any(|rule| rule.id == own_rule);
    for finding in &outcome.findings {
        let here = expected.get(&place(finding)).map_or(&[][..], Vec::as_slice);
        let mut of_rule = here.iter().filter(|e| e.rule == finding.rule);
        let is_own = finding.rule == own_rule;
        let is_wrong = if is_good {
            let allowed = of_rule.any(|e| e.certainty == "note" && finding.severity == Severity::Note);
            (finding.severity < Severity::Note || is_own) && !allowed
        } else {
            (is_own || (is_of_no_rule && finding.severity < Severity::Note)) && of_rule.next().is_none()
        };
        if is_wrong {
            wrong.push(format!("[noisy]   {}", describe(finding)));
        }
    }
    for ((file, line), expectations) in &expected {
        for e in expectations.iter().filter(|e| e.certainty != "note") {
            let found =
                outcome.findings.iter().find(|f| f.rule == e.rule && place(f) == (file.clone(), *line));
            match found {
                None => {
                    wrong.push(format!("[missing] {file}:{line} {} {} {:?}", e.rule, e.certainty, e.tenants))
                }
                Some(f) if f.certainty.text() != e.certainty || f.tenants != e.tenants => {
                    wrong.push(format!("[other]   {} expected {} {:?}", describe(f), e.certainty, e.tenants));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

fn describe(f: &Finding) -> String {
    let (file, line) = place(f);
    format!("{file}:{line} {} {} {} {:?}", f.rule, f.severity.text(), f.certainty.text(), f.tenants)
}

fn place(finding: &Finding) -> (String, u32) {
    let location = &finding.location;
    (location.source.clone().or(location.source_file.clone()).unwrap_or_default(), location.line)
}

/// `family/rule` of `…/family/rule/case`.
fn own_rule(case: &Path) -> String {
    let mut parents =
        case.ancestors().skip(1).filter_map(Path::file_name).map(|n| n.to_string_lossy().into_owned());
    let (rule, family) = (parents.next().unwrap_or_default(), parents.next().unwrap_or_default());
    format!("{family}/{rule}")
}

/// What the sources of a case expect, and what in them can't be read.
fn expectations(case: &Path) -> (Lines, Vec<String>) {
    let mut lines = Lines::new();
    let mut unread = Vec::new();
    for entry in WalkDir::new(case.join("src")).sort_by_file_name().into_iter().filter_map(Result::ok) {
        if !entry.file_type().is_file() {
            continue;
        }
        let file = sources::shown(entry.path());
        // What is no text expects nothing.
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        for (i, line) in text.lines().enumerate() {
            let Some((before, marks)) = line.split_once(MARK) else { continue };
            if !before.trim_end().ends_with("//") {
                continue;
            }
            // `# // expect: …` alone is a comment about the next line.
            let is_before =
                before.trim().trim_start_matches(['#', '!']).trim_start() == "//" && before.trim() != "//";
            let place = (file.clone(), i as u32 + 1 + u32::from(is_before));
            let marks = marks.trim().trim_end_matches("-->").trim_end();
            for mark in marks.split("; ") {
                match parse(mark) {
                    Some(expectation) => lines.entry(place.clone()).or_default().push(expectation),
                    None => unread.push(format!(
                        "[unread]  {file}:{} {mark}: RULE CERTAINTY [TENANTS] is meant",
                        place.1
                    )),
                }
            }
        }
    }
    (lines, unread)
}

fn parse(mark: &str) -> Option<Expectation> {
    let (head, tenants) = mark.trim().split_once('[').unwrap_or((mark.trim(), ""));
    let mut words = head.split_whitespace();
    let (rule, certainty) = (words.next()?.to_owned(), words.next()?.to_owned());
    if words.next().is_some() || !CERTAINTIES.contains(&certainty.as_str()) {
        return None;
    }
    let tenants = tenants.trim_end_matches(']').split(',').map(|t| t.trim().to_owned());
    Some(Expectation { rule, certainty, tenants: tenants.filter(|t| !t.is_empty()).collect() })
}
