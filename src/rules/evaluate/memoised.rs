//! Parts of a cache object that works its values out of its keys alone: whoever comes first, the answer is the same.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::memo::{self, Entry, Made};
use super::{exposed, fields, held_values, keys, last_pair, memo_methods, of_two, shapes, values};
use crate::dataflow::held::Root;
use crate::dataflow::{Body, How, initialisation, new_objects};
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::WriteShape;
use crate::vocabulary::descriptor::{TypeDesc, return_type};
use crate::vocabulary::{ClassId, FieldId, MethodId, ValueId};

/// The types of what can't be changed, and of maps.
const IMMUTABLE: &str = "immutable";
const MAP: &str = "java/util/Map";
const OBJECT: &str = "java/lang/Object";
/// What holds numbers.
const NUMBERS: [&str; 4] = [
    "java/util/concurrent/atomic/AtomicInteger",
    "java/util/concurrent/atomic/AtomicIntegerArray",
    "java/util/concurrent/atomic/AtomicLong",
    "java/util/concurrent/atomic/AtomicLongArray",
];

/// What holds one object.
const REFERENCE: &str = "java/util/concurrent/atomic/AtomicReference";

/// Calls followed backwards, and callers looked at for one of them.
const MAX_CALLS: u32 = 3;
const MAX_SITES: usize = 16;
/// Targets of one call on the object itself.
const MAX_TARGETS: usize = 3;

/// Whether a field belongs to such a cache, or decides only whether there is one.
pub(super) fn is_part_of_memo(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    match found.holder.map(|holder| holder.root) {
        Some(Root::Static(root)) => {
            of_two::is_the_other(cx, found, field) || is_part_of_object(cx, found, field, root)
        }
        Some(_) => false,
        None => memo_methods::is_of_memo_methods(cx, found, field) || last_pair::is_part(cx, found, field),
    }
}

/// A cache object.
struct Cache<'c, 'w> {
    cx: &'c Context<'w>,
    /// The static field that holds it, or the object that has it.
    root: FieldId,
    /// The maps that it keeps its values in.
    maps: Vec<FieldId>,
    /// The functions that it was given when the class initialiser made it.
    functions: Vec<MethodId>,
}

fn is_part_of_object(cx: &Context<'_>, found: &Match, field: FieldId, root: FieldId) -> bool {
    let maps = maps_of(cx, found.class);
    if maps.is_empty() || !maps.contains(&field) && !is_bookkeeping(cx, found, field) {
        return false;
    }
    let cache = Cache { cx, root, maps, functions: functions_of(cx, root) };
    cache.holds_answers()
}

/// The final maps of a class, and of the one that it is declared in.
fn maps_of(cx: &Context<'_>, class: ClassId) -> Vec<FieldId> {
    let program = cx.world.program;
    let loader = program.class(class).loader;
    let outermost = program.class_name(class).split('$').next().unwrap_or_default();
    let mut classes = vec![class];
    classes.extend(program.find_text(loader, outermost).filter(|c| *c != class));
    let is_map = |desc: &str| {
        let ty = TypeDesc(desc).class();
        ty.is_some_and(|ty| values::is_of_types(cx.world, cx.models, loader, ty, &[MAP.to_owned()]))
    };
    let all = classes.into_iter().flat_map(|c| program.fields_of(c));
    all.filter(|(_, f)| f.access.is_final() && !f.access.is_static() && is_map(program.text(f.desc)))
        .map(|(id, _)| id)
        .collect()
}

/// Whether a field is of a kind that only the order and number of a cache's entries is kept by: a number that no caller
/// sets, or something of the cache's own classes, which nobody else can make, in a reference or not.
fn is_bookkeeping(cx: &Context<'_>, found: &Match, field: FieldId) -> bool {
    let program = cx.world.program;
    let desc = program.text(program.field(field).desc).trim_start_matches('[');
    let by_caller = |s: &Spot| cx.shapes(found, s).contains(WriteShape::FromCaller);
    let Some(name) = TypeDesc(desc).class() else { return !found.spots.iter().any(by_caller) };
    if NUMBERS.contains(&name) {
        return !found.spots.iter().any(|s| by_caller(s) && !is_step(cx, found, s));
    }
    match name == REFERENCE {
        true => found.spots.iter().all(|s| is_set_to_own(cx, found.class, s)),
        false => is_of_own_class(cx, found.class, name),
    }
}

/// Whether a class is declared with another one and seen by nobody else.
fn is_of_own_class(cx: &Context<'_>, of: ClassId, name: &str) -> bool {
    let program = cx.world.program;
    program.find_text(program.class(of).loader, name).is_some_and(|class| {
        let access = program.class_facts(class).access;
        let is_own = !access.is_public() && !access.is_protected();
        is_own && initialisation::is_same_nest(cx.world, class, of)
    })
}

