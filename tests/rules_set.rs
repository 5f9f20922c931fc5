//! Which rules a run applies: replacing, selecting, and the digest that reports carry.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

use std::fs;

use cotenant::rules::rule::{ArgumentTest, Condition, Exits, OriginKind, Part, Site, Slot, StateKind};
use cotenant::rules::{Models, RuleSet, explain, load};

const RULE: &str = "\
id: resource/mine
title: A rule of ours
severity: note
certainty: likely
message: \"{class} for {tenants}\"
advice: Don't.
why: |
  First paragraph, which is long enough that it has to be wrapped when it is shown in a terminal of the usual width.

  - An item, also long enough that it has to be wrapped when it is shown in a terminal, with its second line indented.
  - Another.

  ```java
  code();
  ```
fix: Like this.
references: [https://example.org/a]
proof: {none: only an example}
find: {kept: {resource: [timer]}}
when: {all: [{released: [never]}, open-world]}
";

fn built_in() -> (RuleSet, Models) {
    let models = Models::built_in().unwrap();
    (RuleSet::built_in(&models).unwrap(), models)
}

fn ids(set: &RuleSet) -> Vec<&str> {
    set.rules().iter().map(|rule| rule.meta.id.as_str()).collect()
}

fn globs(list: &[&str]) -> Vec<String> {
    list.iter().map(|glob| (*glob).to_owned()).collect()
}

#[test]
fn rules_are_sorted_by_id_and_found_by_it() {
    let (set, _) = built_in();
    assert!(ids(&set).is_sorted());
    assert_eq!(set.get("static-sharing/jvm-exit").unwrap().meta.id, "static-sharing/jvm-exit");
    assert!(set.get("static-sharing/nothing").is_none());
    assert_eq!(set.metas().len(), set.rules().len());
}

#[test]
fn a_rule_with_a_known_id_replaces_the_built_in_one() {
    let (mut set, models) = built_in();
    let n_rules = set.rules().len();
    set.add_text("mine.yaml", &RULE.replace("resource/mine", "resource/timer-never-cancelled"), &models)
        .unwrap();
    assert_eq!(set.rules().len(), n_rules);
    let rule = set.get("resource/timer-never-cancelled").unwrap();
    assert_eq!((rule.meta.title.as_str(), rule.origin.as_str()), ("A rule of ours", "mine.yaml"));
    set.add_text("mine.yaml", RULE, &models).unwrap();
    assert_eq!(set.rules().len(), n_rules + 1);
    assert!(ids(&set).is_sorted());
}

#[test]
fn globs_select_and_skip_rules() {
    let (mut set, _) = built_in();
    set.select(&globs(&["static-sharing/*", "resource/timer*"]), &globs(&["*/jvm-exit"])).unwrap();
    assert!(ids(&set).contains(&"resource/timer-never-cancelled"));
    assert!(ids(&set).contains(&"static-sharing/overwritten-static"));
    assert!(!ids(&set).iter().any(|id| id.starts_with("classloader/") || *id == "static-sharing/jvm-exit"));
}

#[test]
fn a_glob_that_matches_nothing_is_a_mistake_with_a_suggestion() {
    let (set, _) = built_in();
    let mistake = |only: &[&str], skip: &[&str]| {
        let mistakes = set.clone().select(&globs(only), &globs(skip)).unwrap_err();
        (mistakes.0[0].message().to_owned(), mistakes.0[0].help_text().unwrap_or_default().to_owned())
    };
    let (message, help) = mistake(&["resource/timer-never-canceled"], &[]);
    assert_eq!(message, "no rule matches `resource/timer-never-canceled`");
    assert_eq!(help, "did you mean `resource/timer-never-cancelled`?");
    assert_eq!(mistake(&["jvm-exit"], &[]).1, "did you mean `static-sharing/jvm-exit`?");
    assert_eq!(mistake(&[], &["zzz*"]).1, "see `cotenant rules list`");
    assert_eq!(mistake(&["resource/*"], &["*"]).0, "no rule is left");
    assert!(mistake(&["a["], &[]).0.starts_with("`a[` is no glob"));
}

#[test]
fn layout_comments_and_place_do_not_change_the_digest_but_meaning_does() {
    let models = Models::built_in().unwrap();
    let digest = |name: &str, text: &str| {
        let mut set = RuleSet::empty(&models);
        set.add_text(name, text, &models).unwrap();
        set.digest()
    };
    let plain = digest("a.yaml", RULE);
    assert_eq!(plain.len(), 32);
    assert!(plain.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(plain, digest("elsewhere/b.yaml", RULE));
    let moved = RULE.replace("severity: note\n", "") + "# a remark\nseverity:   \"note\"\n";
    assert_eq!(plain, digest("a.yaml", &moved));
    assert_ne!(plain, digest("a.yaml", &RULE.replace("never", "elsewhere")));
    assert_ne!(plain, digest("a.yaml", &RULE.replace("Like this.", "Like that.")));
}

#[test]
fn models_and_selection_change_the_digest() {
    let (set, mut models) = built_in();
    assert_eq!(set.digest(), built_in().0.digest());
    let mut fewer = set.clone();
    fewer.select(&[], &globs(&["resource/*"])).unwrap();
    assert_ne!(set.digest(), fewer.digest());
    models.apis.clear();
    assert_ne!(RuleSet::empty(&models).digest(), RuleSet::empty(&Models::default()).digest());
}

#[test]
fn a_folder_may_hold_rules_and_the_models_they_need() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("a")).unwrap();
    fs::write(path("a/rule.yml"), RULE.replace("[timer]", "[gong]")).unwrap();
    fs::write(path("z.yaml"), "models: 1\nresources:\n  gong:\n    label: a gong\n    acquire: [com/acme/Gong.<init>]\n    release: [com/acme/Gong.silence]\n    how: call silence()\n    check: [unload]\n").unwrap();
    fs::write(path("notes.txt"), "no rule").unwrap();
    let (set, models) = load(&[folder.path().to_owned()]).unwrap();
    assert!(set.get("resource/mine").unwrap().origin.ends_with("rule.yml"));
    assert!(models.resources.contains_key("gong"));
    let said = explain::check(folder.path()).unwrap();
    assert!(said.ends_with(": 1 rule and 1 file of models, no mistake\n"), "{said}");
    fs::write(path("b.yaml"), RULE).unwrap();
    let twice = format!("{:?}", explain::check(folder.path()).unwrap_err());
    assert!(twice.contains("rule `resource/mine` is defined in"), "{twice}");
}

