//! Every class that is at hand is read twice, by this reader and by the crate classfile-parser, and both must have
//! seen the same. `COTENANT_CORPUS` names a folder of more jars; what each run compared is printed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod assembler;

use assembler::{hostile, jars, opcodes};
use classfile_parser::attribute_info::{AttributeInfo, code_attribute_parser};
use classfile_parser::code_attribute::{Instruction as TheirInstruction, code_parser};
use classfile_parser::constant_info::ConstantInfo;
use classfile_parser::{ClassFile as Theirs, class_parser};
use cotenant::classfile::{
    Attributes, ClassFile, Code, Constant, ConstantPool, ExceptionEntry, Instruction, Member, PoolIndex, text,
};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a run has compared.
#[derive(Default, Debug)]
struct Tally {
    classes: u64,
    bytes: u64,
    constants: u64,
    members: u64,
    bodies: u64,
    instructions: u64,
    handlers: u64,
    attributes: u64,
    /// Texts that the other reader could only read with replacement characters.
    lossy_texts: u64,
    /// Why the other reader gave up, with the number of classes.
    unread_by_oracle: BTreeMap<String, u64>,
    scratch: String,
}

impl Tally {
    fn class(&mut self, name: &str, bytes: &[u8]) {
        let mut index = PoolIndex::default();
        let ours = match ClassFile::parse(bytes, &mut index) {
            Ok(ours) => ours,
            Err(error) => {
                assert!(oracle(bytes).is_none(), "{name}: only the oracle reads it; {error}");
                return self.unread(format!("both: {error}"));
            }
        };
        match oracle(bytes) {
            Some(theirs) => self.compare(name, &ours, &theirs),
            None => self.unread(reason(ours.pool())),
        }
        self.classes += 1;
        self.bytes += bytes.len() as u64;
    }

    fn unread(&mut self, why: String) {
        *self.unread_by_oracle.entry(why).or_default() += 1;
    }

    fn compare(&mut self, name: &str, ours: &ClassFile, theirs: &Theirs) {
        assert_eq!((ours.major, ours.minor), (theirs.major_version, theirs.minor_version), "{name}");
        self.pool(name, ours.pool(), theirs);
        let their_class = |i: u16| match theirs.const_pool.get(usize::from(i).wrapping_sub(1)) {
            Some(ConstantInfo::Class(class)) => Some(class.name_index),
            _ => None,
        };
        assert_eq!(ours.this_class().ok(), their_class(theirs.this_class), "{name}");
        assert_eq!(ours.super_class().ok().flatten(), their_class(theirs.super_class), "{name}");
        let interfaces: Vec<_> = theirs.interfaces.iter().map(|&i| their_class(i)).collect();
        assert_eq!(ours.interfaces().map(Result::ok).collect::<Vec<_>>(), interfaces, "{name}");
        self.attributes(name, ours.attributes(), &theirs.attributes);
        let fields = theirs.fields.iter().map(|f| (f.name_index, f.descriptor_index, &f.attributes));
        self.members(name, ours, ours.fields().collect(), fields.collect());
        let methods = theirs.methods.iter().map(|m| (m.name_index, m.descriptor_index, &m.attributes));
        self.members(name, ours, ours.methods().collect(), methods.collect());
        let flags = |m: Member| m.access.0 & 0x1DFF;
        let theirs_flags: Vec<u16> = theirs.methods.iter().map(|m| m.access_flags.bits() & 0x1DFF).collect();
        assert_eq!(ours.methods().map(flags).collect::<Vec<_>>(), theirs_flags, "{name}");
    }

    fn members(
        &mut self,
        name: &str,
        class: &ClassFile,
        ours: Vec<Member>,
        theirs: Vec<(u16, u16, &Vec<AttributeInfo>)>,
    ) {
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (our, (their_name, their_desc, their_attributes)) in ours.iter().zip(theirs) {
            self.members += 1;
            assert_eq!((our.name, our.desc), (their_name, their_desc), "{name}");
            self.attributes(name, our.attributes, their_attributes);
            for (attribute, their) in our.attributes.zip(their_attributes) {
                if class.pool().utf8(attribute.name) == Ok(b"Code") {
                    self.code(name, Code::parse(attribute.cursor()).ok(), &their.info);
                }
            }
        }
    }

