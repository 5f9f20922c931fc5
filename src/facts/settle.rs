//! From many units with tables of their own to one deployment with one table of names and of member references.
//!
//! Ids of names follow from the names, those of references from the order of units, shard by shard, so that they are
//! the same whatever the number of threads, and no two workers ever wait for each other.

use super::member_index::{MemberIndex, NO_MEMBER, hash_of};
use super::tables::{MemberRef, UnitFacts};
use crate::body::{NO_NAME, NO_TARGET, Value};
use crate::vocabulary::interner::BATCH;
use crate::vocabulary::names::{ByShard, NAME_SHARDS};
use crate::vocabulary::{Interner, MemberRefId, Name, Names, Parallel};

/// All units of a deployment, with names and references that mean the same in each.
#[derive(Default)]
pub struct Facts {
    /// The units, each once.
    pub units: Vec<UnitFacts>,
    /// Which archive has which unit, in (archive, entry) order.
    pub parts: Vec<Part>,
    /// All names.
    pub names: Names,
    /// All member references.
    pub members: Members,
    /// The member references that occur in each unit, each once.
    pub unit_members: Vec<Vec<MemberRefId>>,
}

/// That an archive has the classes of a unit. Archives whose class files are the same, byte by byte, share units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Index of the archive's facts.
    pub archive: usize,
    /// Index of the unit.
    pub unit: usize,
}

impl Facts {
    /// The units that the archives of a set have, each once.
    pub fn units_in(&self, is_in_set: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut is_listed = vec![false; self.units.len()];
        let parts = self.parts.iter().filter(|part| is_in_set(part.archive));
        let units = parts.map(|part| part.unit);
        units.filter(|unit| is_listed.get_mut(*unit).is_some_and(|l| !std::mem::replace(l, true))).collect()
    }

    /// What each archive has, in (archive, entry) order; a unit as often as archives have it.
    pub fn units_by_archive(&self) -> impl Iterator<Item = (usize, &UnitFacts)> {
        self.parts.iter().filter_map(|part| Some((part.archive, self.units.get(part.unit)?)))
    }
}

/// The deployment's table of member references.
#[derive(Default)]
pub struct Members {
    shards: Vec<Vec<PackedMember>>,
}

/// A member reference in 12 bytes. The highest bit of its descriptor says that it is of an interface.
#[derive(Clone, Copy, PartialEq)]
struct PackedMember {
    owner: Name,
    name: Name,
    desc: u32,
}

const OF_INTERFACE: u32 = 1 << 31;
/// No table has so many names; stands for "no name".
const NO_DESC: u32 = OF_INTERFACE - 1;

impl PackedMember {
    fn of(member: MemberRef) -> Self {
        let MemberRef { owner, name, desc, of_interface } = member;
        let of_interface = if of_interface { OF_INTERFACE } else { 0 };
        Self { owner, name, desc: desc.0.min(NO_DESC) | of_interface }
    }

    fn member(self) -> MemberRef {
        let desc = self.desc & !OF_INTERFACE;
        MemberRef {
            owner: self.owner,
            name: self.name,
            desc: if desc == NO_DESC { NO_NAME } else { Name(desc) },
            of_interface: self.desc & OF_INTERFACE != 0,
        }
    }
}

impl Members {
    /// The reference with this id. Ids of another table yield one that names nothing.
    pub fn get(&self, id: MemberRefId) -> MemberRef {
        let row = self.shards.get(id.index() % NAME_SHARDS).and_then(|s| s.get(id.index() / NAME_SHARDS));
        let none = MemberRef { owner: NO_NAME, name: NO_NAME, desc: NO_NAME, of_interface: false };
        row.map_or(none, |row| row.member())
    }

    /// One more than the greatest id.
    pub fn bound(&self) -> usize {
        self.shards.iter().map(Vec::len).max().unwrap_or(0) * NAME_SHARDS
    }

    /// All references with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (MemberRefId, MemberRef)> {
        self.shards.iter().enumerate().flat_map(|(shard, rows)| {
            rows.iter()
                .enumerate()
                .map(move |(i, row)| (MemberRefId::from_index(i * NAME_SHARDS + shard), row.member()))
        })
    }
}

/// Settles units. `parts` say which archive has which, `pools` are the tables that hold the names of units without
/// a table of their own, see [`UnitFacts::pooled`].
pub fn settle(
    mut units: Vec<UnitFacts>,
    parts: Vec<Part>,
    mut pools: Vec<Interner>,
    parallel: &impl Parallel,
) -> Facts {
    for unit in units.iter_mut().filter(|unit| unit.pooled.is_empty() && !unit.names.is_empty()) {
        unit.pool = pools.len() as u32;
        unit.pooled = (0..unit.names.len()).map(Name::from_index).collect();
        pools.push(std::mem::take(&mut unit.names));
    }
    let (names, renamed) = Names::join(&pools, parallel);
    drop(pools);
    parallel.for_each(&mut units, |_, unit| {
        let of_pool = renamed.get(unit.pool as usize).map_or(&[][..], Vec::as_slice);
        rename_all(&mut unit.pooled, of_pool);
        for member in &mut unit.member_refs {
            rename_each([&mut member.owner, &mut member.name, &mut member.desc], &unit.pooled);
        }
    });
    drop(renamed);
    let (members, unit_members) = merge_members(&units, parallel);
    parallel.for_each(&mut units, |u, unit| {
        unit.member_refs = Vec::new();
        let names = std::mem::take(&mut unit.pooled);
        rename(unit, &names, &unit_members[u]);
    });
    Facts { units, parts, names, members, unit_members }
}