#[test]
fn a_file_of_models_without_its_first_line_is_told_to_have_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("models.yaml");
    fs::write(&file, "unload:\n  - annotated: [com/acme/OnStop]\n").unwrap();
    let said = format!("{:?}", explain::check(&file).unwrap_err());
    assert!(said.contains("begin it with `models: 1`") && !said.contains("a rule"), "{said}");
}

#[test]
fn a_rule_is_listed_and_explained() {
    let models = Models::built_in().unwrap();
    let mut set = RuleSet::empty(&models);
    set.add_text("mine.yaml", RULE, &models).unwrap();
    insta::assert_snapshot!("explained", explain::explain(&set, "resource/mine").unwrap());
    let list = explain::list(&set);
    assert!(list.contains("resource/mine  note      likely     none   A rule of ours\n"), "{list}");
    let json: serde_json::Value = serde_json::from_str(&explain::list_json(&set)).unwrap();
    assert_eq!(json["schema"], "cotenant-rules/1");
    assert_eq!(json["digest"], set.digest());
    assert_eq!(json["rules"][0]["id"], "resource/mine");
    let mistakes = explain::explain(&set, "resource/mein").unwrap_err();
    assert_eq!(mistakes.0[0].help_text(), Some("did you mean `resource/mine`?"));
}

#[test]
fn what_the_yaml_says_is_what_the_rule_holds() {
    let models = Models::built_in().unwrap();
    let mut set = RuleSet::empty(&models);
    let field = RULE.replace(
        "{kept: {resource: [timer]}}",
        "{field-mutation: {static: false, kinds: [array, thread-local]}}",
    );
    set.add_text("a", &field, &models).unwrap();
    let Site::FieldMutation { of_statics: false, kinds } = &set.rules()[0].site else { panic!() };
    assert_eq!(kinds, &[StateKind::Array, StateKind::ThreadLocal]);
    let parts = &set.rules()[0].message.parts;
    assert_eq!(parts, &[Part::Slot(Slot::Class), Part::Text(" for ".to_owned()), Part::Slot(Slot::Tenants)]);

    let call = RULE
        .replace("{kept: {resource: [timer]}}", "{call: {to: [jvm-exit]}}")
        .replace(
            "{released: [never]}",
            "{argument: {index: -1, origins: [\"null\"], text: [root-logger, a.*], types: [a.B, map]}}",
        )
        .replace("open-world", "{followed-by: {to: [jvm-exit], exits: normal}}");
    set.add_text("a", &call, &models).unwrap();
    let Condition::All(all) = &set.rules()[0].when else { panic!() };
    let [Condition::Argument(argument), Condition::FollowedBy(follow)] = all.as_slice() else { panic!() };
    let ArgumentTest { index, origins, text, types, .. } = argument;
    assert_eq!((*index, origins.as_slice()), (-1, [OriginKind::Null].as_slice()));
    assert!(text.contains(&"ROOT".to_owned()) && text.contains(&"a.*".to_owned()), "{text:?}");
    assert!(!text.contains(&"root-logger".to_owned()));
    assert_eq!(types, &["a/B", "map"]);
    assert_eq!((follow.exits, follow.restores), (Some(Exits::Normal), false));
}
