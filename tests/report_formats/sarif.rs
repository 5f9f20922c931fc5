use crate::sample::{at, finding, hop, outcome, rendered, with_baseline, write_sources};
use cotenant::findings::{Outcome, Severity, fingerprint};
use cotenant::report::RenderOptions;
use cotenant::vocabulary::{Problem, ProblemCode};
use serde_json::Value;

/// The log, checked against the standard's schema and against what code review refuses although the schema allows it.
fn log(outcome: &Outcome, options: &RenderOptions) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../data/sarif-schema-2.1.0.json")).unwrap();
    let log: Value =
        serde_json::from_str(&rendered("sarif", outcome, options).replace("[version]", "0.1.0")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for uri in uris(&log) {
        assert!(!uri.is_empty() && !uri.starts_with(['/', '.']) && !uri.contains(['\\', ':', ' ']), "{uri}");
    }
    for result in results(&log) {
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string(), "{result}");
        assert!(place["region"]["startLine"].as_u64() >= Some(1), "{result}");
        assert_eq!(place["region"]["startLine"], place["region"]["endLine"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    log
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().unwrap()
}

fn uris(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(uri) if key == "uri" => vec![uri.as_str()],
                other => uris(other),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(uris).collect(),
        _ => Vec::new(),
    }
}

fn hashes(log: &Value) -> Vec<&str> {
    results(log)
        .iter()
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect()
}

fn sourced() -> (tempfile::TempDir, RenderOptions) {
    let folder = tempfile::tempdir().unwrap();
    write_sources(folder.path());
    let options = RenderOptions { base: folder.path().into(), ..RenderOptions::default() };
    (folder, options)
}

#[test]
fn sarif_shows_rules_paths_and_places() {
    let (_folder, options) = sourced();
    log(&outcome(), &options);
    insta::assert_snapshot!(rendered("sarif", &outcome(), &options));
}

#[test]
fn a_log_without_results_is_valid() {
    let empty = log(&Outcome::default(), &RenderOptions::default());
    assert_eq!(results(&empty).len(), 0);
    assert_eq!(empty["runs"][0]["invocations"][0]["executionSuccessful"], true);
    let mut clean = outcome();
    clean.findings.clear();
    let clean = log(&clean, &RenderOptions::default());
    assert_eq!(clean["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 5);
}

#[test]
fn a_finding_that_has_no_place_at_all_still_has_a_file() {
    let mut outcome = Outcome::default();
    outcome.findings.push(finding("a/b", Severity::Error, "", "", ""));
    outcome.findings[0].message.clear();
    let mut dot = finding("a/b", Severity::Error, "a.B", "", "");
    dot.location = at(".", "a/B.class", None, 0);
    outcome.findings.push(dot);
    assert_eq!(uris(&log(&outcome, &RenderOptions::default())), ["unnamed", "a/B.class"]);
}

#[test]
fn absolute_paths_never_reach_the_log() {
    let mut outcome = outcome();
    for f in &mut outcome.findings {
        f.location.archive = format!("/home/someone/{}", f.location.archive);
        f.location.source = f.location.source.take().map(|path| format!("/home/someone/{path}"));
    }
    let log = log(&outcome, &RenderOptions::default());
    assert!(uris(&log).iter().all(|uri| !uri.contains("someone")), "{:?}", uris(&log));
}

#[test]
fn paths_are_relative_to_the_repository_even_from_a_folder_within_it() {
    let options = RenderOptions { repository_prefix: "services/shop".into(), ..RenderOptions::default() };
    assert!(
        uris(&log(&outcome(), &options))
            .iter()
            .all(|uri| uri.starts_with("services/shop/") || uri.starts_with("https:"))
    );
}

#[test]
fn a_finding_alone_on_a_readable_line_has_that_lines_hash() {
    let (folder, options) = sourced();
    let with = log(&outcome(), &options);
    let of_rule = |log: &Value| {
        let result =
            results(log).iter().find(|r| r["ruleId"] == "resource/unstopped-executor").unwrap().clone();
        result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_string()
    };
    let hash = of_rule(&with);
    let path = folder.path().join("my app/src/main/kotlin/Größe.kt");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("\n\n{text}")).unwrap();
    let mut moved = outcome();
    moved.findings.iter_mut().filter(|f| f.location.line == 4).for_each(|f| f.location.line = 6);
    assert_eq!(of_rule(&log(&moved, &options)), hash, "the hash moves with its line");
    let without = of_rule(&log(&outcome(), &RenderOptions::default()));
    assert_ne!(without, hash);
    assert!(without.ends_with(":1") && without.len() == 18, "{without}");
}

#[test]
fn findings_of_one_rule_on_one_line_do_not_become_one_alert() {
    let (_folder, options) = sourced();
    let mut outcome = Outcome::default();
    for member in ["a", "b", "c"] {
        let mut f = finding("a/b", Severity::Error, "com.acme.orders.Boot", member, "I");
        f.location = at(
            "orders.jar",
            "com/acme/orders/Boot.class",
            Some("orders/src/main/java/com/acme/orders/Boot.java"),
            5,
        );
        outcome.findings.push(f);
    }
    fingerprint::assign(&mut outcome.findings);
    let log = log(&outcome, &options);
    let distinct: std::collections::BTreeSet<&str> = hashes(&log).into_iter().collect();
    assert_eq!(distinct.len(), 3);
}

#[test]
fn a_line_beyond_the_sources_end_becomes_the_first_one() {
    let (_folder, options) = sourced();
    let mut outcome = outcome();
    outcome.findings.retain(|f| f.location.source.is_some());
    outcome.findings[0].location.line = 400;
    let log = log(&outcome, &options);
    assert_eq!(results(&log)[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
}

#[test]
fn a_hazard_in_a_library_is_shown_at_the_code_that_leads_to_it() {
    let (_folder, options) = sourced();
    let log = log(&outcome(), &options);
    let result = results(&log)
        .iter()
        .find(|r| {
            r["ruleId"] == "static-sharing/overwritten-static"
                && r["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap().len() == 4
        })
        .unwrap();
    let uri = |location: &Value| location["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(uri(&result["locations"][0]), "orders/src/main/java/com/acme/orders/Boot.java");
    assert_eq!(uri(&result["relatedLocations"][0]), "shop%20base/base-1.0.jar");
    assert_eq!(result["relatedLocations"][0]["id"], 1);
}

#[test]
fn text_from_class_files_does_not_become_a_link() {
    let text = rendered("sarif", &outcome(), &RenderOptions::default());
    assert!(text.contains(r"\\[from here\\](1)"));
}

#[test]
fn what_is_cut_is_said() {
    let mut outcome = Outcome::default();
    let mut f = finding("a/b", Severity::Error, "a.B", "m", "I");
    f.trace = vec![hop("t", "a.B", "m", "again", at("a.jar", "a/B.class", None, 1)); 80];
    outcome.findings = vec![finding("a/b", Severity::Warning, "a.B", "m", "I"); 25_010];
    outcome.findings.insert(0, f);
    outcome.problems = (0..1_200)
        .map(|i| Problem::new(ProblemCode::MalformedClass, "a.jar", &format!("{i}.class"), "cut"))
        .collect();
    outcome.problems.push(Problem::new(ProblemCode::MissingInput, "b.jar", "", "no such file"));
    let text = rendered("sarif", &outcome, &RenderOptions::default());
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(results(&log).len(), 25_000);
    assert_eq!(results(&log)[0]["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap().len(), 50);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notes: Vec<&str> = invocation["toolExecutionNotifications"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["descriptor"]["id"] != "malformed-class")
        .map(|n| n["message"]["text"].as_str().unwrap())
        .collect();
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Only the 25,000 most severe of 25,011 findings are in this report.
    GitHub code scanning keeps the 5,000 most severe results.
    Paths were cut after 50 steps; findings with a longer one: 1.
    Only 1,000 of 1,201 problems are listed here.
    b.jar: no such file
    "#);
}

#[test]
fn the_category_can_be_named_or_left_out() {
    let id = |category: Option<&str>| {
        let options =
            RenderOptions { sarif_category: category.map(str::to_string), ..RenderOptions::default() };
        log(&outcome(), &options)["runs"][0]["automationDetails"]["id"].clone()
    };
    assert_eq!(id(None), "cotenant/sofa-ark/");
    assert_eq!(id(Some("nightly")), "nightly/");
    assert_eq!(id(Some("")), Value::Null);
}

#[test]
fn two_renderings_are_byte_identical() {
    for format in ["text", "json", "sarif"] {
        let options = RenderOptions::default();
        assert_eq!(rendered(format, &outcome(), &options), rendered(format, &outcome(), &options));
    }
}

#[test]
fn sarif_says_what_the_baseline_lists() {
    let states = |outcome: &Outcome| {
        let log = log(outcome, &RenderOptions::default());
        results(&log).iter().map(|result| result["baselineState"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(states(&with_baseline()), ["new", "unchanged", "unchanged", "new", "new"]);
    assert!(states(&outcome()).iter().all(Value::is_null), "without a baseline there is no state");
}
