//! The words of the rule format that stand for one of a few values each.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::findings;
use crate::rules::rule;

/// Declares a word list: the YAML words are the kebab-case names, each of which stands for the value of the same name
/// of a checked type.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident => $core:path { $($(#[$word_doc:meta])* $word:ident,)* }) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
        $(#[$doc])*
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum $name { $($(#[$word_doc])* $word,)* }

        impl From<$name> for $core {
            fn from(word: $name) -> $core {
                use $core as Core;
                match word { $($name::$word => Core::$word,)* }
            }
        }
    };
}

words! {
    /// What happens when the hazard strikes.
    #[schemars(title = "severity")]
    SeverityWord => findings::Severity {
        /// Breaks another tenant or leaks the module.
        Error,
        /// Breaks under conditions that are common.
        Warning,
        /// Worth knowing.
        Note,
    }
}

words! {
    /// How sure the scanner is that the hazard can strike.
    #[schemars(title = "certainty")]
    CertaintyWord => findings::Certainty {
        /// Proved from the deployment's own bytes.
        Certain,
        /// Holds unless a framework or reflection does something that bytecode does not show.
        Likely,
        /// A known-bad shape without proof that a second tenant reaches it; never above `note`.
        Possible,
    }
}

words! {
    /// How settled the rule is.
    #[schemars(title = "status")]
    StatusWord => rule::Status {
        /// Its findings may be relied on.
        Stable,
        /// New; its conditions may still change.
        Preview,
        /// Kept for those who name it; another rule does its work.
        Deprecated,
    }
}

words! {
    /// What a field's value lets others change.
    #[schemars(title = "kind of state")]
    StateWord => rule::StateKind {
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
}

words! {
    /// Exits of a method.
    #[schemars(title = "kind of exit")]
    ExitWord => rule::Exits {
        /// By a return.
        Normal,
        /// By an exception.
        Exceptional,
        /// Either.
        Any,
    }
}

words! {
    /// Who defines a class.
    #[schemars(title = "definer")]
    DefinerWord => rule::Definer {
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
}

words! {
    /// How a write changes a field.
    #[schemars(title = "shape of a write")]
    WriteWord => rule::WriteShape {
        /// Behind a test that the field is still null (or a flag still false): the first one wins.
        Lazy,
        /// The value is made from the old one: a counter, a list cell.
        Counter,
        /// A constant, so that all writers write the same or switch it.
        Constant,
        /// Null.
        Cleared,
        /// A value that depends on the caller: a parameter, something computed from one, a field of the receiver,
        /// the context loader.
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
}

words! {
    /// Whose a name is, seen from the code that uses it.
    #[schemars(title = "owner of a name")]
    NameOwnerWord => rule::NameOwner {
        /// The empty name, which stands for all.
        Root,
        /// A package or class of another application, or one that applications share.
        Others,
        /// A package that none of the application's own classes is anywhere near: a library's.
        Foreign,
        /// A class of the application that is concerned, in a package in which no other one that is concerned names a
        /// class.
        Own,
    }
}

words! {
    /// Why nobody can tell that others change a state too.
    #[schemars(title = "reason")]
    HarmlessWord => rule::Harmless {
        /// The field is only looked at where a collection of users is empty: by the first, who sets it, and after the last
        /// has gone, where it is set back.
        FirstToLast,
        /// It is a part of a cache that works its values out of its keys alone, or decides only whether there is one.
        Memo,
        /// Only one method that is given nothing reads and writes the field once its object is made; it writes constants,
        /// behind a test of it: the object's own answer.
        OwnAnswer,
        /// The field holds message formats whose constant patterns have no formats of arguments (`{0}` alone), and nothing
        /// but to format is asked of them: only the formats of arguments have a state.
        PlainFormat,
        /// The flag says what has become of native code: whoever is seen to set it is of the same archive, passes a
        /// constant, and calls native code in the same method.
        ProcessFact,
        /// Methods that are given nothing read settings, each by a constant name or from a static field that no other change
        /// uses.
        Setting,
        /// What the map holds for each key is a counter, or an array of `int` or `long`: it counts, whoever it is for.
        Tally,
        /// The changes are made by callbacks that the JVM runs on objects which were registered with it, and nobody is
        /// seen to register one of the class.
        UnregisteredCallback,
    }
}

words! {
    /// What keys a container.
    #[schemars(title = "kind of key")]
    KeyWord => rule::KeyKind {
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
}

words! {
    /// What is stored in a field or container.
    #[schemars(title = "kind of stored value")]
    StoredWord => rule::StoredKind {
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
}

words! {
    /// Where an argument comes from.
    #[schemars(title = "origin")]
    OriginWord => rule::OriginKind {
        /// `null`.
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
        /// `System.getProperties()`.
        SystemProperties,
        /// The value of a system property or environment variable.
        SystemProperty,
        /// Anything else.
        Unknown,
    }
}

words! {
    /// Where a named class or resource is, seen from the loader that the call asks.
    #[schemars(title = "place")]
    PlaceWord => rule::ClassPlace {
        /// The asked loader yields it.
        Visible,
        /// The asked loader does not yield it, a module's does.
        OnlyInModule,
        /// The asked loader yields one, and a module's loader another one.
        AnotherInModule,
        /// The application on whose behalf the call is made packs one itself, and its loader may be the one that is
        /// asked. The finding names only such applications.
        PackedByTenant,
        /// No loader yields it.
        Nowhere,
        /// The class's name is put together and begins with a package of which only the asked loader's view has classes.
        InVisiblePackage,
        /// The class's name is put together and begins with a package of which only modules have classes.
        InModulePackage,
        /// The name is not a constant.
        Unknown,
    }
}

words! {
    /// How a kept resource is released.
    #[schemars(title = "kind of release")]
    ReleaseWord => rule::Release {
        /// In code that an unload callback reaches.
        AtUnload,
        /// By the container or a framework.
        ByContainer,
        /// By a wrapper or registry that itself keeps the loader.
        ByPinningWrapper,
        /// In code that no unload callback reaches; also `of-others`, `replaced`, `handed-on`, `by-counterpart` and `by-users`.
        Elsewhere,
        /// By whoever uses a library: closing what they use takes it back, or each class that causes it also ends it.
        ByUsers,
        /// At unload, but not for each of the objects that hold one.
        OfOthers,
        /// At unload, but not what was kept in the same place before.
        Replaced,
        /// At unload, unless something throws before, or a condition keeps it from it.
        Sometimes,
        /// By a function that goes to code that is not seen to call it at unload.
        HandedOn,
        /// At a field site: by a public counterpart of the public method that took it from its caller, who has to call it.
        ByCounterpart,
        /// In the same body, unless something is thrown before.
        UnlessThrown,
        /// Nowhere, but what a library keeps so for all runs on threads that have the library's own loader.
        WithOwnLoader,
        /// Nowhere, but a thread of shared code has no context loader of an application's: before Java 24 it keeps the
        /// access context of whoever has it started.
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
}

words! {
    /// What alone leaves a resource open.
    #[schemars(title = "what leaves it open")]
    OnlyIfWord => rule::OnlyIf {
        /// The wait for its own end is interrupted.
        Interrupted,
        /// Closing another resource, which only reads, fails.
        CloseFails,
        /// Setting one of its options fails, or asking it for something that it has.
        OptionFails,
        /// The method, by its name one that sets something up, is called again.
        CalledAgain,
        /// Nothing for good: all callers that are seen close what it is released with.
        UntilOwner,
        /// A loop makes another one each time, until all are released with their owner.
        PilingUp,
        /// Reading a file fails that the archive of the code itself brings.
        OwnFileFails,
        /// There is no encoding of the name that a caller gives.
        EncodingUnknown,
        /// What gives it something to release fails, as binding a socket to its address.
        OpeningFails,
        /// A call throws of which nothing says that it does.
        Unannounced,
        /// A usual way, and another method is there to give it back.
        Counterpart,
    }
}

words! {
    /// How a reference fails to link.
    #[schemars(title = "failure to link")]
    FailureWord => rule::LinkFailure {
        /// No loader on the way has the class.
        MissingClass,
        /// The class that is found has no such method.
        MissingMethod,
        /// The class that is found has no such field.
        MissingField,
        /// An interface in the place of a class, or the other way round.
        WrongClassKind,
        /// A static member in the place of an instance's, or the other way round.
        WrongMemberKind,
        /// An abstract class or interface that is to be instantiated.
        AbstractClass,
        /// The class may not be named from there.
        InaccessibleClass,
        /// The member may not be named from there.
        InaccessibleMember,
        /// A final field is written outside its class.
        FinalField,
        /// A supertype is final, sealed, of the wrong kind, or has a final method that is overridden.
        UnfitSupertype,
        /// Two loaders have different classes for a name in a descriptor that they have to agree on.
        LoaderConstraint,
        /// An object's class has no method for an abstract one that is called.
        Unimplemented,
    }
}

words! {
    /// What a failure to link is due to.
    #[schemars(title = "cause of a failure to link")]
    CauseWord => rule::LinkCause {
        /// Another archive of the deployment has what is asked for.
        OtherCopy,
        /// What is found belongs to another application than the code.
        OtherApplication,
        /// One package or class, and two loaders that define it.
        TwoLoaders,
        /// The class is missing, and others of its package are there.
        KnownPackage,
        /// It takes more than linking, and the code shows it: both sides load the class they disagree about; the class
        /// of the object is known.
        Proved,
        /// An archive in which it may be could not be read in full.
        UnreadArchive,
        /// Nothing of that: the application would fail alone.
        Itself,
    }
}

words! {
    /// Where a kept resource is kept.
    #[schemars(title = "keeper")]
    KeeperWord => rule::Keeper {
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
}

words! {
    /// A question about the identity of a class.
    #[schemars(title = "question about a class")]
    CopyQuestionWord => rule::CopyQuestion {
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
}

words! {
    /// How an object gets to where its class is asked about.
    #[schemars(title = "way of an object")]
    ArrivalWord => rule::Arrival {
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
}

words! {
    /// What whoever reads a configuration file gets for a class that it names.
    #[schemars(title = "answer to a configured name")]
    ConfiguredWord => rule::ConfiguredAnswer {
        /// Nothing: only another application has the class.
        Missed,
        /// A class that is no subtype of the type that it must be of, but of another copy of that.
        Unfit,
    }
}
