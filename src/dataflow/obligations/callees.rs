//! What calls do to their operands: by the models, or by looking into the callee.

mod answers;
mod bodies;
mod known;
mod own;
mod steps;

use super::acquire::{is_auto_closeable, made_by, result_class};
use super::closing;
use super::holders::Kept;
use super::memory;
use super::summaries::{Summaries, Yielded};
use super::uses::Use;
use crate::dataflow::exceptions::{BodyThrows, Exceptions, Reading, Thrown};
use crate::dataflow::knowledge::{ResourceId, Role, Subject, groups};
use crate::dataflow::operands::Operands;
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, LoaderId, MemberRefId, MethodId, Name, ValueId, descriptor};
pub(super) use answers::Answers;
use rustc_hash::FxHashSet;
use std::cell::Cell;
use std::rc::Rc;

/// Callees looked into below one another.
const MAX_DEPTH: u32 = 5;
/// Callees below one another that are searched for the release of a lock.
const RELEASE_DEPTH: u32 = 3;
/// Packages of the platform whose objects keep what they are given, and those below them that don't.
const KEEPERS: [&str; 2] = ["java/lang", "java/util"];
const LENDERS: [&str; 2] = ["java/util/jar", "java/util/zip"];
/// How methods are named that release what they are given: a name, or its beginning before a capital.
const CLOSERS: [&str; 6] = ["cleanup", "close", "destroy", "dispose", "quietClose", "release"];
/// Overriders looked at for one call.
pub(super) const MAX_TARGETS: usize = 12;

/// What a method does to what it is given as one parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Effect {
    /// Some path releases it.
    pub(super) releases: bool,
    /// Some path stores it where it may outlive the call, or nobody knows.
    pub(super) escapes: bool,
    /// Some path hands it to a method of which nothing is known.
    pub(super) lends: bool,
    /// It is kept by the receiver, which releases it with itself.
    pub(super) into_receiver: bool,
    /// The result is it, or releases it.
    pub(super) into_result: bool,
    /// An exception may leave the method with it open.
    pub(super) open_on_exception: bool,
    /// Some event releases it, whether or not a path leads there.
    pub(super) guards: bool,
    /// Takes what has to be given back.
    pub(super) opens: bool,
    /// It escapes into the object that the constructor makes, and nowhere else.
    pub(super) is_held: bool,
}

const UNKNOWN: Effect = Effect {
    releases: false,
    escapes: false,
    lends: true,
    into_receiver: false,
    into_result: false,
    open_on_exception: false,
    guards: false,
    opens: false,
    is_held: false,
};

/// Which parameters of a method a call gives a constant that the method asks for, and which of these are zero: a bit for
/// each parameter.
pub(super) type Flags = (u32, u32);

/// Tables of API groups, looked up once.
struct Groups<'w> {
    closes_argument: &'w [bool],
    borrows_argument: &'w [bool],
    same_as_receiver: &'w [bool],
    released_with_receiver: &'w [bool],
    jvm_exit: &'w [bool],
    held_test: &'w [bool],
    closed_test: &'w [bool],
    open_test: &'w [bool],
    fails_when_closed: &'w [bool],
}

/// What a method does to a parameter, and whether that may be more if releases fail.
#[derive(Clone, Copy)]
struct KnownEffect {
    effect: Effect,
    is_spared: bool,
}

