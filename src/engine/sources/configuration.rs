//! Where in the source folders a configuration file of an archive lies.

use super::{SourceIndex, extension, preference};
use crate::findings::Location;
use std::path::Path;

/// How names of files end that may be configuration.
const EXTENSIONS: &[&str] = &["xml", "properties", "factories", "imports"];
/// The folder of files that are named after the service that they list providers for.
const SERVICES: &str = "services";
/// Class folders of nested layouts: what lies there lies in a folder of resources of the sources.
const CLASS_FOLDERS: &[&str] = &["BOOT-INF/classes/", "WEB-INF/classes/"];

/// Whether a file may be configuration that archives hold.
pub(super) fn may_be(path: &Path) -> bool {
    let is_listed = || path.parent().and_then(Path::file_name).is_some_and(|folder| folder == SERVICES);
    extension(path).is_some_and(|extension| EXTENSIONS.contains(&extension)) || is_listed()
}

impl SourceIndex {
    /// The path, relative to the working folder and `/`-separated, of the file that an archive holds under the location's
    /// entry. Many an archive has one of that name: only a file counts that names the class on the location's line.
    pub(super) fn configuration_of(&self, at: &Location, class: &str) -> Option<String> {
        let entry =
            CLASS_FOLDERS.iter().find_map(|folder| at.entry.strip_prefix(folder)).unwrap_or(&at.entry);
        let candidates = self.configuration.get(entry.rsplit('/').next()?)?;
        let is_it = |path: &&String| {
            let in_folder =
                path.strip_suffix(entry).is_some_and(|head| head.is_empty() || head.ends_with('/'));
            in_folder && !class.is_empty() && self.names(path, at.line, class)
        };
        candidates.iter().filter(is_it).min_by_key(|path| preference(path, &at.archive)).cloned()
    }

    fn names(&self, path: &str, line: u32, class: &str) -> bool {
        let Ok(bytes) = std::fs::read(self.base.join(path)) else { return false };
        let text = String::from_utf8_lossy(&bytes);
        let line = (line as usize).checked_sub(1).and_then(|at| text.lines().nth(at));
        line.is_some_and(|line| line.contains(class))
    }
}
