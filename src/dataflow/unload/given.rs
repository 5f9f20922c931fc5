//! What a module gives to shared code. Shared code takes out of a registry of all what it has put there itself or was
//! given: where a module gives it nothing of the kind, what the module has registered stays.

use super::Judge;
use super::flow::{Acquired, Site};
use super::identity;
use crate::dataflow::World;
use crate::dataflow::remembered::Remembered;
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, LoaderId, MethodId, Name, ValueId};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Every object is one; what a variable of this type holds is told by the value.
const OBJECT: &str = "java/lang/Object";
/// Where the collections are, out of which shared code may take what a module has put in.
const COLLECTIONS: &str = "java/util/";

/// What each module's loader gives.
pub(super) type GivenByLoader = Remembered<LoaderId, Arc<Given>>;

/// What the classes of one loader give to shared code, by a call, a field, a collection or a result.
#[derive(Default)]
pub(super) struct Given {
    /// Types of the objects.
    types: FxHashSet<Box<str>>,
    /// Constant texts.
    texts: FxHashSet<Name>,
}

impl Judge<'_> {
    /// Whether what shared code takes out of a registry is nothing that a module has registered: the module gives it
    /// neither an object of the kind nor the name, and it does not ask the registry what there is.
    pub(super) fn takes_own_only(&self, acquired: &Acquired, release: Site) -> bool {
        let program = self.world.program;
        let user = program.class_of_method(acquired.method);
        let taker = program.class_of_method(release.0);
        if program.is_jdk(user) || program.is_shared(user) || !program.is_shared(taker) {
            return false;
        }
        let Some(event) = self.world.event(release.0, release.1) else { return false };
        let Some(kind) = self.operand_type(release, u8::from(event.kind.has_receiver())) else {
            return false;
        };
        let Some(kind_name) = kind.class() else { return false };
        let loader = program.class(user).loader;
        let given = self.given.get_or_find(loader, || Arc::new(Given::by(self.world, loader)));
        !asks_registry(self.world, taker, event)
            && !given.has_of(self.world, loader, kind_name)
            && self.is_named_in_view(acquired, kind, &given)
    }

    /// Whether the registered object itself is of the kind that is taken out, or its name is a text that stays within the
    /// module.
    fn is_named_in_view(&self, acquired: &Acquired, kind: TypeDesc<'_>, given: &Given) -> bool {
        let own = (acquired.method, acquired.event);
        if acquired.operand.and_then(|i| self.operand_type(own, i)) == Some(kind) {
            return true;
        }
        let Some(event) = self.world.event(own.0, own.1) else { return false };
        let body = self.world.body(own.0);
        let first = usize::from(event.kind.has_receiver());
        let is_name = |i: &usize| u8::try_from(*i).is_ok_and(|i| self.operand_type(own, i) == Some(kind));
        let name = (first..body.origins.args(event).len()).find(is_name);
        let texts = name.and_then(|i| identity::texts(self.world, own.0, body.origins.arg(event, i)));
        texts.is_some_and(|texts| !texts.iter().any(|text| given.texts.contains(text)))
    }
}

/// Whether a class asks the registry that it takes something out of for all that it has.
fn asks_registry(world: &World<'_>, taker: ClassId, release: &Event) -> bool {
    let program = world.program;
    let Some(registry) = release.member().map(|m| program.facts.members.get(m).owner) else { return true };
    let asks = |event: &Event| {
        event.member().filter(|_| event.kind.is_invoke()).is_some_and(|m| {
            let member = program.facts.members.get(m);
            let yielded = return_type(program.text(member.desc));
            member.owner == registry
                && (yielded.0.starts_with('[') || yielded.class().is_some_and(|c| c.starts_with(COLLECTIONS)))
        })
    };
    program.methods_of(taker).any(|(id, m)| m.has_body && world.body(id).origins.events().iter().any(asks))
}

