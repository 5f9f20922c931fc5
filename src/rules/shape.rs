//! Whether a node has the shape that the JSON Schema of the rule format asks for.
//!
//! Interprets the few keywords that the derived schema uses, and unlike the deserialiser goes on after a mistake, so
//! that all of them are told at once, each with its place and what could have been meant.

use serde_json::Value as Json;

use super::mistake::{Mistake, Source, suggest};
use super::outline::{Node, Value};

/// Checks `node` against the definition `name` of `schema`.
pub(crate) fn check(schema: &Json, name: &str, node: &Node, source: &Source, mistakes: &mut Vec<Mistake>) {
    let definitions = &schema["$defs"];
    Shape { definitions, source, mistakes }.check(&definitions[name], node, "the value");
}

struct Shape<'a> {
    definitions: &'a Json,
    source: &'a Source,
    mistakes: &'a mut Vec<Mistake>,
}

/// One alternative of a choice.
enum Choice<'a> {
    /// A word.
    Word(&'a str),
    /// A map with this one key.
    Key(&'a str, &'a Json),
}

impl<'a> Shape<'a> {
    fn check(&mut self, schema: &'a Json, node: &Node, what: &str) {
        if let Some(target) = schema["$ref"].as_str() {
            let name = target.rsplit('/').next().unwrap_or_default();
            return self.check(&self.definitions[name], node, what);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return self.check_choice(schema, choices, node);
        }
        match schema["type"].as_str() {
            Some("object") => self.check_map(schema, node),
            Some("array") => self.check_list(schema, node, what),
            Some("string") => self.check_text(schema, node, what),
            Some("boolean") if matches!(node.value, Value::Bool) => {}
            Some("boolean") => self.wrong(node, what, "true or false", ""),
            Some("integer") => self.check_integer(schema, node, what),
            _ => {}
        }
    }

    fn check_choice(&mut self, schema: &Json, choices: &'a [Json], node: &Node) {
        let choices: Vec<Choice<'a>> = choices.iter().filter_map(choice_of).collect();
        let title = title_of(schema);
        match &node.value {
            Value::Text(text) => match choices.iter().find(|choice| choice.name() == text) {
                Some(Choice::Word(_)) => {}
                Some(Choice::Key(key, _)) => {
                    self.report(
                        node,
                        format!("`{key}` needs a value"),
                        "this one",
                        format!("write `{key}: …`"),
                    );
                }
                None => self.unknown(node, title, text, choices.iter().map(Choice::name)),
            },
            Value::Map(pairs) => match pairs.as_slice() {
                [(key, value)] => self.check_variant(&choices, title, key, value),
                [] => self.report(node, format!("a {title} is missing"), "in this empty map", String::new()),
                [_, (second, _), ..] => {
                    let message = format!("a {title} is a map with one key, and here is another key");
                    let has_all = choices.iter().any(|choice| choice.name() == "all");
                    let help = if has_all { "combine several with `all: […]`" } else { "" };
                    self.report(second, message, "this key", help.to_owned());
                }
            },
            _ => {
                let message = format!("a {title} is expected, not {}", node.kind());
                self.report(node, message, "here", suggest("", choices.iter().map(Choice::name)));
            }
        }
    }

