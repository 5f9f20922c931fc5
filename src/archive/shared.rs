//! Nested archives that were unpacked into memory: applications pack the same libraries, and copies share the bytes.

use super::reader::{Packed, Reader};
use super::source::Source;
use super::tree::{Archive, Entry, Member};
use rustc_hash::FxHashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The nested archives that are in memory. Who unpacks one first changes nothing that a reader of it sees.
#[derive(Default)]
pub struct Shared {
    unpacked: Mutex<ByListing>,
}

/// Archives with one key that are kept. Copies are as many as there are applications; different archives of which all that is
/// listed is the same are forged, and comparing each with all others would take as long as somebody wants.
const MAX_OF_KEY: usize = 4;

/// By [`Entry::listing_key`].
type ByListing = FxHashMap<u64, Vec<Unpacked>>;

/// An archive in memory, and where it lies packed.
#[derive(Clone)]
struct Unpacked {
    parent: Source,
    member: Member,
    name_len: usize,
    content: Source,
}

impl Shared {
    /// The content of an entry that is packed, byte by byte, as one that was unpacked before.
    pub(super) fn find(&self, archive: &Archive, entry: &Entry, cap: u64) -> Option<Source> {
        let packed = Packed::of(archive, entry, cap)?;
        let known = self.lock().get(&entry.listing_key()?)?.clone();
        // Buffers that are as large as packed archives are not kept.
        let (mut reader, mut other) = (Reader::new(), Reader::new());
        let same = known.into_iter().find(|known| {
            let Unpacked { parent: source, member, name_len, content } = known;
            let of_known = Packed { source, member, size: content.len(), name_len: *name_len };
            reader.holds_same(&mut other, &packed, &of_known)
        })?;
        Some(same.content)
    }

    /// Keeps the content of an entry; gives that of another one if somebody has unpacked the same meanwhile.
    pub(super) fn keep(&self, archive: &Archive, entry: &Entry, content: Source) -> Source {
        let (Some(key), Some(packed)) = (entry.listing_key(), Packed::of(archive, entry, u64::MAX)) else {
            return content;
        };
        let mut unpacked = self.lock();
        let known = unpacked.entry(key).or_default();
        let bytes = content.in_memory(0);
        if let Some(same) = known.iter().find(|known| bytes.is_some() && known.content.in_memory(0) == bytes)
        {
            return same.content.clone();
        }
        let Packed { source, member, name_len, .. } = packed;
        if known.len() < MAX_OF_KEY {
            known.push(Unpacked {
                parent: source.clone(),
                member: *member,
                name_len,
                content: content.clone(),
            });
        }
        content
    }

    /// What a worker that broke has left is as good as ever: rows are added whole.
    fn lock(&self) -> MutexGuard<'_, ByListing> {
        self.unpacked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
