//! Class files that several archives have alike: applications pack the same libraries, and each is read once.
//!
//! The archives' listings propose and the packed bytes decide: a checksum can be forged.

use super::ingest::Piece;
use super::threads::map_with_state;
use crate::archive::{Archive, Entry, Reader};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// For each piece the first one with the same class files, byte by byte; itself if it is the first. `entries` are the
/// class entries of each archive.
pub(super) fn firsts(archives: &[Archive], entries: &[Vec<usize>], pieces: &[Piece]) -> Vec<usize> {
    let of = |piece: &Piece| {
        let archive = &archives[piece.archive];
        entries[piece.archive][piece.entries.clone()].iter().map(move |i| (archive, &archive.entries[*i]))
    };
    let mut firsts: Vec<usize> = (0..pieces.len()).collect();
    let mut known = FxHashMap::<u64, usize>::default();
    let mut proposed = Vec::new();
    for (p, piece) in pieces.iter().enumerate() {
        let Some(key) = key_of(of(piece).map(|(_, entry)| entry)) else { continue };
        let first = *known.entry(key).or_insert(p);
        if first != p && pieces[first].entries.len() == piece.entries.len() {
            proposed.push((p, first));
        }
    }
    let readers = || (Reader::new(), Reader::new());
    let are_alike = map_with_state(proposed.len(), readers, |(reader, other), i| {
        let (piece, first) = proposed[i];
        let mut both = of(&pieces[piece]).zip(of(&pieces[first]));
        both.all(|(entry, of_first)| reader.is_packed_alike(other, entry, of_first))
    });
    for ((piece, first), _) in proposed.into_iter().zip(are_alike).filter(|(_, alike)| *alike) {
        firsts[piece] = first;
    }
    firsts
}

fn key_of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Option<u64> {
    let mut hasher = FxHasher::default();
    for entry in entries {
        hasher.write_u64(entry.listing_key()?);
    }
    Some(hasher.finish())
}
