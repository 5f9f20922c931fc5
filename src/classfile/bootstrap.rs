//! The `BootstrapMethods` attribute (JVMS 4.7.23).

use super::cursor::{ClassError, Cursor};

/// One row: the bootstrap method and its static arguments.
#[derive(Clone, Copy, Debug)]
pub struct BootstrapMethod<'a> {
    /// Pool index of the method handle.
    pub handle: u16,
    args: &'a [u8],
}

impl BootstrapMethod<'_> {
    /// Pool index of a static argument.
    pub fn arg(&self, i: usize) -> Option<u16> {
        self.args.get(i * 2..i * 2 + 2).map(|b| u16::from_be_bytes([b[0], b[1]]))
    }

    /// Number of static arguments.
    pub fn n_args(&self) -> usize {
        self.args.len() / 2
    }
}

/// The table, walked anew for each look-up: most classes have few rows and few call sites.
#[derive(Clone, Copy, Debug)]
pub struct BootstrapMethods<'a> {
    cursor: Option<Cursor<'a>>,
}

impl<'a> BootstrapMethods<'a> {
    /// The table of a class without the attribute.
    pub const NONE: Self = Self { cursor: None };

    /// Takes the attribute's content.
    pub fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor: Some(cursor) }
    }

    /// All rows in order, up to the first that is truncated.
    pub fn iter(&self) -> impl Iterator<Item = BootstrapMethod<'a>> + use<'a> {
        let mut cursor = self.cursor;
        let mut left = cursor.as_mut().and_then(|c| c.u2().ok()).unwrap_or(0);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            Self::row(cursor.as_mut()?).ok()
        })
    }

    /// The `index`-th row.
    pub fn get(&self, index: u16) -> Option<BootstrapMethod<'a>> {
        self.iter().nth(usize::from(index))
    }

    fn row(cursor: &mut Cursor<'a>) -> Result<BootstrapMethod<'a>, ClassError> {
        let handle = cursor.u2()?;
        let n = cursor.u2()?;
        Ok(BootstrapMethod { handle, args: cursor.take(usize::from(n) * 2)? })
    }
}
