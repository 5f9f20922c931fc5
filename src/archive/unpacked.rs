//! Applications that lie unpacked in a folder, as containers leave them there: each is an archive of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::formats::Opening;
use super::nested::archive_stem;
use super::tree::{Archive, Body, Entry, Form};
use crate::vocabulary::{Problem, ProblemCode};

/// What an application's loader looks into: what stands before it is the application's root.
const MARKS: [&str; 6] = [
    "WEB-INF/classes/",
    "WEB-INF/lib/",
    "BOOT-INF/classes/",
    "BOOT-INF/lib/",
    "com/alipay/sofa/ark/biz/mark",
    "com/alipay/sofa/ark/plugin/mark",
];
/// A web application without code of its own. The sources of one look the same, and lie where no other application does.
const PAGES: &str = "WEB-INF/";
/// What Tomcat leaves in a folder that it unpacked an archive into.
const TRACKER: &str = "META-INF/war-tracker";
/// To what file systems and copies keep times.
const EXACTNESS: Duration = Duration::from_secs(2);

/// Takes the applications out of a folder that is none itself: `webapps/shop/WEB-INF/…` makes `webapps/shop`. The archive
/// that one was unpacked from, beside it, is left out, as Tomcat serves the folder (Host, `unpackWARs`).
pub(super) fn take_out(opening: &mut Opening<'_>, index: usize) -> Vec<Archive> {
    let Some(folder) = opening.archives.get_mut(index) else { return Vec::new() };
    let Body::Folder(path) = &folder.body else { return Vec::new() };
    let roots = roots(&folder.entries);
    if roots.is_empty() {
        return Vec::new();
    }
    let new = |root: &String| Archive {
        display: folder.display_of(root),
        parent: Some(index),
        entry_in_parent: root.clone(),
        form: Form::Folder,
        entries: Vec::new(),
        body: Body::Folder(path.join(root).into()),
        limits: folder.limits,
    };
    let mut applications: Vec<Archive> = roots.iter().map(new).collect();
    let folder_path = path.clone();
    let mut twins = Vec::new();
    for mut entry in std::mem::take(&mut folder.entries) {
        let owner = ancestors(&entry.name).find_map(|at| roots.binary_search_by(|r| r.as_str().cmp(at)).ok());
        let is_twin = || {
            archive_stem(&entry.name).is_some_and(|s| roots.binary_search_by(|r| r.as_str().cmp(s)).is_ok())
        };
        match owner.and_then(|i| applications.get_mut(i)) {
            Some(application) => {
                entry.name.drain(..=application.entry_in_parent.len());
                application.entries.push(entry);
            }
            None if is_twin() => twins.push(entry.name),
            None => folder.entries.push(entry),
        }
    }
    for twin in twins {
        let message = match is_newer(&folder_path, &twin) {
            true => {
                "it is newer than the folder beside it that one of its name was unpacked into, which counts; what \
                 differs is not looked at"
            }
            false => "it lies beside the folder that it was unpacked into, which counts",
        };
        let place = opening.archives[index].display_of(&twin);
        opening.problems.add(Problem::new(ProblemCode::LeftOut, &place, "", message));
    }
    applications
}

/// Whether an archive was changed since it was unpacked. Tomcat gives a file that it leaves in the folder the archive's own
/// time (`ExpandWar`); without that file the folder's own time tells when it was made.
fn is_newer(folder: &Path, archive: &str) -> bool {
    let Some(stem) = archive_stem(archive) else { return false };
    let changed = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let unpacked = folder.join(stem);
    let made = changed(&unpacked.join(TRACKER)).or_else(|| changed(&unpacked));
    match (changed(&folder.join(archive)), made) {
        (Some(packed), Some(made)) => packed.duration_since(made).is_ok_and(|after| after >= EXACTNESS),
        _ => false,
    }
}

/// The outermost roots of applications, ascending; none if the folder itself is one.
fn roots(entries: &[Entry]) -> Vec<String> {
    let names = || entries.iter().map(|entry| entry.name.as_str());
    let mut all: BTreeSet<&str> =
        names().flat_map(|name| MARKS.iter().filter_map(|m| before(name, m))).collect();
    let homes: BTreeSet<&str> = all.iter().map(|root| parent(root)).collect();
    all.extend(
        names().filter_map(|name| before(name, PAGES)).filter(|r| r.is_empty() || homes.contains(parent(r))),
    );
    if all.contains("") {
        return Vec::new();
    }
    let is_outermost = |root: &&&str| !ancestors(root).any(|at| all.contains(at));
    all.iter().filter(is_outermost).map(|root| (*root).to_owned()).collect()
}

/// What stands before the first folder, or the file, of a name: `a/b` of `a/b/WEB-INF/lib/c.jar`.
fn before<'n>(name: &'n str, mark: &str) -> Option<&'n str> {
    let is_whole = |at: usize| mark.ends_with('/') || at + mark.len() == name.len();
    let at = name.match_indices(mark).map(|(at, _)| at).filter(|at| is_whole(*at));
    let mut ends = at.filter_map(|at| if at == 0 { Some("") } else { name.get(..at)?.strip_suffix('/') });
    ends.next()
}

/// The folder that a path lies in.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The folders that a path lies in, from the outermost one.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}
