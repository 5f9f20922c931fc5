//! What the fixtures say is left open on some path, and what the analysis finds there.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and say what they measure")]

mod obligations_support;

use cotenant::dataflow::Role;
use cotenant::dataflow::obligations::{Summaries, leaks_of};
use cotenant::engine::threads::Pool;
use cotenant::vocabulary::MethodId;
use obligations_support::{Line, cases, expected, line_of, with_world};
use std::collections::BTreeSet;
use std::path::Path;

/// Rules and the resource groups that they are about.
const RULES: [(&str, &[&str]); 4] = [
    (
        "resource/stream-open-on-exception",
        &["files", "sockets", "connections", "closeable", "handed-closeable"],
    ),
    (
        "resource/jdbc-open-on-exception",
        &["jdbc-connection", "jdbc-statement", "jdbc-result-set", "entity-session"],
    ),
    ("resource/lock-not-released", &["locks"]),
    ("resource/process-not-destroyed", &["processes"]),
];

/// Lines that lose something, each with whether anything ever releases it.
fn found(case: &Path, groups: &[&str]) -> BTreeSet<(Line, String)> {
    with_world(case, |world| {
        let summaries = Summaries::build(world, &Pool);
        let resources = &world.knowledge.tables.resources;
        let wanted = |r: u16| {
            let resource = &resources[usize::from(r)];
            groups.iter().any(|g| *g == resource.name || resource.groups.iter().any(|of| of == g))
        };
        let methods = (0..world.program.n_methods).map(MethodId::from_index);
        let leaks = methods.flat_map(|m| leaks_of(world, m, &wanted, &summaries));
        let lines = leaks.map(|leak| {
            let certainty = if leak.ever_released { "likely" } else { "certain" };
            (line_of(world, leak.method, leak.event), certainty.to_owned())
        });
        lines.collect()
    })
}

/// Methods that acquire something.
fn n_acquiring(case: &Path, groups: &[&str]) -> usize {
    with_world(case, |world| {
        let resources = &world.knowledge.tables.resources;
        let is_wanted = |role: Role| match role {
            Role::Acquire(r) => {
                let resource = &resources[usize::from(r)];
                groups.iter().any(|g| *g == resource.name || resource.groups.iter().any(|of| of == g))
            }
            _ => false,
        };
        let acquires = |m: &MethodId| {
            let body = world.body(*m);
            let loader = world.program.class(body.class).loader;
            let mut members = body.origins.events().iter().filter_map(|e| e.member());
            members.any(|member| world.knowledge.roles(loader, member).any(|(role, _)| is_wanted(role)))
        };
        (0..world.program.n_methods).map(MethodId::from_index).filter(acquires).count()
    })
}

#[test]
fn there_are_cases_for_each_release_of_the_language() {
    let (mut n_bad, mut n_good) = (0, 0);
    for (rule, groups) in RULES {
        for case in cases(rule) {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            let n = expected(&case, rule).len();
            n_bad += n;
            if name.ends_with("-release-8") || name.ends_with("-release-11") {
                assert!(n >= 15 || name.starts_with("good"), "{name}: {n}");
            }
            if name.starts_with("good") {
                n_good += n_acquiring(&case, groups);
            }
        }
    }
    println!("{n_bad} places that lose something, {n_good} methods that only look so");
    assert!(n_bad >= 120 && n_good >= 90, "{n_bad} {n_good}");
}

#[test]
fn what_stays_open_is_found_and_what_does_not_is_not() {
    let (mut hits, mut misses, mut false_alarms, mut other) = (0, 0, 0, 0);
    for (rule, groups) in RULES {
        for case in cases(rule) {
            let mut expected = expected(&case, rule);
            let mut found = found(&case, groups);
            // What is worth no more than a note may be found, and how sure it is says the rule.
            let is_note = |certainty: &str| certainty == "note";
            let notes: BTreeSet<Line> =
                expected.iter().filter(|(_, c)| is_note(c)).map(|(line, _)| line.clone()).collect();
            expected.retain(|(_, certainty)| !is_note(certainty));
            found.retain(|(line, _)| !notes.contains(line));
            let lines =
                |set: &BTreeSet<(Line, String)>| set.iter().map(|(l, _)| l.clone()).collect::<BTreeSet<_>>();
            let (want, have) = (lines(&expected), lines(&found));
            hits += want.intersection(&have).count();
            for line in want.difference(&have) {
                println!("missed       {}: {}:{}", case.display(), line.file, line.line);
                misses += 1;
            }
            for line in have.difference(&want) {
                println!("false alarm  {}: {}:{}", case.display(), line.file, line.line);
                false_alarms += 1;
            }
            // A rule may make less of it than the analysis does, never more.
            let is_lowered = |(line, certainty): &&(Line, String)| {
                let is_less: &[&str] = match certainty.as_str() {
                    "certain" => &["likely", "possible"],
                    _ => &["possible"],
                };
                is_less.iter().any(|less| expected.contains(&(line.clone(), (*less).to_owned())))
            };
            let differ = found.difference(&expected).filter(|(l, _)| want.contains(l));
            for (line, certainty) in differ.filter(|row| !is_lowered(row)) {
                println!("not {certainty:8} {}: {}:{}", case.display(), line.file, line.line);
                other += 1;
            }
        }
    }
    println!("{hits} found, {misses} missed, {false_alarms} false alarms, {other} of another certainty");
    assert!(misses + hits > 50, "the fixtures are gone");
    assert_eq!((misses, false_alarms, other), (0, 0, 0));
}
