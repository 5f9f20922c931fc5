//! What the supertypes of a class are, so that every walk upwards ends, and soon.

use super::link::{NO_CLASS, Program};
use crate::facts::{NO_NAME, Span};
use crate::vocabulary::{ClassId, Name, Problem, ProblemCode};
use rustc_hash::FxHashSet;

/// Supertypes that a class may have, direct or not: each takes time wherever a walk goes upwards. Of 134,000 classes of
/// Java and Scala libraries the richest has 102.
pub const MAX_SUPERTYPES: usize = 1 << 10;

/// At most so many classes that have more are listed one by one.
const MAX_LISTED: usize = 20;

/// How far a search has come with a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl Program<'_> {
    /// Finds the direct supertypes of all classes.
    pub(super) fn link_supertypes(&mut self, archive_paths: &dyn Fn(usize) -> String) {
        let mut seen = FxHashSet::default();
        let mut ids = std::mem::take(&mut self.interface_ids);
        for i in 0..self.classes.len() {
            let class = self.classes[i];
            let unit = &self.facts.units[class.unit.index()];
            let facts = unit.classes[class.row as usize];
            let mut missing = false;
            let mut find = |name: Name| match self.find(class.loader, name) {
                Some(id) => id,
                None => {
                    missing |= name != NO_NAME;
                    NO_CLASS
                }
            };
            let super_class = find(facts.super_name);
            let first = ids.len();
            seen.clear();
            for name in facts.interfaces.of(&unit.lists) {
                let id = find(*name);
                // A class file that names one twice is no class (JVMS 4.1); once is enough to walk.
                if id != NO_CLASS && seen.insert(id) {
                    ids.push(id);
                }
            }
            let class = &mut self.classes[i];
            class.super_class = super_class;
            class.interfaces = Span::from(first, ids.len());
            class.has_phantom = missing;
        }
        self.interface_ids = ids;
        self.settle_supertypes(archive_paths);
    }

    /// Cuts what can't be walked: a class that is its own ancestor can't be loaded (JVMS 5.3.5), and no real one has so many
    /// supertypes as to cost more than the rest of the program. Supertypes are looked at before what extends them, so that
    /// a class is told to be as uncertain as these.
    fn settle_supertypes(&mut self, archive_paths: &dyn Fn(usize) -> String) {
        let mut state = vec![State::New; self.classes.len()];
        // At most so many supertypes, each counted once for each way to it.
        let mut bounds = vec![0usize; self.classes.len()];
        let mut path: Vec<(ClassId, usize)> = Vec::new();
        let mut too_many = Vec::new();
        for root in (0..self.classes.len()).map(ClassId::from_index) {
            if state[root.index()] != State::New {
                continue;
            }
            state[root.index()] = State::Open;
            path.push((root, self.n_supers(root)));
            while let Some((class, left)) = path.last_mut() {
                let class = *class;
                if let Some(at) = left.checked_sub(1) {
                    *left = at;
                    let Some(next) = self.supers(class).nth(at) else { continue };
                    match state[next.index()] {
                        State::New => {
                            state[next.index()] = State::Open;
                            path.push((next, self.n_supers(next)));
                        }
                        State::Open => {
                            self.cut_supertypes(class);
                            self.report_cut(class, "is its own ancestor", archive_paths);
                        }
                        State::Done => {}
                    }
                    continue;
                }
                state[class.index()] = State::Done;
                path.pop();
                if !self.settle(class, &mut bounds) {
                    self.cut_short.insert(class);
                    too_many.push(class);
                }
            }
        }
        self.report_too_many(&too_many, archive_paths);
    }

    /// Settles a class of which the supertypes are settled. Returns whether it has no more of them than it may.
    fn settle(&mut self, class: ClassId, bounds: &mut [usize]) -> bool {
        let (mut bound, mut has_phantom) = (0usize, self.class(class).has_phantom);
        for above in self.supers(class) {
            bound = bound.saturating_add(1).saturating_add(bounds[above.index()]);
            has_phantom |= self.class(above).has_phantom;
        }
        self.classes[class.index()].has_phantom = has_phantom;
        if bound > MAX_SUPERTYPES {
            bound = self.n_supertypes(class);
        }
        let is_within = bound <= MAX_SUPERTYPES;
        if !is_within {
            self.cut_supertypes(class);
        }
        bounds[class.index()] = if is_within { bound } else { 0 };
        is_within
    }

    fn n_supers(&self, class: ClassId) -> usize {
        usize::from(self.class(class).super_class != NO_CLASS) + self.interfaces(class).len()
    }

    /// Number of supertypes, direct or not, as far as the bound.
    fn n_supertypes(&self, class: ClassId) -> usize {
        let mut seen = FxHashSet::default();
        let mut waiting = vec![class];
        while let Some(at) = waiting.pop() {
            for above in self.supers(at) {
                if seen.insert(above) {
                    waiting.push(above);
                }
            }
            if seen.len() > MAX_SUPERTYPES {
                break;
            }
        }
        seen.len()
    }

    fn cut_supertypes(&mut self, class: ClassId) {
        let class = &mut self.classes[class.index()];
        (class.super_class, class.interfaces, class.has_phantom) = (NO_CLASS, Span::default(), true);
    }

    fn report_cut(&mut self, class: ClassId, message: &str, archive_paths: &dyn Fn(usize) -> String) {
        let archive = archive_paths(self.archive_of(class));
        let entry = format!("{}.class", self.class_name(class));
        self.problems.push(Problem::new(ProblemCode::MalformedClass, &archive, &entry, message));
    }

    fn report_too_many(&mut self, classes: &[ClassId], archive_paths: &dyn Fn(usize) -> String) {
        let message = format!("has more than {MAX_SUPERTYPES} supertypes; it is taken to have none");
        for class in classes.iter().take(MAX_LISTED) {
            self.report_cut(*class, &message, archive_paths);
        }
        let n_more = classes.len().saturating_sub(MAX_LISTED);
        if let (1.., Some(last)) = (n_more, classes.last()) {
            let message =
                format!("and {n_more} more classes that have more than {MAX_SUPERTYPES} supertypes");
            let archive = archive_paths(self.archive_of(*last));
            self.problems.push(Problem::new(ProblemCode::MalformedClass, &archive, "", message));
        }
    }
}
