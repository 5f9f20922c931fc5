//! Which of the members that a zip lists become entries, and what is wrong with the others.

use rustc_hash::FxHashMap;

use super::formats::Opening;
use super::reader::LOCAL_HEADER_SIZE;
use super::tally::shown;
use super::tree::{Archive, Entry, Locator, Member};
use crate::vocabulary::ProblemCode;

/// Compression methods that a JVM reads (APPNOTE 4.4.5; `java.util.zip.ZipEntry.STORED` and `DEFLATED`).
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A member of a zip as its directory, or its own header, describes it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) header: u64,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
    pub(super) method: u16,
    pub(super) encrypted: bool,
}

/// Adds the members to the archive's entries, in their order. `end` is the size of the whole zip.
pub(super) fn admit(opening: &mut Opening<'_>, archive: &mut Archive, members: Vec<Listed>, end: u64) {
    let mut members = members;
    members.retain(|member| !member.name.ends_with('/') && !is_mac_twin(&member.name));
    members.retain(|member| match flaw(member, end) {
        None => true,
        Some((code, message)) => {
            opening.problems.add(archive.problem(code, &member.name, message));
            false
        }
    });
    drop_shadowed(opening, archive, &mut members);
    drop_overlapping(opening, archive, &mut members);
    archive.entries.reserve_exact(members.len());
    for listed in members {
        let is_class = listed.name.ends_with(".class");
        let charged = opening.charge(listed.size, listed.packed);
        if let Err(reason) = charged.and_then(|()| opening.charge_class(listed.size, listed.packed, is_class))
        {
            opening.problems.add(archive.problem(
                ProblemCode::LimitReached,
                &listed.name,
                format!("{reason}; what follows was left out"),
            ));
            break;
        }
        let Listed { name, header, packed, size, crc, method, .. } = listed;
        let locator = Locator::Member(Member { header, packed, crc, deflated: method == DEFLATED });
        archive.entries.push(Entry { name, size, locator });
    }
}

/// A member's flaw that shows without reading it.
fn flaw(member: &Listed, end: u64) -> Option<(ProblemCode, String)> {
    if let Some(reason) = unsafe_path(&member.name) {
        return Some((ProblemCode::UnsafePath, format!("the name {} {reason}", shown(&member.name))));
    }
    if member.encrypted {
        return Some((ProblemCode::EncryptedEntry, "the entry is encrypted".to_owned()));
    }
    if !matches!(member.method, STORED | DEFLATED) {
        let message = format!("compression method {} is neither stored (0) nor deflated (8)", member.method);
        return Some((ProblemCode::UnsupportedCompression, message));
    }
    if end_of(member) > end {
        return Some((ProblemCode::CorruptEntry, "its data go beyond the end of the archive".to_owned()));
    }
    None
}

/// Why a name could mean a file outside of the archive, if so.
fn unsafe_path(name: &str) -> Option<&'static str> {
    let mut start = name.chars();
    let drive = start.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && start.next() == Some(':');
    if name.is_empty() {
        Some("is empty")
    } else if name.contains('\0') {
        Some("holds a NUL")
    } else if name.contains('\\') {
        Some("holds a backslash")
    } else if name.starts_with('/') || drive {
        Some("is absolute")
    } else if name.contains("..") && name.split('/').any(|part| part == "..") {
        Some("leads out of the archive")
    } else {
        None
    }
}

/// Whether macOS made this file beside another one: resource forks that carry the other one's name and suffix.
pub(super) fn is_mac_twin(name: &str) -> bool {
    if !name.contains('_') {
        return false;
    }
    let file = name.rsplit('/').next().unwrap_or(name);
    file.starts_with("._") || name.starts_with("__MACOSX/") || name.contains("/__MACOSX/")
}

/// Least offset at which the member can end.
fn end_of(member: &Listed) -> u64 {
    member.header.saturating_add(LOCAL_HEADER_SIZE).saturating_add(member.packed)
}

/// Of entries with one name a JVM sees the last one: `java.util.zip.ZipFile` (checked with JDK 17) hashes names so
/// that a later entry hides an earlier one, and class loaders go through it.
fn drop_shadowed(opening: &mut Opening<'_>, archive: &Archive, members: &mut Vec<Listed>) {
    let mut last: FxHashMap<&str, usize> = FxHashMap::default();
    last.reserve(members.len());
    for (index, member) in members.iter().enumerate() {
        last.insert(&member.name, index);
    }
    if last.len() == members.len() {
        return;
    }
    let counts: Vec<bool> =
        members.iter().enumerate().map(|(index, member)| last.get(&*member.name) == Some(&index)).collect();
    drop(last);
    let mut counts = counts.into_iter();
    members.retain(|member| {
        let counts = counts.next().unwrap_or(true);
        if !counts {
            tell_duplicate(opening, archive, &member.name);
        }
        counts
    });
}

/// Tells that an entry is hidden by a later one of its name.
pub(super) fn tell_duplicate(opening: &mut Opening<'_>, archive: &Archive, name: &str) {
    let message = "a later entry has the same name; a JVM sees only the last one, and so does this scan";
    opening.problems.add(archive.problem(ProblemCode::DuplicateEntry, name, message));
}

/// Entries that share bytes make a small archive unpack to a huge one, and no tool for jars writes them. The one
/// that begins first is kept.
fn drop_overlapping(opening: &mut Opening<'_>, archive: &Archive, members: &mut Vec<Listed>) {
    let mut by_offset: Vec<usize> = (0..members.len()).collect();
    by_offset.sort_by_key(|&index| members.get(index).map(|member| member.header));
    let mut overlaps = vec![false; members.len()];
    let mut taken = 0;
    for index in by_offset {
        let Some(member) = members.get(index) else { continue };
        if member.header < taken {
            overlaps[index] = true;
        } else {
            taken = end_of(member);
        }
    }
    let mut overlaps = overlaps.into_iter();
    members.retain(|member| {
        let overlaps = overlaps.next().unwrap_or(false);
        if overlaps {
            let message = "its bytes overlap those of another entry, as in a zip bomb; it was left out";
            opening.problems.add(archive.problem(ProblemCode::CorruptEntry, &member.name, message));
        }
        !overlaps
    });
}
