//! Class files and jars of generated deployments.

use super::dice::Dice;
use super::shapes::{ABSTRACT, Deployment, FINAL, Kind, LOADERS, Member, PUBLIC, STATIC, Shape};
use super::touches::{Touch, touches};
use crate::assembler::{Body, ClassAssembler, u2s};
use std::io::Write;
use std::path::Path;

/// Touches in each class of a deployment, and in each class that only touches.
const N_OWN_TOUCHES: usize = 5;
const N_TOUCHES: usize = 18;
/// Java 11, the first with nests.
const MAJOR: u16 = 55;

/// Writes `base.jar`, `billing.jar` and `orders.jar` with the classes of all deployments.
pub(crate) fn write(deployments: &[Deployment], folder: &Path) {
    for (l, loader) in LOADERS.iter().enumerate() {
        let file = std::fs::File::create(folder.join(format!("{loader}.jar"))).unwrap();
        let mut zip = zip::ZipWriter::new(std::io::BufWriter::new(file));
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let mut put = |name: &str, bytes: &[u8]| {
            zip.start_file(format!("{name}.class"), options).unwrap();
            zip.write_all(bytes).unwrap();
        };
        for deployment in deployments {
            for (name, bytes) in classes_of(deployment, l) {
                put(&name, &bytes);
            }
        }
        zip.finish().unwrap();
    }
}

/// The classes of one loader.
fn classes_of(deployment: &Deployment, loader: usize) -> Vec<(String, Vec<u8>)> {
    let seed = deployment.name[1..].parse::<u64>().unwrap_or_default();
    let mut dice = Dice::new((seed << 8) + 7 * loader as u64 + 3);
    let mut classes = Vec::new();
    for shape in deployment.copies[loader].iter().flatten() {
        let own = if deployment.touches.is_empty() {
            let mut own = touches(&mut dice, deployment, N_OWN_TOUCHES);
            // The verifier refuses `new` by a protected constructor of a superclass.
            own.retain(|touch| !matches!(touch, Touch::Made(_) | Touch::OnNew { .. }));
            own
        } else {
            of(deployment, loader, &shape.name)
        };
        classes.push((shape.name.clone(), class_file(shape, deployment, &own)));
    }
    if deployment.has_exception[loader] {
        let mut class = ClassAssembler::new(&deployment.exception);
        class.super_class = class.class("java/lang/Exception");
        classes.push((deployment.exception.clone(), class.finish()));
    }
    if !classes.is_empty() {
        for package in ["a", "b"] {
            let name = format!("{}/{package}/Of{}", deployment.name, LOADERS[loader]);
            let touches = match deployment.touches.is_empty() {
                true => touches(&mut dice, deployment, N_TOUCHES),
                false => of(deployment, loader, package),
            };
            let mut class = ClassAssembler::new(&name);
            class.major = MAJOR;
            add_touches(&mut class, &name, &touches);
            classes.push((name, class.finish()));
        }
    }
    classes
}

/// The touches that somebody chose for a package, or for a class.
fn of(deployment: &Deployment, loader: usize, place: &str) -> Vec<Touch> {
    let chosen = deployment.touches.iter().filter(|(l, p, _)| *l == loader && *p == place);
    chosen.map(|(_, _, touch)| touch.clone()).collect()
}

fn class_file(shape: &Shape, deployment: &Deployment, touches: &[Touch]) -> Vec<u8> {
    let is_interface = shape.kind == Kind::Interface;
    let mut class = ClassAssembler::new(&shape.name);
    class.major = MAJOR;
    class.access = shape.access
        | match shape.kind {
            Kind::Interface => 0x600,
            Kind::Abstract => 0x420,
            Kind::Concrete => 0x20,
        };
    let super_name = shape.super_class.map_or("java/lang/Object", |s| &deployment.design[s].name);
    class.super_class = class.class(super_name);
    class.interfaces = shape.interfaces.iter().map(|i| class.class(&deployment.design[*i].name)).collect();
    for field in &shape.fields {
        let field = class.member_info(field.access, &field.name, &field.desc, &[]);
        class.fields.push(field);
    }
    for method in &shape.methods {
        add_method(&mut class, method);
    }
    if !is_interface {
        add_constructor(&mut class, super_name, shape.constructor);
    }
    if shape.catches {
        add_catching(&mut class, &deployment.exception);
    }
    if let Some(host) = &shape.nest_host {
        let host = class.class(host);
        let attribute = class.attribute("NestHost", &host.to_be_bytes());
        class.attributes.push(attribute);
    } else if !shape.nest_members.is_empty() {
        let mut content = vec![shape.nest_members.len() as u16];
        content.extend(shape.nest_members.iter().map(|m| class.class(m)).collect::<Vec<_>>());
        let attribute = class.attribute("NestMembers", &u2s(&content));
        class.attributes.push(attribute);
    }
    add_touches(&mut class, &shape.name, touches);
    class.finish()
}

fn add_method(class: &mut ClassAssembler, method: &Member) {
    let attributes = if method.access & ABSTRACT == 0 {
        let code = match method.desc.rsplit_once(')').unwrap().1 {
            "V" => vec![0xb1],
            "I" => vec![0x03, 0xac],
            _ => vec![0x01, 0xb0],
        };
        let body = Body { max_stack: 1, max_locals: 8, code, ..Body::default() };
        vec![class.attribute("Code", &body.content())]
    } else {
        Vec::new()
    };
    let method = class.member_info(method.access, &method.name, &method.desc, &attributes);
    class.methods.push(method);
}

