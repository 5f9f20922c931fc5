//! Every rule's cases on a real JVM: what a rule predicts happens in its bad cases, and does not in its good ones.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod jvm;

use cotenant::rules::models::Models;
use cotenant::rules::rule::Proof;
use cotenant::rules::set::RuleSet;
use jvm::claims::{self, Runs};
use jvm::machine::{Machine, is_required, machine};
use jvm::prediction::{Case, Finding, cases, findings};
use jvm::table::{MAY_DIFFER, MISTAKEN, NOT_REACHED, NOT_RUN, PROOFS, Shows, shows_of};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

#[test]
fn what_static_sharing_rules_predict_happens() {
    prove("static-sharing/");
}

#[test]
fn what_classloader_rules_predict_happens() {
    prove("classloader/");
}

#[test]
fn what_resource_rules_predict_happens() {
    prove("resource/");
}

#[test]
fn what_linkage_rules_predict_happens() {
    prove("linkage/");
}

fn prove(family: &str) {
    let machine = match machine() {
        Ok(machine) => machine,
        Err(reason) => {
            assert!(!is_required(), "{reason}");
            // Written past the harness, which keeps what a passing test prints.
            let _ = writeln!(std::io::stderr(), "skipped: {reason}");
            return;
        }
    };
    let wanted = std::env::var("COTENANT_CASE").unwrap_or_default();
    let is_run =
        |case: &Case| case.name.contains(&wanted) && !NOT_RUN.iter().any(|(name, _)| *name == case.name);
    // Of another family, perhaps; but a name of none has been mistyped.
    let mut all = PROOFS.iter().flat_map(|(rule, _)| cases(rule));
    assert!(all.any(|case| is_run(&case)), "no case that is run has COTENANT_CASE={wanted} in its name");
    let rules = PROOFS.iter().filter(|(rule, _)| rule.starts_with(family));
    let work = Mutex::new(
        rules
            .flat_map(|(rule, shows)| cases(rule).into_iter().map(|c| (*rule, *shows, c)))
            .filter(|(.., case)| is_run(case))
            .collect(),
    );
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((rule, shows, case)) = next(&work) {
                    let lines = check(machine, rule, shows, &case);
                    let lines = lines.iter().map(|line| format!("{}: {line}", case.name));
                    wrong.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap_or_default();
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Work = Vec<(&'static str, Shows, Case)>;

fn next(work: &Mutex<Work>) -> Option<(&'static str, Shows, Case)> {
    work.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn check(machine: &Machine, rule: &str, shows: Shows, case: &Case) -> Vec<String> {
    match findings(case).and_then(|found| Ok((claims::run(machine, case, shows, &found)?, found))) {
        Ok((runs, found)) if case.name.contains("/bad") => check_bad(rule, shows, case, &runs, &found),
        Ok((runs, _)) => {
            let may_differ = MAY_DIFFER.iter().any(|(name, _)| *name == case.name);
            claims::wrong(if may_differ { Shows::Exit } else { shows }, case, &runs)
        }
        Err(e) => vec![e],
    }
}

/// All that is certain has to happen, whichever rule says it, and something of what the case's own rule says.
fn check_bad(rule: &str, shows: Shows, case: &Case, runs: &Runs, found: &[Finding]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut n_shown = 0;
    for finding in found {
        let Some(claim) = shows_of(&finding.rule).filter(|claim| runs.can_show(*claim, shows)) else {
            continue;
        };
        let excused = NOT_REACHED.iter().any(|(name, class, line, _)| {
            *name == case.name && *class == finding.line_class && *line == finding.line
        });
        let is_own = finding.rule == rule;
        let is_mistaken = is_mistaken(case, finding);
        match claims::missing(claim, finding, runs, is_own) {
            None if excused => wrong.push(format!("line {} is reached after all", finding.line)),
            None if is_mistaken => wrong.push(format!("{} is right after all", finding.rule)),
            None => n_shown += usize::from(is_own),
            Some(why) if finding.is_certain && !excused && !is_mistaken => {
                wrong.push(format!("{}: {why}", finding.rule));
            }
            Some(_) => {}
        }
    }
    for (_, rule, _) in MISTAKEN.iter().filter(|(name, ..)| *name == case.name) {
        if !found.iter().any(|f| f.rule == *rule && f.is_certain) {
            wrong.push(format!("{rule} says nothing certain any more"));
        }
    }
    if n_shown == 0 {
        wrong.push(format!("nothing that is found happens: no {shows:?}"));
    }
    wrong
}

fn is_mistaken(case: &Case, finding: &Finding) -> bool {
    MISTAKEN.iter().any(|(name, rule, _)| *name == case.name && *rule == finding.rule)
}

#[test]
fn rules_that_claim_a_proof_are_those_that_are_proven() {
    let models = Models::built_in().unwrap();
    let rules = RuleSet::built_in(&models).unwrap();
    let claimed: BTreeSet<&str> =
        rules.rules().iter().filter(|r| matches!(r.proof, Proof::Jvm)).map(|r| r.meta.id.as_str()).collect();
    let proven: BTreeSet<&str> = PROOFS.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(claimed, proven);
}

#[test]
fn every_proven_rule_has_cases_of_both_kinds() {
    for (rule, _) in PROOFS {
        let names: Vec<String> = cases(rule).into_iter().map(|case| case.name).collect();
        for kind in ["/bad", "/good"] {
            assert!(names.iter().any(|name| name.contains(kind)), "{rule} has no case {kind}");
        }
    }
}

#[test]
fn exceptions_name_cases_that_there_are() {
    let names: Vec<String> = PROOFS.iter().flat_map(|(rule, _)| cases(rule)).map(|case| case.name).collect();
    let differing = MAY_DIFFER.iter().map(|(name, _)| name);
    let listed = differing
        .chain(NOT_REACHED.iter().map(|(name, ..)| name))
        .chain(MISTAKEN.iter().map(|(name, ..)| name))
        .chain(NOT_RUN.iter().map(|(name, _)| name));
    for name in listed {
        assert!(names.iter().any(|n| n == name), "there is no case {name}");
    }
}
