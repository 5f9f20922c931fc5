//! Text for a terminal: escaped, wrapped, and coloured if asked for.

use crate::findings::Severity;
use anstyle::{AnsiColor, Style};
use std::borrow::Cow;
use std::fmt::Write as _;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const FRAME: Style = AnsiColor::Blue.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Below this a terminal's width is no use; text then overflows instead.
const MIN_WIDTH: usize = 40;

/// The colour of a severity.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => AnsiColor::Cyan.on_default().bold(),
    }
}

/// `text` in `style`, plain if colours are off.
pub(super) fn paint(color: bool, style: Style, text: &str) -> String {
    if color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_string() }
}

/// Makes text from analysed files safe to print: a class may be named with escape sequences that clear the screen,
/// or with marks that turn the direction of writing.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Prose on one line: runs of blanks and line ends become one blank, the rest is cleaned.
pub(super) fn prose(text: &str) -> String {
    let words: Vec<Cow<'_, str>> = text.split_whitespace().map(clean).collect();
    words.join(" ")
}

/// The first sentence of a Markdown text's first paragraph.
pub(super) fn first_sentence(markdown: &str) -> String {
    let paragraph = markdown.trim_start().split("\n\n").next().unwrap_or("");
    let text = prose(paragraph);
    let end = text.match_indices(". ").find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase));
    match end {
        Some((at, _)) => text[..=at].to_string(),
        None => text,
    }
}

/// Breaks `text` at blanks into lines of at most `width` columns where that is possible; names are never broken,
/// so that they can be copied. The first line begins with `first`, the others with `rest`.
pub(super) fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let options = Options::new(width.max(MIN_WIDTH))
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect()
}

/// Columns that `text` takes.
pub(super) fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// `text` filled up with blanks to `width` columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(clean("com.acme.Foo"), "com.acme.Foo");
        assert_eq!(
            clean("a\u{1b}[2Jb\u{9b}c\rd\u{202e}e\u{7f}"),
            "a\\u{1b}[2Jb\\u{9b}c\\u{d}d\\u{202e}e\\u{7f}"
        );
        assert_eq!(prose("  one\n  two\tthree\u{7} "), "one two three\\u{7}");
    }

    #[test]
    fn the_first_sentence_ends_before_the_next_one_begins() {
        assert_eq!(first_sentence("Uses e.g. a map.\nThen leaks. More."), "Uses e.g. a map.");
        assert_eq!(first_sentence("One paragraph\n\nAnother."), "One paragraph");
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(padded("订单", 6), "订单  ");
        let lines = wrap(&"订单 ".repeat(30), 40, "", "  ");
        assert!(lines.iter().all(|line| columns(line) <= 40), "{lines:?}");
    }
}
