//! Sites and conditions: every name is looked up, every pattern compiled once to see that it can be.

use globset::Glob;

use super::Checker;
use crate::rules::mistake::suggest;
use crate::rules::rule::{
    ArgumentTest, CallTest, ClassTest, Condition, Exits, FieldTest, FollowTest, MemberTest, ModuleHas,
    Sharing, Site,
};
use crate::rules::schema::condition::{ArgumentText, ClassText, FieldText, FollowText, MethodText};
use crate::rules::schema::{ConditionText, SiteText};
use crate::topology::CONTAINERS;

/// Deepest nesting of `all`, `any` and `not`.
pub(super) const MAX_NESTING: usize = 8;

impl Checker<'_> {
    /// A rule's `find`.
    pub(super) fn find(&mut self, text: SiteText) -> Site {
        match text {
            SiteText::FieldWrite(it) => Site::FieldWrite { of_statics: it.of_statics },
            SiteText::FieldMutation(it) => Site::FieldMutation {
                of_statics: it.of_statics,
                kinds: it.kinds.into_iter().map(Into::into).collect(),
            },
            SiteText::FieldChange(it) => Site::FieldChange { of_statics: it.of_statics },
            SiteText::HandedOut(it) => Site::HandedOut { of_statics: it.of_statics },
            SiteText::LoaderStore(_) => Site::LoaderStore,
            SiteText::Call(it) => {
                let apis = self.within("call", |c| c.within("to", |c| c.each(it.to, Self::api)));
                Site::Call { apis }
            }
            SiteText::Kept(it) => Site::Kept {
                resources: self
                    .within("kept", |c| c.within("resource", |c| c.each(it.resource, Self::resource))),
            },
            SiteText::Open(it) => Site::Open {
                resources: self
                    .within("open", |c| c.within("resource", |c| c.each(it.resource, Self::resource))),
                exits: it.exits.map_or(Exits::Any, Into::into),
            },
            SiteText::Reference(it) => {
                Site::Reference { fails: it.fails.into_iter().map(Into::into).collect() }
            }
            SiteText::OtherCopy(it) => {
                Site::OtherCopy { asked_by: it.asked_by.into_iter().map(Into::into).collect() }
            }
            SiteText::Configured(it) => {
                Site::Configured { answers: it.answers.into_iter().map(Into::into).collect() }
            }
            SiteText::Class(_) => Site::Class,
        }
    }

    /// A condition, `depth` levels below a rule's or case's `when`.
    pub(super) fn condition(&mut self, text: ConditionText, depth: usize) -> Condition {
        if depth > MAX_NESTING {
            let message = format!("conditions are nested more than {MAX_NESTING} deep");
            self.report(message, "this one is too deep", "");
            return Condition::All(Vec::new());
        }
        self.refuse_elsewhere(&text);
        match text {
            ConditionText::All(all) => {
                Condition::All(self.within("all", |c| c.each(all, |c, one| c.condition(one, depth + 1))))
            }
            ConditionText::Any(any) => {
                Condition::Any(self.within("any", |c| c.each(any, |c, one| c.condition(one, depth + 1))))
            }
            ConditionText::Not(not) => {
                Condition::Not(Box::new(self.within("not", |c| c.condition(*not, depth + 1))))
            }
            ConditionText::DefinedBy(words) => {
                Condition::DefinedBy(words.into_iter().map(Into::into).collect())
            }
            ConditionText::Caller(words) => Condition::Caller(words.into_iter().map(Into::into).collect()),
            ConditionText::Tenants(it) => {
                Condition::Tenants { at_least: it.at_least, module: it.module.unwrap_or(false) }
            }
            ConditionText::OpenWorld => Condition::OpenWorld,
            ConditionText::JdkRelease(it) => Condition::JdkRelease {
                from: it.from.unwrap_or_default(),
                before: it.before.unwrap_or(u16::MAX),
            },
            ConditionText::Topology(names) => {
                Condition::Topology(self.within("topology", |c| c.each(names, Self::container)))
            }
            other => self.detail(other),
        }
    }

    /// A condition about what the site is and does.
    fn detail(&mut self, text: ConditionText) -> Condition {
        match text {
            ConditionText::Field(it) => Condition::Field(self.within("field", |c| c.field(it))),
            ConditionText::Method(it) => Condition::Method(self.within("method", |c| c.method(it))),
            ConditionText::Class(it) => Condition::Class(self.within("class", |c| c.class(it))),
            ConditionText::Written(words) => Condition::Written(words.into_iter().map(Into::into).collect()),
            ConditionText::Keyed(words) => Condition::Keyed(words.into_iter().map(Into::into).collect()),
            ConditionText::Stores(words) => Condition::Stores(words.into_iter().map(Into::into).collect()),
            ConditionText::ReadByOther => Condition::ReadByOther,
            ConditionText::NeverRead => Condition::NeverRead,
            ConditionText::AnyChange(words) => {
                Condition::AnyChange(words.into_iter().map(Into::into).collect())
            }
            ConditionText::HeldByStatic => Condition::HeldByStatic,
            ConditionText::Locked => Condition::Locked,
            ConditionText::MadeFromKey => Condition::MadeFromKey,
            ConditionText::ValuesChanged => Condition::ValuesChanged,
            ConditionText::OnlyFromMain => Condition::OnlyFromMain,
            ConditionText::RunsOnce => Condition::RunsOnce,
            ConditionText::GuardedOnce => Condition::GuardedOnce,
            ConditionText::StoredUnasked => Condition::StoredUnasked,
            ConditionText::OnlyAheadOfTime => Condition::OnlyAheadOfTime,
            ConditionText::OnlyOnAnotherRelease => Condition::OnlyOnAnotherRelease,
            ConditionText::WithoutCaller => Condition::WithoutCaller,
            ConditionText::ForOwnLoader => Condition::ForOwnLoader,
            ConditionText::HandedOver => Condition::HandedOver,
            ConditionText::MovedAndUnused => Condition::MovedAndUnused,
            other => self.detail_of_call(other),
        }
    }

    /// A condition about a call or a resource.
    fn detail_of_call(&mut self, text: ConditionText) -> Condition {
        match text {
            ConditionText::Target(apis) => {
                Condition::Target(self.within("target", |c| c.each(apis, Self::api)))
            }
            ConditionText::TaskReaches(apis) => {
                Condition::TaskReaches(self.within("task-reaches", |c| c.each(apis, Self::api)))
            }
            ConditionText::AlsoCalls(apis) => {
                Condition::AlsoCalls(self.within("also-calls", |c| c.each(apis, Self::api)))
            }
            ConditionText::Argument(it) => Condition::Argument(self.within("argument", |c| c.argument(it))),
            ConditionText::FollowedBy(it) => {
                Condition::FollowedBy(self.within("followed-by", |c| c.follow(it)))
            }
            ConditionText::Because(words) => Condition::Because(words.into_iter().map(Into::into).collect()),
            ConditionText::Arrives(words) => Condition::Arrives(words.into_iter().map(Into::into).collect()),
            ConditionText::InUnloadCallback => Condition::InUnloadCallback,
            ConditionText::OnlyIf(words) => Condition::OnlyIf(words.into_iter().map(Into::into).collect()),
            ConditionText::Released(words) => {
                Condition::Released(words.into_iter().map(Into::into).collect())
            }
            ConditionText::Kept(words) => Condition::Kept(words.into_iter().map(Into::into).collect()),
            ConditionText::Catches(types) => Condition::Catches(internal(types)),
            ConditionText::CallersGoOn(types) => Condition::CallersGoOn(internal(types)),
            ConditionText::GoesOnWithout(types) => Condition::GoesOnWithout(internal(types)),
            ConditionText::CaughtWherePassed(types) => Condition::CaughtWherePassed(internal(types)),
            ConditionText::Uncaught(types) => Condition::Call(CallTest::Uncaught(internal(types))),
            ConditionText::CastTo(types) => Condition::Call(CallTest::CastTo(internal(types))),
            ConditionText::ReceiverAsksOwnLoader(name) => {
                Condition::Call(CallTest::ReceiverAsksOwnLoader(name))
            }
            ConditionText::ReceiverMakesOwn(name) => Condition::Call(CallTest::ReceiverMakesOwn(name)),
            ConditionText::OwnLoaderHas => Condition::Call(CallTest::OwnLoaderHas),
            ConditionText::RunByOwnThread => Condition::Call(CallTest::RunByOwnThread),
            ConditionText::ModuleHas(it) => Condition::Call(CallTest::ModuleHas(ModuleHas {
                files: it.files,
                subtypes_of: internal(it.subtypes_of),
                alone: it.alone,
            })),
            ConditionText::ResultUsed => Condition::ResultUsed,
            ConditionText::DefaultForGiven => Condition::Call(CallTest::DefaultForGiven),
            ConditionText::CastToOwn => Condition::Call(CallTest::CastToOwn),
            ConditionText::ContextLoaderAskedBefore => Condition::ContextLoaderAskedBefore,
            ConditionText::AnotherLoaderAsked => Condition::AnotherLoaderAsked,
            ConditionText::AskedForComputedNames => Condition::AskedForComputedNames,
            ConditionText::ReadByCode => Condition::ReadByCode,
            ConditionText::TaskGiven => Condition::TaskGiven,
            ConditionText::BaseToo => Condition::BaseToo,
            ConditionText::NamedAfterAsked => Condition::NamedAfterAsked,
            ConditionText::ReceiverWalkedOrAsked => Condition::ReceiverWalkedOrAsked,
            other => self.sharing(other).map_or(Condition::Any(Vec::new()), Condition::Sharing),
        }
    }

    /// A condition about what applications do with a thing that they share. Combinations and what is told of every site
    /// have been dealt with.
    fn sharing(&mut self, text: ConditionText) -> Option<Sharing> {
        Some(match text {
            ConditionText::OwnEntries => Sharing::OwnEntries,
            ConditionText::OwnElements => Sharing::OwnElements,
            ConditionText::TakenOutByEach => Sharing::TakenOutByEach,
            ConditionText::ResetFirst => Sharing::ResetFirst,
            ConditionText::OnlyFilled => Sharing::OnlyFilled,
            ConditionText::LastUser => Sharing::LastUser,
            ConditionText::UsedUp => Sharing::UsedUp,
            ConditionText::SameConstant => Sharing::SameConstant,
            ConditionText::Refusing => Sharing::Refusing,
            ConditionText::Limiting => Sharing::Limiting,
            ConditionText::OthersCall => Sharing::OthersCall,
            ConditionText::NamesApart => Sharing::NamesApart,
            ConditionText::ClosesStatic => Sharing::ClosesStatic,
            ConditionText::OtherObjects => Sharing::OtherObjects,
            ConditionText::HeldAsMark => Sharing::HeldAsMark,
            ConditionText::OnlySetUp => Sharing::OnlySetUp,
            ConditionText::Harmless(words) => Sharing::Harmless(words.into_iter().map(Into::into).collect()),
            ConditionText::Drained => Sharing::Drained,
            ConditionText::Pooled => Sharing::Pooled,
            ConditionText::OnlyLogged => Sharing::OnlyLogged,
            ConditionText::ReceiverFrom(apis) => {
                Sharing::ReceiverFrom(self.within("receiver-from", |c| c.each(apis, Self::api)))
            }
            ConditionText::ReceiverAboveModules => Sharing::ReceiverAboveModules,
            ConditionText::ReceiverShared => Sharing::ReceiverShared,
            ConditionText::ReceiverHeld => Sharing::ReceiverHeld,
            ConditionText::MadeFromMore => Sharing::MadeFromMore,
            ConditionText::TargetGivesLoader => Sharing::TargetGivesLoader,
            ConditionText::TargetShared => Sharing::TargetShared,
            ConditionText::TargetOfOwnLibrary => Sharing::TargetOfOwnLibrary,
            ConditionText::GivenInside => Sharing::GivenInside,
            ConditionText::OwnName => Sharing::OwnName,
            ConditionText::UndoesOwn => Sharing::UndoesOwn,
            ConditionText::SameNameElsewhere => Sharing::SameNameElsewhere,
            ConditionText::PairedByName(apis) => {
                Sharing::PairedByName(self.within("paired-by-name", |c| c.each(apis, Self::api)))
            }
            ConditionText::ReceiverNamed(it) => Sharing::ReceiverNamed {
                by: self.within("receiver-named", |c| c.within("by", |c| c.each(it.by, Self::api))),
                whose: it.whose.into_iter().map(Into::into).collect(),
            },
            _ => return None,
        })
    }

    /// A condition that can't hold at the rule's sites is a mistake, not a rule that never fires.
    fn refuse_elsewhere(&mut self, text: &ConditionText) {
        let Some((name, false, sites)) = self.holds_somewhere(text) else { return };
        self.report(
            format!("`{name}` never holds at this kind of site"),
            "here",
            format!("it is about {sites}"),
        );
    }

    /// A condition's name, whether it can hold at the rule's sites, and what it is about; `None` if about every site.
    fn holds_somewhere(&self, text: &ConditionText) -> Option<(&'static str, bool, &'static str)> {
        let is_field = is_of_fields(&self.site);
        let is_call = matches!(self.site, Site::Call { .. });
        let is_kept = matches!(self.site, Site::Kept { .. });
        let is_open = matches!(self.site, Site::Open { .. });
        let has_arguments = is_call || is_kept || is_open;
        let is_reference = matches!(self.site, Site::Reference { .. });
        let is_store = self.site == Site::LoaderStore;
        let is_copy = matches!(self.site, Site::OtherCopy { .. });
        let is_configured = matches!(self.site, Site::Configured { .. });
        let is_in_code = self.site != Site::Class && !is_configured;
        let known = match text {
            ConditionText::Field(_) => ("field", is_field, "field sites"),
            ConditionText::Written(_) => ("written", is_field, "field sites"),
            ConditionText::Keyed(_) => ("keyed", is_field, "field sites"),
            ConditionText::Stores(_) => ("stores", is_field, "field sites"),
            ConditionText::ReadByOther => ("read-by-other", is_field || is_call, "field sites and calls"),
            ConditionText::NeverRead => ("never-read", is_field, "field sites"),
            ConditionText::AnyChange(_) => ("any-change", is_field, "field sites"),
            ConditionText::StoredUnasked => ("stored-unasked", is_store, "`loader-store` sites"),
            ConditionText::HeldByStatic => ("held-by-static", is_field, "field sites"),
            ConditionText::Argument(_) => ("argument", has_arguments, "calls and resources"),
            ConditionText::FollowedBy(_) => ("followed-by", has_arguments, "calls and resources"),
            ConditionText::ContextLoaderAskedBefore => ("context-loader-asked-before", is_call, "calls"),
            ConditionText::AskedForComputedNames => ("asked-for-computed-names", is_call, "calls"),
            ConditionText::CaughtWherePassed(_) => ("caught-where-passed", is_call, "calls"),
            ConditionText::ReadByCode => ("read-by-code", is_configured, "`configured` sites"),
            ConditionText::TaskGiven => ("task-given", is_kept, "kept resources"),
            ConditionText::BaseToo => ("base-too", is_kept, "kept resources"),
            ConditionText::Target(_) => ("target", is_call, "calls"),
            ConditionText::ReceiverMakesOwn(_) => {
                ("receiver-makes-own", is_call || is_kept, "calls and kept resources")
            }
            ConditionText::Released(_) => {
                ("released", is_kept || is_open || is_field, "resources and field sites")
            }
            ConditionText::Kept(_) => ("kept", is_kept, "kept resources"),
            ConditionText::Because(_) => ("because", is_reference, "references"),
            ConditionText::Arrives(_) => ("arrives", is_copy, "`other-copy` sites"),
            ConditionText::Caller(_) => ("caller", is_in_code, "sites in code"),
            ConditionText::Method(_) => ("method", is_in_code, "sites in code"),
            ConditionText::Catches(_) => ("catches", is_in_code, "sites in code"),
            ConditionText::CallersGoOn(_) => ("callers-go-on", is_in_code, "sites in code"),
            ConditionText::GoesOnWithout(_) => ("goes-on-without", is_in_code, "sites in code"),
            ConditionText::AlsoCalls(_) => ("also-calls", is_in_code, "sites in code"),
            ConditionText::InUnloadCallback => ("in-unload-callback", is_in_code, "sites in code"),
            ConditionText::OnlyFromMain => ("only-from-main", is_in_code, "sites in code"),
            ConditionText::RunsOnce => ("runs-once", is_in_code, "sites in code"),
            ConditionText::GuardedOnce => ("guarded-once", is_in_code, "sites in code"),
            ConditionText::OnlyAheadOfTime => ("only-ahead-of-time", is_in_code, "sites in code"),
            ConditionText::OnlyOnAnotherRelease => ("only-on-another-release", is_in_code, "sites in code"),
            ConditionText::OnlyIf(_) => ("only-if", is_open, "open resources"),
            _ => match place_of_common(text) {
                Some((name, true)) => (name, is_field, "field sites"),
                Some((name, false)) => (name, is_call, "calls"),
                None => return None,
            },
        };
        Some(known)
    }

    fn field(&mut self, it: FieldText) -> FieldTest {
        FieldTest {
            types: self.within("types", |c| c.each(it.types.unwrap_or_default(), Self::type_name)),
            values: self.within("values", |c| c.each(it.values.unwrap_or_default(), Self::type_name)),
            holds: self.within("holds", |c| c.each(it.holds.unwrap_or_default(), Self::type_name)),
            holds_values: it.holds_values,
            holds_internal: it.holds_internal,
            values_keep_keys: it.values_keep_keys,
            name: it.name.map(|name| self.within("name", |c| c.glob(name))),
            is_final: it.is_final,
            is_static: it.is_static,
            is_private: it.is_private,
            is_synthetic: it.is_synthetic,
        }
    }

    fn method(&mut self, it: MethodText) -> MemberTest {
        MemberTest {
            names: self.within("names", |c| c.each(it.names.unwrap_or_default(), Self::glob)),
            annotated: self.within("annotated", |c| c.each(it.annotated.unwrap_or_default(), Self::glob)),
            is_static: it.is_static,
        }
    }

    fn class(&mut self, it: ClassText) -> ClassTest {
        ClassTest {
            names: self.within("names", |c| c.each(it.names.unwrap_or_default(), Self::glob)),
            subtype_of: self
                .within("subtype-of", |c| c.each(it.subtype_of.unwrap_or_default(), Self::type_name)),
            annotated: self.within("annotated", |c| c.each(it.annotated.unwrap_or_default(), Self::glob)),
        }
    }

    fn argument(&mut self, it: ArgumentText) -> ArgumentTest {
        ArgumentTest {
            index: it.index,
            origins: it.origins.unwrap_or_default().into_iter().map(Into::into).collect(),
            text: self.within("text", |c| c.texts(it.text.unwrap_or_default())),
            names_class: it.names_class.unwrap_or_default().into_iter().map(Into::into).collect(),
            names_resource: it.names_resource.unwrap_or_default().into_iter().map(Into::into).collect(),
            types: self.within("types", |c| c.each(it.types.unwrap_or_default(), Self::type_name)),
            declares: it.declares.unwrap_or_default(),
            class_of: it.class_of.unwrap_or_default().into_iter().map(Into::into).collect(),
            object_of: it.object_of.unwrap_or_default().into_iter().map(Into::into).collect(),
        }
    }

    fn follow(&mut self, it: FollowText) -> FollowTest {
        FollowTest {
            apis: self.within("to", |c| c.each(it.to, Self::api)),
            exits: it.exits.map(Into::into),
            restores: it.restores.unwrap_or(false),
        }
    }

    fn api(&mut self, name: String) -> String {
        if self.models.apis_named(&name).next().is_none() {
            let help = suggest(&name, self.models.api_names());
            self.report(format!("no model has an API or API group `{name}`"), "unknown", help);
        }
        name
    }

    fn resource(&mut self, name: String) -> String {
        if self.models.resources_named(&name).next().is_none() {
            let help = suggest(&name, self.models.resource_names());
            self.report(format!("no model has a resource or resource group `{name}`"), "unknown", help);
        }
        name
    }

    /// Globs over a text; the name of a set of texts stands for its globs.
    fn texts(&mut self, texts: Vec<String>) -> Vec<String> {
        let known = &self.models.texts;
        let globs = self.each(texts, |c, text| match known.get(&text) {
            Some(globs) => globs.clone(),
            None => vec![c.glob(text)],
        });
        globs.into_iter().flatten().collect()
    }

    /// A type group, a descriptor, or a class name; the latter's dots become slashes.
    fn type_name(&mut self, name: String) -> String {
        let is_primitive = matches!(name.as_str(), "Z" | "B" | "C" | "S" | "I" | "J" | "F" | "D");
        if is_primitive || name.starts_with('[') || name.contains(['/', ';']) {
            return name;
        }
        if name.contains('.') {
            return name.replace('.', "/");
        }
        if !self.models.types.contains_key(&name) {
            let help = suggest(&name, self.models.types.keys().map(String::as_str));
            self.report(format!("no model has a type group `{name}`"), "unknown", help);
        }
        name
    }

    fn container(&mut self, name: String) -> String {
        if !CONTAINERS.iter().any(|row| row.name == name) {
            let help = suggest(&name, CONTAINERS.iter().map(|row| row.name));
            self.report(format!("there is no topology `{name}`"), "unknown", help);
        }
        name
    }

    fn glob(&mut self, glob: String) -> String {
        if let Err(error) = Glob::new(&glob) {
            self.report(format!("`{glob}` is no glob: {}", error.kind()), "here", "");
        }
        glob
    }
}

