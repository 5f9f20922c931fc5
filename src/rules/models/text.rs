//! Strings of a model file that are checked while they are read, so that an error knows its line.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::pattern::check_class;
use super::{MethodPattern, Subject};

/// A value that is written as one string.
pub(super) trait FromText: Sized {
    /// What is expected, for people.
    const EXPECTED: &'static str;

    /// Reads it.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// Reads a [`FromText`] from a string; the error points at it.
#[derive(Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::from_text(text).map(Text).map_err(E::custom)
    }
}

/// One or more method patterns of one owner.
#[derive(Debug)]
pub(super) struct Patterns(pub(super) Vec<MethodPattern>);

impl FromText for Patterns {
    const EXPECTED: &'static str = "a method such as `java/lang/System.exit(I)V`";

    fn from_text(text: &str) -> Result<Self, String> {
        MethodPattern::parse_all(text).map(Patterns)
    }
}

impl FromText for MethodPattern {
    const EXPECTED: &'static str = Patterns::EXPECTED;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl FromText for Subject {
    const EXPECTED: &'static str = "`result`, `receiver` or `argument N`";

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "result" => Ok(Self::Result),
            "receiver" => Ok(Self::Receiver),
            _ => text
                .strip_prefix("argument ")
                .and_then(|n| n.parse().ok())
                .map(Self::Argument)
                .ok_or_else(|| format!("`{text}` is none of {}", Self::EXPECTED)),
        }
    }
}

/// The internal name of a class.
#[derive(Debug)]
pub(super) struct ClassName(pub(super) String);

impl FromText for ClassName {
    const EXPECTED: &'static str = "a class such as `java/util/Map$Entry`";

    fn from_text(text: &str) -> Result<Self, String> {
        check_class(text).map(|()| Self(text.into()))
    }
}

/// The internal name of a class, or an array descriptor (`[B`, `[Ljava/lang/String;`).
#[derive(Debug)]
pub(super) struct TypeName(pub(super) String);

impl FromText for TypeName {
    const EXPECTED: &'static str = "a class such as `java/util/Map$Entry`, or an array such as `[B`";

    fn from_text(text: &str) -> Result<Self, String> {
        let element = text.trim_start_matches('[');
        let class = element.strip_prefix('L').and_then(|rest| rest.strip_suffix(';'));
        match (element.len() == text.len(), class) {
            (true, _) => check_class(text)?,
            (false, Some(class)) => check_class(class)?,
            (false, None) if matches!(element, "B" | "C" | "D" | "F" | "I" | "J" | "S" | "Z") => {}
            (false, None) => {
                return Err(format!("`{text}` is no array descriptor such as `[Ljava/lang/String;`"));
            }
        }
        Ok(Self(text.into()))
    }
}

/// A package as a prefix of internal names: `java/time/`.
#[derive(Debug)]
pub(super) struct PackageName(pub(super) String);

impl FromText for PackageName {
    const EXPECTED: &'static str = "a package such as `java/time/`";

    fn from_text(text: &str) -> Result<Self, String> {
        let body = text.strip_suffix('/').ok_or_else(|| format!("the package `{text}` must end with `/`"))?;
        check_class(body).map(|()| Self(text.into()))
    }
}

/// An id, or a group's name: lower-case words joined by hyphens.
#[derive(Debug)]
pub(super) struct Kebab(pub(super) String);

impl FromText for Kebab {
    const EXPECTED: &'static str = "a name such as `jvm-exit`";

    fn from_text(text: &str) -> Result<Self, String> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.split('-').all(is_word) {
            return Ok(Self(text.into()));
        }
        Err(format!("`{text}` is no name: lower-case words joined by hyphens are"))
    }
}

/// A method's name, or the beginning of one: letters and digits.
#[derive(Debug)]
pub(super) struct Beginning(pub(super) String);

impl FromText for Beginning {
    const EXPECTED: &'static str = "the beginning of a method's name such as `open`";

    fn from_text(text: &str) -> Result<Self, String> {
        let is_name = text.starts_with(char::is_alphabetic) && text.chars().all(char::is_alphanumeric);
        if is_name { Ok(Self(text.into())) } else { Err(format!("`{text}` begins no method's name")) }
    }
}

/// Words for people, one clause: no line break and no full stop, because they are put into sentences.
#[derive(Debug, Default)]
pub(super) struct Clause(pub(super) String);

impl FromText for Clause {
    const EXPECTED: &'static str = "a clause";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.ends_with('.') || text.contains('\n') || text.trim() != text {
            return Err("a clause has one line, no full stop and no blanks around it".into());
        }
        Ok(Self(text.into()))
    }
}

/// A mapping from ids to rows, in the order of the file; an id may occur once.
#[derive(Debug)]
pub(super) struct Rows<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowsVisitor(PhantomData))
    }
}

struct RowsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for RowsVisitor<T> {
    type Value = Rows<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows, each under its own name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(id) = map.next_key_seed(NewId { seen: &mut seen })? {
            rows.push((id, map.next_value()?));
        }
        Ok(Rows(rows))
    }
}

/// Reads a key and refuses one that was there before; it must do so itself, for the error to point at the key.
struct NewId<'a> {
    seen: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for NewId<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewId<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Kebab::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        let Kebab(id) = Kebab::from_text(text).map_err(E::custom)?;
        if !self.seen.insert(id.clone()) {
            return Err(E::custom(format!("`{id}` is there twice")));
        }
        Ok(id)
    }
}
