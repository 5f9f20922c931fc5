//! Whose code the jars of a module are that has no class outside of them.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::io::Read;
use std::path::{Path, PathBuf};

/// A case whose modules each pack a library of their own.
fn case() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/static-sharing/overwritten-static/bad-bean-in-own-library")
}

/// The jar that a module packs in `lib/`.
fn library(module: &Path) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(module).unwrap()).unwrap();
    let mut names = zip.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
    let name = names.find(|n| n.starts_with("lib/") && n.ends_with(".jar")).unwrap();
    drop(names);
    let mut bytes = Vec::new();
    zip.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// What a scan of the case's base says with both modules as folders that hold so many copies of their library.
fn scanned(n_jars: usize) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--base"]).arg(case().join("base.jar"));
    for module in ["billing", "orders"] {
        let jars = folder.path().join(module);
        std::fs::create_dir(&jars).unwrap();
        for i in 0..n_jars {
            std::fs::write(
                jars.join(format!("rates{i}.jar")),
                library(&case().join(format!("{module}.jar"))),
            )
            .unwrap();
        }
        scan.arg("--module").arg(format!("{module}={}", jars.display()));
    }
    let output = scan.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_few_jars_of_a_module_without_classes_of_its_own_are_its_code() {
    let (report, _) = scanned(1);
    assert!(report.contains("static-sharing/overwritten-static"), "{report}");
}

#[test]
fn many_jars_that_do_not_use_each_other_are_its_code_too() {
    let (report, told) = scanned(20);
    assert!(report.contains("static-sharing/overwritten-static"), "{report}");
    assert!(!told.contains("ambiguous-layout"), "{told}");
}

/// A jar of the entries of another that are wanted.
fn part(jar: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(jar).unwrap()).unwrap();
    let mut part = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for i in 0..zip.len() {
        let entry = zip.by_index_raw(i).unwrap();
        if is_wanted(&entry.name().unwrap()) {
            part.raw_copy_file(entry).unwrap();
        }
    }
    part.finish().unwrap().into_inner()
}

#[test]
fn of_several_first_ones_the_one_with_the_name_of_the_folder_is_its_code() {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/linkage/missing-class/bad-library-of-another");
    let folder = tempfile::tempdir().unwrap();
    let jars = folder.path().join("orders-plugin");
    std::fs::create_dir(&jars).unwrap();
    let orders = case.join("orders.jar");
    std::fs::write(jars.join("orders-plugin-1.2.jar"), part(&orders, |name| name.starts_with("orders/")))
        .unwrap();
    std::fs::write(jars.join("tariffs.jar"), library(&orders)).unwrap();
    let billing = part(&case.join("billing.jar"), |name| name.starts_with("billing/"));
    std::fs::write(jars.join("billing.jar"), billing).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--base"]).arg(case.join("base.jar"));
    scan.arg("--module").arg(format!("orders={}", jars.display()));
    let told = String::from_utf8(scan.output().unwrap().stderr).unwrap();
    assert!(told.contains("ambiguous-layout") && told.contains("(orders-plugin-1.2.jar)"), "{told}");
}

#[test]
fn of_jars_that_use_each_other_the_first_is_its_code_and_that_is_said() {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/linkage/missing-class/bad-library-of-another");
    let folder = tempfile::tempdir().unwrap();
    let jars = folder.path().join("orders");
    std::fs::create_dir(&jars).unwrap();
    let orders = case.join("orders.jar");
    std::fs::write(jars.join("zz-app.jar"), part(&orders, |name| name.starts_with("orders/"))).unwrap();
    std::fs::write(jars.join("tariffs.jar"), library(&orders)).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--base"]).arg(case.join("base.jar"));
    scan.arg("--module").arg(format!("orders={}", jars.display()));
    let told = String::from_utf8(scan.output().unwrap().stderr).unwrap();
    assert!(told.contains("ambiguous-layout") && told.contains("(zz-app.jar)"), "{told}");
}
