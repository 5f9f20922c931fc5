//! What alone leaves an obligation open, where few would guard against it.

use super::super::acquire::result_class;
use super::super::uses::Use;
use super::super::{cleanup, files};
use super::{Followed, OnlyIf};
use crate::dataflow::exceptions::{Thrown, is_encoding_refusal, is_interruption, is_unchecked};
use crate::dataflow::paths::Exit;
use crate::facts::EventKind;
use crate::vocabulary::{ValueId, descriptor};

/// What closing only ends: nothing that was written can be lost by it.
const READERS: [&str; 9] = [
    "java/io/InputStream",
    "java/io/Reader",
    "java/net/DatagramSocket",
    "java/net/ServerSocket",
    "java/net/Socket",
    "java/nio/channels/SelectableChannel",
    "java/nio/channels/Selector",
    "java/sql/ResultSet",
    "java/sql/Statement",
];

/// Packages whose objects read and write nothing by themselves.
const MEMORY: [&str; 2] = ["java/lang", "java/util"];

impl Followed<'_, '_, '_> {
    /// What alone leaves it open on these ways, if that is something that few would guard against.
    pub(in crate::dataflow::obligations) fn only_if(&self, exits: &[Exit]) -> Option<OnlyIf> {
        let all =
            |of: &dyn Fn(u16) -> bool| !exits.is_empty() && exits.iter().all(|e| e.cause.is_some_and(of));
        let is_wait = |t: &Thrown| is_interruption(self.callees.world, *t);
        let waits = |at: u16| {
            let thrown = self.throws.of_event(at);
            self.is_run_on_it(at) && !thrown.is_empty() && thrown.iter().all(is_wait)
        };
        let names_no_encoding = |at: u16| {
            let thrown = self.throws.of_event(at);
            !thrown.is_empty() && thrown.iter().all(|t| is_encoding_refusal(self.callees.world, *t))
        };
        let is_quiet = |at: u16| self.closes_quietly(at) || self.closes_after_another(at);
        let ends_quietly = |e: &Exit| is_quiet(e.at) || e.cause.is_some_and(is_quiet);
        let is_again = |e: &Exit| Some(e.at) == self.event && e.cause.is_none();
        match () {
            () if !self.owners.is_empty() && !exits.is_empty() && exits.iter().all(is_again) => {
                Some(OnlyIf::PilingUp)
            }
            () if self.options_fail && !self.is_careless() => Some(OnlyIf::OptionFails),
            () if !self.is_place && all(&|at| self.opens_it(at)) => Some(OnlyIf::OpeningFails),
            () if !self.is_place && all(&waits) => Some(OnlyIf::Interrupted),
            () if all(&|at| self.only_reads_it(at)) && self.is_of_own_file() => Some(OnlyIf::OwnFileFails),
            () if all(&names_no_encoding) => Some(OnlyIf::EncodingUnknown),
            () if self.releases_fail && self.only_reads() && exits.iter().all(ends_quietly) => {
                Some(OnlyIf::CloseFails)
            }
            () if !self.is_place && !exits.is_empty() && exits.iter().all(|e| self.is_unannounced(e)) => {
                Some(OnlyIf::Unannounced)
            }
            () => None,
        }
    }

    /// Whether an event is a call that works on it and on nothing else that is read or written: only by what it reads may
    /// that fail.
    fn only_reads_it(&self, event: u16) -> bool {
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return false };
        let program = self.callees.world.program;
        let Some(member) = found.member().filter(|_| found.kind.is_invoke()) else { return false };
        let member = program.facts.members.get(member);
        let own = found.kind.has_receiver().then(|| program.text(member.owner));
        let given = descriptor::params(program.text(member.desc)).map(|ty| ty.class());
        let types = own.into_iter().map(Some).chain(given);
        let is_it = |v: ValueId| self.uses.face_of(self.body, v, u32::MAX).is_some();
        let args = self.body.origins.args(found);
        let is_memory =
            |class: Option<&str>| class.is_none_or(|c| MEMORY.contains(&descriptor::package_of(c)));
        args.iter().any(|v| is_it(*v))
            && args.iter().zip(types).all(|(v, class)| is_it(*v) || is_memory(class))
    }

    /// Whether it is the stream of a file that lies in the archive of the class that asks for it, by a constant name; or
    /// of any that a class loader finds, if only the base is known.
    fn is_of_own_file(&self) -> bool {
        let world = self.callees.world;
        let events = self.body.origins.events();
        let Some(opening) = self.event.and_then(|at| events.get(usize::from(at))) else { return false };
        let receiver = self.body.origins.leaves(self.body.origins.arg(opening, 0));
        let asked = receiver.filter_map(|leaf| self.body.origins.event(leaf)).map(|(_, made)| made);
        let mut lookups = std::iter::once(opening).chain(asked).filter(|e| e.kind.is_invoke());
        lookups.any(|call| files::is_own(world, self.body, call))
    }

    /// Whether the walk has seen it released at the end of the usual way, in no handler, and handed on nowhere.
    fn is_careless(&self) -> bool {
        let seen = self.seen.get();
        let is_handed_on = seen.escapes || seen.lends || seen.returns;
        let is_usual = cleanup::reached_normally(self.body);
        let is_in_handler = |at: &u16| !is_usual.get(usize::from(*at)).copied().unwrap_or(true);
        seen.releases_normally && !is_handed_on && !self.released_at.borrow().iter().any(is_in_handler)
    }

    /// Whether what is followed only reads, as far as the scan has its class: nothing that was written is lost with it.
    fn only_reads(&self) -> bool {
        let program = self.callees.world.program;
        let loader = program.class(self.body.class).loader;
        let made = self.uses.faces.first().and_then(|face| self.body.origins.event(face.value));
        let class = made.and_then(|(_, event)| match event.kind {
            EventKind::New => program.find(loader, event.name()?),
            _ => result_class(self.callees.world, self.body, event),
        });
        class.is_none_or(|c| READERS.iter().any(|root| program.has_supertype_named(c, root)))
    }

    /// Whether an event is what gives it something to release: if that fails it has an empty handle at most.
    fn opens_it(&self, event: u16) -> bool {
        !self.is_open && self.uses.list.iter().any(|(at, _, found)| *at == event && *found == Use::Opens)
    }

    fn is_run_on_it(&self, event: u16) -> bool {
        let found = self.body.origins.events().get(usize::from(event)).filter(|e| e.kind.has_receiver());
        found.is_some_and(|e| self.uses.face_of(self.body, self.body.origins.arg(e, 0), u32::MAX).is_some())
    }

    /// Whether an event is the call of a method that closes it, unless closing something else fails there.
    fn closes_after_another(&self, event: u16) -> bool {
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return false };
        let of_it = self.uses.list.iter().filter(|(at, ..)| *at == event);
        let mut operands =
            of_it.filter(|(.., found)| *found == Use::ReleasesUnlessThrown).map(|(_, v, _)| *v);
        operands.any(|operand| {
            let position = self.body.origins.args(found).iter().position(|v| *v == operand);
            position.is_some_and(|position| {
                let i = usize::from(event);
                self.callees.use_at(self.body, i, found, position, false) == Use::Releases
            })
        })
    }

    /// Whether an event closes something that has nothing left to do then: it reads, or it can't fail but by a bug.
    fn closes_quietly(&self, event: u16) -> bool {
        let Some(found) = self.body.origins.events().get(usize::from(event)) else { return false };
        let program = self.callees.world.program;
        let loader = program.class(self.body.class).loader;
        let owner = found.member().and_then(|m| program.find(loader, program.facts.members.get(m).owner));
        let reads = |class| READERS.iter().any(|root| program.has_supertype_named(class, root));
        let declares = |t: &Thrown| !is_unchecked(self.callees.world, loader, *t);
        // Of what the scan has not, nothing speaks for it.
        let is_quiet = owner.is_none_or(reads) || !self.throws.of_event(event).iter().any(declares);
        self.callees.is_release(self.body, found) && is_quiet
    }
}
