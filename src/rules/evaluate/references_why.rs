//! Why a reference fails: what of it is due to others being there.

use super::matches::{Match, Spot};
use super::references::Broken;
use super::references_packages::Packages;
use crate::dataflow::World;
use crate::facts::{ClassFacts, Event, EventKind, MemberRef, NO_NAME, Part, UnitFacts};
use crate::program::link::NO_CLASS;
use crate::program::{Failure, FailureKind, Linkage};
use crate::rules::rule::LinkCause;
use crate::topology::Target;
use crate::vocabulary::descriptor::element_of_class_constant;
use crate::vocabulary::{ClassId, LoaderId, Name, TenantId};
use rustc_hash::FxHashMap;

/// All class files, on anybody's path, with one of the names that failures are about.
pub(super) struct Copies {
    rows: FxHashMap<Name, Vec<(Part, usize)>>,
}

impl Copies {
    /// Looks at all class files once.
    pub(super) fn of(world: &World<'_>, failures: impl Iterator<Item = Failure>) -> Self {
        let program = world.program;
        let mut rows = FxHashMap::<Name, Vec<(Part, usize)>>::default();
        for failure in failures {
            for class in with_ancestors(world, failure.found) {
                rows.entry(program.class_facts(class).name).or_default();
            }
            if failure.name != NO_NAME {
                rows.entry(failure.name).or_default();
            }
        }
        for part in &program.facts.parts {
            let unit = &program.facts.units[part.unit];
            for (row, class) in unit.classes.iter().enumerate() {
                if let Some(copies) = rows.get_mut(&class.name) {
                    copies.push((*part, row));
                }
            }
        }
        Self { rows }
    }

    /// The first archive that has a copy of a class.
    pub(super) fn archive(&self, name: Name) -> Option<usize> {
        self.rows.get(&name)?.first().map(|(part, _)| part.archive)
    }

    /// The tenants that have a copy of a class that does.
    fn holders(
        &self,
        world: &World<'_>,
        name: Name,
        does: impl Fn(usize, &UnitFacts, &ClassFacts) -> bool,
    ) -> Vec<TenantId> {
        let program = world.program;
        let mut tenants = Vec::new();
        for (part, row) in self.rows.get(&name).into_iter().flatten() {
            let unit = &program.facts.units[part.unit];
            let Some(class) = unit.classes.get(*row) else { continue };
            if does(part.unit, unit, class) {
                let elements = program.topology.loaders.iter().flat_map(|l| &l.path);
                tenants.extend(elements.filter(|e| e.archive == part.archive).map(|e| e.tenant));
            }
        }
        tenants.sort_unstable();
        tenants.dedup();
        tenants
    }
}

/// Fills in the causes and holders of a row. Gives the sites at which it is proved to happen, if it takes a proof.
pub(super) fn why(
    world: &World<'_>,
    linkage: &Linkage<'_>,
    copies: &Copies,
    packages: &Packages<'_>,
    found: &Match,
    row: &mut Broken,
) -> Vec<Spot> {
    let failure = row.failure;
    // The class that asks: the one with the instruction, or one that it names and that can't be linked.
    let user = if failure.broken == NO_CLASS { found.class } else { failure.broken };
    if user == NO_CLASS || failure.kind == FailureKind::Unimplemented {
        return Vec::new();
    }
    row.holders = holders(world, copies, row);
    if !row.holders.is_empty() {
        row.causes.push(LinkCause::OtherCopy);
    }
    if is_of_another(world, user, failure.found) {
        row.causes.push(LinkCause::OtherApplication);
    }
    let program = world.program;
    match failure.kind {
        FailureKind::MissingClass if packages.has_package_of(program, failure.name) => {
            row.causes.push(LinkCause::KnownPackage);
        }
        FailureKind::InaccessibleClass | FailureKind::InaccessibleMember
            if is_split(world, linkage, user, row) =>
        {
            row.causes.push(LinkCause::TwoLoaders);
        }
        FailureKind::LoaderConstraint => {
            row.causes.push(LinkCause::TwoLoaders);
            let proved = found.spots.iter().filter(|spot| both_load(world, spot, failure));
            let proved: Vec<Spot> = proved.copied().collect();
            if failure.is_sure && !proved.is_empty() {
                row.causes.push(LinkCause::Proved);
                return proved;
            }
        }
        _ => {}
    }
    if row.causes.is_empty() {
        row.causes.push(LinkCause::Itself);
    }
    Vec::new()
}

/// Per loader: whether an archive on its way of looking a class up could not be read in full.
pub(super) fn unread_views(world: &World<'_>) -> Vec<bool> {
    let loaders = &world.program.topology.loaders;
    let is_unread = |archive: usize| world.archives.get(archive).is_some_and(|a| a.is_incomplete);
    let mut views: Vec<bool> =
        loaders.iter().map(|loader| loader.path.iter().any(|e| is_unread(e.archive))).collect();
    // Loaders delegate at most through all others.
    for _ in 0..loaders.len() {
        for (i, loader) in loaders.iter().enumerate() {
            views[i] |= loader.class_steps.iter().any(|step| match step.target {
                Target::Loader(other) => views.get(other.index()).copied().unwrap_or(false),
                Target::Own => false,
            });
        }
    }
    views
}

