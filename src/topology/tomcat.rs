//! Tomcat: one loader per web application over the common loader (`WebappClassLoaderBase`).

use super::containers::{BASE_LOADER, add_module, base_only};
use super::filter::{NameFilter, NameSet};
use super::layout::{Layout, Tree};
use super::{Deployment, Loader, Options, Step, Topology};
use crate::facts::ArchiveFacts;

/// Packages that a web application always takes from its parent. Tomcat 9 lists the `javax.` ones and Tomcat 10 the
/// `jakarta.` ones; listing both changes nothing unless the base holds both, since the lookup goes on to the
/// application when the parent has no such class.
const PARENT_FIRST: [&str; 17] = [
    "javax/annotation/",
    "javax/el/",
    "javax/servlet/",
    "javax/websocket/",
    "javax/security/auth/message/",
    "jakarta/annotation/",
    "jakarta/el/",
    "jakarta/servlet/",
    "jakarta/websocket/",
    "jakarta/security/auth/message/",
    "org/apache/el/",
    "org/apache/catalina/",
    "org/apache/jasper/",
    "org/apache/juli/",
    "org/apache/tomcat/",
    "org/apache/naming/",
    "org/apache/coyote/",
];

const NOT_PARENT_FIRST: [&str; 3] =
    ["javax/servlet/jsp/jstl/", "jakarta/servlet/jsp/jstl/", "org/apache/tomcat/jdbc/"];

/// A deployment with a web application in it.
pub(super) fn recognise(tree: &Tree<'_>, deployment: &Deployment) -> bool {
    deployment.modules.iter().flat_map(|module| &module.roots).any(|&root| tree.layout(root) == Layout::War)
}

/// The base is the common loader, each module a web application. Neither the common loader nor a sibling sees a web
/// application.
pub(super) fn build(archives: &[ArchiveFacts], deployment: &Deployment, options: &Options) -> Topology {
    let tree = Tree::new(archives);
    let mut topology = base_only("tomcat", &tree, deployment);
    for module in &deployment.modules {
        add_module(&mut topology, &tree, module, |own| web_application(own, options.delegate));
    }
    topology
}

fn web_application(own: Loader, delegate: bool) -> Loader {
    let filter =
        NameFilter::only(NameSet::prefixed(PARENT_FIRST)).but_not(NameSet::prefixed(NOT_PARENT_FIRST));
    let parent = Step::ask(BASE_LOADER);
    let classes = if delegate {
        vec![Step::jdk(), parent, Step::own()]
    } else {
        vec![Step::jdk(), parent.clone().filtered(filter), Step::own(), parent]
    };
    // The filter is the same for resources, on names with slashes. Hits of both loaders count for `getResources`,
    // in the same order; a repeated entry is dropped by the lookup.
    Loader { resource_steps: classes.clone(), resources_steps: classes.clone(), class_steps: classes, ..own }
}
