//! From witness paths to the steps a report prints.

use crate::dataflow::World;
use crate::facts::{Event, EventKind, NO_NAME};
use crate::findings::{Hop, Location, lambda};
use crate::program::{Entered, WitnessStep};
use crate::vocabulary::descriptor::binary_name;
use crate::vocabulary::{ClassId, MethodId, TenantId};

/// Steps of one tenant's part of a trace; longer ways are shortened in the middle.
pub(super) const MAX_STEPS: usize = 12;

/// The place of a class, at a line.
pub(super) fn location(world: &World<'_>, class: ClassId, line: u16) -> Location {
    let program = world.program;
    let facts = program.class_facts(class);
    let archive = world.archives.get(program.archive_of(class));
    let prefix = if facts.prefix == NO_NAME { "" } else { program.text(facts.prefix) };
    let source_file = (facts.source_file != NO_NAME).then(|| program.text(facts.source_file).to_owned());
    Location {
        archive: archive.map_or(String::new(), |a| a.path.clone()),
        is_in_folder: archive.is_some_and(|a| a.is_folder),
        entry: format!("{prefix}{}.class", program.text(facts.name)),
        source_file,
        source: None,
        line: u32::from(line),
    }
}

/// The name of the tenant that a class's code runs for or is defined by.
pub(super) fn tenant_name(world: &World<'_>, class: ClassId) -> String {
    match world.program.tenant_of(class) {
        Some(tenant) => world.program.topology.tenants[tenant.index()].name.clone(),
        None => "jdk".to_owned(),
    }
}

/// A step at an event of a method.
pub(super) fn hop(world: &World<'_>, tenant: &str, method: MethodId, line: u16, note: String) -> Hop {
    let program = world.program;
    let class = program.class_of_method(method);
    let facts = program.method(method);
    Hop {
        tenant: tenant.to_owned(),
        class: binary_name(program.class_name(class)),
        member: program.text(facts.name).to_owned(),
        descriptor: program.text(facts.desc).to_owned(),
        note: lambda::told(&note),
        location: location(world, class, line),
    }
}

/// The steps from a tenant's code to an event, the last of which says `note`.
pub(super) fn to_event(
    world: &World<'_>,
    tenant: TenantId,
    method: MethodId,
    event: u16,
    note: &str,
) -> Vec<Hop> {
    let name = tenant_label(world, tenant);
    let line = world.event(method, event).map_or(0, |e| e.line);
    let last = hop(world, &name, method, line, note.to_owned());
    let Some(steps) = world.reach.witness(tenant, method) else { return vec![last] };
    let mut hops: Vec<Hop> = steps.windows(2).map(|pair| call_hop(world, &name, pair[0], pair[1])).collect();
    hops.push(last);
    let selects = |at: usize| steps.get(at + 1).is_some_and(|to| to.entered == Entered::Dispatched);
    shorten(hops, &selects)
}

/// `*` stands for any application in an open world.
pub(super) fn tenant_label(world: &World<'_>, tenant: TenantId) -> String {
    if world.reach.is_open_world() {
        return "*".to_owned();
    }
    world.program.topology.tenants[tenant.index()].name.clone()
}

fn call_hop(world: &World<'_>, tenant: &str, from: WitnessStep, to: WitnessStep) -> Hop {
    let program = world.program;
    let target = program.class_of_method(to.method);
    let simple = simple_name(program.class_name(target));
    let name = program.text(program.method(to.method).name);
    let callee = match name {
        "<init>" => format!("new {simple}(…)"),
        "<clinit>" => format!("{simple}'s class initialiser"),
        _ => format!("{simple}.{name}"),
    };
    let note = match to.entered {
        Entered::CalledBack => format!("makes {} {simple}, whose {name} is called back", article(&simple)),
        Entered::Dispatched => format!("calls {callee}, among others"),
        Entered::Root | Entered::Direct => format!("calls {callee}"),
    };
    let line = call_line(world, from.method, to).unwrap_or(program.method(from.method).line);
    hop(world, tenant, from.method, line, note)
}

/// `a` or `an`, as the name is spoken: most that begin with `U` (`User`, `URL`) take `a`.
fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// The line of the instruction by which one step leads to the next.
fn call_line(world: &World<'_>, from: MethodId, to: WitnessStep) -> Option<u16> {
    let body = world.body(from);
    let program = world.program;
    let refs = program.refs(program.class(body.class).loader);
    let target = program.method(to.method);
    let target_class = program.class_of_method(to.method);
    let is_named = |event: &&Event| {
        event.kind.is_invoke()
            && event.member().is_some_and(|m| {
                let member = program.facts.members.get(m);
                member.name == target.name && member.desc == target.desc
            })
    };
    let leads_there = |event: &&Event| match event.kind {
        EventKind::New => event.name().is_some_and(|n| {
            program
                .find(program.class(body.class).loader, n)
                .is_some_and(|c| to.entered == Entered::CalledBack && program.is_subtype(c, target_class))
        }),
        kind if kind.has_method() => {
            event.member().is_some_and(|m| refs.method(m) == Some(to.method))
                || to.entered == Entered::Dispatched && is_named(event)
        }
        _ => false,
    };
    let events = body.origins.events();
    // A call on an object of a known class names a method of a supertype.
    let named = || events.iter().find(is_named).filter(|_| to.entered == Entered::Direct);
    events.iter().find(leads_there).or_else(named).map(|e| e.line)
}

