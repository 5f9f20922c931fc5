//! A case: its deployment, and what `cotenant scan` says about it.

use super::machine::jar;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fixture's deployment.
#[derive(Debug, Default)]
pub(crate) struct Case {
    /// `family/rule/case`.
    pub(crate) name: String,
    pub(crate) topology: String,
    /// Whether it runs on a JDK before 9.
    pub(crate) is_before_9: bool,
    pub(crate) base: Vec<PathBuf>,
    /// Names and jars in start order.
    pub(crate) modules: Vec<(String, PathBuf)>,
}

/// What a finding says.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) is_certain: bool,
    pub(crate) class: String,
    pub(crate) member: String,
    pub(crate) tenants: Vec<String>,
    /// The class that the line is in, which need not be the class that the finding is about.
    pub(crate) line_class: String,
    pub(crate) line: u64,
    is_configured: bool,
    /// The last step of each tenant's way to the hazard: tenant, class and line.
    ends: Vec<(String, String, u64)>,
}

impl Finding {
    /// Whether a site, `class#method:line`, is the finding's line.
    pub(crate) fn is_at(&self, site: &str) -> bool {
        is_line(site, &self.line_class, self.line)
    }

    /// Whether what it is about stands in a configuration file.
    pub(crate) fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// Whether a site is where a tenant's own way to the hazard ends.
    pub(crate) fn is_on_the_way(&self, tenant: &str, site: &str) -> bool {
        self.ends.iter().any(|(whose, class, line)| whose == tenant && is_line(site, class, *line))
    }
}

fn is_line(site: &str, wanted_class: &str, wanted_line: u64) -> bool {
    let (class, rest) = site.split_once('#').unwrap_or_default();
    let line = rest.rsplit_once(':').map_or("", |(_, line)| line);
    class == wanted_class && line == wanted_line.to_string()
}

/// All cases of a rule, by name.
pub(crate) fn cases(rule: &str) -> Vec<Case> {
    let folder = Path::new("fixtures").join(rule);
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    folders.sort();
    folders.iter().filter_map(|folder| case(rule, folder)).collect()
}

fn case(rule: &str, folder: &Path) -> Option<Case> {
    let text = std::fs::read_to_string(folder.join("cotenant.yaml")).ok()?;
    let deployment: serde_yaml::Value = serde_yaml::from_str(&text).ok()?;
    let base = deployment["base"].as_sequence()?.iter().filter_map(|name| Some(jar(folder, name.as_str()?)));
    let modules = deployment["modules"].as_mapping()?.iter();
    let modules =
        modules.filter_map(|(name, file)| Some((name.as_str()?.to_owned(), jar(folder, file.as_str()?))));
    Some(Case {
        name: format!("{rule}/{}", folder.file_name()?.to_str()?),
        topology: deployment["topology"].as_str()?.to_owned(),
        is_before_9: deployment["jdk-release"].as_u64().is_some_and(|release| release < 9),
        base: base.collect(),
        modules: modules.collect(),
    })
}

/// What the scanner finds in a case.
pub(crate) fn findings(case: &Case) -> Result<Vec<Finding>, String> {
    let mut scan = Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.env_remove("CI").args([
        "scan",
        &format!("fixtures/{}", case.name),
        "--fail-on",
        "never",
        "--format",
        "json",
    ]);
    let output = scan.output().map_err(|e| e.to_string())?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    Ok(report["findings"].as_array().into_iter().flatten().map(finding).collect())
}

fn finding(value: &Value) -> Finding {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let class_of = |location: &Value| text(&location["entry"]).trim_end_matches(".class").replace('/', ".");
    let mut ends: Vec<(String, String, u64)> = Vec::new();
    for hop in value["trace"].as_array().into_iter().flatten() {
        let tenant = text(&hop["tenant"]);
        ends.retain(|(whose, ..)| *whose != tenant);
        ends.push((tenant, text(&hop["class"]), hop["line"].as_u64().unwrap_or_default()));
    }
    Finding {
        rule: text(&value["rule"]),
        is_certain: value["certainty"] == "certain",
        class: text(&value["class"]),
        member: text(&value["member"]),
        tenants: value["tenants"].as_array().into_iter().flatten().map(text).collect(),
        line_class: class_of(&value["location"]),
        is_configured: !text(&value["location"]["entry"]).ends_with(".class"),
        line: value["location"]["line"].as_u64().unwrap_or_default(),
        ends,
    }
}
