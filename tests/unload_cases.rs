//! How each acquired thing is released, case by case: `// kept: RESOURCE RELEASE` stands in the source line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

mod unload_support;

use cotenant::dataflow::unload::{Release, kept};
use cotenant::engine::threads::Pool;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use unload_support::{Deployment, place, with_world};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/unload")
}

fn expected() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for sub in ["src/base/lib", "src/shop/shop"] {
        for entry in fs::read_dir(folder().join(sub)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            for (i, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
                if let Some((_, kept)) = line.split_once("// kept: ") {
                    found.insert(format!("{name}:{} {}", i + 1, kept.trim()));
                }
            }
        }
    }
    found
}

fn word(release: &Release) -> &'static str {
    match release {
        Release::Never => "never",
        Release::AtUnload => "at-unload",
        Release::ByContainer => "by-container",
        Release::ByPinningWrapper(_) => "by-pinning-wrapper",
        Release::Elsewhere => "elsewhere",
        Release::ByUsers => "by-users",
        Release::Locally => "locally",
        Release::OfOthers => "of-others",
        Release::Replaced => "replaced",
        Release::Sometimes => "sometimes",
        Release::HandedOn => "handed-on",
        Release::UnlessThrown => "unless-thrown",
        Release::WithOwnLoader => "with-own-loader",
        Release::WithCallersAccess => "with-callers-access",
        Release::WhenIdle => "when-idle",
        Release::WhenUnreferenced => "when-unreferenced",
    }
}

fn found(modules: Vec<(String, Vec<PathBuf>)>, base: &[&str]) -> BTreeSet<String> {
    let deployment = Deployment {
        base: base.iter().map(|b| folder().join(b)).collect(),
        modules,
        container: Some("sofa-ark".into()),
    };
    with_world(&deployment, |world| {
        let tables = &world.knowledge.tables;
        let ignored = ["socket", "scheduled-task"];
        let wanted = |r: u16| !ignored.contains(&tables.resources[usize::from(r)].name.as_str());
        let all = kept(world, &wanted, world.program.topology.container, &Pool);
        let line = |k: &cotenant::dataflow::unload::Kept| {
            let resource = &tables.resources[usize::from(k.resource)].name;
            format!("{} {resource} {}", place(world, k.method, k.event), word(&k.release))
        };
        all.iter().map(line).collect()
    })
}

#[test]
fn each_resource_is_released_as_its_source_line_says() {
    let expected = expected();
    let found = found(vec![("shop".into(), vec![folder().join("shop.jar")])], &["base.jar"]);
    let missed: Vec<&String> = expected.difference(&found).collect();
    let wrong: Vec<&String> = found.difference(&expected).collect();
    assert!(missed.is_empty() && wrong.is_empty(), "missed {missed:#?}\nfound instead {wrong:#?}");
}

#[test]
fn a_library_alone_is_judged_for_any_application() {
    let found = found(Vec::new(), &["base.jar"]);
    assert!(found.iter().any(|f| f.ends_with("executor never")), "{found:?}");
}
