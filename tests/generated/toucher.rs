//! The JVM that links generated deployments.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// Deployment, loader, class with dots, method (empty: the class itself).
pub(crate) type Place = [String; 4];

/// What failed: the error's simple name and what it says.
pub(crate) type Seen = BTreeMap<Place, (String, String)>;

/// The compiled class, or why there is none.
fn toucher() -> Result<&'static tempfile::TempDir, String> {
    static TOUCHER: OnceLock<Result<tempfile::TempDir, String>> = OnceLock::new();
    TOUCHER.get_or_init(compile).as_ref().map_err(Clone::clone)
}

fn compile() -> Result<tempfile::TempDir, String> {
    let classes = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut javac = Command::new("javac");
    javac.args(["-proc:none", "-encoding", "UTF-8", "-d"]).arg(classes.path());
    let output = javac.arg("tests/generated/Toucher.java").output();
    let output = output.map_err(|e| format!("there is no javac: {e}"))?;
    if output.status.success() {
        Ok(classes)
    } else {
        Err(format!("javac says {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Whether there is a JDK.
///
/// # Errors
/// Why there is none.
pub(crate) fn is_there() -> Result<(), String> {
    toucher().map(|_| ())
}

/// Touches everything in the jars of a folder. Returns what failed, and how many places were touched.
///
/// # Errors
/// When the JVM does not come to its end.
pub(crate) fn run(topology: &str, folder: &Path, names: &[String]) -> Result<(Seen, usize), String> {
    let classes = toucher()?;
    let list = folder.join("deployments");
    std::fs::write(&list, names.join("\n")).map_err(|e| e.to_string())?;
    let mut java = Command::new("java");
    java.args(["-Xmx512m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"]);
    java.arg(classes.path()).arg("proof.Toucher").args([topology]).arg(folder).arg(&list);
    let output = java.output().map_err(|e| format!("there is no java: {e}"))?;
    if !output.status.success() {
        return Err(format!("the JVM says {}", String::from_utf8_lossy(&output.stderr)));
    }
    let (mut seen, mut n_touched) = (Seen::new(), 0);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells.as_slice() {
            [deployment, loader, class, method, error, message] => {
                let place = [deployment, loader, class, method].map(|s| (*s).to_owned());
                seen.insert(place, ((*error).to_owned(), (*message).to_owned()));
            }
            ["touched", n] => n_touched = n.parse().map_err(|_| format!("not a number: {n}"))?,
            _ => return Err(format!("not understood: {line}")),
        }
    }
    if n_touched == 0 { Err("nothing was touched".to_owned()) } else { Ok((seen, n_touched)) }
}
