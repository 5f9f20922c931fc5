//! From paths to facts: opens archives, reads what describes them, then inflates and reduces every class.

use super::progress::Progress;
use super::repeated;
use super::threads::{map_with_state, map_with_states};
use crate::archive::{self, Archive, Form, Limits, Reader};
use crate::facts::archive::wanted;
use crate::facts::reduce::Reducer;
use crate::facts::{ArchiveFacts, Part, UnitFacts};
use crate::vocabulary::{Interner, Problem, ProblemCode, ProblemLevel};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Class bytes that one piece of work takes; small enough that the last thread never works alone for long.
const UNIT_BYTES: u64 = 4 << 20;

/// What every web application may have, and nothing else.
const WEB_DESCRIPTOR: &str = "WEB-INF/web.xml";

/// One named input.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// How reports call it.
    pub display: String,
}

/// All archives of all inputs, listed and described, classes not yet read.
pub struct Opened {
    archives: Vec<Archive>,
    /// What each archive says about itself.
    pub facts: Vec<ArchiveFacts>,
    /// For each input the index of its root archive, if it could be opened.
    pub roots: Vec<Option<usize>>,
    /// What could not be opened or listed.
    pub problems: Vec<Problem>,
    entries: Vec<Vec<usize>>,
}

/// The reduced classes of all archives.
pub struct Ingested {
    /// What each archive says about itself.
    pub archives: Vec<ArchiveFacts>,
    /// For each input the index of its root archive, if it could be opened.
    pub roots: Vec<Option<usize>>,
    /// Units, each once.
    pub units: Vec<UnitFacts>,
    /// Which archive has which of them, in (archive, entry) order.
    pub parts: Vec<Part>,
    /// The tables that hold the units' names.
    pub names: Vec<Interner>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Opens all inputs and reads manifests, coordinates and descriptors.
pub fn open_all(inputs: &[Input], limits: &Limits, release: u16) -> Opened {
    let shared = archive::Shared::default();
    let trees = map_with_state(
        inputs.len(),
        || (),
        |(), i| archive::open_sharing(&inputs[i].path, &inputs[i].display, limits, &shared),
    );
    drop(shared);
    let mut opened = Opened {
        archives: Vec::new(),
        facts: Vec::new(),
        roots: Vec::new(),
        problems: Vec::new(),
        entries: Vec::new(),
    };
    for tree in trees {
        let first = opened.archives.len();
        opened.roots.push((!tree.archives.is_empty()).then_some(first));
        opened.problems.extend(tree.problems);
        for mut archive in tree.archives {
            archive.parent = archive.parent.map(|p| p + first);
            opened.archives.push(archive);
        }
    }
    let described = map_with_state(opened.archives.len(), Reader::new, |reader, i| {
        describe(&opened.archives, i, reader, release)
    });
    let mut unread = Vec::new();
    for (facts, entries, problems) in described {
        opened.facts.push(facts);
        opened.entries.push(entries);
        unread.extend(problems);
    }
    // What opening has found is condensed already, and would be counted as if each count were one problem.
    opened.problems.extend(archive::condense(unread));
    opened
}

type Described = (ArchiveFacts, Vec<usize>, Vec<Problem>);

fn describe(archives: &[Archive], i: usize, reader: &mut Reader, release: u16) -> Described {
    let archive = &archives[i];
    let order = archive
        .parent
        .and_then(|p| archives[p].entries.iter().position(|e| e.name == archive.entry_in_parent));
    let mut facts = ArchiveFacts {
        path: archive.display.clone(),
        parent: archive.parent,
        entry_in_parent: archive.entry_in_parent.clone(),
        order_in_parent: order.unwrap_or(i) as u32,
        is_folder: archive.form == Form::Folder,
        ..ArchiveFacts::default()
    };
    let mut problems = Vec::new();
    for entry in &archive.entries {
        if entry.is_class() {
            continue;
        }
        facts.resources.push(entry.name.clone());
        if wanted(&entry.name) {
            match reader.read(archive, entry) {
                Ok(bytes) => problems.extend(facts.add(&entry.name, bytes)),
                Err(problem) => problems.push(problem),
            }
        }
    }
    facts.resources.sort_unstable();
    let multi_release = archive.form == Form::Zip && facts.manifest.is_multi_release();
    let prefixes = ["", "BOOT-INF/classes/", "WEB-INF/classes/"];
    let mut entries: Vec<usize> = prefixes
        .iter()
        .flat_map(|prefix| archive::effective_entries(&archive.entries, multi_release, prefix, release))
        .collect();
    entries.sort_unstable();
    entries.dedup();
    facts.class_prefixes = class_prefixes(archive, &entries);
    (facts, entries, problems)
}

/// The folders that hold classes, told from the entries' names: what stands before the first folder is not known
/// before the classes are read, but containers put classes in few places.
fn class_prefixes(archive: &Archive, entries: &[usize]) -> Vec<String> {
    let mut prefixes: Vec<String> = Vec::new();
    for i in entries {
        let name = &archive.entries[*i].name;
        let prefix = match name.strip_prefix("META-INF/versions/").and_then(|rest| rest.split_once('/')) {
            Some((version, _)) => format!("META-INF/versions/{version}/"),
            None => ["BOOT-INF/classes/", "WEB-INF/classes/"]
                .into_iter()
                .find(|p| name.starts_with(p))
                .unwrap_or_default()
                .to_owned(),
        };
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}

/// Inflates and reduces all classes; those of archives with the same content once for all of them. The archives are
/// dropped, and with them what they hold in memory.
pub fn read_all(opened: Opened, progress: &Progress) -> Ingested {
    let pieces = pieces(&opened);
    let firsts = repeated::firsts(&opened.archives, &opened.entries, &pieces);
    let work: Vec<usize> = (0..pieces.len()).filter(|p| firsts[*p] == *p).collect();
    let n_bytes = |p: &usize| bytes_of(&opened, &pieces[*p]);
    progress.total.store(work.iter().map(n_bytes).sum(), Ordering::Relaxed);
    let (done, workers) = map_with_states(work.len(), Worker::default, |worker, i| {
        let unit = worker.reduce(&opened, &pieces[work[i]]);
        progress.done.fetch_add(n_bytes(&work[i]), Ordering::Relaxed);
        unit
    });
    let names = workers.into_iter().map(|worker| sealed(worker.names)).collect();
    let mut units: Vec<UnitFacts> = Vec::with_capacity(done.len());
    for (worker, mut unit) in done {
        unit.pool = worker as u32;
        units.push(unit);
    }
    let (mut parts, mut unread) = (Vec::with_capacity(pieces.len()), Vec::new());
    for (p, piece) in pieces.iter().enumerate() {
        let unit = work.binary_search(&firsts[p]).unwrap_or_default();
        parts.push(Part { archive: piece.archive, unit });
        let display = |archive: usize| &opened.archives[archive].display;
        let (own, read) = (display(piece.archive), display(pieces[firsts[p]].archive));
        unread.extend(units[unit].problems.iter().map(|problem| {
            let mut problem = problem.clone();
            if problem.place.archive == *read {
                problem.place.archive.clone_from(own);
            }
            problem
        }));
    }
    units.iter_mut().for_each(|unit| unit.problems = Vec::new());
    let Opened { facts, roots, mut problems, .. } = opened;
    problems.extend(archive::condense(unread));
    Ingested { archives: facts, roots, units, parts, names, problems }
}

fn sealed(mut names: Interner) -> Interner {
    names.seal();
    names
}

/// What one thread reuses from piece to piece: memory grows to what the largest needs and is then touched again and
/// again instead of being fetched from the system for each.
#[derive(Default)]
struct Worker {
    reader: Reader,
    reducer: Reducer,
    unit: UnitFacts,
    /// All names of the units it has made.
    names: Interner,
}

impl Worker {
    fn reduce(&mut self, opened: &Opened, piece: &Piece) -> UnitFacts {
        let Self { reader, reducer, unit, names } = self;
        reducer.begin_unit();
        let from = &opened.archives[piece.archive];
        for i in &opened.entries[piece.archive][piece.entries.clone()] {
            let entry = &from.entries[*i];
            match reader.read(from, entry) {
                Ok(bytes) => reducer.add(bytes, &entry.name, unit),
                Err(problem) => unit.problems.push(problem),
            }
        }
        for problem in &mut unit.problems {
            if problem.place.archive.is_empty() {
                problem.place.archive.clone_from(&from.display);
            }
        }
        unit.take(names)
    }
}

/// A run of an archive's class entries.
pub(super) struct Piece {
    pub(super) archive: usize,
    /// Among the archive's class entries.
    pub(super) entries: Range<usize>,
}

/// The class entries of all archives, in runs of about [`UNIT_BYTES`].
fn pieces(opened: &Opened) -> Vec<Piece> {
    let mut work = Vec::new();
    for (a, entries) in opened.entries.iter().enumerate() {
        let mut start = 0;
        let mut size = 0;
        for (i, entry) in entries.iter().enumerate() {
            size += opened.archives[a].entries[*entry].size;
            if size >= UNIT_BYTES {
                work.push(Piece { archive: a, entries: start..i + 1 });
                (start, size) = (i + 1, 0);
            }
        }
        if start < entries.len() {
            work.push(Piece { archive: a, entries: start..entries.len() });
        }
    }
    work
}

fn bytes_of(opened: &Opened, piece: &Piece) -> u64 {
    let entries = opened.entries[piece.archive][piece.entries.clone()].iter();
    entries.map(|e| opened.archives[piece.archive].entries[*e].size).sum()
}

impl Ingested {
    /// Adds a unit that one archive has.
    pub fn add_unit(&mut self, archive: usize, unit: UnitFacts) {
        self.parts.push(Part { archive, unit: self.units.len() });
        self.units.push(unit);
    }

    /// Inputs that could be opened and in which no class was found, nested archives included. A web application may be made
    /// of pages and of what its descriptor names of the base's classes, and one of several jars that `parts` put together of
    /// files alone.
    pub fn inputs_without_classes(&self, inputs: &[Input], parts: &[&[usize]]) -> Vec<Problem> {
        let mut has_class = vec![false; self.archives.len()];
        for part in &self.parts {
            has_class[part.archive] |= !self.units[part.unit].classes.is_empty();
        }
        let any_class = has_class.contains(&true);
        let mut without = Vec::new();
        // The archives of an input lie between its root and the next one's.
        let mut end = self.archives.len();
        for (i, root) in self.roots.iter().enumerate().take(inputs.len()).rev() {
            let Some(root) = *root else { continue };
            let is_web_application =
                any_class && self.archives[root].descriptors.iter().any(|d| d.entry == WEB_DESCRIPTOR);
            if !has_class[root..end].contains(&true) && !is_web_application {
                without.push((i, root));
            }
            end = root;
        }
        let has_classes = |input: &usize| !without.iter().any(|(i, _)| i == input);
        let is_part = |input: usize, root: usize| {
            let of_it = |part: &&&[usize]| part.contains(&input) && part.iter().any(has_classes);
            !self.archives[root].resources.is_empty() && parts.iter().any(|part| of_it(&part))
        };
        let is_told = |display: &str| {
            let mut errors = self.problems.iter().filter(|p| p.level() == ProblemLevel::Error);
            errors.any(|p| p.place.archive == display)
        };
        let untold = without.iter().filter(|(i, _)| !is_told(&inputs[*i].display));
        let problems = untold.map(|(i, root)| {
            let code = if is_part(*i, *root) { ProblemCode::FilesOnly } else { ProblemCode::NoClasses };
            Problem::new(code, &inputs[*i].display, "", "no class was found in it")
        });
        problems.collect()
    }
}
