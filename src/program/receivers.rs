//! Of which classes the objects are that calls are made on, where their maker shows it.

use super::bits::BitSet;
use super::link::Program;
use super::origin::Origins;
use crate::facts::{EventKind, Value};
use crate::vocabulary::{ClassId, FieldId};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Makes objects of the JDK's own classes only, whatever the type that it says it returns.
const EXECUTORS: &str = "java/util/concurrent/Executors";

/// What a final field holds: the classes of its objects, those of the JDK's factories left out; `None` if not known.
type Values = Option<Rc<[ClassId]>>;

/// What is known of final fields, class by class, as it is asked for.
pub(super) struct FinalFields<'p> {
    finals: &'p BitSet,
    of_classes: FxHashMap<ClassId, FxHashMap<FieldId, Values>>,
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

impl<'p> FinalFields<'p> {
    pub(super) fn new(finals: &'p BitSet) -> Self {
        Self { finals, of_classes: FxHashMap::default() }
    }

    /// The classes of all that a value can be, if it is made here or was stored in a final field by its class's
    /// constructors and initialiser. Empty if the JDK has made all of it.
    pub(super) fn classes_of(
        &mut self,
        program: &Program<'_>,
        class: ClassId,
        origins: Origins<'_>,
        value: crate::vocabulary::ValueId,
    ) -> Option<Vec<ClassId>> {
        let mut classes = Vec::new();
        for leaf in origins.leaves(value) {
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
        if !self.finals.has(field.index()) {
            return None;
        }
        let class = program.class_of_field(field);
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
            let owner = program.facts.members.get(made.member()?).owner;
            (program.text(owner) == EXECUTORS).then_some(None)
        }
        _ => None,
    }
}
