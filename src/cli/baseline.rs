//! An earlier JSON report, of which only the findings' fingerprints matter.

use super::plan::PlanError;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// How the `schema` of the reports that can be read begins.
const SCHEMA: &str = "cotenant-report/";

#[derive(Deserialize)]
struct EarlierReport {
    schema: String,
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    fingerprint: String,
}

/// The fingerprints that a report lists.
///
/// # Errors
/// If it cannot be read or is no report.
pub(super) fn read(path: &Path) -> Result<BTreeSet<String>, PlanError> {
    let shown = path.display();
    let mistake = |what: String| {
        let help = "a baseline is a report written with `--output json=FILE`".to_owned();
        PlanError::Usage(what, help)
    };
    let bytes =
        std::fs::read(path).map_err(|error| mistake(format!("baseline {shown} cannot be read: {error}")))?;
    let report: EarlierReport = serde_json::from_slice(&bytes)
        .map_err(|error| mistake(format!("{shown} is no JSON report: {error}")))?;
    if !report.schema.starts_with(SCHEMA) {
        return Err(mistake(format!("{shown} is no report of cotenant: its schema is `{}`", report.schema)));
    }
    Ok(report.findings.into_iter().map(|finding| finding.fingerprint).collect())
}
