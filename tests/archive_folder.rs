//! Folders, and what a path may turn out to be.
#![allow(clippy::unwrap_used)] // helpers of tests

mod archive_zips;

use std::fs;
use std::path::Path;

use archive_zips::{deflated, displays, names, problems, stored, text, zip};
use cotenant::archive::{Form, Limits, Tree, open};
use cotenant::vocabulary::{ProblemCode, ProblemLevel};

fn write(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn opened(path: &Path) -> Tree {
    open(path, "deploy/", &Limits::default())
}

#[test]
fn files_of_a_folder_are_sorted_and_its_archives_are_nested() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "WEB-INF/lib/b.jar", zip([deflated("B.class", "b")]));
    write(root.path(), "WEB-INF/lib/a.jar", zip([stored("lib/inner.jar", zip([stored("I.class", "i")]))]));
    write(root.path(), "WEB-INF/classes/A.class", "a");
    write(root.path(), "WEB-INF/lib/._b.jar", "fork");
    write(root.path(), "WEB-INF/lib/b.jar.original", zip([stored("B.class", "b")]));
    let tree = opened(root.path());
    assert_eq!(tree.archives[0].form, Form::Folder);
    assert_eq!(
        names(&tree.archives[0]),
        ["WEB-INF/classes/A.class", "WEB-INF/lib/a.jar", "WEB-INF/lib/b.jar", "WEB-INF/lib/b.jar.original",]
    );
    assert_eq!(
        displays(&tree),
        [
            "deploy",
            "deploy/WEB-INF/lib/a.jar",
            "deploy/WEB-INF/lib/a.jar!/lib/inner.jar",
            "deploy/WEB-INF/lib/b.jar",
        ]
    );
    assert_eq!(text(&tree.archives[0], "WEB-INF/classes/A.class").unwrap(), "a");
    assert_eq!(text(&tree.archives[2], "I.class").unwrap(), "i");
    assert_eq!(text(&tree.archives[3], "B.class").unwrap(), "b");
    assert!(tree.problems.is_empty());
}

#[test]
fn an_unpacked_application_in_a_folder_is_an_archive_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let jar = || zip([stored("L.class", "l")]);
    write(root.path(), "lib/l.jar", jar());
    write(root.path(), "webapps/shop/WEB-INF/classes/A.class", "a");
    write(root.path(), "webapps/shop/samples/demo/WEB-INF/classes/S.class", "s");
    write(root.path(), "webapps/shop.war", zip([stored("WEB-INF/classes/A.class", "a")]));
    write(root.path(), "webapps/stock/WEB-INF/lib/l.jar", jar());
    write(root.path(), "webapps/pages/WEB-INF/web.xml", "<web-app/>");
    write(root.path(), "src/main/webapp/WEB-INF/web.xml", "<web-app/>");
    write(root.path(), "biz/com/alipay/sofa/ark/biz/mark", "a");
    write(root.path(), "src/com/alipay/sofa/ark/biz/markers.txt", "a");
    let tree = opened(root.path());
    assert_eq!(
        displays(&tree),
        [
            "deploy",
            "deploy/lib/l.jar",
            "deploy/biz",
            "deploy/webapps/pages",
            "deploy/webapps/shop",
            "deploy/webapps/stock",
            "deploy/webapps/stock/WEB-INF/lib/l.jar",
        ]
    );
    assert_eq!(
        names(&tree.archives[0]),
        ["lib/l.jar", "src/com/alipay/sofa/ark/biz/markers.txt", "src/main/webapp/WEB-INF/web.xml"]
    );
    assert_eq!(names(&tree.archives[4]), ["WEB-INF/classes/A.class", "samples/demo/WEB-INF/classes/S.class"]);
    assert_eq!(text(&tree.archives[4], "WEB-INF/classes/A.class").unwrap(), "a");
    assert_eq!(text(&tree.archives[6], "L.class").unwrap(), "l");
    assert_eq!(problems(&tree), [(ProblemCode::LeftOut, "deploy/webapps/shop.war", "")]);
}