    fn attributes(&mut self, name: &str, ours: Attributes, theirs: &[AttributeInfo]) {
        assert_eq!(ours.count(), theirs.len(), "{name}");
        for (our, their) in ours.zip(theirs) {
            self.attributes += 1;
            assert_eq!((our.name, our.data), (their.attribute_name_index, &their.info[..]), "{name}");
        }
    }

    fn code(&mut self, name: &str, ours: Option<Code>, info: &[u8]) {
        let theirs = code_attribute_parser(info).ok().map(|(_, code)| code);
        let (Some(ours), Some(theirs)) = (&ours, &theirs) else {
            // An empty body is the one thing that only the oracle accepts.
            let empty = theirs.is_some_and(|code| code.code_length == 0);
            assert!(ours.is_none() && (empty || code_attribute_parser(info).is_err()), "{name}");
            return;
        };
        self.bodies += 1;
        assert_eq!(
            (ours.max_stack, ours.max_locals, ours.code),
            (theirs.max_stack, theirs.max_locals, &theirs.code[..]),
            "{name}"
        );
        let handlers: Vec<_> = theirs
            .exception_table
            .iter()
            .map(|e| ExceptionEntry {
                start: e.start_pc,
                end: e.end_pc,
                handler: e.handler_pc,
                catch_type: e.catch_type,
            })
            .collect();
        assert_eq!(ours.exceptions().collect::<Vec<_>>(), handlers, "{name}");
        self.handlers += handlers.len() as u64;
        self.attributes(name, ours.attributes, &theirs.attributes);
        self.instructions(name, ours);
    }

    fn instructions(&mut self, name: &str, ours: &Code) {
        let Ok((rest, theirs)) = std::panic::catch_unwind(|| code_parser(ours.code).unwrap_or_default())
        else {
            return self.unread("an instruction on which it panics".into());
        };
        let mut walk = ours.instructions();
        for (pc, their) in &theirs {
            let at = walk.pc();
            let our = walk.step().unwrap_or_else(|e| panic!("{name} pc {pc}: {e}")).unwrap();
            assert_eq!(at, *pc, "{name}");
            self.instruction(ours.code, at, our, their).unwrap_or_else(|e| panic!("{name} pc {pc}: {e}"));
            self.instructions += 1;
        }
        if rest.is_empty() {
            assert!(matches!(walk.step(), Ok(None)), "{name}: more instructions than the oracle sees");
        } else if walk.step().is_ok() {
            self.unread("an instruction that it does not know".into());
        }
    }

