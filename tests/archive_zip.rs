//! Zips as tools write them, and as they really occur.

mod archive_zips;

use archive_zips::{Zip, deflated, displays, listed, names, problems, read_all, stored, text, zip};
use cotenant::archive::{Form, Limits, Reader, open};
use cotenant::vocabulary::ProblemCode;

#[test]
fn entries_keep_the_order_of_the_directory_and_directories_are_left_out() {
    let tree = listed(zip([stored("b/", ""), deflated("b/Z.class", "zzz"), stored("a.txt", "hello")]));
    let archive = &tree.archives[0];
    assert_eq!(archive.form, Form::Zip);
    assert_eq!(names(archive), ["b/Z.class", "a.txt"]);
    assert_eq!(text(archive, "b/Z.class").unwrap(), "zzz");
    assert_eq!(text(archive, "a.txt").unwrap(), "hello");
    assert_eq!(archive.entries[1].size, 5);
    assert!(tree.problems.is_empty());
}

#[test]
fn entries_are_read_from_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.jar");
    let long_extra = vec![0; 300];
    let body = "0123456789".repeat(10_000);
    let members = [
        archive_zips::Member { local_extra: long_extra, ..deflated("A.class", &body) },
        stored("empty", ""),
        deflated("B.class", "b"),
    ];
    std::fs::write(&path, zip(members)).unwrap();
    let tree = open(&path, "apps/app.jar", &Limits::default());
    let archive = &tree.archives[0];
    assert_eq!(archive.display, "apps/app.jar");
    let mut reader = Reader::new();
    for (name, expected) in [("A.class", &*body), ("empty", ""), ("B.class", "b")] {
        let bytes = reader.read(archive, archive.entry(name).unwrap()).unwrap();
        assert_eq!(bytes, expected.as_bytes());
    }
    assert_eq!(archive.held_bytes(), 0);
}

#[test]
fn a_launch_script_may_precede_the_zip() {
    let script = b"#!/bin/sh\nexec java -jar \"$0\"\n".repeat(100);
    let relative = Zip::after(&script, [deflated("A.class", "a")]).finish();
    let mut absolute = Zip { bytes: script, ..Zip::default() };
    absolute.add(&deflated("A.class", "a"));
    for bytes in [relative, absolute.finish()] {
        let tree = listed(bytes);
        assert_eq!(text(&tree.archives[0], "A.class").unwrap(), "a");
        assert!(tree.problems.is_empty());
    }
}

#[test]
fn of_two_concatenated_zips_the_last_one_counts() {
    let mut bytes = zip([stored("old.txt", "old")]);
    bytes.extend(zip([stored("new.txt", "new")]));
    let tree = listed(bytes);
    assert_eq!(names(&tree.archives[0]), ["new.txt"]);
    assert_eq!(text(&tree.archives[0], "new.txt").unwrap(), "new");
    assert_eq!(problems(&tree), [(ProblemCode::CorruptArchive, "app.jar", "")]);
    let message = &tree.problems[0].message;
    assert!(message.contains("without the 1 entry before it"), "{message}");
}

#[test]
fn room_before_the_first_entry_is_no_damage() {
    let mut made = Zip { bytes: Zip::of([stored("gone.txt", "gone")]).unfinished(), ..Zip::default() };
    made.add(&deflated("A.class", "a"));
    let mut shell = Zip::after(b"MZ\x90\0 an extractor, with PK\x03\x04 in it", [deflated("A.class", "a")]);
    shell.add(&stored("b.jar", zip([stored("B.class", "b")])));
    for bytes in [made.finish(), shell.finish()] {
        let tree = listed(bytes);
        assert_eq!(text(&tree.archives[0], "A.class").unwrap(), "a");
        assert!(tree.problems.is_empty(), "{:?}", tree.problems);
    }
}

#[test]
fn a_comment_that_looks_like_an_end_record_does_not_hide_the_directory() {
    let mut made = Zip::of([stored("a.txt", "a")]);
    made.comment = b"see PK\x05\x06 and more text behind it, long enough for a record".to_vec();
    assert_eq!(names(&listed(made.finish()).archives[0]), ["a.txt"]);
}

#[test]
fn figures_of_64_bits_are_read() {
    let big = archive_zips::Member { zip64: true, ..deflated("A.class", "a") };
    let tree = listed(Zip::of([big, stored("b", "b")]).finish_zip64());
    assert_eq!(text(&tree.archives[0], "A.class").unwrap(), "a");
    assert!(tree.problems.is_empty());
}

