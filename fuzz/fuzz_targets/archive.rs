//! Opens any bytes as an archive and reads every entry: no panic, no hang, memory within the limits.
#![no_main]

use cotenant::archive::{Limits, Reader, effective_entries, open_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        max_entry_size: 1 << 20,
        max_total_size: 8 << 20,
        max_nested_size: 4 << 20,
        max_entries: 10_000,
        ..Limits::default()
    };
    let tree = open_bytes(bytes, "fuzzed.jar", &limits);
    let mut reader = Reader::new();
    for archive in &tree.archives {
        effective_entries(&archive.entries, true, "", 21);
        for entry in &archive.entries {
            if let Ok(content) = reader.read(archive, entry) {
                assert_eq!(content.len() as u64, entry.size);
            }
        }
    }
});
