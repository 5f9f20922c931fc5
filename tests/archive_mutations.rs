//! Whatever is done to an archive's bytes, it is listed and read without a panic and in bounded time.

mod archive_zips;

use std::time::{Duration, Instant};

use archive_zips::{Member, Zip, deflated, read_all, stored, zip};
use cotenant::archive::{Limits, open_bytes};
use proptest::prelude::*;

fn seeds() -> Vec<Vec<u8>> {
    let inner = zip([deflated("p/X.class", "x".repeat(300)), stored("p/Y.class", "y")]);
    let streamed = Member { streamed: true, ..deflated("S.class", "s".repeat(40)) };
    let wide = Member { zip64: true, ..deflated("Z.class", "z".repeat(40)) };
    let members = [
        deflated("A.class", "a".repeat(500)),
        stored("lib/inner.jar", &inner),
        deflated("lib/packed.jar", &inner),
        streamed,
    ];
    vec![
        zip(members.clone()),
        Zip::after(b"#!/bin/sh\n", members.clone()).finish(),
        Zip::of(members.into_iter().chain([wide.clone()])).finish_zip64(),
        Zip::of([wide, stored("B.class", "b")]).unfinished(),
        zip([stored("a", "1"), stored("a", "2"), Member { header: Some(0), ..stored("b", "1") }]),
    ]
}

fn check(bytes: Vec<u8>) {
    let started = Instant::now();
    let tree = open_bytes(bytes, "app.jar", &Limits::default());
    let n_entries: usize = tree.archives.iter().map(|archive| archive.entries.len()).sum();
    assert!(read_all(&tree) <= n_entries);
    for (index, archive) in tree.archives.iter().enumerate() {
        assert!(archive.parent.is_none_or(|parent| parent < index));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutated_archives_are_read_without_panic(
        seed in 0_usize..5,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(bytes);
    }

    #[test]
    fn figures_set_to_extremes_are_read_without_panic(
        seed in 0_usize..5,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..9, prop::bool::ANY), 1..4),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        for (place, width, high) in edits {
            let place = place.index(bytes.len());
            bytes.iter_mut().skip(place).take(width).for_each(|byte| *byte = if high { 0xFF } else { 0 });
        }
        check(bytes);
    }

    #[test]
    fn signatures_in_any_order_are_read_without_panic(
        parts in prop::collection::vec((0_usize..7, prop::collection::vec(any::<u8>(), 0..60)), 0..40),
    ) {
        let magics: [&[u8]; 7] =
            [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08", b""];
        let mut bytes = b"PK\x03\x04".to_vec();
        for (magic, rest) in parts {
            bytes.extend(magics[magic]);
            bytes.extend(rest);
        }
        check(bytes);
    }
}

#[test]
fn a_file_full_of_headers_is_searched_in_linear_time() {
    let mut header = b"PK\x03\x04\x14\x00\x08\x00\x08\x00".to_vec();
    header.resize(30, 0);
    check(header.repeat(100_000));
    check([header, b"PK\x07\x08".repeat(1_000_000)].concat());
    check(b"PK\x05\x06".repeat(1_000_000));
    check([&b"PK\x03\x04"[..], &b"PK\x01\x02".repeat(1_000_000), &b"PK\x05\x06".repeat(10_000)].concat());
}
