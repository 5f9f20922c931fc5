//! Code that would take forever if each way through it were followed.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;

use assembler::{Body, ClassAssembler, u2s};
use std::time::Duration;

const STREAM: &str = "java/io/FileInputStream";
const CALL: u8 = 0xB8;
const RETURN: u8 = 0xB1;

/// `new FileInputStream("x")`, and whatever is to be done with it.
fn opened(class: &mut ClassAssembler) -> Vec<u8> {
    let (stream, name) = (class.class(STREAM), class.string("x"));
    let init = class.member(10, STREAM, "<init>", "(Ljava/lang/String;)V");
    let mut code = vec![0xBB];
    code.extend(stream.to_be_bytes());
    code.extend([0x59, 0x12, u8::try_from(name).unwrap(), 0xB7]);
    code.extend(init.to_be_bytes());
    code
}

fn add(class: &mut ClassAssembler, access: u16, name: &str, desc: &str, code: Vec<u8>) {
    let content = Body { max_stack: 4, max_locals: 4, code, ..Body::default() }.content();
    let error = class.class("java/io/IOException");
    let attributes = [class.attribute("Code", &content), class.attribute("Exceptions", &u2s(&[1, error]))];
    let method = class.member_info(access, name, desc, &attributes);
    class.methods.push(method);
}

/// So many calls of a method of the class.
fn calls(class: &mut ClassAssembler, name: &str, n: usize) -> Vec<u8> {
    let callee = class.member(10, "shop/Chain", name, "()V").to_be_bytes();
    [CALL, callee[0], callee[1]].repeat(n)
}

/// The exit code of a scan of the class, which has to end.
fn scanned(class: ClassAssembler) -> Option<i32> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/Chain.class"), class.finish()).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--quiet", "--base"]).arg(folder.path());
    scan.timeout(Duration::from_secs(60)).output().unwrap().status.code()
}

/// What a scan of the class says about the methods that it could not read; it has to read the rest.
fn told(class: ClassAssembler) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/Chain.class"), class.finish()).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--base"]).arg(folder.path());
    let output = scan.timeout(Duration::from_secs(60)).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 class"));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_void_parameter_costs_the_method_that_declares_it() {
    let mut class = ClassAssembler::new("shop/Chain");
    add(&mut class, 0x9, "wide", "(IIIV", vec![RETURN]);
    let told = told(class);
    assert!(told.contains("malformed-code") && told.contains("shop/Chain.class"), "{told}");
}

#[test]
fn a_method_where_a_field_is_expected_costs_the_method_that_names_it() {
    let mut class = ClassAssembler::new("shop/Chain");
    let own = class.member(10, "shop/Chain", "put", "()V").to_be_bytes();
    add(&mut class, 0x9, "put", "()V", vec![0x01, 0x01, 0xB5, own[0], own[1], RETURN]);
    let told = told(class);
    assert!(told.contains("malformed-code") && told.contains("shop/Chain.class"), "{told}");
}

#[test]
fn many_ways_from_main_to_a_stream_are_many_and_no_more() {
    let mut class = ClassAssembler::new("shop/Chain");
    let mut code = calls(&mut class, "s0", 1);
    code.push(RETURN);
    add(&mut class, 0x9, "main", "([Ljava/lang/String;)V", code);
    for level in 0..7 {
        let mut code = calls(&mut class, &format!("s{}", level + 1), 30);
        code.push(RETURN);
        add(&mut class, 0xA, &format!("s{level}"), "()V", code);
    }
    let mut code = opened(&mut class);
    code.extend([0x57, RETURN]);
    add(&mut class, 0xA, "s7", "()V", code);
    assert_eq!(scanned(class), Some(0));
}

/// A method that closes a stream in each of so many handlers, all of them around so many calls that may throw.
fn closing_everywhere(n_calls: usize, n_handlers: u16) -> ClassAssembler {
    let mut class = ClassAssembler::new("shop/Chain");
    // Before Java 6 there are no stack maps, so that the code stands as it is (JVMS 4.10).
    class.major = 49;
    let mut code = opened(&mut class);
    code.push(0x4B);
    let first = u16::try_from(code.len()).unwrap();
    let unknown = class.member(10, "lib/Missing", "step", "()V").to_be_bytes();
    code.extend([CALL, unknown[0], unknown[1]].repeat(n_calls));
    let last = u16::try_from(code.len()).unwrap();
    let close = class.member(10, STREAM, "close", "()V").to_be_bytes();
    let closing = [0x2A, 0xB6, close[0], close[1], RETURN];
    code.extend(closing);
    let caught = class.class("java/io/FileNotFoundException");
    let mut handlers = Vec::new();
    for _ in 0..n_handlers {
        handlers.push([first, last, u16::try_from(code.len()).unwrap(), caught]);
        code.push(0x57);
        code.extend(closing);
    }
    class.method("open", "()V", &Body { max_stack: 4, max_locals: 4, code, handlers, ..Body::default() });
    class
}

