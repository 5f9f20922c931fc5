//! A checked rule: what the YAML says, with every name looked up and every pattern compiled.

mod call;
mod cost;
mod failures;
mod kinds;
mod sharing;

pub use crate::dataflow::obligations::OnlyIf;
pub use call::{CallTest, ModuleHas};
pub use cost::Cost;
pub use failures::{LinkCause, LinkFailure};
pub use kinds::{
    Arrival, ClassPlace, ConfiguredAnswer, CopyQuestion, Keeper, KeyKind, OriginKind, Release, StoredKind,
    WriteShape,
};
pub use sharing::{Harmless, NameOwner, Sharing};

use crate::findings::{Certainty, RuleMeta, Severity};

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Id, title, default severity, why, fix, references.
    pub meta: RuleMeta,
    /// Part of the id before the slash.
    pub family: Family,
    /// How settled the rule is.
    pub status: Status,
    /// Certainty of a finding unless a case says otherwise.
    pub certainty: Certainty,
    /// What a finding says.
    pub message: Template,
    /// One-line advice of a finding; the rule's `fix` is the long form.
    pub advice: Template,
    /// Whether a real JVM has shown it.
    pub proof: Proof,
    /// Where to look.
    pub site: Site,
    /// What must hold there.
    pub when: Condition,
    /// Refinements; the first whose condition holds applies.
    pub cases: Vec<Case>,
    /// Ids of the rules that tell the same cause.
    pub yields_to: Vec<String>,
    /// Ids of the rules beside whose findings a note of this one says nothing more.
    pub notes_yield_to: Vec<String>,
    /// Where it was read from, for `rules list`: `built-in` or a path.
    pub origin: String,
}

/// The four families of hazards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// `static-sharing`
    StaticSharing,
    /// `classloader`
    ClassLoader,
    /// `resource`
    Resource,
    /// `linkage`
    Linkage,
}

/// How settled a rule is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Its findings may be relied on.
    Stable,
    /// New; its conditions may still change.
    Preview,
    /// Kept for those who name it; another rule does its work.
    Deprecated,
}

/// How it is known that the rule is right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// Its bad fixture fails on a JVM in the way it says.
    Jvm,
    /// It can't be shown, because of this.
    None(String),
}

/// A refinement of a rule.
#[derive(Clone, Debug)]
pub struct Case {
    /// When it applies.
    pub when: Condition,
    /// Drops the finding altogether.
    pub ignore: bool,
    /// Replaces the severity.
    pub severity: Option<Severity>,
    /// Replaces the certainty.
    pub certainty: Option<Certainty>,
    /// Replaces the message.
    pub message: Option<Template>,
    /// Replaces the advice.
    pub advice: Option<Template>,
}

/// Text with placeholders in braces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Template {
    /// The parts in order.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Taken as it stands.
    Text(String),
    /// Filled in from the finding.
    Slot(Slot),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// `{class}`: simple name of the class.
    Class,
    /// `{member}`: field or method name.
    Member,
    /// `{method}`: the method that holds the site, `Class.method`.
    Method,
    /// `{type}`: the field's or allocation's type, simple name.
    Type,
    /// `{tenants}`: `billing and orders`, `any application` in an open world.
    Tenants,
    /// `{readers}`: the tenants that read what another one writes.
    Readers,
    /// `{loader}`: the tenant whose loader defines the class.
    Loader,
    /// `{target}`: what is called, `System.setProperty`.
    Target,
    /// `{argument}`: the constant that a condition has looked at, quoted; else `a computed value`.
    Argument,
    /// `{property}`: the system property of that name, or one that has a computed name.
    Property,
    /// `{named}`: the class that a constant names.
    Named,
    /// `{holder}`: the tenants that have it; at fields of held objects, what holds the object.
    Holder,
    /// `{effect}`: from the API model: what it does to others.
    Effect,
    /// `{outcome}`: who gets whose value, when several applications change a field.
    Outcome,
    /// `{instead}`: from the API model: what to use instead.
    Instead,
    /// `{resource}`: from the resource model: its label.
    Resource,
    /// `{release}`: from the resource model: how it is released.
    Release,
    /// `{pins}`: from the resource model: what keeps the module's loader.
    Pins,
    /// `{kept}`: where a resource is kept (`field Main.pool`, `nowhere`).
    Kept,
    /// `{path}`: the call after which an obligation is lost.
    Path,
    /// `{error}`: what a failing reference throws, simple name.
    Error,
    /// `{file}`: the configuration file that names a class.
    File,
    /// `{found}`: the archive that holds the class that was found.
    Found,
    /// `{needs}`: what code does to need a missing class.
    Needs,
    /// `{missing}`: how many classes are asked for of a package of which nothing is there.
    Missing,
}

