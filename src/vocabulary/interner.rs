//! Interned text: a builder for the workers.

use super::Name;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Hashes name text. One function for both tables, so that a hash computed by a worker is reused when the tables
/// are merged.
#[inline]
pub fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

/// As [`hash_text`], before it is known whether the bytes are text.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

/// An append-only set of strings in one arena, looked up by open addressing.
///
/// One arena and one slot table instead of a map of boxes: a unit's names cost two allocations, and the
/// whole table can be written to a cache as it stands.
#[derive(Clone, Default)]
pub struct Interner {
    pub(super) text: String,
    ends: Vec<u32>,
    pub(super) hashes: Vec<u64>,
    slots: Vec<Slot>,
}

/// A place of the hash table: the upper half of a name's hash, so that names which only fall into the same place are
/// told apart without looking at them, and its id.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(u64);

const EMPTY: Slot = Slot(u64::MAX);

/// Names that are looked up together: enough to hide how long memory takes to answer, few enough for the first of them
/// to be still at hand when the last one's answer comes.
pub const BATCH: usize = 32;

/// Says that a name was not found.
pub const NO_ROW: Name = Name(u32::MAX);

impl Slot {
    fn new(name: Name, hash: u64) -> Self {
        Self(hash >> 32 << 32 | u64::from(name.0))
    }

    fn name(self) -> Name {
        Name(self.0 as u32)
    }

    fn may_be(self, hash: u64) -> bool {
        self.0 >> 32 == hash >> 32
    }
}

impl Interner {
    /// An interner without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// The interner whose names, in order, are the pieces of `text` that end at `ends`, as if each had been interned
    /// into an empty one. `None` if they are no names of one table: ends that fall, lie inside a character or do not
    /// reach the text's end, or a name that comes twice.
    pub fn from_arena(text: String, ends: Vec<u32>) -> Option<Self> {
        let n_slots = (ends.len() * 2 + 1).next_power_of_two().max(64);
        let mut slots = vec![EMPTY; n_slots];
        let mut hashes: Vec<u64> = Vec::with_capacity(ends.len());
        let piece = |i: usize| {
            let start = if i == 0 { 0 } else { *ends.get(i - 1)? };
            text.get(start as usize..*ends.get(i)? as usize)
        };
        for i in 0..ends.len() {
            let name = piece(i)?;
            let hash = hash_text(name);
            let mut slot = hash as usize & (n_slots - 1);
            while slots[slot] != EMPTY {
                let other: Slot = slots[slot];
                if other.may_be(hash) && piece(other.name().index()) == Some(name) {
                    return None;
                }
                slot = (slot + 1) & (n_slots - 1);
            }
            slots[slot] = Slot::new(Name::from_index(i), hash);
            hashes.push(hash);
        }
        let is_whole = ends.last().copied().unwrap_or(0) as usize == text.len();
        is_whole.then_some(Self { text, ends, hashes, slots })
    }