#[test]
fn each_handler_waits_once_for_all_calls_around_which_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    let class = closing_everywhere(11_000, 5_000);
    std::fs::write(folder.path().join("shop/Chain.class"), class.finish()).unwrap();
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--format", "json", "--stats", "--base"]).arg(folder.path());
    let output = scan.timeout(Duration::from_secs(60)).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["rule"], "resource/stream-open-on-exception");
    // A pair of call and handler in twelve bytes would fill six hundred megabytes; a system may not tell.
    let peak = report["stats"]["peak_rss_bytes"].as_u64().unwrap_or(0);
    assert!(peak < 300 << 20, "{peak} bytes");
}

#[test]
fn many_calls_that_may_throw_are_asked_once_for_each_callee() {
    let mut class = ClassAssembler::new("shop/Chain");
    let mut code = opened(&mut class);
    code.push(0x4B);
    code.extend(calls(&mut class, "s0", 1));
    let close = class.member(10, STREAM, "close", "()V").to_be_bytes();
    code.extend([0x2A, 0xB6, close[0], close[1], RETURN]);
    add(&mut class, 0x9, "read", "()V", code);
    for level in 0..3 {
        let mut code = calls(&mut class, &format!("s{}", level + 1), 15_000);
        code.push(RETURN);
        add(&mut class, 0xA, &format!("s{level}"), "()V", code);
    }
    add(&mut class, 0xA, "s3", "()V", vec![0x01, 0xBF]);
    assert_eq!(scanned(class), Some(0));
}

/// A method that loads a class by the name that it is given, with the loader of the object that it is given.
fn loading(class: &mut ClassAssembler) -> Vec<u8> {
    let get_class = class.member(10, "java/lang/Object", "getClass", "()Ljava/lang/Class;");
    let get_loader = class.member(10, "java/lang/Class", "getClassLoader", "()Ljava/lang/ClassLoader;");
    let load =
        class.member(10, "java/lang/ClassLoader", "loadClass", "(Ljava/lang/String;)Ljava/lang/Class;");
    let mut code = vec![0x2A];
    for called in [get_class, get_loader] {
        code.push(0xB6);
        code.extend(called.to_be_bytes());
    }
    code.extend([0x2B, 0xB6]);
    code.extend(load.to_be_bytes());
    code.extend([0x57, RETURN]);
    code
}

#[test]
fn many_ways_to_a_lookup_of_a_class_are_many_and_no_more() {
    const DESC: &str = "(Ljava/lang/Object;Ljava/lang/String;)V";
    let mut class = ClassAssembler::new("shop/Chain");
    let code = loading(&mut class);
    add(&mut class, 0x9, "m0_0", DESC, code);
    // Each of forty methods of a level calls all of the level below.
    for level in 1..4 {
        for at in 0..40 {
            let mut code = Vec::new();
            for of in 0..(if level == 1 { 1 } else { 40 }) {
                let below = class.member(10, "shop/Chain", &format!("m{}_{of}", level - 1), DESC);
                code.extend([0x2A, 0x2B, CALL]);
                code.extend(below.to_be_bytes());
            }
            code.push(RETURN);
            add(&mut class, 0xA, &format!("m{level}_{at}"), DESC, code);
        }
    }
    assert_eq!(scanned(class), Some(0));
}

#[test]
fn a_text_of_texts_of_texts_comes_to_an_end() {
    const DESC: &str = "()Ljava/lang/String;";
    let mut class = ClassAssembler::new("shop/Chain");
    let resource =
        class.member(10, "java/lang/ClassLoader", "getSystemResource", "(Ljava/lang/String;)Ljava/net/URL;");
    let concat = class.member(10, "java/lang/String", "concat", "(Ljava/lang/String;)Ljava/lang/String;");
    for level in 0..12 {
        let below = class.member(10, "shop/Chain", &format!("t{}", level + 1), DESC).to_be_bytes();
        let mut code = vec![CALL, below[0], below[1]];
        for _ in 0..30 {
            code.extend([CALL, below[0], below[1], 0xB6]);
            code.extend(concat.to_be_bytes());
        }
        code.push(0xB0);
        add(&mut class, 0xA, &format!("t{level}"), DESC, code);
    }
    let text = class.string("");
    add(&mut class, 0xA, "t12", DESC, vec![0x12, u8::try_from(text).unwrap(), 0xB0]);
    let top = class.member(10, "shop/Chain", "t0", DESC).to_be_bytes();
    let mut code = vec![CALL, top[0], top[1], CALL];
    code.extend(resource.to_be_bytes());
    code.extend([0x57, RETURN]);
    add(&mut class, 0x9, "open", "()V", code);
    assert_eq!(scanned(class), Some(0));
}

