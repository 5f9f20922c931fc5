//! One application writes what another one reads: worse than a write that nobody reads, and the report says who reads.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use serde_json::Value;
use std::process::Command;

fn findings(case: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_cotenant"))
        .args(["scan", "--format", "json", "--fail-on", "never"])
        .arg(format!("fixtures/static-sharing/{case}/cotenant.yaml"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().clone()
}

/// Severity and message of the findings at a line of a source file.
fn at(findings: &[Value], source: &str, line: u64) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let is_there = |f: &&Value| {
        text(&f["location"]["source"]).ends_with(source) && f["location"]["line"].as_u64() == Some(line)
    };
    findings.iter().filter(is_there).map(|f| (text(&f["severity"]), text(&f["message"]))).collect()
}

#[test]
fn a_property_that_another_application_reads_is_an_error_that_names_the_reader() {
    let found = findings("system-property-write/bad-read-by-other");
    let at_helper = at(&found, "conf/Switches.java", 8);
    let message = "`Switches.set` changes the system property \"shop.strict\" on behalf of billing; it is read on behalf of orders.";
    assert_eq!(at_helper, [("error".to_owned(), message.to_owned())]);
    let helper = found.iter().find(|f| f["class"] == "com.acme.conf.Switches").unwrap();
    let last = helper["trace"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["tenant"], &last["note"]), (&"orders".into(), &"reads \"shop.strict\"".into()));
}

#[test]
fn a_property_that_nobody_else_reads_is_a_warning() {
    let found = findings("system-property-write/bad-read-by-other");
    let colour = found.iter().find(|f| f["message"].as_str().unwrap().contains("shop.colour")).unwrap();
    assert_eq!((&colour["severity"], &colour["tenants"]), (&"warning".into(), &vec!["billing"].into()));
}

#[test]
fn each_key_that_a_method_sets_is_a_finding_of_its_own() {
    let found = findings("system-property-write/bad-read-by-other");
    let mut prints: Vec<&str> = found.iter().map(|f| f["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!((found.len(), prints.len()), (5, 5));
}

#[test]
fn a_static_that_one_sets_and_another_reads_is_worse_than_one_that_it_alone_reads() {
    let read = at(&findings("overwritten-static/bad-read-by-other"), "print/PrinterDefaults.java", 10);
    let message = "`PrinterDefaults.tray` is set on behalf of billing, and read on behalf of orders.";
    assert_eq!(read, [("warning".to_owned(), message.to_owned())]);
    let alone = at(&findings("overwritten-static/good-one-tenant"), "print/PrinterDefaults.java", 10);
    assert_eq!(alone.first().map(|(severity, _)| severity.as_str()), Some("note"));
}

#[test]
fn what_several_set_and_nobody_reads_is_a_note() {
    let unread = at(&findings("overwritten-static/good-never-read"), "till/LastSale.java", 10);
    let message =
        "`LastSale.shop` is set on behalf of billing and orders; no code of the deployment reads it.";
    assert_eq!(unread, [("note".to_owned(), message.to_owned())]);
}

#[test]
fn a_collection_that_one_fills_and_another_asks_is_worse_than_one_that_nobody_asks() {
    let found = findings("mutated-shared-collection/bad-read-by-other");
    let severity = |line| at(&found, "price/Discounts.java", line).first().map(|f| f.0.clone());
    assert_eq!((severity(16), severity(17)), (Some("warning".into()), Some("note".into())));
}

#[test]
fn what_several_write_is_told_with_the_places_that_read_it() {
    let found = findings("overwritten-static/bad");
    let related = found.iter().find(|f| f["rule"] == "static-sharing/overwritten-static").unwrap();
    let notes: Vec<&str> =
        related["related"].as_array().unwrap().iter().map(|r| r["note"].as_str().unwrap()).collect();
    assert_eq!(notes, ["billing reads it", "orders reads it"]);
}

#[test]
fn a_property_whose_name_is_computed_is_told_as_one() {
    let found = findings("system-property-write/bad-computed-name");
    let message = "`Marks.give` takes away a system property (its name is computed) for the whole JVM, on behalf of billing and orders.";
    assert_eq!(at(&found, "store/Marks.java", 17), [("warning".to_owned(), message.to_owned())]);
}
