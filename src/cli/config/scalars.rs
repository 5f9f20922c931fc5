//! Sizes, patterns, JDKs: values that are one word, in a configuration or on the command line.

use globset::GlobBuilder;
use std::path::PathBuf;

/// Whose class model stands for the JDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Jdk {
    /// An embedded model of this release.
    Release(u16),
    /// The JDK installed there.
    Home(PathBuf),
}

impl Jdk {
    /// A number is a release, anything else a folder.
    ///
    /// # Errors
    /// If it is empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(release) => Ok(Self::Release(release)),
            Err(_) if text.trim().is_empty() => Err("expected a JDK's home or a release number".to_owned()),
            Err(_) => Ok(Self::Home(PathBuf::from(text))),
        }
    }
}

/// The first release whose class files and threads are told apart.
const OLDEST_RELEASE: u16 = 8;

/// The number of a JDK's release.
///
/// # Errors
/// If it is none from 8 on.
pub fn parse_release(text: &str) -> Result<u16, String> {
    let release = text.trim().parse().ok().filter(|release| *release >= OLDEST_RELEASE);
    release.ok_or_else(|| format!("`{text}` is no JDK release from {OLDEST_RELEASE} on"))
}

/// A number with an optional suffix `k`, `M`, `G` or `T` of 1024 each, in any case: `64M`.
///
/// # Errors
/// If it is not of that form or does not fit.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, suffix) = text.split_at(n_digits);
    let shift = match suffix {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        _ => return Err(not_a_size(text)),
    };
    let number: u64 = digits.parse().map_err(|_| not_a_size(text))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("`{text}` is too large"))
}

fn not_a_size(text: &str) -> String {
    format!("`{text}` is no size; write a number, with k, M, G or T for multiples of 1024")
}

/// Checks a glob over rule ids or class names: `*` stays within a part, `**` does not.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_glob(glob: &str) -> Result<(), String> {
    if glob.trim().is_empty() {
        return Err("a pattern must not be empty".to_owned());
    }
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    built.map(|_| ()).map_err(|error| format!("`{glob}` is no pattern: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_suffixes_of_1024() {
        assert_eq!(parse_size("64M"), Ok(64 << 20));
        assert_eq!(parse_size(" 2k "), Ok(2048));
        assert_eq!(parse_size("7"), Ok(7));
        for bad in ["", "M", "-1", "1.5G", "1MB", "99999999999T", "99999999999999999999"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
