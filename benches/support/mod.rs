//! What is measured on: the demo, and whatever jars the folder that `COTENANT_CORPUS` names holds.

use cotenant::engine::ingest::Input;
use cotenant::engine::request::ModuleRequest;
use cotenant::engine::{Arranged, DeploymentRequest, Phases, Progress, arrange};
use std::path::{Path, PathBuf};

/// One deployment to measure on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Set {
    /// `fixtures/demo`: a base and its modules.
    Demo,
    /// One class path of all jars of the corpus; nothing without `COTENANT_CORPUS`.
    Corpus,
}

/// Both.
pub(crate) const SETS: [Set; 2] = [Set::Demo, Set::Corpus];

impl Set {
    /// What to scan; `None` if there is nothing.
    pub(crate) fn path(self) -> Option<PathBuf> {
        match self {
            Set::Demo => Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo")),
            Set::Corpus => std::env::var_os("COTENANT_CORPUS").map(PathBuf::from),
        }
    }

    /// The deployment.
    pub(crate) fn request(self) -> DeploymentRequest {
        let input = |path: PathBuf| Input { display: path.display().to_string(), path };
        let Some(path) = self.path() else { return DeploymentRequest::default() };
        match self {
            Set::Demo => {
                let names = ["billing", "orders", "catalogue"];
                let modules = names
                    .iter()
                    .enumerate()
                    .map(|(i, name)| ModuleRequest { name: Some((*name).to_owned()), inputs: vec![i + 1] });
                let jars = ["base"].iter().chain(&names).map(|name| path.join(name).with_extension("jar"));
                DeploymentRequest {
                    inputs: jars.map(input).collect(),
                    base: vec![0],
                    modules: modules.collect(),
                    container: Some("sofa-ark".to_owned()),
                    ..DeploymentRequest::default()
                }
            }
            Set::Corpus => {
                let container = Some("flat".to_owned());
                DeploymentRequest {
                    inputs: vec![input(path)],
                    base: vec![0],
                    container,
                    ..DeploymentRequest::default()
                }
            }
        }
    }

    /// The deployment, read and arranged.
    pub(crate) fn arranged(self) -> Arranged {
        let progress = Progress::default();
        let mut phases = Phases::new(&progress);
        let arranged = arrange::arrange(&self.request(), &mut phases);
        arranged.ok().flatten().expect("the deployment can be read")
    }
}
