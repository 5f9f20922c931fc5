//! Which of an application's libraries are its own code: what a build of several modules packs beside the one with the
//! `main` is started with it, by component scanning or by whoever looks there for classes.

use super::used_jars::UsedJars;
use crate::facts::{ArchiveFacts, Facts};
use crate::topology::artifact::{artifact_id, file_name, file_stem};
use crate::topology::{PathElement, Role, TenantKind, Topology};
use crate::vocabulary::{Problem, ProblemCode, TenantId};
use rustc_hash::{FxHashMap, FxHashSet};

/// How many of a module's jars a note names.
const MAX_NAMED: usize = 4;

/// Makes application code of the libraries that are a tenant's own: all their classes lie in its packages or below, or its
/// build has their group. Of a module that has no class but in jars, those that no other of its jars uses, or
/// the one of them that has its name, are its own code, too, and a note says so unless they are all.
pub(super) fn tell(facts: &Facts, archives: &[ArchiveFacts], topology: &mut Topology) -> Vec<Problem> {
    let names = &Packages::of(facts);
    let mut problems = Vec::new();
    for t in 0..topology.tenants.len() {
        let (tenant, kind) = (TenantId::from_index(t), topology.tenants[t].kind);
        let elements = || {
            let all = topology.loaders.iter().flat_map(|l| &l.path);
            all.filter(move |e| e.tenant == tenant && names.has_classes(e.archive))
        };
        let libraries: Vec<usize> =
            elements().filter(|e| e.role == Role::Library).map(|e| e.archive).collect();
        let own: Vec<usize> = elements().filter(|e| e.role == Role::Application).map(|e| e.archive).collect();
        if libraries.is_empty() {
            continue;
        }
        let parents = libraries.iter().filter_map(|l| archives.get(*l)?.parent);
        let around = own.iter().copied().chain(parents);
        let mut found = names.own_of(archives, &libraries, &own, around);
        if own.is_empty() && found.is_empty() && kind == TenantKind::Module {
            let jdk: Vec<usize> = topology
                .loader(topology.jdk)
                .map_or(&[][..], |l| &l.path)
                .iter()
                .map(|e| e.archive)
                .collect();
            let first = UsedJars::of(facts, &libraries, |jar| names.units_of(jar)).unused(archives, &jdk);
            let first = named_after(archives, &topology.tenants[t].name, first);
            problems.extend(told(archives, &libraries, &first));
            found = names.own_of(archives, &libraries, &first, first.iter().copied());
            found.extend(first);
        }
        let of_tenant = |e: &&mut PathElement| e.tenant == tenant && found.contains(&e.archive);
        let elements = topology.loaders.iter_mut().flat_map(|l| &mut l.path);
        elements.filter(of_tenant).for_each(|e| e.role = Role::Application);
    }
    problems
}

/// Of several jars that may be where a module's code begins those that have the name of the module, or of the folder in
/// which they lie, if there are such.
fn named_after(archives: &[ArchiveFacts], module: &str, jars: Vec<usize>) -> Vec<usize> {
    let folder = |a: &ArchiveFacts| Some(file_name(archives.get(a.parent?)?).to_owned());
    let has_name = |jar: &usize| {
        archives.get(*jar).is_some_and(|facts| {
            let id = artifact_id(facts).unwrap_or_else(|| file_stem(facts));
            id == module || folder(facts).is_some_and(|name| name == id)
        })
    };
    let named: Vec<usize> = jars.iter().copied().filter(has_name).collect();
    if named.is_empty() { jars } else { named }
}

fn told(archives: &[ArchiveFacts], libraries: &[usize], own: &[usize]) -> Option<Problem> {
    if own.len() == libraries.len() {
        return None;
    }
    let first = libraries.first().and_then(|l| archives.get(*l));
    let around = first.and_then(|l| archives.get(l.parent?)).or(first);
    let file = |a: &usize| Some(archives.get(*a)?.path.rsplit(['/', '\\']).next()?.to_owned());
    let mut files: Vec<String> = own.iter().take(MAX_NAMED).filter_map(file).collect();
    if own.len() > MAX_NAMED {
        files.push("…".to_owned());
    }
    let message = format!(
        "it has no classes but those of its {} jars: what no other of them uses is taken for the application's own code \
         ({}). Give the application's own jar and the folder of the others as the module to tell for certain",
        libraries.len(),
        files.join(", ")
    );
    Some(Problem::new(ProblemCode::AmbiguousLayout, around.map_or("", |a| &a.path), "", message))
}

/// The Maven group that an archive says it is of.
fn group(archive: &ArchiveFacts) -> Option<String> {
    archive.best_coordinates().map(|c| c.group).filter(|group| !group.is_empty())
}

/// The packages of the classes of each archive.
struct Packages<'f> {
    facts: &'f Facts,
    units: FxHashMap<usize, Vec<usize>>,
}

impl<'f> Packages<'f> {
    fn of(facts: &'f Facts) -> Self {
        let mut units: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for part in &facts.parts {
            if facts.units.get(part.unit).is_some_and(|u| !u.classes.is_empty()) {
                units.entry(part.archive).or_default().push(part.unit);
            }
        }
        Self { facts, units }
    }

    /// Those of a tenant's libraries that lie in the packages of its own archives, or have the group of one that is
    /// its own or around it.
    fn own_of(
        &self,
        archives: &[ArchiveFacts],
        libraries: &[usize],
        own: &[usize],
        around: impl Iterator<Item = usize>,
    ) -> FxHashSet<usize> {
        let roots = self.roots(own);
        let around: FxHashSet<usize> = around.collect();
        let groups: FxHashSet<String> = around.iter().filter_map(|a| group(archives.get(*a)?)).collect();
        let is_own = |archive: &usize| {
            self.all_below(*archive, &roots)
                || archives.get(*archive).and_then(group).is_some_and(|g| groups.contains(&g))
        };
        libraries.iter().copied().filter(is_own).collect()
    }

    fn units_of(&self, archive: usize) -> &[usize] {
        self.units.get(&archive).map_or(&[], Vec::as_slice)
    }

    fn has_classes(&self, archive: usize) -> bool {
        self.units.contains_key(&archive)
    }

    /// With the last slash; `""` for classes of no package.
    fn of_archive(&self, archive: usize) -> impl Iterator<Item = &'f str> {
        let facts = self.facts;
        let units = self.units.get(&archive).into_iter().flatten();
        let classes = units.filter_map(move |u| facts.units.get(*u)).flat_map(|unit| &unit.classes);
        let names = classes.map(move |class| facts.names.text(class.name));
        let names = names.filter(|name| !name.ends_with("module-info"));
        names.map(|name| name.rfind('/').map_or("", |end| &name[..=end]))
    }

    /// The packages of archives that are those of one owner: of the default package and of a top-level domain there are
    /// many.
    fn roots(&self, archives: &[usize]) -> Vec<&'f str> {
        let packages: FxHashSet<&str> = archives.iter().flat_map(|a| self.of_archive(*a)).collect();
        let owned = |package: &&&str| package.bytes().filter(|b| *b == b'/').count() >= 2;
        packages.iter().filter(owned).copied().collect()
    }

    fn all_below(&self, archive: usize, roots: &[&str]) -> bool {
        self.has_classes(archive)
            && self.of_archive(archive).all(|package| roots.iter().any(|root| package.starts_with(root)))
    }
}
