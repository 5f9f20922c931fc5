//! Makes a model of a Java platform: `cargo run --release --example jdk_model -- HOME FILE`.

use cotenant::facts::jdk::{JdkModel, model_from_home};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [home, output] = &args[..] else {
        eprintln!("usage: jdk_model HOME FILE");
        return ExitCode::FAILURE;
    };
    let model = match model_from_home(Path::new(home)) {
        Ok(model) => model,
        Err(problem) => {
            eprintln!("{}: {}", problem.place.archive, problem.message);
            return ExitCode::FAILURE;
        }
    };
    let bytes = model.encode();
    let start = Instant::now();
    let read = JdkModel::decode(&bytes).is_ok_and(|read| read.release == model.release);
    println!(
        "Java {}: {} packages, {} classes, {} fields, {} methods, {} names of {} bytes; {} bytes, read in {:?}: {read}",
        model.release,
        model.packages.len(),
        model.unit.classes.len(),
        model.unit.fields.len(),
        model.unit.methods.len(),
        model.unit.names.len(),
        model.unit.names.text_len(),
        bytes.len(),
        start.elapsed(),
    );
    match std::fs::write(output, bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{output}: {error}");
            ExitCode::FAILURE
        }
    }
}
