//! Which programs a deployment with modules starts, and who calls a method of one.

use super::context::Context;
use super::programs::has_main;
use crate::vocabulary::{ClassId, LoaderId, MethodId};

/// Attributes of a manifest that name the class whose `main` a container or launcher runs.
const STARTED: [&str; 2] = ["Start-Class", "Main-Class"];
/// A container that runs no `main` of what it loads.
const WITHOUT_MAIN: &str = "tomcat";

/// Whether the deployment runs a `main`: a manifest of its loader's archives names the class, or none names a class to
/// start and the application has no other program.
pub(super) fn is_started(cx: &Context<'_>, method: MethodId) -> bool {
    let program = cx.world.program;
    let class = program.class_of_method(method);
    let loader = program.class(class).loader;
    if program.topology.container == WITHOUT_MAIN && cx.world.reach.owner(class).is_some() {
        return false;
    }
    let own = of_object(program.class_name(class));
    let mut is_any = false;
    for name in named(cx, loader) {
        if of_object(&name) == own {
            return true;
        }
        is_any |= program.find_text(loader, &name).is_some_and(|c| program.is_application(c));
    }
    let is_other = |c: ClassId| {
        program.class(c).loader == loader
            && program.is_application(c)
            && of_object(program.class_name(c)) != own
            && has_main(cx, c)
    };
    !is_any && !(0..program.classes.len()).map(ClassId::from_index).any(is_other)
}

/// The name of a Scala object's class without its mark: its `main` is that of the class beside it.
fn of_object(name: &str) -> &str {
    name.strip_suffix('$').unwrap_or(name)
}

/// The classes, by internal name, that the manifests of a loader's archives name to be started.
fn named(cx: &Context<'_>, loader: LoaderId) -> Vec<String> {
    let path = cx.world.program.topology.loader(loader).map(|l| l.path.as_slice()).unwrap_or_default();
    let manifests = path.iter().filter_map(|element| cx.world.archives.get(element.archive));
    let names = manifests.flat_map(|a| STARTED.iter().filter_map(|name| a.manifest.value(name)));
    names.map(|name| name.trim().replace('.', "/")).collect()
}

/// The methods that call one, and that make the objects whose method it is where a framework may call it: it has an
/// annotation or stands for a method of a supertype, or nobody calls it. `None` if others may call it.
pub(super) fn callers(cx: &Context<'_>, method: MethodId, limit: usize) -> Option<Vec<MethodId>> {
    let (world, program) = (cx.world, cx.world.program);
    let class = program.class_of_method(method);
    let facts = program.method(method);
    if !program.unit(class).annotations_of(facts).is_empty() {
        return None;
    }
    let mut callers: Vec<MethodId> = world.sites.of(method, limit)?.iter().map(|site| site.caller).collect();
    let is_called_back = callers.is_empty() || world.sites.overridden_by(method).next().is_some();
    if is_called_back && !facts.access.is_static() && !program.is_constructor(facts.name) {
        let constructors = program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
        let n = callers.len();
        callers.extend(constructors.flat_map(|(id, _)| world.sites.resolved_to(id)).map(|site| site.caller));
        if callers.len() == n || callers.len() > limit {
            return None;
        }
    }
    Some(callers)
}
