//! The kinds of thing that conditions tell apart.

/// How a write changes a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WriteShape {
    /// Behind a test that the field is still null (or a flag still false): the first one wins.
    Lazy,
    /// The value is made from the old one: a counter, a list cell.
    Counter,
    /// A constant, so that all writers write the same or switch it.
    Constant,
    /// Null.
    Cleared,
    /// A value that depends on the caller: a parameter, something computed from one, a field of the receiver, the
    /// context loader.
    FromCaller,
    /// A new object or call result that depends on no caller.
    Fresh,
    /// The same, but with what the context class loader of the moment yields.
    FromContext,
    /// Something is put into or taken out of a collection that is an entry of the container.
    Entry,
    /// Set only if nothing is there, in one step, to what no caller decides.
    Once,
    /// A field is set to what a caller decides, whatever is there: a setter.
    Given,
    /// The greatest or least of what is there and what is given: who comes last decides nothing.
    Extreme,
}

/// What keys a container.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum KeyKind {
    /// A class loader.
    Loader,
    /// A class or another reflective object.
    Class,
    /// A class's name.
    ClassName,
    /// A string constant.
    Constant,
    /// One class literal, of a class that is the same for all who name it.
    SharedClass,
    /// Another string.
    Text,
    /// An object that equals nothing but itself.
    Identity,
    /// Anything else.
    Other,
    /// The container has no keys.
    None,
}

/// What is stored in a field or container.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StoredKind {
    /// The context class loader of the moment, whether or not another one stands in when there is none.
    ContextLoader,
    /// A class loader.
    Loader,
    /// A class, method, field, constructor, method handle or the like.
    Class,
    /// An object, lambda or method reference whose class a module defines.
    ModuleObject,
    /// Anything else that a caller passes.
    Other,
}

/// The kinds of origin that a rule can ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OriginKind {
    /// `null`
    Null,
    /// A string or number constant.
    Constant,
    /// A class literal.
    ClassLiteral,
    /// A parameter of the method, or what its callers in the deployment pass.
    Parameter,
    /// A value that a module's code passes, through any number of calls.
    ModuleArgument,
    /// A field of an object.
    Field,
    /// A static field.
    StaticField,
    /// An object made here.
    Allocation,
    /// The context class loader of the current thread.
    ContextLoader,
    /// The loader of the class that holds the site, or of a class literal of the same loader.
    OwnLoader,
    /// The loader of an object or class that a caller passes.
    ForeignLoader,
    /// The system or platform loader.
    SystemLoader,
    /// `System.getProperties()`
    SystemProperties,
    /// The value of a system property or environment variable.
    SystemProperty,
    /// Anything else.
    Unknown,
}

/// Where a named class or resource is, seen from the loader that the call asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClassPlace {
    /// The asked loader yields it.
    Visible,
    /// The asked loader does not yield it, a module's does.
    OnlyInModule,
    /// The asked loader yields one, and a module's loader another one.
    AnotherInModule,
    /// The application on whose behalf the call is made packs one itself, and its loader may be the one that is asked.
    PackedByTenant,
    /// No loader yields it.
    Nowhere,
    /// The name is put together and begins with a package of which only the asked loader's view has classes.
    InVisiblePackage,
    /// The name is put together and begins with a package of which only modules have classes.
    InModulePackage,
    /// The name is not a constant.
    Unknown,
}

/// How a kept resource is released.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Release {
    /// In code that an unload callback reaches.
    AtUnload,
    /// By the container or a framework.
    ByContainer,
    /// By a wrapper or registry that itself keeps the loader.
    ByPinningWrapper,
    /// In code that no unload callback reaches.
    Elsewhere,
    /// By whoever uses a library, whose own way to end what they use takes it back.
    ByUsers,
    /// At unload, but not for each of the objects that hold one.
    OfOthers,
    /// At unload, but not what was kept in the same place before.
    Replaced,
    /// At unload, unless something throws before, or a condition keeps it from it.
    Sometimes,
    /// By a function that goes to code that is not seen to call it at unload.
    HandedOn,
    /// By a public counterpart of the public method that took it from its caller, who has to call it.
    ByCounterpart,
    /// In the same body, unless something is thrown before.
    UnlessThrown,
    /// Nowhere, but what a library keeps so for all runs on threads that have the library's own loader.
    WithOwnLoader,
    /// Nowhere, but it keeps no context loader of an application's: of whoever has it started only the access context.
    WithCallersAccess,
    /// By itself, when it has had nothing to do for a while.
    WhenIdle,
    /// In the same body or a callee, so it does not outlive the call.
    Locally,
    /// By itself, when nothing refers to it any more and what it was given to do is done.
    WhenUnreferenced,
    /// Nowhere.
    Never,
}

/// Where a kept resource is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Keeper {
    /// Nowhere: the reference is dropped.
    Nothing,
    /// A field of the module's classes.
    ModuleField,
    /// A field of an object that a static field holds.
    SharedObject,
    /// A static field of a shared class.
    SharedStatic,
    /// Handed to a framework as a bean.
    Bean,
    /// Passed to code that is not seen.
    Unknown,
}

/// A question about the identity of a class.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CopyQuestion {
    /// A cast, or `Class.cast`.
    Cast,
    /// `instanceof`, `Class.isInstance`, `Class.isAssignableFrom`.
    TypeTest,
    /// A comparison with a class literal or an enum's constant.
    Equality,
    /// A lookup in a container that is keyed by classes or by an enum's constants.
    Key,
    /// A lookup of an annotation by its type.
    Annotation,
    /// A handler of an exception.
    Catch,
}

/// How an object gets to where its class is asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Arrival {
    /// By arguments and results of calls that can go nowhere else.
    Directly,
    /// By a call that may as well select another method.
    ByDispatch,
    /// By a field that others may write as well.
    ByField,
    /// By a container or an array.
    InContainer,
    /// It is read from a stream by code of another loader.
    Deserialised,
}

/// What whoever reads a configuration file gets for a class that it names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ConfiguredAnswer {
    /// Nothing: only another application has the class.
    Missed,
    /// A class that is no subtype of the type that it must be of, but of another copy of that.
    Unfit,
}
