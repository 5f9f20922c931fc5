//! Where in the user's source folders the source of a class lies.
//!
//! A class file tells its package and its source file's name, not the folder. Files are therefore indexed by the
//! package they *declare*: Kotlin and Scala allow a folder layout that differs from it, and guessing by the end of a
//! path finds wrong files.

mod configuration;
mod package;

use crate::findings::{Location, Outcome};
use crate::vocabulary::{Problem, ProblemCode};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Languages whose compilers write a `SourceFile` attribute that names a file with this extension.
const EXTENSIONS: &[&str] = &["java", "kt", "scala", "groovy"];
/// A package clause comes after nothing but comments and annotations; what starts later is not looked for.
const HEAD_BYTES: u64 = 64 << 10;
/// Folders that build tools fill, if they lie beside a build file: copies and generated files.
const BUILT: &[&str] = &["build", "target", "out"];
const BUILD_FILES: &[&str] = &["pom.xml", "build.gradle", "build.gradle.kts", "build.sbt", "build.xml"];
const MISSING_ROOT: &str = "no such source folder";

/// The source files below some folders.
#[derive(Default)]
pub struct SourceIndex {
    base: PathBuf,
    /// Package, then file name, then the paths relative to `base`, sorted.
    files: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Configuration files: file name, then the paths relative to `base`, sorted.
    configuration: BTreeMap<String, Vec<String>>,
    n_roots: usize,
    problems: Vec<Problem>,
}

impl SourceIndex {
    /// Indexes the Java, Kotlin, Scala and Groovy files, and what may be configuration, below `roots`, which are relative to the working folder.
    /// Hidden and ignored files (`.gitignore`), and what build tools have made, are left out.
    pub fn build(roots: &[PathBuf]) -> Self {
        Self::build_from(&std::env::current_dir().unwrap_or_default(), roots)
    }

    /// As [`build`](Self::build), with `base` in place of the working folder.
    pub fn build_from(base: &Path, roots: &[PathBuf]) -> Self {
        let mut index = Self { base: base.to_path_buf(), n_roots: roots.len(), ..Self::default() };
        let mut paths = BTreeSet::new();
        for root in roots {
            let folder = base.join(root);
            if folder.exists() {
                paths.extend(source_files(&folder));
            } else {
                let root = root.to_string_lossy();
                index.problems.push(Problem::new(ProblemCode::MissingInput, &root, "", MISSING_ROOT));
            }
        }
        let (paths, others): (Vec<PathBuf>, Vec<PathBuf>) =
            paths.into_iter().partition(|path| is_source(path));
        for path in others {
            let Some(name) = path.file_name() else { continue };
            let candidates = index.configuration.entry(name.to_string_lossy().into_owned()).or_default();
            candidates.push(relative(base, &path));
        }
        let packages: Vec<String> = paths.par_iter().map(|path| package_of(path)).collect();
        for (path, package) in paths.iter().zip(packages) {
            let Some(name) = path.file_name() else { continue };
            let names = index.files.entry(package).or_default();
            let candidates = names.entry(name.to_string_lossy().into_owned()).or_default();
            candidates.push(relative(base, path));
        }
        index.files.values_mut().flat_map(BTreeMap::values_mut).for_each(|candidates| {
            candidates.sort();
            candidates.dedup();
        });
        index
    }

    /// The path, relative to the working folder and `/`-separated, of the source of `class` (binary name, dots,
    /// `$` for nested ones). `source_file` is the class file's attribute (JVMS 4.7.10); without one the outermost
    /// class's name is tried. Of several files, one in the folder of the module that `archive` is named after
    /// comes first, then one that is no test, then the first by name.
    pub fn resolve(&self, class: &str, source_file: Option<&str>, archive: &str) -> Option<String> {
        let (package, simple) = class.rsplit_once('.').unwrap_or(("", class));
        let names = self.files.get(package)?;
        let candidates = match source_file {
            Some(file) => names.get(file.rsplit(['/', '\\']).next().unwrap_or(file))?,
            None => guesses(simple).iter().find_map(|name| names.get(name))?,
        };
        candidates.iter().min_by_key(|path| preference(path, archive)).cloned()
    }

