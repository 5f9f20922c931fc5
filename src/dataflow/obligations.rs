//! What stays open on some path.

use super::World;
use super::knowledge::ResourceId;
use crate::vocabulary::{MethodId, Parallel};

/// Which way a method is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitKind {
    /// By a return.
    Normal,
    /// By an exception.
    Exceptional,
}

/// A resource that stays open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    /// Which.
    pub resource: ResourceId,
    /// The method.
    pub method: MethodId,
    /// The acquiring event.
    pub event: u16,
    /// How it is left.
    pub exit: ExitKind,
    /// The event at which.
    pub at: Option<u16>,
    /// Whether some path releases it.
    pub ever_released: bool,
}

/// What methods do to their parameters.
#[derive(Default)]
pub struct Summaries;

impl Summaries {
    /// Builds them.
    pub fn build(_world: &World<'_>, _parallel: &impl Parallel) -> Self {
        Self
    }
}

/// The leaks of a method.
pub fn leaks_of(
    _world: &World<'_>,
    _method: MethodId,
    _wanted: &dyn Fn(ResourceId) -> bool,
    _summaries: &Summaries,
) -> Vec<Leak> {
    Vec::new()
}
