//! What is wrong with a rule file, as diagnostics that point into it.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

/// Columns that a rendered mistake may take.
const WIDTH: usize = 100;

/// A byte range of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A file's name and text, shared by all mistakes in it.
pub(crate) type Source = Arc<NamedSource<String>>;

/// One mistake.
#[derive(Clone, Debug)]
pub struct Mistake {
    message: String,
    label: String,
    help: Option<String>,
    span: Span,
    source: Option<Source>,
}

impl Mistake {
    /// A mistake at `span` of `source`; `label` is written under the place.
    pub(crate) fn at(source: &Source, span: Span, message: impl Into<String>, label: &str) -> Mistake {
        Mistake {
            message: message.into(),
            label: label.to_owned(),
            help: None,
            span,
            source: Some(Arc::clone(source)),
        }
    }

    /// A mistake about something that has no text: a path, an argument.
    pub(crate) fn bare(message: impl Into<String>) -> Mistake {
        Mistake {
            message: message.into(),
            label: String::new(),
            help: None,
            span: Span::default(),
            source: None,
        }
    }

    /// Adds a line of help; an empty one adds nothing.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Mistake {
        let help = help.into();
        self.help = (!help.is_empty()).then_some(help);
        self
    }

    /// What is wrong, one sentence without a full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How to mend it.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Where it is in its file.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Name, line and column (both from 1) of the place; `None` when it is in no file.
    pub fn place(&self) -> Option<(String, usize, usize)> {
        let source = self.source.as_ref()?;
        let before = source.inner().get(..self.span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some((source.name().to_owned(), line, column))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

impl Diagnostic for Mistake {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let label = (!self.label.is_empty()).then(|| self.label.clone());
        let length = self.span.end.saturating_sub(self.span.start);
        Some(Box::new(std::iter::once(LabeledSpan::new(label, self.span.start, length))))
    }
}

/// Everything that is wrong with the rules that were given; never empty. Nothing is scanned then (exit code 2).
#[derive(Clone, Debug)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    fn only(&self) -> Option<&Mistake> {
        if let [only] = self.0.as_slice() { Some(only) } else { None }
    }

    /// The mistakes as text for a terminal without colour, each with the lines of the file that it points at.
    pub fn render(&self) -> String {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            .with_width(WIDTH)
            .with_links(false);
        let mut out = String::new();
        for mistake in &self.0 {
            if handler.render_report(&mut out, mistake).is_err() {
                out.push_str(&mistake.message);
            }
            out.push('\n');
        }
        out
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Mistakes {
        Mistakes(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => one.fmt(f),
            all => write!(f, "{} mistakes in the rules", all.len()),
        }
    }
}

impl std::error::Error for Mistakes {}

/// A single mistake is told in the place of the list of one.
impl Diagnostic for Mistakes {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.only()?.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.only()?.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.only()?.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.only().is_some() {
            return None;
        }
        Some(Box::new(self.0.iter().map(|mistake| mistake as &dyn Diagnostic)))
    }
}

/// `did you mean …?` with the closest of `known`, else the whole list when it is short, else nothing.
pub(crate) fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    if let Some(best) = closest(word, &known) {
        return format!("did you mean `{best}`?");
    }
    if known.is_empty() || known.len() > 40 {
        return String::new();
    }
    format!("known: {}", known.join(", "))
}

fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |name: &str| strsim::jaro_winkler(&word.to_lowercase(), name);
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)).then(b.cmp(a)))?;
    (score(best) >= 0.8).then_some(*best)
}
