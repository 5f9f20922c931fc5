//! What code asks about the identity of a class: casts, type tests, comparisons, keys, annotations.

use super::copies::Split;
use crate::dataflow::knowledge::groups;
use crate::dataflow::objects::{self, Kind, Object, What};
use crate::dataflow::{Body, World, marks};
use crate::facts::{Event, EventKind, MethodFacts, NO_NAME, NO_VALUE, Test, Value};
use crate::rules::rule::CopyQuestion;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, ValueId};

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// What is asked.
    pub question: CopyQuestion,
    /// Where.
    pub method: MethodId,
    /// The event there.
    pub event: u16,
    about: About,
    /// Whether objects of subclasses pass too.
    with_subclasses: bool,
    meant: Meant,
}

/// What a question is about.
#[derive(Clone, Copy, Debug)]
enum About {
    /// A value.
    Value(ValueId, Kind),
    /// What the call at the event throws.
    Thrown,
}

/// The class that a question means.
#[derive(Clone, Debug)]
enum Meant {
    /// This one, in the view of the code that asks.
    Class(ClassId),
    /// Those whose entries a container has.
    Keys(Vec<ClassId>),
}

impl Ask {
    /// The objects that it is asked about.
    pub(super) fn objects(&self, world: &World<'_>) -> Vec<Object> {
        match self.about {
            About::Value(value, kind) => objects::of_value(world, self.method, value, kind),
            About::Thrown => objects::thrown_by(world, self.method, self.event),
        }
    }

    /// The class that is meant, and the other one of its name that an object belongs to, if it belongs to one.
    pub(super) fn mistaken(&self, world: &World<'_>, object: Object) -> Option<(ClassId, ClassId)> {
        match (&self.meant, object.what) {
            (Meant::Class(wanted), What::ReadBy(loader)) => {
                let is_about_it = matches!(self.question, CopyQuestion::Cast | CopyQuestion::TypeTest);
                let name = world.program.class_facts(*wanted).name;
                let other = world.program.find(loader, name).filter(|other| other != wanted)?;
                is_about_it.then_some((*wanted, other))
            }
            (Meant::Class(wanted), What::Of(class)) if self.question == CopyQuestion::Annotation => {
                Some((*wanted, annotation_of(world, class, *wanted)?))
            }
            (Meant::Class(wanted), What::Of(class)) => {
                Some((*wanted, other_copy(world, class, *wanted, self.with_subclasses)?))
            }
            (Meant::Keys(keys), What::Of(class)) => {
                let class = enum_of(world, class).unwrap_or(class);
                let name = world.program.class_facts(class).name;
                let is_copy = |key: &&ClassId| world.program.class_facts(**key).name == name;
                let other = keys.iter().find(is_copy).filter(|_| !keys.contains(&class))?;
                Some((*other, class))
            }
            (Meant::Keys(_), What::ReadBy(_)) => None,
        }
    }
}

/// The class of `wanted`'s name among a class and its supertypes, if `wanted` itself is not among them.
fn other_copy(world: &World<'_>, class: ClassId, wanted: ClassId, with_subclasses: bool) -> Option<ClassId> {
    let program = world.program;
    let name = program.class_facts(wanted).name;
    let mut other = None;
    let mut all = vec![class];
    let mut at = 0;
    while let Some(next) = all.get(at).copied() {
        at += 1;
        if next == wanted {
            return None;
        }
        if program.class_facts(next).name == name {
            other = Some(next);
        }
        if with_subclasses {
            let above: Vec<ClassId> = program.supers(next).filter(|s| !all.contains(s)).collect();
            all.extend(above);
        }
    }
    other
}

/// The annotation type that a class, or a member of it, has in the place of `wanted`.
fn annotation_of(world: &World<'_>, class: ClassId, wanted: ClassId) -> Option<ClassId> {
    let program = world.program;
    let unit = program.unit(class);
    let facts = program.class_facts(class);
    let of_members = program.methods_of(class).map(|(_, m)| unit.annotations_of(m));
    let of_fields = program.fields_of(class).map(|(_, f)| f.annotations.of(&unit.annotations));
    let all = std::iter::once(facts.annotations.of(&unit.annotations)).chain(of_members).chain(of_fields);
    let name = program.class_name(wanted);
    let has_it = all.flatten().any(|a| TypeDesc(program.text(a.desc)).class() == Some(name));
    let other = program.find(program.class(class).loader, program.class_facts(wanted).name)?;
    (has_it && other != wanted && is_kept_at_run_time(world, other)).then_some(other)
}

