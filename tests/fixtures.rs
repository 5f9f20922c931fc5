//! Every fixture deployment gives what its sources say, with the built-in rules and without a JDK.

use cotenant::cli::cases;
use std::path::Path;

fn agrees(folder: &str) {
    // Tests run in the package's folder, and findings name sources from there.
    let path = Path::new("fixtures").join(folder);
    let verdict = cases::run(&[path], &[]).expect("configurations and rules are right");
    print!("{}", verdict.text);
    assert!(verdict.n_passed > 0, "no case below {folder}");
    assert_eq!(
        verdict.n_failed, 0,
        "cases that give something else than their sources say:\n{}",
        verdict.text
    );
}

#[test]
fn static_sharing_cases_give_what_their_sources_say() {
    agrees("static-sharing");
}

#[test]
fn classloader_cases_give_what_their_sources_say() {
    agrees("classloader");
}

#[test]
fn resource_cases_give_what_their_sources_say() {
    agrees("resource");
}

#[test]
fn the_front_pages_deployment_gives_what_its_sources_say() {
    agrees("demo");
}
