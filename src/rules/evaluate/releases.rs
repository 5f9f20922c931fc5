//! How a match's resource or field is released, and where it is kept, in the words of rules.

use super::context::Context;
use super::matches::{Match, Subject};
use crate::dataflow::unload::{Keeper as KeptIn, Release as KeptRelease};
use crate::rules::rule::{Keeper, Release};
use crate::vocabulary::FieldId;

/// How what a match is about is released.
pub(super) fn released(cx: &Context<'_>, found: &Match) -> Release {
    if let Some(leak) = &found.leak {
        let resources = &cx.world.knowledge.tables.resources;
        let ends = resources.get(usize::from(leak.resource)).is_some_and(|r| r.ends_unreferenced);
        return match leak.ever_released {
            true if ends => Release::WhenUnreferenced,
            true => Release::Elsewhere,
            false => Release::Never,
        };
    }
    match (&found.kept, found.subject) {
        (Some(kept), _) => match kept.release {
            KeptRelease::Never => Release::Never,
            KeptRelease::AtUnload => Release::AtUnload,
            KeptRelease::ByContainer => Release::ByContainer,
            KeptRelease::ByPinningWrapper(_) => Release::ByPinningWrapper,
            KeptRelease::Elsewhere => Release::Elsewhere,
            KeptRelease::ByUsers => Release::ByUsers,
            KeptRelease::Replaced => Release::Replaced,
            KeptRelease::OfOthers => Release::OfOthers,
            KeptRelease::Sometimes => Release::Sometimes,
            KeptRelease::HandedOn => Release::HandedOn,
            KeptRelease::UnlessThrown => Release::UnlessThrown,
            KeptRelease::WithOwnLoader => Release::WithOwnLoader,
            KeptRelease::WithCallersAccess => Release::WithCallersAccess,
            KeptRelease::WhenIdle => Release::WhenIdle,
            KeptRelease::Locally => Release::Locally,
            KeptRelease::WhenUnreferenced => Release::WhenUnreferenced,
        },
        (None, Subject::Field(field)) => super::removal::of_field(cx, field, &found.spots),
        _ => Release::Never,
    }
}

/// Where it is kept.
pub(super) fn keeper(cx: &Context<'_>, found: &Match) -> Keeper {
    match found.kept.as_ref().map(|k| k.keeper) {
        Some(KeptIn::Nothing | KeptIn::Local) => Keeper::Nothing,
        Some(KeptIn::Field(field)) if is_shared_object(cx, field) => Keeper::SharedObject,
        Some(KeptIn::Field(_)) => Keeper::ModuleField,
        Some(KeptIn::SharedStatic(_)) => Keeper::SharedStatic,
        Some(KeptIn::Bean) => Keeper::Bean,
        Some(KeptIn::Unknown) | None => Keeper::Unknown,
    }
}

fn is_shared_object(cx: &Context<'_>, field: FieldId) -> bool {
    let program = cx.world.program;
    let class = program.class_of_field(field);
    !program.field(field).access.is_static()
        && cx.world.reach.owner(class).is_none()
        && cx.held.holder(class).is_some()
}