/// Names of types as class files write them.
fn internal(types: Vec<String>) -> Vec<String> {
    types.into_iter().map(|name| name.replace('.', "/")).collect()
}

/// Whether a site is one of fields.
fn is_of_fields(site: &Site) -> bool {
    matches!(
        site,
        Site::FieldWrite { .. }
            | Site::FieldMutation { .. }
            | Site::FieldChange { .. }
            | Site::HandedOut { .. }
            | Site::LoaderStore
    )
}

/// The name of a condition that is told of fields (`true`) or of calls alone, in one word with that.
fn place_of_common(text: &ConditionText) -> Option<(&'static str, bool)> {
    Some(match text {
        ConditionText::OwnEntries => ("own-entries", true),
        ConditionText::OwnElements => ("own-elements", true),
        ConditionText::TakenOutByEach => ("taken-out-by-each", true),
        ConditionText::ResetFirst => ("reset-first", true),
        ConditionText::OnlyFilled => ("only-filled", true),
        ConditionText::LastUser => ("last-user", true),
        ConditionText::UsedUp => ("used-up", true),
        ConditionText::SameConstant => ("same-constant", true),
        ConditionText::Refusing => ("refusing", true),
        ConditionText::Limiting => ("limiting", true),
        ConditionText::OthersCall => ("others-call", false),
        ConditionText::NamesApart => ("names-apart", false),
        ConditionText::ClosesStatic => ("closes-static", false),
        ConditionText::OtherObjects => ("other-objects", true),
        ConditionText::HeldAsMark => ("held-as-mark", true),
        ConditionText::OnlySetUp => ("only-set-up", true),
        ConditionText::Harmless(_) => ("harmless", true),
        ConditionText::Drained => ("drained", true),
        ConditionText::Pooled => ("pooled", true),
        ConditionText::OnlyLogged => ("only-logged", true),
        ConditionText::ForOwnLoader => ("for-own-loader", true),
        ConditionText::HandedOver => ("handed-over", true),
        ConditionText::WithoutCaller => ("without-caller", false),
        ConditionText::CastToOwn => ("cast-to-own", false),
        ConditionText::Uncaught(_) => ("uncaught", false),
        ConditionText::CastTo(_) => ("cast-to", false),
        ConditionText::OwnLoaderHas => ("own-loader-has", false),
        ConditionText::RunByOwnThread => ("run-by-own-thread", false),
        ConditionText::ReceiverAsksOwnLoader(_) => ("receiver-asks-own-loader", false),
        ConditionText::ModuleHas(_) => ("module-has", false),
        ConditionText::NamedAfterAsked => ("named-after-asked", false),
        ConditionText::TaskReaches(_) => ("task-reaches", false),
        ConditionText::ReceiverFrom(_) => ("receiver-from", false),
        ConditionText::ReceiverWalkedOrAsked => ("receiver-walked-or-asked", false),
        ConditionText::ReceiverAboveModules => ("receiver-above-modules", false),
        ConditionText::ReceiverShared => ("receiver-shared", false),
        ConditionText::ReceiverHeld => ("receiver-held", false),
        ConditionText::TargetGivesLoader => ("target-gives-loader", false),
        ConditionText::TargetShared => ("target-shared", false),
        ConditionText::TargetOfOwnLibrary => ("target-of-own-library", false),
        ConditionText::GivenInside => ("given-inside", true),
        ConditionText::OwnName => ("own-name", false),
        ConditionText::UndoesOwn => ("undoes-own", false),
        ConditionText::SameNameElsewhere => ("same-name-elsewhere", false),
        ConditionText::PairedByName(_) => ("paired-by-name", false),
        ConditionText::ReceiverNamed(_) => ("receiver-named", false),
        ConditionText::MadeFromKey => ("made-from-key", true),
        ConditionText::MadeFromMore => ("made-from-more", true),
        ConditionText::ValuesChanged => ("values-changed", true),
        ConditionText::Locked => ("locked", true),
        ConditionText::ResultUsed => ("result-used", false),
        ConditionText::DefaultForGiven => ("default-for-given", false),
        ConditionText::AnotherLoaderAsked => ("another-loader-asked", false),
        _ => return None,
    })
}
