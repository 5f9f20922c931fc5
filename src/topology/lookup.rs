//! The one lookup of classes and the one lookup of resources, over the loaders' steps. Both end on cyclic
//! delegation: a loader that is already being asked counts as having nothing.

use super::{ArchiveSet, PathElement, Step, Target, Topology};
use crate::vocabulary::LoaderId;

/// Answers whether a loader's own path holds a class (internal form): anywhere if no set is given, else in one of
/// the set's archives. For the JDK's loader: whether the JDK has the class.
pub type Holds<'a> = &'a dyn Fn(LoaderId, &str, Option<&ArchiveSet>) -> bool;

/// Answers whether a path element holds a resource. The name is relative to the element's prefix.
pub type HoldsResource<'a> = &'a dyn Fn(&PathElement, &str) -> bool;

/// Where a resource was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceHit {
    /// The loader on whose path it is.
    pub loader: LoaderId,
    /// Position on that path.
    pub element: usize,
    /// The archive of that element.
    pub archive: usize,
}

/// One step that a class lookup came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupStep {
    /// 0 for the steps of the initiating loader, 1 for those of a loader it asked, …
    pub depth: usize,
    /// The loader whose step it is.
    pub loader: LoaderId,
    /// Position among that loader's `class_steps`.
    pub step: usize,
    /// Where the step looks.
    pub target: Target,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not taken: its filter excludes the name.
    Filtered,
    /// Taken, nothing there.
    Missing,
    /// Not taken: the loader to be asked is waiting for this very answer.
    Cycle,
    /// Taken; that loader has the class, but no copy of it in an accepted archive.
    NotAccepted(LoaderId),
    /// Taken; that loader defines the class.
    Found(LoaderId),
}

impl Topology {
    /// The loader that defines `name` (internal form) when `initiating` is asked for it; `None` if nobody does.
    /// Names in `java/` are the JDK's alone, as a JVM lets no other loader define them (`ClassLoader.defineClass`).
    pub fn find_class(&self, initiating: LoaderId, name: &str, holds: Holds<'_>) -> Option<LoaderId> {
        ClassLookup::new(self, holds).find(initiating, name)
    }

    /// The steps that [`find_class`](Self::find_class) takes, in the order they are tried; a step that asks another
    /// loader stands before that loader's own steps.
    pub fn explain_class(&self, initiating: LoaderId, name: &str, holds: Holds<'_>) -> Vec<LookupStep> {
        let mut lookup = ClassLookup { trace: Some(Vec::new()), ..ClassLookup::new(self, holds) };
        lookup.find(initiating, name);
        lookup.trace.unwrap_or_default()
    }

    /// What `getResource` on a loader yields.
    pub fn find_resource(
        &self,
        asked: LoaderId,
        name: &str,
        holds: HoldsResource<'_>,
    ) -> Option<ResourceHit> {
        ResourceLookup::new(self, name, holds, false).run(asked).first().copied()
    }

    /// What `getResources` on a loader yields, in order, the same entry of the same archive only once.
    pub fn find_resources(&self, asked: LoaderId, name: &str, holds: HoldsResource<'_>) -> Vec<ResourceHit> {
        ResourceLookup::new(self, name, holds, true).run(asked)
    }

    fn artifact(&self, archive: usize) -> &str {
        self.artifacts.get(archive).map_or("", String::as_str)
    }
}

/// Looks up classes, one after the other.
pub struct ClassLookup<'a> {
    topology: &'a Topology,
    name: &'a str,
    holds: Holds<'a>,
    /// Loaders that wait for an answer, outermost first.
    waiting: Vec<LoaderId>,
    /// Answers already had, so that a dense graph of loaders costs no more than its edges.
    answers: Vec<(LoaderId, Option<LoaderId>)>,
    trace: Option<Vec<LookupStep>>,
}

impl<'a> ClassLookup<'a> {
    /// A lookup that asks `holds`.
    pub fn new(topology: &'a Topology, holds: Holds<'a>) -> Self {
        Self { topology, name: "", holds, waiting: Vec::new(), answers: Vec::new(), trace: None }
    }

    /// As [`Topology::find_class`].
    pub fn find(&mut self, initiating: LoaderId, name: &'a str) -> Option<LoaderId> {
        self.name = name;
        self.answers.clear();
        let first = if self.name.starts_with("java/") { self.topology.jdk } else { initiating };
        self.load(first)
    }

    fn load(&mut self, loader: LoaderId) -> Option<LoaderId> {
        if let Some(&(_, answer)) = self.answers.iter().find(|(asked, _)| *asked == loader) {
            return answer;
        }
        self.waiting.push(loader);
        let steps: &'a [Step] = self.topology.loader(loader).map_or(&[], |l| l.class_steps.as_slice());
        let answer = steps.iter().enumerate().find_map(|(i, step)| self.take(loader, i, step));
        self.waiting.pop();
        self.answers.push((loader, answer));
        answer
    }

