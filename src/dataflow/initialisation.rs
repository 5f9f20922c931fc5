//! Code that runs only while a class is being initialised.

use super::World;
use crate::vocabulary::{Access, ClassId, MethodId};

/// Callers looked at for one method.
const MAX_SITES: usize = 32;
/// Calls followed backwards.
const MAX_DEPTH: u32 = 4;

/// Whether `method` runs only as a part of the initialisation of `class` or of a class of its nest: it is such an
/// initialiser, or something that nobody else can call and only such initialisers do call.
pub fn is_part_of(world: &World<'_>, class: ClassId, method: MethodId) -> bool {
    is_part(world, class, method, 0)
}

fn is_part(world: &World<'_>, class: ClassId, method: MethodId, depth: u32) -> bool {
    let program = world.program;
    let own = program.class_of_method(method);
    if !is_same_nest(world, own, class) {
        return false;
    }
    let facts = program.method(method);
    let is_constructor = program.is_constructor(facts.name);
    if program.is_class_initializer(facts.name) {
        return true;
    }
    if depth >= MAX_DEPTH {
        return false;
    }
    // Objects of an anonymous class that an initialiser makes do its work, whoever calls them back, unless they outlive it.
    if program.is_anonymous(own) && !is_constructor {
        if world.calls.is_outliving_object(own) {
            return false;
        }
        let mut constructors = program.methods_of(own).filter(|(_, m)| program.is_constructor(m.name));
        return constructors.all(|(init, _)| is_part(world, class, init, depth + 1));
    }
    if world.calls.is_outliving(method) {
        return false;
    }
    let is_closed = facts.access.is_private() || facts.access.has(Access::SYNTHETIC) || is_constructor;
    is_closed && {
        let sites = world.sites.of(method, MAX_SITES).unwrap_or_default();
        !sites.is_empty() && sites.iter().all(|site| is_part(world, class, site.caller, depth + 1))
    }
}

/// Whether two classes are nested in the same outermost class of the same loader.
pub fn is_same_nest(world: &World<'_>, a: ClassId, b: ClassId) -> bool {
    world.program.is_same_outermost(a, b)
}
