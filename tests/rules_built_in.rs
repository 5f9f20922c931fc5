//! The rules that come with the program: valid, complete, and with examples.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

use std::fs;
use std::path::Path;

use cotenant::findings::{Certainty, Severity};
use cotenant::rules::rule::Family;
use cotenant::rules::{Models, RuleSet, explain, json_schema};

fn models() -> Models {
    Models::built_in().unwrap()
}

fn rules() -> RuleSet {
    RuleSet::built_in(&models()).unwrap_or_else(|mistakes| panic!("{}", mistakes.render()))
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_rule_is_valid_and_the_main_families_are_covered() {
    let rules = rules();
    for (family, least) in
        [(Family::StaticSharing, 12), (Family::ClassLoader, 14), (Family::Resource, 16), (Family::Linkage, 6)]
    {
        let n_rules = rules.rules().iter().filter(|rule| rule.family == family).count();
        assert!(n_rules >= least, "{family:?}: {n_rules}");
    }
}

#[test]
fn every_rule_is_explained_and_advises() {
    for rule in rules().rules() {
        let meta = &rule.meta;
        assert!(meta.why.len() > 200, "{}: why", meta.id);
        assert!(meta.fix.len() > 150, "{}: fix", meta.id);
        assert!(!meta.references.is_empty(), "{}: references", meta.id);
        assert!(!meta.title.ends_with('.'), "{}: a title has no full stop", meta.id);
        assert!(!rule.message.parts.is_empty() && !rule.advice.parts.is_empty(), "{}", meta.id);
        assert_eq!(rule.origin, "built-in");
    }
}

#[test]
fn what_is_only_possible_is_a_note() {
    for rule in rules().rules() {
        let severity = rule.meta.severity.unwrap();
        for case in rule.cases.iter().filter(|case| !case.ignore) {
            if case.certainty.unwrap_or(rule.certainty) == Certainty::Possible {
                assert_eq!(case.severity.unwrap_or(severity), Severity::Note, "{}", rule.meta.id);
            }
        }
    }
}

#[test]
fn every_rule_has_bad_and_good_cases() {
    let mut without = Vec::new();
    for rule in rules().rules() {
        let cases: Vec<String> = fs::read_dir(folder("fixtures").join(&rule.meta.id))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let has = |prefix: &str| cases.iter().any(|name| name.starts_with(prefix));
        if !has("bad") || !has("good") {
            without.push(rule.meta.id.clone());
        }
    }
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn every_rule_file_matches_the_schema_that_editors_use() {
    let validator = jsonschema::validator_for(json_schema()).unwrap();
    let set = rules();
    for rule in set.rules() {
        let path = folder("rules").join(format!("{}.yaml", rule.meta.id));
        let value: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", rule.meta.id);
        assert!(validator.is_valid(&serde_json::json!([value])), "a list of rules is valid too");
    }
}

#[test]
fn the_schema_refuses_what_the_check_refuses() {
    let validator = jsonschema::validator_for(json_schema()).unwrap();
    let path = folder("rules/static-sharing/jvm-exit.yaml");
    let value: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let with = |key: &str, other: serde_json::Value| {
        let mut value = value.clone();
        value[key] = other;
        validator.is_valid(&value)
    };
    assert!(with("title", "Another title".into()));
    assert!(!with("colour", "red".into()), "unknown key");
    assert!(!with("severity", "fatal".into()), "unknown word");
    assert!(!with("severity", serde_json::Value::Null), "key without a value");
    assert!(!with("references", serde_json::json!([])), "empty list");
    assert!(!with("when", serde_json::json!({"open-world": true})), "a word with a value");
    assert!(!with("when", serde_json::json!({"all": ["open-world"], "any": ["open-world"]})), "two keys");
}

#[test]
fn every_rule_can_be_explained_within_the_terminal() {
    let set = rules();
    for rule in set.rules() {
        let text = explain::explain(&set, &rule.meta.id).unwrap();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&rule.meta.title), "{text}");
        let prose = text.split("\nReferences\n").next().unwrap();
        let longest = prose.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 130, "{}: a line of {longest} columns", rule.meta.id);
    }
}

/// The blocks of a Markdown text that are marked as YAML.
fn yaml_blocks(markdown: &str) -> Vec<String> {
    markdown.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_example_rule_of_the_documentation_is_valid() {
    let readme = fs::read_to_string(folder("rules/README.md")).unwrap();
    let blocks = yaml_blocks(&readme);
    let example = blocks.iter().find(|block| block.starts_with("id:")).unwrap();
    let models = models();
    let mut set = RuleSet::empty(&models);
    set.add_text("README.md", example, &models).unwrap_or_else(|mistakes| panic!("{}", mistakes.render()));
    assert_eq!(set.rules().len(), 1);
}

#[test]
fn every_condition_of_the_documentation_is_valid_at_some_site() {
    let readme = fs::read_to_string(folder("rules/README.md")).unwrap();
    let blocks = yaml_blocks(&readme);
    let conditions = blocks.iter().find(|block| !block.starts_with("id:")).unwrap();
    let conditions: Vec<serde_yaml::Value> = serde_yaml::from_str(conditions).unwrap();
    let models = models();
    let sites = [
        "field-write: {static: true}",
        "field-write: {static: false}",
        "call: {to: [jvm-exit]}",
        "kept: {resource: [timer]}",
        "open: {resource: [locks]}",
        "class: {}",
        "loader-store: {}",
        "reference: {fails: [missing-class]}",
        "other-copy: {asked-by: [cast]}",
        "configured: {answers: [missed]}",
    ];
    for condition in &conditions {
        let text = serde_json::to_string(condition).unwrap();
        let is_valid = sites.iter().any(|site| {
            let rule = format!(
                "id: resource/x\ntitle: t\nseverity: note\ncertainty: likely\nmessage: m\nadvice: a\nwhy: w\nfix: f\n\
                 references: [https://example.org]\nproof: jvm\nfind: {{{site}}}\nwhen: {text}\n"
            );
            RuleSet::empty(&models).add_text("x", &rule, &models).is_ok()
        });
        assert!(is_valid, "{text}");
    }
}

#[test]
fn the_documentation_names_every_word_of_the_format() {
    let readme = fs::read_to_string(folder("rules/README.md")).unwrap();
    let mut missing = Vec::new();
    for (name, definition) in json_schema()["$defs"].as_object().unwrap() {
        let properties = definition["properties"].as_object().into_iter().flat_map(|map| map.keys().cloned());
        let choices = definition["oneOf"].as_array().into_iter().flatten().filter_map(|choice| {
            let word = choice["const"].as_str().map(str::to_owned);
            word.or_else(|| choice["properties"].as_object()?.keys().next().cloned())
        });
        for word in properties.chain(choices) {
            let is_named =
                readme.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|named| named == word);
            if !is_named {
                missing.push(format!("{name}: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
