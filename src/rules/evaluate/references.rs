//! References that fail to link, and why they do: matches of `reference` sites, for all rules in one pass.

use super::matches::{Match, Spot, Subject};
use super::references_packages::{MissingPackage, Packages, Wanted};
use super::references_why::{Copies, may_be_unread, unread_views, why};
use crate::dataflow::World;
use crate::dataflow::changes::block_of;
use crate::facts::{Event, EventKind, NO_NAME};
use crate::program::link::NO_CLASS;
use crate::program::{Failure, FailureKind, Linkage};
use crate::rules::rule::{LinkCause, LinkFailure, Rule, Site};
use crate::vocabulary::{ClassId, LoaderId, MemberRefId, MethodId, Parallel, TenantId};
use rustc_hash::FxHashMap;

/// Number of a row of [`References`].
pub(super) type ReferenceId = u32;

/// Something that code of one loader asks for and does not get.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    /// What happens.
    pub failure: Failure,
    /// The member that is asked for, if it is one.
    pub member: Option<MemberRefId>,
    /// The package that is missing as a whole; the failure is that of the first of its classes then.
    pub package: Option<MissingPackage>,
    /// The method that a class does not implement.
    pub unimplemented: Option<MethodId>,
    /// Whether something else fails before it wherever it is asked for, so that it shows only when that is mended.
    pub is_behind: bool,
    /// Why.
    pub causes: Vec<LinkCause>,
    /// The tenants that have what is asked for.
    pub holders: Vec<TenantId>,
    /// The first archive that has the class that is missing.
    pub archive: Option<usize>,
}

/// All of them, with their matches.
#[derive(Default)]
pub(super) struct References {
    pub(super) rows: Vec<Broken>,
    matches: Vec<Match>,
}

/// What one finding is about: the same thing missing in the same view.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'p> {
    loader: LoaderId,
    kind: FailureKind,
    class: ClassId,
    member: Option<MemberRefId>,
    /// The class that is missing, or all of a package.
    wanted: Wanted<'p>,
}

struct Found<'p> {
    key: Key<'p>,
    failure: Failure,
    spot: Spot,
    is_behind: bool,
}

impl References {
    /// The references that rules ask for; none in an open world, where nobody knows what will be beside it.
    pub(super) fn find(world: &World<'_>, rules: &[Rule], parallel: &impl Parallel) -> Self {
        let is_wanted = rules.iter().any(|rule| matches!(rule.site, Site::Reference { .. }));
        if !is_wanted || world.reach.is_open_world() {
            return Self::default();
        }
        let linkage = Linkage::find(world.program, parallel);
        let packages = Packages::of(world.program);
        let mut references = Self::default();
        references.gather(world, &linkage, &packages, parallel);
        super::references_unmet::add(world, &linkage, &mut references, parallel);
        references.explain(world, &linkage, &packages);
        references
    }

    /// The matches of a site.
    pub(super) fn of_site(&self, site: &Site) -> Vec<Match> {
        let Site::Reference { fails } = site else { return Vec::new() };
        let is_meant = |found: &&Match| match found.subject {
            Subject::Reference(id) => self.row(id).is_some_and(|row| fails.contains(&word(row.failure.kind))),
            _ => false,
        };
        self.matches.iter().filter(is_meant).cloned().collect()
    }

    /// A row.
    pub(super) fn row(&self, id: ReferenceId) -> Option<&Broken> {
        self.rows.get(id as usize)
    }

    /// The class that a row's finding is reported on.
    pub(super) fn user(&self, id: ReferenceId) -> Option<ClassId> {
        self.matches.get(id as usize).map(|found| found.class)
    }

