//! Objects that a module registers under one name, and takes back others.

use super::Judge;
use super::gates::{Gate, Way};
use super::keyed::{constant, entry_of};
use super::listeners::{Listeners, Registered};
use crate::vocabulary::Name;

/// Methods that a registering call may run.
const MAX_TARGETS: usize = 4;

impl Judge<'_> {
    /// Whether an object is registered under a constant name, and all that the module takes out are other constant names.
    pub(super) fn is_other_name_taken(&self, listeners: &Listeners, registered: &Registered) -> bool {
        let taken = self.names_taken(listeners, registered).unwrap_or_default();
        let name = self.name_of(listeners, registered);
        !taken.is_empty() && name.is_some_and(|name| !taken.contains(&name))
    }

    /// The name under which a call has an object registered.
    fn name_of(&self, listeners: &Listeners, registered: &Registered) -> Option<Name> {
        let world = self.world;
        let body = world.body(registered.method);
        let call = world.event(registered.method, registered.event)?;
        let targets = world.targets(body, call, MAX_TARGETS)?;
        let mut puts = listeners.gates_of(registered.field).filter(|g| g.way == Way::In);
        let put = puts.find(|g| g.param == registered.operand && targets.contains(&g.site.0))?;
        constant(body, call, self.key_of(put)?)
    }

    /// All names that a module takes out; `None` if it may take out others too.
    fn names_taken(&self, listeners: &Listeners, registered: &Registered) -> Option<Vec<Name>> {
        let mut names = Vec::new();
        for gate in listeners.gates_of(registered.field).filter(|g| g.way.is_removal()) {
            let key = self.key_of(gate)?;
            for (_, name) in self.names(gate.site.0, key, registered.tenant)? {
                names.push(name?);
            }
        }
        Some(names)
    }

    /// The parameter that is the key of the entry which a gate is about.
    fn key_of(&self, gate: &Gate) -> Option<u16> {
        let (method, event) = gate.site;
        let (field, key) = entry_of(self.world, self.world.body(method), self.world.event(method, event)?)?;
        Some(key).filter(|_| field == gate.field)
    }
}
