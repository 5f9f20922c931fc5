//! YAML rules: schema, checking, and conditions over the program that become findings.
//! May import: vocabulary, facts, topology, program, dataflow, findings

pub mod evaluate;
pub mod models;
pub mod rule;

pub use models::Models;
pub use rule::Rule;
