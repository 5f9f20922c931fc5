//! What a report says of code that fails to link.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

mod cli_process;

use serde_json::Value;
use std::path::Path;

const MISSING_CLASS: &str = "fixtures/linkage/missing-class/bad";
const MISSING_MEMBER: &str = "fixtures/linkage/missing-member/bad";

/// The findings of the family.
fn findings(arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["scan", "--format", "json", "--fail-on", "never", "--quiet"];
    all.extend(arguments);
    let said = cli_process::run(&all);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let is_linkage = |f: &&Value| f["rule"].as_str().unwrap().starts_with("linkage/");
    report["findings"].as_array().unwrap().iter().filter(is_linkage).cloned().collect()
}

/// A case's modules on a base.
fn on_base(case: &str, base: &Path) -> Vec<Value> {
    let modules = ["billing", "orders"].map(|name| format!("{name}={case}/{name}.jar"));
    let base = cli_process::text(base);
    findings(&["--topology", "sofa-ark", "--base", base, "--module", &modules[0], "--module", &modules[1]])
}

fn last_step(finding: &Value) -> &str {
    finding["trace"].as_array().unwrap().last().unwrap()["note"].as_str().unwrap()
}

#[test]
fn message_and_trace_say_which_class_lacks_its_supertype() {
    let found = findings(&["fixtures/linkage/missing-class/bad-supertype"]);
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    let message = finding["message"].as_str().unwrap();
    let says = "`Main.run` loads `InvoiceReport`, whose supertype is `com.acme.report.SortedReport`, which";
    assert!(message.starts_with(says), "{message}");
    assert_eq!(
        last_step(finding),
        "loads InvoiceReport, whose supertype SortedReport is missing: NoClassDefFoundError"
    );
}

#[test]
fn a_package_of_which_the_scan_has_nothing_is_one_note_for_each_that_needs_it() {
    let found = on_base("fixtures/demo", Path::new("fixtures/demo/catalogue.jar"));
    let mut packages: Vec<String> = Vec::new();
    for finding in &found {
        assert_eq!((&finding["severity"], &finding["certainty"]), (&"note".into(), &"likely".into()));
        let message = finding["message"].as_str().unwrap();
        packages.push(message.split(", and no archive").next().unwrap().to_owned());
    }
    packages.sort();
    assert_eq!(
        packages,
        [
            "base needs 2 classes of `com.acme.registry`",
            "base needs 2 classes of `com.acme.shop`",
            "base needs 3 classes of `com.acme.json`",
            "billing needs 1 class of `com.acme.logging`",
            "billing needs 1 class of `com.acme.registry`",
            "billing needs 5 classes of `com.acme.shop`",
            "orders needs 1 class of `com.acme.logging`",
            "orders needs 3 classes of `com.acme.shop`",
            "orders needs 4 classes of `com.acme.json`",
        ]
    );
}

#[test]
fn nothing_is_claimed_to_be_missing_while_an_archive_is_read_in_part() {
    for case in [MISSING_CLASS, MISSING_MEMBER] {
        let whole = Path::new(case).join("base.jar");
        assert!(on_base(case, &whole).iter().all(|f| f["severity"] == "error"));
        let bytes = std::fs::read(&whole).unwrap();
        let (_folder, cut) = cli_process::file("base.jar", &bytes[..bytes.len() - 40]);
        let found = on_base(case, &cut);
        let said: Vec<&Value> = found.iter().map(|f| &f["severity"]).collect();
        assert_eq!(said, ["note"], "{found:#?}");
    }
}

#[test]
fn what_an_application_does_not_see_may_be_damaged() {
    let bytes = std::fs::read(Path::new(MISSING_CLASS).join("orders.jar")).unwrap();
    let (_folder, cut) = cli_process::file("orders.jar", &bytes[..bytes.len() - 40]);
    let (base, billing) =
        (format!("{MISSING_CLASS}/base.jar"), format!("billing={MISSING_CLASS}/billing.jar"));
    let orders = format!("orders={}", cli_process::text(&cut));
    let modules = ["--module", &billing, "--module", &orders];
    let found = findings(&[&["--topology", "sofa-ark", "--base", &base][..], &modules].concat());
    assert!(found.iter().any(|f| f["severity"] == "error" && f["tenants"][0] == "billing"), "{found:#?}");
}

#[test]
fn a_containers_api_is_given_unless_the_base_shows_what_there_is_of_it() {
    let of_servlets = |base: &str| {
        let orders = "orders=fixtures/tomcat/orders.war";
        let found = findings(&["--topology", "tomcat", "--base", base, "--module", orders]);
        let notes: Vec<String> = found.iter().map(|f| last_step(f).to_owned()).collect();
        notes.into_iter().filter(|note| note.contains("Servlet")).collect::<Vec<_>>()
    };
    assert_eq!(of_servlets("fixtures/tomcat/base.jar"), [""; 0]);
    // It has the listener of contexts, and none of requests.
    let part = of_servlets("fixtures/resource/executor-never-shut-down/good-servlet-listener/base.jar");
    assert!(!part.is_empty() && part.iter().all(|note| note.contains("ServletRequestListener")), "{part:#?}");
}
