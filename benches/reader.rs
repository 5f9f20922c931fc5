//! Walking everything in class files: this crate's reader beside classfile-parser, over the committed jars and, when
//! `COTENANT_CORPUS` names a folder, over the jars in it (at most [`MAX_CORPUS`] bytes of classes).

#[path = "../tests/assembler/mod.rs"]
mod assembler;

use assembler::jars;
use assembler::walk::{Walked, walk};
use classfile_parser::attribute_info::{
    AttributeInfo, bootstrap_methods_attribute_parser, code_attribute_parser,
};
use classfile_parser::class_parser;
use classfile_parser::code_attribute::code_parser;
use classfile_parser::constant_info::ConstantInfo;
use cotenant::classfile::{ClassFile, PoolIndex};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::sync::OnceLock;

/// Class bytes that are held in memory at most.
const MAX_CORPUS: usize = 400 << 20;

fn main() {
    divan::main();
}

#[derive(Clone, Copy, Debug)]
enum Set {
    Committed,
    Corpus,
}

fn classes(set: Set) -> &'static [Vec<u8>] {
    static SETS: [OnceLock<Vec<Vec<u8>>>; 2] = [const { OnceLock::new() }; 2];
    SETS[set as usize].get_or_init(|| {
        let jars = match set {
            Set::Committed => jars::committed(),
            Set::Corpus => jars::corpus().map(|folder| jars::below(&folder)).unwrap_or_default(),
        };
        let (mut classes, mut n_bytes) = (Vec::new(), 0);
        for jar in jars {
            jars::classes(&jar, &mut |_, bytes| {
                if n_bytes < MAX_CORPUS {
                    n_bytes += bytes.len();
                    classes.push(bytes.to_vec());
                }
            });
        }
        classes
    })
}

/// Runs `read` over all classes of a set, `repeat`ing a small one.
fn over(bencher: Bencher, set: Set, mut read: impl FnMut(&[u8])) {
    let classes = classes(set);
    let n_bytes: usize = classes.iter().map(Vec::len).sum();
    bencher
        .counter(BytesCount::new(n_bytes))
        .bench_local(|| classes.iter().for_each(|bytes| read(black_box(bytes))));
}

#[divan::bench(args = [Set::Committed, Set::Corpus], max_time = 5)]
fn structure_ours(bencher: Bencher, set: Set) {
    let mut index = PoolIndex::default();
    over(bencher, set, |bytes| {
        let _ = black_box(ClassFile::parse(bytes, &mut index).map(|class| class.major));
    });
}

#[divan::bench(args = [Set::Committed, Set::Corpus], max_time = 10)]
fn everything_ours(bencher: Bencher, set: Set) {
    let mut index = PoolIndex::default();
    over(bencher, set, |bytes| {
        let mut walked = Walked::default();
        let _ = walk(bytes, &mut index, &mut walked);
        black_box(walked);
    });
}

#[divan::bench(args = [Set::Committed, Set::Corpus], max_time = 10)]
fn everything_classfile_parser(bencher: Bencher, set: Set) {
    over(bencher, set, |bytes| {
        black_box(walk_theirs(bytes));
    });
}

/// The same walk with what classfile-parser offers; it decodes no line tables and no annotations, so that those are
/// not even counted against it.
fn walk_theirs(bytes: &[u8]) -> Option<usize> {
    let (_, class) = class_parser(bytes).ok()?;
    let pool = &class.const_pool;
    let mut mix = pool.len();
    for attribute in &class.attributes {
        if is_named(pool, attribute, "BootstrapMethods") {
            mix += bootstrap_methods_attribute_parser(&attribute.info)
                .map_or(0, |(_, t)| t.bootstrap_methods.len());
        }
    }
    for method in &class.methods {
        for attribute in &method.attributes {
            if is_named(pool, attribute, "Code")
                && let Ok((_, code)) = code_attribute_parser(&attribute.info)
            {
                mix += code.exception_table.len() + code.attributes.len();
                mix += code_parser(&code.code).map_or(0, |(_, instructions)| instructions.len());
            }
        }
    }
    Some(mix)
}

fn is_named(pool: &[ConstantInfo], attribute: &AttributeInfo, name: &str) -> bool {
    let entry = pool.get(usize::from(attribute.attribute_name_index).wrapping_sub(1));
    matches!(entry, Some(ConstantInfo::Utf8(utf8)) if utf8.utf8_string == name)
}
