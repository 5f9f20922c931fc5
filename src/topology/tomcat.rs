//! Tomcat: one loader per web application over the common loader (`WebappClassLoaderBase`).

use super::containers::{BASE_LOADER, add_module, base_only};
use super::filter::{NameFilter, NameSet};
use super::layout::{Layout, Tree};
use super::{Deployment, Loader, Options, Step, Topology};
use crate::facts::ArchiveFacts;

/// Packages of Tomcat's own that a web application always takes from its parent.
const OWN: [&str; 7] = [
    "org/apache/el/",
    "org/apache/catalina/",
    "org/apache/jasper/",
    "org/apache/juli/",
    "org/apache/tomcat/",
    "org/apache/naming/",
    "org/apache/coyote/",
];

/// The Java EE packages that Tomcat up to 9 takes from the parent.
const JAVAX: [&str; 5] =
    ["javax/annotation/", "javax/el/", "javax/servlet/", "javax/websocket/", "javax/security/auth/message/"];

/// The packages that Tomcat from 10 on takes from the parent. It no longer knows `javax/annotation/` and the others,
/// but still `javax/websocket/`.
const JAKARTA: [&str; 6] = [
    "jakarta/annotation/",
    "jakarta/el/",
    "jakarta/servlet/",
    "jakarta/websocket/",
    "jakarta/security/auth/message/",
    "javax/websocket/",
];

const NOT_PARENT_FIRST: [&str; 3] =
    ["javax/servlet/jsp/jstl/", "jakarta/servlet/jsp/jstl/", "org/apache/tomcat/jdbc/"];

/// What of the packages above is in no archive of Tomcat's `lib/` and `bin/`, which have all the others: the APIs of
/// servlets, JSP, EL, WebSocket, annotations and authentication, Tomcat's own, and its JDBC pool (Tomcat's Class Loader
/// How-To, "Common").
const NOT_PROVIDED: [&str; 2] = ["javax/servlet/jsp/jstl/", "jakarta/servlet/jsp/jstl/"];

/// A deployment with a web application in it.
pub(super) fn recognise(tree: &Tree<'_>, deployment: &Deployment) -> bool {
    deployment.modules.iter().flat_map(|module| &module.roots).any(|&root| tree.layout(root) == Layout::War)
}

/// The base is the common loader, each module a web application. Neither the common loader nor a sibling sees a web
/// application.
pub(super) fn build(archives: &[ArchiveFacts], deployment: &Deployment, options: &Options) -> Topology {
    let tree = Tree::new(archives);
    let mut topology = base_only("tomcat", &tree, deployment);
    let parent_first = parent_first(archives, &topology);
    topology.provided = Some(
        NameFilter::only(NameSet::prefixed(parent_first.iter().copied()))
            .but_not(NameSet::prefixed(NOT_PROVIDED)),
    );
    let filter =
        NameFilter::only(NameSet::prefixed(parent_first)).but_not(NameSet::prefixed(NOT_PARENT_FIRST));
    for module in &deployment.modules {
        add_module(&mut topology, &tree, module, |own| web_application(own, &filter, options.delegate));
    }
    topology
}

/// Which Tomcat it is shows in the servlet API on the common path, by what it holds besides classes. Without it both
/// lists count; that changes something only for a class that base and application both have.
fn parent_first(archives: &[ArchiveFacts], topology: &Topology) -> Vec<&'static str> {
    let common = topology.loader(BASE_LOADER).map_or(&[][..], |base| &base.path);
    let has = |folder: &str| {
        common.iter().filter_map(|element| archives.get(element.archive)).any(|facts| {
            let at = facts.resources.partition_point(|entry| entry.as_str() < folder);
            facts.resources.get(at).is_some_and(|entry| entry.starts_with(folder))
        })
    };
    let (is_javax, is_jakarta) = (has("javax/servlet/"), has("jakarta/servlet/"));
    let javax = JAVAX.iter().filter(|_| is_javax || !is_jakarta);
    let jakarta = JAKARTA.iter().filter(|_| is_jakarta || !is_javax);
    OWN.iter().chain(javax).chain(jakarta).copied().collect()
}

fn web_application(own: Loader, filter: &NameFilter, delegate: bool) -> Loader {
    let parent = Step::ask(BASE_LOADER);
    let steps = if delegate {
        vec![parent, Step::own()]
    } else {
        vec![parent.clone().filtered(filter.clone()), Step::own(), parent]
    };
    // The filter is the same for resources, on names with slashes. Hits of both loaders count for `getResources`,
    // in the same order; a repeated entry is dropped by the lookup. Only for classes is the JDK asked first.
    let class_steps = std::iter::once(Step::jdk()).chain(steps.clone()).collect();
    Loader { class_steps, resource_steps: steps.clone(), resources_steps: steps, ..own }
}
