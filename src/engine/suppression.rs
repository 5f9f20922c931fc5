//! Findings that are accepted on purpose, and which of the reasons to accept them still hold.

use super::clock::Date;
use crate::findings::Finding;
use crate::vocabulary::{Problem, ProblemCode};
use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

/// Findings that are accepted, with the reason why. All parts that are given must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suppression {
    /// Glob of rule ids.
    pub rule: Option<String>,
    /// Glob of binary class names, with dots.
    pub class: Option<String>,
    /// Name of the field or method.
    pub member: Option<String>,
    /// Name of a tenant concerned.
    pub module: Option<String>,
    /// A finding's fingerprint, or its first characters (8 at least).
    pub fingerprint: Option<String>,
    /// Why it is accepted; never blank.
    pub reason: String,
    /// Last day on which it holds.
    pub expires: Option<Date>,
}

impl Suppression {
    /// Whether it may take findings of a rule out; one that names no rule may take those of all.
    pub fn is_about_rule(&self, id: &str) -> bool {
        self.rule.as_deref().is_none_or(|pattern| Glob::new(pattern).fits(id))
    }
}

/// What suppressions did to a list of findings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Suppressed {
    /// How many findings were taken out.
    pub(super) n_suppressed: usize,
    /// Suppressions that have expired, or that fit nothing.
    pub(super) problems: Vec<Problem>,
}

/// Which rules were applied, so that only suppressions of these can be blamed for doing nothing.
pub(super) struct Applied<'a> {
    /// Ids of the rules.
    pub(super) rules: Vec<&'a str>,
    /// Whether others exist that were left out on request.
    pub(super) is_selection: bool,
}

/// Takes accepted findings out. `from` is the file that the suppressions stand in. An expired suppression takes
/// nothing out.
pub(super) fn suppress(
    findings: &mut Vec<Finding>,
    suppressions: &[Suppression],
    from: &str,
    today: Date,
    applied: &Applied<'_>,
) -> Suppressed {
    let matchers: Vec<Matcher<'_>> = suppressions.iter().map(Matcher::new).collect();
    let classes = ClassGlobs::new(suppressions);
    let mut of_rules: FxHashMap<String, Vec<bool>> = FxHashMap::default();
    let mut n_fitting = vec![0_usize; matchers.len()];
    let mut result = Suppressed::default();
    findings.retain(|finding| {
        if !of_rules.contains_key(&finding.rule) {
            let fitting = matchers.iter().map(|matcher| matcher.fits_rule(&finding.rule)).collect();
            of_rules.insert(finding.rule.clone(), fitting);
        }
        let is_of_rule =
            |i: usize| of_rules.get(&finding.rule).and_then(|fitting| fitting.get(i)) == Some(&true);
        let mut is_kept = true;
        for i in classes.fitting(&finding.class).filter(|i| is_of_rule(*i)) {
            if let (Some(matcher), Some(n)) = (matchers.get(i), n_fitting.get_mut(i))
                && matcher.fits_rest(finding)
            {
                *n += 1;
                is_kept &= matcher.is_expired(today);
            }
        }
        result.n_suppressed += usize::from(!is_kept);
        is_kept
    });
    for (i, (matcher, n)) in matchers.iter().zip(n_fitting).enumerate() {
        let name = format!("suppression {} ({})", i + 1, matcher.describe());
        let problem = match matcher.of.expires {
            Some(day) if matcher.is_expired(today) => {
                let what = if n == 1 { "finding counts" } else { "findings count" };
                let message = format!("{name} held until {day}; {n} {what} again");
                Some((ProblemCode::ExpiredSuppression, message))
            }
            _ if n == 0 && matcher.is_concerned(applied) => {
                Some((ProblemCode::UnusedSuppression, format!("{name} fits no finding")))
            }
            _ => None,
        };
        result.problems.extend(problem.map(|(code, message)| Problem::new(code, from, "", message)));
    }
    result
}

struct Matcher<'s> {
    of: &'s Suppression,
    rule: Option<Glob>,
}

/// Patterns that are compiled together; far more of them may make an automaton too large.
const GLOBS_OF_SET: usize = 256;

/// The patterns for classes of all suppressions. Asking each for each finding would take forever where there are many of
/// both.
struct ClassGlobs {
    /// Suppressions of any class.
    any: Vec<usize>,
    /// Patterns, and the suppressions that they belong to.
    sets: Vec<(GlobSet, Vec<usize>)>,
}

impl ClassGlobs {
    fn new(suppressions: &[Suppression]) -> Self {
        let (mut any, mut globs) = (Vec::new(), Vec::new());
        for (i, suppression) in suppressions.iter().enumerate() {
            match &suppression.class {
                None => any.push(i),
                // Globs know slashes where class names have dots. One that cannot be compiled fits nothing.
                Some(pattern) => globs.extend(glob(&pattern.replace('.', "/")).map(|glob| (glob, i))),
            }
        }
        // Plain names are looked up, and slow down no set.
        let is_plain = |glob: &globset::Glob| !glob.glob().contains(['*', '?', '[', '{', '\\']);
        let (plain, patterns): (Vec<_>, Vec<_>) = globs.into_iter().partition(|(glob, _)| is_plain(glob));
        let chunks =
            patterns.chunks(GLOBS_OF_SET).chain(Some(plain.as_slice()).filter(|all| !all.is_empty()));
        Self { any, sets: chunks.flat_map(compiled).collect() }
    }

    /// The suppressions that a class fits.
    fn fitting(&self, class: &str) -> impl Iterator<Item = usize> + '_ {
        let path = class.replace('.', "/");
        let of_sets = self.sets.iter().flat_map(move |(set, owners)| {
            set.matches(&path).into_iter().filter_map(|glob| owners.get(glob).copied())
        });
        self.any.iter().copied().chain(of_sets)
    }
}

