//! Whole scans: the same bytes whatever the threads, and reports that their readers accept.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod cli_process;

use cli_process::run;
use serde_json::Value;

fn report(format: &str, threads: &str, path: &str) -> String {
    let said = run(&["scan", path, "--format", format, "--threads", threads, "--fail-on", "never"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    said.stdout
}

#[test]
fn reports_are_the_same_bytes_for_any_number_of_threads() {
    for path in ["fixtures/demo", "fixtures/static-sharing"] {
        for format in ["json", "sarif", "text"] {
            let alone = report(format, "1", path);
            assert_eq!(alone, report(format, "1", path), "{path} {format}: a second run");
            for threads in ["2", "7"] {
                assert_eq!(alone, report(format, threads, path), "{path} {format}: {threads} threads");
            }
        }
    }
}

#[test]
fn the_json_report_has_the_promised_keys() {
    let report: Value = serde_json::from_str(&report("json", "2", "fixtures/demo")).unwrap();
    assert_eq!(report["schema"], "cotenant-report/1");
    assert_eq!(report["deployment"]["topology"], "sofa-ark");
    let tenants: Vec<(&str, u64)> = report["deployment"]["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| (tenant["name"].as_str().unwrap(), tenant["classes"].as_u64().unwrap()))
        .collect();
    assert_eq!(tenants, [("base", 39), ("billing", 7), ("orders", 8), ("catalogue", 8)]);
    let stats = &report["stats"];
    assert_eq!((stats["archives"].as_u64(), stats["classes"].as_u64()), (Some(10), Some(62)));
    for key in ["methods", "call_sites", "call_edges", "field_accesses", "bytes"] {
        assert!(stats[key].as_u64() > Some(100), "{key}: {stats}");
    }
}

#[test]
fn the_sarif_report_fits_the_standards_schema() {
    let schema: Value = serde_json::from_str(include_str!("data/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let log: Value = serde_json::from_str(&report("sarif", "2", "fixtures/demo")).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn reports_name_no_path_of_the_machine() {
    let folder = env!("CARGO_MANIFEST_DIR");
    for format in ["json", "sarif", "text"] {
        assert!(!report(format, "2", "fixtures/demo").contains(folder), "{format}");
    }
}

#[test]
fn an_input_of_two_modules_is_read_once() {
    let module = |name: &str| format!("{name}=fixtures/demo/catalogue.jar");
    let (one, two) = (module("one"), module("two"));
    let said = run(&["scan", "--module", &one, "--module", &two, "--format", "json", "--fail-on", "never"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["stats"]["classes"], 8);
    let tenants = report["deployment"]["tenants"].as_array().unwrap();
    assert_eq!((&tenants[1]["classes"], &tenants[2]["classes"]), (&Value::from(8), &Value::from(8)));
}
