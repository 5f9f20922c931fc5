//! One finding for one object: fields of a class that fail in the same way are told together, and in an open world calls too.

use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::trace::simple_name;
use crate::dataflow::How;
use crate::dataflow::held::Root;
use crate::dataflow::unload::Keeper;
use crate::facts::Value;
use crate::findings::{Finding, Severity};
use crate::rules::rule::{Family, Rule, Site, WriteShape};
use crate::vocabulary::descriptor::TypeDesc;
use crate::vocabulary::{FieldId, LoaderId, MethodId};
use std::collections::BTreeMap;

/// What findings have in common that are told together: the outermost class and what holds its object, with its loader, how
/// bad and how sure, and whom it concerns.
type Key = (String, String, String, Vec<String>);
/// What a finding says something of, and the finding.
pub(super) type Told<'m> = (&'m Match, Finding);

/// The outermost class of a match; of a static that only one method sets, by the setters of its class, that method's: what
/// one method sets together is told together.
fn class_of_cause<'w>(cx: &Context<'w>, found: &Match) -> &'w str {
    let program = cx.world.program;
    // Parts of one object that a static of the class holds are told with it, whatever nested classes they are of.
    if let Some(root) = handed_out_with(cx, found) {
        return program.class_name(program.class_of_field(root)).split('$').next().unwrap_or_default();
    }
    let mut setters = found.spots.iter().filter(|s| s.how == Some(How::Write)).map(|s| s.method);
    let caller_of = |method: MethodId| {
        let sites = cx.world.sites.resolved_to(method);
        let first = sites.first()?.caller;
        let is_set_up = program.is_class_initializer(program.method(first).name);
        (!is_set_up && sites.iter().map(|site| site.caller).all(|caller| caller == first)).then_some(first)
    };
    let setter = setters.next().filter(|_| cx.world.reach.is_open_world() && found.holder.is_none());
    let cause = setter.and_then(caller_of).filter(|cause| setters.all(|m| caller_of(m) == Some(*cause)));
    let class = cause.map_or(found.class, |cause| program.class_of_method(cause));
    program.class_name(class).split('$').next().unwrap_or_default()
}

/// The static that holds the object of which a match is a part that is handed out.
fn handed_out_with(cx: &Context<'_>, found: &Match) -> Option<FieldId> {
    let is_handed_out = found.spots.iter().all(|s| s.how.is_none());
    let is_part = matches!(found.subject, Subject::Field(_)) && is_handed_out;
    match found.holder.filter(|_| is_part && cx.world.reach.is_open_world())?.root {
        // What another class has of it is found there by who looks for that class.
        Root::Static(root) => {
            let program = cx.world.program;
            let outermost = |class| program.class_name(class).split('$').next();
            let is_same = outermost(program.class_of_field(root)) == outermost(found.class);
            is_same.then_some(root)
        }
        _ => None,
    }
}

/// What there is once for the whole JVM, made at its first use: whoever uses it, one use beforehand mends all.
fn once_for_all<'w>(cx: &Context<'w>, found: &Match) -> Option<&'w str> {
    let kept = found.kept.as_ref().filter(|k| k.is_once)?;
    let resource = cx.world.knowledge.tables.resources.get(usize::from(kept.resource))?;
    Some(resource.name.as_str())
}

/// Matches class by class, with the classes declared in it: only findings of one of these are ever joined.
pub(super) fn by_outermost_class<'m>(cx: &Context<'_>, matches: &'m [Match]) -> Vec<Vec<&'m Match>> {
    let program = cx.world.program;
    let mut classes = BTreeMap::<(LoaderId, &str), Vec<&Match>>::new();
    for found in matches {
        let loader = program.class(found.class).loader;
        let class = match once_for_all(cx, found) {
            Some(resource) => (LoaderId::from_index(0), resource),
            None => (loader, class_of_cause(cx, found)),
        };
        classes.entry(class).or_default().push(found);
    }
    classes.into_values().collect()
}

