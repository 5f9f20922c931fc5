//! Where an archive keeps its classes and libraries, told by its content, and the search path that follows from it.

use super::{PathElement, Role, artifact};
use crate::facts::ArchiveFacts;
use crate::vocabulary::TenantId;
use rustc_hash::{FxHashMap, FxHashSet};

/// How an archive is built. In order of recognition: the first that fits counts, as in SOFAArk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `com/alipay/sofa/ark/container/mark`: the Ark container; root and `lib/`.
    ArkContainer,
    /// `com/alipay/sofa/ark/plugin/mark`: an Ark plugin; root and `lib/`.
    ArkPlugin,
    /// `com/alipay/sofa/ark/biz/mark`: a module; root and `lib/`.
    ArkBiz,
    /// `SOFA-ARK/container/`: an executable Ark jar that carries container, plugins and modules.
    ArkExecutable,
    /// `BOOT-INF/`: Spring Boot; `BOOT-INF/classes/` and `BOOT-INF/lib/`.
    SpringBoot,
    /// `WEB-INF/`: a web application; `WEB-INF/classes/` and `WEB-INF/lib/`.
    War,
    /// A folder of class folders and jars.
    Folder,
    /// A jar whose root is its only place for classes.
    PlainJar,
}

const ARK_MARKS: [(&str, Layout); 3] = [
    ("com/alipay/sofa/ark/container/mark", Layout::ArkContainer),
    ("com/alipay/sofa/ark/plugin/mark", Layout::ArkPlugin),
    ("com/alipay/sofa/ark/biz/mark", Layout::ArkBiz),
];

const ARK_FOLDERS: [(&str, Layout); 3] = [
    ("SOFA-ARK/container/", Layout::ArkExecutable),
    ("BOOT-INF/", Layout::SpringBoot),
    ("WEB-INF/", Layout::War),
];

/// The layout of an archive.
pub fn layout_of(archive: &ArchiveFacts) -> Layout {
    let by_mark = ARK_MARKS.iter().find(|(mark, _)| has_resource(archive, mark));
    let by_folder = || ARK_FOLDERS.iter().find(|(folder, _)| has_folder(archive, folder));
    match by_mark.or_else(by_folder) {
        Some((_, layout)) => *layout,
        None if archive.is_folder => Layout::Folder,
        None => Layout::PlainJar,
    }
}

/// Whether a biz archive keeps classes where its loader does not look: it was repackaged after Spring Boot.
pub fn is_misbuilt(archive: &ArchiveFacts) -> bool {
    layout_of(archive) == Layout::ArkBiz && has_folder(archive, "BOOT-INF/classes/")
}

fn has_resource(archive: &ArchiveFacts, name: &str) -> bool {
    archive.resources.binary_search_by(|entry| entry.as_str().cmp(name)).is_ok()
}

fn has_folder(archive: &ArchiveFacts, folder: &str) -> bool {
    let at = archive.resources.partition_point(|entry| entry.as_str() < folder);
    archive.resources.get(at).is_some_and(|entry| entry.starts_with(folder))
        || archive.class_prefixes.iter().any(|prefix| prefix.starts_with(folder))
}

/// All archives with who is nested in whom and which file lies where.
pub struct Tree<'a> {
    /// The deployment's archives.
    pub archives: &'a [ArchiveFacts],
    children: Vec<Vec<usize>>,
    by_path: FxHashMap<String, usize>,
}

impl<'a> Tree<'a> {
    /// Indexes the archives. A parent that does not exist makes its archive a root.
    pub fn new(archives: &'a [ArchiveFacts]) -> Self {
        let mut children = vec![Vec::new(); archives.len()];
        let mut by_path = FxHashMap::default();
        for (i, archive) in archives.iter().enumerate() {
            let parent =
                archive.parent.filter(|&p| p != i).and_then(|p| archives.get(p).map(|facts| (p, facts)));
            match parent {
                None => {
                    by_path.entry(normalised(&archive.path)).or_insert(i);
                }
                Some((p, facts)) => {
                    children[p].push(i);
                    if facts.is_folder {
                        let path = format!("{}/{}", facts.path, archive.entry_in_parent);
                        by_path.entry(normalised(&path)).or_insert(i);
                    }
                }
            }
        }
        Self { archives, children, by_path }
    }

    /// The archives nested directly in one, in the order of its entries.
    pub fn children(&self, archive: usize) -> &[usize] {
        self.children.get(archive).map_or(&[], Vec::as_slice)
    }

    /// The archives nested directly in one whose entry lies anywhere below a folder.
    pub fn children_below(&self, archive: usize, folder: &str) -> impl Iterator<Item = usize> {
        let below = move |&i: &usize| self.facts(i).is_some_and(|f| f.entry_in_parent.starts_with(folder));
        self.children(archive).iter().copied().filter(below)
    }

