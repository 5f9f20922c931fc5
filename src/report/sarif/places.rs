//! Locations as SARIF shows them. Code review refuses a whole upload for one result without a file, so that every
//! location has one: the source if it was found, else the archive that lies in the repository.

use super::SRCROOT;
use super::format::{ArtifactLocation, LogicalLocation, Message, PhysicalLocation, Region, SarifLocation};
use super::uri::repository_uri;
use crate::findings::Location;
use crate::report::source_text::SourceTexts;
use crate::report::{RenderOptions, file_of};
use crate::vocabulary::descriptor;

/// The file of a location that names none.
const UNNAMED: &str = "unnamed";

pub(super) struct Places<'a> {
    options: &'a RenderOptions,
    sources: SourceTexts,
}

impl<'a> Places<'a> {
    pub(super) fn new(options: &'a RenderOptions) -> Self {
        Self { options, sources: SourceTexts::new(options.base.clone()) }
    }

    /// A location without names or a message.
    pub(super) fn location(&mut self, at: &Location) -> SarifLocation {
        let physical_location = match self.source_uri(at) {
            Some(uri) => physical(uri, self.region(at)),
            None if at.is_in_folder => physical(self.archive_uri(&file_of(at), ""), FIRST_LINE),
            None => physical(self.archive_uri(&at.archive, &at.entry), FIRST_LINE),
        };
        SarifLocation { id: None, physical_location, logical_locations: Vec::new(), message: None }
    }

    /// The outermost archive, for places that have no class.
    pub(super) fn archive(&self, archive: &str, entry: &str) -> SarifLocation {
        SarifLocation {
            id: None,
            physical_location: physical(self.archive_uri(archive, entry), FIRST_LINE),
            logical_locations: Vec::new(),
            message: None,
        }
    }

    /// The hash of the source line at `at`; `None` if that line can't be read.
    pub(super) fn line_hash(&mut self, at: &Location) -> Option<String> {
        self.sources.get(at.source.as_deref()?)?.line_hash(at.line).map(str::to_string)
    }

    fn source_uri(&self, at: &Location) -> Option<String> {
        self.uri(at.source.as_deref()?)
    }

    /// A line beyond the file's end comes from another version of the source; the file's first line stands for it.
    fn region(&mut self, at: &Location) -> Region {
        let line = at.line.max(1);
        match at.source.as_deref().and_then(|path| self.sources.get(path)) {
            Some(text) => match text.line(line) {
                Some(content) => one_line(line, content.encode_utf16().count() + 1),
                None => FIRST_LINE,
            },
            None => one_line(line, 1),
        }
    }

    fn archive_uri(&self, archive: &str, entry: &str) -> String {
        let outermost = archive.split("!/").next().unwrap_or("");
        self.uri(outermost).or_else(|| self.uri(entry)).unwrap_or_else(|| UNNAMED.to_string())
    }

    fn uri(&self, path: &str) -> Option<String> {
        repository_uri(&self.options.repository_prefix, &self.options.base, path)
    }
}

const FIRST_LINE: Region = one_line(1, 1);

const fn one_line(line: u32, end_column: usize) -> Region {
    Region { start_line: line, start_column: 1, end_line: line, end_column }
}

fn physical(uri: String, region: Region) -> PhysicalLocation {
    PhysicalLocation { artifact_location: ArtifactLocation { uri, uri_base_id: SRCROOT }, region }
}

/// What is said about a location whose file may be the archive only: the note, and the class file if no source
/// shows it.
pub(super) fn noted(at: &Location, note: &str) -> Message {
    let mut place = file_of(at);
    if !place.is_empty() && at.line > 0 {
        place.push_str(&format!(":{}", at.line));
    }
    match (at.source.is_some() || place.is_empty(), note.is_empty()) {
        (true, false) => Message::new(note),
        (true, true) => Message::new(at.source.clone().unwrap_or_else(|| UNNAMED.to_string())),
        (false, false) => Message::new(format!("{note} ({place})")),
        (false, true) => Message::new(place),
    }
}

/// A class or one of its members by name; nothing without a class.
pub(super) fn logical(class: &str, member: &str, desc: &str) -> Vec<LogicalLocation> {
    if class.is_empty() {
        return Vec::new();
    }
    let internal = class.replace('.', "/");
    let location = if member.is_empty() {
        let name = class.rsplit('.').next().unwrap_or(class).to_string();
        LogicalLocation { name, fully_qualified_name: class.into(), decorated_name: internal, kind: "type" }
    } else {
        let is_method = desc.starts_with('(');
        let parameters = if is_method { descriptor::human(desc) } else { String::new() };
        LogicalLocation {
            name: member.to_string(),
            fully_qualified_name: format!("{class}.{member}{parameters}"),
            decorated_name: format!("{internal}.{member}:{desc}"),
            kind: if is_method { "function" } else { "member" },
        }
    };
    vec![location]
}
