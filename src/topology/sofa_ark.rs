//! SOFAArk and Koupleless: each module has a loader that takes exported names from plugins, then its own classes,
//! then the base's (`BizClassLoader` with `DelegateToMasterBizClassLoaderHook`).
//!
//! A class lookup of a module: JDK; Ark's own API; what plugins export; own path; base, but for generated
//! subclasses. In *declared mode* (manifest `declared-libraries`) the base's classes count only if some copy lies in a
//! library that the module declares.

use super::artifact::{artifact_id, file_stem};
use super::containers::{BASE_LOADER, add_module, base_only};
use super::filter::{ArchiveSet, NameFilter, NameSet};
use super::layout::{Layout, PathBuilder, Tree, Use};
use super::{BASE, Deployment, Loader, ModuleRoots, Options, PathElement, Step, Topology};
use crate::facts::{ArchiveFacts, Manifest};
use crate::vocabulary::LoaderId;

/// What every biz and plugin takes from the container (in an embedded deployment: from the base's copy). Matched as
/// plain text, without a dot at the end.
const ARK_API: [&str; 4] = [
    "com/alipay/sofa/ark/spi",
    "com/alipay/sofa/ark/api",
    "com/alipay/sofa/ark/common/log",
    "com/alipay/sofa/ark/exception",
];

/// A deployment with an Ark module, an executable Ark jar, or a base that carries Ark plugins.
pub(super) fn recognise(tree: &Tree<'_>, deployment: &Deployment) -> bool {
    let roots = deployment.modules.iter().flat_map(|module| &module.roots).chain(&deployment.base);
    let is_ark = |&archive: &usize| {
        matches!(tree.layout(archive), Layout::ArkBiz | Layout::ArkPlugin | Layout::ArkContainer)
    };
    !deployment.is_embedded
        || roots.clone().any(is_ark)
        || roots.flat_map(|&root| tree.children(root)).any(is_ark)
}

/// Embedded deployments (a Spring Boot base) and executable Ark jars, which differ in who is asked after the
/// module itself: the base, or nobody.
pub(super) fn build(archives: &[ArchiveFacts], deployment: &Deployment, options: &Options) -> Topology {
    let tree = Tree::new(archives);
    let mut topology = base_only("sofa-ark", &tree, deployment);
    topology.provided = Some(NameFilter::only(NameSet::prefixed(ARK_API)));
    if deployment.is_embedded {
        let plugins = plugins_on(&tree, path_of_base(&topology));
        for module in &deployment.modules {
            let view = EmbeddedView::new(&tree, &topology, &plugins, module, options);
            let tenant = super::TenantId::from_index(topology.tenants.len());
            let own_path = view.path(&tree, tenant);
            add_module(&mut topology, &tree, module, |own| view.loader(Loader { path: own_path, ..own }));
        }
    } else {
        build_executable(&tree, &mut topology, deployment);
    }
    topology
}

fn path_of_base(topology: &Topology) -> &[PathElement] {
    topology.loader(BASE_LOADER).map_or(&[], |base| base.path.as_slice())
}

fn plugins_on(tree: &Tree<'_>, path: &[PathElement]) -> Vec<usize> {
    let mut plugins: Vec<usize> = path.iter().map(|element| element.archive).collect();
    plugins.dedup();
    plugins.retain(|&archive| tree.layout(archive) == Layout::ArkPlugin);
    plugins
}

/// How a module sees an embedded deployment.
struct EmbeddedView {
    roots: Vec<usize>,
    exporting: Vec<usize>,
    overriding: Vec<usize>,
    classes: NameFilter,
    resources: NameFilter,
    declared: Option<ArchiveSet>,
}

impl EmbeddedView {
    fn new(
        tree: &Tree<'_>,
        topology: &Topology,
        plugins: &[usize],
        module: &ModuleRoots,
        options: &Options,
    ) -> Self {
        let manifest = module.roots.first().and_then(|&root| tree.facts(root)).map(|facts| &facts.manifest);
        let overrides = |&plugin: &usize| {
            let mode = tree.facts(plugin).and_then(|facts| facts.manifest.value("export-mode"));
            mode.is_some_and(|mode| mode.eq_ignore_ascii_case("override"))
        };
        let (overriding, exporting) = plugins.iter().partition(|plugin| overrides(plugin));
        let exporters: &Vec<usize> = &exporting;
        let manifests =
            || exporters.iter().filter_map(|&plugin| tree.facts(plugin)).map(|facts| &facts.manifest);
        let mut classes = NameSet::new();
        if options.plugin_export {
            manifests().for_each(|plugin| add_exports(&mut classes, plugin));
        }
        let mut resources = NameSet::new();
        manifests().for_each(|plugin| add_resources(&mut resources, plugin, "export-resources"));
        let declared = manifest.and_then(|manifest| declared_archives(tree, topology, plugins, manifest));
        Self {
            roots: module.roots.clone(),
            classes: NameFilter::only(classes).but_not(manifest.map(denied_classes).unwrap_or_default()),
            resources: NameFilter::only(resources)
                .but_not(manifest.map(denied_resources).unwrap_or_default()),
            exporting,
            overriding,
            declared,
        }
    }

