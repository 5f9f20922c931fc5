//! `cotenant rules …`, and the rules that a scan applies.

use super::args::{ListFormat, RulesCommand};
use super::plan::PlanError;
use super::terminal::{Terminal, print};
use crate::rules::set::MODELS_FOLDER;
use crate::rules::{Mistakes, Models, RuleSet, explain, json_schema};
use std::path::{Path, PathBuf};

/// Longest beginning of a file that is looked at to tell models from rules.
const HEAD_BYTES: u64 = 64 << 10;

/// The built-in rules and those of the paths, with the models that all of them know.
///
/// # Errors
/// If a rule or a model is wrong.
pub(super) fn load(paths: &[PathBuf]) -> Result<(RuleSet, Models), PlanError> {
    let models = models(paths)?;
    let mut rules = RuleSet::built_in(&models).map_err(PlanError::Rules)?;
    for path in paths.iter().filter(|path| !is_models(path)) {
        rules.add_path(path, &models).map_err(PlanError::Rules)?;
    }
    Ok((rules, models))
}

/// Answers a question about rules.
pub(super) fn run(command: &RulesCommand, terminal: &Terminal) -> Result<u8, PlanError> {
    let text = match command {
        RulesCommand::List { rules, format: ListFormat::Text } => explain::list(&load(rules)?.0),
        RulesCommand::List { rules, format: ListFormat::Json } => explain::list_json(&load(rules)?.0),
        RulesCommand::Explain { rule, rules } => {
            explain::explain(&load(rules)?.0, rule).map_err(PlanError::Rules)?
        }
        RulesCommand::Check { paths } => check(paths)?,
        RulesCommand::Schema => format!("{:#}\n", json_schema()),
        RulesCommand::Test { .. } => return test(terminal),
    };
    print(|out| out.write_all(text.as_bytes()))?;
    Ok(0)
}

/// All mistakes of all paths.
fn check(paths: &[PathBuf]) -> Result<String, PlanError> {
    let models = models(paths)?;
    let mut told = String::new();
    let mut mistakes = Vec::new();
    for path in paths {
        if is_models(path) {
            told.push_str(&format!("{}: models, no mistake\n", path.display()));
            continue;
        }
        match explain::check(path, &models) {
            Ok(text) => told.push_str(&text),
            Err(more) => mistakes.extend(more.0),
        }
    }
    if mistakes.is_empty() { Ok(told) } else { Err(PlanError::Rules(Mistakes(mistakes))) }
}

fn test(_: &Terminal) -> Result<u8, PlanError> {
    let help = "scan an example with --rules and look at what is found".to_owned();
    Err(PlanError::Usage("`rules test` is not available yet".to_owned(), help))
}

/// The built-in models and those that the paths hold: files of models, and folders `models` in folders of rules.
fn models(paths: &[PathBuf]) -> Result<Models, PlanError> {
    let mut models = Models::built_in().map_err(PlanError::Models)?;
    for path in paths {
        let folder = path.join(MODELS_FOLDER);
        let files = if is_models(path) { vec![path.clone()] } else { yaml_files(&folder) };
        for file in files {
            models.add_file(&file).map_err(PlanError::Models)?;
        }
    }
    Ok(models)
}

/// Whether a path is a file of models. What cannot be read is none; whoever reads it as rules says so.
fn is_models(path: &Path) -> bool {
    use std::io::Read;
    let mut head = Vec::new();
    path.is_file()
        && std::fs::File::open(path).is_ok_and(|file| file.take(HEAD_BYTES).read_to_end(&mut head).is_ok())
        && Models::are_in(&String::from_utf8_lossy(&head))
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_yaml).collect();
    files.sort();
    files
}
