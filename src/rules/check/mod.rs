//! From the text of a rule file to checked rules, or to everything that is wrong with it.
//!
//! Four passes: the outline (YAML, caps, repeated keys), the shape (the JSON Schema), the mirror structs, and what only
//! models and code know: names of APIs, types and resources, placeholders, globs, conditions that can't hold where the
//! rule looks. Each tells all that it finds but for text that is no YAML at all, where the first mistake is the last.
//! What the outline finds keeps the file, and what the shape finds keeps that rule, from the passes behind.

mod condition;

use std::sync::Arc;

use miette::NamedSource;
use serde_yaml::Value as Yaml;

use super::mistake::{Mistake, Source, Span, suggest};
use super::models::Models;
use super::outline::{Node, Step, Value, outline};
use super::rule::{Case, Family, Proof, Rule, Site, Status, Template};
use super::schema::{CaseText, ProofText, RuleText, json_schema};
use super::template::{self, BadTemplate};
use super::{rule, shape};
use crate::findings::{Certainty, RuleMeta, Severity};

/// The families with the first part of a rule's id.
pub(crate) const FAMILIES: [(&str, Family); 4] = [
    ("static-sharing", Family::StaticSharing),
    ("classloader", Family::ClassLoader),
    ("resource", Family::Resource),
    ("linkage", Family::Linkage),
];

/// A rule with the YAML it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) rule: Rule,
    /// The parsed YAML, without its layout and comments.
    pub(crate) yaml: Yaml,
}

/// Reads a rule file: one rule, or a list of rules. `name` is its path as shown in mistakes and as the rules' origin.
///
/// # Errors
/// Everything that is wrong with it; none of its rules is given then.
pub(crate) fn read_rules(name: &str, text: &str, models: &Models) -> Result<Vec<Checked>, Vec<Mistake>> {
    let source: Source = Arc::new(NamedSource::new(name, text.to_owned()).with_language("yaml"));
    let mut mistakes = Vec::new();
    let root = match outline(&source, &mut mistakes) {
        Ok(root) => root,
        Err(mistake) => {
            mistakes.push(mistake);
            return Err(mistakes);
        }
    };
    let nodes: Vec<&Node> = match &root.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![&root],
    };
    if nodes.is_empty() {
        mistakes.push(Mistake::at(&source, root.span, "the list of rules is empty", "here"));
    }
    let n_before = mistakes.len();
    let values = if mistakes.is_empty() { parse(&source, &mut mistakes) } else { Vec::new() };
    let mut checked = Vec::new();
    for (index, node) in nodes.into_iter().enumerate() {
        let n_shape = mistakes.len();
        shape::check(json_schema(), "RuleText", node, &source, &mut mistakes);
        if n_before > 0 || mistakes.len() > n_shape {
            continue;
        }
        let Some(yaml) = values.get(index) else { continue };
        checked.extend(check_rule(node, yaml, &source, models, name, &mut mistakes));
    }
    refuse_repeated_ids(&checked, &root, &source, &mut mistakes);
    if mistakes.is_empty() { Ok(checked) } else { Err(mistakes) }
}

/// The rules of a text that has passed the outline, as YAML values.
fn parse(source: &Source, mistakes: &mut Vec<Mistake>) -> Vec<Yaml> {
    match serde_yaml::from_str::<Yaml>(source.inner()) {
        Ok(Yaml::Sequence(items)) => items,
        Ok(one) => vec![one],
        Err(error) => {
            let at = error.location().map_or(0, |place| place.index());
            let span = Span { start: at, end: at };
            mistakes.push(Mistake::at(source, span, format!("this is not YAML: {error}"), "here"));
            Vec::new()
        }
    }
}

