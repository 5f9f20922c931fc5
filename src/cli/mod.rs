//! Arguments to plan to run to exit code.
//! May import: everything

pub mod args;
pub mod config;
pub mod plan;

pub use args::{Arguments, Command};
pub use config::{Config, ConfigError};
pub use plan::{Plan, PlanError};
