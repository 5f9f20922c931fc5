//! The rule files that come with the program, embedded. A test compares this list with the folder.

/// Path within the project and text of each file, sorted by path.
pub(crate) const BUILT_IN: &[(&str, &str)] = &[];
