//! What calls do to their operands: by the models, or by looking into the callee.

mod bodies;
mod own;

use super::acquire::{is_auto_closeable, is_constructor, made_by, result_class};
use super::holders::Kept;
use super::memory;
use super::summaries::{Summaries, Yielded};
use super::uses::Use;
use crate::dataflow::exceptions::{BodyThrows, Exceptions, Reading};
use crate::dataflow::knowledge::{ResourceId, Role, Subject, groups};
use crate::dataflow::{Body, World};
use crate::facts::{Event, EventKind, Value};
use crate::vocabulary::{ClassId, FieldId, MemberRefId, MethodId, ValueId, descriptor};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
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

/// Answers about callees, remembered for one question of the analysis.
pub(super) struct Callees<'c, 'w> {
    pub(super) world: &'w World<'w>,
    exceptions: &'c Exceptions<'w>,
    summaries: &'c Summaries,
    groups: Groups<'w>,
    effects: RefCell<FxHashMap<(MethodId, u16, bool, Flags), Effect>>,
    throws: RefCell<FxHashMap<(MethodId, Reading), Rc<BodyThrows>>>,
    depth: Cell<u32>,
    /// Collections that a body makes, each with whether all that it holds is lost with it.
    pub(super) lost_containers: RefCell<FxHashMap<(MethodId, Value), bool>>,
    /// What becomes of what is kept in a field, and of constructors' parameters that their objects keep.
    pub(super) kept_in_fields: RefCell<FxHashMap<FieldId, Kept>>,
    pub(super) holders: RefCell<FxHashMap<(MethodId, u16), Kept>>,
    /// Questions of that kind that are asked for one another.
    pub(super) holder_depth: Cell<u32>,
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
        Self {
            world,
            exceptions,
            summaries,
            groups,
            effects: RefCell::default(),
            throws: RefCell::default(),
            depth: Cell::new(0),
            lost_containers: RefCell::default(),
            kept_in_fields: RefCell::default(),
            holders: RefCell::default(),
            holder_depth: Cell::new(0),
        }
    }

    /// What the events of a body may throw.
    pub(super) fn throws(&self, body: Body<'_>, reading: Reading) -> Rc<BodyThrows> {
        let key = (body.id, reading);
        if let Some(known) = self.throws.borrow().get(&key) {
            return Rc::clone(known);
        }
        let throws = Rc::new(self.exceptions.of_body(body, reading));
        self.throws.borrow_mut().insert(key, Rc::clone(&throws));
        throws
    }

    fn is_in(&self, group: &[bool], body: Body<'_>, member: MemberRefId) -> bool {
        let loader = self.world.program.class(body.class).loader;
        self.world.knowledge.api_in(group, loader, member).is_some()
    }

    /// Whether an event ends the JVM.
    pub(super) fn ends_jvm(&self, body: Body<'_>, event: &Event) -> bool {
        event.kind.is_invoke() && event.member().is_some_and(|m| self.is_in(self.groups.jvm_exit, body, m))
    }

    /// Whether a call is given a text that its method was given: the name of an encoding, which may be anything.
    pub(super) fn is_given_text(&self, body: Body<'_>, event: &Event) -> bool {
        self.exceptions.is_given_text(body, event, false)
    }

    /// Whether a call on an object that is open does not fail.
    pub(super) fn fails_only_when_closed(&self, body: Body<'_>, event: &Event) -> bool {
        event.kind.has_receiver()
            && event.member().is_some_and(|m| self.is_in(self.groups.fails_when_closed, body, m))
    }

    /// Whether a value says that the present thread has something.
    pub(super) fn is_held_test(&self, body: Body<'_>, value: ValueId) -> bool {
        let mut made = body.origins.leaves(value).filter_map(|leaf| body.origins.event(leaf));
        made.any(|(_, e)| e.member().is_some_and(|m| self.is_in(self.groups.held_test, body, m)))
    }

    /// The objects that a value tells of whether they are still open, each with whether zero means that they are not.
    pub(super) fn asked_if_open<'b>(
        &'b self,
        body: Body<'b>,
        value: ValueId,
    ) -> impl Iterator<Item = (ValueId, bool)> + 'b {
        let made = body.origins.leaves(value).filter_map(move |leaf| body.origins.event(leaf));
        made.filter(|(_, e)| e.kind.is_invoke() && e.kind.has_receiver()).filter_map(move |(_, e)| {
            let member = e.member()?;
            let is_open_test = self.is_in(self.groups.open_test, body, member);
            let is_test = is_open_test || self.is_in(self.groups.closed_test, body, member);
            is_test.then(|| (body.origins.arg(e, 0), is_open_test))
        })
    }

    /// Whether what a call yields is released with its receiver.
    pub(super) fn is_released_with_receiver(&self, body: Body<'_>, event: &Event) -> bool {
        event.kind.has_receiver()
            && event.member().is_some_and(|m| self.is_in(self.groups.released_with_receiver, body, m))
    }

    /// Whether what a call yields is released with the receiver, or is the receiver by another type.
    pub(super) fn is_part_of_receiver(&self, body: Body<'_>, event: &Event) -> bool {
        let loader = self.world.program.class(body.class).loader;
        let is_face = |m| self.world.knowledge.roles(loader, m).any(|(r, _)| matches!(r, Role::NotOwned(_)));
        self.is_released_with_receiver(body, event)
            || event.kind.has_receiver() && event.member().is_some_and(is_face)
    }

    /// Whether a call releases something, whatever it is.
    pub(super) fn is_release(&self, body: Body<'_>, event: &Event) -> bool {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
        let loader = self.world.program.class(body.class).loader;
        self.world.knowledge.roles(loader, member).any(|(r, _)| matches!(r, Role::Release(_)))
            || self.is_in(self.groups.closes_argument, body, member)
    }

    /// Whether a call of a method that was not found is named as one that releases its receiver.
    pub(super) fn is_unseen_release(&self, body: Body<'_>, event: &Event) -> bool {
        let program = self.world.program;
        let member = event.member().filter(|_| event.kind.has_receiver() && event.n_args == 1);
        member.is_some_and(|m| {
            program.refs(program.class(body.class).loader).method(m).is_none() && self.is_named_release(m)
        })
    }

    /// Whether a call releases this very resource.
    pub(super) fn is_release_of(&self, body: Body<'_>, event: &Event, resource: ResourceId) -> bool {
        self.has_role(body, event, Role::Release(resource))
    }

    /// Whether a call acquires a resource.
    pub(super) fn is_acquire_of(&self, body: Body<'_>, event: &Event, resource: ResourceId) -> bool {
        self.has_role(body, event, Role::Acquire(resource))
    }

    pub(super) fn has_role(&self, body: Body<'_>, event: &Event, role: Role) -> bool {
        let Some(member) = event.member().filter(|_| event.kind.is_invoke()) else { return false };
        let loader = self.world.program.class(body.class).loader;
        self.world.knowledge.roles(loader, member).any(|(r, _)| r == role)
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
        if is_constructor(self.world, event) && is_receiver {
            return Use::Keeps;
        }
        let program = self.world.program;
        let resolved = program.refs(program.class(body.class).loader).method(member);
        let is_deployed = resolved.is_some_and(|t| !program.is_jdk(program.class_of_method(t)));
        if is_deployed && let Some(known) = self.by_bodies(body, i, event, position, releases_fail) {
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
                        let made = made_by(world, body, i, event);
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
        is_auto_closeable(self.world, result)
            && (program.is_subtype(owner, result) || program.is_subtype(result, owner))
    }

    /// Whether what a constructor call makes is its caller's to close: its `close` is the deployment's own and gives
    /// something back, and neither does the constructor hand the object to others nor is it a wrapper around something
    /// that is closed instead.
    pub(super) fn must_be_closed(&self, body: Body<'_>, event: &Event, class: ClassId) -> bool {
        let program = self.world.program;
        let target = event.member().and_then(|m| program.refs(program.class(body.class).loader).method(m));
        let close =
            self.close_of(class).filter(|close| !memory::is_all_that_close_touches(self, class, *close));
        let Some(constructor) = target.filter(|_| close.is_some()) else { return false };
        let is_wrapper =
            || (1..u16::from(event.n_args)).any(|param| self.effect(constructor, param, false).into_receiver);
        let own = self.effect(constructor, 0, false);
        !own.escapes && !own.lends && !is_wrapper()
    }

    /// The deployed `close` of a class.
    pub(super) fn close_of(&self, class: ClassId) -> Option<MethodId> {
        let program = self.world.program;
        let (name, desc) = (program.facts.names.find("close")?, program.facts.names.find("()V")?);
        program.find_method(class, name, desc).filter(|m| program.method(*m).has_body)
    }
}

/// Whether an event's first operand is the receiver of the body.
pub(super) fn is_this(body: Body<'_>, event: &Event) -> bool {
    !body.method.access.is_static()
        && body.origins.unit.value(body.method, body.origins.arg(event, 0)) == Value::Param(0)
}