fn check_rule(
    node: &Node,
    yaml: &Yaml,
    source: &Source,
    models: &Models,
    origin: &str,
    mistakes: &mut Vec<Mistake>,
) -> Option<Checked> {
    let text: RuleText = match serde_yaml::with::singleton_map_recursive::deserialize(yaml) {
        Ok(text) => text,
        Err(error) => {
            mistakes.push(Mistake::at(
                source,
                node.span,
                format!("this rule can't be read: {error}"),
                "here",
            ));
            return None;
        }
    };
    let mut checker = Checker { source, node, models, mistakes, path: Vec::new(), site: Site::Class };
    let rule = checker.rule(text, origin);
    Some(Checked { rule, yaml: yaml.clone() })
}

fn refuse_repeated_ids(checked: &[Checked], root: &Node, source: &Source, mistakes: &mut Vec<Mistake>) {
    for (index, one) in checked.iter().enumerate() {
        let id = &one.rule.meta.id;
        if checked.iter().take(index).any(|other| other.rule.meta.id == *id) {
            let span = root.span_of(&[Step::Index(index), Step::Key("id")]);
            mistakes.push(Mistake::at(
                source,
                span,
                format!("rule `{id}` is defined twice"),
                "the second one",
            ));
        }
    }
}

/// Turns the mirror of one rule into the rule, noting mistakes at the place that `path` leads to.
pub(crate) struct Checker<'a> {
    source: &'a Source,
    node: &'a Node,
    models: &'a Models,
    mistakes: &'a mut Vec<Mistake>,
    path: Vec<Step>,
    site: Site,
}

