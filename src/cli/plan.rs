//! What is to be done, settled: arguments and configuration joined into plain data.
//!
//! What the command line says wins over the configuration: a list of inputs, or of the only rules to apply, replaces
//! the configuration's. More rules, rules to skip and source roots are added to it.

use super::args::{ColorChoice, DeploymentArguments, NamedPath, ScanArguments};
use super::config::{
    CONFIG_FILE, Config, ConfigError, FailOn, Jdk, LimitsConfig, Suppression, TopologyConfig,
};
use crate::rules::Mistakes;
use miette::{Diagnostic, Report};
use std::fmt;
use std::path::{Path, PathBuf};

/// One scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is scanned.
    pub inputs: InputPlan,
    /// Rule files and folders besides the built-in ones.
    pub rule_paths: Vec<PathBuf>,
    /// Globs of rule ids; empty for all.
    pub only: Vec<String>,
    /// Globs of rule ids that are left out.
    pub skip: Vec<String>,
    /// Findings that are accepted.
    pub suppressions: Vec<Suppression>,
    /// The configuration the suppressions come from.
    pub config_path: Option<PathBuf>,
    /// A report whose findings do not fail the gate.
    pub baseline: Option<PathBuf>,
    /// From which severity on findings fail the gate.
    pub fail_on: FailOn,
    /// Whether anything unreadable makes the exit code 3.
    pub strict: bool,
    /// Format of the report on standard output; not yet known to exist.
    pub format: String,
    /// Formats and files of further reports; not yet known to exist.
    pub outputs: Vec<(String, PathBuf)>,
    /// Worker threads; `None` for one per processor.
    pub threads: Option<usize>,
    /// Whether standard error carries errors only.
    pub quiet: bool,
    /// Whether a progress bar may be drawn.
    pub progress: bool,
    /// When colours are used.
    pub color: ColorChoice,
    /// Whether times and memory are reported.
    pub stats: bool,
}

/// What is scanned: enough for commands that only look at a deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputPlan {
    /// Inputs whose role their content decides.
    pub paths: Vec<PathBuf>,
    /// What the base loads, in class path order.
    pub base: Vec<PathBuf>,
    /// The modules in order.
    pub modules: Vec<ModulePlan>,
    /// The container and its switches.
    pub topology: TopologyConfig,
    /// Whose class model stands for the JDK; `None` for the embedded one.
    pub jdk: Option<Jdk>,
    /// The JDK release that the deployment runs on; `None` for that of the class model.
    pub jdk_release: Option<u16>,
    /// Where sources lie.
    pub source_roots: Vec<PathBuf>,
    /// Bounds that were set.
    pub limits: LimitsConfig,
}

/// One module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModulePlan {
    /// Its name; `None` to take it from the archive.
    pub name: Option<String>,
    /// What its loader loads, in class path order.
    pub paths: Vec<PathBuf>,
}

/// A request that cannot be carried out. Its exit code is 2.
#[derive(Debug)]
pub enum PlanError {
    /// The configuration is wrong.
    Config(Box<ConfigError>),
    /// The arguments do not fit together; what is wrong, and what to do.
    Usage(String, String),
    /// The rules are not those that were meant.
    Rules(Mistakes),
    /// Files of rules or models are wrong: what is, path by path.
    RuleFiles(Vec<Report>),
}

impl InputPlan {
    /// Joins arguments with the configuration that they name.
    ///
    /// # Errors
    /// If nothing is named, more than one configuration is, or the configuration is wrong.
    pub fn new(arguments: &DeploymentArguments) -> Result<Self, PlanError> {
        Ok(with_config(arguments)?.0)
    }
}

impl Plan {
    /// Joins arguments with the configuration that they name.
    ///
    /// # Errors
    /// As [`InputPlan::new`]; also if two reports would go to one file.
    pub fn new(arguments: &ScanArguments) -> Result<Self, PlanError> {
        let ScanArguments { deployment, rules, gate, report, limits } = arguments;
        let (mut inputs, config, config_path) = with_config(deployment)?;
        let limits = LimitsConfig {
            max_entry_size: limits.max_entry_size,
            max_ratio: limits.max_ratio,
            max_total_size: limits.max_total_size,
            max_nested_size: limits.max_nested_size,
            max_depth: limits.max_depth,
            max_entries: limits.max_entries,
        };
        inputs.limits = limits.or(inputs.limits);
        Ok(Self {
            inputs,
            rule_paths: joined(config.rules, &rules.rules),
            only: if rules.only.is_empty() { config.only } else { rules.only.clone() },
            skip: joined(config.skip, &rules.skip),
            suppressions: config.suppressions,
            config_path,
            baseline: gate.baseline.clone(),
            fail_on: gate.fail_on.or(config.fail_on).unwrap_or(FailOn::Error),
            strict: gate.strict,
            format: report.format.clone().unwrap_or_else(|| "text".to_owned()),
            outputs: distinct_outputs(&report.output)?,
            threads: report.threads,
            quiet: report.quiet,
            progress: !report.no_progress && !report.quiet,
            color: report.color,
            stats: report.stats,
        })
    }
}

