//! One finding for one cause: of what several rules tell of a field or a line, what says nothing more is left out.

use crate::findings::{Finding, Severity};
use crate::rules::rule::Rule;
use rustc_hash::FxHashMap;

/// The findings less those that yield to another one. What names more places than the other one stays, as others were joined
/// to it, and so does what concerns an application that the other one does not name.
pub(super) fn told_once(rules: &[Rule], found: Vec<Finding>) -> Vec<Finding> {
    let by_id: FxHashMap<&str, &Rule> = rules.iter().map(|rule| (rule.meta.id.as_str(), rule)).collect();
    let mut by_member = FxHashMap::<(&str, &str, &str), Vec<usize>>::default();
    for (i, finding) in found.iter().enumerate() {
        let key = (finding.class.as_str(), finding.member.as_str(), finding.loader.as_str());
        by_member.entry(key).or_default().push(i);
    }
    let mut is_left_out = vec![false; found.len()];
    for same in by_member.values().filter(|same| same.len() > 1) {
        for &i in same {
            let yielding = |rule: &&&Rule| !(rule.yields_to.is_empty() && rule.notes_yield_to.is_empty());
            let Some(rule) = by_id.get(found[i].rule.as_str()).filter(yielding) else { continue };
            let tells = |&&j: &&usize| j != i && !is_left_out[j] && yields(rule, &found[i], &found[j]);
            is_left_out[i] = same.iter().any(|j| tells(&j));
        }
    }
    drop(by_member);
    let mut left_out = is_left_out.into_iter();
    found.into_iter().filter(|_| left_out.next() == Some(false)).collect()
}

/// Whether a finding of a rule says nothing that another one of the same member does not say.
fn yields(rule: &Rule, finding: &Finding, other: &Finding) -> bool {
    if !rule.yields_to.contains(&other.rule) && !rule.notes_yield_to.contains(&other.rule) {
        return false;
    }
    let is_note = |finding: &Finding| finding.severity == Severity::Note;
    let is_at_one_place = finding.location == other.location;
    let is_field = |finding: &Finding| !finding.descriptor.starts_with('(');
    if !(is_at_one_place || is_field(finding) && is_field(other)) {
        return false;
    }
    let is_beside =
        rule.notes_yield_to.contains(&other.rule) && is_note(finding) && (!is_note(other) || is_at_one_place);
    let is_same = rule.yields_to.contains(&other.rule)
        && (other.severity, other.certainty) <= (finding.severity, finding.certainty);
    let is_named = |tenant| other.tenants.contains(tenant);
    let is_shown = |place| other.related.contains(place);
    (is_beside || is_same) && finding.tenants.iter().all(is_named) && finding.related.iter().all(is_shown)
}
