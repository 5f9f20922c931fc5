//! Damaged and hostile archives: each gives a problem with its place, and the rest is read.

mod archive_zips;

use archive_zips::{Member, Zip, deflated, displays, listed, names, problems, read_all, stored, text, zip};
use cotenant::archive::{Limits, MAX_ALIKE, open_bytes};
use cotenant::vocabulary::ProblemCode;

#[test]
fn a_text_file_is_no_archive() {
    for bytes in [&b"just text, named .jar"[..], b"", b"a text about PK\x05\x06 and other magic numbers"] {
        let tree = listed(bytes.to_vec());
        assert_eq!(problems(&tree), [(ProblemCode::NotAnArchive, "app.jar", "")]);
        assert!(tree.archives.is_empty());
    }
}

#[test]
fn a_truncated_zip_gives_its_complete_entries() {
    let whole = Zip::of([deflated("A.class", "a"), stored("b.txt", "b"), stored("C.class", "c".repeat(100))]);
    let mut bytes = whole.unfinished();
    bytes.truncate(bytes.len() - 10);
    let tree = listed(bytes);
    assert_eq!(names(&tree.archives[0]), ["A.class", "b.txt"]);
    assert_eq!(text(&tree.archives[0], "A.class").unwrap(), "a");
    assert_eq!(problems(&tree), [(ProblemCode::CorruptArchive, "app.jar", "")]);
    let message = &tree.problems[0].message;
    assert!(message.contains("2 complete entries") && message.contains("1 more is cut off"), "{message}");
}

#[test]
fn a_truncated_zip_whose_sizes_follow_the_data_is_recovered() {
    let streamed = |name: &str| Member { streamed: true, ..deflated(name, name.repeat(50)) };
    let bytes = Zip::of([streamed("A.class"), streamed("B.class"), streamed("C.class")]).unfinished();
    let tree = listed(bytes[..bytes.len() - 4].to_vec());
    assert_eq!(names(&tree.archives[0]), ["A.class", "B.class"]);
    assert_eq!(text(&tree.archives[0], "B.class").unwrap(), "B.class".repeat(50));
}

#[test]
fn entries_of_a_cut_off_nested_jar_are_not_taken_for_the_outer_ones() {
    let inner = zip([stored("Inner.class", "i"), stored("Other.class", "o")]);
    let bytes = Zip::of([stored("Outer.class", "o"), stored("lib/inner.jar", inner)]).unfinished();
    let tree = listed(bytes[..bytes.len() - 40].to_vec());
    assert_eq!(names(&tree.archives[0]), ["Outer.class"]);
}

/// Like a Spring Boot jar: its nested jars are stored, so that the end record of the last whole one is the last.
#[test]
fn a_jar_cut_off_behind_a_stored_nested_jar_is_not_taken_for_that_one() {
    let inner = zip([deflated("Inner.class", "i"), deflated("Other.class", "o")]);
    let members = [
        deflated("BOOT-INF/classes/A.class", "a"),
        stored("BOOT-INF/lib/first.jar", &inner),
        stored("BOOT-INF/lib/second.jar", &inner),
        stored("BOOT-INF/lib/third.jar", &inner),
    ];
    let starts: Vec<usize> = (1..4).map(|n| Zip::of(members[..n].to_vec()).unfinished().len()).collect();
    let whole = Zip::of(members).unfinished();
    for (cut, n_jars) in [(starts[1], 1), (starts[1] + 10, 1), (starts[2] - 1, 1), (starts[2] + 100, 2)] {
        let tree = listed(whole[..cut].to_vec());
        assert_eq!(names(&tree.archives[0])[0], "BOOT-INF/classes/A.class", "cut at {cut}");
        assert_eq!(displays(&tree).len(), 1 + n_jars, "cut at {cut}");
        assert_eq!(read_all(&tree), 1 + n_jars * 3, "cut at {cut}");
        assert_eq!(problems(&tree), [(ProblemCode::CorruptArchive, "app.jar", "")], "cut at {cut}");
        let message = &tree.problems[0].message;
        let told = format!("{} complete entries were found", n_jars + 1);
        assert!(message.contains("cut off") && message.contains(&told), "{message}");
    }
}

#[test]
fn a_nested_jar_that_was_cut_off_before_it_was_stored_is_a_problem_of_its_own() {
    let innermost = zip([stored("Deep.class", "d")]);
    let middle = Zip::of([stored("Middle.class", "m"), stored("lib/deep.jar", innermost)]).unfinished();
    let tree = listed(zip([stored("A.class", "a"), stored("lib/middle.jar", middle)]));
    assert_eq!(
        displays(&tree),
        ["app.jar", "app.jar!/lib/middle.jar", "app.jar!/lib/middle.jar!/lib/deep.jar"]
    );
    assert_eq!(names(&tree.archives[1]), ["Middle.class", "lib/deep.jar"]);
    assert_eq!(problems(&tree), [(ProblemCode::CorruptArchive, "app.jar!/lib/middle.jar", "")]);
}

