//! The words every layer shares: typed ids, interned names, access flags, descriptors, places and problems.
//!
//! It exists so that two layers never need to know each other only to agree on what a name or a place is.
//! Nothing here reads a file, knows a rule or starts a thread.
//! May import: nothing

pub mod access;
pub mod descriptor;
pub mod ids;
pub mod interner;
pub mod names;
pub mod parallel;
pub mod problem;
pub mod rows;

pub use access::Access;
pub use ids::{ClassId, FieldId, LoaderId, MemberRefId, MethodId, Name, TenantId, UnitId, ValueId};
pub use interner::Interner;
pub use names::Names;
pub use parallel::{Parallel, Sequential};
pub use problem::{Place, Problem, ProblemCode, ProblemLevel};
pub use rows::sort_and_dedup;
