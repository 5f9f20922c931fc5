use crate::sample::{at, finding, outcome};
use cotenant::findings::{Finding, Severity, fingerprint};
use std::collections::BTreeSet;

fn prints(mut findings: Vec<Finding>) -> Vec<String> {
    fingerprint::assign(&mut findings);
    findings.into_iter().map(|f| f.fingerprint).collect()
}

#[test]
fn a_fingerprint_survives_moved_lines_new_versions_and_other_words() {
    let before = outcome().findings;
    let mut after = before.clone();
    for f in &mut after {
        f.location = at("elsewhere/base-2.0.jar", "x/Y.class", Some("other/Y.java"), f.location.line + 10);
        f.trace.clear();
        f.related.clear();
        f.message = "Said otherwise.".into();
        f.fix.clear();
        f.severity = Severity::Note;
    }
    assert_eq!(prints(before), prints(after));
}

#[test]
fn a_fingerprint_survives_the_compilers_numbering() {
    let lambda = |class: &str, member: &str| finding("f/r", Severity::Error, class, member, "()V");
    let before = prints(vec![lambda("a.B$1", "lambda$run$0")]);
    assert_eq!(before, prints(vec![lambda("a.B$2", "lambda$run$7")]));
    assert_ne!(before, prints(vec![lambda("a.B$Inner", "lambda$run$0")]));
    assert_ne!(before, prints(vec![lambda("a.B$1", "lambda$stop$0")]));
}

#[test]
fn whatever_makes_another_hazard_makes_another_fingerprint() {
    let base = finding("f/r", Severity::Error, "a.B", "c", "I");
    let changes: [fn(&mut Finding); 7] = [
        |_| {},
        |f| f.rule = "f/s".into(),
        |f| f.class = "a.C".into(),
        |f| f.member = "d".into(),
        |f| f.descriptor = "J".into(),
        |f| f.anchor = "call a.X.y".into(),
        |f| f.tenants = vec!["billing".into()],
    ];
    let all: Vec<Finding> = changes
        .iter()
        .map(|change| {
            let mut f = base.clone();
            change(&mut f);
            f
        })
        .collect();
    let distinct: BTreeSet<String> = prints(all).into_iter().collect();
    assert_eq!(distinct.len(), changes.len());
}

#[test]
fn parts_of_a_fingerprint_do_not_run_into_each_other() {
    let one = finding("f/r", Severity::Error, "a.B", "ab", "I");
    let two = finding("f/r", Severity::Error, "a.B", "a", "bI");
    assert_ne!(prints(vec![one]), prints(vec![two]));
}

#[test]
fn equal_hazards_of_one_member_have_distinct_fingerprints_that_repeat() {
    let twins = || vec![finding("f/r", Severity::Error, "a.B", "c", "I"); 3];
    let first = prints(twins());
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(first, prints(twins()));
    assert!(first.iter().all(|print| print.len() == 32 && print.bytes().all(|b| b.is_ascii_hexdigit())));
}
