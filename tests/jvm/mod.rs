//! Runs deployments on a real JVM and compares what happens with what `cotenant` predicts.

pub(crate) mod claims;
pub(crate) mod machine;
pub(crate) mod prediction;
pub(crate) mod table;
