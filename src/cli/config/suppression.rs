//! A suppression as the file writes it.

use super::scalars::check_glob;
use super::values::{Text, from_text_or_number};
use super::{Date, Suppression};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::fmt;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SuppressionFields {
    rule: Option<GlobText>,
    #[serde(rename = "match")]
    matches: Option<MatchFields>,
    fingerprint: Option<Fingerprint>,
    reason: Reason,
    expires: Option<Date>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct MatchFields {
    class: Option<GlobText>,
    member: Option<String>,
    module: Option<String>,
}

struct GlobText(String);

impl<'de> Deserialize<'de> for GlobText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Class names use dots where globs know slashes only.
        let check = |text: &str| check_glob(&text.replace('.', "/"));
        Text { what: "a pattern", check }.deserialize(deserializer).map(Self)
    }
}

struct Fingerprint(String);

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let check = |text: &str| {
            let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            let fits = is_hex && (8..=32).contains(&text.len());
            if fits { Ok(()) } else { Err("a fingerprint has 8 to 32 digits 0-9a-f".to_owned()) }
        };
        Text { what: "a fingerprint in quotes", check }.deserialize(deserializer).map(Self)
    }
}

struct Reason(String);

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let check = |text: &str| {
            if text.trim().is_empty() { Err("the reason must say something".to_owned()) } else { Ok(()) }
        };
        Text { what: "the reason as text", check }.deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer, "a date such as 2027-03-31", |text| {
            Self::parse(text).ok_or_else(|| format!("`{text}` is no date; write it as 2027-03-31"))
        })
    }
}

impl<'de> Deserialize<'de> for Suppression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SuppressionVisitor)
    }
}

struct SuppressionVisitor;

impl<'de> Visitor<'de> for SuppressionVisitor {
    type Value = Suppression;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a suppression with the keys `rule` or `match` or `fingerprint`, and `reason`")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Suppression, A::Error> {
        let fields = SuppressionFields::deserialize(MapAccessDeserializer::new(entries))?;
        let matches = fields.matches.unwrap_or_default();
        let suppression = Suppression {
            rule: fields.rule.map(|glob| glob.0),
            class: matches.class.map(|glob| glob.0),
            member: matches.member,
            module: matches.module,
            fingerprint: fields.fingerprint.map(|text| text.0),
            reason: fields.reason.0,
            expires: fields.expires,
        };
        if names_nothing(&suppression) {
            return Err(de::Error::custom("a suppression needs a `rule`, a `match` or a `fingerprint`"));
        }
        Ok(suppression)
    }
}

fn names_nothing(suppression: &Suppression) -> bool {
    let Suppression { rule, class, member, module, fingerprint, .. } = suppression;
    [rule, class, member, module, fingerprint].iter().all(|part| part.is_none())
}
