//! What a scan found, as text, JSON or SARIF: layout of an [`Outcome`], no analysis. The one thing read besides the
//! outcome is the source line that a finding points at.
//! May import: vocabulary, findings

mod json;
mod line_hash;
pub mod problems;
mod sarif;
mod source_text;
mod terminal;
mod text;

use crate::findings::{Location, Outcome};
use crate::vocabulary::ProblemLevel;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// A format of reports.
pub struct Renderer {
    /// As given to `--format` and `--output`.
    pub name: &'static str,
    /// What names of files in this format end with, the dot included.
    pub suffix: &'static str,
    /// Writes the report, in many small pieces. Errors are those of the writer.
    pub write: fn(&Outcome, &RenderOptions, &mut dyn io::Write) -> io::Result<()>,
}

/// Every format there is; a new one is a file in this folder and a row here.
pub const RENDERERS: &[Renderer] = &[
    Renderer { name: "text", suffix: ".txt", write: text::write },
    Renderer { name: "json", suffix: ".json", write: json::write },
    Renderer { name: "sarif", suffix: ".sarif", write: sarif::write },
];

/// How a report is laid out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RenderOptions {
    /// Columns of the terminal; text wraps at it where it can.
    pub width: usize,
    /// Whether text carries ANSI colours.
    pub color: bool,
    /// How many findings the text report shows; the others are counted. `usize::MAX` for all.
    pub max_findings: usize,
    /// The working folder: source paths and archive paths are relative to it.
    pub base: PathBuf,
    /// The path from the repository's root to the working folder, `/`-separated, `""` if they are the same. SARIF
    /// paths are relative to the repository's root.
    pub repository_prefix: String,
    /// SARIF's `automationDetails.id`: `None` for `cotenant/<topology>/`, `""` to leave it out.
    pub sarif_category: Option<String>,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            width: 100,
            color: false,
            max_findings: 50,
            base: PathBuf::from("."),
            repository_prefix: String::new(),
            sarif_category: None,
        }
    }
}

/// The renderer of a format, `None` if there is none of this name.
pub fn renderer(format: &str) -> Option<&'static Renderer> {
    RENDERERS.iter().find(|r| r.name == format)
}

/// Writes `outcome` in the named format, buffered.
///
/// # Errors
/// Those of `out`; [`io::ErrorKind::InvalidInput`] for a format that does not exist.
pub fn render(
    format: &str,
    outcome: &Outcome,
    options: &RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match renderer(format) {
        Some(renderer) => {
            let mut buffered = io::BufWriter::new(out);
            (renderer.write)(outcome, options, &mut buffered)?;
            buffered.flush()
        }
        None => {
            let known: Vec<&str> = RENDERERS.iter().map(|r| r.name).collect();
            let message = format!("no report format '{format}'; there are {}", known.join(", "));
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

/// As written in reports.
fn level_text(level: ProblemLevel) -> &'static str {
    match level {
        ProblemLevel::Error => "error",
        ProblemLevel::Warning => "warning",
        ProblemLevel::Note => "note",
    }
}

/// `archive!/entry`, or the one of them that is not empty.
fn place_text(archive: &str, entry: &str) -> String {
    match (archive.is_empty(), entry.is_empty()) {
        (false, false) => format!("{archive}!/{entry}"),
        (false, true) => archive.to_string(),
        (true, _) => entry.to_string(),
    }
}

/// The class file, or what else a place is in: `archive!/entry`, or the path of a file in a folder.
fn file_of(at: &Location) -> String {
    match at.is_in_folder && !at.entry.is_empty() {
        true => format!("{}/{}", at.archive, at.entry),
        false => place_text(&at.archive, &at.entry),
    }
}

/// `1 error`, `2 errors`.
fn counted(n: u64, noun: &str) -> String {
    let mut text = format!("{} {noun}", grouped(n));
    if n != 1 {
        text.push_str(if noun.ends_with("ss") { "es" } else { "s" });
    }
    text
}

/// `1234567` as `1,234,567`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_follow_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "class"), "1 class");
        assert_eq!(counted(2, "class"), "2 classes");
        assert_eq!(counted(0, "error"), "0 errors");
    }

    #[test]
    fn an_unknown_format_is_refused_with_the_known_ones() {
        let error =
            render("yaml", &Outcome::default(), &RenderOptions::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "no report format 'yaml'; there are text, json, sarif");
    }
}
