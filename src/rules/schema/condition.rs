//! Where a rule looks and what must hold there, as the YAML says it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::call::{ModuleHasText, ReceiverNamedText};
use super::words::{
    ArrivalWord, CauseWord, ConfiguredWord, CopyQuestionWord, DefinerWord, ExitWord, FailureWord,
    HarmlessWord, KeeperWord, KeyWord, OnlyIfWord, OriginWord, PlaceWord, ReleaseWord, StateWord, StoredWord,
    WriteWord,
};

/// Where a rule looks: exactly one kind of site.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "site")]
pub(crate) enum SiteText {
    /// Fields that code outside initialisers writes; one match per field.
    FieldWrite(FieldWriteText),
    /// Fields whose value is changed after initialisation through what it holds; one match per field.
    FieldMutation(FieldMutationText),
    /// Fields that are written, or hold a container, array, atomic or buffer that is changed; one match per field.
    FieldChange(FieldWriteText),
    /// Fields whose object, of one of the deployment's own classes, is handed out to callers that can then change it; one
    /// match per field.
    HandedOut(FieldWriteText),
    /// Fields of a class loader type that are written, by constructors and initialisers too; one match per field. It has
    /// no options: `loader-store: {}`.
    LoaderStore(ClassSiteText),
    /// Calls and method references; one match per calling method and target.
    Call(CallText),
    /// Resources that are acquired and outlive the call; one match per acquiring event.
    Kept(KeptText),
    /// Resources that stay open on some path through the acquiring method; one match per acquiring event.
    Open(OpenText),
    /// References that fail to link in the view of the loader whose code holds them; one match per view and thing that
    /// is asked for.
    Reference(ReferenceText),
    /// Questions about the identity of a class that several loaders define, asked of objects of another copy; one match
    /// per method and class.
    OtherCopy(OtherCopyText),
    /// Classes that configuration files of the archives name, and that whoever reads the file does not get; one match per
    /// file, line and class.
    Configured(ConfiguredText),
    /// Every class.
    Class(ClassSiteText),
}

/// Fields that are written or changed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "field site")]
pub(crate) struct FieldWriteText {
    /// Static fields if true; else instance fields of objects that a static field holds.
    #[serde(rename = "static")]
    pub(crate) of_statics: bool,
}

/// Fields whose values are changed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`field-mutation` site")]
pub(crate) struct FieldMutationText {
    /// Static fields if true; else instance fields of objects that a static field holds.
    #[serde(rename = "static")]
    pub(crate) of_statics: bool,
    /// The kinds of state looked at.
    #[schemars(length(min = 1))]
    pub(crate) kinds: Vec<StateWord>,
}

/// Calls of modelled APIs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`call` site")]
pub(crate) struct CallText {
    /// API groups or API ids of the models.
    #[schemars(length(min = 1))]
    pub(crate) to: Vec<String>,
}

/// Resources that must be released when their module goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`kept` site")]
pub(crate) struct KeptText {
    /// Resources or resource groups of the models, or globs over the resources' names.
    #[schemars(length(min = 1))]
    pub(crate) resource: Vec<String>,
}

/// Resources that must be released on every path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`open` site")]
pub(crate) struct OpenText {
    /// Resources or resource groups of the models, or globs over the resources' names.
    #[schemars(length(min = 1))]
    pub(crate) resource: Vec<String>,
    /// On which exits; `any` if left out.
    pub(crate) exits: Option<ExitWord>,
}

/// References that fail to link.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`reference` site")]
pub(crate) struct ReferenceText {
    /// How they fail.
    #[schemars(length(min = 1))]
    pub(crate) fails: Vec<FailureWord>,
}

/// Questions about the identity of a class.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`other-copy` site")]
pub(crate) struct OtherCopyText {
    /// The questions looked for.
    #[schemars(length(min = 1))]
    pub(crate) asked_by: Vec<CopyQuestionWord>,
}

/// Classes that configuration files name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`configured` site")]
pub(crate) struct ConfiguredText {
    /// What comes of asking for them.
    #[schemars(length(min = 1))]
    pub(crate) answers: Vec<ConfiguredWord>,
}

/// Every class; it has no options: `class: {}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "`class` site")]
pub(crate) struct ClassSiteText {}

