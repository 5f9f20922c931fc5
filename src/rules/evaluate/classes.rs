//! Matches of class sites: every class of the deployment, by itself.

use super::matches::{Match, Subject};
use crate::dataflow::World;
use crate::vocabulary::ClassId;

/// One match for each class that is not the JDK's, in the order of classes.
pub(super) fn find(world: &World<'_>) -> Vec<Match> {
    let classes = (0..world.program.classes.len()).map(ClassId::from_index);
    let own = classes.filter(|class| !world.program.is_jdk(*class));
    own.map(|class| Match {
        subject: Subject::Class,
        class,
        spots: Vec::new(),
        only: None,
        holder: None,
        kept: None,
        leak: None,
    })
    .collect()
}
