//! Conditions that tell a state which applications share on purpose, each with its own part, from one in which they meet.

/// What applications do with a thing that they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Some value that is put into the container is made from what a caller passes beside its key.
    MadeFromMore,
    /// What one application puts into the container is no other's: there are no keys, or they differ by application.
    OwnEntries,
    /// What the container holds are collections that are made on demand, and what applications put into these are objects of
    /// their own.
    OwnElements,
    /// Each application that puts something into the container takes something out of it again, one by one, and some
    /// unload callback does.
    TakenOutByEach,
    /// Whoever uses the buffer holds a lock, and first empties it.
    ResetFirst,
    /// The array of a private field is a place for what nobody wants: it is read into, and never looked at.
    OnlyFilled,
    /// A use is counted down first, so that the last one makes the change.
    LastUser,
    /// What sets the field back ends a use of it: the field is read before, by the method that does or by one of its class
    /// that alone may call it.
    UsedUp,
    /// All changes write one and the same constant.
    SameConstant,
    /// Once the flag says so, code of other applications that reads it throws.
    Refusing,
    /// The counter is a limit for all: a step is followed by a test one way of which throws.
    Limiting,
    /// Another application's code makes such a call too, with no other name than this one.
    OthersCall,
    /// Each tenant has the call made with constant names that no other one passes.
    NamesApart,
    /// The receiver is a wrapper of what a static field of the JDK holds, and closes that too.
    ClosesStatic,
    /// Objects of the class are about that nothing is seen to hold: the change may be to one of them.
    OtherObjects,
    /// The object is a mark: the static field that holds it is only compared with.
    HeldAsMark,
    /// Every call that is seen of the methods that make the changes is a part of setting something up: made on an object that
    /// is just being made, or by class initialisers.
    OnlySetUp,
    /// No application can tell that others make the changes too, for one of these reasons.
    Harmless(Vec<Harmless>),
    /// The field is a queue, and something is taken out of it again, one by one.
    Drained,
    /// The field is a queue of things that are only put in after they have been reset, and taken out.
    Pooled,
    /// The container is only asked whether something is new, and the answer decides whether it is written to a log.
    OnlyLogged,
    /// The receiver is what a call of one of these APIs yields.
    ReceiverFrom(Vec<String>),
    /// The receiver is a loader of the JDK's that shared code makes, above which no application's can be.
    ReceiverAboveModules,
    /// The receiver is read from a static field of a class that applications share.
    ReceiverShared,
    /// The receiver is what a static field of a class holds that applications share, whoever passes it on, or what a field of
    /// the one object holds that such a field holds.
    ReceiverHeld,
    /// The deployment's own methods that the call selects give the threads that they make the loader of shared code, or none.
    TargetGivesLoader,
    /// The called method's class is one that applications share: no application has one of its own.
    TargetShared,
    /// The called method's class is one of the caller's own library.
    TargetOfOwnLibrary,
    /// Only code of the field's own archive calls the methods that yield its object.
    GivenInside,
    /// The first argument is a text that begins with the package of the code that passes it, and that no other
    /// application's code has.
    OwnName,
    /// Another method of the same outermost class calls the same API with something that is not null.
    UndoesOwn,
    /// A name that the call is given, or the constructor of the object that it is given, is one that a call of these APIs
    /// in the same application is given so too; one of the two is made at unload.
    PairedByName(Vec<String>),
    /// Code of two modules makes the call with an object that is made of the same constant name. What a finding says holds
    /// for all of them.
    SameNameElsewhere,
    /// The receiver was asked for by name.
    ReceiverNamed {
        /// APIs that yield it.
        by: Vec<String>,
        /// Whose the name is; any of them.
        whose: Vec<NameOwner>,
    },
}

/// Whose a name is, seen from the code that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameOwner {
    /// The empty name, which stands for all.
    Root,
    /// A package or class of another application, or one that applications share.
    Others,
    /// A package that none of the application's own classes is anywhere near: a library's.
    Foreign,
    /// A class of the application that is concerned, in a package in which no other one that is concerned names a class.
    Own,
}

/// Why nobody can tell that others change a state too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harmless {
    /// Only the first user, who sets it, and the last, who sets it back, look at it.
    FirstToLast,
    /// It is a part of a cache that works its values out of its keys alone, or decides only whether there is one.
    Memo,
    /// One method that is given nothing remembers in it what it has found out about the object.
    OwnAnswer,
    /// It is a message format that puts its arguments in as they are, and is only asked to format.
    PlainFormat,
    /// Whoever is seen to set the flag does so with a constant, and calls native code in the same method.
    ProcessFact,
    /// Methods that are given nothing read a setting by one constant name or from one static, which whoever is last reads
    /// again.
    Setting,
    /// The values of the map are counters, or arrays of them.
    Tally,
    /// The changes are made by callbacks that the JVM runs on registered objects, of a class that nobody is seen to register.
    UnregisteredCallback,
}
