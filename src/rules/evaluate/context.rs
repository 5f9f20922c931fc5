//! What all conditions of one evaluation share.

use super::configured::Configured;
use super::copies::Copies;
use super::handed_out::{Answers, Given};
use super::known::Known;
use super::matches::{Match, Subject};
use super::named::Whose;
use super::readers::KeyReads;
use super::references::References;
use crate::dataflow::held::Held;
use crate::dataflow::knowledge::ApiId;
use crate::dataflow::origins::{Found, Origin};
use crate::dataflow::paths::Settled;
use crate::dataflow::remembered::Remembered;
use crate::dataflow::unload::UnloadRoots;
use crate::dataflow::{Body, Changes, How, World};
use crate::facts::{Event, Value};
use crate::program::BitSet;
use crate::rules::models::Models;
use crate::vocabulary::{ClassId, FieldId, MethodId, Name, TenantId};
use globset::{GlobBuilder, GlobMatcher};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::OnceLock;

/// Names of API and type groups that the vocabulary of conditions itself refers to.
pub(super) struct GroupNames {
    /// APIs that empty what they act on or take something out of it.
    pub clearing: Vec<String>,
    /// APIs that step a counter.
    pub counting: Vec<String>,
    /// APIs that yield what nobody else gets.
    pub unique: Vec<String>,
    /// APIs that store only what is absent.
    pub lazy: Vec<String>,
    /// APIs that store a value only if another one is there.
    pub comparing: Vec<String>,
    /// APIs that store what a function makes of the value that is there.
    pub updating: Vec<String>,
    /// APIs that yield a class's name.
    pub class_name: Vec<String>,
    /// Groups of calls that yield what an application is called.
    pub application_name: Vec<String>,
    /// APIs that take something out.
    pub removing: Vec<String>,
    /// APIs that look something up by the context class loader.
    pub context_reading: Vec<String>,
    /// APIs that yield the context class loader.
    pub context_loader: Vec<String>,
    /// Class loaders.
    pub loader_types: Vec<String>,
    /// Class, Method and the like.
    pub reflective_types: Vec<String>,
    /// Values that keep no class loader.
    pub loader_free_types: Vec<String>,
}

impl Default for GroupNames {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Self {
            clearing: list(&["map-clear", "collection-clear"]),
            counting: list(&["counter-step"]),
            unique: list(&["counter-step", "unique-id"]),
            lazy: list(&["map-put-if-absent"]),
            comparing: list(&["atomic-compare-and-set"]),
            updating: list(&["atomic-update"]),
            class_name: list(&["class-name"]),
            application_name: list(&["application-name"]),
            removing: list(&[
                "map-clear",
                "collection-clear",
                "map-remove",
                "collection-remove",
                "thread-local-remove",
            ]),
            context_reading: list(&["tccl-reading"]),
            context_loader: list(&["context-loader-get"]),
            loader_types: list(&["class-loader"]),
            reflective_types: list(&["reflective"]),
            loader_free_types: list(&["loader-free"]),
        }
    }
}

/// The world, the models, and answers that several rules ask for.
pub(super) struct Context<'w> {
    /// What is analysed.
    pub world: &'w World<'w>,
    /// What is known.
    pub models: &'w Models,
    /// The changes of every field.
    pub changes: &'w Changes<'w>,
    /// Objects that statics hold.
    pub held: &'w Held,
    /// Methods that unload callbacks reach.
    pub at_unload: &'w UnloadRoots,
    /// Loaders of objects that are asked for classes by computed names: where they are read; found once.
    pub asked_loaders: OnceLock<FxHashSet<(MethodId, u16)>>,
    /// Whose objects callers change; found as they are asked for.
    pub changed_objects: OnceLock<Answers>,
    /// Reads of fields that methods yield to others; found once.
    pub given: OnceLock<Given>,
    /// Methods that code gets to which was not moved from another library's packages; found once.
    pub reached_unmoved: OnceLock<BitSet>,
    /// Classes with a `main`; found once.
    pub programs: OnceLock<BitSet>,
    /// What was found out about changes of fields.
    pub known: Known,
    /// Classes that static fields are declared as; found once.
    pub constants: OnceLock<FxHashSet<ClassId>>,
    /// The types of what is registered with the JVM's management; found once.
    pub registered: OnceLock<super::registered::Registered>,
    /// Whose code knows which text; found once.
    pub text_owners: OnceLock<FxHashMap<Name, Whose>>,
    /// The classes in the order of their names; found once.
    by_name: OnceLock<Vec<ClassId>>,
    /// References that fail to link.
    pub references: References,
    /// Calls that read settings of the JVM.
    pub key_reads: KeyReads,
    /// Which methods settle what is asked about, by the tests that ask.
    pub settled: Settled,
    /// The first two methods of a class that put back what others of it set, by the tests that ask.
    pub halves: Remembered<(ClassId, usize), [Option<MethodId>; 2]>,
    /// The first two methods of a class that put the context loader into a container of a type.
    pub putting: Remembered<(ClassId, Name), [Option<MethodId>; 2]>,
    /// Questions about classes that several loaders define.
    pub copies: Copies,
    /// Classes that configuration files name.
    pub configured: Configured,
    /// Group names.
    pub names: GroupNames,
    globs: FxHashMap<String, GlobMatcher>,
}

