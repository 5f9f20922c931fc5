//! Source files as reports quote them: read once, on demand, never required.

use super::line_hash::line_hashes;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Larger files are generated, and are not quoted.
const MAX_SOURCE_BYTES: u64 = 8 << 20;

/// The sources that a report's findings point at.
pub(super) struct SourceTexts {
    base: PathBuf,
    files: BTreeMap<String, Option<SourceText>>,
}

/// One source file.
pub(super) struct SourceText {
    text: String,
    /// Where each line starts.
    starts: Vec<usize>,
    hashes: OnceCell<Vec<String>>,
}

impl SourceTexts {
    /// Sources whose paths are relative to `base`.
    pub(super) fn new(base: PathBuf) -> Self {
        Self { base, files: BTreeMap::new() }
    }

    /// The file at `path`, `None` if it can't be read or is too large to be quoted.
    pub(super) fn get(&mut self, path: &str) -> Option<&SourceText> {
        if !self.files.contains_key(path) {
            let file = self.read(path);
            self.files.insert(path.to_string(), file);
        }
        self.files.get(path)?.as_ref()
    }

    fn read(&self, path: &str) -> Option<SourceText> {
        let path = self.base.join(path);
        let metadata = std::fs::metadata(&path).ok()?;
        if !metadata.is_file() || metadata.len() > MAX_SOURCE_BYTES {
            return None;
        }
        let bytes = std::fs::read(&path).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Some(SourceText { text, starts, hashes: OnceCell::new() })
    }
}

impl SourceText {
    /// A line by its number from 1; `None` beyond the end and for 0.
    pub(super) fn line(&self, line: u32) -> Option<&str> {
        let start = *self.starts.get(line.checked_sub(1)? as usize)?;
        self.text.get(start..)?.lines().next()
    }

    /// The hash by which code review recognises the line; see [`line_hashes`].
    pub(super) fn line_hash(&self, line: u32) -> Option<&str> {
        let hashes = self.hashes.get_or_init(|| line_hashes(&self.text));
        hashes.get(line.checked_sub(1)? as usize).map(String::as_str)
    }
}
