//! Class names in configuration files, each with its line: services files, properties, XML.
//!
//! The text may be anybody's: what is no configuration yields nothing, of a damaged file what stands before the damage
//! counts, entities are not followed, and a file yields at most [`MAX_NAMES`] names.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Names that one file yields at most.
pub const MAX_NAMES: usize = 1 << 14;

/// A class that a configuration file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredName {
    /// The binary name with dots, as it is written.
    pub name: String,
    /// The key of a property; the element, or `element@attribute`, of an XML file; empty in a list.
    pub key: String,
    /// Line in the file, from 1.
    pub line: u32,
}

/// How a configuration file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// One name on each line, comments after `#` (`java.util.ServiceLoader`).
    List,
    /// `java.util.Properties`, the values being names separated by commas.
    Properties,
    /// XML.
    Xml,
}

/// The class names of a text. Of properties and XML only those count whose key `is_wanted`.
pub fn names_in(text: &str, notation: Notation, is_wanted: &dyn Fn(&str) -> bool) -> Vec<ConfiguredName> {
    let mut found = Found { text, line: 1, counted: 0, names: Vec::new() };
    match notation {
        Notation::List => list(&mut found),
        Notation::Properties => properties(&mut found, is_wanted),
        Notation::Xml => xml(&mut found, is_wanted),
    }
    found.names
}

/// What was found so far, up to which byte of the text lines were counted.
struct Found<'t> {
    text: &'t str,
    line: u32,
    counted: usize,
    names: Vec<ConfiguredName>,
}

impl Found<'_> {
    fn is_full(&self) -> bool {
        self.names.len() >= MAX_NAMES
    }

    /// Takes in a name that begins at a byte of the text, if it has the form of a qualified class name.
    fn add(&mut self, name: &str, key: &str, at: usize) {
        if self.is_full() || !is_qualified(name) {
            return;
        }
        let passed = self.text.as_bytes().get(self.counted..at).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u32;
        self.counted = self.counted.max(at);
        self.names.push(ConfiguredName { name: name.to_owned(), key: key.to_owned(), line: self.line });
    }
}

/// Whether a text has the form of a class's binary name in a package.
fn is_qualified(name: &str) -> bool {
    let is_start = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    let is_part = |part: &str| {
        part.starts_with(is_start) && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
    };
    name.contains('.') && name.split('.').all(is_part)
}

fn list(found: &mut Found<'_>) {
    let mut at = 0;
    for line in found.text.split_inclusive('\n') {
        let name = line.split('#').next().unwrap_or_default();
        let blank = name.len() - name.trim_start().len();
        found.add(name.trim(), "", at + blank);
        at += line.len();
    }
}

/// A logical line of a properties file may go on over several; each name has the line that it stands on.
fn properties(found: &mut Found<'_>, is_wanted: &dyn Fn(&str) -> bool) {
    let mut at = 0;
    let mut key: Option<String> = None;
    for line in found.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let text = line.trim_end_matches(['\n', '\r']);
        let goes_on = text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let text = if goes_on { text.get(..text.len() - 1).unwrap_or_default() } else { text };
        let value = match key.take() {
            Some(begun) => {
                key = Some(begun);
                text
            }
            None if text.trim_start().starts_with(['#', '!']) => continue,
            None => {
                let (name, value) = split_property(text);
                key = Some(name.to_owned());
                value
            }
        };
        if let Some(key) = key.as_deref().filter(|key| is_wanted(key)) {
            let mut offset = start + (text.len() - value.len());
            for item in value.split(',') {
                let blank = item.len() - item.trim_start().len();
                found.add(item.trim(), key, offset + blank);
                offset += item.len() + 1;
            }
        }
        if !goes_on {
            key = None;
        }
    }
}

