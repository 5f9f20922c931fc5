//! Generated deployments, linked by a JVM and by the analysis: each failure that the one sees the other has to see.
//!
//! `COTENANT_GENERATED=5000` makes more of them than the few hundred of every run; `COTENANT_SHOWN=d17,d204` shows some.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;
mod generated;

use cotenant::engine::{DeploymentRequest, ModuleRequest, View, ingest::Input, look};
use cotenant::facts::{Event, EventKind, NO_NAME, Value};
use cotenant::program::link::NO_CLASS;
use cotenant::program::linkage::NotSelected;
use cotenant::program::{Failure, Linkage, Program};
use cotenant::vocabulary::parallel::Sequential;
use cotenant::vocabulary::{ClassId, MethodId};
use generated::known::known;
use generated::shapes::{Deployment, LOADERS, deployment};
use generated::toucher::{self, Place, Seen};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// How many deployments every run compares.
const N_DEPLOYMENTS: usize = 600;
const TOPOLOGIES: [&str; 3] = ["sofa-ark", "tomcat", "parent-first"];
/// Disagreements of a sort that a failing test shows.
const MAX_SHOWN: usize = 3;

type Predicted = BTreeMap<Place, Expected>;

/// What is predicted for a place.
#[derive(Clone, Debug)]
struct Expected {
    /// The error's simple name.
    error: &'static str,
    is_sure: bool,
    /// What the analysis says, for people.
    why: String,
}

/// Whether a missing JDK is a failure.
fn is_required() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn n_deployments() -> usize {
    std::env::var("COTENANT_GENERATED").ok().and_then(|n| n.parse().ok()).unwrap_or(N_DEPLOYMENTS)
}

#[test]
fn what_fails_to_link_is_what_is_predicted() {
    if let Err(reason) = toucher::is_there() {
        assert!(!is_required(), "{reason}");
        let _ = writeln!(std::io::stderr(), "skipped: {reason}");
        return;
    }
    let all: Vec<Deployment> = (0..n_deployments()).map(deployment).collect();
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    let (mut n_touched, mut n_certain) = (0, 0);
    for (t, topology) in TOPOLOGIES.iter().enumerate() {
        let mut share: Vec<Deployment> = all.iter().skip(t).step_by(TOPOLOGIES.len()).cloned().collect();
        share.extend(known().into_iter().map(|(deployment, _)| deployment));
        let folder = tempfile::tempdir().unwrap();
        generated::classes::write(&share, folder.path());
        let names: Vec<String> = share.iter().map(|d| d.name.clone()).collect();
        let (seen, n) = toucher::run(topology, folder.path(), &names).unwrap();
        n_touched += n;
        let predicted = predicted(topology, folder.path());
        seen.values().for_each(|(error, _)| *counts.entry(error.clone()).or_insert(0) += 1);
        let certain = certain(topology, folder.path());
        n_certain += certain.len();
        let said = certain.iter().filter_map(|finding| finding.refuted(&seen));
        let said = said.chain(disagreements(&seen, &predicted));
        wrong.extend(said.map(|line| format!("{topology}: {line}")));
    }
    let n_all = all.len();
    let _ = writeln!(
        std::io::stderr(),
        "{n_all} deployments, {n_touched} places, {n_certain} certain findings, {counts:?}"
    );
    if let Ok(names) = std::env::var("COTENANT_SHOWN") {
        for shown in all.iter().filter(|d| names.split(',').any(|name| name == d.name)) {
            let _ = writeln!(std::io::stderr(), "{shown:#?}");
        }
    }
    let shown = examples(&wrong).join("\n");
    assert!(wrong.is_empty(), "{} disagreements:\n{shown}", wrong.len());
}

/// Some of each sort.
fn examples(wrong: &[String]) -> Vec<&str> {
    let mut n_of = BTreeMap::<String, usize>::new();
    let mut shown = Vec::new();
    for line in wrong {
        let sort: Vec<&str> = line.split("] ").nth(1).unwrap_or_default().split([':', ';']).collect();
        let why = sort.last().unwrap_or(&"").split_whitespace().next().unwrap_or_default();
        let of = if line.contains("\"\"] ") { "class" } else { "" };
        let n = n_of.entry(format!("{of} {} {why}", sort[0])).or_default();
        *n += 1;
        if *n <= MAX_SHOWN {
            shown.push(line.as_str());
        }
    }
    shown
}

