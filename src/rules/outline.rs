//! A YAML text as a tree of nodes with their places, read before anything is made of it.
//!
//! The deserialiser stops at its first error and forgets where values stood. This tree remembers, refuses what a rule
//! file has no use for (aliases, tags, several documents) and holds the caps on size, depth and number of nodes, so
//! that what reaches the deserialiser is small and harmless whoever wrote it.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::mistake::{Mistake, Source, Span};

/// Longest accepted file, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// Deepest accepted nesting of lists and maps.
pub(crate) const MAX_DEPTH: usize = 32;
/// Most accepted nodes.
pub(crate) const MAX_NODES: usize = 50_000;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// A value without its types looked at further than rule files need.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`, not quoted.
    Bool,
    /// A decimal number, not quoted.
    Integer(i64),
    /// Any other scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in order of the text.
    Map(Vec<(Node, Node)>),
}

/// A step from a node to one of its children.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Key(&'static str),
    Index(usize),
}

impl Node {
    /// The text of a scalar that is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(pairs) => pairs.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The place that the steps lead to, or of the last node on the way that exists.
    pub(crate) fn span_of(&self, steps: &[Step]) -> Span {
        let mut node = self;
        for step in steps {
            let next = match (step, &node.value) {
                (Step::Key(key), _) => node.get(key),
                (Step::Index(index), Value::List(items)) => items.get(*index),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.span
    }

    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool => "true or false",
            Value::Integer(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads a text; repeated keys are added to `mistakes`.
///
/// # Errors
/// What keeps the text from being read at all: YAML's own syntax, or a cap.
pub(crate) fn outline(source: &Source, mistakes: &mut Vec<Mistake>) -> Result<Node, Mistake> {
    let text = source.inner().as_str();
    if text.len() > MAX_BYTES {
        let message = format!("the file is longer than {MAX_BYTES} bytes");
        return Err(Mistake::at(source, Span::default(), message, "rule files are small"));
    }
    let mut builder =
        Builder { source, offsets: Offsets::of(text), open: Vec::new(), root: None, n_nodes: 0, mistakes };
    for event in Parser::new_from_str(text) {
        let (event, place) = event.map_err(|error| {
            let at = builder.offsets.byte(error.marker().index());
            Mistake::at(
                source,
                Span { start: at, end: at },
                format!("this is not YAML: {}", error.info()),
                "here",
            )
        })?;
        let span = builder.offsets.span(place);
        builder.take(event, span)?;
    }
    match builder.root {
        Some(root) => Ok(root),
        None => Err(Mistake::at(source, Span::default(), "the file is empty", "a rule is expected here")),
    }
}

/// Byte offsets by character index.
enum Offsets {
    Ascii(usize),
    Table(Vec<usize>),
}

impl Offsets {
    fn of(text: &str) -> Offsets {
        if text.is_ascii() {
            return Offsets::Ascii(text.len());
        }
        Offsets::Table(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    fn byte(&self, index: usize) -> usize {
        match self {
            Offsets::Ascii(length) => index.min(*length),
            Offsets::Table(table) => table.get(index).or(table.last()).copied().unwrap_or_default(),
        }
    }

    fn span(&self, place: saphyr_parser::Span) -> Span {
        Span { start: self.byte(place.start.index()), end: self.byte(place.end.index()) }
    }
}

/// A list or map that is not closed yet.
enum Open {
    List(Span, Vec<Node>),
    Map(Span, Pairs),
}

/// A map's pairs so far.
#[derive(Default)]
struct Pairs {
    done: Vec<(Node, Node)>,
    names: BTreeSet<String>,
    key: Option<Node>,
}

struct Builder<'a> {
    source: &'a Source,
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node>,
    n_nodes: usize,
    mistakes: &'a mut Vec<Mistake>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Mistake> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_marks(anchor, tag.is_some(), span)?;
                self.add(Node { span, value: scalar(&text, style) })
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_marks(anchor, tag.is_some(), span)?;
                self.push(Open::List(span, Vec::new()), span)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_marks(anchor, tag.is_some(), span)?;
                self.push(Open::Map(span, Pairs::default()), span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(_) => Err(self.refused(span, "an alias", "write the value out")),
            Event::DocumentStart(_) if self.root.is_some() => Err(self.refused(
                span,
                "a second document",
                "several rules in one file are written as a list",
            )),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn refuse_marks(&self, anchor: usize, has_tag: bool, span: Span) -> Result<(), Mistake> {
        if anchor != 0 {
            return Err(self.refused(span, "an anchor", "write the value out where it is used"));
        }
        if has_tag {
            return Err(self.refused(span, "a tag", "leave the `!` out; quote the text if it is meant"));
        }
        Ok(())
    }

    fn refused(&self, span: Span, what: &str, help: &str) -> Mistake {
        Mistake::at(self.source, span, format!("{what} can't be used in a rule file"), "here").help(help)
    }

    fn push(&mut self, open: Open, span: Span) -> Result<(), Mistake> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("lists and maps are nested more than {MAX_DEPTH} deep");
            return Err(Mistake::at(self.source, span, message, "this one is too deep"));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Mistake> {
        match self.open.pop() {
            Some(Open::List(span, items)) => {
                let end = items.last().map_or(span.end, |last| last.span.end);
                self.add(Node { span: Span { start: span.start, end }, value: Value::List(items) })
            }
            Some(Open::Map(span, Pairs { done: pairs, .. })) => {
                // A block map's own mark is as wide as nothing; its first key shows better where it is.
                let first = pairs.first().map_or(span, |(key, _)| key.span);
                self.add(Node { span: first, value: Value::Map(pairs) })
            }
            None => Ok(()),
        }
    }

    fn add(&mut self, node: Node) -> Result<(), Mistake> {
        self.n_nodes += 1;
        if self.n_nodes > MAX_NODES {
            let message = format!("the file holds more than {MAX_NODES} values");
            return Err(Mistake::at(self.source, node.span, message, "this one is too many"));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, pairs)) => match pairs.key.take() {
                Some(key) => pairs.done.push((key, node)),
                None => return self.add_key(node),
            },
        }
        Ok(())
    }

    fn add_key(&mut self, node: Node) -> Result<(), Mistake> {
        let Some(name) = node.text() else {
            let message = format!("a key must be text, not {}", node.kind());
            return Err(Mistake::at(self.source, node.span, message, "this key"));
        };
        let Some(Open::Map(_, pairs)) = self.open.last_mut() else { return Ok(()) };
        if !pairs.names.insert(name.to_owned()) {
            let message = format!("`{name}` is written twice");
            self.mistakes.push(Mistake::at(self.source, node.span, message, "the second time"));
        }
        pairs.key = Some(node);
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Value::Bool,
        _ => text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Integer),
    }
}