/// `java.util.Properties`: a key ends at a colon, an equals sign or a blank that no backslash stands before. A value is
/// always the end of the text.
fn split_property(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut is_escaped = false;
    for (i, c) in text.char_indices() {
        if !is_escaped && (matches!(c, '=' | ':') || c.is_whitespace()) {
            let (key, rest) = text.split_at(i);
            let rest = rest.trim_start();
            return (key, rest.strip_prefix(['=', ':']).unwrap_or(rest));
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    (text, "")
}

fn xml(found: &mut Found<'_>, is_wanted: &dyn Fn(&str) -> bool) {
    let mut reader = Reader::from_str(found.text);
    reader.config_mut().check_end_names = false;
    let mut element: Option<String> = None;
    while !found.is_full() {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let Ok(event) = reader.read_event() else { return };
        let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let raw = found.text.get(start..end).unwrap_or_default();
        match event {
            Event::Eof => return,
            Event::Start(tag) => {
                let name = local_name(&tag);
                attributes(found, &tag, &name, (raw, start), is_wanted);
                element = Some(name);
            }
            Event::Empty(tag) => attributes(found, &tag, &local_name(&tag), (raw, start), is_wanted),
            Event::End(_) => element = None,
            Event::Text(_) => {
                if let Some(key) = element.as_deref().filter(|key| is_wanted(key)) {
                    let blank = raw.len() - raw.trim_start().len();
                    found.add(raw.trim(), key, start + blank);
                }
            }
            _ => {}
        }
    }
}

fn local_name(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_owned()
}

fn attributes(
    found: &mut Found<'_>,
    tag: &BytesStart<'_>,
    element: &str,
    (raw, start): (&str, usize),
    is_wanted: &dyn Fn(&str) -> bool,
) {
    let mut from = 0;
    for attribute in tag.attributes().with_checks(false).map_while(Result::ok) {
        let value: &str = attribute.value.as_ref();
        // The values stand in the tag in this order.
        let Some(at) = raw.get(from..).and_then(|rest| rest.find(value)).map(|at| from + at) else {
            continue;
        };
        from = at + value.len();
        let key = format!("{element}@{}", attribute.key.local_name().as_ref());
        if is_wanted(&key) {
            let blank = value.len() - value.trim_start().len();
            found.add(value.trim(), &key, start + at + blank);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, notation: Notation, wanted: &[&str]) -> String {
        let names = names_in(text, notation, &|key| wanted.is_empty() || wanted.contains(&key));
        let shown: Vec<String> = names.iter().map(|n| format!("{}:{}:{}", n.line, n.key, n.name)).collect();
        shown.join(" ")
    }

    #[test]
    fn a_services_file_is_a_list_with_comments() {
        let text = "# ours\n a.JsonCodec # default\r\n\n\tb.Codec$Fast\nno\n1.2\n";
        assert_eq!(shown(text, Notation::List, &[]), "2::a.JsonCodec 4::b.Codec$Fast");
    }

    #[test]
    fn a_property_may_go_on_over_several_lines() {
        let text =
            "# a.No=b.No\r\na.Key=\\\r\n  b.One,\\\r\n  b.Two\r\n! b.No\nother: b.Three , b.Four\nempty\n";
        assert_eq!(
            shown(text, Notation::Properties, &[]),
            "3:a.Key:b.One 4:a.Key:b.Two 6:other:b.Three 6:other:b.Four"
        );
        assert_eq!(shown(text, Notation::Properties, &["other"]), "6:other:b.Three 6:other:b.Four");
        assert_eq!(shown("k=a.B\\", Notation::Properties, &[]), "1:k:a.B");
    }

    #[test]
    fn xml_names_classes_in_elements_and_attributes() {
        let text = "<?xml version='1.0'?>\n<!DOCTYPE x [<!ENTITY e 'a.Entity'>]>\n<w:web-app xmlns:w='a.b'>\n\
                    <!-- <servlet-class>a.No</servlet-class> -->\n<servlet-class>\n  a.B\n</servlet-class>\n\
                    <servlet-class>&e;</servlet-class>\n<bean id='a.B'\n class=\"c.D\"/></w:web-app>";
        assert_eq!(
            shown(text, Notation::Xml, &["servlet-class", "bean@class"]),
            "6:servlet-class:a.B 10:bean@class:c.D"
        );
    }

    #[test]
    fn what_stands_before_the_damage_counts() {
        let text = "<a><b>x.Y</b><b class='";
        assert_eq!(shown(text, Notation::Xml, &["b"]), "1:b:x.Y");
        for text in
            ["<", "<a", "<![CDATA[", "<!--", "&#0;", "<a b=>", "\u{0}", "</a></a>", "<a a='ä.ö'>ü.Ü</a>"]
        {
            for notation in [Notation::List, Notation::Properties, Notation::Xml] {
                let _ = names_in(text, notation, &|_| true);
            }
        }
    }

    #[test]
    fn a_file_yields_a_bounded_number_of_names() {
        let text = "a.B\n".repeat(MAX_NAMES + 3);
        assert_eq!(names_in(&text, Notation::List, &|_| true).len(), MAX_NAMES);
    }
}