/// The fields of these names, static and private.
fn add_statics(class: &mut ClassAssembler, fields: &[(&str, &str)]) {
    for (name, desc) in fields {
        let field = class.member_info(0xA, name, desc, &[]);
        class.fields.push(field);
    }
}

#[test]
fn many_ways_to_native_code_are_asked_once_for_each_callee() {
    let mut class = ClassAssembler::new("shop/Chain");
    add_statics(&mut class, &[("ready", "Z")]);
    let ready = class.member(9, "shop/Chain", "ready", "Z").to_be_bytes();
    add(&mut class, 0x9, "set", "(Z)V", vec![0x1A, 0xB3, ready[0], ready[1], RETURN]);
    add(&mut class, 0x9, "get", "()Z", vec![0xB2, ready[0], ready[1], 0xAC]);
    for (name, below) in [("a", "b"), ("b", "c")] {
        let mut code = calls(&mut class, below, 3000);
        code.push(RETURN);
        add(&mut class, 0xA, name, "()V", code);
    }
    add(&mut class, 0xA, "c", "()V", vec![RETURN]);
    let set = class.member(10, "shop/Chain", "set", "(Z)V").to_be_bytes();
    let mut code = calls(&mut class, "a", 3000);
    code.extend([0x04, CALL, set[0], set[1], RETURN]);
    add(&mut class, 0x9, "start", "()V", code);
    assert_eq!(scanned(class), Some(0));
}

#[test]
fn what_an_entry_is_made_of_is_asked_once_for_each_value() {
    const N: usize = 60;
    const GET: &str = "(Ljava/lang/Object;)Ljava/lang/Object;";
    const PUT: &str = "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;";
    let join = format!("({})Ljava/lang/StringBuilder;", "Ljava/lang/CharSequence;".repeat(N));
    let mut class = ClassAssembler::new("shop/Chain");
    add_statics(&mut class, &[("known", "Ljava/util/Map;")]);
    let known = class.member(9, "shop/Chain", "known", "Ljava/util/Map;").to_be_bytes();
    let joined = class.member(10, "shop/Chain", "join", &join).to_be_bytes();
    let get = class.member(11, "java/util/Map", "get", GET).to_be_bytes();
    let put = class.member(11, "java/util/Map", "put", PUT).to_be_bytes();
    let native = class.member_info(0x10A, "join", &join, &[]);
    class.methods.push(native);
    let mut made = Vec::new();
    // Each text is put together from the one before, many times.
    for text in 1..=8u8 {
        made.extend([0x19, text - 1].repeat(N));
        made.extend([CALL, joined[0], joined[1], 0x3A, text]);
    }
    made.extend([0xB2, known[0], known[1], 0x2A, 0x19, 8, 0xB9, put[0], put[1], 3, 0, 0x57]);
    let mut code = vec![0xB2, known[0], known[1], 0x2A, 0xB9, get[0], get[1], 2, 0, 0xC7];
    code.extend(u16::try_from(made.len() + 3).unwrap().to_be_bytes());
    code.extend(made);
    code.push(RETURN);
    let content = Body { max_stack: 70, max_locals: 10, code, ..Body::default() }.content();
    let attributes = [class.attribute("Code", &content)];
    let method = class.member_info(0x9, "get", "(Ljava/lang/String;)V", &attributes);
    class.methods.push(method);
    assert_eq!(scanned(class), Some(0));
}

#[test]
fn streams_between_many_branches_are_followed_in_time() {
    let mut class = ClassAssembler::new("shop/Chain");
    let open = opened(&mut class);
    let close = class.member(10, STREAM, "close", "()V").to_be_bytes();
    let mut code = vec![0x01, 0x4C];
    // Each branch opens one of its own into the variable that all share, which is closed as often.
    for _ in 0..2_000 {
        code.extend([0x2A, 0xC6, 0x00, u8::try_from(open.len() + 4).unwrap()]);
        code.extend(&open);
        code.push(0x4C);
    }
    code.extend([0x2B, 0xB6, close[0], close[1]].repeat(2_000));
    code.push(RETURN);
    add(&mut class, 0x9, "read", "(Ljava/lang/Object;)V", code);
    assert_eq!(scanned(class), Some(0));
}

