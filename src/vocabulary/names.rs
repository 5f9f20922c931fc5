//! The one table of names of a deployment.

use super::interner::{BATCH, Interner, hash_text};
use super::{Name, Parallel};
use std::cmp::Ordering;

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

    /// Builds it of names in the order of their hashes.
    fn of(names: &[Row], tables: &[Interner]) -> Self {
        let mut text = String::new();
        text.reserve_exact(names.iter().map(|name| (name.end - name.start) as usize).sum());
        let mut ends = Vec::with_capacity(names.len());
        let mut runs = vec![0u32; (names.len() / Self::RUN).next_power_of_two().max(2) + 1];
        let n_runs = runs.len() - 1;
        for batch in names.chunks(BATCH) {
            // In the order of hashes each text lies elsewhere; so memory is waited for once for all of them.
            let firsts = batch
                .iter()
                .map(|name| u32::from(name.text(tables).as_bytes().first().copied().unwrap_or(0)));
            std::hint::black_box(firsts.sum::<u32>());
            for name in batch {
                text.push_str(name.text(tables));
                ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
                runs[Self::run_of(name.hash, n_runs) + 1] += 1;
            }
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
        for (shard, (names, numbers)) in joined.into_iter().enumerate() {
            let mut numbers = numbers.into_iter();
            for (ids, by_shard) in ids.iter_mut().zip(&by_shard) {
                for (row, number) in by_shard.rows(shard).iter().zip(numbers.by_ref()) {
                    ids[*row as usize] = Self::id_of(shard, number as usize);
                }
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

/// A name in one of several tables.
#[derive(Clone, Copy)]
struct Row {
    hash: u64,
    table: u32,
    /// Where its text lies in that table's.
    start: u32,
    end: u32,
    /// Its number among the shard's names of all tables.
    number: u32,
}

impl Row {
    fn text(self, tables: &[Interner]) -> &str {
        let table = tables.get(self.table as usize);
        table.and_then(|table| table.text.get(self.start as usize..self.end as usize)).unwrap_or("")
    }
}

/// The names of one shard in all tables, each once, and the row that each of the tables' names of this shard gets, table
/// by table.
fn join_shard(tables: &[Interner], by_shard: &[ByShard], shard: usize) -> (Shard, Vec<u32>) {
    let mut rows: Vec<Row> = Vec::with_capacity(by_shard.iter().map(|table| table.rows(shard).len()).sum());
    for (number, (table, by_shard)) in tables.iter().zip(by_shard).enumerate() {
        for row in by_shard.rows(shard) {
            let (start, end) = table.ends_of(Name(*row));
            let hash = table.hashes[*row as usize];
            rows.push(Row { hash, table: number as u32, start, end, number: rows.len() as u32 });
        }
    }
    // Names are compared only where hashes are equal: mostly the same name in several tables.
    rows.sort_unstable_by(|a, b| {
        a.hash.cmp(&b.hash).then_with(|| match a.number.cmp(&b.number) {
            Ordering::Equal => Ordering::Equal,
            order => a.text(tables).cmp(b.text(tables)).then(order),
        })
    });
    let mut numbers = vec![0; rows.len()];
    let mut n_names = 0;
    for i in 0..rows.len() {
        let row = rows[i];
        let is_known = n_names > 0 && {
            let last = rows[n_names - 1];
            last.hash == row.hash && last.text(tables) == row.text(tables)
        };
        if !is_known {
            rows[n_names] = row;
            n_names += 1;
        }
        numbers[row.number as usize] = n_names as u32 - 1;
    }
    rows.truncate(n_names);
    (Shard::of(&rows, tables), numbers)
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
