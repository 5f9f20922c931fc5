//! What is known of methods, as roles of the patterns that a program's references match.

mod forwarders;
pub mod groups;
mod makers;

pub use makers::MakerFacts;

use super::marks::{self, Marks};
use crate::program::{Pattern, PatternId, PatternIndex, Program};
use crate::vocabulary::{ClassId, FieldId, LoaderId, MemberRefId, MethodId, Parallel};
use forwarders::Forwarders;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// An API of the models, by its rank among them.
pub type ApiId = u16;
/// A resource of the models, by its rank among them.
pub type ResourceId = u16;

/// What a method that matches a pattern does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It is a method of this API.
    Api(ApiId),
    /// It acquires this resource.
    Acquire(ResourceId),
    /// Called on this resource, it takes what has to be given back, also if it throws.
    Open(ResourceId),
    /// The same, but it gives it back itself if it throws.
    OpenOnSuccess(ResourceId),
    /// It releases this resource.
    Release(ResourceId),
    /// Its result is owned by somebody else.
    NotOwned(ResourceId),
    /// Its result ends by itself when it has had nothing to do for a while.
    Idles(ResourceId),
    /// Its result may be null, and then nothing was acquired.
    MayBeNull(ResourceId),
    /// Its result is the one that the thread has had so far.
    Former(ResourceId),
    /// Its result owns arguments: row of the wrappers.
    Wrapper(u16),
    /// It hands a resource over for release: row of the managers.
    Manager(u16),
}

/// Which value of a call is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Subject {
    /// The result, or the new object.
    #[default]
    Result,
    /// The receiver.
    Receiver,
    /// An argument, counted from 0.
    Argument(u8),
}

impl Subject {
    /// The operand of an event that is meant; `None` for the result.
    pub fn operand(self, has_receiver: bool) -> Option<usize> {
        match self {
            Subject::Result => None,
            Subject::Receiver => has_receiver.then_some(0),
            Subject::Argument(i) => Some(usize::from(i) + usize::from(has_receiver)),
        }
    }
}

/// What is known of an API besides its methods. Arguments count from 0.
#[derive(Clone, Debug, Default)]
pub struct ApiFacts {
    /// Id in the models.
    pub id: String,
    /// The operand that it changes, shows or wraps; the receiver if `None`.
    pub acts_on: Option<Subject>,
    /// The argument that is a container's key.
    pub key: Option<u8>,
    /// The argument that is kept as a value, or run as a task.
    pub value: Option<u8>,
    /// The argument that is the class loader to use.
    pub loader: Option<u8>,
    /// Groups of APIs that read what it sets, by an equal key.
    pub read_by: Vec<String>,
}

/// What is known of a resource besides its methods.
#[derive(Clone, Debug, Default)]
pub struct ResourceFacts {
    /// Name in the models.
    pub name: String,
    /// Groups that rules refer to.
    pub groups: Vec<String>,
    /// Which value of the acquiring call is the resource.
    pub subject: Subject,
    /// Whether there is nothing to release before a call with [`Role::Open`] or [`Role::OpenOnSuccess`].
    pub opens_later: bool,
    /// Whether it must be released on every path of the method that owns it.
    pub check_paths: bool,
    /// Whether it must be released when its module is unloaded.
    pub check_unload: bool,
    /// Internal names of types that need no release although they match; subtypes too.
    pub harmless: Vec<String>,
    /// Texts that, as an argument of an acquiring call, ask for something that somebody else owns.
    pub owned_elsewhere: Vec<String>,
    /// Internal names of types, subtypes too: what a maker yields of them is this resource.
    pub handed_as: Vec<String>,
    /// The argument that says how much of it stays when there is nothing to do; with none it ends by itself.
    pub stays: Option<u8>,
    /// Internal names of types through which its owner uses it: what is called on them settles nothing but by releasing.
    pub used_through: Vec<String>,
    /// Whether a thread has one at most, and taking what it has had before gives back what was taken since.
    pub is_one_of_thread: bool,
    /// Containers that release it by themselves.
    pub cleaned_by: Vec<String>,
    /// Containers that replace the threads that served an application's requests once it has gone.
    pub gone_with_request_threads: Vec<String>,
    /// Whether it ends by itself when nothing refers to it any more.
    pub ends_unreferenced: bool,
    /// Whether it does so too when only statics of its module refer to it.
    pub ends_with_module: bool,
    /// APIs that must yield the receiver of an acquiring or releasing call; any receiver if empty.
    pub on: Vec<String>,
    /// The names by which such an API yields it, where it takes one.
    pub on_named: Vec<String>,
    /// Whether it is a task, which has to be released only if it never ends by itself.
    pub lasting_task: bool,
    /// Whether it is a task, which has to be released only if it has itself run again each time.
    pub rescheduled: bool,
    /// Destroy methods that a bean container infers for it.
    pub inferred: Vec<String>,
    /// Which argument of an acquiring call is the registry that keeps it; the receiver if none is.
    pub registry: Option<u8>,
    /// Whether it keeps what its makers are given, and concerns an application only where that is one's own.
    pub keeps_parts: bool,
    /// Whether an object of a class that applications share concerns none of them.
    pub own_objects: bool,
}

