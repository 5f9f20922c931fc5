//! What a task handed to a thread or pool goes on to call.

use super::context::Context;
use super::matches::{Match, Spot};
use super::task_code;
use crate::dataflow::Body;
use crate::facts::{Event, EventKind, Value};
use crate::rules::rule::Condition;
use crate::vocabulary::descriptor::params;
use crate::vocabulary::{MethodId, TenantId, ValueId};
use rustc_hash::FxHashSet;

/// What the JVM runs.
const THREAD: &str = "java/lang/Thread";
/// Stages of a stream that are looked at.
const MAX_STAGES: usize = 32;
/// The API that makes a stream parallel, the stages before it too.
const STREAM_PARALLEL: &str = "stream-parallel";
/// The API that takes a task and the executor to run it.
const EXECUTOR_GIVEN: &str = "executor-given";
/// Callers of one method that are looked at.
const MAX_CALLERS: usize = 16;

/// The tenants of a match that a condition leaves, if it is about where their tasks get to.
pub(super) fn left_by(cx: &Context<'_>, found: &Match, condition: &Condition) -> Option<Vec<TenantId>> {
    match condition {
        Condition::TaskReaches(names) => Some(tenants_reaching(cx, found, names)),
        Condition::Not(inner) => match &**inner {
            Condition::TaskReaches(names) => {
                let out = tenants_reaching(cx, found, names);
                let mut left = cx.tenants(found);
                left.retain(|tenant| !out.contains(tenant));
                Some(left)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The tenants of a match whose code, handed over at one of its calls, reaches an API of one of the groups.
fn tenants_reaching(cx: &Context<'_>, found: &Match, names: &[String]) -> Vec<TenantId> {
    let mut tenants = cx.tenants(found);
    if tenants.is_empty() {
        return tenants;
    }
    let spots: Vec<&Spot> = found.spots.iter().filter(|s| reaches(cx, s, names, None)).collect();
    match spots.as_slice() {
        [] => tenants.clear(),
        _ if tenants.len() < 2 => {}
        spots => tenants.retain(|t| spots.iter().any(|s| reaches(cx, s, names, Some(*t)))),
    }
    tenants
}

/// Whether code that is handed over at a call of a match reaches an API of one of the groups.
pub(super) fn some_reaches(cx: &Context<'_>, found: &Match, names: &[String]) -> bool {
    let tenants = cx.tenants(found);
    let reaches_for = |s: &Spot| {
        reaches(cx, s, names, None)
            && (tenants.len() < 2 && found.only.is_none()
                || tenants.iter().any(|t| reaches(cx, s, names, Some(*t))))
    };
    found.spots.iter().any(reaches_for)
}

fn reaches(cx: &Context<'_>, spot: &Spot, names: &[String], tenant: Option<TenantId>) -> bool {
    task_code::reaches(cx, (spot.method, spot.event), names, tenant)
}

/// Whether a method calls an API of one of the groups, or all that call the method do; of an anonymous class's method, all
/// that make an object of it.
pub(super) fn also_calls(cx: &Context<'_>, method: MethodId, names: &[String]) -> bool {
    let program = cx.world.program;
    let class = program.class_of_method(method);
    let constructors = || program.methods_of(class).filter(|(_, m)| program.is_constructor(m.name));
    let called: Vec<MethodId> =
        if program.is_anonymous(class) { constructors().map(|(id, _)| id).collect() } else { vec![method] };
    let sites = called.iter().filter_map(|m| cx.world.sites.of(*m, MAX_CALLERS)).flatten();
    let mut callers = sites.map(|site| site.caller).peekable();
    calls_api(cx, method, names)
        || callers.peek().is_some() && callers.all(|caller| calls_api(cx, caller, names))
}

/// Whether a method calls an API of one of the groups.
pub(super) fn calls_api(cx: &Context<'_>, method: MethodId, names: &[String]) -> bool {
    let body = cx.world.body(method);
    let loader = cx.world.program.class(body.class).loader;
    body.origins.events().iter().filter(|e| e.kind.has_method()).any(|e| {
        let is_one = |m| cx.world.knowledge.apis(loader, m).any(|api| cx.is_api(api, names));
        e.member().is_some_and(is_one) && !super::pools::gives_what_is_inherited(cx, body, e)
    })
}

/// Gives `push` the values that a pool may run: the operands of a call, those of the calls chained to its result (the
/// stages of a stream or future), or made with it (what is handed to an executor), and what the receiver was made with
/// (a thread factory).
pub(super) fn tasks_of<'w>(
    cx: &Context<'w>,
    body: Body<'w>,
    event: &'w Event,
    at: u16,
    push: &mut dyn FnMut(Body<'w>, ValueId),
) {
    of_operands(cx, body, event, push);
    let mut chained = vec![Value::Event(u32::from(at))];
    // What a constructor makes is the object that it is run on.
    if event.kind == EventKind::InvokeSpecial {
        chained.extend(body.origins.leaves(body.origins.arg(event, 0)));
    }
    for (i, later) in (0..).zip(body.origins.events()).filter(|(i, _)| *i != u32::from(at)) {
        let args = body.origins.args(later);
        let is_chained = |value: &ValueId| body.origins.leaves(*value).any(|leaf| chained.contains(&leaf));
        let is_receiver = later.kind.has_receiver() && args.first().is_some_and(is_chained);
        if is_receiver || args.iter().any(is_chained) && is_api(cx, body, later, EXECUTOR_GIVEN) {
            of_operands(cx, body, later, push);
            chained.push(Value::Event(i));
        }
    }
    if is_api(cx, body, event, STREAM_PARALLEL) {
        of_stages_before(cx, body, event, push);
    }
    if let Some(receiver) = body.origins.args(event).first().filter(|_| event.kind.has_receiver()) {
        for leaf in body.origins.leaves(*receiver) {
            of_makers(cx, body, leaf, push);
        }
    }
}

pub(super) fn is_api(cx: &Context<'_>, body: Body<'_>, event: &Event, api: &str) -> bool {
    let loader = cx.world.program.class(body.class).loader;
    let group = cx.world.knowledge.group(api);
    event.member().is_some_and(|member| cx.world.knowledge.api_in(group, loader, member).is_some())
}

/// The stages of a stream that a call is made on: nothing of them runs before the last one is asked for its result.
fn of_stages_before<'w>(
    cx: &Context<'w>,
    body: Body<'w>,
    event: &'w Event,
    push: &mut dyn FnMut(Body<'w>, ValueId),
) {
    let mut waiting = vec![event];
    for _ in 0..MAX_STAGES {
        let Some(at) = waiting.pop().filter(|at| at.kind.has_receiver()) else { return };
        for (_, stage) in
            body.origins.leaves(body.origins.arg(at, 0)).filter_map(|leaf| body.origins.event(leaf))
        {
            if stage.kind.is_invoke() {
                of_operands(cx, body, stage, push);
                waiting.push(stage);
            }
        }
    }
}

/// What the values of a field were made with.
fn of_makers<'w>(cx: &Context<'w>, body: Body<'w>, leaf: Value, push: &mut dyn FnMut(Body<'w>, ValueId)) {
    let refs = cx.world.program.refs(cx.world.program.class(body.class).loader);
    let Some((_, read)) = body.origins.event(leaf) else { return };
    if !matches!(read.kind, EventKind::GetStatic | EventKind::GetField) {
        return;
    }
    let Some(field) = read.member().and_then(|m| refs.field(m)) else { return };
    for write in cx.world.fields.writes(field) {
        let writer = cx.world.body(write.method);
        let Some(event) = cx.world.event(write.method, write.event) else { continue };
        let Some(value) = writer.origins.args(event).last() else { continue };
        for leaf in writer.origins.leaves(*value) {
            let Some((_, made)) = writer.origins.event(leaf) else { continue };
            of_operands(cx, writer, made, push);
            let is_its = |e: &&Event| {
                e.kind == EventKind::InvokeSpecial
                    && writer.origins.leaves(writer.origins.arg(e, 0)).all(|object| object == leaf)
            };
            let inits = writer.origins.events().iter().filter(|_| made.kind == EventKind::New);
            for init in inits.filter(is_its) {
                of_operands(cx, writer, init, push);
            }
        }
    }
}

fn of_operands<'w>(cx: &Context<'w>, body: Body<'w>, event: &Event, push: &mut dyn FnMut(Body<'w>, ValueId)) {
    for value in body.origins.args(event) {
        push(body, *value);
        if is_api(cx, body, event, TASKS_SUBMIT) {
            of_elements(body, *value, push);
        }
    }
}