    /// The facts of an archive.
    pub fn facts(&self, archive: usize) -> Option<&'a ArchiveFacts> {
        self.archives.get(archive)
    }

    /// The layout of an archive. A zip that holds archives and no class of its own, such as a distribution or a wheel,
    /// is as good as a folder of them.
    pub fn layout(&self, archive: usize) -> Layout {
        let Some(facts) = self.facts(archive) else { return Layout::PlainJar };
        match layout_of(facts) {
            Layout::PlainJar if facts.class_prefixes.is_empty() && !self.children(archive).is_empty() => {
                Layout::Folder
            }
            layout => layout,
        }
    }

    /// The web applications in a folder that holds something else too: a container gives each a loader of its own, and
    /// the folder's does not see their classes. One that is all there is may be what the folder was named for.
    pub fn applications_beside(&self, folder: usize) -> Vec<usize> {
        let children = self.children(folder);
        let has_own = self.facts(folder).is_some_and(|facts| !facts.class_prefixes.is_empty());
        if self.layout(folder) != Layout::Folder || (children.len() == 1 && !has_own) {
            return Vec::new();
        }
        children.iter().copied().filter(|&child| self.layout(child) == Layout::War).collect()
    }

    /// Whether two archives are of one place.
    pub fn is_same_place(&self, one: usize, other: usize) -> bool {
        let path = |archive| self.facts(archive).map(|facts| normalised(&facts.path));
        path(one) == path(other)
    }

    /// Those of the nested archives that lie directly in a folder, not deeper.
    fn libraries(&self, archive: usize, folder: &'static str) -> Vec<usize> {
        let is_direct = |&i: &usize| {
            self.facts(i)
                .and_then(|facts| facts.entry_in_parent.strip_prefix(folder))
                .is_some_and(|rest| !rest.contains('/'))
        };
        self.children(archive).iter().copied().filter(is_direct).collect()
    }

    /// The inputs that a manifest's `Class-Path` names: space-separated URLs relative to the jar's own place.
    fn class_path_siblings(&self, archive: usize) -> Vec<usize> {
        let Some(facts) = self.facts(archive) else { return Vec::new() };
        let own_path = match facts.parent.and_then(|parent| self.facts(parent)) {
            None => facts.path.clone(),
            Some(parent) if parent.is_folder => format!("{}/{}", parent.path, facts.entry_in_parent),
            Some(_) => return Vec::new(),
        };
        let folder = own_path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let urls = facts.manifest.value("Class-Path").unwrap_or("").split_ascii_whitespace();
        urls.filter(|url| !url.starts_with('/') && !url.contains(':'))
            .filter_map(|url| self.by_path.get(&normalised(&format!("{folder}/{url}"))).copied())
            .collect()
    }
}

/// A path without `.`, empty and resolvable `..` segments; absolute ones keep their first slash.
fn normalised(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_some_and(|last| *last != "..") => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", segments.join("/"))
}

/// For what an archive is on a path, which decides whose code a plain jar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Named as the base, or a part of it: its own code if it can be started.
    Base,
    /// Named as a module, or a part of it: its own code.
    Module,
    /// Somebody's library.
    Library,
}

/// Builds one loader's search path. An archive that comes twice counts at its first place.
pub struct PathBuilder<'t, 'a> {
    tree: &'t Tree<'a>,
    tenant: TenantId,
    seen: FxHashSet<usize>,
    path: Vec<PathElement>,
}

impl<'t, 'a> PathBuilder<'t, 'a> {
    /// An empty path of a tenant.
    pub fn new(tree: &'t Tree<'a>, tenant: TenantId) -> Self {
        Self { tree, tenant, seen: FxHashSet::default(), path: Vec::new() }
    }

    /// Adds an archive and what its layout makes a loader search in it.
    #[must_use]
    pub fn add(mut self, archive: usize, used_as: Use) -> Self {
        self.push_archive(archive, used_as);
        self
    }

    /// Adds several archives.
    #[must_use]
    pub fn add_all(self, archives: &[usize], used_as: Use) -> Self {
        archives.iter().fold(self, |path, &archive| path.add(archive, used_as))
    }

    /// Adds an archive's root only, as a library.
    #[must_use]
    pub fn add_root_of(mut self, archive: usize) -> Self {
        if self.seen.insert(archive) {
            self.push_root(archive, Role::Library);
        }
        self
    }

    /// The finished path.
    pub fn build(self) -> Vec<PathElement> {
        self.path
    }

