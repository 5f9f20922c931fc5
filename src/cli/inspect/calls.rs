//! `inspect callers` and `inspect callees`: one step of the call graph.

use super::classes::{self, MemberName};
use super::{Answer, class_label, columns, loader_name, method_label, source_label};
use crate::cli::plan::PlanError;
use crate::engine::View;
use crate::program::{CallGraph, Node, Program};
use crate::vocabulary::{ClassId, MethodId};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Who calls a method, directly or as an override of what is called.
pub(super) fn callers(view: &View<'_>, name: &str) -> Answer {
    let mut out = String::new();
    for method in named(view.program, name)? {
        heading(view, method, &mut out);
        let family = Family::of(&view.graphs.calls, method);
        let (mut direct, mut dispatched) = (Vec::new(), Vec::new());
        let mut objects = Vec::new();
        for node in 0..view.graphs.calls.n_nodes() as u32 {
            let Some(entry) = family.entry(&view.graphs.calls, node) else { continue };
            match view.graphs.calls.node(node) {
                Node::Method(caller) => {
                    let list = if entry == method { &mut direct } else { &mut dispatched };
                    list.push(caller_row(view.program, caller, &family));
                }
                Node::Instance(class) => objects.push(class_row(view.program, class)),
                Node::Dispatch(_) => {}
            }
        }
        section("called by", &direct, &mut out);
        section("called through what it overrides by", &dispatched, &mut out);
        section("run by the JDK or unseen code on objects of", &objects, &mut out);
        if direct.is_empty() && dispatched.is_empty() && objects.is_empty() {
            out.push_str("  nobody calls it\n");
        }
    }
    Ok(out)
}

/// What a method calls; for a virtual call all that it may select.
pub(super) fn callees(view: &View<'_>, name: &str) -> Answer {
    let (program, graph) = (view.program, &view.graphs.calls);
    let mut out = String::new();
    for method in named(program, name)? {
        heading(view, method, &mut out);
        let (mut direct, mut made) = (Vec::new(), Vec::new());
        let mut selected = String::new();
        for &node in graph.successors(graph.index(Node::Method(method))) {
            match graph.node(node) {
                Node::Method(callee) => direct.push(method_row(program, callee)),
                Node::Instance(class) => made.push(class_row(program, class)),
                Node::Dispatch(called) => {
                    let rows: Vec<_> =
                        selectable(graph, node).iter().map(|m| method_row(program, *m)).collect();
                    section(
                        &format!("calls one of {} for {}", rows.len(), method_label(program, called)),
                        &rows,
                        &mut selected,
                    );
                }
            }
        }
        section("calls", &direct, &mut out);
        out.push_str(&selected);
        section("makes", &made, &mut out);
    }
    Ok(out)
}

fn named(program: &Program<'_>, name: &str) -> Result<Vec<MethodId>, PlanError> {
    let member = MemberName::parse(name)?;
    let classes = classes::named(program, member.class)?;
    let all = || classes.iter().flat_map(|class| program.methods_of(*class));
    let found: Vec<MethodId> =
        all().filter(|(_, facts)| member.fits(program, facts.name, facts.desc)).map(|(id, _)| id).collect();
    if found.is_empty() {
        return Err(member.missing("method", all().map(|(_, facts)| program.text(facts.name))));
    }
    Ok(found)
}

fn heading(view: &View<'_>, method: MethodId, out: &mut String) {
    let program = view.program;
    let loader = program.class(program.class_of_method(method)).loader;
    let tenants = view.reach.tenants(method);
    let names: Vec<&str> = tenants
        .iter()
        .filter_map(|t| program.topology.tenant(t))
        .map(|tenant| tenant.name.as_str())
        .collect();
    let reached = match names.as_slice() {
        _ if view.reach.is_open_world() && !names.is_empty() => "reached by any caller".to_owned(),
        [] => "reached by no tenant".to_owned(),
        names => format!("reached by {}", names.join(", ")),
    };
    let _ = writeln!(out, "{} of {}: {reached}", method_label(program, method), loader_name(program, loader));
}

fn section(title: &str, rows: &[(String, String)], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {title}");
    columns(rows, "    ", out);
}

fn method_row(program: &Program<'_>, method: MethodId) -> (String, String) {
    let class = program.class_of_method(method);
    let source = source_label(program, class, &[program.method(method).line]);
    let loader = loader_name(program, program.class(class).loader);
    (loader.to_owned(), format!("{}{source}", method_label(program, method)))
}

fn class_row(program: &Program<'_>, class: ClassId) -> (String, String) {
    (loader_name(program, program.class(class).loader).to_owned(), class_label(program, class))
}

/// A caller with the lines of its calls.
fn caller_row(program: &Program<'_>, caller: MethodId, family: &Family) -> (String, String) {
    let class = program.class_of_method(caller);
    let loader = program.class(class).loader;
    let refs = program.refs(loader);
    let events = program.unit(class).events_of(program.method(caller)).iter();
    let calls = events.filter(|event| event.kind.has_method()).filter(|event| {
        let target = event.member().and_then(|member| refs.method(member));
        target.is_some_and(|target| family.methods.contains(&target))
    });
    let lines: BTreeSet<u16> = calls.map(|event| event.line).collect();
    let lines: Vec<u16> = lines.into_iter().collect();
    let source = source_label(program, class, &lines);
    (loader_name(program, loader).to_owned(), format!("{}{source}", method_label(program, caller)))
}

/// A method and the methods it overrides: whoever calls one of them may run it.
struct Family {
    method: MethodId,
    methods: BTreeSet<MethodId>,
}

impl Family {
    fn of(graph: &CallGraph, method: MethodId) -> Self {
        let mut methods = BTreeSet::from([method]);
        // The graph is walked forwards only; overriding is seldom deep.
        let dispatches: Vec<(u32, MethodId)> = (0..graph.n_nodes() as u32)
            .filter_map(|node| match graph.node(node) {
                Node::Dispatch(called) => Some((node, called)),
                _ => None,
            })
            .collect();
        loop {
            let n = methods.len();
            for (node, called) in &dispatches {
                let leads =
                    |next: &u32| matches!(graph.node(*next), Node::Dispatch(m) if methods.contains(&m));
                if !methods.contains(called) && graph.successors(*node).iter().any(leads) {
                    methods.insert(*called);
                }
            }
            if methods.len() == n {
                return Self { method, methods };
            }
        }
    }

    /// The method of the family by which a node enters it: the method itself if it can, else one it overrides.
    fn entry(&self, graph: &CallGraph, node: u32) -> Option<MethodId> {
        let entered = graph.successors(node).iter().filter_map(|next| match graph.node(*next) {
            Node::Method(m) if m == self.method => Some(m),
            Node::Dispatch(m) if self.methods.contains(&m) => Some(m),
            _ => None,
        });
        entered.min_by_key(|m| (*m != self.method, *m))
    }
}

/// The methods that a dispatch node may select.
fn selectable(graph: &CallGraph, dispatch: u32) -> BTreeSet<MethodId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([dispatch]);
    let mut waiting = vec![dispatch];
    while let Some(node) = waiting.pop() {
        for &next in graph.successors(node) {
            match graph.node(next) {
                Node::Method(method) => {
                    found.insert(method);
                }
                Node::Dispatch(_) if seen.insert(next) => waiting.push(next),
                _ => {}
            }
        }
    }
    found
}
