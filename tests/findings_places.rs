//! One hazard is one finding: the other places that have a part in it are told with it, and what goes wrong is said.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use serde_json::Value;
use std::process::Command;

fn findings(case: &str, rule: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_cotenant"))
        .args(["scan", "--format", "json", "--fail-on", "never", "--only", rule])
        .arg(format!("fixtures/static-sharing/{case}/cotenant.yaml"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().clone()
}

/// Line and note of what a finding shows besides.
fn related(finding: &Value) -> Vec<(u64, String)> {
    let related = finding["related"].as_array().unwrap().iter();
    related.map(|r| (r["line"].as_u64().unwrap(), r["note"].as_str().unwrap().to_owned())).collect()
}

fn message(finding: &Value) -> &str {
    finding["message"].as_str().unwrap()
}

#[test]
fn a_call_that_a_method_makes_twice_is_one_finding_with_both_places() {
    let found = findings("jvm-global-setter/bad-twice", "static-sharing/jvm-global-setter");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["location"]["line"], 12);
    assert_eq!(related(&found[0]), [(14, "`Locale.setDefault` is called here too".to_owned())]);
}

#[test]
fn what_two_modules_do_in_copies_of_one_class_is_one_finding_that_names_both() {
    let found = findings("jvm-global-setter/bad-own-copies", "static-sharing/jvm-global-setter");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["tenants"], serde_json::json!(["billing", "orders"]));
    assert_eq!(related(&found[0]), [(12, "orders makes the same call".to_owned())]);
}

#[test]
fn what_is_worth_knowing_of_one_class_is_one_note() {
    let found = findings("shared-instance-state/good-open-told-once", "static-sharing/shared-instance-state");
    assert_eq!(found.len(), 1);
    let notes: Vec<String> = related(&found[0]).into_iter().map(|(_, note)| note).collect();
    assert!(notes.contains(&"so is Desk.visits".to_owned()), "{notes:?}");
}

#[test]
fn a_message_says_who_gets_whose_value() {
    let said = |case: &str, rule: &str| {
        let found = findings(&format!("{rule}/{case}"), &format!("static-sharing/{rule}"));
        found.iter().map(|f| message(f).to_owned()).collect::<Vec<_>>()
    };
    let has = |messages: &[String], end: &str| messages.iter().any(|m| m.ends_with(end));
    assert!(has(&said("bad-two-objects", "shared-instance-state"), ": the last one wins for all of them."));
    let in_collections = said("bad-ways", "mutated-shared-collection");
    assert!(has(&in_collections, ": under equal keys one's entry replaces another's."), "{in_collections:?}");
    assert!(has(&in_collections, ": each of them gets the entries of all."), "{in_collections:?}");
}
