//! Code of which each part is cheap and all of it together would take forever: what all may take is shared, and what is
//! left out is told.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;

use assembler::{Body, ClassAssembler, u2s};
use std::path::Path;
use std::time::Duration;

const OWN: &str = "shop/Chain";
const STREAM: &str = "java/io/FileInputStream";
const THREAD: &str = "java/lang/Thread";
const INVOKE_VIRTUAL: u8 = 0xB6;
const INVOKE_STATIC: u8 = 0xB8;
const INVOKE_INTERFACE: u8 = 0xB9;
const GET_STATIC: u8 = 0xB2;
const PUT_STATIC: u8 = 0xB3;
const RETURN: u8 = 0xB1;
const POP: u8 = 0x57;
const LOAD_0: u8 = 0x2A;

/// An instruction with a member.
fn with(op: u8, member: u16) -> Vec<u8> {
    let [high, low] = member.to_be_bytes();
    vec![op, high, low]
}

fn call(class: &mut ClassAssembler, op: u8, owner: &str, name: &str, desc: &str) -> Vec<u8> {
    with(op, class.member(10, owner, name, desc))
}

fn own_call(class: &mut ClassAssembler, name: &str, desc: &str) -> Vec<u8> {
    call(class, INVOKE_STATIC, OWN, name, desc)
}

/// `new FileInputStream("x")`.
fn opened(class: &mut ClassAssembler) -> Vec<u8> {
    let (stream, name) = (class.class(STREAM), class.string("x"));
    let [high, low] = name.to_be_bytes();
    let init = call(class, 0xB7, STREAM, "<init>", "(Ljava/lang/String;)V");
    [with(0xBB, stream), vec![0x59, 0x13, high, low], init].concat()
}

/// A static method of so many repetitions of some code.
fn add(class: &mut ClassAssembler, name: &str, desc: &str, code: &[u8], n: usize) {
    let mut code = code.repeat(n);
    code.push(RETURN);
    let content = Body { max_stack: 8, max_locals: 8, code, ..Body::default() }.content();
    let error = class.class("java/io/IOException");
    let attributes = [class.attribute("Code", &content), class.attribute("Exceptions", &u2s(&[1, error]))];
    let method = class.member_info(0x9, name, desc, &attributes);
    class.methods.push(method);
}

fn add_static(class: &mut ClassAssembler, name: &str, desc: &str) {
    let field = class.member_info(0x9, name, desc, &[]);
    class.fields.push(field);
}

/// What a scan of a folder says besides its report; it has to end.
fn told_of(folder: &Path) -> String {
    let mut scan = assert_cmd::Command::new(env!("CARGO_BIN_EXE_cotenant"));
    scan.args(["scan", "--fail-on", "never", "--threads", "1", "--base"]).arg(folder);
    let output = scan.timeout(Duration::from_secs(60)).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    told
}

fn told(class: ClassAssembler) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/Chain.class"), class.finish()).unwrap();
    told_of(folder.path())
}

fn assert_bounded(told: &str) {
    assert!(told.contains("analysis-bound") && told.contains("is so large"), "{told}");
}

#[test]
fn many_methods_full_of_streams_share_what_may_be_followed() {
    let mut class = ClassAssembler::new(OWN);
    let code = [opened(&mut class), vec![POP]].concat();
    for i in 0..60 {
        add(&mut class, &format!("m{i}"), "()V", &code, 5_000);
    }
    assert_bounded(&told(class));
}

#[test]
fn many_methods_that_set_a_loader_again_and_again_share_what_may_be_asked() {
    let mut class = ClassAssembler::new(OWN);
    let current = call(&mut class, INVOKE_STATIC, THREAD, "currentThread", "()Ljava/lang/Thread;");
    let set = call(&mut class, INVOKE_VIRTUAL, THREAD, "setContextClassLoader", "(Ljava/lang/ClassLoader;)V");
    let code = [current, vec![LOAD_0], set].concat();
    for i in 0..60 {
        add(&mut class, &format!("m{i}"), "(Ljava/lang/ClassLoader;)V", &code, 9_000);
    }
    assert_bounded(&told(class));
}

