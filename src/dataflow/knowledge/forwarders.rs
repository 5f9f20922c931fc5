//! Generic classes of the deployment that are containers themselves, as they hand what they are given on to a container of
//! their own: `class LruMap<K, V> { V put(K key, V value) { return map.put(key, value); } }`. Which application's objects
//! such a one keeps is up to who holds it, so its methods count as the container's.

use super::{ApiId, Role, Tables, groups};
use crate::facts::{EventKind, MethodFacts, NO_NAME, Value};
use crate::program::link::NO_CLASS;
use crate::program::{Origins, Pattern, Program};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, FieldId, MemberRefId, MethodId, Name, Parallel, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known of the JDK's containers, by the names of their methods.
struct Containers<'p> {
    program: &'p Program<'p>,
    by_name: FxHashMap<Name, Vec<Known<'p>>>,
    /// What makes containers that keep what they are given weakly: who has one of those is none like others.
    weak: FxHashMap<Name, Vec<Name>>,
    /// Roots of the JDK's containers.
    roots: Vec<Name>,
}

/// A method of a container of the JDK.
#[derive(Clone, Copy)]
struct Known<'p> {
    owner: Name,
    desc: Option<&'p str>,
    api: ApiId,
    key: Option<u8>,
    value: Option<u8>,
    is_element: bool,
}

/// A method that does what one of a container does.
#[derive(Clone, Copy)]
struct Forwarder {
    method: MethodId,
    api: ApiId,
    is_put: bool,
    /// A field of the container that it hands on to.
    field: FieldId,
}

/// The methods of such classes, and of the types they implement, with the API that each is one of.
pub(super) struct Forwarders {
    pub(super) patterns: Vec<(Pattern, Role)>,
    /// With the fields that they hand on to.
    pub(super) methods: FxHashSet<(MethodId, FieldId)>,
    pub(super) classes: FxHashSet<ClassId>,
}

impl Forwarders {
    pub(super) fn find(
        program: &Program<'_>,
        patterns: &[(Pattern, Role)],
        tables: &Tables,
        parallel: &impl Parallel,
    ) -> Self {
        const CHUNK: usize = 512;
        let containers = Containers::new(program, patterns, tables);
        let n = program.classes.len();
        let parts = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let classes = (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index);
            classes.flat_map(|class| containers.of_class(class)).collect::<Vec<_>>()
        });
        let found: Vec<Forwarder> = parts.into_iter().flatten().collect();
        let mut all: Vec<(ClassId, MethodId, ApiId)> =
            found.iter().map(|f| (program.class_of_method(f.method), f.method, f.api)).collect();
        all.extend(declared_above(program, &found));
        let overridden = overridden(program, &found);
        let classes = all.iter().map(|(class, ..)| *class).collect();
        let of_method = |(class, method, api): (ClassId, MethodId, ApiId)| {
            (Pattern { is_exact: overridden.contains(&method), ..pattern(program, class, method) }, api)
        };
        let mut patterns: Vec<(Pattern, ApiId)> = all.into_iter().map(of_method).collect();
        patterns.sort_unstable_by(|a, b| key_of(a).cmp(&key_of(b)));
        patterns.dedup();
        let patterns = patterns.into_iter().map(|(pattern, api)| (pattern, Role::Api(api))).collect();
        Self { patterns, methods: found.iter().map(|f| (f.method, f.field)).collect(), classes }
    }
}

/// Those of the methods that some class below replaces by one that is none.
fn overridden(program: &Program<'_>, found: &[Forwarder]) -> FxHashSet<MethodId> {
    let mut by_class = FxHashMap::<ClassId, Vec<MethodId>>::default();
    found.iter().for_each(|f| by_class.entry(program.class_of_method(f.method)).or_default().push(f.method));
    let known: FxHashSet<MethodId> = found.iter().map(|f| f.method).collect();
    let mut overridden = FxHashSet::default();
    for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
        let mut above = program.class(class).super_class;
        let mut left = MAX_ABOVE;
        while above != NO_CLASS && !program.is_jdk(above) && left > 0 {
            for method in by_class.get(&above).into_iter().flatten() {
                let facts = program.method(*method);
                let own = program.declared_method(class, facts.name, facts.desc);
                if own.is_some_and(|own| !known.contains(&own)) {
                    overridden.insert(*method);
                }
            }
            above = program.class(above).super_class;
            left -= 1;
        }
    }
    overridden
}

fn key_of((pattern, api): &(Pattern, ApiId)) -> (&str, &str, Option<&str>, ApiId) {
    (&pattern.owner, &pattern.name, pattern.desc.as_deref(), *api)
}

fn pattern(program: &Program<'_>, owner: ClassId, method: MethodId) -> Pattern {
    let facts = program.method(method);
    Pattern {
        owner: program.class_name(owner).to_owned(),
        name: program.text(facts.name).to_owned(),
        desc: Some(program.text(facts.desc).to_owned()),
        is_exact: false,
        is_prefix: false,
    }
}

