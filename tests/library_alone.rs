//! A library that is scanned without anybody who uses it: what its users may release is worth a note and no more.
//! `// says: RULE SEVERITY` stands in the source line, several
//! divided by semicolons.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod cli_process;

use cli_process::run;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FOLDER: &str = "tests/data/library";

fn expected() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join("src/lib")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (i, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if let Some((_, said)) = line.split_once("// says: ") {
                found.extend(said.split("; ").map(|s| format!("{name}:{} resource/{s}", i + 1)));
            }
        }
    }
    found
}

#[test]
fn what_a_users_code_may_release_is_a_note() {
    let jar = format!("{FOLDER}/library.jar");
    let said = run(&["scan", &jar, "--only", "resource/*", "--format", "json", "--fail-on", "never"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let line = |finding: &Value| {
        let class = finding["class"].as_str().unwrap();
        let file = class.rsplit('.').next().unwrap().split('$').next().unwrap();
        let (rule, severity) = (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap());
        format!("{file}.java:{} {rule} {severity}", finding["location"]["line"])
    };
    let found: BTreeSet<String> = report["findings"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(found, expected());
}