#[test]
fn large_methods_that_many_call_are_not_looked_into_for_each() {
    const DESC: &str = "(Ljava/io/InputStream;)V";
    let mut class = ClassAssembler::new(OWN);
    let read = call(&mut class, INVOKE_VIRTUAL, "java/io/InputStream", "read", "()I");
    for i in 0..10 {
        add(&mut class, &format!("h{i}"), DESC, &[vec![LOAD_0], read.clone(), vec![POP]].concat(), 9_000);
    }
    let mut code = [opened(&mut class), vec![0x4B]].concat();
    for i in 0..10 {
        code.push(LOAD_0);
        code.extend(own_call(&mut class, &format!("h{i}"), DESC));
    }
    for i in 0..4_000 {
        add(&mut class, &format!("m{i}"), "()V", &code, 1);
    }
    told(class);
}

#[test]
fn large_methods_below_one_another_are_asked_once_whether_they_restore() {
    let mut class = ClassAssembler::new(OWN);
    for (name, below) in [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")] {
        for i in 0..5 {
            let mut code = Vec::new();
            for j in 0..5 {
                code.extend(own_call(&mut class, &format!("{below}{j}"), "()V"));
            }
            add(&mut class, &format!("{name}{i}"), "()V", &code, 4_000);
        }
    }
    let current = call(&mut class, INVOKE_STATIC, THREAD, "currentThread", "()Ljava/lang/Thread;");
    let set = call(&mut class, INVOKE_VIRTUAL, THREAD, "setContextClassLoader", "(Ljava/lang/ClassLoader;)V");
    let a = own_call(&mut class, "a0", "()V");
    for i in 0..1_000 {
        let code = [current.clone(), vec![LOAD_0], set.clone(), a.clone()].concat();
        add(&mut class, &format!("m{i}"), "(Ljava/lang/ClassLoader;)V", &code, 1);
    }
    told(class);
}

#[test]
fn fields_that_are_read_and_written_crosswise_are_looked_for_where_they_are_used() {
    const DESC: &str = "Ljava/lang/Object;";
    let mut class = ClassAssembler::new(OWN);
    let field = |class: &mut ClassAssembler, i: usize| class.member(9, OWN, &format!("f{}", i % 3_000), DESC);
    for i in 0..3_000 {
        add_static(&mut class, &format!("f{i}"), DESC);
    }
    for m in 0..60 {
        let mut code = Vec::new();
        for i in 0..8_000 {
            code.extend(with(GET_STATIC, field(&mut class, m * 71 + i)));
            code.extend(with(PUT_STATIC, field(&mut class, m * 37 + i * 3 + 1)));
        }
        add(&mut class, &format!("m{m}"), "()V", &code, 1);
    }
    assert_bounded(&told(class));
}

#[test]
fn many_entries_of_one_list_are_not_compared_with_each_other() {
    let mut class = ClassAssembler::new(OWN);
    add_static(&mut class, "list", "Ljava/util/List;");
    let list = class.member(9, OWN, "list", "Ljava/util/List;");
    let made = class.class("java/lang/Object");
    let init = call(&mut class, 0xB7, "java/lang/Object", "<init>", "()V");
    let put = class.member(11, "java/util/List", "add", "(Ljava/lang/Object;)Z");
    let put = [with(INVOKE_INTERFACE, put), vec![2, 0, POP]].concat();
    let code = [with(GET_STATIC, list), with(0xBB, made), vec![0x59], init, put].concat();
    for i in 0..60 {
        add(&mut class, &format!("m{i}"), "()V", &code, 3_500);
    }
    assert_bounded(&told(class));
}

