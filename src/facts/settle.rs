//! From many units with tables of their own to one deployment with one table of names and of member references.
//!
//! Ids are given in the order of units, names and references, shard by shard, so that they are the same whatever the
//! number of threads, and no two workers ever wait for each other.

use super::tables::{MemberRef, UnitFacts};
use crate::body::{NO_NAME, Value};
use crate::vocabulary::names::{NAME_SHARDS, shard_of};
use crate::vocabulary::{Interner, MemberRefId, Name, Names, Parallel};
use rustc_hash::FxHashMap;

/// All units of a deployment, with names and references that mean the same in each.
#[derive(Default)]
pub struct Facts {
    /// The units, in (archive, entry) order.
    pub units: Vec<UnitFacts>,
    /// Index of the archive facts that each unit's classes come from.
    pub archive_of: Vec<usize>,
    /// All names.
    pub names: Names,
    /// All member references.
    pub members: Members,
    /// The member references that occur in each unit, each once.
    pub unit_members: Vec<Vec<MemberRefId>>,
}

const SHARDS: usize = 16;

/// The deployment's table of member references.
#[derive(Default)]
pub struct Members {
    shards: Vec<Vec<MemberRef>>,
}

impl Members {
    /// The reference with this id. Ids of another table yield one that names nothing.
    pub fn get(&self, id: MemberRefId) -> MemberRef {
        let row = self.shards.get(id.index() % SHARDS).and_then(|s| s.get(id.index() / SHARDS));
        row.copied().unwrap_or(MemberRef { owner: NO_NAME, name: NO_NAME, desc: NO_NAME })
    }

    /// One more than the greatest id.
    pub fn bound(&self) -> usize {
        self.shards.iter().map(Vec::len).max().unwrap_or(0) * SHARDS
    }

    /// All references with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (MemberRefId, MemberRef)> {
        self.shards.iter().enumerate().flat_map(|(shard, rows)| {
            rows.iter().enumerate().map(move |(i, row)| (MemberRefId::from_index(i * SHARDS + shard), *row))
        })
    }
}

/// Settles units. `archive_of` gives each unit's archive.
pub fn settle(mut units: Vec<UnitFacts>, archive_of: Vec<usize>, parallel: &impl Parallel) -> Facts {
    let (names, renamed) = merge_names(&units, parallel);
    let mut work: Vec<(&mut UnitFacts, Vec<Name>)> = units.iter_mut().zip(renamed).collect();
    parallel.for_each(&mut work, |_, (unit, names)| {
        unit.names = Interner::new();
        unit.member_refs.iter_mut().for_each(|m| rename_all([&mut m.owner, &mut m.name, &mut m.desc], names));
    });
    let renamed: Vec<Vec<Name>> = work.into_iter().map(|(_, names)| names).collect();
    let (members, unit_members) = merge_members(&units, parallel);
    let mut work: Vec<(&mut UnitFacts, Vec<Name>)> = units.iter_mut().zip(renamed).collect();
    parallel.for_each(&mut work, |u, (unit, names)| {
        unit.member_refs = Vec::new();
        rename(unit, names, &unit_members[u]);
        *names = Vec::new();
    });
    Facts { units, archive_of, names, members, unit_members }
}

fn merge_names(units: &[UnitFacts], parallel: &impl Parallel) -> (Names, Vec<Vec<Name>>) {
    let merged = parallel.map(NAME_SHARDS, |shard| {
        let mut names = Interner::new();
        let mut rows = Vec::with_capacity(units.len());
        for unit in units {
            let of_shard = unit.names.of_shard(shard);
            rows.push(of_shard.map(|(text, hash)| names.intern_hashed(text, hash).0).collect::<Vec<u32>>());
        }
        (names, rows)
    });
    let (shards, rows): (Vec<Interner>, Vec<Vec<Vec<u32>>>) = merged.into_iter().unzip();
    let renamed = parallel.map(units.len(), |u| {
        let mut next = [0usize; NAME_SHARDS];
        let names = units[u].names.hashes().iter().map(|hash| {
            let shard = shard_of(*hash);
            let row = rows[shard][u].get(next[shard]).copied().unwrap_or(0);
            next[shard] += 1;
            Names::id_of(shard, row as usize)
        });
        names.collect()
    });
    (Names::from_shards(shards), renamed)
}

fn merge_members(units: &[UnitFacts], parallel: &impl Parallel) -> (Members, Vec<Vec<MemberRefId>>) {
    let shard_of = |member: &MemberRef| (member.owner.0 ^ member.name.0.rotate_left(4)) as usize % SHARDS;
    let merged = parallel.map(SHARDS, |shard| {
        let mut ids = FxHashMap::<MemberRef, u32>::default();
        let mut members = Vec::new();
        let mut rows = Vec::with_capacity(units.len());
        for unit in units {
            let of_shard = unit.member_refs.iter().filter(|m| shard_of(m) == shard);
            let unit_rows: Vec<u32> = of_shard
                .map(|m| {
                    *ids.entry(*m).or_insert_with(|| {
                        members.push(*m);
                        members.len() as u32 - 1
                    })
                })
                .collect();
            rows.push(unit_rows);
        }
        (members, rows)
    });
    let (shards, rows): (Vec<Vec<MemberRef>>, Vec<Vec<Vec<u32>>>) = merged.into_iter().unzip();
    let renamed = parallel.map(units.len(), |u| {
        let mut next = [0usize; SHARDS];
        let members = units[u].member_refs.iter().map(|member| {
            let shard = shard_of(member);
            let row = rows[shard][u].get(next[shard]).copied().unwrap_or(0);
            next[shard] += 1;
            MemberRefId::from_index(row as usize * SHARDS + shard)
        });
        members.collect()
    });
    (Members { shards }, renamed)
}

/// Rewrites every name and every member reference of a unit.
fn rename(unit: &mut UnitFacts, names: &[Name], members: &[MemberRefId]) {
    for c in &mut unit.classes {
        rename_all([&mut c.name, &mut c.super_name, &mut c.prefix, &mut c.source_file], names);
        rename_all([&mut c.outer, &mut c.nest_host, &mut c.signature], names);
    }
    unit.fields.iter_mut().for_each(|f| rename_all([&mut f.name, &mut f.desc, &mut f.signature], names));
    unit.methods.iter_mut().for_each(|m| rename_all([&mut m.name, &mut m.desc], names));
    unit.annotations.iter_mut().for_each(|a| rename_all([&mut a.desc], names));
    unit.annotation_values.iter_mut().for_each(|v| rename_all([&mut v.key, &mut v.text], names));
    unit.lists.iter_mut().for_each(|name| rename_all([name], names));
    unit.handlers.iter_mut().for_each(|h| rename_all([&mut h.catches], names));
    for event in unit.events.iter_mut().filter(|event| event.target != u32::MAX) {
        let row = event.target as usize;
        event.target = if event.kind.has_name() {
            names.get(row).map_or(u32::MAX, |name| name.0)
        } else {
            members.get(row).map_or(u32::MAX, |member| member.0)
        };
    }
    for value in &mut unit.values {
        if let Value::Str(name) | Value::Class(name) = value {
            rename_all([name], names);
        }
    }
}

fn rename_all<const N: usize>(list: [&mut Name; N], names: &[Name]) {
    for name in list {
        if *name != NO_NAME {
            *name = names.get(name.index()).copied().unwrap_or(NO_NAME);
        }
    }
}
