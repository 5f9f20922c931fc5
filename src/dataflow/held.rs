//! Objects that a static field, a bean container or the service loader holds: their instance fields are shared as a static is.

mod beans;
mod boxes;
mod given;
mod owners;
mod providers;

use super::knowledge::Subject;
use super::origins::{self, Origin};
use super::{Changes, How, World};
use crate::facts::{Event, EventKind, NO_NAME};
use crate::program::link::NO_CLASS;
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, Parallel, ValueId};
use boxes::{Boxes, Stores, stores_into};
use owners::add_with_supers;
use rustc_hash::{FxHashMap, FxHashSet};

/// What keeps an object for the whole JVM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    /// A static field.
    Static(FieldId),
    /// The service loader, which makes one provider for all who ask: the archive that holds the class names it under
    /// `META-INF/services`.
    ServiceLoader,
    /// A bean container, which makes one object for all who ask it.
    Bean,
}

/// A class whose objects are held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holder {
    /// What holds them.
    pub root: Root,
    /// Whether every object of the class that the deployment makes goes into such a field.
    pub is_only: bool,
    /// The same, or into a container that is held.
    pub is_kept: bool,
    /// Whether they are entries of a container that is held: shared by those who ask for the same one.
    pub is_entry: bool,
}

/// The held classes.
#[derive(Default)]
pub struct Held {
    holders: FxHashMap<ClassId, Holder>,
    /// The static fields that hold objects of a class themselves, ascending.
    statics: FxHashMap<ClassId, Vec<FieldId>>,
    /// Classes of what fields of held objects hold, and of entries of held containers.
    parts: FxHashSet<ClassId>,
    /// Where objects are made that go into static fields, into fields of held objects, or into held containers.
    kept: FxHashSet<Site>,
}

/// Rounds of following fields of held objects.
const MAX_DEPTH: usize = 3;
/// Rounds of following fields of objects that are entries of held containers.
const MAX_ENTRY_DEPTH: usize = 2;
/// Key types, as signatures write them, by which each application has entries of its own.
const KEYS_OF_ONE: &[&str] = &["Ljava/lang/ClassLoader;", "Ljava/lang/Thread;"];
/// Key types by which it has, unless the class is one that all share.
const KEYS_BY_CLASS: &[&str] = &["Ljava/lang/Class<", "Ljava/lang/Class;"];

impl Held {
    /// Finds what the static fields of shared classes hold: objects allocated where they are stored, or in what is called
    /// there; then what is put into the containers among them.
    pub fn find(
        world: &World<'_>,
        changes: &Changes<'_>,
        is_candidate: &dyn Fn(FieldId) -> bool,
        parallel: &impl Parallel,
    ) -> Self {
        let mut search = Search::new(world);
        let mut kept = FxHashSet::<Site>::default();
        let mut frontier: Vec<(Root, FieldId)> = (0..world.program.n_fields)
            .map(FieldId::from_index)
            .filter(|f| world.program.field(*f).access.is_static() && is_candidate(*f))
            .map(|f| (Root::Static(f), f))
            .collect();
        search.seen.extend(frontier.iter().map(|(_, f)| *f));
        for bean in beans::shared(world) {
            search.hold(bean, Root::Bean, None, &mut frontier);
        }
        let mut holding = frontier.clone();
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            let stored = each(&frontier, |field| stored(world, field), parallel);
            let passed = each(&frontier, |field| given::to_kept(world, field, &kept), parallel);
            search.hold_all(&frontier, stored, &mut kept, &mut next);
            search.is_given = true;
            search.hold_all(&frontier, passed, &mut kept, &mut next);
            search.is_given = false;
            holding.extend(next.iter().filter(|(_, field)| !search.given.contains(field)));
            frontier = next;
        }
        let in_fields = kept.clone();
        search.is_entry = true;
        for _ in 0..MAX_ENTRY_DEPTH {
            let mut next = Vec::new();
            let put = each(&holding, |field| put_objects(world, changes, field), parallel);
            search.hold_all(&holding, put, &mut kept, &mut next);
            holding = next;
        }
        for provider in providers::kept(world, parallel) {
            search.provide(provider);
        }
        let (loose, mut of_no_container) = loose_allocations(world, &in_fields, &kept, parallel);
        if !world.reach.is_open_world() {
            search.add_others(&mut of_no_container);
        }
        let mut holders = search.holders;
        let parents = search.parents;
        let (statics, parts) = (search.statics, search.parts);
        let classes: Vec<ClassId> = holders.keys().copied().collect();
        for class in classes {
            let Some(holder) = holders.get_mut(&class).filter(|h| h.root != Root::ServiceLoader) else {
                continue;
            };
            holder.is_only = owners::is_only(class, &parents, &loose, 0);
            holder.is_kept = owners::is_only(class, &parents, &of_no_container, 0);
        }
        Self { holders, statics, parts, kept }
    }

    /// Whether the object that is made at an event is seen to be kept: by a static field, a held object or a held container.
    pub fn keeps(&self, method: MethodId, event: u16) -> bool {
        self.kept.contains(&(method, event))
    }

    /// The static fields that hold objects of a class themselves, if none is a part or an entry of something else.
    pub fn only_statics(&self, class: ClassId) -> &[FieldId] {
        let statics = self.statics.get(&class).filter(|_| !self.parts.contains(&class));
        statics.map(Vec::as_slice).unwrap_or_default()
    }

    /// The static fields that hold objects of a class themselves, whatever else holds some.
    pub fn statics(&self, class: ClassId) -> &[FieldId] {
        self.statics.get(&class).map(Vec::as_slice).unwrap_or_default()
    }

    /// The holder of a class's objects, if a field holds them.
    pub fn holder(&self, class: ClassId) -> Option<Holder> {
        self.holder_or_container(class).filter(|h| !h.is_entry)
    }

    /// The holder of a class's objects, if a field or a container in one holds them.
    pub fn holder_or_container(&self, class: ClassId) -> Option<Holder> {
        self.holders.get(&class).copied()
    }
}

