//! From a match whose conditions hold to a finding.

use super::calls;
use super::certainty;
use super::context::Context;
use super::matches::{Match, Spot, Subject};
use super::readers::{self, Reading};
use super::trace::{self, simple_name};
use super::{configured_text, copies_text, outcome, references_text};
use crate::dataflow::How;
use crate::dataflow::unload::{Keeper, Release};
use crate::facts::EventKind;
use crate::findings::{Finding, Hop, Location, lambda};
use crate::program::{Entered, Witness};
use crate::rules::rule::{Case, Condition, FollowTest, Part, Rule, Slot, Template, WriteShape};
use crate::vocabulary::descriptor::{TypeDesc, binary_name, human};
use crate::vocabulary::{FieldId, MethodId, TenantId};

/// Tenants whose ways to a hazard are shown; two tell that it is shared.
const MAX_TRACED: usize = 3;
/// Names that a sentence may list.
const MAX_NAMED: usize = 6;

/// The first case of a rule that holds, if any.
pub(super) fn case_of<'r>(cx: &Context<'_>, found: &Match, rule: &'r Rule) -> Option<&'r Case> {
    rule.cases.iter().find(|case| super::conditions::holds(cx, found, &case.when))
}

/// Builds the finding; `None` if a case says to ignore the match.
pub(super) fn build(cx: &Context<'_>, found: &Match, rule: &Rule) -> Option<Finding> {
    let case = case_of(cx, found, rule);
    if case.is_some_and(|c| c.ignore) {
        return None;
    }
    let follow = follow_tests(case.map(|c| &c.when).into_iter().chain([&rule.when]));
    let readers = if readers::is_asked(rule) { readers::of_match(cx, found) } else { Vec::new() };
    let maker = Maker { cx, found, follow, tenants: cx.named_tenants(found), readers };
    let (severity, certainty) = certainty::level(cx, found, rule, case, &maker.tenants);
    let message = case.and_then(|c| c.message.as_ref()).unwrap_or(&rule.message);
    let advice = case.and_then(|c| c.advice.as_ref()).unwrap_or(&rule.advice);
    let (class, member, descriptor) = maker.member();
    Some(Finding {
        rule: rule.meta.id.clone(),
        severity,
        certainty,
        class,
        member,
        descriptor,
        loader: trace::tenant_name(cx.world, found.class),
        tenants: maker.concerned(),
        message: maker.fill(message),
        fix: maker.fill(advice),
        location: maker.location(),
        trace: maker.trace(),
        related: maker.related(),
        anchor: maker.anchor(),
        fingerprint: String::new(),
        standing: None,
    })
}

/// What conditions say must follow a call.
pub(super) fn follow_tests<'r>(conditions: impl Iterator<Item = &'r Condition>) -> Vec<&'r FollowTest> {
    let mut waiting: Vec<&Condition> = conditions.collect();
    let mut found = Vec::new();
    while let Some(condition) = waiting.pop() {
        match condition {
            Condition::All(list) | Condition::Any(list) => waiting.extend(list),
            Condition::Not(inner) => waiting.push(inner),
            Condition::FollowedBy(test) => found.push(test),
            _ => {}
        }
    }
    found
}

pub(super) struct Maker<'m, 'w> {
    pub(super) cx: &'m Context<'w>,
    pub(super) found: &'m Match,
    /// What the rule asks to follow the call.
    pub(super) follow: Vec<&'m FollowTest>,
    tenants: Vec<TenantId>,
    /// Who reads what another one writes, if the rule asks.
    pub(super) readers: Vec<Reading>,
}

impl Maker<'_, '_> {
    fn tenant_names(&self) -> Vec<String> {
        self.names(self.tenants.iter().copied())
    }

