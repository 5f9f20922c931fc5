//! What a call names, in a finding's words, and who has it.

use super::exposed;
use super::finding::{Maker, and_list};
use super::follow;
use super::matches::{Spot, Subject};
use super::trace::simple_name;
use super::values;
use crate::dataflow::held::Root;
use crate::dataflow::origins::Origin;
use crate::facts::EventKind;
use crate::vocabulary::MethodId;

/// Texts that a message shows of those that an argument may be.
const MAX_SHOWN: usize = 2;

impl Maker<'_, '_> {
    /// The first constant among the call's operands.
    pub(super) fn argument(&self) -> Option<String> {
        let world = self.cx.world;
        let spot = self.found.spots.first()?;
        let body = world.body(spot.method);
        let event = world.event(spot.method, spot.event)?;
        (0..usize::from(event.n_args)).find_map(|position| {
            let found = values::origins_of(world, body, event, position);
            let asked = world.program.class(body.class).loader;
            let text = values::telling(world, asked, &values::constants(world, &found));
            // What a field holds until it is filled is no name.
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        })
    }

    /// The class that the call names and that is not where it is looked for, else the first that it names.
    pub(super) fn named(&self) -> Option<String> {
        let spot = self.found.spots.first().filter(|_| matches!(self.found.subject, Subject::Call(..)));
        let missed = spot.and_then(|s| {
            let event = self.cx.world.event(s.method, s.event)?;
            super::places::missed_class(self.cx, self.cx.world.body(s.method), event)
        });
        missed
            .or_else(|| self.argument())
            .or_else(|| self.computed())
            .or_else(|| self.literal())
            .map(|a| a.replace('/', "."))
    }

    /// The text that the call's first argument is put together to, or the first of several.
    fn computed(&self) -> Option<String> {
        self.texts()?.into_iter().next()
    }

    /// The constant among the operands, else what the first one may be put together to, in quotes.
    pub(super) fn quoted_argument(&self) -> Option<String> {
        let texts = self.argument().map(|text| vec![text]).or_else(|| self.texts())?;
        let shown: Vec<String> = texts.iter().take(MAX_SHOWN).map(|text| format!("\"{text}\"")).collect();
        let left = texts.len() - shown.len();
        let rest = if left == 0 { String::new() } else { format!(" or {left} more") };
        Some(shown.join(" or ") + &rest)
    }

    /// The texts that the call's first argument may be put together to.
    fn texts(&self) -> Option<Vec<String>> {
        let world = self.cx.world;
        let spot = self.found.spots.first().filter(|_| matches!(self.found.subject, Subject::Call(..)))?;
        let event = world.event(spot.method, spot.event)?;
        let body = world.body(spot.method);
        let value = body.origins.arg(event, values::operand(event, 0)?);
        super::computed::texts(world, body, value)
    }

    /// The class whose literal the call is given.
    fn literal(&self) -> Option<String> {
        let world = self.cx.world;
        let spot = self.found.spots.first().filter(|_| matches!(self.found.subject, Subject::Call(..)))?;
        let body = world.body(spot.method);
        let event = world.event(spot.method, spot.event)?;
        let given = values::origins_of(world, body, event, values::operand(event, 0)?);
        given.iter().find_map(|f| match f.origin {
            Origin::ClassLiteral(name, _) if !f.is_derived => Some(world.program.text(name).to_owned()),
            _ => None,
        })
    }

    pub(super) fn holder(&self) -> String {
        if let Some(holder) = self.found.holder {
            return self.root_name(self.root_as_seen(holder.root));
        }
        let with_class =
            || self.named().map_or(Vec::new(), |name| values::tenants_with_class(self.cx.world, &name));
        let with_resource = self.tenants_with_resource();
        let names = if with_resource.is_empty() { with_class() } else { with_resource };
        if names.is_empty() { "a module".to_owned() } else { and_list(&names) }
    }

    /// Of the static fields that hold objects of the class, the one from which a change is seen to read its object: any would
    /// do, but this is the one to look at.
    fn root_as_seen(&self, root: Root) -> Root {
        let (Root::Static(_), Subject::Field(field)) = (root, self.found.subject) else { return root };
        let statics = self.cx.held.statics(self.cx.world.program.class_of_field(field));
        let seen =
            if statics.len() > 1 { exposed::seen(self.cx, field, statics, &self.found.spots) } else { None };
        seen.map_or(root, Root::Static)
    }

    /// The tenants whose own loader has the resource that the call names.
    fn tenants_with_resource(&self) -> Vec<String> {
        let world = self.cx.world;
        let Some(spot) = self.found.spots.first() else { return Vec::new() };
        let body = world.body(spot.method);
        let Some(event) = world.event(spot.method, spot.event) else { return Vec::new() };
        let Some(position) = values::operand(event, 0) else { return Vec::new() };
        let found = values::origins_of(world, body, event, position);
        let wanted = self.cx.resource_names(body, (event, position), &found);
        let has = |loader| wanted.iter().any(|name| values::holds_resource(world, loader, name));
        let tenants = world.program.topology.tenants.iter().skip(1).filter(|t| has(t.loader));
        tenants.map(|t| t.name.clone()).collect()
    }

    pub(super) fn root_name(&self, root: Root) -> String {
        let program = self.cx.world.program;
        match root {
            Root::Static(field) => {
                let class = simple_name(program.class_name(program.class_of_field(field)));
                format!("{class}.{}", program.text(program.field(field).name))
            }
            Root::ServiceLoader => "the service loader".to_owned(),
            Root::Bean => "the application context".to_owned(),
        }
    }

    pub(super) fn path(&self, method: MethodId, at: u16) -> String {
        let spot = Spot { method, event: at, how: None, inside: None };
        match self.cx.world.event(method, at).map(|e| e.kind) {
            Some(EventKind::Return) => "the return".to_owned(),
            Some(EventKind::Throw) => "the throw".to_owned(),
            Some(EventKind::PutField | EventKind::PutStatic) => {
                format!("writing `{}` again", self.target(&spot))
            }
            _ => format!("an exception of {}", self.target(&spot)),
        }
    }

    /// The call after which, or the return by which, a method is left without what has to follow the site's call; an
    /// exception's first, since whoever asks for returns asks for nothing else.
    pub(super) fn lost_at(&self) -> Option<String> {
        let by_exception = |s: &Spot| {
            let mut tests = self.follow.iter();
            tests.find_map(|test| follow::exceptional_gap(self.cx, s, test))
        };
        let first = |s: &Spot| {
            let mut tests = self.follow.iter();
            tests.find_map(|test| Some((s.method, follow::gap(self.cx, s, test)?)))
        };
        let mut found = self.found.spots.iter().filter_map(by_exception);
        let (method, gap) = found.next().or_else(|| self.found.spots.iter().find_map(first))?;
        let spot = Spot { method, event: gap.cause.unwrap_or(gap.at), how: None, inside: None };
        Some(match self.cx.world.event(method, spot.event).map(|e| e.kind) {
            Some(EventKind::Return) => "it returns".to_owned(),
            Some(EventKind::Throw) => "it throws".to_owned(),
            _ => format!("`{}` throws", self.target(&spot)),
        })
    }
}
