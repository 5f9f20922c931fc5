//! Deployments whose applications lie unpacked, as containers leave them.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use cotenant::archive::{self, Limits, Reader};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The demo's applications, each in a folder that is named like its archive.
fn unpack_demo(into: &Path) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut reader = Reader::new();
    for name in ["base", "billing", "catalogue", "orders"] {
        let jar = archive::open(&demo.join(format!("{name}.jar")), name, &Limits::default());
        for entry in &jar.archives[0].entries {
            let file = into.join(name).join(&entry.name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, reader.read(&jar.archives[0], entry).unwrap()).unwrap();
        }
    }
    fs::copy(demo.join("orders.jar"), into.join("orders.jar")).unwrap();
}

fn scan(folder: &Path, format: &str) -> (Value, String) {
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    let scan = scan.args(["scan", "deploy", "--fail-on", "never", "--format", format]).current_dir(folder);
    let output = scan.output().unwrap();
    (serde_json::from_slice(&output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn unpacked_applications_are_told_of_as_packed_ones() {
    let folder = tempfile::tempdir().unwrap();
    unpack_demo(&folder.path().join("deploy"));
    let (report, told) = scan(folder.path(), "json");
    let tenants = report["deployment"]["tenants"].as_array().unwrap();
    assert_eq!(tenants.iter().filter(|t| t["kind"] == "module").count(), 3);
    let errors = |f: &&Value| f["severity"] == "error";
    assert_eq!(report["findings"].as_array().unwrap().iter().filter(errors).count(), 12);
    assert!(
        told.contains("deploy/orders.jar: it lies beside the folder that it was unpacked into"),
        "{told}"
    );
}

#[test]
fn classes_of_unpacked_applications_are_files() {
    let folder = tempfile::tempdir().unwrap();
    unpack_demo(&folder.path().join("deploy"));
    let (report, _) = scan(folder.path(), "sarif");
    let results = report["runs"][0]["results"].as_array().unwrap();
    let places = results.iter().map(|r| &r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
    let places: Vec<&str> = places.filter_map(Value::as_str).collect();
    assert!(places.iter().any(|place| place.ends_with("SearchBridge.class")), "{places:?}");
    assert!(places.iter().all(|place| folder.path().join(place).is_file()), "{places:?}");
}
