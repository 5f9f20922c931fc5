//! From the plan to what the engine is asked for.

use super::config::{Jdk, LimitsConfig, TopologyConfig};
use super::plan::{InputPlan, PlanError};
use crate::archive::Limits;
use crate::engine::ingest::Input;
use crate::engine::{DeploymentRequest, EngineError, JdkSource, ModuleRequest};
use crate::topology::Options;
use std::path::{Path, PathBuf};

/// What the engine is to look at.
pub(super) fn deployment(plan: &InputPlan, threads: Option<usize>) -> DeploymentRequest {
    let mut inputs = Inputs::default();
    DeploymentRequest {
        base: inputs.add_all(&plan.base),
        modules: plan
            .modules
            .iter()
            .map(|module| ModuleRequest { name: module.name.clone(), inputs: inputs.add_all(&module.paths) })
            .collect(),
        paths: inputs.add_all(&plan.paths),
        inputs: inputs.all,
        container: plan.topology.container.clone(),
        options: options(&plan.topology),
        jdk: match &plan.jdk {
            None => JdkSource::Embedded,
            Some(Jdk::Release(release)) => JdkSource::Release(*release),
            Some(Jdk::Home(path)) => JdkSource::Path(path.clone()),
        },
        jdk_release: plan.jdk_release,
        limits: limits(&plan.limits),
        threads,
    }
}

/// Everything that is named. A path named twice, as a library of two modules may be, is read once.
#[derive(Default)]
struct Inputs {
    all: Vec<Input>,
}

impl Inputs {
    fn add_all(&mut self, paths: &[PathBuf]) -> Vec<usize> {
        paths.iter().map(|path| self.add(path)).collect()
    }

    fn add(&mut self, path: &Path) -> usize {
        let known = self.all.iter().position(|input| input.path == path);
        known.unwrap_or_else(|| {
            self.all.push(Input { path: path.to_owned(), display: shown(path) });
            self.all.len() - 1
        })
    }
}

/// As it was written, but with `/` whatever the system, and none at its end.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    match text.trim_end_matches('/') {
        "" => text,
        trimmed => trimmed.to_owned(),
    }
}

fn options(topology: &TopologyConfig) -> Options {
    let default = Options::default();
    Options {
        delegate: topology.delegate.unwrap_or(default.delegate),
        plugin_export: topology.plugin_export.unwrap_or(default.plugin_export),
        parent_first: topology.parent_first.clone(),
        base_hidden: topology.base_hidden.unwrap_or(default.base_hidden),
    }
}

fn limits(limits: &LimitsConfig) -> Limits {
    let default = Limits::default();
    let small = |n: Option<u64>, default: u32| n.map_or(default, |n| u32::try_from(n).unwrap_or(u32::MAX));
    Limits {
        max_entry_size: limits.max_entry_size.unwrap_or(default.max_entry_size),
        max_ratio: small(limits.max_ratio, default.max_ratio),
        max_total_size: limits.max_total_size.unwrap_or(default.max_total_size),
        max_nested_size: limits.max_nested_size.unwrap_or(default.max_nested_size),
        max_depth: small(limits.max_depth, default.max_depth),
        max_entries: small(limits.max_entries, default.max_entries),
    }
}

/// Why the engine did not begin, as a mistake of the request.
pub(super) fn refused(error: &EngineError) -> PlanError {
    let help = match error {
        EngineError::Threads(_) => "ask for fewer with --threads",
        EngineError::NoSuchRelease(..) => "name a JDK's home, or leave --jdk out",
    };
    PlanError::Usage(error.to_string(), help.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::plan::ModulePlan;

    #[test]
    fn a_path_named_twice_is_read_once_and_shown_as_written() {
        let module =
            |paths: &[&str]| ModulePlan { name: None, paths: paths.iter().map(PathBuf::from).collect() };
        let plan = InputPlan {
            base: vec!["deploy/base/".into()],
            modules: vec![module(&["a.jar", "lib.jar"]), module(&["b.jar", "lib.jar"])],
            ..InputPlan::default()
        };
        let request = deployment(&plan, None);
        let shown: Vec<&str> = request.inputs.iter().map(|input| input.display.as_str()).collect();
        assert_eq!(shown, ["deploy/base", "a.jar", "lib.jar", "b.jar"]);
        assert_eq!(request.modules[0].inputs, [1, 2]);
        assert_eq!(request.modules[1].inputs, [3, 2]);
    }
}
