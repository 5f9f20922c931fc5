//! What goes to standard output, to standard error and to files.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod cli_process;

use cli_process::{command, file, run, said, text};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn standard_output_carries_the_report_and_nothing_else() {
    let arguments =
        ["scan", "--base", "fixtures/demo/base.jar", "--base", "missing.jar", "--stats", "--format"];
    for format in ["json", "sarif"] {
        let said = run(&[&arguments[..], &[format]].concat());
        assert!(json(&said.stdout).is_object());
        assert!(
            said.stderr.contains("missing.jar") && said.stderr.contains("peak memory"),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn quiet_scans_tell_errors_only() {
    let (_folder, config) = file(
        "cotenant.yaml",
        b"base: base.jar\nsuppressions: [{rule: resource/lock-not-released, reason: checked, expires: 2020-01-01}]\n",
    );
    std::fs::copy("fixtures/demo/base.jar", config.with_file_name("base.jar")).unwrap();
    let loud = run(&["scan", text(&config), "--fail-on", "never"]);
    assert!(loud.stderr.contains("warning[expired-suppression]"), "{}", loud.stderr);
    let quiet = run(&["scan", text(&config), "--fail-on", "never", "--quiet", "--stats"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    let missing = run(&["scan", "missing.jar", "--quiet"]);
    assert_eq!(missing.stderr.lines().count(), 1, "{}", missing.stderr);
}

#[test]
fn times_and_memory_are_in_a_report_only_if_asked_for() {
    let plain = json(&run(&["scan", "fixtures/demo", "--format", "json"]).stdout);
    assert!(plain["stats"].get("phases_ms").is_none() && plain["stats"].get("peak_rss_bytes").is_none());
    let timed = json(&run(&["scan", "fixtures/demo", "--format", "json", "--stats"]).stdout);
    let phases: Vec<&str> =
        timed["stats"]["phases_ms"].as_object().unwrap().keys().map(String::as_str).collect();
    for phase in
        ["open", "read", "settle", "arrange", "link", "hierarchy", "calls", "fields", "reach", "rules"]
    {
        assert!(phases.contains(&phase), "{phases:?}");
    }
}

#[test]
fn one_run_writes_several_reports_into_new_folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join("new").join(name);
    let output = |format: &str, name: &str| format!("{format}={}", text(&path(name)));
    let said = run(&[
        "scan",
        "fixtures/demo",
        "--format",
        "json",
        "--output",
        &output("json", "a.json"),
        "--output",
        &output("text", "a.txt"),
        "--output",
        &output("sarif", "a.sarif"),
        "--color",
        "always",
    ]);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("a.json"), said.stdout);
    assert!(read("a.txt").contains("verdict:") && !read("a.txt").contains('\u{1b}'));
    assert!(json(&read("a.sarif"))["runs"].is_array());
    assert_eq!(std::fs::read_dir(path("")).unwrap().count(), 3, "nothing else is left there");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_insist() {
    let has_color = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = command();
        command.args(["scan", "fixtures/demo"]).args(arguments).envs(variable);
        said(&command.output().unwrap()).stdout.contains('\u{1b}')
    };
    assert!(!has_color(&[], None));
    assert!(has_color(&["--color", "always"], None));
    assert!(has_color(&["--color", "always"], Some(("NO_COLOR", "1"))));
    assert!(has_color(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!has_color(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
}

#[test]
fn suppressions_are_judged_on_the_day_of_the_build() {
    let text_of_config =
        "base: base.jar\nsuppressions: [{match: {class: a.B}, reason: checked, expires: 2020-01-01}]\n";
    let (_folder, config) = file("cotenant.yaml", text_of_config.as_bytes());
    std::fs::copy("fixtures/demo/base.jar", config.with_file_name("base.jar")).unwrap();
    let problems_on = |epoch: &str| {
        let mut command = command();
        command.args(["scan", text(&config), "--format", "json"]).env("SOURCE_DATE_EPOCH", epoch);
        let report = json(&said(&command.output().unwrap()).stdout);
        let codes = report["diagnostics"].as_array().unwrap().iter();
        codes.map(|problem| problem["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // 2020-01-01 and 2020-01-02
    assert_eq!(problems_on("1577836800"), ["unused-suppression"]);
    assert_eq!(problems_on("1577923200"), ["expired-suppression"]);
}

#[test]
fn what_an_earlier_report_lists_does_not_fail_and_what_is_new_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.json");
    let output = format!("json={}", text(&path));
    let first = run(&["scan", "fixtures/demo", "--skip", "static-sharing/*", "--output", &output]);
    assert_eq!(first.code, 1);
    let scan = ["scan", "fixtures/demo", "--baseline", text(&path), "--fail-on", "note"];
    let said = run(&[&scan[..], &["--skip", "static-sharing/*"]].concat());
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("known from the baseline") && said.stdout.contains("no new hazard"));
    assert!(!said.stdout.contains(" = fingerprint:"), "what is known is told on one line: {}", said.stdout);
    let more = run(&[&scan[..], &["--format", "json"]].concat());
    assert_eq!(more.code, 1);
    for finding in json(&more.stdout)["findings"].as_array().unwrap() {
        let is_new = finding["family"] == "static-sharing";
        assert_eq!(finding["baseline"], if is_new { "new" } else { "known" }, "{finding}");
    }
}

#[test]
fn a_suppressed_finding_is_counted_and_returns_when_its_time_is_over() {
    let demo = format!("{}/fixtures/demo", env!("CARGO_MANIFEST_DIR"));
    let config = format!(
        "base: {demo}/base.jar\nmodules: {{billing: {demo}/billing.jar, orders: {demo}/orders.jar}}\n\
         only: [static-sharing/*]\nsuppressions:\n  - {{rule: static-sharing/*, reason: checked, expires: 2020-01-01}}\n"
    );
    let (_folder, path) = file("cotenant.yaml", config.as_bytes());
    let on = |epoch: &str| {
        let mut command = command();
        command.args(["scan", text(&path)]).env("SOURCE_DATE_EPOCH", epoch);
        said(&command.output().unwrap())
    };
    let during = on("1577836800");
    assert_eq!(during.code, 0, "{}", during.stderr);
    assert!(during.stdout.contains("suppressed") && during.stdout.contains("no hazard found"));
    let after = on("1577923200");
    assert_eq!(after.code, 1);
    assert!(after.stderr.contains("held until 2020-01-01") && after.stderr.contains("count again"));
    assert!(!after.stdout.contains("suppressed"));
}

#[test]
fn a_suppression_of_a_rule_that_there_is_not_is_a_mistake() {
    let text_of_config = "base: base.jar\nsuppressions:\n  - {rule: resource/*, reason: checked}\n  \
                          - {rule: static-sharing/overwriten-static, reason: checked}\n";
    let (_folder, config) = file("cotenant.yaml", text_of_config.as_bytes());
    std::fs::copy("fixtures/demo/base.jar", config.with_file_name("base.jar")).unwrap();
    for more in [&[][..], &["--only", "resource/*"]] {
        let said = run(&[&["scan", text(&config)], more].concat());
        assert_eq!((said.code, said.stdout.as_str()), (2, ""));
        let words = said.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("cotenant.yaml: suppression 2: no rule matches"), "{words}");
        assert!(words.contains("did you mean `static-sharing/overwritten-static`"), "{words}");
    }
}

#[test]
fn rules_can_be_listed_explained_and_checked() {
    let list = json(&run(&["rules", "list", "--format", "json"]).stdout);
    let first = list["rules"][0]["id"].as_str().unwrap().to_owned();
    assert!(run(&["rules", "explain", &first]).stdout.starts_with(&first));
    assert!(json(&run(&["rules", "schema"]).stdout)["$defs"].is_object());
    let checked = run(&["rules", "check", "rules"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let wrong = run(&["rules", "check", "fixtures/demo/cotenant.yaml"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    assert!(wrong.stderr.contains("fixtures/demo/cotenant.yaml:1:1"), "{}", wrong.stderr);
    let unknown = run(&["rules", "explain", &first[..first.len() - 1]]);
    assert!(unknown.code == 2 && unknown.stderr.contains(&first), "{}", unknown.stderr);
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = run(&["completions", shell]);
        assert_eq!(said.code, 0);
        assert!(said.stdout.contains("fail-on") && said.stdout.contains("writers"), "{shell}");
    }
    let page = run(&["man"]).stdout;
    assert!(page.contains(".TH cotenant 1") && page.contains("COTENANT SCAN") && page.contains("fail\\-on"));
    assert!(page.contains("COTENANT INSPECT WRITERS"));
}

#[test]
fn a_single_mistake_of_a_rule_file_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let syntax = folder.path().join("syntax.yaml");
    std::fs::write(&syntax, "id: [a\n").unwrap();
    let empty = tempfile::tempdir().unwrap();
    for (path, words) in [
        ("no/such.yaml", "does not exist"),
        (text(&syntax), "is not YAML"),
        (text(empty.path()), "holds no rule file"),
    ] {
        let said = run(&["rules", "check", path]);
        assert_eq!((said.code, said.stderr.matches(words).count()), (2, 1), "{}", said.stderr);
    }
}

#[test]
fn rule_files_are_checked_to_the_last_path() {
    let said =
        run(&["rules", "check", "no/such.yaml", "rules", "fixtures/demo/cotenant.yaml", "nor/this.yaml"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    for words in ["no/such.yaml", "fixtures/demo/cotenant.yaml:1:1", "nor/this.yaml"] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
}

#[test]
fn a_loader_that_is_not_put_back_names_the_call_that_throws() {
    let said = run(&["scan", "fixtures/demo", "--only", "classloader/context-loader-not-restored"]);
    let message = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        message.contains("does not put the old context class loader back when `Runnable.run` throws."),
        "{message}"
    );
}

#[test]
fn a_file_lock_is_told_of_in_words_for_file_locks() {
    let case = "fixtures/resource/lock-not-released/bad-file-lock";
    let said = run(&["scan", case, "--only", "resource/lock-not-released"]);
    let words = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("leaves the method with it still taken"), "{words}");
    assert!(words.contains("in its finally call its release() or close its channel"), "{words}");
    assert!(!words.contains("`Lock.lock()`") && !words.contains("unlock()` in"), "{words}");
}

#[test]
fn a_static_that_keeps_classes_with_their_objects_is_told_once_as_what_keeps_them() {
    let said = run(&["scan", "fixtures/classloader/loader-retained-by-static/bad-class", "--format", "json"]);
    let report = json(&said.stdout);
    let rules = report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap());
    let keeping: Vec<&str> = rules.filter(|r| r.contains("retained") || r.contains("kept")).collect();
    assert_eq!(keeping, ["classloader/loader-retained-by-static"]);
}

/// The base gets classes that no module calls: what is open on a path in them is told all the same.
#[test]
fn every_finding_names_a_tenant_a_way_and_a_remedy() {
    let unreached = "fixtures/resource/stream-open-on-exception/bad/billing.jar";
    let orders = "orders=fixtures/demo/orders.jar";
    for input in [&["fixtures/demo"][..], &["--base", unreached, "--module", orders]] {
        let report = json(&run(&[&["scan", "--format", "json"][..], input].concat()).stdout);
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.len() > 10, "{input:?}");
        for finding in findings {
            for list in ["tenants", "trace"] {
                assert!(!finding[list].as_array().unwrap().is_empty(), "{list}: {finding}");
            }
            assert!(!finding["fix"].as_str().unwrap().is_empty(), "{finding}");
        }
    }
}

/// What is said of a fixture's class loader hazard that a rule tells, on a JDK release.
fn said_on(release: &str, case: &str) -> Vec<String> {
    let folder = format!("fixtures/classloader/{case}");
    let rule = format!("classloader/{}", case.split('/').next().unwrap());
    let arguments = [
        "scan",
        &folder,
        "--jdk-release",
        release,
        "--only",
        &rule,
        "--format",
        "json",
        "--fail-on",
        "never",
    ];
    let findings = json(&run(&arguments).stdout)["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn whose_context_loader_a_fork_join_thread_has_depends_on_the_jdk_release() {
    let keeps = "whose threads keep the context class loader of the one who made them";
    let has_system = "where the context class loader is the system loader";
    for (release, words) in [("8", keeps), ("9", has_system), ("25", has_system)] {
        let said = said_on(release, "context-loader-missing-on-pool/bad");
        assert!(said.len() == 1 && said[0].contains(words), "{release}: {said:?}");
    }
    let own_pool = "context-loader-missing-on-pool/good-own-pool-release-8";
    assert_eq!((said_on("8", own_pool).len(), said_on("17", own_pool).len()), (0, 2));
}

#[test]
fn a_shared_fork_join_pool_keeps_no_loader_since_java_9() {
    let case = "context-loader-captured-by-thread/bad-common-pool-release-8";
    let words =
        [("8", "which keep the context class loader of whoever made them"), ("9", "is the system loader")];
    for (release, words) in words {
        let said = said_on(release, case);
        assert!(said.len() == 1 && said[0].contains(words), "{release}: {said:?}");
    }
}

#[test]
fn the_help_for_a_rule_of_ones_own_says_where_the_rule_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    let rule = "id: resource/mine
title: A class of ours
severity: note
certainty: certain
message: \"`{method}` is a class of ours.\"
advice: \"Look at it.\"
why: Because it is there.
fix: Look at it.
references: [https://example.com/]
proof: {none: an example}
find:
  class: {}
";
    std::fs::write(&file, rule).unwrap();
    let file = file.to_str().unwrap();
    let said =
        run(&["scan", "fixtures/demo", "--rules", file, "--only", "resource/mine", "--fail-on", "never"]);
    assert!(
        said.stdout.contains(&format!("cotenant rules explain resource/mine --rules {file}")),
        "{}",
        said.stdout
    );
    let explained = run(&["rules", "explain", "resource/mine", "--rules", file]);
    assert!(explained.stdout.starts_with("resource/mine"), "{}", explained.stderr);
}
