//! Whatever is done to the bytes of its classes, a deployment is scanned: what can't be read is told of, the rest is
//! analysed, and nothing breaks.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;

use assembler::jars;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Scans of mutated deployments.
const ROUNDS: u64 = 24;
/// Classes in each of them, each changed in some bytes.
const CLASSES: usize = 48;

/// A sequence of numbers that a seed decides (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// A byte becomes another one, one of those that count and measure, or is gone or doubled.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..[1, 1, 2, 5][random.below(4)] {
        // Behind magic number and version, which would end the matter.
        let at = 8 + random.below(bytes.len().saturating_sub(8).max(1));
        let Some(byte) = bytes.get_mut(at) else { return };
        match random.below(10) {
            0..6 => *byte = random.next() as u8,
            6..8 => *byte = [0, 1, 127, 128, 255][random.below(5)],
            8 => drop(bytes.remove(at)),
            _ => bytes.insert(at, random.next() as u8),
        }
    }
}

/// Classes of the cases, with their entries' names.
fn classes() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for jar in ["resource", "static-sharing", "classloader"].iter().flat_map(|f| jars::below(&root.join(f))) {
        jars::classes(&jar, &mut |name, bytes| found.push((name.to_owned(), bytes.to_vec())));
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn mutated_classes_cost_themselves_and_nothing_else() {
    let classes = classes();
    assert!(classes.len() > 500, "the fixtures were not read");
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("mutated.jar");
    for round in 0..ROUNDS {
        let mut random = Random(round);
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&jar).unwrap());
        for i in 0..CLASSES {
            let (name, bytes) = &classes[random.below(classes.len())];
            let mut bytes = bytes.clone();
            mutate(&mut bytes, &mut random);
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(format!("{i}/{name}"), options).unwrap();
            zip.write_all(&bytes).unwrap();
        }
        zip.finish().unwrap();
        let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
        scan.args(["scan", "--fail-on", "never", "--quiet", "--format", "json", "--base"]).arg(&jar);
        let output = scan.timeout(Duration::from_secs(60)).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "round {round}: {told}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("internal-error"), "round {round}: {told}");
    }
}
