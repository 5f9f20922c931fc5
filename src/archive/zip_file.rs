//! Lists a zip by its central directory; a damaged one by the local headers of its entries.

use std::io;

use rustc_hash::FxHashSet;
use zip::ZipArchive;
use zip::result::{ZipError, ZipResult};

use super::formats::{Content, Opening, window};
use super::listing::{Listed, admit, tell_duplicate};
use super::reader::{LOCAL_HEADER_MAGIC, Reader};
use super::recovery::{Recovered, recover};
use super::source::{Handle, Source, Window};
use super::tree::{Archive, Body};
use crate::vocabulary::ProblemCode;

/// First bytes of the end record (APPNOTE 4.3.16), which are those of an empty zip, too.
const END_MAGIC: [u8; 4] = *b"PK\x05\x06";
/// The end record lies in this many last bytes: its own 22 and a comment of at most 64 KiB.
const END_SIZE: u64 = 22 + 0xFFFF;
/// First bytes of a header of the central directory, and its size without the parts of variable length (4.3.12).
const HEADER_MAGIC: [u8; 4] = *b"PK\x01\x02";
const HEADER_SIZE: usize = 46;

/// A directory as read.
struct Directory {
    members: Vec<Listed>,
    /// Where the archive begins that it belongs to; offsets in it count from there.
    origin: u64,
    /// Names of entries that a later one hides, once for each.
    hidden: Vec<String>,
    /// Whether the directory goes on after as many entries as the end record counts.
    goes_on: bool,
}

/// Whether the content starts as a zip or ends as one; anything may precede a zip, often a launch script.
pub(super) fn is_zip(content: &Content, handle: &mut Handle) -> bool {
    let Body::Bytes(source) = &content.body else { return false };
    if starts_as_zip(&content.head) {
        return true;
    }
    let tail_size = source.len().min(END_SIZE);
    let mut tail = vec![0; usize::try_from(tail_size).unwrap_or_default()];
    let read = source.read_at(handle, source.len().saturating_sub(tail_size), &mut tail);
    read.is_ok() && tail.windows(END_MAGIC.len()).any(|bytes| bytes == END_MAGIC)
}

fn starts_as_zip(head: &[u8]) -> bool {
    head.starts_with(&LOCAL_HEADER_MAGIC) || head.starts_with(&END_MAGIC)
}

/// Lists the entries.
pub(super) fn list(opening: &mut Opening<'_>, archive: &mut Archive) -> bool {
    let Body::Bytes(source) = archive.body.clone() else { return false };
    let members = match read_directory(&source, &mut opening.reader) {
        Ok(directory) if directory.origin > 0 && begins_with_entry(&source, &mut opening.reader) => {
            of_later_archive(opening, archive, &source, directory)
        }
        Ok(directory) => {
            for name in &directory.hidden {
                tell_duplicate(opening, archive, name);
            }
            if directory.goes_on {
                with_uncounted(opening, archive, &source, directory.members)
            } else {
                directory.members
            }
        }
        Err(error) => {
            let found = scan(opening, &source, &FxHashSet::default());
            let mut head = LOCAL_HEADER_MAGIC;
            let read = source.read_at(opening.reader.handle(), 0, &mut head);
            if found.members.is_empty() && !(read.is_ok() && starts_as_zip(&head)) {
                return false;
            }
            opening.problems.add(archive.problem(ProblemCode::CorruptArchive, "", broken(&error, &found)));
            found.members
        }
    };
    admit(opening, archive, members, source.len());
    true
}

/// Whether the first bytes are the header of an entry; a launch script's, or another prefix's, are not.
fn begins_with_entry(source: &Source, reader: &mut Reader) -> bool {
    let mut head = [0; LOCAL_HEADER_MAGIC.len()];
    source.read_at(reader.handle(), 0, &mut head).is_ok() && head == LOCAL_HEADER_MAGIC
}

/// Of an archive that begins with an entry, and whose last end record is that of a later one. It was cut off within or
/// behind a nested archive that is stored, whose end record is then the last; or another archive was appended, and of
/// those a JVM sees only the last.
fn of_later_archive(
    opening: &mut Opening<'_>,
    archive: &Archive,
    source: &Source,
    directory: Directory,
) -> Vec<Listed> {
    let Directory { members, origin, .. } = directory;
    let found = scan(opening, source, &FxHashSet::default());
    let headers: FxHashSet<u64> = members.iter().map(|member| member.header).collect();
    let later = found.members.iter().position(|own| headers.contains(&own.header));
    let (message, members) = match later {
        Some(n_before) => {
            let plural = if n_before == 1 { "entry" } else { "entries" };
            let message = format!(
                "another archive follows in it, at offset {origin}; a JVM sees only that one, and so does this scan, \
                 without the {n_before} {plural} before it"
            );
            (message, members)
        }
        None => {
            let nested =
                format!("it is cut off: its end record is that of the archive within it at offset {origin}");
            (format!("{nested}; {}", told(&found)), found.members)
        }
    };
    opening.problems.add(archive.problem(ProblemCode::CorruptArchive, "", message));
    members
}

