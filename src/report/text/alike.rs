//! Findings that say the same of copies of one class: applications pack the same libraries, and a reader who has read of
//! one copy has read of all.

use crate::findings::Finding;
use std::collections::HashMap;

/// A finding, and the same of other copies of the class.
pub(super) struct Told<'a> {
    pub(super) finding: &'a Finding,
    /// One for each tenant that has a copy as well, by the tenants' names; the finding's own comes before them.
    pub(super) others: Vec<&'a Finding>,
}

impl<'a> Told<'a> {
    /// How many findings these are.
    pub(super) fn n_findings(&self) -> usize {
        1 + self.others.len()
    }

    fn is_of(&self, loader: &str) -> bool {
        std::iter::once(&self.finding).chain(&self.others).any(|told| told.loader == loader)
    }

    fn add(&mut self, mut finding: &'a Finding) {
        if finding.loader < self.finding.loader {
            std::mem::swap(&mut finding, &mut self.finding);
        }
        let at = self.others.partition_point(|other| other.loader < finding.loader);
        self.others.insert(at, finding);
    }
}

/// What findings of copies have in common: everything but the tenant, its archive and the way that its own code takes to
/// the class.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    /// Rule, severity, certainty, class, member, descriptor, anchor.
    what: [&'a str; 7],
    line: u32,
    /// Message and fix, as they would be of a tenant without a name.
    texts: Vec<String>,
    /// Of the trace: the hazard itself.
    last: Option<(&'a str, &'a str, u32, String)>,
    related: Vec<(u32, String)>,
}

/// The findings in their order, those of further copies with the first.
pub(super) fn told<'a>(findings: &[&'a Finding]) -> Vec<Told<'a>> {
    let mut all: Vec<Told<'a>> = Vec::new();
    // What one tenant has twice is told twice.
    let mut known = HashMap::<Key<'_>, Vec<usize>>::new();
    for finding in findings {
        if let [tenant] = finding.tenants.as_slice()
            && *tenant == finding.loader
        {
            let rows = known.entry(key(finding, tenant)).or_default();
            let is_others = |row: &&usize| all.get(**row).is_some_and(|told| !told.is_of(tenant));
            if let Some(told) = rows.iter().find(is_others).and_then(|row| all.get_mut(*row)) {
                told.add(finding);
                continue;
            }
            rows.push(all.len());
        }
        all.push(Told { finding, others: Vec::new() });
    }
    all
}

fn key<'a>(f: &'a Finding, tenant: &str) -> Key<'a> {
    let nameless = |text: &str| without_name(text, tenant);
    Key {
        what: [&f.rule, f.severity.text(), f.certainty.text(), &f.class, &f.member, &f.descriptor, &f.anchor],
        line: f.location.line,
        texts: vec![nameless(&f.message), nameless(&f.fix)],
        last: f.trace.last().map(|hop| (&*hop.class, &*hop.member, hop.location.line, nameless(&hop.note))),
        related: f.related.iter().map(|(at, note)| (at.line, nameless(note))).collect(),
    }
}

/// The text with nothing where the name stands as a word of its own.
fn without_name(text: &str, name: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let mut rest = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(name).filter(|_| !name.is_empty()) {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        if !is_part(before) && !is_part(after) {
            rest.push_str(&text[from..at]);
            from = at + name.len();
        }
    }
    rest.push_str(&text[from..]);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Certainty, Location, Severity};

    #[test]
    fn what_a_tenant_has_twice_is_told_twice() {
        let of = |tenant: &str, fingerprint: &str| {
            let (tenant, fingerprint) = (tenant.to_owned(), fingerprint.to_owned());
            Finding { loader: tenant.clone(), tenants: vec![tenant], fingerprint, ..finding() }
        };
        let findings = [of("b", "1"), of("b", "2"), of("c", "3"), of("a", "4"), of("a", "5")];
        let told = told(&findings.iter().collect::<Vec<_>>());
        let others = |t: &Told<'_>| t.others.iter().map(|f| f.fingerprint.clone()).collect::<String>();
        let shown: Vec<_> = told.iter().map(|t| (t.finding.fingerprint.as_str(), others(t))).collect();
        assert_eq!(shown, [("4", "13".to_owned()), ("5", "2".to_owned())]);
    }

    fn finding() -> Finding {
        Finding {
            rule: String::new(),
            severity: Severity::Error,
            certainty: Certainty::Certain,
            class: "lib.Hook".to_owned(),
            member: String::new(),
            descriptor: String::new(),
            loader: String::new(),
            tenants: Vec::new(),
            message: String::new(),
            fix: String::new(),
            location: Location::default(),
            trace: Vec::new(),
            related: Vec::new(),
            anchor: String::new(),
            fingerprint: String::new(),
            standing: None,
        }
    }

    #[test]
    fn a_name_goes_only_where_it_is_a_word() {
        assert_eq!(without_name("a of a-b and aa: a.", "a"), " of a-b and aa: .");
        assert_eq!(without_name("on behalf of läden", "läden"), "on behalf of ");
        assert_eq!(without_name("nobody", ""), "nobody");
    }
}
