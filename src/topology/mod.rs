//! Who loads what: loaders with ordered, filtered delegation steps, as data over one lookup algorithm.
//!
//! A container (SOFAArk, Tomcat, a flat class path …) never answers a lookup. It only *builds data*: loaders, each
//! with a search path and with the steps it takes for classes and for resources. [`lookup`] walks those steps, so a
//! new container is a table of steps and nothing else. Nothing here reads a file or knows a class's content: who
//! holds which class is asked through a callback.
//! May import: vocabulary, facts

pub mod artifact;
pub mod containers;
pub mod filter;
pub mod layout;
pub mod lookup;
pub mod recognise;

mod deployment;
mod proposal;
mod sofa_ark;
mod tomcat;

pub use containers::{CONTAINERS, Container, container};
pub use deployment::{Deployment, Inputs, ModuleInput, ModuleRoots, Options};
pub use filter::{ArchiveSet, NameFilter, NameSet};
pub use layout::{Layout, layout_of};
pub use lookup::{ClassLookup, Holds, HoldsResource, LookupStep, Outcome, ResourceHit};
pub use recognise::{Recognised, recognise};

use crate::facts::ArchiveFacts;
use crate::vocabulary::{LoaderId, Problem, TenantId};

/// Position of the JDK's loader in every topology.
pub const JDK: LoaderId = LoaderId(0);

/// Position of the base in every topology's tenants.
pub const BASE: TenantId = TenantId(0);

/// The loaders of one deployment and the tenants they work for. Immutable once a container has built it.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Name of the container that arranged it, a row of [`CONTAINERS`].
    pub container: &'static str,
    /// All loaders; [`LoaderId`] indexes them, the JDK's first.
    pub loaders: Vec<Loader>,
    /// All tenants; [`TenantId`] indexes them, the base first, then the modules in the order they were given.
    pub tenants: Vec<Tenant>,
    /// The loader of JDK classes.
    pub jdk: LoaderId,
    /// The Maven artifactId that a container sees in each archive, by archive index; `""` if it sees none.
    pub artifacts: Vec<String>,
    /// The classes, by internal name, that the container brings from archives of its own, which need not be among
    /// the inputs; `None` if it brings none.
    pub provided: Option<NameFilter>,
    /// The JDK release that it runs on, 17; 0 while that is not known.
    pub release: u16,
}

/// The base or a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Unique name, for reports.
    pub name: String,
    /// What it is.
    pub kind: TenantKind,
    /// The loader its own code is loaded by. Two tenants share one in a flat topology.
    pub loader: LoaderId,
}

/// What a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantKind {
    /// What all modules share.
    Base,
    /// One application.
    Module,
}

/// One class loader.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// Unique name: the tenant's, or `jdk`, `plugin:NAME`, `container`.
    pub name: String,
    /// The tenant it works for; `None` for the JDK's.
    pub tenant: Option<TenantId>,
    /// What it defines classes from, in search order: of two copies the first one counts.
    pub path: Vec<PathElement>,
    /// How it looks a class up (`loadClass`), in order; the first that yields a class ends the lookup.
    pub class_steps: Vec<Step>,
    /// How it looks one resource up (`getResource`), in order; the first hit ends the lookup.
    pub resource_steps: Vec<Step>,
    /// How it collects resources (`getResources`), in order; all hits count.
    pub resources_steps: Vec<Step>,
    /// Whether `getResources` keeps only the first hit per Maven artifactId (archives without one are kept all).
    pub one_hit_per_artifact: bool,
    /// Whether what it defines may be seen by two tenants or more: the base's, a plugin's, the JDK's.
    pub is_shared: bool,
}

/// One place on a loader's search path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathElement {
    /// Index into the deployment's [`ArchiveFacts`].
    pub archive: usize,
    /// Folder within the archive that is the root of names: `""`, `BOOT-INF/classes/`.
    pub prefix: String,
    /// Whether it holds the tenant's own code.
    pub role: Role,
    /// The tenant whose class path it was taken from.
    pub tenant: TenantId,
}

impl PathElement {
    /// Whether it holds a resource; the name is relative to its prefix.
    pub fn has_resource(&self, archives: &[ArchiveFacts], name: &str) -> bool {
        let entry = format!("{}{name}", self.prefix);
        archives.get(self.archive).is_some_and(|a| a.resources.binary_search(&entry).is_ok())
    }
}

/// Whose code a path element holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The application's own.
    Application,
    /// A library's.
    Library,
}

/// One step of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it looks.
    pub target: Target,
    /// For which names it is taken at all.
    pub filter: NameFilter,
    /// If set, what the step finds counts only if the loader that holds it has a copy in one of these archives.
    pub archives: Option<ArchiveSet>,
    /// Whether it is taken only while nothing was found. Matters where all hits are collected.
    pub is_fallback: bool,
}

/// Where a step looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// On the loader's own path: what is found there is defined by this loader.
    Own,
    /// Wherever that other loader finds it, by its own steps.
    Loader(LoaderId),
}

impl Step {
    /// Looks on the loader's own path, for any name.
    pub fn own() -> Self {
        Self { target: Target::Own, filter: NameFilter::default(), archives: None, is_fallback: false }
    }

    /// Asks another loader, for any name.
    pub fn ask(loader: LoaderId) -> Self {
        Self { target: Target::Loader(loader), ..Self::own() }
    }

    /// Asks the JDK's loader, for any name.
    pub fn jdk() -> Self {
        Self::ask(JDK)
    }

    /// The same step, taken for some names only.
    #[must_use]
    pub fn filtered(mut self, filter: NameFilter) -> Self {
        self.filter = filter;
        self
    }

    /// The same step, accepting only what has a copy in one of these archives.
    #[must_use]
    pub fn within(mut self, archives: Option<ArchiveSet>) -> Self {
        self.archives = archives;
        self
    }

    /// The same step, taken only while nothing was found.
    #[must_use]
    pub fn if_nothing_yet(mut self) -> Self {
        self.is_fallback = true;
        self
    }
}

/// A deployment's topology and what was odd about its archives.
#[derive(Clone, Debug)]
pub struct Arrangement {
    /// Who loads what.
    pub topology: Topology,
    /// Misbuilt archives, assumptions made, things left out; sorted.
    pub problems: Vec<Problem>,
}

/// Tells the roles of all inputs from the archives' content and builds the topology of the container that is asked
/// for, or else recognised.
pub fn arrange(archives: &[ArchiveFacts], inputs: &Inputs) -> Arrangement {
    let Recognised { container, deployment, mut problems } = recognise(archives, inputs);
    let topology = (container.build)(archives, &deployment, &inputs.options);
    problems.sort();
    problems.dedup();
    Arrangement { topology, problems }
}

impl Topology {
    /// The loader with this id. Ids of another topology yield none.
    pub fn loader(&self, id: LoaderId) -> Option<&Loader> {
        self.loaders.get(id.index())
    }

    /// The tenant with this id. Ids of another topology yield none.
    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.get(id.index())
    }

    /// Whether the deployment has no module, so that anything public may be called on behalf of any tenant.
    pub fn is_open_world(&self) -> bool {
        self.tenants.iter().all(|tenant| tenant.kind == TenantKind::Base)
    }
}
