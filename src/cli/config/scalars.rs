//! Dates, sizes, patterns: values that are one word, in a configuration or on the command line.

use globset::GlobBuilder;
use std::fmt;
use std::path::PathBuf;

/// A calendar day, compared by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// `2027-03-31`; `None` unless it is exactly so and a day of the calendar.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit_or_dash =
            |(i, byte): (usize, u8)| if i == 4 || i == 7 { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != 10 || !text.bytes().enumerate().all(is_digit_or_dash) {
            return None;
        }
        let mut parts = text.split('-');
        let year: u16 = parts.next()?.parse().ok()?;
        let month: u8 = parts.next()?.parse().ok()?;
        let day: u8 = parts.next()?.parse().ok()?;
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let n_days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        (1..=n_days).contains(&day).then_some(Self { year, month, day })
    }

    /// The day on which a moment lies, in UTC; `seconds` count from the start of 1970.
    pub fn from_unix_seconds(seconds: u64) -> Self {
        // Days from the civil calendar, shifted so that the year begins in March (H. Hinnant, `civil_from_days`).
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day).unwrap_or(31),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

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
    fn dates_are_days_of_the_calendar() {
        assert_eq!(Date::parse("2024-02-29").map(|date| date.to_string()), Some("2024-02-29".into()));
        for bad in [
            "2023-02-29",
            "2100-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-04-31",
            "24-01-01",
            "2024-1-01",
            "",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert!(Date::parse("2026-12-31") < Date::parse("2027-01-01"));
    }

    #[test]
    fn moments_fall_on_days() {
        let day = |seconds| Date::from_unix_seconds(seconds).to_string();
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_399), "2000-02-28");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_767_225_599), "2025-12-31");
        assert_eq!(day(1_767_225_600), "2026-01-01");
        assert_eq!(Date::from_unix_seconds(u64::MAX).year, u16::MAX);
    }

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
