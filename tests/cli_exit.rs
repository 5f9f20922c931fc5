//! Exit codes: what a script or a build job can rely on.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod cli_process;

use cli_process::{command, file, run, said, text};

const BILLING: &str = "fixtures/demo/billing.jar";

/// A jar in which one class no longer unpacks to what its checksum says.
fn damaged_jar() -> (tempfile::TempDir, std::path::PathBuf) {
    let mut bytes = std::fs::read(format!("{}/{BILLING}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    file("damaged.jar", &bytes)
}

#[test]
fn a_deployment_that_never_fails_ends_with_0() {
    let said = run(&["scan", "fixtures/demo", "--fail-on", "never"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("3 modules on base (sofa-ark)"), "{}", said.stdout);
}

#[test]
fn findings_from_the_threshold_on_end_with_1() {
    let said = run(&["scan", "fixtures/demo"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stderr.trim_end().ends_with("what is at or above `error` (exit code 1)"), "{}", said.stderr);
    let notes = ["scan", "fixtures/demo", "--only", "static-sharing/system-property-write"];
    assert_eq!(run(&notes).code, 0, "nothing of that rule is there");
}

#[test]
fn a_missing_path_ends_with_3_and_the_rest_is_reported() {
    let said = run(&["scan", "--base", BILLING, "--base", "no/such.jar", "--format", "json"]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("error[missing-input]: no/such.jar"), "{}", said.stderr);
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["stats"]["classes"], 7);
    assert_eq!(report["diagnostics"][0]["code"], "missing-input");
}

#[test]
fn a_text_file_with_the_name_of_a_jar_ends_with_3() {
    let (_folder, path) = file("app.jar", b"not a jar\n");
    let said = run(&["scan", text(&path)]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("error[not-an-archive]"), "{}", said.stderr);
}

#[test]
fn a_folder_without_classes_ends_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let said_of_empty = run(&["scan", text(folder.path())]);
    assert_eq!((said_of_empty.code, said_of_empty.stderr.matches("no-classes").count()), (3, 1));
    std::fs::write(folder.path().join("notes.txt"), "nothing here").unwrap();
    let said = run(&["scan", text(folder.path())]);
    assert_eq!((said.code, said.stderr.matches("no-classes").count()), (3, 1), "{}", said.stderr);
    assert!(said.stderr.trim_end().ends_with("(exit code 3)"), "the last line says why: {}", said.stderr);
}

#[test]
fn one_of_several_parts_of_a_module_may_hold_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("texts")).unwrap();
    std::fs::write(folder.path().join("texts/labels.txt"), "total=Total").unwrap();
    std::fs::copy(BILLING, folder.path().join("billing.jar")).unwrap();
    let config = "topology: flat\nmodules: {billing: [billing.jar, texts]}\n";
    std::fs::write(folder.path().join("cotenant.yaml"), config).unwrap();
    let said = run(&["scan", "--fail-on", "never", text(folder.path())]);
    assert_eq!((said.code, said.stderr.matches("files-only").count()), (0, 1), "{}", said.stderr);
    std::fs::write(folder.path().join("cotenant.yaml"), config.replace("billing.jar, ", "")).unwrap();
    assert_eq!(run(&["scan", "--fail-on", "never", text(folder.path())]).code, 3);
}

#[test]
fn a_web_application_of_pages_alone_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("WEB-INF");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("web.xml"), "<web-app/>").unwrap();
    let docs = format!("docs={}", text(folder.path()));
    let said = run(&["scan", "--base", BILLING, "--module", &docs, "--topology", "tomcat"]);
    assert_eq!((said.code, said.stderr.matches("no-classes").count()), (0, 0), "{}", said.stderr);
    // Alone it leaves nothing to scan.
    assert_eq!(run(&["scan", text(folder.path())]).code, 3);
}

#[test]
fn a_damaged_class_is_told_and_fails_only_a_strict_scan() {
    let (_folder, path) = damaged_jar();
    let lenient = run(&["scan", text(&path), "--fail-on", "never"]);
    assert_eq!(lenient.code, 0, "{}", lenient.stderr);
    assert!(lenient.stderr.contains("warning[corrupt-entry]"), "{}", lenient.stderr);
    assert_eq!(run(&["scan", text(&path), "--fail-on", "never", "--strict"]).code, 3);
}

