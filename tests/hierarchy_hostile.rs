//! Hierarchies that no compiler would end with, and that a scan has to end with.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;

use assembler::ClassAssembler;
use std::io::{Cursor, Write};
use std::time::Duration;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What a scan of the classes says on standard error; it has to end.
fn told(classes: impl Iterator<Item = (String, ClassAssembler)>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tall.jar");
    let mut jar = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, class) in classes {
        jar.start_file(format!("{name}.class"), SimpleFileOptions::default()).unwrap();
        jar.write_all(&class.finish()).unwrap();
    }
    std::fs::write(&path, jar.finish().unwrap().into_inner()).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never"]).arg(&path);
    let output = scan.timeout(Duration::from_secs(100)).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    told
}

fn name(i: usize) -> String {
    format!("tall/Floor{i}")
}

/// A class with a method that calls one of a class far above it.
fn floor(i: usize, above: &str, n: usize) -> (String, ClassAssembler) {
    let mut class = ClassAssembler::new(&name(i));
    class.super_class = class.class(above);
    let called = class.member(10, &name((i * 7919) % n), &format!("up{i}"), "()V").to_be_bytes();
    class.run(&[0x01, 0xB6, called[0], called[1], 0xB1]);
    (name(i), class)
}

#[test]
fn a_tower_of_classes_is_cut_where_it_is_too_tall() {
    const N: usize = 12_000;
    let told = told((0..N).map(|i| {
        let above = if i + 1 < N { name(i + 1) } else { "java/util/HashMap".to_owned() };
        floor(i, &above, N)
    }));
    assert!(told.contains("malformed-class") && told.contains("has more than 1024 supertypes"), "{told}");
}

#[test]
fn a_tower_on_what_is_not_there_is_cut_too() {
    const N: usize = 12_000;
    let told = told((0..N).map(|i| floor(i, &name(i + 1), N)));
    assert!(told.contains("has more than 1024 supertypes"), "{told}");
}

#[test]
fn a_class_of_too_many_interfaces_is_taken_to_have_none() {
    const N: usize = 2_000;
    let mut wide = ClassAssembler::new("tall/Wide");
    wide.interfaces = (0..N).map(|i| wide.class(&name(i))).collect();
    let interfaces = (0..N).map(|i| {
        let mut class = ClassAssembler::new(&name(i));
        class.access = 0x601;
        (name(i), class)
    });
    let told = told(interfaces.chain([("tall/Wide".to_owned(), wide)]));
    assert!(told.contains("tall/Wide.class") && told.contains("has more than 1024 supertypes"), "{told}");
}