    fn take(&mut self, loader: LoaderId, index: usize, step: &Step) -> Option<LoaderId> {
        let at = self.begin_step(loader, index, step.target);
        let outcome =
            if step.filter.accepts(self.name) { self.try_step(loader, step) } else { Outcome::Filtered };
        if let Some(entry) = self.trace.as_mut().and_then(|trace| trace.get_mut(at)) {
            entry.outcome = outcome;
        }
        match outcome {
            Outcome::Found(defining) => Some(defining),
            _ => None,
        }
    }

    fn try_step(&mut self, loader: LoaderId, step: &Step) -> Outcome {
        let accepted = step.archives.as_ref();
        match step.target {
            Target::Own if (self.holds)(loader, self.name, accepted) => Outcome::Found(loader),
            Target::Own => Outcome::Missing,
            Target::Loader(other) if self.waiting.contains(&other) => Outcome::Cycle,
            Target::Loader(other) => match self.load(other) {
                None => Outcome::Missing,
                Some(found) if accepted.is_none() || found == self.topology.jdk => Outcome::Found(found),
                Some(found) if (self.holds)(found, self.name, accepted) => Outcome::Found(found),
                Some(found) => Outcome::NotAccepted(found),
            },
        }
    }

    fn begin_step(&mut self, loader: LoaderId, step: usize, target: Target) -> usize {
        let Some(trace) = &mut self.trace else { return 0 };
        let depth = self.waiting.len().saturating_sub(1);
        trace.push(LookupStep { depth, loader, step, target, outcome: Outcome::Missing });
        trace.len() - 1
    }
}

struct ResourceLookup<'a> {
    topology: &'a Topology,
    name: &'a str,
    holds: HoldsResource<'a>,
    all: bool,
    waiting: Vec<LoaderId>,
    /// Loaders asked without restriction: asking them again yields nothing new.
    asked: Vec<LoaderId>,
    /// How many of the steps being taken accept some archives only.
    n_restrictions: usize,
    hits: Vec<ResourceHit>,
}

type Accepts<'s> = &'s dyn Fn(usize) -> bool;

impl<'a> ResourceLookup<'a> {
    fn new(topology: &'a Topology, name: &'a str, holds: HoldsResource<'a>, all: bool) -> Self {
        let (waiting, asked, hits) = (Vec::new(), Vec::new(), Vec::new());
        Self { topology, name, holds, all, waiting, asked, n_restrictions: 0, hits }
    }

    fn run(mut self, loader: LoaderId) -> Vec<ResourceHit> {
        self.ask(loader, &|_| true);
        self.hits
    }

    fn ask(&mut self, id: LoaderId, accepts: Accepts<'_>) {
        let Some(loader) = self.topology.loader(id) else { return };
        let steps = if self.all { &loader.resources_steps } else { &loader.resource_steps };
        let n_before = self.hits.len();
        self.waiting.push(id);
        for step in steps {
            let found_some = self.hits.len() > n_before;
            if found_some && !self.all {
                break;
            }
            if step.filter.accepts(self.name) && !(found_some && step.is_fallback) {
                self.take(id, step, accepts);
            }
        }
        self.waiting.pop();
        if loader.one_hit_per_artifact {
            self.keep_one_hit_per_artifact(n_before);
        }
    }

    fn take(&mut self, loader: LoaderId, step: &Step, accepts: Accepts<'_>) {
        let within = step.archives.as_ref();
        let accepts = |archive| within.is_none_or(|set| set.contains(archive)) && accepts(archive);
        match step.target {
            Target::Own => self.look_on_path(loader, &accepts),
            Target::Loader(other) if self.waiting.contains(&other) || self.asked.contains(&other) => {}
            Target::Loader(other) => {
                self.n_restrictions += usize::from(within.is_some());
                self.ask(other, &accepts);
                self.n_restrictions -= usize::from(within.is_some());
                if within.is_none() && self.n_restrictions == 0 {
                    self.asked.push(other);
                }
            }
        }
    }

    fn look_on_path(&mut self, id: LoaderId, accepts: Accepts<'_>) {
        let path = self.topology.loader(id).map_or(&[][..], |loader| &loader.path);
        for (position, element) in path.iter().enumerate() {
            let archive = element.archive;
            if !accepts(archive) || !(self.holds)(element, self.name) {
                continue;
            }
            if !self.has_hit(element) {
                self.hits.push(ResourceHit { loader: id, element: position, archive });
            }
            if !self.all {
                break;
            }
        }
    }

    fn has_hit(&self, element: &PathElement) -> bool {
        self.hits.iter().filter(|hit| hit.archive == element.archive).any(|hit| {
            let path = self.topology.loader(hit.loader).map_or(&[][..], |loader| &loader.path);
            path.get(hit.element).is_some_and(|other| other.prefix == element.prefix)
        })
    }

    fn keep_one_hit_per_artifact(&mut self, from: usize) {
        let mut kept = self.hits.split_off(from.min(self.hits.len()));
        let mut seen: Vec<&str> = Vec::new();
        kept.retain(|hit| {
            let artifact = self.topology.artifact(hit.archive);
            let is_new = artifact.is_empty() || !seen.contains(&artifact);
            seen.push(artifact);
            is_new
        });
        self.hits.append(&mut kept);
    }
}
