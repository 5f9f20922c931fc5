//! The configuration files of all archives that name classes, and who gets to see them.

use crate::facts::ArchiveFacts;
use crate::facts::configured::{ConfiguredName, names_in};
use crate::rules::models::Configuration;
use crate::topology::Topology;
use crate::vocabulary::{LoaderId, Parallel};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Class folders of nested layouts, below which files lie as they do at the root of a plain archive.
const CLASS_FOLDERS: &[&str] = &["BOOT-INF/classes/", "WEB-INF/classes/"];

/// A configuration file.
pub(super) struct File {
    /// The name of its kind.
    kind: String,
    /// The archive that holds it.
    pub archive: usize,
    /// Its entry.
    pub entry: String,
    /// The classes that it names, without those that its reader does without.
    pub names: Vec<ConfiguredName>,
}

impl File {
    /// Its name below the class folder that it lies in.
    fn relative(&self) -> &str {
        CLASS_FOLDERS.iter().find_map(|folder| self.entry.strip_prefix(folder)).unwrap_or(&self.entry)
    }

    /// The name of the file alone, which for some kinds is a type's.
    fn file_name(&self) -> &str {
        self.entry.rsplit('/').next().unwrap_or(&self.entry)
    }
}

/// All of them, in the order of archives and entries.
pub(super) struct Files<'w> {
    topology: &'w Topology,
    archives: &'w [ArchiveFacts],
    files: Vec<File>,
}

/// The patterns of a kind.
struct Patterns<'m> {
    kind: &'m Configuration,
    files: GlobSet,
    names: GlobSet,
    tolerated: GlobSet,
}

impl<'w> Files<'w> {
    /// Reads those of some kinds.
    pub(super) fn find<'m>(
        topology: &'w Topology,
        archives: &'w [ArchiveFacts],
        kinds: impl Iterator<Item = &'m Configuration>,
        parallel: &impl Parallel,
    ) -> Self {
        let patterns: Vec<Patterns<'_>> = kinds.map(Patterns::of).collect();
        let found = parallel.map(archives.len(), |i| {
            let descriptors = archives[i].descriptors.iter();
            let read = descriptors.flat_map(|d| patterns.iter().filter_map(|p| p.read(i, &d.entry, &d.text)));
            read.collect::<Vec<File>>()
        });
        Self { topology, archives, files: found.into_iter().flatten().collect() }
    }

    /// Whether there is one of a kind.
    pub(super) fn has(&self, kind: &Configuration) -> bool {
        self.of_kind(kind).next().is_some()
    }

    fn of_kind<'f>(&'f self, kind: &Configuration) -> impl Iterator<Item = &'f File> + use<'f, 'w> {
        let name = kind.name.clone();
        self.files.iter().filter(move |file| file.kind == name)
    }

    /// Those of a kind that a loader finds, or that lie in the archive of an application of that loader.
    pub(super) fn seen_from(&self, kind: &Configuration, loader: LoaderId) -> Vec<&File> {
        if kind.of_archive {
            return self.of_kind(kind).filter(|file| self.is_on_path(file, loader)).collect();
        }
        let mut names: Vec<&str> = self.of_kind(kind).map(File::relative).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().flat_map(|name| self.hits(kind, loader, name)).collect()
    }

    /// Whether a file lies in an archive on the loader's own path.
    pub(super) fn is_on_path(&self, file: &File, loader: LoaderId) -> bool {
        let path = self.topology.loader(loader).map_or(&[][..], |l| l.path.as_slice());
        path.iter().any(|element| element.archive == file.archive)
    }

    /// Those of a kind that a loader finds and whose file's name is that of a type.
    pub(super) fn for_type(&self, kind: &Configuration, loader: LoaderId, binary_name: &str) -> Vec<&File> {
        let named = self.of_kind(kind).filter(|file| file.file_name() == binary_name);
        let mut names: Vec<&str> = named.map(File::relative).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().flat_map(|name| self.hits(kind, loader, name)).collect()
    }

    /// What `getResources` yields.
    fn hits(&self, kind: &Configuration, loader: LoaderId, name: &str) -> Vec<&File> {
        let topology = self.topology;
        let has =
            |element: &crate::topology::PathElement, name: &str| element.has_resource(self.archives, name);
        let hits = topology.find_resources(loader, name, &has);
        let entry = |hit: &crate::topology::ResourceHit| {
            let element = topology.loader(hit.loader)?.path.get(hit.element)?;
            Some((hit.archive, format!("{}{name}", element.prefix)))
        };
        let entries: Vec<(usize, String)> = hits.iter().filter_map(entry).collect();
        let is_hit = |file: &&File| {
            entries.iter().any(|(archive, entry)| *archive == file.archive && *entry == file.entry)
        };
        self.of_kind(kind).filter(is_hit).collect()
    }
}

impl<'m> Patterns<'m> {
    fn of(kind: &'m Configuration) -> Self {
        Self {
            kind,
            files: globs(&kind.files, true),
            names: globs(&kind.names, false),
            tolerated: globs(&kind.tolerated, false),
        }
    }

    /// The file, if it is of this kind and names a class.
    fn read(&self, archive: usize, entry: &str, text: &str) -> Option<File> {
        let mut file =
            File { kind: self.kind.name.clone(), archive, entry: entry.to_owned(), names: Vec::new() };
        if !self.files.is_match(file.relative()) || self.tolerated.is_match(file.file_name()) {
            return None;
        }
        let is_wanted = |key: &str| {
            (self.kind.names.is_empty() || self.names.is_match(key)) && !self.tolerated.is_match(key)
        };
        file.names = names_in(text, self.kind.notation, &is_wanted);
        (!file.names.is_empty()).then_some(file)
    }
}

/// Those that are no globs match nothing.
fn globs(list: &[String], of_paths: bool) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in list {
        if let Ok(glob) = GlobBuilder::new(glob).literal_separator(of_paths).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}
