//! Unpacks single entries into buffers that are reused; each worker has one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use libdeflater::{DecompressionError, Decompressor};

use super::formats::path_in;
use super::limits::MAX_DEFLATE_RATIO;
use super::source::{Ahead, Handle, Source};
use super::tree::{Archive, Body, Entry, Locator, Member};
use crate::vocabulary::{Problem, ProblemCode};

/// Size of a local file header without name and extra field (APPNOTE 4.3.7).
pub(super) const LOCAL_HEADER_SIZE: u64 = 30;
/// First bytes of a local file header.
pub(super) const LOCAL_HEADER_MAGIC: [u8; 4] = *b"PK\x03\x04";
/// Bytes of extra field that are read along with an entry, so that one read mostly does.
const USUAL_EXTRA_SIZE: u64 = 64;

/// Reads entries. Keeps two buffers as large as the largest entry so far, and the last file open.
pub struct Reader {
    inflater: Decompressor,
    packed: Ahead,
    unpacked: Vec<u8>,
    handle: Handle,
}

/// Where a member of a zip lies packed.
pub(super) struct Packed<'a> {
    pub(super) source: &'a Source,
    pub(super) member: &'a Member,
    /// Unpacked size as the archive claims.
    pub(super) size: u64,
    pub(super) name_len: usize,
}

impl<'a> Packed<'a> {
    /// None for what is no member of a zip, and for what the limits refuse.
    pub(super) fn of(archive: &'a Archive, entry: &'a Entry, cap: u64) -> Option<Self> {
        let (Body::Bytes(source), Locator::Member(member)) = (&archive.body, &entry.locator) else {
            return None;
        };
        refuse(archive, entry.size, member.packed, cap).ok()?;
        Some(Self { source, member, size: entry.size, name_len: entry.name.len() })
    }
}

/// Why an entry was not read.
type Failure = (ProblemCode, String);

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader with empty buffers.
    pub fn new() -> Self {
        Self {
            inflater: Decompressor::new(),
            packed: Ahead::default(),
            unpacked: Vec::new(),
            handle: Handle::default(),
        }
    }

    /// The bytes of an entry, which must be one of this archive; valid until the next read.
    ///
    /// # Errors
    /// `CorruptEntry` if the entry does not unpack to the claimed size and checksum, `LimitReached` if it is too large
    /// or expands too much, `UnreadableEntry` if the file cannot be read (any more).
    pub fn read<'b>(&'b mut self, archive: &Archive, entry: &Entry) -> Result<&'b [u8], Problem> {
        let n_bytes = self.fill(archive, entry, archive.limits.max_entry_size)?;
        Ok(self.unpacked.get(..n_bytes).unwrap_or_default())
    }

    /// Like [`Reader::read`] with another bound on the size; the bytes are the caller's, and no buffer stays as large.
    pub(super) fn read_owned(
        &mut self,
        archive: &Archive,
        entry: &Entry,
        cap: u64,
    ) -> Result<Vec<u8>, Problem> {
        let n_bytes = self.fill(archive, entry, cap);
        self.packed = Ahead::default();
        let mut bytes = std::mem::take(&mut self.unpacked);
        bytes.truncate(n_bytes?);
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Whether an entry of one archive and an entry of another unpack to the same bytes, told without unpacking: by what the
    /// archives list of them and by their packed bytes. False for files in folders, for entries that the limits refuse and
    /// for such as cannot be read, whatever they hold.
    pub fn is_packed_alike(
        &mut self,
        other: &mut Self,
        (archive, entry): (&Archive, &Entry),
        (other_archive, other_entry): (&Archive, &Entry),
    ) -> bool {
        let packed = |archive, entry| Packed::of(archive, entry, archive.limits.max_entry_size);
        entry.name == other_entry.name
            && match (packed(archive, entry), packed(other_archive, other_entry)) {
                (Some(packed), Some(others)) => self.holds_same(other, &packed, &others),
                _ => false,
            }
    }

    /// Whether the packed bytes are the same; false if they cannot be read.
    pub(super) fn holds_same(&mut self, other: &mut Self, one: &Packed<'_>, another: &Packed<'_>) -> bool {
        let is_listed_alike =
            |a: &Member, b: &Member| (a.packed, a.crc, a.deflated) == (b.packed, b.crc, b.deflated);
        one.size == another.size
            && is_listed_alike(one.member, another.member)
            && match (self.bytes_of(one), other.bytes_of(another)) {
                (Ok(bytes), Ok(others)) => bytes == others,
                _ => false,
            }
    }

    fn bytes_of<'b>(&'b mut self, packed: &Packed<'b>) -> Result<&'b [u8], Failure> {
        packed_bytes(packed.source, &mut self.handle, &mut self.packed, packed.member, packed.name_len)
    }

    pub(super) fn handle(&mut self) -> &mut Handle {
        &mut self.handle
    }

    /// Puts the content into `unpacked` and gives its size.
    fn fill(&mut self, archive: &Archive, entry: &Entry, cap: u64) -> Result<usize, Problem> {
        let filled = self.try_fill(archive, entry, cap);
        filled.map_err(|(code, message)| archive.problem(code, &entry.name, message))
    }

    fn try_fill(&mut self, archive: &Archive, entry: &Entry, cap: u64) -> Result<usize, Failure> {
        match (&archive.body, &entry.locator) {
            (Body::Folder(root), Locator::File | Locator::OddFile(_)) => {
                self.fill_from_file(&path_in(root, entry), cap)
            }
            (Body::Bytes(source), Locator::Whole) => {
                refuse(archive, entry.size, entry.size, cap)?;
                let to = sized(&mut self.unpacked, entry.size)?;
                let n_read = source.read_at(&mut self.handle, 0, to).map_err(unreadable)?;
                Ok(n_read)
            }
            (Body::Bytes(source), Locator::Member(member)) => {
                refuse(archive, entry.size, member.packed, cap)?;
                self.fill_from_member(source, entry, member)
            }
            _ => Err((ProblemCode::InternalError, "the entry belongs to another archive".to_owned())),
        }
    }

    /// The file may have changed since it was listed, so its size is bounded again.
    fn fill_from_file(&mut self, path: &Path, cap: u64) -> Result<usize, Failure> {
        self.unpacked.clear();
        let file = File::open(path).map_err(unreadable)?;
        file.take(cap.saturating_add(1)).read_to_end(&mut self.unpacked).map_err(unreadable)?;
        let n_bytes = self.unpacked.len();
        if n_bytes as u64 > cap {
            return Err((ProblemCode::LimitReached, format!("the file has more than {cap} bytes")));
        }
        Ok(n_bytes)
    }

    fn fill_from_member(
        &mut self,
        source: &Source,
        entry: &Entry,
        member: &Member,
    ) -> Result<usize, Failure> {
        let Self { inflater, packed, unpacked, handle } = self;
        if member.deflated && entry.size > member.packed.saturating_mul(MAX_DEFLATE_RATIO) {
            return Err(corrupt(format!(
                "{} deflated bytes cannot hold the claimed {}",
                member.packed, entry.size
            )));
        }
        let packed = packed_bytes(source, handle, packed, member, entry.name.len())?;
        let to = sized(unpacked, entry.size)?;
        if member.deflated {
            inflate(inflater, packed, to)?;
        } else if packed.len() == to.len() {
            to.copy_from_slice(packed);
        } else {
            return Err(corrupt(format!("{} stored bytes claim to be {}", packed.len(), to.len())));
        }
        if libdeflater::crc32(to) != member.crc {
            return Err(corrupt("the checksum of its content is wrong"));
        }
        Ok(to.len())
    }
}

