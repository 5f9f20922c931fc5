//! Class files as borrowed, lazy views (JVMS chapter 4).
//! May import: vocabulary
