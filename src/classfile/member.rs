//! Fields, methods and attributes (JVMS 4.5, 4.6, 4.7) as iterators over the bytes.

use super::cursor::{ClassError, Cursor};
use crate::vocabulary::Access;

/// A field or a method.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Flags.
    pub access: Access,
    /// Pool index of the name.
    pub name: u16,
    /// Pool index of the descriptor.
    pub desc: u16,
    /// Its attributes.
    pub attributes: Attributes<'a>,
}

/// The fields or the methods of a class.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    cursor: Cursor<'a>,
    left: u16,
}

impl<'a> Members<'a> {
    pub(super) fn parse(cursor: &mut Cursor<'a>) -> Result<Self, ClassError> {
        let left = cursor.u2()?;
        let members = Self { cursor: *cursor, left };
        for _ in 0..left {
            cursor.take(6)?;
            Attributes::parse(cursor)?;
        }
        Ok(members)
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        usize::from(self.left)
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        self.left = self.left.checked_sub(1)?;
        let c = &mut self.cursor;
        // `parse` has walked the same bytes, so none of these fails.
        let (access, name, desc) = (c.u2().ok()?, c.u2().ok()?, c.u2().ok()?);
        let attributes = Attributes::parse(c).ok()?;
        Some(Member { access: Access(access), name, desc, attributes })
    }
}

/// One attribute, undecoded.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// Pool index of its name.
    pub name: u16,
    /// Its content.
    pub data: &'a [u8],
    /// Where the content lies in the class file.
    pub offset: usize,
}

impl<'a> Attribute<'a> {
    /// A cursor over the content.
    pub fn cursor(&self) -> Cursor<'a> {
        Cursor::at(self.data, self.offset)
    }
}

/// An attribute table.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    cursor: Cursor<'a>,
    left: u16,
}

impl<'a> Attributes<'a> {
    /// Reads the table's extent; `cursor` then stands behind it.
    ///
    /// # Errors
    /// When an attribute claims more bytes than there are.
    #[inline]
    pub fn parse(cursor: &mut Cursor<'a>) -> Result<Self, ClassError> {
        let left = cursor.u2()?;
        let attributes = Self { cursor: *cursor, left };
        for _ in 0..left {
            cursor.u2()?;
            let len = cursor.u4()?;
            cursor.take(len as usize)?;
        }
        Ok(attributes)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attribute<'a>> {
        self.left = self.left.checked_sub(1)?;
        let name = self.cursor.u2().ok()?;
        let len = self.cursor.u4().ok()? as usize;
        let offset = self.cursor.offset();
        let data = self.cursor.take(len).ok()?;
        Some(Attribute { name, data, offset })
    }
}
