//! Interned text: a builder for the workers, and the one table of a deployment.

use super::{Name, Parallel};
use rustc_hash::FxHasher;
use std::cmp::Ordering;
use std::hash::Hasher;

/// Hashes name text. One function for both tables, so that a hash computed by a worker is reused when the tables
/// are merged.
pub fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

/// As [`hash_text`], before it is known whether the bytes are text.
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
    text: String,
    ends: Vec<u32>,
    hashes: Vec<u64>,
    slots: Vec<Slot>,
}

/// A place of the hash table: the upper half of a name's hash, so that names which only fall into the same place are
/// told apart without looking at them, and its id.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(u64);

const EMPTY: Slot = Slot(u64::MAX);

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
        if self.slots.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let mut slot = self.slot_of(hash);
        loop {
            let at = self.slots[slot];
            if at == EMPTY {
                let name = Name::from_index(self.ends.len());
                self.text.push_str(text);
                self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
                self.hashes.push(hash);
                self.slots[slot] = Slot::new(name, hash);
                return name;
            }
            if at.may_be(hash) && self.text_of(at.name()) == text {
                return at.name();
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The id of `text`, if it was added before.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.find_hashed(text, hash_text(text))
    }

    fn find_hashed(&self, text: &str, hash: u64) -> Option<Name> {
        self.find_bytes(text.as_bytes(), hash)
    }

    /// The id of the name with these bytes and the hash that [`hash_bytes`] gave for them, if it was added before.
    /// Bytes that are no text equal no name, so they need not be checked before.
    pub fn find_bytes(&self, bytes: &[u8], hash: u64) -> Option<Name> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = self.slot_of(hash);
        loop {
            let at = self.slots[slot];
            if at == EMPTY {
                return None;
            }
            if at.may_be(hash) && self.text_of(at.name()).as_bytes() == bytes {
                return Some(at.name());
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The text of a name; empty for an id of another table.
    pub fn text_of(&self, name: Name) -> &str {
        let i = name.index();
        let Some(&end) = self.ends.get(i) else { return "" };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        self.text.get(start as usize..end as usize).unwrap_or("")
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

/// Shards of a deployment's name table; a name's shard follows from its hash, so that the units' tables can be
/// merged in parallel without a lock and with the same ids whatever the number of threads.
pub const NAME_SHARDS: usize = 16;

/// Every name of a deployment. Immutable once [`join`](Names::join) has made it.
#[derive(Default)]
pub struct Names {
    shards: Vec<Shard>,
}

/// The names of one shard, by hash and text.
///
/// As their order is that of their hashes, a name is found by the first bits of its hash and a look at its few
/// neighbours: a sixteenth of what a hash table's slots take.
#[derive(Default)]
struct Shard {
    text: String,
    ends: Vec<u32>,
    /// First row of each run of names whose hashes begin alike, and one more.
    runs: Vec<u32>,
}

impl Shard {
    /// So many names are to be in a run.
    const RUN: usize = 4;
    /// All hashes of a shard begin with so many equal bits.
    const COMMON_BITS: u32 = NAME_SHARDS.ilog2();

    /// Builds it of names with their hashes, in the order of these.
    fn of<'n>(names: impl Iterator<Item = (u64, &'n str)> + Clone) -> Self {
        let n_names = names.clone().count();
        let mut text = String::new();
        text.reserve_exact(names.clone().map(|(_, text)| text.len()).sum());
        let mut ends = Vec::with_capacity(n_names);
        let mut runs = vec![0u32; (n_names / Self::RUN).next_power_of_two().max(2) + 1];
        let n_runs = runs.len() - 1;
        for (hash, name) in names {
            text.push_str(name);
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            runs[Self::run_of(hash, n_runs) + 1] += 1;
        }
        for run in 0..n_runs {
            runs[run + 1] += runs[run];
        }
        Self { text, ends, runs }
    }

    fn run_of(hash: u64, n_runs: usize) -> usize {
        (hash << Self::COMMON_BITS >> (u64::BITS - n_runs.ilog2())) as usize
    }

    fn text_at(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else { return "" };
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn find(&self, text: &str, hash: u64) -> Option<usize> {
        let run = Self::run_of(hash, self.runs.len().checked_sub(1)?);
        let mut rows = self.runs[run] as usize..self.runs[run + 1] as usize;
        rows.find(|row| self.text_at(*row) == text)
    }
}

/// The shard that holds a name with this hash.
pub fn shard_of(hash: u64) -> usize {
    (hash >> 60) as usize & (NAME_SHARDS - 1)
}

impl Names {
    /// The id that the deployment's table gives to row `index` of a shard.
    pub fn id_of(shard: usize, index: usize) -> Name {
        Name::from_index(index * NAME_SHARDS + shard)
    }

    /// Joins several tables. Returns the joint one and, for each of them, the new id of each of its names.
    ///
    /// New ids follow from the names alone, by hash and text, whatever table they were in and in which order.
    pub fn join(tables: &[Interner], parallel: &impl Parallel) -> (Self, Vec<Vec<Name>>) {
        let by_shard = parallel.map(tables.len(), |table| {
            let hashes = &tables[table].hashes;
            ByShard::of(hashes.len(), |row| shard_of(hashes[row]))
        });
        let joined = parallel.map(NAME_SHARDS, |shard| join_shard(tables, &by_shard, shard));
        let mut ids: Vec<Vec<Name>> = tables.iter().map(|table| vec![Name(u32::MAX); table.len()]).collect();
        let mut shards = Vec::new();
        for (shard, (names, rows)) in joined.into_iter().enumerate() {
            for (from, row) in rows {
                ids[from.table as usize][from.row as usize] = Self::id_of(shard, row as usize);
            }
            shards.push(names);
        }
        (Self { shards }, ids)
    }

    /// The text of a name; empty for an id that is not of this table.
    pub fn text(&self, name: Name) -> &str {
        match self.shards.get(name.index() % NAME_SHARDS) {
            Some(shard) => shard.text_at(name.index() / NAME_SHARDS),
            None => "",
        }
    }

    /// The id of a text, if any class of the deployment mentions it.
    pub fn find(&self, text: &str) -> Option<Name> {
        let hash = hash_text(text);
        let shard = shard_of(hash);
        let row = self.shards.get(shard)?.find(text, hash)?;
        Some(Self::id_of(shard, row))
    }

    /// One more than the greatest id, for tables that are indexed by name.
    pub fn bound(&self) -> usize {
        self.shards.iter().map(|shard| shard.ends.len()).max().unwrap_or(0) * NAME_SHARDS
    }

    /// All names with their ids, shard by shard.
    pub fn iter(&self) -> impl Iterator<Item = (Name, &str)> {
        (0..self.shards.len()).flat_map(|shard| self.of_shard(shard))
    }

    /// The names of one shard with their ids, in order of rows, see [`id_of`](Self::id_of).
    pub fn of_shard(&self, shard: usize) -> impl Iterator<Item = (Name, &str)> {
        let names = self.shards.get(shard);
        let rows =
            names.into_iter().flat_map(|names| (0..names.ends.len()).map(|row| (row, names.text_at(row))));
        rows.map(move |(row, text)| (Self::id_of(shard, row), text))
    }
}

/// A row of one of several tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    table: u32,
    row: u32,
}

/// The names of one shard in all tables, each once, and the row that each row of the tables gets.
fn join_shard(tables: &[Interner], by_shard: &[ByShard], shard: usize) -> (Shard, Vec<(Row, u32)>) {
    let text = |row: &Row| tables[row.table as usize].text_of(Name(row.row));
    let mut rows: Vec<(u64, Row)> = Vec::new();
    for (table, by_shard) in by_shard.iter().enumerate() {
        let hashes = &tables[table].hashes;
        let of_shard = by_shard.rows(shard).iter();
        rows.extend(of_shard.map(|row| (hashes[*row as usize], Row { table: table as u32, row: *row })));
    }
    // Names are compared only where hashes are equal: mostly the same name in several tables.
    rows.sort_unstable_by(|(a, x), (b, y)| {
        a.cmp(b).then_with(|| if x == y { Ordering::Equal } else { text(x).cmp(text(y)).then(x.cmp(y)) })
    });
    let is_first =
        |i: usize| i == 0 || rows[i].0 != rows[i - 1].0 || text(&rows[i].1) != text(&rows[i - 1].1);
    let firsts: Vec<usize> = (0..rows.len()).filter(|i| is_first(*i)).collect();
    let mut joined = Vec::with_capacity(rows.len());
    for (name, first) in firsts.iter().enumerate() {
        let end = firsts.get(name + 1).copied().unwrap_or(rows.len());
        joined.extend(rows[*first..end].iter().map(|(_, row)| (*row, name as u32)));
    }
    let names = Shard::of(firsts.iter().map(|first| (rows[*first].0, text(&rows[*first].1))));
    (names, joined)
}

/// Rows of a table, shard by shard.
pub struct ByShard {
    rows: Vec<u32>,
    first: [u32; NAME_SHARDS + 1],
}

impl ByShard {
    /// Sorts `n` rows by their shards, which are below [`NAME_SHARDS`]; the order within each stays.
    pub fn of(n: usize, shard_of: impl Fn(usize) -> usize) -> Self {
        let mut first = [0u32; NAME_SHARDS + 1];
        for row in 0..n {
            first[shard_of(row) + 1] += 1;
        }
        for shard in 0..NAME_SHARDS {
            first[shard + 1] += first[shard];
        }
        let mut next = first;
        let mut rows = vec![0; n];
        for row in 0..n {
            let at = &mut next[shard_of(row)];
            rows[*at as usize] = row as u32;
            *at += 1;
        }
        Self { rows, first }
    }

    /// The rows of one shard.
    pub fn rows(&self, shard: usize) -> &[u32] {
        &self.rows[self.first[shard] as usize..self.first[shard + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Sequential;

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

    #[test]
    fn ids_of_joined_tables_follow_from_the_names_alone() {
        let texts: Vec<String> = (0..1000).map(|i| format!("n{}", i * i)).collect();
        let table = |range: std::ops::Range<usize>| {
            let mut table = Interner::new();
            texts[range].iter().for_each(|text| {
                table.intern(text);
            });
            table
        };
        let (one, _) = Names::join(&[table(0..1000)], &Sequential);
        let (many, ids) = Names::join(&[table(500..1000), table(0..700), Interner::new()], &Sequential);
        assert!(texts.iter().all(|text| one.find(text).is_some() && one.find(text) == many.find(text)));
        assert_eq!(one.find("absent"), None);
        assert_eq!(ids[0][3], many.find(&texts[503]).unwrap());
        assert_eq!(one.iter().count(), 1000);
    }

    #[test]
    fn merging_units_gives_one_id_per_text() {
        let (mut a, mut b) = (Interner::new(), Interner::new());
        let (ax, ay) = (a.intern("x"), a.intern("y"));
        let (by, bz) = (b.intern("y"), b.intern(""));
        let (names, ids) = Names::join(&[a, b], &Sequential);
        assert_eq!(ids[0][ay.index()], ids[1][by.index()]);
        assert_eq!(names.text(ids[0][ax.index()]), "x");
        assert_eq!(names.text(ids[1][bz.index()]), "");
        assert_eq!(names.find("y"), Some(ids[1][by.index()]));
        assert!(ids.iter().flatten().all(|id| id.index() < names.bound()));
    }
}