    /// The module's own archives, then the outer jar of every plugin: what a plugin does not export is defined
    /// again by each module. Classes of a plugin with `export-mode: override` are defined by the module *before* its
    /// own copies, so its jar goes first; its few classes that are not exported come early with it.
    fn path(&self, tree: &Tree<'_>, tenant: super::TenantId) -> Vec<PathElement> {
        let first = PathBuilder::new(tree, tenant);
        let first = self.overriding.iter().fold(first, |path, &plugin| path.add_root_of(plugin));
        let own = first.add_all(&self.roots, Use::Module);
        self.exporting.iter().fold(own, |path, &plugin| path.add_root_of(plugin)).build()
    }

    fn loader(self, own: Loader) -> Loader {
        let base = || Step::ask(BASE_LOADER);
        let api = NameFilter::only(NameSet::prefixed(ARK_API));
        let mut generated = NameSet::new();
        generated.add_infix("CGLIB$$");
        let mut class_files = NameSet::new();
        class_files.add_suffix(".class");
        let class_files = NameFilter::only(class_files);
        let exported = base().filtered(self.classes).within(self.declared.clone());
        let exported_resources = base().filtered(self.resources);
        let declared_copies = self.declared.as_ref().map(|set| base().within(Some(set.clone())));

        let mut resource_steps = vec![
            Step::jdk(),
            exported_resources.clone(),
            base().filtered(api.clone()),
            Step::own(),
            base().filtered(class_files.clone()),
        ];
        let mut resources_steps = vec![Step::jdk(), exported_resources, Step::own()];
        match declared_copies {
            Some(copies) => {
                resource_steps.push(copies.clone());
                resources_steps.push(copies);
            }
            None => resources_steps.push(base().filtered(class_files).if_nothing_yet()),
        }
        let mut class_steps = vec![
            Step::jdk(),
            base().filtered(api),
            exported,
            Step::own(),
            base().filtered(NameFilter::except(generated)).within(self.declared.clone()),
        ];
        for steps in [&mut class_steps, &mut resource_steps, &mut resources_steps] {
            steps.retain(|step| !step.filter.accepts_nothing());
        }
        let one_hit_per_artifact = self.declared.is_some();
        Loader { class_steps, resource_steps, resources_steps, one_hit_per_artifact, ..own }
    }
}

/// Container, plugins and modules of an executable Ark jar. The master biz, taken as the base, is one of the
/// modules to the others: nobody delegates to it.
fn build_executable(tree: &Tree<'_>, topology: &mut Topology, deployment: &Deployment) {
    let path = |roots: &[usize]| PathBuilder::new(tree, BASE).add_all(roots, Use::Library).build();
    let container = LoaderId::from_index(topology.loaders.len());
    let parentless = |name: String, path: Vec<PathElement>, steps: Vec<Step>| Loader {
        name,
        tenant: Some(BASE),
        path,
        class_steps: steps.clone(),
        resource_steps: steps.clone(),
        resources_steps: steps,
        one_hit_per_artifact: false,
        is_shared: true,
    };
    topology.loaders.push(parentless(
        "container".to_owned(),
        path(&deployment.container),
        vec![Step::jdk(), Step::own()],
    ));
    let first_plugin = topology.loaders.len();
    for (i, &plugin) in deployment.plugins.iter().enumerate() {
        let manifest = tree.facts(plugin).map(|facts| &facts.manifest);
        let name = manifest.and_then(|manifest| manifest.value("pluginName"));
        let name = name.or_else(|| tree.facts(plugin).map(file_stem)).unwrap_or("");
        let exports = exports_of_plugins(tree, deployment, first_plugin, Some(i));
        let steps = biz_steps(container, manifest.map(|m| imported(exports, m)).unwrap_or_default());
        topology.loaders.push(parentless(format!("plugin:{name}"), path(&[plugin]), steps));
    }
    let exports = exports_of_plugins(tree, deployment, first_plugin, None);
    let set_steps = |own: Loader, roots: &[usize]| {
        let manifest = roots.first().and_then(|&root| tree.facts(root)).map(|facts| &facts.manifest);
        let denied = manifest.map(denied_classes).unwrap_or_default();
        let exports =
            exports.iter().cloned().map(|(id, names)| (id, NameFilter::only(names).but_not(denied.clone())));
        let steps = biz_steps(container, exports.collect());
        Loader { resource_steps: steps.clone(), resources_steps: steps.clone(), class_steps: steps, ..own }
    };
    if let Some(master) = topology.loaders.get_mut(BASE_LOADER.index()) {
        *master = set_steps(std::mem::take(master), &deployment.base);
        master.is_shared = deployment.modules.is_empty();
    }
    for module in &deployment.modules {
        add_module(topology, tree, module, |own| set_steps(own, &module.roots));
    }
}