/// Joins the findings of a rule about fields or calls. In a deployment each static field stays a finding of its own, with the traces
/// of those who change it; in an open world there are none to show.
pub(super) fn by_object<'m>(cx: &Context<'_>, rule: &Rule, found: Vec<Told<'m>>) -> Vec<Told<'m>> {
    let is_object = is_of_objects(rule);
    let is_field = matches!(
        rule.site,
        Site::FieldWrite { .. }
            | Site::FieldMutation { .. }
            | Site::FieldChange { .. }
            | Site::HandedOut { .. }
    );
    // Calls of one class that ask the wrong loader are mended together.
    let is_field = is_field || matches!(rule.site, Site::Call { .. }) && rule.family == Family::ClassLoader;
    let is_open_world = cx.world.reach.is_open_world();
    let is_kept = matches!(rule.site, Site::Kept { .. });
    if found.first().is_some_and(|(m, _)| once_for_all(cx, m).is_some()) {
        return by_tenants(cx, found);
    }
    if !(is_object || (is_field || is_kept) && is_open_world) {
        return found;
    }
    let mut groups = BTreeMap::<Key, Vec<(Rank, Told<'_>)>>::new();
    for (m, finding) in found {
        groups.entry(key(cx, m, &finding, is_object)).or_default().push((rank(cx, m), (m, finding)));
    }
    let mut joined: Vec<Told<'_>> = groups.into_values().filter_map(joined).collect();
    if is_object && is_open_world {
        joined = with_lesser(joined);
    }
    joined
}

/// Joins findings of one thing that concern the same applications. A use in an application's own code is told first.
fn by_tenants<'m>(cx: &Context<'_>, found: Vec<Told<'m>>) -> Vec<Told<'m>> {
    let mut groups = BTreeMap::<(Severity, Vec<String>), Vec<(bool, Told<'_>)>>::new();
    for (m, finding) in found {
        let is_shared = cx.world.reach.owner(m.class).is_none();
        let group = groups.entry((finding.severity, finding.tenants.clone())).or_default();
        group.push((is_shared, (m, finding)));
    }
    groups.into_values().filter_map(joined).collect()
}

fn is_of_objects(rule: &Rule) -> bool {
    matches!(rule.site, Site::FieldChange { of_statics: false })
}

/// Joins the warnings of all classes whose objects one static holds: in an open world it is that static which makes them
/// one for all, whatever hangs on it. A static's own object is named first.
pub(super) fn by_root(cx: &Context<'_>, rule: &Rule, found: Vec<Told<'_>>) -> Vec<Finding> {
    let mut groups = BTreeMap::<(FieldId, String), Vec<(bool, Told<'_>)>>::new();
    let mut all = Vec::new();
    let is_joined = is_of_objects(rule) && cx.world.reach.is_open_world();
    for (m, finding) in found {
        match m.holder.map(|holder| holder.root) {
            Some(Root::Static(root)) if is_joined && finding.severity != Severity::Note => {
                let weight = format!("{:?} {:?}", finding.severity, finding.certainty);
                let declared = cx.world.program.text(cx.world.program.field(root).desc);
                let is_part = TypeDesc(declared).class() != Some(cx.world.program.class_name(m.class));
                groups.entry((root, weight)).or_default().push((is_part, (m, finding)));
            }
            _ => all.push(finding),
        }
    }
    all.extend(groups.into_values().filter_map(joined).map(|(_, finding)| finding));
    all
}

/// Objects that different statics hold are different objects, whatever classes they are of. Of what is only worth knowing
/// who holds the object is no reason to tell it twice.
fn key(cx: &Context<'_>, found: &Match, finding: &Finding, is_object: bool) -> Key {
    let is_lesser = finding.severity == Severity::Note && cx.world.reach.is_open_world();
    let is_object = is_object || handed_out_with(cx, found).is_some();
    let root = found.holder.filter(|_| is_object && !is_lesser).map(|holder| holder.root);
    let held = format!("{} {root:?} {}", class_of_cause(cx, found), kept(found, finding));
    let weight = if is_lesser && is_object {
        format!("{:?}", finding.severity)
    } else {
        format!("{:?} {:?}", finding.severity, finding.certainty)
    };
    (held, finding.loader.clone(), weight, finding.tenants.clone())
}

/// What keeps a resource; of one that no field keeps, where it is acquired.
fn kept(found: &Match, finding: &Finding) -> String {
    match found.kept.as_ref().map(|k| (k.keeper, &k.release)) {
        Some((keeper @ (Keeper::Field(_) | Keeper::SharedStatic(_)), release)) => {
            format!("{keeper:?} {release:?}")
        }
        Some(_) => format!("{} {:?}", finding.member, finding.location.line),
        None => String::new(),
    }
}

fn outermost(finding: &Finding) -> &str {
    finding.class.split('$').next().unwrap_or_default()
}

/// Tells what is only worth knowing of a class with the graver finding of the same class, if there is one.
fn with_lesser(found: Vec<Told<'_>>) -> Vec<Told<'_>> {
    let (lesser, mut graver): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, f)| f.severity == Severity::Note);
    let mut alone = Vec::new();
    for (m, finding) in lesser {
        let is_same = |(_, f): &&mut Told<'_>| {
            outermost(f) == outermost(&finding) && f.loader == finding.loader && f.tenants == finding.tenants
        };
        match graver.iter_mut().find(is_same) {
            Some((_, main)) => {
                main.related.push((finding.location.clone(), said_of(&finding, "perhaps so")));
                let told = finding.related.into_iter().filter(|(_, note)| note.starts_with("so "));
                main.related.extend(told.map(|(at, note)| (at, format!("perhaps {note}"))));
            }
            None => alone.push((m, finding)),
        }
    }
    graver.append(&mut alone);
    graver
}

/// The field or call to name first: the one that callers decide about, then the one that most places change.
type Rank = (bool, std::cmp::Reverse<usize>, FieldId);

fn rank(cx: &Context<'_>, found: &Match) -> Rank {
    let field = match found.subject {
        Subject::Field(field) => field,
        _ => FieldId(u32::MAX),
    };
    let is_call = matches!(found.subject, Subject::Call(..));
    let by_caller = found.spots.iter().any(|s| match is_call {
        true => is_given_by_caller(cx, s),
        false => cx.shapes_of(field, s).contains(WriteShape::FromCaller),
    });
    (!by_caller, std::cmp::Reverse(found.spots.len()), field)
}

/// Whether a call passes on what its method is given.
fn is_given_by_caller(cx: &Context<'_>, spot: &Spot) -> bool {
    let body = cx.world.body(spot.method);
    let first = u16::from(!body.method.access.is_static());
    let is_given = |leaf: Value| matches!(leaf, Value::Param(i) if i >= first);
    let args = cx.world.event(spot.method, spot.event).map_or(&[][..], |e| body.origins.args(e));
    args.iter().any(|value| body.origins.leaves(*value).any(is_given))
}

fn joined<'m, R: Ord + Copy>(mut group: Vec<(R, Told<'m>)>) -> Option<Told<'m>> {
    group.sort_by_key(|(rank, _)| *rank);
    let mut group = group.into_iter().map(|(_, told)| told);
    let (of, mut main) = group.next()?;
    for (_, other) in group {
        let said = said_of(&other, "so");
        main.related.push((other.location, said));
        let told = other
            .related
            .into_iter()
            .filter(|(_, note)| note.starts_with("so ") || note.starts_with("perhaps so "));
        main.related.extend(told);
    }
    Some((of, main))
}