/// The API that takes a collection of tasks.
const TASKS_SUBMIT: &str = "executor-submit-all";

/// The tasks of a collection that the body makes: what it is made of, and what is put into it.
fn of_elements<'w>(body: Body<'w>, collection: ValueId, push: &mut dyn FnMut(Body<'w>, ValueId)) {
    let mut made: Vec<Value> = body.origins.leaves(collection).collect();
    let factories = made.clone().into_iter().filter_map(|leaf| body.origins.event(leaf));
    // `List.of(a, b)`, and `Arrays.asList`, whose tasks stand in an array.
    for value in factories.filter(|(_, e)| e.kind.is_invoke()).flat_map(|(_, e)| body.origins.args(e)) {
        push(body, *value);
        made.extend(body.origins.leaves(*value));
    }
    for put in body.origins.events() {
        let is_put = put.kind == EventKind::ArrayStore || put.kind.is_invoke() && put.kind.has_receiver();
        let Some((into, values)) = body.origins.args(put).split_first().filter(|_| is_put) else { continue };
        if body.origins.leaves(*into).any(|leaf| made.contains(&leaf)) {
            for value in values {
                push(body, *value);
            }
        }
    }
}

/// The APIs that hand a task to a pool.
const SUBMIT: [&str; 2] = ["executor-submit", "common-pool-submit"];

