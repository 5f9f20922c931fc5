//! Whether two calls, one that registers and one that takes back, are given the same object or name.

use super::flow::Site;
use super::{name_parts, names};
use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{EventKind, Value};
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, ValueId};

/// What a value may be.
#[derive(Default)]
struct Identity {
    fields: Vec<FieldId>,
    made: Vec<Site>,
    /// Classes that are written there.
    classes: Vec<Name>,
    /// It is the method's own object, of this class or a subclass.
    this: Option<ClassId>,
    is_open: bool,
}

impl Identity {
    /// The classes of which it is one for certain; two loaders' classes of one name are taken for the same.
    fn only_classes(&self) -> Option<&[Name]> {
        let is_other =
            self.is_open || self.this.is_some() || !(self.fields.is_empty() && self.made.is_empty());
        Some(self.classes.as_slice()).filter(|classes| !is_other && !classes.is_empty())
    }
}

fn of_value(world: &World<'_>, method: MethodId, value: ValueId) -> Identity {
    let body = world.body(method);
    let mut identity = Identity::default();
    let is_this = |leaf| leaf == Value::Param(0) && !body.method.access.is_static();
    if body.origins.leaves(value).all(is_this) {
        return Identity { this: Some(body.class), ..identity };
    }
    identity.is_open = body.origins.leaves(value).any(is_this);
    for found in origins::of_value(world, method, value) {
        match found.origin {
            _ if found.is_derived => identity.is_open = true,
            Origin::Field(f) | Origin::StaticField(f) => identity.fields.push(f),
            Origin::Allocation(_) => identity.made.push((found.method, found.event)),
            Origin::ClassLiteral(name, _) => identity.classes.push(name),
            Origin::Null => {}
            _ => identity.is_open = true,
        }
    }
    identity
}

/// Whether a value of one method and one of another may be the same object. A lambda or method reference that is
/// written twice is two objects.
pub(super) fn may_be_same(world: &World<'_>, one: (MethodId, ValueId), other: (MethodId, ValueId)) -> bool {
    let (a, b) = (of_value(world, one.0, one.1), of_value(world, other.0, other.1));
    // What passes a module's border is found at the call that passes it, not where it is made.
    let is_made_where = |site: &Site| {
        let event = world.event(site.0, site.1);
        event.is_some_and(|e| matches!(e.kind, EventKind::New | EventKind::Lambda))
    };
    if let (Some(one), Some(other)) = (a.this, b.this) {
        return world.program.is_subtype(one, other) || world.program.is_subtype(other, one);
    }
    for (one, other) in [(&a, &b), (&b, &a)] {
        if let Some(class) = one.this {
            return may_be_this(world, class, other);
        }
    }
    if let (Some(one), Some(other)) = (a.only_classes(), b.only_classes()) {
        return one.iter().any(|class| other.contains(class));
    }
    a.is_open
        || b.is_open
        || a.made.is_empty() && a.fields.is_empty()
        || b.made.is_empty() && b.fields.is_empty()
        || !a.made.iter().chain(&b.made).all(is_made_where)
        || a.made.iter().any(|m| b.made.contains(m))
        || a.fields.iter().any(|f| b.fields.contains(f))
}

/// Whether a method's own object, of a class or below it, may be what is known of another value: a lambda is none.
fn may_be_this(world: &World<'_>, class: ClassId, other: &Identity) -> bool {
    let may_be = |site: &Site| {
        world.event(site.0, site.1).is_none_or(|event| match event.kind {
            EventKind::Lambda => false,
            EventKind::New => {
                let loader = world.program.class(world.program.class_of_method(site.0)).loader;
                let made = event.name().and_then(|name| world.program.find(loader, name));
                made.is_none_or(|made| world.program.is_subtype(made, class))
            }
            _ => true,
        })
    };
    // What one field holds is what is made for it, if that is seen.
    other.is_open || other.made.is_empty() || other.fields.len() > 1 || other.made.iter().any(may_be)
}