impl<'w> Context<'w> {
    /// A context. `globs` are all patterns that conditions hold, so that each is compiled once.
    pub(super) fn new(
        world: &'w World<'w>,
        models: &'w Models,
        changes: &'w Changes<'w>,
        held: &'w Held,
        at_unload: &'w UnloadRoots,
    ) -> Self {
        Self {
            world,
            models,
            changes,
            held,
            at_unload,
            asked_loaders: OnceLock::new(),
            changed_objects: OnceLock::new(),
            given: OnceLock::new(),
            reached_unmoved: OnceLock::new(),
            programs: OnceLock::new(),
            known: Known::default(),
            constants: OnceLock::new(),
            registered: OnceLock::new(),
            text_owners: OnceLock::new(),
            by_name: OnceLock::new(),
            references: References::default(),
            key_reads: KeyReads::default(),
            settled: Settled::default(),
            halves: Remembered::default(),
            putting: Remembered::default(),
            copies: Copies::default(),
            configured: Configured::default(),
            names: GroupNames::default(),
            globs: FxHashMap::default(),
        }
    }

    /// The classes whose internal names begin with a text, by name; those of one name in the order of their ids.
    pub(super) fn classes_beginning<'c>(
        &'c self,
        start: &str,
    ) -> impl Iterator<Item = ClassId> + use<'c, 'w> {
        let program = self.world.program;
        let by_name = self.by_name.get_or_init(|| {
            let all = (0..program.classes.len()).map(ClassId::from_index);
            let mut named: Vec<(&str, ClassId)> = all.map(|c| (program.class_name(c), c)).collect();
            named.sort_unstable();
            named.into_iter().map(|(_, class)| class).collect()
        });
        let first = by_name.partition_point(|c| program.class_name(*c) < start);
        let rest = by_name.get(first..).unwrap_or_default();
        let n = rest.partition_point(|c| program.class_name(*c).starts_with(start));
        rest[..n].iter().copied()
    }

    /// Whether a glob matches a text. A glob that does not compile matches nothing; rules are checked before.
    pub(super) fn glob(&self, glob: &str, text: &str) -> bool {
        if let Some(matcher) = self.globs.get(glob) {
            return matcher.is_match(text);
        }
        if !glob.contains(['*', '?', '[', '{']) {
            return glob == text;
        }
        compile(glob).is_some_and(|g| g.is_match(text))
    }

    /// Compiles globs ahead of time.
    pub(super) fn learn_globs<'g>(&mut self, globs: impl Iterator<Item = &'g str>) {
        for glob in globs {
            if let Some(matcher) = compile(glob) {
                self.globs.insert(glob.to_owned(), matcher);
            }
        }
    }

    /// Whether an API has one of these ids or belongs to one of these groups.
    pub(super) fn is_api(&self, api: ApiId, names: &[String]) -> bool {
        names.iter().any(|n| self.world.knowledge.group(n).get(usize::from(api)).copied().unwrap_or(false))
    }

    /// Whether unload callbacks reach a method.
    pub(super) fn is_at_unload(&self, method: MethodId) -> bool {
        self.at_unload.reaches_any(method)
    }

    /// Whether unload callbacks reach a method, and nothing else that is seen does.
    pub(super) fn is_only_at_unload(&self, method: MethodId) -> bool {
        self.at_unload.is_only_at_unload(self.world, method)
    }

    /// The tenants whose code reaches any spot of a match, ascending.
    pub(super) fn tenants(&self, found: &Match) -> Vec<TenantId> {
        if found.subject == Subject::Class {
            return self.tenants_of_class(found.class);
        }
        if let Subject::Configured(id) = found.subject {
            return self.configured.row(id).map_or(Vec::new(), |row| row.tenants.clone());
        }
        let mut tenants: Vec<TenantId> = found
            .spots
            .iter()
            .flat_map(|s| match found.subject {
                Subject::Call(_, api) => self.tenants_of_call(s.method, api),
                // What an initialiser stores for good is there for whoever uses the class, and what the constructor of
                // an object that a static field holds stores too.
                Subject::Field(field)
                    if s.how == Some(How::Write)
                        && (self.is_initialiser(s.method)
                            || found.holder.is_some() && self.is_constructor_of(s.method, field)) =>
                {
                    self.users_of(s.method)
                }
                Subject::Resource(_) if self.is_initialiser(s.method) => self.users_of(s.method),
                _ => self.world.reach.tenants(s.method).iter().collect(),
            })
            .filter(|tenant| found.only.as_ref().is_none_or(|only| only.contains(tenant)))
            .collect();
        tenants.sort_unstable();
        tenants.dedup();
        tenants
    }

    /// The tenants that a finding names: those that reach it; for kept resources the one that acquires. Code that nobody is
    /// seen to reach is a matter of the one whose loader defines it.
    pub(super) fn named_tenants(&self, found: &Match) -> Vec<TenantId> {
        if let Some(tenant) = found.kept.as_ref().and_then(|k| k.tenant) {
            return vec![tenant];
        }
        let tenants = self.tenants(found);
        if tenants.is_empty() && matches!(found.subject, Subject::Call(..) | Subject::Resource(_)) {
            return self.world.program.tenant_of(found.class).into_iter().collect();
        }
        tenants
    }

    /// The application that a class belongs to, else all whose code runs a method of it.
    fn tenants_of_class(&self, class: ClassId) -> Vec<TenantId> {
        if let Some(owner) = self.world.reach.owner(class) {
            return vec![owner];
        }
        let methods = self.world.program.methods_of(class);
        let mut tenants: Vec<TenantId> =
            methods.flat_map(|(id, _)| self.world.reach.tenants(id).iter().collect::<Vec<_>>()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        tenants
    }

    /// The tenants on whose behalf a call may be made. A class initialiser runs for whoever comes first, which tells
    /// nothing as long as its result is the same for all; what it reads through the context class loader is not, and
    /// everybody who uses the class gets it.
    fn tenants_of_call(&self, method: MethodId, api: ApiId) -> Vec<TenantId> {
        let by_context = super::once::runs_once(self.world, method)
            && (self.is_api(api, &self.names.context_reading)
                || super::tasks::calls_api(self, method, &self.names.context_loader));
        if by_context { self.users_of(method) } else { self.world.reach.tenants(method).iter().collect() }
    }

    fn is_initialiser(&self, method: MethodId) -> bool {
        self.world.program.is_class_initializer(self.world.program.method(method).name)
    }

    fn is_constructor_of(&self, method: MethodId, field: FieldId) -> bool {
        let program = self.world.program;
        program.is_constructor(program.method(method).name)
            && program.class_of_method(method) == program.class_of_field(field)
    }

    /// The tenants that use the class of a method: run its methods, or read its static fields.
    pub(super) fn users_of(&self, method: MethodId) -> Vec<TenantId> {
        let program = self.world.program;
        let class = program.class_of_method(method);
        let fields = program.fields_of(class).filter(|(_, f)| f.access.is_static());
        let readers = fields.flat_map(|(id, _)| self.world.fields.reads(id)).map(|read| read.method);
        let methods = program.methods_of(class).map(|(id, _)| id).chain(readers);
        methods.flat_map(|id| self.world.reach.tenants(id).iter().collect::<Vec<_>>()).collect()
    }

    /// Entry names that a call asks for: of a resource, a bundle, or a service's providers.
    pub(super) fn resource_names(
        &self,
        body: Body<'_>,
        (event, position): (&Event, usize),
        found: &[Found],
    ) -> Vec<String> {
        let program = self.world.program;
        let of_origin = |found: &Found| match found.origin {
            Origin::Text(text) => Some(self.resource_named(body, event, program.text(text))),
            Origin::ClassLiteral(class, _) => {
                Some(format!("META-INF/services/{}", program.text(class).replace('/', ".")))
            }
            _ => None,
        };
        let names: Vec<String> = found.iter().filter(|f| !f.is_derived).filter_map(of_origin).collect();
        if !names.is_empty() {
            return names;
        }
        let texts = super::computed::texts(self.world, body, body.origins.arg(event, position));
        texts.unwrap_or_default().iter().map(|text| self.resource_named(body, event, text)).collect()
    }

    /// The entry that a call looks for by a text.
    fn resource_named(&self, body: Body<'_>, event: &Event, text: &str) -> String {
        let program = self.world.program;
        let member = event.member().map(|m| program.facts.members.get(m));
        let (owner, name) = member.map_or(("", ""), |m| (program.text(m.owner), program.text(m.name)));
        if name == "getBundle" {
            return format!("{}.properties", text.replace('.', "/"));
        }
        if owner != "java/lang/Class" {
            let loader = program.class(body.class).loader;
            let is_without_slash = event
                .member()
                .is_some_and(|m| self.world.knowledge.api_of(WITHOUT_SLASH, loader, m).is_some());
            return text.strip_prefix('/').filter(|_| is_without_slash).unwrap_or(text).to_owned();
        }
        let named = body.origins.leaves(body.origins.arg(event, 0)).find_map(|leaf| match leaf {
            Value::Class(name) => Some(program.text(name)),
            _ => None,
        });
        // One that is not named is taken to be the own one's.
        relative_to_class(named.unwrap_or_else(|| program.class_name(body.class)), text)
    }
}

/// The API group of the calls that leave out a slash before a path.
const WITHOUT_SLASH: &str = "resource-without-slash";

/// `Class.getResource` resolves names without a leading slash against the class's package.
pub(super) fn relative_to_class(class: &str, name: &str) -> String {
    match name.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => match crate::vocabulary::descriptor::package_of(class) {
            "" => name.to_owned(),
            package => format!("{package}/{name}"),
        },
    }
}

fn compile(glob: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(glob).literal_separator(false).build().ok().map(|g| g.compile_matcher())
}
