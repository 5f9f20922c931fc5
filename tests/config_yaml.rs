//! Configurations: what they can say, and how mistakes in them are reported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail")]

use cotenant::cli::config::{
    Config, ConfigError, Date, FailOn, Jdk, MAX_CONFIG_DEPTH, MAX_CONFIG_SIZE, MAX_MISTAKES,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn parse(text: &str) -> Config {
    Config::parse("cotenant.yaml", text).unwrap_or_else(|error| panic!("{text}\n{:?}", error.mistakes))
}

fn mistakes(text: &str) -> ConfigError {
    Config::parse("cotenant.yaml", text).expect_err(text)
}

/// The one mistake as `line:column message; help`.
fn mistake(text: &str) -> String {
    let error = mistakes(text);
    assert_eq!(error.mistakes.len(), 1, "{text}: {:?}", error.mistakes);
    let it = &error.mistakes[0];
    let help = it.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{}:{} {}{help}", it.line, it.column, it.message)
}

#[test]
fn every_key_is_understood() {
    let config = parse(
        r#"
version: 1
topology: {container: child-first, delegate: true, plugin-export: false, parent-first: [org.slf4j., javax.], base-hidden: true}
base: base.jar
modules:
  orders: orders-biz.jar
  billing: [billing.jar, extra.jar]
  audit: {path: audit.jar}
  mail: {path: [mail.jar, smtp.jar]}
jdk: 17
jdk-release: 11
source-roots: [src/main/java]
rules: own-rules
only: 'static-sharing/*'
skip: [linkage/missing-class, "resource/**"]
fail-on: warning
suppressions:
  - rule: static-sharing/*
    match: {class: "com.acme.legacy.**", member: cache, module: orders}
    reason: single tenant until 3.0
    expires: 2027-03-31
  - fingerprint: "9f2c00aa"
    reason: known
limits: {max-entry-size: 64M, max-depth: 4, max-total-size: 1g}
"#,
    );
    assert_eq!(config.topology.container.as_deref(), Some("child-first"));
    assert_eq!((config.topology.delegate, config.topology.plugin_export), (Some(true), Some(false)));
    assert_eq!(config.topology.parent_first, ["org.slf4j.", "javax."]);
    assert_eq!(config.topology.base_hidden, Some(true));
    assert_eq!(config.base, [PathBuf::from("base.jar")]);
    let names: Vec<&str> = config.modules.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["orders", "billing", "audit", "mail"], "the order of the file is kept");
    assert_eq!(config.modules[3].1, [PathBuf::from("mail.jar"), PathBuf::from("smtp.jar")]);
    assert_eq!((config.jdk, config.jdk_release), (Some(Jdk::Release(17)), Some(11)));
    assert_eq!(config.only, ["static-sharing/*"]);
    assert_eq!(config.skip.len(), 2);
    assert_eq!(config.fail_on, Some(FailOn::Warning));
    let [first, second] = config.suppressions.as_slice() else { panic!("{:?}", config.suppressions) };
    assert_eq!(first.class.as_deref(), Some("com.acme.legacy.**"));
    assert_eq!((first.member.as_deref(), first.module.as_deref()), (Some("cache"), Some("orders")));
    assert_eq!(first.expires, Date::parse("2027-03-31"));
    assert_eq!(second.fingerprint.as_deref(), Some("9f2c00aa"));
    assert_eq!(config.limits.max_entry_size, Some(64 << 20));
    assert_eq!((config.limits.max_depth, config.limits.max_ratio), (Some(4), None));
}

#[test]
fn short_forms_and_empty_files_are_fine() {
    assert_eq!(parse(""), Config::default());
    assert_eq!(parse("# nothing yet\n"), Config::default());
    assert_eq!(parse("\u{feff}topology: tomcat\n").topology.container.as_deref(), Some("tomcat"));
    assert_eq!(parse("jdk: /opt/jdk-21").jdk, Some(Jdk::Home("/opt/jdk-21".into())));
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_key_that_was_meant() {
    let said = mistake("base: a.jar\nmodulse:\n  a: b.jar\n");
    assert!(said.starts_with("2:1 unknown key `modulse`; did you mean `modules`?"), "{said}");
    let said = mistake("modules:\n  a: {path: x, pth: y}\n");
    assert!(said.starts_with("2:16 modules.a: ") && said.contains("unknown key `pth`"), "{said}");
    let said = mistake("suppressions:\n  - rule: a/b\n    reason: r\n    match: {klass: x}\n");
    assert!(said.starts_with("4:13") && said.contains("did you mean `class`?"), "{said}");
    let said = mistake("limits:\n  max-entry-sise: 1\n");
    assert!(said.starts_with("2:3") && said.contains("did you mean `max-entry-size`?"), "{said}");
}

#[test]
fn an_unknown_word_is_reported_with_the_known_ones() {
    let said = mistake("topology: tomcta");
    assert!(said.starts_with("1:11 topology: unknown value `tomcta`; did you mean `tomcat`?"), "{said}");
    let said = mistake("topology: {container: x}");
    assert!(said.contains("unknown value `x`; known here: sofa-ark, tomcat"), "{said}");
    let said = mistake("fail-on: errors");
    assert!(said.contains("did you mean `error`?"), "{said}");
}

#[test]
fn a_key_given_twice_is_an_error_wherever_it_is() {
    assert_eq!(mistake("base: a\nrules: b\nbase: c\n"), "3:1 key `base` is given twice");
    assert_eq!(mistake("modules:\n  a: x\n  a: y\n"), "3:3 modules: key `a` is given twice");
    assert_eq!(
        mistake("suppressions:\n  - reason: r\n    rule: a/b\n    reason: s\n"),
        "4:5 suppressions[0]: key `reason` is given twice"
    );
}

#[test]
fn several_mistakes_are_reported_at_once_by_place() {
    let error = mistakes(
        "bsae: a.jar\nmodules:\n  base: x\n  a: []\n  b: {path: }\n  c: ok.jar\n  c: again.jar\nfail-on: 7\n\
         suppressions:\n  - rule: x\n  - rule: 'x[/*'\n    reason: r\n  - reason: everything\n  - rule: x\n    reason: ok\n    \
         expires: 2027-02-30\n",
    );
    let lines: Vec<usize> = error.mistakes.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [1, 3, 4, 5, 7, 8, 10, 11, 13, 16], "{:#?}", error.mistakes);
    let many: String = (0..100).map(|i| format!("key{i}: 1\n")).collect();
    assert_eq!(mistakes(&many).mistakes.len(), MAX_MISTAKES);
}

#[test]
fn values_of_the_wrong_kind_say_what_was_expected() {
    for (text, part) in [
        ("base: {a: b}", "expected a path or a list of paths"),
        ("base: ['']", "a path must not be empty"),
        ("version: 2", "version 2 is not known"),
        ("modules: [a]", "expected a mapping of module names to paths"),
        ("suppressions: {a: b}", "expected a list of suppressions"),
        ("suppressions: [{rule: a/b}]", "missing key `reason`"),
        ("suppressions: [{rule: a/b, reason: ' '}]", "the reason must say something"),
        ("suppressions: [{fingerprint: xyz, reason: r}]", "8 to 32 digits"),
        ("suppressions: [{rule: a/b, reason: r, expires: soon}]", "`soon` is no date"),
        ("limits: {max-depth: -1}", "expected a size"),
        ("limits: {max-depth: 3x}", "`3x` is no size"),
        ("only: ''", "a pattern must not be empty"),
        ("jdk: ''", "expected a JDK's home or a release number"),
        ("jdk-release: 7", "`7` is no JDK release from 8 on"),
        ("jdk-release: [8]", "expected a JDK release such as 8"),
        ("just text", "expected a mapping"),
        ("[a, b]", "expected a mapping"),
        ("base: !secret x", "tags"),
        ("? [a]\n: b", "expected a name as key"),
        ("a: 1\n---\nb: 1\n", "more than one document"),
        ("base: [a", "did not find"),
        ("base: *nobody", "unknown anchor"),
        ("\tbase: x", "cannot start any token"),
    ] {
        let said = mistake(text);
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn too_deep_and_too_large_documents_are_refused() {
    let nested = |depth: usize| format!("base: {}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(mistake(&nested(MAX_CONFIG_DEPTH)).contains("nested deeper than 32 levels"));
    assert!(!mistake(&nested(MAX_CONFIG_DEPTH - 1)).contains("deeper"));
    assert!(mistake(&"- ".repeat(200_000)).contains("nested deeper"));
    let large = format!("# {}", "x".repeat(MAX_CONFIG_SIZE));
    assert!(mistake(&large).contains("larger than"));
}

#[test]
fn hostile_documents_are_refused_quickly() {
    let aliases: String =
        (1..9).map(|i| format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(10))).collect();
    let bomb = format!("a0: &a0 [x]\n{aliases}");
    let documents = [
        bomb,
        "{a: ".repeat(200_000),
        "[".repeat(500_000),
        "? ".repeat(250_000),
        format!("base: [{}", "[ #]\n".repeat(100_000)),
        "&a ".repeat(100_000),
        format!("base: \"{}", "\\".repeat(500_000)),
        (0..100_000).map(|i| format!("k{i}: x\n")).collect(),
        "base: x\n".repeat(100_000),
    ];
    for document in documents {
        let start = Instant::now();
        assert!(!mistakes(&document).mistakes.is_empty());
        let head: String = document.chars().take(20).collect();
        assert!(start.elapsed() < Duration::from_secs(30), "{head}: {:?}", start.elapsed());
    }
}

#[test]
fn any_cut_of_a_document_is_read_or_refused() {
    let text = "topology: {container: tomcat}\nmodules:\n  ä: [\"x\", 'y']\nsuppressions:\n  - {rule: a/b, reason: 'é'}\n";
    for (cut, _) in text.char_indices() {
        let _ = Config::parse("x", &text[..cut]);
        let _ = Config::parse("x", &text[cut..]).map_err(|error| format!("{:?}", miette::Report::new(error)));
    }
}

#[test]
fn paths_are_taken_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cotenant.yaml");
    std::fs::write(&file, "base: [a.jar, /abs/b.jar]\nmodules: {m: x/m.jar}\njdk: jdk\nrules: r\n").unwrap();
    let config = Config::read(&file).unwrap();
    assert_eq!(config.base, [folder.path().join("a.jar"), PathBuf::from("/abs/b.jar")]);
    assert_eq!(config.modules[0].1, [folder.path().join("x/m.jar")]);
    assert_eq!(config.jdk, Some(Jdk::Home(folder.path().join("jdk"))));
    assert_eq!(config.rules, [folder.path().join("r")]);
}

#[test]
fn files_that_cannot_be_read_are_mistakes_too() {
    let folder = tempfile::tempdir().unwrap();
    let latin = folder.path().join("latin.yaml");
    std::fs::write(&latin, b"base: a\nrules: \xe9\n").unwrap();
    let said = |path: &Path| Config::read(path).expect_err("unreadable").mistakes[0].message.clone();
    assert_eq!(said(&latin), "it is not UTF-8 (line 2)");
    assert!(said(&folder.path().join("none.yaml")).starts_with("it cannot be opened"));
    let large = folder.path().join("large.yaml");
    std::fs::write(&large, vec![b'#'; MAX_CONFIG_SIZE + 1]).unwrap();
    assert!(said(&large).contains("larger than"));
}

#[test]
fn a_mistake_is_shown_in_its_line_of_the_file() {
    let error = mistakes("base: a.jar\nmodulse: {}\nfail-on: warn\n");
    let mut shown = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none());
    handler.render_report(&mut shown, &error).unwrap();
    assert!(shown.contains("cotenant.yaml cannot be used: 2 mistakes"), "{shown}");
    assert!(shown.contains("cotenant.yaml:2:1") && shown.contains("cotenant.yaml:3:10"), "{shown}");
    assert!(shown.contains("2 | modulse: {}") && shown.contains("did you mean `warning`?"), "{shown}");
}
