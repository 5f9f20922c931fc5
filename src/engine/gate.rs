//! The verdict on a scan: what its exit code says.

use crate::findings::{Finding, Outcome, Severity};
use crate::vocabulary::{ProblemCode, ProblemLevel};

/// What fails. Findings that the baseline lists never do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gate {
    /// The least severity that fails; `None` if no finding does.
    pub fail_from: Option<Severity>,
    /// Whether anything unread makes the scan incomplete.
    pub strict: bool,
}

/// How a scan ended, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Nothing fails.
    Passed,
    /// So many findings fail.
    Failed(usize),
    /// Not scanned whole, so that the findings are not all there are; so many problems say why.
    Incomplete(usize),
    /// Something in this tool broke.
    Broken,
}

impl Verdict {
    /// The exit code that the documentation gives it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed(_) => 1,
            Self::Incomplete(_) => 3,
            Self::Broken => 4,
        }
    }
}

impl Gate {
    /// Judges an outcome; the worst that holds counts.
    pub fn judge(&self, outcome: &Outcome) -> Verdict {
        let codes = || outcome.problems.iter().map(|problem| problem.code);
        let n_unread = codes().filter(|code| self.is_incomplete(*code)).count();
        let n_failing = outcome.findings.iter().filter(|finding| self.fails(finding)).count();
        if codes().any(|code| code == ProblemCode::InternalError) {
            Verdict::Broken
        } else if n_unread > 0 {
            Verdict::Incomplete(n_unread)
        } else if n_failing > 0 {
            Verdict::Failed(n_failing)
        } else {
            Verdict::Passed
        }
    }

    fn is_incomplete(&self, code: ProblemCode) -> bool {
        code.level() == ProblemLevel::Error || self.strict && code.is_unread()
    }

    fn fails(&self, finding: &Finding) -> bool {
        self.fail_from.is_some_and(|least| finding.severity <= least) && !finding.is_known()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::finding;
    use crate::findings::Standing;
    use crate::vocabulary::Problem;

    fn gate() -> Gate {
        Gate { fail_from: Some(Severity::Error), ..Gate::default() }
    }

    fn with(severities: &[Severity], codes: &[ProblemCode]) -> Outcome {
        let findings =
            severities.iter().map(|severity| Finding { severity: *severity, ..finding("a/b", "C", "") });
        let problems = codes.iter().map(|code| Problem::new(*code, "a.jar", "", ""));
        Outcome { findings: findings.collect(), problems: problems.collect(), ..Outcome::default() }
    }

    #[test]
    fn findings_from_the_threshold_on_fail_unless_the_baseline_lists_them() {
        let outcome = with(&[Severity::Error, Severity::Warning, Severity::Note], &[]);
        let judged = |fail_from| Gate { fail_from, ..gate() }.judge(&outcome);
        assert_eq!(judged(Some(Severity::Error)), Verdict::Failed(1));
        assert_eq!(judged(Some(Severity::Warning)), Verdict::Failed(2));
        assert_eq!(judged(Some(Severity::Note)), Verdict::Failed(3));
        assert_eq!(judged(None), Verdict::Passed);
        let standing = |standing| {
            let mut outcome = outcome.clone();
            outcome.findings.iter_mut().for_each(|finding| finding.standing = Some(standing));
            gate().judge(&outcome)
        };
        assert_eq!(standing(Standing::Known), Verdict::Passed);
        assert_eq!(standing(Standing::New), Verdict::Failed(1));
    }

    #[test]
    fn an_incomplete_scan_is_worse_than_a_finding_and_a_defect_is_worst() {
        let errors = [Severity::Error];
        assert_eq!(gate().judge(&with(&errors, &[ProblemCode::MissingInput])).exit_code(), 3);
        let all = [ProblemCode::MissingInput, ProblemCode::InternalError];
        assert_eq!(gate().judge(&with(&errors, &all)).exit_code(), 4);
    }

    #[test]
    fn strictness_minds_what_was_not_read_and_nothing_else() {
        let strict = Gate { strict: true, ..gate() };
        let of = |code| {
            (gate().judge(&with(&[], &[code])).exit_code(), strict.judge(&with(&[], &[code])).exit_code())
        };
        assert_eq!(of(ProblemCode::MalformedClass), (0, 3));
        assert_eq!(of(ProblemCode::CorruptEntry), (0, 3));
        assert_eq!(of(ProblemCode::ExpiredSuppression), (0, 0));
        assert_eq!(of(ProblemCode::DuplicateClass), (0, 0));
        assert_eq!(of(ProblemCode::NoClasses), (3, 3));
    }
}