/// Answers about callees, remembered for one part of the analysis. Made once for many methods, of which
/// [`begin`](Self::begin) tells the next.
pub(super) struct Callees<'c, 'w> {
    pub(super) world: &'w World<'w>,
    exceptions: &'c Exceptions<'w>,
    pub(super) summaries: &'c Summaries,
    groups: Groups<'w>,
    /// Types through which resources are used, whatever their implementations do with themselves.
    used_through: FxHashSet<Name>,
    /// Name and descriptor of what the language calls to close an object.
    close: Option<(Name, Name)>,
    effects: Answers<(MethodId, u16, bool, Flags), KnownEffect>,
    throws: Answers<(MethodId, Reading), Rc<BodyThrows<'c, 'w>>>,
    operands: Answers<MethodId, Rc<Operands>>,
    depth: Cell<u32>,
    /// Whether something was left out of what was asked last that counts if releases may fail.
    is_spared: Cell<bool>,
    /// Collections that a body makes, each with whether all that it holds is lost with it.
    lost_containers: Answers<(MethodId, Value), bool>,
    /// Whether a class is one whose objects are to be closed.
    closeable: Answers<ClassId, bool>,
    /// Whether a class releases with itself what it keeps in a field.
    released_fields: Answers<(ClassId, FieldId), bool>,
    /// Whether a method gives something back.
    giving_back: Answers<MethodId, bool>,
    /// Whether what a constructor makes is its caller's to close.
    owed: Answers<MethodId, bool>,
    /// What becomes of what is kept in a field, and of constructors' parameters that their objects keep.
    pub(super) kept_in_fields: Answers<FieldId, Kept>,
    pub(super) holders: Answers<(MethodId, u16), Kept>,
    /// Questions of that kind that are asked for one another.
    pub(super) holder_depth: Cell<u32>,
    /// Whether a method yields what is there already, at most so many calls further.
    pub(super) handing_out: Answers<(MethodId, u32), bool>,
    /// Whether nobody has to declare an exception.
    pub(super) unchecked: Answers<(LoaderId, Thrown), bool>,
    /// Steps that the present method may take, and those that it has taken.
    n_allowed: Cell<u64>,
    n_spent: Cell<u64>,
}

impl<'c, 'w> Callees<'c, 'w> {
    pub(super) fn new(
        world: &'w World<'w>,
        exceptions: &'c Exceptions<'w>,
        summaries: &'c Summaries,
    ) -> Self {
        let group = |name| world.knowledge.group(name);
        let groups = Groups {
            closes_argument: group(groups::CLOSES_ARGUMENT),
            borrows_argument: group(groups::BORROWS_ARGUMENT),
            same_as_receiver: group(groups::SAME_AS_RECEIVER),
            released_with_receiver: group(groups::RELEASED_WITH_RECEIVER),
            jvm_exit: group(groups::JVM_EXIT),
            held_test: group(groups::HELD_TEST),
            closed_test: group(groups::CLOSED_TEST),
            open_test: group(groups::OPEN_TEST),
            fails_when_closed: group(groups::FAILS_WHEN_CLOSED),
        };
        let find = |text: &str| world.program.facts.names.find(text);
        let resources = world.knowledge.tables.resources.iter();
        let used_through = resources.flat_map(|r| &r.used_through).filter_map(|name| find(name)).collect();
        Self {
            world,
            exceptions,
            summaries,
            groups,
            used_through,
            close: find("close").zip(find("()V")),
            effects: Answers::default(),
            throws: Answers::default(),
            operands: Answers::default(),
            depth: Cell::new(0),
            is_spared: Cell::new(false),
            lost_containers: Answers::default(),
            closeable: Answers::default(),
            released_fields: Answers::default(),
            giving_back: Answers::default(),
            owed: Answers::default(),
            kept_in_fields: Answers::default(),
            holders: Answers::default(),
            holder_depth: Cell::new(0),
            handing_out: Answers::default(),
            unchecked: Answers::default(),
            n_allowed: Cell::new(u64::MAX),
            n_spent: Cell::new(0),
        }
    }

    /// What the events of a body may throw.
    pub(super) fn throws(&self, body: Body<'_>, reading: Reading) -> Rc<BodyThrows<'c, 'w>> {
        let find = || Rc::new(self.exceptions.of_body(self.world.body(body.id), reading));
        self.throws.get_or_find((body.id, reading), find)
    }

    /// Where a body has which values.
    pub(super) fn operands(&self, body: Body<'_>) -> Rc<Operands> {
        self.operands.get_or_find(body.id, || Rc::new(Operands::of(body)))
    }

