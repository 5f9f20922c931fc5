//! What a field may hold whose content others can change.

use super::knowledge::{ApiId, Knowledge, Role, groups};
use super::remembered::Remembered;
use super::{Body, World};
use crate::facts::{EventKind, Value};
use crate::program::Program;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, LoaderId, Name};
use rustc_hash::FxHashMap;

/// Answers for classes by loader and descriptor: those that one piece of work has asked for, before those of all.
pub(super) struct Known<'k> {
    own: FxHashMap<(LoaderId, Name), bool>,
    of_all: &'k Answers,
}

/// Answers for classes by loader and descriptor.
pub(super) struct Answers {
    known: Remembered<(LoaderId, Name), bool>,
    /// Roots of the JDK's containers, and types of deployed libraries of which it is known how they are changed or show what
    /// they hold.
    containers: Vec<Name>,
}

impl Answers {
    pub(super) fn of(program: &Program<'_>, knowledge: &Knowledge) -> Self {
        let apis = (0..).zip(&knowledge.tables.apis).map(|(id, _)| id);
        let changes = GROUPS.map(|group| knowledge.group(group));
        let is_meant = |api: &ApiId| changes.iter().any(|g| g.get(usize::from(*api)) == Some(&true));
        let patterns = apis.filter(is_meant).flat_map(|api| knowledge.patterns_of(Role::Api(api)));
        let modelled = patterns.map(|p| p.owner.as_str()).filter(|owner| !owner.starts_with(PLATFORM));
        let all = CONTAINERS.iter().copied().chain(modelled);
        let mut containers: Vec<Name> = all.filter_map(|owner| program.facts.names.find(owner)).collect();
        containers.sort_unstable();
        containers.dedup();
        Self { known: Remembered::default(), containers }
    }
}

/// What is told of containers, atomics and buffers.
const GROUPS: [&str; 5] = [
    groups::CONTAINER_MUTATOR,
    groups::CONTAINER_VIEW,
    groups::CONTAINER_ELEMENT,
    groups::ATOMIC_MUTATOR,
    groups::BUFFER_MUTATOR,
];

/// Packages that only the JDK has: what extends their types is known by [`CONTAINERS`].
const PLATFORM: &str = "java/";

impl<'k> Known<'k> {
    pub(super) fn new(of_all: &'k Answers) -> Self {
        Self { own: FxHashMap::default(), of_all }
    }
}

/// Whether what a field holds can be changed by others' methods at all: an array, or an object of a type of the JDK,
/// of a subtype of a container, or of a type that is not known. Objects of the deployment's own classes are judged by
/// their own fields.
///
/// `known` remembers the answers for classes.
pub(super) fn may_hold_state(world: &World<'_>, field: FieldId, known: &mut Known<'_>) -> bool {
    let program = world.program;
    let desc = program.field(field).desc;
    let loader = program.class(program.class_of_field(field)).loader;
    match TypeDesc(program.text(desc)).class() {
        Some(name) => {
            let of_all = known.of_all;
            let find = || {
                of_all
                    .known
                    .get_or_find((loader, desc), || holds_state(program, loader, name, &of_all.containers))
            };
            *known.own.entry((loader, desc)).or_insert_with(find)
        }
        None => program.text(desc).starts_with('[') && !is_always_empty(world, field),
    }
}

fn holds_state(program: &Program<'_>, loader: LoaderId, name: &str, containers: &[Name]) -> bool {
    if VALUES.contains(&name) {
        return false;
    }
    match program.find_text(loader, name) {
        None => true,
        Some(class) if program.is_jdk(class) => true,
        Some(class) => {
            program.class(class).has_phantom
                || containers.iter().any(|container| program.has_supertype_of_name(class, *container))
        }
    }
}

/// The language's own values, which nothing changes (JLS 4.2, 5.1.7, 15.8.2).
const VALUES: &[&str] = &[
    "java/lang/Boolean",
    "java/lang/Byte",
    "java/lang/Character",
    "java/lang/Class",
    "java/lang/Double",
    "java/lang/Float",
    "java/lang/Integer",
    "java/lang/Long",
    "java/lang/Short",
    "java/lang/String",
];

/// Whether every array that a field ever holds has the length 0, so that nothing can be stored in it.
fn is_always_empty(world: &World<'_>, field: FieldId) -> bool {
    let mut n = 0;
    let all = world.fields.writes(field).all(|write| {
        n += 1;
        let body = world.body(write.method);
        let value = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
        value.is_some_and(|v| body.origins.leaves(*v).all(|leaf| is_empty_array(body, leaf)))
    });
    n > 0 && all
}

fn is_empty_array(body: Body<'_>, leaf: Value) -> bool {
    body.origins.event(leaf).is_some_and(|(_, made)| {
        made.kind == EventKind::NewArray
            && body.origins.leaves(body.origins.arg(made, 0)).all(|length| length == Value::Int(0))
    })
}

/// Whether a field is a variable of which each thread has a value of its own.
pub fn is_of_thread(world: &World<'_>, field: FieldId) -> bool {
    let program = world.program;
    let loader = program.class(program.class_of_field(field)).loader;
    let class = TypeDesc(program.text(program.field(field).desc)).class();
    class.is_some_and(|name| {
        name == THREAD_LOCAL
            || program.find_text(loader, name).is_some_and(|c| program.has_supertype_named(c, THREAD_LOCAL))
    })
}

/// A variable of each thread.
const THREAD_LOCAL: &str = "java/lang/ThreadLocal";

/// Roots of the JDK's own containers; what extends them holds others' objects.
const CONTAINERS: &[&str] =
    &["java/util/Map", "java/lang/Iterable", "java/util/Dictionary", "java/lang/ThreadLocal"];
