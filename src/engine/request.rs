//! What a scan is asked for: plain data, whoever asks.

use super::clock::Date;
use super::ingest::Input;
use super::suppression::Suppression;
use crate::archive::Limits;
use crate::rules::{Models, RuleSet};
use crate::topology::Options;
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

/// What is looked at, and how it fits together. Numbers index `inputs`.
#[derive(Clone, Debug, Default)]
pub struct DeploymentRequest {
    /// Everything that is named, each path once.
    pub inputs: Vec<Input>,
    /// What the base's loader loads, in class path order.
    pub base: Vec<usize>,
    /// The modules, in order.
    pub modules: Vec<ModuleRequest>,
    /// Inputs whose content decides their role.
    pub paths: Vec<usize>,
    /// Name of the container; `None` to recognise it.
    pub container: Option<String>,
    /// Switches that no archive shows.
    pub options: Options,
    /// Where the classes of the JDK come from.
    pub jdk: JdkSource,
    /// The JDK release that it runs on; `None` for that of the classes.
    pub jdk_release: Option<u16>,
    /// What inputs may cost.
    pub limits: Limits,
    /// Worker threads; `None` for one per processor.
    pub threads: Option<usize>,
}

/// One module.
#[derive(Clone, Debug, Default)]
pub struct ModuleRequest {
    /// Its name; `None` to take it from the archive.
    pub name: Option<String>,
    /// What its loader loads, in class path order.
    pub inputs: Vec<usize>,
}

/// Where the classes of the JDK come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JdkSource {
    /// The model that is part of the binary.
    #[default]
    Embedded,
    /// The model that is part of the binary, if it is of this release.
    Release(u16),
    /// A JDK's home, or a file that `jdk-model make` has written.
    Path(PathBuf),
}

/// One scan.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// What is scanned.
    pub deployment: DeploymentRequest,
    /// The rules to apply.
    pub rules: RuleSet,
    /// Whether some rules were left out on request, so that their suppressions have nothing to do.
    pub is_selection: bool,
    /// What is known of APIs.
    pub models: Models,
    /// Findings that are accepted.
    pub suppressions: Vec<Suppression>,
    /// The file the suppressions stand in, for problems.
    pub suppressions_from: String,
    /// Fingerprints of findings that were there before; `None` if nobody says.
    pub baseline: Option<BTreeSet<String>>,
    /// The day on which suppressions are judged.
    pub today: Date,
    /// Where sources lie.
    pub source_roots: Vec<PathBuf>,
    /// Whether times and memory are reported.
    pub stats: bool,
}

/// Why nothing was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// The threads could not be started; the system's reason.
    Threads(String),
    /// The binary holds no model of that release, but of the other.
    NoSuchRelease(u16, u16),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads(reason) => write!(f, "the worker threads could not be started: {reason}"),
            Self::NoSuchRelease(wanted, known) => {
                write!(f, "there is no embedded model of JDK {wanted}, only of {known}")
            }
        }
    }
}

impl std::error::Error for EngineError {}