fn scan(opening: &mut Opening<'_>, source: &Source, known: &FxHashSet<u64>) -> Recovered {
    let most = opening.limits.max_entries as usize;
    recover(&mut window(source, &mut opening.reader), known, most)
}

fn broken(error: &ZipError, found: &Recovered) -> String {
    let reason = match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            format!("cannot be read ({error})")
        }
        ZipError::InvalidArchive(detail) => format!("is missing or damaged ({detail})"),
        ZipError::UnsupportedArchive(detail) => format!("is not supported ({detail})"),
        _ => "is missing or damaged".to_owned(),
    };
    format!("its directory {reason}; {}", told(found))
}

/// How much was found without a directory.
fn told(found: &Recovered) -> String {
    let cut_off = match found.n_incomplete {
        0 => String::new(),
        n => format!(", {n} more {} cut off", if n == 1 { "is" } else { "are" }),
    };
    let n_members = found.members.len();
    let plural = if n_members == 1 { "entry was" } else { "entries were" };
    format!("{n_members} complete {plural} found by their own headers{cut_off}")
}

/// Old tools count entries modulo 65,536. The JDK notices and reads on; so does this, by local headers.
fn with_uncounted(
    opening: &mut Opening<'_>,
    archive: &Archive,
    source: &Source,
    mut members: Vec<Listed>,
) -> Vec<Listed> {
    let known = members.iter().map(|member| member.header).collect();
    let found = scan(opening, source, &known);
    let (counted, more) = (members.len(), found.members.len());
    let message =
        format!("its end record counts {counted} entries; {more} more were found by their own headers");
    opening.problems.add(archive.problem(ProblemCode::CorruptArchive, "", message));
    members.extend(found.members);
    members
}

fn read_directory(source: &Source, reader: &mut Reader) -> ZipResult<Directory> {
    let zip = ZipArchive::new(window(source, reader))?;
    let (metadata, start, origin) = (zip.metadata(), zip.central_directory_start(), zip.offset());
    drop(zip);
    let mut members = Vec::with_capacity(metadata.len());
    for index in 0..metadata.len() {
        let entry = metadata.entry(index)?;
        members.push(Listed {
            name: text_of(entry.name_raw()),
            header: entry.header_start(),
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
            method: number_of(entry.compression()),
            encrypted: entry.encrypted(),
        });
    }
    let n_distinct = members.len();
    let mut n_headers = 0;
    let mut bytes = window(source, reader);
    walk(&mut bytes, start, |_| n_headers += 1)?;
    let (hidden, goes_on) =
        if n_headers == n_distinct { (Vec::new(), false) } else { unmerge(&mut bytes, start, n_distinct)? };
    Ok(Directory { members, origin, hidden, goes_on })
}

/// A name, with bytes that are no UTF-8 replaced; looked through quickly, because nearly none has such.
fn text_of(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(name).into_owned(),
    }
}

/// The number of a compression method, which only a deprecated function tells.
#[expect(deprecated, reason = "the constants name too few methods for a message")]
fn number_of(method: zip::CompressionMethod) -> u16 {
    method.to_u16()
}

/// Names that several headers have, and whether there are more names than `n_distinct`. Opening a zip merges entries
/// of one name, silently.
fn unmerge(bytes: &mut Window<'_>, start: u64, n_distinct: usize) -> io::Result<(Vec<String>, bool)> {
    let mut hidden = Vec::new();
    let mut seen: FxHashSet<Vec<u8>> = FxHashSet::default();
    walk(bytes, start, |name| {
        if !seen.insert(name.to_vec()) && !name.ends_with(b"/") {
            hidden.push(text_of(name));
        }
    })?;
    Ok((hidden, seen.len() > n_distinct))
}

/// Visits the name in each header of the central directory.
fn walk(bytes: &mut Window<'_>, start: u64, mut visit: impl FnMut(&[u8])) -> io::Result<()> {
    let mut offset = start;
    loop {
        let found = bytes.at(offset, HEADER_SIZE)?;
        let Some(header) = found.first_chunk::<HEADER_SIZE>() else { return Ok(()) };
        if !header.starts_with(&HEADER_MAGIC) {
            return Ok(());
        }
        let len = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let (name_len, rest_len) = (len(28), len(30) + len(32));
        let whole = bytes.at(offset, HEADER_SIZE + name_len)?;
        visit(whole.get(HEADER_SIZE..).and_then(|name| name.get(..name_len)).unwrap_or_default());
        offset += (HEADER_SIZE + name_len + rest_len) as u64;
    }
}