/// What must hold at a site: exactly one condition; combine several with `all`, `any` and `not`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "condition")]
pub(crate) enum ConditionText {
    /// Every one of these holds.
    All(#[schemars(length(min = 1))] Vec<ConditionText>),
    /// At least one of these holds.
    Any(#[schemars(length(min = 1))] Vec<ConditionText>),
    /// This does not hold.
    Not(Box<ConditionText>),
    /// The class that holds the site (for field sites: that declares the field) is of one of these.
    DefinedBy(#[schemars(length(min = 1))] Vec<DefinerWord>),
    /// The code at the site (for field sites: any of the changing sites) is of one of these.
    Caller(#[schemars(length(min = 1))] Vec<DefinerWord>),
    /// The number of tenants whose code reaches the site; any number when the base is scanned open world.
    Tenants(TenantsText),
    /// No module is known: the base was scanned alone.
    OpenWorld,
    /// The JDK release that the deployment runs on.
    JdkRelease(JdkReleaseText),
    /// The container is one of these.
    Topology(#[schemars(length(min = 1))] Vec<String>),
    /// About the field.
    Field(FieldText),
    /// About the method that holds the site.
    Method(MethodText),
    /// About the class that holds the site.
    Class(ClassText),
    /// The field is written, or what it holds changed, in one of these shapes at any of its sites.
    Written(#[schemars(length(min = 1))] Vec<WriteWord>),
    /// The container's entries are keyed by one of these.
    Keyed(#[schemars(length(min = 1))] Vec<KeyWord>),
    /// One of these is written into the field, or put into what it holds, at any of its sites.
    Stores(#[schemars(length(min = 1))] Vec<StoredWord>),
    /// A tenant reads what another one writes.
    ReadByOther,
    /// No code of the deployment reads the field, but to change it.
    NeverRead,
    /// Some change of the field, at one of the rule's sites or not, has one of these shapes: what is filled on demand
    /// (`lazy`) is made again when it is emptied.
    AnyChange(#[schemars(length(min = 1))] Vec<WriteWord>),
    /// Every value that is put into the container is made from its key alone.
    MadeFromKey,
    /// Some value that is put in is made from what a caller passes beside its key.
    MadeFromMore,
    /// Objects of the deployment's classes are among the values, and applications' code changes such.
    ValuesChanged,
    /// Every change is made under a lock: in a synchronized method, or while a monitor is held.
    Locked,
    /// What one application puts into the container is no other's: there are no keys, or they differ by application.
    OwnEntries,
    /// What the container holds are collections that are made on demand, and what applications put into these are objects
    /// of their own.
    OwnElements,
    /// Each application that puts something into the container takes something out of it again, one by one, and an
    /// unload callback does so.
    TakenOutByEach,
    /// Every change of the buffer is made under a lock, after it was emptied.
    ResetFirst,
    /// All that is done with the private field's array is to have streams read into it: nobody looks at what is there.
    OnlyFilled,
    /// Before every change a use is counted down, by the method that makes it or by all that call that.
    LastUser,
    /// The field has been read before it is set back, by the method that does or by one of the class that alone calls it.
    UsedUp,
    /// All changes write one and the same constant.
    SameConstant,
    /// All changes set a flag, of which other applications' code is told by an exception.
    Refusing,
    /// A test after a step of the counter may throw, and another method counts down: all share one limit.
    Limiting,
    /// Another application makes such a call too, and none of the two with another constant name.
    OthersCall,
    /// Each application has the call made with constant names that no other one passes.
    NamesApart,
    /// The receiver of the call wraps what a static field of the JDK holds, which is closed with it.
    ClosesStatic,
    /// The deployment makes other objects of the class than those that are held, or they are entries of a container: the
    /// change may be to one that nobody shares.
    OtherObjects,
    /// The static field that holds the object is only compared with: it marks something.
    HeldAsMark,
    /// The deployment calls the methods that make the changes, and each time sets something up: the object is just being
    /// made, or a class initialiser calls.
    OnlySetUp,
    /// For one of these reasons no application can tell that others make the changes too.
    Harmless(#[schemars(length(min = 1))] Vec<HarmlessWord>),
    /// The field is a queue out of which something is taken again, one by one: what one puts in no other one keeps.
    Drained,
    /// The container is only asked whether something is new, to decide whether something is written to a log.
    OnlyLogged,
    /// The field is a queue of which things are only put in, once they have been reset, and taken out.
    Pooled,
    /// The receiver of the call is what a call of one of these API groups or ids of the models yields.
    ReceiverFrom(#[schemars(length(min = 1))] Vec<String>),
    /// The receiver of the call is a loader of the JDK's that shared code makes, above which no application's can be.
    ReceiverAboveModules,
    /// The receiver of the call is read from a static field of a class that applications share.
    ReceiverShared,
    /// The receiver of the call is what a static field of a shared class holds, whoever passes it on, or what a field of the
    /// one object holds that such a field holds.
    ReceiverHeld,
    /// The deployment's own methods that the call selects give the threads that they make the loader of shared code, or none.
    TargetGivesLoader,
    /// The class of the called method is one that applications share, rather than a copy that the calling application has
    /// of its own. One that the deployment lacks counts as shared: it is the container's.
    TargetShared,
    /// The class of the called method is one of the library that makes the call, perhaps of another archive of it.
    TargetOfOwnLibrary,
    /// The methods that yield the field's object are called by code of its own archive alone: no application gets it.
    GivenInside,
    /// The first argument of the call is a text that begins with the package of the code that passes it, and that no
    /// other application's code has.
    OwnName,
    /// Another method of the same outermost class calls the same API with something that is not null.
    UndoesOwn,
    /// A name that the call is given, or the constructor of the object that it is given, is one that a call of these API
    /// groups or ids of the models in the same application is given too; one of the two is made at unload.
    PairedByName(#[schemars(length(min = 1))] Vec<String>),
    /// A module's code makes the call with an object that is made of a constant name, and another module's code does with
    /// the same name; both are told as one finding.
    SameNameElsewhere,
    /// The receiver of the call was asked for by a name.
    ReceiverNamed(ReceiverNamedText),
    /// The object that the field belongs to is held by a static field, or by the service loader.
    HeldByStatic,
    /// A constructor that other packages can call stores the loader, and neither it nor a method that yields the object
    /// again takes one from the caller.
    StoredUnasked,
    /// Only a `main`, or the activator of an OSGi bundle, gets to the site, or makes the object whose method holds it.
    OnlyFromMain,
    /// The method that holds the site runs once: a class initialiser, what only that calls, or what it hands to an object
    /// that keeps the result.
    RunsOnce,
    /// The site stands behind a test of a static field that the method sets too, or a static that it fills: it runs once.
    /// Or each call of the method does, or the method runs once.
    GuardedOnce,
    /// The site stands behind a test of a flag that is set in a native image alone, or in code that was compiled ahead of
    /// time: a JVM does not get there.
    OnlyAheadOfTime,
    /// The site, or every place that makes the object whose method it is in, is behind a test that the JVM is of another
    /// release than the deployment's.
    OnlyOnAnotherRelease,
    /// The site stands behind a test that a class or class loader is null: who calls was looked for, and not found.
    WithoutCaller,
    /// The site stands behind a test of a class loader against the own one: what is stored is of the own loader.
    ForOwnLoader,
    /// All that a public method does is store what its caller gives it, who hands it over to be kept.
    HandedOver,
    /// The class was moved into the archive's packages from another library's, and only code that was gets to the site.
    MovedAndUnused,
    /// The called method belongs to one of these API groups or ids of the models.
    Target(#[schemars(length(min = 1))] Vec<String>),
    /// Where an argument of the call comes from.
    Argument(ArgumentText),
    /// The failure to link is due to one of these.
    Because(#[schemars(length(min = 1))] Vec<CauseWord>),
    /// The object of another copy gets there in one of these ways, the surest that is seen.
    Arrives(#[schemars(length(min = 1))] Vec<ArrivalWord>),
    /// A later call on the same receiver or value, on every path from the site.
    FollowedBy(FollowText),
    /// The site lies in code that unload callbacks of the models reach, and nothing else that is seen.
    InUnloadCallback,
    /// The code handed over at the call (a lambda, a method reference, a task object) reaches a call of one of these
    /// API groups or ids of the models.
    TaskReaches(#[schemars(length(min = 1))] Vec<String>),
    /// The resource is released (an open one `elsewhere` if on some path, else `never`), or what was stored in the field
    /// is taken out again, in one of these ways.
    Released(#[schemars(length(min = 1))] Vec<ReleaseWord>),
    /// The resource stays open only if one of these happens, which few would guard against.
    OnlyIf(#[schemars(length(min = 1))] Vec<OnlyIfWord>),
    /// The resource is kept in one of these places.
    Kept(#[schemars(length(min = 1))] Vec<KeeperWord>),
    /// The method that holds the site catches one of these types around it; names with dots.
    Catches(#[schemars(length(min = 1))] Vec<String>),
    /// The method that holds the site catches one of these types or a supertype around it, and the handler goes on: it
    /// does not throw on every way; names with dots.
    GoesOnWithout(#[schemars(length(min = 1))] Vec<String>),
    /// The same of every caller of the method that holds the site, or of their callers in turn; not if nobody calls it.
    CallersGoOn(#[schemars(length(min = 1))] Vec<String>),
    /// The first argument is a constant that callers pass, each of which catches one of these types; names with dots.
    CaughtWherePassed(#[schemars(length(min = 1))] Vec<String>),
    /// The method that holds the site also calls one of these API groups or ids of the models.
    AlsoCalls(#[schemars(length(min = 1))] Vec<String>),
    /// The result of the call is stored, returned or called on rather than dropped or only compared.
    ResultUsed,
    /// The result of the call takes the place of what the method or the object was not given.
    DefaultForGiven,
    /// Neither the method that holds the site nor those who call it catch one of these types around it; names with dots.
    Uncaught(#[schemars(length(min = 1))] Vec<String>),
    /// The result of the call is cast to one of these types, and no `instanceof` asks for it; names with dots.
    CastTo(#[schemars(length(min = 1))] Vec<String>),
    /// The first argument names a class or resource that the calling class's own loader yields.
    OwnLoaderHas,
    /// The class of the receiver has a method of this name which looks names up with nothing but its own class's loader.
    ReceiverAsksOwnLoader(String),
    /// The class of the receiver has a method of this name which yields objects of an application's own classes.
    ReceiverMakesOwn(String),
    /// A module that gets to the site brings something of its own.
    ModuleHas(ModuleHasText),
    /// All that the call yields is cast, where it is called, to classes whose objects hold nothing of an application.
    CastToOwn,
    /// The method asks the context class loader for the same name before.
    ContextLoaderAskedBefore,
    /// The method, what it calls, or all who call it ask another loader for the same name, before or after: the context
    /// class loader, one that is given, or one that is not known.
    AnotherLoaderAsked,
    /// The loader that the call yields is that of an object of the deployment's own classes, and is asked for classes by
    /// computed names.
    AskedForComputedNames,
    /// The name is made from the class that is asked, or from the one that asks: its own file, or one beside it.
    NamedAfterAsked,
    /// Code of the deployment is seen to read the configuration file.
    ReadByCode,
    /// The thread runs a task that the method is given.
    TaskGiven,
    /// The method that holds the site is all that a thread runs which is made for it: what the thread has ends with it.
    RunByOwnThread,
    /// What is made once at its first use is used by the base too, which starts before the applications: by calls that can
    /// go nowhere else.
    BaseToo,
    /// The type of the receiver is asked before by `instanceof`, or is declared as what is asked, or the receiver is made
    /// from the result of an earlier turn of the same call in a loop.
    ReceiverWalkedOrAsked,
}

/// A range of JDK releases; what is left out does not bound it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`jdk-release` condition", extend("minProperties" = 1))]
pub(crate) struct JdkReleaseText {
    /// This release or a later one.
    #[schemars(range(min = 8, max = 999))]
    pub(crate) from: Option<u16>,
    /// An earlier one than this.
    #[schemars(range(min = 9, max = 999))]
    pub(crate) before: Option<u16>,
}

/// How many tenants reach the site.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`tenants` condition")]
pub(crate) struct TenantsText {
    /// At least so many, modules and base.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) at_least: usize,
    /// Whether at least one must be a module; `false` if left out.
    pub(crate) module: Option<bool>,
}

/// Tests of a field; all that are given must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`field` condition", extend("minProperties" = 1))]
pub(crate) struct FieldText {
    /// Type groups of the models, or descriptors; the declared type or a supertype of it is one of these.
    #[schemars(length(min = 1))]
    pub(crate) types: Option<Vec<String>>,
    /// Type groups of the models; every value ever stored is of one of these.
    #[schemars(length(min = 1))]
    pub(crate) values: Option<Vec<String>>,
    /// Type groups of the models, or descriptors; the last type argument of the field's generic type (a map's value, a
    /// list's element) is of one of these.
    #[schemars(length(min = 1))]
    pub(crate) holds: Option<Vec<String>>,
    /// Whether that type argument is plain: immutable by the models, or a class of the deployment whose objects no caller
    /// changes.
    pub(crate) holds_values: Option<bool>,
    /// Whether that type argument is a class of the deployment that other packages can't name, in a queue or in a
    /// container that nobody looks through.
    pub(crate) holds_internal: Option<bool>,
    /// Whether the values of a map that is put there refer to classes or loaders, by their declared type or by what is
    /// put: a weak key that its value refers to is never let go.
    pub(crate) values_keep_keys: Option<bool>,
    /// Glob over the name.
    pub(crate) name: Option<String>,
    /// Whether it is final.
    #[serde(rename = "final")]
    pub(crate) is_final: Option<bool>,
    /// Whether it is static.
    #[serde(rename = "static")]
    pub(crate) is_static: Option<bool>,
    /// Whether it is private.
    #[serde(rename = "private")]
    pub(crate) is_private: Option<bool>,
    /// Whether a compiler made it.
    #[serde(rename = "synthetic")]
    pub(crate) is_synthetic: Option<bool>,
}

/// Tests of the method that holds the site; all that are given must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`method` condition", extend("minProperties" = 1))]
pub(crate) struct MethodText {
    /// Globs over the name; any of them.
    #[schemars(length(min = 1))]
    pub(crate) names: Option<Vec<String>>,
    /// Globs over annotation types with dots; any of them.
    #[schemars(length(min = 1))]
    pub(crate) annotated: Option<Vec<String>>,
    /// Whether it is static.
    #[serde(rename = "static")]
    pub(crate) is_static: Option<bool>,
}

/// Tests of the class that holds the site; all that are given must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`class` condition", extend("minProperties" = 1))]
pub(crate) struct ClassText {
    /// Globs over the binary name with dots; any of them.
    #[schemars(length(min = 1))]
    pub(crate) names: Option<Vec<String>>,
    /// Type groups of the models, or internal names; it is a subtype of any of them.
    #[schemars(length(min = 1))]
    pub(crate) subtype_of: Option<Vec<String>>,
    /// Globs over annotation types with dots; any of them.
    #[schemars(length(min = 1))]
    pub(crate) annotated: Option<Vec<String>>,
}

/// Tests of an argument; all that are given must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`argument` condition", extend("minProperties" = 2))]
pub(crate) struct ArgumentText {
    /// -1 is the receiver, 0 the first argument.
    #[schemars(range(min = -1, max = 254))]
    pub(crate) index: i32,
    /// It comes from one of these.
    #[schemars(length(min = 1))]
    pub(crate) origins: Option<Vec<OriginWord>>,
    /// It is a string constant that one of these globs matches; a name of a set of texts of the models stands for its
    /// globs.
    #[schemars(length(min = 1))]
    pub(crate) text: Option<Vec<String>>,
    /// It is the name of a class, or a class literal; the class is in one of these places.
    #[schemars(length(min = 1))]
    pub(crate) names_class: Option<Vec<PlaceWord>>,
    /// It is the name of a resource (the base name of a bundle, the type of a service), which is in one of these
    /// places.
    #[schemars(length(min = 1))]
    pub(crate) names_resource: Option<Vec<PlaceWord>>,
    /// Its type is of one of these type groups or internal names.
    #[schemars(length(min = 1))]
    pub(crate) types: Option<Vec<String>>,
    /// Its type is a class of the deployment that has a method of one of these names, itself or from a superclass of the
    /// deployment.
    #[schemars(length(min = 1))]
    pub(crate) declares: Option<Vec<String>>,
    /// It is a `Class` object, and the class that it stands for is defined by one of these.
    #[schemars(length(min = 1))]
    pub(crate) class_of: Option<Vec<DefinerWord>>,
    /// It is an object of a class that is defined by one of these.
    #[schemars(length(min = 1))]
    pub(crate) object_of: Option<Vec<DefinerWord>>,
}

/// A call that must come later.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`followed-by` condition")]
pub(crate) struct FollowText {
    /// API groups or API ids of the models.
    #[schemars(length(min = 1))]
    pub(crate) to: Vec<String>,
    /// On which exits it must have happened; `any` if left out.
    pub(crate) exits: Option<ExitWord>,
    /// Whether it must be passed the value that the site's call replaced; `false` if left out.
    pub(crate) restores: Option<bool>,
}