/// What `find` finds for each field, in their order.
fn each(
    fields: &[(Root, FieldId)],
    find: impl Fn(FieldId) -> Vec<Stored> + Sync + Send,
    parallel: &impl Parallel,
) -> Vec<Vec<Stored>> {
    const CHUNK: usize = 64;
    let found = parallel.map(fields.len().div_ceil(CHUNK), |chunk| {
        let fields = &fields[chunk * CHUNK..fields.len().min((chunk + 1) * CHUNK)];
        fields.iter().map(|(_, field)| find(*field)).collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

struct Search<'s, 'w> {
    world: &'s World<'w>,
    holders: FxHashMap<ClassId, Holder>,
    /// For what a held object's field holds, the class of that object.
    parents: FxHashMap<ClassId, ClassId>,
    /// Objects that fields of held objects hold: where they are made, their class, and the class of the object.
    owned: Vec<(Site, ClassId, ClassId)>,
    /// Where objects are made that static fields hold, or containers in these.
    in_statics: FxHashSet<Site>,
    /// Where a called method makes objects for whoever stores them, and the methods that store them.
    makers: Vec<(Site, MethodId)>,
    seen: FxHashSet<FieldId>,
    statics: FxHashMap<ClassId, Vec<FieldId>>,
    parts: FxHashSet<ClassId>,
    /// Whether entries of containers are looked at.
    is_entry: bool,
    /// Fields of what held objects are given where they are made, and of what these hold. Others of their classes are
    /// given other things, so what is put into containers there is not followed.
    given: FxHashSet<FieldId>,
    /// Whether what held objects are given is looked at.
    is_given: bool,
}

impl<'s, 'w> Search<'s, 'w> {
    fn new(world: &'s World<'w>) -> Self {
        Self {
            world,
            holders: FxHashMap::default(),
            parents: FxHashMap::default(),
            owned: Vec::new(),
            in_statics: FxHashSet::default(),
            makers: Vec::new(),
            seen: FxHashSet::default(),
            statics: FxHashMap::default(),
            parts: FxHashSet::default(),
            is_entry: false,
            given: FxHashSet::default(),
            is_given: false,
        }
    }
}

impl Search<'_, '_> {
    /// A held object, with the fields of its superclasses.
    fn hold(&mut self, class: ClassId, root: Root, by: Option<FieldId>, next: &mut Vec<(Root, FieldId)>) {
        let program = self.world.program;
        let is_static = by.is_some_and(|f| program.field(f).access.is_static()) && !self.is_entry;
        let owner = by.filter(|f| !program.field(*f).access.is_static()).map(|f| program.class_of_field(f));
        let mut at = class;
        while at != NO_CLASS && !program.is_jdk(at) {
            match by.filter(|_| is_static) {
                Some(field) => {
                    let statics = self.statics.entry(at).or_default();
                    if statics.last() != Some(&field) {
                        statics.push(field);
                    }
                }
                None => {
                    self.parts.insert(at);
                }
            }
            at = program.class(at).super_class;
        }
        let mut at = class;
        while at != NO_CLASS && !program.is_jdk(at) && !self.holders.contains_key(&at) {
            self.holders.insert(at, Holder { root, is_only: false, is_kept: false, is_entry: self.is_entry });
            if let Some(owner) = owner {
                self.parents.insert(at, owner);
            }
            let is_given = self.is_given || by.is_some_and(|f| self.given.contains(&f));
            let fields = program.fields_of(at).filter(|(_, f)| !f.access.is_static());
            for (field, _) in fields.filter(|(id, _)| self.seen.insert(*id)) {
                next.push((root, field));
                if is_given {
                    self.given.insert(field);
                }
            }
            at = program.class(at).super_class;
        }
    }
}

impl Search<'_, '_> {
    /// The objects found for each field of a round, in the order of the fields: who comes first holds a class.
    fn hold_all(
        &mut self,
        fields: &[(Root, FieldId)],
        found: Vec<Vec<Stored>>,
        kept: &mut FxHashSet<Site>,
        next: &mut Vec<(Root, FieldId)>,
    ) {
        for ((root, field), objects) in fields.iter().zip(found) {
            for (class, site, by) in objects {
                kept.insert(site);
                if site.0 != by {
                    self.makers.push((site, by));
                }
                match self.world.program.field(*field).access.is_static() {
                    true => drop(self.in_statics.insert(site)),
                    false => {
                        self.owned.push((site, class, self.world.program.class_of_field(*field)));
                    }
                }
                self.hold(class, *root, Some(*field), next);
            }
        }
    }

    fn provide(&mut self, class: ClassId) {
        let provided = Holder { root: Root::ServiceLoader, is_only: false, is_kept: false, is_entry: false };
        self.holders
            .entry(class)
            .and_modify(|h| {
                if h.is_entry {
                    *h = provided
                }
            })
            .or_insert(provided);
    }
}

/// Classes with an allocation whose object does not go into a static field or a field of a held object, and their
/// superclasses; and those of which it does not go into a held container either.
fn loose_allocations(
    world: &World<'_>,
    in_fields: &FxHashSet<Site>,
    kept: &FxHashSet<Site>,
    parallel: &impl Parallel,
) -> (FxHashSet<ClassId>, FxHashSet<ClassId>) {
    const CHUNK: usize = 1024;
    let n = world.program.classes.len();
    let names = &world.program.facts.names;
    let clone = names.find("clone").zip(names.find("()Ljava/lang/Object;"));
    let parts = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let (mut loose, mut of_no_container) = (FxHashSet::default(), FxHashSet::default());
        for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
            for (site, made) in allocations(world, class, clone).filter(|(site, _)| !in_fields.contains(site))
            {
                loose.insert(made);
                if !kept.contains(&site) {
                    of_no_container.insert(made);
                }
            }
        }
        (loose, of_no_container)
    });
    let (mut loose, mut of_no_container) = (FxHashSet::default(), FxHashSet::default());
    for (in_chunk, of_none) in parts {
        in_chunk.into_iter().for_each(|class| add_with_supers(world, class, &mut loose));
        of_none.into_iter().for_each(|class| add_with_supers(world, class, &mut of_no_container));
    }
    (loose, of_no_container)
}

