//! Round trips and damage, on a unit of real and hostile classes and on arbitrary ones.

use super::*;
use crate::body::{Block, Event, EventKind, Handler, NO_NAME, NO_VALUE, ShortSpan, Span, Value};
use crate::facts::reduce::Reducer;
use crate::facts::tables::{ClassFacts, FieldFacts, MemberRef, MethodFacts, NO_EXTRAS};
use crate::vocabulary::{Access, Name, Problem, ProblemCode, ValueId};
use proptest::prelude::*;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

/// The unit of all classes of `tests/data/features.jar` and `fixtures/malformed`.
fn real() -> &'static UnitFacts {
    static UNIT: OnceLock<UnitFacts> = OnceLock::new();
    UNIT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut unit, mut reducer) = (UnitFacts::default(), Reducer::new());
        reducer.begin_unit();
        let jar = std::fs::File::open(root.join("tests/data/features.jar")).unwrap();
        let mut jar = zip::ZipArchive::new(jar).unwrap();
        for i in 0..jar.len() {
            let mut entry = jar.by_index_raw(i).unwrap();
            let (name, mut raw) = (entry.name().unwrap().to_string(), Vec::new());
            let mut bytes = vec![0; entry.size() as usize];
            entry.read_to_end(&mut raw).unwrap();
            if name.ends_with(".class") && Decompressor::new().deflate_decompress(&raw, &mut bytes).is_ok() {
                reducer.add(&bytes, &name, &mut unit);
            }
        }
        let folder = std::fs::read_dir(root.join("fixtures/malformed")).unwrap().flatten();
        let mut files: Vec<_> = folder.map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "class")) {
            reducer.add(
                &std::fs::read(file).unwrap(),
                &file.file_name().unwrap().to_string_lossy(),
                &mut unit,
            );
        }
        assert!(unit.classes.len() > 40 && unit.events.len() > 100 && !unit.problems.is_empty());
        unit
    })
}

/// All that a unit holds, as text.
fn shown(unit: &UnitFacts) -> String {
    let names: Vec<&str> = unit.names.iter().map(|(text, _)| text).collect();
    format!(
        "{names:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
        unit.member_refs,
        unit.classes,
        unit.fields,
        unit.methods,
        unit.extras,
        unit.annotations,
        unit.annotation_values,
        unit.lists,
        unit.events,
        unit.args,
        unit.values,
        unit.merges,
        unit.blocks,
        unit.edges,
        unit.handlers,
        unit.problems,
        unit.n_bytes
    )
}

#[test]
fn a_unit_of_real_classes_comes_back_as_it_was() {
    let bytes = encode(real());
    let read = decode(&bytes).unwrap();
    assert_eq!(shown(&read), shown(real()));
    assert_eq!(encode(&read), bytes);
    let empty = encode(&UnitFacts::default());
    assert_eq!(shown(&decode(&empty).unwrap()), shown(&UnitFacts::default()));
}

#[test]
fn every_changed_bit_is_noticed() {
    let bytes = encode(real());
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        // Deflate ends with unused bits; what changes nothing may pass.
        if let Ok(read) = decode(&changed) {
            assert_eq!(encode(&read), bytes, "byte {at}");
        }
        assert!(decode(&bytes[..at]).is_err());
    }
}

#[test]
fn other_files_and_other_versions_are_told_apart_from_damage() {
    let mut bytes = encode(real());
    assert_eq!(decode(b"PK\x03\x04 and more than a header").err(), Some(CodecError::OtherFormat));
    assert_eq!(decode(b"").err(), Some(CodecError::OtherFormat));
    bytes[4] = 0xEE;
    assert_eq!(decode(&bytes).err(), Some(CodecError::OtherVersion(0xEE)));
}

#[test]
fn a_claimed_size_is_not_allocated() {
    let mut bytes = encode(real());
    bytes[6..10].fill(0xFF);
    assert!(matches!(decode(&bytes), Err(CodecError::Damaged(_))));
    // Four billion rows of the first table.
    let payload = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0];
    assert!(decode(&seal(UNIT_MAGIC, &payload, CompressionLvl::default())).is_err());
}

#[test]
fn rows_that_do_not_exist_are_refused() {
    let broken: [fn(&mut UnitFacts); 8] = [
        |unit| unit.classes[0].super_name = Name(1 << 20),
        |unit| unit.classes[0].methods = Span { start: u32::MAX, len: u32::MAX },
        |unit| unit.extras[0].throws = Span { start: 1 << 20, len: 1 },
        |unit| unit.events[0].args = [NO_VALUE; 2],
        |unit| unit.member_refs.clear(),
        |unit| unit.values.push(Value::Merge { start: u32::MAX, len: 1 }),
        |unit| unit.values.push(Value::Str(Name(u32::MAX - 1))),
        |unit| unit.blocks.iter_mut().for_each(|block| block.edges[0] = u16::MAX),
    ];
    for (i, damage) in broken.iter().enumerate() {
        let mut unit = real().clone();
        damage(&mut unit);
        if i == 3 {
            unit.events[0].n_args = 3;
        }
        assert!(matches!(decode(&encode(&unit)), Err(CodecError::Damaged(_))), "case {i}");
    }
}

