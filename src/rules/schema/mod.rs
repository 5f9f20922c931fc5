//! The rule format: what a rule file may say, as structs that mirror its YAML, and their JSON Schema.
//!
//! The schema is derived from these structs. Editors read it, and the shape check reads the same one, so that an
//! editor and `cotenant rules check` can't disagree. What the schema can't say (names that models define, placeholders,
//! globs) is checked afterwards.

pub(crate) mod call;
pub(crate) mod condition;
pub(crate) mod words;

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use condition::{ConditionText, SiteText};
use words::{CertaintyWord, SeverityWord, StatusWord};

/// One rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "rule")]
pub(crate) struct RuleText {
    /// `family/short-name`; the family is static-sharing, classloader, resource or linkage.
    pub(crate) id: String,
    /// One line that names the defect.
    #[schemars(length(min = 1, max = 120))]
    pub(crate) title: String,
    /// What happens when the hazard strikes, unless a case says otherwise.
    pub(crate) severity: SeverityWord,
    /// How sure the scanner is, unless a case says otherwise.
    pub(crate) certainty: CertaintyWord,
    /// How settled the rule is; `stable` if left out.
    pub(crate) status: Option<StatusWord>,
    /// What a finding says; one or two sentences with placeholders in braces.
    #[schemars(length(min = 1))]
    pub(crate) message: String,
    /// What to do about a finding, one line with placeholders in braces.
    #[schemars(length(min = 1))]
    pub(crate) advice: String,
    /// Why it goes wrong, Markdown.
    #[schemars(length(min = 1))]
    pub(crate) why: String,
    /// How to mend it, Markdown.
    #[schemars(length(min = 1))]
    pub(crate) fix: String,
    /// Links to read on.
    #[schemars(length(min = 1))]
    pub(crate) references: Vec<String>,
    /// How it is known that the rule is right.
    pub(crate) proof: ProofText,
    /// Where to look; each match becomes at most one finding.
    pub(crate) find: SiteText,
    /// What must hold there; nothing if left out.
    pub(crate) when: Option<ConditionText>,
    /// Refinements; the first whose `when` holds applies.
    #[schemars(length(min = 1))]
    pub(crate) cases: Option<Vec<CaseText>>,
    /// Rules that tell the same cause: a finding is left out where one of them tells as gravely of the same field or line.
    #[schemars(length(min = 1))]
    pub(crate) yields_to: Option<Vec<String>>,
    /// Rules beside whose findings a note says nothing more: it is left out where one of them tells something graver of
    /// the same field or line, or a note at the same place.
    #[schemars(length(min = 1))]
    pub(crate) notes_yield_to: Option<Vec<String>>,
}

/// How it is known that the rule is right: `jvm`, or `none` with a reason.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "proof")]
pub(crate) enum ProofText {
    /// The bad fixture fails on a JVM in the way the rule says.
    Jvm,
    /// It can't be shown, because of this.
    None(#[schemars(length(min = 1))] String),
}

/// A refinement: what changes when its condition holds too.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "case")]
pub(crate) struct CaseText {
    /// When it applies.
    pub(crate) when: ConditionText,
    /// `true` drops the finding.
    pub(crate) ignore: Option<bool>,
    /// Replaces the severity.
    pub(crate) severity: Option<SeverityWord>,
    /// Replaces the certainty.
    pub(crate) certainty: Option<CertaintyWord>,
    /// Replaces the message.
    #[schemars(length(min = 1))]
    pub(crate) message: Option<String>,
    /// Replaces the advice.
    #[schemars(length(min = 1))]
    pub(crate) advice: Option<String>,
}

/// The JSON Schema (draft 2020-12) of a rule file: one rule, or a list of rules.
pub fn json_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(build);
    &SCHEMA
}

fn build() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<RuleText>().to_value();
    drop_nulls(&mut schema);
    let Value::Object(rule) = &mut schema else { return schema };
    let dialect = rule.remove("$schema").unwrap_or_default();
    let mut definitions = rule.remove("$defs").unwrap_or_default();
    if let Value::Object(all) = &mut definitions {
        all.insert("RuleText".to_owned(), schema);
    }
    let one = serde_json::json!({"$ref": "#/$defs/RuleText"});
    serde_json::json!({
        "$schema": dialect,
        "title": "rules of cotenant",
        "description": "One rule, or a list of rules.",
        "anyOf": [one, {"type": "array", "minItems": 1, "items": one}],
        "$defs": definitions,
    })
}

/// An optional key is left out or has a value; deriving would also allow `key: null`, which is a slip of the pen.
fn drop_nulls(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    map.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [one] = choices.as_slice() {
                    let one = one.clone();
                    map.remove("anyOf");
                    if let Value::Object(one) = one {
                        one.into_iter().for_each(|(key, value)| {
                            map.entry(key).or_insert(value);
                        });
                    }
                }
            }
            map.remove("default");
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
