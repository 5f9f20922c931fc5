//! Conditions that tell what comes of a call.

/// What comes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallTest {
    /// Neither the method that holds the site nor those who call it catch one of these types around the call; internal
    /// names.
    Uncaught(Vec<String>),
    /// The result is cast to one of these types, of which no `instanceof` has been asked; internal names.
    CastTo(Vec<String>),
    /// All that it yields is cast to classes whose objects hold nothing of an application.
    CastToOwn,
    /// What it yields takes the place of what the method, or the object, was not given.
    DefaultForGiven,
    /// The first argument names a class or resource that the calling class's own loader yields.
    OwnLoaderHas,
    /// The class of the receiver has a method of this name which looks names up with nothing but its own class's loader.
    ReceiverAsksOwnLoader(String),
    /// The class of the receiver has a method of this name which yields objects of an application's own classes.
    ReceiverMakesOwn(String),
    /// A module that gets to the site brings something of its own.
    ModuleHas(ModuleHas),
    /// The method that holds the site is all that a thread runs which is made for it.
    RunByOwnThread,
}

/// What a module brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleHas {
    /// One of these files; `{type}` stands for the class that the call yields, or makes.
    pub files: Vec<String>,
    /// A subtype of one of these types; internal names.
    pub subtypes_of: Vec<String>,
    /// Whether the loader of the class that calls must have none of that.
    pub alone: bool,
}
