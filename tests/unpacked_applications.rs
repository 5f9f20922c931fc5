//! Deployments whose applications lie unpacked, as containers leave them.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use cotenant::archive::{self, Limits, Reader};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

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
    // As a build leaves it, before it is unpacked.
    let packed = fs::File::options().write(true).open(into.join("orders.jar")).unwrap();
    packed.set_modified(SystemTime::UNIX_EPOCH).unwrap();
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

/// A Tomcat whose `shop` was unpacked, and the time of the archive beside it and of what Tomcat notes of that.
fn tomcat(base: &Path, changed_later: Option<u64>) {
    for (file, text) in [
        ("webapps/shop/WEB-INF/classes/A.class", "a"),
        ("webapps/shop/META-INF/war-tracker", ""),
        ("webapps/shop.war", "packed"),
    ] {
        fs::create_dir_all(base.join(file).parent().unwrap()).unwrap();
        fs::write(base.join(file), text).unwrap();
    }
    let unpacked = fs::File::options().write(true).open(base.join("webapps/shop/META-INF/war-tracker"));
    let packed = fs::File::options().write(true).open(base.join("webapps/shop.war")).unwrap();
    let then = SystemTime::now() - Duration::from_secs(3600);
    unpacked.unwrap().set_modified(then).unwrap();
    packed.set_modified(then + Duration::from_secs(changed_later.unwrap_or(0))).unwrap();
}

#[test]
fn an_archive_that_was_changed_after_it_was_unpacked_is_told_of() {
    for (changed_later, told) in [(None, false), (Some(1), false), (Some(600), true)] {
        let folder = tempfile::tempdir().unwrap();
        tomcat(folder.path(), changed_later);
        let tree = archive::open(folder.path(), "deploy", &Limits::default());
        let [problem] = tree.problems.as_slice() else { unreachable!("{:?}", tree.problems) };
        assert_eq!(problem.place.archive, "deploy/webapps/shop.war");
        assert_eq!(problem.message.contains("is newer than the folder"), told, "{}", problem.message);
    }
}

#[test]
fn applications_below_a_base_are_no_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let class = folder.path().join("deploy/webapps/shop/WEB-INF/classes/com/acme/shop/SearchBridge.class");
    fs::create_dir_all(class.parent().unwrap()).unwrap();
    let mut reader = Reader::new();
    let jar = archive::open(&demo.join("base.jar"), "base", &Limits::default());
    let is_class = |e: &&archive::Entry| e.name.ends_with("/SearchBridge.class");
    let entry = jar.archives[0].entries.iter().find(is_class).unwrap();
    fs::write(class, reader.read(&jar.archives[0], entry).unwrap()).unwrap();
    fs::create_dir_all(folder.path().join("deploy/lib")).unwrap();
    fs::copy(demo.join("billing.jar"), folder.path().join("deploy/lib/billing.jar")).unwrap();
    let scan = |arguments: &[&str]| {
        let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
        let scan = scan.args(["inspect", "resolve", "com.acme.shop.SearchBridge"]).args(arguments);
        let output = scan.current_dir(folder.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let (found, told) = scan(&["--from", "base", "--base", "deploy"]);
    assert!(!found.contains("shop/WEB-INF/classes"), "{found}");
    assert_eq!(told.matches("name it with --module").count(), 1, "{told}");
    assert!(!told.contains("search path"), "{told}");
    let (found, told) = scan(&["--from", "shop", "--base", "deploy", "--module", "shop=deploy/webapps/shop"]);
    assert!(found.contains("webapps/shop"), "{found}");
    assert!(!told.contains("--module"), "{told}");
}
