//! A range of bytes of a file or of memory, read at positions: what every archive lies in.
//!
//! Files are neither mapped (a file that shrinks would kill the process) nor read whole. No file stays open for the
//! sake of an archive either: each worker keeps the one it read last, so a class path of thousands of archives needs
//! no more descriptors than there are workers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// Bytes that [`Window`] reads at once.
const WINDOW_SIZE: usize = 64 * 1024;

#[derive(Clone, Debug)]
enum Origin {
    File(Arc<Path>),
    Memory(Arc<Vec<u8>>),
}

/// A byte range. Cloning copies no bytes.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    origin: Origin,
    start: u64,
    len: u64,
}

/// The file that its owner read last, kept open. Never shared between threads.
#[derive(Default, Debug)]
pub(crate) struct Handle {
    open: Option<(Arc<Path>, File)>,
}

impl Source {
    pub(crate) fn file(path: &Path, len: u64) -> Self {
        Self { origin: Origin::File(path.into()), start: 0, len }
    }

    pub(crate) fn memory(bytes: Vec<u8>) -> Self {
        let len = bytes.len() as u64;
        Self { origin: Origin::Memory(Arc::new(bytes)), start: 0, len }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of memory that are held for this range.
    pub(crate) fn held_bytes(&self) -> u64 {
        match &self.origin {
            Origin::File(_) => 0,
            Origin::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// The part from `offset` on with `len` bytes, if it lies within.
    pub(crate) fn range(&self, offset: u64, len: u64) -> Option<Self> {
        let end = offset.checked_add(len)?;
        (end <= self.len).then(|| Self { origin: self.origin.clone(), start: self.start + offset, len })
    }

    /// The bytes from `offset` on without a copy, if they are in memory.
    pub(crate) fn in_memory(&self, offset: u64) -> Option<&[u8]> {
        let Origin::Memory(bytes) = &self.origin else { return None };
        let start = usize::try_from(self.start.checked_add(offset)?).ok()?;
        let end = usize::try_from(self.start.checked_add(self.len)?).ok()?;
        bytes.get(start..end)
    }

    /// Reads from `offset` on into `buffer`; gives the number of bytes, fewer than asked for only at the end.
    pub(crate) fn read_at(&self, handle: &mut Handle, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        match &self.origin {
            Origin::Memory(_) => {
                let bytes = self.in_memory(offset).and_then(|bytes| bytes.get(..wanted));
                buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
            Origin::File(path) => read_exact_at(handle.file(path)?, buffer, self.start + offset)?,
        }
        Ok(wanted)
    }
}

impl Handle {
    fn file(&mut self, path: &Arc<Path>) -> io::Result<&mut File> {
        if !self.open.as_ref().is_some_and(|(open, _)| Arc::ptr_eq(open, path)) {
            self.open = None;
            let file = File::open(path)?;
            self.open = Some((Arc::clone(path), file));
        }
        self.open.as_mut().map(|(_, file)| file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What its owner read last of a file, and what follows it there: entries are mostly read in the order in which they
/// lie, and one read of many costs less than many reads.
#[derive(Default)]
pub(crate) struct Ahead {
    path: Option<Arc<Path>>,
    start: u64,
    bytes: Vec<u8>,
    n_held: usize,
    n_asked: u64,
    n_read: u64,
}

/// Bytes that are read at once where entries follow each other.
const AHEAD_SIZE: usize = 128 * 1024;

impl Ahead {
    /// The bytes from `offset` of a source on; fewer than asked for only at the end.
    pub(crate) fn read<'b>(
        &'b mut self,
        source: &'b Source,
        handle: &mut Handle,
        offset: u64,
        wanted: usize,
    ) -> io::Result<&'b [u8]> {
        let left = usize::try_from(source.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        let Origin::File(path) = &source.origin else {
            let bytes = source.in_memory(offset).and_then(|bytes| bytes.get(..wanted));
            return bytes.ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        };
        self.n_asked += wanted as u64;
        let skip = match self.skip_to(path, source.start + offset) {
            Some(skip) if skip + wanted <= self.n_held => skip,
            near => {
                // Entries in disorder must not cost more than twice what they hold.
                let is_cheap = self.n_read <= self.n_asked + AHEAD_SIZE as u64;
                let more = if near.is_some() && is_cheap { AHEAD_SIZE.min(left) } else { 0 };
                self.fetch(source, handle, offset, wanted.max(more), wanted)?;
                self.path = Some(Arc::clone(path));
                0
            }
        };
        Ok(self.bytes.get(skip..skip + wanted).unwrap_or_default())
    }

    /// How far behind the first byte at hand a byte of the file lies, if it lies behind it and not far away.
    fn skip_to(&self, path: &Arc<Path>, at: u64) -> Option<usize> {
        self.path.as_ref().filter(|held| Arc::ptr_eq(held, path))?;
        let skip = usize::try_from(at.checked_sub(self.start)?).ok()?;
        (skip <= self.n_held + AHEAD_SIZE).then_some(skip)
    }

    /// Reads `n` bytes, or only those that are wanted if the file has become too short for more.
    fn fetch(
        &mut self,
        source: &Source,
        handle: &mut Handle,
        offset: u64,
        n: usize,
        wanted: usize,
    ) -> io::Result<()> {
        (self.path, self.n_held) = (None, 0);
        if self.bytes.len() < n {
            self.bytes.resize(n, 0);
        }
        let mut read = source.read_at(handle, offset, self.bytes.get_mut(..n).unwrap_or_default());
        if read.is_err() && n > wanted {
            read = source.read_at(handle, offset, self.bytes.get_mut(..wanted).unwrap_or_default());
        }
        self.n_held = read?;
        self.n_read += self.n_held as u64;
        self.start = source.start + offset;
        Ok(())
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Seeking is safe here because a handle belongs to one worker.
#[cfg(not(unix))]
fn read_exact_at(file: &mut File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

/// A source as a buffered stream, for readers that walk it: the zip directory's, and the search for entries.
pub(crate) struct Window<'a> {
    source: &'a Source,
    handle: &'a mut Handle,
    position: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(source: &'a Source, handle: &'a mut Handle) -> Self {
        Self { source, handle, position: 0, start: 0, bytes: Vec::new() }
    }

    /// The buffered bytes from `offset` on: at least `wanted` of them (up to 64 KiB), fewer only at the end.
    pub(crate) fn at(&mut self, offset: u64, wanted: usize) -> io::Result<&[u8]> {
        let skip = match self.buffered(offset, wanted) {
            Some(skip) => skip,
            None => {
                self.bytes.resize(WINDOW_SIZE, 0);
                let read = self.source.read_at(self.handle, offset, &mut self.bytes);
                self.bytes.truncate(*read.as_ref().unwrap_or(&0));
                self.start = offset;
                read.map(|_| 0)?
            }
        };
        Ok(self.bytes.get(skip..).unwrap_or_default())
    }

    /// Offset behind the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.source.len()
    }

    fn buffered(&self, offset: u64, wanted: usize) -> Option<usize> {
        let skip = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let enough = self.bytes.len().checked_sub(skip)? >= wanted.max(1);
        enough.then_some(skip)
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let position = self.position;
        let found = self.at(position, 1)?;
        let n = found.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), found.get(..n)) {
            to.copy_from_slice(from);
        }
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.source.len().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
