//! The tables of a unit: flat, index-linked rows, so that a unit is a dozen allocations whatever its size.

use super::packed::PackedValues;
use crate::body::{Block, Event, Handler, MANY_EDGES, ShortSpan, Span, Value, halves, whole};
use crate::vocabulary::{Access, Interner, Name, Problem, ValueId};

/// The facts of a run of classes of one archive. Until the deployment's tables are settled, names are ids of `names`,
/// or rows of `pooled` if that is not empty; afterwards they are ids of the deployment's table and both are empty.
#[derive(Clone, Default)]
pub struct UnitFacts {
    /// The unit's own name table.
    pub names: Interner,
    /// Ids that the unit's names have in a table that several units share.
    pub pooled: Vec<Name>,
    /// Number of that table.
    pub pool: u32,
    /// Symbolic references that events name.
    pub member_refs: Vec<MemberRef>,
    /// The classes, in entry order.
    pub classes: Vec<ClassFacts>,
    /// Fields of all classes.
    pub fields: Vec<FieldFacts>,
    /// Methods of all classes.
    pub methods: Vec<MethodFacts>,
    /// What few methods have.
    pub extras: Vec<MethodExtras>,
    /// Annotations of classes, fields and methods.
    pub annotations: Vec<Annotation>,
    /// Their element values.
    pub annotation_values: Vec<AnnotationValue>,
    /// Interfaces, nest members, permitted subclasses, thrown types.
    pub lists: Vec<Name>,
    /// Events of all bodies, in block order.
    pub events: Vec<Event>,
    /// Operands of events that have more than two.
    pub args: Vec<ValueId>,
    /// Values of all bodies; none once they are packed.
    pub values: Vec<Value>,
    /// The same in units that were [taken](Self::take) out of a reducer's tables.
    pub packed_values: PackedValues,
    /// Inputs of [`Value::Merge`].
    pub merges: Vec<ValueId>,
    /// Basic blocks of all bodies; the first of a body is its entry.
    pub blocks: Vec<Block>,
    /// Successors of blocks that have more than two: their number, then block numbers within the body.
    pub edges: Vec<u16>,
    /// Exception handlers of blocks, innermost first.
    pub handlers: Vec<Handler>,
    /// What could not be read. Places name the entry; the archive is the caller's.
    pub problems: Vec<Problem>,
    /// Sum of the class files' lengths.
    pub n_bytes: u64,
}

/// A symbolic reference: what a `CONSTANT_Fieldref`, `Methodref`, `InterfaceMethodref` or method handle names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemberRef {
    /// Class in internal form, or an array descriptor.
    pub owner: Name,
    /// Member name.
    pub name: Name,
    /// Its descriptor.
    pub desc: Name,
    /// Whether it is an `InterfaceMethodref`, whose owner has to be an interface (JVMS 5.4.3.4).
    pub of_interface: bool,
}

/// One class file.
#[derive(Clone, Copy, Debug)]
pub struct ClassFacts {
    /// Internal name.
    pub name: Name,
    /// Superclass, [`NO_NAME`] for `java/lang/Object` and module descriptors.
    pub super_name: Name,
    /// Direct superinterfaces, in `lists`.
    pub interfaces: Span,
    /// Flags of the class file; for nested classes those of its `InnerClasses` row, which hold `private`,
    /// `protected` and `static` (JVMS 4.7.6).
    pub access: Access,
    /// Major version of the class file.
    pub major: u16,
    /// What stands before the class's own path in its archive: `""`, `BOOT-INF/classes/`, `META-INF/versions/9/`.
    pub prefix: Name,
    /// `SourceFile`, else [`NO_NAME`].
    pub source_file: Name,
    /// The class this one is declared in (`InnerClasses` or `EnclosingMethod`), else [`NO_NAME`].
    pub outer: Name,
    /// `NestHost`, else [`NO_NAME`].
    pub nest_host: Name,
    /// `NestMembers`, in `lists`.
    pub nest_members: Span,
    /// `PermittedSubclasses`, in `lists`.
    pub permitted: Span,
    /// Generic signature, else [`NO_NAME`].
    pub signature: Name,
    /// Its fields.
    pub fields: Span,
    /// Its methods.
    pub methods: Span,
    /// Its annotations, visible and invisible.
    pub annotations: Span,
    /// Whether it is a record.
    pub is_record: bool,
}

