//! From inputs to settled facts and a topology: everything about a deployment that no rule and no graph is needed for.

use super::ingest::{self, Ingested};
use super::own_code;
use super::phases::Phases;
use super::request::{DeploymentRequest, EngineError, JdkSource};
use super::threads::Pool;
use crate::facts::jdk::{self, JdkModel};
use crate::facts::settle::settle;
use crate::facts::{ArchiveFacts, Facts};
use crate::program::Program;
use crate::topology::{self, Arrangement, BASE, Inputs, ModuleInput, PathElement, Role, Topology};
use crate::vocabulary::{Problem, ProblemCode, ProblemLevel};
use rustc_hash::FxHashSet;
use std::path::Path;

/// What stands for the archive of JDK classes in reports.
const JDK_PATH: &str = "jdk";

/// A deployment, read and arranged.
pub struct Arranged {
    /// What each archive says about itself; the last one stands for the JDK.
    pub archives: Vec<ArchiveFacts>,
    /// All classes.
    pub facts: Facts,
    /// Who loads what.
    pub topology: Topology,
    /// What could not be read, and what was odd.
    pub problems: Vec<Problem>,
}

impl Arranged {
    /// Links the classes.
    pub fn link(&self) -> Program<'_> {
        let path = |i: usize| self.archives.get(i).map_or_else(String::new, |archive| archive.path.clone());
        Program::link(&self.facts, &self.topology, &path, &Pool)
    }

    /// The index that JDK classes have among the archives.
    pub fn jdk_archive(&self) -> usize {
        self.archives.len().saturating_sub(1)
    }
}

/// Reads, settles and arranges a deployment. `None` if a phase broke.
///
/// # Errors
/// If the JDK that was asked for is none that there is.
pub fn arrange(
    request: &DeploymentRequest,
    phases: &mut Phases<'_>,
) -> Result<Option<Arranged>, EngineError> {
    let Some(jdk) = phases.run("jdk", || jdk_model(&request.jdk)) else { return Ok(None) };
    let (jdk, jdk_problem) = jdk?;
    Ok(arrange_with(request, jdk, jdk_problem, phases))
}

fn arrange_with(
    request: &DeploymentRequest,
    jdk: JdkModel,
    jdk_problem: Option<Problem>,
    phases: &mut Phases<'_>,
) -> Option<Arranged> {
    let release = request.jdk_release.unwrap_or(jdk.release);
    let opened = phases.run("open", || ingest::open_all(&request.inputs, &request.limits, release))?;
    let progress = phases.progress();
    let mut read = phases.run("read", || ingest::read_all(opened, progress))?;
    let arranged =
        phases.run("arrange", || topology::arrange(&read.archives, &inputs(request, &read.roots)))?;
    let Arrangement { mut topology, problems } = arranged;
    let modules = request.modules.iter().map(|module| module.inputs.as_slice());
    let parts: Vec<&[usize]> = std::iter::once(request.base.as_slice()).chain(modules).collect();
    let mut all = read.inputs_without_classes(&request.inputs, &parts);
    all.append(&mut read.problems);
    all.extend(problems);
    all.extend(jdk_problem);
    let off = off_every_path(&read.archives, &topology, &all);
    all.extend(off);
    mark_incomplete(&mut read.archives, &all);
    add_jdk(jdk, &mut read, &mut topology);
    topology.release = release;
    let Ingested { archives, units, parts, names, .. } = read;
    let facts = phases.run("settle", || settle(units, parts, names, &Pool))?;
    all.extend(own_code::tell(&facts, &archives, &mut topology));
    Some(Arranged { archives, facts, topology, problems: all })
}

/// Marks the archives of inputs of which classes may be unread. What of an input can't be used at all may be anybody's.
fn mark_incomplete(archives: &mut [ArchiveFacts], problems: &[Problem]) {
    let root = |path: &str| path.split("!/").next().unwrap_or_default().to_owned();
    let hiding: Vec<&Problem> = problems.iter().filter(|problem| may_hide_classes(problem)).collect();
    let is_anybodys = hiding.iter().any(|problem| problem.level() == ProblemLevel::Error);
    let roots: FxHashSet<String> = hiding.iter().map(|problem| root(&problem.place.archive)).collect();
    for archive in archives {
        archive.is_incomplete = is_anybodys || roots.contains(&root(&archive.path));
    }
}

/// Whether classes may be unread because of a problem: it is about an archive, a class or a nested archive.
fn may_hide_classes(problem: &Problem) -> bool {
    use ProblemCode::{
        CorruptArchive, CorruptEntry, EncryptedEntry, LimitReached, MalformedClass, MissingInput,
        NotANestedArchive, NotAnArchive, UnreadableEntry, UnreadableInput, UnsafePath,
        UnsupportedCompression,
    };
    let is_of_reading = matches!(
        problem.code,
        CorruptArchive
            | CorruptEntry
            | EncryptedEntry
            | LimitReached
            | MalformedClass
            | MissingInput
            | NotANestedArchive
            | NotAnArchive
            | UnreadableEntry
            | UnreadableInput
            | UnsafePath
            | UnsupportedCompression
    );
    let entry = problem.place.entry.as_str();
    is_of_reading
        && (entry.is_empty() || [".class", ".jar", ".war", ".zip"].iter().any(|end| entry.ends_with(end)))
}

