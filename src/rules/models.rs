//! Models: what is known of APIs, types, resources and life cycles, from `rules/models/*.yaml`.

mod built_in;
mod configurations;
mod diagnostic;
mod nesting;
mod pattern;
mod schema;
mod select;
mod text;

use std::collections::BTreeMap;

pub use built_in::BUILT_IN;
pub use configurations::{Asked, Configuration, TypedBy};

/// Everything the model files say.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// APIs by id.
    pub apis: BTreeMap<String, Api>,
    /// Sets of types by name.
    pub types: BTreeMap<String, TypeGroup>,
    /// Sets of globs over string constants by name (`critical-property`).
    pub texts: BTreeMap<String, Vec<String>>,
    /// Resources by name.
    pub resources: BTreeMap<String, Resource>,
    /// Constructors and factories whose result owns an argument.
    pub wrappers: Vec<Wrapper>,
    /// How methods are named that make what they yield for their caller.
    pub makers: Vec<Maker>,
    /// Code that runs when a module is unloaded.
    pub unload: Vec<Callback>,
    /// Code that a container or framework runs for a request, on a thread of the container's pool.
    pub requests: Vec<Callback>,
    /// Code that a container or framework runs on an object once, when the module starts.
    pub starts: Vec<Callback>,
    /// Calls that hand a resource to something that releases it.
    pub managers: Vec<Manager>,
    /// Internal names of annotations that make a container create, and later destroy, an object of the class or the
    /// result of the method.
    pub bean_annotations: Vec<String>,
    /// Annotations that name classes of which a container makes objects for the annotated one's application; internal names.
    pub bean_imports: Vec<String>,
    /// Annotations of beans that are made more than once; internal names.
    pub bean_scopes: Vec<String>,
    /// Configuration files that name classes, by name.
    pub configurations: BTreeMap<String, Configuration>,
}

/// One API: methods that do the same to the world.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Stable id.
    pub id: String,
    /// Groups that rules refer to (`jvm-global-setter`).
    pub groups: Vec<String>,
    /// Its methods.
    pub methods: Vec<MethodPattern>,
    /// What calling it does to others; a clause without a full stop.
    pub effect: String,
    /// What to use instead.
    pub instead: String,
    /// The operand whose state the call changes, shows or wraps; `None` if that is the receiver, or if it makes no
    /// difference.
    pub acts_on: Option<Subject>,
    /// The argument, counted from 0, that is a container's key.
    pub key: Option<u8>,
    /// The argument, counted from 0, that a container keeps as a value, or that is run as a task.
    pub value: Option<u8>,
    /// The argument, counted from 0, that is the class loader to use.
    pub loader: Option<u8>,
    /// Groups of APIs that read what it sets, by an equal key.
    pub read_by: Vec<String>,
}

/// A method: `owner.name(desc)ret`, `owner.name` for every overload, `owner.name*` for a prefix of names, with a
/// leading `=` for the owner alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MethodPattern {
    /// Internal name of the declaring class; receivers of a subtype match too unless `is_exact`.
    pub owner: String,
    /// Method name; with `is_prefix` its beginning.
    pub name: String,
    /// Descriptor; `None` for every overload.
    pub desc: Option<String>,
    /// Whether only the owner itself matches, not its subtypes.
    pub is_exact: bool,
    /// Whether `name` is a prefix.
    pub is_prefix: bool,
}

/// A named set of types.
#[derive(Clone, Debug, Default)]
pub struct TypeGroup {
    /// Internal names, or array descriptors.
    pub types: Vec<String>,
    /// Packages (`java/time/`) all of whose types belong to it.
    pub packages: Vec<String>,
    /// Whether subtypes belong to it too.
    pub with_subtypes: bool,
}

