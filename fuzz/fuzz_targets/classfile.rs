//! Reads everything in whatever bytes come: no panic, no hang, no large allocation, errors within the file.
//! Seeds: `fixtures/malformed`.
#![no_main]

use cotenant::classfile::PoolIndex;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/assembler/walk.rs"]
#[allow(dead_code, unreachable_pub)]
mod walk;

fuzz_target!(|bytes: &[u8]| {
    let mut walked = walk::Walked { with_text: true, ..walk::Walked::default() };
    let parsed = walk::walk(bytes, &mut PoolIndex::default(), &mut walked);
    for error in parsed.err().into_iter().chain(walked.error) {
        assert!(error.offset as usize <= bytes.len());
    }
});