fn merge_members(units: &[UnitFacts], parallel: &impl Parallel) -> (Members, Vec<Vec<MemberRefId>>) {
    let shard_of =
        |member: &MemberRef| (member.owner.0 ^ member.name.0.rotate_left(4)) as usize % NAME_SHARDS;
    let by_shard = parallel.map(units.len(), |u| {
        let rows = &units[u].member_refs;
        ByShard::of(rows.len(), |row| shard_of(&rows[row]))
    });
    let merged = parallel.map(NAME_SHARDS, |shard| merge_shard(units, &by_shard, shard));
    let mut ids: Vec<Vec<MemberRefId>> =
        units.iter().map(|unit| vec![MemberRefId(u32::MAX); unit.member_refs.len()]).collect();
    let mut shards = Vec::new();
    for (shard, (members, numbers)) in merged.into_iter().enumerate() {
        let mut numbers = numbers.into_iter();
        for (ids, by_shard) in ids.iter_mut().zip(&by_shard) {
            for (row, number) in by_shard.rows(shard).iter().zip(numbers.by_ref()) {
                ids[*row as usize] = MemberRefId::from_index(number as usize * NAME_SHARDS + shard);
            }
        }
        shards.push(members);
    }
    (Members { shards }, ids)
}

/// The references of one shard in all units, each once, and the row that each of the units' gets, unit by unit.
fn merge_shard(units: &[UnitFacts], by_shard: &[ByShard], shard: usize) -> (Vec<PackedMember>, Vec<u32>) {
    let mut index = MemberIndex::default();
    let mut members: Vec<PackedMember> = Vec::new();
    let mut numbers = Vec::with_capacity(by_shard.iter().map(|unit| unit.rows(shard).len()).sum());
    for (unit, by_shard) in units.iter().zip(by_shard) {
        let member = |row: &u32| unit.member_refs[*row as usize];
        for rows in by_shard.rows(shard).chunks(BATCH) {
            let mut hashes = [0; BATCH];
            hashes.iter_mut().zip(rows).for_each(|(hash, row)| *hash = hash_of(&member(row)));
            let is_row = |i: usize, known: u32| members[known as usize] == PackedMember::of(member(&rows[i]));
            let known = index.find_batch(&hashes[..rows.len()], is_row);
            for ((row, hash), known) in rows.iter().zip(hashes).zip(known) {
                if known != NO_MEMBER {
                    numbers.push(known);
                    continue;
                }
                let new = PackedMember::of(member(row));
                let is_row = |known: u32| members[known as usize] == new;
                let hash_of_row = |known: u32| hash_of(&members[known as usize].member());
                let number = index.find_or_add(members.len(), hash, is_row, hash_of_row);
                if number as usize == members.len() {
                    members.push(new);
                }
                numbers.push(number);
            }
        }
    }
    members.shrink_to_fit();
    (members, numbers)
}

/// Rewrites every name and every member reference of a unit.
fn rename(unit: &mut UnitFacts, names: &[Name], members: &[MemberRefId]) {
    for c in &mut unit.classes {
        rename_each([&mut c.name, &mut c.super_name, &mut c.prefix, &mut c.source_file], names);
        rename_each([&mut c.outer, &mut c.nest_host, &mut c.signature], names);
    }
    unit.fields.iter_mut().for_each(|f| rename_each([&mut f.name, &mut f.desc, &mut f.signature], names));
    unit.methods.iter_mut().for_each(|m| rename_each([&mut m.name, &mut m.desc], names));
    unit.annotations.iter_mut().for_each(|a| rename_each([&mut a.desc], names));
    unit.annotation_values.iter_mut().for_each(|v| rename_each([&mut v.key, &mut v.text], names));
    rename_all(&mut unit.lists, names);
    unit.handlers.iter_mut().for_each(|h| rename_each([&mut h.catches], names));
    for event in unit.events.iter_mut().filter(|event| event.target() != NO_TARGET) {
        let row = event.target() as usize;
        event.set_target(if event.kind.has_name() {
            names.get(row).map_or(NO_TARGET, |name| name.0)
        } else {
            members.get(row).map_or(NO_TARGET, |member| member.0)
        });
    }
    for value in &mut unit.values {
        if let Value::Str(name) | Value::Class(name) = value {
            rename_each([name], names);
        }
    }
    unit.packed_values.rename(|name| names.get(name.index()).copied());
}

fn rename_all(list: &mut [Name], names: &[Name]) {
    list.iter_mut().for_each(|name| rename_each([name], names));
}

fn rename_each<const N: usize>(list: [&mut Name; N], names: &[Name]) {
    for name in list {
        if *name != NO_NAME {
            *name = names.get(name.index()).copied().unwrap_or(NO_NAME);
        }
    }
}