/// A declared field.
#[derive(Clone, Copy, Debug)]
pub struct FieldFacts {
    /// Its name.
    pub name: Name,
    /// Its descriptor.
    pub desc: Name,
    /// Generic signature, else [`NO_NAME`].
    pub signature: Name,
    /// Flags.
    pub access: Access,
    /// Whether it has a `ConstantValue`.
    pub has_constant: bool,
    /// Its annotations.
    pub annotations: Span,
}

/// A declared method, with its body if it has one.
#[derive(Clone, Copy, Debug)]
pub struct MethodFacts {
    /// Its name.
    pub name: Name,
    /// Its descriptor.
    pub desc: Name,
    /// Flags.
    pub access: Access,
    /// Whether the body was reduced; false for abstract and native methods and for malformed code.
    pub has_body: bool,
    /// Whether it has a loop (a back edge in its control-flow graph).
    pub has_loop: bool,
    /// First line of the body, 0 if unknown.
    pub line: u16,
    /// Row of what few methods have, [`NO_EXTRAS`] if it has none of that: high half, low half.
    pub(crate) extras: [u16; 2],
    /// Events, in block order.
    pub events: ShortSpan,
    /// Values that have rows; [`ValueId`] 0 of every body is its first row.
    pub values: ShortSpan,
    /// Basic blocks; block 0 is the entry.
    pub blocks: ShortSpan,
}

/// The row of methods without [`MethodExtras`].
pub(crate) const NO_EXTRAS: [u16; 2] = [u16::MAX; 2];

/// What few methods have.
#[derive(Clone, Copy, Debug)]
pub struct MethodExtras {
    /// Types of the `Exceptions` attribute, in `lists`.
    pub throws: Span,
    /// Annotations, visible and invisible.
    pub annotations: Span,
}

impl MethodExtras {
    /// Adds a row for what a method has of that, if it has any.
    pub(crate) fn add(rows: &mut Vec<Self>, throws: Span, annotations: Span) -> [u16; 2] {
        if throws.len == 0 && annotations.len == 0 {
            return NO_EXTRAS;
        }
        rows.push(Self { throws, annotations });
        halves(rows.len() as u32 - 1)
    }
}

/// An annotation, without nested annotations.
#[derive(Clone, Copy, Debug)]
pub struct Annotation {
    /// Type descriptor, `Ljavax/annotation/PreDestroy;`.
    pub desc: Name,
    /// Element values, in `annotation_values`; arrays give one row per element.
    pub values: Span,
}

/// One element value that has a textual form.
#[derive(Clone, Copy, Debug)]
pub struct AnnotationValue {
    /// Element name.
    pub key: Name,
    /// The string, the class descriptor, the enum constant's name, or the number as text; [`NO_NAME`] for strings
    /// longer than anybody asks about, such as those in which compilers store metadata.
    pub text: Name,
}

impl UnitFacts {
    /// The exceptions that a method declares (JVMS 4.7.5).
    pub fn throws_of(&self, method: &MethodFacts) -> &[Name] {
        self.extras_of(method).map_or(&[], |extras| extras.throws.of(&self.lists))
    }

    /// The annotations of a method.
    pub fn annotations_of(&self, method: &MethodFacts) -> &[Annotation] {
        self.extras_of(method).map_or(&[], |extras| extras.annotations.of(&self.annotations))
    }

    fn extras_of(&self, method: &MethodFacts) -> Option<&MethodExtras> {
        self.extras.get(whole(method.extras) as usize)
    }

    /// The events of a method.
    pub fn events_of(&self, method: &MethodFacts) -> &[Event] {
        method.events.of(&self.events)
    }

    /// The basic blocks of a method.
    pub fn blocks_of(&self, method: &MethodFacts) -> &[Block] {
        method.blocks.of(&self.blocks)
    }