/// Whether the JVM keeps annotations of a type for reflection (JLS 9.6.4.2).
fn is_kept_at_run_time(world: &World<'_>, annotation: ClassId) -> bool {
    const RETENTION: &str = "Ljava/lang/annotation/Retention;";
    let program = world.program;
    let unit = program.unit(annotation);
    let own = program.class_facts(annotation).annotations.of(&unit.annotations);
    own.iter().filter(|a| program.text(a.desc) == RETENTION).any(|a| {
        let values = a.values.of(&unit.annotation_values);
        values.iter().any(|v| v.text != NO_NAME && program.text(v.text) == "RUNTIME")
    })
}

/// The questions of a body about names that several loaders define.
pub(super) fn asks_of(world: &World<'_>, split: &Split, body: Body<'_>) -> Vec<Ask> {
    let mut asker = Asker { world, split, body, asks: Vec::new() };
    for (i, event) in body.origins.events().iter().enumerate() {
        asker.event(i as u16, event);
    }
    asker.tests();
    asker.handlers();
    asker.asks
}

struct Asker<'w> {
    world: &'w World<'w>,
    split: &'w Split,
    body: Body<'w>,
    asks: Vec<Ask>,
}

impl Asker<'_> {
    fn push(&mut self, question: CopyQuestion, event: u16, class: ClassId, value: ValueId, kind: Kind) {
        if value != NO_VALUE {
            self.push_about(question, event, class, About::Value(value, kind));
        }
    }

    fn push_about(&mut self, question: CopyQuestion, event: u16, class: ClassId, about: About) {
        use CopyQuestion::{Cast, Catch, TypeTest};
        let with_subclasses = matches!(question, Cast | TypeTest | Catch);
        let (method, meant) = (self.body.id, Meant::Class(class));
        self.asks.push(Ask { question, method, event, about, with_subclasses, meant });
    }

    fn event(&mut self, i: u16, event: &Event) {
        match event.kind {
            EventKind::CheckCast | EventKind::InstanceOf => {
                let Some(class) = event.name().and_then(|name| self.split_class(name)) else { return };
                let value = self.body.origins.arg(event, 0);
                if event.kind == EventKind::InstanceOf {
                    self.push(CopyQuestion::TypeTest, i, class, value, Kind::Objects);
                } else if !self.is_tested(i, value, class) {
                    self.push(CopyQuestion::Cast, i, class, value, Kind::Objects);
                }
            }
            kind if kind.is_invoke() && self.world.knowledge.is_marked(self.body.id, marks::API) => {
                self.call(i, event);
            }
            _ => {}
        }
    }

    /// The class that a name means here, if other loaders define another one.
    fn split_class(&self, name: Name) -> Option<ClassId> {
        let program = self.world.program;
        let class =
            program.find(program.class(self.body.class).loader, name).filter(|_| self.split.has(name));
        class.filter(|c| !program.is_jdk(*c))
    }

    /// Whether the same value's type is asked for before, or whoever casts is ready for it to fail.
    fn is_tested(&self, at: u16, value: ValueId, class: ClassId) -> bool {
        let origins = self.body.origins;
        let leaves: Vec<Value> = origins.leaves(value).collect();
        let is_same = |v: ValueId| origins.leaves(v).any(|l| leaves.contains(&l));
        let before = origins.events().get(..usize::from(at)).unwrap_or_default();
        let is_test = |e: &Event| match e.kind {
            EventKind::InstanceOf => {
                e.name().and_then(|n| self.split_class(n)) == Some(class) && is_same(origins.arg(e, 0))
            }
            kind if kind.is_invoke() => {
                self.is_in(e, groups::CLASS_INSTANCE_TEST) && is_same(origins.arg(e, 1))
            }
            _ => false,
        };
        before.iter().any(is_test) || self.catches_failed_cast(at)
    }

    fn catches_failed_cast(&self, at: u16) -> bool {
        const CAUGHT: [&str; 2] = ["java/lang/ClassCastException", "java/lang/RuntimeException"];
        let unit = self.body.origins.unit;
        let block = crate::dataflow::changes::block_of(unit, self.body, at);
        let block = block.and_then(|b| unit.blocks_of(self.body.method).get(usize::from(b)));
        let mut caught = block.into_iter().flat_map(|b| unit.handlers(b)).filter(|h| h.catches != NO_NAME);
        caught.any(|h| CAUGHT.contains(&self.world.program.text(h.catches)))
    }

    fn call(&mut self, i: u16, event: &Event) {
        let origins = self.body.origins;
        let arg = |n| origins.arg(event, n);
        if self.is_in(event, groups::CLASS_INSTANCE_TEST) {
            if let Some(class) = self.literal(arg(0)) {
                self.push(CopyQuestion::TypeTest, i, class, arg(1), Kind::Objects);
            }
        } else if self.is_in(event, groups::CLASS_SUBTYPE_TEST) {
            if let Some(class) = self.literal(arg(0)) {
                self.push(CopyQuestion::TypeTest, i, class, arg(1), Kind::Classes);
            }
        } else if self.is_in(event, groups::CLASS_CAST) {
            if let Some(class) = self.literal(arg(0)) {
                self.push(CopyQuestion::Cast, i, class, arg(1), Kind::Objects);
            }
        } else if self.is_in(event, groups::ANNOTATION_LOOKUP) {
            if let Some(class) = self.literal(arg(1)) {
                self.push(CopyQuestion::Annotation, i, class, arg(0), Kind::Classes);
            }
        } else if self.is_in(event, groups::EQUALITY_TEST) {
            self.compared(i, arg(0), arg(1));
            self.compared(i, arg(1), arg(0));
        } else {
            self.keyed(i, event);
        }
    }

    fn is_in(&self, event: &Event, group: &str) -> bool {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(self.body.class).loader;
        event.member().is_some_and(|m| knowledge.api_of(group, loader, m).is_some())
    }

    /// The class that a value names, if it is a literal of a name that several loaders define.
    fn literal(&self, value: ValueId) -> Option<ClassId> {
        let mut leaves = self.body.origins.leaves(value);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Class(name)), None) => self.split_class(name),
            _ => None,
        }
    }

    /// The enum of a constant, if several loaders define it.
    fn constant(&self, value: ValueId) -> Option<ClassId> {
        let program = self.world.program;
        let mut leaves = self.body.origins.leaves(value);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return None };
        let (_, event) = self.body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetStatic)?;
        let member = program.facts.members.get(event.member()?);
        let class = self.split_class(member.owner)?;
        let is_of_itself = TypeDesc(program.text(member.desc)).class() == Some(program.class_name(class));
        (is_of_itself && program.class_facts(class).access.is_enum()).then_some(class)
    }

    fn compared(&mut self, event: u16, known: ValueId, other: ValueId) {
        if let Some(class) = self.literal(known) {
            self.push(CopyQuestion::Equality, event, class, other, Kind::Classes);
        } else if let Some(class) = self.constant(known) {
            self.push(CopyQuestion::Equality, event, class, other, Kind::Objects);
            // A constant with a body is of a class of its own.
            if let Some(ask) = self.asks.last_mut() {
                ask.with_subclasses = true;
            }
        } else if let Some(class) = self.constant_object(known) {
            self.push(CopyQuestion::Equality, event, class, other, Kind::Objects);
        }
    }

    /// The class of the object that a static field holds for good, if several loaders define it and it says what is equal.
    fn constant_object(&self, value: ValueId) -> Option<ClassId> {
        let (world, program) = (self.world, self.world.program);
        let single = |body: Body<'_>, value: ValueId| {
            let mut leaves = body.origins.leaves(value);
            leaves.next().filter(|_| leaves.next().is_none())
        };
        let (_, read) = self.body.origins.event(single(self.body, value)?)?;
        let member = read.member().filter(|_| read.kind == EventKind::GetStatic)?;
        let field = program.refs(program.class(self.body.class).loader).field(member)?;
        let mut writes = world.fields.writes(field).filter(|_| program.field(field).access.is_final());
        let (Some(write), None) = (writes.next(), writes.next()) else { return None };
        let writer = world.body(write.method);
        let stored = world.event(write.method, write.event).map(|e| writer.origins.arg(e, 0))?;
        let (_, made) = writer.origins.event(single(writer, stored)?)?;
        let name = made.name().filter(|name| made.kind == EventKind::New && self.split.has(*name))?;
        let class = program.find(program.class(writer.class).loader, name)?;
        tells_equals(world, class).then_some(class)
    }

    /// Comparisons by `==`, which blocks end with.
    fn tests(&mut self) {
        let unit = self.body.origins.unit;
        for block in unit.blocks_of(self.body.method) {
            if let Test::Same(a, b) | Test::Differ(a, b) = block.test() {
                let event = block.events().end.saturating_sub(1) as u16;
                self.compared(event, a, b);
                self.compared(event, b, a);
            }
        }
    }

    /// Handlers of an exception, around calls.
    fn handlers(&mut self) {
        let unit = self.body.origins.unit;
        for block in unit.blocks_of(self.body.method) {
            for handler in unit.handlers(block).iter().filter(|h| h.catches != NO_NAME) {
                let Some(class) = self.split_class(handler.catches) else { continue };
                for (i, event) in block.events().zip(unit.events_in(self.body.method, block)) {
                    if event.kind.is_invoke() {
                        self.push_about(CopyQuestion::Catch, i as u16, class, About::Thrown);
                    }
                }
            }
        }
    }

    /// A lookup by a class or an enum's constant, in a container that a field holds.
    fn keyed(&mut self, i: u16, event: &Event) {
        let origins = self.body.origins;
        let Some(key) = self.key_of(event, groups::CONTAINER_READ) else { return };
        let fields: Vec<FieldId> = origins
            .leaves(origins.arg(event, 0))
            .filter_map(|leaf| origins.event(leaf))
            .filter(|(_, e)| matches!(e.kind, EventKind::GetStatic | EventKind::GetField))
            .filter_map(|(_, e)| {
                let program = self.world.program;
                program.refs(program.class(self.body.class).loader).field(e.member()?)
            })
            .collect();
        let [field] = fields[..] else { return };
        for kind in [Kind::Classes, Kind::Objects] {
            if !self.is_keyed_by(field, kind) {
                continue;
            }
            let keys = self.keys_put(field, kind);
            if !keys.is_empty() {
                self.asks.push(Ask {
                    question: CopyQuestion::Key,
                    method: self.body.id,
                    event: i,
                    about: About::Value(key, kind),
                    with_subclasses: false,
                    meant: Meant::Keys(keys),
                });
            }
        }
    }

    /// The operand that is the key, of a call of one of a group of a container's methods.
    fn key_of(&self, event: &Event, group: &str) -> Option<ValueId> {
        let knowledge = self.world.knowledge;
        let loader = self.world.program.class(self.body.class).loader;
        let api = knowledge.api_of(group, loader, event.member()?)?;
        let key = knowledge.tables.apis.get(usize::from(api))?.key?;
        self.body.origins.args(event).get(usize::from(key) + usize::from(event.kind.has_receiver())).copied()
    }

    /// Whether a container's first type argument is `Class`, or an enum that several loaders define.
    fn is_keyed_by(&self, field: FieldId, kind: Kind) -> bool {
        let program = self.world.program;
        let signature = program.field(field).signature;
        if signature == NO_NAME {
            return false;
        }
        let first = program.text(signature).split_once('<').map_or("", |(_, rest)| rest);
        let name = first.trim_start_matches(['+', '-']).strip_prefix('L').unwrap_or_default();
        let name = name.split([';', '<']).next().unwrap_or_default();
        match kind {
            Kind::Classes => name == "java/lang/Class",
            // Of whatever is put there, only what others can be equal to is asked about.
            Kind::Objects if name == OBJECT => true,
            Kind::Objects => program.facts.names.find(name).is_some_and(|name| self.split.has(name)),
        }
    }

    /// Classes of the keys under which code puts something into what a field holds, if several loaders define them.
    fn keys_put(&self, field: FieldId, kind: Kind) -> Vec<ClassId> {
        let mut keys = Vec::new();
        for read in self.world.fields.reads(field) {
            if !objects::runs(self.world, read.method) {
                continue;
            }
            let body = self.world.body(read.method);
            let there = Asker { world: self.world, split: self.split, body, asks: Vec::new() };
            let is_it = |value| body.origins.leaves(value).any(|l| l == Value::Event(u32::from(read.event)));
            let puts =
                body.origins.events().iter().filter(|e| e.kind.is_invoke() && is_it(body.origins.arg(e, 0)));
            for key in puts.filter_map(|e| there.key_of(e, "map-put")) {
                keys.extend(objects::of_value(self.world, read.method, key, kind).into_iter().filter_map(
                    |object| match object.what {
                        What::Of(class) => Some(enum_of(self.world, class).unwrap_or(class)),
                        What::ReadBy(_) => None,
                    },
                ));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|class| {
            self.split.has(self.world.program.class_facts(*class).name)
                && (kind == Kind::Classes || tells_equals(self.world, *class))
        });
        keys
    }
}

/// The JVM's root class.
const OBJECT: &str = "java/lang/Object";

/// Whether other objects than itself can be found by an object of a class: a constant of an enum, or one whose class says
/// what is equal.
fn tells_equals(world: &World<'_>, class: ClassId) -> bool {
    let program = world.program;
    let says =
        |m: &MethodFacts| program.text(m.name) == "equals" && program.text(m.desc) == "(Ljava/lang/Object;)Z";
    program.class_facts(class).access.is_enum() || program.methods_of(class).any(|(_, m)| says(m))
}

/// The enum that a constant with a body belongs to.
fn enum_of(world: &World<'_>, class: ClassId) -> Option<ClassId> {
    let program = world.program;
    let mut supers = program.supers(class);
    supers.find(|s| !program.is_jdk(*s) && program.class_facts(*s).access.is_enum())
}
