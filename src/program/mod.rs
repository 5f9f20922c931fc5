//! Facts seen through loaders: linking, hierarchy, resolution, dispatch, call graph, field graph, tenants.
//!
//! A class is a pair of a name and its defining loader (JVMS 5.3); nothing above this layer looks a class up by its
//! bare name. What can't be resolved stays visible as unknown, so that a rule can lower its certainty instead of
//! guessing. petgraph is private to this layer.
//! May import: vocabulary, facts, topology

pub mod bits;
pub mod call_graph;
pub mod call_sites;
mod declared;
pub mod field_graph;
mod grouped;
mod hidden;
pub mod hierarchy;
pub mod link;
pub mod linkage;
pub mod live;
mod name_kinds;
mod nesting;
mod node_numbers;
mod number_table;
pub mod origin;
pub mod patterns;
pub mod reach;
mod receivers;
pub mod reflection;
mod registered;
pub mod resolve;
mod spread;
pub mod supertypes;
mod texts;
mod views;

pub use bits::BitSet;
pub use call_graph::{CallGraph, Node};
pub use call_sites::{CallSite, CallSites};
pub use field_graph::{Access as FieldAccess, FieldGraph};
pub use hierarchy::Hierarchy;
pub use link::{Class, Program};
pub use linkage::{Failure, FailureKind, Linkage};
pub use live::Live;
pub use origin::{Leaf, Origins};
pub use patterns::{Pattern, PatternId, PatternIndex};
pub use reach::{Entered, Reach, Step as WitnessStep, TenantSet, Witness};
pub use receivers::classes_in_final;
pub use registered::Made;
pub use resolve::{RefTable, Resolved};
pub(crate) use spread::{Ways, n_bytes, place_of, walk};
