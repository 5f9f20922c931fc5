//! `cotenant.yaml`: a deployment and how it is to be judged, written down once.
//!
//! Every mistake is reported with its place and, for a mistyped word, with the word that was probably meant; a file
//! with several mistakes names several of them. The file counts as untrusted: its size, its depth and what aliases
//! expand it to are bounded before anything is built from it.

mod document;
mod guard;
mod mistake;
mod scalars;
mod suppression;
mod values;

pub(crate) use mistake::closest as mistake_closest;
pub use mistake::{ConfigError, Mistake};
pub(crate) use scalars::check_glob;
pub use scalars::{Jdk, parse_release, parse_size};
pub(crate) use values::check_module_name;

pub use crate::engine::clock::Date;
pub use crate::engine::suppression::Suppression;

use crate::findings::Severity;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file looked for in a folder that is scanned.
pub const CONFIG_FILE: &str = "cotenant.yaml";

/// Longest file that is read, in bytes.
pub const MAX_CONFIG_SIZE: usize = 1 << 20;

/// Deepest nesting of lists and mappings.
pub const MAX_CONFIG_DEPTH: usize = 32;

/// Most mistakes that are reported at once.
pub const MAX_MISTAKES: usize = 20;

/// What a `cotenant.yaml` says. Paths are as written until [`Config::read`] has put the file's folder before them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The container and its switches.
    pub topology: TopologyConfig,
    /// What the base's loader loads, in class path order.
    pub base: Vec<PathBuf>,
    /// The modules in the order of the file: name and what its loader loads.
    pub modules: Vec<(String, Vec<PathBuf>)>,
    /// Whose class model to use for JDK classes.
    pub jdk: Option<Jdk>,
    /// The JDK release that the deployment runs on.
    pub jdk_release: Option<u16>,
    /// Where sources lie.
    pub source_roots: Vec<PathBuf>,
    /// More rule files or folders.
    pub rules: Vec<PathBuf>,
    /// Globs of rule ids; empty for all.
    pub only: Vec<String>,
    /// Globs of rule ids to leave out.
    pub skip: Vec<String>,
    /// From which severity on findings fail the gate.
    pub fail_on: Option<FailOn>,
    /// Findings that are accepted.
    pub suppressions: Vec<Suppression>,
    /// Bounds on what archives may cost.
    pub limits: LimitsConfig,
}

/// `topology: NAME` or `topology: {container: NAME, …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopologyConfig {
    /// Name of the container; `None` to recognise it.
    pub container: Option<String>,
    /// Tomcat's `delegate`.
    pub delegate: Option<bool>,
    /// Whether what Ark plugins export comes from the base first.
    pub plugin_export: Option<bool>,
    /// Class name prefixes that a child-first loader takes from the base first.
    pub parent_first: Vec<String>,
    /// Whether it takes nothing else from the base.
    pub base_hidden: Option<bool>,
}

/// The gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Errors fail.
    Error,
    /// Errors and warnings fail.
    Warning,
    /// Every finding fails.
    Note,
    /// Nothing fails.
    Never,
}

impl FailOn {
    /// The least severity that fails the gate; `None` if none does.
    pub fn threshold(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }
}

/// Bounds on what one input may cost; `None` for the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitsConfig {
    /// Bytes of one entry.
    #[serde(deserialize_with = "values::size")]
    pub max_entry_size: Option<u64>,
    /// Unpacked through packed size of one entry.
    #[serde(deserialize_with = "values::size")]
    pub max_ratio: Option<u64>,
    /// Bytes of all entries of one input.
    #[serde(deserialize_with = "values::size")]
    pub max_total_size: Option<u64>,
    /// Bytes of nested archives held in memory at once.
    #[serde(deserialize_with = "values::size")]
    pub max_nested_size: Option<u64>,
    /// How deep archives may nest.
    #[serde(deserialize_with = "values::size")]
    pub max_depth: Option<u64>,
    /// Number of entries of one input.
    #[serde(deserialize_with = "values::size")]
    pub max_entries: Option<u64>,
}

impl LimitsConfig {
    /// These bounds, and where one is missing the other's.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            max_entry_size: self.max_entry_size.or(other.max_entry_size),
            max_ratio: self.max_ratio.or(other.max_ratio),
            max_total_size: self.max_total_size.or(other.max_total_size),
            max_nested_size: self.max_nested_size.or(other.max_nested_size),
            max_depth: self.max_depth.or(other.max_depth),
            max_entries: self.max_entries.or(other.max_entries),
        }
    }
}

impl Config {
    /// Reads a file; relative paths in it are taken from its folder.
    ///
    /// # Errors
    /// If it cannot be read or is not a valid configuration.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = guard::read_bounded(path).map_err(|message| ConfigError::whole_file(&name, message))?;
        let mut config = Self::parse(&name, &text)?;
        if let Some(folder) = path.parent() {
            config.move_to(folder);
        }
        Ok(config)
    }

    /// Parses the text of a file; `name` is what messages call it.
    ///
    /// # Errors
    /// If it is not a valid configuration; up to [`MAX_MISTAKES`] mistakes are named.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut mistakes = guard::check(text);
        // A document that is too large, too deep or no YAML is not read a second time.
        if mistakes.iter().any(|mistake| !mistake.is_duplicate_key) {
            return Err(ConfigError::new(name, text, mistakes));
        }
        let (config, more) = document::read(text);
        mistakes.extend(more.into_iter().filter(|mistake| !mistake.is_duplicate_key));
        if mistakes.is_empty() { Ok(config) } else { Err(ConfigError::new(name, text, mistakes)) }
    }

    fn move_to(&mut self, folder: &Path) {
        let lists = [&mut self.base, &mut self.source_roots, &mut self.rules];
        let modules = self.modules.iter_mut().map(|(_, paths)| paths);
        for path in lists.into_iter().chain(modules).flatten() {
            *path = folder.join(&*path);
        }
        if let Some(Jdk::Home(home)) = &mut self.jdk {
            *home = folder.join(&*home);
        }
    }
}
