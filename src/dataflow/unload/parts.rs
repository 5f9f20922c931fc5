//! What a library acquires inside of a resource that the models know: whoever releases that releases its parts.

use super::acquire::{POOLS, REGISTRATIONS, is_of_group};
use super::flow::Acquired;
use crate::dataflow::World;
use crate::dataflow::knowledge::{ResourceId, Role};
use crate::vocabulary::{ClassId, MethodId};

/// Methods on the way to the known resource that are looked at.
const MAX_METHODS: usize = 48;
/// Callers of one method that are looked at.
const MAX_SITES: usize = 24;
/// Segments of a package's name that all of a library has in common.
const COMMON_SEGMENTS: usize = 2;

/// Whether all that leads to an acquisition in shared code is part of another resource with threads of its own.
pub(super) fn is_part_of_another(world: &World<'_>, acquired: &Acquired) -> bool {
    let start = world.program.class_of_method(acquired.method);
    if world.reach.owner(start).is_some() || world.reach.is_open_world() {
        return false;
    }
    let is_kind = is_of_group(world, acquired.resource, "threads")
        || is_of_group(world, acquired.resource, REGISTRATIONS)
        || is_of_group(world, acquired.resource, POOLS);
    is_kind
        && (is_inside_of_one(world, acquired) || is_known_above(world, acquired.method, acquired.resource))
}

/// Whether an object of a library's acquires it for itself that is such a resource as well: whoever has made that is told.
fn is_inside_of_one(world: &World<'_>, acquired: &Acquired) -> bool {
    let class = world.program.class_of_method(acquired.method);
    !world.program.method(acquired.method).access.is_static()
        && is_of_group(world, acquired.resource, POOLS)
        && world.knowledge.patterns_of(Role::Acquire(acquired.resource)).any(|p| {
            p.name == "<init>"
                && first_segments(&p.owner) == library_of(world, class)
                && world.program.has_supertype_named(class, &p.owner)
        })
}

fn is_known_above(world: &World<'_>, method: MethodId, resource: ResourceId) -> bool {
    let library = library_of(world, world.program.class_of_method(method)).to_owned();
    let mut seen = vec![method];
    let mut at = 0;
    while let Some(method) = seen.get(at).copied() {
        at += 1;
        let class = world.program.class_of_method(method);
        if is_known_pool(world, class, resource) {
            return true;
        }
        let facts = world.program.method(method);
        let is_init = world.program.is_constructor(facts.name);
        let constructors = world
            .program
            .methods_of(class)
            .filter(|(_, m)| !is_init && !facts.access.is_static() && world.program.is_constructor(m.name));
        let ways = constructors.map(|(id, _)| id).chain([method]);
        for way in ways.collect::<Vec<_>>() {
            for site in world.sites.of(way, MAX_SITES).unwrap_or_default() {
                let caller = world.program.class_of_method(site.caller);
                if seen.len() < MAX_METHODS
                    && !seen.contains(&{ site.caller })
                    && library_of(world, caller) == library
                {
                    seen.push(site.caller);
                }
            }
        }
    }
    false
}

/// Whether objects of a class are a library's pool that the models know by its own name or a supertype's.
fn is_known_pool(world: &World<'_>, class: ClassId, but: ResourceId) -> bool {
    let resources = (0..world.knowledge.tables.resources.len()).filter_map(|r| ResourceId::try_from(r).ok());
    let pools = resources.filter(|r| *r != but && is_of_group(world, *r, POOLS));
    let library = library_of(world, class);
    pools.into_iter().any(|r| {
        let patterns = [Role::Acquire(r), Role::Release(r)].map(|role| world.knowledge.patterns_of(role));
        patterns.into_iter().flatten().any(|p| {
            first_segments(&p.owner) == library && world.program.has_supertype_named(class, &p.owner)
        })
    })
}

fn library_of<'w>(world: &World<'w>, class: ClassId) -> &'w str {
    first_segments(world.program.class_name(class))
}

fn first_segments(name: &str) -> &str {
    let mut ends = name.match_indices('/').map(|(i, _)| i);
    ends.nth(COMMON_SEGMENTS - 1).map_or(name, |end| &name[..end])
}
