//! What the calls of a body are known to be, told once for each method, so that an analysis which looks for something rare
//! passes over the bodies without it.

use super::knowledge::{Knowledge, Role, groups};
use crate::facts::{Event, EventKind};
use crate::program::Program;
use crate::vocabulary::{ClassId, LoaderId, MemberRefId, MethodId, Parallel};

/// Kinds of roles among the calls and lambdas of a method, one bit each.
pub type Marks = u8;

/// Some call belongs to an API.
pub const API: Marks = 1;
/// Some call acquires a resource.
pub const ACQUIRE: Marks = 1 << 1;
/// Some call releases a resource.
pub const RELEASE: Marks = 1 << 2;
/// Some call reads a variable of the present thread.
pub const THREAD_LOCAL_GET: Marks = 1 << 3;
/// Some call writes or reads the field that its receiver, or an offset, stands for.
pub const FIELD_HANDLE: Marks = 1 << 4;
/// Some call runs a constructor of a deployed class whose objects the language itself closes.
pub const MAKES_CLOSEABLE: Marks = 1 << 5;
/// Some call on an object is named `close`.
pub const CALLS_CLOSE: Marks = 1 << 6;

/// Some call asks a loader for a class.
pub const CLASS_LOOKUP: Marks = 1 << 7;

/// The interface whose instances the language itself closes (JLS 14.20.3).
pub(super) const AUTO_CLOSEABLE: &str = "java/lang/AutoCloseable";

/// The marks of all methods; those of the JDK have none.
pub(super) fn of_methods(
    program: &Program<'_>,
    knowledge: &Knowledge,
    parallel: &impl Parallel,
) -> Vec<Marks> {
    const CHUNK: usize = 256;
    let of_groups = [
        (groups::THREAD_LOCAL_GET, THREAD_LOCAL_GET),
        (groups::FIELD_WRITER, FIELD_HANDLE),
        (groups::OFFSET_WRITER, FIELD_HANDLE),
        (groups::FIELD_READER, FIELD_HANDLE),
        (groups::METHOD_HANDLE_CALL, FIELD_HANDLE),
        (groups::CLASS_LOOKUPS[0], CLASS_LOOKUP),
        (groups::CLASS_LOOKUPS[1], CLASS_LOOKUP),
    ];
    let of_groups = of_groups.map(|(group, mark)| (knowledge.group(group), mark));
    let of_role = |role: Role| match role {
        Role::Api(api) => {
            let own = of_groups.iter().filter(|(group, _)| group.get(usize::from(api)) == Some(&true));
            own.fold(API, |marks, (_, mark)| marks | mark)
        }
        Role::Acquire(_) => ACQUIRE,
        Role::Release(_) => RELEASE,
        _ => 0,
    };
    let n = program.classes.len();
    let closeable = constructors_of_closeables(program, parallel);
    let close = program.facts.names.find("close");
    let loaders = 0..program.topology.loaders.len();
    // A reference is asked about once, not wherever it is called.
    let of_member = loaders.map(|l| {
        let loader = LoaderId::from_index(l);
        let of_member = |member: MemberRefId| {
            let target = program.refs(loader).method(member);
            let makes = target.is_some_and(|m| closeable[m.index()]);
            let closes = Some(program.facts.members.get(member).name) == close;
            let own = if makes { MAKES_CLOSEABLE } else { 0 } | if closes { CALLS_CLOSE } else { 0 };
            knowledge.roles(loader, member).fold(own, |marks, (role, _)| marks | of_role(role))
        };
        members(program, loader, of_member, parallel)
    });
    let of_member: Vec<Vec<Marks>> = of_member.collect();
    let of_class = |class: ClassId, marks: &mut Vec<Marks>| {
        let (unit, known) = (program.unit(class), &of_member[program.class(class).loader.index()]);
        let of_call = |event: &Event| {
            let Some(marks) = event.member().and_then(|m| known.get(m.index())) else { return 0 };
            let is_invoke = event.kind.is_invoke() && event.kind.has_receiver();
            let mut not = if event.kind == EventKind::InvokeSpecial { 0 } else { MAKES_CLOSEABLE };
            not |= if is_invoke { 0 } else { CALLS_CLOSE };
            marks & !not
        };
        for (_, method) in program.methods_of(class) {
            let calls =
                unit.events_of(method).iter().filter(|e| !program.is_jdk(class) && e.kind.has_method());
            marks.push(calls.fold(0, |marks, event| marks | of_call(event)));
        }
    };
    let marks = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut marks = Vec::new();
        for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            of_class(ClassId::from_index(i), &mut marks);
        }
        marks
    });
    // Methods are numbered class by class.
    marks.concat()
}

/// Something about every reference in the classes of a loader.
fn members(
    program: &Program<'_>,
    loader: LoaderId,
    of_member: impl Fn(MemberRefId) -> Marks + Sync + Send,
    parallel: &impl Parallel,
) -> Vec<Marks> {
    if loader == program.topology.jdk {
        return Vec::new();
    }
    let facts = program.facts;
    let path = &program.topology.loaders[loader.index()].path;
    let units = facts.units_in(|archive| path.iter().any(|e| e.archive == archive));
    let found = parallel.map(units.len(), |u| {
        facts.unit_members[units[u]].iter().map(|id| (*id, of_member(*id))).collect::<Vec<_>>()
    });
    let mut marks = vec![0; facts.members.bound()];
    found.into_iter().flatten().for_each(|(id, own)| marks[id.index()] = own);
    marks
}

/// By method, whether it is a constructor of a deployed class whose objects are to be closed.
fn constructors_of_closeables(program: &Program<'_>, parallel: &impl Parallel) -> Vec<bool> {
    const CHUNK: usize = 256;
    let n = program.classes.len();
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let mut found = Vec::new();
        for i in chunk * CHUNK..n.min((chunk + 1) * CHUNK) {
            let class = ClassId::from_index(i);
            let is_closeable = !program.is_jdk(class) && program.has_supertype_named(class, AUTO_CLOSEABLE);
            let methods = program.methods_of(class);
            found.extend(methods.map(|(_, m)| is_closeable && program.is_constructor(m.name)));
        }
        found
    });
    found.concat()
}

impl Knowledge {
    /// Whether the calls of a method have any of these marks.
    pub fn is_marked(&self, method: MethodId, marks: Marks) -> bool {
        self.marks.get(method.index()).is_some_and(|own| own & marks != 0)
    }
}
