//! Known faults of released libraries are found when their jars are scanned alone, for whoever may use them.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many of the known faults of a family must be told at warning or above: those found today, so that none is lost.
const LEAST: &[(&str, usize)] = &[("classloader", 10), ("resource", 12), ("static-sharing", 6)];

/// A known fault.
struct Fault {
    family: String,
    class: String,
    members: Vec<String>,
    what: String,
    jar: PathBuf,
}

#[test]
fn known_faults_of_libraries_are_found() {
    let text = std::fs::read_to_string("tests/data/labelled.yaml").unwrap();
    let data: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let listed = data["faults"].as_sequence().unwrap();
    let jars = std::env::var_os("COTENANT_CORPUS").map(jars_below).unwrap_or_default();
    let faults: Vec<Fault> = listed.iter().filter_map(|entry| fault(entry, &jars)).collect();
    let mut out = std::io::stderr();
    if faults.len() < listed.len() {
        // Written past the harness, which keeps what a passing test prints.
        let n_missing = listed.len() - faults.len();
        let _ =
            writeln!(out, "skipped: COTENANT_CORPUS has no jar for {n_missing} of {} faults", listed.len());
        return;
    }
    let mut scanned: BTreeMap<PathBuf, Value> = BTreeMap::new();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for fault in &faults {
        let report = scanned.entry(fault.jar.clone()).or_insert_with(|| scan(&fault.jar));
        let (verdict, why) = verdict(fault, report);
        *found.entry(&fault.family).or_default() += usize::from(verdict == "hit");
        lines.push(format!("{verdict:12} {} {}: {} ({why})", fault.family, fault.class, fault.what));
    }
    let table = lines.join("\n");
    let _ = writeln!(out, "{table}\n{found:?}");
    for (family, least) in LEAST {
        let n = found.get(family).copied().unwrap_or_default();
        assert!(n >= *least, "{family}: {n} of at least {least}\n{table}");
    }
}

fn jars_below(folder: OsString) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let files = entries.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files.filter(|path| path.extension().is_some_and(|e| e == "jar")).collect()
}

fn fault(entry: &serde_yaml::Value, jars: &[PathBuf]) -> Option<Fault> {
    let text = |key: &str| entry[key].as_str().map(str::to_owned);
    let (prefix, class) = (text("jar")?, text("class")?);
    let named =
        jars.iter().filter(|jar| jar.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&prefix)));
    let members = entry["members"].as_sequence()?.iter().filter_map(|m| m.as_str().map(str::to_owned));
    Some(Fault {
        family: text("family")?,
        jar: named.into_iter().find(|jar| has_class(jar, &class))?.clone(),
        members: members.collect(),
        what: text("what")?,
        class,
    })
}

fn has_class(jar: &Path, class: &str) -> bool {
    let Ok(file) = std::fs::File::open(jar) else { return false };
    let name = format!("{}.class", class.replace('.', "/"));
    zip::ZipArchive::new(file).is_ok_and(|zip| zip.index_for_name(&name).is_some())
}

fn scan(jar: &Path) -> Value {
    let mut scan = Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.env_remove("CI")
        .args(["scan", "--quiet", "--fail-on", "never", "--format", "json", "--base"])
        .arg(jar);
    serde_json::from_slice(&scan.output().unwrap().stdout).unwrap()
}

/// Whether a fault is found, and what was found instead: at the member, at another one of its class, or nothing.
fn verdict(fault: &Fault, report: &Value) -> (&'static str, String) {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().unwrap();
    let inner = format!("{}$", fault.class);
    let in_class: Vec<&Value> = all
        .iter()
        .filter(|f| text(f, "class") == fault.class || text(f, "class").starts_with(&inner))
        .collect();
    // Findings of one class that are alike are told as one, which names the others.
    let is_related = |f: &Value| {
        let all = f["related"].as_array().into_iter().flatten();
        let mut said = all.filter_map(|r| r["note"].as_str());
        said.any(|said| fault.members.iter().any(|m| said.ends_with(&format!(".{m}"))))
    };
    let is_meant = |f: &&&Value| fault.members.contains(&text(f, "member")) || is_related(f);
    let is_strong = |f: &&&Value| text(f, "severity") != "note";
    let told = |f: &Value| format!("{} {}", text(f, "rule"), text(f, "member"));
    let at_member = || in_class.iter().filter(is_meant);
    let is_of_family = |f: &&&Value| text(f, "family") == fault.family;
    let strong = || at_member().filter(is_strong);
    if let Some(hit) = strong().find(is_of_family).or_else(|| strong().next()) {
        ("hit", told(hit))
    } else if let Some(note) = at_member().next() {
        ("note", told(note))
    } else if let Some(other) = in_class.iter().find(is_strong) {
        ("other member", told(other))
    } else {
        ("missed", "nothing at warning or above in the class".to_owned())
    }
}
