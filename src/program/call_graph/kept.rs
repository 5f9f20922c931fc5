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
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId, sort_and_dedup};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Methods that hand a function on to one another before it is stored.
const MAX_DEPTH: u8 = 3;
/// Functions that are followed for one value.
const MAX_FUNCTIONS: usize = 256;
/// Functions that are looked at in one body, each as often as something is done with it. Beyond that, and beyond the other
/// bounds, what a body keeps is not followed, which is noted.
const MAX_STEPS: usize = 1 << 18;
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

    /// Adds what a body of a class stores, and the nodes of the functions that outlive it. Whether all was followed.
    pub(super) fn of_body(
        &mut self,
        class: ClassId,
        origins: Origins<'_>,
        kept: &mut Vec<Kept>,
        outliving: &mut Vec<u32>,
    ) -> bool {
        let mut held = Held::default();
        let (first, first_outliving) = (kept.len(), outliving.len());
        for (i, event) in (0u32..).zip(origins.events()) {
            if let Some(function) = self.made_by(class, event) {
                held.hold(Value::Event(i), &[function]);
            }
            if held.of.is_empty() {
                continue;
            }
            for (p, arg) in origins.args(event).iter().enumerate() {
                let functions = held.by(origins, *arg);
                if functions.is_empty() || !held.spend(functions.len()) {
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
                    held.hold(Value::Event(i), &functions);
                }
                let mut fields = handed.fields;
                fields.extend(to);
                if handed.is_in_receiver || event.kind == EventKind::ArrayStore {
                    for object in origins.leaves(origins.arg(event, 0)) {
                        match self.field_read(class, origins, object) {
                            Some(field) => fields.push(field),
                            None if matches!(object, Value::Event(_)) => held.hold(object, &functions),
                            None => {}
                        }
                    }
                }
                for field in fields {
                    if !held.spend(functions.len()) {
                        break;
                    }
                    let is_foreign =
                        !self.program.is_same_outermost(class, self.program.class_of_field(field));
                    kept.extend(functions.iter().map(|node| Kept { field, is_foreign, node: *node }));
                    outliving.extend(&functions);
                }
            }
        }
        sort_and_dedup(kept, first);
        sort_and_dedup(outliving, first_outliving);
        !held.is_cut
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

/// The functions that values of a body hold.
#[derive(Default)]
struct Held {
    of: FxHashMap<Value, Vec<u32>>,
    known: FxHashSet<(Value, u32)>,
    n_steps: usize,
    /// Whether something was left out.
    is_cut: bool,
}

impl Held {
    fn hold(&mut self, value: Value, functions: &[u32]) {
        let of_value = self.of.entry(value).or_default();
        for function in functions {
            if self.known.contains(&(value, *function)) {
                continue;
            }
            if of_value.len() >= MAX_FUNCTIONS {
                self.is_cut = true;
                return;
            }
            of_value.push(*function);
            self.known.insert((value, *function));
        }
    }

    fn by(&mut self, origins: Origins<'_>, value: ValueId) -> Vec<u32> {
        let of_leaves = origins.leaves(value).filter_map(|leaf| self.of.get(&leaf));
        let mut functions: Vec<u32> = of_leaves.flatten().copied().collect();
        self.is_cut |= functions.len() > MAX_FUNCTIONS;
        functions.truncate(MAX_FUNCTIONS);
        functions
    }

    /// Counts functions that are looked at. Whether there are not too many.
    fn spend(&mut self, n: usize) -> bool {
        self.n_steps += n;
        self.is_cut |= self.n_steps > MAX_STEPS;
        self.n_steps <= MAX_STEPS
    }
}

/// Edges from those who read fields to the functions that these keep, and the fields of which there are too many of both.
pub(super) fn edges_of(
    mut kept: Vec<Kept>,
    program: &Program<'_>,
    fields: &FieldGraph,
) -> (Vec<(u32, u32)>, Vec<FieldId>) {
    kept.sort_unstable();
    kept.dedup();
    let (mut edges, mut left_out) = (Vec::new(), Vec::new());
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
            left_out.push(field);
            continue;
        }
        edges.extend(readers.iter().flat_map(|from| functions.iter().map(move |to| (*from, *to))));
    }
    (edges, left_out)
}
