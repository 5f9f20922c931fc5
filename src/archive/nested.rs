//! Opens the archives that lie in an archive or folder.

use super::formats::{Opening, Site, path_in};
use super::limits::{FREE_NESTED_SIZE, HARD_MAX_DEPTH, NESTED_RATIO};
use super::reader::{LOCAL_HEADER_MAGIC, LOCAL_HEADER_SIZE};
use super::source::{Handle, Source};
use super::tree::{Archive, Body, Entry, Form, Locator, Member};
use crate::vocabulary::{Problem, ProblemCode};

/// Endings of names, in lower case, that promise an archive.
const ARCHIVE_ENDINGS: &[&str] = &[".jar", ".war", ".ear", ".sar", ".zip"];
/// Least size of a zip that holds an entry: local header, directory header, end record, a name of one byte.
const LEAST_ZIP_SIZE: u64 = 100;

/// Opens what lies in the archive at `index`, itself at `depth`, and what lies therein.
pub(super) fn open_nested(opening: &mut Opening<'_>, index: usize, depth: u32) {
    let Some(archive) = opening.archives.get(index) else { return };
    let n_entries = archive.entries.len();
    for entry in 0..n_entries {
        let Some(body) = nested_body(opening, index, entry, depth) else { continue };
        let nested = body.and_then(|body| add(opening, index, entry, body));
        match nested {
            Ok(nested) => open_nested(opening, nested, depth + 1),
            Err(problem) => opening.problems.add(problem),
        }
    }
}

fn add(opening: &mut Opening<'_>, index: usize, entry: usize, body: Body) -> Result<usize, Problem> {
    let parent = &opening.archives[index];
    let name = parent.entries[entry].name.clone();
    let message = "its name is an archive's, its content is not";
    let refused = parent.problem(ProblemCode::NotANestedArchive, &name, message);
    let site = Site { display: parent.display_of(&name), parent: Some(index), entry_in_parent: name };
    opening.add(body, site, |format| format.nests).map_err(|_| refused)
}

/// The bytes of an entry if it promises to be an archive.
fn nested_body(
    opening: &mut Opening<'_>,
    index: usize,
    entry: usize,
    depth: u32,
) -> Option<Result<Body, Problem>> {
    let archive = opening.archives.get(index)?;
    let entry = archive.entries.get(entry)?;
    let promised = promises_archive(&entry.name);
    let stored = stored_range(archive, entry, promised, opening.reader.handle());
    if !promised && stored.is_none() {
        return None;
    }
    if depth >= opening.limits.max_depth.min(HARD_MAX_DEPTH) {
        let message = format!("archives nest deeper than {depth}; this one was not opened");
        return Some(Err(archive.problem(ProblemCode::LimitReached, &entry.name, message)));
    }
    if !matches!(archive.body, Body::Folder(_)) && opening.has_too_many() {
        let message = "the input holds more archives than its size explains; this one was not opened";
        return Some(Err(archive.problem(ProblemCode::LimitReached, &entry.name, message)));
    }
    if let Body::Folder(root) = &archive.body {
        return Some(Ok(Body::Bytes(Source::file(&path_in(root, entry), entry.size))));
    }
    if let Some(source) = stored {
        return Some(Ok(Body::Bytes(source)));
    }
    let explained = opening.explained(FREE_NESTED_SIZE, NESTED_RATIO);
    let left = opening.limits.max_nested_size.min(explained).saturating_sub(opening.nested_size);
    let content = match opening.shared.find(archive, entry, left) {
        Some(same) => Ok(same),
        None => {
            let unpacked = opening.reader.read_owned(archive, entry, left);
            unpacked.map(|bytes| opening.shared.keep(archive, entry, Source::memory(bytes)))
        }
    };
    // Charged even if it turns out to be no archive: unpacking it took the time. What is shared is charged as well, as who
    // unpacks first is up to chance.
    opening.nested_size += content.as_ref().map_or(0, Source::len);
    Some(content.map(Body::Bytes))
}

fn promises_archive(name: &str) -> bool {
    archive_stem(name).is_some()
}

/// A name that promises an archive, without its ending.
pub(super) fn archive_stem(name: &str) -> Option<&str> {
    ARCHIVE_ENDINGS.iter().find_map(|ending| {
        let (stem, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
        end.eq_ignore_ascii_case(ending).then_some(stem)
    })
}

/// The range of a stored entry if it is to be opened: because of its name, or because it starts as a zip does.
fn stored_range(archive: &Archive, entry: &Entry, promised: bool, handle: &mut Handle) -> Option<Source> {
    let (Form::Zip, Body::Bytes(source), Locator::Member(member)) =
        (archive.form, &archive.body, &entry.locator)
    else {
        return None;
    };
    if member.deflated || !(promised || (member.packed >= LEAST_ZIP_SIZE && !entry.is_class())) {
        return None;
    }
    let range = data_of(source, member, handle)?;
    let mut head = [0; 4];
    let is_zip = range.read_at(handle, 0, &mut head).is_ok() && head == LOCAL_HEADER_MAGIC;
    (promised || is_zip).then_some(range)
}

fn data_of(source: &Source, member: &Member, handle: &mut Handle) -> Option<Source> {
    let mut header = [0; LOCAL_HEADER_SIZE as usize];
    let n_read = source.read_at(handle, member.header, &mut header).ok()?;
    if n_read < header.len() || !header.starts_with(&LOCAL_HEADER_MAGIC) {
        return None;
    }
    let name_len = u64::from(u16::from_le_bytes([header[26], header[27]]));
    let extra_len = u64::from(u16::from_le_bytes([header[28], header[29]]));
    let data = member.header.checked_add(LOCAL_HEADER_SIZE + name_len + extra_len)?;
    source.range(data, member.packed)
}
