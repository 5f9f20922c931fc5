//! The classes of a Java runtime from Java 9 on, which lie in one file, `lib/modules`, in the "jimage" format.
//!
//! The format has no specification; its source is OpenJDK's `imageFile.hpp` and `jdk.internal.jimage`. All numbers
//! are in the byte order of the machine that the runtime is for:
//!
//! ```text
//! header      magic CAFEDADA, version (major 1), flags, number of resources, table length, locations' and
//!             strings' sizes; 4 bytes each
//! redirects   4 bytes a row: perfect hash, not needed for listing everything
//! offsets     4 bytes a row: where the row's location starts within the locations
//! locations   attributes: a byte kind << 3 | length - 1, then the value, always big-endian; kind 0 ends
//! strings     modified UTF-8, each ended by a NUL
//! resources   at the offsets (from here) that locations say
//! ```
//!
//! A runtime of Java 8 has no such file: its `lib/rt.jar` (`jre/lib/rt.jar` in a JDK) is a jar like any other.

use crate::classfile::text;
use crate::vocabulary::{Problem, ProblemCode};
use libdeflater::Decompressor;
use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

const MAGIC: u32 = 0xCAFE_DADA;
const HEADER_LEN: usize = 28;
/// Starts a resource that is compressed.
const COMPRESSED_MAGIC: u32 = 0xCAFE_FAFA;
/// Magic, compressed and plain length (8 bytes each), offsets of the method's name and configuration, a flag.
const COMPRESSED_HEADER_LEN: usize = 29;
/// No class file is larger, in bytes; the largest of `java.base` 17 has 300 KB.
const MAX_RESOURCE: u64 = 64 << 20;
/// Compression methods may be stacked; no tool stacks more than two.
const MAX_STACKED: usize = 4;

const MODULE: usize = 1;
const PARENT: usize = 2;
const BASE: usize = 3;
const EXTENSION: usize = 4;
const OFFSET: usize = 5;
const COMPRESSED: usize = 6;
const UNCOMPRESSED: usize = 7;

/// An opened `lib/modules` with its index in memory.
pub struct JImage {
    file: File,
    path: String,
    order: Order,
    /// Offsets, locations and strings, as in the file.
    offsets: Vec<u8>,
    locations: Vec<u8>,
    strings: Vec<u8>,
    /// Where the resources start in the file.
    resources: u64,
    file_len: u64,
}