    fn gather<'p>(
        &mut self,
        world: &World<'p>,
        linkage: &Linkage<'p>,
        packages: &Packages<'p>,
        parallel: &impl Parallel,
    ) {
        const CHUNK: usize = 128;
        let n = world.program.classes.len();
        let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut found = Vec::new();
            for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
                of_class(world, linkage, packages, ClassId::from_index(i), &mut found);
            }
            found
        });
        let mut rows = FxHashMap::<Key<'p>, usize>::default();
        for Found { key, failure, spot, is_behind } in found.into_iter().flatten() {
            let at = *rows.entry(key).or_insert_with(|| {
                self.rows.push(Broken {
                    failure,
                    member: key.member,
                    package: key.wanted.package(),
                    unimplemented: None,
                    is_behind,
                    causes: Vec::new(),
                    holders: Vec::new(),
                    archive: None,
                });
                self.matches.push(empty_match(self.rows.len() - 1));
                self.rows.len() - 1
            });
            if let Some(package) = &mut self.rows[at].package {
                package.classes.insert(failure.name);
            }
            // Where nothing fails before it, it happens.
            if self.rows[at].is_behind && !is_behind {
                self.rows[at].is_behind = false;
                self.matches[at].spots.clear();
            }
            if self.rows[at].is_behind == is_behind {
                self.matches[at].spots.push(spot);
            }
        }
        for (found, row) in self.matches.iter_mut().zip(&mut self.rows) {
            let is_own = |s: &Spot| linkage.link_failure(world.program.class_of_method(s.method)).is_some();
            // Who names a class that can't be linked comes first; its own constructor is for those that nobody names.
            if !found.spots.iter().all(is_own) {
                found.spots.retain(|s| !is_own(s));
            }
            settle(world, found);
            if row.package.is_some() {
                tell_first(world, linkage, found, row);
            }
        }
    }

    /// Adds a match.
    pub(super) fn add(
        &mut self,
        world: &World<'_>,
        row: Broken,
        spots: Vec<Spot>,
        only: Option<Vec<TenantId>>,
    ) {
        self.rows.push(row);
        let mut found = Match { spots, only, ..empty_match(self.rows.len() - 1) };
        settle(world, &mut found);
        self.matches.push(found);
    }

    fn explain(&mut self, world: &World<'_>, linkage: &Linkage<'_>, packages: &Packages<'_>) {
        if self.rows.is_empty() {
            return;
        }
        let copies = Copies::of(world, self.rows.iter().map(|row| row.failure));
        let unread = unread_views(world);
        for (row, found) in self.rows.iter_mut().zip(&mut self.matches) {
            row.archive = copies.archive(row.failure.name);
            let proved = why(world, linkage, &copies, packages, found, row);
            if !proved.is_empty() {
                found.spots = proved;
                settle(world, found);
            }
            if may_be_unread(world, &unread, found, row) {
                row.causes.push(LinkCause::UnreadArchive);
            }
        }
    }
}

/// A finding is reported on the class of its first site: an application's if there is one.
fn settle(world: &World<'_>, found: &mut Match) {
    let program = world.program;
    found.spots.sort_by_key(|s| !program.is_application(program.class_of_method(s.method)));
    if let Some(spot) = found.spots.first() {
        found.class = program.class_of_method(spot.method);
    }
}

fn empty_match(row: usize) -> Match {
    let subject = Subject::Reference(row as ReferenceId);
    Match { subject, class: NO_CLASS, spots: Vec::new(), only: None, holder: None, kept: None, leak: None }
}

/// Of a missing package's classes a finding tells one, the first that is asked for.
fn tell_first(world: &World<'_>, linkage: &Linkage<'_>, found: &mut Match, row: &mut Broken) {
    let failure_at = |spot: &Spot| {
        let class = world.program.class_of_method(spot.method);
        let own = linkage.link_failure(class).map(|failure| Failure { broken: class, ..failure });
        own.or_else(|| linkage.at(spot.method, world.event(spot.method, spot.event)?))
    };
    if let Some(failure) = found.spots.first().and_then(failure_at) {
        row.failure = failure;
        found.spots.retain(|spot| failure_at(spot) == Some(failure));
    }
}

fn of_class<'p>(
    world: &World<'p>,
    linkage: &Linkage<'p>,
    packages: &Packages<'p>,
    class: ClassId,
    found: &mut Vec<Found<'p>>,
) {
    let program = world.program;
    let loader = program.class(class).loader;
    // Nobody defines what another loader on the way already has.
    if program.is_jdk(class) || program.find(loader, program.class_facts(class).name) != Some(class) {
        return;
    }
    let own_failure = linkage.link_failure(class).map(|f| Failure { broken: class, ..f });
    for (id, method) in program.methods_of(class) {
        if world.reach.tenants(id).is_empty() {
            continue;
        }
        let spot = |event: usize| Spot { method: id, event: event as u16, how: None, inside: None };
        // Nothing of a class that can't be linked ever runs; its constructor stands for it.
        if let Some(failure) = own_failure {
            if program.is_constructor(method.name) {
                let key = key(world, packages, class, failure, None);
                found.push(Found { key, failure, spot: spot(0), is_behind: false });
            }
            continue;
        }
        for (i, event) in program.unit(class).events_of(method).iter().enumerate() {
            if let Some(failure) = linkage.at(id, event)
                && !is_guarded(world, id, i as u16, failure)
            {
                let key = key(world, packages, class, failure, member_of(event, failure));
                let is_behind = is_behind(world, linkage, id, i as u16);
                found.push(Found { key, failure, spot: spot(i), is_behind });
            }
        }
    }
}

/// The member that fails, not its class.
fn member_of(event: &Event, failure: Failure) -> Option<MemberRefId> {
    use FailureKind::{
        FinalField, InaccessibleMember, LoaderConstraint, MissingField, MissingMethod, WrongMemberKind,
    };
    let is_of_member = matches!(
        failure.kind,
        MissingMethod | MissingField | WrongMemberKind | InaccessibleMember | FinalField | LoaderConstraint
    );
    event.member().filter(|_| is_of_member && failure.broken == NO_CLASS)
}

