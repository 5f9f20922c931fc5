//! How one number, name or other field is written within its column.

use super::CodecError;
use crate::body::{EventKind, NO_NAME, ShortSpan, Span, Value, halves, whole};
use crate::vocabulary::{Access, MemberRefId, Name, ValueId};

const ENDS_EARLY: CodecError = CodecError::Damaged("it ends early");
const TOO_LARGE: CodecError = CodecError::Damaged("a number is out of range");

/// A read position in a payload.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    /// The start of a payload.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> Result<u8, CodecError> {
        let byte = *self.bytes.get(self.at).ok_or(ENDS_EARLY)?;
        self.at += 1;
        Ok(byte)
    }

    /// A number as [`put_uint`] writes it.
    #[inline]
    pub(crate) fn uint(&mut self) -> Result<u64, CodecError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7F);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(TOO_LARGE)
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let end = self.at.checked_add(len).ok_or(ENDS_EARLY)?;
        let bytes = self.bytes.get(self.at..end).ok_or(ENDS_EARLY)?;
        self.at = end;
        Ok(bytes)
    }

    /// A text as [`put_text`] writes it.
    pub(crate) fn text(&mut self) -> Result<&'a str, CodecError> {
        let len = usize::try_from(self.uint()?).map_err(|_| TOO_LARGE)?;
        std::str::from_utf8(self.take(len)?).map_err(|_| CodecError::Damaged("a text is no UTF-8"))
    }

    /// A number of rows that have `n_columns` columns. Each cell takes a byte or more, which bounds what a claimed
    /// number may make the caller allocate.
    pub(crate) fn count(&mut self, n_columns: usize) -> Result<usize, CodecError> {
        let count = usize::try_from(self.uint()?).map_err(|_| TOO_LARGE)?;
        if count.saturating_mul(n_columns) > self.bytes.len() - self.at {
            return Err(CodecError::Damaged("it claims more rows than it holds"));
        }
        Ok(count)
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(&self) -> Result<(), CodecError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(CodecError::Damaged("bytes follow its end")) }
    }
}

/// Writes seven bits a byte, low ones first.
pub(crate) fn put_uint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes length and text.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_uint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// A field of a row. `last` is the column's memory, 0 before its first cell.
pub(super) trait Cell: Sized + Copy {
    /// Appends it.
    fn put(self, last: &mut u32, out: &mut Vec<u8>);
    /// Reads it.
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError>;
}

/// Writes the difference to the last number, small ones of either sign in one byte.
fn put_delta(value: u32, last: &mut u32, out: &mut Vec<u8>) {
    let delta = value.wrapping_sub(*last) as i32;
    put_uint(u64::from((delta << 1 ^ delta >> 31) as u32), out);
    *last = value;
}

#[inline]
fn get_delta(last: &mut u32, input: &mut Input<'_>) -> Result<u32, CodecError> {
    let coded = get_u32(input)?;
    let delta = (coded >> 1) ^ (coded & 1).wrapping_neg();
    *last = last.wrapping_add(delta);
    Ok(*last)
}

#[inline]
fn get_u32(input: &mut Input<'_>) -> Result<u32, CodecError> {
    u32::try_from(input.uint()?).map_err(|_| TOO_LARGE)
}

#[inline]
fn get_u16(input: &mut Input<'_>) -> Result<u16, CodecError> {
    u16::try_from(input.uint()?).map_err(|_| TOO_LARGE)
}

impl Cell for u32 {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        put_delta(self, last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        get_delta(last, input)
    }
}

impl Cell for u16 {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        put_delta(u32::from(self), last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        u16::try_from(get_delta(last, input)?).map_err(|_| TOO_LARGE)
    }
}

impl Cell for u8 {
    fn put(self, _: &mut u32, out: &mut Vec<u8>) {
        out.push(self);
    }
    fn get(_: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        input.byte()
    }
}

impl Cell for bool {
    fn put(self, _: &mut u32, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }
    fn get(_: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        Ok(input.byte()? != 0)
    }
}

impl Cell for Access {
    fn put(self, _: &mut u32, out: &mut Vec<u8>) {
        put_uint(u64::from(self.0), out);
    }
    fn get(_: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        get_u16(input).map(Access)
    }
}

impl Cell for ValueId {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        self.0.put(last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        u16::get(last, input).map(ValueId)
    }
}

impl Cell for MemberRefId {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        self.0.put(last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        u32::get(last, input).map(MemberRefId)
    }
}

