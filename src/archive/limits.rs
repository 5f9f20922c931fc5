//! The bounds that keep hostile input cheap, each a named constant that a flag may raise.

/// Default of [`Limits::max_entry_size`]: far above any class file or descriptor that a JVM reads.
pub const MAX_ENTRY_SIZE: u64 = 64 << 20;
/// Default of [`Limits::max_ratio`]: real class files stay under 50, repetitive text under 100.
pub const MAX_RATIO: u32 = 200;
/// Default of [`Limits::max_total_size`]: ten times the largest class path that was measured.
pub const MAX_TOTAL_SIZE: u64 = 16 << 30;
/// Default of [`Limits::max_nested_size`].
pub const MAX_NESTED_SIZE: u64 = 2 << 30;
/// Default of [`Limits::max_depth`]: an ear holds a war, which holds a jar, which may hold a jar.
pub const MAX_DEPTH: u32 = 8;
/// Default of [`Limits::max_entries`]: the largest real archive that was measured has 73,000.
pub const MAX_ENTRIES: u32 = 4_000_000;

/// No flag raises the depth beyond this, because nested archives are opened recursively.
pub(crate) const HARD_MAX_DEPTH: u32 = 64;
/// Entries up to this size may have any ratio: they are harmless, and small repetitive ones are common.
pub(crate) const RATIO_FREE_SIZE: u64 = 1 << 20;
/// Bytes that class files may unpack to however small the input is, and so many more for each byte of it: those of real
/// archives are packed to a third.
pub(crate) const FREE_CLASS_SIZE: u64 = 32 << 20;
pub(crate) const CLASS_RATIO: u64 = 16;
/// Bytes that nested archives may unpack to however small the input is, and so many more for each byte of it: archives
/// that are packed once more hardly get smaller.
pub(crate) const FREE_NESTED_SIZE: u64 = 64 << 20;
pub(crate) const NESTED_RATIO: u64 = 16;
/// Archives that an input may hold however small it is, and the bytes of it that stand for one more.
pub(crate) const FREE_ARCHIVES: u64 = 1024;
pub(crate) const BYTES_OF_ARCHIVE: u64 = 256;
/// Deflate encodes at most 258 bytes in two bits (RFC 1951, 3.2.5), so no stream expands beyond this.
pub(crate) const MAX_DEFLATE_RATIO: u64 = 1032;

/// What one opened input may cost. All figures are checked against what an archive claims, before any memory is
/// allocated for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one entry, packed or unpacked, that is to be read.
    pub max_entry_size: u64,
    /// Unpacked size through packed size of one entry above 1 MiB. Raised above its default it also bounds, in place of 16,
    /// what all classes, and what all nested archives, unpack to beside the input's size.
    pub max_ratio: u32,
    /// Unpacked bytes of all readable entries of the input, nested archives included.
    pub max_total_size: u64,
    /// Unpacked bytes of all nested archives that are deflated, and so must be held in memory.
    pub max_nested_size: u64,
    /// How deep archives may nest; the input itself has depth 0. Never more than 64.
    pub max_depth: u32,
    /// Entries of the input, nested archives and folders included. Unless it is raised above its default, there may also be
    /// no more archives than the input's size explains.
    pub max_entries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_entry_size: MAX_ENTRY_SIZE,
            max_ratio: MAX_RATIO,
            max_total_size: MAX_TOTAL_SIZE,
            max_nested_size: MAX_NESTED_SIZE,
            max_depth: MAX_DEPTH,
            max_entries: MAX_ENTRIES,
        }
    }
}

impl Limits {
    /// Why an entry of these sizes must not be unpacked, if so; `cap` bounds both sizes.
    pub(crate) fn refusal(&self, size: u64, packed: u64, cap: u64) -> Option<String> {
        if size > cap || packed > cap {
            return Some(format!("the entry has {} bytes, the limit is {cap}", size.max(packed)));
        }
        let ratio = size / packed.max(1);
        if size > RATIO_FREE_SIZE && ratio > u64::from(self.max_ratio) {
            let limit = self.max_ratio;
            return Some(format!(
                "{packed} packed bytes claim to hold {size}, {ratio} times as many; the limit is {limit}"
            ));
        }
        None
    }
}
