//! Where the values of a field come from that is written in few places.

use super::{Asks, At, Origin, Search};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::program::FieldAccess;
use crate::vocabulary::ValueId;

/// Writers looked at for one field.
pub const MAX_WRITERS: usize = 4;

impl<'w> Search<'w> {
    /// A field that is written in few places is what is written there.
    pub(super) fn field(&mut self, body: Body<'_>, event: &Event, index: u16, at: At) {
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let Some(field) = event.member().and_then(|m| refs.field(m)) else {
            return self.add(Origin::Unknown, body, index, at);
        };
        let is_static = event.kind == EventKind::GetStatic;
        let origin = if is_static { Origin::StaticField(field) } else { Origin::Field(field) };
        self.add(origin, body, index, at);
        if at.depth >= self.max_depth() {
            return;
        }
        let writers: Vec<_> = self.world.fields.writes(field).take(MAX_WRITERS + 1).collect();
        let is_sure = self.asks != Asks::VeryObject || is_static || writers.len() < 2;
        if writers.len() > MAX_WRITERS || !is_sure && !writers.iter().all(|write| self.is_set_up(write)) {
            return;
        }
        if let (false, [write]) = (is_static, writers.as_slice())
            && let Some((maker, value)) = Self::given_when_made(self.world, body, event, write)
        {
            return self.value(maker, value, None, at.deeper());
        }
        for write in writers {
            let writer = self.world.body(write.method);
            if let Some(event) = writer.origins.events().get(usize::from(write.event))
                && let Some(value) = writer.origins.args(event).last()
            {
                self.value(writer, *value, None, at.deeper());
            }
        }
    }

    /// Whether a field is written by its object's constructor, or right where the object is made.
    fn is_set_up(&self, write: &FieldAccess) -> bool {
        let body = self.world.body(write.method);
        let object = self.world.event(write.method, write.event);
        let is_constructor = self.world.program.is_constructor(body.method.name);
        let is_made = |leaf| body.origins.event(leaf).is_some_and(|(_, e)| e.kind == EventKind::New);
        object.and_then(|e| body.origins.args(e).first()).is_some_and(|object| {
            body.origins.leaves(*object).all(|l| is_constructor && l == Value::Param(0) || is_made(l))
        })
    }

    /// What the constructor of a constant object is given for a field that it alone writes: `CARD.type` of an enum. The
    /// method that makes the object, and the value there.
    fn given_when_made(
        world: &'w World<'w>,
        body: Body<'_>,
        read: &Event,
        write: &FieldAccess,
    ) -> Option<(Body<'w>, ValueId)> {
        let program = world.program;
        let single = |body: Body<'_>, value: ValueId| {
            let mut leaves = body.origins.leaves(value);
            leaves.next().filter(|_| leaves.next().is_none())
        };
        let (_, constant) = body.origins.event(single(body, body.origins.arg(read, 0))?)?;
        let refs = program.refs(program.class(body.class).loader);
        let holder = constant.member().filter(|_| constant.kind == EventKind::GetStatic)?;
        let mut made = world.fields.writes(refs.field(holder)?);
        let made = made.next().filter(|_| made.next().is_none())?;
        let maker = world.body(made.method);
        let put = maker.origins.events().get(usize::from(made.event))?;
        let object = single(maker, maker.origins.arg(put, 0))?;
        maker.origins.event(object).filter(|(_, e)| e.kind == EventKind::New)?;
        let of_maker = program.refs(program.class(maker.class).loader);
        let construction = maker.origins.events().iter().find(|e| {
            e.kind == EventKind::InvokeSpecial
                && maker.origins.leaves(maker.origins.arg(e, 0)).any(|l| l == object)
                && e.member().and_then(|m| of_maker.method(m)) == Some(write.method)
        })?;
        let writer = world.body(write.method);
        let stored = writer.origins.events().get(usize::from(write.event))?;
        match single(writer, *writer.origins.args(stored).last()?)? {
            Value::Param(i) => Some((maker, maker.origins.arg(construction, usize::from(i)))),
            _ => None,
        }
    }
}