/// Names get their ids in order of first use, so that in a column a name is often the next unused one: that is 1,
/// a name used before is 2 or more, and no name is 0.
impl Cell for Name {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        if self == NO_NAME {
            out.push(0);
        } else if self.0 == last.wrapping_add(1) {
            out.push(1);
        } else {
            put_uint(u64::from(self.0) + 2, out);
        }
        note_name(self, last);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        let name = match input.uint()? {
            0 => NO_NAME,
            1 => Name(last.wrapping_add(1)),
            id => Name(u32::try_from(id - 2).map_err(|_| TOO_LARGE)?),
        };
        note_name(name, last);
        Ok(name)
    }
}

fn note_name(name: Name, last: &mut u32) {
    if name != NO_NAME && name.0 > *last {
        *last = name.0;
    }
}

/// Spans mostly start where the last one ended.
impl Cell for Span {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        put_uint(u64::from(self.len), out);
        put_delta(self.start, &mut last.clone(), out);
        note_span(self, last);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        let len = get_u32(input)?;
        let start = get_delta(&mut last.clone(), input)?;
        let span = Self { start, len };
        note_span(span, last);
        Ok(span)
    }
}

impl Cell for ShortSpan {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        let span: Span = self.into();
        span.put(last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        let span = Span::get(last, input)?;
        if span.len > u32::from(u16::MAX) { Err(TOO_LARGE) } else { Ok(span.into()) }
    }
}

fn note_span(span: Span, last: &mut u32) {
    if span.len > 0 {
        *last = span.start.wrapping_add(span.len);
    }
}

const EVENT_KINDS: [EventKind; 22] = {
    use EventKind::*;
    [
        InvokeVirtual,
        InvokeSpecial,
        InvokeStatic,
        InvokeInterface,
        Lambda,
        Concat,
        InvokeDynamic,
        GetStatic,
        PutStatic,
        GetField,
        PutField,
        New,
        NewArray,
        ArrayLoad,
        ArrayStore,
        CheckCast,
        InstanceOf,
        ClassLiteral,
        Return,
        Throw,
        MonitorEnter,
        MonitorExit,
    ]
};

// The discriminant is the place in the table; a kind that is missing there would be read as another.
const _: () = {
    let mut i = 0;
    while i < EVENT_KINDS.len() {
        assert!(EVENT_KINDS[i] as usize == i);
        i += 1;
    }
    assert!(EventKind::MonitorExit as usize + 1 == EVENT_KINDS.len());
};

impl Cell for EventKind {
    fn put(self, _: &mut u32, out: &mut Vec<u8>) {
        out.push(self as u8);
    }
    fn get(_: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        let kind = EVENT_KINDS.get(usize::from(input.byte()?)).copied();
        kind.ok_or(CodecError::Damaged("an unknown kind of event"))
    }
}

impl Cell for Value {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        let mut row = |tag: u8, value: u32| {
            out.push(tag);
            put_uint(u64::from(value), out);
        };
        match self {
            Self::Unknown => out.push(0),
            Self::Null => out.push(1),
            Self::Int(n) => row(2, (n << 1 ^ n >> 31) as u32),
            Self::Str(name) => row(3, name.0),
            Self::Class(name) => row(4, name.0),
            Self::Param(n) => row(5, u32::from(n)),
            Self::Event(n) => row(6, n),
            Self::Caught(n) => row(7, u32::from(n)),
            Self::Derived(id) => row(8, u32::from(id.0)),
            Self::Merge { start, len } => {
                row(9, u32::from(len));
                put_delta(start, last, out);
            }
        }
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        Ok(match input.byte()? {
            0 => Self::Unknown,
            1 => Self::Null,
            2 => {
                let coded = get_u32(input)?;
                Self::Int(((coded >> 1) ^ (coded & 1).wrapping_neg()) as i32)
            }
            3 => Self::Str(Name(get_u32(input)?)),
            4 => Self::Class(Name(get_u32(input)?)),
            5 => Self::Param(get_u16(input)?),
            6 => Self::Event(get_u32(input)?),
            7 => Self::Caught(get_u16(input)?),
            8 => Self::Derived(ValueId(get_u16(input)?)),
            9 => {
                let len = get_u16(input)?;
                Self::Merge { start: get_delta(last, input)?, len }
            }
            _ => return Err(CodecError::Damaged("an unknown kind of value")),
        })
    }
}

/// A number in halves.
impl Cell for [u16; 2] {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        whole(self).put(last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        u32::get(last, input).map(halves)
    }
}

impl Cell for [ValueId; 2] {
    fn put(self, last: &mut u32, out: &mut Vec<u8>) {
        self.map(|id| id.0).put(last, out);
    }
    fn get(last: &mut u32, input: &mut Input<'_>) -> Result<Self, CodecError> {
        <[u16; 2]>::get(last, input).map(|ids| ids.map(ValueId))
    }
}