/// Whether all that a call on a reference is given are objects of such classes: states that the cache itself knows.
fn is_set_to_own(cx: &Context<'_>, of: ClassId, spot: &Spot) -> bool {
    let Some((body, call)) = shapes::final_event(cx, spot).filter(|(_, e)| e.kind.is_invoke()) else {
        return false;
    };
    let mut given = body.origins.args(call).iter().skip(1).peekable();
    given.peek().is_some()
        && given.all(|v| {
            let types = values::types_of(cx.world, body, *v);
            !types.is_empty() && types.into_iter().all(|ty| is_of_own_class(cx, of, ty))
        })
}

/// Whether a number is set to what is made of the old one, or of another number of the cache.
fn is_step(cx: &Context<'_>, found: &Match, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let call =
        cx.world.event(spot.method, spot.event).filter(|e| e.kind.is_invoke() && spot.inside.is_none());
    let is_number = |v: &ValueId| {
        body.origins.leaves(*v).all(|leaf| {
            let read = body.origins.event(leaf).and_then(|(_, e)| new_objects::field_read(cx.world, body, e));
            read.is_some_and(|(of, _)| is_number_of(cx, found.class, of))
        })
    };
    let is_old = |leaf: Value| {
        let asked = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke() && e.kind.has_receiver());
        asked.is_some_and(|(_, e)| body.origins.args(e).first().is_some_and(is_number))
    };
    let set = call.and_then(|call| body.origins.args(call).last());
    set.is_some_and(|v| {
        body.origins.leaves(*v).all(|leaf| match leaf {
            Value::Derived(of) => body.origins.leaves(of).all(is_old),
            _ => is_old(leaf),
        })
    })
}

/// Whether a field of a class, or of one that is declared with it, holds numbers.
fn is_number_of(cx: &Context<'_>, class: ClassId, field: FieldId) -> bool {
    let program = cx.world.program;
    let ty = TypeDesc(program.text(program.field(field).desc)).class();
    ty.is_some_and(|ty| NUMBERS.contains(&ty))
        && initialisation::is_same_nest(cx.world, program.class_of_field(field), class)
}

/// The functions that are given to the object which a class initialiser stores in a static field.
fn functions_of(cx: &Context<'_>, root: FieldId) -> Vec<MethodId> {
    let world = cx.world;
    let mut found = Vec::new();
    for write in world.fields.writes(root) {
        let body = world.body(write.method);
        let refs = world.program.refs(world.program.class(body.class).loader);
        let stored = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
        let made = stored.into_iter().flat_map(|v| body.origins.leaves(*v));
        let inputs = made.filter_map(|leaf| match leaf {
            Value::Event(i) => Some(memo::inputs_of(cx, body, leaf, i)),
            _ => None,
        });
        let given = inputs.flatten().flat_map(|v| body.origins.leaves(v));
        let functions = given.filter_map(|leaf| body.origins.event(leaf)).map(|(_, e)| e);
        let functions = functions.filter(|e| e.kind == EventKind::Lambda);
        found.extend(functions.filter_map(|e| refs.method(e.member()?)));
    }
    found
}

impl Cache<'_, '_> {
    /// Whether all that is put into the maps is worked out of the key that it is put under.
    fn holds_answers(&self) -> bool {
        let cx = self.cx;
        let is_made_once = cx.world.program.field(self.root).access.is_final();
        let mut n_put = 0;
        let all = self.maps.iter().all(|map| {
            let class = cx.world.program.class_of_field(*map);
            let mut changes = cx.changes.of(*map).iter().filter(|c| {
                fields::is_after_initialisation(cx.world, class, c)
                    && !cx.world.reach.tenants(c.method).is_empty()
            });
            changes.all(|c| {
                let spot = Spot { method: c.method, event: c.event, how: Some(c.how), inside: c.inside };
                match memo::entry(cx, &spot) {
                    _ if self.is_copy(&spot) => true,
                    Entry::Taken => true,
                    Entry::Put(body, key, value) => {
                        n_put += 1;
                        self.is_moved(body, key, value) || self.is_answer(body, key, value, 0)
                    }
                    Entry::Unknown => false,
                }
            })
        });
        is_made_once && all && n_put > 0 && !memo::methods_ask_context(cx, self.functions.clone())
    }

    /// Whether one of the maps gets all that another one has.
    fn is_copy(&self, spot: &Spot) -> bool {
        let body = self.cx.world.body(spot.method);
        let Some(event) = self.cx.world.event(spot.method, spot.event) else { return false };
        matches!(spot.how, Some(How::Container(_)))
            && spot.inside.is_none()
            && body.origins.args(event).iter().all(|v| self.is_map(body, *v))
    }

