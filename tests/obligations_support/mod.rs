//! Fixtures as linked programs, and the expectations in their source lines.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part, and helpers of tests may fail"
)]

use cotenant::dataflow::{Bounds, World};
use cotenant::engine::ingest::Input;
use cotenant::engine::threads::Pool;
use cotenant::engine::{DeploymentRequest, ModuleRequest, look};
use cotenant::program::CallSites;
use cotenant::rules::Models;
use cotenant::rules::evaluate::knowledge;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file below a unit's source folder, and a line in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Line {
    pub(crate) file: String,
    pub(crate) line: u16,
}

/// The folders below `fixtures/<rule>` that are cases.
pub(crate) fn cases(rule: &str) -> Vec<PathBuf> {
    let folder = Path::new("fixtures").join(rule);
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|p| p.join("cotenant.yaml").is_file());
    found.sort();
    found
}

/// The lines of a case's sources that expect a rule, with their certainty; `note` where they say so.
pub(crate) fn expected(case: &Path, rule: &str) -> BTreeSet<(Line, String)> {
    let mut found = BTreeSet::new();
    for unit in fs::read_dir(case.join("src")).unwrap().map(|e| e.unwrap().path()) {
        let mut waiting = vec![unit.clone()];
        while let Some(at) = waiting.pop() {
            if at.is_dir() {
                waiting.extend(fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()));
            } else if at.extension().is_some_and(|e| e == "java") {
                let file = at.strip_prefix(&unit).unwrap().display().to_string();
                for (i, text) in fs::read_to_string(&at).unwrap().lines().enumerate() {
                    let Some((_, expectations)) = text.split_once("// expect: ") else { continue };
                    for one in expectations.split("; ") {
                        let mut words = one.split(' ');
                        if words.next() == Some(rule) {
                            let certainty = words.next().unwrap_or_default().to_owned();
                            found.insert((Line { file: file.clone(), line: i as u16 + 1 }, certainty));
                        }
                    }
                }
            }
        }
    }
    found
}

/// Links a case and asks something of it.
pub(crate) fn with_world<T: Send>(case: &Path, ask: impl FnOnce(&World<'_>) -> T + Send) -> T {
    let mut jars: Vec<PathBuf> = fs::read_dir(case).unwrap().map(|e| e.unwrap().path()).collect();
    jars.retain(|p| p.extension().is_some_and(|e| e == "jar"));
    jars.sort();
    let name = |jar: &PathBuf| jar.file_stem().unwrap().to_string_lossy().into_owned();
    let units: Vec<(String, PathBuf)> = jars.into_iter().map(|jar| (name(&jar), jar)).collect();
    let units: Vec<(&str, &PathBuf)> = units.iter().map(|(name, jar)| (name.as_str(), jar)).collect();
    with_world_of(&units, ask)
}

/// Links jars, of which `base` is the base and others are modules, and asks something of them.
pub(crate) fn with_world_of<T: Send>(
    units: &[(&str, &PathBuf)],
    ask: impl FnOnce(&World<'_>) -> T + Send,
) -> T {
    let models = Models::built_in().unwrap();
    let request = request(units);
    let asked = look(&request, |view| {
        let sites = CallSites::build(view.program, &view.graphs.calls, &Pool);
        let world = World {
            program: view.program,
            hierarchy: &view.graphs.hierarchy,
            calls: &view.graphs.calls,
            sites: &sites,
            fields: &view.graphs.fields,
            reach: view.reach,
            knowledge: &knowledge(&models, view.program, &Pool),
            archives: &view.arranged.archives,
            bounds: &Bounds::default(),
        };
        ask(&world)
    });
    asked.unwrap().unwrap()
}

fn request(units: &[(&str, &PathBuf)]) -> DeploymentRequest {
    let mut request = DeploymentRequest { container: Some("sofa-ark".to_owned()), ..Default::default() };
    for (i, (name, jar)) in units.iter().enumerate() {
        request.inputs.push(Input { path: jar.to_path_buf(), display: jar.display().to_string() });
        if *name == "base" {
            request.base.push(i);
        } else {
            request.modules.push(ModuleRequest { name: Some((*name).to_owned()), inputs: vec![i] });
        }
    }
    request
}

/// Where an event stands in the sources.
pub(crate) fn line_of(world: &World<'_>, method: cotenant::vocabulary::MethodId, event: u16) -> Line {
    let class = world.program.class_of_method(method);
    let name = world.program.class_name(class);
    let package = name.rsplit_once('/').map_or("", |(package, _)| package);
    let source = world.program.class_facts(class).source_file;
    let file = format!("{package}/{}", world.program.text(source));
    Line { file, line: world.event(method, event).map_or(0, |e| e.line) }
}