/// Something that is acquired and must be released.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// Stable name, `thread`.
    pub name: String,
    /// Groups that rules refer to (`threads`).
    pub groups: Vec<String>,
    /// For people, with article: `a thread`.
    pub label: String,
    /// What acquires it: a constructor, a factory, or a call on it (`start`).
    pub acquire: Vec<MethodPattern>,
    /// Which operand of the acquiring call is the resource.
    pub subject: Subject,
    /// Calls on it that take what has to be given back, also if they fail; before the first of them there is nothing to
    /// release. Empty when acquiring does so.
    pub opened_by: Vec<MethodPattern>,
    /// The same, for calls that give it back themselves if they fail.
    pub opened_on_success: Vec<MethodPattern>,
    /// What releases it, called on it or with it as an argument.
    pub release: Vec<MethodPattern>,
    /// How to release it, for people: `call shutdown()`.
    pub how: String,
    /// What keeps the module's loader, for people: `its workers inherit the context class loader`.
    pub pins: String,
    /// Whether it must be released on every path of the method that owns it.
    pub check_paths: bool,
    /// Whether it must be released when its module is unloaded.
    pub check_unload: bool,
    /// Types that need no release although they match (`java/io/ByteArrayInputStream`).
    pub harmless: Vec<String>,
    /// Factories whose result needs no release, or is owned by somebody else.
    pub not_owned: Vec<MethodPattern>,
    /// The argument, counted from 0, that says how much of it stays when there is nothing to do; with none it ends by
    /// itself.
    pub stays: Option<u8>,
    /// Texts that, as an argument of an acquiring call, ask for something that somebody else owns.
    pub owned_elsewhere: Vec<String>,
    /// Types, with subtypes: what a [`Maker`] yields of them is this resource.
    pub handed_as: Vec<String>,
    /// Acquiring calls whose result ends by itself when it has had nothing to do for a while.
    pub idles: Vec<MethodPattern>,
    /// Acquiring calls that may yield null, which needs no release.
    pub may_be_null: Vec<MethodPattern>,
    /// Types through which whoever has it uses it: nothing that is called on one of them settles it, but what releases it.
    pub used_through: Vec<String>,
    /// What yields the one that a thread has, of which it has one at most: an acquiring call that is given that, or null,
    /// puts back what was there before.
    pub former: Vec<MethodPattern>,
    /// Containers that release it by themselves.
    pub cleaned_by: Vec<String>,
    /// Containers that, after an application has gone, replace the threads that served its requests, and with them
    /// what such a thread keeps.
    pub gone_with_request_threads: Vec<String>,
    /// When it ends by itself.
    pub ends: Ends,
    /// APIs that must yield the receiver of an acquiring or releasing call: what belongs to the whole JVM. Any receiver
    /// if empty; else only objects of an application's own classes count.
    pub on: Vec<String>,
    /// The names by which such an API yields it, where it takes one.
    pub on_named: Vec<String>,
    /// Whether it is a task, which has to be released only if it never ends by itself.
    pub lasting_task: bool,
    /// Whether it is a task, which has to be released only if it has itself run again each time.
    pub rescheduled: bool,
    /// Destroy methods that a bean container infers for it (`close`, `shutdown`).
    pub inferred: Vec<String>,
    /// The argument of an acquiring call, counted from 0, that is the registry which keeps it; else the receiver is.
    pub registry: Option<u8>,
    /// Whether it keeps what the calls are given that build it, and needs a release only if that is an application's own.
    pub keeps_parts: bool,
    /// Whether it needs a release only if it is, or may be, an object of an application's own classes.
    pub own_objects: bool,
}

/// When a resource ends although nobody releases it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// Not by itself.
    #[default]
    Never,
    /// When nothing refers to it. Its threads keep its module, so a static of the module refers to it for good.
    Unreferenced,
    /// As well when only its module refers to it: it keeps nothing of the module itself.
    WithModule,
}

/// Which value of the acquiring call is the resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// The result, or the new object.
    #[default]
    Result,
    /// The receiver.
    Receiver,
    /// An argument, counted from 0.
    Argument(u8),
}

/// A constructor or factory whose result owns one of its arguments.
#[derive(Clone, Debug, Default)]
pub struct Wrapper {
    /// The constructor or factory.
    pub method: MethodPattern,
    /// The owned arguments, counted from 0.
    pub args: Vec<u8>,
    /// Whether releasing the result releases the arguments.
    pub closes: bool,
}

/// How methods are named that make what they yield for their caller, who has to release it.
#[derive(Clone, Debug, Default)]
pub struct Maker {
    /// Whole names, or their beginnings before a capital (`open` for `openStream`).
    pub names: Vec<String>,
    /// Whether only calls with an argument count.
    pub asked: bool,
    /// Internal names of the types, subtypes too, of which the result must be; any if empty.
    pub yields: Vec<String>,
}

/// Code that a container or framework runs when a module is unloaded.
#[derive(Clone, Debug)]
pub enum Callback {
    /// Methods with this annotation; internal name of its type.
    Annotated(String),
    /// Implementations of this method.
    Implements(MethodPattern),
    /// Implementations of this method, if their class or its generic signature mentions one of these types
    /// (an event listener for the closing event).
    ImplementsFor {
        /// The method.
        method: MethodPattern,
        /// Internal names of the types.
        types: Vec<String>,
        /// Whether one of the base's runs when any module goes.
        is_in_base: bool,
    },
    /// Implementations of this method in beans: classes with one of [`Models::bean_annotations`], and result types of
    /// methods with one.
    ImplementsInBeans(MethodPattern),
    /// Functions and objects of functional interfaces that calls of this method are given.
    GivenTo(MethodPattern),
    /// Methods with this annotation whose parameter or element value is one of these types.
    AnnotatedFor(String, Vec<String>),
    /// The method that an element of this annotation names, on the annotated method's return type
    /// (`@Bean(destroyMethod = "stop")`): annotation, element, methods inferred when the element is absent.
    Named {
        /// Internal name of the annotation's type.
        annotation: String,
        /// The element that names the method.
        element: String,
        /// Public no-argument methods that are called when it is absent.
        inferred: Vec<String>,
    },
}

/// A call that hands a resource over for release at unload.
#[derive(Clone, Debug)]
pub struct Manager {
    /// The call, or the constructor of a wrapper type.
    pub method: MethodPattern,
    /// Which operand is the resource.
    pub subject: Subject,
    /// Whether it keeps the module's loader all the same.
    pub pins_loader: bool,
    /// What to know about it.
    pub note: String,
}
