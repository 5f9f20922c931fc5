//! What a module leaves behind when it is unloaded.

use super::World;
use super::knowledge::ResourceId;
use crate::vocabulary::{FieldId, MethodId, Parallel, TenantId};

/// Where a resource is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeper {
    /// Nowhere.
    Nothing,
    /// A field.
    Field(FieldId),
    /// A static field of a shared class.
    SharedStatic(FieldId),
    /// A bean.
    Bean,
    /// Not seen.
    Unknown,
    /// A local variable.
    Local,
}

/// How it is released.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Release {
    /// Nowhere.
    Never,
    /// By an unload callback.
    AtUnload,
    /// By the container.
    ByContainer,
    /// By a wrapper that keeps the loader.
    ByPinningWrapper(String),
    /// Elsewhere.
    Elsewhere,
    /// In the same body.
    Locally,
}

/// A resource that outlives the call that acquires it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Which.
    pub resource: ResourceId,
    /// On whose behalf.
    pub tenant: Option<TenantId>,
    /// Where it is acquired.
    pub method: MethodId,
    /// Position among its events.
    pub event: u16,
    /// Where it is kept.
    pub keeper: Keeper,
    /// How it is released.
    pub release: Release,
    /// Where it is released.
    pub release_site: Option<(MethodId, u16)>,
    /// A callback that could release it.
    pub nearest_callback: Option<MethodId>,
}

/// Finds them.
pub fn kept(
    _world: &World<'_>,
    _wanted: &(dyn Fn(ResourceId) -> bool + Sync),
    _container: &str,
    _parallel: &impl Parallel,
) -> Vec<Kept> {
    Vec::new()
}