fn with_config(arguments: &DeploymentArguments) -> Result<(InputPlan, Config, Option<PathBuf>), PlanError> {
    let (mut config_path, paths) = split_config(&arguments.paths)?;
    let is_bare = arguments.paths.is_empty() && arguments.base.is_empty() && arguments.module.is_empty();
    if is_bare && Path::new(CONFIG_FILE).is_file() {
        config_path = Some(PathBuf::from(CONFIG_FILE));
    }
    let config = match &config_path {
        Some(path) => Config::read(path).map_err(|error| PlanError::Config(Box::new(error)))?,
        None => Config::default(),
    };
    let names_inputs = !(paths.is_empty() && arguments.base.is_empty() && arguments.module.is_empty());
    if !names_inputs && config.base.is_empty() && config.modules.is_empty() {
        return Err(nothing_named(config_path.as_deref()));
    }
    let modules_of_config = config
        .modules
        .iter()
        .map(|(name, paths)| ModulePlan { name: Some(name.clone()), paths: paths.clone() });
    let base = if arguments.base.is_empty() { config.base.clone() } else { arguments.base.clone() };
    let modules = if arguments.module.is_empty() {
        modules_of_config.collect()
    } else {
        collect_modules(&arguments.module)
    };
    let mut topology = config.topology.clone();
    topology.container = arguments.topology.clone().or(topology.container);
    let inputs = InputPlan {
        paths,
        base,
        modules,
        topology,
        jdk: arguments.jdk.clone().or_else(|| config.jdk.clone()),
        jdk_release: arguments.jdk_release.or(config.jdk_release),
        source_roots: joined(config.source_roots.clone(), &arguments.source_root),
        limits: config.limits,
    };
    Ok((inputs, config, config_path))
}

/// Tells configurations from inputs: a YAML file, or a folder that holds a `cotenant.yaml`.
fn split_config(paths: &[PathBuf]) -> Result<(Option<PathBuf>, Vec<PathBuf>), PlanError> {
    let mut configs = Vec::new();
    let mut inputs = Vec::new();
    for path in paths {
        let in_folder = path.join(CONFIG_FILE);
        let is_yaml = path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
        if is_yaml && !path.is_dir() {
            configs.push(path.clone());
        } else if in_folder.is_file() {
            configs.push(in_folder);
        } else {
            inputs.push(path.clone());
        }
    }
    if let [first, second, ..] = configs.as_slice() {
        let message = format!("two configurations: {} and {}", first.display(), second.display());
        return Err(PlanError::Usage(message, "scan one deployment at a time".to_owned()));
    }
    Ok((configs.pop(), inputs))
}

fn nothing_named(config: Option<&Path>) -> PlanError {
    match config {
        Some(path) => PlanError::Usage(
            format!("{} names neither a base nor a module", path.display()),
            "add `base: PATH` or `modules: {NAME: PATH}` to it, or name a PATH on the command line"
                .to_owned(),
        ),
        None => PlanError::Usage(
            "nothing to scan".to_owned(),
            format!("name a PATH, --base or --module, or write a {CONFIG_FILE} and name it"),
        ),
    }
}

/// One module per name; each path without a name is a module of its own.
fn collect_modules(arguments: &[NamedPath]) -> Vec<ModulePlan> {
    let mut modules: Vec<ModulePlan> = Vec::new();
    for NamedPath { name, path } in arguments {
        match modules.iter_mut().find(|module| name.is_some() && module.name == *name) {
            Some(module) => module.paths.push(path.clone()),
            None => modules.push(ModulePlan { name: name.clone(), paths: vec![path.clone()] }),
        }
    }
    modules
}

fn distinct_outputs(arguments: &[NamedPath]) -> Result<Vec<(String, PathBuf)>, PlanError> {
    let mut outputs: Vec<(String, PathBuf)> = Vec::new();
    for NamedPath { name, path } in arguments {
        if outputs.iter().any(|(_, other)| other == path) {
            let message = format!("two reports would be written to {}", path.display());
            return Err(PlanError::Usage(message, "give each --output a file of its own".to_owned()));
        }
        outputs.push((name.clone().unwrap_or_default(), path.clone()));
    }
    Ok(outputs)
}

fn joined<T: Clone>(first: Vec<T>, second: &[T]) -> Vec<T> {
    first.into_iter().chain(second.iter().cloned()).collect()
}

impl PlanError {
    /// What is wrong in a file, told by whoever has read it.
    fn of_file(&self) -> Option<&dyn Diagnostic> {
        match self {
            PlanError::Config(error) => Some(error.as_ref()),
            PlanError::Usage(..) => None,
            PlanError::Rules(mistakes) => match mistakes.0.as_slice() {
                [only] => Some(only),
                _ => Some(mistakes),
            },
            PlanError::RuleFiles(reports) => match reports.as_slice() {
                [only] => Some(only.as_ref()),
                _ => None,
            },
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::Config(error) => error.fmt(f),
            PlanError::Usage(message, _) => f.write_str(message),
            PlanError::Rules(mistakes) => mistakes.fmt(f),
            PlanError::RuleFiles(reports) => match reports.as_slice() {
                [only] => only.fmt(f),
                _ => write!(f, "mistakes in {} of the paths", reports.len()),
            },
        }
    }
}

impl std::error::Error for PlanError {}

impl Diagnostic for PlanError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self {
            PlanError::Usage(_, help) => Some(Box::new(help)),
            _ => self.of_file()?.help(),
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.of_file()?.labels()
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.of_file()?.source_code()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self {
            PlanError::RuleFiles(reports) if reports.len() > 1 => {
                Some(Box::new(reports.iter().map(|report| report.as_ref() as &dyn Diagnostic)))
            }
            _ => self.of_file()?.related(),
        }
    }
}
