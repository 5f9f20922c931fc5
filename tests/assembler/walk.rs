//! Reads everything a class file holds: what the reader's tests, fuzz target and benchmark run.

use cotenant::classfile::{
    Annotations, Attributes, BootstrapMethods, ClassError, ClassFile, Code, Constant, Instruction, Member,
    Module, PoolIndex, code::line_numbers, text,
};

/// How much was met. `mix` depends on the values, so that reading them cannot be optimised away.
#[derive(Default, Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    pub constants: u64,
    pub members: u64,
    pub instructions: u64,
    pub handlers: u64,
    pub lines: u64,
    pub annotations: u64,
    pub bootstraps: u64,
    pub mix: u64,
    /// The first error below the class's structure, if any.
    pub error: Option<ClassError>,
    pub n_errors: u64,
    /// Whether to decode all text as well.
    pub with_text: bool,
}

impl Walked {
    fn mix(&mut self, value: impl Into<u64>) {
        self.mix = self.mix.wrapping_add(value.into());
    }

    fn check<T>(&mut self, result: Result<T, ClassError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.error.get_or_insert(error);
                self.n_errors += 1;
                None
            }
        }
    }
}

/// Walks one class into `out`.
pub fn walk(bytes: &[u8], index: &mut PoolIndex, out: &mut Walked) -> Result<(), ClassError> {
    let class = ClassFile::parse(bytes, index)?;
    out.mix(class.major);
    let names = [out.check(class.this_class()), out.check(class.super_class()).flatten()];
    for name in names.into_iter().flatten().chain(class.interfaces().flatten()) {
        utf8(&class, name, out);
    }
    for interface in class.interfaces() {
        out.check(interface);
    }
    let bootstrap = attributes(&class, class.attributes(), out);
    constants(&class, &bootstrap, out);
    for member in class.fields() {
        visit_member(&class, &member, out);
    }
    for member in class.methods() {
        visit_member(&class, &member, out);
    }
    Ok(())
}

fn utf8<'a>(class: &ClassFile<'a>, index: u16, out: &mut Walked) -> Option<&'a [u8]> {
    let bytes = out.check(class.pool().utf8(index))?;
    out.mix(bytes.len() as u64);
    if out.with_text {
        out.mix(text::decode(bytes).len() as u64);
    }
    Some(bytes)
}

fn constants(class: &ClassFile, bootstrap: &BootstrapMethods, out: &mut Walked) {
    let pool = class.pool();
    let mut index = 1;
    while index < pool.len() {
        out.constants += 1;
        let tag = pool.tag(index);
        match tag {
            1 => visit_text(class, index, out),
            9..=11 => {
                if let Some(member) = out.check(pool.member(index)) {
                    out.mix(member.name);
                }
            }
            12 => visit_pair(class, index, out),
            _ => {
                if let Some(constant) = out.check(pool.constant(index)) {
                    visit_constant(class, constant, bootstrap, out);
                }
            }
        }
        index = index.saturating_add(if matches!(tag, 5 | 6) { 2 } else { 1 });
    }
}

fn visit_constant(class: &ClassFile, constant: Constant, bootstrap: &BootstrapMethods, out: &mut Walked) {
    match constant {
        Constant::Integer(value) => out.mix(value as u64),
        Constant::Float(value) => out.mix(value.to_bits()),
        Constant::Long(value) => out.mix(value as u64),
        Constant::Double(value) => out.mix(value.to_bits()),
        Constant::String(text)
        | Constant::Class(text)
        | Constant::MethodType(text)
        | Constant::ModuleOrPackage(text) => visit_text(class, text, out),
        Constant::MethodHandle { kind, reference } => {
            out.mix(kind);
            out.check(class.pool().member(reference));
        }
        Constant::Dynamic { bootstrap: row, name, desc } => {
            out.mix(name ^ desc);
            let row = bootstrap.get(row);
            out.mix(row.map_or(0, |row| row.handle));
        }
    }
}