#[test]
fn what_was_once_predicted_wrongly_is_predicted() {
    let known = known();
    let deployments: Vec<Deployment> = known.iter().map(|(deployment, _)| deployment.clone()).collect();
    let folder = tempfile::tempdir().unwrap();
    generated::classes::write(&deployments, folder.path());
    let predicted = predicted("sofa-ark", folder.path());
    let with_doubt = |e: Expected| if e.is_sure { e.error.to_owned() } else { format!("{}?", e.error) };
    let found: BTreeMap<Place, String> =
        predicted.into_iter().map(|(place, e)| (place, with_doubt(e))).collect();
    let mut wanted = BTreeMap::new();
    for (deployment, thrown) in &known {
        for (loader, class, method, error) in thrown {
            let place = [deployment.name.as_str(), loader, class, method].map(str::to_owned);
            wanted.insert(place, (*error).to_owned());
        }
    }
    assert_eq!(found, wanted);
    let sure: Seen = wanted.into_iter().map(|(place, error)| (place, (error, String::new()))).collect();
    let refuted: Vec<String> =
        certain("sofa-ark", folder.path()).iter().filter_map(|finding| finding.refuted(&sure)).collect();
    assert!(refuted.is_empty(), "{refuted:#?}");
}

fn disagreements(seen: &Seen, predicted: &Predicted) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, (error, message)) in seen {
        match predicted.get(place) {
            Some(expected) if expected.error == error || !expected.is_sure => {}
            Some(Expected { error: expected, why, .. }) => {
                wrong.push(format!("{place:?} fails with {error}, not {expected}: {message}; {why}"));
            }
            None => wrong.push(format!("{place:?} fails with {error}, which is not predicted: {message}")),
        }
    }
    for (place, Expected { error, why, .. }) in predicted.iter().filter(|(_, e)| e.is_sure) {
        // What can't be linked has no methods to touch.
        let of_class = [&place[0], &place[1], &place[2], ""].map(str::to_owned);
        if !seen.contains_key(place) && !seen.contains_key(&of_class) {
            wrong.push(format!("{place:?} does not fail with {error}: {why}"));
        }
    }
    wrong
}

/// What the analysis says of the jars in a folder.
fn predicted(topology: &str, folder: &Path) -> Predicted {
    let inputs = LOADERS.iter().map(|name| {
        let path = folder.join(format!("{name}.jar"));
        Input { display: path.display().to_string(), path }
    });
    let module = |i: usize| ModuleRequest { name: Some(LOADERS[i].to_owned()), inputs: vec![i] };
    let request = DeploymentRequest {
        inputs: inputs.collect(),
        base: vec![0],
        modules: vec![module(1), module(2)],
        container: Some(topology.to_owned()),
        ..DeploymentRequest::default()
    };
    look(&request, all_of).unwrap().unwrap()
}

fn all_of(view: &View<'_>) -> Predicted {
    let program = view.program;
    let linkage = Linkage::find(program, &Sequential);
    let mut predicted = Predicted::new();
    for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
        // Nobody defines what the loader's parent already has.
        let facts = program.class_facts(class);
        if program.find(program.class(class).loader, facts.name) != Some(class) {
            continue;
        }
        let name = program.class_name(class);
        let loader = &program.topology.loaders[program.class(class).loader.index()].name;
        let place = |method: &str| {
            let deployment = name.split('/').next().unwrap_or_default();
            [deployment, loader, &name.replace('/', "."), method].map(str::to_owned)
        };
        if let Some(failure) = linkage.link_failure(class) {
            predicted.insert(place(""), expected(program, &failure));
            if failure.is_sure {
                continue;
            }
        }
        for (id, method) in program.methods_of(class) {
            let method = program.text(method.name);
            if method.starts_with('t')
                && let Some(failure) = run(program, &linkage, id)
            {
                predicted.insert(place(method), failure);
            }
        }
    }
    predicted
}

