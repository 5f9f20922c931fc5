//! Providers of services: whether whoever has the service loader make them keeps them.

use crate::dataflow::origins::{self, Origin};
use crate::dataflow::{Body, World};
use crate::facts::{ArchiveFacts, Event, EventKind, Value};
use crate::program::CallSite;
use crate::vocabulary::descriptor::{params, return_type};
use crate::vocabulary::{ClassId, MethodId, Name, Parallel, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Where archives name the providers of services.
const SERVICES: &str = "META-INF/services/";
const SERVICE_LOADER: &str = "java/util/ServiceLoader";
/// Values followed from one lookup; with more the providers count as kept.
const MAX_PLACES: usize = 256;
/// Parameters into which the elements of one lookup are put; with more they count as kept.
const MAX_FILLED: usize = 32;
/// Methods that one call may select, and call sites of one method.
const MAX_TARGETS: usize = 4;
const MAX_SITES: usize = 16;
const OBJECT: &str = "Ljava/lang/Object;";
/// Beginning of the descriptors of the JDK's functional interfaces.
const FUNCTIONS: &str = "Ljava/util/function/";
const TEXT: &str = "Ljava/lang/String;";
/// What is made of a provider and keeps nothing of it.
const VALUES: &[&str] = &["Ljava/lang/Class;", TEXT];

/// Classes that their own archive names as the provider of a service, and whose objects may be kept: somebody asks the
/// service loader for them who does more than look at each; or the service is none of the deployment's, so that those who
/// ask are not seen.
pub(super) fn kept(world: &World<'_>, parallel: &impl Parallel) -> Vec<ClassId> {
    let named: Vec<FxHashMap<Name, Vec<&str>>> =
        world.archives.iter().map(|a| named_providers(world, a)).collect();
    if named.iter().all(FxHashMap::is_empty) {
        return Vec::new();
    }
    let services = Services::find(world, parallel);
    let program = world.program;
    let is_kept = |class: &ClassId| {
        let names = named.get(program.archive_of(*class)).filter(|names| !names.is_empty());
        let of = names.and_then(|names| names.get(&program.class_facts(*class).name));
        of.is_some_and(|of| of.iter().any(|service| services.keep(world, *class, service)))
    };
    let classes = (0..program.classes.len()).map(ClassId::from_index);
    classes.filter(|class| !program.is_jdk(*class) && is_kept(class)).collect()
}

/// The providers that an archive names, with their services.
fn named_providers<'w>(world: &World<'w>, archive: &'w ArchiveFacts) -> FxHashMap<Name, Vec<&'w str>> {
    let mut found = FxHashMap::<Name, Vec<&str>>::default();
    for descriptor in &archive.descriptors {
        let (_, service) = descriptor.entry.split_once(SERVICES).unwrap_or_default();
        if service.is_empty() || service.contains('/') {
            continue;
        }
        let lines = descriptor.text.lines();
        let providers = lines.map(|line| line.split('#').next().unwrap_or_default().trim());
        // A line with a slash names no class.
        for provider in providers.filter(|provider| !provider.contains('/')) {
            if let Some(name) = world.program.facts.names.find(&provider.replace('.', "/")) {
                found.entry(name).or_default().push(service);
            }
        }
    }
    found
}

/// The services that the deployment's code asks for.
struct Services {
    /// By internal name, whether the providers are kept.
    asked: FxHashMap<Name, bool>,
}

impl Services {
    fn find(world: &World<'_>, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 512;
        let n = world.program.classes.len();
        let Some(loader) = world.program.facts.names.find(SERVICE_LOADER) else {
            return Self { asked: FxHashMap::default() };
        };
        let parts = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
                lookups(world, class, loader, &mut found);
            }
            found
        });
        let mut asked = FxHashMap::default();
        for (service, is_kept) in parts.into_iter().flatten() {
            *asked.entry(service).or_default() |= is_kept;
        }
        Self { asked }
    }

    fn keep(&self, world: &World<'_>, provider: ClassId, service: &str) -> bool {
        let program = world.program;
        let name = service.replace('.', "/");
        let asked = program.facts.names.find(&name).and_then(|name| self.asked.get(&name));
        // The JDK asks for its own services, and what is not there may be asked for by whatever brings it.
        let loader = program.class(provider).loader;
        asked == Some(&true) || program.find_text(loader, &name).is_none_or(|class| program.is_jdk(class))
    }
}

