//! Which formats there are and how each is recognised and opened.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::limits::{
    BYTES_OF_ARCHIVE, CLASS_RATIO, FREE_ARCHIVES, FREE_CLASS_SIZE, Limits, MAX_ENTRIES, MAX_RATIO,
};
use super::nested::open_nested;
use super::reader::Reader;
use super::shared::Shared;
use super::source::{Handle, Source, Window};
use super::tally::Tally;
use super::tree::{Archive, Body, Entry, Form, Locator, Tree};
use super::{folder, unpacked, zip_file};
use crate::vocabulary::{Problem, ProblemCode};

/// A format: how it is recognised and how its entries are listed.
pub struct Format {
    /// What an archive of this format is.
    pub form: Form,
    /// Whether one may lie in an archive. A class file there is an entry, not an archive.
    pub(super) nests: bool,
    /// Whether the content is of this format.
    pub(super) sniff: fn(&Content, &mut Handle) -> bool,
    /// Lists the entries into the archive, problems into the opening; false if the content is not of this format
    /// after all and no problem was told.
    pub(super) list: fn(&mut Opening<'_>, &mut Archive) -> bool,
}

/// All formats; the first one that recognises the content opens it. A class file comes before zip because zip is
/// recognised by its end, and a class may hold a zip's end mark as a constant.
pub const FORMATS: &[Format] = &[
    Format { form: Form::Folder, nests: false, sniff: is_folder, list: folder::list },
    Format { form: Form::ClassFile, nests: false, sniff: is_class_file, list: list_class_file },
    Format { form: Form::Zip, nests: true, sniff: zip_file::is_zip, list: zip_file::list },
];

/// What is to be recognised.
pub(super) struct Content {
    pub(super) body: Body,
    /// First bytes of a file.
    pub(super) head: Vec<u8>,
}

/// An input while it is being opened.
pub(super) struct Opening<'a> {
    pub(super) limits: &'a Limits,
    pub(super) shared: &'a Shared,
    pub(super) reader: Reader,
    pub(super) archives: Vec<Archive>,
    pub(super) problems: Tally,
    /// Entries listed so far, those of nested archives included.
    pub(super) n_entries: u64,
    /// Unpacked bytes of all readable entries listed so far.
    pub(super) total_size: u64,
    /// Unpacked bytes of nested archives in memory.
    pub(super) nested_size: u64,
    /// Unpacked bytes of all classes.
    pub(super) class_size: u64,
    /// Bytes of the archives that lie on the disk, or were given.
    pub(super) given_size: u64,
}

/// Where an archive lies.
pub(super) struct Site {
    pub(super) display: String,
    pub(super) parent: Option<usize>,
    pub(super) entry_in_parent: String,
}

/// Bytes that [`Content::head`] holds at most.
const HEAD_SIZE: usize = 8;
/// First bytes of a class file (JVMS 4.1).
const CLASS_MAGIC: [u8; 4] = [0xCA, 0xFE, 0xBA, 0xBE];
/// Major version of the first class files. A universal binary of macOS has the same magic, and less at this place.
const FIRST_CLASS_VERSION: u16 = 45;

/// Opens a folder, an archive or a class file and lists it with all nested archives.
///
/// `display` is how problems and reports name it. Never fails: an input that cannot be opened gives a tree without
/// archives and one problem.
pub fn open(path: &Path, display: &str, limits: &Limits) -> Tree {
    open_sharing(path, display, limits, &Shared::default())
}

/// Like [`open`]; nested archives that are packed alike in several inputs are in memory once.
pub fn open_sharing(path: &Path, display: &str, limits: &Limits, shared: &Shared) -> Tree {
    let body = match body_of(path) {
        Ok(body) => body,
        Err((code, message)) => return refused(Problem::new(code, display, "", message)),
    };
    let display = match display.trim_end_matches(['/', '\\']) {
        "" => display,
        trimmed => trimmed,
    };
    open_body(body, display, limits, shared)
}

/// Opens an archive or a class file that is in memory, otherwise like [`open`].
pub fn open_bytes(bytes: impl Into<Vec<u8>>, display: &str, limits: &Limits) -> Tree {
    open_body(Body::Bytes(Source::memory(bytes.into())), display, limits, &Shared::default())
}

fn refused(problem: Problem) -> Tree {
    Tree { archives: Vec::new(), problems: vec![problem] }
}

fn body_of(path: &Path) -> Result<Body, (ProblemCode, String)> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => (ProblemCode::MissingInput, "there is no such file or folder".to_owned()),
        _ => (ProblemCode::UnreadableInput, format!("it cannot be read: {error}")),
    };
    let metadata = std::fs::metadata(path).map_err(told)?;
    if metadata.is_dir() {
        std::fs::read_dir(path).map_err(told)?;
        return Ok(Body::Folder(path.into()));
    }
    if !metadata.is_file() {
        // Opening a pipe or a device could wait for ever.
        return Err((ProblemCode::NotAnArchive, "it is neither a file nor a folder".to_owned()));
    }
    File::open(path).map_err(told)?;
    Ok(Body::Bytes(Source::file(path, metadata.len())))
}

fn open_body(body: Body, display: &str, limits: &Limits, shared: &Shared) -> Tree {
    let mut opening = Opening::new(limits, shared);
    opening.given_size = if let Body::Bytes(source) = &body { source.len() } else { 0 };
    let site = Site { display: display.to_owned(), parent: None, entry_in_parent: String::new() };
    match opening.add(body, site, |_| true) {
        Ok(root) => {
            let unpacked = unpacked::take_out(&mut opening, root);
            open_nested(&mut opening, root, 0);
            for application in unpacked {
                opening.archives.push(application);
                let index = opening.archives.len() - 1;
                open_nested(&mut opening, index, 0);
            }
            opening.tell_if_empty(display);
        }
        Err(body) => opening.problems.add(Problem::new(
            ProblemCode::NotAnArchive,
            display,
            "",
            match body {
                Body::Bytes(source) if source.len() == 0 => "the file is empty",
                _ => "the file is neither an archive (jar, war, zip) nor a class file",
            },
        )),
    }
    Tree { archives: opening.archives, problems: opening.problems.finish() }
}

