//! Deployments in which several applications pack the same library.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod archive_zips;
mod assembler;

use archive_zips::{Member, deflated, stored, zip};
use assembler::{Body, ClassAssembler};
use serde_json::Value;

/// A library with a class that stores 250,000 times into arrays and one that is none.
fn library() -> Vec<u8> {
    let mut large = ClassAssembler::new("lib/Large");
    let code = [&[0x01, 0x03, 0x01, 0x53].repeat(15_000)[..], &[0xB1]].concat();
    for i in 0..17 {
        large.method(
            &format!("store{i}"),
            "()V",
            &Body { max_stack: 3, code: code.clone(), ..Body::default() },
        );
    }
    zip([
        stored("lib/Large.class", large.finish()),
        stored("lib/Broken.class", b"\xCA\xFE\xBA\xBE and no more"),
        stored("lib/Right.class", ClassAssembler::new("lib/Right").finish()),
    ])
}

/// A class that registers a shutdown hook.
fn hook() -> Vec<u8> {
    let mut class = ClassAssembler::new("lib/Hook");
    let of_runtime = |class: &mut ClassAssembler, name: &str, desc: &str| {
        class.member(10, "java/lang/Runtime", name, desc).to_be_bytes()
    };
    let runtime = of_runtime(&mut class, "getRuntime", "()Ljava/lang/Runtime;");
    let add = of_runtime(&mut class, "addShutdownHook", "(Ljava/lang/Thread;)V");
    let thread = class.class("java/lang/Thread").to_be_bytes();
    let init = class.member(10, "java/lang/Thread", "<init>", "()V").to_be_bytes();
    let [get, new, init, add] = [
        [0xB8, runtime[0], runtime[1]],
        [0xBB, thread[0], thread[1]],
        [0xB7, init[0], init[1]],
        [0xB6, add[0], add[1]],
    ];
    class.run(&[&get[..], &new, &[0x59], &init, &add, &[0xB1]].concat());
    class.finish()
}

/// Scans as many modules as there are libraries; each packs one.
fn scan(libraries: &[Vec<u8>]) -> Value {
    serde_json::from_slice(&report(libraries, "json")).unwrap()
}

fn report(libraries: &[Vec<u8>], format: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, members: Vec<Member>| {
        std::fs::write(folder.path().join(name), zip(members)).unwrap();
    };
    write("base.jar", vec![stored("shop/Base.class", ClassAssembler::new("shop/Base").finish())]);
    let mut deployment = "topology: sofa-ark\nbase: [base.jar]\nmodules:\n".to_owned();
    for (i, library) in libraries.iter().enumerate() {
        let own = format!("shop{i}/Own");
        let mut class = ClassAssembler::new(&own);
        let run = class.member(10, "lib/Hook", "run", "()V").to_be_bytes();
        class.run(&[0xB8, run[0], run[1], 0xB1]);
        let class = stored(format!("{own}.class"), class.finish());
        let mark = stored("com/alipay/sofa/ark/biz/mark", "a mark");
        write(&format!("m{i}.jar"), vec![class, mark, deflated("lib/large.jar", library)]);
        deployment += &format!("  m{i}: m{i}.jar\n");
    }
    std::fs::write(folder.path().join("cotenant.yaml"), deployment).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--format", format, "--stats"]).current_dir(folder.path());
    scan.output().unwrap().stdout
}

fn diagnostics(report: &Value, code: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == code);
    all.map(|d| (text(&d["archive"]), text(&d["entry"]))).collect()
}

#[test]
fn each_copy_of_a_library_counts_and_is_told_of() {
    let report = scan(&[library(), library(), library()]);
    assert_eq!(
        report["stats"]["classes"],
        1 + 3 * 3,
        "the base's, and one of its own and two of the library each"
    );
    let broken = |i: usize| (format!("m{i}.jar!/lib/large.jar"), "lib/Broken.class".to_owned());
    assert_eq!(diagnostics(&report, "malformed-class"), [broken(0), broken(1), broken(2)]);
}

#[test]
fn a_library_is_read_once_however_many_pack_it() {
    let peak = |n: usize| scan(&vec![library(); n])["stats"]["peak_rss_bytes"].as_u64().unwrap_or(0);
    let (one, many) = (peak(1), peak(40));
    // Each would take 3 MB of its own.
    assert!(many < one + (60 << 20), "{one} bytes for one copy and {many} for forty");
}

#[test]
fn a_packed_library_is_in_memory_once_however_many_pack_it() {
    // Numbers that no compression makes less of.
    let numbers = (0..1_u32 << 19).map(|i| blake3::hash(&i.to_le_bytes()).as_bytes()[..8].to_vec());
    let data: Vec<u8> = numbers.flatten().collect();
    let library = zip([stored("lib/data.bin", data), stored("lib/Hook.class", hook())]);
    let peak = |n: usize| scan(&vec![library.clone(); n])["stats"]["peak_rss_bytes"].as_u64().unwrap_or(0);
    let (one, many) = (peak(1), peak(20));
    assert!(many < one + (30 << 20), "{one} bytes for one copy and {many} for twenty of 4 MB");
}

#[test]
fn a_library_that_only_claims_to_be_another_one_is_read() {
    let mut forged = library();
    let at = forged.windows(3).position(|bytes| bytes == [0x01, 0x03, 0x01]).unwrap();
    forged[at] = 0x05;
    let report = scan(&[library(), forged]);
    let corrupt = ("m1.jar!/lib/large.jar".to_owned(), "lib/Large.class".to_owned());
    assert_eq!(diagnostics(&report, "corrupt-entry"), [corrupt]);
}

#[test]
fn what_is_found_in_each_copy_is_shown_once() {
    let library = zip([stored("lib/Hook.class", hook())]);
    let libraries = vec![library; 12];
    let findings = scan(&libraries)["findings"].as_array().unwrap().len();
    assert_eq!(findings, 12, "each copy has a fingerprint of its own");
    let text = String::from_utf8(report(&libraries, "text")).unwrap();
    assert_eq!(text.matches("error[resource/shutdown-hook-from-module]").count(), 1, "{text}");
    // The others in the order of their names.
    let others = "the same in the copies of m1, m10, m11, m2, m3, m4, m5, m6, m7, m8 and 1 more; JSON has their traces";
    assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(others), "{text}");
    assert!(text.contains("verdict: not fit to share one JVM: 12 errors"), "{text}");
}
