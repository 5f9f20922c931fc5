//! Fields in which an object keeps what one of its methods makes of the object's own final fields alone: a text in another
//! form.

use super::own_answer::is_behind_test;
use super::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MemberRefId, MethodId, ValueId};

/// Calls within calls.
const MAX_DEPTH: u32 = 3;
/// Values and events looked at for one field.
const MAX_STEPS: u32 = 400;
/// Where the JDK's own classes lie whose methods answer by what they are given, but for those after.
const PLAIN: &str = "java/lang/";
const CHECKS: &str = "java/util/Objects";
/// What a field of an object's own holds for good if it is final.
const TEXT: &str = "Ljava/lang/String;";
const NOT_PLAIN: [&str; 6] = [
    "java/lang/System",
    "java/lang/Thread",
    "java/lang/ThreadLocal",
    "java/lang/Class",
    "java/lang/ClassLoader",
    "java/lang/Runtime",
];

/// Whether nobody but one method reads or writes an instance field once the object is made, and it yields what the field
/// holds or, where that is nothing, sets it to what depends on the object's own final fields alone, whatever the method is
/// given: whoever asks first, the answer is the same. Where modules are not known, one may have an overrider of what it
/// calls that makes something else.
pub fn is_own_work(world: &World<'_>, field: FieldId) -> bool {
    let program = world.program;
    if program.field(field).access.is_static() || world.reach.is_open_world() {
        return false;
    }
    let class = program.class_of_field(field);
    let is_constructor = |method: MethodId| {
        program.is_constructor(program.method(method).name) && program.class_of_method(method) == class
    };
    let mut users = world.fields.accesses(field).map(|a| a.method).filter(|m| !is_constructor(*m));
    let Some(method) = users.next().filter(|method| users.all(|other| other == *method)) else {
        return false;
    };
    let body = world.body(method);
    if body.class != class || body.method.access.is_static() {
        return false;
    }
    let mut search = Search { world, field, left: MAX_STEPS };
    let (mut first, mut written) = (None, Vec::new());
    let all = world.fields.writes(field).filter(|w| w.method == method).all(|write| {
        let event = world.event(method, write.event);
        let value = event.and_then(|e| body.origins.args(e).last());
        written.extend(value.into_iter().flat_map(|v| body.origins.leaves(*v)));
        let made = value.and_then(|v| search.made(body, *v, None, 0));
        made.filter(|m| !matches!(m, Made::Constant(_)))
            .is_some_and(|m| *first.get_or_insert_with(|| m.clone()) == m)
            && is_behind_test(world, body, field, write.event)
    });
    let refs = program.refs(program.class(body.class).loader);
    let is_it = |leaf: Value| {
        let read = body.origins.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField);
        written.contains(&leaf) || read.and_then(|(_, e)| refs.field(e.member()?)) == Some(field)
    };
    let mut returns = body.origins.events().iter().filter(|e| e.kind == EventKind::Return);
    all && first.is_some()
        && returns.all(|e| body.origins.args(e).iter().all(|v| body.origins.leaves(*v).all(is_it)))
}

/// What a value is.
#[derive(Clone, PartialEq)]
enum Made {
    Constant(Value),
    /// What a final field of the object holds.
    Own(FieldId),
    /// A new object, made with these.
    Object(ClassId, MemberRefId, Vec<Made>),
    /// What a method yields that depends on these alone.
    Result(MemberRefId, Vec<Made>),
    Text(Vec<Made>),
}

struct Search<'w> {
    world: &'w World<'w>,
    field: FieldId,
    left: u32,
}

