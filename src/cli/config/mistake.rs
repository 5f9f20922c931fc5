//! What is wrong with a configuration, for people: where, what, and what was probably meant.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use std::fmt;

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    source: NamedSource<String>,
    /// What is wrong, by place; at least one.
    pub mistakes: Vec<Mistake>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Line, from 1; 0 if it concerns the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 if it concerns the file as a whole.
    pub column: usize,
    /// Start and length in bytes of what is wrong.
    pub span: Option<(usize, usize)>,
    pub(super) is_duplicate_key: bool,
}

impl ConfigError {
    pub(super) fn new(name: &str, text: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        mistakes.truncate(super::MAX_MISTAKES);
        Self { source: NamedSource::new(name, text.to_owned()).with_language("yaml"), mistakes }
    }

    pub(super) fn whole_file(name: &str, message: String) -> Self {
        Self::new(name, "", vec![Mistake::whole_file(message)])
    }
}

impl Mistake {
    pub(super) fn whole_file(message: String) -> Self {
        Self { message, help: None, line: 0, column: 0, span: None, is_duplicate_key: false }
    }

    /// From what the YAML reader says.
    pub(super) fn from_yaml(text: &str, error: &serde_yaml::Error) -> Self {
        let said = error.to_string();
        let Some(place) = error.location() else {
            return Self::whole_file(said);
        };
        let at = format!(" at line {} column {}", place.line(), place.column());
        let said = said.strip_suffix(&at).unwrap_or(&said);
        let (message, help) = explain(said);
        let is_duplicate_key = said.contains("duplicate field `") || said.contains(DUPLICATE_KEY);
        let span = Some(word_at(text, place.index()));
        Self { message, help, line: place.line(), column: place.column(), span, is_duplicate_key }
    }
}

/// How a key that is given twice is reported.
pub(super) const DUPLICATE_KEY: &str = "is given twice";

/// Turns serde's words into those of the file: "unknown field `pth`, expected `path` or `n`".
fn explain(said: &str) -> (String, Option<String>) {
    let said = said.replace("unknown field `", "unknown key `").replace("missing field `", "missing key `");
    let said = said.replace("unknown variant `", "unknown value `");
    let unknown = said.find("unknown key `").or_else(|| said.find("unknown value `"));
    let Some((message, expected)) = unknown.and_then(|at| {
        let (_, rest) = said.split_at_checked(at)?;
        let cut = at + rest.find("`, ")? + 1;
        said.split_at_checked(cut)
    }) else {
        return (said, None);
    };
    // `message` ends in the word that was written.
    let written = message.split('`').rev().nth(1).unwrap_or("");
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let help = match closest(written, &known) {
        Some(meant) => format!("did you mean `{meant}`? Known here: {}", known.join(", ")),
        None => format!("known here: {}", known.join(", ")),
    };
    (message.to_owned(), (!known.is_empty()).then_some(help))
}

/// The known word that is most like the written one, if any is like it.
pub(crate) fn closest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let written: String = written.chars().take(64).collect::<String>().to_lowercase();
    let likeness = |word: &str| strsim::jaro_winkler(&written, word);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.8).then_some(*best)
}

/// The word, quoted text or bracket that starts at a byte.
fn word_at(text: &str, start: usize) -> (usize, usize) {
    let mut start = start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let rest = text.get(start..).unwrap_or("");
    let first = rest.chars().next();
    let len = match first {
        Some(quote @ ('"' | '\'')) => {
            let inner = rest.get(1..).unwrap_or("");
            inner.find([quote, '\n']).map_or(1, |end| end + 2).min(rest.len())
        }
        Some('[' | '{') => 1,
        _ => {
            rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | ']' | '}')).unwrap_or(rest.len())
        }
    };
    if rest.is_char_boundary(len) { (start, len) } else { (start, 0) }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.mistakes.len() == 1 { "" } else { "s" };
        write!(f, "{} cannot be used: {} mistake{s}", self.source.name(), self.mistakes.len())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
impl std::error::Error for Mistake {}

impl Diagnostic for ConfigError {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.mistakes.iter().map(|mistake| mistake as &dyn Diagnostic)))
    }
}

impl Diagnostic for Mistake {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, len) = self.span?;
        Some(Box::new(std::iter::once(LabeledSpan::new(Some("here".to_owned()), start, len))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_covers_the_word_it_starts_at() {
        assert_eq!(word_at("abc: x", 0), (0, 3));
        assert_eq!(word_at("a: 'x y' z", 3), (3, 5));
        assert_eq!(word_at("a: 'é", 3), (3, 1));
        assert_eq!(word_at("é", 1), (0, 2));
        assert_eq!(word_at("", 7), (0, 0));
        assert_eq!(word_at("a: \"", 3), (3, 1));
    }

    #[test]
    fn only_a_similar_word_is_suggested() {
        assert_eq!(closest("modulse", &["modules", "base"]), Some("modules"));
        assert_eq!(closest("xyz", &["modules", "base"]), None);
        assert_eq!(closest("x", &[]), None);
    }
}
