//! Every case of `fixtures/` is scanned and compared with what its source lines expect.

use cotenant::cli::cases;
use std::path::PathBuf;

/// Cases that are not found yet, each with the reason. A test fails when one of them passes, so that the list only
/// shrinks.
const NOT_YET: &[(&str, &str)] = &[];

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
fn the_web_applications_find_exactly_what_their_sources_say() {
    check("fixtures/tomcat");
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

#[test]
fn a_case_is_the_same_whichever_way_its_folder_is_written() {
    let folder = "fixtures/static-sharing/overwritten-static";
    for way in [format!("./{folder}"), format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))] {
        let verdict = cases::run(&[PathBuf::from(way)], &[]).unwrap_or_default();
        assert!(verdict.n_passed > 0 && verdict.n_failed == 0, "{}", verdict.text);
    }
}

#[test]
fn linkage_cases_find_exactly_what_their_sources_say() {
    check("fixtures/linkage");
}

#[test]
fn a_case_without_its_base_fails() {
    let case = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let made = std::fs::create_dir(case.path().join("src"))
        .and_then(|()| std::fs::copy("fixtures/demo/orders.jar", case.path().join("orders.jar")))
        .and_then(|_| {
            std::fs::write(
                case.path().join("cotenant.yaml"),
                "base: [base.jar]\nmodules: {orders: orders.jar}\n",
            )
        });
    assert!(made.is_ok(), "{made:?}");
    let verdict = cases::run(&[case.path().to_owned()], &[]).unwrap_or_default();
    assert!(verdict.n_failed == 1 && verdict.text.contains("[unread]"), "{}", verdict.text);
}
