//! Message formats that put their arguments in as they are: only the formats of single arguments have a state.

use super::context::Context;
use super::matches::{Match, Subject};
use super::shapes::final_event;
use crate::facts::{EventKind, Value};

const MESSAGE_FORMAT: &str = "java/text/MessageFormat";

/// Whether a field only ever holds message formats that are made with constant patterns without formats of arguments, and
/// all that is done with it is to format by it (`MessageFormat.subformat`).
pub(super) fn is_plain(cx: &Context<'_>, found: &Match) -> bool {
    let Subject::Field(field) = found.subject else { return false };
    let world = cx.world;
    let program = world.program;
    let formats = found.spots.iter().all(|spot| {
        let event = final_event(cx, spot).map(|(_, event)| event).filter(|e| e.kind.is_invoke());
        let member = event.and_then(|e| e.member()).map(|m| program.facts.members.get(m));
        member.is_some_and(|m| program.text(m.name) == "format")
    });
    let mut writes = world.fields.writes(field).peekable();
    formats
        && writes.peek().is_some()
        && writes.all(|write| {
            let body = world.body(write.method);
            let stored = world.event(write.method, write.event).and_then(|e| body.origins.args(e).last());
            let mut leaves = stored.into_iter().flat_map(|v| body.origins.leaves(*v));
            let (Some(made), None) = (leaves.next(), leaves.next()) else { return false };
            let is_made = |v| body.origins.leaves(v).any(|leaf| leaf == made);
            let mut calls = body.origins.events().iter().filter(|e| e.kind == EventKind::InvokeSpecial);
            let Some(call) = calls.find(|e| is_made(body.origins.arg(e, 0))) else { return false };
            let of_jdk = call.member().map(|m| program.facts.members.get(m).owner);
            if of_jdk.is_none_or(|owner| program.text(owner) != MESSAGE_FORMAT) {
                return false;
            }
            let mut patterns = body.origins.leaves(body.origins.arg(call, 1));
            match (patterns.next(), patterns.next()) {
                (Some(Value::Str(pattern)), None) => has_plain_arguments(program.text(pattern)),
                _ => false,
            }
        })
}

/// Whether no argument has a format of its own: `{0}`, and not `{0,date}`. An apostrophe quotes.
fn has_plain_arguments(pattern: &str) -> bool {
    let mut is_quoted = false;
    let mut is_argument = false;
    for c in pattern.chars() {
        match c {
            '\'' if !is_argument => is_quoted = !is_quoted,
            '{' if !is_quoted => is_argument = true,
            '}' => is_argument = false,
            c if is_argument && !c.is_ascii_digit() => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::has_plain_arguments;

    #[test]
    fn arguments_with_formats_are_told_from_plain_ones() {
        assert!(has_plain_arguments("Invalid encoding, BOM [{0}] XML guess [{1}]"));
        assert!(has_plain_arguments("it''s {0}, and not '{1,date}'"));
        assert!(!has_plain_arguments("{0} since {1,date,short}"));
        assert!(!has_plain_arguments("{0, number}"));
    }
}
