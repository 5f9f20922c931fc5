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
        whole(self.start)
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
        Self { start: halves(span.start), len: u16::try_from(span.len).unwrap_or(u16::MAX) }
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

/// Ids below this are rows of the body's values; those above say themselves what the value is, so that results and
/// parameters, which most values are, take no rows.
pub(crate) const FIRST_EVENT: u16 = 0x4000;
pub(super) const FIRST_PARAM: u16 = 0xFF00;
pub(super) const NULL_ID: u16 = 0xFFFD;
const NULL: ValueId = ValueId(NULL_ID);
pub(super) const UNKNOWN_ID: u16 = 0xFFFE;

impl Value {
    /// The id of a value that needs no row; `None` if it needs one.
    #[inline]
    pub(crate) fn id_without_row(self) -> Option<ValueId> {
        let from =
            |first: u16, n: u32, end: u16| Some(u32::from(first) + n).filter(|id| *id < u32::from(end));
        match self {
            Self::Unknown => Some(ValueId(UNKNOWN_ID)),
            Self::Null => Some(ValueId(NULL_ID)),
            Self::Param(n) => from(FIRST_PARAM, u32::from(n), NULL_ID).map(|id| ValueId(id as u16)),
            Self::Event(n) if n < u32::from(FIRST_PARAM) => {
                from(FIRST_EVENT, n, FIRST_PARAM).map(|id| ValueId(id as u16))
            }
            _ => None,
        }
    }

    /// The value that an id itself says; `None` if it is a row's.
    #[inline]
    pub(crate) fn without_row(id: ValueId) -> Option<Self> {
        Some(match id.0 {
            0..FIRST_EVENT => return None,
            FIRST_EVENT..FIRST_PARAM => Self::Event(u32::from(id.0 - FIRST_EVENT)),
            FIRST_PARAM..NULL_ID => Self::Param(id.0 - FIRST_PARAM),
            NULL_ID => Self::Null,
            _ => Self::Unknown,
        })
    }
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

/// One thing a body does that a rule can ask about. 12 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// What it does.
    pub kind: EventKind,
    /// Number of operands.
    pub n_args: u8,
    /// Source line, 0 if unknown.
    pub line: u16,
    /// [`MemberRefId`] or [`Name`] in the lower bits, see [`EventKind`]; the highest says that its result is used.
    pub(crate) target: [u16; 2],
    /// Up to two operands, or the row of the first of more in `args`: high half, low half.
    pub(crate) args: [ValueId; 2],
}

const _: () = assert!(size_of::<Event>() == 12 && size_of::<Block>() == 18);

/// So many operands stand in the event itself.
pub(crate) const INLINE_ARGS: usize = 2;
/// The highest bit of an event's target.
const IS_USED: u16 = 1 << 15;
/// The target of events that have none.
pub(crate) const NO_TARGET: u32 = u32::MAX >> 1;

/// The id that stands for "no value".
pub const NO_VALUE: ValueId = ValueId(u16::MAX);

impl Event {
    /// What it names by number, [`NO_TARGET`] if nothing.
    #[inline]
    pub(crate) fn target(&self) -> u32 {
        whole([self.target[0] & !IS_USED, self.target[1]])
    }

    /// Makes it name something else; numbers that are too large name nothing.
    #[inline]
    pub(crate) fn set_target(&mut self, target: u32) {
        let [high, low] = halves(target.min(NO_TARGET));
        self.target = [high | self.target[0] & IS_USED, low];
    }

    /// Whether a value of the body may be its result.
    pub fn is_used(&self) -> bool {
        self.target[0] & IS_USED != 0
    }

    /// Notes that a value of the body may be its result.
    #[inline]
    pub(crate) fn set_used(&mut self) {
        self.target[0] |= IS_USED;
    }

    /// The rows of its operands, if they don't stand in itself.
    #[inline]
    pub(crate) fn rows_of_args(&self) -> Option<Span> {
        let start = whole(self.args.map(|half| half.0));
        (usize::from(self.n_args) > INLINE_ARGS).then_some(Span { start, len: u32::from(self.n_args) })
    }

    /// The member reference it names, if it names one.
    pub fn member(&self) -> Option<MemberRefId> {
        let target = self.target();
        ((self.kind.has_method() || self.kind.has_field()) && target != NO_TARGET)
            .then_some(MemberRefId(target))
    }