    /// Sets `source` on every location of the outcome and counts the classes looked for and found. A line beyond the
    /// end of its source becomes a problem: the source is of another version than the class.
    ///
    /// Without source folders nothing is changed.
    pub fn fill(&self, outcome: &mut Outcome) {
        if self.n_roots == 0 {
            return;
        }
        let mut filling = Filling { index: self, resolved: BTreeMap::new(), last_lines: BTreeMap::new() };
        for finding in &mut outcome.findings {
            filling.set(&mut finding.location, &finding.class);
            for hop in &mut finding.trace {
                filling.set(&mut hop.location, &hop.class);
            }
            for (at, _) in &mut finding.related {
                filling.set(at, "");
            }
        }
        let n_found = filling.resolved.values().flatten().count() as u64;
        outcome.stats.sources_resolved = Some((n_found, filling.resolved.len() as u64));
        outcome.problems.extend(self.problems.iter().cloned());
        outcome.problems.extend(filling.stale_sources());
        outcome.problems.sort();
        outcome.problems.dedup();
    }
}

/// How a report shows the path of a source: relative to the working folder and `/`-separated.
pub fn shown(path: &Path) -> String {
    let base = std::env::current_dir().unwrap_or_default();
    relative(&base, &base.join(path))
}

/// The path from the root of the repository that holds `folder` to `folder`, `/`-separated; `""` if it is the root
/// or in no repository.
pub fn repository_prefix(folder: &Path) -> String {
    let root = folder.ancestors().find(|ancestor| ancestor.join(".git").exists());
    root.map(|root| relative(root, folder)).unwrap_or_default()
}

/// What is found while locations are filled in.
struct Filling<'a> {
    index: &'a SourceIndex,
    /// Archive and class, with the class's source.
    resolved: BTreeMap<(String, String), Option<String>>,
    /// Source, with the greatest line that a location names in it and that location's archive and entry.
    last_lines: BTreeMap<String, (u32, String, String)>,
}

impl Filling<'_> {
    fn set(&mut self, at: &mut Location, class: &str) {
        let Some(class) = class_at(at, class) else {
            at.source = self.index.configuration_of(at, class);
            return;
        };
        let key = (at.archive.clone(), class);
        let source = match self.resolved.get(&key) {
            Some(known) => known.clone(),
            None => {
                let source = self.index.resolve(&key.1, at.source_file.as_deref(), &key.0);
                self.resolved.insert(key, source.clone());
                source
            }
        };
        if let Some(source) = &source {
            let here = (at.line, at.archive.clone(), at.entry.clone());
            let last = self.last_lines.entry(source.clone()).or_insert_with(|| here.clone());
            if here.0 > last.0 {
                *last = here;
            }
        }
        at.source = source;
    }

    fn stale_sources(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (source, (line, archive, entry)) in &self.last_lines {
            let Ok(bytes) = std::fs::read(self.index.base.join(source)) else { continue };
            let n_lines = String::from_utf8_lossy(&bytes).lines().count();
            if *line as usize > n_lines {
                let text = format!(
                    "{source} has {n_lines} lines, the class file names line {line}: the source is of another version"
                );
                problems.push(Problem::new(ProblemCode::StaleSource, archive, entry, text));
            }
        }
        problems
    }
}

/// The class that a location lies in: by its entry, else as named. `None` for resources.
fn class_at(at: &Location, named: &str) -> Option<String> {
    let Some(path) = at.entry.strip_suffix(".class") else {
        return (at.entry.is_empty() && !named.is_empty()).then(|| named.to_string());
    };
    let named_path = named.replace('.', "/");
    let is_named = path.strip_suffix(&named_path).is_some_and(|head| head.is_empty() || head.ends_with('/'));
    if is_named && !named.is_empty() {
        return Some(named.to_string());
    }
    Some(without_root(path).replace('/', "."))
}

