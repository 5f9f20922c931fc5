//! Which references of a program match which method patterns, each reference looked at once.

use super::bits::BitSet;
use super::link::Program;
use crate::facts::{MemberRef, NO_NAME};
use crate::vocabulary::names::NAME_SHARDS;
use crate::vocabulary::{LoaderId, MemberRefId, Name, Names, Parallel};
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
    /// The same as names.
    named: Vec<Named>,
    by_name: FxHashMap<Name, Vec<PatternId>>,
    /// Per loader: references that match at least one pattern.
    matches: Vec<FxHashMap<MemberRefId, Vec<PatternId>>>,
    /// One bit per reference: whether any loader has a match for it.
    any: Vec<u64>,
}

/// What a pattern asks for, in the deployment's names.
#[derive(Clone, Copy)]
struct Named {
    /// `None` if no class mentions it.
    owner: Option<Name>,
    /// `None` for every overload; [`NO_NAME`] if no class mentions it.
    desc: Option<Name>,
    /// Whether receivers of a subtype don't match.
    is_exact: bool,
    /// What the methods of that name return that subtypes override, as bits of [`return_kind`]; all if it is not known.
    returns: u8,
}

/// What a method returns, as a bit: nothing, a primitive value, a reference. One that returns something else overrides
/// nothing, whatever its name (JVMS 5.4.5).
fn return_kind(desc: &str) -> u8 {
    match desc.rsplit(')').next().unwrap_or_default().as_bytes().first() {
        Some(b'V') => 1,
        Some(b'L' | b'[') => 2,
        _ => 4,
    }
}

/// What the methods of a pattern's name return in its class and above, if it is a class of the JDK.
fn returns_of(program: &Program<'_>, pattern: &Pattern) -> u8 {
    const ANY: u8 = u8::MAX;
    let jdk = program.topology.jdk;
    let owner = program.facts.names.find(&pattern.owner).and_then(|name| program.find(jdk, name));
    let Some(owner) = owner.filter(|_| !pattern.is_prefix && pattern.desc.is_none()) else { return ANY };
    let names = program.ancestor_names(jdk, program.class_facts(owner).name);
    let classes = names.iter().filter_map(|name| program.find(jdk, *name)).chain([owner]);
    let methods = classes.flat_map(|class| program.methods_of(class));
    let named = methods.filter(|(_, m)| program.text(m.name) == pattern.name);
    match named.fold(0, |kinds, (_, m)| kinds | return_kind(program.text(m.desc))) {
        0 => ANY,
        kinds => kinds,
    }
}

/// Names of the supertypes of classes that a piece of work has asked for.
type Ancestors = FxHashMap<Name, Vec<Name>>;

impl PatternIndex {
    /// Looks at every reference of every loader's classes.
    pub fn build(program: &Program<'_>, patterns: Vec<Pattern>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 2048;
        let names = &program.facts.names;
        let named = patterns.iter().map(|p| Named {
            owner: names.find(&p.owner),
            desc: p.desc.as_ref().map(|desc| names.find(desc).unwrap_or(NO_NAME)),
            is_exact: p.is_exact || p.name == "<init>",
            returns: returns_of(program, p),
        });
        let named = named.collect();
        let n_members = program.facts.members.bound();
        let mut index = Self {
            patterns,
            named,
            by_name: FxHashMap::default(),
            matches: Vec::new(),
            any: vec![0; n_members.div_ceil(64)],
        };
        index.sort_by_name(program, parallel);
        for l in 0..program.topology.loaders.len() {
            let loader = LoaderId::from_index(l);
            let candidates = index.candidates(program, loader);
            let found = parallel.map(candidates.len().div_ceil(CHUNK), |chunk| {
                let range = chunk * CHUNK..candidates.len().min((chunk + 1) * CHUNK);
                let mut ancestors = Ancestors::default();
                let matches = candidates[range].iter().map(|id| {
                    let member = program.facts.members.get(*id);
                    (*id, index.matches_of(program, loader, member, &mut ancestors))
                });
                matches.filter(|(_, found)| !found.is_empty()).collect::<Vec<_>>()
            });
            let found: FxHashMap<MemberRefId, Vec<PatternId>> = found.into_iter().flatten().collect();
            found.keys().for_each(|id| index.any[id.index() / 64] |= 1 << (id.index() % 64));
            index.matches.push(found);
        }
        index
    }