    /// Compares by mnemonic and by the numbers in the other reader's debug form, which are the operands.
    fn instruction(
        &mut self,
        code: &[u8],
        pc: usize,
        ours: Instruction,
        theirs: &TheirInstruction,
    ) -> Result<(), String> {
        self.scratch.clear();
        write!(self.scratch, "{theirs:?}").map_err(|e| e.to_string())?;
        let end = self.scratch.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.scratch.len());
        let (mnemonic, operands) = self.scratch.split_at(end);
        let wide = code[pc] == 196;
        let op = code[pc + usize::from(wide)];
        let expected = opcodes::MNEMONICS[usize::from(op)];
        let mnemonic = mnemonic.strip_suffix("Wide").unwrap_or(mnemonic);
        if !expected.bytes().filter(|&b| b != b'_').eq(mnemonic.bytes().map(|b| b.to_ascii_lowercase())) {
            return Err(format!("{expected} is {mnemonic} to the oracle"));
        }
        let mut numbers: Vec<i64> = operands
            .split(|c: char| c != '-' && !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect();
        match op {
            // default, low, high, offsets
            170 => drop(numbers.drain(1..3)),
            // default, then pairs of key and offset
            171 => {
                numbers = numbers.iter().enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, n)| *n).collect()
            }
            185 => numbers.truncate(1),
            _ => {}
        }
        let found = operands_of(ours, op, pc as i64);
        if found == numbers {
            Ok(())
        } else {
            Err(format!("{expected} {found:?} is {numbers:?} to the oracle"))
        }
    }

    fn pool(&mut self, name: &str, ours: &ConstantPool, theirs: &Theirs) {
        assert_eq!(usize::from(ours.len()), theirs.const_pool.len() + 1, "{name}");
        for (i, their) in theirs.const_pool.iter().enumerate() {
            self.constant(ours, i as u16 + 1, their)
                .unwrap_or_else(|| panic!("{name} #{}: {their:?}", i + 1));
            self.constants += 1;
        }
    }

    /// `None` if they differ.
    fn constant(&mut self, ours: &ConstantPool, i: u16, their: &ConstantInfo) -> Option<()> {
        let same = |tag: u8, constant: Constant| ours.tag(i) == tag && ours.constant(i) == Ok(constant);
        let pair = |i: u16| ours.name_and_type(i).ok();
        let member = |tag: u8, owner: u16, nat: u16| {
            let parts = ours.class_utf8(owner).ok().zip(pair(nat));
            let found = ours.member(i).ok();
            ours.tag(i) == tag
                && found.map(|m| (m.owner, (m.name, m.desc))) == parts
                && found.is_none_or(|m| m.of_interface == (tag == 11))
        };
        let equal = match their {
            ConstantInfo::Utf8(utf8) => {
                let lossy = utf8.utf8_string.contains(char::REPLACEMENT_CHARACTER);
                self.lossy_texts += u64::from(lossy);
                let bytes = ours.utf8(i).ok()?;
                ours.tag(i) == 1 && bytes == utf8.bytes && (lossy || text::decode(bytes) == utf8.utf8_string)
            }
            ConstantInfo::Integer(c) => same(3, Constant::Integer(c.value)),
            ConstantInfo::Float(c) => {
                matches!(ours.constant(i), Ok(Constant::Float(f)) if f.to_bits() == c.value.to_bits())
            }
            ConstantInfo::Long(c) => same(5, Constant::Long(c.value)),
            ConstantInfo::Double(c) => {
                matches!(ours.constant(i), Ok(Constant::Double(d)) if d.to_bits() == c.value.to_bits())
            }
            ConstantInfo::Class(c) => {
                same(7, Constant::Class(c.name_index)) && ours.class_utf8(i) == Ok(c.name_index)
            }
            ConstantInfo::String(c) => same(8, Constant::String(c.string_index)),
            ConstantInfo::FieldRef(c) => member(9, c.class_index, c.name_and_type_index),
            ConstantInfo::MethodRef(c) => member(10, c.class_index, c.name_and_type_index),
            ConstantInfo::InterfaceMethodRef(c) => member(11, c.class_index, c.name_and_type_index),
            ConstantInfo::NameAndType(c) => pair(i) == Some((c.name_index, c.descriptor_index)),
            ConstantInfo::MethodHandle(c) => {
                same(15, Constant::MethodHandle { kind: c.reference_kind, reference: c.reference_index })
            }
            ConstantInfo::MethodType(c) => same(16, Constant::MethodType(c.descriptor_index)),
            ConstantInfo::InvokeDynamic(c) => match pair(c.name_and_type_index) {
                Some((name, desc)) => {
                    let bootstrap = c.bootstrap_method_attr_index;
                    same(18, Constant::Dynamic { bootstrap, name, desc })
                }
                None => ours.constant(i).is_err(),
            },
            ConstantInfo::Unusable => ours.tag(i) == 0 && ours.constant(i).is_err(),
        };
        equal.then_some(())
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} classes, {} bytes; compared {} constants, {} members, {} bodies, {} instructions, \
             {} handlers, {} attributes; {} texts are lossy in the oracle",
            self.classes,
            self.bytes,
            self.constants,
            self.members,
            self.bodies,
            self.instructions,
            self.handlers,
            self.attributes,
            self.lossy_texts
        );
        for (why, n) in &self.unread_by_oracle {
            println!("  {n} classes not read by the oracle: {why}");
        }
    }
}