impl Given {
    /// What the classes of a loader give.
    fn by(world: &World<'_>, loader: LoaderId) -> Self {
        let program = world.program;
        let mut given = Self::default();
        let classes = (0..program.classes.len()).map(ClassId::from_index);
        for class in classes.filter(|class| program.class(*class).loader == loader) {
            for (id, facts) in program.methods_of(class) {
                if !facts.access.is_private() && !facts.access.is_static() {
                    given.add_type(return_type(program.text(facts.desc)));
                }
                if facts.has_body {
                    given.add_body(world, id);
                }
            }
        }
        given
    }

    fn add_body(&mut self, world: &World<'_>, method: MethodId) {
        let body = world.body(method);
        let program = world.program;
        let loader = program.class(body.class).loader;
        let refs = program.refs(loader);
        for event in body.origins.events() {
            let Some(member) = event.member() else { continue };
            let facts = program.facts.members.get(member);
            let args = body.origins.args(event);
            match event.kind {
                EventKind::PutField | EventKind::PutStatic => {
                    let is_own = refs
                        .field(member)
                        .is_some_and(|f| program.class(program.class_of_field(f)).loader == loader);
                    if !is_own {
                        self.add_type(TypeDesc(program.text(facts.desc)));
                        self.add_values(world, method, args.last().copied());
                    }
                }
                // What a function yields goes to whoever calls it.
                EventKind::Lambda => {
                    self.add_type(return_type(program.text(facts.desc)));
                    self.add_values(world, method, args.iter().copied());
                }
                kind if kind.is_invoke() => {
                    let target = refs.method(member).map(|m| program.class_of_method(m));
                    let is_own = target.is_some_and(|c| program.class(c).loader == loader);
                    let is_jdk = target.is_some_and(|c| program.is_jdk(c));
                    if is_own || is_jdk && !program.text(facts.owner).starts_with(COLLECTIONS) {
                        continue;
                    }
                    params(program.text(facts.desc)).for_each(|ty| self.add_type(ty));
                    self.add_values(
                        world,
                        method,
                        args.iter().skip(usize::from(kind.has_receiver())).copied(),
                    );
                }
                _ => {}
            }
        }
    }

    fn add_type(&mut self, ty: TypeDesc<'_>) {
        if let Some(name) = ty.class().or_else(|| ty.element_class()).filter(|name| *name != OBJECT) {
            self.types.insert(name.into());
        }
    }

    fn add_values(&mut self, world: &World<'_>, method: MethodId, values: impl IntoIterator<Item = ValueId>) {
        let body = world.body(method);
        let program = world.program;
        for leaf in values.into_iter().flat_map(|v| body.origins.leaves(v)) {
            match leaf {
                Value::Str(text) => {
                    self.texts.insert(text);
                }
                Value::Param(0) if !body.method.access.is_static() => {
                    self.types.insert(program.class_name(body.class).into());
                }
                Value::Param(p) => {
                    let n = usize::from(p) - usize::from(!body.method.access.is_static());
                    params(program.text(body.method.desc))
                        .nth(n)
                        .into_iter()
                        .for_each(|ty| self.add_type(ty));
                }
                Value::Event(_) => {
                    let Some((_, event)) = body.origins.event(leaf) else { continue };
                    if let Some(name) = event.name().filter(|_| event.kind == EventKind::New) {
                        self.types.insert(program.text(name).into());
                    }
                    let desc = event.member().map(|m| program.text(program.facts.members.get(m).desc));
                    let ty = desc.map(|d| if event.kind.has_field() { TypeDesc(d) } else { return_type(d) });
                    ty.into_iter().for_each(|ty| self.add_type(ty));
                }
                _ => {}
            }
        }
    }

    /// Whether an object of a type may be among what is given.
    fn has_of(&self, world: &World<'_>, loader: LoaderId, kind: &str) -> bool {
        let program = world.program;
        self.types.iter().any(|name| {
            **name == *kind
                || program.find_text(loader, name).is_some_and(|c| program.has_supertype_named(c, kind))
        })
    }
}
