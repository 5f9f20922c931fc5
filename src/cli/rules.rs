//! `cotenant rules …`, and the rules that a scan applies.

use super::args::RulesCommand;
use super::plan::PlanError;
use super::terminal::Terminal;
use crate::rules::{Models, Rule};
use std::path::PathBuf;

/// Rules that a scan applies.
pub(super) struct Loaded {
    pub(super) rules: Vec<Rule>,
    pub(super) models: Models,
    pub(super) digest: String,
}

/// The built-in rules and those of the paths, as selected.
///
/// # Errors
/// If a rule file is wrong.
pub(super) fn load(paths: &[PathBuf], _only: &[String], _skip: &[String]) -> Result<Loaded, PlanError> {
    if !paths.is_empty() {
        return Err(not_available());
    }
    Ok(Loaded { rules: Vec::new(), models: Models::default(), digest: String::new() })
}

/// Answers a question about rules.
pub(super) fn run(_command: &RulesCommand, _terminal: &Terminal) -> Result<u8, PlanError> {
    Err(not_available())
}

fn not_available() -> PlanError {
    PlanError::Usage("rules are not available in this build".to_owned(), "leave rule files out".to_owned())
}
