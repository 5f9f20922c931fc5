//! Finds the entries of a zip without a directory, by the header that stands before each of them.

use std::io;

use rustc_hash::FxHashSet;

use super::listing::Listed;
use super::reader::{LOCAL_HEADER_MAGIC, LOCAL_HEADER_SIZE};
use super::source::Window;

/// Bit of the general purpose flags: the entry is encrypted (APPNOTE 4.4.4).
const ENCRYPTED: u16 = 1;
/// Bit of the general purpose flags: sizes and checksum follow the data.
const SIZES_FOLLOW: u16 = 1 << 3;
/// First bytes of the descriptor that follows the data (APPNOTE 4.3.9).
const DESCRIPTOR_MAGIC: [u8; 4] = *b"PK\x07\x08";
/// First bytes of the central directory, behind the last entry.
const DIRECTORY_MAGIC: [u8; 4] = *b"PK\x01\x02";
/// Extra field with 64-bit sizes (APPNOTE 4.5.3).
const ZIP64_EXTRA: u16 = 1;
/// A 32-bit size that says: see the extra field.
const SEE_ZIP64: u64 = u32::MAX as u64;

/// What a search found.
#[derive(Default, Debug)]
pub(super) struct Recovered {
    /// Complete members in the order of the file.
    pub(super) members: Vec<Listed>,
    /// Headers whose data, or whose sizes, are not there.
    pub(super) n_incomplete: usize,
}

/// A local header (APPNOTE 4.3.7).
struct Local {
    listed: Listed,
    data: u64,
    sizes_follow: bool,
    zip64: bool,
}

/// Searches for members from the start to the end, once over the bytes; leaves out those whose header is at a `known` offset.
pub(super) fn recover(bytes: &mut Window<'_>, known: &FxHashSet<u64>, most: usize) -> Recovered {
    let mut found = Recovered::default();
    // An error of the file ends the search like its end does: what was found before is good.
    let _ = search(bytes, known, most, &mut found);
    found
}

fn search(
    bytes: &mut Window<'_>,
    known: &FxHashSet<u64>,
    most: usize,
    found: &mut Recovered,
) -> io::Result<()> {
    let mut offset = 0;
    while found.members.len() < most {
        let Some((at, magic)) = next_magic(bytes, offset)? else { return Ok(()) };
        offset = at + 4;
        if magic != LOCAL_HEADER_MAGIC {
            continue;
        }
        let Some(mut local) = read_local(bytes, at)? else {
            found.n_incomplete += 1;
            continue;
        };
        if local.sizes_follow {
            let end = find_descriptor(bytes, &mut local)?;
            offset = end.0;
            if !end.1 {
                found.n_incomplete += 1;
                continue;
            }
        } else {
            let end = local.data.saturating_add(local.listed.packed);
            if end > bytes.end() {
                // Whatever looks like a header from here on lies within this entry, perhaps a nested jar.
                found.n_incomplete += 1;
                return Ok(());
            }
            offset = end;
        }
        if !known.contains(&at) {
            found.members.push(local.listed);
        }
    }
    Ok(())
}

/// The next place where one of the three signatures stands.
fn next_magic(bytes: &mut Window<'_>, from: u64) -> io::Result<Option<(u64, [u8; 4])>> {
    let mut offset = from;
    loop {
        let found = bytes.at(offset, 4)?;
        if found.len() < 4 {
            return Ok(None);
        }
        let magics = [LOCAL_HEADER_MAGIC, DESCRIPTOR_MAGIC, DIRECTORY_MAGIC];
        let place = found.windows(4).enumerate().find_map(|(index, window)| {
            let magic: [u8; 4] = window.try_into().ok()?;
            (magic[0] == b'P' && magics.contains(&magic)).then_some((index, magic))
        });
        if let Some((index, magic)) = place {
            return Ok(Some((offset + index as u64, magic)));
        }
        offset += found.len() as u64 - 3;
    }
}