    fn push_archive(&mut self, archive: usize, used_as: Use) {
        let Some(facts) = self.tree.facts(archive) else { return };
        if !self.seen.insert(archive) {
            return;
        }
        match layout_of(facts) {
            Layout::ArkContainer | Layout::ArkPlugin => {
                self.push_root(archive, Role::Library);
                self.push_libraries(self.tree.libraries(archive, "lib/"));
            }
            Layout::ArkBiz => {
                // `lib/export/` is deeper than `lib/` and so left out, as an installed biz is unpacked by default
                // and then searched in `lib/` alone.
                self.push_root(archive, Role::Application);
                self.push_libraries(self.tree.libraries(archive, "lib/"));
            }
            Layout::ArkExecutable => {
                let nested: Vec<usize> = self.tree.children_below(archive, "SOFA-ARK/biz/").collect();
                nested.into_iter().for_each(|biz| self.push_archive(biz, used_as));
            }
            Layout::SpringBoot => {
                self.push(archive, "BOOT-INF/classes/", Role::Application);
                self.push_libraries(boot_libraries(self.tree, archive, facts));
            }
            Layout::War => {
                self.push(archive, "WEB-INF/classes/", Role::Application);
                self.push_libraries(self.tree.libraries(archive, "WEB-INF/lib/"));
            }
            Layout::Folder => self.push_folder(archive, facts, used_as),
            Layout::PlainJar => self.push_jar(archive, facts, used_as),
        }
    }

    fn push_folder(&mut self, archive: usize, facts: &ArchiveFacts, used_as: Use) {
        for prefix in facts.class_prefixes.iter().filter(|prefix| !prefix.starts_with("META-INF/")) {
            self.push(archive, prefix, Role::Application);
        }
        let others = if used_as == Use::Base { self.tree.applications_beside(archive) } else { Vec::new() };
        for jar in self.tree.children(archive).iter().filter(|jar| !others.contains(jar)) {
            self.push_archive(*jar, Use::Library);
        }
    }

    fn push_jar(&mut self, archive: usize, facts: &ArchiveFacts, used_as: Use) {
        let can_start = ["Start-Class", "Main-Class"].iter().any(|name| facts.manifest.value(name).is_some());
        let role = match used_as {
            Use::Module => Role::Application,
            Use::Base if can_start => Role::Application,
            Use::Base | Use::Library => Role::Library,
        };
        self.push_root(archive, role);
        // A worklist and not recursion: manifests can name one another in any number.
        let mut named = self.tree.class_path_siblings(archive);
        named.reverse();
        while let Some(sibling) = named.pop() {
            if self.tree.layout(sibling) == Layout::PlainJar && self.seen.insert(sibling) {
                self.push_root(sibling, Role::Library);
                named.extend(self.tree.class_path_siblings(sibling).into_iter().rev());
            }
        }
    }

    fn push_libraries(&mut self, archives: Vec<usize>) {
        for archive in archives {
            if self.seen.insert(archive) {
                self.push_root(archive, Role::Library);
            }
        }
    }

    /// The root of an archive. Which version of a multi-release class counts there is the reader's matter.
    fn push_root(&mut self, archive: usize, role: Role) {
        self.push(archive, "", role);
    }

    fn push(&mut self, archive: usize, prefix: &str, role: Role) {
        self.path.push(PathElement { archive, prefix: prefix.to_owned(), role, tenant: self.tenant });
    }
}

/// `BOOT-INF/lib/` in zip order. An exploded archive is searched by its index file: first what the index does not
/// name, by path, then the index's lines (Spring Boot's `classpath.idx`).
fn boot_libraries(tree: &Tree<'_>, archive: usize, facts: &ArchiveFacts) -> Vec<usize> {
    let mut libraries = tree.libraries(archive, "BOOT-INF/lib/");
    let index = facts.descriptors.iter().find(|d| d.entry == "BOOT-INF/classpath.idx");
    if let (true, Some(index)) = (facts.is_folder, index) {
        let entries = index.text.lines().filter_map(|line| line.trim().strip_prefix('-'));
        let lines: FxHashMap<&str, usize> =
            entries.map(|entry| entry.trim().trim_matches('"')).zip(1..).collect();
        libraries.sort_by_key(|&i| {
            let entry = tree.facts(i).map_or("", |f| f.entry_in_parent.as_str());
            (lines.get(entry).copied().unwrap_or(0), entry)
        });
    }
    libraries
}

/// The name a module goes by when none is given: `Ark-Biz-Name`, else the stem of its file name.
pub fn module_name(archive: &ArchiveFacts) -> &str {
    archive.manifest.value("Ark-Biz-Name").unwrap_or_else(|| artifact::file_stem(archive))
}
