//! Changes that a library's own setter makes: what it does is told where an application calls it.

use crate::dataflow::World;
use crate::vocabulary::MethodId;

/// Groups of APIs whose calls are findings wherever the library's class is shared.
const SETTERS: [&str; 4] =
    ["library-global-setter", "library-instance-settings", "library-global-read", "mapper-configuration"];
/// Callers looked at for one method.
const MAX_SITES: usize = 48;

/// Whether a method is called as such an API. Without applications nobody calls it yet, and the library is what is judged.
pub(super) fn is_told(world: &World<'_>, method: MethodId) -> bool {
    if world.reach.is_open_world() {
        return false;
    }
    let groups = SETTERS.map(|group| world.knowledge.group(group));
    world.sites.of(method, MAX_SITES).unwrap_or_default().iter().any(|site| {
        let loader = world.program.class(world.program.class_of_method(site.caller)).loader;
        let member = world.event(site.caller, site.event).and_then(|e| e.member());
        member.is_some_and(|m| groups.iter().any(|g| world.knowledge.api_in(g, loader, m).is_some()))
    })
}