    fn names(&self, tenants: impl Iterator<Item = TenantId>) -> Vec<String> {
        let mut names: Vec<String> = tenants.map(|t| trace::tenant_label(self.cx.world, t)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Those on whose behalf it happens; if that is one alone, those that get to see it too.
    fn concerned(&self) -> Vec<String> {
        self.names(self.tenants.iter().copied().chain(self.victims().map(|r| r.tenant)))
    }

    /// Readers of what one tenant alone writes.
    pub(super) fn victims(&self) -> impl Iterator<Item = &Reading> {
        let is_one = self.tenants.len() < 2 && !self.cx.world.reach.is_open_world();
        self.readers.iter().filter(move |_| is_one)
    }

    fn member(&self) -> (String, String, String) {
        let program = self.cx.world.program;
        let class = binary_name(program.class_name(self.found.class));
        if let Some(field) = self.made_for() {
            let facts = program.field(field);
            return (class, program.text(facts.name).to_owned(), program.text(facts.desc).to_owned());
        }
        match (self.found.subject, self.found.spots.first()) {
            (Subject::Field(field), _) => {
                let facts = program.field(field);
                (class, program.text(facts.name).to_owned(), program.text(facts.desc).to_owned())
            }
            (Subject::Configured(_), _) | (_, None) => (class, String::new(), String::new()),
            (_, Some(spot)) => {
                let facts = program.method(spot.method);
                (class, program.text(facts.name).to_owned(), program.text(facts.desc).to_owned())
            }
        }
    }

    /// The field that a class initialiser acquires a resource for: it tells more than the initialiser's name.
    fn made_for(&self) -> Option<FieldId> {
        let program = self.cx.world.program;
        let spot = self.found.spots.first()?;
        match self.found.kept.as_ref()?.keeper {
            Keeper::Field(field) | Keeper::SharedStatic(field)
                if program.class_of_field(field) == self.found.class
                    && program.is_class_initializer(program.method(spot.method).name) =>
            {
                Some(field)
            }
            _ => None,
        }
    }

    /// The spot that a finding points at: the first in shared code, else the first.
    pub(super) fn main_spot(&self) -> Option<&Spot> {
        let is_shared = |s: &&Spot| {
            let (method, _) = s.inside.unwrap_or((s.method, s.event));
            self.cx.world.reach.owner(self.cx.world.program.class_of_method(method)).is_none()
        };
        let shared = self.found.spots.iter().filter(is_shared).min_by_key(|s| self.mildness(s));
        shared.or_else(|| self.found.spots.iter().min_by_key(|s| self.mildness(s)))
    }

    /// How little a change of a field speaks for itself: what a caller passes says most, what takes something away least.
    fn mildness(&self, spot: &Spot) -> u8 {
        let Subject::Field(_) = self.found.subject else { return 0 };
        let shapes = self.cx.shapes(self.found, spot);
        let removes = match spot.how {
            Some(How::Container(api) | How::Entry(api)) => self.cx.is_api(api, &self.cx.names.removing),
            _ => false,
        };
        match () {
            () if removes || shapes.contains(WriteShape::Cleared) => 2,
            () if shapes.contains(WriteShape::FromCaller) => 0,
            () => 1,
        }
    }

    /// Where a resource is handed to a registry that keeps the loader: that call is the fault, not the acquisition.
    fn handed_over(&self) -> Option<(MethodId, u16)> {
        let kept = self.found.kept.as_ref()?;
        kept.release_site.filter(|_| matches!(kept.release, Release::ByPinningWrapper(_)))
    }

    fn location(&self) -> Location {
        let world = self.cx.world;
        if let Subject::Configured(id) = self.found.subject
            && let Some(place) = configured_text::location(self.cx, id)
        {
            return place;
        }
        if let Some((method, event)) = self.handed_over() {
            let line = world.event(method, event).map_or(0, |e| e.line);
            return trace::location(world, world.program.class_of_method(method), line);
        }
        match self.main_spot() {
            Some(spot) => {
                let (method, event) = spot.inside.unwrap_or((spot.method, spot.event));
                let (method, event) = trace::outside_accessor(world, method, event);
                let line = world.event(method, event).map_or(0, |e| e.line);
                trace::location(world, world.program.class_of_method(method), line)
            }
            None => trace::location(world, self.found.class, 0),
        }
    }

    /// One run of steps for each of some tenants, by the spot that is nearest to its code.
    fn trace(&self) -> Vec<Hop> {
        let world = self.cx.world;
        let mut hops = Vec::new();
        let is_seen = self.found.kept.is_some() || !self.cx.tenants(self.found).is_empty();
        let shown = self.shown_tenants();
        for tenant in &shown {
            if let Some(spot) = self.main_spot().filter(|_| !is_seen) {
                hops.extend(trace::to_event(
                    world,
                    *tenant,
                    spot.method,
                    spot.event,
                    &self.what_happens(spot),
                ));
                continue;
            }
            let reached = self.found.spots.iter().filter(|s| world.reach.tenants(s.method).has(*tenant));
            let steps = |s: &&Spot| world.reach.witness(*tenant, s.method).map_or(usize::MAX, |w| w.len());
            let nearest = reached.min_by_key(|s| (self.mildness(s), steps(s)));
            let Some(spot) = nearest else {
                hops.extend(self.by_initialiser(*tenant));
                continue;
            };
            hops.extend(trace::to_event(world, *tenant, spot.method, spot.event, &self.what_happens(spot)));
            if let Some((method, event)) = spot.inside {
                let name = trace::tenant_label(world, *tenant);
                let line = world.event(method, event).map_or(0, |e| e.line);
                hops.push(trace::hop(world, &name, method, line, self.what_changes(method, event)));
            }
        }
        let n_left_out = self.tenants.len() - shown.len();
        if let Some(last) = hops.last_mut().filter(|_| n_left_out > 0) {
            last.note.push_str(&format!(" (as do {n_left_out} more)"));
        }
        for reading in self.victims() {
            let note = format!("reads {}", self.what_is_read());
            hops.extend(trace::to_event(world, reading.tenant, reading.method, reading.event, &note));
        }
        hops
    }

    /// The tenants whose ways are shown: all, or of many those with the surest and shortest.
    fn shown_tenants(&self) -> Vec<TenantId> {
        if self.tenants.len() <= MAX_TRACED {
            return self.tenants.clone();
        }
        let reach = self.cx.world.reach;
        let length = |tenant: TenantId| {
            let reached = self.found.spots.iter().filter(|s| reach.tenants(s.method).has(tenant));
            let ways = reached.filter_map(|s| reach.witness(tenant, s.method));
            let selecting =
                |way: &Witness| way.iter().filter(|step| step.entered == Entered::Dispatched).count();
            ways.map(|way| (selecting(&way), way.len())).min().unwrap_or((usize::MAX, usize::MAX))
        };
        let mut by_way: Vec<((usize, usize), TenantId)> =
            self.tenants.iter().map(|tenant| (length(*tenant), *tenant)).collect();
        by_way.sort_unstable();
        let mut shown: Vec<TenantId> =
            by_way.into_iter().take(MAX_TRACED).map(|(_, tenant)| tenant).collect();
        shown.sort_unstable();
        shown
    }

    fn what_is_read(&self) -> String {
        match self.found.subject {
            Subject::Call(..) => self.argument().map_or_else(|| "it".to_owned(), |key| format!("\"{key}\"")),
            _ => self.subject_name(),
        }
    }

    /// The steps to a class initialiser that runs once, for whoever comes first: how a tenant comes to use the class, and
    /// what the initialiser does.
    fn by_initialiser(&self, tenant: TenantId) -> Vec<Hop> {
        let world = self.cx.world;
        let Some(spot) = self.main_spot() else { return Vec::new() };
        let class = world.program.class_of_method(spot.method);
        let methods = world.program.methods_of(class).map(|(id, _)| id);
        let used = methods
            .filter_map(|id| Some((world.reach.witness(tenant, id)?.len(), id)))
            .min_by_key(|(steps, _)| *steps);
        let Some((_, used)) = used else { return Vec::new() };
        let note = format!(
            "uses {}, whose initialiser runs for whoever comes first",
            simple_name(world.program.class_name(class))
        );
        let mut hops = trace::to_event(world, tenant, used, 0, &note);
        let line = world.event(spot.method, spot.event).map_or(0, |e| e.line);
        let name = trace::tenant_label(world, tenant);
        hops.push(trace::hop(world, &name, spot.method, line, self.what_happens(spot)));
        hops
    }

    fn what_happens(&self, spot: &Spot) -> String {
        match (self.found.subject, spot.inside) {
            (Subject::Field(_), Some(_)) => format!("hands {} on", self.subject_name()),
            (Subject::Field(_), None) => self.what_changes(spot.method, spot.event),
            (Subject::Reference(id), _) => references_text::step(self.cx, id),
            (Subject::Copy(id), _) => copies_text::step(self.cx, id),
            _ => format!("calls {}", self.target(spot)),
        }
    }

    fn what_changes(&self, method: crate::vocabulary::MethodId, event: u16) -> String {
        let Some(e) = self.cx.world.event(method, event) else { return String::new() };
        match e.kind {
            EventKind::PutStatic | EventKind::PutField => format!("writes {}", self.subject_name()),
            EventKind::ArrayStore => format!("stores into {}", self.subject_name()),
            EventKind::GetStatic | EventKind::GetField => format!("hands out {}", self.subject_name()),
            _ => {
                let spot = Spot { method, event, how: None, inside: None };
                format!("changes {} by {}", self.subject_name(), self.target(&spot))
            }
        }
    }

    fn subject_name(&self) -> String {
        let (class, member, _) = self.member();
        format!("{}.{member}", simple_name(&class.replace('.', "/")))
    }

    /// `System.setProperty`, `new Thread`.
    pub(super) fn target(&self, spot: &Spot) -> String {
        let world = self.cx.world;
        let Some(event) = world.event(spot.method, spot.event) else { return String::new() };
        if let Some(method) = calls::target_by_name(world, self.found, spot) {
            let owner = simple_name(world.program.class_name(world.program.class_of_method(method)));
            return format!("{owner}.{}", world.program.text(world.program.method(method).name));
        }
        let Some(member) = event.member() else {
            return event.name().map_or(String::new(), |n| simple_name(world.program.text(n)));
        };
        let member = world.program.facts.members.get(member);
        let owner = simple_name(world.program.text(member.owner));
        match world.program.text(member.name) {
            "<init>" => format!("new {owner}"),
            name => format!("{owner}.{name}"),
        }
    }

    fn anchor(&self) -> String {
        match (self.found.subject, self.found.spots.first()) {
            (Subject::Call(..) | Subject::Resource(_), Some(spot)) => {
                let member = self.cx.world.event(spot.method, spot.event).and_then(|e| e.member());
                member.map_or(String::new(), |m| {
                    let m = self.cx.world.program.facts.members.get(m);
                    let text = |n| self.cx.world.program.text(n);
                    let keys = match self.found.subject {
                        Subject::Call(_, api) => calls::key_names(self.cx.world, self.found, api),
                        _ => Vec::new(),
                    };
                    let mut keys: Vec<&str> = keys.into_iter().map(text).collect();
                    keys.sort_unstable();
                    format!("{}.{}{}{}", text(m.owner), text(m.name), text(m.desc), keys.join(","))
                })
            }
            (Subject::Reference(id), _) => references_text::anchor(self.cx, id),
            (Subject::Copy(id), _) => copies_text::anchor(self.cx, id),
            (Subject::Configured(id), _) => configured_text::anchor(self.cx, id),
            _ => String::new(),
        }
    }

    fn fill(&self, template: &Template) -> String {
        let mut text = String::new();
        let mut are_several = false;
        for part in &template.parts {
            match part {
                Part::Text(t) if are_several => text.push_str(&of_several(t)),
                Part::Text(t) => text.push_str(t),
                Part::Slot(slot) => {
                    let filled = self.slot(*slot);
                    are_several = matches!(slot, Slot::Holder | Slot::Tenants) && filled.contains(" and ");
                    text.push_str(&filled);
                }
            }
        }
        lambda::told(&text)
    }

    fn slot(&self, slot: Slot) -> String {
        let program = self.cx.world.program;
        let (class, member, descriptor) = self.member();
        let spot = self.main_spot();
        let own = match self.found.subject {
            Subject::Reference(id) => references_text::slot(self.cx, id, slot),
            Subject::Copy(id) => copies_text::slot(self.cx, id, slot),
            Subject::Configured(id) => configured_text::slot(self.cx, id, slot),
            _ => None,
        };
        if let Some(text) = own {
            return text;
        }
        match slot {
            Slot::Class => simple_name(&class.replace('.', "/")),
            Slot::Member => member,
            Slot::Method => spot.map_or_else(
                || simple_name(&class.replace('.', "/")),
                |s| {
                    let owner = simple_name(program.class_name(program.class_of_method(s.method)));
                    format!("{owner}.{}", program.text(program.method(s.method).name))
                },
            ),
            Slot::Type => simple_name(&self.type_name(&descriptor)),
            Slot::Tenants => and_list(&self.tenant_names()),
            Slot::Readers => and_list(&self.names(self.readers.iter().map(|r| r.tenant))),
            Slot::Loader => trace::tenant_name(self.cx.world, self.found.class),
            Slot::Target => spot.map_or(String::new(), |s| self.target(s)),
            Slot::Argument => self.quoted_argument().unwrap_or_else(|| "a computed value".to_owned()),
            Slot::Property => match self.quoted_argument() {
                Some(name) => format!("the system property {name}"),
                None => "a system property (its name is computed)".to_owned(),
            },
            Slot::Named => self.named().unwrap_or_else(|| "a class".to_owned()),
            Slot::Holder => self.holder(),
            Slot::Effect | Slot::Instead => self.api_text(slot),
            Slot::Resource | Slot::Release | Slot::Pins => self.resource_text(slot),
            Slot::Kept => self.kept(),
            Slot::Outcome => outcome::of(self.cx, self.found).to_owned(),
            Slot::Path => match &self.found.leak {
                Some(leak) => leak.at.map_or("an exception".to_owned(), |at| self.path(leak.method, at)),
                None => self.lost_at().unwrap_or_else(|| "what follows throws".to_owned()),
            },
            // Only references and configured names have these, and have been asked for them.
            Slot::File | Slot::Error | Slot::Found | Slot::Needs | Slot::Missing => String::new(),
        }
    }

    fn type_name(&self, descriptor: &str) -> String {
        match self.found.subject {
            Subject::Field(_) => match TypeDesc(descriptor).class() {
                Some(class) => class.to_owned(),
                None => human(descriptor),
            },
            _ => {
                let event = self.found.spots.first().and_then(|s| self.cx.world.event(s.method, s.event));
                event.and_then(|e| e.member()).map_or(String::new(), |m| {
                    let program = self.cx.world.program;
                    program.text(program.facts.members.get(m).owner).to_owned()
                })
            }
        }
    }
}

/// Verbs right after the name of one application, as they stand after the names of several.
const VERBS: [(&str, &str); 3] = [(" has its own", " have their own"), (" has", " have"), (" is ", " are ")];

/// What follows the name of one application, as it stands after the names of several.
fn of_several(text: &str) -> String {
    let verb = |(one, several): &(&str, &str)| Some(format!("{several}{}", text.strip_prefix(one)?));
    VERBS.iter().find_map(verb).unwrap_or_else(|| text.to_owned())
}

/// `a`, `a and b`, `a, b and c`, of many the first ones and how many others; any application in an open world.
pub(super) fn and_list(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [only] if only == "*" => "any application".to_owned(),
        [only] => only.clone(),
        many if many.len() > MAX_NAMED => {
            let (named, others) = many.split_at(MAX_NAMED - 2);
            format!("{} and {} others", named.join(", "), others.len())
        }
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::and_list;

    #[test]
    fn of_many_names_some_stand_for_all() {
        let list = |n: usize| and_list(&(0..n).map(|i| format!("m{i}")).collect::<Vec<_>>());
        assert_eq!(list(2), "m0 and m1");
        assert_eq!(list(6), "m0, m1, m2, m3, m4 and m5");
        assert_eq!(list(9), "m0, m1, m2, m3 and 5 others");
    }
}