#[test]
fn an_empty_zip_has_nothing_in_it() {
    let tree = listed(zip([]));
    assert_eq!(tree.archives.len(), 1);
    assert_eq!(problems(&tree), [(ProblemCode::NoClasses, "app.jar", "")]);
}

#[test]
fn stored_and_deflated_nested_archives_are_listed_in_pre_order() {
    let inner = zip([deflated("x/X.class", "x")]);
    let middle = zip([stored("lib/inner.jar", &inner), deflated("m/M.class", "m")]);
    let outer = zip([
        deflated("BOOT-INF/classes/A.class", "a"),
        deflated("BOOT-INF/lib/middle.JAR", &middle),
        stored("BOOT-INF/lib/last.war", &inner),
    ]);
    let tree = listed(outer);
    assert_eq!(
        displays(&tree),
        [
            "app.jar",
            "app.jar!/BOOT-INF/lib/middle.JAR",
            "app.jar!/BOOT-INF/lib/middle.JAR!/lib/inner.jar",
            "app.jar!/BOOT-INF/lib/last.war",
        ]
    );
    let parents: Vec<_> = tree.archives.iter().map(|archive| archive.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(0)]);
    assert_eq!(tree.archives[2].entry_in_parent, "lib/inner.jar");
    assert_eq!(text(&tree.archives[2], "x/X.class").unwrap(), "x");
    assert_eq!(text(&tree.archives[3], "x/X.class").unwrap(), "x");
    assert!(tree.problems.is_empty());
}

#[test]
fn a_stored_nested_archive_of_a_file_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.jar");
    let inner = zip([deflated("X.class", "x".repeat(1000))]);
    std::fs::write(&path, zip([stored("lib/a.jar", &inner), deflated("lib/b.jar", &inner)])).unwrap();
    let tree = open(&path, "app.jar", &Limits::default());
    assert_eq!(tree.archives[1].held_bytes(), 0);
    assert_eq!(tree.archives[2].held_bytes(), inner.len() as u64);
    assert_eq!(read_all(&tree), 4);
}

#[test]
fn a_stored_entry_that_starts_as_a_zip_is_opened_whatever_its_name() {
    let inner = zip([stored("X.class", "x"), stored("Y.class", "y")]);
    let tree = listed(zip([stored("plugins/tool.bin", &inner), stored("notes.txt", "x".repeat(200))]));
    assert_eq!(displays(&tree), ["app.jar", "app.jar!/plugins/tool.bin"]);
    assert!(tree.problems.is_empty());
}

#[test]
fn a_nested_jar_that_is_none_is_one_problem() {
    let tree =
        listed(zip([stored("lib/a.jar", "no zip"), deflated("lib/b.jar", ""), stored("A.class", "a")]));
    assert_eq!(
        problems(&tree),
        [
            (ProblemCode::NotANestedArchive, "app.jar", "lib/a.jar"),
            (ProblemCode::NotANestedArchive, "app.jar", "lib/b.jar"),
        ]
    );
    assert_eq!(tree.archives.len(), 1);
}

#[test]
fn twins_that_macos_leaves_behind_are_ignored_without_noise() {
    let tree = listed(zip([
        stored("__MACOSX/lib/._a.jar", "fork"),
        stored("lib/._a.jar", "fork"),
        stored("p/._A.class", "fork"),
        stored("p/A.class", "a"),
    ]));
    assert_eq!(names(&tree.archives[0]), ["p/A.class"]);
    assert!(tree.problems.is_empty());
}

#[test]
fn a_class_file_is_an_archive_of_itself() {
    let bytes = b"\xCA\xFE\xBA\xBE\x00\x00\x00\x34 and so on, with PK\x05\x06 in it".to_vec();
    let tree = cotenant::archive::open_bytes(bytes, "out/A.class", &Limits::default());
    assert_eq!(tree.archives[0].form, Form::ClassFile);
    assert_eq!(names(&tree.archives[0]), ["A.class"]);
    let universal_binary = b"\xCA\xFE\xBA\xBE\x00\x00\x00\x02........".to_vec();
    assert_eq!(problems(&listed(universal_binary)), [(ProblemCode::NotAnArchive, "app.jar", "")]);
}
