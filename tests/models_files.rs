//! Model files that users write: what they may say, and what they are told when it is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail")]

use std::path::Path;

use cotenant::rules::Models;
use cotenant::rules::models::{Callback, MethodPattern, Subject};
use miette::{GraphicalReportHandler, GraphicalTheme};

fn read(text: &str) -> Models {
    let mut models = Models::default();
    models.add_text("acme.yaml", text).unwrap_or_else(|report| panic!("{report:?}"));
    models
}

/// The diagnostic as a terminal without colours shows it.
fn mistake(text: &str) -> String {
    let report = Models::default().add_text("acme.yaml", text).expect_err("a mistake");
    let mut shown = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none()).with_width(100);
    handler.render_report(&mut shown, report.as_ref()).unwrap();
    shown
}

fn parse(text: &str) -> MethodPattern {
    MethodPattern::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_pattern_reads_back_as_it_was_written() {
    for text in [
        "java/lang/System.setProperty(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;",
        "java/lang/System.exit",
        "java/util/Collections.unmodifiable*",
        "=java/io/ObjectInputStream.<init>",
        "java/net/ServerSocket.<init>()V",
        "Main.run([[IJLa/B$C;)[Z",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
}

#[test]
fn a_pattern_without_descriptor_matches_every_overload() {
    assert!(parse("a/B.run").matches_member("run", "(I)V"));
    assert!(!parse("a/B.run()V").matches_member("run", "(I)V"));
    assert!(parse("a/B.run*").matches_member("runAsync", "()V"));
    assert!(!parse("a/B.run").matches_member("runAsync", "()V"));
}

#[test]
fn braces_list_several_methods_of_one_class() {
    let patterns = MethodPattern::parse_all("a/B.{run,stop(I)V,get*}").unwrap();
    let texts: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["a/B.run", "a/B.stop(I)V", "a/B.get*"]);
}

#[test]
fn malformed_patterns_are_refused() {
    for bad in [
        "",
        "run",
        ".run",
        "a/B.",
        "a.b.C.run",
        "a/B.run(",
        "a/B.run(I",
        "a/B.run(I)",
        "a/B.run(Q)V",
        "a/B.run(I)VV",
        "a/B.run(La.b.C;)V",
        "a/B.<clinit>",
        "a/B.{}",
        "a/B.{run,}",
        "a//B.run",
        "a/B.{run",
        "a/B.run(V)V",
        "a/B.*",
        "é.(\u{1F600})",
    ] {
        assert!(MethodPattern::parse_all(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_company_can_add_its_executor_wrapper_and_its_unload_callback() {
    let mut models = Models::built_in().unwrap();
    let n_unload = models.unload.len();
    let text = "models: 1
resources:
  acme-pool:
    groups: [pools]
    label: an Acme pool
    acquire: [com/acme/Pool.<init>]
    release: [com/acme/Pool.stop]
    how: call stop()
    check: [unload]
unload:
  - implements: [com/acme/Module.onUnload()V]
managers:
  - methods: [com/acme/Pools.managed]
    subject: argument 0
types:
  immutable:
    extend: true
    types: [com/acme/Money]
";
    models.add_text("acme.yaml", text).unwrap();
    assert!(models.resources["acme-pool"].check_unload);
    assert!(models.resources_named("pools").any(|resource| resource.name == "acme-pool"));
    assert_eq!(models.unload.len(), n_unload + 1);
    assert!(
        models.managers.iter().any(|manager| manager.subject == Subject::Argument(0) && !manager.pins_loader)
    );
    let immutable = &models.types["immutable"];
    assert!(immutable.names_type("com/acme/Money") && immutable.names_type("java/lang/String"));
}

#[test]
fn a_later_row_replaces_one_of_the_same_name() {
    let mut models = Models::built_in().unwrap();
    models
        .add_text("acme.yaml", "models: 1\napis:\n  jvm-exit:\n    methods: [com/acme/Exit.now]\n")
        .unwrap();
    let methods: Vec<String> = models.apis["jvm-exit"].methods.iter().map(ToString::to_string).collect();
    assert_eq!(methods, ["com/acme/Exit.now"]);
}

#[test]
fn a_file_with_a_mistake_changes_nothing() {
    let mut models = Models::built_in().unwrap();
    let before = format!("{models:?}");
    let text = "models: 1\ntexts:\n  critical-property: {globs: [x]}\napis:\n  b: {methods: [oops]}\n";
    assert!(models.add_text("acme.yaml", text).is_err());
    assert_eq!(format!("{models:?}"), before);
}

#[test]
fn callbacks_of_each_kind_are_read() {
    let models = read(
        "models: 1
unload:
  - annotated: [a/Close]
  - annotated: [a/Listener]
    for: [a/Closed]
  - annotated: [a/Bean]
    element: destroyMethod
    inferred: [close]
  - implements: [a/Stop.stop]
  - implements: [a/Listen.on]
    for: [a/Closed]
  - implements: [a/Free.free()V]
    in_beans: true
",
    );
    assert!(matches!(
        models.unload.as_slice(),
        [
            Callback::Annotated(_),
            Callback::AnnotatedFor(_, _),
            Callback::Named { .. },
            Callback::Implements(_),
            Callback::ImplementsFor { is_in_base: false, .. },
            Callback::ImplementsInBeans(_),
        ]
    ));
}

#[test]
fn an_unknown_key_is_pointed_at_with_the_likely_one() {
    let shown = mistake("models: 1\napis:\n  acme-exit:\n    method: [com/acme/Exit.now]\n");
    assert!(shown.contains("acme.yaml:4:5"), "{shown}");
    assert!(shown.contains("did you mean `methods`?"), "{shown}");
}

#[test]
fn a_key_like_no_other_is_answered_with_the_known_ones() {
    let shown = mistake("models: 1\nzzzzzzzzzzzz: []\n");
    assert!(shown.contains("known are: models, apis"), "{shown}");
}

#[test]
fn a_bad_method_is_pointed_at() {
    let shown = mistake(
        "models: 1\napis:\n  acme-exit:\n    methods:\n      - com/acme/Exit.now\n      - com.acme.Exit.now\n",
    );
    assert!(shown.contains("acme.yaml:6:9"), "{shown}");
    assert!(shown.contains("must be an internal name"), "{shown}");
}

#[test]
fn the_place_is_right_after_letters_of_several_bytes() {
    let text = "models: 1\napis:\n  a: {effect: schließt, methods: [oops]}\n";
    let report = Models::default().add_text("acme.yaml", text).expect_err("a mistake");
    let label = report.labels().and_then(|mut labels| labels.next()).unwrap();
    assert_eq!(&text[label.offset()..label.offset() + label.len()], "oops");
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let shown = mistake("models: 1\ntexts:\n  a: {globs: [x]}\n  a: {globs: [y]}\n");
    assert!(shown.contains("`a` is there twice") && shown.contains("acme.yaml:4:3"), "{shown}");
}

#[test]
fn names_are_kebab_case() {
    assert!(mistake("models: 1\ntexts:\n  Critical_Keys: {globs: [x]}\n").contains("lower-case words"));
    assert!(
        mistake("models: 1\napis:\n  a: {groups: [Jvm], methods: [a/B.c]}\n").contains("lower-case words")
    );
}

#[test]
fn clauses_end_without_a_full_stop() {
    assert!(
        mistake("models: 1\napis:\n  a: {methods: [a/B.c], effect: Ends all.}\n").contains("no full stop")
    );
}

#[test]
fn a_callback_needs_exactly_one_way_to_be_recognised() {
    assert!(
        mistake("models: 1\nunload:\n  - for: [a/B]\n")
            .contains("needs `annotated`, `implements` or `given_to`")
    );
    assert!(
        mistake("models: 1\nunload:\n  - implements: [a/B.c]\n    element: x\n")
            .contains("needs `annotated`")
    );
}

#[test]
fn an_unknown_version_is_refused() {
    assert!(mistake("models: 2\n").contains("write `models: 1`"));
}

#[test]
fn model_files_are_told_from_rules() {
    assert!(Models::are_in("# ours\nmodels: 1\n"));
    assert!(!Models::are_in("id: resource/thread\n"));
}

#[test]
fn oversized_and_deep_files_are_refused() {
    assert!(mistake(&"#".repeat(1 << 21)).contains("at most"));
    for text in ["[", "{a: ", "- ", "? "].map(|unit| format!("models: 1\napis:\n  {}", unit.repeat(100_000)))
    {
        assert!(mistake(&text).contains("nests more than"));
    }
}

#[test]
fn arbitrary_bytes_are_a_mistake_and_no_panic() {
    for text in [
        "",
        "\0",
        "- - -",
        "models: 1\napis: 3",
        "&a [*a, *a]",
        "models: &x 1\napis: *y",
        "\u{FEFF}models: 9",
    ] {
        mistake(text);
    }
}

#[test]
fn a_missing_file_is_named() {
    let report = Models::default().add_file(Path::new("no/such/file.yaml")).expect_err("a mistake");
    assert!(report.to_string().contains("file.yaml"));
}

/// The example of the format must be a model file, or its readers copy a mistake.
#[test]
fn the_example_in_the_documentation_is_a_model_file() {
    let readme = include_str!("../rules/models/README.md");
    let example = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let models = read(example);
    assert_eq!((models.apis.len(), models.resources.len(), models.unload.len()), (1, 1, 6));
}

#[test]
fn makers_of_several_files_add_up() {
    let mut models = read("models: 1\nmakers:\n  - names: [draw, lease]\n    asked: true\n");
    models.add_text("other.yaml", "models: 1\nmakers:\n  - {names: [get], yields: [a/Pool]}\n").unwrap();
    let [first, second] = models.makers.as_slice() else { panic!("{:?}", models.makers) };
    assert!(first.asked && first.yields.is_empty());
    assert_eq!(first.names, ["draw", "lease"]);
    assert!(!second.asked);
    assert_eq!(second.yields, ["a/Pool"]);
}

#[test]
fn a_maker_is_named_by_letters() {
    let shown = mistake("models: 1\nmakers:\n  - names: [open*]\n");
    assert!(shown.contains("`open*` begins no method's name"), "{shown}");
    let shown = mistake("models: 1\nmakers:\n  - names: [open]\n    yield: [a/B]\n");
    assert!(shown.contains("did you mean `yields`?"), "{shown}");
}

#[test]
fn a_resource_says_as_which_types_it_is_handed_out() {
    let models = read(
        "models: 1\nresources:\n  pool:\n    label: a pool\n    acquire: []\n    how: call stop()\n    check: [paths]\n    handed_as: [a/Pool]\n",
    );
    assert_eq!(models.resources["pool"].handed_as, ["a/Pool"]);
}
