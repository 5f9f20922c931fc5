//! The hash of a source line by which code review recognises an alert after lines have moved.
//!
//! GitHub's upload action writes `primaryLocationLineHash` from the source file, and warns for each result that
//! brings a different value; so ours is the same function: a polynomial hash (factor 37, modulo 2^64) over the 100
//! UTF-16 units from the line's start on, blanks and tabs left out, line ends made `\n`, the file's end marked by
//! 0xFFFF and filled up with zeros; then `:` and how often this hash has come up in the file so far.

use std::collections::BTreeMap;

const WINDOW: usize = 100;
const FACTOR: u64 = 37;
const END_OF_FILE: u16 = 0xFFFF;

/// The hash of each line of `text`, the first line first. The last line is the one that the file's end is on, which
/// is empty after a final line end.
pub(super) fn line_hashes(text: &str) -> Vec<String> {
    let (units, starts) = normalise(text);
    let mut counts = BTreeMap::<u64, u32>::new();
    let mut hashes = Vec::with_capacity(starts.len());
    for start in starts {
        let unit = |i: usize| u64::from(units.get(start + i).copied().unwrap_or(0));
        let hash = (0..WINDOW).fold(0u64, |hash, i| hash.wrapping_mul(FACTOR).wrapping_add(unit(i)));
        let count = counts.entry(hash).or_insert(0);
        *count += 1;
        hashes.push(format!("{hash:x}:{count}"));
    }
    hashes
}

/// The units that count, and where in them each line starts. A line without such a unit starts at its line end.
fn normalise(text: &str) -> (Vec<u16>, Vec<usize>) {
    let (tab, space, lf, cr) = (u16::from(b'\t'), u16::from(b' '), u16::from(b'\n'), u16::from(b'\r'));
    let mut units = Vec::with_capacity(text.len() + 1);
    let mut starts = Vec::new();
    let mut at_line_start = true;
    let mut after_cr = false;
    for unit in text.encode_utf16().chain([END_OF_FILE]) {
        let skipped = unit == space || unit == tab || (after_cr && unit == lf);
        after_cr = unit == cr;
        if skipped {
            continue;
        }
        if at_line_start {
            starts.push(units.len());
        }
        let unit = if unit == cr { lf } else { unit };
        at_line_start = unit == lf;
        units.push(unit);
    }
    (units, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_the_kind_of_line_end_do_not_count() {
        let plain = line_hashes("class A {\n\tint x;\n}\n");
        assert_eq!(plain.len(), 4);
        assert_eq!(plain, line_hashes("class A {\r\n    int x;\r\n}\r\n"));
        assert_eq!(plain, line_hashes("class A {\r  int  x;\r}\r"));
        assert_ne!(plain, line_hashes("class A {\n\tint y;\n}\n"));
    }

    #[test]
    fn an_empty_file_hashes_as_code_review_does() {
        assert_eq!(line_hashes(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(line_hashes("x\n").last().map(String::as_str), Some("c129715d7a2bc9a3:1"));
    }

    #[test]
    fn a_hash_is_the_same_in_every_version() {
        assert_eq!(
            line_hashes("package größe;\n\nclass A {}\n"),
            ["c22f315d3074ba52:1", "355e4154744524a:1", "8349d10d4dbf5248:1", "c129715d7a2bc9a3:1"]
        );
    }

    #[test]
    fn equal_lines_are_told_apart_by_their_count() {
        let hashes = line_hashes(&"0123456789\n".repeat(30));
        let head = hashes[0].trim_end_matches(":1");
        assert!((1..=20).all(|i| hashes[i - 1] == format!("{head}:{i}")));
    }

    #[test]
    fn lines_moved_down_keep_their_hash() {
        let text = format!("a();\nb();\n{}", "filler();\n".repeat(20));
        let moved = format!("import x;\n{text}");
        assert_eq!(line_hashes(&text)[..2], line_hashes(&moved)[1..3]);
    }
}
