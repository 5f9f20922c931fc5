//! What a body is reduced to: events, the origins of their operands, and basic blocks.

use crate::vocabulary::{MemberRefId, Name, ValueId};

/// A run of rows of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// First row.
    pub start: u32,
    /// Number of rows.
    pub len: u32,
}

impl Span {
    /// The rows as indices.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }

    /// The rows from `start` to the table's present end.
    pub fn from(start: usize, end: usize) -> Self {
        Self { start: start as u32, len: (end - start) as u32 }
    }

    /// The rows it names, or none if the table is shorter.
    pub fn of<T>(self, table: &[T]) -> &[T] {
        table.get(self.range()).unwrap_or(&[])
    }
}

/// A run of at most 65535 rows, in 6 bytes: what one method, or one block of its body, has in a table. There are
/// millions of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShortSpan {
    /// First row: high half, low half.
    start: [u16; 2],
    len: u16,
}

impl ShortSpan {
    /// First row.
    pub fn start(self) -> u32 {
        u32::from(self.start[0]) << 16 | u32::from(self.start[1])
    }

    /// Number of rows.
    pub fn len(self) -> u16 {
        self.len
    }

    /// Whether it has no rows.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The rows as indices.
    pub fn range(self) -> std::ops::Range<usize> {
        let first = self.start() as usize;
        first..first + usize::from(self.len)
    }

    /// The rows it names, or none if the table is shorter.
    pub fn of<T>(self, table: &[T]) -> &[T] {
        table.get(self.range()).unwrap_or(&[])
    }
}

/// Rows past the greatest number are left out: no compiler writes so many, and what stays is well-formed.
impl From<Span> for ShortSpan {
    fn from(span: Span) -> Self {
        let start = [(span.start >> 16) as u16, span.start as u16];
        Self { start, len: u16::try_from(span.len).unwrap_or(u16::MAX) }
    }
}

impl From<ShortSpan> for Span {
    fn from(span: ShortSpan) -> Self {
        Self { start: span.start(), len: u32::from(span.len) }
    }
}

/// The id that stands for "no name".
pub const NO_NAME: Name = Name(u32::MAX);

/// Where a value comes from, within its body. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// Not known: arithmetic on several unknowns, what no rule asks about, or a bound was reached.
    Unknown,
    /// `aconst_null`.
    Null,
    /// An integer constant (also boolean, byte, char, short).
    Int(i32),
    /// A string constant.
    Str(Name),
    /// A class literal: internal name or array descriptor.
    Class(Name),
    /// A parameter, counted from 0; in an instance method 0 is `this`.
    Param(u16),
    /// The result of an event of the body: call, field read, allocation, array read. Counted from the body's first.
    Event(u32),
    /// The exception a handler receives; the number of the handler's block.
    Caught(u16),
    /// Computed from one value of interest (conversion, arithmetic with a constant, array length).
    Derived(ValueId),
    /// Different values meet here; the inputs are rows of `merges`, `len` at `start` from the unit's first row.
    Merge {
        /// First row.
        start: u32,
        /// Number of inputs; capped, see [`MAX_MERGE`].
        len: u16,
    },
}

/// At most so many inputs of a merge are kept; with more the value also counts as [`Value::Unknown`].
pub const MAX_MERGE: usize = 16;

/// What an event does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum EventKind {
    /// `invokevirtual`; operands: receiver, arguments.
    InvokeVirtual,
    /// `invokespecial`: constructor, private or super call; operands: receiver, arguments.
    InvokeSpecial,
    /// `invokestatic`; operands: arguments.
    InvokeStatic,
    /// `invokeinterface`; operands: receiver, arguments.
    InvokeInterface,
    /// A lambda or method reference: `target` is the implementation method, operands are the captured values.
    Lambda,
    /// String concatenation by `invokedynamic`; operands: its dynamic arguments; `name` is the recipe
    /// (`\u{1}` stands for an argument).
    Concat,
    /// Any other `invokedynamic`; operands: its arguments.
    InvokeDynamic,
    /// `getstatic`.
    GetStatic,
    /// `putstatic`; operands: the value.
    PutStatic,
    /// `getfield`; operands: the object.
    GetField,
    /// `putfield`; operands: the object, the value.
    PutField,
    /// `new`; `name` is the class.
    New,
    /// `newarray`, `anewarray`, `multianewarray`; operands: the lengths; `name` is the array's descriptor.
    NewArray,
    /// `aaload`; operands: the array.
    ArrayLoad,
    /// `aastore` and, on arrays that the body did not itself just make, stores of primitives; operands: the array,
    /// the value.
    ArrayStore,
    /// `checkcast`; operands: the value; `name` is the class. The value itself keeps its id.
    CheckCast,
    /// `instanceof`; operands: the value; `name` is the class.
    InstanceOf,
    /// `ldc` of a class: loads it, whatever becomes of the value; `name` is the class.
    ClassLiteral,
    /// A return; operands: the value, if it is a reference or an int.
    Return,
    /// `athrow`; operands: the exception.
    Throw,
    /// `monitorenter`; operands: the object.
    MonitorEnter,
    /// `monitorexit`; operands: the object.
    MonitorExit,
}