/// What classfile-parser makes of it; `None` if it refuses or panics.
fn oracle(bytes: &[u8]) -> Option<Theirs> {
    std::panic::catch_unwind(|| class_parser(bytes).ok().map(|(_, class)| class)).ok().flatten()
}

/// Why the oracle could not read a class that this reader reads.
fn reason(pool: &ConstantPool) -> String {
    let has = |tag| (0..pool.len()).any(|i| pool.tag(i) == tag);
    match () {
        () if has(17) => "it does not know CONSTANT_Dynamic".into(),
        () if has(19) => "it does not know CONSTANT_Module".into(),
        () if has(20) => "it does not know CONSTANT_Package".into(),
        () => "unexplained".into(),
    }
}

/// Operands as the code has them, without what the opcode itself says.
fn operands_of(instruction: Instruction, op: u8, pc: i64) -> Vec<i64> {
    let short_form = matches!(op, 2..=8 | 26..=45 | 59..=78);
    match instruction {
        _ if short_form => match instruction {
            Instruction::Int(n) if n == i32::from(op) - 3 => vec![],
            Instruction::Load(kind, n) if op == 26 + kind as u8 * 4 + n as u8 => vec![],
            Instruction::Store(kind, n) if op == 59 + kind as u8 * 4 + n as u8 => vec![],
            _ => vec![i64::MIN],
        },
        Instruction::Plain(found) => {
            if found == op {
                vec![]
            } else {
                vec![i64::MIN]
            }
        }
        Instruction::Int(n) => vec![i64::from(n)],
        Instruction::Load(_, n) | Instruction::Store(_, n) | Instruction::Ret(n) => vec![i64::from(n)],
        Instruction::Increment(n, delta) => vec![i64::from(n), i64::from(delta)],
        Instruction::Branch(_, target) => vec![target - pc],
        Instruction::Switch(switch) => switch.targets().map(|target| target - pc).collect(),
        Instruction::Constant(n) | Instruction::InvokeDynamic(n) => vec![i64::from(n)],
        Instruction::Field(found, n) | Instruction::Invoke(found, n) | Instruction::Type(found, n) => {
            assert_eq!(found, op);
            vec![i64::from(n)]
        }
        Instruction::NewArray(n) => vec![i64::from(n)],
        Instruction::MultiNewArray(n, dims) => vec![i64::from(n), i64::from(dims)],
    }
}

#[test]
fn both_readers_see_the_same_in_every_committed_jar() {
    let mut tally = Tally::default();
    for jar in jars::committed() {
        jars::classes(&jar, &mut |name, bytes| tally.class(name, bytes));
    }
    tally.report("committed jars");
    assert!(tally.classes > 10 && tally.instructions > 500);
    let unexplained =
        tally.unread_by_oracle.keys().filter(|why| !why.starts_with("it does not know")).count();
    assert_eq!(unexplained, 0, "{:?}", tally.unread_by_oracle);
}

#[test]
fn both_readers_see_the_same_in_a_body_with_every_instruction() {
    let mut tally = Tally::default();
    tally.class("Every", &opcodes::every_instruction());
    assert_eq!(tally.instructions as usize, opcodes::MNEMONICS.len() + 12);
}

#[test]
fn where_the_oracle_reads_a_hostile_class_it_sees_the_same() {
    let mut tally = Tally::default();
    for case in hostile::all() {
        // It trusts the size of a switch, and would overflow or allocate gigabytes; and it forgives half a long.
        if !case.name.contains("switch") && case.name != "pool-long-in-last-slot" {
            tally.class(case.name, &case.bytes);
        }
    }
    tally.report("hostile classes");
    assert!(tally.classes > 20);
}

#[test]
fn both_readers_see_the_same_in_the_corpus() {
    let Some(corpus) = jars::corpus() else {
        println!("skipped: COTENANT_CORPUS names no folder of jars");
        return;
    };
    let mut tally = Tally::default();
    let jars = jars::below(&corpus);
    println!("{} jars", jars.len());
    for jar in jars {
        jars::classes(&jar, &mut |name, bytes| tally.class(&format!("{} {name}", jar.display()), bytes));
    }
    tally.report("corpus");
}