/// `super();`
fn add_constructor(class: &mut ClassAssembler, super_name: &str, access: u16) {
    let above = class.member(10, super_name, "<init>", "()V");
    let mut code = vec![0x2a, 0xb7];
    code.extend(above.to_be_bytes());
    code.push(0xb1);
    let body = Body { max_stack: 1, max_locals: 1, code, ..Body::default() };
    let code = class.attribute("Code", &body.content());
    let method = class.member_info(access & !FINAL, "<init>", "()V", &[code]);
    class.methods.push(method);
}

/// A method that catches a type around a call, and drops it.
fn add_catching(class: &mut ClassAssembler, caught: &str) {
    let nothing = class.member(10, "java/lang/Thread", "yield", "()V");
    let caught = class.class(caught);
    let mut code = vec![0xb8];
    code.extend(nothing.to_be_bytes());
    code.extend([0xb1, 0x57, 0xb1]);
    // At 4: the same locals, one stack item of the caught type.
    let frames = [&[0, 1, 68, 7][..], &caught.to_be_bytes()].concat();
    let frames = class.attribute("StackMapTable", &frames);
    let body = Body {
        max_stack: 1,
        max_locals: 0,
        code,
        handlers: vec![[0, 3, 4, caught]],
        attributes: vec![frames],
    };
    let code = class.attribute("Code", &body.content());
    let method = class.member_info(PUBLIC | STATIC, "catching", "()V", &[code]);
    class.methods.push(method);
}

/// Methods `t0Name`, `t1Name`, … of a class `Name`; no subclass inherits one by accident.
fn add_touches(class: &mut ClassAssembler, name: &str, touches: &[Touch]) {
    let simple = name.rsplit('/').next().unwrap();
    for (i, touch) in touches.iter().enumerate() {
        let mut code = code_of(class, touch);
        code.push(0xb1);
        let body = Body { max_stack: 12, max_locals: 0, code, ..Body::default() };
        let code = class.attribute("Code", &body.content());
        let method = class.member_info(PUBLIC | STATIC, format!("t{i}{simple}"), "()V", &[code]);
        class.methods.push(method);
    }
}

fn code_of(class: &mut ClassAssembler, touch: &Touch) -> Vec<u8> {
    let mut code = Vec::new();
    let mut of_class = |opcode: u8, name: &str, code: &mut Vec<u8>| {
        code.push(opcode);
        code.extend(class.class(name).to_be_bytes());
    };
    match touch {
        Touch::New(name) => of_class(0xbb, name, &mut code),
        Touch::Array(name) => {
            code.push(0x03);
            of_class(0xbd, name, &mut code);
        }
        Touch::Literal(name) => of_class(0x13, name, &mut code),
        Touch::Cast(name) | Touch::Asked(name) => {
            code.push(0x13);
            code.extend(class.string("an object").to_be_bytes());
            let opcode = if matches!(touch, Touch::Cast(_)) { 0xc0 } else { 0xc1 };
            code.push(opcode);
            code.extend(class.class(name).to_be_bytes());
        }
        Touch::Made(name) => make(class, name, &mut code),
        Touch::OnNew { owner, member } => {
            make(class, owner, &mut code);
            call(class, 0xb6, owner, false, member, &mut code);
            return code;
        }
        Touch::Call { opcode, owner, of_interface, member } => {
            if *opcode != 0xb8 {
                code.push(0x01);
            }
            call(class, *opcode, owner, *of_interface, member, &mut code);
            return code;
        }
        Touch::Access { opcode, owner, member } => {
            if *opcode >= 0xb4 {
                code.push(0x01);
            }
            let is_write = opcode % 2 == 1;
            if is_write {
                code.push(default_of(&member.desc));
            }
            code.push(*opcode);
            code.extend(class.member(9, owner, &member.name, &member.desc).to_be_bytes());
            if is_write {
                return code;
            }
        }
    }
    code.push(0x57);
    code
}

fn make(class: &mut ClassAssembler, name: &str, code: &mut Vec<u8>) {
    code.push(0xbb);
    code.extend(class.class(name).to_be_bytes());
    code.extend([0x59, 0xb7]);
    code.extend(class.member(10, name, "<init>", "()V").to_be_bytes());
}

/// `null` for references, 0 for numbers.
fn default_of(desc: &str) -> u8 {
    if desc == "I" { 0x03 } else { 0x01 }
}

fn call(
    class: &mut ClassAssembler,
    opcode: u8,
    owner: &str,
    of_interface: bool,
    member: &Member,
    code: &mut Vec<u8>,
) {
    let parameters: Vec<_> = cotenant::vocabulary::descriptor::params(&member.desc).collect();
    code.extend(parameters.iter().map(|p| default_of(p.0)));
    code.push(opcode);
    let tag = if of_interface { 11 } else { 10 };
    code.extend(class.member(tag, owner, &member.name, &member.desc).to_be_bytes());
    if opcode == 0xb9 {
        code.extend([parameters.len() as u8 + 1, 0]);
    }
    if !member.desc.ends_with(")V") {
        code.push(0x57);
    }
}
