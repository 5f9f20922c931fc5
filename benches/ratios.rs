//! What a scan costs beside the least that any scan must do, as ratios of one run, so that they mean something on a
//! machine whose speed changes:
//!
//! ```sh
//! cargo bench --bench ratios -- FOLDER
//! ```
//!
//! The floor lists the same archives, inflates their classes and walks all that the class reader decodes, and does
//! nothing with it. Without FOLDER, `COTENANT_CORPUS` names it, else the committed jars are measured. The best of
//! three runs counts.
#![allow(clippy::expect_used, clippy::print_stdout, missing_docs, reason = "a benchmark, not a library")]

#[path = "../tests/assembler/mod.rs"]
mod assembler;

use assembler::jars;
use assembler::walk::{Walked, walk};
use cotenant::archive::{self, Limits, Reader};
use cotenant::classfile::PoolIndex;
use cotenant::engine::memory::peak_rss_bytes;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

const RUNS: usize = 3;
/// First argument of the process that runs the floor.
const FLOOR: &str = "--floor";
/// Clock ticks a second in proc(5); Linux has had 100 on all its usual platforms.
const TICKS: f64 = 100.0;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [flag, folder] = args.as_slice()
        && flag == FLOOR
    {
        return floor(Path::new(folder));
    }
    let committed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let folder = args.first().map(PathBuf::from).or_else(jars::corpus).unwrap_or_else(committed);
    let this = std::env::current_exe().expect("the path of this program");
    let scan = |threads: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cotenant"));
        command.args(["scan", "--fail-on", "never", "--format", "json", "--stats", "--threads", threads]);
        command.arg(&folder);
        command
    };
    let mut floor_command = Command::new(this);
    floor_command.arg(FLOOR).arg(&folder);
    let (mut commands, mut best) = ([floor_command, scan("1"), scan("2")], [Usage::WORST; 3]);
    for _ in 0..RUNS {
        for (command, best) in commands.iter_mut().zip(&mut best) {
            let (usage, _) = measure(command);
            *best = best.min(usage);
        }
    }
    let [floor, one, two] = best;
    let (_, output) = measure(&mut commands[0]);
    let n_bytes: f64 = String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .expect("the floor tells the bytes it has walked");
    println!("{}: {:.0} MB of classes", folder.display(), n_bytes / 1e6);
    println!("{:24}{:>9}{:>9}{:>10}", "", "CPU s", "wall s", "peak MB");
    for (what, usage) in [("floor", floor), ("scan, 1 thread", one), ("scan, 2 threads", two)] {
        print_row(what, usage);
    }
    println!("scan / floor, CPU time, 1 thread:        {:5.2}  (at most 2.5)", one.cpu / floor.cpu);
    println!("1 thread / 2 threads, wall time:         {:5.2}  (at least 1.7)", one.wall / two.wall);
    println!("peak memory / class bytes, 2 threads:    {:5.2}  (at most 1)", two.peak / n_bytes);
    match jdeps(&folder) {
        Some(jdeps) => {
            print_row("jdeps -v", jdeps);
            println!("jdeps -v / scan, wall time, 2 threads:   {:5.2}  (at least 5)", jdeps.wall / two.wall);
        }
        None => println!("no jdeps that reads these jars to compare with"),
    }
}

fn print_row(what: &str, usage: Usage) {
    let peak = if usage.peak > 0.0 { format!("{:10.0}", usage.peak / 1e6) } else { String::new() };
    println!("{what:24}{:9.2}{:9.2}{peak}", usage.cpu, usage.wall);
}

/// Lists, inflates, walks; prints the bytes of all classes and the peak memory.
fn floor(folder: &Path) {
    let (mut reader, mut index) = (Reader::new(), PoolIndex::default());
    let (mut walked, mut n_bytes) = (Walked::default(), 0);
    let tree = archive::open(folder, "", &Limits::default());
    for archive in &tree.archives {
        for entry in archive.entries.iter().filter(|entry| entry.is_class()) {
            if let Ok(bytes) = reader.read(archive, entry) {
                n_bytes += bytes.len();
                // What can't be walked is no class; the scan says so.
                let _ = walk(bytes, &mut index, &mut walked);
            }
        }
    }
    black_box(walked);
    println!("{n_bytes} {}", peak_rss_bytes().unwrap_or(0));
}

/// Seconds and bytes.
#[derive(Clone, Copy)]
struct Usage {
    cpu: f64,
    wall: f64,
    peak: f64,
}

impl Usage {
    const WORST: Self = Self { cpu: f64::MAX, wall: f64::MAX, peak: f64::MAX };

    fn min(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.min(other.cpu),
            wall: self.wall.min(other.wall),
            peak: self.peak.min(other.peak),
        }
    }
}

fn measure(command: &mut Command) -> (Usage, Output) {
    let (before, start) = (children_cpu(), Instant::now());
    let output = command.stderr(Stdio::null()).output().expect("the program runs");
    let (wall, cpu) = (start.elapsed().as_secs_f64(), children_cpu() - before);
    (Usage { cpu, wall, peak: peak_of(&output.stdout) }, output)
}

/// What a child has printed about its own peak memory: as the only other number, or in a report.
fn peak_of(stdout: &[u8]) -> f64 {
    let text = String::from_utf8_lossy(stdout);
    let told = match text.split_once("\"peak_rss_bytes\":") {
        Some((_, rest)) => rest.trim_start().split(|c: char| !c.is_ascii_digit()).next(),
        None => text.split_whitespace().nth(1),
    };
    told.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// CPU time of all finished children: `cutime` and `cstime` of `/proc/self/stat`.
fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in parentheses and may hold blanks.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// The JDK's own dependency scanner on the jars below a folder; `None` if there is none.
///
/// It refuses named modules whose requirements are not there, so jars with a module descriptor are left out: the
/// comparison is then with less work than a scan has.
fn jdeps(folder: &Path) -> Option<Usage> {
    let is_plain = |jar: &PathBuf| {
        let tree = archive::open(jar, "", &Limits::default());
        let mut entries = tree.archives.iter().flat_map(|archive| &archive.entries);
        !entries.any(|entry| entry.name.ends_with("module-info.class"))
    };
    let jars = jars::below(folder).into_iter().filter(is_plain);
    let mut command = Command::new("jdeps");
    command.args(["-v", "--multi-release", "17"]).args(jars);
    let (before, start) = (children_cpu(), Instant::now());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    let wall = start.elapsed().as_secs_f64();
    status.success().then_some(Usage { cpu: children_cpu() - before, wall, peak: 0.0 })
}
