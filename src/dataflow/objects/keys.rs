//! The constants by which objects are put into containers and taken out again.

use super::{At, Frame, Search};
use crate::dataflow::Body;
use crate::facts::{Event, NO_VALUE, Value};
use crate::vocabulary::{ClassId, MethodId, Name, ValueId};

/// Calls between a container and who names the key.
const MAX_FRAMES: u32 = 8;

/// A constant that is a key. Classes of one name that two loaders define are two keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// A text.
    Text(Name),
    /// A class literal.
    Class(ClassId),
}

impl Search<'_> {
    /// The constant that is the first argument of a call on an object, as whoever led down to the call passes it.
    pub(super) fn key_of(&self, body: Body<'_>, event: &Event, up: Option<&Frame<'_>>) -> Option<Key> {
        self.key(body, first_argument(body, event)?, up, 0)
    }

    fn key(&self, body: Body<'_>, value: ValueId, up: Option<&Frame<'_>>, depth: u32) -> Option<Key> {
        match (single(body, value)?, up) {
            (Value::Str(name), _) => Some(Key::Text(name)),
            (Value::Class(name), _) => {
                let program = self.world.program;
                program.find(program.class(body.class).loader, name).map(Key::Class)
            }
            (Value::Param(i), Some(frame)) if depth < MAX_FRAMES => {
                let passed = frame.body.origins.arg(frame.event, usize::from(i));
                self.key(frame.body, passed, frame.up, depth + 1)
            }
            _ => None,
        }
    }

    /// The parameter of a body that is the key by which a call puts something into a container.
    pub(super) fn put_by(&self, body: Body<'_>, event: &Event) -> Option<(MethodId, u16)> {
        match single(body, first_argument(body, event)?)? {
            Value::Param(i) if event.n_args > 2 => Some((body.id, i)),
            _ => None,
        }
    }

    /// What is known of an object that a call passes to a method which puts it into a container; `None` if it puts the object
    /// under another constant than it is taken out by.
    pub(super) fn put_in_call(
        &self,
        method: MethodId,
        (caller, call): (Body<'_>, &Event),
        up: Option<&Frame<'_>>,
        at: At,
    ) -> Option<At> {
        let Some((_, param)) = at.put_by.filter(|(of, _)| *of == method) else { return Some(at) };
        let passed = caller.origins.args(call).get(usize::from(param)).copied()?;
        let is_other = matches!((at.key, self.key(caller, passed, up, 0)), (Some(a), Some(b)) if a != b);
        let put_by = match single(caller, passed) {
            Some(Value::Param(i)) => Some((caller.id, i)),
            _ => None,
        };
        (!is_other).then_some(At { put_by, ..at })
    }

    /// Whether something is put under another constant than it is taken out by.
    pub(super) fn is_other_key(&self, body: Body<'_>, event: &Event, at: At) -> bool {
        let is_put = event.n_args > 2;
        is_put && matches!((at.key, self.key_of(body, event, None)), (Some(a), Some(b)) if a != b)
    }
}

/// The first argument of a call on an object.
fn first_argument(body: Body<'_>, event: &Event) -> Option<ValueId> {
    event.kind.has_receiver().then(|| body.origins.arg(event, 1)).filter(|v| *v != NO_VALUE)
}

fn single(body: Body<'_>, value: ValueId) -> Option<Value> {
    let mut leaves = body.origins.leaves(value);
    leaves.next().filter(|_| leaves.next().is_none())
}
