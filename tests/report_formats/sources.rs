use crate::sample::{at, finding, hop};
use cotenant::engine::sources::{SourceIndex, repository_prefix};
use cotenant::findings::{Outcome, Severity};
use std::path::{Path, PathBuf};

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn index(folder: &Path, roots: &[&str]) -> SourceIndex {
    let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
    SourceIndex::build_from(folder, &roots)
}

#[test]
fn kotlin_files_are_found_by_their_declared_package_not_by_their_folder() {
    let folder = project(&[
        ("app/src/main/kotlin/Main.kt", "package com.acme.app\nfun main() {}\n"),
        ("app/src/main/kotlin/app/Main.kt", "package other\n"),
    ]);
    let index = index(folder.path(), &["."]);
    let found = Some("app/src/main/kotlin/Main.kt".to_string());
    assert_eq!(index.resolve("com.acme.app.MainKt", Some("Main.kt"), "app.jar"), found);
    assert_eq!(
        index.resolve("com.acme.app.MainKt", None, "app.jar"),
        found,
        "without a SourceFile attribute"
    );
    assert_eq!(index.resolve("com.acme.app.Other", Some("Other.kt"), "app.jar"), None);
}

#[test]
fn nested_classes_without_a_source_file_attribute_lie_in_the_outermost_ones_file() {
    let folder = project(&[("src/a/B.java", "package a; class B {}"), ("src/Plain.java", "class Plain {}")]);
    let index = index(folder.path(), &["src"]);
    assert_eq!(index.resolve("a.B$C$1", None, "x.jar").as_deref(), Some("src/a/B.java"));
    assert_eq!(index.resolve("Plain", None, "x.jar").as_deref(), Some("src/Plain.java"));
    assert_eq!(index.resolve("$", None, "x.jar"), None);
}

#[test]
fn of_two_modules_with_the_same_class_the_archives_own_one_is_taken() {
    let text = "package com.acme; class Main {}";
    let folder = project(&[
        ("billing/src/main/java/com/acme/Main.java", text),
        ("orders/src/main/java/com/acme/Main.java", text),
        ("orders-api/src/main/java/com/acme/Main.java", text),
    ]);
    let index = index(folder.path(), &["."]);
    let of = |archive: &str| index.resolve("com.acme.Main", Some("Main.java"), archive).unwrap();
    assert_eq!(of("dist/orders-1.0-ark-biz.jar"), "orders/src/main/java/com/acme/Main.java");
    assert_eq!(of("dist/orders-api-1.0.jar"), "orders-api/src/main/java/com/acme/Main.java");
    assert_eq!(of("orders/target/classes"), "orders/src/main/java/com/acme/Main.java");
    assert_eq!(of("base.jar!/BOOT-INF/lib/orders-api-2.jar"), "orders-api/src/main/java/com/acme/Main.java");
    assert_eq!(of("unrelated.jar"), "billing/src/main/java/com/acme/Main.java");
}

#[test]
fn main_comes_before_test() {
    let text = "package com.acme; class Main {}";
    let folder = project(&[
        ("app/src/integrationTest/java/com/acme/Main.java", text),
        ("app/src/main/java/com/acme/Main.java", text),
    ]);
    let found = index(folder.path(), &["."]).resolve("com.acme.Main", Some("Main.java"), "app.jar");
    assert_eq!(found.as_deref(), Some("app/src/main/java/com/acme/Main.java"));
}

#[test]
fn what_a_build_has_made_is_no_source_but_a_package_may_be_called_build() {
    let folder = project(&[
        ("app/pom.xml", "<project/>"),
        ("app/target/copied/a/B.java", "package a;"),
        ("app/src/main/java/a/build/C.java", "package a.build;"),
    ]);
    let index = index(folder.path(), &["."]);
    assert_eq!(index.resolve("a.B", Some("B.java"), "app.jar"), None);
    assert_eq!(
        index.resolve("a.build.C", None, "app.jar").as_deref(),
        Some("app/src/main/java/a/build/C.java")
    );
}

