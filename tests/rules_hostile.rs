//! Rule files that want to do harm, or are no rule files at all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

use cotenant::rules::{Mistakes, Models, RuleSet};
use proptest::prelude::*;

fn check(text: &str) -> Result<(), Mistakes> {
    let models = Models::default();
    RuleSet::empty(&models).add_text("x.yaml", text, &models)
}

fn first(text: &str) -> String {
    check(text).unwrap_err().0[0].message().to_owned()
}

#[test]
fn an_empty_file_is_told_as_such() {
    for text in ["", "\n\n", "# only a remark\n"] {
        assert!(
            ["the file is empty", "a rule is expected as a map, not nothing"].contains(&first(text).as_str()),
            "{text:?}"
        );
    }
    assert_eq!(first("[]"), "the list of rules is empty");
    assert_eq!(first("just text"), "a rule is expected as a map, not text");
    assert_eq!(first("- 1\n"), "a rule is expected as a map, not a number");
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    let mistakes = check("id: a\n  title: [b\n").unwrap_err();
    assert!(mistakes.0[0].message().starts_with("this is not YAML"), "{}", mistakes.render());
    assert_eq!(mistakes.0[0].place().unwrap().1, 2);
}

#[test]
fn aliases_anchors_tags_and_second_documents_are_refused() {
    assert_eq!(first("a: &x [1]\nb: 2\n"), "an anchor can't be used in a rule file");
    assert_eq!(first("a: *x\n").as_str(), "this is not YAML: while parsing node, found unknown anchor");
    assert_eq!(first("id: !!str a\n"), "a tag can't be used in a rule file");
    assert_eq!(first("id: !x a\n"), "a tag can't be used in a rule file");
    assert_eq!(first("id: a\n---\nid: b\n"), "a second document can't be used in a rule file");
}

#[test]
fn a_bomb_of_aliases_ends_at_its_first_anchor() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let previous = format!("*a{}, ", level - 1).repeat(9);
        text.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    assert_eq!(first(&text), "an anchor can't be used in a rule file");
}

#[test]
fn depth_size_and_number_of_values_are_bounded() {
    assert_eq!(first(&"[".repeat(33)), "lists and maps are nested more than 32 deep");
    assert_eq!(first(&"[".repeat(100_000)), "this is not YAML: recursion limit exceeded");
    assert_eq!(first(&"- ".repeat(10_000)), "lists and maps are nested more than 32 deep");
    assert_eq!(first(&"{a: ".repeat(33)), "lists and maps are nested more than 32 deep");
    assert_eq!(first(&"{a: ".repeat(10_000)), "this is not YAML: recursion limit exceeded");
    assert_eq!(first(&"#".repeat((1 << 20) + 1)), "the file is longer than 1048576 bytes");
    assert_eq!(first(&"- a\n".repeat(60_000)), "the file holds more than 50000 values");
}

#[test]
fn deep_conditions_are_refused() {
    let head = "id: resource/x\ntitle: t\nseverity: note\ncertainty: likely\nmessage: m\nadvice: a\nwhy: w\nfix: f\n\
                references: [https://example.org]\nproof: jvm\nfind: {class: {}}\nwhen: ";
    let nested = |n: usize| format!("{head}{}open-world{}\n", "{not: ".repeat(n), "}".repeat(n));
    assert!(check(&nested(8)).is_ok());
    assert_eq!(first(&nested(9)), "conditions are nested more than 8 deep");
}

#[test]
fn a_map_with_many_equal_keys_ends_soon() {
    let text = "a: 1\n".repeat(20_000);
    assert_eq!(first(&text), "`a` is written twice");
}

#[test]
fn keys_that_are_no_text_are_refused() {
    assert_eq!(first("? [a]\n: b\n"), "a key must be text, not a list");
    assert_eq!(first("1: b\n"), "a key must be text, not a number");
    assert_eq!(first("<<: {id: a}\n"), "a rule has no `<<`");
}

#[test]
fn files_that_can_not_be_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let models = Models::default();
    let add = |name: &str| {
        RuleSet::empty(&models).add_path(&folder.path().join(name), &models).unwrap_err().render()
    };
    std::fs::write(folder.path().join("latin.yaml"), b"id: \xe4\n").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(add("latin.yaml").contains("is not UTF-8"));
    assert!(add("missing.yaml").contains("it does not exist"));
    assert!(add("empty").contains("holds no rule file"));
    std::fs::write(folder.path().join("long.yaml"), vec![b' '; (1 << 20) + 1]).unwrap();
    assert!(add("long.yaml").contains("is longer than 1048576 bytes"));
}

const RULE: &str = include_str!("../rules/static-sharing/overwritten-static.yaml");

proptest! {
    #[test]
    fn no_text_makes_the_check_panic(text in "\\PC{0,200}") {
        let _ = check(&text).map_err(|mistakes| mistakes.render());
    }

    #[test]
    fn no_yaml_like_text_makes_the_check_panic(text in "[a-c:{}\\[\\]&*!|>\"'#%@`,\\-? \n\t0-9é]{0,120}") {
        let _ = check(&text).map_err(|mistakes| mistakes.render());
    }

    #[test]
    fn no_damaged_rule_makes_the_check_panic(at in 0..RULE.len(), length in 0..40usize, text in "[a-z:{}\\[\\]\"\n é-]{0,6}") {
        let start = (0..=at).rev().find(|i| RULE.is_char_boundary(*i)).unwrap();
        let end = (start + length..=RULE.len()).find(|i| RULE.is_char_boundary(*i)).unwrap_or(RULE.len());
        let damaged = format!("{}{text}{}", &RULE[..start], &RULE[end..]);
        let _ = check(&damaged).map_err(|mistakes| mistakes.render());
    }
}
