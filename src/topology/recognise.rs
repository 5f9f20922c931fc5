//! Which archive plays which part, told by content alone.

use super::artifact::{artifact_id, file_stem};
use super::containers::{CONTAINERS, Container, container};
use super::layout::{Layout, Tree, is_misbuilt, module_name};
use super::proposal::proposal;
use super::{Deployment, Inputs, ModuleRoots};
use crate::facts::ArchiveFacts;
use crate::vocabulary::{Problem, ProblemCode};

const APPLICATION_BESIDE: &str = "this web application lies in the base's folder, and the base's loader sees none of its \
                                  classes; name it with --module to include it";

/// What the archives' content says about the deployment.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// The container that was asked for, else the one the archives show, else SOFAArk.
    pub container: &'static Container,
    /// Who consists of which archives.
    pub deployment: Deployment,
    /// Misbuilt archives, assumptions made, things left out.
    pub problems: Vec<Problem>,
}

/// Settles the role of every root.
///
/// Roots named as base or module keep that role. The others are told by their layout: Ark modules and web
/// applications are modules, the one Spring Boot archive that can be is the base, an executable Ark jar is both, Ark
/// plugins belong to the base. Where nothing of that kind is found, everything is one base without modules.
pub fn recognise(archives: &[ArchiveFacts], inputs: &Inputs) -> Recognised {
    let tree = Tree::new(archives);
    let mut sorting = Sorting::new(&tree);
    for module in &inputs.modules {
        sorting.add_named_module(module.name.as_deref(), &module.roots);
    }
    for &root in &inputs.base {
        sorting.add_base(root);
    }
    sorting.sort_paths(&inputs.paths);
    let Sorting { mut deployment, mut problems, .. } = sorting;
    make_names_unique(&mut deployment.modules);
    let used = deployment.base.iter().chain(deployment.modules.iter().flat_map(|module| &module.roots));
    problems
        .extend(used.filter_map(|&root| tree.facts(root)).filter(|facts| is_misbuilt(facts)).map(misbuilt));
    let asked_for = inputs.container.as_deref().and_then(container);
    let shown = || CONTAINERS.iter().find(|row| (row.recognise)(&tree, &deployment));
    let container = asked_for.or_else(shown).unwrap_or(&CONTAINERS[0]);
    Recognised { container, deployment, problems }
}

fn misbuilt(facts: &ArchiveFacts) -> Problem {
    let message = "Ark module with BOOT-INF/classes: its loader searches only the root and lib/, so these classes \
                   are not found at run time; repackage it before Spring Boot does";
    Problem::new(ProblemCode::MisbuiltArchive, &facts.path, "BOOT-INF/classes", message)
}

/// Repeated names get a number, so that every tenant can be told apart in reports.
fn make_names_unique(modules: &mut [ModuleRoots]) {
    let mut taken = std::collections::BTreeSet::from(["base", "container", "jdk"].map(str::to_owned));
    for module in modules {
        let mut name = module.name.clone();
        let mut rank = 2;
        while !taken.insert(name.clone()) {
            name = format!("{}-{rank}", module.name);
            rank += 1;
        }
        module.name = name;
    }
}

struct Sorting<'t, 'a> {
    tree: &'t Tree<'a>,
    deployment: Deployment,
    problems: Vec<Problem>,
}

/// Archives named without a role, by what they turned out to be.
#[derive(Default)]
struct Found {
    modules: Vec<usize>,
    boots: Vec<usize>,
    executables: Vec<usize>,
    plugins: Vec<usize>,
    /// Plain jars that the user named one by one.
    named_jars: Vec<usize>,
    /// Plain jars that happened to lie in a named folder.
    loose_jars: Vec<usize>,
    /// Named folders that hold classes themselves.
    class_folders: Vec<usize>,
}

impl<'t, 'a> Sorting<'t, 'a> {
    fn new(tree: &'t Tree<'a>) -> Self {
        let deployment = Deployment { is_embedded: true, ..Deployment::default() };
        Self { tree, deployment, problems: Vec::new() }
    }

    fn add_named_module(&mut self, name: Option<&str>, roots: &[usize]) {
        let first = roots.first().and_then(|&root| self.tree.facts(root));
        let name = name.or_else(|| first.map(module_name)).unwrap_or("module").to_owned();
        self.deployment.modules.push(ModuleRoots { name, roots: roots.to_vec() });
    }

