//! From checked rules and a program to findings.

use super::{Models, Rule};
use crate::findings::Finding;
use crate::program::{CallGraph, FieldGraph, Hierarchy, Program, Reach};
use crate::vocabulary::{Parallel, Problem};

/// What rules are evaluated over.
pub struct World<'w> {
    /// The linked classes.
    pub program: &'w Program<'w>,
    /// Their hierarchy.
    pub hierarchy: &'w Hierarchy,
    /// Who calls whom.
    pub calls: &'w CallGraph,
    /// Who accesses which field.
    pub fields: &'w FieldGraph,
    /// Which tenants reach which method.
    pub reach: &'w Reach<'w>,
    /// What is known of APIs.
    pub models: &'w Models,
    /// What the archives say about themselves; indexed as in path elements.
    pub archives: &'w [crate::facts::ArchiveFacts],
}

/// Applies all rules. Findings have no fingerprints and are in no particular order yet.
pub fn evaluate(
    _world: &World<'_>,
    _rules: &[Rule],
    _parallel: &impl Parallel,
) -> (Vec<Finding>, Vec<Problem>) {
    (Vec::new(), Vec::new())
}
