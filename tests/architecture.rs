//! The rules of the house that a compiler does not know: who may import whom, where threads and files are, sizes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Lines that no file exceeds; one concept seldom needs 500.
const MAX_LINES: usize = 600;
/// How a layer's `mod.rs` states what it may import.
const LAW: &str = "//! May import:";

/// A source file: its path below `src/`, `/`-separated, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The layer it belongs to; `""` for the crate's root.
    fn layer(&self) -> &str {
        self.path.split_once('/').map_or("", |(layer, _)| layer)
    }

    /// Its lines without comments and without what stands behind the mark of its own tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        let code = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        code.lines().map(|line| line.split("//").next().unwrap_or_default())
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.ends_with("/testing.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    gather(&root, "", &mut sources);
    assert!(sources.len() > 50);
    sources
}

fn gather(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            gather(&path, &format!("{name}/"), sources);
        } else if name.ends_with(".rs") {
            sources.push(Source { path: name, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

/// What each layer may import, itself included.
fn laws(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let layers: BTreeSet<String> =
        sources.iter().map(|source| source.layer().to_owned()).filter(|layer| !layer.is_empty()).collect();
    let law_of = |layer: &String| {
        let path = format!("{layer}/mod.rs");
        let module = sources.iter().find(|source| source.path == path);
        let line = module.and_then(|module| module.text.lines().find_map(|line| line.strip_prefix(LAW)));
        let line = line.unwrap_or_else(|| panic!("src/{path} has no line `{LAW} …`")).trim();
        let mut allowed: BTreeSet<String> = match line.split_once(" but ") {
            _ if line == "nothing" => BTreeSet::new(),
            _ if line == "everything" => layers.clone(),
            Some(("everything", except)) => {
                let except: BTreeSet<&str> = except.split(", ").collect();
                layers.iter().filter(|layer| !except.contains(layer.as_str())).cloned().collect()
            }
            _ => line.split(", ").map(str::to_owned).collect(),
        };
        for named in &allowed {
            assert!(layers.contains(named), "src/{path} may import `{named}`, which is no layer");
        }
        allowed.insert(layer.clone());
        allowed
    };
    layers.iter().map(|layer| (layer.clone(), law_of(layer))).collect()
}

/// The layers that a text names as `crate::layer`, also as `crate::{layer::X, other}`.
fn named_layers<'t>(text: &'t str, layers: &BTreeSet<&'t str>) -> BTreeSet<&'t str> {
    let mut named = BTreeSet::new();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut words = group.split_inclusive(|c: char| !is_name(c));
            while depth > 0 {
                let Some(word) = words.next() else { break };
                let name = word.trim_end_matches(|c: char| !is_name(c));
                if depth == 1 {
                    named.extend(layers.get(name));
                }
                depth += word.matches('{').count();
                depth -= word.matches('}').count().min(depth);
            }
        } else {
            let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
            named.extend(layers.get(&rest[..end]));
        }
    }
    named
}

#[test]
fn layers_import_only_what_they_say() {
    let sources = sources();
    let laws = laws(&sources);
    let layers: BTreeSet<&str> = laws.keys().map(String::as_str).collect();
    let mut broken = Vec::new();
    for source in sources.iter().filter(|source| !source.layer().is_empty() && !source.is_test()) {
        let code: Vec<&str> = source.code().collect();
        let code = code.join("\n");
        for named in named_layers(&code, &layers) {
            if !laws[source.layer()].contains(named) {
                broken.push(format!("src/{} imports {named}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_two_layers_import_each_other() {
    let laws = laws(&sources());
    for (layer, allowed) in &laws {
        for other in allowed.iter().filter(|other| *other != layer) {
            assert!(!laws[other].contains(layer), "{layer} and {other} may import each other");
        }
    }
}

#[test]
fn imports_in_braces_are_seen() {
    let layers = BTreeSet::from(["facts", "rules", "cli"]);
    let text = "use crate::{\n    facts::{self, cli},\n    rules,\n};\nlet x = crate::cli::main;";
    assert_eq!(named_layers(text, &layers), layers);
    assert_eq!(named_layers("use crate::{facts::{cli}};", &layers), BTreeSet::from(["facts"]));
    assert_eq!(named_layers("use crate::factsheet;", &layers), BTreeSet::new());
}

/// Files that use a word, which only files of these places may.
fn users_outside(word: &str, places: &[&str]) -> Vec<String> {
    let sources = sources();
    let users = sources.iter().filter(|source| !source.is_test()).filter(|source| {
        let is_allowed = places.iter().any(|place| source.path.starts_with(place));
        !is_allowed && source.code().any(|line| line.contains(word))
    });
    users.map(|source| source.path.clone()).collect()
}

#[test]
fn threads_are_in_the_engine_only() {
    for word in ["rayon", "std::thread", "indicatif"] {
        assert_eq!(users_outside(word, &["engine/"]), [""; 0], "{word}");
    }
}

#[test]
fn the_graph_library_is_known_to_the_program_layer_only() {
    assert_eq!(users_outside("petgraph", &["program/"]), [""; 0]);
}

#[test]
fn serialisation_stays_at_the_borders() {
    assert_eq!(users_outside("serde", &["report/", "rules/", "cli/"]), [""; 0]);
}

#[test]
fn files_are_read_where_it_is_said() {
    let readers = [
        "archive/",
        "engine/",
        "cli/",
        "rules/",
        "facts/jimage.rs",
        // A JDK's release number.
        "facts/jdk.rs",
        // The source line of a finding.
        "report/source_text.rs",
    ];
    assert_eq!(users_outside("std::fs", &readers), [""; 0]);
}

#[test]
fn clocks_are_in_the_engine_only() {
    for word in ["SystemTime", "Instant::now"] {
        assert_eq!(users_outside(word, &["engine/"]), [""; 0], "{word}");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_of_a_readable_size() {
    for source in sources() {
        let n_lines = source.text.lines().count();
        assert!(n_lines <= MAX_LINES, "src/{} has {n_lines} lines; a file holds one concept", source.path);
        let says = source.text.starts_with("//!") || source.path == "lib.rs";
        assert!(says, "src/{} does not begin with a line `//! …`", source.path);
    }
}
