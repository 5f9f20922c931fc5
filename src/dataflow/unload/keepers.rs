//! What keeps an acquired object, as far as that is known.

use super::flow::{Acquired, Fate, Site};
use super::threads::Life;
use super::{Judge, Keeper, Release};
use crate::facts::Value;
use crate::vocabulary::FieldId;

impl Judge<'_> {
    /// The keeper of an object that goes as `fate` says; `table` is what all share that has it as an entry.
    pub(super) fn keeper(
        &self,
        acquired: &Acquired,
        fate: &Fate,
        life: Option<&Life>,
        releases: &[(Release, Option<Site>)],
        table: Option<FieldId>,
    ) -> Keeper {
        // Whoever uses a library may release what it hands out of an object of theirs, and a thread may end as soon as
        // its work is done.
        let is_of_all = table.is_some() || fate.fields.iter().any(|f| self.is_there_once(*f));
        let is_handed_out = fate.escapes || self.is_on_own_object(acquired);
        let may_end = life.map_or(is_handed_out && !is_of_all, |l| {
            !l.is_endless && !l.is_meant_to_last && !l.awaits_collection
        });
        match self.world.reach.is_open_world() && may_end {
            true => Keeper::Unknown,
            false => match table {
                Some(field) if self.world.program.field(field).access.is_static() => {
                    Keeper::SharedStatic(field)
                }
                Some(field) => Keeper::Field(field),
                None => self.found_keeper(fate, releases.iter().any(|r| r.0 == Release::Locally)),
            },
        }
    }

    /// Whether it is an object's own method that starts the object: whoever has the object asked for it.
    fn is_on_own_object(&self, acquired: &Acquired) -> bool {
        let body = self.world.body(acquired.method);
        let event = self.world.event(acquired.method, acquired.event);
        let own = event.zip(acquired.operand).filter(|_| !body.method.access.is_static());
        own.is_some_and(|(event, operand)| {
            let value = body.origins.arg(event, usize::from(operand));
            !self.world.program.is_constructor(body.method.name)
                && body.origins.leaves(value).all(|leaf| leaf == Value::Param(0))
        })
    }

    /// The keeper that the object is seen to reach.
    pub(super) fn found_keeper(&self, fate: &Fate, is_local: bool) -> Keeper {
        let program = self.world.program;
        let is_shared = |f: &FieldId| {
            let class = program.class_of_field(*f);
            program.field(*f).access.is_static() && self.world.reach.owner(class).is_none()
        };
        if !fate.beans.is_empty() {
            return Keeper::Bean;
        }
        match fate.fields.first() {
            Some(field) if is_shared(field) => Keeper::SharedStatic(*field),
            Some(field) => Keeper::Field(*field),
            None if is_local => Keeper::Local,
            None if fate.escapes => Keeper::Unknown,
            None => Keeper::Nothing,
        }
    }
}
