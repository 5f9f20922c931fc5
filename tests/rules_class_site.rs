//! Rules of one's own about classes: each class of the deployment is a site.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod cli_process;

use cli_process::{file, run, text};
use serde_json::Value;

/// What a rule about classes finds in the demo: class and tenants, sorted.
fn found(when: &str) -> Vec<(String, Vec<String>)> {
    let rule = format!(
        "id: static-sharing/a-class\ntitle: A class\nseverity: warning\ncertainty: certain\n\
         message: \"`{{class}}` of {{loader}} is there for {{tenants}}, by {{method}}.\"\nadvice: Look.\nwhy: Because.\n\
         fix: Like this.\nreferences: [https://example.org/a]\nproof: {{none: an example}}\nfind: {{class: {{}}}}\n\
         when: {when}\n"
    );
    let (_folder, path) = file("mine.yaml", rule.as_bytes());
    let only = ["--only", "static-sharing/a-class", "--format", "json"];
    let said = run(&[&["scan", "fixtures/demo", "--rules", text(&path)], &only[..]].concat());
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let mut found: Vec<(String, Vec<String>)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            assert_eq!((f["severity"].as_str(), f["certainty"].as_str()), (Some("warning"), Some("certain")));
            let entry = f["location"]["entry"].as_str().unwrap();
            let class = f["class"].as_str().unwrap().to_owned();
            assert!(entry.ends_with(&format!("{}.class", class.replace('.', "/"))), "{entry} {class}");
            let tenants = f["tenants"].as_array().unwrap().iter();
            (class, tenants.map(|t| t.as_str().unwrap().to_owned()).collect())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn every_class_of_the_deployment_is_a_site_and_none_of_the_jdk() {
    let all = found("{any: [{defined-by: [jdk]}, {not: {defined-by: [jdk]}}]}");
    assert_eq!(all.len(), 62, "as many as the demo has");
    assert!(found("{defined-by: [jdk]}").is_empty());
}

#[test]
fn a_class_is_chosen_by_its_name_its_owner_and_who_uses_it() {
    let settings = ("com.acme.http.HttpDefaults".to_owned(), vec!["billing".to_owned(), "orders".to_owned()]);
    let shared =
        "{all: [{defined-by: [shared]}, {class: {names: ['*.HttpDefaults']}}, {tenants: {at-least: 2}}]}";
    assert_eq!(found(shared), [settings]);
    assert!(found("{all: [{defined-by: [module]}, {class: {names: ['*.HttpDefaults']}}]}").is_empty());
    let own = found("{all: [{defined-by: [module]}, {class: {names: ['*.BillingApplication']}}]}");
    assert_eq!(own, [("com.acme.billing.BillingApplication".to_owned(), vec!["billing".to_owned()])]);
}
