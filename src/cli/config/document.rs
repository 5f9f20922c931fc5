//! Reads the document entry by entry, so that a mistake in one does not hide the mistakes in the others.

use super::mistake::Mistake;
use super::values::{self, Module, Paths, RuleGlobs, Topology};
use super::{Config, MAX_MISTAKES, Suppression};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

const KEYS: &[&str] = &[
    "version",
    "topology",
    "base",
    "modules",
    "jdk",
    "jdk-release",
    "source-roots",
    "rules",
    "only",
    "skip",
    "fail-on",
    "suppressions",
    "limits",
];

/// An entry of the document, and one of its items if it is a list that is read item by item; by position.
type Entry = (usize, Option<usize>);

/// Reads all it can. An error ends a reading of the document, so it is read again without the entry that was wrong.
pub(super) fn read(text: &str) -> (Config, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let mut wrong = BTreeSet::new();
    while mistakes.len() < MAX_MISTAKES {
        let current = Cell::new(None);
        let document = Document { wrong: &wrong, current: &current };
        match serde_yaml::Deserializer::from_str(text).deserialize_any(document) {
            Ok(config) => return (config, mistakes),
            Err(error) => mistakes.push(Mistake::from_yaml(text, &error)),
        }
        let is_new = current.get().is_some_and(|entry| wrong.insert(entry));
        if !is_new {
            break;
        }
    }
    (Config::default(), mistakes)
}

#[derive(Clone, Copy)]
struct Document<'r> {
    wrong: &'r BTreeSet<Entry>,
    current: &'r Cell<Option<Entry>>,
}

impl Document<'_> {
    /// Notes what is read next; says whether it is known to be wrong.
    fn begin(self, entry: Entry) -> bool {
        self.current.set(Some(entry));
        self.wrong.contains(&entry)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping with keys such as `base` and `modules`")
    }

    fn visit_unit<E>(self) -> Result<Config, E> {
        Ok(Config::default())
    }

    fn visit_none<E>(self) -> Result<Config, E> {
        Ok(Config::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Config, A::Error> {
        let mut config = Config::default();
        let mut position = 0;
        loop {
            let is_wrong = self.begin((position, None));
            let Some(key) = entries.next_key_seed(Key { check: !is_wrong })? else { break };
            if is_wrong {
                entries.next_value::<IgnoredAny>()?;
            } else {
                self.read_entry(&mut config, position, &key, &mut entries)?;
            }
            position += 1;
        }
        Ok(config)
    }
}

impl Document<'_> {
    fn read_entry<'de, A: MapAccess<'de>>(
        self,
        config: &mut Config,
        position: usize,
        key: &str,
        entries: &mut A,
    ) -> Result<(), A::Error> {
        let items = Items { document: self, position };
        match key {
            "version" => entries.next_value::<values::Version>().map(|_| ())?,
            "topology" => config.topology = entries.next_value::<Topology>()?.0,
            "base" => config.base = entries.next_value::<Paths>()?.0,
            "modules" => config.modules = entries.next_value_seed(Modules(items))?,
            "jdk" => config.jdk = Some(entries.next_value()?),
            "jdk-release" => config.jdk_release = Some(entries.next_value::<values::Release>()?.0),
            "source-roots" => config.source_roots = entries.next_value::<Paths>()?.0,
            "rules" => config.rules = entries.next_value::<Paths>()?.0,
            "only" => config.only = entries.next_value::<RuleGlobs>()?.0,
            "skip" => config.skip = entries.next_value::<RuleGlobs>()?.0,
            "fail-on" => config.fail_on = Some(entries.next_value()?),
            "suppressions" => config.suppressions = entries.next_value_seed(Suppressions(items))?,
            "limits" => config.limits = entries.next_value()?,
            _ => entries.next_value::<IgnoredAny>().map(|_| ())?,
        }
        Ok(())
    }
}

struct Key {
    check: bool,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        if self.check && !KEYS.contains(&key) {
            return Err(E::unknown_field(key, KEYS));
        }
        Ok(key.to_owned())
    }
}

#[derive(Clone, Copy)]
struct Items<'r> {
    document: Document<'r>,
    position: usize,
}

impl Items<'_> {
    fn begin(self, item: usize) -> bool {
        self.document.begin((self.position, Some(item)))
    }
}

struct Modules<'r>(Items<'r>);

impl<'de> DeserializeSeed<'de> for Modules<'_> {
    type Value = Vec<(String, Vec<std::path::PathBuf>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Modules<'_> {
    type Value = Vec<(String, Vec<std::path::PathBuf>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of module names to paths")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut modules = Vec::new();
        loop {
            let is_wrong = self.0.begin(modules.len());
            let Some(name) = entries.next_key_seed(values::ModuleName { check: !is_wrong })? else { break };
            let paths = if is_wrong {
                entries.next_value::<IgnoredAny>()?;
                Vec::new()
            } else {
                entries.next_value::<Module>()?.0
            };
            modules.push((name, paths));
        }
        Ok(modules)
    }
}

struct Suppressions<'r>(Items<'r>);

impl<'de> DeserializeSeed<'de> for Suppressions<'_> {
    type Value = Vec<Suppression>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Suppressions<'_> {
    type Value = Vec<Suppression>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of suppressions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut suppressions = Vec::new();
        loop {
            let read = if self.0.begin(suppressions.len()) {
                items.next_element::<IgnoredAny>()?.map(|_| Suppression::default())
            } else {
                items.next_element::<Suppression>()?
            };
            match read {
                Some(suppression) => suppressions.push(suppression),
                None => return Ok(suppressions),
            }
        }
    }
}
