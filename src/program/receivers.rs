//! Of which classes the objects are that calls are made on, where their maker shows it.

use super::bits::BitSet;
use super::field_graph::FieldGraph;
use super::link::Program;
use super::origin::Origins;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::return_type;
use crate::vocabulary::{Access, ClassId, FieldId, MethodId, Name, ValueId};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Their static methods that return something of the JDK's utilities make it of classes of its own.
const FACTORIES: [&str; 6] = [
    "java/util/Arrays",
    "java/util/Collections",
    "java/util/List",
    "java/util/Map",
    "java/util/Set",
    "java/util/concurrent/Executors",
];
const UTILITIES: &str = "java/util/";
const CLASS: &str = "java/lang/Class";
const GET_LOADER: &str = "getClassLoader";

/// What is asked for entries one by one.
const ENUMERATION: &str = "java/util/Enumeration";

/// Writes of one field that are looked at; what is written more often is not known.
const MAX_WRITES: usize = 8;

/// What a field holds: the classes of its objects, those of the JDK's factories left out; `None` if not known.
type Values = Option<Rc<[ClassId]>>;

/// What is known of fields, as it is asked for.
pub(super) struct HeldObjects<'p> {
    finals: &'p BitSet,
    fields: &'p FieldGraph,
    enumeration: Option<Name>,
    of_classes: FxHashMap<ClassId, FxHashMap<FieldId, Values>>,
    of_others: FxHashMap<FieldId, Values>,
}

/// The final fields of the deployment's own classes: most receivers are read from others, which is quickly seen.
pub(super) fn final_fields(program: &Program<'_>) -> BitSet {
    let mut finals = BitSet::new(program.n_fields);
    let classes = (0..program.classes.len()).map(ClassId::from_index);
    for class in classes.filter(|class| !program.is_jdk(*class)) {
        for (field, _) in program.fields_of(class).filter(|(_, f)| f.access.is_final()) {
            finals.add(field.index());
        }
    }
    finals
}

impl<'p> HeldObjects<'p> {
    pub(super) fn new(program: &Program<'_>, finals: &'p BitSet, fields: &'p FieldGraph) -> Self {
        let enumeration = program.facts.names.find(ENUMERATION);
        Self {
            finals,
            fields,
            enumeration,
            of_classes: FxHashMap::default(),
            of_others: FxHashMap::default(),
        }
    }

    /// The classes of all that a value can be, if it is made here or stored in a field of which every write is seen.
    /// Empty if the JDK has made all of it. `called` is the method that is called on it.
    pub(super) fn classes_of(
        &mut self,
        program: &Program<'_>,
        class: ClassId,
        origins: Origins<'_>,
        value: ValueId,
        called: MethodId,
    ) -> Option<Vec<ClassId>> {
        let mut classes = Vec::new();
        let declared = program.class_facts(program.class_of_method(called)).name;
        if Some(declared) == self.enumeration && is_enumeration_of_jdk(program, class, origins, value) {
            return Some(classes);
        }
        for leaf in origins.leaves(value).filter(|leaf| *leaf != Value::Null) {
            let (_, made) = origins.event(leaf)?;
            if matches!(made.kind, EventKind::GetField | EventKind::GetStatic) {
                let refs = program.refs(program.class(class).loader);
                let held = self.of_field(program, refs.field(made.member()?)?)?;
                classes.extend(held.iter().copied());
            } else {
                classes.extend(made_here(program, class, origins, leaf)?);
            }
        }
        Some(classes)
    }

    fn of_field(&mut self, program: &Program<'_>, field: FieldId) -> Values {
        let class = program.class_of_field(field);
        if !self.finals.has(field.index()) {
            if !is_written_in_view(program, class, field) {
                return None;
            }
            let writes = self.fields;
            return self.of_others.entry(field).or_insert_with(|| written(program, writes, field)).clone();
        }
        let fields = self.of_classes.entry(class).or_insert_with(|| stored_by(program, class));
        fields.get(&field).cloned().flatten()
    }
}

/// The classes of all objects that a final field holds, if they are seen to be made where it is set: those of the JDK's
/// factories left out.
pub fn classes_in_final(program: &Program<'_>, field: FieldId) -> Option<Vec<ClassId>> {
    let class = program.class_of_field(field);
    if program.is_jdk(class) || !program.field(field).access.is_final() {
        return None;
    }
    stored_by(program, class).remove(&field).flatten().map(|classes| classes.to_vec())
}

