//! Which class entries of a multi-release archive a JVM of some release sees.

use rustc_hash::FxHashMap;

use super::tree::Entry;

/// Folder of the versioned entries (JAR File Specification, "Multi-release JAR files").
const VERSIONS: &str = "META-INF/versions/";
/// First release that reads it.
const FIRST_RELEASE: u16 = 9;
/// A module's descriptor; it has a class file's form but is no class.
const MODULE_DESCRIPTOR: &str = "module-info.class";

/// Indices, ascending, of the class entries below `prefix` that count for a JVM of `release`.
///
/// `prefix` is a class folder: `""` for the archive's root, or a path with a slash at its end, such as
/// `BOOT-INF/classes/`. With `multi_release` (the manifest says `Multi-Release: true`) an entry in
/// `META-INF/versions/M/` below the prefix, 9 <= M <= `release`, replaces or adds to the class of that name; the
/// highest M wins. Otherwise, and for plain folders, that part of the archive is no class path.
///
/// Left out: module descriptors; classes below `META-INF/`, which have no name that a loader could ask for and are
/// never versioned; with the prefix `""` also those below `BOOT-INF/` and `WEB-INF/`, which belong to another class
/// folder.
pub fn effective_entries(entries: &[Entry], multi_release: bool, prefix: &str, release: u16) -> Vec<usize> {
    let mut versioned: FxHashMap<&str, (u16, usize)> = FxHashMap::default();
    let mut base = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let Some(name) = entry.name.strip_prefix(prefix).filter(|name| is_class(name)) else { continue };
        match name.strip_prefix(VERSIONS) {
            Some(rest) if multi_release => {
                let Some((version, name)) = split_version(rest) else { continue };
                if version <= release && is_loadable(name, "") {
                    let best = versioned.entry(name).or_insert((version, index));
                    if version >= best.0 {
                        *best = (version, index);
                    }
                }
            }
            None if is_loadable(name, prefix) => base.push(index),
            _ => {}
        }
    }
    if !versioned.is_empty() {
        let name_of = |index: usize| entries.get(index).and_then(|entry| entry.name.get(prefix.len()..));
        base.retain(|&index| name_of(index).is_none_or(|name| !versioned.contains_key(name)));
        base.extend(versioned.into_values().map(|(_, index)| index));
        base.sort_unstable();
    }
    base
}

fn is_class(name: &str) -> bool {
    let folder = name.strip_suffix(MODULE_DESCRIPTOR);
    name.ends_with(".class") && !folder.is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
}

fn is_loadable(name: &str, prefix: &str) -> bool {
    let other_folder = prefix.is_empty() && (name.starts_with("BOOT-INF/") || name.starts_with("WEB-INF/"));
    !name.starts_with("META-INF/") && !other_folder
}

/// Splits `11/a/B.class`. The JDK asks for the number as it prints it, so leading zeros and signs never match.
fn split_version(rest: &str) -> Option<(u16, &str)> {
    let (version, name) = rest.split_once('/')?;
    let plain = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
    let version = version.parse().ok().filter(|&version| plain && version >= FIRST_RELEASE)?;
    Some((version, name))
}
