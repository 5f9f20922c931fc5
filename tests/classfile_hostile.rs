//! Hostile class files: each is refused with a place, or read as far as a JVM would read it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod assembler;

use assembler::hostile::{self, Expected};
use assembler::walk::{Walked, walk};
use cotenant::classfile::PoolIndex;
use std::fmt::Write;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/malformed")
}

#[test]
fn hostile_classes_are_refused_with_a_place_or_read_as_a_jvm_would() {
    for case in hostile::all() {
        let mut walked = Walked { with_text: true, ..Walked::default() };
        let parsed = walk(&case.bytes, &mut PoolIndex::default(), &mut walked);
        let error = match (case.expected, parsed.err(), walked.error) {
            (Expected::Reads, None, None) => continue,
            (Expected::Refused(text), Some(error), _) | (Expected::BadPart(text), None, Some(error))
                if error.what.contains(text) =>
            {
                error
            }
            (expected, refused, part) => panic!("{}: {expected:?}, got {refused:?} {part:?}", case.name),
        };
        assert!(error.offset as usize <= case.bytes.len(), "{}: {error}", case.name);
    }
}

#[test]
fn cutting_a_class_anywhere_is_an_error_within_what_is_left() {
    for case in hostile::all().iter().filter(|case| case.bytes.len() < 1000) {
        for len in 0..case.bytes.len() {
            let mut walked = Walked::default();
            if let Err(error) = walk(&case.bytes[..len], &mut PoolIndex::default(), &mut walked) {
                assert!(error.offset as usize <= len, "{} cut to {len}: {error}", case.name);
            }
        }
    }
}

#[test]
fn the_place_of_an_error_is_where_the_bad_byte_lies() {
    let case = hostile::all().into_iter().find(|case| case.name == "unknown-opcode").unwrap();
    let mut walked = Walked::default();
    walk(&case.bytes, &mut PoolIndex::default(), &mut walked).unwrap();
    assert_eq!(case.bytes[walked.error.unwrap().offset as usize], 203);
}

/// The README of the fixtures' folder.
fn readme() -> String {
    let mut text = String::from(
        "# Hostile class files\n\n\
         Each of these made some class reader panic, hang, run out of memory, or refuse what a JVM loads. \
         `tests/assembler/hostile.rs` makes them; after a change there, write them anew with\n\
         `COTENANT_WRITE_FIXTURES=1 cargo test --test classfile_hostile`.\n\n\
         | file | what it is | what the reader does |\n| --- | --- | --- |\n",
    );
    for case in hostile::all() {
        let outcome = match case.expected {
            Expected::Reads => "reads it".to_string(),
            Expected::Refused(text) => format!("refuses the class: \"… {text} …\""),
            Expected::BadPart(text) => format!("reads the class, refuses a part: \"… {text} …\""),
        };
        writeln!(text, "| {}.class | {} | {outcome} |", case.name, case.what).unwrap();
    }
    text
}

#[test]
fn committed_fixtures_are_current() {
    let write = std::env::var_os("COTENANT_WRITE_FIXTURES").is_some();
    let mut files: Vec<(String, Vec<u8>)> =
        hostile::all().into_iter().map(|case| (format!("{}.class", case.name), case.bytes)).collect();
    files.push(("README.md".into(), readme().into_bytes()));
    for (name, bytes) in &files {
        let path = folder().join(name);
        if write {
            std::fs::write(&path, bytes).unwrap();
        }
        assert!(std::fs::read(&path).is_ok_and(|found| found == *bytes), "{name} is not current");
    }
    let stray = std::fs::read_dir(folder())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".class") && !files.iter().any(|(known, _)| known == name));
    assert_eq!(stray.collect::<Vec<_>>(), Vec::<String>::new());
}
