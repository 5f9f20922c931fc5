//! What the author of a rule is told about mistakes: all of them, each with its place and a remedy.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

use cotenant::rules::models::{Api, Models, Resource, TypeGroup};
use cotenant::rules::{Mistakes, RuleSet};

const HEAD: &str = "\
id: static-sharing/example
title: An example
severity: warning
certainty: likely
message: \"`{class}.{member}` is set for {tenants}.\"
advice: Don't.
why: Because.
fix: Like this.
references: [https://example.org/a]
proof: jvm
";

fn models() -> Models {
    let mut models = Models::default();
    let exit = Api { id: "exit".to_owned(), groups: vec!["jvm-exit".to_owned()], ..Api::default() };
    models.apis.insert("exit".to_owned(), exit);
    models.types.insert("immutable".to_owned(), TypeGroup::default());
    models.types.insert("collection".to_owned(), TypeGroup::default());
    let timer = Resource { name: "timer".to_owned(), ..Resource::default() };
    models.resources.insert("timer".to_owned(), timer);
    models
}

fn check(text: &str) -> Result<RuleSet, Mistakes> {
    let models = models();
    let mut set = RuleSet::empty(&models);
    set.add_text("my.yaml", text, &models)?;
    Ok(set)
}

/// The mistakes as a terminal shows them.
fn told(text: &str) -> String {
    check(text).unwrap_err().render()
}

/// The sentences alone.
fn sentences(text: &str) -> Vec<String> {
    check(text).unwrap_err().0.iter().map(|mistake| mistake.message().to_owned()).collect()
}

fn with_find(tail: &str) -> String {
    format!("{HEAD}{tail}")
}

fn with_when(when: &str) -> String {
    format!("{HEAD}find: {{field-write: {{static: true}}}}\nwhen: {when}\n")
}

#[test]
fn a_small_rule_is_enough() {
    let set = check(&with_find("find: {class: {}}\n")).unwrap();
    assert_eq!(set.rules()[0].meta.title, "An example");
    assert_eq!(set.rules()[0].origin, "my.yaml");
}

#[test]
fn unknown_keys_are_told_with_what_could_be_meant() {
    let text =
        HEAD.replace("severity:", "severty:") + "find: {field-write: {statik: true}}\nwhem: open-world\n";
    insta::assert_snapshot!(told(&text));
}

#[test]
fn missing_keys_are_all_told() {
    let all = sentences("id: static-sharing/example\ntitle: An example\n");
    for key in ["severity", "certainty", "message", "advice", "why", "fix", "references", "proof", "find"] {
        assert!(all.contains(&format!("a rule needs `{key}`")), "{key}: {all:?}");
    }
}

#[test]
fn unknown_words_and_conditions_are_told_with_what_could_be_meant() {
    let text =
        with_when("{all: [{definedby: [shared]}, {defined-by: [share]}, openworld, {written: [lasy]}]}");
    insta::assert_snapshot!(told(&text));
}

#[test]
fn names_that_no_model_has_are_told() {
    let mut text = with_find("find: {call: {to: [jvm-exits]}}\n");
    text.push_str(
        "when: {all: [{target: [exit, nothing-like-it]}, {class: {subtype-of: [imutable, a.B, a/B]}}]}\n",
    );
    insta::assert_snapshot!(told(&text));
    assert_eq!(
        sentences(&with_find("find: {kept: {resource: [timer, time*, tymer, x*]}}\n")),
        [
            "no model has a resource or resource group `tymer`",
            "no model has a resource or resource group `x*`"
        ]
    );
}

#[test]
fn a_topology_must_exist() {
    insta::assert_snapshot!(told(&with_when("{topology: [sofa-ark, tom-cat]}")));
}

#[test]
fn placeholders_are_checked_against_the_site() {
    let text =
        HEAD.replace("{tenants}", "{tenant} by {resource} and {effect}") + "find: {call: {to: [exit]}}\n";
    insta::assert_snapshot!(told(&text));
    let text = HEAD.replace("{tenants}", "{tenants") + "find: {class: {}}\n";
    assert_eq!(sentences(&text), ["a brace without its partner"]);
}

#[test]
fn an_id_is_a_family_and_a_name() {
    for (id, sentence) in [
        ("static-sharing/Example", "`static-sharing/Example` is no rule id"),
        ("static-sharing/", "`static-sharing/` is no rule id"),
        ("static-sharing/a--b", "`static-sharing/a--b` is no rule id"),
        ("static-sharing/a/b", "`static-sharing/a/b` is no rule id"),
        ("static-shering/a", "there is no family `static-shering`"),
    ] {
        let text = HEAD.replace("static-sharing/example", id) + "find: {class: {}}\n";
        assert_eq!(sentences(&text), [sentence]);
    }
    let text = HEAD.replace("static-sharing/example", "static-shering/a") + "find: {class: {}}\n";
    let mistakes = check(&text).unwrap_err();
    assert_eq!(mistakes.0[0].help_text(), Some("did you mean `static-sharing`?"));
    assert_eq!(mistakes.0[0].place(), Some(("my.yaml".to_owned(), 1, 5)));
}

#[test]
fn a_condition_that_can_not_hold_at_the_site_is_a_mistake() {
    insta::assert_snapshot!(told(&with_when(
        "{any: [{released: [never]}, result-used, {argument: {index: 0, text: [a]}}]}"
    )));
}

#[test]
fn a_case_must_change_something_and_possible_is_at_most_a_note() {
    let cases = "find: {class: {}}\ncases:\n  - when: open-world\n  - when: open-world\n    ignore: true\n    severity: note\n  \
                 - when: open-world\n    certainty: possible\n";
    insta::assert_snapshot!(told(&with_find(cases)));
}

#[test]
fn empty_and_wrong_values_are_told() {
    let text = HEAD
        .replace("why: Because.", "why:")
        .replace("fix: Like this.", "fix: \" \"")
        .replace("[https://example.org/a]", "[]")
        .replace("proof: jvm", "proof: {none: 3}")
        + "find: {field-write: {static: maybe}}\nwhen: {tenants: {at-least: 0}}\ncases: {}\n";
    insta::assert_snapshot!(told(&text));
}

#[test]
fn a_test_of_nothing_is_a_mistake() {
    assert_eq!(sentences(&with_when("{field: {}}")), ["this `field` condition tests nothing"]);
    let text = with_find("find: {call: {to: [exit]}}\nwhen: {argument: {index: 0}}\n");
    assert_eq!(sentences(&text), ["this `argument` condition tests nothing"]);
}

#[test]
fn globs_and_links_are_checked() {
    let text = HEAD.replace("https://example.org/a", "http://example.org/a")
        + "find: {class: {}}\nwhen: {class: {names: [\"com.acme.[\"]}}\n";
    let all = sentences(&text);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all.contains(&"`http://example.org/a` is no link".to_owned()));
    assert!(all.iter().any(|sentence| sentence.starts_with("`com.acme.[` is no glob")), "{all:?}");
}