/// The objects that a class's methods make or copy, as far as their class is found.
fn allocations<'w>(
    world: &'w World<'_>,
    class: ClassId,
    clone: Option<(Name, Name)>,
) -> impl Iterator<Item = (Site, ClassId)> + 'w {
    let loader = world.program.class(class).loader;
    let unit = world.program.unit(class);
    let methods = world.program.methods_of(class).filter(|(id, _)| world.calls.makes_objects(*id));
    methods.flat_map(move |(id, method)| {
        let events = unit.events_of(method).iter().enumerate();
        events.filter_map(move |(e, event)| {
            let made = match event.kind {
                EventKind::New => event.name().and_then(|n| world.program.find(loader, n))?,
                EventKind::InvokeSpecial if is_clone(world, clone, event) => class,
                _ => return None,
            };
            Some(((id, e as u16), made))
        })
    })
}

/// Whether an event calls the `clone` of a superclass: what it yields is of the object's own class (JLS 4.3.2).
fn is_clone(world: &World<'_>, clone: Option<(Name, Name)>, event: &Event) -> bool {
    let member = event.member().map(|m| world.program.facts.members.get(m));
    member.is_some_and(|member| clone == Some((member.name, member.desc)))
}

type Site = (MethodId, u16);
/// An object: its exact class, where it is made, and the method that stores it.
type Stored = (ClassId, Site, MethodId);

/// The objects that writes of a field store: exact class and allocation site. Those of a static are also followed through
/// what the writing body calls; what a constructor is given may belong to another object of the class.
pub fn stored_objects(world: &World<'_>, field: FieldId) -> Vec<(ClassId, Site)> {
    stored(world, field).into_iter().map(|(class, site, _)| (class, site)).collect()
}

