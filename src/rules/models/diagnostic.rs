//! What a user sees when a model file is wrong: the place in the file, and the likely remedy.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, Report, SourceCode, SourceSpan};

/// A mistake in a model file.
#[derive(Debug)]
struct ModelMistake {
    message: String,
    source: NamedSource<String>,
    span: Option<SourceSpan>,
    help: Option<String>,
}

impl fmt::Display for ModelMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ModelMistake {}

impl Diagnostic for ModelMistake {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("cotenant::models"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.span?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".into()), span))))
    }
}

/// A mistake without a place in the text.
pub(super) fn whole_file(name: &str, message: impl Into<String>, help: Option<&str>) -> Report {
    Report::new(ModelMistake {
        message: format!("{name}: {}", message.into()),
        source: NamedSource::new(name, String::new()),
        span: None,
        help: help.map(Into::into),
    })
}

/// A mistake that the YAML reader, or a checked string, has found.
pub(super) fn in_text(name: &str, text: &str, error: &serde_yaml::Error) -> Report {
    let span = error.location().map(|at| token(text, at.line(), at.column()));
    let shown = error.to_string();
    // The place is shown by the span, so its words at the end of the message would only repeat it.
    let message = shown.rfind(" at line ").map_or(shown.as_str(), |end| &shown[..end]).to_owned();
    Report::new(ModelMistake {
        help: suggestion(&message),
        message,
        source: NamedSource::new(name, text.to_owned()),
        span,
    })
}

/// The bytes from a place (line and column from 1, the column in characters) to the end of its word.
fn token(text: &str, line: usize, column: usize) -> SourceSpan {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let line_start: usize = lines.map(str::len).sum();
    let rest = text.get(line_start..).unwrap_or("");
    let in_line = rest.char_indices().nth(column.saturating_sub(1)).map_or(0, |(at, _)| at);
    let word = rest.get(in_line..).unwrap_or("");
    let len = word.find(char::is_whitespace).unwrap_or(word.len());
    let len = word.get(..len).map_or(0, |word| word.trim_end_matches([',', ':', ']', '}']).len());
    (line_start + in_line, len).into()
}

/// For ``unknown field `x`, expected one of `a`, `b` ``: the alternative that `x` was meant to be, else all of them.
fn suggestion(message: &str) -> Option<String> {
    let (_, rest) =
        message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let mut quoted = rest.split('`').step_by(2);
    let wrong = quoted.next()?;
    let known: Vec<&str> = quoted.filter(|name| !name.is_empty()).collect();
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(wrong, name), *name)).min()?;
    let is_near = near.0 <= 2.max(wrong.len() / 3);
    Some(if is_near {
        format!("did you mean `{}`?", near.1)
    } else {
        format!("known are: {}", known.join(", "))
    })
}
