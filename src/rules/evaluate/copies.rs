//! Questions about the identity of classes that several loaders define, asked of objects of another copy.

use super::copies_asked::{Ask, asks_of};
use super::matches::{Match, Spot, Subject};
use crate::dataflow::World;
use crate::dataflow::objects::{Object, Way, What};
use crate::rules::rule::{Arrival, CopyQuestion, Rule, Site};
use crate::vocabulary::{ClassId, Name, Parallel, TenantId};
use rustc_hash::FxHashMap;

/// Number of a row of [`Copies`].
pub(super) type CopyId = u32;

/// A question that objects of another copy answer otherwise than those who ask it mean.
#[derive(Clone, Debug)]
pub(super) struct Misjudged {
    /// What is asked.
    pub question: CopyQuestion,
    /// The class that is meant.
    pub wanted: ClassId,
    /// The other class of its name.
    pub other: ClassId,
    /// An object that is asked about, one that comes the surest way.
    pub object: Object,
}

impl Misjudged {
    /// How the object gets there.
    pub(super) fn arrival(&self) -> Arrival {
        match (self.object.what, self.object.way) {
            (What::ReadBy(_), _) => Arrival::Deserialised,
            (_, Way::Direct) => Arrival::Directly,
            (_, Way::Selected) => Arrival::ByDispatch,
            (_, Way::Field) => Arrival::ByField,
            (_, Way::Container) => Arrival::InContainer,
        }
    }
}

/// All of them, with their matches.
#[derive(Default)]
pub(super) struct Copies {
    rows: Vec<Misjudged>,
    matches: Vec<Match>,
}

impl Copies {
    /// The questions that rules look for; none in an open world, where one copy of each class is known.
    pub(super) fn find(world: &World<'_>, rules: &[Rule], parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 64;
        let is_wanted = rules.iter().any(|rule| matches!(rule.site, Site::OtherCopy { .. }));
        if !is_wanted || world.reach.is_open_world() {
            return Self::default();
        }
        let split = Split::of(world);
        if split.is_empty() {
            return Self::default();
        }
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                of_class(world, &split, ClassId::from_index(i), &mut found);
            }
            found
        });
        let mut copies = Self::default();
        for (ask, row) in found.into_iter().flatten() {
            copies.add(world, &ask, row);
        }
        copies
    }

    /// The matches of a site.
    pub(super) fn of_site(&self, questions: &[CopyQuestion]) -> Vec<Match> {
        let is_meant = |found: &&Match| match found.subject {
            Subject::Copy(id) => self.row(id).is_some_and(|row| questions.contains(&row.question)),
            _ => false,
        };
        self.matches.iter().filter(is_meant).cloned().collect()
    }

    /// A row.
    pub(super) fn row(&self, id: CopyId) -> Option<&Misjudged> {
        self.rows.get(id as usize)
    }

    /// One match per method, question and class.
    fn add(&mut self, world: &World<'_>, ask: &Ask, row: Misjudged) {
        let spot = Spot { method: ask.method, event: ask.event, how: None, inside: None };
        let tenants = tenants(world, ask, &row);
        let same = (0..self.rows.len()).rev().take_while(|i| self.matches[*i].spots[0].method == ask.method);
        let same = same.into_iter().find(|i| {
            let known = &self.rows[*i];
            (known.question, known.wanted) == (row.question, row.wanted)
        });
        let Some(same) = same else {
            let subject = Subject::Copy(self.rows.len() as CopyId);
            let class = world.program.class_of_method(ask.method);
            let only = tenants;
            self.matches.push(Match {
                subject,
                class,
                spots: vec![spot],
                only,
                holder: None,
                kept: None,
                leak: None,
            });
            return self.rows.push(row);
        };
        let (found, known) = (&mut self.matches[same], &mut self.rows[same]);
        if !found.spots.contains(&spot) {
            found.spots.push(spot);
        }
        if row.object < known.object {
            *known = row;
        }
        found.only = match (found.only.take(), tenants) {
            (Some(mut all), Some(more)) => {
                all.extend(more);
                all.sort_unstable();
                all.dedup();
                Some(all)
            }
            _ => None,
        };
    }
}

/// The applications for which a question fails: in shared code those that bring the object.
fn tenants(world: &World<'_>, ask: &Ask, row: &Misjudged) -> Option<Vec<TenantId>> {
    let owner = |class| world.reach.owner(class);
    if owner(world.program.class_of_method(ask.method)).is_some() {
        return None;
    }
    let maker = world.program.class_of_method(row.object.method);
    let tenant = owner(maker).or_else(|| owner(row.other))?;
    world.reach.tenants(ask.method).has(tenant).then(|| vec![tenant])
}

fn of_class(world: &World<'_>, split: &Split, class: ClassId, found: &mut Vec<(Ask, Misjudged)>) {
    let program = world.program;
    // Nobody defines what another loader on the way already has.
    let loader = program.class(class).loader;
    if program.is_jdk(class) || program.find(loader, program.class_facts(class).name) != Some(class) {
        return;
    }
    for (id, method) in program.methods_of(class) {
        if !method.has_body || world.reach.tenants(id).is_empty() {
            continue;
        }
        for ask in asks_of(world, split, world.body(id)) {
            let rows = ask.objects(world).into_iter().filter_map(|object| {
                let (wanted, other) = ask.mistaken(world, object)?;
                Some(Misjudged { question: ask.question, wanted, other, object })
            });
            let rows: Vec<Misjudged> = rows.collect();
            found.extend(rows.into_iter().map(|row| (ask.clone(), row)));
        }
    }
}

/// The names of classes that several loaders of the deployment define, each for itself.
pub(super) struct Split {
    is_split: Vec<bool>,
    n: usize,
}

impl Split {
    fn of(world: &World<'_>) -> Self {
        let program = world.program;
        let mut first = FxHashMap::<Name, ClassId>::default();
        let mut split = Self { is_split: vec![false; program.facts.names.bound()], n: 0 };
        for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
            let name = program.class_facts(class).name;
            if program.find(program.class(class).loader, name) != Some(class) {
                continue;
            }
            if *first.entry(name).or_insert(class) != class
                && let Some(is_split) = split.is_split.get_mut(name.index())
            {
                *is_split = true;
                split.n += 1;
            }
        }
        split
    }

    fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Whether several loaders define a class of this name.
    pub(super) fn has(&self, name: Name) -> bool {
        self.is_split.get(name.index()).copied().unwrap_or(false)
    }
}