#[test]
fn damaged_data_and_wrong_checksums_are_problems_of_their_entry() {
    let mut damaged = deflated("damaged.class", "some text, some text, some text");
    damaged.packed[0] = 0xFF;
    let wrong = Member { crc: 1, ..stored("wrong.class", "w") };
    let short = Member { claimed_size: 3, ..deflated("short.class", "longer than three") };
    let long = Member { claimed_size: 99, ..deflated("long.class", "shorter") };
    let unequal = Member { claimed_size: 2, ..stored("unequal.class", "u") };
    let tree = listed(zip([damaged, wrong, short, long, unequal, stored("fine.class", "f")]));
    let archive = &tree.archives[0];
    for name in ["damaged.class", "wrong.class", "short.class", "long.class", "unequal.class"] {
        assert_eq!(text(archive, name), Err(ProblemCode::CorruptEntry), "{name}");
    }
    assert_eq!(text(archive, "fine.class").unwrap(), "f");
}

#[test]
fn an_entry_that_claims_what_deflate_cannot_hold_is_refused_before_it_is_unpacked() {
    let bomb = Member { claimed_size: 40 << 20, ..deflated("bomb.class", "tiny") };
    let ratio = Limits { max_ratio: u32::MAX, ..Limits::default() };
    let tree = open_bytes(zip([bomb]), "app.jar", &ratio);
    assert_eq!(text(&tree.archives[0], "bomb.class"), Err(ProblemCode::CorruptEntry));
}

#[test]
fn size_and_ratio_of_an_entry_are_limited() {
    let zeros = vec![0; 2 << 20];
    let bytes = zip([deflated("zeros.class", &zeros), deflated("A.class", "a")]);
    let tree = listed(bytes.clone());
    assert_eq!(text(&tree.archives[0], "zeros.class"), Err(ProblemCode::LimitReached));
    assert_eq!(text(&tree.archives[0], "A.class").unwrap(), "a");
    let small = Limits { max_ratio: 2000, max_entry_size: 1 << 20, ..Limits::default() };
    let tree = open_bytes(bytes.clone(), "app.jar", &small);
    assert_eq!(text(&tree.archives[0], "zeros.class"), Err(ProblemCode::LimitReached));
    let wide = Limits { max_ratio: 2000, ..Limits::default() };
    assert_eq!(read_all(&open_bytes(bytes, "app.jar", &wide)), 2);
}

#[test]
fn total_size_count_and_depth_are_limited() {
    let inner = zip([stored("X.class", "x")]);
    let middle = zip([stored("inner.jar", inner)]);
    let bytes = zip([stored("A.class", "aaaa"), stored("B.class", "bbbb"), stored("lib/middle.jar", middle)]);
    let of = |limits: &Limits| {
        let tree = open_bytes(bytes.clone(), "app.jar", limits);
        let codes: Vec<_> = tree.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [ProblemCode::LimitReached]);
        (tree.archives.len(), tree.archives[0].entries.len())
    };
    assert_eq!(of(&Limits { max_total_size: 7, ..Limits::default() }), (1, 1));
    assert_eq!(of(&Limits { max_entries: 2, ..Limits::default() }), (1, 2));
    assert_eq!(of(&Limits { max_depth: 1, ..Limits::default() }), (2, 3));
}

#[test]
fn memory_for_deflated_nested_archives_is_limited() {
    let inner = zip([stored("X.class", "x".repeat(1000))]);
    let limits = Limits { max_nested_size: inner.len() as u64, ..Limits::default() };
    let bytes = zip([deflated("a.jar", &inner), deflated("b.jar", &inner), stored("c.jar", &inner)]);
    let tree = open_bytes(bytes, "app.jar", &limits);
    assert_eq!(displays(&tree), ["app.jar", "app.jar!/a.jar", "app.jar!/c.jar"]);
    assert_eq!(problems(&tree), [(ProblemCode::LimitReached, "app.jar", "b.jar")]);
}

#[test]
fn names_that_lead_out_of_the_archive_are_skipped() {
    for name in
        ["../evil.class", "a/../../evil.class", "/etc/evil", "C:evil.class", "a\\b.class", "a\0b.class", ""]
    {
        let tree = listed(zip([stored(name, "evil"), stored("A.class", "a")]));
        assert_eq!(names(&tree.archives[0]), ["A.class"], "{name:?}");
        assert_eq!(problems(&tree), [(ProblemCode::UnsafePath, "app.jar", name)]);
    }
}

#[test]
fn encrypted_and_strangely_compressed_entries_are_problems() {
    let encrypted = Member { flags: 1, ..stored("secret.class", "s") };
    let bzip2 = Member { method: 12, ..stored("b.class", "b") };
    let tree = listed(zip([encrypted, bzip2, stored("A.class", "a")]));
    assert_eq!(
        problems(&tree),
        [
            (ProblemCode::EncryptedEntry, "app.jar", "secret.class"),
            (ProblemCode::UnsupportedCompression, "app.jar", "b.class"),
        ]
    );
    assert!(tree.problems[1].message.contains("12"));
    assert_eq!(names(&tree.archives[0]), ["A.class"]);
}

