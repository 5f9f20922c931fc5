//! Matches of field sites.

use super::matches::{Match, Spot, Subject};
use crate::dataflow::changes::{Change, Changes};
use crate::dataflow::held::Held;
use crate::dataflow::initialisation;
use crate::dataflow::{How, World};
use crate::rules::rule::{Site, StateKind};
use crate::vocabulary::{Access, ClassId, FieldId, Parallel};

/// Fields whose changes are looked for at all: not the JDK's, not what compilers add.
pub(super) fn is_candidate(world: &World<'_>, field: FieldId) -> bool {
    let class = world.program.class_of_field(field);
    let facts = world.program.field(field);
    !world.program.is_jdk(class) && !facts.access.has(Access::SYNTHETIC) && !facts.has_constant
}

/// The changes that any field site may match: after initialisation, by code that somebody reaches.
pub(super) fn counted(world: &World<'_>, changes: &Changes, parallel: &impl Parallel) -> Changes {
    let counts = |change: &Change| {
        let class = world.program.class_of_field(change.field);
        !world.reach.tenants(change.method).is_empty() && is_after_initialisation(world, class, change)
    };
    changes.only(counts, parallel)
}

/// The matches of a field site, by field, among changes that [count](counted).
pub(super) fn find(world: &World<'_>, site: &Site, changes: &Changes, held: &Held) -> Vec<Match> {
    let (of_statics, kinds, writes) = match site {
        Site::FieldWrite { of_statics } => (*of_statics, &[][..], true),
        Site::FieldMutation { of_statics, kinds } => (*of_statics, kinds.as_slice(), false),
        Site::FieldChange { of_statics } => (*of_statics, ALL_KINDS, true),
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for field in changes.fields() {
        if world.program.field(field).access.is_static() != of_statics {
            continue;
        }
        let class = world.program.class_of_field(field);
        let holder = if of_statics { None } else { held.holder(class) };
        if !of_statics && holder.is_none() {
            continue;
        }
        let spots: Vec<Spot> = changes
            .of(field)
            .iter()
            .filter(|c| (writes && c.how == How::Write) || kind_of(c.how).is_some_and(|k| kinds.contains(&k)))
            .map(|c| Spot { method: c.method, event: c.event, how: Some(c.how), inside: c.inside })
            .collect();
        if !spots.is_empty() {
            found.push(Match {
                subject: Subject::Field(field),
                class,
                spots,
                only: None,
                holder,
                kept: None,
                leak: None,
            });
        }
    }
    found
}

const ALL_KINDS: &[StateKind] =
    &[StateKind::Collection, StateKind::Array, StateKind::Atomic, StateKind::Buffer];

fn kind_of(how: How) -> Option<StateKind> {
    match how {
        How::Write => None,
        How::Container(_) => Some(StateKind::Collection),
        How::Array => Some(StateKind::Array),
        How::Atomic(_) => Some(StateKind::Atomic),
        How::Buffer(_) => Some(StateKind::Buffer),
        How::ThreadLocal(_) => Some(StateKind::ThreadLocal),
    }
}

/// Whether a change happens after the field's class, or for instance fields the object, has been set up.
fn is_after_initialisation(world: &World<'_>, class: ClassId, change: &Change) -> bool {
    let own = world.program.class_of_method(change.method);
    let name = world.program.text(world.program.method(change.method).name);
    let is_set_up = if world.program.field(change.field).access.is_static() {
        initialisation::is_part_of(world, class, change.method)
    } else {
        (name == "<init>" || name == "<clinit>") && initialisation::is_same_nest(world, own, class)
    };
    !is_set_up
}