/// The abstract methods above that are implemented by nothing but such methods, with the classes that declare them.
fn declared_above(program: &Program<'_>, found: &[Forwarder]) -> Vec<(ClassId, MethodId, ApiId)> {
    let mut above = FxHashMap::<ClassId, Vec<(MethodId, ApiId)>>::default();
    for Forwarder { method, api, .. } in found {
        let facts = program.method(*method);
        for class in deployed_above(program, program.class_of_method(*method)) {
            if let Some(declared) = program.declared_method(class, facts.name, facts.desc)
                && program.method(declared).access.is_abstract()
            {
                let of_class = above.entry(class).or_default();
                if !of_class.contains(&(declared, *api)) {
                    of_class.push((declared, *api));
                }
            }
        }
    }
    if above.is_empty() {
        return Vec::new();
    }
    let of_method: FxHashMap<MethodId, ApiId> = found.iter().map(|f| (f.method, f.api)).collect();
    let mut others = FxHashSet::<(MethodId, ApiId)>::default();
    let mut declaring = Vec::new();
    for class in (0..program.classes.len()).map(ClassId::from_index).filter(|c| !program.is_jdk(*c)) {
        if above.contains_key(&class) {
            declaring.push(class);
        }
        if program.class_facts(class).access.is_abstract() {
            continue;
        }
        for (declared, api) in deployed_above(program, class).iter().filter_map(|c| above.get(c)).flatten() {
            let facts = program.method(*declared);
            let selected = program.select(class, facts.name, facts.desc);
            if selected.and_then(|m| of_method.get(&m)) != Some(api) {
                others.insert((*declared, *api));
            }
        }
    }
    let methods =
        |class: ClassId| above.get(&class).into_iter().flatten().map(move |(m, api)| (class, *m, *api));
    declaring.into_iter().flat_map(methods).filter(|(_, m, api)| !others.contains(&(*m, *api))).collect()
}

/// The supertypes of a class that are none of the JDK's; of a class with very many the nearest.
fn deployed_above(program: &Program<'_>, class: ClassId) -> Vec<ClassId> {
    let mut seen = FxHashSet::default();
    let mut found: Vec<ClassId> = Vec::new();
    let mut at = Some(class);
    let mut next = 0;
    while let Some(class) = at {
        for above in program.supers(class).filter(|c| !program.is_jdk(*c)) {
            if found.len() < MAX_ABOVE && seen.insert(above) {
                found.push(above);
            }
        }
        at = found.get(next).copied();
        next += 1;
    }
    found
}

impl<'p> Containers<'p> {
    fn new(program: &'p Program<'p>, patterns: &'p [(Pattern, Role)], tables: &Tables) -> Self {
        let is_in = |group: &str, api: ApiId| tables.groups.get(group).is_some_and(|g| g.contains(&api));
        let (mut by_name, mut weak) = (FxHashMap::<_, Vec<_>>::default(), FxHashMap::<_, Vec<_>>::default());
        for (pattern, role) in patterns {
            let (Role::Api(api), Some(name)) = (*role, program.facts.names.find(&pattern.name)) else {
                continue;
            };
            let Some(owner) = program.facts.names.find(&pattern.owner) else { continue };
            if is_in(WEAK, api) {
                weak.entry(name).or_default().push(owner);
            }
            let Some(facts) = tables.apis.get(usize::from(api)).filter(|a| a.acts_on.is_none()) else {
                continue;
            };
            let is_element = is_in(groups::CONTAINER_ELEMENT, api);
            if !pattern.is_prefix
                && pattern.owner.starts_with(UTILITIES)
                && (is_element || is_in(groups::CONTAINER_MUTATOR, api) || is_in(groups::CONTAINER_READ, api))
            {
                by_name.entry(name).or_default().push(Known {
                    owner,
                    desc: pattern.desc.as_deref(),
                    api,
                    key: facts.key,
                    value: facts.value,
                    is_element,
                });
            }
        }
        let roots = ROOTS.iter().filter_map(|root| program.facts.names.find(root)).collect();
        Self { program, by_name, weak, roots }
    }

    /// The methods of a class that are a container's, if something is put in by one.
    fn of_class(&self, class: ClassId) -> Vec<Forwarder> {
        let program = self.program;
        let facts = program.class_facts(class);
        let is_generic = facts.signature != NO_NAME && program.text(facts.signature).starts_with('<');
        if !is_generic || program.is_jdk(class) || facts.access.is_interface() || !self.has_container(class) {
            return Vec::new();
        }
        if self.is_container(class) || self.makes_weak(class) {
            return Vec::new();
        }
        let methods = program.methods_of(class).filter(|(_, m)| {
            m.has_body && !m.access.is_static() && !m.access.is_private() && !m.access.is_synthetic()
        });
        let found: Vec<Forwarder> = methods.filter_map(|(id, m)| self.of_method(class, id, m)).collect();
        if found.iter().any(|f| f.is_put) { found } else { Vec::new() }
    }

    /// Whether a class has a field of a type that is one of the JDK's containers, or extends one.
    fn has_container(&self, class: ClassId) -> bool {
        let program = self.program;
        let loader = program.class(class).loader;
        program.fields_of(class).filter(|(_, f)| !f.access.is_static()).any(|(_, f)| {
            let name = TypeDesc(program.text(f.desc)).class();
            name.and_then(|name| program.find_text(loader, name)).is_some_and(|c| self.is_container(c))
        })
    }