/// The services that a class's methods ask the service loader for, each with whether the providers are kept.
fn lookups(world: &World<'_>, class: ClassId, loader: Name, found: &mut Vec<(Name, bool)>) {
    let program = world.program;
    if program.is_jdk(class) {
        return;
    }
    let unit = program.unit(class);
    for (method, facts) in program.methods_of(class) {
        for (index, event) in unit.events_of(facts).iter().enumerate() {
            let asks = event.kind == EventKind::InvokeStatic
                && event.member().is_some_and(|m| program.facts.members.get(m).owner == loader);
            if !asks {
                continue;
            }
            let args = unit.args(event).iter().flat_map(|arg| origins::of_value(world, method, *arg));
            let services: FxHashSet<Name> = args
                .filter_map(|found| match found.origin {
                    Origin::ClassLiteral(name, _) => Some(name),
                    _ => None,
                })
                .collect();
            if !services.is_empty() {
                let is_kept = Flow::new(world).keeps(method, index);
                found.extend(services.into_iter().map(|service| (service, is_kept)));
            }
        }
    }
}

/// The elements of a lookup on their way, with the loader, iterators, streams and local containers that have them.
struct Flow<'f, 'w> {
    world: &'f World<'w>,
    waiting: Vec<Place>,
    seen: FxHashSet<Place>,
    /// Parameters into which elements are put, so that who passes them is asked once.
    filled: FxHashSet<Place>,
    is_kept: bool,
}

/// A value that a method has: a parameter or the result of one of its events.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    method: MethodId,
    value: Part,
    /// The call that passes it.
    from: Option<(MethodId, u16)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Param(u16),
    Event(u32),
}

impl<'f, 'w> Flow<'f, 'w> {
    fn new(world: &'f World<'w>) -> Self {
        Self {
            world,
            waiting: Vec::new(),
            seen: FxHashSet::default(),
            filled: FxHashSet::default(),
            is_kept: false,
        }
    }

    fn keeps(mut self, method: MethodId, index: usize) -> bool {
        self.add(method, Part::Event(index as u32), None);
        while let Some(place) = self.waiting.pop() {
            self.follow(place);
            if self.is_kept || self.seen.len() > MAX_PLACES {
                return true;
            }
        }
        false
    }

    fn add(&mut self, method: MethodId, value: Part, from: Option<(MethodId, u16)>) {
        let place = Place { method, value, from };
        if self.seen.insert(place) {
            self.waiting.push(place);
        }
    }

    fn follow(&mut self, place: Place) {
        let body = self.world.body(place.method);
        let leaf = match place.value {
            Part::Param(param) => Value::Param(param),
            Part::Event(event) => Value::Event(event),
        };
        for (index, event) in (0u16..).zip(body.origins.events()) {
            let args = body.origins.args(event);
            for position in (0..args.len()).filter(|i| body.origins.may_be(args[*i], leaf)) {
                self.use_of(body, index, event, position, place.from);
            }
        }
    }

    fn use_of(
        &mut self,
        body: Body<'_>,
        index: u16,
        event: &Event,
        position: usize,
        from: Option<(MethodId, u16)>,
    ) {
        match event.kind {
            EventKind::PutStatic | EventKind::InvokeDynamic => self.is_kept = true,
            EventKind::PutField | EventKind::ArrayStore => self.is_kept |= position > 0,
            EventKind::ArrayLoad => self.add(body.id, Part::Event(u32::from(index)), from),
            EventKind::Return => self.yielded(body, from),
            EventKind::Lambda => {
                self.add(body.id, Part::Event(u32::from(index)), from);
                self.enter(body, index, event, position);
            }
            kind if kind.is_invoke() => self.call(body, index, event, position, from),
            _ => {}
        }
    }

    /// To whoever calls the method.
    fn yielded(&mut self, body: Body<'_>, from: Option<(MethodId, u16)>) {
        if let Some((caller, event)) = from {
            return self.add(caller, Part::Event(u32::from(event)), None);
        }
        for CallSite { caller, event } in self.callers(body) {
            self.add(caller, Part::Event(u32::from(event)), None);
        }
    }

    /// Who calls a method; if they are not all seen, what it hands out counts as kept.
    fn callers(&mut self, body: Body<'_>) -> Vec<CallSite> {
        let is_open = self.world.reach.is_open_world() && body.method.access.is_public();
        let sites = self.world.sites.of(body.id, MAX_SITES).filter(|sites| !sites.is_empty() && !is_open);
        self.is_kept |= sites.is_none();
        sites.unwrap_or_default()
    }

    fn enter(&mut self, body: Body<'_>, index: u16, event: &Event, position: usize) {
        match self.world.targets(body, event, MAX_TARGETS) {
            None => self.is_kept |= !self.is_told_with_text(event, position),
            Some(targets) => {
                // Whoever implements it is not there.
                self.is_kept |= targets.is_empty() && event.kind != EventKind::Lambda;
                for target in targets {
                    self.add(target, Part::Param(position as u16), Some((body.id, index)));
                }
            }
        }
    }

    /// Whether an argument of a call with many implementations is what a text is about: that of a log.
    fn is_told_with_text(&self, event: &Event, position: usize) -> bool {
        let program = self.world.program;
        let Some(member) = event.member() else { return false };
        let desc = program.text(program.facts.members.get(member).desc);
        let offset = usize::from(event.kind.has_receiver());
        let types: Vec<&str> = params(desc).map(|ty| ty.0).collect();
        let of_it = position.checked_sub(offset).and_then(|i| types.get(i));
        of_it == Some(&OBJECT) && types.contains(&TEXT) && return_type(desc).0 == "V"
    }