/// Steps from where a task is made to the call that hands it to a pool: the methods that yield it, and those that are
/// passed it.
const MAX_HANDED: u32 = 3;

/// Whether a body is that of a lambda, or of an object's `run` or `call`, that code hands to a pool where it makes it, or
/// yields to one who does.
pub(super) fn is_run_by_pool(cx: &Context<'_>, body: Body<'_>) -> bool {
    let mut seen = FxHashSet::default();
    made_at(cx, body).into_iter().any(|(method, made)| is_handed_to_pool(cx, method, made, 0, &mut seen))
}

/// The places that make the lambda whose body this is, or the objects whose `run` or `call` it is, each with the value
/// there.
fn made_at(cx: &Context<'_>, body: Body<'_>) -> Vec<(MethodId, Value)> {
    let program = cx.world.program;
    let sites = |method: MethodId| cx.world.sites.of(method, MAX_CALLERS).unwrap_or_default();
    if !RUNS.contains(&program.text(body.method.name)) || body.method.access.is_static() {
        let of_lambda = sites(body.id).into_iter().filter(|site| {
            cx.world.event(site.caller, site.event).is_some_and(|e| e.kind == EventKind::Lambda)
        });
        return of_lambda.map(|site| (site.caller, Value::Event(u32::from(site.event)))).collect();
    }
    let constructors = program.methods_of(body.class).filter(|(_, m)| program.is_constructor(m.name));
    let made = constructors.flat_map(|(id, _)| sites(id)).flat_map(|site| {
        let maker = cx.world.body(site.caller);
        let init = cx.world.event(site.caller, site.event);
        let objects = init.map(|e| maker.origins.leaves(maker.origins.arg(e, 0)).collect::<Vec<_>>());
        objects.unwrap_or_default().into_iter().map(move |made| (site.caller, made))
    });
    made.collect()
}

/// `seen` holds where the search has been: a task that is passed on in many places is followed from each method once.
fn is_handed_to_pool(
    cx: &Context<'_>,
    method: MethodId,
    made: Value,
    depth: u32,
    seen: &mut FxHashSet<(MethodId, Value, u32)>,
) -> bool {
    if !seen.insert((method, made, depth)) {
        return false;
    }
    let maker = cx.world.body(method);
    let loader = cx.world.program.class(maker.class).loader;
    let is_made = |v: &ValueId| maker.origins.leaves(*v).any(|l| l == made);
    let is_submit = |m| SUBMIT.iter().any(|api| cx.world.knowledge.api_of(api, loader, m).is_some());
    maker.origins.events().iter().any(|e| {
        let Some(position) = maker.origins.args(e).iter().position(is_made) else { return false };
        if e.kind == EventKind::Return {
            let callers = cx.world.sites.of(method, MAX_CALLERS).filter(|_| depth < MAX_HANDED);
            return callers.unwrap_or_default().iter().any(|site| {
                let call = cx.world.event(site.caller, site.event).filter(|e| e.kind.is_invoke());
                let yielded = Value::Event(u32::from(site.event));
                call.is_some() && is_handed_to_pool(cx, site.caller, yielded, depth + 1, seen)
            });
        }
        if !e.kind.is_invoke() || e.member().is_none() {
            return false;
        }
        if e.member().is_some_and(is_submit) {
            return true;
        }
        let targets = cx.world.targets(maker, e, 1).filter(|_| depth < MAX_HANDED);
        let passed = Value::Param(u16::try_from(position).unwrap_or(u16::MAX));
        // What it is asked itself hands it nowhere.
        !(position == 0 && e.kind.has_receiver())
            && targets
                .unwrap_or_default()
                .into_iter()
                .any(|m| is_handed_to_pool(cx, m, passed, depth + 1, seen))
    })
}