    fn is_container(&self, class: ClassId) -> bool {
        self.roots.iter().any(|root| self.program.has_supertype_of_name(class, *root))
    }

    fn makes_weak(&self, class: ClassId) -> bool {
        let (program, unit) = (self.program, self.program.unit(class));
        let loader = program.class(class).loader;
        let is_weak = |member: MemberRefId| {
            let member = program.facts.members.get(member);
            let owners = self.weak.get(&member.name).map(Vec::as_slice).unwrap_or_default();
            let called = program.find(loader, member.owner);
            owners.iter().any(|owner| {
                member.owner == *owner || called.is_some_and(|c| program.has_supertype_of_name(c, *owner))
            })
        };
        let events = program.methods_of(class).flat_map(|(_, m)| unit.events_of(m));
        events.filter(|e| e.kind.has_method()).filter_map(|e| e.member()).any(is_weak)
    }

    /// What a method hands on to a container in a field of its object: that by which it puts something in before others.
    fn of_method(&self, class: ClassId, id: MethodId, method: &MethodFacts) -> Option<Forwarder> {
        let program = self.program;
        let body = Origins { unit: program.unit(class), method };
        let loader = program.class(class).loader;
        let mut found: Option<Forwarder> = None;
        for (i, event) in
            (0u32..).zip(body.events()).filter(|(_, e)| e.kind.is_invoke() && e.kind.has_receiver())
        {
            let Some(member) = event.member().map(|m| program.facts.members.get(m)) else { continue };
            let Some(candidates) = self.by_name.get(&member.name) else { continue };
            let args = body.args(event);
            let Some(field) = args.first().and_then(|receiver| self.own_container(class, body, *receiver))
            else {
                continue;
            };
            let Some(called) = program.find(loader, member.owner) else { continue };
            for known in candidates {
                let fits = known.desc.is_none_or(|desc| desc == program.text(member.desc))
                    && program.has_supertype_of_name(called, known.owner);
                let is_put = known.value.is_some();
                if fits
                    && found.is_none_or(|before| is_put && !before.is_put)
                    && is_same_call(program, body, known, args)
                    && (!known.is_element || returns(program, body, i))
                {
                    found = Some(Forwarder { method: id, api: known.api, is_put, field });
                }
            }
        }
        found
    }

    /// The field of the method's own object that a value is read from.
    fn own_container(&self, class: ClassId, body: Origins<'_>, value: ValueId) -> Option<FieldId> {
        let program = self.program;
        let refs = program.refs(program.class(class).loader);
        let own = |leaf| {
            let (_, read) = body.event(leaf).filter(|(_, e)| e.kind == EventKind::GetField)?;
            let field = refs.field(read.member()?).filter(|f| program.class_of_field(*f) == class)?;
            body.leaves(body.arg(read, 0)).all(|l| l == Value::Param(0)).then_some(field)
        };
        let fields = body.leaves(value).map(own).collect::<Option<Vec<_>>>()?;
        fields.first().copied()
    }
}

/// Whether a method is given the same as the container, in the same places, and all of it of any type.
fn is_same_call(program: &Program<'_>, body: Origins<'_>, known: &Known<'_>, args: &[ValueId]) -> bool {
    let desc = program.text(body.method.desc);
    let places: Vec<u8> = known.key.into_iter().chain(known.value).collect();
    if places.is_empty() {
        return params(desc).next().is_none() && args.len() == 1;
    }
    places.iter().all(|place| {
        let param = u16::from(*place) + 1;
        let is_any = params(desc).nth(usize::from(*place)).is_some_and(|p| p.0 == ANY);
        let passed = args.get(usize::from(param));
        is_any && passed.is_some_and(|v| body.leaves(*v).all(|leaf| leaf == Value::Param(param)))
    })
}

/// Whether a method returns what one of its events yields.
fn returns(program: &Program<'_>, body: Origins<'_>, event: u32) -> bool {
    return_type(program.text(body.method.desc)).is_reference()
        && body.events().iter().filter(|e| e.kind == EventKind::Return).any(|e| {
            body.args(e).iter().flat_map(|v| body.leaves(*v)).any(|leaf| {
                let cast = body.event(leaf).filter(|(_, e)| e.kind == EventKind::CheckCast);
                let is_it = |leaf: Value| leaf == Value::Event(event);
                is_it(leaf) || cast.is_some_and(|(_, e)| body.leaves(body.arg(e, 0)).any(is_it))
            })
        })
}

/// Supertypes of one class that are looked at.
const MAX_ABOVE: usize = 256;
/// Makers of containers that keep what they are given weakly.
const WEAK: &str = "weak-container";
/// The package of the JDK's containers.
const UTILITIES: &str = "java/util/";
/// Roots of the JDK's containers.
const ROOTS: [&str; 3] = ["java/util/Map", "java/util/Collection", "java/util/Dictionary"];
/// What a type variable without a bound becomes (JLS 4.6).
const ANY: &str = "Ljava/lang/Object;";
