//! How references fail to link, and what that is due to.

/// How a reference fails to link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LinkFailure {
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

/// What a failure to link is due to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LinkCause {
    /// Another archive of the deployment has what is asked for.
    OtherCopy,
    /// What is found belongs to another tenant than the code.
    OtherApplication,
    /// One package or class, and two loaders that define it.
    TwoLoaders,
    /// The class is missing, and others of its package are there.
    KnownPackage,
    /// It takes more than linking the reference, and the code shows that: both sides load the class they disagree
    /// about; the object's class is known.
    Proved,
    /// An archive in which it may be could not be read in full.
    UnreadArchive,
    /// Nothing of that: the application would fail alone.
    Itself,
}
