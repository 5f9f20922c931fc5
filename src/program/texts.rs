//! Objects that are made into text, and whose `toString` runs without being called: by a concatenation, a builder, or
//! `String.valueOf`.

use super::link::Program;
use super::origin::Origins;
use crate::facts::{Event, EventKind, MemberRef, Value};
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{ClassId, MethodId, Name};

/// Classes of the JDK and their methods that make text of an object that they are given.
const MAKERS: [(&str, &str); 7] = [
    ("java/lang/StringBuilder", "append"),
    ("java/lang/StringBuffer", "append"),
    ("java/lang/String", "valueOf"),
    ("java/util/Objects", "toString"),
    ("java/io/PrintStream", "println"),
    ("java/io/PrintStream", "print"),
    ("java/io/PrintWriter", "println"),
];

/// The names of what makes text, as far as the program has them.
#[derive(Clone, Copy)]
pub(super) struct TextMaking {
    makers: [Option<(Name, Name)>; MAKERS.len()],
    of_object: [Option<Name>; 4],
}

impl TextMaking {
    pub(super) fn of(program: &Program<'_>) -> Self {
        let find = |text: &str| program.facts.names.find(text);
        Self {
            makers: MAKERS.map(|(owner, name)| find(owner).zip(find(name))),
            of_object: [
                "(Ljava/lang/Object;)V",
                "(Ljava/lang/Object;)Ljava/lang/String;",
                "(Ljava/lang/Object;)Ljava/lang/StringBuilder;",
                "(Ljava/lang/Object;)Ljava/lang/StringBuffer;",
            ]
            .map(find),
        }
    }

    /// Whether calls of a reference make text of an object.
    pub(super) fn is_maker(&self, member: MemberRef) -> bool {
        self.of_object.contains(&Some(member.desc))
            && self.makers.contains(&Some((member.owner, member.name)))
    }
}

/// Whether an event makes text of some of its operands.
pub(super) fn makes_text(program: &Program<'_>, known: TextMaking, event: &Event) -> bool {
    if event.kind == EventKind::Concat {
        return true;
    }
    let member = event.member().filter(|_| event.kind.is_invoke());
    member.is_some_and(|m| known.is_maker(program.facts.members.get(m)))
}

/// The methods of the deployment that the text of an event's operands is made by, as far as these are declared as classes
/// that have one.
pub(super) fn text_of_operands(
    program: &Program<'_>,
    to_string: Option<(Name, Name)>,
    class: ClassId,
    origins: Origins<'_>,
    event: &Event,
) -> Vec<MethodId> {
    let Some((name, desc)) = to_string else { return Vec::new() };
    let loader = program.class(class).loader;
    let mut found = Vec::new();
    for value in origins.args(event) {
        for leaf in origins.leaves(*value) {
            let declared = declared_type(program, class, origins, leaf);
            let of = declared.and_then(|ty| program.find_text(loader, ty)).filter(|c| !program.is_jdk(*c));
            let method = of.and_then(|c| program.select(c, name, desc));
            found.extend(method.filter(|m| !program.is_jdk(program.class_of_method(*m))));
        }
    }
    found
}

/// The class that a value is declared as; `None` for what is no object, and for what is not known.
fn declared_type<'p>(
    program: &Program<'p>,
    class: ClassId,
    origins: Origins<'p>,
    leaf: Value,
) -> Option<&'p str> {
    match leaf {
        Value::Param(0) if !origins.method.access.is_static() => Some(program.class_name(class)),
        Value::Param(i) => {
            let i = usize::from(i) - usize::from(!origins.method.access.is_static());
            params(program.text(origins.method.desc)).nth(i)?.class()
        }
        Value::Event(_) => {
            let (_, event) = origins.event(leaf)?;
            match event.kind {
                EventKind::New => Some(program.text(event.name()?)),
                EventKind::GetField | EventKind::GetStatic => {
                    TypeDesc(program.text(program.facts.members.get(event.member()?).desc)).class()
                }
                kind if kind.is_invoke() => {
                    return_type(program.text(program.facts.members.get(event.member()?).desc)).class()
                }
                _ => None,
            }
        }
        _ => None,
    }
}