fn read_local(bytes: &mut Window<'_>, at: u64) -> io::Result<Option<Local>> {
    let found = bytes.at(at, LOCAL_HEADER_SIZE as usize)?;
    let Some(header) = found.first_chunk::<{ LOCAL_HEADER_SIZE as usize }>().copied() else {
        return Ok(None);
    };
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (flags, name_len, extra_len) = (short(6), usize::from(short(26)), usize::from(short(28)));
    // Name and extra field are asked for one by one: together they may exceed the window.
    let name_at = at + LOCAL_HEADER_SIZE;
    let Some(name) = bytes.at(name_at, name_len)?.get(..name_len) else { return Ok(None) };
    let name = String::from_utf8_lossy(name).into_owned();
    let extra_at = name_at + name_len as u64;
    let Some(extra) = bytes.at(extra_at, extra_len)?.get(..extra_len) else { return Ok(None) };
    let (mut packed, mut size) = (u64::from(long(18)), u64::from(long(22)));
    let zip64 = zip64_sizes(extra);
    if let Some((real_size, real_packed)) = zip64 {
        size = if size == SEE_ZIP64 { real_size } else { size };
        packed = if packed == SEE_ZIP64 { real_packed } else { packed };
    }
    let encrypted = flags & ENCRYPTED != 0;
    let listed = Listed { name, header: at, packed, size, crc: long(14), method: short(8), encrypted };
    // Some writers set the flag and fill in the sizes nevertheless.
    let sizes_follow = flags & SIZES_FOLLOW != 0 && listed.packed == 0;
    Ok(Some(Local { listed, data: extra_at + extra_len as u64, sizes_follow, zip64: zip64.is_some() }))
}

/// Unpacked and packed size in the extra field of a local header.
fn zip64_sizes(extra: &[u8]) -> Option<(u64, u64)> {
    let mut rest = extra;
    while let Some((&[id_low, id_high, len_low, len_high], after)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes([len_low, len_high]));
        if u16::from_le_bytes([id_low, id_high]) == ZIP64_EXTRA {
            let (size, after) = after.split_first_chunk()?;
            return Some((u64::from_le_bytes(*size), u64::from_le_bytes(*after.first_chunk()?)));
        }
        rest = after.get(len..)?;
    }
    None
}

/// Fills in sizes and checksum from the descriptor behind the data: the first whose packed size is its distance from
/// their start. Gives the offset to go on from, and whether there is one.
fn find_descriptor(bytes: &mut Window<'_>, local: &mut Local) -> io::Result<(u64, bool)> {
    let mut offset = local.data;
    while let Some((at, magic)) = next_magic(bytes, offset)? {
        // The descriptor's own signature is optional; without it, one stands right before the next header.
        let sizes_len = if local.zip64 { 20 } else { 12 };
        let fields_at = if magic == DESCRIPTOR_MAGIC { at + 4 } else { at.saturating_sub(sizes_len) };
        let data_end = if magic == DESCRIPTOR_MAGIC { at } else { fields_at };
        if fields_at >= local.data {
            let fields = bytes.at(fields_at, sizes_len as usize)?;
            if let Some((crc, packed, size)) = descriptor_fields(fields, local.zip64)
                && data_end.checked_sub(local.data) == Some(packed)
            {
                (local.listed.crc, local.listed.packed, local.listed.size) = (crc, packed, size);
                return Ok((fields_at + sizes_len, true));
            }
        }
        if magic == LOCAL_HEADER_MAGIC {
            return Ok((at, false));
        }
        offset = at + 4;
    }
    Ok((bytes.end(), false))
}

fn descriptor_fields(fields: &[u8], zip64: bool) -> Option<(u32, u64, u64)> {
    let (crc, rest) = fields.split_first_chunk()?;
    let crc = u32::from_le_bytes(*crc);
    if zip64 {
        let (packed, rest) = rest.split_first_chunk()?;
        return Some((crc, u64::from_le_bytes(*packed), u64::from_le_bytes(*rest.first_chunk()?)));
    }
    let (packed, rest) = rest.split_first_chunk()?;
    Some((crc, u32::from_le_bytes(*packed).into(), u32::from_le_bytes(*rest.first_chunk()?).into()))
}
