//! The rules of a run: built-in ones, those of the user, what is selected of them, and their digest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use globset::Glob;
use miette::Report;
use serde_yaml::Value as Yaml;

use super::built_in::BUILT_IN;
use super::check::{Checked, read_rules};
use super::mistake::{Mistake, Mistakes, suggest};
use super::models::Models;
use super::outline::MAX_BYTES;
use super::rule::Rule;
use crate::findings::RuleMeta;

/// The origin of rules that come with the program.
pub const BUILT_IN_ORIGIN: &str = "built-in";
/// Most files that one `--rules` folder may hold.
pub const MAX_FILES: usize = 10_000;

/// Checked rules by id.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    yaml: BTreeMap<String, Yaml>,
    models_digest: String,
}

impl RuleSet {
    /// The rules that come with the program, checked against `models`.
    ///
    /// # Errors
    /// Names that `models` lacks, which only happens when built-in models were left out.
    pub fn built_in(models: &Models) -> Result<RuleSet, Mistakes> {
        let mut set = RuleSet { models_digest: digest_of_models(models), ..RuleSet::default() };
        let mut mistakes = Vec::new();
        for (name, text) in BUILT_IN {
            match read_rules(name, text, models) {
                Ok(rules) => rules.into_iter().for_each(|rule| set.put(rule, BUILT_IN_ORIGIN)),
                Err(more) => mistakes.extend(more),
            }
        }
        if mistakes.is_empty() { Ok(set) } else { Err(Mistakes(mistakes)) }
    }

    /// No rule at all, to add some to.
    pub fn empty(models: &Models) -> RuleSet {
        RuleSet { models_digest: digest_of_models(models), ..RuleSet::default() }
    }

    /// Adds the rules of a file, or of every `.yaml` and `.yml` file below a folder; files of models are left out. A rule
    /// replaces one with the same id. Returns the ids added, sorted.
    ///
    /// # Errors
    /// A path that can't be read, every mistake in every file, and an id that two files of a folder define; nothing is
    /// added then.
    pub fn add_path(&mut self, path: &Path, models: &Models) -> Result<Vec<String>, Mistakes> {
        let files = files_below(path)?;
        self.add_files(files.iter().filter(|file| !file.has_models), models)
    }

    fn add_files<'a>(
        &mut self,
        files: impl Iterator<Item = &'a RuleFile>,
        models: &Models,
    ) -> Result<Vec<String>, Mistakes> {
        let mut mistakes = Vec::new();
        let mut added = BTreeMap::<String, (Checked, &str)>::new();
        for file in files {
            match read_rules(&file.name, &file.text, models) {
                Err(more) => mistakes.extend(more),
                Ok(rules) => rules.into_iter().for_each(|checked| {
                    let id = checked.rule.meta.id.clone();
                    if let Some((_, other)) = added.insert(id.clone(), (checked, &file.name)) {
                        let message = format!("rule `{id}` is defined in {other} and in {}", file.name);
                        mistakes.push(Mistake::bare(message));
                    }
                }),
            }
        }
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        let ids = added.keys().cloned().collect();
        added.into_values().for_each(|(checked, name)| self.put(checked, name));
        Ok(ids)
    }

    /// Adds the rules of a text; `name` stands for its path.
    ///
    /// # Errors
    /// As for [`RuleSet::add_path`].
    pub fn add_text(&mut self, name: &str, text: &str, models: &Models) -> Result<(), Mistakes> {
        let rules = read_rules(name, text, models).map_err(Mistakes)?;
        rules.into_iter().for_each(|rule| self.put(rule, name));
        Ok(())
    }

    /// Keeps the rules whose id one of `only` matches (all, when it is empty) and none of `skip` does.
    ///
    /// # Errors
    /// A bad glob, one that matches no rule, and a selection that leaves none.
    pub fn select(&mut self, only: &[String], skip: &[String]) -> Result<(), Mistakes> {
        let kept_by = |globs: &[String]| -> Result<Vec<bool>, Mistakes> {
            let mut is_hit = vec![false; self.rules.len()];
            for glob in globs {
                let hits = self.matching(glob)?;
                is_hit.iter_mut().zip(hits).for_each(|(all, hit)| *all |= hit);
            }
            Ok(is_hit)
        };
        let only_hits = if only.is_empty() { vec![true; self.rules.len()] } else { kept_by(only)? };
        let skip_hits = kept_by(skip)?;
        let mut keep = only_hits.into_iter().zip(skip_hits).map(|(only, skip)| only && !skip);
        self.rules.retain(|_| keep.next().unwrap_or(false));
        if self.rules.is_empty() {
            return Err(Mistake::bare("no rule is left").help("see `cotenant rules list`").into());
        }
        let rules = &self.rules;
        self.yaml.retain(|id, _| rules.iter().any(|rule| rule.meta.id == *id));
        Ok(())
    }

    /// The rules, sorted by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// That no rule has this id, or fits this pattern; suggests one that was meant.
    pub fn unknown(&self, name: &str) -> Mistake {
        unknown_rule(self, name)
    }

    /// The rule with an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.position(id).ok().and_then(|at| self.rules.get(at))
    }

    /// What reports say of the rules, sorted by id.
    pub fn metas(&self) -> Vec<RuleMeta> {
        self.rules.iter().map(|rule| rule.meta.clone()).collect()
    }

    /// Identity of these rules and the models they were checked against: 32 hex digits. Layout, comments and the order
    /// of keys do not change it, nor where a rule was read from.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.models_digest.as_bytes());
        for (id, yaml) in &self.yaml {
            let text = canonical(yaml).to_string();
            for part in [id.as_str(), text.as_str()] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        hasher.finalize().to_hex().as_str().chars().take(32).collect()
    }

    /// The parsed YAML of a rule.
    pub(crate) fn yaml(&self, id: &str) -> Option<&Yaml> {
        self.yaml.get(id)
    }

    fn put(&mut self, checked: Checked, origin: &str) {
        let Checked { mut rule, yaml } = checked;
        origin.clone_into(&mut rule.origin);
        let file = if origin == BUILT_IN_ORIGIN { "" } else { origin };
        file.clone_into(&mut rule.meta.file);
        self.yaml.insert(rule.meta.id.clone(), yaml);
        match self.position(&rule.meta.id) {
            Ok(at) => {
                if let Some(place) = self.rules.get_mut(at) {
                    *place = rule;
                }
            }
            Err(at) => self.rules.insert(at, rule),
        }
    }

    fn position(&self, id: &str) -> Result<usize, usize> {
        self.rules.binary_search_by(|rule| rule.meta.id.as_str().cmp(id))
    }

    /// Which rules a glob matches, in order; at least one.
    fn matching(&self, glob: &str) -> Result<Vec<bool>, Mistakes> {
        let matcher = Glob::new(glob)
            .map_err(|error| Mistake::bare(format!("`{glob}` is no glob: {}", error.kind())))?
            .compile_matcher();
        let hits: Vec<bool> = self.rules.iter().map(|rule| matcher.is_match(&rule.meta.id)).collect();
        if hits.contains(&true) {
            return Ok(hits);
        }
        Err(unknown_rule(self, glob).into())
    }
}