    /// The class (or, for a concatenation, the recipe) it names, if it names one.
    pub fn name(&self) -> Option<Name> {
        let target = self.target();
        (self.kind.has_name() && target != NO_TARGET).then_some(Name(target))
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

/// A basic block: events in order, then a branch. 18 bytes, and nothing that depends on where its body lies, so that
/// bodies of one block can share a row. Tables of a unit hold what is rare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// First of its events, counted from the body's first.
    pub(crate) first_event: u16,
    /// Number of its events.
    pub(crate) n_events: u16,
    /// Up to two successors, or, of [`MANY_EDGES`], the row of their number: high half, low half.
    pub(crate) edges: [u16; 2],
    /// Number of successors up to two, else [`MANY_EDGES`].
    pub(crate) n_edges: u8,
    /// What kind of [`Test`] its branch is, by its place there.
    pub(crate) test: u8,
    /// The values tested.
    pub(crate) tested: [ValueId; 2],
    /// Row of its first handler, [`NO_HANDLER`] if there is none: high half, low half.
    pub(crate) handlers: [u16; 2],
}

/// The number of successors of a block whose successors stand in a table: one cell with their number, then they.
pub(crate) const MANY_EDGES: u8 = 3;
/// The row of the handlers of a block that no handler covers.
pub(crate) const NO_HANDLER: u32 = u32::MAX;

/// The two halves of a number that is to take no more than the alignment of its halves.
#[inline]
pub(crate) fn halves(number: u32) -> [u16; 2] {
    [(number >> 16) as u16, number as u16]
}

/// The number that has these halves.
#[inline]
pub(crate) fn whole([high, low]: [u16; 2]) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

impl Block {
    /// Its events, counted from the body's first.
    pub fn events(&self) -> std::ops::Range<usize> {
        let first = usize::from(self.first_event);
        first..first + usize::from(self.n_events)
    }

    /// First of its events, counted from the body's first.
    pub fn first_event(&self) -> u16 {
        self.first_event
    }

    /// Number of its events.
    pub fn n_events(&self) -> u16 {
        self.n_events
    }

    /// What its branch tests.
    pub fn test(&self) -> Test {
        let [a, b] = self.tested;
        match self.test {
            1 => Test::IsNull(a),
            2 => Test::NonNull(a),
            3 => Test::IsZero(a),
            4 => Test::NonZero(a),
            5 => Test::Same(a, b),
            6 => Test::Differ(a, b),
            _ => Test::None,
        }
    }
}

impl Test {
    /// The same test of other values.
    #[inline]
    pub(super) fn map(self, mut value: impl FnMut(ValueId) -> ValueId) -> Self {
        match self {
            Self::None => Self::None,
            Self::IsNull(a) => Self::IsNull(value(a)),
            Self::NonNull(a) => Self::NonNull(value(a)),
            Self::IsZero(a) => Self::IsZero(value(a)),
            Self::NonZero(a) => Self::NonZero(value(a)),
            Self::Same(a, b) => Self::Same(value(a), value(b)),
            Self::Differ(a, b) => Self::Differ(value(a), value(b)),
        }
    }

    /// Kind and values, as blocks hold them.
    #[inline]
    pub(crate) fn parts(self) -> (u8, [ValueId; 2]) {
        match self {
            Self::None => (0, [NO_VALUE; 2]),
            Self::IsNull(a) => (1, [a, NO_VALUE]),
            Self::NonNull(a) => (2, [a, NO_VALUE]),
            Self::IsZero(a) => (3, [a, NO_VALUE]),
            Self::NonZero(a) => (4, [a, NO_VALUE]),
            // `null == x` compares two references.
            Self::Same(a, b) if a == NULL || b == NULL => (1, [if a == NULL { b } else { a }, NO_VALUE]),
            Self::Differ(a, b) if a == NULL || b == NULL => (2, [if a == NULL { b } else { a }, NO_VALUE]),
            Self::Same(a, b) => (5, [a, b]),
            Self::Differ(a, b) => (6, [a, b]),
        }
    }
}

/// One exception handler of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// Number of the handler's block within the body.
    pub block: u16,
    /// Whether it is the last of its block; the next row is another block's.
    pub is_last: bool,
    /// Class caught, [`NO_NAME`] for any (`finally`).
    pub catches: Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_parameters_need_no_rows_and_come_back_from_their_ids() {
        let values = [
            Value::Unknown,
            Value::Null,
            Value::Param(0),
            Value::Param(NULL_ID - FIRST_PARAM - 1),
            Value::Event(0),
            Value::Event(u32::from(FIRST_PARAM - FIRST_EVENT) - 1),
        ];
        for value in values {
            let id = value.id_without_row().unwrap();
            assert!(id != NO_VALUE && id.0 >= FIRST_EVENT);
            assert_eq!(Value::without_row(id), Some(value));
        }
        let too_large = [
            Value::Param(NULL_ID - FIRST_PARAM),
            Value::Event(u32::from(FIRST_PARAM - FIRST_EVENT)),
            Value::Event(u32::MAX),
            Value::Int(0),
        ];
        assert!(too_large.iter().all(|value| value.id_without_row().is_none()));
        assert_eq!(Value::without_row(ValueId(FIRST_EVENT - 1)), None);
        assert_eq!(Value::without_row(NO_VALUE), Some(Value::Unknown));
    }

    #[test]
    fn what_an_event_names_and_whether_its_result_is_used_do_not_touch_each_other() {
        let (kind, args) = (EventKind::New, [NO_VALUE; 2]);
        let mut event = Event { kind, n_args: 0, line: 0, target: halves(NO_TARGET), args };
        assert_eq!((event.name(), event.is_used()), (None, false));
        event.set_used();
        assert_eq!((event.name(), event.is_used()), (None, true));
        event.set_target(70_000);
        assert_eq!((event.name(), event.is_used()), (Some(Name(70_000)), true));
        event.set_target(u32::MAX);
        assert_eq!((event.name(), event.is_used()), (None, true));
    }
}
