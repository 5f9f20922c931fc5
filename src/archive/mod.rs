//! Jars, wars, nested jars and folders as named byte blobs; the only reader of analysed files.
//! May import: vocabulary
