//! The package that a source file declares, from its first lines.

use std::iter::Peekable;

/// Words that begin a file's declarations; no package clause comes after them.
const DECLARATIONS: &[&str] = &[
    "import",
    "class",
    "interface",
    "enum",
    "record",
    "object",
    "trait",
    "module",
    "fun",
    "def",
    "val",
    "var",
    "public",
    "abstract",
    "final",
    "sealed",
];

/// The package declared at the top of `text`, `""` if there is none. `extension` names the language, whose rules for
/// comments differ: Kotlin and Scala nest them. Scala's consecutive clauses are joined.
pub(super) fn declared_package(text: &str, extension: &str) -> String {
    let is_scala = extension == "scala";
    let mut tokens = Tokens { rest: text, nested_comments: is_scala || extension == "kt" }.peekable();
    let mut packages: Vec<String> = Vec::new();
    let mut depth = 0usize;
    while let Some(token) = tokens.next() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Word("package") if depth == 0 => {
                let Some(name) = dotted_name(&mut tokens) else { break };
                packages.push(name);
                if !is_scala {
                    break;
                }
            }
            Token::Word(word) if depth == 0 && DECLARATIONS.contains(&word) => break,
            _ => {}
        }
    }
    packages.join(".")
}

/// The name after `package`; `None` for Scala's `package object`, which declares an object.
fn dotted_name<'a>(tokens: &mut Peekable<Tokens<'a>>) -> Option<String> {
    let Some(Token::Word(first)) = tokens.next() else { return None };
    if first == "object" && matches!(tokens.peek(), Some(Token::Word(_))) {
        return None;
    }
    let mut name = first.to_string();
    while tokens.next_if_eq(&Token::Mark('.')).is_some() {
        let Some(Token::Word(part)) = tokens.next() else { break };
        name.push('.');
        name.push_str(part);
    }
    Some(name)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Mark(char),
}

/// Words and marks, without comments, strings and a first line `#!`.
struct Tokens<'a> {
    rest: &'a str,
    nested_comments: bool,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let first = self.rest.chars().next()?;
            if self.rest.starts_with("//") || self.rest.starts_with("#!") {
                self.rest = self.rest.split_once('\n').map_or("", |(_, after)| after);
            } else if let Some(after) = self.rest.strip_prefix("/*") {
                self.rest = after_comment(after, self.nested_comments);
            } else if first == '"' {
                self.rest = after_string(self.rest);
            } else if let Some(quoted) = self.rest.strip_prefix('`') {
                let (word, after) = quoted.split_once('`').unwrap_or((quoted, ""));
                self.rest = after;
                return Some(Token::Word(word));
            } else if is_word(first) {
                let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                let (word, after) = self.rest.split_at(end);
                self.rest = after;
                return Some(Token::Word(word));
            } else {
                self.rest = &self.rest[first.len_utf8()..];
                return Some(Token::Mark(first));
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn after_comment(text: &str, nested: bool) -> &str {
    let mut depth = 1usize;
    let mut rest = text;
    while let Some(at) = rest.find(['*', '/']) {
        let here = &rest[at..];
        if let Some(after) = here.strip_prefix("*/") {
            rest = after;
            depth -= 1;
            if depth == 0 {
                return rest;
            }
        } else if let (true, Some(after)) = (nested, here.strip_prefix("/*")) {
            rest = after;
            depth += 1;
        } else {
            rest = &here[1..];
        }
    }
    ""
}

fn after_string(text: &str) -> &str {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block.split_once("\"\"\"").map_or("", |(_, after)| after);
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return &text[at + 1..],
            _ => escaped = c == '\\' && !escaped,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::declared_package;

    #[test]
    fn comments_strings_and_annotations_hide_no_package() {
        let java =
            "/* package no; */\n// package no\n/** class X {} */\npackage com.acme . shop;\nimport a.b;";
        assert_eq!(declared_package(java, "java"), "com.acme.shop");
        let info = "@Generated(value = \"package x; \\\" (\", date = \"class\")\npackage com.acme;";
        assert_eq!(declared_package(info, "java"), "com.acme");
        let kotlin = "#!/usr/bin/env kotlin\n@file:JvmName(\"Orders\")\n/* a /* nested */ package no */\npackage `in`.acme\n";
        assert_eq!(declared_package(kotlin, "kt"), "in.acme");
    }

    #[test]
    fn java_comments_do_not_nest() {
        assert_eq!(declared_package("/* /* */ package a;", "java"), "a");
    }

    #[test]
    fn scala_clauses_are_joined_and_package_objects_left_out() {
        assert_eq!(declared_package("package com.acme\npackage shop\n\nclass A", "scala"), "com.acme.shop");
        assert_eq!(declared_package("package com.acme\npackage object shop {", "scala"), "com.acme");
    }

    #[test]
    fn files_without_a_package_are_in_the_unnamed_one() {
        for text in ["", "class A {}", "import x.package;", "package", "/* never closed", "\"open", "`open"] {
            assert_eq!(declared_package(text, "java"), "", "{text}");
        }
    }
}
