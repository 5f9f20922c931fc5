//! A checked read position over the bytes of a class file.

/// What is wrong with a class file, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClassError {
    /// Offset in the class file, in bytes.
    pub offset: u32,
    /// What was expected there.
    pub what: &'static str,
}

impl ClassError {
    /// An error at an offset.
    #[cold]
    pub fn new(offset: usize, what: &'static str) -> Self {
        Self { offset: u32::try_from(offset).unwrap_or(u32::MAX), what }
    }
}

impl std::fmt::Display for ClassError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at byte {})", self.what, self.offset)
    }
}

impl std::error::Error for ClassError {}

/// A position in a part of a class file that knows its offset in the whole.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

impl<'a> Cursor<'a> {
    /// Nothing to read.
    pub const EMPTY: Self = Self { bytes: &[], at: 0, base: 0 };

    /// The start of a class file.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, base: 0 }
    }

    /// The start of a part that lies at `base` of the class file.
    pub fn at(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// Offset in the class file.
    pub fn offset(&self) -> usize {
        self.base + self.at
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end of the bytes; so also the readers below.
    #[inline]
    pub fn u1(&mut self) -> Result<u8, ClassError> {
        match self.bytes.get(self.at) {
            Some(&b) => {
                self.at += 1;
                Ok(b)
            }
            None => Err(self.truncated()),
        }
    }

    /// Two bytes, big-endian.
    #[inline]
    pub fn u2(&mut self) -> Result<u16, ClassError> {
        match self.bytes.get(self.at..self.at + 2) {
            Some(b) => {
                self.at += 2;
                Ok(u16::from_be_bytes([b[0], b[1]]))
            }
            None => Err(self.truncated()),
        }
    }

    /// Four bytes, big-endian.
    #[inline]
    pub fn u4(&mut self) -> Result<u32, ClassError> {
        match self.bytes.get(self.at..self.at + 4) {
            Some(b) => {
                self.at += 4;
                Ok(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
            }
            None => Err(self.truncated()),
        }
    }

    /// The next `len` bytes.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], ClassError> {
        match self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end)) {
            Some(b) => {
                self.at += len;
                Ok(b)
            }
            None => Err(self.truncated()),
        }
    }

    #[cold]
    fn truncated(&self) -> ClassError {
        ClassError::new(self.offset(), "the file ends in the middle of a structure")
    }
}
