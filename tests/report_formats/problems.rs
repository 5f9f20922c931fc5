use crate::sample::outcome;
use cotenant::report::{RenderOptions, problems};
use cotenant::vocabulary::{Problem, ProblemCode};

fn lines(found: &[Problem]) -> String {
    let mut bytes = Vec::new();
    problems::write(found, &RenderOptions::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_problem_is_one_line_with_its_place() {
    insta::assert_snapshot!(lines(&outcome().problems), @r#"
    warning[corrupt-entry]: shop base/base-1.0.jar!/BOOT-INF/lib/registry-1.2.jar!/a/B.class: checksum is 1f, 2e was declared
    warning[analysis-bound]: call graph: 3 sites have more than 256 targets
    note[duplicate-class]: shop base/base-1.0.jar!/a/C.class: also in x.jar
    "#);
}

#[test]
fn a_problem_that_repeats_is_counted_after_a_few_and_worse_ones_come_first() {
    let mut found: Vec<Problem> = (0..1005)
        .map(|i| Problem::new(ProblemCode::MalformedClass, "a.jar", &format!("C{i:04}.class"), "truncated"))
        .collect();
    found.push(Problem::new(ProblemCode::MissingInput, "b.jar", "", "no such file\u{1b}[31m\nat all"));
    insta::assert_snapshot!(lines(&found), @r#"
    error[missing-input]: b.jar: no such file\u{1b}[31m at all
    warning[malformed-class]: a.jar!/C0000.class: truncated
    warning[malformed-class]: a.jar!/C0001.class: truncated
    warning[malformed-class]: a.jar!/C0002.class: truncated
    warning[malformed-class]: a.jar!/C0003.class: truncated
    warning[malformed-class]: a.jar!/C0004.class: truncated
    warning[malformed-class]: … 1,000 more
    "#);
    assert_eq!(problems::summary(&found), "1 error, 1,005 warnings");
    assert_eq!(problems::summary(&[]), "");
}