    /// Forgets all names and keeps the memory in which they grew.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.hashes.clear();
        self.slots.fill(EMPTY);
    }

    /// Gives back the memory that only serves to find names by text; finding or adding one builds it anew.
    pub fn seal(&mut self) {
        self.slots = Vec::new();
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.hashes.shrink_to_fit();
    }

    /// How many different names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Total length of all names, in bytes.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }

    /// The id of `text`, added if it is new.
    pub fn intern(&mut self, text: &str) -> Name {
        self.intern_hashed(text, hash_text(text))
    }

    /// As [`intern`](Self::intern), with the hash that [`hash_text`] gave for it.
    pub fn intern_hashed(&mut self, text: &str, hash: u64) -> Name {
        self.find_or_add(text.as_bytes(), hash, |_| Some(text)).unwrap_or(NO_ROW)
    }

    /// The id of the text with these bytes and the hash that [`hash_bytes`] gave for them, added if it is new and
    /// `as_text` says that they are text. Bytes that are no text equal no name, so a known one is found without that.
    pub fn find_or_add<'t>(
        &mut self,
        bytes: &'t [u8],
        hash: u64,
        as_text: impl FnOnce(&'t [u8]) -> Option<&'t str>,
    ) -> Option<Name> {
        if self.slots.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let mut slot = self.slot_of(hash);
        loop {
            let at = self.slots[slot];
            if at == EMPTY {
                let text = as_text(bytes)?;
                let name = Name::from_index(self.ends.len());
                self.text.push_str(text);
                self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
                self.hashes.push(hash);
                self.slots[slot] = Slot::new(name, hash);
                return Some(name);
            }
            if at.may_be(hash) && self.text_of(at.name()).as_bytes() == bytes {
                return Some(at.name());
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The ids of all names of another table, in its order, added if they are new.
    pub fn intern_all(&mut self, other: &Self) -> Vec<Name> {
        let mut ids = Vec::with_capacity(other.len());
        for (chunk, hashes) in other.hashes.chunks(BATCH).enumerate() {
            let text = |i: usize| other.text_of(Name::from_index(chunk * BATCH + i));
            let known = self.find_batch(hashes, |i| text(i).as_bytes());
            for (i, (known, hash)) in known.iter().zip(hashes).enumerate() {
                ids.push(if *known == NO_ROW { self.intern_hashed(text(i), *hash) } else { *known });
            }
        }
        ids
    }

    /// The id of `text`, if it was added before.
    pub fn find(&self, text: &str) -> Option<Name> {
        let [found, ..] = self.find_batch(&[hash_text(text)], |_| text.as_bytes());
        (found != NO_ROW).then_some(found)
    }

    /// The ids of at most [`BATCH`] names with these hashes, [`NO_ROW`] for one that was not added or needs a longer
    /// search.
    ///
    /// Each of the three steps is made for all of them before the next, so that memory is waited for once and not once
    /// for each name.
    pub fn find_batch<'t>(&self, hashes: &[u64], bytes: impl Fn(usize) -> &'t [u8]) -> [Name; BATCH] {
        let mut found = [NO_ROW; BATCH];
        if self.slots.is_empty() {
            return found;
        }
        let mut slots = [EMPTY; BATCH];
        for (slot, hash) in slots.iter_mut().zip(hashes) {
            *slot = self.slots[self.slot_of(*hash)];
        }
        let mut rows = [(NO_ROW, (0, 0)); BATCH];
        for ((row, slot), hash) in rows.iter_mut().zip(slots).zip(hashes) {
            let name = self.like(slot, *hash);
            *row = (name, self.ends_of(name));
        }
        let text = self.text.as_bytes();
        for (i, ((name, (start, end)), found)) in
            rows.into_iter().zip(&mut found).take(hashes.len()).enumerate()
        {
            if name != NO_ROW && text.get(start as usize..end as usize) == Some(bytes(i)) {
                *found = name;
            }
        }
        found
    }

    /// The first name on the way from `slot` whose hash begins as `hash` does; [`NO_ROW`] if there is none.
    fn like(&self, slot: Slot, hash: u64) -> Name {
        let (mut at, mut place) = (slot, self.slot_of(hash));
        loop {
            if at == EMPTY {
                return NO_ROW;
            }
            if at.may_be(hash) {
                return at.name();
            }
            place = (place + 1) & (self.slots.len() - 1);
            at = self.slots[place];
        }
    }

    /// The text of a name; empty for an id of another table.
    #[inline]
    pub fn text_of(&self, name: Name) -> &str {
        let (start, end) = self.ends_of(name);
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Where a name's text begins and ends; an empty range for an id of another table.
    #[inline]
    pub(super) fn ends_of(&self, name: Name) -> (u32, u32) {
        let i = name.index();
        let start = if i == 0 { Some(0) } else { self.ends.get(i - 1).copied() };
        start.zip(self.ends.get(i).copied()).unwrap_or_default()
    }

    /// All names with their hashes, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        (0..self.len()).map(|i| (self.text_of(Name::from_index(i)), self.hashes[i]))
    }

    fn slot_of(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.index((self.ends.len() * 4).next_power_of_two().max(64));
    }

    /// Puts all names into `n_slots` slots, a power of two greater than their number.
    fn index(&mut self, n_slots: usize) {
        self.slots.clear();
        self.slots.resize(n_slots, EMPTY);
        for i in 0..self.ends.len() {
            let mut slot = self.slot_of(self.hashes[i]);
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (n_slots - 1);
            }
            self.slots[slot] = Slot::new(Name::from_index(i), self.hashes[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_get_equal_ids_and_keep_their_text() {
        let mut names = Interner::new();
        let ids: Vec<Name> = (0..1000).map(|i| names.intern(&format!("n{}", i % 500))).collect();
        assert_eq!(names.len(), 500);
        assert!((0..500).all(|i| ids[i] == ids[i + 500] && names.text_of(ids[i]) == format!("n{i}")));
        assert_eq!(names.find("n7"), Some(ids[7]));
        assert_eq!(names.find("absent"), None);
    }

    #[test]
    fn an_arena_of_different_names_is_the_table_that_interning_them_makes() {
        let mut names = Interner::new();
        for i in 0..500 {
            names.intern(&format!("é{i}"));
        }
        let text: String = names.iter().map(|(text, _)| text).collect();
        let ends = names.iter().scan(0, |end, (text, _)| {
            *end += text.len() as u32;
            Some(*end)
        });
        let mut read = Interner::from_arena(text, ends.collect()).unwrap();
        assert!(names.iter().eq(read.iter()));
        assert_eq!(read.intern("é7"), names.intern("é7"));
        assert_eq!(read.intern("new"), names.intern("new"));
        for (text, ends) in
            [("aa", vec![1, 2]), ("é", vec![1, 2]), ("ab", vec![2, 1]), ("ab", vec![1]), ("", vec![1])]
        {
            assert!(Interner::from_arena(text.into(), ends).is_none(), "{text}");
        }
        assert!(Interner::from_arena(String::new(), Vec::new()).is_some());
    }

    #[test]
    fn a_sealed_table_keeps_its_ids_and_can_grow_again() {
        let mut names = Interner::new();
        let ids: Vec<Name> = (0..100).map(|i| names.intern(&format!("n{i}"))).collect();
        names.seal();
        assert!((0..100).all(|i| names.text_of(ids[i]) == format!("n{i}")));
        assert_eq!(names.intern("n7"), ids[7]);
        assert_eq!(names.intern("new").index(), 100);
        names.clear();
        assert!(names.is_empty() && names.find("n7").is_none());
        assert_eq!(names.intern("new").index(), 0);
    }
}
