//! Findings that say the same of copies of one class: applications pack the same libraries, and a reader who has read of
//! one copy has read of all.

use crate::findings::Finding;
use std::collections::HashMap;

/// A finding, and the tenants in whose copy of the class it was made as well.
pub(super) struct Told<'a> {
    pub(super) finding: &'a Finding,
    pub(super) others: Vec<&'a str>,
}

impl Told<'_> {
    /// How many findings these are.
    pub(super) fn n_findings(&self) -> usize {
        1 + self.others.len()
    }

    fn names(&self, tenant: &str) -> bool {
        self.finding.tenants.iter().any(|own| own == tenant) || self.others.contains(&tenant)
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
        let new = Told { finding, others: Vec::new() };
        if let [tenant] = finding.tenants.as_slice()
            && *tenant == finding.loader
        {
            let rows = known.entry(key(finding, tenant)).or_default();
            let is_others = |row: &&usize| all.get(**row).is_some_and(|told| !told.names(tenant));
            if let Some(told) = rows.iter().find(is_others).and_then(|row| all.get_mut(*row)) {
                told.others.push(tenant);
                continue;
            }
            rows.push(all.len());
        }
        all.push(new);
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
        let findings = [of("a", "1"), of("a", "2"), of("b", "3"), of("b", "4"), of("c", "5")];
        let told = told(&findings.iter().collect::<Vec<_>>());
        let shown: Vec<_> =
            told.iter().map(|t| (t.finding.fingerprint.as_str(), t.others.join(" "))).collect();
        assert_eq!(shown, [("1", "b c".to_owned()), ("2", "b".to_owned())]);
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
