//! Deployments of many modules.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;

use assembler::ClassAssembler;
use std::fmt::Write as _;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn pack(path: &Path, name: &str, class: ClassAssembler) {
    let mut jar = ZipWriter::new(Cursor::new(Vec::new()));
    jar.start_file(format!("{name}.class"), SimpleFileOptions::default()).unwrap();
    jar.write_all(&class.finish()).unwrap();
    std::fs::write(path, jar.finish().unwrap().into_inner()).unwrap();
}

/// A class with a static method that writes a static of the base.
fn writer(name: &str) -> ClassAssembler {
    let mut class = ClassAssembler::new(name);
    let last = class.member(9, "shop/Base", "last", "Ljava/lang/String;").to_be_bytes();
    let text = u8::try_from(class.string(name)).unwrap();
    class.run(&[0x12, text, 0xB3, last[0], last[1], 0xB1]);
    class
}

#[test]
fn a_module_takes_memory_for_what_it_reaches_alone() {
    const N: usize = 800;
    let folder = tempfile::tempdir().unwrap();
    let mut base = ClassAssembler::new("shop/Base");
    let field = base.member_info(0x9, "last", "Ljava/lang/String;", &[]);
    base.fields.push(field);
    pack(&folder.path().join("base.jar"), "shop/Base", base);
    let mut deployment = "topology: sofa-ark\nbase: [base.jar]\nmodules:\n".to_owned();
    for i in 0..N {
        let name = format!("shop{i}/Writer");
        pack(&folder.path().join(format!("m{i}.jar")), &name, writer(&name));
        writeln!(deployment, "  m{i}: m{i}.jar").unwrap();
    }
    std::fs::write(folder.path().join("cotenant.yaml"), deployment).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--format", "json", "--stats"]).current_dir(folder.path());
    let output = scan.timeout(Duration::from_secs(100)).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["rule"], "static-sharing/overwritten-static");
    assert_eq!(report["findings"][0]["tenants"].as_array().unwrap().len(), N);
    // A number for each method of the JDK and each module would take three hundred megabytes; a system may not tell.
    let peak = report["stats"]["peak_rss_bytes"].as_u64().unwrap_or(0);
    assert!(peak < 150 << 20, "{peak} bytes");
}
