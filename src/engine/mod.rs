//! The pipeline on one screen; the only layer with threads, clocks and progress.
//! May import: everything but cli

pub mod sources;
pub mod ingest;
pub mod threads;
