//! Annotations (JVMS 4.7.16), as a walk that calls back, without building a tree.

use super::cursor::{ClassError, Cursor};

/// Nesting deeper than this is refused; javac itself never writes more than a few levels.
pub const MAX_DEPTH: u32 = 64;

/// A leaf among an annotation's element values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElementValue {
    /// A number, boolean or character: pool index of the constant, and the tag (`B C D F I J S Z`).
    Number(u16, u8),
    /// A string: pool index of the UTF-8 entry.
    Text(u16),
    /// A class: pool index of its descriptor.
    Class(u16),
    /// An enum constant: pool indices of the type's descriptor and of the constant's name.
    Enum(u16, u16),
}

/// The annotations of one attribute.
pub struct Annotations<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Annotations<'a> {
    /// Takes a `RuntimeVisibleAnnotations` or `RuntimeInvisibleAnnotations` attribute's content.
    pub fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor }
    }

    /// Calls `begin` with the type of each top-level annotation and `value` with each of its leaves (element name,
    /// leaf); arrays give one call per element, nested annotations are skipped.
    ///
    /// # Errors
    /// When the bytes end early, a tag is unknown, or the nesting is deeper than [`MAX_DEPTH`].
    pub fn walk<S>(
        mut self,
        state: &mut S,
        mut begin: impl FnMut(&mut S, u16),
        mut value: impl FnMut(&mut S, u16, ElementValue),
    ) -> Result<(), ClassError> {
        let n = self.cursor.u2()?;
        for _ in 0..n {
            let desc = self.cursor.u2()?;
            begin(state, desc);
            let n_pairs = self.cursor.u2()?;
            for _ in 0..n_pairs {
                let key = self.cursor.u2()?;
                self.element(0, &mut |v| value(state, key, v))?;
            }
        }
        Ok(())
    }

    fn element(&mut self, depth: u32, leaf: &mut dyn FnMut(ElementValue)) -> Result<(), ClassError> {
        if depth > MAX_DEPTH {
            return Err(ClassError::new(self.cursor.offset(), "annotations are nested too deeply"));
        }
        let tag = self.cursor.u1()?;
        match tag {
            b'B' | b'C' | b'D' | b'F' | b'I' | b'J' | b'S' | b'Z' => {
                leaf(ElementValue::Number(self.cursor.u2()?, tag));
            }
            b's' => leaf(ElementValue::Text(self.cursor.u2()?)),
            b'c' => leaf(ElementValue::Class(self.cursor.u2()?)),
            b'e' => leaf(ElementValue::Enum(self.cursor.u2()?, self.cursor.u2()?)),
            b'[' => {
                let n = self.cursor.u2()?;
                for _ in 0..n {
                    self.element(depth + 1, leaf)?;
                }
            }
            b'@' => {
                self.cursor.u2()?;
                let n = self.cursor.u2()?;
                for _ in 0..n {
                    self.cursor.u2()?;
                    self.element(depth + 1, &mut |_| {})?;
                }
            }
            _ => {
                return Err(ClassError::new(
                    self.cursor.offset() - 1,
                    "unknown tag of an annotation's value",
                ));
            }
        }
        Ok(())
    }
}