/// Whether what is missing may be in an archive that could not be read in full.
pub(super) fn may_be_unread(world: &World<'_>, unread: &[bool], found: &Match, row: &Broken) -> bool {
    use FailureKind::{MissingClass, MissingField, MissingMethod};
    let program = world.program;
    let is_unread = |loader: LoaderId| unread.get(loader.index()).copied().unwrap_or(false);
    matches!(row.failure.kind, MissingClass | MissingMethod | MissingField)
        && [found.class, row.failure.broken]
            .into_iter()
            .any(|class| class != NO_CLASS && is_unread(program.class(class).loader))
}

/// The tenants that have what is asked for, in a copy that the code does not get.
fn holders(world: &World<'_>, copies: &Copies, row: &Broken) -> Vec<TenantId> {
    let program = world.program;
    let failure = row.failure;
    if matches!(failure.kind, FailureKind::MissingClass | FailureKind::LoaderConstraint) {
        return copies.holders(world, failure.name, |_, _, _| true);
    }
    let member = row.member.map(|m| program.facts.members.get(m));
    let mut tenants = Vec::new();
    for class in with_ancestors(world, failure.found) {
        let name = program.class_facts(class).name;
        let own = program.class(class);
        tenants.extend(copies.holders(world, name, |u, unit, facts| {
            let is_it = u == own.unit.index() && facts.methods == program.class_facts(class).methods;
            !is_it && does(program.class_facts(class), unit, facts, failure, member)
        }));
    }
    tenants.sort_unstable();
    tenants.dedup();
    tenants
}

/// Whether another copy of a class would do.
fn does(
    found: &ClassFacts,
    unit: &UnitFacts,
    copy: &ClassFacts,
    failure: Failure,
    member: Option<MemberRef>,
) -> bool {
    let Some(member) = member else {
        let differs = copy.access != found.access;
        return differs && failure.kind != FailureKind::InaccessibleMember;
    };
    let methods = copy.methods.of(&unit.methods).iter();
    let method = methods.clone().find(|m| (m.name, m.desc) == (member.name, member.desc)).map(|m| m.access);
    let fields = copy.fields.of(&unit.fields).iter();
    let field = fields.clone().find(|f| (f.name, f.desc) == (member.name, member.desc)).map(|f| f.access);
    let Some(access) = method.or(field) else { return false };
    match failure.kind {
        FailureKind::InaccessibleMember => access.is_public(),
        FailureKind::FinalField => !access.is_final(),
        _ => true,
    }
}

/// Whether a class that decides belongs to another tenant than the one that asks.
fn is_of_another(world: &World<'_>, user: ClassId, found: ClassId) -> bool {
    let program = world.program;
    let own = program.tenant_of(user);
    with_ancestors(world, found).into_iter().any(|c| program.tenant_of(c) != own)
}

/// A class and its supertypes, the JDK's left out; none for [`NO_CLASS`].
fn with_ancestors(world: &World<'_>, class: ClassId) -> Vec<ClassId> {
    let mut found = Vec::new();
    if class != NO_CLASS && !world.program.is_jdk(class) {
        found.push(class);
    }
    let mut at = 0;
    while let Some(next) = found.get(at).copied() {
        at += 1;
        for above in world.program.supers(next) {
            if !world.program.is_jdk(above) && !found.contains(&above) {
                found.push(above);
            }
        }
    }
    found
}

/// Whether what is inaccessible would not be if one loader had both classes.
fn is_split(world: &World<'_>, linkage: &Linkage<'_>, user: ClassId, row: &Broken) -> bool {
    let program = world.program;
    let declaring = row.failure.found;
    let is_private = row.member.is_some_and(|m| {
        let member = program.facts.members.get(m);
        let method = program.declared_method(declaring, member.name, member.desc);
        let fields =
            program.fields_of(declaring).find(|(_, f)| (f.name, f.desc) == (member.name, member.desc));
        method.map_or(fields.is_some_and(|f| f.1.access.is_private()), |m| {
            program.method(m).access.is_private()
        })
    });
    program.class(user).loader != program.class(declaring).loader
        && linkage.has_same_package_name(user, declaring)
        && (!is_private || is_nest_by_name(world, user, declaring))
}

fn is_nest_by_name(world: &World<'_>, a: ClassId, b: ClassId) -> bool {
    let host = |class: ClassId| {
        let facts = world.program.class_facts(class);
        if facts.nest_host == NO_NAME { facts.name } else { facts.nest_host }
    };
    host(a) == host(b)
}

/// Whether a call's method, and what it calls, both make their loaders load the class they disagree about.
fn both_load(world: &World<'_>, spot: &Spot, failure: Failure) -> bool {
    let program = world.program;
    let body = world.body(spot.method);
    let Some(event) = world.event(spot.method, spot.event) else { return false };
    let refs = program.refs(program.class(body.class).loader);
    let Some(called) = event.member().filter(|_| event.kind.has_method()).and_then(|m| refs.method(m)) else {
        return false;
    };
    let before = &body.origins.events()[..usize::from(spot.event)];
    before.iter().any(|e| loads(world, e, failure.name))
        && world.body(called).origins.events().iter().any(|e| loads(world, e, failure.name))
}

/// Whether an event is sure to make the loader of its class load the class of this name.
fn loads(world: &World<'_>, event: &Event, name: Name) -> bool {
    let program = world.program;
    let named = match event.kind {
        EventKind::New | EventKind::NewArray | EventKind::ClassLiteral => event.name(),
        kind if kind.is_invoke() || kind.has_field() => {
            event.member().map(|m| program.facts.members.get(m).owner)
        }
        _ => None,
    };
    named.is_some_and(|named| element_of_class_constant(program.text(named)) == Some(program.text(name)))
}
