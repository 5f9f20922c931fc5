//! `cotenant jdk-model …`.

use super::args::JdkModelCommand;
use super::outputs::Output;
use super::plan::PlanError;
use super::terminal::Terminal;
use crate::facts::jdk;

/// Makes a model from an installed JDK.
pub(super) fn run(command: &JdkModelCommand, terminal: &Terminal) -> Result<u8, PlanError> {
    let JdkModelCommand::Make { jdk: home, output } = command;
    let pending = Output::prepare(output)?;
    let model = jdk::model_from_home(home).map_err(|problem| {
        let help = "name the folder of a JDK of release 9 or later".to_owned();
        PlanError::Usage(format!("{}: {}", problem.place.archive, problem.message), help)
    })?;
    pending.write(|out| out.write_all(&model.encode()))?;
    let (n_classes, n_packages) = (model.unit.classes.len(), model.packages.len());
    let shown = output.display();
    terminal.tell(&format!("{shown}: JDK {}, {n_classes} classes of {n_packages} packages", model.release));
    Ok(0)
}