/// Whether a body is all that a thread runs which is made for it: what the thread has ends with it.
pub(super) fn is_run_by_own_thread(cx: &Context<'_>, body: Body<'_>) -> bool {
    let made = made_at(cx, body);
    let is_for_thread = |(method, made): (MethodId, Value)| {
        let maker = cx.world.body(method);
        let loader = cx.world.program.class(maker.class).loader;
        let is_made = |v: &ValueId| maker.origins.leaves(*v).any(|l| l == made);
        let is_own_init = |e: &Event| {
            e.kind == EventKind::InvokeSpecial && maker.origins.args(e).first().is_some_and(is_made)
        };
        let is_thread = |m| cx.world.knowledge.api_of(THREAD_NEW, loader, m).is_some();
        let mut uses = maker
            .origins
            .events()
            .iter()
            .filter(|e| maker.origins.args(e).iter().any(is_made) && !is_own_init(e))
            .peekable();
        uses.peek().is_some() && uses.all(|e| e.kind.is_invoke() && e.member().is_some_and(is_thread))
    };
    !made.is_empty() && made.into_iter().all(is_for_thread)
}

/// The API that makes a thread for a task.
const THREAD_NEW: &str = "thread-new";

/// What a pool calls of a task.
const RUNS: [&str; 2] = ["run", "call"];

/// The JVM's name of a task.
const RUNNABLE: &str = "java/lang/Runnable";

/// Whether the thread that a call starts is made for a task that the method is given: the task is its caller's.
pub(super) fn is_given(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let Some(start) = cx.world.event(spot.method, spot.event) else { return false };
    // A thread is started, or handed to the JVM.
    let subject = usize::from(found_as_argument(cx, start));
    body.origins.leaves(body.origins.arg(start, subject)).any(|leaf| {
        let Some((index, made)) = body.origins.event(leaf) else { return false };
        let init = body.origins.events().iter().find(|e| {
            e.kind == EventKind::InvokeSpecial
                && body.origins.leaves(body.origins.arg(e, 0)).any(|l| l == Value::Event(index))
        });
        let maker = if made.kind == EventKind::New { init } else { Some(made) };
        maker.is_some_and(|m| body.origins.args(m).iter().any(|arg| is_given_task(cx, body, *arg)))
    })
}

/// Whether it is not the receiver of a call that runs, but what the call is given.
fn found_as_argument(cx: &Context<'_>, call: &Event) -> bool {
    let program = cx.world.program;
    let desc = call.member().map_or("", |m| program.text(program.facts.members.get(m).desc));
    call.kind.has_receiver() && params(desc).next().is_some_and(|ty| ty.class() == Some(THREAD))
}

fn is_given_task(cx: &Context<'_>, body: Body<'_>, value: ValueId) -> bool {
    let is_param = |leaf| matches!(leaf, Value::Param(i) if i > 0 || body.method.access.is_static());
    body.origins.leaves(value).any(is_param)
        && super::values::types_of(cx.world, body, value).iter().any(|ty| is_function(cx, body, ty))
}

/// Whether a type is one of tasks: the JVM's own, one below it, or an interface with one method to implement.
fn is_function(cx: &Context<'_>, body: Body<'_>, ty: &str) -> bool {
    let program = cx.world.program;
    let class = program.find_text(program.class(body.class).loader, ty);
    ty == RUNNABLE
        || class.is_some_and(|class| {
            let mut abstracts = program.methods_of(class).filter(|(_, m)| m.access.is_abstract());
            program.has_supertype_named(class, RUNNABLE)
                || program.class_facts(class).access.is_interface()
                    && !program.is_jdk(class)
                    && abstracts.next().is_some()
                    && abstracts.next().is_none()
        })
}
