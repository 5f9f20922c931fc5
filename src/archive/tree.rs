//! What an opened input looks like: archives, their entries, and the problems met on the way.

use std::path::Path;
use std::sync::Arc;

use super::limits::Limits;
use super::source::Source;
use crate::vocabulary::{Problem, ProblemCode};

/// One opened input.
#[derive(Default, Debug)]
pub struct Tree {
    /// The input itself, if it could be opened, then nested archives in pre-order and in the order of their entries.
    pub archives: Vec<Archive>,
    /// What was wrong, a few of each kind per archive.
    pub problems: Vec<Problem>,
}

/// What kind of container an archive is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Form {
    /// A folder of the file system.
    Folder,
    /// A zip file: jar, war, ear or any other.
    Zip,
    /// A single class file; its one entry is the file itself.
    ClassFile,
}

/// One archive or folder and its entries.
#[derive(Debug)]
pub struct Archive {
    /// Path for people. An archive in an archive is written `outer.jar!/lib/inner.jar`, one in a folder
    /// `folder/inner.jar`.
    pub display: String,
    /// Index of the archive or folder that it lies in.
    pub parent: Option<usize>,
    /// Name of its entry in the parent; empty for the input itself.
    pub entry_in_parent: String,
    /// What it is.
    pub form: Form,
    /// Its files: zip entries in the order of the zip's directory, files of a folder sorted by path. Directories are
    /// left out, and so is what cannot be read (encrypted, unsafe name, …), which is a problem instead. Of several
    /// entries with one name only the one a JVM sees is here.
    pub entries: Vec<Entry>,
    pub(super) body: Body,
    pub(super) limits: Limits,
}

/// A file in an archive.
#[derive(Debug)]
pub struct Entry {
    /// Path within the archive, separated by `/`; bytes that are no UTF-8 are replaced.
    pub name: String,
    /// Unpacked size in bytes, as the archive claims.
    pub size: u64,
    pub(super) locator: Locator,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Folder(Arc<Path>),
    Bytes(Source),
}

#[derive(Debug)]
pub(super) enum Locator {
    /// A file under the folder at the entry's name.
    File,
    /// A file whose path is no UTF-8.
    OddFile(Box<Path>),
    /// The whole body.
    Whole,
    /// A member of a zip.
    Member(Member),
}

/// Where a zip holds an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Offset of the local header.
    pub(super) header: u64,
    /// Size as stored.
    pub(super) packed: u64,
    /// Checksum of the unpacked bytes.
    pub(super) crc: u32,
    /// Whether deflated; else stored.
    pub(super) deflated: bool,
}

impl Archive {
    /// Bytes that this archive holds in memory: 0 unless it is, or lies in, a deflated nested archive. They are freed
    /// when the last archive that lies in them is dropped.
    pub fn held_bytes(&self) -> u64 {
        match &self.body {
            Body::Folder(_) => 0,
            Body::Bytes(source) => source.held_bytes(),
        }
    }

    /// The entry with exactly this name. Linear; meant for a few look-ups.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Path for people of something that lies in this archive.
    pub(super) fn display_of(&self, name: &str) -> String {
        let separator = if self.form == Form::Folder { "/" } else { "!/" };
        format!("{}{separator}{name}", self.display)
    }

    pub(super) fn problem(&self, code: ProblemCode, entry: &str, message: impl Into<String>) -> Problem {
        Problem::new(code, &self.display, entry, message)
    }
}

impl Entry {
    /// Whether its name is that of a class file.
    pub fn is_class(&self) -> bool {
        self.name.ends_with(".class")
    }

    /// A number that entries have in common of which their archives list the same. None for what is no member of a zip.
    pub fn listing_key(&self) -> Option<u64> {
        let Locator::Member(member) = &self.locator else { return None };
        Some((u64::from(member.crc) << 32) ^ self.size.rotate_left(16) ^ member.packed)
    }
}