fn biz_steps(container: LoaderId, exports: Vec<(LoaderId, NameFilter)>) -> Vec<Step> {
    let api = Step::ask(container).filtered(NameFilter::only(NameSet::prefixed(ARK_API)));
    let exported = exports.into_iter().map(|(plugin, names)| Step::ask(plugin).filtered(names));
    let exported = exported.filter(|step| !step.filter.accepts_nothing());
    [Step::jdk(), api].into_iter().chain(exported).chain([Step::own()]).collect()
}

fn exports_of_plugins(
    tree: &Tree<'_>,
    deployment: &Deployment,
    first_plugin: usize,
    but_not: Option<usize>,
) -> Vec<(LoaderId, NameSet)> {
    let others = deployment.plugins.iter().enumerate().filter(|(i, _)| Some(*i) != but_not);
    others
        .filter_map(|(i, &plugin)| {
            let mut names = NameSet::new();
            add_exports(&mut names, &tree.facts(plugin)?.manifest);
            add_resources(&mut names, &tree.facts(plugin)?.manifest, "export-resources");
            Some((LoaderId::from_index(first_plugin + i), names))
        })
        .collect()
}

/// A plugin takes from other plugins only what it imports and they export.
fn imported(exports: Vec<(LoaderId, NameSet)>, manifest: &Manifest) -> Vec<(LoaderId, NameFilter)> {
    let mut names = NameSet::new();
    manifest.list("import-classes").for_each(|name| names.add_name(&slashed(name)));
    manifest.list("import-packages").for_each(|pattern| add_loose_package(&mut names, pattern));
    add_resources(&mut names, manifest, "import-resources");
    exports.into_iter().map(|(id, exported)| (id, NameFilter::only(exported).and(names.clone()))).collect()
}

fn slashed(name: &str) -> String {
    name.replace('.', "/")
}

/// The text before the last dot of a pattern that ends in `*`: `a.b.*` means `a.b`, and `a.b*` means `a`. A bare
/// `*` means no named package.
fn stem(pattern: &str) -> Option<&str> {
    pattern.strip_suffix('*')?.rsplit_once('.').map(|(stem, _)| stem)
}

/// Exports match a stem against a package and its ancestors.
fn add_exports(names: &mut NameSet, plugin: &Manifest) {
    plugin.list("export-classes").for_each(|class| names.add_name(&slashed(class)));
    for pattern in plugin.list("export-packages") {
        match stem(pattern) {
            Some(stem) => names.add_stem(&slashed(stem)),
            None if pattern.ends_with('*') => {}
            None => names.add_package(&slashed(pattern)),
        }
    }
}

/// Denials and imports match a stem as plain text: `a.b.*` also matches `a.bc`.
fn add_loose_package(names: &mut NameSet, pattern: &str) {
    match stem(pattern) {
        Some(stem) => names.add_prefix(&slashed(stem)),
        None if pattern.ends_with('*') => {}
        None => names.add_package(&slashed(pattern)),
    }
}

/// Resource patterns: `x*` by prefix, `*x` by suffix, else the whole name; a bare `*` means nothing.
fn add_resources(names: &mut NameSet, manifest: &Manifest, attribute: &str) {
    for pattern in manifest.list(attribute).filter(|pattern| *pattern != "*") {
        if let Some(prefix) = pattern.strip_suffix('*') {
            names.add_prefix(prefix);
        } else if let Some(suffix) = pattern.strip_prefix('*') {
            names.add_suffix(suffix);
        } else {
            names.add_name(pattern);
        }
    }
}

fn denied_classes(biz: &Manifest) -> NameSet {
    let mut names = NameSet::new();
    biz.list("deny-import-classes").for_each(|class| names.add_name(&slashed(class)));
    biz.list("deny-import-packages").for_each(|pattern| add_loose_package(&mut names, pattern));
    names
}

fn denied_resources(biz: &Manifest) -> NameSet {
    let mut names = NameSet::new();
    add_resources(&mut names, biz, "deny-import-resources");
    names
}

/// The archives on the base's path that a module in declared mode accepts; `None` if it is not in that mode.
/// Classes of the base application itself count by the application's own artifactId.
fn declared_archives(
    tree: &Tree<'_>,
    topology: &Topology,
    plugins: &[usize],
    biz: &Manifest,
) -> Option<ArchiveSet> {
    let declared: Vec<&str> = biz.list("declared-libraries").collect();
    if declared.is_empty() {
        return None;
    }
    let accepts = |&archive: &usize| {
        let Some(facts) = tree.facts(archive) else { return false };
        plugins.contains(&archive)
            || match artifact_id(facts) {
                None => facts.path.contains(".jar!") || facts.path.ends_with(".jar"),
                Some(id) if id.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("sofa-ark-")) => true,
                Some(id) => declared.contains(&id),
            }
    };
    Some(path_of_base(topology).iter().map(|element| element.archive).filter(accepts).collect())
}
