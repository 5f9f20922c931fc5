//! The JVM: compiles the runner once, runs deployments under it, and reads what it saw.

use super::prediction::Case;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How long one deployment may run.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many JVMs may run at once.
const AT_ONCE: usize = 2;
const ASM: &str = "java.base/jdk.internal.org.objectweb.asm=ALL-UNNAMED";
/// Packages of the JDK in which the runner looks whether something is still open.
const OPENED: [&str; 14] = [
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.net",
    "java.base/java.nio.channels",
    "java.base/java.nio.file",
    "java.base/java.util",
    "java.base/java.util.jar",
    "java.base/java.util.stream",
    "java.base/java.util.zip",
    "java.base/jdk.internal.loader",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.nio.fs",
    "jdk.httpserver/sun.net.httpserver",
];

/// A compiled runner.
pub(crate) struct Machine {
    classes: tempfile::TempDir,
}

/// What one run showed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    events: Vec<Value>,
    /// `None` when the JVM did not end by itself in time.
    pub(crate) code: Option<i32>,
}

/// One observation: keys to texts.
pub(crate) struct Event<'a>(&'a Value);

impl<'a> Event<'a> {
    pub(crate) fn get(&self, key: &str) -> &'a str {
        self.0[key].as_str().unwrap_or_default()
    }
}

impl Seen {
    /// Observations of one kind.
    pub(crate) fn all(&self, event: &str) -> Vec<Event<'_>> {
        self.events.iter().filter(|e| e["event"] == event).map(Event).collect()
    }

    /// Observations of one kind about one tenant.
    pub(crate) fn of(&self, event: &str, tenant: &str) -> Vec<Event<'_>> {
        self.all(event).into_iter().filter(|e| e.get("tenant") == tenant).collect()
    }

    /// Whether all modules were started and unloaded.
    pub(crate) fn is_complete(&self) -> bool {
        self.code == Some(0) && !self.all("end").is_empty()
    }
}

/// The machine, or why there is none.
pub(crate) fn machine() -> Result<&'static Machine, String> {
    static MACHINE: OnceLock<Result<Machine, String>> = OnceLock::new();
    MACHINE.get_or_init(Machine::new).as_ref().map_err(Clone::clone)
}

impl Machine {
    fn new() -> Result<Machine, String> {
        let classes = tempfile::tempdir().map_err(|e| e.to_string())?;
        let sources = std::fs::read_dir("tests/jvm").map_err(|e| e.to_string())?;
        let mut sources: Vec<PathBuf> = sources.filter_map(|e| Some(e.ok()?.path())).collect();
        sources.retain(|path| path.extension().is_some_and(|e| e == "java"));
        sources.sort();
        let mut javac = Command::new("javac");
        javac.args(["--add-exports", ASM, "-XDignore.symbol.file", "-proc:none", "-encoding", "UTF-8", "-d"]);
        let output = javac.arg(classes.path()).args(sources).output();
        let output = output.map_err(|e| format!("there is no javac: {e}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("javac cannot compile the runner, which is written for JDK 17: {said}"));
        }
        let java = Command::new("java").arg("-version").output();
        java.map_err(|e| format!("there is no java: {e}"))?;
        Ok(Machine { classes })
    }

    /// Runs modules of a case's deployment, each `(name, jar)`, in this order; `context` is whose loader the thread that
    /// starts them has, `module` or `base`.
    ///
    /// # Errors
    /// When the JVM cannot be started or its observations cannot be read.
    pub(crate) fn run(
        &self,
        case: &Case,
        context: &str,
        modules: &[(String, PathBuf)],
    ) -> Result<Seen, String> {
        let _turn = Turn::take();
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let events = folder.path().join("events");
        let mut java = Command::new("java");
        java.args(["-Xmx64m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        // Caches that give way under pressure are no leaks, and the pool has threads even where there is one core.
        java.args(["-XX:SoftRefLRUPolicyMSPerMB=0", "--add-exports", ASM]);
        java.arg("-Djava.util.concurrent.ForkJoinPool.common.parallelism=3");
        if case.is_before_9 {
            java.arg("-Djava.util.concurrent.ForkJoinPool.common.threadFactory=proof.InheritingThreads");
        }
        for package in OPENED {
            java.arg("--add-opens").arg(format!("{package}=ALL-UNNAMED"));
        }
        java.arg(format!("-Djava.io.tmpdir={}", folder.path().display()));
        java.arg("-cp")
            .arg(self.classes.path())
            .arg("proof.Runner")
            .arg(&events)
            .args([case.topology.as_str(), context]);
        // What a case writes by a relative path is to go with the folder; so what it reads needs absolute ones.
        java.current_dir(folder.path());
        let absolute = |path: &PathBuf| std::path::absolute(path).map_err(|e| e.to_string());
        let base = case.base.iter().map(absolute).collect::<Result<Vec<_>, _>>()?;
        java.arg(std::env::join_paths(base).map_err(|e| e.to_string())?);
        for (name, jar) in modules {
            java.arg(format!("{name}={}", absolute(jar)?.display()));
        }
        java.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = java.spawn().map_err(|e| format!("there is no java: {e}"))?;
        let status = wait(&mut child);
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        let events = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        let events = events.map_err(|e| format!("{e} in {text}"))?;
        Ok(Seen { events, code: status.and_then(|s| s.code()) })
    }
}

/// Waits, and ends the process when it takes too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(Duration::from_millis(4)),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// The right to run a JVM.
struct Turn;

static RUNNING: Mutex<usize> = Mutex::new(0);
static FREE: Condvar = Condvar::new();

impl Turn {
    fn take() -> Turn {
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while *running >= AT_ONCE {
            running = FREE.wait(running).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        *running += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner) -= 1;
        FREE.notify_one();
    }
}

/// Whether a missing JDK is a failure.
pub(crate) fn is_required() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// A jar beside the case's configuration.
pub(crate) fn jar(case: &Path, name: &str) -> PathBuf {
    case.join(name)
}