/// As few sets as may be: what is too large together is compiled in halves.
fn compiled(globs: &[(globset::Glob, usize)]) -> Vec<(GlobSet, Vec<usize>)> {
    let mut set = GlobSetBuilder::new();
    for (glob, _) in globs {
        set.add(glob.clone());
    }
    match set.build() {
        Ok(set) => vec![(set, globs.iter().map(|(_, owner)| *owner).collect())],
        Err(_) if globs.len() > 1 => {
            let (first, second) = globs.split_at(globs.len() / 2);
            [first, second].into_iter().flat_map(compiled).collect()
        }
        Err(_) => Vec::new(),
    }
}

fn glob(pattern: &str) -> Option<globset::Glob> {
    GlobBuilder::new(pattern).literal_separator(true).build().ok()
}

/// A pattern; one that cannot be compiled fits nothing.
struct Glob(Option<GlobMatcher>);

impl Glob {
    fn new(pattern: &str) -> Self {
        Self(glob(pattern).map(|glob| glob.compile_matcher()))
    }

    fn fits(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|glob| glob.is_match(text))
    }
}

impl<'s> Matcher<'s> {
    fn new(of: &'s Suppression) -> Self {
        Self { of, rule: of.rule.as_deref().map(Glob::new) }
    }

    fn fits_rule(&self, rule: &str) -> bool {
        self.rule.as_ref().is_none_or(|glob| glob.fits(rule))
    }

    /// Whether a finding fits all that is given but rule and class.
    fn fits_rest(&self, finding: &Finding) -> bool {
        let Suppression { member, module, fingerprint, .. } = self.of;
        member.as_ref().is_none_or(|name| *name == finding.member)
            && module.as_ref().is_none_or(|name| concerns(finding, name))
            && fingerprint.as_ref().is_none_or(|start| finding.fingerprint.starts_with(start.as_str()))
    }

    fn is_expired(&self, today: Date) -> bool {
        self.of.expires.is_some_and(|last| last < today)
    }

    /// Whether a rule that it is about was applied.
    fn is_concerned(&self, applied: &Applied<'_>) -> bool {
        !applied.is_selection
            || self.rule.as_ref().is_some_and(|glob| applied.rules.iter().any(|rule| glob.fits(rule)))
    }

    fn describe(&self) -> String {
        let Suppression { rule, class, member, module, fingerprint, .. } = self.of;
        let parts = [
            ("rule", rule),
            ("class", class),
            ("member", member),
            ("module", module),
            ("fingerprint", fingerprint),
        ];
        let told: Vec<String> =
            parts.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_ref()?))).collect();
        told.join(", ")
    }
}

fn concerns(finding: &Finding, tenant: &str) -> bool {
    finding.loader == tenant || finding.tenants.iter().any(|name| name == tenant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::finding;

    const TODAY: Date = Date { year: 2026, month: 3, day: 31 };

    fn applied(is_selection: bool) -> Applied<'static> {
        Applied { rules: vec!["static-sharing/overwritten-static"], is_selection }
    }

    fn run(suppression: &Suppression) -> (usize, Suppressed) {
        let mut findings = vec![
            finding("static-sharing/overwritten-static", "com.acme.legacy.deep.Registry", "current"),
            finding("static-sharing/overwritten-static", "com.acme.shop.Prices", "all"),
        ];
        let done =
            suppress(&mut findings, std::slice::from_ref(suppression), "c.yaml", TODAY, &applied(false));
        (findings.len(), done)
    }

    #[test]
    fn all_given_parts_must_fit() {
        let by = |class: &str, member: Option<&str>, module: Option<&str>| Suppression {
            class: Some(class.into()),
            member: member.map(Into::into),
            module: module.map(Into::into),
            ..Suppression::default()
        };
        assert_eq!(run(&by("com.acme.legacy.**", None, None)).0, 1);
        assert_eq!(run(&by("com.acme.legacy.*", None, None)).0, 2, "one star stays within a package");
        assert_eq!(run(&by("**", Some("all"), Some("orders"))).0, 1);
        assert_eq!(run(&by("**", Some("all"), Some("catalogue"))).0, 2);
        let by_rule = Suppression { rule: Some("static-sharing/*".into()), ..Suppression::default() };
        assert_eq!(run(&by_rule).1, Suppressed { n_suppressed: 2, problems: vec![] });
    }

    #[test]
    fn an_expired_suppression_lets_its_finding_return_and_says_so() {
        let until = |day| Suppression {
            member: Some("all".into()),
            expires: Some(Date { day, ..TODAY }),
            ..Suppression::default()
        };
        assert_eq!(run(&until(31)).1, Suppressed { n_suppressed: 1, problems: vec![] });
        let (n, done) = run(&until(30));
        assert_eq!((n, done.n_suppressed), (2, 0));
        assert_eq!(done.problems[0].code, ProblemCode::ExpiredSuppression);
        assert!(
            done.problems[0].message.contains("until 2026-03-30; 1 finding counts again"),
            "{:?}",
            done.problems
        );
    }

    #[test]
    fn a_suppression_that_fits_nothing_is_told_unless_its_rule_was_left_out() {
        let none = Suppression { rule: Some("resource/*".into()), ..Suppression::default() };
        let (_, done) = run(&none);
        assert_eq!(done.problems[0].code, ProblemCode::UnusedSuppression);
        assert_eq!(done.problems[0].place.archive, "c.yaml");
        let done = suppress(&mut Vec::new(), &[none], "c.yaml", TODAY, &applied(true));
        assert_eq!(done.problems, []);
    }
}
