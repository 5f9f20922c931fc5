//! What the deployed methods that a call may run do to what they are given.

use super::{Callees, Effect, Flags, KnownEffect, MAX_DEPTH, MAX_TARGETS, UNKNOWN};
use crate::dataflow::Body;
use crate::dataflow::obligations::acquire::made_by;
use crate::dataflow::obligations::follow::Followed;
use crate::dataflow::obligations::uses::Use;
use crate::dataflow::paths::Tested;
use crate::facts::{Event, Value};
use crate::vocabulary::MethodId;

/// Parameters whose constants are minded.
const MAX_FLAGS: usize = 32;

impl Callees<'_, '_> {
    /// What the deployed methods that a call may run do; `None` if there are none or too many.
    pub(super) fn by_bodies(
        &self,
        body: Body<'_>,
        i: usize,
        event: &Event,
        position: usize,
        releases_fail: bool,
    ) -> Option<Use> {
        let targets = self.targets(body, event, MAX_TARGETS)?;
        if targets.is_empty() {
            return None;
        }
        let effects: Vec<Effect> =
            targets.iter().map(|t| self.effect_of(body, event, *t, position as u16, releases_fail)).collect();
        let any = |of: fn(&Effect) -> bool| effects.iter().any(of);
        let is_receiver = event.kind.has_receiver() && position == 0;
        Some(if any(|e| e.releases) {
            if any(|e| e.open_on_exception) { Use::ReleasesUnlessThrown } else { Use::Releases }
        } else if any(|e| e.escapes) {
            self.by_holder(body, i, event, position).unwrap_or(Use::Escapes)
        } else if any(|e| e.lends) {
            Use::Lends
        } else if any(|e| e.into_receiver) {
            let is_guarded = effects.iter().all(|e| e.guards && !e.open_on_exception);
            let face = if is_guarded { Use::TakenOver } else { Use::Becomes };
            made_by(self, body, i, event).map_or(Use::Escapes, face)
        } else if any(|e| e.into_result) {
            Use::Becomes(Value::Event(i as u32))
        } else if is_receiver && targets.iter().any(|t| self.releases_own_field(*t)) {
            Use::Releases
        } else if any(|e| e.opens) {
            Use::OpensUnlessThrown
        } else {
            Use::Keeps
        })
    }

    /// What a method does to its parameter `param`. A method that calls itself adds nothing to what it does.
    pub(in crate::dataflow::obligations) fn effect(
        &self,
        method: MethodId,
        param: u16,
        releases_fail: bool,
    ) -> Effect {
        self.effect_with(method, param, releases_fail, (0, 0))
    }

    /// The same, where a call gives the method constants.
    fn effect_of(
        &self,
        body: Body<'_>,
        event: &Event,
        method: MethodId,
        param: u16,
        releases_fail: bool,
    ) -> Effect {
        self.effect_with(method, param, releases_fail, self.flags_of(body, event, method))
    }

    fn flags_of(&self, body: Body<'_>, event: &Event, method: MethodId) -> Flags {
        let (mut known, mut zero) = (0u32, 0u32);
        for (i, value) in body.origins.args(event).iter().enumerate().take(MAX_FLAGS) {
            if let Value::Int(n) = body.origins.unit.value(body.method, *value) {
                known |= 1 << i;
                zero |= u32::from(n == 0) << i;
            }
        }
        if known == 0 {
            return (0, 0);
        }
        let callee = self.world.body(method);
        let blocks = callee.origins.unit.blocks_of(callee.method).iter();
        let tests = blocks.filter_map(|b| Tested::of(callee, b)).filter(|t| !t.is_null);
        let asked = tests.fold(0u32, |bits, test| match test.parameter(callee) {
            Some(param) if usize::from(param) < MAX_FLAGS => bits | 1 << param,
            _ => bits,
        });
        (known & asked, zero & asked)
    }

    fn effect_with(&self, method: MethodId, param: u16, releases_fail: bool, flags: Flags) -> Effect {
        let key = (method, param, releases_fail, flags);
        if let Some(known) = self.effects.get(key) {
            self.is_spared.set(self.is_spared.get() || known.is_spared);
            return known.effect;
        }
        if self.depth.get() >= MAX_DEPTH || self.is_spent() {
            self.spare();
            return UNKNOWN;
        }
        // What has left nothing out does the same if releases fail.
        if releases_fail
            && let Some(known) = self.effects.get((method, param, false, flags))
            && !known.is_spared
        {
            return known.effect;
        }
        // Until it is known, it may be anything.
        self.effects.set(key, KnownEffect { effect: Effect::default(), is_spared: true });
        let before = self.is_spared.replace(false);
        self.depth.set(self.depth.get() + 1);
        let body = self.world.body(method);
        let mut effect = Followed::parameter(self, body, param, releases_fail).given(flags).effect();
        effect.into_result |= param == 0 && self.hands_out_own(body);
        self.depth.set(self.depth.get() - 1);
        // Who tells a method that keeps it not to close it on failure has nobody who does, whatever it was lent to.
        let is_kept = effect.escapes || effect.lends || effect.into_receiver;
        if flags.0 != 0 && is_kept && !effect.releases && self.effect(method, param, releases_fail).releases {
            effect = Effect { releases: true, open_on_exception: true, ..effect };
        }
        let is_spared = self.is_spared.get();
        self.effects.set(key, KnownEffect { effect, is_spared });
        self.is_spared.set(before || is_spared);
        effect
    }
}
