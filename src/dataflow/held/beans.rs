//! Objects that a bean container of the base makes for all who ask it.

use crate::dataflow::World;
use crate::dataflow::unload::beans::Beans;
use crate::vocabulary::ClassId;

/// The shared classes of which the base's container makes one object. Without an application nobody has made the beans
/// yet, and each that comes makes its own; so does each module that has a container of its own make one.
pub(super) fn shared(world: &World<'_>) -> Vec<ClassId> {
    if world.reach.is_open_world() {
        return Vec::new();
    }
    let registered = world.reach.registered();
    let is_of_modules = |class: ClassId| registered.iter().any(|(of_module, _)| *of_module == class);
    let is_shared = |class: &ClassId| world.reach.owner(*class).is_none() && !is_of_modules(*class);
    Beans::new(world).single(world).into_iter().filter(is_shared).collect()
}
