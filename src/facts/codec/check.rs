//! Whether the tables of a unit refer only to rows that exist.

use super::CodecError;
use crate::body::{NO_NAME, Span, Value};
use crate::facts::tables::{MethodFacts, UnitFacts};
use crate::vocabulary::Name;

type Checked = Result<(), CodecError>;

/// Checks every name, member reference and span, and branches within each body.
pub(super) fn check(unit: &UnitFacts) -> Checked {
    let names = NameCheck { n_names: unit.names.len() };
    for class in &unit.classes {
        names.all(&[class.name, class.super_name, class.prefix, class.source_file, class.outer])?;
        names.all(&[class.nest_host, class.signature])?;
        for list in [class.interfaces, class.nest_members, class.permitted] {
            span(list, &unit.lists)?;
        }
        span(class.fields, &unit.fields)?;
        span(class.methods, &unit.methods)?;
        span(class.annotations, &unit.annotations)?;
    }
    for field in &unit.fields {
        names.all(&[field.name, field.desc, field.signature])?;
        span(field.annotations, &unit.annotations)?;
    }
    for method in &unit.methods {
        names.all(&[method.name, method.desc])?;
        body(method, unit)?;
    }
    for extras in &unit.extras {
        span(extras.throws, &unit.lists)?;
        span(extras.annotations, &unit.annotations)?;
    }
    for member in &unit.member_refs {
        names.all(&[member.owner, member.name, member.desc])?;
    }
    for annotation in &unit.annotations {
        names.all(&[annotation.desc])?;
        span(annotation.values, &unit.annotation_values)?;
    }
    unit.annotation_values.iter().try_for_each(|value| names.all(&[value.key, value.text]))?;
    names.all(&unit.lists)?;
    unit.handlers.iter().try_for_each(|handler| names.all(&[handler.catches]))?;
    events(unit, names)?;
    values(unit, names)
}

#[derive(Clone, Copy)]
struct NameCheck {
    n_names: usize,
}

impl NameCheck {
    fn all(self, list: &[Name]) -> Checked {
        let exist = list.iter().all(|&name| name == NO_NAME || name.index() < self.n_names);
        if exist { Ok(()) } else { Err(CodecError::Damaged("a name does not exist")) }
    }
}

fn span<T>(span: impl Into<Span>, table: &[T]) -> Checked {
    let span: Span = span.into();
    // A span without rows may start anywhere.
    let exists = span.len == 0 || table.get(span.range()).is_some();
    if exists { Ok(()) } else { Err(CodecError::Damaged("rows do not exist")) }
}

fn events(unit: &UnitFacts, names: NameCheck) -> Checked {
    for event in &unit.events {
        span(event.rows_of_args().unwrap_or_default(), &unit.args)?;
        if let Some(name) = event.name() {
            names.all(&[name])?;
        }
        if event.member().is_some_and(|member| member.index() >= unit.member_refs.len()) {
            return Err(CodecError::Damaged("a member reference does not exist"));
        }
    }
    Ok(())
}

fn values(unit: &UnitFacts, names: NameCheck) -> Checked {
    unit.values.iter().try_for_each(|value| match *value {
        Value::Str(name) | Value::Class(name) => names.all(&[name]),
        Value::Merge { start, len } => span(Span { start, len: u32::from(len) }, &unit.merges),
        _ => Ok(()),
    })
}

/// Successors and handlers are numbers of blocks of the same body.
fn body(method: &MethodFacts, unit: &UnitFacts) -> Checked {
    span(method.events, &unit.events)?;
    span(method.values, &unit.values)?;
    span(method.blocks, &unit.blocks)?;
    let is_block = |number: u16| number < method.blocks.len();
    for block in unit.blocks_of(method) {
        if block.events().end > usize::from(method.events.len()) {
            return Err(CodecError::Damaged("rows do not exist"));
        }
        let handlers = unit.handlers(block).iter().map(|handler| handler.block);
        if !unit.successors(block).iter().copied().chain(handlers).all(is_block) {
            return Err(CodecError::Damaged("a branch leaves its body"));
        }
    }
    Ok(())
}