fn visit_member(class: &ClassFile, member: &Member, out: &mut Walked) {
    out.members += 1;
    out.mix(member.access.0);
    utf8(class, member.name, out);
    utf8(class, member.desc, out);
    attributes(class, member.attributes, out);
}

fn attributes<'a>(class: &ClassFile<'a>, list: Attributes<'a>, out: &mut Walked) -> BootstrapMethods<'a> {
    let mut bootstrap = BootstrapMethods::NONE;
    for attribute in list {
        let Some(name) = out.check(class.pool().utf8(attribute.name)) else { continue };
        match name {
            b"Code" => {
                if let Some(code) = out.check(Code::parse(attribute.cursor())) {
                    visit_code(class, &code, out);
                }
            }
            b"LineNumberTable" => {
                for (pc, line) in line_numbers(attribute.data) {
                    out.lines += 1;
                    out.mix(pc ^ line);
                }
            }
            b"RuntimeVisibleAnnotations" | b"RuntimeInvisibleAnnotations" => {
                let walked = Annotations::new(attribute.cursor()).walk(
                    out,
                    |out, desc| {
                        out.annotations += 1;
                        out.mix(desc);
                    },
                    |out, key, _| out.mix(key),
                );
                out.check(walked);
            }
            b"BootstrapMethods" => {
                bootstrap = BootstrapMethods::new(attribute.cursor());
                for row in bootstrap.iter() {
                    out.bootstraps += 1;
                    (0..row.n_args()).filter_map(|i| row.arg(i)).for_each(|arg| out.mix(arg));
                }
            }
            b"Module" => {
                if let Some(module) = out.check(Module::parse(attribute.cursor())) {
                    module.exports().for_each(|export| out.mix(export.package));
                }
            }
            _ => {}
        }
    }
    bootstrap
}

fn visit_code<'a>(class: &ClassFile<'a>, code: &Code<'a>, out: &mut Walked) {
    let mut instructions = code.instructions();
    loop {
        match instructions.step() {
            Ok(Some(instruction)) => visit_instruction(class, instruction, out),
            Ok(None) => break,
            Err(error) => {
                out.check::<()>(Err(error));
                break;
            }
        }
    }
    for entry in code.exceptions() {
        out.handlers += 1;
        out.mix(entry.handler ^ entry.catch_type);
    }
    attributes(class, code.attributes, out);
}

fn visit_instruction(class: &ClassFile, instruction: Instruction, out: &mut Walked) {
    out.instructions += 1;
    match instruction {
        Instruction::Plain(op) => out.mix(op),
        Instruction::Int(value) => out.mix(value as u64),
        Instruction::Load(_, local) | Instruction::Store(_, local) | Instruction::Ret(local) => {
            out.mix(local)
        }
        Instruction::Increment(local, delta) => out.mix(local ^ delta as u16),
        Instruction::Branch(_, target) => out.mix(target as u64),
        Instruction::Switch(switch) => switch.targets().for_each(|target| out.mix(target as u64)),
        Instruction::Constant(index) => visit_loaded(class, index, out),
        Instruction::Field(_, index) | Instruction::Invoke(_, index) => {
            if let Some(member) = out.check(class.pool().member(index)) {
                out.mix(member.name);
            }
        }
        Instruction::Type(_, index) | Instruction::MultiNewArray(index, _) => {
            let _ = out.check(class.pool().class_utf8(index));
        }
        Instruction::InvokeDynamic(index) => visit_loaded(class, index, out),
        Instruction::NewArray(element) => out.mix(element),
    }
}

fn visit_loaded(class: &ClassFile, index: u16, out: &mut Walked) {
    out.check(class.pool().constant(index));
}

fn visit_pair(class: &ClassFile, index: u16, out: &mut Walked) {
    if let Some((name, desc)) = out.check(class.pool().name_and_type(index)) {
        out.mix(name ^ desc);
    }
}

fn visit_text(class: &ClassFile, index: u16, out: &mut Walked) {
    utf8(class, index, out);
}
