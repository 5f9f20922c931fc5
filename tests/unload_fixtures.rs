//! What a module leaves behind, on the fixtures: found in every bad case at its line, and in no good one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

mod unload_support;

use cotenant::dataflow::World;
use cotenant::dataflow::unload::{Keeper, Kept, Release, kept};
use cotenant::engine::threads::Pool;
use cotenant::rules::rule::Site;
use cotenant::rules::{Models, RuleSet};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use unload_support::{Deployment, place, tenant_name, with_world};

const RULES: &[&str] = &[
    "thread-outlives-module",
    "executor-never-shut-down",
    "handle-kept-open",
    "timer-never-cancelled",
    "shutdown-hook-from-module",
    "jdbc-driver-not-deregistered",
    "mbean-not-unregistered",
    "thread-local-never-removed",
    "thread-group-not-destroyed",
    "first-user-kept",
    "listener-never-removed",
    "loader-kept-by-wrapper",
    "class-loader-per-call",
    "client-never-closed",
    "task-left-on-shared-scheduler",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/resource")
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    cases
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "java") {
            found.push(path);
        }
    }
}

/// `File.java:line [tenants]` of each expectation of a rule, and `File.java:line ` of notes that are in order.
fn expected(case: &Path, rule: &str) -> (BTreeSet<String>, Vec<String>) {
    let mut files = Vec::new();
    sources(&case.join("src"), &mut files);
    let (mut found, mut noted) = (BTreeSet::new(), Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (i, line) in text.lines().enumerate() {
            let Some((_, expectations)) = line.split_once("// expect: ") else { continue };
            for expectation in expectations.split(';') {
                let mut words = expectation.trim().splitn(3, ' ');
                let (id, certainty) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                if id != format!("resource/{rule}") {
                    continue;
                }
                let at = format!("{}:{} ", file.file_name().unwrap().to_string_lossy(), i + 1);
                if certainty == "note" {
                    noted.push(at);
                } else {
                    found.insert(format!("{at}{}", words.next().unwrap_or("")));
                }
            }
        }
    }
    (found, noted)
}

/// What is found, but for what the rules only note. Whom an initialiser runs for, rules tell.
fn told(found: BTreeSet<String>, expected: &BTreeSet<String>, noted: &[String]) -> BTreeSet<String> {
    let of_initialiser = |f: String| match f.strip_suffix("[]") {
        Some(at) => expected.iter().find(|e| e.starts_with(at)).cloned().unwrap_or(f),
        None => f,
    };
    let found = found.into_iter().filter(|f| !noted.iter().any(|at| f.starts_with(at)));
    found.map(of_initialiser).collect()
}

/// The resources that the rule asks about.
fn resources(rule: &str, models: &Models) -> Vec<String> {
    let rules = RuleSet::built_in(models).unwrap_or_else(|m| panic!("{m:?}"));
    match &rules.get(&format!("resource/{rule}")).unwrap().site {
        Site::Kept { resources } => resources.clone(),
        _ => Vec::new(),
    }
}

fn is_left(rule: &str, kept: &Kept) -> bool {
    match rule {
        "loader-kept-by-wrapper" => matches!(kept.release, Release::ByPinningWrapper(_)),
        "class-loader-per-call" if !matches!(kept.keeper, Keeper::Nothing | Keeper::Unknown) => false,
        // What somebody closes is not said to be kept for ever.
        "handle-kept-open" => {
            kept.release == Release::Never
                && matches!(kept.keeper, Keeper::Field(_) | Keeper::SharedStatic(_))
        }
        "executor-never-shut-down" | "timer-never-cancelled" => matches!(
            kept.release,
            Release::Never
                | Release::Elsewhere
                | Release::OfOthers
                | Release::Sometimes
                | Release::HandedOn
                | Release::UnlessThrown
                | Release::WhenUnreferenced
                | Release::WithCallersAccess
        ),
        _ => matches!(
            kept.release,
            Release::Never
                | Release::Elsewhere
                | Release::OfOthers
                | Release::Sometimes
                | Release::HandedOn
                | Release::WithCallersAccess
        ),
    }
}

fn found(world: &World<'_>, rule: &str, names: &[String]) -> BTreeSet<String> {
    let table = &world.knowledge.tables.resources;
    let wanted = |r: u16| names.iter().any(|n| n == "*" || *n == table[usize::from(r)].name);
    let all = kept(world, &wanted, world.program.topology.container, &Pool);
    let left = all.iter().filter(|k| is_left(rule, k));
    left.map(|k| {
        let (method, event) = match rule {
            "loader-kept-by-wrapper" => k.release_site.unwrap(),
            _ => (k.method, k.event),
        };
        let mut tenants: Vec<String> = match k.tenant {
            Some(tenant) => vec![tenant_name(world, tenant)],
            None if world.reach.is_open_world() => vec!["*".to_owned()],
            None => world.reach.tenants(k.method).iter().map(|t| tenant_name(world, t)).collect(),
        };
        tenants.sort();
        format!("{} [{}]", place(world, method, event), tenants.join(", "))
    })
    .collect()
}

/// A line for each tenant: those for whom a thing is kept in the same way stand in one finding, which the rules see to.
fn by_tenant(lines: &BTreeSet<String>) -> BTreeSet<String> {
    let split = |line: &String| {
        let (place, tenants) = line.split_once('[').unwrap_or((line, ""));
        let tenants = tenants.trim_end_matches(']').split(", ");
        tenants.map(|tenant| format!("{place}[{tenant}]")).collect::<Vec<_>>()
    };
    lines.iter().flat_map(split).collect()
}

/// Left to `tests/fixtures.rs`, which scans them: in the world that is made here nothing is seen to be acquired in the first
/// four, and in the others more is told than conditions of the rule let through, or once for each use.
const BY_SCAN_ALONE: [&str; 7] = [
    "client-never-closed/bad-kept-by-library",
    "client-never-closed/bad-open-factory",
    "client-never-closed/bad-pool-inside",
    "client-never-closed/bad-servers-and-pools",
    "mbean-not-unregistered/bad-library-takes-back-its-own",
    "first-user-kept/bad-many-uses",
    "first-user-kept/good-base-too",
];

#[test]
fn bad_fixtures_leave_behind_what_they_say_and_good_ones_nothing() {
    let models = Models::built_in().unwrap();
    let mut wrong = Vec::new();
    for rule in RULES {
        let names = resources(rule, &models);
        for case in cases(&fixtures().join(rule)) {
            let name = format!("{rule}/{}", case.file_name().unwrap().to_string_lossy());
            if BY_SCAN_ALONE.contains(&name.as_str()) {
                continue;
            }
            let (expected, noted) = expected(&case, rule);
            let found = with_world(&Deployment::of_fixture(&case), |world| found(world, rule, &names));
            let found = by_tenant(&told(found, &expected, &noted));
            let expected = by_tenant(&expected);
            wrong.extend(expected.difference(&found).map(|e| format!("{name}: missed {e}")));
            wrong.extend(found.difference(&expected).map(|f| format!("{name}: false {f}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