#[test]
fn one_of_several_is_asked_for() {
    insta::assert_snapshot!(told(&with_find(
        "find: {class: {}, call: {to: [exit]}}\nwhen: {open-world: true}\ncases: [{when: all, ignore: true}]\n"
    )));
}

#[test]
fn repeated_keys_are_told_with_the_second_place() {
    let text = with_find("find: {class: {}}\nwhy: Again.\n");
    let mistakes = check(&text).unwrap_err();
    assert_eq!(mistakes.0[0].message(), "`why` is written twice");
    assert_eq!(mistakes.0[0].place(), Some(("my.yaml".to_owned(), 12, 1)));
}

#[test]
fn mistakes_of_all_rules_of_a_list_are_told() {
    let rule = |id: &str| {
        let text = HEAD.replace("static-sharing/example", id) + "find: {class: {}}\n";
        format!("- {}", text.trim_end().replace('\n', "\n  "))
    };
    let text = [rule("resource/a"), rule("resourse/b"), rule("resource/a"), rule("Resource")].join("\n");
    assert_eq!(
        sentences(&text),
        [
            "there is no family `resourse`",
            "`Resource` is no rule id",
            "there is no family `Resource`",
            "rule `resource/a` is defined twice"
        ]
    );
    assert_eq!(check(&[rule("resource/b"), rule("resource/a")].join("\n")).unwrap().rules().len(), 2);
}

#[test]
fn a_place_behind_other_letters_than_ascii_is_right() {
    let text = HEAD.replace("Because.", "\"Ärger → 木\"").replace("severity: warning", "severity: wärning");
    let mistakes = check(&(text + "find: {klass: {}}\n")).unwrap_err();
    let places: Vec<_> = mistakes.0.iter().map(|mistake| mistake.place().unwrap()).collect();
    assert_eq!(places[0].1, 3);
    assert_eq!((places[1].1, places[1].2), (11, 8));
    assert!(mistakes.render().contains("unknown site `klass`"));
}
