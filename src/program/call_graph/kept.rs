//! Functions that fields keep: whoever reads such a field may call them, whoever has made them.
//!
//! A lambda, a method reference or an object of an anonymous class has no name by which anybody could call it. Code that
//! gets to it gets it from somewhere: from the code that makes it, which an edge of the graph says already, or from a
//! field in which it lies. A class initialiser that fills a table of functions runs once; its functions run for all who
//! read the table.

use super::super::link::Program;
use super::super::node_numbers::{Kinds, Numbers};
use super::super::origin::Origins;
use super::Node;
use crate::facts::{Event, EventKind, Value};
use crate::program::field_graph::FieldGraph;
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Methods that hand a function on to one another before it is stored.
const MAX_DEPTH: u8 = 3;
/// Functions that are followed for one value.
const MAX_FUNCTIONS: usize = 256;
/// Functions with their fields that are followed for one body.
const MAX_OF_BODY: usize = 1 << 14;
/// Functions of other classes that an object's field may hold: with more of them it depends on the object which.
const MAX_FOREIGN: usize = 4;
/// So many edges for each reader and each function of a field, at most.
const MAX_EDGES: usize = 64;

const ANY: [&str; 2] = ["Ljava/lang/Object;", "[Ljava/lang/Object;"];

/// A function that a field keeps, as the number of its node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kept {
    field: FieldId,
    /// Whether the code that makes it is none of the field's class and those around it.
    is_foreign: bool,
    node: u32,
}

/// What becomes of a function that a call is given.
#[derive(Default)]
struct Handed {
    fields: Vec<FieldId>,
    is_in_result: bool,
    is_in_receiver: bool,
}

/// Finds where bodies store functions.
pub(super) struct Keeping<'w, 'f> {
    program: &'w Program<'f>,
    numbers: &'w Numbers,
    /// The fields in which a method stores a parameter, by how many calls further it may go.
    of_params: FxHashMap<(MethodId, u16, u8), Rc<[FieldId]>>,
}

impl<'w, 'f> Keeping<'w, 'f> {
    pub(super) fn new(program: &'w Program<'f>, numbers: &'w Numbers) -> Self {
        Self { program, numbers, of_params: FxHashMap::default() }
    }

    /// Adds what a body of a class stores, and the nodes of the functions that outlive it.
    pub(super) fn of_body(
        &mut self,
        class: ClassId,
        origins: Origins<'_>,
        kept: &mut Vec<Kept>,
        outliving: &mut Vec<u32>,
    ) {
        let mut held: FxHashMap<Value, Vec<u32>> = FxHashMap::default();
        let first = kept.len();
        for (i, event) in (0u32..).zip(origins.events()) {
            if let Some(function) = self.made_by(class, event) {
                hold(&mut held, Value::Event(i), &[function]);
            }
            if held.is_empty() {
                continue;
            }
            for (p, arg) in origins.args(event).iter().enumerate() {
                let functions = held_by(&held, origins, *arg);
                if functions.is_empty() || kept.len() - first > MAX_OF_BODY {
                    continue;
                }
                if event.kind == EventKind::Return {
                    outliving.extend(&functions);
                }
                let to = self.stored(class, origins, event, p);
                let handed = match event.kind {
                    kind if kind.is_invoke() => self.handed(class, event, p, MAX_DEPTH),
                    // A function that captures another one may call it.
                    EventKind::Lambda => Handed { is_in_result: true, ..Handed::default() },
                    _ => Handed::default(),
                };
                if handed.is_in_result {
                    hold(&mut held, Value::Event(i), &functions);
                }
                let mut fields = handed.fields;
                fields.extend(to);
                if handed.is_in_receiver || event.kind == EventKind::ArrayStore {
                    for object in origins.leaves(origins.arg(event, 0)) {
                        match self.field_read(class, origins, object) {
                            Some(field) => fields.push(field),
                            None if matches!(object, Value::Event(_)) => hold(&mut held, object, &functions),
                            None => {}
                        }
                    }
                }
                for field in fields {
                    let is_foreign =
                        !self.program.is_same_outermost(class, self.program.class_of_field(field));
                    kept.extend(functions.iter().map(|node| Kept { field, is_foreign, node: *node }));
                    outliving.extend(&functions);
                }
            }
        }
        kept[first..].sort_unstable();
        let mut last = None;
        let mut end = first;
        for at in first..kept.len() {
            if last.replace(kept[at]) != Some(kept[at]) {
                kept[end] = kept[at];
                end += 1;
            }
        }
        kept.truncate(end);
    }

    /// The node of the function that an event makes, if it makes one.
    fn made_by(&self, class: ClassId, event: &Event) -> Option<u32> {
        let program = self.program;
        let loader = program.class(class).loader;
        match event.kind {
            EventKind::Lambda => {
                let target = program.refs(loader).method(event.member()?)?;
                let kinds = self.numbers.kinds(target);
                if program.is_jdk(program.class_of_method(target)) || kinds.has(Kinds::CONSTRUCTOR) {
                    return None;
                }
                let is_fixed = kinds.has(Kinds::FIXED);
                let node = if is_fixed { Node::Method(target) } else { Node::Dispatch(target) };
                Some(self.numbers.of_node(node))
            }
            EventKind::New => {
                let made = program.find(loader, event.name()?)?;
                program.is_anonymous(made).then(|| self.numbers.of_node(Node::Instance(made)))
            }
            _ => None,
        }
    }

