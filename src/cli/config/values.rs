//! The values of a configuration, each checked while it is read, so that a mistake is reported at its place.

use super::scalars::{Jdk, check_glob, parse_release, parse_size};
use super::{FailOn, TopologyConfig};
use crate::topology::CONTAINERS;
use clap::ValueEnum;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::path::PathBuf;

pub(super) struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer, "version 1", |text| match text {
            "1" => Ok(Self),
            _ => Err(format!("version {text} is not known; this is the form of version 1")),
        })
    }
}

impl<'de> Deserialize<'de> for Jdk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer, "a JDK's home or a release number", Jdk::parse)
    }
}

pub(super) struct Release(pub(super) u16);

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer, "a JDK release such as 8", parse_release).map(Self)
    }
}

impl<'de> Deserialize<'de> for FailOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NAMES: &[&str] = &["error", "warning", "note", "never"];
        let checked = |text: &str| FailOn::from_str(text, false);
        from_choice(deserializer, NAMES, checked)
    }
}

pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    from_text_or_number(deserializer, "a size such as 64M", parse_size).map(Some)
}

/// Text, or a list of texts.
pub(super) struct Paths(pub(super) Vec<PathBuf>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = deserializer
            .deserialize_any(OneOrMany { what: "a path or a list of paths", check: check_path })?;
        Ok(Self(texts.into_iter().map(PathBuf::from).collect()))
    }
}

fn check_path(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("a path must not be empty".to_owned()) } else { Ok(()) }
}

pub(super) struct RuleGlobs(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for RuleGlobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "a pattern of rule ids or a list of such";
        deserializer.deserialize_any(OneOrMany { what, check: check_glob }).map(Self)
    }
}

struct Prefixes(Vec<String>);

impl<'de> Deserialize<'de> for Prefixes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let check =
            |text: &str| if text.is_empty() { Err("a prefix must not be empty".to_owned()) } else { Ok(()) };
        deserializer.deserialize_any(OneOrMany { what: "a prefix or a list of prefixes", check }).map(Self)
    }
}

#[derive(Clone, Copy)]
struct OneOrMany {
    what: &'static str,
    check: fn(&str) -> Result<(), String>,
}

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
        (self.check)(text).map_err(E::custom)?;
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element_seed(Text { what: "text", check: self.check })? {
            texts.push(text);
        }
        Ok(texts)
    }
}

/// One checked text.
pub(super) struct Text {
    pub(super) what: &'static str,
    pub(super) check: fn(&str) -> Result<(), String>,
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        (self.check)(text).map_err(E::custom)?;
        Ok(text.to_owned())
    }
}

/// The key of a module. The name `base` is taken.
pub(super) struct ModuleName {
    pub(super) check: bool,
}

impl<'de> DeserializeSeed<'de> for ModuleName {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let check = if self.check { check_module_name } else { |_: &str| Ok(()) };
        Text { what: "a module's name", check }.deserialize(deserializer)
    }
}

/// What makes a module's name unfit.
///
/// # Errors
/// If it is empty or the base's.
pub(crate) fn check_module_name(name: &str) -> Result<(), String> {
    match name.trim() {
        "" => Err("a module's name must not be empty".to_owned()),
        "base" => Err("`base` is the base's own name; call the module something else".to_owned()),
        _ => Ok(()),
    }
}

/// `path`, `[paths]` or `{path: …}`.
pub(super) struct Module(pub(super) Vec<PathBuf>);

impl<'de> Deserialize<'de> for Module {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModuleVisitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ModuleFields {
    path: Paths,
}

struct ModuleVisitor;

impl ModuleVisitor {
    const PATHS: OneOrMany =
        OneOrMany { what: "a path, a list of paths, or a mapping with the key `path`", check: check_path };

    fn from_texts<E: de::Error>(texts: Vec<String>) -> Result<Module, E> {
        if texts.is_empty() {
            return Err(E::custom("a module needs a path"));
        }
        Ok(Module(texts.into_iter().map(PathBuf::from).collect()))
    }
}

impl<'de> Visitor<'de> for ModuleVisitor {
    type Value = Module;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::PATHS.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Module, E> {
        Self::from_texts(Self::PATHS.visit_str(text)?)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Module, A::Error> {
        Self::from_texts(Self::PATHS.visit_seq(items)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Module, A::Error> {
        let fields = ModuleFields::deserialize(MapAccessDeserializer::new(entries))?;
        if fields.path.0.is_empty() {
            Err(de::Error::custom("a module needs a path"))
        } else {
            Ok(Module(fields.path.0))
        }
    }
}

pub(super) struct Topology(pub(super) TopologyConfig);

impl<'de> Deserialize<'de> for Topology {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopologyVisitor).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TopologyFields {
    container: Option<ContainerName>,
    delegate: Option<bool>,
    plugin_export: Option<bool>,
    parent_first: Option<Prefixes>,
    base_hidden: Option<bool>,
}

struct ContainerName(String);

impl<'de> Deserialize<'de> for ContainerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TopologyVisitor)
            .map(|topology| Self(topology.container.unwrap_or_default()))
    }
}

struct TopologyVisitor;

impl<'de> Visitor<'de> for TopologyVisitor {
    type Value = TopologyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a container")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TopologyConfig, E> {
        if CONTAINERS.iter().any(|row| row.name == text) {
            return Ok(TopologyConfig { container: Some(text.to_owned()), ..TopologyConfig::default() });
        }
        let names: Vec<String> = CONTAINERS.iter().map(|row| format!("`{}`", row.name)).collect();
        Err(E::custom(format_args!("unknown variant `{text}`, expected one of {}", names.join(", "))))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<TopologyConfig, A::Error> {
        let fields = TopologyFields::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(TopologyConfig {
            container: fields.container.map(|name| name.0),
            delegate: fields.delegate,
            plugin_export: fields.plugin_export,
            parent_first: fields.parent_first.map(|prefixes| prefixes.0).unwrap_or_default(),
            base_hidden: fields.base_hidden,
        })
    }
}

/// A word out of a few; an unknown one is reported with all of them.
fn from_choice<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    names: &'static [&'static str],
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Choice<T>(&'static [&'static str], fn(&str) -> Result<T, String>);
    impl<T> Visitor<'_> for Choice<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "one of {}", self.0.join(", "))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(|_| E::unknown_variant(text, self.0))
        }
    }
    deserializer.deserialize_str(Choice(names, parse))
}

/// A scalar, parsed from its text whether YAML takes it for a number or not.
pub(super) fn from_text_or_number<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &'static str,
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Scalar<T>(&'static str, fn(&str) -> Result<T, String>);
    impl<T> Visitor<'_> for Scalar<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Scalar(what, parse))
}