/// A constructor or factory whose result owns arguments.
#[derive(Clone, Debug, Default)]
pub struct WrapperFacts {
    /// The owned arguments, counted from 0.
    pub args: Vec<u8>,
    /// Whether releasing the result releases the arguments.
    pub closes: bool,
}

/// A call that hands a resource over for release at unload.
#[derive(Clone, Debug, Default)]
pub struct ManagerFacts {
    /// Which operand is the resource.
    pub subject: Subject,
    /// Whether it keeps the module's loader all the same.
    pub pins_loader: bool,
    /// What to know about it.
    pub note: String,
}

/// Code that a container or framework runs when a module is unloaded. Types are internal names.
#[derive(Clone, Debug)]
pub enum CallbackFacts {
    /// Methods with this annotation.
    Annotated(String),
    /// Implementations of this method.
    Implements(Pattern),
    /// Implementations of this method in classes whose signature, or whose body's casts and parameters, mention one
    /// of these types.
    ImplementsFor {
        /// The method.
        pattern: Pattern,
        /// The types.
        types: Vec<String>,
        /// Whether one of the base's runs when any module goes.
        is_in_base: bool,
    },
    /// Implementations of this method in beans: classes with a bean annotation, and result types of methods with one.
    ImplementsInBeans(Pattern),
    /// What calls of this method are given, if it is a function or an object of a functional interface.
    GivenTo(Pattern),
    /// Methods with this annotation whose parameter or element value is one of these types.
    AnnotatedFor(String, Vec<String>),
    /// The method that an element of this annotation names, on the annotated method's return type.
    Named {
        /// The annotation's type.
        annotation: String,
        /// The element that names the method.
        element: String,
        /// Public no-argument methods that are called when it is absent.
        inferred: Vec<String>,
    },
}

/// The rows of the models that roles refer to.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// By [`ApiId`].
    pub apis: Vec<ApiFacts>,
    /// For each group its APIs; an API's own id is the name of a group too.
    pub groups: BTreeMap<String, Vec<ApiId>>,
    /// By [`ResourceId`].
    pub resources: Vec<ResourceFacts>,
    /// By [`Role::Wrapper`].
    pub wrappers: Vec<WrapperFacts>,
    /// How methods are named that make what they yield for their caller.
    pub makers: Vec<MakerFacts>,
    /// By [`Role::Manager`].
    pub managers: Vec<ManagerFacts>,
    /// Unload callbacks.
    pub callbacks: Vec<CallbackFacts>,
    /// Code that runs for a request, on a thread of the container's pool.
    pub requests: Vec<CallbackFacts>,
    /// Code that a container or framework runs on an object once, when the module starts.
    pub starts: Vec<CallbackFacts>,
    /// Internal names of annotations that make a container create and destroy an object.
    pub bean_annotations: Vec<String>,
    /// Annotations of beans that are made more than once: for each request, or whenever somebody asks.
    pub bean_scopes: Vec<String>,
}

/// Patterns with their roles, matched against every reference of a program.
pub struct Knowledge {
    /// The rows that roles refer to.
    pub tables: Tables,
    index: PatternIndex,
    roles: Vec<Role>,
    groups: FxHashMap<String, Vec<bool>>,
    /// By API the names of its groups: few, so that comparing them is quicker than looking one up.
    groups_of: Vec<Vec<String>>,
    /// By method.
    pub(super) marks: Vec<Marks>,
    /// Methods of deployed classes that are containers themselves, and these classes with what declares their methods.
    forwarders: FxHashSet<(MethodId, FieldId)>,
    containers: FxHashSet<ClassId>,
}

