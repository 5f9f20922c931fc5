use crate::sample::{outcome, rendered, with_baseline};
use cotenant::findings::Outcome;
use cotenant::report::RenderOptions;
use serde_json::Value;

#[test]
fn json_has_the_contracts_keys_in_a_stable_order() {
    insta::assert_snapshot!(rendered("json", &outcome(), &RenderOptions::default()));
}

#[test]
fn json_of_an_empty_scan_still_has_every_key() {
    insta::assert_snapshot!(rendered("json", &Outcome::default(), &RenderOptions::default()), @r#"
    {
      "schema": "cotenant-report/1",
      "tool": {
        "name": "cotenant",
        "version": "[version]",
        "rules_digest": ""
      },
      "deployment": {
        "topology": "",
        "tenants": []
      },
      "findings": [],
      "diagnostics": [],
      "stats": {
        "archives": 0,
        "classes": 0,
        "methods": 0,
        "call_sites": 0,
        "call_edges": 0,
        "field_accesses": 0,
        "bytes": 0
      }
    }
    "#);
}

#[test]
fn json_marks_what_the_baseline_lists() {
    let standings = |outcome: &Outcome| {
        let report: Value =
            serde_json::from_str(&rendered("json", outcome, &RenderOptions::default())).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|f| format!("{} {}", f["rule"].as_str().unwrap(), f["baseline"])).collect::<Vec<_>>()
    };
    assert_eq!(
        standings(&with_baseline()),
        [
            "linkage/missing-class \"new\"",
            "static-sharing/overwritten-static \"known\"",
            "static-sharing/overwritten-static \"known\"",
            "resource/unstopped-executor \"new\"",
            "classloader/own-loader-lookup \"new\"",
        ]
    );
    assert!(standings(&outcome()).iter().all(|f| f.ends_with(" null")));
}

#[test]
fn times_and_memory_are_there_only_when_they_were_asked_for() {
    let mut outcome = outcome();
    outcome.stats.phases_ms = vec![("read".into(), 12), ("link".into(), 3)];
    outcome.stats.peak_rss_bytes = Some(1 << 20);
    let text = rendered("json", &outcome, &RenderOptions::default());
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["stats"]["phases_ms"], serde_json::json!({"read": 12, "link": 3}));
    assert!(text.find("\"read\"").unwrap() < text.find("\"link\"").unwrap(), "phases keep their order");
    assert_eq!(report["stats"]["peak_rss_bytes"], 1 << 20);
}