    fn add_modules(&mut self, roots: impl IntoIterator<Item = usize>) {
        roots.into_iter().for_each(|root| self.add_named_module(None, &[root]));
    }

    fn add_base(&mut self, root: usize) {
        match self.tree.layout(root) {
            Layout::ArkExecutable => self.add_executable(root),
            Layout::SpringBoot => {
                self.deployment.base.push(root);
                let embedded = self.embedded_modules(root);
                self.add_modules(embedded);
            }
            _ => {
                self.note_applications_beside(root);
                self.deployment.base.push(root);
            }
        }
    }

    /// Says of the web applications in a base's folder that they are no part of the base, unless they are named as well.
    fn note_applications_beside(&mut self, folder: usize) {
        let named: Vec<usize> = self.deployment.modules.iter().flat_map(|m| m.roots.clone()).collect();
        for application in self.tree.applications_beside(folder) {
            if !named.iter().any(|&root| self.tree.is_same_place(root, application)) {
                let path = self.tree.facts(application).map_or("", |facts| facts.path.as_str());
                self.problems.push(Problem::new(ProblemCode::LeftOut, path, "", APPLICATION_BESIDE));
            }
        }
    }

    /// Modules that a Spring Boot base carries: below `SOFA-ARK/biz/`, or on its class path with the mark of one.
    fn embedded_modules(&self, boot: usize) -> Vec<usize> {
        let in_folder = self.tree.children_below(boot, "BOOT-INF/classes/SOFA-ARK/biz/");
        let on_path = self.tree.children_below(boot, "BOOT-INF/lib/");
        in_folder.chain(on_path.filter(|&jar| self.tree.layout(jar) == Layout::ArkBiz)).collect()
    }

    /// One biz is the master and taken as the base; it is named in the Ark configuration, or else comes first.
    fn add_executable(&mut self, root: usize) {
        let mut bizs: Vec<usize> = self.tree.children_below(root, "SOFA-ARK/biz/").collect();
        self.deployment.container.extend(self.tree.children_below(root, "SOFA-ARK/container/"));
        self.deployment.plugins.extend(self.tree.children_below(root, "SOFA-ARK/plugin/"));
        if self.deployment.base.is_empty() && !bizs.is_empty() {
            let master = self.master_name(root, &bizs).and_then(|name| self.position_of_biz(&bizs, &name));
            if master.is_none() && bizs.len() > 1 {
                self.note_ambiguous(
                    root,
                    "several modules and no configured master; the first is taken as base",
                );
            }
            self.deployment.base.push(bizs.remove(master.unwrap_or(0)));
        }
        self.deployment.is_embedded = false;
        self.add_modules(bizs);
    }

    fn position_of_biz(&self, bizs: &[usize], name: &str) -> Option<usize> {
        bizs.iter().position(|&biz| self.tree.facts(biz).is_some_and(|facts| module_name(facts) == name))
    }

