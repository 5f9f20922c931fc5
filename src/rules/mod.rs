//! YAML rules: schema, checking, and conditions over the program that become findings.
//! May import: vocabulary, facts, topology, program, dataflow, findings

pub mod evaluate;
pub mod models;
pub mod rule;

mod built_in;
pub(crate) mod check;
pub mod explain;
pub mod mistake;
pub(crate) mod outline;
pub(crate) mod schema;
pub mod set;
pub(crate) mod shape;
pub(crate) mod template;

pub use mistake::{Mistake, Mistakes};
pub use models::Models;
pub use rule::Rule;
pub use schema::json_schema;
pub use set::{RuleSet, load};