/// The rules and models of a run: the built-in ones and those of `paths`, the models of all before the first rule.
///
/// # Errors
/// What is wrong with the files, as one diagnostic.
pub fn load(paths: &[PathBuf]) -> Result<(RuleSet, Models), Report> {
    let (files, models) = read_with_models(paths)?;
    let mut set = RuleSet::built_in(&models)?;
    for files in &files {
        set.add_files(files.iter().filter(|file| !file.has_models), &models)?;
    }
    Ok((set, models))
}

/// What the files of `path` add to the built-in rules and models: the ids of the rules and the number of model files.
///
/// # Errors
/// What is wrong with the files, as one diagnostic.
pub fn check(path: &Path) -> Result<(Vec<String>, usize), Report> {
    let (files, models) = read_with_models(&[path.to_owned()])?;
    let files: Vec<RuleFile> = files.into_iter().flatten().collect();
    let mut set = RuleSet::empty(&models);
    let ids = set.add_files(files.iter().filter(|file| !file.has_models), &models)?;
    Ok((ids, files.iter().filter(|file| file.has_models).count()))
}

fn read_with_models(paths: &[PathBuf]) -> Result<(Vec<Vec<RuleFile>>, Models), Report> {
    let mut models = Models::built_in()?;
    let files = paths.iter().map(|path| files_below(path)).collect::<Result<Vec<_>, _>>()?;
    for file in files.iter().flatten().filter(|file| file.has_models) {
        models.add_text(&file.name, &file.text)?;
    }
    Ok((files, models))
}

/// The mistake of naming a rule that does not exist.
pub(crate) fn unknown_rule(set: &RuleSet, name: &str) -> Mistake {
    let ids = || set.rules.iter().map(|rule| rule.meta.id.as_str());
    let help = match ids().find(|id| id.split_once('/').is_some_and(|(_, short)| short == name)) {
        Some(id) => format!("did you mean `{id}`?"),
        None => suggest(name, ids()),
    };
    let help = if help.is_empty() { "see `cotenant rules list`".to_owned() } else { help };
    Mistake::bare(format!("no rule matches `{name}`")).help(help)
}

fn digest_of_models(models: &Models) -> String {
    blake3::hash(format!("{models:?}").as_bytes()).to_hex().to_string()
}

/// A YAML value as JSON, whose maps are sorted.
fn canonical(yaml: &Yaml) -> serde_json::Value {
    serde_json::to_value(yaml).unwrap_or_default()
}

/// A file of rules or of models.
struct RuleFile {
    name: String,
    text: String,
    has_models: bool,
}

/// The file itself, or the rule and model files below a folder, sorted.
fn files_below(path: &Path) -> Result<Vec<RuleFile>, Mistakes> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().follow_links(true) {
        let entry = entry.map_err(|error| unreadable(path, error.io_error()))?;
        let is_yaml = entry.path().extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
        if !entry.file_type().is_file() || !(is_yaml || entry.depth() == 0) {
            continue;
        }
        let text = read_text(entry.path())?;
        let has_models = Models::are_in(&text);
        files.push(RuleFile { name: entry.path().display().to_string(), text, has_models });
        if files.len() > MAX_FILES {
            let message = format!("{} holds more than {MAX_FILES} rule files", path.display());
            return Err(Mistake::bare(message).into());
        }
    }
    if files.is_empty() {
        let message = format!("{} holds no rule file", path.display());
        return Err(Mistake::bare(message).help("rule files end in .yaml or .yml").into());
    }
    Ok(files)
}

fn read_text(path: &Path) -> Result<String, Mistake> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, Some(&error)))?;
    if bytes.len() > MAX_BYTES {
        return Err(Mistake::bare(format!("{} is longer than {MAX_BYTES} bytes", path.display())));
    }
    String::from_utf8(bytes).map_err(|_| Mistake::bare(format!("{} is not UTF-8", path.display())))
}

fn unreadable(path: &Path, error: Option<&std::io::Error>) -> Mistake {
    let why = match error.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::NotFound) => "it does not exist".to_owned(),
        Some(kind) => kind.to_string(),
        None => "a link leads back to its own folder".to_owned(),
    };
    Mistake::bare(format!("rules {} can't be read: {why}", path.display()))
}
