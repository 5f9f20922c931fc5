//! `cotenant rules …`, and the rules that a scan applies.

use super::args::{ListFormat, RulesCommand};
use super::plan::PlanError;
use super::terminal::print;
use crate::rules::{Models, RuleSet, explain, json_schema};
use std::path::PathBuf;

/// The built-in rules and those of the paths, with the models that all of them know.
///
/// # Errors
/// If a rule or a model is wrong.
pub(super) fn load(paths: &[PathBuf]) -> Result<(RuleSet, Models), PlanError> {
    crate::rules::load(paths).map_err(|report| PlanError::RuleFiles(vec![report]))
}

/// Answers a question about rules.
pub(super) fn run(command: &RulesCommand) -> Result<u8, PlanError> {
    let text = match command {
        RulesCommand::List { rules, format: ListFormat::Text } => explain::list(&load(rules)?.0),
        RulesCommand::List { rules, format: ListFormat::Json } => explain::list_json(&load(rules)?.0),
        RulesCommand::Explain { rule, rules } => {
            explain::explain(&load(rules)?.0, rule).map_err(PlanError::Rules)?
        }
        RulesCommand::Check { paths } => check(paths)?,
        RulesCommand::Schema => format!("{:#}\n", json_schema()),
        RulesCommand::Test { paths, rules } => return test(paths, rules),
    };
    print(|out| out.write_all(text.as_bytes()))?;
    Ok(0)
}

/// What the paths hold, or the mistakes of every path that has any.
fn check(paths: &[PathBuf]) -> Result<String, PlanError> {
    let (mut text, mut wrong) = (String::new(), Vec::new());
    for path in paths {
        match explain::check(path) {
            Ok(more) => text.push_str(&more),
            Err(report) => wrong.push(report),
        }
    }
    if wrong.is_empty() { Ok(text) } else { Err(PlanError::RuleFiles(wrong)) }
}

/// Applies all rules to cases that say what has to be found.
fn test(paths: &[PathBuf], rules: &[PathBuf]) -> Result<u8, PlanError> {
    let verdict = super::cases::run(paths, rules)?;
    print(|out| out.write_all(verdict.text.as_bytes()))?;
    Ok(u8::from(verdict.n_failed > 0))
}