/// What happens when a method runs: the failure of its first event that fails, constructors entered.
fn run(program: &Program<'_>, linkage: &Linkage<'_>, id: MethodId) -> Option<Expected> {
    let class = program.class_of_method(id);
    let method = program.method(id);
    for event in program.unit(class).events_of(method) {
        if let Some(failure) = linkage.at(id, event) {
            return Some(expected(program, &failure));
        }
        let inside = match event.kind {
            EventKind::InvokeSpecial => {
                let refs = program.refs(program.class(class).loader);
                let target = event.member().and_then(|m| refs.method(m));
                target
                    .filter(|m| !program.is_jdk(program.class_of_method(*m)))
                    .and_then(|m| run(program, linkage, m))
            }
            EventKind::InvokeVirtual => selection(program, linkage, id, event),
            _ => None,
        };
        if inside.is_some() {
            return inside;
        }
    }
    None
}

/// What happens when a method is called on an object that was just made.
fn selection(program: &Program<'_>, linkage: &Linkage<'_>, id: MethodId, event: &Event) -> Option<Expected> {
    let class = program.class_of_method(id);
    let unit = program.unit(class);
    let receiver = *unit.args(event).first()?;
    let Value::Event(made) = unit.value(program.method(id), receiver) else { return None };
    let made = unit.events_of(program.method(id)).get(made as usize)?;
    let loader = program.class(class).loader;
    let receiver = program.find(loader, made.name()?)?;
    let resolved = linkage.resolved(class, event.member()?)?;
    if program.is_jdk(program.class_of_method(resolved)) || program.method(resolved).access.is_private() {
        return None;
    }
    let error = match linkage.selected(receiver, resolved).err()? {
        NotSelected::Abstract => "AbstractMethodError",
        NotSelected::Conflict => "IncompatibleClassChangeError",
        NotSelected::NotPublic => "IllegalAccessError",
    };
    let why = format!("{} selects nothing", program.class_name(receiver));
    Some(Expected { error, is_sure: true, why })
}

/// A certain finding of the rules.
struct Finding {
    rule: String,
    place: Place,
}

impl Finding {
    /// What speaks against it.
    fn refuted(&self, seen: &Seen) -> Option<String> {
        let Self { rule, place } = self;
        let errors: &[&str] = match rule.as_str() {
            "linkage/missing-class" => &["NoClassDefFoundError"],
            "linkage/missing-member" => &["NoSuchMethodError", "NoSuchFieldError"],
            "linkage/inaccessible-member-across-loaders" => &["IllegalAccessError"],
            "linkage/loader-constraint-violated" => &["LinkageError"],
            "linkage/unimplemented-method" => &["AbstractMethodError"],
            _ => &["IncompatibleClassChangeError", "InstantiationError", "IllegalAccessError"],
        };
        // What can't be linked has no methods to touch.
        let of_class = [&place[0], &place[1], &place[2], ""].map(str::to_owned);
        match seen.get(place).or(seen.get(&of_class)) {
            Some((error, _)) if errors.contains(&error.as_str()) => None,
            Some((error, message)) => Some(format!("{place:?} {rule}, but it is {error}: {message}")),
            None => Some(format!("{place:?} {rule}, but nothing happens")),
        }
    }
}

/// What `cotenant scan` says is certain, of the methods that were touched.
fn certain(topology: &str, folder: &Path) -> Vec<Finding> {
    let [base, billing, orders] =
        LOADERS.map(|name| folder.join(format!("{name}.jar")).display().to_string());
    let mut scan = Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.env_remove("CI").args(["scan", "--topology", topology, "--base", &base]);
    scan.args(["--module", &format!("billing={billing}"), "--module", &format!("orders={orders}")]);
    scan.args(["--only", "linkage/*", "--fail-on", "never", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&scan.output().unwrap().stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let certain = findings.filter(|f| f["certainty"] == "certain").map(|f| {
        let class = text(&f["class"]);
        let deployment = class.split('.').next().unwrap_or_default().to_owned();
        Finding { rule: text(&f["rule"]), place: [deployment, text(&f["loader"]), class, text(&f["member"])] }
    });
    certain.filter(|f| f.place[3].starts_with('t')).collect()
}

fn expected(program: &Program<'_>, failure: &Failure) -> Expected {
    let class = |id: ClassId| if id == NO_CLASS { "" } else { program.class_name(id) };
    let name = if failure.name == NO_NAME { "" } else { program.text(failure.name) };
    let (found, broken) = (class(failure.found), class(failure.broken));
    let why = format!("{:?} {name} found {found} broken {broken}", failure.kind);
    Expected { error: failure.kind.error(), is_sure: failure.is_sure, why }
}
