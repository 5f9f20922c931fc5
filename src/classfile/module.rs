//! The `Module` attribute (JVMS 4.7.25), as far as its exports.

use super::cursor::{ClassError, Cursor};

/// A module descriptor up to its `exports` table; what follows (`opens`, `uses`, `provides`) is not read.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// Pool index of the module's name, a `CONSTANT_Module`.
    pub name: u16,
    /// Flags; 0x0020 for an open module.
    pub flags: u16,
    exports: Cursor<'a>,
    n_exports: u16,
}

/// A package that a module exports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Export {
    /// Pool index of the package, a `CONSTANT_Package`.
    pub package: u16,
    /// Number of modules it is exported to; 0 for an unqualified export, to everybody.
    pub n_targets: u16,
}

impl<'a> Module<'a> {
    /// Reads the attribute's content.
    ///
    /// # Errors
    /// When it is truncated.
    pub fn parse(mut cursor: Cursor<'a>) -> Result<Self, ClassError> {
        let (name, flags, _version) = (cursor.u2()?, cursor.u2()?, cursor.u2()?);
        let n_requires = cursor.u2()?;
        cursor.take(usize::from(n_requires) * 6)?;
        let n_exports = cursor.u2()?;
        let module = Self { name, flags, exports: cursor, n_exports };
        for _ in 0..n_exports {
            Self::export(&mut cursor)?;
        }
        Ok(module)
    }

    /// The exported packages, in file order.
    pub fn exports(&self) -> impl Iterator<Item = Export> + use<'a> {
        let (mut cursor, mut left) = (self.exports, self.n_exports);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            Self::export(&mut cursor).ok()
        })
    }

    fn export(cursor: &mut Cursor<'a>) -> Result<Export, ClassError> {
        let (package, _flags, n_targets) = (cursor.u2()?, cursor.u2()?, cursor.u2()?);
        cursor.take(usize::from(n_targets) * 2)?;
        Ok(Export { package, n_targets })
    }
}
