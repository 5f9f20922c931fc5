//! Memos of one entry: the last key with what was made of it. Whoever asks by an equal key gets the equal value, and anybody
//! else makes one of his own, so that nobody can tell who came before.

use super::branches::{self, Edge};
use super::context::Context;
use super::matches::Match;
use super::{memo, values};
use crate::dataflow::{Body, How, initialisation};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{Access, ClassId, FieldId, MethodId, Name, ValueId};

/// The type group of what can't be changed.
const IMMUTABLE: &str = "immutable";
const EQUALS: &str = "equals";

/// Whether a private static holds such an entry, as an object that is made whole before it is stored, or as one of two
/// statics of a synchronized method.
pub(super) fn is_part(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    if found.spots.iter().any(|s| s.how != Some(How::Write) || s.inside.is_some()) {
        return false;
    }
    let Some(method) = only_user(cx, found.class, field) else { return false };
    let asking = Asking { cx, body: cx.world.body(method), class: found.class };
    asking.is_object(field) || asking.is_one_of_two(field)
}

/// The only method that uses a private static, initialisers left out.
fn only_user(cx: &Context<'_>, class: ClassId, field: FieldId) -> Option<MethodId> {
    let access = cx.world.program.field(field).access;
    if !access.is_static() || !access.is_private() {
        return None;
    }
    let all = cx.world.fields.writes(field).chain(cx.world.fields.reads(field)).map(|a| a.method);
    let mut users = all.filter(|m| !initialisation::is_part_of(cx.world, class, *m));
    let first = users.next()?;
    users.all(|m| m == first).then_some(first)
}

/// A method that may remember what it was asked last.
struct Asking<'c, 'w> {
    cx: &'c Context<'w>,
    body: Body<'w>,
    class: ClassId,
}

/// A comparison of a parameter with the key that is remembered.
struct Compared {
    param: Value,
    /// What yields the key: the read of a static, or of a part of the object that one holds.
    key: Value,
    /// Where they are equal.
    edges: Vec<Edge>,
}