    /// The field in which an event stores an operand.
    fn stored(&self, class: ClassId, origins: Origins<'_>, event: &Event, operand: usize) -> Option<FieldId> {
        let is_value = operand + 1 == origins.args(event).len();
        let is_store = matches!(event.kind, EventKind::PutStatic | EventKind::PutField) && is_value;
        is_store.then(|| self.field(class, event))?
    }

    /// The field whose value a leaf is.
    fn field_read(&self, class: ClassId, origins: Origins<'_>, leaf: Value) -> Option<FieldId> {
        let (_, read) = origins.event(leaf)?;
        let is_read = matches!(read.kind, EventKind::GetStatic | EventKind::GetField);
        is_read.then(|| self.field(class, read))?
    }

    fn field(&self, class: ClassId, event: &Event) -> Option<FieldId> {
        self.program.refs(self.program.class(class).loader).field(event.member()?)
    }

    /// What becomes of an operand of a call that is a function. The JDK keeps what it takes for any object, as an
    /// element or a value; what it takes for a function it calls, and may build another function of it.
    fn handed(&mut self, class: ClassId, event: &Event, operand: usize, depth: u8) -> Handed {
        let program = self.program;
        let loader = program.class(class).loader;
        let Some(member) = event.member() else { return Handed::default() };
        let target = program.refs(loader).method(member);
        if let Some(target) = target.filter(|t| !program.is_jdk(program.class_of_method(*t))) {
            let fields = u16::try_from(operand).map(|p| self.of_param(target, p, depth));
            return Handed { fields: fields.map_or(Vec::new(), |f| f.to_vec()), ..Handed::default() };
        }
        let desc = program.text(program.facts.members.get(member).desc);
        let is_function = || {
            let result = return_type(desc).class().and_then(|name| program.find_text(loader, name));
            result.is_some_and(|interface| program.is_functional(interface))
        };
        let given = operand.checked_sub(usize::from(event.kind.has_receiver()));
        match given.map(|p| params(desc).nth(p).map_or("", |ty| ty.0)) {
            Some(ty) if ANY.contains(&ty) => Handed {
                is_in_result: return_type(desc).is_reference(),
                is_in_receiver: event.kind.has_receiver(),
                ..Handed::default()
            },
            _ => Handed { is_in_result: is_function(), ..Handed::default() },
        }
    }

    /// The fields in which a method stores what it is given, itself or by what it calls.
    fn of_param(&mut self, method: MethodId, param: u16, depth: u8) -> Rc<[FieldId]> {
        let Some(deeper) = depth.checked_sub(1) else { return Rc::default() };
        if let Some(known) = self.of_params.get(&(method, param, depth)) {
            return known.clone();
        }
        let program = self.program;
        let class = program.class_of_method(method);
        let origins = Origins { unit: program.unit(class), method: program.method(method) };
        let mut fields = Vec::new();
        for event in origins.events() {
            let is_asked = event.kind.is_invoke() || event.kind.has_field();
            for (p, arg) in origins.args(event).iter().enumerate().filter(|_| is_asked) {
                if !origins.may_be(*arg, Value::Param(param)) {
                    continue;
                }
                fields.extend(self.stored(class, origins, event, p));
                if event.kind.is_invoke() {
                    let handed = self.handed(class, event, p, deeper);
                    fields.extend(handed.fields);
                    let receivers = origins.leaves(origins.arg(event, 0)).filter(|_| handed.is_in_receiver);
                    fields.extend(receivers.filter_map(|leaf| self.field_read(class, origins, leaf)));
                }
            }
        }
        fields.sort_unstable();
        fields.dedup();
        let fields: Rc<[FieldId]> = fields.into();
        self.of_params.insert((method, param, depth), fields.clone());
        fields
    }
}

fn hold(held: &mut FxHashMap<Value, Vec<u32>>, value: Value, functions: &[u32]) {
    let known = held.entry(value).or_default();
    for function in functions {
        if known.len() < MAX_FUNCTIONS && !known.contains(function) {
            known.push(*function);
        }
    }
}

fn held_by(held: &FxHashMap<Value, Vec<u32>>, origins: Origins<'_>, value: ValueId) -> Vec<u32> {
    let mut functions: Vec<u32> =
        origins.leaves(value).filter_map(|leaf| held.get(&leaf)).flatten().copied().collect();
    functions.truncate(MAX_FUNCTIONS);
    functions
}

/// Edges from those who read fields to the functions that these keep.
pub(super) fn edges_of(mut kept: Vec<Kept>, program: &Program<'_>, fields: &FieldGraph) -> Vec<(u32, u32)> {
    kept.sort_unstable();
    kept.dedup();
    let mut edges = Vec::new();
    for of_field in kept.chunk_by(|a, b| a.field == b.field) {
        let Some(field) = of_field.first().map(|k| k.field) else { continue };
        let is_static = program.field(field).access.is_static();
        let n_foreign = of_field.iter().filter(|k| k.is_foreign).count();
        let with_foreign = is_static || n_foreign <= MAX_FOREIGN;
        let functions: Vec<u32> =
            of_field.iter().filter(|k| with_foreign || !k.is_foreign).map(|k| k.node).collect();
        let mut readers: Vec<u32> = fields.reads(field).map(|access| access.method.0).collect();
        readers.dedup();
        if readers.len().saturating_mul(functions.len()) > MAX_EDGES * (readers.len() + functions.len()) {
            continue;
        }
        edges.extend(readers.iter().flat_map(|from| functions.iter().map(move |to| (*from, *to))));
    }
    edges
}