/// Where a rule looks; each match becomes at most one finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Site {
    /// Fields that code outside initialisers writes; one match per field.
    FieldWrite {
        /// Static fields; else instance fields of objects that a static field holds.
        of_statics: bool,
    },
    /// Fields whose value is changed after initialisation through what it holds; one match per field.
    FieldMutation {
        /// Static fields; else instance fields of objects that a static field holds.
        of_statics: bool,
        /// The kinds of state looked at.
        kinds: Vec<StateKind>,
    },
    /// Both of the above: fields that are written, or hold a container, array, atomic or buffer that is changed; one
    /// match per field.
    FieldChange {
        /// Static fields; else instance fields of objects that a static field holds.
        of_statics: bool,
    },
    /// Fields whose object, of one of the deployment's own classes, is handed out to callers that can then change it; one
    /// match per field.
    HandedOut {
        /// Static fields; else instance fields of objects that a static field holds.
        of_statics: bool,
    },
    /// Fields of a class loader type that are written, by constructors and initialisers too; one match per field.
    LoaderStore,
    /// Calls and method references; one match per calling method and target.
    Call {
        /// API groups or API ids of the models.
        apis: Vec<String>,
    },
    /// Resources that a module acquires and that outlive it; one match per acquiring event.
    Kept {
        /// Resources or resource groups of the models, or globs over the resources' names.
        resources: Vec<String>,
    },
    /// Resources that stay open on some path through the acquiring method; one match per acquiring event.
    Open {
        /// Resources or resource groups of the models, or globs over the resources' names.
        resources: Vec<String>,
        /// On which exits.
        exits: Exits,
    },
    /// References that fail to link in the view of the loader whose code holds them; one match per view and thing that
    /// is asked for.
    Reference {
        /// The failures looked for.
        fails: Vec<LinkFailure>,
    },
    /// Questions about the identity of a class that several loaders define, asked of objects of another copy; one match
    /// per method and class.
    OtherCopy {
        /// The questions looked for.
        asked_by: Vec<CopyQuestion>,
    },
    /// Classes that configuration files of the archives name, and that whoever reads the file does not get; one match per
    /// file, line and class.
    Configured {
        /// The answers looked for.
        answers: Vec<ConfiguredAnswer>,
    },
    /// Every class.
    Class,
}

/// What a field's value lets others change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StateKind {
    /// A map, list, set, queue or other container.
    Collection,
    /// An array.
    Array,
    /// An atomic reference, number, or adder.
    Atomic,
    /// A buffer, builder, digest, formatter or the like.
    Buffer,
    /// A thread-local variable.
    ThreadLocal,
    /// Anything that can be closed, shut down or cancelled, and is.
    Closed,
    /// An object of the deployment's own classes with fields that its methods write.
    Object,
}

/// Exits of a method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exits {
    /// By a return.
    Normal,
    /// By an exception.
    Exceptional,
    /// Either.
    Any,
}