/// `System.setProperty("k", argument)`.
fn setting(class: &mut ClassAssembler) -> Vec<u8> {
    const DESC: &str = "(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;";
    let (key, set) = (class.string("k"), class.member(10, "java/lang/System", "setProperty", DESC));
    let mut code = vec![0x13];
    code.extend(key.to_be_bytes());
    code.extend([0x2A, CALL]);
    code.extend(set.to_be_bytes());
    code.push(0x57);
    code
}

#[test]
fn many_methods_that_set_one_property_are_not_compared_with_each_other() {
    let mut class = ClassAssembler::new("shop/Chain");
    let mut code = setting(&mut class);
    code.push(RETURN);
    for i in 0..30_000 {
        add(&mut class, 0x9, &format!("m{i}"), "(Ljava/lang/String;)V", code.clone());
    }
    assert_eq!(scanned(class), Some(0));
}

#[test]
fn many_calls_of_one_method_that_must_be_undone_are_asked_about_in_time() {
    const SET: &str = "setContextClassLoader";
    let mut class = ClassAssembler::new("shop/Chain");
    let current = class.member(10, "java/lang/Thread", "currentThread", "()Ljava/lang/Thread;").to_be_bytes();
    let set = class.member(10, "java/lang/Thread", SET, "(Ljava/lang/ClassLoader;)V").to_be_bytes();
    let mut code = [CALL, current[0], current[1], 0x2A, 0xB6, set[0], set[1]].repeat(9_000);
    code.push(RETURN);
    add(&mut class, 0x9, "put", "(Ljava/lang/ClassLoader;)V", code);
    let told = told(class);
    assert!(told.contains("analysis-bound") && told.contains("`put` is so large"), "{told}");
}

#[test]
fn many_writes_and_reads_of_one_static_are_not_compared_with_each_other() {
    let mut class = ClassAssembler::new("shop/Chain");
    let field = class.member_info(0x9, "last", "Ljava/lang/Object;", &[]);
    class.fields.push(field);
    let last = class.member(9, "shop/Chain", "last", "Ljava/lang/Object;").to_be_bytes();
    for i in 0..80 {
        let mut set = [0x2A, 0xB3, last[0], last[1]].repeat(4_000);
        set.push(RETURN);
        add(&mut class, 0x9, &format!("set{i}"), "(Ljava/lang/Object;)V", set);
        let mut get = [0xB2, last[0], last[1], 0x57].repeat(4_000);
        get.push(RETURN);
        add(&mut class, 0x9, &format!("get{i}"), "()V", get);
    }
    assert_eq!(scanned(class), Some(0));
}

#[test]
fn parts_that_are_given_many_times_over_are_looked_at_once() {
    let mut class = ClassAssembler::new("shop/Chain");
    let core = "io/micrometer/core/instrument";
    let (builder, registry) = (format!("{core}/Gauge$Builder"), format!("L{core}/MeterRegistry;"));
    let first = class.member(10, "java/lang/System", "getProperties", "()Ljava/util/Properties;");
    let desc = format!("({})Ljava/lang/Object;", "Ljava/lang/Object;".repeat(60));
    let joined = class.member(10, "far/Far", "join", &desc).to_be_bytes();
    let global = class.member(9, &format!("{core}/Metrics"), "globalRegistry", &registry).to_be_bytes();
    let register =
        class.member(10, &builder, "register", &format!("({registry})L{core}/Gauge;")).to_be_bytes();
    let cast = class.class(&builder).to_be_bytes();
    let [load, store] = [0x2A, 0x4B];
    let mut code = vec![CALL];
    code.extend(first.to_be_bytes());
    code.push(store);
    // Each of the nine is given what the one before has made, sixty times.
    code.extend([vec![load; 60], vec![CALL, joined[0], joined[1], store]].concat().repeat(9));
    code.extend([load, 0xC0, cast[0], cast[1], 0xB2, global[0], global[1]]);
    code.extend([0xB6, register[0], register[1], 0x57, RETURN]);
    class.method("run", "()V", &Body { max_stack: 64, max_locals: 1, code, ..Body::default() });
    assert_eq!(scanned(class), Some(0));
}
