//! Matches of fields of a class loader type that are written anywhere, constructors and initialisers included.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use crate::dataflow::How;
use crate::dataflow::remembered::Remembered;
use crate::facts::Value;
use crate::vocabulary::descriptor::{TypeDesc, params, return_type};
use crate::vocabulary::{Access, ClassId, FieldId, LoaderId, MethodId, Name, Parallel, ValueId};

/// Whether a type, as a loader sees it, is a class loader's.
type IsLoader = Remembered<(LoaderId, Name), bool>;

/// One match per field.
pub(super) fn find(cx: &Context<'_>, parallel: &impl Parallel) -> Vec<Match> {
    const CHUNK: usize = 2048;
    let (n, known) = (cx.world.program.n_fields, IsLoader::default());
    let found = parallel.map(n.div_ceil(CHUNK), |chunk| {
        let range = chunk * CHUNK..n.min((chunk + 1) * CHUNK);
        range.filter_map(|f| matched(cx, FieldId::from_index(f), &known)).collect::<Vec<_>>()
    });
    found.concat()
}

fn matched(cx: &Context<'_>, field: FieldId, known: &IsLoader) -> Option<Match> {
    let program = cx.world.program;
    let class = program.class_of_field(field);
    let facts = program.field(field);
    let name = TypeDesc(program.text(facts.desc)).class()?;
    let is_loader = || {
        let loader = program.class(class).loader;
        let is_loader =
            || super::values::is_of_types(cx.world, cx.models, loader, name, &cx.names.loader_types);
        known.get_or_find((loader, facts.desc), is_loader)
    };
    if program.is_jdk(class) || facts.access.has(Access::SYNTHETIC) || !is_loader() {
        return None;
    }
    let writes = cx.world.fields.writes(field);
    let spots: Vec<Spot> = writes
        .map(|w| Spot { method: w.method, event: w.event, how: Some(How::Write), inside: None })
        .collect();
    let holder = if facts.access.is_static() { None } else { cx.held.holder(class) };
    (!spots.is_empty() && !is_only_put_back(cx, field)).then_some(Match {
        subject: Subject::Field(field),
        class,
        spots,
        only: None,
        holder,
        kept: None,
        leak: None,
    })
}

/// Whether a constructor that code of other packages can call stores a loader for which it does not ask its caller.
pub(super) fn is_unasked(cx: &Context<'_>, spot: &Spot) -> bool {
    let program = cx.world.program;
    let body = cx.world.body(spot.method);
    let loader = program.class(body.class).loader;
    let is_open = body.method.access.is_public() && program.class_facts(body.class).access.is_public();
    let is_loader = |desc: TypeDesc<'_>| {
        desc.class().is_some_and(|name| {
            super::values::is_of_types(cx.world, cx.models, loader, name, &cx.names.loader_types)
        })
    };
    is_open
        && program.text(body.method.name) == "<init>"
        && !params(program.text(body.method.desc)).any(is_loader)
        && !has_step_that_asks(cx, body.class, &is_loader)
}

/// Whether objects of a class are told step by step what they need, the loader being one of the steps: a public method takes
/// one and yields the object again.
fn has_step_that_asks(cx: &Context<'_>, class: ClassId, is_loader: &dyn Fn(TypeDesc<'_>) -> bool) -> bool {
    let program = cx.world.program;
    let own = program.class_name(class);
    program.methods_of(class).any(|(_, m)| {
        let desc = program.text(m.desc);
        m.access.is_public()
            && !m.access.is_static()
            && return_type(desc).class() == Some(own)
            && params(desc).any(is_loader)
    })
}

/// Whether all that is ever done with what the field holds is to make it the context class loader again: a scope that
/// keeps what was there before, a task that takes its caller's along.
fn is_only_put_back(cx: &Context<'_>, field: FieldId) -> bool {
    let setters = [CONTEXT_SET.to_owned()];
    let reads = cx.world.fields.reads(field);
    let mut reads = reads.filter(|read| !is_accessor(cx, field, read.method)).peekable();
    reads.peek().is_some()
        && reads.all(|read| {
            let body = cx.world.body(read.method);
            let loader = cx.world.program.class(body.class).loader;
            let is_read =
                |v: &ValueId| body.origins.leaves(*v).any(|l| l == Value::Event(u32::from(read.event)));
            let mut uses = body.origins.events().iter().filter(|e| body.origins.args(e).iter().any(is_read));
            uses.all(|e| {
                e.kind.is_invoke()
                    && e.member().is_some_and(|m| {
                        cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, &setters))
                    })
            })
        })
}

/// Whether a method is the one that the language gives a record for a component (JLS 8.10.3), and nobody calls it.
fn is_accessor(cx: &Context<'_>, field: FieldId, method: MethodId) -> bool {
    let program = cx.world.program;
    let (facts, class) = (program.method(method), program.class_of_method(method));
    class == program.class_of_field(field)
        && facts.name == program.field(field).name
        && params(program.text(facts.desc)).next().is_none()
        && program.has_supertype_named(class, RECORD)
        && cx.world.sites.resolved_to(method).is_empty()
}

/// What every record extends.
const RECORD: &str = "java/lang/Record";
/// The API that sets the context class loader.
const CONTEXT_SET: &str = "context-loader-set";
