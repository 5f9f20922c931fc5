//! Libraries whose users take back what they cause to be registered: closing the object does, or every class that has
//! something registered also has it taken out.

use super::flow::Site;
use crate::dataflow::World;
use crate::dataflow::marks::AUTO_CLOSEABLE;
use crate::vocabulary::{ClassId, MethodId};
use rustc_hash::FxHashSet;

/// What whoever made an object that can be closed calls.
const CLOSE: (&str, &str) = ("close", "()V");
/// Methods on the ways to one that are looked at.
const MAX_METHODS: usize = 64;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 32;

/// The first of the releases that the users of the registering class cause: its own `close`, or, if each class that
/// reaches the registration reaches a release as well, theirs.
pub(super) fn taken_back_by_users(
    world: &World<'_>,
    registered: MethodId,
    releases: &[Site],
) -> Option<Site> {
    let own = world.program.class_of_method(registered);
    let ways: Vec<MethodId> = releases.iter().flat_map(|site| ways_to(world, site.0)).collect();
    let closes =
        |method: &MethodId| is_close(world, *method) && is_related(world, own, class_of(world, *method));
    let is_paired = || {
        let users = users_of(world, own, &ways_to(world, registered));
        let takers = users_of(world, own, &ways);
        let takes_back = |user: &ClassId| takers.iter().any(|taker| is_related(world, *user, *taker));
        !users.is_empty() && users.iter().all(takes_back)
    };
    releases.first().copied().filter(|_| ways.iter().any(closes) || is_paired())
}

/// A method and all that lead to it.
fn ways_to(world: &World<'_>, method: MethodId) -> Vec<MethodId> {
    let mut seen = FxHashSet::from_iter([method]);
    let mut ways = vec![method];
    let mut at = 0;
    while let Some(method) = ways.get(at).copied() {
        at += 1;
        for site in world.sites.of(method, MAX_SITES).unwrap_or_default() {
            if ways.len() < MAX_METHODS && seen.insert(site.caller) {
                ways.push(site.caller);
            }
        }
    }
    ways
}

/// The classes besides `own` that call a method of it, where these are the methods and their callers.
fn users_of(world: &World<'_>, own: ClassId, ways: &[MethodId]) -> Vec<ClassId> {
    let mut users = Vec::new();
    for method in ways.iter().filter(|m| is_same(world, own, class_of(world, **m))) {
        let sites = world.sites.of(*method, MAX_SITES).unwrap_or_default();
        let callers = sites.iter().map(|site| class_of(world, site.caller));
        users.extend(callers.filter(|class| !is_same(world, own, *class)));
    }
    users.sort_unstable();
    users.dedup();
    users
}

fn class_of(world: &World<'_>, method: MethodId) -> ClassId {
    world.program.class_of_method(method)
}

fn is_close(world: &World<'_>, method: MethodId) -> bool {
    let program = world.program;
    let facts = program.method(method);
    (program.text(facts.name), program.text(facts.desc)) == CLOSE
        && program.has_supertype_named(program.class_of_method(method), AUTO_CLOSEABLE)
}

/// Whether two classes are declared in the same outermost one.
fn is_same(world: &World<'_>, one: ClassId, other: ClassId) -> bool {
    let outermost = |class| world.program.class_name(class).split('$').next();
    outermost(one) == outermost(other)
}

fn is_related(world: &World<'_>, one: ClassId, other: ClassId) -> bool {
    let program = world.program;
    is_same(world, one, other) || program.is_subtype(one, other) || program.is_subtype(other, one)
}
