//! Deployments written down as lists of entries, for tests of who loads what.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part, and helpers of tests may fail"
)]

use cotenant::facts::{ArchiveFacts, Coordinates, Descriptor};
use cotenant::topology::{ArchiveSet, Arrangement, Inputs, Topology, arrange};
use cotenant::vocabulary::LoaderId;

#[derive(Default)]
pub(crate) struct World {
    pub(crate) archives: Vec<ArchiveFacts>,
    entries: Vec<Vec<String>>,
}

const PREFIXES: [&str; 5] = [
    "BOOT-INF/classes/",
    "WEB-INF/classes/",
    "target/classes/",
    "META-INF/versions/11/",
    "META-INF/versions/99/",
];

pub(crate) const BIZ: &str = "com/alipay/sofa/ark/biz/mark";
pub(crate) const PLUGIN: &str = "com/alipay/sofa/ark/plugin/mark";

impl World {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn jar(&mut self, path: &str, entries: &[&str]) -> usize {
        self.push(ArchiveFacts { path: path.into(), ..ArchiveFacts::default() }, entries)
    }

    pub(crate) fn folder(&mut self, path: &str, entries: &[&str]) -> usize {
        self.push(ArchiveFacts { path: path.into(), is_folder: true, ..ArchiveFacts::default() }, entries)
    }

    pub(crate) fn nested(&mut self, parent: usize, entry: &str, entries: &[&str]) -> usize {
        let holder = &mut self.archives[parent];
        holder.resources.push(entry.into());
        holder.resources.sort();
        let path = format!("{}!/{entry}", holder.path);
        let facts =
            ArchiveFacts { path, parent: Some(parent), entry_in_parent: entry.into(), ..Default::default() };
        self.push(facts, entries)
    }

    pub(crate) fn manifest(&mut self, archive: usize, name: &str, value: &str) {
        self.archives[archive].manifest.attributes.push((name.into(), value.into()));
    }

    pub(crate) fn artifact(&mut self, archive: usize, artifact: &str) {
        let coordinates = Coordinates { artifact: artifact.into(), ..Coordinates::default() };
        self.archives[archive].coordinates.push(coordinates);
    }

    pub(crate) fn descriptor(&mut self, archive: usize, entry: &str, text: &str) {
        self.archives[archive].descriptors.push(Descriptor { entry: entry.into(), text: text.into() });
    }

    fn push(&mut self, mut facts: ArchiveFacts, entries: &[&str]) -> usize {
        for entry in entries {
            if entry.ends_with(".class") {
                let prefix = PREFIXES.iter().find(|prefix| entry.starts_with(**prefix)).unwrap_or(&"");
                if !facts.class_prefixes.iter().any(|known| known == prefix) {
                    facts.class_prefixes.push((*prefix).into());
                }
            } else {
                facts.resources.push((*entry).into());
            }
        }
        facts.resources.sort();
        self.archives.push(facts);
        self.entries.push(entries.iter().map(|entry| (*entry).to_owned()).collect());
        self.archives.len() - 1
    }

    fn has(&self, archive: usize, entry: &str) -> bool {
        self.entries[archive].iter().any(|known| known == entry)
    }

    /// Arranges roots that were named without a role.
    pub(crate) fn scan(&self, paths: &[usize]) -> Arrangement {
        arrange(&self.archives, &Inputs { paths: paths.to_vec(), ..Inputs::default() })
    }

    pub(crate) fn holds(
        &self,
        topology: &Topology,
        loader: LoaderId,
        name: &str,
        within: Option<&ArchiveSet>,
    ) -> bool {
        if loader == topology.jdk {
            return name.starts_with("java/") || name.starts_with("javax/sql/");
        }
        topology.loader(loader).is_some_and(|loader| {
            loader.path.iter().any(|element| {
                within.is_none_or(|set| set.contains(element.archive))
                    && self.has(element.archive, &format!("{}{name}.class", element.prefix))
            })
        })
    }

    /// The name of the loader that defines a class for a tenant.
    pub(crate) fn definer<'t>(&self, topology: &'t Topology, tenant: &str, name: &str) -> Option<&'t str> {
        let holds = |loader: LoaderId, name: &str, within: Option<&ArchiveSet>| {
            self.holds(topology, loader, name, within)
        };
        let found = topology.find_class(loader_of(topology, tenant), name, &holds)?;
        Some(&topology.loader(found).unwrap().name)
    }

    /// Display paths of the archives that `getResource` and `getResources` on a tenant's loader yield.
    pub(crate) fn resource(
        &self,
        topology: &Topology,
        tenant: &str,
        name: &str,
    ) -> (Option<&str>, Vec<&str>) {
        let holds = |element: &cotenant::topology::PathElement, name: &str| {
            self.has(element.archive, &format!("{}{name}", element.prefix))
        };
        let asked = loader_of(topology, tenant);
        let path = |archive: usize| self.archives[archive].path.as_str();
        let one = topology.find_resource(asked, name, &holds).map(|hit| path(hit.archive));
        (one, topology.find_resources(asked, name, &holds).iter().map(|hit| path(hit.archive)).collect())
    }

    /// A loader's path as `archive|prefix`.
    pub(crate) fn path(&self, topology: &Topology, tenant: &str) -> Vec<String> {
        let loader = topology.loader(loader_of(topology, tenant)).unwrap();
        loader.path.iter().map(|e| format!("{}|{}", self.archives[e.archive].path, e.prefix)).collect()
    }
}

pub(crate) fn loader_of(topology: &Topology, tenant: &str) -> LoaderId {
    topology.tenants.iter().find(|t| t.name == tenant).map(|t| t.loader).unwrap()
}

pub(crate) fn tenants(topology: &Topology) -> Vec<&str> {
    topology.tenants.iter().map(|tenant| tenant.name.as_str()).collect()
}