#[test]
fn of_entries_with_one_name_the_last_one_counts() {
    let tree =
        listed(zip([stored("a", "first"), stored("b", "b"), stored("a", "second"), stored("a", "third")]));
    let archive = &tree.archives[0];
    assert_eq!(archive.entries.len(), 2);
    assert_eq!(text(archive, "a").unwrap(), "third");
    assert_eq!(problems(&tree), [(ProblemCode::DuplicateEntry, "app.jar", "a"); 2]);
}

#[test]
fn entries_that_overlap_are_left_out() {
    let first = stored("A.class", "a".repeat(1000));
    let again = |name: &str| Member { header: Some(0), ..Member { name: name.into(), ..first.clone() } };
    let tree = listed(zip([first.clone(), again("B.class"), again("C.class"), stored("D.class", "d")]));
    assert_eq!(names(&tree.archives[0]), ["A.class", "D.class"]);
    assert_eq!(
        problems(&tree),
        [
            (ProblemCode::CorruptEntry, "app.jar", "B.class"),
            (ProblemCode::CorruptEntry, "app.jar", "C.class"),
        ]
    );
}

#[test]
fn a_directory_that_claims_more_entries_than_it_has_is_damaged() {
    let tree = listed(Zip::of([stored("A.class", "a"), stored("B.class", "b")]).finish_claiming(900));
    assert_eq!(names(&tree.archives[0]), ["A.class", "B.class"]);
    assert_eq!(problems(&tree), [(ProblemCode::CorruptArchive, "app.jar", "")]);
}

#[test]
fn entries_beyond_the_claimed_count_are_found() {
    let members = [stored("A.class", "a"), deflated("B.class", "b"), stored("C.class", "c")];
    let tree = listed(Zip::of(members).finish_claiming(1));
    assert_eq!(names(&tree.archives[0]), ["A.class", "B.class", "C.class"]);
    assert_eq!(problems(&tree), [(ProblemCode::CorruptArchive, "app.jar", "")]);
    assert_eq!(read_all(&tree), 3);
}

#[test]
fn a_directory_entry_that_points_beyond_the_archive_is_left_out() {
    let beyond = Member { header: Some(1 << 30), ..stored("B.class", "b") };
    let tree = listed(zip([stored("A.class", "a"), beyond]));
    assert_eq!(names(&tree.archives[0]), ["A.class"]);
    assert_eq!(problems(&tree), [(ProblemCode::CorruptEntry, "app.jar", "B.class")]);
}

#[test]
fn names_that_are_long_or_no_text_are_readable() {
    let long = format!("{}.class", "x".repeat(60_000));
    let tree = listed(zip([stored(b"\xFF\xFE.class", "odd"), stored(&long, "long")]));
    let archive = &tree.archives[0];
    assert_eq!(names(archive), ["\u{FFFD}\u{FFFD}.class", &*long]);
    assert_eq!(text(archive, "\u{FFFD}\u{FFFD}.class").unwrap(), "odd");
    assert_eq!(text(archive, &long).unwrap(), "long");
}

#[test]
fn many_problems_of_a_kind_are_counted_not_listed() {
    let members = (0..40).map(|index| stored(format!("../{index}"), "x"));
    let tree = listed(zip(members.chain([stored("A.class", "a")])));
    assert_eq!(tree.problems.len(), MAX_ALIKE + 1);
    assert_eq!(tree.problems[MAX_ALIKE].message, "and 37 more entries like it");
}

#[test]
fn an_archive_within_itself_ends_at_the_deepest_level() {
    let mut bytes = zip([stored("X.class", "x")]);
    for _ in 0..100 {
        bytes = zip([stored("inner.jar", bytes)]);
    }
    let limits = Limits { max_depth: u32::MAX, ..Limits::default() };
    let tree = open_bytes(bytes, "app.jar", &limits);
    assert_eq!(tree.archives.len(), 65);
    assert_eq!(tree.problems.len(), 1);
    assert_eq!(tree.problems[0].code, ProblemCode::LimitReached);
}

/// Sixteen archives in each archive, five levels deep, packed each time: a million in some twenty kilobytes.
#[test]
fn a_small_input_does_not_hold_a_million_archives() {
    let mut bytes = zip((0..16).map(|i| stored(format!("C{i}.class"), "c")));
    for _ in 0..4 {
        bytes = zip((0..16).map(|i| deflated(format!("j{i}.jar"), &bytes)));
    }
    assert!(bytes.len() < 64 << 10, "{} bytes", bytes.len());
    let tree = listed(bytes);
    assert!(tree.archives.len() < 2_000, "{} archives", tree.archives.len());
    assert!(tree.problems.iter().any(|p| p.code == ProblemCode::LimitReached));
}
