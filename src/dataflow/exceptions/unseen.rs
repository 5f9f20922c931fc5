//! What calls may throw of which the scan has no more than the name.

use super::foreign::is_accessor;
use super::{CONSTRUCTOR, ERROR, Exceptions, RUNTIME_EXCEPTION, Reading, Thrown};
use crate::dataflow::Body;
use crate::facts::{Event, NO_NAME};
use crate::vocabulary::Name;

/// How source files are named whose compiler makes code declare or catch what has to be declared (JLS 11.2).
const CHECKING_LANGUAGE: &str = ".java";

impl Exceptions<'_> {
    /// What a call may throw that resolves to nothing.
    pub(super) fn of_unseen(&self, body: Body<'_>, call: &Event, reading: Reading) -> Vec<Thrown> {
        let program = self.world.program;
        let name = call.member().map(|m| program.text(program.facts.members.get(m).name));
        match reading {
            _ if self.is_accessor(call) => Vec::new(),
            _ if !self.is_seen_to_declare_nothing(body, call) => vec![Thrown::Unknown],
            Reading::Declared => Vec::new(),
            // Constructors say what they throw.
            Reading::ForeignCall if name.is_some_and(|n| n == CONSTRUCTOR || is_accessor(n, call)) => {
                Vec::new()
            }
            Reading::AnyCall | Reading::ForeignCall => vec![Thrown::Unchecked],
        }
    }

    /// Whether a call is named as one that tells what an object has, and is given nothing.
    fn is_accessor(&self, call: &Event) -> bool {
        let program = self.world.program;
        let Some(member) = call.member().map(|m| program.facts.members.get(m)) else { return false };
        let (name, desc) = (program.text(member.name), program.text(member.desc));
        let named = |prefix: &str| {
            let rest = name.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        };
        call.kind.has_receiver()
            && desc.starts_with("()")
            && !desc.ends_with('V')
            && (named("get") || named("is"))
    }

    /// Whether the compiler has seen that a call throws nothing that has to be declared: the body around it neither
    /// declares such a thing nor catches it there. Other languages' compilers don't look.
    pub(super) fn is_seen_to_declare_nothing(&self, body: Body<'_>, call: &Event) -> bool {
        let program = self.world.program;
        let source = program.class_facts(body.class).source_file;
        if source == NO_NAME || !program.text(source).ends_with(CHECKING_LANGUAGE) {
            return false;
        }
        let unit = body.origins.unit;
        let Some(at) = body.origins.index_of(call).map(usize::from) else { return false };
        let block = unit.blocks_of(body.method).iter().find(|b| b.events().contains(&at));
        self.declared(body.id).is_empty()
            && block.is_some_and(|b| {
                unit.handlers(b)
                    .iter()
                    .all(|h| h.catches == NO_NAME || self.is_for_unchecked(body, h.catches))
            })
    }

    fn is_for_unchecked(&self, body: Body<'_>, catches: Name) -> bool {
        let program = self.world.program;
        let class = program.find(program.class(body.class).loader, catches);
        let is_a = |root| class.is_some_and(|c| program.has_supertype_named(c, root));
        is_a(RUNTIME_EXCEPTION) || is_a(ERROR)
    }
}