/// What must hold at a site.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every one.
    All(Vec<Condition>),
    /// At least one.
    Any(Vec<Condition>),
    /// Not that one.
    Not(Box<Condition>),
    /// The class that holds the site (for field sites: that declares the field) is of one of these.
    DefinedBy(Vec<Definer>),
    /// The code at the site (for field sites: any of the changing sites) is of one of these.
    Caller(Vec<Definer>),
    /// The number of tenants whose code reaches the site. In an open world any number is met, for code that an
    /// application may call.
    Tenants {
        /// At least so many, modules and base.
        at_least: usize,
        /// Whether at least one must be a module.
        module: bool,
    },
    /// Only modules' public API, no known tenant: the base was scanned alone.
    OpenWorld,
    /// The container is one of these.
    Topology(Vec<String>),
    /// The JDK release that the deployment runs on.
    JdkRelease {
        /// It is at least this.
        from: u16,
        /// It is below this.
        before: u16,
    },
    /// About the field.
    Field(FieldTest),
    /// About the method that holds the site.
    Method(MemberTest),
    /// About the class that holds the site.
    Class(ClassTest),
    /// How the field is written: any of its sites has one of these shapes. A change of a container counts too: an
    /// entry put behind a test that it is absent is lazy, `clear` and the like are clearing.
    Written(Vec<WriteShape>),
    /// How the container's entries are keyed.
    Keyed(Vec<KeyKind>),
    /// What is written into the field, or put into what it holds, at any of its sites.
    Stores(Vec<StoredKind>),
    /// Who changes and who reads: a tenant reads what another one writes.
    ReadByOther,
    /// No code of the deployment reads the field, but to change it.
    NeverRead,
    /// Some change of the field, at one of the rule's sites or not, has one of these shapes: what is filled on demand
    /// (`lazy`) is made again when it is emptied.
    AnyChange(Vec<WriteShape>),
    /// Every value that is put into the container is made from its key alone.
    MadeFromKey,
    /// Objects of the deployment's classes are among the values, and applications' code changes such.
    ValuesChanged,
    /// Every change is made under a lock.
    Locked,
    /// What applications do with a thing that they share.
    Sharing(Sharing),
    /// The object that the field belongs to is held by a static field, or by the service loader.
    HeldByStatic,
    /// A constructor that other packages can call stores the loader, and neither it nor a method that yields the object
    /// again takes one from the caller.
    StoredUnasked,
    /// Only a `main`, or the activator of an OSGi bundle, gets to the site, or makes the object whose method holds it.
    OnlyFromMain,
    /// The method that holds the site runs once: a class initialiser, or what only that calls or keeps.
    RunsOnce,
    /// The site, or each call of its method, stands behind a test of a static that is set there; or it runs once.
    GuardedOnce,
    /// The site stands behind a test of a flag that only code compiled ahead of time finds set.
    OnlyAheadOfTime,
    /// The site, or every place that makes the object whose method it is in, is behind a test that the JVM is of another
    /// release than the deployment's.
    OnlyOnAnotherRelease,
    /// The site stands behind a test that a class or class loader, the caller's, is null.
    WithoutCaller,
    /// What is stored is of the own class loader: the site stands behind a test of one against it.
    ForOwnLoader,
    /// All that a public method does is store what its caller gives it.
    HandedOver,
    /// The class was moved into the archive's packages from another library's, and only code that was gets to the site.
    MovedAndUnused,
    /// The called method belongs to one of these API groups or ids.
    Target(Vec<String>),
    /// Where an argument of the call comes from.
    Argument(ArgumentTest),
    /// The failure is due to one of these.
    Because(Vec<LinkCause>),
    /// The object of another copy gets there in one of these ways, the surest that is seen.
    Arrives(Vec<Arrival>),
    /// A later call on the same receiver or value, on every path from the site.
    FollowedBy(FollowTest),
    /// The site lies in code that an unload callback of a model reaches.
    InUnloadCallback,
    /// The code handed over at the call reaches a call of one of these API groups or ids.
    TaskReaches(Vec<String>),
    /// How a resource is released (an open one elsewhere, if on some path), or what a field stores is taken out again.
    Released(Vec<Release>),
    /// What alone leaves a resource open.
    OnlyIf(Vec<OnlyIf>),
    /// Where a kept resource is kept.
    Kept(Vec<Keeper>),
    /// The method that holds the site catches one of these types around it; internal names.
    Catches(Vec<String>),
    /// The method that holds the site also calls one of these API groups or ids.
    AlsoCalls(Vec<String>),
    /// The result of the call is used (stored, returned, called on) rather than dropped or only compared.
    ResultUsed,
    /// What comes of the call.
    Call(CallTest),
    /// The method asks the context class loader for the same name before.
    ContextLoaderAskedBefore,
    /// The method, what it calls, or all who call it ask another loader for the same name, before or after: the context
    /// class loader, one that is given, or one that is not known.
    AnotherLoaderAsked,
    /// The loader that the call yields is that of an object of the deployment's own classes, and is asked for classes by
    /// computed names.
    AskedForComputedNames,
    /// The same or a supertype, and the handler goes on: it does not throw on every way. Internal names.
    GoesOnWithout(Vec<String>),
    /// The same of every caller of the method that holds the site, or of their callers.
    CallersGoOn(Vec<String>),
    /// The first argument is a constant that callers pass, each of which catches one of these types; internal names.
    CaughtWherePassed(Vec<String>),
    /// The name is made from the class that is asked, or from the one that asks: its own file, or one beside it.
    NamedAfterAsked,
    /// Code of the deployment is seen to read the configuration file.
    ReadByCode,
    /// The thread runs a task that the method is given.
    TaskGiven,
    /// What is made at its first use is used by the base too.
    BaseToo,
    /// The type of the receiver is asked before by `instanceof`, or is declared as what is asked, or the receiver is made
    /// from the result of an earlier turn of the same call in a loop.
    ReceiverWalkedOrAsked,
}