/// A class file in the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassResource<'a> {
    /// Name of its module, `java.base`.
    pub module: Cow<'a, str>,
    /// Internal name, `java/lang/Object`; `module-info` for the module's descriptor.
    pub name: String,
    offset: u64,
    compressed: u64,
    uncompressed: u64,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u4(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u8(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

impl JImage {
    /// Opens an image and reads its index.
    ///
    /// # Errors
    /// When the file can't be read, is no image, or its index does not fit it.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let shown = path.display().to_string();
        let unreadable =
            |e: std::io::Error| Problem::new(ProblemCode::UnreadableInput, &shown, "", e.to_string());
        let corrupt = |what: &str| Problem::new(ProblemCode::CorruptArchive, &shown, "", what);
        let mut file = File::open(path).map_err(unreadable)?;
        let file_len = file.metadata().map_err(unreadable)?.len();
        let mut header = [0; HEADER_LEN];
        file.read_exact(&mut header).map_err(|_| corrupt("it is too short for a runtime image"))?;
        let (words, _) = header.as_chunks::<4>();
        let order = match words.first().copied() {
            Some(magic) if u32::from_le_bytes(magic) == MAGIC => Order::Little,
            Some(magic) if u32::from_be_bytes(magic) == MAGIC => Order::Big,
            _ => return Err(corrupt("it is no runtime image: the magic number is not CAFEDADA")),
        };
        let word = |i: usize| words.get(i).map_or(0, |bytes| order.u4(*bytes));
        if word(1) >> 16 != 1 {
            return Err(corrupt(&format!("runtime images of version {} are not known", word(1) >> 16)));
        }
        let (rows, locations, strings) = (u64::from(word(4)), u64::from(word(5)), u64::from(word(6)));
        let resources = HEADER_LEN as u64 + rows * 8 + locations + strings;
        if resources > file_len {
            return Err(corrupt("its index is larger than the file"));
        }
        let mut part = |len: u64| {
            // The sum of all parts fits the file.
            let mut bytes = vec![0; len as usize];
            file.read_exact(&mut bytes).map(|()| bytes)
        };
        part(rows * 4).map_err(unreadable)?;
        let offsets = part(rows * 4).map_err(unreadable)?;
        let locations = part(locations).map_err(unreadable)?;
        let strings = part(strings).map_err(unreadable)?;
        Ok(Self { file, path: shown, order, offsets, locations, strings, resources, file_len })
    }

    /// All class files, in the order of the image's table.
    pub fn classes(&self) -> impl Iterator<Item = Result<ClassResource<'_>, Problem>> {
        let (rows, _) = self.offsets.as_chunks::<4>();
        rows.iter().filter_map(|row| self.class(self.order.u4(*row)).transpose())
    }

    /// `None` for what is no class file.
    fn class(&self, location: u32) -> Result<Option<ClassResource<'_>>, Problem> {
        let attributes = self.attributes(location as usize)?;
        if self.string(attributes[EXTENSION])? != b"class" {
            return Ok(None);
        }
        let module = text::decode(self.string(attributes[MODULE])?);
        let (parent, base) = (self.string(attributes[PARENT])?, self.string(attributes[BASE])?);
        let mut name = text::decode(parent).into_owned();
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(&text::decode(base));
        let (compressed, uncompressed) = (attributes[COMPRESSED], attributes[UNCOMPRESSED]);
        Ok(Some(ClassResource { module, name, offset: attributes[OFFSET], compressed, uncompressed }))
    }

    /// The attributes of a location, by kind; 0 where one is absent.
    fn attributes(&self, at: usize) -> Result<[u64; 8], Problem> {
        let mut attributes = [0; 8];
        let mut bytes = self.locations.get(at..).unwrap_or(&[]).iter();
        let mut next = || bytes.next().copied().ok_or_else(|| self.corrupt("a location runs past its table"));
        loop {
            let head = next()?;
            let Some(slot) = attributes.get_mut(usize::from(head >> 3)) else {
                return Err(self.corrupt("a location has an attribute that is not known"));
            };
            if head >> 3 == 0 {
                return Ok(attributes);
            }
            *slot = 0;
            for _ in 0..=head & 7 {
                *slot = *slot << 8 | u64::from(next()?);
            }
        }
    }

    fn string(&self, at: u64) -> Result<&[u8], Problem> {
        let bytes = usize::try_from(at).ok().and_then(|at| self.strings.get(at..));
        let end = bytes.and_then(|bytes| bytes.iter().position(|&b| b == 0));
        bytes
            .zip(end)
            .and_then(|(bytes, end)| bytes.get(..end))
            .ok_or_else(|| self.corrupt("a name runs past its table"))
    }

    /// Replaces the content of `bytes` by a class file.
    ///
    /// # Errors
    /// When its place lies outside the file, or it is compressed by a method other than `zip`.
    pub fn read(&self, class: &ClassResource<'_>, bytes: &mut Vec<u8>) -> Result<(), Problem> {
        let len = if class.compressed > 0 { class.compressed } else { class.uncompressed };
        let start = self.resources.checked_add(class.offset);
        let Some(start) =
            start.filter(|start| start.checked_add(len).is_some_and(|end| end <= self.file_len))
        else {
            return Err(self.corrupt_entry(class, "it lies outside the file"));
        };
        if len.max(class.uncompressed) > MAX_RESOURCE {
            return Err(self.corrupt_entry(class, "it is larger than any class file"));
        }
        bytes.clear();
        bytes.resize(len as usize, 0);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(bytes)).map_err(|e| {
            Problem::new(ProblemCode::UnreadableInput, &self.path, &class.name, e.to_string())
        })?;
        if class.compressed > 0 {
            for _ in 0..MAX_STACKED {
                match self.decompressed(class, bytes)? {
                    Some(plain) => *bytes = plain,
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// Undoes one compression; `None` if there is none.
    fn decompressed(&self, class: &ClassResource<'_>, bytes: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
        let Some((header, content)) = bytes.split_first_chunk::<COMPRESSED_HEADER_LEN>() else {
            return Ok(None);
        };
        let (numbers, _) = header.as_chunks::<4>();
        let &[magic, len0, len1, plain0, plain1, method, _config] = numbers else { return Ok(None) };
        if self.order.u4(magic) != COMPRESSED_MAGIC {
            return Ok(None);
        }
        let long = |[a, b, c, d]: [u8; 4], [e, f, g, h]: [u8; 4]| self.order.u8([a, b, c, d, e, f, g, h]);
        let (len, plain_len) = (long(len0, len1), long(plain0, plain1));
        let method = self.string(u64::from(self.order.u4(method)))?;
        if method != b"zip" {
            let message = format!(
                "it is compressed by method {:?}, only \"zip\" is known; `jlink --compress=0` or an unmodified \
                 runtime avoids it",
                text::decode(method)
            );
            return Err(Problem::new(ProblemCode::UnsupportedCompression, &self.path, &class.name, message));
        }
        let content = usize::try_from(len).ok().and_then(|len| content.get(..len));
        let Some(content) = content.filter(|_| plain_len <= MAX_RESOURCE) else {
            return Err(self.corrupt_entry(class, "its compressed length is wrong"));
        };
        let mut plain = vec![0; plain_len as usize];
        match Decompressor::new().zlib_decompress(content, &mut plain) {
            Ok(n) if n == plain.len() => Ok(Some(plain)),
            _ => Err(self.corrupt_entry(class, "it does not inflate")),
        }
    }

    fn corrupt(&self, what: &str) -> Problem {
        Problem::new(ProblemCode::CorruptArchive, &self.path, "", what)
    }

    fn corrupt_entry(&self, class: &ClassResource<'_>, what: &str) -> Problem {
        Problem::new(ProblemCode::CorruptEntry, &self.path, &class.name, what)
    }
}

#[cfg(test)]
mod tests;
