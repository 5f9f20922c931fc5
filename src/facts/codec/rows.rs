//! The tables of a unit as columns. Each row type lists its fields once; a field that is forgotten here does not
//! compile.

use super::CodecError;
use super::cells::{Cell, Input, put_text, put_uint};
use crate::body::{Block, Event, Handler, Value};
use crate::facts::PackedValues;
use crate::facts::tables::{
    Annotation, AnnotationValue, ClassFacts, FieldFacts, MemberRef, MethodExtras, MethodFacts, UnitFacts,
};
use crate::vocabulary::{Interner, Name, Place, Problem, ProblemCode, ValueId};

trait Row: Sized {
    fn put(rows: &[Self], out: &mut Vec<u8>);
    fn get(input: &mut Input<'_>) -> Result<Vec<Self>, CodecError>;
}

macro_rules! rows {
    ($($row:ident { $($field:ident),+ $(,)? })*) => {$(
        impl Row for $row {
            fn put(rows: &[Self], out: &mut Vec<u8>) {
                put_uint(rows.len() as u64, out);
                $(put_column(rows.iter().map(|row| row.$field), out);)+
            }

            fn get(input: &mut Input<'_>) -> Result<Vec<Self>, CodecError> {
                let n = input.count([$(stringify!($field)),+].len())?;
                $(let mut $field = get_column(n, input)?.into_iter();)+
                let rows = std::iter::from_fn(|| Some($row { $($field: $field.next()?),+ }));
                Ok(rows.collect())
            }
        }
    )*};
}

rows! {
    MemberRef { owner, name, desc, of_interface }
    ClassFacts {
        name, super_name, interfaces, access, major, prefix, source_file, outer, nest_host, nest_members, permitted,
        signature, fields, methods, annotations, is_record,
    }
    FieldFacts { name, desc, signature, access, has_constant, annotations }
    MethodFacts {
        name, desc, access, has_body, has_loop, line, extras, events, values, blocks,
    }
    MethodExtras { throws, annotations }
    Annotation { desc, values }
    AnnotationValue { key, text }
    Event { kind, n_args, line, target, args }
    Block { first_event, n_events, edges, n_edges, test, tested, handlers }
    Handler { block, is_last, catches }
}

macro_rules! single_columns {
    ($($cell:ty),+) => {$(
        impl Row for $cell {
            fn put(rows: &[Self], out: &mut Vec<u8>) {
                put_uint(rows.len() as u64, out);
                put_column(rows.iter().copied(), out);
            }

            fn get(input: &mut Input<'_>) -> Result<Vec<Self>, CodecError> {
                let n = input.count(1)?;
                get_column(n, input)
            }
        }
    )+};
}

single_columns!(Name, ValueId, Value, u16);

fn put_column<C: Cell>(cells: impl Iterator<Item = C>, out: &mut Vec<u8>) {
    let mut last = 0;
    cells.for_each(|cell| cell.put(&mut last, out));
}

fn get_column<C: Cell>(n: usize, input: &mut Input<'_>) -> Result<Vec<C>, CodecError> {
    let mut last = 0;
    let mut cells = Vec::with_capacity(n);
    for _ in 0..n {
        cells.push(C::get(&mut last, input)?);
    }
    Ok(cells)
}

/// Lengths in one column, texts in another.
fn put_names(names: &Interner, out: &mut Vec<u8>) {
    put_uint(names.len() as u64, out);
    names.iter().for_each(|(text, _)| put_uint(text.len() as u64, out));
    names.iter().for_each(|(text, _)| out.extend_from_slice(text.as_bytes()));
}

fn get_names(input: &mut Input<'_>) -> Result<Interner, CodecError> {
    const WRONG: CodecError = CodecError::Damaged("its names are no table");
    let n = input.count(1)?;
    let mut ends = Vec::with_capacity(n);
    let mut end = 0u32;
    for _ in 0..n {
        let len = u32::try_from(input.uint()?).map_err(|_| WRONG)?;
        end = end.checked_add(len).ok_or(WRONG)?;
        ends.push(end);
    }
    let text = std::str::from_utf8(input.take(end as usize)?).map_err(|_| WRONG)?;
    Interner::from_arena(text.to_owned(), ends).ok_or(WRONG)
}

impl Row for Problem {
    fn put(rows: &[Self], out: &mut Vec<u8>) {
        put_uint(rows.len() as u64, out);
        for problem in rows {
            for text in [&problem.place.archive, &problem.place.entry, problem.code.text(), &problem.message]
            {
                put_text(text, out);
            }
        }
    }

    fn get(input: &mut Input<'_>) -> Result<Vec<Self>, CodecError> {
        let n = input.count(4)?;
        let mut problems = Vec::new();
        for _ in 0..n {
            let place = Place { archive: input.text()?.to_owned(), entry: input.text()?.to_owned() };
            let code = input.text()?;
            let code = ProblemCode::ALL.iter().find(|known| known.text() == code);
            let code = *code.ok_or(CodecError::Damaged("an unknown kind of problem"))?;
            problems.push(Problem { place, code, message: input.text()?.to_owned() });
        }
        Ok(problems)
    }
}

/// Writes all tables.
pub(super) fn put_unit(unit: &UnitFacts, out: &mut Vec<u8>) {
    let UnitFacts {
        names,
        // Only units with names of their own are written.
        pooled: _,
        pool: _,
        member_refs,
        classes,
        fields,
        methods,
        extras,
        annotations,
        annotation_values,
        lists,
        events,
        args,
        values,
        packed_values,
        merges,
        blocks,
        edges,
        handlers,
        problems,
        n_bytes,
    } = unit;
    put_names(names, out);
    Row::put(member_refs, out);
    Row::put(classes, out);
    Row::put(fields, out);
    Row::put(methods, out);
    Row::put(extras, out);
    Row::put(annotations, out);
    Row::put(annotation_values, out);
    Row::put(lists, out);
    Row::put(events, out);
    Row::put(args, out);
    if values.is_empty() {
        let unpacked: Vec<Value> = (0..packed_values.len()).map(|row| packed_values.get(row)).collect();
        Row::put(&unpacked, out);
    } else {
        Row::put(values, out);
    }
    Row::put(merges, out);
    Row::put(blocks, out);
    Row::put(edges, out);
    Row::put(handlers, out);
    Row::put(problems, out);
    put_uint(*n_bytes, out);
}

/// Reads all tables. What they refer to is not yet checked.
pub(super) fn get_unit(input: &mut Input<'_>) -> Result<UnitFacts, CodecError> {
    // Fields of a struct literal are evaluated in the order in which they are written.
    Ok(UnitFacts {
        names: get_names(input)?,
        pooled: Vec::new(),
        pool: 0,
        member_refs: Row::get(input)?,
        classes: Row::get(input)?,
        fields: Row::get(input)?,
        methods: Row::get(input)?,
        extras: Row::get(input)?,
        annotations: Row::get(input)?,
        annotation_values: Row::get(input)?,
        lists: Row::get(input)?,
        events: Row::get(input)?,
        args: Row::get(input)?,
        values: Row::get(input)?,
        packed_values: PackedValues::default(),
        merges: Row::get(input)?,
        blocks: Row::get(input)?,
        edges: Row::get(input)?,
        handlers: Row::get(input)?,
        problems: Row::get(input)?,
        n_bytes: input.uint()?,
    })
}
