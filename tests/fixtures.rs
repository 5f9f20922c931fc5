//! Every case of `fixtures/` is scanned and compared with what its source lines expect.

use cotenant::cli::cases;
use std::path::PathBuf;

/// Cases that are not found yet, each with the reason. A test fails when one of them passes, so that the list only
/// shrinks.
const NOT_YET: &[(&str, &str)] = &[
    (
        "fixtures/classloader/context-loader-missing-on-pool/bad-parallel-stream",
        "tasks given to a stream's stages are not followed to its end",
    ),
    (
        "fixtures/classloader/provider-of-another-loader/bad",
        "services files are not compared across the views of two loaders",
    ),
    (
        "fixtures/classloader/service-lookup-in-shared-code/bad-kept",
        "what a class initialiser of a shared class calls counts as set-up",
    ),
    (
        "fixtures/static-sharing/overwritten-static/bad-reflection",
        "writes through java.lang.reflect.Field are no field accesses",
    ),
    (
        "fixtures/static-sharing/overwritten-static/bad-var-handle",
        "writes through VarHandle are no field accesses",
    ),
];

fn check(folder: &str) {
    let verdict = cases::run(&[PathBuf::from(folder)], &[]).unwrap_or_default();
    assert!(verdict.n_passed > 0, "no case below {folder}");
    let failed: Vec<&str> = verdict.text.lines().filter(|l| l.starts_with("fixtures/")).collect();
    let known: Vec<&str> = NOT_YET.iter().map(|(case, _)| *case).filter(|c| c.starts_with(folder)).collect();
    assert_eq!(failed, known, "{}", verdict.text);
}

#[test]
fn the_demo_finds_exactly_what_its_sources_say() {
    check("fixtures/demo");
}

#[test]
fn static_sharing_cases_find_exactly_what_their_sources_say() {
    check("fixtures/static-sharing");
}

#[test]
fn classloader_cases_find_exactly_what_their_sources_say() {
    check("fixtures/classloader");
}

#[test]
fn resource_cases_find_exactly_what_their_sources_say() {
    check("fixtures/resource");
}
