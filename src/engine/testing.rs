//! A finding for the engine's own tests.

use crate::findings::{Certainty, Finding, Location, Severity};

/// An error that concerns `billing` and `orders`.
pub(super) fn finding(rule: &str, class: &str, member: &str) -> Finding {
    Finding {
        rule: rule.into(),
        severity: Severity::Error,
        certainty: Certainty::Certain,
        class: class.into(),
        member: member.into(),
        descriptor: String::new(),
        loader: "base".into(),
        tenants: vec!["billing".into(), "orders".into()],
        message: String::new(),
        fix: String::new(),
        location: Location::default(),
        trace: Vec::new(),
        related: Vec::new(),
        anchor: String::new(),
        fingerprint: format!("{rule}{class}{member}"),
        standing: None,
    }
}
