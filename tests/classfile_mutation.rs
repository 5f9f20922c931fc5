//! Whatever is done to the bytes of a class, reading it ends, with an error or without, and never panics.

mod assembler;

use assembler::walk::{Walked, walk};
use assembler::{hostile, jars, opcodes};
use cotenant::classfile::PoolIndex;
use proptest::prelude::*;
use std::sync::OnceLock;

/// Real and hostile classes to start from.
fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let mut seeds = vec![opcodes::every_instruction()];
        for jar in jars::committed() {
            jars::classes(&jar, &mut |_, bytes| {
                if bytes.len() < 20_000 && seeds.len() < 200 {
                    seeds.push(bytes.to_vec());
                }
            });
        }
        assert!(seeds.len() > 10, "tests/data/features.jar was not read");
        seeds.extend(hostile::all().into_iter().map(|case| case.bytes).filter(|b| b.len() < 20_000));
        seeds
    })
}

#[derive(Clone, Debug)]
enum Edit {
    Flip(prop::sample::Index, u8),
    /// Numbers that count and measure are where readers trust too much.
    Extreme(prop::sample::Index, u16),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        6 => (at(), 1u8..).prop_map(|(at, bits)| Edit::Flip(at, bits)),
        4 => (at(), prop::sample::select(vec![0u16, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF]))
            .prop_map(|(at, n)| Edit::Extreme(at, n)),
        1 => at().prop_map(Edit::Cut),
        2 => (at(), 1usize..20).prop_map(|(at, n)| Edit::Remove(at, n)),
        2 => (at(), at(), at(), 1usize..200).prop_map(|(seed, from, to, n)| Edit::Splice(seed, from, to, n)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    if bytes.is_empty() {
        return;
    }
    match edit {
        Edit::Flip(at, bits) => {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        Edit::Extreme(at, n) => {
            let at = at.index(bytes.len());
            bytes.iter_mut().skip(at).zip(n.to_be_bytes()).for_each(|(byte, new)| *byte = new);
        }
        Edit::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Edit::Remove(at, n) => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + n).min(bytes.len()));
        }
        Edit::Splice(seed, from, to, n) => {
            let other = &seeds()[seed.index(seeds().len())];
            let from = from.index(other.len().max(1)).min(other.len());
            let part = &other[from..(from + n).min(other.len())];
            let to = to.index(bytes.len());
            bytes.splice(to..to, part.iter().copied());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_classes_never_panic_and_errors_lie_within_the_file(
        seed in any::<prop::sample::Index>(),
        edits in prop::collection::vec(edit(), 1..12),
    ) {
        let mut bytes = seeds()[seed.index(seeds().len())].clone();
        edits.iter().for_each(|edit| apply(&mut bytes, edit));
        let mut walked = Walked { with_text: true, ..Walked::default() };
        let parsed = walk(&bytes, &mut PoolIndex::default(), &mut walked);
        for error in parsed.err().into_iter().chain(walked.error) {
            prop_assert!(error.offset as usize <= bytes.len(), "{} in {} bytes", error, bytes.len());
        }
    }

    #[test]
    fn any_bytes_behind_a_magic_number_are_read_or_refused(
        head in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52];
        bytes.extend(head);
        let mut walked = Walked { with_text: true, ..Walked::default() };
        let _ = walk(&bytes, &mut PoolIndex::default(), &mut walked);
    }
}