    /// Whether a value was found in one of the maps under the same key.
    fn is_moved(&self, body: Body<'_>, key: ValueId, value: ValueId) -> bool {
        let keys: Vec<Value> = body.origins.leaves(key).collect();
        body.origins.leaves(value).all(|leaf| {
            let found = body.origins.event(leaf).filter(|(_, e)| e.kind.is_invoke());
            found.is_some_and(|(_, e)| match body.origins.args(e) {
                [map, of] => self.is_map(body, *map) && body.origins.leaves(*of).eq(keys.iter().copied()),
                _ => false,
            })
        })
    }

    fn is_map(&self, body: Body<'_>, value: ValueId) -> bool {
        body.origins.leaves(value).all(|leaf| {
            let read = body.origins.event(leaf).map(|(_, e)| e);
            let read = read.and_then(|e| new_objects::field_read(self.cx.world, body, e));
            read.is_some_and(|(field, _)| self.maps.contains(&field))
        })
    }

    /// Whether a value is worked out of its key alone, by the method that has both or by all who hand them to it.
    fn is_answer(&self, body: Body<'_>, key: ValueId, value: ValueId, depth: u32) -> bool {
        let of_key = self.inputs(body, key);
        let mut others = self.inputs(body, value);
        others.retain(|leaf| !of_key.contains(leaf));
        // What callers put in themselves is not worked out, even if it is a constant.
        if depth > 0 && body.origins.leaves(value).all(is_literal) {
            return false;
        }
        if others.is_empty() && self.is_fixed_key(body, key) {
            return self.is_plain(body, value);
        }
        let (Some(key), [Value::Param(value)]) = (parameter(&of_key), others.as_slice()) else {
            return false;
        };
        if depth >= MAX_CALLS || !self.has_known_callers(body) {
            return false;
        }
        let sites = self.cx.world.sites.of(body.id, MAX_SITES).unwrap_or_default();
        !sites.is_empty()
            && sites.iter().all(|site| {
                let caller = self.cx.world.body(site.caller);
                let call = self.cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
                let args = call.map(|call| caller.origins.args(call)).unwrap_or_default();
                match (args.get(key), args.get(usize::from(*value))) {
                    (Some(key), Some(value)) => self.is_answer(caller, *key, *value, depth + 1),
                    _ => false,
                }
            })
    }