#[test]
fn extreme_numbers_come_back_as_they_were() {
    let mut unit = UnitFacts { n_bytes: u64::MAX, ..UnitFacts::default() };
    let name = unit.names.intern("\u{1F600}\0é");
    unit.values.extend([
        Value::Int(i32::MIN),
        Value::Int(i32::MAX),
        Value::Param(u16::MAX),
        Value::Event(u32::MAX),
        Value::Caught(u16::MAX),
        Value::Derived(NO_VALUE),
        Value::Class(name),
        Value::Str(NO_NAME),
    ]);
    unit.args = vec![NO_VALUE, ValueId(0), NO_VALUE];
    for (line, target) in [(u16::MAX, u16::MAX), (0, 0), (u16::MAX, u16::MAX)] {
        let kind = EventKind::MonitorExit;
        let (target, args) = ([target; 2], [NO_VALUE; 2]);
        unit.events.push(Event { kind, n_args: 0, line, target, args });
    }
    assert_eq!(shown(&decode(&encode(&unit)).unwrap()), shown(&unit));
}

#[derive(Clone, Debug)]
struct Seed {
    texts: Vec<String>,
    numbers: Vec<u32>,
}

fn seed() -> impl Strategy<Value = Seed> {
    let texts = prop::collection::vec(".{0,12}", 1..30);
    let numbers = prop::collection::vec(any::<u32>(), 1..60);
    (texts, numbers).prop_map(|(texts, numbers)| Seed { texts, numbers })
}

/// A unit whose references are valid and otherwise as the numbers have it.
fn arbitrary(seed: &Seed) -> UnitFacts {
    let mut unit = UnitFacts::default();
    for text in &seed.texts {
        unit.names.intern(text);
    }
    let mut numbers = seed.numbers.iter().copied().cycle();
    let mut below = |n: usize| numbers.next().unwrap_or(0) % (n as u32).max(1);
    let n_names = unit.names.len();
    let name = |n: u32| if n == 0 { NO_NAME } else { Name(n - 1) };
    for _ in 0..below(20) {
        unit.lists.push(name(below(n_names + 1)));
        unit.args.push(ValueId(below(0x1_0000) as u16));
        unit.merges.push(ValueId(below(0x1_0000) as u16));
        let [owner, text, desc] = [0; 3].map(|_| name(below(n_names + 1)));
        unit.member_refs.push(MemberRef { owner, name: text, desc, of_interface: true });
        unit.values.push(Value::Int(below(usize::MAX >> 33) as i32));
        unit.handlers.push(Handler { block: 0, is_last: below(2) == 1, catches: owner });
        unit.edges.push(0);
        let access = Access(below(0x1_0000) as u16);
        let annotations = Span::default();
        let (signature, has_constant) = (desc, below(2) == 1);
        unit.fields.push(FieldFacts { name: text, desc, signature, access, has_constant, annotations });
    }
    let n = unit.lists.len();
    for _ in 0..below(6) {
        let mut span = || {
            let start = below(n);
            Span { start, len: below(n - start as usize + 1) }
        };
        let (list, fields) = (span(), span());
        unit.blocks.push(Block {
            first_event: 0,
            n_events: 0,
            edges: [0; 2],
            n_edges: below(4) as u8,
            test: below(9) as u8,
            tested: [ValueId(below(0x1_0000) as u16), ValueId(below(9) as u16)],
            handlers: [below(2) as u16, below(n) as u16],
        });
        let owner = name(below(n_names + 1));
        unit.methods.push(method(owner, list, Span { start: 0, len: 1 }));
        unit.classes.push(class(owner, list, fields, Access(below(0x1_0000) as u16)));
    }
    unit.problems.push(Problem::new(ProblemCode::MalformedCode, &seed.texts[0], "é", "text"));
    unit
}

fn method(name: Name, throws: Span, blocks: Span) -> MethodFacts {
    MethodFacts {
        name,
        desc: name,
        access: Access(throws.len as u16),
        has_body: true,
        has_loop: throws.len > 1,
        line: throws.start as u16,
        extras: NO_EXTRAS,
        events: ShortSpan::default(),
        values: throws.into(),
        blocks: blocks.into(),
    }
}

fn class(name: Name, interfaces: Span, fields: Span, access: Access) -> ClassFacts {
    ClassFacts {
        name,
        super_name: NO_NAME,
        interfaces,
        access,
        major: access.0,
        prefix: name,
        source_file: name,
        outer: NO_NAME,
        nest_host: name,
        nest_members: interfaces,
        permitted: fields,
        signature: name,
        fields,
        methods: Span::default(),
        annotations: Span::default(),
        is_record: access.is_public(),
    }
}

proptest! {
    #[test]
    fn arbitrary_units_come_back_as_they_were(seed in seed()) {
        let unit = arbitrary(&seed);
        let read = decode(&encode(&unit));
        prop_assert_eq!(read.as_ref().err(), None);
        prop_assert_eq!(shown(&read.unwrap_or_default()), shown(&unit));
    }

    /// Behind a correct checksum, as one who wants to do harm would write it.
    #[test]
    fn sealed_garbage_never_panics(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut payload = Vec::new();
        rows::put_unit(real(), &mut payload);
        for (at, value) in &edits {
            let at = at.index(payload.len());
            payload[at] = *value;
        }
        if edits.len() % 4 == 0 {
            payload.truncate(cut.index(payload.len()));
        }
        if let Ok(unit) = decode(&seal(UNIT_MAGIC, &payload, CompressionLvl::fastest())) {
            for method in &unit.methods {
                for block in unit.blocks_of(method) {
                    let _ = (unit.successors(block), unit.handlers(block));
                }
                unit.events_of(method).iter().for_each(|event| drop(unit.args(event).to_vec()));
            }
        }
    }

    #[test]
    fn any_payload_is_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&seal(UNIT_MAGIC, &payload, CompressionLvl::fastest()));
    }
}
