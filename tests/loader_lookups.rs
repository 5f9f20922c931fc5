//! Of the calls in well-known libraries that a search for `forName`, `loadClass`, `getResource` and `getClassLoader`
//! would list, few are reported: those in which an application's name meets a loader that does not have it.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod obligations_support;

use cotenant::dataflow::origins::{self, Origin};
use cotenant::dataflow::{Body, World};
use cotenant::facts::{Event, NO_NAME, Value};
use cotenant::vocabulary::{ClassId, ValueId};
use obligations_support::with_world_of;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Jars by the beginning of their names, and how many of their lookups are reported at warning or above at most: those
/// of today.
const LIBRARIES: &[(&str, usize)] = &[
    ("guava-", 0),
    ("logback-classic-", 0),
    ("logback-core-", 1),
    ("log4j-api-", 0),
    ("log4j-core-", 0),
    ("netty-common-", 0),
    ("netty-handler-", 0),
    ("netty-transport-", 0),
    ("spring3-context-", 0),
    ("spring3-core-", 0),
    ("tomcat10-embed-core-", 4),
];

/// What a call alone shows of it; the first that holds.
const REASONS: [&str; 6] = ["reported", "held", "given", "chain", "handed on", "other"];

/// A call, by its class, line and what it calls.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Lookup {
    class: String,
    line: u64,
    called: &'static str,
    reason: &'static str,
}

#[test]
fn lookups_that_are_in_order_are_not_reported() {
    let folder = std::env::var_os("COTENANT_CORPUS").map(PathBuf::from).unwrap_or_default();
    let mut out = std::io::stderr();
    let mut lines =
        vec![format!("{:22}{:>7}  {}", "", "calls", REASONS.map(|r| format!("{r:>10}")).concat())];
    let mut too_many = Vec::new();
    for (prefix, most) in LIBRARIES {
        let Some(jar) = jar_of(&folder, prefix) else {
            // Written past the harness, which keeps what a passing test prints.
            let _ = writeln!(out, "skipped: COTENANT_CORPUS has no {prefix}*.jar");
            continue;
        };
        let reported = reported(&jar);
        let mut lookups = with_world_of(&[("base", &jar)], lookups);
        for lookup in &mut lookups {
            if reported.contains(&(lookup.class.clone(), lookup.line)) {
                lookup.reason = "reported";
            }
        }
        let count = |reason| lookups.iter().filter(|l| l.reason == reason).count();
        let counts = REASONS.map(|reason| format!("{:>10}", count(reason))).concat();
        lines.push(format!("{:22}{:>7}  {counts}", prefix.trim_end_matches('-'), lookups.len()));
        let mut by_call: BTreeMap<&str, usize> = BTreeMap::new();
        lookups.iter().for_each(|l| *by_call.entry(l.called).or_default() += 1);
        lines.push(format!("{:22}{by_call:?}", ""));
        for lookup in lookups.iter().filter(|l| l.reason == "reported") {
            lines.push(format!("{:22}{} {}:{}", "", lookup.called, lookup.class, lookup.line));
        }
        if count("reported") > *most {
            too_many.push(format!("{prefix}: {} instead of {most}", count("reported")));
        }
    }
    let table = lines.join("\n");
    let _ = writeln!(out, "{table}");
    assert!(too_many.is_empty(), "{too_many:?}\n{table}");
}

fn jar_of(folder: &Path, prefix: &str) -> Option<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let is_meant = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let version = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".jar"));
        version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
    };
    entries.map(walkdir::DirEntry::into_path).find(is_meant)
}

/// The class and line of everything that a finding about class loaders at warning or above names.
fn reported(jar: &Path) -> BTreeSet<(String, u64)> {
    let mut scan = Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.env_remove("CI")
        .args([
            "scan",
            "--quiet",
            "--fail-on",
            "never",
            "--only",
            "classloader/*",
            "--format",
            "json",
            "--base",
        ])
        .arg(jar);
    let report: Json = serde_json::from_slice(&scan.output().unwrap().stdout).unwrap();
    let mut places = BTreeSet::new();
    for finding in report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] != "note") {
        let related = finding["related"].as_array().into_iter().flatten();
        let located = related.map(|r| &r["location"]).chain([&finding["location"]]);
        places.extend(located.filter_map(|at| {
            let class = at["entry"].as_str()?.strip_suffix(".class")?.replace('/', ".");
            Some((class, at["line"].as_u64()?))
        }));
        let steps = finding["trace"].as_array().into_iter().flatten();
        places.extend(steps.filter_map(|s| Some((s["class"].as_str()?.to_owned(), s["line"].as_u64()?))));
    }
    places
}