    /// Whether all that a collection holds which a body makes is lost with it.
    pub(super) fn is_lost(&self, body: Body<'_>, container: Value, find: impl FnOnce() -> bool) -> bool {
        self.lost_containers.get_or_find((body.id, container), find)
    }

    /// Notes that something was left out that counts if releases may fail.
    pub(super) fn spare(&self) {
        self.is_spared.set(true);
    }

    /// Whether something was left out since the last time that this was asked.
    pub(super) fn has_spared(&self) -> bool {
        self.is_spared.replace(false)
    }

    /// Whether the language closes instances of a class by itself.
    pub(super) fn is_closeable(&self, class: ClassId) -> bool {
        self.closeable.get_or_find(class, || is_auto_closeable(self.world, class))
    }

    /// Whether an event runs a constructor.
    pub(super) fn is_constructor(&self, event: &Event) -> bool {
        let name = || event.member().map(|m| self.world.program.facts.members.get(m).name);
        event.kind == EventKind::InvokeSpecial && name().is_some_and(|n| self.world.program.is_constructor(n))
    }

    /// Whether a method gives something back: see [`closing::gives_back`].
    pub(super) fn gives_back(&self, method: MethodId) -> bool {
        self.giving_back.get_or_find(method, || closing::gives_back(self, method))
    }

