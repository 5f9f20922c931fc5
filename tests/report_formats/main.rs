//! What a user reads after a scan: each format, on one deployment that has everything that makes reports hard.
#![allow(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod fingerprints;
mod json;
mod problems;
mod sample;
mod sarif;
mod sources;
mod text;