/// `BOOT-INF/classes/a/B` and `META-INF/versions/9/a/B` -> `a/B`.
fn without_root(path: &str) -> &str {
    if let Some((root, inside)) = path.split_once("-INF/classes/")
        && !root.contains('/')
    {
        return inside;
    }
    let versioned = path.strip_prefix("META-INF/versions/").and_then(|rest| rest.split_once('/'));
    versioned.map_or(path, |(_, inside)| inside)
}

/// Names of files that may hold a class without a `SourceFile` attribute.
fn guesses(simple: &str) -> Vec<String> {
    let outermost = match simple.find('$') {
        Some(at) if at > 0 => &simple[..at],
        _ => simple,
    };
    let mut names: Vec<String> =
        EXTENSIONS.iter().map(|extension| format!("{outermost}.{extension}")).collect();
    names.extend(outermost.strip_suffix("Kt").map(|facade| format!("{facade}.kt")));
    names
}

/// Smaller is better: see [`SourceIndex::resolve`].
fn preference<'a>(path: &'a str, archive: &str) -> impl Ord + use<'a> {
    use std::cmp::Reverse;
    let inner = archive.rsplit("!/").next().unwrap_or(archive);
    let outer = archive.split("!/").next().unwrap_or(archive);
    let folders = || path.split('/').rev().skip(1);
    let named = |archive: &str| {
        let file = archive.rsplit('/').next().unwrap_or(archive);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        folders().filter(|folder| is_module_of(folder, stem)).map(str::len).max().unwrap_or(0)
    };
    let shared = path.split('/').zip(outer.split('/')).take_while(|(a, b)| a == b).count();
    (Reverse(named(inner)), Reverse(named(outer)), Reverse(shared), is_test(path), path)
}

/// Whether an archive `orders-1.2-ark-biz` is what a module in folder `orders` is built into.
fn is_module_of(folder: &str, stem: &str) -> bool {
    stem.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
}

fn is_test(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.windows(2).any(|pair| pair[0] == "src" && pair[1].to_lowercase().contains("test"))
}

/// The source files below a folder. What can't be listed is left out: sources only add to what a report shows.
fn source_files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let walk =
        ignore::WalkBuilder::new(folder).filter_entry(|entry| !is_built(entry.path(), entry.depth())).build();
    walk.filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|path| is_source(path) || configuration::may_be(path))
}

fn is_source(path: &Path) -> bool {
    extension(path).is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// Whether a folder holds what was made, not written. A package may be named `build`, so that the name alone
/// does not tell.
fn is_built(path: &Path, depth: usize) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let Some(parent) = path.parent() else { return false };
    depth > 0
        && path.is_dir()
        && (name == "node_modules"
            || BUILT.contains(&name) && BUILD_FILES.iter().any(|file| parent.join(file).is_file()))
}

fn extension(path: &Path) -> Option<&str> {
    path.extension()?.to_str()
}

fn package_of(path: &Path) -> String {
    let mut head = Vec::new();
    let Ok(file) = File::open(path) else { return String::new() };
    if file.take(HEAD_BYTES).read_to_end(&mut head).is_err() {
        return String::new();
    }
    package::declared_package(&String::from_utf8_lossy(&head), extension(path).unwrap_or(""))
}

/// `path` as seen from `base`, `/`-separated, with `..` where it lies outside.
fn relative(base: &Path, path: &Path) -> String {
    let base: Vec<Component<'_>> = base.components().collect();
    let path: Vec<Component<'_>> = path.components().collect();
    let shared = base.iter().zip(&path).take_while(|(a, b)| a == b).count();
    if shared == 0 && !base.is_empty() {
        return joined(&path);
    }
    let mut parts = vec![Component::ParentDir; base.len() - shared];
    parts.extend(&path[shared..]);
    joined(&parts)
}

fn joined(parts: &[Component<'_>]) -> String {
    let path: PathBuf = parts.iter().collect();
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}
