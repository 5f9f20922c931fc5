//! Classes of which all applications share the objects, so that whatever an object holds is held for all.

use super::beans::Beans;
use crate::dataflow::World;
use crate::dataflow::held::{Held, Root};
use crate::facts::Value;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, Parallel};
use rustc_hash::FxHashSet;

/// The shared classes whose objects are there once for all.
pub(super) struct Singletons<'w> {
    own: FxHashSet<ClassId>,
    held: &'w Held,
}

impl<'w> Singletons<'w> {
    /// Finds the classes of which a container makes one object, or of which a static of their own type holds one.
    pub(super) fn find(world: &World<'_>, beans: &Beans, held: &'w Held, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 256;
        let program = world.program;
        let n = program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
            let is_own = |class: &ClassId| {
                let desc = format!("L{};", program.class_name(*class));
                let mut fields = program.fields_of(*class);
                !program.is_jdk(*class)
                    && !program.class_facts(*class).access.is_enum()
                    && fields.any(|(_, f)| f.access.is_static() && program.text(f.desc) == desc)
            };
            classes.filter(is_own).collect::<Vec<_>>()
        });
        let own = found.into_iter().flatten().chain(beans.single(world));
        Self { own: own.filter(|class| program.is_shared(*class)).collect(), held }
    }

    /// Whether a class is one of them: as found, or because all of its objects are held, be it by another class's static,
    /// as its interface, or as an enum's constants.
    pub(super) fn has(&self, world: &World<'_>, class: ClassId) -> bool {
        self.own.contains(&class)
            || entered_in(world, self.held, class).is_some()
            || self.held.holder(class).is_some_and(|holder| {
                holder.is_only
                    && match holder.root {
                        Root::Static(field) => stays(world, field),
                        Root::Bean => true,
                        Root::ServiceLoader => false,
                    }
            })
    }
}

/// The static container of which all objects of a shared class are entries: a table of registries by name.
pub(super) fn entered_in(world: &World<'_>, held: &Held, class: ClassId) -> Option<FieldId> {
    let program = world.program;
    let holder = held.holder_or_container(class).filter(|h| h.is_entry && h.is_kept)?;
    let Root::Static(field) = holder.root else { return None };
    // In an object of the deployment's own the container is a field of that, which may let go of it.
    let facts = program.field(field);
    let declared = TypeDesc(program.text(facts.desc)).class()?;
    let loader = program.class(program.class_of_field(field)).loader;
    let is_of_jdk = program.find_text(loader, declared).is_none_or(|c| program.is_jdk(c));
    (is_of_jdk && program.is_shared(class) && stays(world, field)).then_some(field)
}

/// Whether what a static field holds stays there: it is final, or written at one place only, and not with nothing.
fn stays(world: &World<'_>, field: FieldId) -> bool {
    let is_nothing = |write: crate::program::FieldAccess| {
        let value = world
            .event(write.method, write.event)
            .and_then(|e| world.body(write.method).origins.args(e).last());
        value.is_none_or(|v| world.body(write.method).origins.leaves(*v).any(|leaf| leaf == Value::Null))
    };
    let mut writes = world.fields.writes(field);
    world.program.field(field).access.is_final()
        || writes.next().is_some_and(|write| !is_nothing(write)) && writes.next().is_none()
}