    /// Whether a call runs, a few levels deep, a method that releases this resource of the same field and does not
    /// acquire it itself: the other half of a pair.
    pub(super) fn calls_release_of(
        &self,
        body: Body<'_>,
        event: &Event,
        resource: ResourceId,
        field: FieldId,
    ) -> bool {
        let targets = |body: Body<'_>, event: &Event, depth: u32| {
            let targets = self.targets(body, event, MAX_TARGETS).unwrap_or_default();
            targets.into_iter().map(move |t| (t, depth)).collect::<Vec<_>>()
        };
        let mut waiting = targets(body, event, 1);
        let mut seen: Vec<MethodId> = Vec::new();
        while let Some((method, depth)) = waiting.pop() {
            if seen.contains(&method) {
                continue;
            }
            seen.push(method);
            let callee = self.world.body(method);
            if !self.spend(callee.origins.events().len()) {
                return false;
            }
            let calls = || callee.origins.events().iter().filter(|e| e.kind.is_invoke());
            let releases = |e: &Event| {
                let args = callee.origins.args(e);
                self.is_release_of(callee, e, resource)
                    && args.iter().any(|v| self.field_behind(callee, *v) == Some(field))
            };
            if calls().any(releases) {
                return !calls().any(|e| self.has_role(callee, e, Role::Acquire(resource)));
            }
            if depth < RELEASE_DEPTH {
                waiting.extend(calls().flat_map(|e| targets(callee, e, depth + 1)));
            }
        }
        false
    }

    /// The deployed methods that a call may run. The receiver of a call that is run exists, though nobody may have
    /// seen it made: with no object known, all classes count.
    pub(super) fn targets(&self, body: Body<'_>, event: &Event, limit: usize) -> Option<Vec<MethodId>> {
        let known = self.world.targets(body, event, limit)?;
        if known.is_empty() { self.world.all_targets(body, event, limit) } else { Some(known) }
    }

    /// The field that a value is read from, or that the object is read from whose method yields it.
    pub(super) fn field_behind(&self, body: Body<'_>, value: ValueId) -> Option<FieldId> {
        let refs = self.world.program.refs(self.world.program.class(body.class).loader);
        let mut value = value;
        for _ in 0..MAX_DEPTH {
            let (_, made) = body.origins.leaves(value).find_map(|leaf| body.origins.event(leaf))?;
            match made.kind {
                EventKind::GetField | EventKind::GetStatic => return refs.field(made.member()?),
                kind if kind.has_receiver() => value = body.origins.arg(made, 0),
                _ => return None,
            }
        }
        None
    }

    /// The resources that the caller of a deployed method gets and has to release.
    pub(super) fn yielded(&self, body: Body<'_>, event: &Event) -> Vec<Yielded> {
        let loader = self.world.program.class(body.class).loader;
        let resolved = event.member().and_then(|m| self.world.program.refs(loader).method(m));
        if !resolved.is_some_and(|target| self.summaries.may_yield(target)) {
            return Vec::new();
        }
        let targets = self.targets(body, event, MAX_TARGETS).unwrap_or_default();
        let mut of_targets = targets.iter().map(|t| self.summaries.yields(*t));
        let Some(first) = of_targets.next() else { return Vec::new() };
        if of_targets.all(|other| !other.is_empty()) { first.to_vec() } else { Vec::new() }
    }

    /// What a call does to its operand at `position`.
    pub(super) fn use_at(
        &self,
        body: Body<'_>,
        i: usize,
        event: &Event,
        position: usize,
        releases_fail: bool,
    ) -> Use {
        let Some(member) = event.member() else { return Use::Escapes };
        let is_receiver = event.kind.has_receiver() && position == 0;
        if let Some(known) = self.by_models(body, i, event, member, position) {
            return known;
        }
        if is_receiver && self.is_constructor(event) {
            return Use::Keeps;
        }
        let program = self.world.program;
        let resolved = program.refs(program.class(body.class).loader).method(member);
        let is_deployed = resolved.is_some_and(|t| !program.is_jdk(program.class_of_method(t)));
        // What has no part in releasing it is its implementation's own business.
        let is_looked_into = !is_receiver || !self.is_used_through(member);
        if is_deployed
            && is_looked_into
            && let Some(known) = self.by_bodies(body, i, event, position, releases_fail)
        {
            return known;
        }
        match is_receiver {
            true if resolved.is_none() && self.is_named_release(member) => Use::Releases,
            true if self.is_fluent(body, event, member) => Use::Becomes(Value::Event(i as u32)),
            true => Use::Keeps,
            false if resolved.is_none() && self.is_named_closer(member) => Use::Releases,
            false if resolved.is_some_and(|t| self.is_of_a_keeper(t)) => Use::Escapes,
            false => Use::Lends,
        }
    }

    fn by_models(
        &self,
        body: Body<'_>,
        i: usize,
        event: &Event,
        member: MemberRefId,
        position: usize,
    ) -> Option<Use> {
        let world = self.world;
        let loader = world.program.class(body.class).loader;
        let offset = usize::from(event.kind.has_receiver());
        let is_receiver = offset == 1 && position == 0;
        let result = Value::Event(i as u32);
        let mut hands_out = None;
        for (role, _) in world.knowledge.roles(loader, member) {
            match role {
                Role::Release(_) => return Some(Use::Releases),
                // Whoever takes it over releases it at its own time.
                Role::Manager(row) => {
                    let manager = world.knowledge.tables.managers.get(usize::from(row))?;
                    if manager.subject.operand(offset == 1) == Some(position) {
                        return Some(Use::Escapes);
                    }
                }
                Role::Wrapper(row) => {
                    let wrapper = world.knowledge.tables.wrappers.get(usize::from(row))?;
                    if wrapper.args.iter().any(|a| usize::from(*a) + offset == position) {
                        let made = made_by(self, body, i, event);
                        let face = if wrapper.closes { Use::Becomes } else { Use::HandsOut };
                        return Some(made.map_or(Use::Keeps, face));
                    }
                }
                Role::Open(_) if is_receiver => return Some(Use::Opens),
                Role::OpenOnSuccess(_) if is_receiver => return Some(Use::OpensUnlessThrown),
                Role::NotOwned(_) if is_receiver => hands_out = Some(Use::Becomes(result)),
                Role::Acquire(_) if is_receiver => hands_out = hands_out.or(Some(Use::Keeps)),
                _ => {}
            }
        }
        if let Some(api) = world.knowledge.api_in(self.groups.closes_argument, loader, member) {
            let acts_on = world.knowledge.tables.apis.get(usize::from(api)).and_then(|a| a.acts_on);
            if acts_on.unwrap_or(Subject::Argument(0)).operand(offset == 1) == Some(position) {
                return Some(Use::Releases);
            }
        }
        if is_receiver {
            return match () {
                () if self.is_in(self.groups.released_with_receiver, body, member) => {
                    Some(Use::HandsOut(result))
                }
                () if self.is_in(self.groups.same_as_receiver, body, member) => Some(Use::Becomes(result)),
                () => hands_out,
            };
        }
        self.is_in(self.groups.borrows_argument, body, member).then_some(Use::Keeps)
    }

    /// Whether a call is of a type through which whoever has a resource uses it.
    fn is_used_through(&self, member: MemberRefId) -> bool {
        self.used_through.contains(&self.world.program.facts.members.get(member).owner)
    }

    /// Whether a method that was not found is named as one that releases what it is given: `closeQuietly`.
    fn is_named_closer(&self, member: MemberRefId) -> bool {
        let program = self.world.program;
        let name = program.text(program.facts.members.get(member).name);
        let begins =
            |word: &str| name.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_lowercase));
        CLOSERS.iter().any(|word| begins(word))
    }

    /// For a call that nothing is known of but its name.
    fn is_named_release(&self, member: MemberRefId) -> bool {
        let program = self.world.program;
        self.world.knowledge.is_release_name(program.text(program.facts.members.get(member).name))
    }

    /// Whether a call on an object that is to be closed yields a stage of it.
    pub(super) fn is_fluent_call(&self, body: Body<'_>, event: &Event) -> bool {
        event.kind.has_receiver() && event.member().is_some_and(|m| self.is_fluent(body, event, m))
    }

    /// Whether a method belongs to what keeps arguments by its nature: collections, threads, references.
    fn is_of_a_keeper(&self, method: MethodId) -> bool {
        let program = self.world.program;
        let class = program.class_of_method(method);
        let package = descriptor::package_of(program.class_name(class));
        let is_below = |root: &&str| {
            package.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        program.is_jdk(class) && KEEPERS.iter().any(&is_below) && !LENDERS.iter().any(is_below)
    }

    /// A builder or stream that returns itself, or a stage after itself, under a type that is to be closed.
    fn is_fluent(&self, body: Body<'_>, event: &Event, member: MemberRefId) -> bool {
        let program = self.world.program;
        let owner = program.find(program.class(body.class).loader, program.facts.members.get(member).owner);
        let (Some(owner), Some(result)) = (owner, result_class(self.world, body, event)) else {
            return false;
        };
        self.is_closeable(result) && (program.is_subtype(owner, result) || program.is_subtype(result, owner))
    }

    /// Whether what a constructor call makes is its caller's to close: its `close` is the deployment's own and gives
    /// something back, and neither does the constructor hand the object to others nor is it a wrapper around something
    /// that is closed instead.
    pub(super) fn must_be_closed(&self, body: Body<'_>, event: &Event, class: ClassId) -> bool {
        let program = self.world.program;
        let target = event.member().and_then(|m| program.refs(program.class(body.class).loader).method(m));
        target.is_some_and(|constructor| {
            self.owed.get_or_find(constructor, || self.is_owed(constructor, class, u16::from(event.n_args)))
        })
    }

    fn is_owed(&self, constructor: MethodId, class: ClassId, n_args: u16) -> bool {
        let close =
            self.close_of(class).filter(|close| !memory::is_all_that_close_touches(self, class, *close));
        let is_wrapper = || (1..n_args).any(|param| self.effect(constructor, param, false).into_receiver);
        close.is_some() && {
            let own = self.effect(constructor, 0, false);
            !own.escapes && !own.lends && !is_wrapper()
        }
    }

    /// The deployed `close` of a class.
    pub(super) fn close_of(&self, class: ClassId) -> Option<MethodId> {
        let program = self.world.program;
        let (name, desc) = self.close?;
        program.find_method(class, name, desc).filter(|m| program.method(*m).has_body)
    }
}

/// Whether an event's first operand is the receiver of the body.
pub(super) fn is_this(body: Body<'_>, event: &Event) -> bool {
    !body.method.access.is_static()
        && body.origins.unit.value(body.method, body.origins.arg(event, 0)) == Value::Param(0)
}