    fn check_variant(&mut self, choices: &[Choice<'a>], title: &str, key: &Node, value: &Node) {
        let name = key.text().unwrap_or_default();
        match choices.iter().find(|choice| choice.name() == name) {
            Some(Choice::Key(_, schema)) => self.check(schema, value, &format!("`{name}`")),
            Some(Choice::Word(word)) => {
                self.report(
                    key,
                    format!("`{word}` takes no value"),
                    "this key",
                    format!("write `{word}` alone"),
                );
            }
            None => self.unknown(key, title, name, choices.iter().map(Choice::name)),
        }
    }

    fn check_map(&mut self, schema: &'a Json, node: &Node) {
        let title = title_of(schema);
        let Value::Map(pairs) = &node.value else {
            let message = format!("a {title} is expected as a map, not {}", node.kind());
            return self.report(node, message, "here", String::new());
        };
        let known = schema["properties"].as_object();
        for (key, value) in pairs {
            let name = key.text().unwrap_or_default();
            match known.and_then(|known| known.get(name)) {
                Some(schema) => self.check(schema, value, &format!("`{name}`")),
                None => {
                    let names = known.into_iter().flat_map(|known| known.keys().map(String::as_str));
                    let help = suggest(name, names);
                    self.report(key, format!("a {title} has no `{name}`"), "unknown key", help);
                }
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if node.get(name).is_none() {
                self.report(node, format!("a {title} needs `{name}`"), "missing here", meaning(schema, name));
            }
        }
        let n_least = schema["minProperties"].as_u64().unwrap_or_default();
        let n_required = schema["required"].as_array().map_or(0, Vec::len);
        if (pairs.len() as u64) < n_least && pairs.len() >= n_required {
            self.report(node, format!("this {title} tests nothing"), "here", String::new());
        }
    }

    fn check_list(&mut self, schema: &'a Json, node: &Node, what: &str) {
        let Value::List(items) = &node.value else {
            return self.wrong(node, what, "a list", "write `[…]` around it");
        };
        if (items.len() as u64) < schema["minItems"].as_u64().unwrap_or_default() {
            self.report(
                node,
                format!("{what} is an empty list"),
                "here",
                "leave it out or name something".to_owned(),
            );
        }
        for item in items {
            self.check(&schema["items"], item, &format!("an entry of {what}"));
        }
    }

    fn check_text(&mut self, schema: &Json, node: &Node, what: &str) {
        let Value::Text(text) = &node.value else {
            let help =
                if matches!(node.value, Value::Bool | Value::Integer(_)) { "put it in quotes" } else { "" };
            return self.wrong(node, what, "text", help);
        };
        let n_chars = text.trim().chars().count() as u64;
        if n_chars < schema["minLength"].as_u64().unwrap_or_default() {
            self.report(node, format!("{what} is empty"), "here", String::new());
        }
        if let Some(longest) = schema["maxLength"].as_u64().filter(|longest| n_chars > *longest) {
            let message = format!("{what} has {n_chars} characters, at most {longest} are allowed");
            self.report(node, message, "too long", String::new());
        }
    }

    fn check_integer(&mut self, schema: &Json, node: &Node, what: &str) {
        let Value::Integer(number) = node.value else {
            return self.wrong(node, what, "a number", "");
        };
        let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
        let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
        if !(least..=most).contains(&number) {
            let message = format!("{what} is {number}, it must be from {least} to {most}");
            self.report(node, message, "out of range", String::new());
        }
    }

    fn unknown<'b>(
        &mut self,
        node: &Node,
        title: &str,
        word: &str,
        known: impl IntoIterator<Item = &'b str>,
    ) {
        self.report(node, format!("unknown {title} `{word}`"), "this one", suggest(word, known));
    }

    fn wrong(&mut self, node: &Node, what: &str, expected: &str, help: &str) {
        let message = format!("{what} must be {expected}, not {}", node.kind());
        self.report(node, message, "here", help.to_owned());
    }

    fn report(&mut self, node: &Node, message: String, label: &str, help: String) {
        self.mistakes.push(Mistake::at(self.source, node.span, message, label).help(help));
    }
}

impl<'a> Choice<'a> {
    fn name(&self) -> &'a str {
        match self {
            Choice::Word(name) | Choice::Key(name, _) => name,
        }
    }
}

fn choice_of(schema: &Json) -> Option<Choice<'_>> {
    if let Some(word) = schema["const"].as_str() {
        return Some(Choice::Word(word));
    }
    let (key, value) = schema["properties"].as_object()?.iter().next()?;
    Some(Choice::Key(key, value))
}

fn title_of(schema: &Json) -> &str {
    schema["title"].as_str().unwrap_or("value")
}

fn meaning(schema: &Json, key: &str) -> String {
    schema["properties"][key]["description"]
        .as_str()
        .map_or_else(String::new, |text| format!("`{key}`: {text}"))
}