#[test]
fn cases_that_share_a_target_are_one_edge() {
    let mut class = ClassAssembler::new(OWN);
    class.major = 49;
    for m in 0..60 {
        let mut code = Vec::new();
        for local in 2..5_002_u16 {
            code.push(LOAD_0);
            code.extend([0xC4, 0x3A]);
            code.extend(local.to_be_bytes());
        }
        code.push(0x03);
        let padding = (4 - (code.len() + 1) % 4) % 4;
        code.push(0xAA);
        code.extend(vec![0; padding]);
        let n = 6_000_i32;
        let end = 1 + i32::try_from(padding).unwrap() + 12 + 4 * n;
        for word in [end, 0, n - 1].into_iter().chain((0..n).map(|_| end)) {
            code.extend(word.to_be_bytes());
        }
        code.push(RETURN);
        let body = Body { max_stack: 4, max_locals: 6_000, code, ..Body::default() };
        class.method(&format!("m{m}"), "(Ljava/lang/Object;)V", &body);
    }
    told(class);
}

#[test]
fn long_lists_of_providers_are_read_in_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    let services = folder.path().join("META-INF/services");
    std::fs::create_dir_all(&services).unwrap();
    let lines: String = (0..80_000).map(|i| format!("shop.C{i:05}\n")).collect();
    for i in 0..12 {
        std::fs::write(services.join(format!("shop.Service{i}")), &lines).unwrap();
    }
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    std::fs::write(folder.path().join("shop/Chain.class"), ClassAssembler::new(OWN).finish()).unwrap();
    told_of(folder.path());
}

/// A class with so many functions, all of them stored in one static field by one method.
fn keeping(n_functions: usize) -> ClassAssembler {
    const FACTORY: &str = "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;\
        Ljava/lang/invoke/MethodType;Ljava/lang/invoke/MethodHandle;Ljava/lang/invoke/MethodType;)\
        Ljava/lang/invoke/CallSite;";
    let mut class = ClassAssembler::new(OWN);
    add_static(&mut class, "task", "Ljava/lang/Runnable;");
    let task = class.member(9, OWN, "task", "Ljava/lang/Runnable;");
    let factory = class.member(10, "java/lang/invoke/LambdaMetafactory", "metafactory", FACTORY);
    let handle = |class: &mut ClassAssembler, member: u16| {
        let [high, low] = member.to_be_bytes();
        class.entry(15, &[6, high, low])
    };
    let factory = handle(&mut class, factory);
    let desc = class.utf8("()V");
    let ty = class.entry(16, &desc.to_be_bytes());
    let mut bootstraps = vec![u16::try_from(n_functions).unwrap()];
    let mut code = Vec::new();
    for i in 0..n_functions {
        let body = class.member(10, OWN, &format!("l{i}"), "()V");
        let body = handle(&mut class, body);
        bootstraps.extend([factory, 3, ty, body, ty]);
        let made = class.name_and_type("run", "()Ljava/lang/Runnable;");
        let site = class.entry(18, &u2s(&[u16::try_from(i).unwrap(), made]));
        code.extend(with(0xBA, site));
        code.extend([0, 0]);
        code.extend(with(PUT_STATIC, task));
        add(&mut class, &format!("l{i}"), "()V", &[], 0);
    }
    add(&mut class, "fill", "()V", &code, 1);
    let attribute = class.attribute("BootstrapMethods", &u2s(&bootstraps));
    class.attributes.push(attribute);
    class
}

#[test]
fn functions_that_are_not_taken_to_be_called_by_all_who_read_their_field_are_told() {
    let mut class = keeping(200);
    let task = class.member(9, OWN, "task", "Ljava/lang/Runnable;");
    let run = class.member(11, "java/lang/Runnable", "run", "()V");
    let code = [with(GET_STATIC, task), with(INVOKE_INTERFACE, run), vec![1, 0]].concat();
    for i in 0..200 {
        add(&mut class, &format!("r{i}"), "()V", &code, 1);
    }
    let told = told(class);
    assert!(told.contains("analysis-bound") && told.contains("`task` keeps so many functions"), "{told}");
}
