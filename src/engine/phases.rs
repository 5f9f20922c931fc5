//! Phases of the pipeline: timed, shown as progress, and fenced, so that a defect in one leaves what the others found.

use super::progress::Progress;
use crate::vocabulary::{Problem, ProblemCode};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Runs phases and keeps the books.
pub struct Phases<'p> {
    progress: &'p Progress,
    /// Wall time of each phase in milliseconds, in order.
    pub times_ms: Vec<(String, u64)>,
    /// Phases that broke.
    pub problems: Vec<Problem>,
}

impl<'p> Phases<'p> {
    /// No phase has run.
    pub fn new(progress: &'p Progress) -> Self {
        Self { progress, times_ms: Vec::new(), problems: Vec::new() }
    }

    /// How far the present phase is.
    pub fn progress(&self) -> &'p Progress {
        self.progress
    }

    /// Runs a phase. `None` if it panicked; that is then a problem.
    ///
    /// What a phase works on is either borrowed immutably or lost with it, so nothing half made outlives a panic.
    pub fn run<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> Option<T> {
        self.progress.enter(name);
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(work));
        self.times_ms.push((name.to_owned(), u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)));
        result.map_err(|panic| self.problems.push(broken(name, panic.as_ref()))).ok()
    }
}

fn broken(phase: &str, panic: &(dyn Any + Send)) -> Problem {
    let text = panic.downcast_ref::<&str>().copied();
    let said = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let message = format!("a defect of cotenant in phase `{phase}`: {said}; please report it");
    Problem::new(ProblemCode::InternalError, "", "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_that_panics_becomes_a_problem_and_the_next_one_runs() {
        let progress = Progress::default();
        let mut phases = Phases::new(&progress);
        let broken: Option<u32> = phases.run("link", || panic!("row {} is missing", 7));
        assert_eq!(broken, None);
        assert_eq!(phases.run("rules", || 5), Some(5));
        let [problem] = phases.problems.as_slice() else { panic!("{:?}", phases.problems) };
        assert_eq!(problem.code, ProblemCode::InternalError);
        assert!(problem.message.contains("`link`: row 7 is missing"), "{}", problem.message);
        let names: Vec<&str> = phases.times_ms.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["link", "rules"]);
    }

    #[test]
    fn a_panic_on_a_worker_thread_is_caught_as_well() {
        let progress = Progress::default();
        let mut phases = Phases::new(&progress);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let sum = pool.install(|| {
            phases.run("read", || {
                let work = |(): &mut (), i: usize| if i == 3 { panic!("piece {i}") } else { i };
                crate::engine::threads::map_with_state(8, || (), work).len()
            })
        });
        assert_eq!(sum, None);
        assert!(phases.problems[0].message.contains("piece 3"));
    }
}