    fn call(
        &mut self,
        body: Body<'_>,
        index: u16,
        event: &Event,
        position: usize,
        from: Option<(MethodId, u16)>,
    ) {
        let program = self.world.program;
        let refs = program.refs(program.class(body.class).loader);
        let target = event.member().and_then(|member| refs.method(member));
        let is_receiver = position == 0 && event.kind.has_receiver();
        let Some(target) = target else {
            self.is_kept |= !is_receiver;
            return;
        };
        if !program.is_jdk(program.class_of_method(target)) {
            // What a provider does with itself is its own affair.
            if !is_receiver {
                self.enter(body, index, event, position);
            }
            return;
        }
        let args = body.origins.args(event);
        let mut is_mapped = false;
        let offset = usize::from(event.kind.has_receiver());
        let types: Vec<&str> = params(program.text(program.method(target).desc)).map(|ty| ty.0).collect();
        for (i, other) in args.iter().enumerate().filter(|(i, _)| *i != position) {
            let declared = i.checked_sub(offset).and_then(|i| types.get(i));
            let is_function = declared.is_some_and(|ty| ty.starts_with(FUNCTIONS));
            is_mapped |= self.given_to(body, *other, is_function);
        }
        let yields = return_type(program.text(program.method(target).desc)).0;
        let is_object = yields.starts_with('L') || yields.starts_with('[');
        if is_object && !VALUES.contains(&yields) && !(is_receiver && is_mapped) {
            self.add(body.id, Part::Event(u32::from(index)), from);
        }
        if event.kind.has_receiver() && !is_receiver {
            self.put_into(body, body.origins.arg(event, 0), from);
        }
    }

    /// What a method of the JDK is given may come to be in what it is called on.
    fn put_into(&mut self, body: Body<'_>, container: ValueId, from: Option<(MethodId, u16)>) {
        for leaf in body.origins.leaves(container) {
            match leaf {
                Value::Param(param) => {
                    self.add(body.id, Part::Param(param), from);
                    let place = Place { method: body.id, value: Part::Param(param), from };
                    if !self.filled.insert(place) {
                        continue;
                    }
                    let callers = match from {
                        Some((caller, event)) => vec![CallSite { caller, event }],
                        None => self.callers(body),
                    };
                    for CallSite { caller, event } in callers {
                        let there = self.world.body(caller);
                        let passed = self.world.event(caller, event).map(|e| there.origins.args(e));
                        match passed.and_then(|args| args.get(usize::from(param))) {
                            Some(value) if self.filled.len() <= MAX_FILLED => {
                                self.put_into(there, *value, None)
                            }
                            // A function's own parameter: who runs it has it.
                            _ => self.is_kept = true,
                        }
                    }
                }
                Value::Event(made) => {
                    let kind = body.origins.event(leaf).map(|(_, e)| e.kind);
                    self.is_kept |= matches!(kind, Some(EventKind::GetStatic | EventKind::GetField));
                    self.add(body.id, Part::Event(made), from);
                }
                _ => self.is_kept |= leaf == Value::Unknown,
            }
        }
    }

    /// Functions that a call takes beside the elements get them. Whether they make of each what keeps nothing of it.
    fn given_to(&mut self, body: Body<'_>, function: ValueId, is_function: bool) -> bool {
        let program = self.world.program;
        let mut is_mapped = false;
        for found in origins::of_value(self.world, body.id, function) {
            if found.origin != Origin::Allocation(None) {
                // What another object does with them, or one that is not seen, is not asked.
                self.is_kept |= is_function && found.origin != Origin::Null;
                continue;
            }
            let maker = self.world.body(found.method);
            let made = self.world.event(found.method, found.event).filter(|e| e.kind == EventKind::Lambda);
            let Some(made) = made else { continue };
            let member = made.member().map(|m| program.facts.members.get(m));
            is_mapped |= member.is_some_and(|m| VALUES.contains(&return_type(program.text(m.desc)).0));
            let n_captured = maker.origins.args(made).len() as u16;
            let Some(targets) = self.world.targets(maker, made, MAX_TARGETS) else {
                self.is_kept = true;
                continue;
            };
            // A method of the JDK that is bound to what it is called on: `ALL::add`.
            if targets.is_empty() {
                maker.origins.args(made).iter().for_each(|bound| self.put_into(maker, *bound, None));
            }
            for target in targets {
                let facts = program.method(target);
                let n = params(program.text(facts.desc)).count() as u16;
                let n = n + u16::from(!facts.access.is_static());
                for param in n_captured..n {
                    self.add(target, Part::Param(param), Some((found.method, found.event)));
                }
            }
        }
        is_mapped
    }
}
