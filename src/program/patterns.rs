//! Which references of a program match which method patterns, each reference looked at once.

use super::link::Program;
use crate::facts::MemberRef;
use crate::vocabulary::{LoaderId, MemberRefId, Name, Parallel};
use rustc_hash::FxHashMap;

/// A pattern over methods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Internal name of the declaring class; receivers of a subtype match too unless `is_exact`.
    pub owner: String,
    /// Method name; with `is_prefix` its beginning.
    pub name: String,
    /// Descriptor; `None` for every overload.
    pub desc: Option<String>,
    /// Whether only the owner itself matches.
    pub is_exact: bool,
    /// Whether `name` is a prefix.
    pub is_prefix: bool,
}

/// Number of a pattern in the list that an index was built from.
pub type PatternId = u32;

/// The matches of a list of patterns.
pub struct PatternIndex {
    patterns: Vec<Pattern>,
    by_name: FxHashMap<Name, Vec<PatternId>>,
    /// Per loader: references that match at least one pattern.
    matches: Vec<FxHashMap<MemberRefId, Vec<PatternId>>>,
    /// One bit per reference: whether any loader has a match for it.
    any: Vec<u64>,
}

impl PatternIndex {
    /// Looks at every reference of every loader's classes.
    pub fn build(program: &Program<'_>, patterns: Vec<Pattern>, parallel: &impl Parallel) -> Self {
        let mut index =
            Self { patterns, by_name: FxHashMap::default(), matches: Vec::new(), any: Vec::new() };
        index.sort_by_name(program);
        let candidates: Vec<(MemberRefId, MemberRef)> =
            program.facts.members.iter().filter(|(_, m)| index.by_name.contains_key(&m.name)).collect();
        index.matches = parallel.map(program.topology.loaders.len(), |l| {
            let loader = LoaderId::from_index(l);
            if loader == program.topology.jdk {
                return FxHashMap::default();
            }
            let of_loader = candidates.iter().filter_map(|(id, member)| {
                let found = index.matches_of(program, loader, *member);
                (!found.is_empty()).then_some((*id, found))
            });
            of_loader.collect()
        });
        index.any = vec![0; program.facts.members.bound().div_ceil(64)];
        for (id, _) in &candidates {
            if index.matches.iter().any(|m| m.contains_key(id)) {
                index.any[id.index() / 64] |= 1 << (id.index() % 64);
            }
        }
        index
    }

    fn sort_by_name(&mut self, program: &Program<'_>) {
        for (i, pattern) in self.patterns.iter().enumerate() {
            if !pattern.is_prefix
                && let Some(name) = program.facts.names.find(&pattern.name)
            {
                self.by_name.entry(name).or_default().push(i as PatternId);
            }
        }
        let prefixes: Vec<PatternId> = (0..self.patterns.len())
            .filter(|i| self.patterns[*i].is_prefix)
            .map(|i| i as PatternId)
            .collect();
        if prefixes.is_empty() {
            return;
        }
        let mut seen = rustc_hash::FxHashSet::default();
        for (_, member) in program.facts.members.iter() {
            if !seen.insert(member.name) {
                continue;
            }
            let text = program.text(member.name);
            for id in &prefixes {
                if text.starts_with(&self.patterns[*id as usize].name) {
                    self.by_name.entry(member.name).or_default().push(*id);
                }
            }
        }
    }

    fn matches_of(&self, program: &Program<'_>, loader: LoaderId, member: MemberRef) -> Vec<PatternId> {
        let Some(candidates) = self.by_name.get(&member.name) else { return Vec::new() };
        let owner = program.text(member.owner);
        let desc = program.text(member.desc);
        let class = program.find(loader, member.owner);
        let fits = |id: &&PatternId| {
            let pattern = &self.patterns[**id as usize];
            if pattern.desc.as_ref().is_some_and(|d| d != desc) {
                return false;
            }
            owner == pattern.owner
                || !pattern.is_exact
                    && pattern.name != "<init>"
                    && class.is_some_and(|c| program.has_supertype_named(c, &pattern.owner))
        };
        candidates.iter().filter(fits).copied().collect()
    }

    /// The patterns that a reference matches in the view of a loader, ascending.
    pub fn of(&self, loader: LoaderId, member: MemberRefId) -> &[PatternId] {
        let bit = self.any.get(member.index() / 64).is_some_and(|w| w >> (member.index() % 64) & 1 == 1);
        if !bit {
            return &[];
        }
        self.matches.get(loader.index()).and_then(|m| m.get(&member)).map_or(&[], Vec::as_slice)
    }

    /// A pattern.
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        &self.patterns[id as usize]
    }
}
