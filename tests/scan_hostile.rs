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