/// Whether what is registered under a name may be what another call takes back by a name, its argument `position`.
pub(super) fn may_be_named(world: &World<'_>, registered: Site, release: Site, position: u8) -> bool {
    let type_of = |site: Site, position: usize| {
        let event = world.event(site.0, site.1)?;
        let desc = world.program.text(world.program.facts.members.get(event.member()?).desc);
        params(desc).nth(position.checked_sub(usize::from(event.kind.has_receiver()))?)
    };
    let (Some(register), Some(taken)) = (
        world.event(registered.0, registered.1),
        world
            .event(release.0, release.1)
            .map(|e| world.body(release.0).origins.arg(e, usize::from(position))),
    ) else {
        return true;
    };
    if is_of_another_call(world, registered, (release.0, taken)) {
        return false;
    }
    let wanted = type_of(release, usize::from(position));
    let own = world.body(registered.0);
    let mut names = (0..own.origins.args(register).len())
        .filter(|i| wanted.is_some() && type_of(registered, *i) == wanted)
        .map(|i| own.origins.arg(register, i));
    let (Some(name), None) = (names.next(), names.next()) else { return true };
    let is_same =
        |a, b| own.origins.leaves(a).any(|x| x != Value::Null && own.origins.leaves(b).any(|y| x == y));
    if registered.0 == release.0 && is_same(name, taken) {
        return true;
    }
    let (a, b) = (texts(world, registered.0, name), texts(world, release.0, taken));
    if let (Some(a), Some(b)) = (&a, &b) {
        return a.iter().any(|t| b.contains(t));
    }
    if wanted.is_some_and(|ty| name_parts::differ(world, (registered.0, name), (release.0, taken), ty)) {
        return false;
    }
    let kept = names::kept_in(world, registered, name, 0);
    match names::read_from(world, release.0, taken) {
        // The name is what some field holds, perhaps with others: that field has to be given the registered one.
        Some(fields) => kept.is_none_or(|kept| fields.iter().any(|f| kept.contains(f))),
        // A name that is put together anew is not the same if each time something new goes into it.
        None => {
            let is_new = |(method, value)| names::is_new_each_time(world, method, value);
            !(is_new((release.0, taken))
                || is_new((registered.0, name)) && names::is_made(world, release.0, taken))
        }
    }
}

/// Whether a name is read from what other calls than the registering one have yielded, which do the same:
/// `kept.getObjectName()`, where `kept` is what registering another bean has yielded.
fn is_of_another_call(world: &World<'_>, registered: Site, name: (MethodId, ValueId)) -> bool {
    let body = world.body(name.0);
    let member = world.event(registered.0, registered.1).and_then(|e| e.member());
    let refs = world.program.refs(world.program.class(body.class).loader);
    let is_other = |site: Site| {
        site != registered
            && world.event(site.0, site.1).is_some_and(|e| e.kind.is_invoke() && e.member() == member)
    };
    let mut n_leaves = 0;
    let is_of_others = body.origins.leaves(name.1).all(|leaf| {
        n_leaves += 1;
        let asked = body.origins.event(leaf).filter(|(_, e)| e.kind.has_receiver() && e.n_args == 1);
        let mut of = asked.into_iter().flat_map(|(_, e)| body.origins.leaves(body.origins.arg(e, 0)));
        let Some((at, read)) = of.next().and_then(|leaf| body.origins.event(leaf)) else { return false };
        if of.next().is_some() {
            return false;
        }
        if !matches!(read.kind, EventKind::GetField | EventKind::GetStatic) {
            return is_other((name.0, at as u16));
        }
        let Some(field) = read.member().and_then(|m| refs.field(m)) else { return false };
        let mut writes = world.fields.writes(field).peekable();
        writes.peek().is_some()
            && writes.all(|write| {
                let writer = world.body(write.method);
                let value =
                    world.event(write.method, write.event).and_then(|e| writer.origins.args(e).last());
                let mut leaves = value.into_iter().flat_map(|v| writer.origins.leaves(*v));
                leaves.all(|leaf| match leaf {
                    Value::Event(i) => is_other((write.method, i as u16)),
                    leaf => leaf == Value::Null,
                })
            })
    });
    n_leaves > 0 && is_of_others
}

/// The texts that a value is, or is made from by its constructor; `None` if they are not all constant.
pub(super) fn texts(world: &World<'_>, method: MethodId, value: ValueId) -> Option<Vec<Name>> {
    let mut found = Vec::new();
    for origin in origins::of_value(world, method, value) {
        match origin.origin {
            Origin::Text(text) if !origin.is_derived => found.push(text),
            Origin::Allocation(Some(_)) if !origin.is_derived => {
                found.push(made_from(world, (origin.method, origin.event))?);
            }
            Origin::Field(_) | Origin::StaticField(_) | Origin::Null => {}
            _ => return None,
        }
    }
    Some(found).filter(|f| !f.is_empty())
}

/// The only argument of the constructor of an object, if that is a constant text.
fn made_from(world: &World<'_>, made: Site) -> Option<Name> {
    let body = world.body(made.0);
    let mut leaves = body.origins.leaves(constructed_from(body, made.1)?);
    match (leaves.next(), leaves.next()) {
        (Some(Value::Str(text)), None) => Some(text),
        _ => None,
    }
}

/// The only argument of the constructor of an object.
pub(super) fn constructed_from(body: Body<'_>, made: u16) -> Option<ValueId> {
    let is_it = |value: ValueId| body.origins.leaves(value).any(|l| l == Value::Event(u32::from(made)));
    let mut calls = body
        .origins
        .events()
        .iter()
        .filter(|e| e.kind == EventKind::InvokeSpecial && e.n_args == 2 && is_it(body.origins.arg(e, 0)));
    calls.next().map(|call| body.origins.arg(call, 1))
}
