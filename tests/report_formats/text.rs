use crate::sample::{at, finding, outcome, rendered, with_baseline, write_sources};
use cotenant::findings::{Outcome, Severity, Standing};
use cotenant::report::RenderOptions;
use cotenant::vocabulary::{Problem, ProblemCode};

fn with_sources(options: RenderOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    write_sources(folder.path());
    rendered("text", &outcome(), &RenderOptions { base: folder.path().into(), ..options })
}

#[test]
fn text_reads_like_a_compilers_output() {
    insta::assert_snapshot!(with_sources(RenderOptions::default()));
}

#[test]
fn text_wraps_at_the_terminals_width() {
    insta::assert_snapshot!(with_sources(RenderOptions { width: 60, ..RenderOptions::default() }));
}

#[test]
fn colours_are_there_only_when_asked_for() {
    assert!(!with_sources(RenderOptions::default()).contains('\u{1b}'));
    let colored = with_sources(RenderOptions { color: true, ..RenderOptions::default() });
    insta::assert_snapshot!(colored.replace('\u{1b}', "␛"));
}

#[test]
fn colours_change_nothing_but_colour() {
    let colored = with_sources(RenderOptions { color: true, ..RenderOptions::default() });
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), with_sources(RenderOptions::default()));
}

#[test]
fn nothing_from_an_archive_can_steer_the_terminal() {
    let text = with_sources(RenderOptions::default());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!text.contains('\u{202e}'));
    assert!(text.contains("evil.\\u{1b}[2J\\u{202e}Name"));
}

#[test]
fn what_the_baseline_lists_is_told_on_one_line_each_and_does_not_count() {
    insta::assert_snapshot!(rendered("text", &with_baseline(), &RenderOptions::default()));
}

#[test]
fn a_scan_that_finds_nothing_but_what_the_baseline_lists_says_so() {
    let mut all_known = with_baseline();
    all_known.problems.clear();
    all_known.findings.iter_mut().for_each(|f| f.standing = Some(Standing::Known));
    let options = RenderOptions { max_findings: 2, ..RenderOptions::default() };
    let text = rendered("text", &all_known, &options);
    assert!(!text.contains("-->") && text.contains("\n… 3 more "), "{text}");
    assert!(text.ends_with("5 findings known from the baseline\nverdict: no new hazard\n"), "{text}");
}

#[test]
fn findings_beyond_the_limit_are_counted_not_shown() {
    let mut outcome = Outcome::default();
    for i in 0..263 {
        let mut f = finding("a/b", Severity::Error, "a.B", &format!("m{i}"), "I");
        f.location = at("a.jar", "a/B.class", None, i);
        outcome.findings.push(f);
    }
    let text = rendered("text", &outcome, &RenderOptions::default());
    assert_eq!(text.matches("error[a/b]").count(), 50);
    assert!(text.contains("\n… 213 more "), "{text}");
    assert!(text.contains("a/b        263        -        -"), "{text}");
    let all =
        rendered("text", &outcome, &RenderOptions { max_findings: usize::MAX, ..RenderOptions::default() });
    assert_eq!(all.matches("error[a/b]").count(), 263);
    assert!(!all.contains("more"));
}

#[test]
fn what_to_do_is_told_once_for_findings_that_ask_the_same() {
    let mut outcome = outcome();
    let mut other = outcome.findings[1].clone();
    other.fix = "Do something else.".into();
    outcome.findings.insert(3, other);
    let text = rendered("text", &outcome, &RenderOptions::default());
    assert_eq!(text.matches("fix: Keep one value").count(), 1);
    assert_eq!(text.matches("fix: Do something else.").count(), 1);
    assert_eq!(text.matches("rules explain static-sharing/overwritten-static").count(), 1);
    assert_eq!(text.matches("   = why, fix: see above, same rule\n").count(), 1, "{text}");
    assert_eq!(text.matches("   = why: see above, same rule\n").count(), 1, "{text}");
}

#[test]
fn steps_beyond_what_anybody_follows_are_counted() {
    let mut outcome = outcome();
    let step = outcome.findings[1].trace[1].clone();
    outcome.findings[1].trace = vec![step; 43];
    let text = rendered("text", &outcome, &RenderOptions::default());
    assert!(text.contains("   40. [billing]") && text.contains("\n   … 3 more\n"), "{text}");
}

#[test]
fn a_clean_scan_says_what_was_covered() {
    let mut clean = outcome();
    clean.findings.clear();
    insta::assert_snapshot!(rendered("text", &clean, &RenderOptions::default()), @r#"
    scanned 12 archives, 3,456 classes, 2 modules on base (sofa-ark); sources 812/840
    2 findings suppressed
    verdict: no hazard found; not all was read (1 problem on standard error)
    "#);
}

#[test]
fn a_scan_that_could_not_read_an_input_does_not_claim_that_all_is_well() {
    let mut clean = outcome();
    clean.findings.clear();
    clean.problems.push(Problem::new(ProblemCode::MissingInput, "x.jar", "", "no such file"));
    let text = rendered("text", &clean, &RenderOptions::default());
    insta::assert_snapshot!(text.lines().last().unwrap(), @"verdict: nothing found so far; not scanned whole (1 problem on standard error)");
}

#[test]
fn a_base_alone_is_said_to_be_open() {
    let mut alone = outcome();
    alone.tenants.truncate(1);
    alone.findings.retain(|f| f.severity == Severity::Note);
    alone.stats.sources_resolved = None;
    insta::assert_snapshot!(rendered("text", &alone, &RenderOptions::default()), @r#"
    note[classloader/own-loader-lookup]: `find` is shared.
      --> shop base/base-1.0.jar!/BOOT-INF/classes/com/acme/base/Names.class
       = tenants: any (open world); possible
       = fix: Keep it per tenant.
       = help: cotenant rules explain classloader/own-loader-lookup
       = fingerprint: b9ff8dae3c70bdcdc82e282423aaf810

    rule                             error  warning     note
    classloader/own-loader-lookup        -        -        1

    scanned 12 archives, 3,456 classes, base open to any tenant (sofa-ark)
    2 findings suppressed
    verdict: no error; 1 note; not all was read (1 problem on standard error)
    "#);
}

#[test]
fn a_related_place_at_the_line_that_is_shown_is_left_out() {
    let mut f = finding("a/b", Severity::Error, "a.B", "m", "I");
    f.location = at("a.jar", "a/B.class", None, 7);
    f.related = vec![
        (at("a.jar", "a/B.class", None, 7), "here as well".to_owned()),
        (at("a.jar", "a/B.class", None, 8), "and there".to_owned()),
    ];
    let outcome = Outcome { findings: vec![f], ..Outcome::default() };
    let text = rendered("text", &outcome, &RenderOptions::default());
    assert!(text.contains("and there") && !text.contains("here as well"), "{text}");
}