/// Every call that a search by name lists.
fn lookups(world: &World<'_>) -> Vec<Lookup> {
    let program = world.program;
    let classes = (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c));
    let mut found = Vec::new();
    for (id, _) in classes.flat_map(|class| program.methods_of(class)) {
        let body = world.body(id);
        for event in body.origins.events() {
            if let Some(called) = called(world, event) {
                found.push(Lookup {
                    class: program.class_name(body.class).replace('/', "."),
                    line: u64::from(event.line),
                    called,
                    reason: reason(world, body, event, called),
                });
            }
        }
    }
    found
}

fn called(world: &World<'_>, event: &Event) -> Option<&'static str> {
    let member = world.program.facts.members.get(event.member().filter(|_| event.kind.is_invoke())?);
    let owner = world.program.text(member.owner);
    let is_class = owner == "java/lang/Class";
    match world.program.text(member.name) {
        "forName" if is_class => Some("forName"),
        "loadClass" if owner.ends_with("ClassLoader") => Some("loadClass"),
        "getResource" | "getResources" | "getResourceAsStream"
            if is_class || owner.ends_with("ClassLoader") =>
        {
            Some("getResource")
        }
        "getClassLoader" if is_class => Some("getClassLoader"),
        _ => None,
    }
}

fn reason(world: &World<'_>, body: Body<'_>, event: &Event, called: &'static str) -> &'static str {
    if called == "getClassLoader" {
        return "handed on";
    }
    let is_on_loader = event.kind.has_receiver() && called != "forName" && !is_on_class(world, event);
    let loader = if is_on_loader { 0 } else { 2 };
    let name = usize::from(event.kind.has_receiver());
    let takes_loader = is_on_loader || called == "forName" && event.n_args > 2;
    if is_held(world, body, event, body.origins.arg(event, name)) {
        "held"
    } else if takes_loader && is_given(world, body, body.origins.arg(event, loader)) {
        "given"
    } else if asks_context_loader(world, body) {
        "chain"
    } else {
        "other"
    }
}

fn is_on_class(world: &World<'_>, event: &Event) -> bool {
    let owner = event.member().map(|m| world.program.facts.members.get(m).owner);
    owner.is_some_and(|owner| world.program.text(owner) == "java/lang/Class")
}

/// Whether all that is asked for are constants, which the library's own loader yields.
fn is_held(world: &World<'_>, body: Body<'_>, event: &Event, name: ValueId) -> bool {
    let program = world.program;
    let loader = program.class(body.class).loader;
    let package = program.class_name(body.class).rsplit_once('/').map_or("", |(package, _)| package);
    let mut leaves = body.origins.leaves(name).peekable();
    leaves.peek().is_some()
        && leaves.all(|leaf| {
            let Value::Str(text) = leaf else { return false };
            if text == NO_NAME {
                return false;
            }
            let text = program.text(text);
            let entry = match text.strip_prefix('/') {
                Some(absolute) => absolute.to_owned(),
                None if is_on_class(world, event) => format!("{package}/{text}"),
                None => text.to_owned(),
            };
            let holds =
                |e: &cotenant::topology::PathElement, name: &str| e.has_resource(world.archives, name);
            program.find_text(loader, &text.replace('.', "/")).is_some()
                || program.topology.find_resource(loader, &entry, &holds).is_some()
        })
}

/// Whether the loader is the thread's, or one that a caller passes or has set.
fn is_given(world: &World<'_>, body: Body<'_>, loader: ValueId) -> bool {
    origins::of_value(world, body.id, loader).iter().any(|found| {
        matches!(
            found.origin,
            Origin::ContextLoader | Origin::ForeignLoader | Origin::Parameter | Origin::Field(_)
        )
    })
}

/// Whether the method asks the context class loader as well.
fn asks_context_loader(world: &World<'_>, body: Body<'_>) -> bool {
    body.origins.events().iter().any(|event| {
        event.member().filter(|_| event.kind.is_invoke()).is_some_and(|m| {
            let name = world.program.facts.members.get(m).name;
            matches!(world.program.text(name), "getContextClassLoader" | "getDefaultClassLoader")
        })
    })
}
