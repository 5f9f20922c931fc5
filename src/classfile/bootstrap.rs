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

/// Rows have different lengths, so that finding one means walking there. So many places to start from are kept: all
/// rows of nearly every class, and every 1024th of the longest table, which bounds what a call site can cost.
const N_MARKS: usize = 64;

/// The table of bootstrap methods.
#[derive(Clone, Copy, Debug)]
pub struct BootstrapMethods<'a> {
    rows: Cursor<'a>,
    n_rows: u16,
    /// Row `i * stride` starts `marks[i]` bytes into the rows.
    stride: u16,
    marks: [u32; N_MARKS],
}

impl<'a> BootstrapMethods<'a> {
    /// The table of a class without the attribute.
    pub const NONE: Self = Self { rows: Cursor::EMPTY, n_rows: 0, stride: 1, marks: [0; N_MARKS] };

    /// Takes the attribute's content. Rows from the first truncated one on do not count.
    pub fn new(mut cursor: Cursor<'a>) -> Self {
        let claimed = cursor.u2().unwrap_or(0);
        let stride = claimed / N_MARKS as u16 + 1;
        let mut table = Self { rows: cursor, stride, ..Self::NONE };
        let start = cursor.offset();
        while table.n_rows < claimed {
            let at = cursor.offset() - start;
            if Self::row(&mut cursor).is_err() {
                break;
            }
            if table.n_rows.is_multiple_of(stride)
                && let Some(mark) = table.marks.get_mut(usize::from(table.n_rows / stride))
            {
                // An attribute's length is a u4.
                *mark = at as u32;
            }
            table.n_rows += 1;
        }
        table
    }

    /// Number of complete rows.
    pub fn len(&self) -> usize {
        usize::from(self.n_rows)
    }

    /// Whether there is no complete row.
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// All rows in order, up to the first that is truncated.
    pub fn iter(&self) -> impl Iterator<Item = BootstrapMethod<'a>> + use<'a> {
        let (mut cursor, mut left) = (self.rows, self.n_rows);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            Self::row(&mut cursor).ok()
        })
    }

    /// The `index`-th row.
    pub fn get(&self, index: u16) -> Option<BootstrapMethod<'a>> {
        if index >= self.n_rows {
            return None;
        }
        let mut cursor = self.rows;
        let mark = *self.marks.get(usize::from(index / self.stride))?;
        cursor.take(mark as usize).ok()?;
        for _ in 0..index % self.stride {
            Self::row(&mut cursor).ok()?;
        }
        Self::row(&mut cursor).ok()
    }

    fn row(cursor: &mut Cursor<'a>) -> Result<BootstrapMethod<'a>, ClassError> {
        let handle = cursor.u2()?;
        let n = cursor.u2()?;
        Ok(BootstrapMethod { handle, args: cursor.take(usize::from(n) * 2)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of `n` rows; row `i` has handle `i` and `i % 3` arguments.
    fn table(n: u16) -> Vec<u8> {
        let mut bytes = n.to_be_bytes().to_vec();
        for i in 0..n {
            bytes.extend(i.to_be_bytes());
            bytes.extend((i % 3).to_be_bytes());
            (0..i % 3).for_each(|a| bytes.extend(a.to_be_bytes()));
        }
        bytes
    }

    #[test]
    fn every_row_of_short_and_long_tables_is_found_by_its_index() {
        for n in [0, 1, 63, 64, 65, 127, 128, 1000, 65535] {
            let bytes = table(n);
            let methods = BootstrapMethods::new(Cursor::new(&bytes));
            assert_eq!(methods.iter().count(), usize::from(n));
            for (i, row) in methods.iter().enumerate() {
                let found = methods.get(i as u16).unwrap();
                assert_eq!((found.handle, found.n_args()), (row.handle, row.n_args()), "row {i} of {n}");
                assert_eq!((usize::from(found.handle), found.n_args()), (i, i % 3));
            }
            assert!(methods.get(n).is_none());
        }
    }

    #[test]
    fn a_truncated_row_ends_the_table() {
        let bytes = table(9);
        let methods = BootstrapMethods::new(Cursor::new(&bytes[..bytes.len() - 1]));
        assert_eq!(methods.len(), 8);
        assert!(methods.get(8).is_none() && methods.get(7).is_some());
        assert!(BootstrapMethods::new(Cursor::new(&[])).is_empty());
    }
}
