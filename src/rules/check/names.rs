//! The names that models define, as rules refer to them.

use std::collections::BTreeSet;

use crate::rules::models::Models;

/// Everything a rule can name.
pub(crate) struct Names {
    /// Ids and groups of APIs.
    pub(super) apis: BTreeSet<String>,
    /// Type groups.
    pub(super) types: BTreeSet<String>,
    /// Resources.
    pub(super) resources: BTreeSet<String>,
}

impl Names {
    pub(crate) fn of(models: &Models) -> Names {
        let groups = models.apis.values().flat_map(|api| api.groups.iter().cloned());
        Names {
            apis: models.apis.keys().cloned().chain(groups).collect(),
            types: models.types.keys().cloned().collect(),
            resources: models.resources.keys().cloned().collect(),
        }
    }
}