fn stored(world: &World<'_>, field: FieldId) -> Vec<Stored> {
    let facts = world.program.field(field);
    if !world.program.text(facts.desc).starts_with('L') {
        return Vec::new();
    }
    let mut found = Vec::new();
    // What a way through many callers comes from need not be what comes here.
    let program = world.program;
    let declared = TypeDesc(program.text(facts.desc)).class();
    let fits = |class: ClassId| declared.is_none_or(|name| program.has_supertype_named(class, name));
    // Writes are in method order.
    let mut boxes: Option<Boxes> = None;
    for access in world.fields.writes(field) {
        let body = world.body(access.method);
        let Some(event) = world.event(access.method, access.event) else { continue };
        let Some(value) = body.origins.args(event).last() else { continue };
        if facts.access.is_static() {
            let made = made_on_the_way(world, access.method, *value).into_iter();
            found.extend(made.filter(|(class, ..)| fits(*class)));
            let known = boxes.take().filter(|known| known.method == access.method);
            let known = boxes.insert(known.unwrap_or_else(|| Boxes::of(world, access.method)));
            found.extend(known.content(world, *value));
            continue;
        }
        let loader = world.program.class(body.class).loader;
        for leaf in body.origins.leaves(*value) {
            if let Some((index, made)) = body.origins.event(leaf)
                && made.kind == EventKind::New
                && let Some(class) = made.name().and_then(|n| world.program.find(loader, n))
            {
                found.push((class, (access.method, index as u16), access.method));
            }
        }
    }
    found
}

/// The objects that are put into a container that a field holds: exact class and allocation site.
fn put_objects(world: &World<'_>, changes: &Changes<'_>, field: FieldId) -> Vec<Stored> {
    let facts = world.program.field(field);
    let signature = if facts.signature == NO_NAME { "" } else { world.program.text(facts.signature) };
    if KEYS_OF_ONE.iter().any(|key| signature.contains(key)) {
        return Vec::new();
    }
    let is_by_class = KEYS_BY_CLASS.iter().any(|key| signature.contains(key));
    let mut found = first_elements(world, field);
    for change in changes.of(field) {
        let (method, event) = change.inside.unwrap_or((change.method, change.event));
        let Some(event) = world.event(method, event) else { continue };
        let args = world.body(method).origins.args(event);
        let position = match change.how {
            How::Container(api) if event.kind.is_invoke() => {
                let facts = world.knowledge.tables.apis.get(usize::from(api));
                let operand = |i| Subject::Argument(i).operand(event.kind.has_receiver());
                let key = facts.and_then(|a| a.key).and_then(operand).and_then(|p| args.get(p));
                if is_by_class && !key.is_some_and(|key| is_shared_class(world, method, *key)) {
                    continue;
                }
                facts.and_then(|a| a.value).and_then(operand)
            }
            How::Array if event.kind == EventKind::ArrayStore => args.len().checked_sub(1),
            _ => None,
        };
        let put = position.and_then(|p| args.get(p));
        found.extend(put.into_iter().flat_map(|put| made_on_the_way(world, method, *put)));
    }
    found
}

/// Whether a key is the literal of classes that all applications share: each that asks by it gets the same entry.
fn is_shared_class(world: &World<'_>, method: MethodId, key: ValueId) -> bool {
    let keys = origins::of_value(world, method, key);
    let is_shared = |origin: &Origin| match origin {
        Origin::ClassLiteral(_, class) => class.is_some_and(|c| world.reach.owner(c).is_none()),
        _ => false,
    };
    !keys.is_empty() && keys.iter().all(|key| is_shared(&key.origin))
}

/// The objects that arrays hold which are written to a field, as far as they are put there where the array is made.
fn first_elements(world: &World<'_>, field: FieldId) -> Vec<Stored> {
    if !world.program.text(world.program.field(field).desc).starts_with("[L") {
        return Vec::new();
    }
    let mut stores: Option<(MethodId, Stores)> = None;
    let mut found = Vec::new();
    for access in world.fields.writes(field) {
        let body = world.body(access.method);
        let Some(event) = world.event(access.method, access.event) else { continue };
        let Some(value) = body.origins.args(event).last() else { continue };
        let known = stores.take().filter(|(method, _)| *method == access.method);
        let (_, known) = stores.insert(known.unwrap_or_else(|| (access.method, stores_into(body))));
        let mut put: Vec<(u16, ValueId)> =
            body.origins.leaves(*value).filter_map(|array| known.get(&array)).flatten().copied().collect();
        put.sort_unstable();
        put.dedup();
        found.extend(put.into_iter().flat_map(|(_, put)| made_on_the_way(world, access.method, put)));
    }
    found
}

fn made_on_the_way(world: &World<'_>, method: MethodId, value: ValueId) -> Vec<Stored> {
    let origins = origins::of_value(world, method, value).into_iter();
    let made = origins.filter(|o| {
        !o.is_derived && world.event(o.method, o.event).is_some_and(|e| e.kind == EventKind::New)
    });
    made.filter_map(|o| match o.origin {
        Origin::Allocation(Some(class)) => Some((class, (o.method, o.event), method)),
        _ => None,
    })
    .collect()
}
