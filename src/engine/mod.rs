//! The pipeline on one screen; the only layer with threads, clocks and progress.
//! May import: everything but cli

pub mod ingest;
pub mod sources;
pub mod threads;