/// Whether nothing but instructions of the deployment writes a field that is not final: a container would go by an
/// annotation, a handle writes what is volatile, and whoever uses a library may write what is not private.
fn is_written_in_view(program: &Program<'_>, class: ClassId, field: FieldId) -> bool {
    let facts = program.field(field);
    !program.is_jdk(class)
        && facts.annotations.len == 0
        && !facts.access.has(Access::VOLATILE)
        && (facts.access.is_private() || !program.topology.is_open_world())
}

/// The classes of all objects that are written to a field, if each is made right before.
fn written(program: &Program<'_>, fields: &FieldGraph, field: FieldId) -> Values {
    let mut classes = Vec::new();
    let mut n_writes = 0;
    for write in fields.writes(field) {
        n_writes += 1;
        if n_writes > MAX_WRITES {
            return None;
        }
        let class = program.class_of_method(write.method);
        let origins = Origins { unit: program.unit(class), method: program.method(write.method) };
        let event = origins.events().get(usize::from(write.event))?;
        for leaf in origins.leaves(*origins.args(event).last()?).filter(|leaf| *leaf != Value::Null) {
            classes.extend(made_here(program, class, origins, leaf)?);
        }
    }
    (n_writes > 0).then(|| Rc::from(classes))
}

/// What the constructors and the initialiser of a class store in its own fields: a final one is written nowhere else.
fn stored_by(program: &Program<'_>, class: ClassId) -> FxHashMap<FieldId, Values> {
    let refs = program.refs(program.class(class).loader);
    let mut found: FxHashMap<FieldId, Option<Vec<ClassId>>> = FxHashMap::default();
    for (_, method) in program.methods_of(class) {
        let origins = Origins { unit: program.unit(class), method };
        for event in origins.events() {
            if !matches!(event.kind, EventKind::PutField | EventKind::PutStatic) {
                continue;
            }
            let Some(field) = event.member().and_then(|m| refs.field(m)) else { continue };
            let stored = origins.args(event).last().and_then(|value| {
                let each = origins.leaves(*value).map(|leaf| made_here(program, class, origins, leaf));
                Some(each.collect::<Option<Vec<_>>>()?.into_iter().flatten())
            });
            let known = found.entry(field).or_insert_with(|| Some(Vec::new()));
            match (known.as_mut(), stored) {
                (Some(known), Some(stored)) => known.extend(stored),
                _ => *known = None,
            }
        }
    }
    found.into_iter().map(|(field, classes)| (field, classes.map(Rc::from))).collect()
}

/// The class of an object that the body itself makes; no class if the JDK makes it of one of its own.
fn made_here(
    program: &Program<'_>,
    class: ClassId,
    origins: Origins<'_>,
    leaf: Value,
) -> Option<Option<ClassId>> {
    let (_, made) = origins.event(leaf)?;
    match made.kind {
        EventKind::New => Some(Some(program.find(program.class(class).loader, made.name()?)?)),
        EventKind::InvokeStatic => {
            let member = program.facts.members.get(made.member()?);
            let yields = return_type(program.text(member.desc)).class();
            let is_factory = FACTORIES.contains(&program.text(member.owner))
                && yields.is_some_and(|class| class.starts_with(UTILITIES));
            is_factory.then_some(None)
        }
        // The loaders of the deployment's classes are the container's.
        EventKind::InvokeVirtual => is_loader_of_literal(program, origins, made).then_some(None),
        _ => None,
    }
}

/// Whether a call asks a class that is written there for its loader.
fn is_loader_of_literal(program: &Program<'_>, origins: Origins<'_>, call: &Event) -> bool {
    let Some(member) = call.member().map(|m| program.facts.members.get(m)) else { return false };
    program.text(member.name) == GET_LOADER
        && program.text(member.owner) == CLASS
        && origins.leaves(origins.arg(call, 0)).all(|leaf| matches!(leaf, Value::Class(_)))
}

/// Whether a value is an enumeration that methods of the JDK yield. None of them hands on what it was given, and what a
/// method of the deployment makes that overrides one is run by whoever makes it.
fn is_enumeration_of_jdk(
    program: &Program<'_>,
    class: ClassId,
    origins: Origins<'_>,
    value: ValueId,
) -> bool {
    let refs = program.refs(program.class(class).loader);
    origins.leaves(value).all(|leaf| {
        let made = origins.event(leaf).filter(|(_, e)| e.kind.is_invoke()).and_then(|(_, e)| e.member());
        made.and_then(|m| refs.method(m)).is_some_and(|method| {
            program.is_jdk(program.class_of_method(method))
                && return_type(program.text(program.method(method).desc)).class() == Some(ENUMERATION)
        })
    })
}