#[test]
fn roots_may_lie_outside_the_working_folder_or_be_absolute() {
    let folder = project(&[("common/src/a/B.java", "package a;"), ("shop/x", "")]);
    let shop = folder.path().join("shop");
    let expected = Some("../common/src/a/B.java".to_string());
    assert_eq!(index(&shop, &["../common"]).resolve("a.B", None, ""), expected);
    let absolute = SourceIndex::build_from(&shop, &[folder.path().join("common/src")]);
    assert_eq!(absolute.resolve("a.B", None, ""), expected);
}

fn outcome() -> Outcome {
    let mut f = finding("a/b", Severity::Error, "com.acme.Main", "m", "I");
    f.location = at("app.jar", "BOOT-INF/classes/com/acme/Main.class", None, 2);
    f.trace = vec![
        hop(
            "t",
            "com.acme.Main$1",
            "run",
            "",
            at("app.jar", "BOOT-INF/classes/com/acme/Main$1.class", None, 900),
        ),
        hop("t", "org.lib.Lib", "m", "", at("lib.jar", "org/lib/Lib.class", None, 3)),
    ];
    f.related = vec![
        (at("app.jar", "META-INF/versions/11/com/acme/Main.class", None, 0), "also".into()),
        (at("app.jar", "META-INF/services/x.Y", None, 0), "named here".into()),
    ];
    Outcome { findings: vec![f], ..Outcome::default() }
}

#[test]
fn every_location_of_a_finding_gets_its_source_and_the_classes_are_counted() {
    let folder = project(&[("src/com/acme/Main.java", "package com.acme;\nclass Main {}\n")]);
    let mut outcome = outcome();
    index(folder.path(), &["src"]).fill(&mut outcome);
    let f = &outcome.findings[0];
    let main = Some("src/com/acme/Main.java");
    assert_eq!(f.location.source.as_deref(), main);
    assert_eq!(f.trace[0].location.source.as_deref(), main);
    assert_eq!(f.trace[1].location.source, None);
    assert_eq!(f.related[0].0.source.as_deref(), main);
    assert_eq!(f.related[1].0.source, None);
    assert_eq!(outcome.stats.sources_resolved, Some((2, 3)));
}

#[test]
fn a_source_shorter_than_its_class_says_is_named_and_kept() {
    let folder = project(&[("src/com/acme/Main.java", "package com.acme;\nclass Main {}\n")]);
    let mut outcome = outcome();
    index(folder.path(), &["src"]).fill(&mut outcome);
    let [problem] = outcome.problems.as_slice() else { panic!("{:?}", outcome.problems) };
    assert_eq!(problem.code.text(), "stale-source");
    assert_eq!(problem.place.entry, "BOOT-INF/classes/com/acme/Main$1.class");
    assert!(problem.message.starts_with("src/com/acme/Main.java has 2 lines"), "{}", problem.message);
    assert_eq!(outcome.findings[0].trace[0].location.line, 900);
}

#[test]
fn without_source_folders_nothing_changes_and_a_missing_one_is_a_problem() {
    let folder = project(&[]);
    let mut unchanged = outcome();
    index(folder.path(), &[]).fill(&mut unchanged);
    assert_eq!(unchanged, outcome());
    index(folder.path(), &["absent"]).fill(&mut unchanged);
    assert_eq!(unchanged.problems.len(), 1);
    assert_eq!(unchanged.problems[0].place.archive, "absent");
}

#[test]
fn the_repositorys_root_is_found_from_within() {
    let folder = project(&[("repo/.git/HEAD", ""), ("repo/services/shop/x", ""), ("plain/x", "")]);
    assert_eq!(repository_prefix(&folder.path().join("repo/services/shop")), "services/shop");
    assert_eq!(repository_prefix(&folder.path().join("repo")), "");
    assert_eq!(repository_prefix(&folder.path().join("plain")), "");
}