impl Checker<'_> {
    fn rule(&mut self, text: RuleText, origin: &str) -> Rule {
        let family = self.within("id", |c| c.id(&text.id));
        self.site = self.within("find", |c| c.find(text.find));
        let severity: Severity = text.severity.into();
        let certainty: Certainty = text.certainty.into();
        self.within("certainty", |c| c.level(severity, certainty));
        let when = match text.when {
            Some(when) => self.within("when", |c| c.condition(when, 0)).cheap_first(),
            None => rule::Condition::All(Vec::new()),
        };
        let cases = text.cases.unwrap_or_default();
        let cases = self.within("cases", |c| c.each(cases, |c, case| c.case(case, severity, certainty)));
        let yields_to = text.yields_to.unwrap_or_default();
        let notes_yield_to = text.notes_yield_to.unwrap_or_default();
        Rule {
            yields_to: self.within("yields-to", |c| c.each(yields_to, |c, id| c.other_rule(id))),
            notes_yield_to: self
                .within("notes-yield-to", |c| c.each(notes_yield_to, |c, id| c.other_rule(id))),
            family,
            status: text.status.map_or(Status::Stable, Into::into),
            certainty,
            message: self.within("message", |c| c.template(&text.message)),
            advice: self.within("advice", |c| c.template(&text.advice)),
            proof: match text.proof {
                ProofText::Jvm => Proof::Jvm,
                ProofText::None(reason) => Proof::None(reason),
            },
            site: self.site.clone(),
            when,
            cases,
            origin: origin.to_owned(),
            meta: RuleMeta {
                title: self.within("title", |c| c.line(&text.title)),
                severity: Some(severity),
                why: text.why.trim_end().to_owned(),
                fix: text.fix.trim_end().to_owned(),
                references: self.within("references", |c| c.each(text.references, |c, link| c.link(link))),
                id: text.id,
                file: String::new(),
            },
        }
    }

    fn id(&mut self, id: &str) -> Family {
        let (family, name) = id.split_once('/').unwrap_or((id, ""));
        if !is_kebab(name) || !is_kebab(family) {
            self.report(
                format!("`{id}` is no rule id"),
                "not like this",
                "an id is a family and a name, as in `static-sharing/overwritten-static`: lower-case words and hyphens",
            );
        }
        match FAMILIES.iter().find(|row| row.0 == family) {
            Some((_, family)) => *family,
            None => {
                let help = suggest(family, FAMILIES.iter().map(|row| row.0));
                self.report(format!("there is no family `{family}`"), "begins with another word", help);
                Family::StaticSharing
            }
        }
    }

    fn other_rule(&mut self, id: String) -> String {
        self.id(&id);
        id
    }

    fn case(&mut self, text: CaseText, severity: Severity, certainty: Certainty) -> Case {
        let ignore = text.ignore.unwrap_or(false);
        let changes = [
            text.severity.is_some(),
            text.certainty.is_some(),
            text.message.is_some(),
            text.advice.is_some(),
        ]
        .contains(&true);
        if !ignore && !changes {
            let help = "give it `ignore: true`, a severity, a certainty, a message or an advice";
            self.report("this case changes nothing", "no effect", help);
        }
        if ignore && changes {
            self.report("this case drops the finding and changes it too", "one or the other", "");
        }
        let case = Case {
            when: self.within("when", |c| c.condition(text.when, 0)).cheap_first(),
            ignore,
            severity: text.severity.map(Into::into),
            certainty: text.certainty.map(Into::into),
            message: text.message.map(|message| self.within("message", |c| c.template(&message))),
            advice: text.advice.map(|advice| self.within("advice", |c| c.template(&advice))),
        };
        if !ignore {
            self.level(case.severity.unwrap_or(severity), case.certainty.unwrap_or(certainty));
        }
        case
    }

    /// A shape that nobody was seen to reach is no reason to stop a build.
    fn level(&mut self, severity: Severity, certainty: Certainty) {
        if certainty == Certainty::Possible && severity != Severity::Note {
            let message = format!("`{}` with certainty `possible` is too loud", severity.text());
            self.report(message, "possible", "what is only possible is at most a `note`");
        }
    }

    fn template(&mut self, text: &str) -> Template {
        let bad = match template::parse(text, &self.site) {
            Ok(template) => return template,
            Err(bad) => bad,
        };
        for bad in bad {
            let (message, place, help) = match bad {
                BadTemplate::Unbalanced => (
                    "a brace without its partner".to_owned(),
                    self.node.span_of(&self.path),
                    "write `{{` and `}}` for braces that are meant".to_owned(),
                ),
                BadTemplate::Unknown(name) => {
                    let help = suggest(&name, template::names_at(&self.site));
                    (format!("unknown placeholder `{{{name}}}`"), self.placeholder(&name), help)
                }
                BadTemplate::Elsewhere(name) => {
                    let help = suggest(&name, template::names_at(&self.site));
                    let message = format!("placeholder `{{{name}}}` has no value at this kind of site");
                    (message, self.placeholder(&name), help)
                }
            };
            self.mistakes.push(Mistake::at(self.source, place, message, "here").help(help));
        }
        Template::default()
    }

    /// Where a placeholder stands in the text that `path` leads to; the whole text if it is written in another way.
    fn placeholder(&self, name: &str) -> Span {
        let whole = self.node.span_of(&self.path);
        let text = self.source.inner().get(whole.start..whole.end).unwrap_or_default();
        match text.find(&format!("{{{name}}}")) {
            Some(at) => Span { start: whole.start + at, end: whole.start + at + name.len() + 2 },
            None => whole,
        }
    }

    fn line(&mut self, text: &str) -> String {
        if text.trim().contains('\n') {
            self.report("a title is one line", "this text has several", "");
        }
        text.trim().to_owned()
    }

    fn link(&mut self, link: String) -> String {
        if !link.starts_with("https://") || link.contains(char::is_whitespace) {
            self.report(format!("`{link}` is no link"), "here", "a reference begins with `https://`");
        }
        link
    }

    fn within<T>(&mut self, key: &'static str, then: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Key(key));
        let result = then(self);
        self.path.pop();
        result
    }

    fn each<T, U>(&mut self, items: Vec<T>, mut then: impl FnMut(&mut Self, T) -> U) -> Vec<U> {
        let mut results = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.path.push(Step::Index(index));
            results.push(then(self, item));
            self.path.pop();
        }
        results
    }

    fn report(&mut self, message: impl Into<String>, label: &str, help: impl Into<String>) {
        let span = self.node.span_of(&self.path);
        self.mistakes.push(Mistake::at(self.source, span, message, label).help(help));
    }
}

/// Lower-case words of letters and digits, joined by hyphens, the first of which begins with a letter.
fn is_kebab(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
