//! Lists a folder of the file system.

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::formats::Opening;
use super::listing::is_mac_twin;
use super::tree::{Archive, Body, Entry, Locator};
use crate::vocabulary::ProblemCode;

/// Lists all files, sorted by path. Links are followed, as a class loader does; one that leads to a folder above it
/// is left out, since its files are listed already. What is no regular file (pipe, device) is left out, too.
pub(super) fn list(opening: &mut Opening<'_>, archive: &mut Archive) -> bool {
    let Body::Folder(root) = archive.body.clone() else { return false };
    let mut n_visited = 0;
    for found in WalkDir::new(&root).follow_links(true).sort_by_file_name() {
        n_visited += 1;
        let reason = match found {
            // Links can make a few folders look like millions that hold no file.
            Ok(_) if n_visited > u64::from(opening.limits.max_entries) => {
                format!("the folder holds more than {} files and folders", opening.limits.max_entries)
            }
            Ok(found) if found.file_type().is_file() => match add(opening, archive, &root, &found) {
                Ok(()) => continue,
                Err(reason) => reason,
            },
            Ok(_) => continue,
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                tell_unreadable(opening, archive, &root, &error);
                continue;
            }
        };
        opening.problems.add(archive.problem(
            ProblemCode::LimitReached,
            "",
            format!("{reason}; what follows was left out"),
        ));
        break;
    }
    true
}

fn add(
    opening: &mut Opening<'_>,
    archive: &mut Archive,
    root: &Path,
    found: &DirEntry,
) -> Result<(), String> {
    let (name, exact) = entry_name(root, found.path());
    if is_mac_twin(&name) {
        return Ok(());
    }
    let size = match found.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) => {
            tell_unreadable(opening, archive, root, &error);
            return Ok(());
        }
    };
    opening.charge(size, size)?;
    opening.given_size = opening.given_size.saturating_add(size);
    let locator = if exact { Locator::File } else { Locator::OddFile(found.path().into()) };
    archive.entries.push(Entry { name, size, locator });
    Ok(())
}

/// The path below the root with `/` between its parts, and whether it leads back to the file.
fn entry_name(root: &Path, path: &Path) -> (String, bool) {
    let mut exact = true;
    let mut name = String::new();
    for part in path.strip_prefix(root).unwrap_or(path) {
        if !name.is_empty() {
            name.push('/');
        }
        exact &= part.to_str().is_some();
        name.push_str(&part.to_string_lossy());
    }
    (name, exact)
}

fn tell_unreadable(opening: &mut Opening<'_>, archive: &Archive, root: &Path, error: &walkdir::Error) {
    let name = error.path().map(|path| entry_name(root, path).0).unwrap_or_default();
    // walkdir's own message repeats the path of this machine.
    let reason =
        error.io_error().map(ToString::to_string).unwrap_or_else(|| "it cannot be listed".to_owned());
    opening.problems.add(archive.problem(
        ProblemCode::UnreadableEntry,
        &name,
        format!("it cannot be read: {reason}"),
    ));
}