impl Search<'_> {
    /// What a value is, the same on every way. `given` are the arguments of a called method without its receiver, which it
    /// may not look at; there are none in the object's own.
    fn made(&mut self, body: Body<'_>, value: ValueId, given: Option<&[Made]>, depth: u32) -> Option<Made> {
        let leaves: Vec<Value> = body.origins.leaves(value).collect();
        let mut all = None;
        for leaf in leaves {
            self.left = self.left.checked_sub(1)?;
            let made = self.leaf(body, leaf, given, depth)?;
            if *all.get_or_insert_with(|| made.clone()) != made {
                return None;
            }
        }
        all
    }

    fn each(
        &mut self,
        body: Body<'_>,
        values: &[ValueId],
        given: Option<&[Made]>,
        depth: u32,
    ) -> Option<Vec<Made>> {
        values.iter().map(|v| self.made(body, *v, given, depth)).collect()
    }

    fn leaf(&mut self, body: Body<'_>, leaf: Value, given: Option<&[Made]>, depth: u32) -> Option<Made> {
        let program = self.world.program;
        match leaf {
            Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_) => Some(Made::Constant(leaf)),
            Value::Param(p) => {
                let first = usize::from(!body.method.access.is_static());
                given?.get(usize::from(p).checked_sub(first)?).cloned()
            }
            Value::Event(i) => {
                let event = body.origins.events().get(i as usize)?;
                let args = body.origins.args(event);
                match event.kind {
                    EventKind::GetField if given.is_none() => {
                        let refs = program.refs(program.class(body.class).loader);
                        let read = event.member().and_then(|m| refs.field(m))?;
                        let is_own = body.origins.leaves(*args.first()?).all(|l| l == Value::Param(0));
                        let facts = program.field(read);
                        let is_value = !program.text(facts.desc).starts_with(['L', '['])
                            || program.text(facts.desc) == TEXT;
                        let is_fixed = read != self.field && facts.access.is_final() && is_value;
                        (is_own && is_fixed).then_some(Made::Own(read))
                    }
                    EventKind::New => self.object(body, leaf, given, depth),
                    EventKind::Concat => self.each(body, args, given, depth).map(Made::Text),
                    EventKind::CheckCast => self.made(body, *args.first()?, given, depth),
                    kind if kind.is_invoke() => self.result(body, event, given, depth),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn object(&mut self, body: Body<'_>, made: Value, given: Option<&[Made]>, depth: u32) -> Option<Made> {
        let program = self.world.program;
        let mut inits = body.origins.events().iter().filter(|e| {
            e.kind == EventKind::InvokeSpecial
                && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == made)
        });
        let (init, None) = (inits.next()?, inits.next()) else { return None };
        let args = self.each(body, body.origins.args(init).get(1..)?, given, depth)?;
        let member = init.member()?;
        let loader = program.class(body.class).loader;
        let class = program.find(loader, program.facts.members.get(member).owner)?;
        let constructor = program.refs(loader).method(member);
        let is_plain = is_plain(program.class_name(class));
        (is_plain || constructor.is_some_and(|m| self.is_function(m, depth + 1)))
            .then_some(Made::Object(class, member, args))
    }

    fn result(&mut self, body: Body<'_>, call: &Event, given: Option<&[Made]>, depth: u32) -> Option<Made> {
        let program = self.world.program;
        let member = call.member()?;
        let args = body.origins.args(call);
        if is_plain(program.text(program.facts.members.get(member).owner)) {
            return self.each(body, args, given, depth).map(|args| Made::Result(member, args));
        }
        let args = self.each(body, args.get(usize::from(call.kind.has_receiver())..)?, given, depth)?;
        let targets = self.world.targets(body, call, 1).filter(|_| depth < MAX_DEPTH)?;
        let [target] = targets.as_slice() else { return None };
        let callee = self.world.body(*target);
        let only = |kind| matches!(kind, EventKind::New | EventKind::Return | EventKind::InvokeSpecial);
        let events = callee.origins.events();
        if !events.iter().all(|e| only(e.kind)) {
            return None;
        }
        let mut returned = events.iter().filter(|e| e.kind == EventKind::Return);
        let (ret, None) = (returned.next()?, returned.next()) else { return None };
        self.made(callee, *callee.origins.args(ret).first()?, Some(&args), depth + 1)
    }

    /// Whether a constructor reads and runs nothing but what it is given, and sets the fields of its object alone.
    fn is_function(&mut self, constructor: MethodId, depth: u32) -> bool {
        let body = self.world.body(constructor);
        let program = self.world.program;
        let is_self = |v: ValueId| body.origins.leaves(v).all(|l| l == Value::Param(0));
        let refs = program.refs(program.class(body.class).loader);
        body.method.has_body
            && depth <= MAX_DEPTH
            && body.origins.events().iter().all(|event| match event.kind {
                EventKind::PutField => is_self(body.origins.arg(event, 0)),
                EventKind::New | EventKind::Throw | EventKind::Return | EventKind::CheckCast => true,
                EventKind::InvokeSpecial | EventKind::InvokeStatic | EventKind::InvokeVirtual => {
                    event.member().is_some_and(|m| {
                        is_plain(program.text(program.facts.members.get(m).owner))
                            || event.kind == EventKind::InvokeSpecial
                                && refs.method(m).is_some_and(|above| self.is_function(above, depth + 1))
                    })
                }
                _ => false,
            })
    }
}

/// Whether methods of a class of the JDK answer by what they are given.
fn is_plain(class: &str) -> bool {
    class == CHECKS
        || class.strip_prefix(PLAIN).is_some_and(|rest| !rest.contains('/')) && !NOT_PLAIN.contains(&class)
}
