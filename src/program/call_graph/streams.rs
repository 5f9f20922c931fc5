//! Calls on the JVM's standard streams: these are the JDK's own, but for those that the deployment is seen to put there.

use super::edges::Found;
use super::{Node, Numbers, Program, Work};
use crate::facts::{Event, EventKind, Value};
use crate::program::origin::Origins;
use crate::vocabulary::{ClassId, MethodId, Name, ValueId, sort_and_dedup};

const SYSTEM: &str = "java/lang/System";
const PRINTER: &str = "java/io/PrintStream";
/// Classes of streams that are followed.
const MAX_STREAMS: usize = 16;

/// The names of the streams and of what replaces them.
#[derive(Clone, Copy)]
pub(super) struct StreamNames {
    system: Option<Name>,
    printer: Option<Name>,
    streams: [Option<Name>; 2],
    setters: [Option<Name>; 2],
}

impl StreamNames {
    pub(super) fn of(program: &Program<'_>) -> Self {
        let find = |text: &str| program.facts.names.find(text);
        Self {
            system: find(SYSTEM),
            printer: find(PRINTER),
            streams: ["out", "err"].map(find),
            setters: ["setOut", "setErr"].map(find),
        }
    }

    fn is_of_system(self, program: &Program<'_>, event: &Event, names: &[Option<Name>]) -> bool {
        let member = event.member().map(|m| program.facts.members.get(m));
        member.is_some_and(|m| Some(m.owner) == self.system && names.contains(&Some(m.name)))
    }

    /// Whether a call is made on what can be nothing but `System.out` or `System.err`.
    pub(super) fn is_print(self, program: &Program<'_>, origins: Origins<'_>, event: &Event) -> bool {
        let owner = event.member().map(|m| program.facts.members.get(m).owner);
        event.kind == EventKind::InvokeVirtual
            && owner == self.printer
            && self.is_standard(program, origins, origins.arg(event, 0))
    }

    /// Whether a value can be nothing but what is there already: who sets that puts it back.
    pub(super) fn is_standard(self, program: &Program<'_>, origins: Origins<'_>, value: ValueId) -> bool {
        origins.leaves(value).all(|leaf| self.is_stream(program, origins, leaf))
    }

    fn is_stream(self, program: &Program<'_>, origins: Origins<'_>, leaf: Value) -> bool {
        let read = origins.event(leaf).map(|(_, event)| event);
        read.is_some_and(|event| {
            event.kind == EventKind::GetStatic && self.is_of_system(program, event, &self.streams)
        })
    }

    /// Whether a call replaces a stream, or a method reference stands for one that does.
    pub(super) fn is_setter(self, program: &Program<'_>, event: &Event) -> bool {
        self.is_of_system(program, event, &self.setters)
    }
}

impl Work<'_, '_> {
    /// Notes what a call, if it replaces a standard stream, puts there.
    pub(super) fn replaces_stream(
        &mut self,
        class: ClassId,
        origins: Origins<'_>,
        event: &Event,
        target: MethodId,
    ) {
        let streams = self.known.streams;
        if !streams.is_setter(self.program, event) {
            return;
        }
        let given = origins.arg(event, 0);
        let made = match event.kind {
            EventKind::InvokeStatic if streams.is_standard(self.program, origins, given) => return,
            EventKind::InvokeStatic => self.held.classes_of(self.program, class, origins, given, target),
            _ => None,
        };
        self.found.has_open_streams |= made.is_none();
        self.found.streams.extend(made.into_iter().flatten());
    }
}

/// Edges from those who print to what the streams that the deployment puts there do of it: to all that may be there, if
/// not all of these are known.
pub(super) fn edges_of_prints(
    program: &Program<'_>,
    numbers: &Numbers,
    found: &mut [Found],
) -> Vec<(u32, u32)> {
    let mut streams: Vec<ClassId> = found.iter_mut().flat_map(|f| std::mem::take(&mut f.streams)).collect();
    sort_and_dedup(&mut streams, 0);
    let is_open = found.iter().any(|f| f.has_open_streams) || streams.len() > MAX_STREAMS;
    let mut prints: Vec<(MethodId, MethodId)> =
        found.iter_mut().flat_map(|f| std::mem::take(&mut f.prints)).collect();
    sort_and_dedup(&mut prints, 0);
    let number = |method: MethodId| numbers.of_node(Node::Method(method));
    if is_open {
        let dispatched = |called: MethodId| numbers.of_node(Node::Dispatch(called));
        return prints.into_iter().map(|(method, called)| (number(method), dispatched(called))).collect();
    }
    let mut edges = Vec::new();
    for class in streams {
        for (method, called) in &prints {
            let facts = program.method(*called);
            let selected = program.select(class, facts.name, facts.desc);
            let own = selected.filter(|method| !program.is_jdk(program.class_of_method(*method)));
            edges.extend(own.map(|selected| (number(*method), number(selected))));
        }
    }
    sort_and_dedup(&mut edges, 0);
    edges
}
