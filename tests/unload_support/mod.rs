//! A deployment from a fixture's folder or from jars, analysed.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses a part, and helpers of tests may fail"
)]

use cotenant::archive::Limits;
use cotenant::cli::config::Config;
use cotenant::dataflow::{Bounds, Knowledge, World};
use cotenant::engine::ingest::{Input, open_all, read_all};
use cotenant::engine::threads::Pool;
use cotenant::facts::settle::settle;
use cotenant::facts::{ArchiveFacts, jdk};
use cotenant::program::{CallGraph, CallSites, FieldGraph, Hierarchy, Program, Reach};
use cotenant::rules::Models;
use cotenant::rules::evaluate::knowledge;
use cotenant::topology::{BASE, Inputs, ModuleInput, PathElement, Role, arrange};
use cotenant::vocabulary::{MethodId, TenantId};
use std::path::{Path, PathBuf};

/// What is scanned.
pub(crate) struct Deployment {
    pub(crate) base: Vec<PathBuf>,
    pub(crate) modules: Vec<(String, Vec<PathBuf>)>,
    pub(crate) container: Option<String>,
}

impl Deployment {
    pub(crate) fn of_fixture(folder: &Path) -> Self {
        let config = Config::read(&folder.join("cotenant.yaml")).unwrap();
        Self { base: config.base, modules: config.modules, container: config.topology.container }
    }
}

/// Reads, links and analyses a deployment and calls `look`.
pub(crate) fn with_world<R>(deployment: &Deployment, look: impl FnOnce(&World<'_>) -> R) -> R {
    let mut inputs = Vec::new();
    let mut add = |path: &PathBuf| {
        inputs.push(Input { path: path.clone(), display: path.display().to_string() });
        inputs.len() - 1
    };
    let base: Vec<usize> = deployment.base.iter().map(&mut add).collect();
    let modules: Vec<ModuleInput> = deployment
        .modules
        .iter()
        .map(|(name, paths)| ModuleInput {
            name: Some(name.clone()),
            roots: paths.iter().map(&mut add).collect(),
        })
        .collect();
    let opened = open_all(&inputs, &Limits::default(), 17);
    let mut read = read_all(opened, &Default::default());
    // An input that holds archives has several.
    let root = |(input, root): (&Input, &Option<usize>)| root.ok_or_else(|| input.display.clone()).unwrap();
    let roots: Vec<usize> = inputs.iter().zip(&read.roots).map(root).collect();
    let archive_of = |input: usize| roots[input];
    let base: Vec<usize> = base.into_iter().map(archive_of).collect();
    let of_inputs =
        |m: ModuleInput| ModuleInput { roots: m.roots.into_iter().map(archive_of).collect(), ..m };
    let modules: Vec<ModuleInput> = modules.into_iter().map(of_inputs).collect();
    let named = Inputs { base, modules, container: deployment.container.clone(), ..Inputs::default() };
    let mut topology = arrange(&read.archives, &named).topology;
    let archive = read.archives.len();
    read.archives.push(ArchiveFacts { path: "jdk".into(), ..ArchiveFacts::default() });
    read.add_unit(archive, jdk::embedded().unwrap());
    let jdk = topology.jdk.index();
    topology.loaders[jdk].path.push(PathElement {
        archive,
        prefix: String::new(),
        role: Role::Library,
        tenant: BASE,
    });
    let facts = settle(read.units, read.parts, read.names, &Pool);
    let archives = read.archives;
    let program = Program::link(&facts, &topology, &|i| archives[i].path.clone(), &Pool);
    let hierarchy = Hierarchy::build(&program, &Default::default(), &Pool);
    let fields = FieldGraph::build(&program, &Pool);
    let calls = CallGraph::build(&program, &hierarchy, &fields, &Default::default(), &Pool);
    let sites = CallSites::build(&program, &calls, &Pool);
    let reach = Reach::spread(&program, &hierarchy, &calls, &[], &[]);
    let models = Models::built_in().unwrap();
    let knowledge: Knowledge = knowledge(&models, &program, &Pool);
    look(&World {
        program: &program,
        hierarchy: &hierarchy,
        calls: &calls,
        sites: &sites,
        fields: &fields,
        reach: &reach,
        knowledge: &knowledge,
        archives: &archives,
        bounds: &Bounds::default(),
    })
}

/// `File.java:line`.
pub(crate) fn place(world: &World<'_>, method: MethodId, event: u16) -> String {
    let class = world.program.class_of_method(method);
    let file = world.program.text(world.program.class_facts(class).source_file);
    let line = world.event(method, event).map_or(0, |e| e.line);
    format!("{file}:{line}")
}

pub(crate) fn tenant_name(world: &World<'_>, tenant: TenantId) -> String {
    world.program.topology.tenant(tenant).unwrap().name.clone()
}
