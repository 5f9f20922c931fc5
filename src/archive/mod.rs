//! Jars, wars, nested jars and folders as named byte blobs; the only reader of analysed files.
//!
//! [`open`] lists what lies in a path, nested archives included, and never fails: what is wrong with the input is a
//! list of problems beside what could be read. A [`Reader`] then unpacks single entries into buffers it reuses. Files
//! are recognised by content; [`FORMATS`] is where a further format is added. Nothing here knows what a class or a
//! manifest is.
//! May import: vocabulary

mod folder;
mod formats;
mod limits;
mod listing;
mod nested;
mod reader;
mod recovery;
mod shared;
mod source;
mod tally;
mod tree;
mod unpacked;
mod versions;
mod zip_file;

pub use formats::{FORMATS, Format, open, open_bytes, open_sharing};
pub use limits::{
    Limits, MAX_DEPTH, MAX_ENTRIES, MAX_ENTRY_SIZE, MAX_NESTED_SIZE, MAX_RATIO, MAX_TOTAL_SIZE,
};
pub use reader::Reader;
pub use shared::Shared;
pub use tally::{MAX_ALIKE, Tally, condense};
pub use tree::{Archive, Entry, Form, Tree};
pub use versions::effective_entries;