impl Asking<'_, '_> {
    fn is_object(&self, field: FieldId) -> bool {
        let (cx, body) = (self.cx, self.body);
        let is_read = |leaf: Value| self.is_read_of(leaf, field);
        let Some(compared) = self.compared(&|leaf| {
            let part = body.origins.event(leaf).map(|(_, e)| e);
            part.is_some_and(|e| is_part_read(e) && body.origins.leaves(body.origins.arg(e, 0)).all(is_read))
        }) else {
            return false;
        };
        let is_made = |leaf: Value| {
            let Some((i, made)) = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::New) else {
                return leaf == Value::Null;
            };
            let given = memo::inputs_of(cx, body, leaf, i);
            made.name().is_some_and(|name| self.is_plain(name))
                && given.into_iter().all(|v| self.is_made_of(v, compared.param))
        };
        self.stored(field).all(is_made) && self.is_asked_first(field, &compared)
    }

    fn is_one_of_two(&self, field: FieldId) -> bool {
        if !self.body.method.access.has(Access::SYNCHRONIZED) {
            return false;
        }
        let Some(compared) = self.compared(&|leaf| self.static_of(leaf).is_some()) else { return false };
        let Some(key) = self.static_of(compared.key) else { return false };
        let is_used_here = |f| only_user(self.cx, self.class, f) == Some(self.body.id);
        let is_value = |f: FieldId| {
            f != key
                && is_used_here(f)
                && self.is_of_plain_type(f)
                && self.stored(f).all(|leaf| leaf == Value::Null || self.is_leaf_of(leaf, compared.param))
                && self.is_asked_first(f, &compared)
        };
        let is_key = || {
            is_used_here(key)
                && self.is_of_plain_type(key)
                && self.stored(key).all(|leaf| leaf == Value::Null || leaf == compared.param)
        };
        let written = self.body.origins.events().iter().filter(|e| e.kind == EventKind::PutStatic);
        let mut others = written.filter_map(|e| self.field_of(e));
        is_key() && if field == key { others.any(is_value) } else { is_value(field) }
    }

    /// A comparison by `equals` of a parameter with something that `is_key` accepts.
    fn compared(&self, is_key: &dyn Fn(Value) -> bool) -> Option<Compared> {
        let body = self.body;
        let only = |v: ValueId| {
            let mut leaves = body.origins.leaves(v);
            leaves.next().filter(|_| leaves.next().is_none())
        };
        let is_param =
            |leaf: &Value| matches!(leaf, Value::Param(i) if *i > 0 || body.method.access.is_static());
        (0u32..).zip(body.origins.events()).find_map(|(i, event)| {
            let member = event.member().filter(|_| event.kind.is_invoke() && event.n_args == 2)?;
            let program = self.cx.world.program;
            if program.text(program.facts.members.get(member).name) != EQUALS {
                return None;
            }
            let (a, b) = (only(body.origins.arg(event, 0))?, only(body.origins.arg(event, 1))?);
            let (param, key) = if is_param(&a) { (a, b) } else { (b, a) };
            if !is_param(&param) || !is_key(key) {
                return None;
            }
            let edges = branches::edges_where(body, true, |v| only(v) == Some(Value::Event(i)));
            Some(Compared { param, key, edges })
        })
    }

    /// Whether whatever the method does with what it finds there, it does where the keys are equal.
    fn is_asked_first(&self, field: FieldId, compared: &Compared) -> bool {
        let body = self.body;
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| self.is_read_of(leaf, field));
        let uses = (0u16..).zip(body.origins.events());
        let mut uses = uses.filter(|(i, e)| {
            Value::Event(u32::from(*i)) != compared.key && body.origins.args(e).iter().any(is_it)
        });
        uses.all(|(i, _)| branches::is_behind(body, &compared.edges, i))
    }

    /// What the method stores in a static.
    fn stored(&self, field: FieldId) -> impl Iterator<Item = Value> {
        let writes = self.body.origins.events().iter().filter(|e| e.kind == EventKind::PutStatic);
        let writes = writes.filter(move |e| self.field_of(e) == Some(field));
        writes.flat_map(|e| self.body.origins.args(e).last()).flat_map(|v| self.body.origins.leaves(*v))
    }

    fn field_of(&self, event: &Event) -> Option<FieldId> {
        let program = self.cx.world.program;
        program.refs(program.class(self.body.class).loader).field(event.member()?)
    }

    /// The static that a value is read from.
    fn static_of(&self, leaf: Value) -> Option<FieldId> {
        let (_, read) = self.body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetStatic)?;
        self.field_of(read)
    }

    fn is_read_of(&self, leaf: Value, field: FieldId) -> bool {
        self.static_of(leaf) == Some(field)
    }

    fn is_made_of(&self, value: ValueId, param: Value) -> bool {
        memo::made_of(self.cx, self.body, value).iter().all(|leaf| *leaf == param)
    }

    fn is_leaf_of(&self, leaf: Value, param: Value) -> bool {
        match leaf {
            Value::Event(i) if !memo::asks_context(self.cx, self.body, i) => {
                let inputs = memo::inputs_of(self.cx, self.body, leaf, i);
                !inputs.is_empty() && inputs.into_iter().all(|v| self.is_made_of(v, param))
            }
            Value::Derived(source) => self.is_made_of(source, param),
            _ => leaf == param,
        }
    }

    /// Whether objects of a class are made once and for all, of what can't be changed either.
    fn is_plain(&self, class: Name) -> bool {
        let program = self.cx.world.program;
        let class = program.find(program.class(self.body.class).loader, class);
        class.filter(|c| initialisation::is_same_nest(self.cx.world, *c, self.class)).is_some_and(|c| {
            let mut own = program.fields_of(c).filter(|(_, f)| !f.access.is_static());
            own.all(|(id, f)| f.access.is_final() && self.is_of_plain_type(id))
        })
    }

    fn is_of_plain_type(&self, field: FieldId) -> bool {
        let (cx, program) = (self.cx, self.cx.world.program);
        let desc = program.text(program.field(field).desc);
        let loader = program.class(self.class).loader;
        let is_immutable = |ty| values::is_of_types(cx.world, cx.models, loader, ty, &[IMMUTABLE.to_owned()]);
        !desc.starts_with(['L', '[']) || TypeDesc(desc).class().is_some_and(is_immutable)
    }
}

/// Whether an event reads a part of an object: a field, or what a getter without parameters yields.
fn is_part_read(event: &Event) -> bool {
    event.kind == EventKind::GetField || event.kind.has_receiver() && event.n_args == 1
}