    fn master_name(&self, root: usize, bizs: &[usize]) -> Option<String> {
        let holders = std::iter::once(root).chain(bizs.iter().copied()).filter_map(|i| self.tree.facts(i));
        let texts = holders
            .flat_map(|facts| &facts.descriptors)
            .filter(|descriptor| descriptor.entry.ends_with("conf/ark/bootstrap.properties"));
        texts.flat_map(|descriptor| descriptor.text.lines()).find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == "com.alipay.sofa.ark.master.biz").then(|| value.trim().to_owned())
        })
    }

    fn sort_paths(&mut self, paths: &[usize]) {
        let found = self.find_parts(paths);
        if found.modules.is_empty() && found.boots.is_empty() && found.executables.is_empty() {
            self.deployment.base.extend_from_slice(paths);
            return;
        }
        self.place_boots(&found.boots, &found.modules);
        found.executables.iter().for_each(|&jar| self.add_executable(jar));
        self.add_modules(found.modules.iter().copied());
        let has_base = !self.deployment.base.is_empty();
        self.deployment.base.extend(&found.named_jars);
        for &jar in &found.loose_jars {
            if has_base || found.modules.iter().any(|&module| self.is_thin_twin(jar, module)) {
                self.note_left_out(jar, "", "jar");
            } else {
                self.deployment.base.push(jar);
            }
        }
        self.deployment.base.extend(&found.plugins);
        found.class_folders.iter().for_each(|&folder| self.place_classes(folder));
    }

    fn find_parts(&self, paths: &[usize]) -> Found {
        let mut found = Found::default();
        for &root in paths {
            if self.tree.layout(root) != Layout::Folder {
                found.add(self.tree, root, true);
                continue;
            }
            if self.tree.facts(root).is_some_and(|facts| !facts.class_prefixes.is_empty()) {
                found.class_folders.push(root);
            }
            self.tree.children(root).iter().for_each(|&jar| found.add(self.tree, jar, false));
        }
        found
    }

    /// The one Spring Boot archive is the base; of several, the one that carries Ark, or else the one that has Spring Boot
    /// itself: what was slimmed of it starts on somebody else's.
    fn place_boots(&mut self, boots: &[usize], modules: &[usize]) {
        let base = if self.deployment.base.is_empty() { self.base_among(boots) } else { None };
        if let (None, true, [first, _, ..]) = (base, self.deployment.base.is_empty(), boots) {
            let n_apps = boots.len() + modules.len();
            let mut message =
                format!("{n_apps} applications and no base among them; each is taken as a module");
            if let Some(proposal) = proposal(self.tree, boots, modules) {
                message.push_str("; if one of them is the base of the others, write that down, as by ");
                message.push_str(&proposal);
            }
            self.note_ambiguous(*first, &message);
        }
        if let Some(base) = base {
            self.add_base(base);
        }
        self.add_modules(boots.iter().copied().filter(|&boot| Some(boot) != base));
    }

    fn base_among(&self, boots: &[usize]) -> Option<usize> {
        if let [only] = boots {
            return Some(*only);
        }
        let of_ark: Vec<usize> = boots.iter().copied().filter(|&boot| self.carries_ark(boot)).collect();
        let candidates = if of_ark.is_empty() { boots } else { &of_ark };
        if let [only] = candidates {
            return Some(*only);
        }
        let mut whole = candidates.iter().copied().filter(|&boot| self.has_spring_boot(boot));
        let first = whole.next();
        first.filter(|_| whole.next().is_none())
    }

    /// Whether an archive brings Spring Boot, without which it does not start by itself.
    fn has_spring_boot(&self, boot: usize) -> bool {
        let mut libraries = self.tree.children_below(boot, "BOOT-INF/lib/");
        libraries.any(|jar| self.tree.facts(jar).and_then(artifact_id) == Some("spring-boot"))
    }

    fn carries_ark(&self, boot: usize) -> bool {
        self.tree.children(boot).iter().any(|&jar| {
            matches!(self.tree.layout(jar), Layout::ArkPlugin | Layout::ArkContainer | Layout::ArkBiz)
                || self.tree.facts(jar).and_then(artifact_id).is_some_and(|id| id.starts_with("sofa-ark-"))
        })
    }

    /// Whether a plain jar is what a build leaves beside the module that it repackaged the jar into.
    fn is_thin_twin(&self, jar: usize, module: usize) -> bool {
        let (Some(jar), Some(module)) = (self.tree.facts(jar), self.tree.facts(module)) else { return false };
        let rest = file_stem(module).strip_prefix(file_stem(jar));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("-ark-"))
            || jar.coordinates.first().is_some_and(|first| module.coordinates.first() == Some(first))
    }

    fn place_classes(&mut self, folder: usize) {
        let prefixes = self.tree.facts(folder).map_or(&[][..], |facts| &facts.class_prefixes);
        for prefix in prefixes {
            self.note_left_out(folder, prefix, "class folder");
        }
    }

    fn note_ambiguous(&mut self, archive: usize, message: &str) {
        let path = self.tree.facts(archive).map_or("", |facts| facts.path.as_str());
        self.problems.push(Problem::new(ProblemCode::AmbiguousLayout, path, "", message));
    }

    fn note_left_out(&mut self, archive: usize, entry: &str, what: &str) {
        let path = self.tree.facts(archive).map_or("", |facts| facts.path.as_str());
        let message = format!(
            "this {what} lies beside a deployment and is on no class path of it; name it with \
                               --base or --module to include it"
        );
        self.problems.push(Problem::new(ProblemCode::LeftOut, path, entry, message));
    }
}

impl Found {
    fn add(&mut self, tree: &Tree<'_>, archive: usize, is_named: bool) {
        let list = match tree.layout(archive) {
            Layout::ArkBiz | Layout::War => &mut self.modules,
            Layout::SpringBoot => &mut self.boots,
            Layout::ArkExecutable => &mut self.executables,
            Layout::ArkPlugin => &mut self.plugins,
            _ if is_named => &mut self.named_jars,
            _ => &mut self.loose_jars,
        };
        list.push(archive);
    }
}
