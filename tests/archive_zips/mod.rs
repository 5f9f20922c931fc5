//! A small assembler for zips, also for those that no tool writes.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test file uses its part

use cotenant::archive::{Archive, Limits, Reader, Tree, open_bytes};
use cotenant::vocabulary::ProblemCode;
use libdeflater::{CompressionLvl, Compressor, crc32};

/// One entry as both headers will tell it; each field may be falsified.
#[derive(Clone)]
pub struct Member {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub packed: Vec<u8>,
    pub claimed_packed: u64,
    pub claimed_size: u64,
    /// Extra field of the local header only.
    pub local_extra: Vec<u8>,
    /// Sizes only behind the data.
    pub streamed: bool,
    /// Sizes only in a 64-bit extra field.
    pub zip64: bool,
    /// Offset of the local header of an earlier entry to be used instead of an own one.
    pub header: Option<u32>,
}

pub fn stored(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Member {
    let data = data.as_ref();
    Member {
        name: name.as_ref().to_vec(),
        method: 0,
        flags: 0,
        crc: crc32(data),
        packed: data.to_vec(),
        claimed_packed: data.len() as u64,
        claimed_size: data.len() as u64,
        local_extra: Vec::new(),
        streamed: false,
        zip64: false,
        header: None,
    }
}

pub fn deflated(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Member {
    let data = data.as_ref();
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.deflate_compress_bound(data.len())];
    let n_packed = compressor.deflate_compress(data, &mut packed).unwrap();
    packed.truncate(n_packed);
    Member { method: 8, claimed_packed: n_packed as u64, packed, ..stored(name, data) }
}

#[derive(Default)]
pub struct Zip {
    pub bytes: Vec<u8>,
    pub directory: Vec<u8>,
    pub n_entries: u64,
    pub comment: Vec<u8>,
    /// Where the zip starts in `bytes`; offsets count from there.
    pub origin: usize,
}

/// A whole zip of these entries.
pub fn zip(members: impl IntoIterator<Item = Member>) -> Vec<u8> {
    Zip::of(members).finish()
}

fn short(to: &mut Vec<u8>, value: usize) {
    to.extend((value as u16).to_le_bytes());
}

fn long(to: &mut Vec<u8>, value: u64) {
    to.extend((value as u32).to_le_bytes());
}

impl Zip {
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let mut zip = Self::default();
        members.into_iter().for_each(|member| zip.add(&member));
        zip
    }

    pub fn after(prefix: &[u8], members: impl IntoIterator<Item = Member>) -> Self {
        let mut zip = Self { bytes: prefix.to_vec(), origin: prefix.len(), ..Self::default() };
        members.into_iter().for_each(|member| zip.add(&member));
        zip
    }

    pub fn add(&mut self, member: &Member) {
        let header = member.header.map_or((self.bytes.len() - self.origin) as u64, u64::from);
        if member.header.is_none() {
            self.add_local(member);
        }
        let mut extra = Vec::new();
        if member.zip64 {
            short(&mut extra, 1);
            short(&mut extra, 16);
            extra.extend(member.claimed_size.to_le_bytes());
            extra.extend(member.claimed_packed.to_le_bytes());
        }
        let to = &mut self.directory;
        to.extend(b"PK\x01\x02\x14\x00\x14\x00");
        short(to, member.flags.into());
        short(to, member.method.into());
        long(to, 0);
        long(to, member.crc.into());
        long(to, if member.zip64 { u64::MAX } else { member.claimed_packed });
        long(to, if member.zip64 { u64::MAX } else { member.claimed_size });
        short(to, member.name.len());
        short(to, extra.len());
        to.extend([0; 10]);
        long(to, header);
        to.extend(&member.name);
        to.extend(extra);
        self.n_entries += 1;
    }

    fn add_local(&mut self, member: &Member) {
        let to = &mut self.bytes;
        let hide = |value: u64| if member.streamed { 0 } else { value };
        to.extend(b"PK\x03\x04\x14\x00");
        short(to, (member.flags | if member.streamed { 8 } else { 0 }).into());
        short(to, member.method.into());
        long(to, 0);
        long(to, hide(member.crc.into()));
        long(to, hide(member.claimed_packed));
        long(to, hide(member.claimed_size));
        short(to, member.name.len());
        short(to, member.local_extra.len());
        to.extend(&member.name);
        to.extend(&member.local_extra);
        to.extend(&member.packed);
        if member.streamed {
            to.extend(b"PK\x07\x08");
            long(to, member.crc.into());
            long(to, member.claimed_packed);
            long(to, member.claimed_size);
        }
    }

    /// The zip without a directory.
    pub fn unfinished(self) -> Vec<u8> {
        self.bytes
    }

    pub fn finish(self) -> Vec<u8> {
        let n_entries = self.n_entries;
        self.finish_claiming(n_entries)
    }

    pub fn finish_claiming(self, n_entries: u64) -> Vec<u8> {
        let Self { mut bytes, directory, comment, origin, .. } = self;
        let start = bytes.len() - origin;
        bytes.extend(&directory);
        bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        short(&mut bytes, n_entries as usize);
        short(&mut bytes, n_entries as usize);
        long(&mut bytes, directory.len() as u64);
        long(&mut bytes, start as u64);
        short(&mut bytes, comment.len());
        bytes.extend(comment);
        bytes
    }

    /// With an end record of 64-bit figures.
    pub fn finish_zip64(self) -> Vec<u8> {
        let Self { mut bytes, directory, n_entries, .. } = self;
        let start = bytes.len() as u64;
        bytes.extend(&directory);
        let end = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend(b"\x2d\x00\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00");
        for figure in [n_entries, n_entries, directory.len() as u64, start] {
            bytes.extend(figure.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\x00\x00\x00\x00");
        bytes.extend(end.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        bytes.extend([0xFF; 12]);
        bytes.extend([0; 2]);
        bytes
    }
}

pub fn listed(bytes: Vec<u8>) -> Tree {
    open_bytes(bytes, "app.jar", &Limits::default())
}

pub fn names(archive: &Archive) -> Vec<&str> {
    archive.entries.iter().map(|entry| &*entry.name).collect()
}

pub fn displays(tree: &Tree) -> Vec<&str> {
    tree.archives.iter().map(|archive| &*archive.display).collect()
}

/// Each problem as code, archive, entry.
pub fn problems(tree: &Tree) -> Vec<(ProblemCode, &str, &str)> {
    tree.problems
        .iter()
        .map(|problem| (problem.code, &*problem.place.archive, &*problem.place.entry))
        .collect()
}

/// The text of an entry, or the code of the problem that prevents reading it.
pub fn text(archive: &Archive, name: &str) -> Result<String, ProblemCode> {
    let entry = archive.entry(name).unwrap();
    let mut reader = Reader::new();
    reader
        .read(archive, entry)
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        .map_err(|problem| problem.code)
}

/// Reads every entry of every archive; gives the number of those that could be read.
pub fn read_all(tree: &Tree) -> usize {
    let mut reader = Reader::new();
    let mut n_read = 0;
    for archive in &tree.archives {
        n_read += archive.entries.iter().filter(|entry| reader.read(archive, entry).is_ok()).count();
    }
    n_read
}