/// Who defines a class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Definer {
    /// A loader that several tenants use, the JDK's not counted.
    Shared,
    /// A module's own loader.
    Module,
    /// The JDK's.
    Jdk,
    /// An application's own code, of base or module.
    Application,
    /// A library.
    Library,
}

/// Patterns over a field. An empty list or `None` means any.
#[derive(Clone, Debug, Default)]
pub struct FieldTest {
    /// Type groups of the models or descriptors; the declared type or a supertype of it is one of these.
    pub types: Vec<String>,
    /// Type groups; every value ever stored is of one of these (falls back to the declared type).
    pub values: Vec<String>,
    /// Type groups or descriptors; the last type argument of the field's generic type (a map's value, a list's element)
    /// is of one of these.
    pub holds: Vec<String>,
    /// Whether that type argument is plain: immutable by the models, or a class of the deployment whose objects no caller
    /// changes.
    pub holds_values: Option<bool>,
    /// Whether that type argument is a class that other packages can't name.
    pub holds_internal: Option<bool>,
    /// Whether the values of a map refer to classes or loaders.
    pub values_keep_keys: Option<bool>,
    /// Glob over the name.
    pub name: Option<String>,
    /// Whether it is final.
    pub is_final: Option<bool>,
    /// Whether it is static.
    pub is_static: Option<bool>,
    /// Whether it is private.
    pub is_private: Option<bool>,
    /// Whether it is synthetic.
    pub is_synthetic: Option<bool>,
}

/// Patterns over a method.
#[derive(Clone, Debug, Default)]
pub struct MemberTest {
    /// Globs over the name; any of them.
    pub names: Vec<String>,
    /// Annotation type names with dots, globs; any of them.
    pub annotated: Vec<String>,
    /// Whether it is static.
    pub is_static: Option<bool>,
}

/// Patterns over a class.
#[derive(Clone, Debug, Default)]
pub struct ClassTest {
    /// Globs over the binary name with dots; any of them.
    pub names: Vec<String>,
    /// Type groups of the models or internal names; it is a subtype of any of them.
    pub subtype_of: Vec<String>,
    /// Annotation type names with dots, globs; any of them.
    pub annotated: Vec<String>,
}

/// Where an argument comes from.
#[derive(Clone, Debug, Default)]
pub struct ArgumentTest {
    /// Operand: -1 the receiver, 0 the first argument.
    pub index: i32,
    /// It is one of these; empty means any.
    pub origins: Vec<OriginKind>,
    /// It is a string constant that one of these globs matches.
    pub text: Vec<String>,
    /// It is the name of a class, or a class literal, and this is where the class is.
    pub names_class: Vec<ClassPlace>,
    /// It is the name of a resource (the base name of a bundle, the type of a service), and this is where the resource
    /// is.
    pub names_resource: Vec<ClassPlace>,
    /// Its type is of one of these type groups or internal names.
    pub types: Vec<String>,
    /// Its type is a class of the deployment that has a method of one of these names, itself or from a superclass of the
    /// deployment.
    pub declares: Vec<String>,
    /// It is a `Class` object, and the class that it stands for is defined by one of these.
    pub class_of: Vec<Definer>,
    /// Who defines the class of the object that it is.
    pub object_of: Vec<Definer>,
}

/// A call that must come later.
#[derive(Clone, Debug, Default)]
pub struct FollowTest {
    /// API groups or ids.
    pub apis: Vec<String>,
    /// On which exits it must have happened.
    pub exits: Option<Exits>,
    /// Whether it must be passed what the given operand of the site's call had been before (a saved value).
    pub restores: bool,
}