/// Leaves out steps in the middle; `selects` says which ones may lead elsewhere too.
fn shorten(hops: Vec<Hop>, selects: &dyn Fn(usize) -> bool) -> Vec<Hop> {
    if hops.len() <= MAX_STEPS {
        return hops;
    }
    let n_left_out = hops.len() - (MAX_STEPS - 1);
    let head = MAX_STEPS / 2;
    let mut kept: Vec<Hop> = hops[..head].to_vec();
    if let Some(last) = kept.last_mut() {
        let n_selecting = (head..head + n_left_out).filter(|at| selects(*at)).count();
        let selecting = match n_selecting {
            0 => String::new(),
            1 => ", one of them by a call that may select others".to_owned(),
            n => format!(", {n} of them by calls that may select others"),
        };
        last.note.push_str(&format!(" (and {n_left_out} more steps{selecting})"));
    }
    kept.extend_from_slice(&hops[hops.len() - (MAX_STEPS - 1 - head)..]);
    kept
}

/// `a/b/C$D` -> `C.D`. A `$` that separates no two names is part of one: Scala's `C$`, `C$$anon`.
pub(super) fn simple_name(internal: &str) -> String {
    let name = internal.rsplit('/').next().unwrap_or(internal);
    let separates = |at: usize| {
        let is_part = |other: Option<char>| other.is_some_and(|c| c != '$');
        is_part(name[..at].chars().next_back()) && is_part(name[at + 1..].chars().next())
    };
    name.char_indices().map(|(at, c)| if c == '$' && separates(at) { '.' } else { c }).collect()
}

/// The names of methods that compilers make for access to a private member from a nested class.
const ACCESSOR: &str = "access$";

/// The call that stands in the source for an event of a method that a compiler made for access to a private member: its
/// own line is that of the class.
pub(super) fn outside_accessor(world: &World<'_>, method: MethodId, event: u16) -> (MethodId, u16) {
    let facts = world.program.method(method);
    let is_accessor = facts.access.is_synthetic()
        && facts.access.is_static()
        && world.program.text(facts.name).starts_with(ACCESSOR);
    let call = world.sites.resolved_to(method).first().filter(|_| is_accessor);
    call.map_or((method, event), |site| (site.caller, site.event))
}

#[cfg(test)]
mod tests {
    use super::{article, shorten, simple_name};
    use crate::findings::{Hop, Location};

    #[test]
    fn what_is_left_out_of_a_way_is_told() {
        let hop = |at: u32| Hop {
            tenant: "billing".to_owned(),
            class: "billing.Main".to_owned(),
            member: "run".to_owned(),
            descriptor: "()V".to_owned(),
            note: at.to_string(),
            location: Location { line: at, ..Location::default() },
        };
        let short = |selecting: &dyn Fn(usize) -> bool| shorten((0..15).map(hop).collect(), selecting);
        assert_eq!(shorten((0..12).map(hop).collect(), &|_| true).len(), 12);
        let notes: Vec<String> = short(&|_| false).into_iter().map(|hop| hop.note).collect();
        assert_eq!(notes[4..8], ["4", "5 (and 4 more steps)", "10", "11"]);
        let one = "5 (and 4 more steps, one of them by a call that may select others)";
        assert_eq!(short(&|at| at == 6 || at == 10)[5].note, one);
        let all = "5 (and 4 more steps, 4 of them by calls that may select others)";
        assert_eq!(short(&|_| true)[5].note, all);
    }

    #[test]
    fn a_dollar_that_separates_no_two_names_is_part_of_one() {
        let names = ["a/Map$Entry", "a/Zone$", "Zone$$anon$1", "a/$Proxy", "$"].map(simple_name);
        assert_eq!(names, ["Map.Entry", "Zone$", "Zone$$anon.1", "$Proxy", "$"]);
    }

    #[test]
    fn names_that_begin_with_a_vowel_are_spoken_with_an() {
        let all = ["AbstractMap", "Order", "Map", "URLLoader", "User"].map(article);
        assert_eq!(all, ["an", "an", "a", "a", "a"]);
    }
}