#[test]
fn a_broken_archive_in_a_folder_does_not_hide_the_others() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "a.jar", "no zip at all");
    write(root.path(), "b.jar", zip([stored("B.class", "b")]));
    let tree = opened(root.path());
    assert_eq!(displays(&tree), ["deploy", "deploy/b.jar"]);
    assert_eq!(problems(&tree), [(ProblemCode::NotANestedArchive, "deploy", "a.jar")]);
}

#[test]
fn a_missing_path_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let tree = opened(&root.path().join("none.jar"));
    assert_eq!(problems(&tree), [(ProblemCode::MissingInput, "deploy/", "")]);
    assert_eq!(tree.problems[0].level(), ProblemLevel::Error);
    assert!(tree.archives.is_empty());
}

#[test]
fn an_empty_folder_has_nothing_in_it() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("sub")).unwrap();
    assert_eq!(problems(&opened(root.path())), [(ProblemCode::NoClasses, "deploy", "")]);
}

#[test]
fn the_number_of_files_is_limited() {
    let root = tempfile::tempdir().unwrap();
    (0..20).for_each(|index| write(root.path(), &format!("{index:02}.txt"), "x"));
    let limits = Limits { max_entries: 5, ..Limits::default() };
    let tree = open(root.path(), "deploy", &limits);
    assert!(tree.archives[0].entries.len() <= 5);
    assert_eq!(problems(&tree), [(ProblemCode::LimitReached, "deploy", "")]);
}

#[test]
fn a_file_that_grows_or_goes_after_it_was_listed_is_a_problem() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "grows.txt", "x");
    write(root.path(), "goes.txt", "x");
    let limits = Limits { max_entry_size: 10, ..Limits::default() };
    let tree = open(root.path(), "deploy", &limits);
    write(root.path(), "grows.txt", "more than ten bytes");
    fs::remove_file(root.path().join("goes.txt")).unwrap();
    assert_eq!(text(&tree.archives[0], "grows.txt"), Err(ProblemCode::LimitReached));
    assert_eq!(text(&tree.archives[0], "goes.txt"), Err(ProblemCode::UnreadableEntry));
}

#[test]
fn an_archive_that_shrinks_after_it_was_listed_is_a_problem() {
    let root = tempfile::tempdir().unwrap();
    let bytes = zip([stored("a.txt", "a".repeat(100))]);
    write(root.path(), "a.jar", &bytes);
    let tree = open(&root.path().join("a.jar"), "a.jar", &Limits::default());
    write(root.path(), "a.jar", &bytes[..50]);
    assert_eq!(text(&tree.archives[0], "a.txt"), Err(ProblemCode::UnreadableEntry));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_but_never_in_circles() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        write(elsewhere.path(), "lib.jar", zip([stored("L.class", "l")]));
        write(root.path(), "a/A.class", "a");
        symlink(root.path(), root.path().join("a/up")).unwrap();
        symlink(elsewhere.path(), root.path().join("b")).unwrap();
        let tree = opened(root.path());
        assert_eq!(names(&tree.archives[0]), ["a/A.class", "b/lib.jar"]);
        assert_eq!(displays(&tree), ["deploy", "deploy/b/lib.jar"]);
        assert!(tree.problems.is_empty());
    }

    #[test]
    fn a_link_to_nowhere_is_a_problem_with_its_place() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "A.class", "a");
        symlink("nowhere", root.path().join("link.jar")).unwrap();
        let tree = opened(root.path());
        assert_eq!(names(&tree.archives[0]), ["A.class"]);
        assert_eq!(problems(&tree), [(ProblemCode::UnreadableEntry, "deploy", "link.jar")]);
        let message = &tree.problems[0].message;
        assert!(!message.contains(root.path().to_str().unwrap()), "{message}");
    }

    #[test]
    fn a_file_whose_name_is_no_text_is_readable() {
        let root = tempfile::tempdir().unwrap();
        let odd = std::ffi::OsStr::from_bytes(b"odd\xFF.txt");
        fs::write(root.path().join(odd), "odd").unwrap();
        let tree = opened(root.path());
        assert_eq!(text(&tree.archives[0], "odd\u{FFFD}.txt").unwrap(), "odd");
    }

    #[test]
    fn a_device_is_no_archive() {
        let tree = opened(Path::new("/dev/zero"));
        assert_eq!(problems(&tree), [(ProblemCode::NotAnArchive, "deploy/", "")]);
    }
}