impl Knowledge {
    /// Matches the patterns against every reference.
    pub fn build(
        program: &Program<'_>,
        mut patterns: Vec<(Pattern, Role)>,
        tables: Tables,
        parallel: &impl Parallel,
    ) -> Self {
        let found = Forwarders::find(program, &patterns, &tables, parallel);
        patterns.extend(found.patterns);
        let (patterns, roles): (Vec<Pattern>, Vec<Role>) = patterns.into_iter().unzip();
        let index = PatternIndex::build(program, patterns, parallel);
        let n_apis = tables.apis.len();
        let groups = tables.groups.iter().map(|(name, apis)| {
            let mut members = vec![false; n_apis];
            apis.iter().filter(|a| usize::from(**a) < n_apis).for_each(|a| members[usize::from(*a)] = true);
            (name.clone(), members)
        });
        let groups = groups.collect();
        let mut groups_of = vec![Vec::new(); n_apis];
        for (name, apis) in &tables.groups {
            for api in apis {
                if let Some(own) = groups_of.get_mut(usize::from(*api)) {
                    own.push(name.clone());
                }
            }
        }
        let mut knowledge = Self {
            tables,
            index,
            roles,
            groups,
            groups_of,
            marks: Vec::new(),
            forwarders: found.methods,
            containers: found.classes,
        };
        knowledge.marks = marks::of_methods(program, &knowledge, parallel);
        knowledge
    }

    /// The roles of a reference in the view of a loader, with the patterns they come from.
    pub fn roles(
        &self,
        loader: LoaderId,
        member: MemberRefId,
    ) -> impl Iterator<Item = (Role, PatternId)> + '_ {
        self.index.of(loader, member).iter().map(|id| (self.roles[*id as usize], *id))
    }

    /// Whether a reference has any role in the view of a loader.
    pub fn is_known(&self, loader: LoaderId, member: MemberRefId) -> bool {
        !self.index.of(loader, member).is_empty()
    }

    /// The APIs that a reference belongs to.
    pub fn apis(&self, loader: LoaderId, member: MemberRefId) -> impl Iterator<Item = ApiId> + '_ {
        self.roles(loader, member).filter_map(|(role, _)| match role {
            Role::Api(api) => Some(api),
            _ => None,
        })
    }

    /// The APIs of a group, as a table by [`ApiId`]; empty if no model names the group.
    pub fn group(&self, name: &str) -> &[bool] {
        self.groups.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first API of the group that a reference belongs to.
    pub fn api_in(&self, group: &[bool], loader: LoaderId, member: MemberRefId) -> Option<ApiId> {
        self.apis(loader, member).find(|api| group.get(usize::from(*api)).copied().unwrap_or(false))
    }

    /// The first API that a reference belongs to of the group of this name.
    pub fn api_of(&self, group: &str, loader: LoaderId, member: MemberRefId) -> Option<ApiId> {
        let of = |api: ApiId| self.groups_of.get(usize::from(api));
        self.apis(loader, member).find(|api| of(*api).is_some_and(|own| own.iter().any(|g| g == group)))
    }

    /// The APIs that a method of this very class and name belongs to, whether some reference names it or not.
    pub fn apis_named(&self, owner: &str, name: &str) -> Vec<ApiId> {
        let apis = self.roles.iter().enumerate().filter_map(|(id, role)| match role {
            Role::Api(api) => Some((self.index.pattern(id as PatternId), *api)),
            _ => None,
        });
        let fits = |p: &Pattern| if p.is_prefix { name.starts_with(&p.name) } else { p.name == name };
        apis.filter(|(p, _)| p.owner == owner && fits(p)).map(|(_, api)| api).collect()
    }

    /// The patterns of a role.
    pub fn patterns_of(&self, role: Role) -> impl Iterator<Item = &Pattern> {
        let ids = self.roles.iter().enumerate().filter(move |(_, r)| **r == role).map(|(id, _)| id);
        ids.map(|id| self.index.pattern(id as PatternId))
    }

    /// Whether a method of this name releases something, in whatever class.
    pub fn is_release_name(&self, name: &str) -> bool {
        let mut patterns = self.roles.iter().enumerate();
        patterns.any(|(id, role)| {
            matches!(role, Role::Release(_)) && self.index.pattern(id as PatternId).name == name
        })
    }

    /// Whether a deployed method does what one of a container does, to the container in this field of its own object.
    pub fn hands_on(&self, method: MethodId, field: FieldId) -> bool {
        self.forwarders.contains(&(method, field))
    }

    /// Whether a class or interface of the deployment is a container as those of the JDK are.
    pub fn is_container(&self, class: ClassId) -> bool {
        self.containers.contains(&class)
    }

    /// A pattern.
    pub fn pattern(&self, id: PatternId) -> &Pattern {
        self.index.pattern(id)
    }
}