    /// The events of a block of a method.
    pub fn events_in(&self, method: &MethodFacts, block: &Block) -> &[Event] {
        self.events_of(method).get(block.events()).unwrap_or(&[])
    }

    /// A value of a method's body; unknown for [`NO_VALUE`] and ids that are not of this body.
    pub fn value(&self, method: &MethodFacts, id: ValueId) -> Value {
        if let Some(value) = Value::without_row(id) {
            value
        } else if id.index() < usize::from(method.values.len()) {
            self.value_at(method.values.start() as usize + id.index())
        } else {
            Value::Unknown
        }
    }

    /// All values of a method's body that have rows: neither results nor parameters.
    pub fn values_of(&self, method: &MethodFacts) -> impl Iterator<Item = Value> + use<'_> {
        method.values.range().map(|row| self.value_at(row))
    }

    fn value_at(&self, row: usize) -> Value {
        if self.values.is_empty() {
            self.packed_values.get(row)
        } else {
            self.values.get(row).copied().unwrap_or(Value::Unknown)
        }
    }

    /// The direct inputs of a merge; none for other values.
    pub fn merge_inputs(&self, value: Value) -> &[ValueId] {
        match value {
            Value::Merge { start, len } => Span { start, len: u32::from(len) }.of(&self.merges),
            _ => &[],
        }
    }

    /// The operands of an event.
    pub fn args<'e>(&'e self, event: &'e Event) -> &'e [ValueId] {
        match event.rows_of_args() {
            Some(rows) => rows.of(&self.args),
            None => event.args.get(..usize::from(event.n_args)).unwrap_or(&[]),
        }
    }

    /// Successors of a block on normal edges, as block numbers within the body. For a two-way branch: the taken one,
    /// then the fall-through.
    pub fn successors<'b>(&'b self, block: &'b Block) -> &'b [u16] {
        if block.n_edges != MANY_EDGES {
            return block.edges.get(..usize::from(block.n_edges)).unwrap_or(&[]);
        }
        let row = whole(block.edges);
        let n = self.edges.get(row as usize).map_or(0, |n| u32::from(*n));
        Span { start: row.saturating_add(1), len: n }.of(&self.edges)
    }

    /// Handlers of a block, innermost first.
    pub fn handlers(&self, block: &Block) -> &[Handler] {
        let rows = self.handlers.get(whole(block.handlers) as usize..).unwrap_or(&[]);
        let n = rows.iter().position(|handler| handler.is_last).map_or(rows.len(), |last| last + 1);
        rows.get(..n).unwrap_or(&[])
    }

    /// Takes the facts out, each table exactly as large as its content, and keeps the memory in which they grew for
    /// the next unit. Names go into `pool`, a table that many units share.
    pub fn take(&mut self, pool: &mut Interner) -> Self {
        let pooled = pool.intern_all(&self.names);
        self.names.clear();
        let mut problems = std::mem::take(&mut self.problems);
        problems.shrink_to_fit();
        let packed_values = PackedValues::of(&self.values);
        let values = if packed_values.is_some() { Vec::new() } else { self.values.clone() };
        self.values.clear();
        Self {
            names: Interner::new(),
            pooled,
            pool: 0,
            member_refs: drained(&mut self.member_refs),
            classes: drained(&mut self.classes),
            fields: drained(&mut self.fields),
            methods: drained(&mut self.methods),
            extras: drained(&mut self.extras),
            annotations: drained(&mut self.annotations),
            annotation_values: drained(&mut self.annotation_values),
            lists: drained(&mut self.lists),
            events: drained(&mut self.events),
            args: drained(&mut self.args),
            values,
            packed_values: packed_values.unwrap_or_default(),
            merges: drained(&mut self.merges),
            blocks: drained(&mut self.blocks),
            edges: drained(&mut self.edges),
            handlers: drained(&mut self.handlers),
            problems,
            n_bytes: std::mem::take(&mut self.n_bytes),
        }
    }
}

fn drained<T: Copy>(table: &mut Vec<T>) -> Vec<T> {
    let exact = table.as_slice().to_vec();
    table.clear();
    exact
}
