//! Changes that a library's own setter makes: what it does is told where an application calls it.

use crate::dataflow::World;
use crate::vocabulary::MethodId;

/// Groups of APIs whose calls are findings wherever the library's class is shared.
const SETTERS: [&str; 4] =
    ["library-global-setter", "library-instance-settings", "library-global-read", "mapper-configuration"];
/// Callers looked at for one method.
const MAX_SITES: usize = 48;

/// Callers looked at for one private method, and private methods in a row.
const MAX_OWN_SITES: usize = 8;
const MAX_OWN_DEPTH: u32 = 3;

/// Whether a method is called as such an API, or is a private part of one that is. Without applications nobody calls it
/// yet, and the library is what is judged.
pub(super) fn is_told(world: &World<'_>, method: MethodId) -> bool {
    !world.reach.is_open_world() && is_told_within(world, method, 0)
}

fn is_told_within(world: &World<'_>, method: MethodId, depth: u32) -> bool {
    if is_called_as_api(world, method) {
        return true;
    }
    if depth >= MAX_OWN_DEPTH || !world.program.method(method).access.is_private() {
        return false;
    }
    let sites = world.sites.of(method, MAX_OWN_SITES).unwrap_or_default();
    // What a class does when it is set up is no change.
    let is_initialiser = |m: MethodId| world.program.is_class_initializer(world.program.method(m).name);
    let is_run = |m: &MethodId| !is_initialiser(*m) && !world.reach.tenants(*m).is_empty();
    let mut callers = sites.iter().map(|site| site.caller).filter(is_run).peekable();
    callers.peek().is_some() && callers.all(|caller| is_told_within(world, caller, depth + 1))
}

fn is_called_as_api(world: &World<'_>, method: MethodId) -> bool {
    let groups = SETTERS.map(|group| world.knowledge.group(group));
    world.sites.of(method, MAX_SITES).unwrap_or_default().iter().any(|site| {
        let loader = world.program.class(world.program.class_of_method(site.caller)).loader;
        let member = world.event(site.caller, site.event).and_then(|e| e.member());
        member.is_some_and(|m| groups.iter().any(|g| world.knowledge.api_in(g, loader, m).is_some()))
    })
}
