//! Of several statics that hold objects of a class the one is named whose object applications can get.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use serde_json::Value;
use std::process::Command;

#[test]
fn the_holder_that_is_named_is_one_that_a_method_yields() {
    let output = Command::new(env!("CARGO_BIN_EXE_cotenant"))
        .args(["scan", "--format", "json", "--fail-on", "never"])
        .arg("fixtures/static-sharing/shared-instance-state/bad-open-two-holders/cotenant.yaml")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let sources = findings.iter().find(|f| f["member"] == "sources").unwrap();
    let message = sources["message"].as_str().unwrap();
    assert!(message.contains("in an object that Settings.SETTINGS holds"), "{message}");
}