fn key<'p>(
    world: &World<'p>,
    packages: &Packages<'p>,
    user: ClassId,
    failure: Failure,
    member: Option<MemberRefId>,
) -> Key<'p> {
    let program = world.program;
    let text = if failure.name == NO_NAME { "" } else { program.text(failure.name) };
    let wanted = match packages.missing_root(text) {
        Some(root) if failure.kind == FailureKind::MissingClass => Wanted::Package(root),
        _ => Wanted::Class(text),
    };
    // Of a library that is not there at all, one class tells as much as all of them, whoever needs it.
    let class = match wanted {
        Wanted::Package(_) => NO_CLASS,
        Wanted::Class(_) if failure.broken == NO_CLASS => failure.found,
        Wanted::Class(_) => failure.broken,
    };
    Key { loader: program.class(user).loader, kind: failure.kind, class, member, wanted }
}

/// Constructors that are entered to see whether they come to their end.
const MAX_DEPTH: usize = 8;

/// Whether an instruction is never come to because one before it in its block fails.
pub(super) fn is_behind(world: &World<'_>, linkage: &Linkage<'_>, method: MethodId, event: u16) -> bool {
    let body = world.body(method);
    let blocks = body.origins.unit.blocks_of(body.method);
    let at = block_of(body.origins.unit, body, event).and_then(|block| blocks.get(usize::from(block)));
    let Some(block) = at else { return false };
    let first = usize::from(block.first_event());
    let before = body.origins.events().get(first..usize::from(event)).unwrap_or(&[]);
    before.iter().any(|event| never_ends(world, linkage, method, event, MAX_DEPTH))
}

/// Whether an event fails, or the constructor that it calls.
fn never_ends(
    world: &World<'_>,
    linkage: &Linkage<'_>,
    method: MethodId,
    event: &Event,
    depth: usize,
) -> bool {
    // What is cast or asked may be null.
    if matches!(event.kind, EventKind::CheckCast | EventKind::InstanceOf) {
        return false;
    }
    if linkage.at(method, event).is_some() {
        return true;
    }
    let program = world.program;
    let refs = program.refs(program.class(program.class_of_method(method)).loader);
    let called =
        event.member().filter(|_| event.kind == EventKind::InvokeSpecial).and_then(|m| refs.method(m));
    let Some(called) = called.filter(|m| depth > 0 && !program.is_jdk(program.class_of_method(*m))) else {
        return false;
    };
    let body = world.body(called);
    let first = body.origins.unit.blocks_of(body.method).first();
    let events = first.map_or(&[][..], |block| body.origins.unit.events_in(body.method, block));
    events.iter().any(|event| never_ends(world, linkage, called, event, depth - 1))
}

/// Whether a method goes on when a reference fails: it catches the error around it.
fn is_guarded(world: &World<'_>, method: MethodId, event: u16, failure: Failure) -> bool {
    const ABOVE: [&str; 3] = ["java/lang/LinkageError", "java/lang/Error", "java/lang/Throwable"];
    const CHANGE: &str = "java/lang/IncompatibleClassChangeError";
    let body = world.body(method);
    let unit = body.origins.unit;
    let Some(block) = block_of(unit, body, event) else { return false };
    let handlers = unit.blocks_of(body.method).get(usize::from(block)).map_or(&[][..], |b| unit.handlers(b));
    let error = failure.kind.error();
    let is_change = !matches!(failure.kind, FailureKind::MissingClass | FailureKind::LoaderConstraint);
    handlers.iter().filter(|h| h.catches != NO_NAME).any(|h| {
        let caught = world.program.text(h.catches);
        ABOVE.contains(&caught)
            || (is_change && caught == CHANGE)
            || caught.strip_prefix("java/lang/").is_some_and(|simple| simple == error)
    })
}

/// The word of the rule format for a kind of failure.
fn word(kind: FailureKind) -> LinkFailure {
    match kind {
        FailureKind::MissingClass => LinkFailure::MissingClass,
        FailureKind::MissingMethod => LinkFailure::MissingMethod,
        FailureKind::MissingField => LinkFailure::MissingField,
        FailureKind::WrongClassKind => LinkFailure::WrongClassKind,
        FailureKind::WrongMemberKind => LinkFailure::WrongMemberKind,
        FailureKind::AbstractClass => LinkFailure::AbstractClass,
        FailureKind::InaccessibleClass => LinkFailure::InaccessibleClass,
        FailureKind::InaccessibleMember => LinkFailure::InaccessibleMember,
        FailureKind::FinalField => LinkFailure::FinalField,
        FailureKind::UnfitSupertype | FailureKind::CircularClass => LinkFailure::UnfitSupertype,
        FailureKind::LoaderConstraint => LinkFailure::LoaderConstraint,
        FailureKind::Unimplemented => LinkFailure::Unimplemented,
    }
}