/// Archives with classes that no loader searches: their classes are in nobody's reach, which must not go unsaid. Of what is
/// told already, or lies in what is, nothing is added.
fn off_every_path(archives: &[ArchiveFacts], topology: &Topology, told: &[Problem]) -> Option<Problem> {
    let is_told = |path: &str| {
        let is_whole = |problem: &&Problem| problem.place.entry.is_empty();
        let mut left_out =
            told.iter().filter(|problem| problem.code == ProblemCode::LeftOut).filter(is_whole);
        left_out.any(|problem| {
            let rest = path.strip_prefix(problem.place.archive.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '!']))
        })
    };
    let on_path =
        |i: usize| topology.loaders.iter().flat_map(|l| &l.path).any(|element| element.archive == i);
    let off = (0..archives.len()).filter(|i| !archives[*i].class_prefixes.is_empty() && !on_path(*i));
    let off: Vec<usize> = off.filter(|i| !is_told(&archives[*i].path)).collect();
    let first = archives.get(*off.first()?)?;
    let message = match off.len() {
        1 => "its classes are on no loader's search path".to_owned(),
        n => format!("its classes, and those of {} more archives, are on no loader's search path", n - 1),
    };
    Some(Problem::new(crate::vocabulary::ProblemCode::LeftOut, &first.path, "", message))
}

/// Gives the JDK's loader something to load: its classes are one more unit of one more archive.
fn add_jdk(jdk: JdkModel, read: &mut Ingested, topology: &mut Topology) {
    let archive = read.archives.len();
    read.archives.push(ArchiveFacts { path: JDK_PATH.to_owned(), ..ArchiveFacts::default() });
    read.add_unit(archive, jdk.unit);
    let element = PathElement { archive, prefix: String::new(), role: Role::Library, tenant: BASE };
    let loader = topology.jdk.index();
    topology.loaders[loader].path.push(element);
    // Parallel to the archives.
    topology.artifacts.resize(read.archives.len(), String::new());
}

/// The model that was asked for. If it cannot be read the embedded one takes its place, with a problem.
fn jdk_model(source: &JdkSource) -> Result<(JdkModel, Option<Problem>), EngineError> {
    match source {
        JdkSource::Embedded => Ok(embedded_model()),
        JdkSource::Release(wanted) => {
            let (model, problem) = embedded_model();
            if model.release == *wanted || problem.is_some() {
                Ok((model, problem))
            } else {
                Err(EngineError::NoSuchRelease(*wanted, model.release))
            }
        }
        JdkSource::Path(path) => Ok(match read_model(path) {
            Ok(model) => (model, None),
            Err(problem) => (embedded_model().0, Some(problem)),
        }),
    }
}

fn embedded_model() -> (JdkModel, Option<Problem>) {
    match jdk::embedded_model() {
        Ok(model) => (model, None),
        Err(error) => {
            let message = format!("the embedded model of the JDK cannot be read: {error}; please report it");
            (JdkModel::default(), Some(Problem::new(ProblemCode::InternalError, JDK_PATH, "", message)))
        }
    }
}

/// A home, or a file with a model.
fn read_model(path: &Path) -> Result<JdkModel, Problem> {
    if !path.is_file() {
        return jdk::model_from_home(path);
    }
    let shown = path.display().to_string();
    let problem = |reason: String| Problem::new(ProblemCode::UnreadableInput, &shown, "", reason);
    let bytes = std::fs::read(path).map_err(|error| problem(format!("it cannot be read: {error}")))?;
    JdkModel::decode(&bytes).map_err(|error| problem(format!("it is no model of a JDK: {error}")))
}

/// What the topology is told, in numbers of archives. Inputs that could not be opened are left out; a module without
/// any is still a tenant.
fn inputs(request: &DeploymentRequest, roots: &[Option<usize>]) -> Inputs {
    let root = |input: &usize| roots.get(*input).copied().flatten();
    let opened = |inputs: &[usize]| inputs.iter().filter_map(root).collect::<Vec<usize>>();
    let modules = request.modules.iter().map(|module| {
        let first = module.inputs.first().and_then(|input| request.inputs.get(*input));
        let roots = opened(&module.inputs);
        // The name would be taken from the archive.
        let stem = || first.and_then(|input| Some(input.path.file_stem()?.to_string_lossy().into_owned()));
        let name = module.name.clone().or_else(|| if roots.is_empty() { stem() } else { None });
        ModuleInput { name, roots }
    });
    Inputs {
        base: opened(&request.base),
        modules: modules.collect(),
        paths: opened(&request.paths),
        container: request.container.clone(),
        options: request.options.clone(),
    }
}
