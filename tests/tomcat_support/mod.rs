//! A Tomcat that runs the fixtures' web applications and says what it sees.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use walkdir::WalkDir;

/// The deployment that both Tomcat and cotenant are shown.
pub(crate) const FIXTURE: &str = "fixtures/tomcat";
/// Its web applications.
pub(crate) const APPLICATIONS: [&str; 2] = ["billing", "orders"];
/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(240);
/// Where jars of Tomcat may be: what `benches/corpus.sh` fetches, and what Debian installs.
const PLACES: [&str; 2] = ["corpus", "/usr/share/java"];
/// What `catalina.sh` opens for Tomcat's clean-up, and one package more in which the driver looks.
const OPENED: [&str; 7] = [
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.management/sun.management",
    "java.rmi/sun.rmi.transport",
    "java.sql/java.sql",
];

/// Tomcat with the compiled driver.
pub(crate) struct Tomcat {
    /// The jar of embedded Tomcat.
    pub(crate) jar: PathBuf,
    classes: tempfile::TempDir,
}

/// One line of what the driver says: kind of observation, application, and what more there is.
pub(crate) type Line = Vec<String>;

impl Tomcat {
    /// Finds the jar and compiles the driver.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn new() -> Result<Self, String> {
        let jar = find_jar().ok_or(
            "there is no tomcat10-embed-core jar: install libtomcat10-embed-java, or run benches/corpus.sh, or let \
             COTENANT_CORPUS name a folder with it",
        )?;
        let classes = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mut javac = Command::new("javac");
        javac.args(["-XDignore.symbol.file", "-proc:none", "-encoding", "UTF-8", "-d"]).arg(classes.path());
        javac
            .arg("-cp")
            .arg(&jar)
            .args(["Driver", "Held"].map(|name| format!("tests/tomcat_support/{name}.java")));
        let output = javac.output().map_err(|e| format!("there is no javac: {e}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("javac cannot compile the driver, which is written for JDK 17: {said}"));
        }
        Ok(Self { jar, classes })
    }

    /// Runs the driver: `what`, with `option` if it takes one, and `probes`.
    ///
    /// # Errors
    /// When the JVM cannot be started, or did not come to an end.
    pub(crate) fn run(
        &self,
        what: &str,
        option: Option<&str>,
        probes: &[String],
    ) -> Result<Vec<Line>, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let fixture = std::fs::canonicalize(FIXTURE).map_err(|e| e.to_string())?;
        let base = fixture.join("base.jar");
        let path =
            std::env::join_paths([self.classes.path(), &self.jar, &base]).map_err(|e| e.to_string())?;
        let mut java = Command::new("java");
        java.args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:SoftRefLRUPolicyMSPerMB=0"]);
        java.arg("-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager");
        for package in OPENED {
            java.arg("--add-opens").arg(format!("{package}=ALL-UNNAMED"));
        }
        java.arg("-cp")
            .arg(path)
            .args(["container.Driver", what])
            .arg(folder.path().join("home"))
            .args(option);
        java.arg(&base).args(APPLICATIONS.map(|name| format!("{name}={}/{name}.war", fixture.display())));
        java.args(probes);
        let (out, err) = (folder.path().join("out"), folder.path().join("err"));
        let file = |path: &Path| std::fs::File::create(path).map_err(|e| e.to_string());
        java.stdin(Stdio::null()).stdout(file(&out)?).stderr(file(&err)?);
        end(java)?;
        let text = |path: &Path| std::fs::read_to_string(path).map_err(|e| e.to_string());
        let said = text(&out)?;
        if !said.lines().any(|line| line == "@end") {
            return Err(format!("the driver ended early\n{said}\n{}", text(&err)?));
        }
        let lines = said.lines().filter_map(|line| line.strip_prefix('@'));
        Ok(lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }
}

fn end(mut command: Command) -> Result<(), String> {
    let mut child = command.spawn().map_err(|e| format!("there is no java: {e}"))?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if child.try_wait().map_err(|e| e.to_string())?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("the driver did not end within {PATIENCE:?}"))
}

/// By its true name, which is what a class loader reports.
fn find_jar() -> Option<PathBuf> {
    let named = std::env::var_os("COTENANT_CORPUS").map(PathBuf::from);
    let places = named.into_iter().chain(PLACES.map(PathBuf::from));
    let mut jars = places.flat_map(|place| {
        let files = WalkDir::new(place).sort_by_file_name().into_iter().filter_map(Result::ok);
        files.filter(|file| {
            let name = file.file_name().to_string_lossy();
            name.starts_with("tomcat10-embed-core") && name.ends_with(".jar")
        })
    });
    jars.find_map(|file| std::fs::canonicalize(file.path()).ok())
}