    /// The references of a loader's classes whose name a pattern has; the JDK's own code is of no interest.
    fn candidates(&self, program: &Program<'_>, loader: LoaderId) -> Vec<MemberRefId> {
        if loader == program.topology.jdk {
            return Vec::new();
        }
        let path = &program.topology.loaders[loader.index()].path;
        let mut on_path =
            vec![false; program.facts.parts.iter().map(|part| part.archive + 1).max().unwrap_or(0)];
        for element in path {
            if let Some(slot) = on_path.get_mut(element.archive) {
                *slot = true;
            }
        }
        let units = program.facts.units_in(|archive| on_path[archive]);
        let mut seen = vec![0u64; program.facts.members.bound().div_ceil(64)];
        let mut found = Vec::new();
        for id in units.iter().flat_map(|u| &program.facts.unit_members[*u]) {
            let (word, bit) = (id.index() / 64, 1u64 << (id.index() % 64));
            if seen[word] & bit == 0 && self.by_name.contains_key(&program.facts.members.get(*id).name) {
                found.push(*id);
            }
            seen[word] |= bit;
        }
        found
    }

    fn sort_by_name(&mut self, program: &Program<'_>, parallel: &impl Parallel) {
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
        // By first letter: hardly any name begins as a pattern does.
        let first_of = |text: &str| text.as_bytes().first().copied().unwrap_or_default();
        let mut by_letter = vec![Vec::new(); 1 << u8::BITS];
        for id in prefixes {
            match self.patterns[id as usize].name.as_str() {
                "" => by_letter.iter_mut().for_each(|ids| ids.push(id)),
                prefix => by_letter[usize::from(first_of(prefix))].push(id),
            }
        }
        let names = &program.facts.names;
        let bound = names.bound();
        let mut of_members = BitSet::new(bound);
        for (_, member) in program.facts.members.iter() {
            of_members.add(member.name.index());
        }
        let found = parallel.map(NAME_SHARDS, |shard| {
            let mut found = Vec::new();
            let of_shard = (0..).map(|row| Names::id_of(shard, row));
            let of_shard = of_shard.take_while(|name| name.index() < bound);
            for name in of_shard.filter(|name| of_members.has(name.index())) {
                let text = names.text(name);
                let ids = by_letter[usize::from(first_of(text))].iter();
                let fitting = ids.filter(|id| text.starts_with(&self.patterns[**id as usize].name));
                found.extend(fitting.map(|id| (name, *id)));
            }
            found
        });
        for (name, id) in found.into_iter().flatten() {
            self.by_name.entry(name).or_default().push(id);
        }
    }

    fn matches_of(
        &self,
        program: &Program<'_>,
        loader: LoaderId,
        member: MemberRef,
        ancestors: &mut Ancestors,
    ) -> Vec<PatternId> {
        let Some(candidates) = self.by_name.get(&member.name) else { return Vec::new() };
        let of = |id: &PatternId| {
            let pattern = self.named[*id as usize];
            let owner = pattern.owner.filter(|_| pattern.desc.is_none_or(|d| d == member.desc))?;
            Some((*id, owner, pattern.is_exact))
        };
        let asks = |(_, owner, is_exact): (PatternId, Name, bool)| owner != member.owner && !is_exact;
        let above: &[Name] = match candidates.iter().filter_map(of).any(asks) {
            true => {
                let find = || program.ancestor_names(loader, member.owner);
                ancestors.entry(member.owner).or_insert_with(find)
            }
            false => &[],
        };
        let named = candidates.iter().filter_map(of);
        let fitting =
            named.filter(|(_, owner, is_exact)| *owner == member.owner || !is_exact && above.contains(owner));
        let kind = return_kind(program.text(member.desc));
        let fitting = fitting
            .filter(|(id, owner, _)| *owner == member.owner || self.named[*id as usize].returns & kind != 0);
        fitting.map(|(id, ..)| id).collect()
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
