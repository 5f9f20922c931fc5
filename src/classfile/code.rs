//! The `Code` attribute (JVMS 4.7.3) and its tables.

use super::cursor::{ClassError, Cursor};
use super::instruction::Instructions;
use super::member::Attributes;

/// A method body.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    /// Depth of the operand stack, in slots.
    pub max_stack: u16,
    /// Number of local variable slots.
    pub max_locals: u16,
    /// The instructions' bytes.
    pub code: &'a [u8],
    /// Where they lie in the class file.
    pub offset: usize,
    exception_table: &'a [u8],
    /// Line numbers and the like.
    pub attributes: Attributes<'a>,
}

/// A row of the exception table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExceptionEntry {
    /// First covered pc.
    pub start: u16,
    /// First pc that is not covered any more.
    pub end: u16,
    /// Where the handler starts.
    pub handler: u16,
    /// Pool index of the class caught, 0 for any.
    pub catch_type: u16,
}

impl<'a> Code<'a> {
    /// Reads a `Code` attribute's content.
    ///
    /// # Errors
    /// When it is truncated, or the code is empty or longer than 65535 bytes (JVMS 4.9.1).
    pub fn parse(mut cursor: Cursor<'a>) -> Result<Self, ClassError> {
        let max_stack = cursor.u2()?;
        let max_locals = cursor.u2()?;
        let len = cursor.u4()? as usize;
        let offset = cursor.offset();
        if len == 0 || len > 0xFFFF {
            return Err(ClassError::new(offset - 4, "a method body must have 1 to 65535 bytes"));
        }
        let code = cursor.take(len)?;
        let n = cursor.u2()?;
        let exception_table = cursor.take(usize::from(n) * 8)?;
        let attributes = Attributes::parse(&mut cursor)?;
        Ok(Self { max_stack, max_locals, code, offset, exception_table, attributes })
    }

    /// The instructions from the first on.
    pub fn instructions(&self) -> Instructions<'a> {
        Instructions::new(self.code, self.offset)
    }

    /// The exception table, in the order in which the JVM searches it (JVMS 2.10).
    pub fn exceptions(&self) -> impl ExactSizeIterator<Item = ExceptionEntry> + use<'a> {
        self.exception_table.chunks_exact(8).map(|b| ExceptionEntry {
            start: u16::from_be_bytes([b[0], b[1]]),
            end: u16::from_be_bytes([b[2], b[3]]),
            handler: u16::from_be_bytes([b[4], b[5]]),
            catch_type: u16::from_be_bytes([b[6], b[7]]),
        })
    }
}

/// `LineNumberTable` rows: (start pc, line) in file order (JVMS 4.7.12).
pub fn line_numbers(data: &[u8]) -> impl Iterator<Item = (u16, u16)> + '_ {
    let rows = data.get(2..).unwrap_or(&[]);
    let n = data.get(..2).map_or(0, |b| usize::from(u16::from_be_bytes([b[0], b[1]])));
    rows.chunks_exact(4).take(n).map(|b| (u16::from_be_bytes([b[0], b[1]]), u16::from_be_bytes([b[2], b[3]])))
}
