//! The models that come with the program: complete, well formed, and in one order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cotenant::rules::Models;
use cotenant::rules::models::BUILT_IN;

fn models() -> Models {
    Models::built_in().unwrap_or_else(|report| panic!("{report:?}"))
}

#[test]
fn every_model_file_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/models");
    let on_disk: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    let embedded: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk.into_iter().collect::<Vec<_>>(), embedded, "the table is sorted and lists each file");
}

#[test]
fn built_in_models_read_without_a_mistake() {
    let models = models();
    assert!(models.apis.len() > 100, "{}", models.apis.len());
    assert!(models.resources.len() > 100, "{}", models.resources.len());
    assert!(models.unload.len() > 15);
    assert!(
        !models.managers.is_empty() && !models.wrappers.is_empty() && !models.bean_annotations.is_empty()
    );
}

/// Groups that rules ask for, so that renaming one in YAML fails here first.
const API_GROUPS: &str = "
    array-mutator atomic-mutator borrows-argument buffer-mutator caller-sensitive class-for-name
    class-for-name-with-loader class-get-loader class-get-resource class-loader-new class-name
    closes-argument collection-add collection-clear collection-read collection-remove collection-reorder
    common-pool-submit container-mutator container-read container-view context-loader-get
    context-loader-set default-handler default-network default-tls define-class executor-submit
    get-resource immutable-factory instrumentation jdbc-driver-register jdbc-settings jndi-bind jvm-exit
    jvm-global-setter jvm-registration jvm-switch library-global-read library-global-setter
    library-log-configuration load-class loader-parent locale-default log-configuration logger-handler
    logger-settings map-clear map-get map-put map-remove mbean-register native-load
    notification-listener object-input-stream object-read preferences proxy reflect-set registry-bind
    resource-bundle resource-bundle-with-loader rmi-export security-policy security-provider
    service-loader service-loader-with-loader set-once-factory shutdown-hook std-streams
    std-streams-close system-loader system-properties-table system-property-write system-resource
    tccl-reading thread-control thread-handler thread-local-mutator timezone-default timezone-mutate
    unmodifiable-view weak-container
";

#[test]
fn every_promised_api_group_has_methods() {
    let models = models();
    let names = models.api_names();
    for group in API_GROUPS.split_whitespace() {
        assert!(names.contains(group), "{group}");
        assert!(models.apis_named(group).all(|api| !api.methods.is_empty()), "{group}");
    }
}

#[test]
fn every_promised_type_group_text_and_resource_group_is_there() {
    let models = models();
    for group in [
        "application-context",
        "atomic",
        "buffer",
        "class-loader",
        "collection",
        "enum-like",
        "exception",
        "executor",
        "immutable",
        "loader-free",
        "lock",
        "logger",
        "map",
        "metrics-counter",
        "random",
        "reflective",
        "stateless",
        "thread",
        "thread-local",
        "weak-container",
    ] {
        assert!(models.types.get(group).is_some_and(|types| !types.types.is_empty()), "{group}");
    }
    for text in ["critical-property", "read-once-property", "root-logger"] {
        assert!(models.texts.get(text).is_some_and(|globs| !globs.is_empty()), "{text}");
    }
    for group in
        ["connections", "files", "locks", "pools", "processes", "registrations", "sockets", "threads"]
    {
        assert!(models.resources_named(group).count() > 0, "{group}");
    }
}

/// A later file that repeats a name would silently replace the row of an earlier one.
#[test]
fn no_name_is_in_two_built_in_files() {
    let mut seen: BTreeSet<(&str, String)> = BTreeSet::new();
    for (file, text) in BUILT_IN {
        let mut models = Models::default();
        models.add_text(file, text).unwrap();
        let names = (models.apis.keys().map(|id| ("api", id)))
            .chain(models.types.keys().map(|name| ("types", name)))
            .chain(models.texts.keys().map(|name| ("texts", name)))
            .chain(models.resources.keys().map(|name| ("resource", name)));
        for (kind, name) in names {
            assert!(seen.insert((kind, name.clone())), "{kind} {name} is in {file} and in an earlier file");
        }
    }
}

#[test]
fn no_wrapper_or_manager_is_there_twice() {
    let texts: Vec<&str> = BUILT_IN.iter().map(|(_, text)| *text).collect();
    let models = models();
    let mut methods: Vec<String> = models.wrappers.iter().map(|wrapper| wrapper.method.to_string()).collect();
    methods.extend(models.managers.iter().map(|manager| manager.method.to_string()));
    let unique: BTreeSet<&String> = methods.iter().collect();
    assert_eq!(unique.len(), methods.len());
    let n_rows: usize = texts.iter().map(|text| text.matches("java/io/BufferedReader.<init>").count()).sum();
    assert_eq!(n_rows, 1);
}

#[test]
fn every_api_that_a_finding_may_show_says_what_it_does_and_what_to_do_instead() {
    let models = models();
    for group in
        ["jvm-global-setter", "jvm-registration", "library-global-setter", "caller-sensitive", "tccl-reading"]
    {
        for api in models.apis_named(group) {
            assert!(!api.effect.is_empty() && !api.instead.is_empty(), "{}", api.id);
        }
    }
}

#[test]
fn every_resource_has_an_article_and_says_how_to_release_it() {
    for resource in models().resources.values() {
        let has_article = ["a ", "an ", "the "].iter().any(|article| resource.label.starts_with(article));
        assert!(has_article && !resource.how.is_empty(), "{}", resource.name);
    }
}

#[test]
fn every_resource_that_outlives_its_module_says_what_it_keeps() {
    for resource in models().resources.values().filter(|resource| resource.check_unload) {
        let is_outside_the_heap =
            resource.groups.iter().any(|g| matches!(g.as_str(), "files" | "sockets" | "native-memory"));
        assert!(
            !resource.pins.is_empty() || is_outside_the_heap || resource.check_paths,
            "{}",
            resource.name
        );
    }
}

#[test]
fn models_are_the_same_at_every_reading() {
    assert_eq!(format!("{:?}", models()), format!("{:?}", models()));
}

/// Every name in backquotes in the list of names.
#[test]
fn every_name_in_the_documentation_exists() {
    let readme = include_str!("../rules/models/README.md");
    let list = readme
        .split("## Names that rules may use")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .unwrap();
    let models = models();
    let (apis, resources) = (models.api_names(), models.resource_names());
    let quoted = list.split('`').skip(1).step_by(2);
    let unknown: Vec<&str> = quoted
        .filter(|name| !name.contains('.'))
        .filter(|name| !apis.contains(name) && !resources.contains(name))
        .filter(|name| !models.types.contains_key(*name) && !models.texts.contains_key(*name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
