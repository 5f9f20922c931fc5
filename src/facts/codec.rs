//! Writing and reading a unit as bytes: for the embedded JDK model, and for a cache keyed by content.
//!
//! The tables are written column by column as variable-length integers, mostly as differences, and deflated; that
//! makes rows that resemble their neighbours nearly free. A reader trusts nothing: the checksum finds damage, and
//! every count, name and span is checked against what it refers to before it is used.

mod cells;
mod check;
mod rows;

use self::cells::Input;
use super::tables::UnitFacts;
use libdeflater::{CompressionLvl, Compressor, Crc, Decompressor};

/// Version of the layout; part of each file. Raise it with every change of the tables.
pub const FORMAT_VERSION: u16 = 3;

/// No file inflates to more than this, in bytes.
pub const MAX_INFLATED: usize = 1 << 30;

/// Deflate can't do better than this (RFC 1951: 258 bytes by a length and a distance code of one bit each).
const MAX_RATIO: usize = 1032;

const UNIT_MAGIC: [u8; 4] = *b"CTUF";
/// Magic, version, inflated length, CRC-32 of the inflated bytes.
const HEADER_LEN: usize = 14;

/// Why bytes are no unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodecError {
    /// They do not start as such a file does.
    OtherFormat,
    /// They were written by a version with another layout.
    OtherVersion(u16),
    /// They are damaged; says how that shows.
    Damaged(&'static str),
}

impl std::fmt::Display for CodecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherFormat => write!(f, "not a file of this tool"),
            Self::OtherVersion(version) => {
                write!(f, "layout version {version}, this tool reads version {FORMAT_VERSION}")
            }
            Self::Damaged(what) => write!(f, "damaged: {what}"),
        }
    }
}

impl std::error::Error for CodecError {}

/// A unit as bytes. The same unit gives the same bytes.
pub fn encode(unit: &UnitFacts) -> Vec<u8> {
    let mut payload = Vec::new();
    rows::put_unit(unit, &mut payload);
    seal(UNIT_MAGIC, &payload, CompressionLvl::default())
}

/// The unit that [`encode`] has written.
///
/// # Errors
/// When the bytes are of another format or version, or damaged. No bytes panic, and memory stays proportional to
/// what they inflate to, at most [`MAX_INFLATED`].
pub fn decode(bytes: &[u8]) -> Result<UnitFacts, CodecError> {
    let payload = open(UNIT_MAGIC, bytes)?;
    let mut input = Input::new(&payload);
    let unit = get_unit(&mut input)?;
    input.finish()?;
    Ok(unit)
}

/// Appends a unit's tables, not yet deflated.
pub(crate) fn put_unit(unit: &UnitFacts, out: &mut Vec<u8>) {
    rows::put_unit(unit, out);
}

/// Reads what [`put_unit`] wrote and checks it.
pub(crate) fn get_unit(input: &mut Input<'_>) -> Result<UnitFacts, CodecError> {
    let unit = rows::get_unit(input)?;
    check::check(&unit)?;
    Ok(unit)
}

pub(crate) use self::cells::{Input as PayloadInput, put_text, put_uint};

/// Deflates a payload and puts the header before it.
pub(crate) fn seal(magic: [u8; 4], payload: &[u8], level: CompressionLvl) -> Vec<u8> {
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; HEADER_LEN + compressor.deflate_compress_bound(payload.len())];
    let (header, body) = out.split_at_mut(HEADER_LEN);
    header[..4].copy_from_slice(&magic);
    header[4..6].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    header[6..10].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[10..].copy_from_slice(&crc(payload).to_le_bytes());
    // The bound is large enough by its definition; a failure would show as a file that can't be read.
    let len = compressor.deflate_compress(payload, body).unwrap_or(0);
    out.truncate(HEADER_LEN + len);
    out
}

/// The payload that [`seal`] deflated.
pub(crate) fn open(magic: [u8; 4], bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Err(CodecError::OtherFormat);
    };
    let [m0, m1, m2, m3, v0, v1, l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    if [m0, m1, m2, m3] != magic {
        return Err(CodecError::OtherFormat);
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version != FORMAT_VERSION {
        return Err(CodecError::OtherVersion(version));
    }
    let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if len > MAX_INFLATED || len > body.len().saturating_mul(MAX_RATIO) {
        return Err(CodecError::Damaged("it claims to inflate to more than it can"));
    }
    let mut payload = vec![0; len];
    match Decompressor::new().deflate_decompress(body, &mut payload) {
        Ok(inflated) if inflated == len => {}
        _ => return Err(CodecError::Damaged("it does not inflate")),
    }
    if crc(&payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(CodecError::Damaged("its checksum is wrong"));
    }
    Ok(payload)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests;
