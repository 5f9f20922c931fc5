//! Which class entries count in a multi-release archive.

mod archive_zips;

use archive_zips::{listed, stored, zip};
use cotenant::archive::effective_entries;

fn effective(entries: &[&str], multi_release: bool, prefix: &str, release: u16) -> Vec<String> {
    let tree = listed(zip(entries.iter().map(|name| stored(name, "x"))));
    let entries = &tree.archives[0].entries;
    let indices = effective_entries(entries, multi_release, prefix, release);
    indices.into_iter().map(|index| entries[index].name.clone()).collect()
}

const ENTRIES: &[&str] = &[
    "a/A.class",
    "a/B.class",
    "a/notes.txt",
    "module-info.class",
    "META-INF/versions/9/a/A.class",
    "META-INF/versions/17/a/A.class",
    "META-INF/versions/11/a/A.class",
    "META-INF/versions/11/a/Only11.class",
    "META-INF/versions/9/module-info.class",
    "META-INF/versions/9/META-INF/C.class",
    "META-INF/versions/8/a/B.class",
    "META-INF/versions/09/a/B.class",
    "META-INF/versions/x/a/B.class",
    "META-INF/D.class",
];

#[test]
fn the_highest_version_that_the_release_allows_wins() {
    let eleven = ["a/B.class", "META-INF/versions/11/a/A.class", "META-INF/versions/11/a/Only11.class"];
    assert_eq!(effective(ENTRIES, true, "", 11), eleven);
    assert_eq!(effective(ENTRIES, true, "", 16), eleven);
    assert_eq!(effective(ENTRIES, true, "", 21)[1], "META-INF/versions/17/a/A.class");
    assert_eq!(effective(ENTRIES, true, "", 9), ["a/B.class", "META-INF/versions/9/a/A.class"]);
    assert_eq!(effective(ENTRIES, true, "", 8), ["a/A.class", "a/B.class"]);
}

#[test]
fn without_the_manifest_attribute_versions_do_not_count() {
    assert_eq!(effective(ENTRIES, false, "", 21), ["a/A.class", "a/B.class"]);
}

#[test]
fn a_class_folder_has_its_own_classes_and_versions() {
    let entries = [
        "launcher/L.class",
        "BOOT-INF/classes/A.class",
        "BOOT-INF/classes/META-INF/versions/11/A.class",
        "WEB-INF/classes/W.class",
        "META-INF/versions/11/A.class",
    ];
    assert_eq!(effective(&entries, false, "", 17), ["launcher/L.class"]);
    assert_eq!(effective(&entries, false, "BOOT-INF/classes/", 17), ["BOOT-INF/classes/A.class"]);
    assert_eq!(
        effective(&entries, true, "BOOT-INF/classes/", 17),
        ["BOOT-INF/classes/META-INF/versions/11/A.class"]
    );
    assert_eq!(effective(&entries, true, "WEB-INF/classes/", 17), ["WEB-INF/classes/W.class"]);
}
