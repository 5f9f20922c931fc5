//! The containers: one row each, and the ones whose loaders need no file of their own.

use super::filter::{NameFilter, NameSet};
use super::layout::{PathBuilder, Tree, Use};
use super::{
    BASE, Deployment, JDK, Loader, ModuleRoots, Options, Step, Tenant, TenantKind, Topology, artifact,
    sofa_ark, tomcat,
};
use crate::facts::ArchiveFacts;
use crate::vocabulary::{LoaderId, TenantId};

/// A runtime that arranges class loaders.
#[derive(Debug)]
pub struct Container {
    /// Name on the command line and in reports.
    pub name: &'static str,
    /// One line about its order of delegation.
    pub summary: &'static str,
    /// Whether the deployment's archives show that it is the one.
    pub recognise: fn(&Tree<'_>, &Deployment) -> bool,
    /// Builds its loaders.
    pub build: fn(&[ArchiveFacts], &Deployment, &Options) -> Topology,
}

/// All containers, in the order in which they are recognised; the first is taken when none is.
pub const CONTAINERS: &[Container] = &[
    Container {
        name: "sofa-ark",
        summary: "SOFAArk, Koupleless: what plugins export from the base, then the module, then the base",
        recognise: sofa_ark::recognise,
        build: sofa_ark::build,
    },
    Container {
        name: "tomcat",
        summary: "Tomcat: the web application, then the common loader; container packages from the latter first",
        recognise: tomcat::recognise,
        build: tomcat::build,
    },
    Container {
        name: "parent-first",
        summary: "the base, then the module, as URLClassLoader does",
        recognise: |_, _| false,
        build: parent_first,
    },
    Container {
        name: "child-first",
        summary: "the module, then the base",
        recognise: |_, _| false,
        build: child_first,
    },
    Container {
        name: "flat",
        summary: "one class path for base and modules; the first copy of a class wins",
        recognise: |_, _| false,
        build: flat,
    },
];

/// The container of that name.
pub fn container(name: &str) -> Option<&'static Container> {
    CONTAINERS.iter().find(|row| row.name == name)
}

/// The id of the base's loader in every topology.
pub(super) const BASE_LOADER: LoaderId = LoaderId(1);

/// A topology with the JDK's and the base's loader and the base as its only tenant.
pub(super) fn base_only(container: &'static str, tree: &Tree<'_>, deployment: &Deployment) -> Topology {
    let jdk = Loader {
        name: "jdk".to_owned(),
        class_steps: vec![Step::own()],
        resource_steps: vec![Step::own()],
        resources_steps: vec![Step::own()],
        is_shared: true,
        ..Loader::default()
    };
    let base = Loader {
        name: "base".to_owned(),
        tenant: Some(BASE),
        path: PathBuilder::new(tree, BASE).add_all(&deployment.base, Use::Base).build(),
        class_steps: vec![Step::jdk(), Step::own()],
        resource_steps: vec![Step::jdk(), Step::own()],
        resources_steps: vec![Step::jdk(), Step::own()],
        is_shared: true,
        ..Loader::default()
    };
    Topology {
        container,
        loaders: vec![jdk, base],
        tenants: vec![Tenant { name: "base".to_owned(), kind: TenantKind::Base, loader: BASE_LOADER }],
        jdk: JDK,
        artifacts: tree.archives.iter().map(|a| artifact::artifact_id(a).unwrap_or("").to_owned()).collect(),
        provided: None,
        release: 0,
    }
}

/// Adds a module with a loader of its own; `steps` says how that loader looks things up.
pub(super) fn add_module(
    topology: &mut Topology,
    tree: &Tree<'_>,
    module: &ModuleRoots,
    steps: impl FnOnce(Loader) -> Loader,
) {
    let tenant = TenantId::from_index(topology.tenants.len());
    let loader = LoaderId::from_index(topology.loaders.len());
    let path = PathBuilder::new(tree, tenant).add_all(&module.roots, Use::Module).build();
    let own = Loader { name: module.name.clone(), tenant: Some(tenant), path, ..Loader::default() };
    topology.loaders.push(steps(own));
    topology.tenants.push(Tenant { name: module.name.clone(), kind: TenantKind::Module, loader });
}

/// `java.lang.ClassLoader.loadClass` and `getResource(s)`: the parent first, everywhere.
fn parent_first(archives: &[ArchiveFacts], deployment: &Deployment, _: &Options) -> Topology {
    let tree = Tree::new(archives);
    let mut topology = base_only("parent-first", &tree, deployment);
    let steps = vec![Step::jdk(), Step::ask(BASE_LOADER), Step::own()];
    for module in &deployment.modules {
        add_module(&mut topology, &tree, module, |own| with_same_steps(own, steps.clone()));
    }
    topology
}

/// The usual child-first loader: JDK, a list of prefixes from the parent, own, parent. Resources come from the
/// module first whatever their name, as in Flink's loader of user code. With a hidden base the list is all that a module
/// sees of it, classes and resources, as in Flink's and Trino's loaders of plug-ins.
fn child_first(archives: &[ArchiveFacts], deployment: &Deployment, options: &Options) -> Topology {
    let tree = Tree::new(archives);
    let mut topology = base_only("child-first", &tree, deployment);
    let mut parent_first = NameSet::new();
    for prefix in options.parent_first.iter().map(|prefix| prefix.replace('.', "/")) {
        match prefix.strip_suffix("/*") {
            Some(package) => parent_first.add_package(package),
            None => parent_first.add_prefix(&prefix),
        }
    }
    let named = Step::ask(BASE_LOADER).filtered(NameFilter::only(parent_first));
    let (classes, resources) = match options.base_hidden {
        true => {
            let steps = vec![Step::jdk(), named, Step::own()];
            (steps.clone(), steps)
        }
        false => (
            vec![Step::jdk(), named, Step::own(), Step::ask(BASE_LOADER)],
            vec![Step::jdk(), Step::own(), Step::ask(BASE_LOADER)],
        ),
    };
    for module in &deployment.modules {
        add_module(&mut topology, &tree, module, |own| Loader {
            class_steps: classes.clone(),
            resource_steps: resources.clone(),
            resources_steps: resources.clone(),
            ..own
        });
    }
    topology
}

/// One application class loader: the base's path, then each module's. An archive that two of them name counts for
/// the first.
fn flat(archives: &[ArchiveFacts], deployment: &Deployment, _: &Options) -> Topology {
    let tree = Tree::new(archives);
    let mut topology = base_only("flat", &tree, deployment);
    for module in &deployment.modules {
        let tenant = TenantId::from_index(topology.tenants.len());
        let path = PathBuilder::new(&tree, tenant);
        let added = path.add_all(&module.roots, Use::Module).build();
        if let Some(shared) = topology.loaders.get_mut(BASE_LOADER.index()) {
            shared.path.extend(added);
        }
        let name = module.name.clone();
        topology.tenants.push(Tenant { name, kind: TenantKind::Module, loader: BASE_LOADER });
    }
    if let Some(shared) = topology.loaders.get_mut(BASE_LOADER.index()) {
        let mut seen = rustc_hash::FxHashSet::default();
        shared.path.retain(|element| seen.insert((element.archive, element.prefix.clone())));
    }
    topology
}

fn with_same_steps(loader: Loader, steps: Vec<Step>) -> Loader {
    Loader { class_steps: steps.clone(), resource_steps: steps.clone(), resources_steps: steps, ..loader }
}