#[test]
fn bad_requests_end_with_2_and_say_what_was_meant() {
    let (_folder, config) = file("cotenant.yaml", b"base: base.jar\nmodulse: {}\n");
    let (_other, report) = file("old.json", b"{\"schema\": \"something/1\", \"findings\": []}");
    let cases: &[(&[&str], &str)] = &[
        (&["scan"], "nothing to scan"),
        (&["scan", "fixtures/demo", "--thread", "2"], "--threads"),
        (&["scan", text(&config)], "did you mean `modules`?"),
        (&["scan", "fixtures/demo", "--format", "jsn"], "did you mean `json`?"),
        (&["scan", "fixtures/demo", "--output", "sarf=x"], "did you mean `sarif`?"),
        (&["scan", "fixtures/demo", "--jdk", "3"], "no embedded model of JDK 3"),
        (&["scan", "fixtures/demo", "--baseline", text(&report)], "no report of cotenant"),
        (&["scan", "fixtures/demo", "--baseline", BILLING], "no JSON report"),
        (&["scan", "fixtures/demo", "--rules", "no/rules.yaml"], "does not exist"),
        (&["scan", "fixtures/demo", "--output", "json=fixtures"], "cannot be written"),
        (
            &["inspect", "class", "com.acme.shop.TaxRate", "fixtures/demo"],
            "did you mean com.acme.shop.TaxRates?",
        ),
        (&["inspect", "resolve", "a.B", "--from", "nobody", "fixtures/demo"], "there is no tenant nobody"),
        (&["inspect", "callers", "com.acme.shop.TaxRates.off", "fixtures/demo"], "of"),
    ];
    for (arguments, expected) in cases {
        let said = run(arguments);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{arguments:?}: {}", said.stderr);
        let words: Vec<&str> = said.stderr.split_whitespace().collect();
        assert!(words.join(" ").contains(expected), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.is_ascii() && !said.stderr.contains('\u{1b}'), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let mut child = command()
        .args(["scan", "fixtures/demo", "--fail-on", "never", "--format", "sarif"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
}

#[test]
fn a_jdk_that_is_not_there_is_replaced_and_told() {
    let said = run(&["scan", "fixtures/demo", "--jdk", "no/jdk", "--fail-on", "never"]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("no/jdk") && said.stdout.contains("62 classes"), "{}", said.stderr);
}

#[test]
fn without_a_path_the_configuration_beside_is_scanned() {
    let folder = format!("{}/fixtures/static-sharing/overwritten-static/bad", env!("CARGO_MANIFEST_DIR"));
    let output = command().args(["scan", "--format", "json"]).current_dir(&folder).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["rule"], "static-sharing/overwritten-static");
    let empty = tempfile::tempdir().unwrap();
    let output = command().arg("scan").current_dir(empty.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_report_says_that_a_part_of_the_input_was_not_read() {
    let (_folder, path) = damaged_jar();
    let said = run(&["scan", text(&path), "--fail-on", "never"]);
    let verdict = said.stdout.lines().last().unwrap_or_default();
    assert!(verdict.ends_with("not all was read (1 problem on standard error)"), "{verdict}");
}

#[test]
fn a_test_of_rules_that_tests_nothing_is_a_mistake() {
    let empty = tempfile::tempdir().unwrap();
    for path in ["no/such/folder", text(empty.path())] {
        let said = run(&["rules", "test", path]);
        assert_eq!(said.code, 2);
        assert!(said.stderr.contains("no case below"), "{}", said.stderr);
    }
}

#[test]
fn an_expectation_that_cannot_be_read_fails_its_case() {
    let case = tempfile::tempdir().unwrap();
    let folder = case.path().join("bad");
    std::fs::create_dir_all(folder.join("src/base")).unwrap();
    std::fs::write(folder.join("src/base/A.java"), "class A {} //expect: nothing\n").unwrap();
    let jar = format!("{}/{BILLING}", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(folder.join("cotenant.yaml"), format!("base: [\"{jar}\"]\n")).unwrap();
    let said = run(&["rules", "test", text(&folder)]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("A.java:1 nothing: RULE CERTAINTY [TENANTS] is meant"), "{}", said.stdout);
}
