//! The applied rules as SARIF describes them.

use super::format::{Configuration, Help, Message, Rule, RuleProperties};
use crate::findings::{Outcome, RuleMeta, Severity};

/// Longer descriptions are refused by code review.
const MAX_DESCRIPTION: usize = 1024;
/// Longer names are refused by code review.
const MAX_NAME: usize = 255;

/// All applied rules, not only those with findings: which ones were asked is part of the result.
pub(super) fn rules(outcome: &Outcome) -> Vec<Rule> {
    let mut rules: Vec<Rule> = outcome.rules.iter().map(rule).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules.dedup_by(|a, b| a.id == b.id);
    rules
}

fn rule(meta: &RuleMeta) -> Rule {
    let severity = meta.severity.unwrap_or(Severity::Warning);
    let title = if meta.title.trim().is_empty() { &meta.id } else { &meta.title };
    let why = first_paragraph(&meta.why);
    Rule {
        id: meta.id.clone(),
        name: shortened(&name(&meta.id), MAX_NAME),
        short_description: Message::new(shortened(title, MAX_DESCRIPTION)),
        full_description: Message::new(shortened(if why.is_empty() { title } else { &why }, MAX_DESCRIPTION)),
        help: help(meta, title),
        help_uri: meta.references.iter().find(|link| is_link(link)).cloned(),
        default_configuration: Configuration { level: severity.text() },
        properties: properties(&meta.id, severity),
    }
}

/// `family/short-name` -> `ShortName`.
fn name(id: &str) -> String {
    let short = id.rsplit('/').next().unwrap_or(id);
    let words = short.split(|c: char| !c.is_alphanumeric());
    words
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string());
            [first.unwrap_or_default(), chars.as_str().to_string()]
        })
        .collect()
}

fn help(meta: &RuleMeta, title: &str) -> Help {
    let mut text = Vec::new();
    let mut markdown = Vec::new();
    if !meta.why.trim().is_empty() {
        text.push(meta.why.trim().to_string());
        markdown.push(meta.why.trim().to_string());
    }
    if !meta.fix.trim().is_empty() {
        text.push(format!("How to fix: {}", meta.fix.trim()));
        markdown.push(format!("## How to fix\n\n{}", meta.fix.trim()));
    }
    if !meta.references.is_empty() {
        let list: Vec<String> = meta.references.iter().map(|link| format!("- {link}")).collect();
        text.push(format!("See also:\n{}", list.join("\n")));
        markdown.push(format!("## See also\n\n{}", list.join("\n")));
    }
    if text.is_empty() {
        return Help { text: title.to_string(), markdown: title.to_string() };
    }
    Help { text: text.join("\n\n"), markdown: markdown.join("\n\n") }
}

/// Precision follows severity, since what is only possible is never above a note. There is no `security-severity`:
/// it would turn every hazard into a security alert.
fn properties(id: &str, severity: Severity) -> RuleProperties {
    let (precision, problem_severity) = match severity {
        Severity::Error => ("high", "error"),
        Severity::Warning => ("high", "warning"),
        Severity::Note => ("medium", "recommendation"),
    };
    let mut tags = vec!["jvm".to_string(), "reliability".to_string()];
    tags.extend(id.split_once('/').map(|(family, _)| family.to_string()));
    tags.sort();
    tags.dedup();
    RuleProperties { precision, problem_severity, tags }
}

fn first_paragraph(markdown: &str) -> String {
    let paragraph = markdown.trim().split("\n\n").next().unwrap_or("");
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_string(),
        Some(_) => text.chars().take(max - 1).chain(['…']).collect(),
    }
}

fn is_link(text: &str) -> bool {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    is_web && text.bytes().all(|b| b.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_after_its_id_in_camel_case() {
        assert_eq!(name("static-sharing/overwritten-static"), "OverwrittenStatic");
        assert_eq!(name("x"), "X");
        assert_eq!(name(""), "");
    }

    #[test]
    fn descriptions_are_cut_at_a_character() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }
}
