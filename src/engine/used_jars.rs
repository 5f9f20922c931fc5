//! Which jars of a class path use which: what no other one names a class of is where the code begins.

use crate::facts::{ArchiveFacts, Facts, UnitFacts};
use crate::vocabulary::Name;
use rustc_hash::{FxHashMap, FxHashSet};

/// Where a services file lies.
const SERVICES: &str = "META-INF/services/";

/// The jars of one class path, and for each the others that its code names classes of.
pub(super) struct UsedJars<'f> {
    facts: &'f Facts,
    jars: Vec<usize>,
    units: Vec<&'f [usize]>,
    uses: Vec<Vec<usize>>,
}

impl<'f> UsedJars<'f> {
    /// Reads what the classes of each jar name. `units` yields the units of a jar; of several copies of a class a jar's own
    /// counts, else the first.
    pub(super) fn of(facts: &'f Facts, jars: &[usize], units: impl Fn(usize) -> &'f [usize]) -> Self {
        let units: Vec<&[usize]> = jars.iter().map(|jar| units(*jar)).collect();
        let classes = |jar: usize| {
            let of_jar = units.get(jar).into_iter().copied().flatten().filter_map(|u| facts.units.get(*u));
            of_jar.flat_map(|unit| &unit.classes)
        };
        let mut home: FxHashMap<Name, usize> = FxHashMap::default();
        for jar in 0..jars.len() {
            classes(jar).for_each(|class| {
                home.entry(class.name).or_insert(jar);
            });
        }
        let uses = (0..jars.len()).map(|jar| {
            let own: FxHashSet<Name> = classes(jar).map(|class| class.name).collect();
            let of_jar = units.get(jar).into_iter().copied().flatten();
            let named: FxHashSet<Name> = of_jar.flat_map(|unit| named_in(facts, *unit)).collect();
            let others = named.iter().filter(|name| !own.contains(name)).filter_map(|name| home.get(name));
            let others: FxHashSet<usize> = others.copied().collect();
            let mut others: Vec<usize> = others.into_iter().collect();
            others.sort_unstable();
            others
        });
        let uses = uses.collect();
        Self { facts, jars: jars.to_vec(), units, uses }
    }

    /// The jars from which all others are reached by what they use, as few as do: those that no other uses, and one of each
    /// circle that nothing else uses. Without those that only provide a service, such as a driver, if another uses more;
    /// and without those that name no class of anybody else, such as one of annotations, if another does.
    pub(super) fn unused(&self, archives: &[ArchiveFacts], jdk: &[usize]) -> Vec<usize> {
        let mut first = self.first();
        let n_used = |jar: &usize| self.uses.get(*jar).map_or(0, Vec::len);
        let most = first.iter().map(n_used).max().unwrap_or(0);
        if most > 0 && first.iter().any(|jar| n_used(jar) == 0) {
            let others = self.classes_of_others(jdk);
            first.retain(|jar| n_used(jar) > 0 || self.names_one_of(*jar, &others));
        }
        let provides = |jar: &usize| {
            let facts = self.jars.get(*jar).and_then(|a| archives.get(*a));
            facts.is_some_and(|facts| facts.descriptors.iter().any(|d| d.entry.starts_with(SERVICES)))
        };
        let kept = first.iter().filter(|jar| n_used(jar) == most || !provides(jar));
        kept.filter_map(|jar| self.jars.get(*jar).copied()).collect()
    }

    /// The classes of the deployment's archives that are none of the jars, the JDK's left out.
    fn classes_of_others(&self, jdk: &[usize]) -> FxHashSet<Name> {
        let units = self.facts.units_by_archive();
        let others = units
            .filter(|(archive, _)| !self.jars.contains(archive) && !jdk.contains(archive))
            .map(|(_, unit)| unit);
        others.flat_map(|unit| &unit.classes).map(|class| class.name).collect()
    }

    fn names_one_of(&self, jar: usize, classes: &FxHashSet<Name>) -> bool {
        let units = self.units.get(jar).into_iter().copied().flatten();
        let own: FxHashSet<Name> = units
            .clone()
            .filter_map(|u| self.facts.units.get(*u))
            .flat_map(|unit| &unit.classes)
            .map(|class| class.name)
            .collect();
        let mut named = units.flat_map(|unit| named_in(self.facts, *unit));
        named.any(|name| classes.contains(&name) && !own.contains(&name))
    }

    /// What is finished last by a depth-first search of everything is used by nothing that is not in a circle with it; so
    /// is, among what it does not reach, the next.
    fn first(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.uses.len()];
        for jar in 0..self.uses.len() {
            self.visit(jar, &mut seen, &mut order);
        }
        let mut first = Vec::new();
        let mut seen = vec![false; self.uses.len()];
        let mut reached = Vec::new();
        for jar in order.into_iter().rev() {
            if !seen.get(jar).copied().unwrap_or(true) {
                first.push(jar);
                self.visit(jar, &mut seen, &mut reached);
            }
        }
        first.sort_unstable();
        first
    }

    /// Depth first from one jar; what is finished is appended.
    fn visit(&self, from: usize, seen: &mut [bool], finished: &mut Vec<usize>) {
        let mut stack = vec![(from, 0)];
        if seen.get(from).copied().unwrap_or(true) {
            return;
        }
        seen[from] = true;
        while let Some((jar, next)) = stack.last_mut() {
            match self.uses.get(*jar).and_then(|used| used.get(*next)) {
                Some(&used) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[used], true) {
                        stack.push((used, 0));
                    }
                }
                None => {
                    finished.push(*jar);
                    stack.pop();
                }
            }
        }
    }
}

/// The classes whose members a unit's code uses, and those that its classes extend.
fn named_in(facts: &Facts, unit: usize) -> impl Iterator<Item = Name> {
    let members = facts.unit_members.get(unit).into_iter().flatten();
    let owners = members.map(|id| facts.members.get(*id).owner);
    let supertypes = facts.units.get(unit).into_iter().flat_map(supertypes);
    owners.chain(supertypes)
}

fn supertypes(unit: &UnitFacts) -> impl Iterator<Item = Name> {
    unit.classes.iter().flat_map(|class| {
        let interfaces = class.interfaces.of(&unit.lists).iter().copied();
        std::iter::once(class.super_name).chain(interfaces)
    })
}
