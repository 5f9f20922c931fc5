//! The rule set for people: a list, one rule in full, the outcome of a check.

use std::fmt::Write as _;
use std::path::Path;

use miette::Report;
use serde_json::json;
use serde_yaml::Value as Yaml;

use super::mistake::Mistakes;
use super::rule::{Proof, Rule, Status};
use super::set::{RuleSet, unknown_rule};

/// Columns that an explanation takes.
const WIDTH: usize = 96;
/// The folder of the bad and good examples, within the project's sources.
const EXAMPLES: &str = "fixtures";

/// `cotenant rules list`: one line per rule.
pub fn list(set: &RuleSet) -> String {
    let rows: Vec<[&str; 5]> = set.rules().iter().map(row).collect();
    let head = ["RULE", "SEVERITY", "CERTAINTY", "PROOF", "TITLE"];
    let width = |column: usize| {
        rows.iter().chain([&head]).filter_map(|row| row.get(column)).map(|cell| cell.len()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    let mut out = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let [id, severity, certainty, proof, title] = row;
        let [a, b, c, d] = widths;
        let _ = writeln!(out, "{id:a$}  {severity:b$}  {certainty:c$}  {proof:d$}  {title}");
    }
    let _ = writeln!(out, "\n{} rules, digest {}", set.rules().len(), set.digest());
    out
}

/// `cotenant rules list --json`: one object with the digest and the rules, sorted by id.
pub fn list_json(set: &RuleSet) -> String {
    let rules: Vec<_> = set.rules().iter().map(rule_json).collect();
    let all = json!({"schema": "cotenant-rules/1", "digest": set.digest(), "rules": rules});
    format!("{all:#}\n")
}

/// `cotenant rules explain ID`: what the rule finds, why it matters, how to mend it, and its conditions.
///
/// # Errors
/// No rule with this id; the mistake names the closest one.
pub fn explain(set: &RuleSet, id: &str) -> Result<String, Mistakes> {
    let Some(rule) = set.get(id) else { return Err(unknown_rule(set, id).into()) };
    let mut out = format!("{id}\n");
    paragraph(&mut out, &rule.meta.title, "");
    let proof = match &rule.proof {
        Proof::Jvm => "its bad example fails on a JVM as described".to_owned(),
        Proof::None(reason) => format!("none: {reason}"),
    };
    let [_, severity, certainty, ..] = row(rule);
    let _ = writeln!(out, "\nseverity   {severity}\ncertainty  {certainty}\nstatus     {}", status(rule));
    let _ = writeln!(out, "origin     {}", rule.origin);
    out.push_str(&textwrap::fill(
        &format!("proof      {proof}"),
        textwrap::Options::new(WIDTH).subsequent_indent("           "),
    ));
    out.push('\n');
    section(&mut out, "Why", &rule.meta.why);
    section(&mut out, "Fix", &rule.meta.fix);
    let links: Vec<String> = rule.meta.references.iter().map(|link| format!("  {link}")).collect();
    let _ = writeln!(out, "\nReferences\n{}", links.join("\n"));
    let _ = writeln!(out, "\nExamples\n  bad   {EXAMPLES}/{id}/bad*\n  good  {EXAMPLES}/{id}/good*");
    if let Some(conditions) = set.yaml(id).and_then(conditions) {
        let _ = writeln!(out, "\nConditions\n{}", textwrap::indent(conditions.trim_end(), "  "));
    }
    Ok(out)
}

/// `cotenant rules check PATH`: how many rules the file or folder holds.
///
/// # Errors
/// Everything that is wrong with them.
pub fn check(path: &Path) -> Result<String, Report> {
    let (ids, n_models) = super::set::check(path)?;
    let noun = if ids.len() == 1 { "rule" } else { "rules" };
    let models = match n_models {
        0 => String::new(),
        1 => " and 1 file of models".to_owned(),
        n => format!(" and {n} files of models"),
    };
    Ok(format!("{}: {} {noun}{models}, no mistake\n", path.display(), ids.len()))
}

/// `cotenant rules schema`: the JSON Schema of rule files, for editors.
pub fn schema() -> String {
    format!("{:#}\n", super::json_schema())
}

fn row(rule: &Rule) -> [&str; 5] {
    let severity = rule.meta.severity.map_or("", |severity| severity.text());
    let proof = match rule.proof {
        Proof::Jvm => "jvm",
        Proof::None(_) => "none",
    };
    [&rule.meta.id, severity, rule.certainty.text(), proof, &rule.meta.title]
}

fn status(rule: &Rule) -> &'static str {
    match rule.status {
        Status::Stable => "stable",
        Status::Preview => "preview",
        Status::Deprecated => "deprecated",
    }
}

fn rule_json(rule: &Rule) -> serde_json::Value {
    let [id, severity, certainty, proof, title] = row(rule);
    json!({
        "id": id,
        "title": title,
        "severity": severity,
        "certainty": certainty,
        "status": status(rule),
        "proof": proof,
        "origin": rule.origin,
        "why": rule.meta.why,
        "fix": rule.meta.fix,
        "references": rule.meta.references,
    })
}

fn section(out: &mut String, head: &str, markdown: &str) {
    let _ = writeln!(out, "\n{head}");
    markdown_text(out, markdown);
}

/// Wraps Markdown for a terminal: paragraphs and list items are filled, code blocks stand as they are.
fn markdown_text(out: &mut String, markdown: &str) {
    let mut open = String::new();
    let mut is_code = false;
    for line in markdown.lines() {
        let is_fence = line.trim_start().starts_with("```");
        let is_item = line.trim_start().starts_with("- ");
        if is_code || is_fence || is_item || line.trim().is_empty() {
            paragraph(out, &std::mem::take(&mut open), "  ");
        }
        if is_fence {
            is_code = !is_code;
        } else if is_code {
            let _ = writeln!(out, "      {line}");
        } else if line.trim().is_empty() {
            out.push('\n');
        } else {
            open = format!("{open} {}", line.trim());
        }
    }
    paragraph(out, &open, "  ");
}

fn paragraph(out: &mut String, text: &str, indent: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let hanging = if text.starts_with("- ") { format!("{indent}  ") } else { indent.to_owned() };
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(&hanging)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let _ = writeln!(out, "{}", textwrap::fill(text, options));
}

/// The part of a rule that decides, as YAML.
fn conditions(yaml: &Yaml) -> Option<String> {
    let mut part = serde_yaml::Mapping::new();
    for key in ["find", "when", "cases"] {
        if let Some(value) = yaml.get(key) {
            part.insert(Yaml::from(key), value.clone());
        }
    }
    serde_yaml::to_string(&part).ok()
}