/// `so is Registry.entries`, `so does Registry.find`
fn said_of(finding: &Finding, so: &str) -> String {
    let name = simple_name(&finding.class.replace('.', "/"));
    let is = if finding.descriptor.starts_with('(') { "does" } else { "is" };
    format!("{so} {is} {name}.{}", finding.member)
}

/// All findings, rule by rule, less those that say of a field that its object is handed out of which another finding says
/// that applications set it: that is told there.
pub(super) fn with_handed_out(
    cx: &Context<'_>,
    rules: &[Rule],
    mut found: Vec<Vec<Finding>>,
) -> Vec<Finding> {
    let is_handed_out = |rule: &Rule| matches!(rule.site, Site::HandedOut { of_statics: true });
    let is_write = |rule: &Rule| matches!(rule.site, Site::FieldWrite { of_statics: true });
    if !cx.world.reach.is_open_world() {
        return found.into_iter().flatten().collect();
    }
    let mut handed_out = Vec::new();
    for (_, found) in rules.iter().zip(&mut found).filter(|(rule, _)| is_handed_out(rule)) {
        handed_out.append(found);
    }
    let mut alone = Vec::new();
    for finding in handed_out {
        let is_same = |f: &&mut Finding| {
            (f.severity, &f.class, &f.member, &f.loader, &f.tenants)
                == (finding.severity, &finding.class, &finding.member, &finding.loader, &finding.tenants)
        };
        let writes = rules.iter().zip(&mut found).filter(|(rule, _)| is_write(rule));
        match writes.flat_map(|(_, found)| found.iter_mut()).find(is_same) {
            Some(main) => {
                let name = simple_name(&finding.class.replace('.', "/"));
                let note = format!("what one sets in it holds for all who get {name}.{}", finding.member);
                main.related.push((finding.location, note));
                main.related.extend(finding.related);
            }
            None => alone.push(finding),
        }
    }
    found.into_iter().flatten().chain(alone).collect()
}
