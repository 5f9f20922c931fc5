//! Methods that were not looked at whole: what is asked of one of their instructions may take a walk over all of them, and
//! they are so large, and have so many, that this would not end.

use crate::vocabulary::MethodId;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The methods, for those who report them.
#[derive(Default)]
pub struct Bounds {
    methods: Mutex<BTreeSet<MethodId>>,
}

impl Bounds {
    /// Notes that some instructions of a method were left out.
    pub fn note(&self, method: MethodId) {
        self.methods.lock().unwrap_or_else(PoisonError::into_inner).insert(method);
    }

    /// The methods, ascending, whichever thread came first.
    pub fn into_methods(self) -> Vec<MethodId> {
        self.methods.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }
}
