//! A place where a rule's site is found, before its conditions are looked at.

use crate::dataflow::How;
use crate::dataflow::knowledge::{ApiId, ResourceId};
use crate::vocabulary::{ClassId, FieldId, MemberRefId, MethodId, TenantId};

/// One instruction of a match.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Spot {
    /// The method that holds it.
    pub method: MethodId,
    /// Position among the method's events.
    pub event: u16,
    /// For field sites: how the field's value changes.
    pub how: Option<How>,
    /// For field sites: where it finally changes, if in a method that the value is handed to.
    pub inside: Option<(MethodId, u16)>,
}

/// What a match is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Subject {
    /// A field.
    Field(FieldId),
    /// A call of this reference.
    Call(MemberRefId, ApiId),
    /// A resource that is acquired.
    Resource(ResourceId),
    /// The class itself.
    Class,
    /// A reference that fails to link.
    Reference(super::references::ReferenceId),
    /// A question about a class that several loaders define.
    Copy(super::copies::CopyId),
    /// A class that a configuration file names.
    Configured(super::configured::ConfiguredId),
}

/// A match.
#[derive(Clone, Debug)]
pub(super) struct Match {
    /// What it is about.
    pub subject: Subject,
    /// The class it is reported on.
    pub class: ClassId,
    /// The instructions; never empty but for classes, also those that configuration names.
    pub spots: Vec<Spot>,
    /// The tenants that the match is about, if only some of those that reach it.
    pub only: Option<Vec<TenantId>>,
    /// For instance fields: the static field that holds the object, and whether it holds all of them.
    pub holder: Option<crate::dataflow::held::Holder>,
    /// For kept resources: what was found out.
    pub kept: Option<Box<crate::dataflow::unload::Kept>>,
    /// For open resources: what was found out.
    pub leak: Option<Box<crate::dataflow::obligations::Leak>>,
}

impl Match {
    /// Takes another match in, which is about the same: with its places, and its tenants.
    pub(super) fn join(&mut self, other: Self) {
        self.spots.extend(other.spots);
        self.only = match (self.only.take(), other.only) {
            (Some(mut all), Some(more)) => {
                all.extend(more);
                all.sort_unstable();
                all.dedup();
                Some(all)
            }
            _ => None,
        };
    }
}