impl<'a> Opening<'a> {
    fn new(limits: &'a Limits, shared: &'a Shared) -> Self {
        let (reader, problems) = (Reader::new(), Tally::default());
        Self {
            limits,
            shared,
            reader,
            archives: Vec::new(),
            problems,
            n_entries: 0,
            total_size: 0,
            nested_size: 0,
            given_size: 0,
            class_size: 0,
        }
    }

    /// Recognises and lists an archive and gives its index; gives the body back if no format fits.
    pub(super) fn add(
        &mut self,
        body: Body,
        site: Site,
        allowed: fn(&Format) -> bool,
    ) -> Result<usize, Body> {
        let mut head = vec![0; HEAD_SIZE];
        if let Body::Bytes(source) = &body {
            let read = source.read_at(self.reader.handle(), 0, &mut head);
            head.truncate(read.unwrap_or(0));
        }
        let content = Content { body, head };
        let handle = self.reader.handle();
        let format =
            FORMATS.iter().filter(|format| allowed(format)).find(|format| (format.sniff)(&content, handle));
        let Some(format) = format else { return Err(content.body) };
        let Site { display, parent, entry_in_parent } = site;
        let (form, limits, entries, body) = (format.form, *self.limits, Vec::new(), content.body);
        let mut archive = Archive { display, parent, entry_in_parent, form, entries, body, limits };
        if !(format.list)(self, &mut archive) {
            return Err(archive.body);
        }
        self.archives.push(archive);
        Ok(self.archives.len() - 1)
    }

    /// Whether one more entry may be listed and, if it is readable at all, its bytes be unpacked; else why not.
    pub(super) fn charge(&mut self, size: u64, packed: u64) -> Result<(), String> {
        if self.n_entries >= u64::from(self.limits.max_entries) {
            return Err(format!("the input has more than {} entries", self.limits.max_entries));
        }
        let readable = self.limits.refusal(size, packed, self.limits.max_entry_size).is_none();
        let total = self.total_size.saturating_add(if readable { size } else { 0 });
        if total > self.limits.max_total_size {
            return Err(format!("the input unpacks to more than {} bytes", self.limits.max_total_size));
        }
        self.n_entries += 1;
        self.total_size = total;
        Ok(())
    }

    /// Whether a class may be read as well, as far as the input's size explains that; else why not.
    pub(super) fn charge_class(&mut self, size: u64, packed: u64, is_class: bool) -> Result<(), String> {
        if !is_class || self.limits.refusal(size, packed, self.limits.max_entry_size).is_some() {
            return Ok(());
        }
        let explained = self.explained(FREE_CLASS_SIZE, CLASS_RATIO);
        let total = self.class_size.saturating_add(size);
        if total > explained {
            return Err(format!(
                "the classes of the input unpack to more than {explained} bytes, which a higher ratio would allow"
            ));
        }
        self.class_size = total;
        Ok(())
    }

    /// Bytes that the input's size explains. Who allows entries a higher ratio than usual allows it to all of them together.
    pub(super) fn explained(&self, free: u64, usual: u64) -> u64 {
        let given = self.limits.max_ratio;
        let ratio = if given > MAX_RATIO { u64::from(given) } else { usual };
        free.saturating_add(self.given_size.saturating_mul(ratio))
    }

    /// Whether there are more archives than an input of this size holds, unless more entries than usual are allowed.
    pub(super) fn has_too_many(&self) -> bool {
        let explained = FREE_ARCHIVES.saturating_add(self.given_size / BYTES_OF_ARCHIVE);
        self.limits.max_entries <= MAX_ENTRIES && self.archives.len() as u64 > explained
    }

    fn tell_if_empty(&mut self, display: &str) {
        let nothing = self.archives.iter().all(|archive| archive.entries.is_empty());
        if nothing && self.problems.is_empty() {
            self.problems.add(Problem::new(ProblemCode::NoClasses, display, "", "there is nothing in it"));
        }
    }
}

fn is_folder(content: &Content, _: &mut Handle) -> bool {
    matches!(content.body, Body::Folder(_))
}

fn is_class_file(content: &Content, _: &mut Handle) -> bool {
    let Some(version) = content.head.strip_prefix(&CLASS_MAGIC) else { return false };
    let major = version.get(2..4).map(|major| u16::from_be_bytes([major[0], major[1]]));
    major.is_some_and(|major| major >= FIRST_CLASS_VERSION)
}

fn list_class_file(opening: &mut Opening<'_>, archive: &mut Archive) -> bool {
    let Body::Bytes(source) = &archive.body else { return false };
    let size = source.len();
    if let Err(reason) = opening.charge(size, size) {
        opening.problems.add(archive.problem(ProblemCode::LimitReached, "", reason));
        return true;
    }
    let name = archive.display.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    archive.entries.push(Entry { name, size, locator: Locator::Whole });
    true
}

/// The path of a folder's file.
pub(super) fn path_in(folder: &Path, entry: &Entry) -> PathBuf {
    match &entry.locator {
        Locator::OddFile(path) => path.to_path_buf(),
        _ => folder.join(&entry.name),
    }
}

/// A walk over the bytes of an archive that lies in bytes.
pub(super) fn window<'s>(source: &'s Source, reader: &'s mut Reader) -> Window<'s> {
    Window::new(source, reader.handle())
}
