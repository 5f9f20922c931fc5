//! Bounds on a configuration file, and the check for repeated keys, before anything is built from it.

use super::mistake::{DUPLICATE_KEY, Mistake};
use super::{MAX_CONFIG_DEPTH, MAX_CONFIG_SIZE, MAX_MISTAKES};
use serde::de::{self, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// Most values in a document, counted again each time an alias repeats them.
const MAX_VALUES: usize = 100_000;

/// Most bytes times opening brackets: for each token the YAML scanner walks a list as long as the open brackets, so
/// the product bounds its time (to about a second) whatever the brackets' nesting is. Real files stay far below.
const MAX_SCAN_WORK: usize = 1 << 30;

/// Reads a file up to the size limit.
pub(super) fn read_bounded(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
    let mut bytes = Vec::new();
    let limit = MAX_CONFIG_SIZE as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() > MAX_CONFIG_SIZE {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or(&[]);
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("it is not UTF-8 (line {line})")
    })
}

fn too_large() -> String {
    format!("it is larger than {MAX_CONFIG_SIZE} bytes")
}

/// What is wrong with the document's size, form or keys.
pub(super) fn check(text: &str) -> Vec<Mistake> {
    if text.len() > MAX_CONFIG_SIZE {
        return vec![Mistake::whole_file(too_large())];
    }
    let n_brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if text.len().saturating_mul(n_brackets) > MAX_SCAN_WORK {
        let message = format!("it has too many brackets for its size ({n_brackets}); write lists as lines");
        return vec![Mistake::whole_file(message)];
    }
    let mut mistakes = Vec::new();
    while mistakes.len() < MAX_MISTAKES {
        // An error ends the reading, so each round lets the repeated keys pass that are known already.
        let n_tolerated = Cell::new(mistakes.len());
        let strict = Strict { depth: 0, n_values: &Cell::new(0), n_tolerated: &n_tolerated };
        match strict.read(serde_yaml::Deserializer::from_str(text)) {
            Ok(()) => break,
            Err(error) => mistakes.push(Mistake::from_yaml(text, &error)),
        }
        if mistakes.last().is_some_and(|mistake| !mistake.is_duplicate_key) {
            break;
        }
    }
    mistakes
}

/// Walks any document and builds nothing.
#[derive(Clone, Copy)]
struct Strict<'c> {
    depth: usize,
    n_values: &'c Cell<usize>,
    n_tolerated: &'c Cell<usize>,
}

impl Strict<'_> {
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.n_values.set(self.n_values.get() + 1);
        if self.n_values.get() > MAX_VALUES {
            return Err(de::Error::custom(format_args!("the document has more than {MAX_VALUES} values")));
        }
        deserializer.deserialize_any(self)
    }

    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_CONFIG_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_CONFIG_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> de::DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.read(deserializer)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        while items.next_element_seed(deeper)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        let mut seen = BTreeSet::new();
        while entries.next_key_seed(Key { seen: &mut seen, n_tolerated: self.n_tolerated })?.is_some() {
            entries.next_value_seed(deeper)?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(de::Error::custom("tags (`!name`) have no meaning here"))
    }
}

struct Key<'c> {
    seen: &'c mut BTreeSet<String>,
    n_tolerated: &'c Cell<usize>,
}

impl<'de> de::DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name as key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        if self.seen.insert(key.to_owned()) {
            return Ok(());
        }
        match self.n_tolerated.get().checked_sub(1) {
            Some(left) => self.n_tolerated.set(left),
            None => return Err(E::custom(format_args!("key `{key}` {DUPLICATE_KEY}"))),
        }
        Ok(())
    }
}
