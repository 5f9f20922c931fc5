//! Arguments to plan to run to exit code.
//!
//! Standard output carries what was asked for and nothing else; problems, progress and mistakes of the user go to
//! standard error.
//! May import: everything

pub mod args;
pub mod config;
pub mod plan;

mod baseline;
pub mod cases;
mod generate;
mod inspect;
mod jdk_model;
mod outputs;
mod request;
mod rules;
mod scan;
mod terminal;

pub use args::{Arguments, Command};
pub use config::{Config, ConfigError};
pub use plan::{Plan, PlanError};

use args::ColorChoice;
use clap::Parser;
use std::process::ExitCode;
use terminal::Terminal;

/// Exit code of a request that cannot be carried out.
const BAD_REQUEST: u8 = 2;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { BAD_REQUEST } else { 0 });
        }
    };
    let color = match &arguments.command {
        Command::Scan(scan) => scan.report.color,
        _ => ColorChoice::Auto,
    };
    let terminal = Terminal::new(color);
    let code = run(&arguments.command, &terminal).unwrap_or_else(|error| {
        terminal.tell_mistake(&error);
        BAD_REQUEST
    });
    ExitCode::from(code)
}

fn run(command: &Command, terminal: &Terminal) -> Result<u8, PlanError> {
    match command {
        Command::Scan(arguments) => scan::run(arguments, terminal),
        Command::Rules(command) => rules::run(command),
        Command::Inspect(command) => inspect::run(command, terminal),
        Command::JdkModel(command) => jdk_model::run(command, terminal),
        Command::Completions { shell } => generate::completions(*shell),
        Command::Man => generate::manual_page(),
    }
}
