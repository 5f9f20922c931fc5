//! Which conditions are asked first: what the class or the field says about itself before what bodies must be
//! followed for. All of a list are asked whatever their order, so it changes nothing but the time.

use super::{Condition, FieldTest};

/// How much an answer costs, from what lies at hand to what is followed from body to body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cost {
    /// Told by the class or the field, whichever of the match's sites is meant.
    Declared,
    /// Told by a table of the program.
    LookedUp,
    /// Followed through bodies.
    Followed,
}

impl Condition {
    /// What asking for the condition costs; of a composed one, what its dearest part does.
    pub fn cost(&self) -> Cost {
        match self {
            Self::All(list) | Self::Any(list) => list.iter().map(Self::cost).max().unwrap_or(Cost::Declared),
            Self::Not(inner) => inner.cost(),
            Self::DefinedBy(_)
            | Self::OpenWorld
            | Self::JdkRelease { .. }
            | Self::Topology(_)
            | Self::Class(_)
            | Self::HeldByStatic => Cost::Declared,
            Self::Field(test) => test.cost(),
            Self::Caller(_)
            | Self::Tenants { .. }
            | Self::Method(_)
            | Self::Target(_)
            | Self::InUnloadCallback
            | Self::Kept(_)
            | Self::ReadByCode
            | Self::Because(_)
            | Self::Arrives(_) => Cost::LookedUp,
            _ => Cost::Followed,
        }
    }

    /// Puts what is cheap to answer before what is not, in this condition and in its parts.
    pub fn cheap_first(self) -> Self {
        let sorted = |list: Vec<Self>| {
            let mut list: Vec<Self> = list.into_iter().map(Self::cheap_first).collect();
            list.sort_by_key(Self::cost);
            list
        };
        match self {
            Self::All(list) => Self::All(sorted(list)),
            Self::Any(list) => Self::Any(sorted(list)),
            Self::Not(inner) => Self::Not(Box::new(inner.cheap_first())),
            other => other,
        }
    }
}

impl FieldTest {
    fn cost(&self) -> Cost {
        let asks_bodies = !self.values.is_empty()
            || self.holds_values.is_some()
            || self.holds_internal.is_some()
            || self.values_keep_keys.is_some();
        if asks_bodies { Cost::Followed } else { Cost::Declared }
    }
}
