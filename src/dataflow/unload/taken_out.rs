//! What comes out of a container that never gets the object which is followed.

use super::Judge;
use super::flow::{Acquired, Fate};
use crate::dataflow::origins::{self, Found, Origin};
use crate::facts::EventKind;
use crate::vocabulary::FieldId;
use crate::vocabulary::descriptor::TypeDesc;

/// Where the JDK's containers are, and its references, which yield nothing but what was put in.
const CONTAINERS: [&str; 4] =
    ["java/util/", "java/util/concurrent/", "java/util/concurrent/atomic/", "java/lang/ref/"];

impl Judge<'_> {
    /// Whether something comes out of a container in a field that never gets the object which is followed: the field, the
    /// container itself, or the key that it is asked for.
    pub(super) fn is_out_of_other_container(&self, found: &Found, fate: &Fate) -> bool {
        let program = self.world.program;
        let is_container = |class: &str| {
            let name = CONTAINERS.iter().find_map(|package| class.strip_prefix(package));
            name.is_some_and(|name| !name.contains('/'))
        };
        let is_other = |f: FieldId| {
            let class = TypeDesc(program.text(program.field(f).desc)).class();
            class.is_some_and(is_container) && !fate.fields.contains(&f)
        };
        match found.origin {
            Origin::Null => true,
            Origin::Field(f) | Origin::StaticField(f) if found.is_derived => is_other(f),
            Origin::Text(_) | Origin::Number | Origin::ClassLiteral(..) => found.is_derived,
            Origin::Allocation(Some(class)) if found.is_derived => is_container(program.class_name(class)),
            // The call on the container.
            Origin::Unknown => {
                let body = self.world.body(found.method);
                let refs = program.refs(program.class(body.class).loader);
                let asked = body.origins.events().get(usize::from(found.event));
                let asked = asked.filter(|e| e.kind.is_invoke() && e.kind.has_receiver());
                asked.is_some_and(|call| {
                    body.origins.leaves(body.origins.arg(call, 0)).all(|leaf| {
                        let read = body
                            .origins
                            .event(leaf)
                            .filter(|(_, e)| matches!(e.kind, EventKind::GetField | EventKind::GetStatic));
                        let field = read.and_then(|(_, e)| refs.field(e.member()?));
                        field.is_some_and(is_other)
                    })
                })
            }
            _ => false,
        }
    }

    /// Whether all that the acquired operand can be is seen to be made.
    pub(super) fn is_made_in_view(&self, acquired: &Acquired) -> bool {
        let event = self.world.event(acquired.method, acquired.event).zip(acquired.operand);
        event.is_some_and(|(event, operand)| {
            let value = self.world.body(acquired.method).origins.arg(event, usize::from(operand));
            let origins = origins::of_value(self.world, acquired.method, value);
            let is_made = |f: &Found| !f.is_derived && matches!(f.origin, Origin::Allocation(_));
            !origins.is_empty() && origins.iter().all(is_made)
        })
    }
}