    /// What a value is made of in the end, constants and what belongs to the object for good left out.
    fn inputs(&self, body: Body<'_>, value: ValueId) -> Vec<Value> {
        let cx = self.cx;
        memo::traced(body, value, |leaf| match leaf {
            Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_) => Made::Fixed,
            Value::Param(0) if !body.method.access.is_static() => Made::Fixed,
            Value::Event(_) if memo::is_constant(cx, body, leaf) => Made::Fixed,
            Value::Derived(source) => Made::Of(vec![source]),
            Value::Event(i) => match body.origins.events().get(i as usize) {
                Some(read) if read.kind == EventKind::GetField => match self.part(body, read) {
                    Some(parts) if parts.is_empty() => Made::Fixed,
                    Some(parts) => Made::Of(parts),
                    None => Made::Itself,
                },
                _ if memo::asks_context(cx, body, i) || self.depends_on_object(body, i) => Made::Itself,
                _ => Made::Of(memo::inputs_of(cx, body, leaf, i)),
            },
            _ => Made::Itself,
        })
    }

    /// Whether a call on the object itself runs a method that reads what changes in it, one of its maps left out.
    fn depends_on_object(&self, body: Body<'_>, call: u32) -> bool {
        let world = self.cx.world;
        let event = body.origins.events().get(call as usize).filter(|e| e.kind.is_invoke());
        let Some(event) = event.filter(|e| e.kind.has_receiver()) else { return false };
        let is_this = |v: ValueId| body.origins.leaves(v).any(|leaf| leaf == Value::Param(0));
        if body.method.access.is_static() || !is_this(body.origins.arg(event, 0)) {
            return false;
        }
        let Some(targets) = world.targets(body, event, MAX_TARGETS) else { return true };
        targets.into_iter().map(|id| world.body(id)).any(|callee| {
            let refs = world.program.refs(world.program.class(callee.class).loader);
            let mut reads = callee.origins.events().iter().filter(|e| e.kind == EventKind::GetField);
            reads.any(|e| {
                let field = e.member().and_then(|m| refs.field(m));
                field.is_none_or(|f| !world.program.field(f).access.is_final())
            })
        })
    }

    /// What a final field that is read was made of: nothing for one of the object itself, for one of an object that the
    /// body makes what the constructor is given. `None` if that is not known.
    fn part(&self, body: Body<'_>, read: &Event) -> Option<Vec<ValueId>> {
        let world = self.cx.world;
        let (field, owner) = new_objects::field_read(world, body, read)?;
        if !world.program.field(field).access.is_final() {
            return None;
        }
        let mut leaves = body.origins.leaves(owner);
        let owner = leaves.next().filter(|_| leaves.next().is_none())?;
        if owner == Value::Param(0) && !body.method.access.is_static() {
            return Some(Vec::new());
        }
        body.origins.event(owner).filter(|(_, e)| e.kind == EventKind::New)?;
        let is_it = |v: &ValueId| body.origins.leaves(*v).any(|leaf| leaf == owner);
        let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
        let call = calls.find(|e| body.origins.args(e).first().is_some_and(is_it))?;
        let made = world.program.refs(world.program.class(body.class).loader).method(call.member()?)?;
        let maker = world.body(made);
        let mut writes = world.fields.writes(field).filter(|w| w.method == made);
        let stored = world.event(made, writes.next()?.event)?;
        let mut leaves = maker.origins.leaves(*maker.origins.args(stored).last()?);
        match (leaves.next(), leaves.next()) {
            (Some(Value::Param(i)), None) => Some(vec![*body.origins.args(call).get(usize::from(i))?]),
            _ => None,
        }
    }

    /// Whether nobody can change what is a key, by its type or by what the field that holds the cache says.
    fn is_fixed_key(&self, body: Body<'_>, key: ValueId) -> bool {
        let cx = self.cx;
        let loader = cx.world.program.class(body.class).loader;
        let types = values::types_of(cx.world, body, key);
        !types.is_empty()
            && types.into_iter().all(|ty| {
                let ty = if ty == OBJECT { keys::declared_first(cx, self.root).unwrap_or(ty) } else { ty };
                values::is_of_types(cx.world, cx.models, loader, ty, &[IMMUTABLE.to_owned()])
            })
    }

    /// Whether nobody can change what a value is, or changes it.
    fn is_plain(&self, body: Body<'_>, value: ValueId) -> bool {
        let cx = self.cx;
        let program = cx.world.program;
        let mut types = values::types_of(cx.world, body, value);
        if types == [OBJECT] {
            let returned =
                self.functions.iter().map(|f| return_type(program.text(program.method(*f).desc)).0);
            types = returned.map(|desc| TypeDesc(desc).class().unwrap_or(desc)).collect();
        }
        !types.is_empty()
            && types.into_iter().all(|ty| match ty.strip_prefix('[') {
                Some(element) => {
                    let element = TypeDesc(element).class();
                    element.is_none_or(|e| held_values::is_plain(cx, self.root, e))
                        && is_only_looked_into(cx, body.id)
                }
                None => held_values::is_plain(cx, self.root, ty),
            })
    }

    /// Whether all who call a method on the cache are seen: other packages can't, or can't get hold of it.
    fn has_known_callers(&self, body: Body<'_>) -> bool {
        let world = self.cx.world;
        let program = world.program;
        let access = body.method.access;
        if !access.is_public() && !access.is_protected() {
            return true;
        }
        let is_hidden = |f: FieldId| program.field(f).access.is_private() && !exposed::is_exposed(world, f);
        let class_of = |f: FieldId| {
            let name = TypeDesc(program.text(program.field(f).desc)).class()?;
            program.find_text(program.class(program.class_of_field(f)).loader, name)
        };
        let Some(held) = class_of(self.root).filter(|_| is_hidden(self.root)) else { return false };
        if held == body.class {
            return true;
        }
        let mut parts = program.fields_of(held).map(|(id, _)| id);
        let mut parts = parts.by_ref().filter(|f| class_of(*f) == Some(body.class)).peekable();
        parts.peek().is_some() && parts.all(is_hidden)
    }
}

fn is_literal(leaf: Value) -> bool {
    matches!(leaf, Value::Null | Value::Int(_) | Value::Str(_) | Value::Class(_))
}

/// The only parameter among what something is made of.
fn parameter(leaves: &[Value]) -> Option<usize> {
    match leaves {
        [Value::Param(i)] => Some(usize::from(*i)),
        _ => None,
    }
}

/// Whether all who are seen to call a method take elements out of the array that it yields, and do no more with it.
fn is_only_looked_into(cx: &Context<'_>, method: MethodId) -> bool {
    let sites = cx.world.sites.of(method, MAX_SITES).unwrap_or_default();
    !sites.is_empty()
        && sites.iter().all(|site| {
            let caller = cx.world.body(site.caller);
            let is_it = |v: &ValueId| {
                caller.origins.leaves(*v).any(|leaf| leaf == Value::Event(u32::from(site.event)))
            };
            let mut users =
                caller.origins.events().iter().filter(|e| caller.origins.args(e).iter().any(is_it));
            users.all(|e| matches!(e.kind, EventKind::ArrayLoad | EventKind::CheckCast))
        })
}