impl EventKind {
    /// Whether `target` is a method reference that this event calls or, for [`EventKind::Lambda`], makes callable.
    pub fn has_method(self) -> bool {
        matches!(
            self,
            Self::InvokeVirtual
                | Self::InvokeSpecial
                | Self::InvokeStatic
                | Self::InvokeInterface
                | Self::Lambda
        )
    }

    /// Whether it is one of the four invoke instructions with a method reference.
    pub fn is_invoke(self) -> bool {
        matches!(self, Self::InvokeVirtual | Self::InvokeSpecial | Self::InvokeStatic | Self::InvokeInterface)
    }

    /// Whether `target` is a field reference.
    pub fn has_field(self) -> bool {
        matches!(self, Self::GetStatic | Self::PutStatic | Self::GetField | Self::PutField)
    }

    /// Whether `target` is a name instead of a member reference.
    pub fn has_name(self) -> bool {
        matches!(
            self,
            Self::New
                | Self::NewArray
                | Self::CheckCast
                | Self::InstanceOf
                | Self::ClassLiteral
                | Self::Concat
        )
    }

    /// Whether operand 0 is the receiver.
    pub fn has_receiver(self) -> bool {
        matches!(self, Self::InvokeVirtual | Self::InvokeSpecial | Self::InvokeInterface)
    }
}

/// One thing a body does that a rule can ask about. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// What it does.
    pub kind: EventKind,
    /// Number of operands.
    pub n_args: u8,
    /// Offset of the instruction in the code array.
    pub pc: u16,
    /// Source line, 0 if unknown.
    pub line: u16,
    /// The value it yields, [`NO_VALUE`] if none or if nobody uses it.
    pub result: ValueId,
    /// [`MemberRefId`] or [`Name`], see [`EventKind`]; `u32::MAX` if none.
    pub target: u32,
    /// First operand, in `args`.
    pub first_arg: u32,
}

/// The id that stands for "no value".
pub const NO_VALUE: ValueId = ValueId(u16::MAX);

impl Event {
    /// The member reference it names, if it names one.
    pub fn member(&self) -> Option<MemberRefId> {
        ((self.kind.has_method() || self.kind.has_field()) && self.target != u32::MAX)
            .then_some(MemberRefId(self.target))
    }

    /// The class (or, for a concatenation, the recipe) it names, if it names one.
    pub fn name(&self) -> Option<Name> {
        (self.kind.has_name() && self.target != u32::MAX).then_some(Name(self.target))
    }
}

/// What a block's last instruction tests, when it is a two-way branch on something of interest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    /// No branch, or one that nothing is known about.
    None,
    /// Taken when the value is null.
    IsNull(ValueId),
    /// Taken when the value is not null.
    NonNull(ValueId),
    /// Taken when the value is zero (false).
    IsZero(ValueId),
    /// Taken when the value is not zero (true).
    NonZero(ValueId),
    /// Taken when both references are the same.
    Same(ValueId, ValueId),
    /// Taken when the references differ.
    Differ(ValueId, ValueId),
}

/// A basic block: events in order, then a branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Its events, in the unit's `events`.
    pub events: ShortSpan,
    /// First successor, in `edges`. For a two-way branch: the taken one, then the fall-through.
    pub first_edge: u32,
    /// Number of successors on normal edges.
    pub n_edges: u16,
    /// Number of handlers that cover the whole block.
    pub n_handlers: u16,
    /// First handler, in `handlers`.
    pub first_handler: u32,
    /// What its branch tests.
    pub test: Test,
}

/// One exception handler of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// Number of the handler's block within the body.
    pub block: u16,
    /// Class caught, [`NO_NAME`] for any (`finally`).
    pub catches: Name,
}