fn refuse(archive: &Archive, size: u64, packed: u64, cap: u64) -> Result<(), Failure> {
    archive
        .limits
        .refusal(size, packed, cap)
        .map_or(Ok(()), |reason| Err((ProblemCode::LimitReached, reason)))
}

fn inflate(inflater: &mut Decompressor, packed: &[u8], to: &mut [u8]) -> Result<(), Failure> {
    match inflater.deflate_decompress(packed, to) {
        Ok(n_bytes) if n_bytes == to.len() => Ok(()),
        Ok(n_bytes) => Err(corrupt(format!("it unpacks to {n_bytes} bytes and claims {}", to.len()))),
        Err(DecompressionError::InsufficientSpace) => {
            Err(corrupt(format!("it unpacks to more than the claimed {} bytes", to.len())))
        }
        Err(DecompressionError::BadData) => Err(corrupt("its deflated data is damaged")),
    }
}

/// The packed bytes of a member.
///
/// The local header is read along, because only it tells where the data begin: its extra field often differs in
/// length from the directory's.
fn packed_bytes<'p>(
    source: &'p Source,
    handle: &mut Handle,
    ahead: &'p mut Ahead,
    member: &Member,
    name_len: usize,
) -> Result<&'p [u8], Failure> {
    if let Some(bytes) = source.in_memory(member.header) {
        return bytes.get(data_range(bytes, member)?).ok_or_else(cut_off);
    }
    let guess = LOCAL_HEADER_SIZE + name_len as u64 + USUAL_EXTRA_SIZE;
    let wanted = usize::try_from(guess.saturating_add(member.packed)).map_err(|_| cut_off())?;
    let bytes = ahead.read(source, handle, member.header, wanted).map_err(unreadable)?;
    let range = data_range(bytes, member)?;
    let bytes = ahead.read(source, handle, member.header, range.end).map_err(unreadable)?;
    bytes.get(range).ok_or_else(cut_off)
}

/// Where the data lie in bytes that begin with the local header (APPNOTE 4.3.7).
fn data_range(bytes: &[u8], member: &Member) -> Result<std::ops::Range<usize>, Failure> {
    let header: &[u8; LOCAL_HEADER_SIZE as usize] = bytes.first_chunk().ok_or_else(cut_off)?;
    if !header.starts_with(&LOCAL_HEADER_MAGIC) {
        return Err(corrupt("there is no entry where the directory says"));
    }
    let name_len = u16::from_le_bytes([header[26], header[27]]);
    let extra_len = u16::from_le_bytes([header[28], header[29]]);
    let start = LOCAL_HEADER_SIZE as usize + usize::from(name_len) + usize::from(extra_len);
    let packed = usize::try_from(member.packed).map_err(|_| cut_off())?;
    let end = start.checked_add(packed).ok_or_else(cut_off)?;
    Ok(start..end)
}

/// The first `len` bytes of a buffer that grows but never shrinks.
fn sized(buffer: &mut Vec<u8>, len: u64) -> Result<&mut [u8], Failure> {
    let len = usize::try_from(len).map_err(|_| cut_off())?;
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    buffer.get_mut(..len).ok_or_else(cut_off)
}

fn corrupt(message: impl Into<String>) -> Failure {
    (ProblemCode::CorruptEntry, message.into())
}

fn cut_off() -> Failure {
    corrupt("its data go beyond the end of the archive")
}

fn unreadable(error: io::Error) -> Failure {
    (ProblemCode::UnreadableEntry, format!("it cannot be read: {error}"))
}
