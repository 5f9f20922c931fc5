//! The YAML mirror of a model file, and how it becomes models.

use serde::Deserialize;

use super::configurations::{self, ConfigurationRow};
use super::text::{Beginning, ClassName, Clause, Kebab, PackageName, Patterns, Rows, Text, TypeName};
use super::{
    Api, Callback, Ends, Maker, Manager, MethodPattern, Models, Resource, Subject, TypeGroup, Wrapper,
};

/// The version of the format that this program reads.
pub(super) const VERSION: u32 = 1;

/// Keys of a model file that no rule has.
pub(super) const TABLES: [&str; 14] = [
    "apis",
    "types",
    "texts",
    "resources",
    "wrappers",
    "makers",
    "unload",
    "requests",
    "starts",
    "managers",
    "bean_annotations",
    "bean_imports",
    "bean_scopes",
    "configurations",
];

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelFile {
    /// Version of the format; 0 if it is not told.
    #[serde(default)]
    pub(super) models: u32,
    #[serde(default)]
    apis: Rows<ApiRow>,
    #[serde(default)]
    types: Rows<TypesRow>,
    #[serde(default)]
    texts: Rows<TextsRow>,
    #[serde(default)]
    resources: Rows<ResourceRow>,
    #[serde(default)]
    wrappers: Vec<WrapperRow>,
    #[serde(default)]
    makers: Vec<MakerRow>,
    #[serde(default)]
    unload: Vec<CallbackRow>,
    #[serde(default)]
    requests: Vec<CallbackRow>,
    #[serde(default)]
    starts: Vec<CallbackRow>,
    #[serde(default)]
    managers: Vec<ManagerRow>,
    #[serde(default)]
    bean_annotations: Vec<Text<ClassName>>,
    #[serde(default)]
    bean_imports: Vec<Text<ClassName>>,
    #[serde(default)]
    bean_scopes: Vec<Text<ClassName>>,
    #[serde(default)]
    configurations: Rows<ConfigurationRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiRow {
    #[serde(default)]
    groups: Vec<Text<Kebab>>,
    methods: Vec<Text<Patterns>>,
    #[serde(default)]
    effect: Option<Text<Clause>>,
    #[serde(default)]
    instead: Option<Text<Clause>>,
    #[serde(default)]
    acts_on: Option<Text<Subject>>,
    #[serde(default)]
    key: Option<u8>,
    #[serde(default)]
    value: Option<u8>,
    #[serde(default)]
    loader: Option<u8>,
    #[serde(default)]
    read_by: Vec<Text<Kebab>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypesRow {
    #[serde(default)]
    types: Vec<Text<TypeName>>,
    #[serde(default)]
    packages: Vec<Text<PackageName>>,
    #[serde(default)]
    with_subtypes: bool,
    #[serde(default)]
    extend: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextsRow {
    globs: Vec<String>,
    #[serde(default)]
    extend: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceRow {
    #[serde(default)]
    groups: Vec<Text<Kebab>>,
    label: Text<Clause>,
    acquire: Vec<Text<Patterns>>,
    #[serde(default)]
    subject: Option<Text<Subject>>,
    #[serde(default)]
    opened_by: Vec<Text<Patterns>>,
    #[serde(default)]
    opened_on_success: Vec<Text<Patterns>>,
    #[serde(default)]
    release: Vec<Text<Patterns>>,
    how: Text<Clause>,
    #[serde(default)]
    pins: Option<Text<Clause>>,
    check: Vec<Check>,
    #[serde(default)]
    harmless: Vec<Text<ClassName>>,
    #[serde(default)]
    not_owned: Vec<Text<Patterns>>,
    #[serde(default)]
    owned_elsewhere: Vec<String>,
    #[serde(default)]
    handed_as: Vec<Text<ClassName>>,
    #[serde(default)]
    stays: Option<u8>,
    #[serde(default)]
    idles: Vec<Text<Patterns>>,
    #[serde(default)]
    may_be_null: Vec<Text<Patterns>>,
    #[serde(default)]
    used_through: Vec<Text<ClassName>>,
    #[serde(default)]
    former: Vec<Text<Patterns>>,
    #[serde(default)]
    cleaned_by: Vec<Text<Kebab>>,
    #[serde(default)]
    gone_with_request_threads: Vec<Text<Kebab>>,
    #[serde(default)]
    ends: Option<EndsWord>,
    #[serde(default)]
    on: Vec<Text<Kebab>>,
    #[serde(default)]
    on_named: Vec<String>,
    #[serde(default)]
    lasting_task: bool,
    #[serde(default)]
    rescheduled: bool,
    #[serde(default)]
    inferred: Vec<String>,
    #[serde(default)]
    registry: Option<u8>,
    #[serde(default)]
    keeps_parts: bool,
    #[serde(default)]
    own_objects: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Check {
    Paths,
    Unload,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum EndsWord {
    Unreferenced,
    WithModule,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrapperRow {
    methods: Vec<Text<Patterns>>,
    args: Vec<u8>,
    #[serde(default = "yes")]
    closes: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MakerRow {
    names: Vec<Text<Beginning>>,
    #[serde(default)]
    asked: bool,
    #[serde(default)]
    yields: Vec<Text<ClassName>>,
}

/// One of `annotated`, `implements` and `given_to`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "CallbackFields")]
struct CallbackRow(CallbackFields);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackFields {
    #[serde(default)]
    annotated: Vec<Text<ClassName>>,
    #[serde(default)]
    implements: Vec<Text<Patterns>>,
    #[serde(default)]
    given_to: Vec<Text<Patterns>>,
    #[serde(default, rename = "for")]
    only_for: Vec<Text<ClassName>>,
    #[serde(default)]
    in_beans: bool,
    #[serde(default)]
    in_base: bool,
    #[serde(default)]
    element: Option<String>,
    #[serde(default)]
    inferred: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManagerRow {
    methods: Vec<Text<Patterns>>,
    subject: Text<Subject>,
    #[serde(default)]
    pins_loader: bool,
    #[serde(default)]
    note: Option<Text<Clause>>,
}

impl ModelFile {
    /// Adds the rows to `models`; a row replaces one of the same name, unless it extends it.
    pub(super) fn add_to(self, models: &mut Models) {
        for (id, row) in self.apis.0 {
            models.apis.insert(id.clone(), row.into_api(id));
        }
        for (name, row) in self.types.0 {
            let group = models.types.entry(name).or_default();
            row.add_to(group);
        }
        for (name, row) in self.texts.0 {
            let globs = models.texts.entry(name).or_default();
            if !row.extend {
                globs.clear();
            }
            globs.extend(row.globs);
        }
        for (name, row) in self.resources.0 {
            models.resources.insert(name.clone(), row.into_resource(name));
        }
        for wrapper in self.wrappers.into_iter().flat_map(WrapperRow::into_wrappers) {
            models.wrappers.retain(|old| old.method != wrapper.method);
            models.wrappers.push(wrapper);
        }
        models.makers.extend(self.makers.into_iter().map(MakerRow::into_maker));
        models.unload.extend(self.unload.into_iter().flat_map(CallbackRow::into_callbacks));
        models.requests.extend(self.requests.into_iter().flat_map(CallbackRow::into_callbacks));
        models.starts.extend(self.starts.into_iter().flat_map(CallbackRow::into_callbacks));
        for manager in self.managers.into_iter().flat_map(ManagerRow::into_managers) {
            models.managers.retain(|old| old.method != manager.method);
            models.managers.push(manager);
        }
        models.bean_annotations.extend(self.bean_annotations.into_iter().map(|name| name.0.0));
        models.bean_imports.extend(self.bean_imports.into_iter().map(|name| name.0.0));
        models.bean_scopes.extend(self.bean_scopes.into_iter().map(|name| name.0.0));
        configurations::add_to(models, self.configurations);
    }
}

impl ApiRow {
    fn into_api(self, id: String) -> Api {
        Api {
            id,
            groups: names(self.groups),
            methods: patterns(self.methods),
            effect: clause(self.effect),
            instead: clause(self.instead),
            acts_on: self.acts_on.map(|subject| subject.0),
            key: self.key,
            value: self.value,
            loader: self.loader,
            read_by: names(self.read_by),
        }
    }
}

impl TypesRow {
    fn add_to(self, group: &mut TypeGroup) {
        if !self.extend {
            *group = TypeGroup::default();
        }
        group.types.extend(self.types.into_iter().map(|name| name.0.0));
        group.packages.extend(self.packages.into_iter().map(|name| name.0.0));
        group.with_subtypes |= self.with_subtypes;
    }
}

impl ResourceRow {
    fn into_resource(self, name: String) -> Resource {
        Resource {
            name,
            groups: names(self.groups),
            label: self.label.0.0,
            acquire: patterns(self.acquire),
            subject: self.subject.map_or_else(Subject::default, |subject| subject.0),
            opened_by: patterns(self.opened_by),
            opened_on_success: patterns(self.opened_on_success),
            release: patterns(self.release),
            how: self.how.0.0,
            pins: clause(self.pins),
            check_paths: self.check.contains(&Check::Paths),
            check_unload: self.check.contains(&Check::Unload),
            harmless: self.harmless.into_iter().map(|name| name.0.0).collect(),
            not_owned: patterns(self.not_owned),
            owned_elsewhere: self.owned_elsewhere,
            handed_as: self.handed_as.into_iter().map(|name| name.0.0).collect(),
            stays: self.stays,
            idles: patterns(self.idles),
            may_be_null: patterns(self.may_be_null),
            used_through: self.used_through.into_iter().map(|name| name.0.0).collect(),
            former: patterns(self.former),
            cleaned_by: names(self.cleaned_by),
            gone_with_request_threads: names(self.gone_with_request_threads),
            ends: match self.ends {
                None => Ends::Never,
                Some(EndsWord::Unreferenced) => Ends::Unreferenced,
                Some(EndsWord::WithModule) => Ends::WithModule,
            },
            on: names(self.on),
            on_named: self.on_named,
            lasting_task: self.lasting_task,
            rescheduled: self.rescheduled,
            inferred: self.inferred,
            registry: self.registry,
            keeps_parts: self.keeps_parts,
            own_objects: self.own_objects,
        }
    }
}

impl WrapperRow {
    fn into_wrappers(self) -> impl Iterator<Item = Wrapper> {
        let (args, closes) = (self.args, self.closes);
        patterns(self.methods).into_iter().map(move |method| Wrapper { method, args: args.clone(), closes })
    }
}

impl MakerRow {
    fn into_maker(self) -> Maker {
        Maker {
            names: self.names.into_iter().map(|name| name.0.0).collect(),
            asked: self.asked,
            yields: self.yields.into_iter().map(|name| name.0.0).collect(),
        }
    }
}

impl TryFrom<CallbackFields> for CallbackRow {
    type Error = &'static str;

    fn try_from(row: CallbackFields) -> Result<Self, Self::Error> {
        let kinds = [row.annotated.is_empty(), row.implements.is_empty(), row.given_to.is_empty()];
        match (kinds.into_iter().filter(|is_empty| !is_empty).count(), row.annotated.is_empty(), &row.element)
        {
            (0, ..) => Err("a callback needs `annotated`, `implements` or `given_to`"),
            (2.., ..) => {
                Err("a callback is `annotated`, `implements` a method or is `given_to` one; write two rows")
            }
            _ if !row.given_to.is_empty() && (row.in_beans || !row.only_for.is_empty()) => {
                Err("`given_to` stands alone")
            }
            (_, true, Some(_)) => Err("`element` names an element of an annotation: it needs `annotated`"),
            (_, false, _) if row.in_beans => Err("`in_beans` needs `implements`"),
            _ if row.in_beans && !row.only_for.is_empty() => Err("`in_beans` and `for` exclude each other"),
            _ if row.in_base && (row.implements.is_empty() || row.only_for.is_empty()) => {
                Err("`in_base` needs `implements` and `for`")
            }
            _ if row.element.is_none() && !row.inferred.is_empty() => Err("`inferred` needs `element`"),
            _ => Ok(Self(row)),
        }
    }
}

impl CallbackRow {
    fn into_callbacks(self) -> Vec<Callback> {
        let CallbackFields {
            annotated,
            implements,
            given_to,
            only_for,
            in_beans,
            in_base,
            element,
            inferred,
        } = self.0;
        let types: Vec<String> = only_for.into_iter().map(|name| name.0.0).collect();
        let annotated = annotated.into_iter().map(|name| match &element {
            Some(element) => {
                Callback::Named { annotation: name.0.0, element: element.clone(), inferred: inferred.clone() }
            }
            None if types.is_empty() => Callback::Annotated(name.0.0),
            None => Callback::AnnotatedFor(name.0.0, types.clone()),
        });
        let implements = patterns(implements).into_iter().map(|method| match types.is_empty() {
            true if in_beans => Callback::ImplementsInBeans(method),
            true => Callback::Implements(method),
            false => Callback::ImplementsFor { method, types: types.clone(), is_in_base: in_base },
        });
        let given_to = patterns(given_to).into_iter().map(Callback::GivenTo);
        annotated.chain(implements).chain(given_to).collect()
    }
}

impl ManagerRow {
    fn into_managers(self) -> impl Iterator<Item = Manager> {
        let (subject, pins_loader, note) = (self.subject.0, self.pins_loader, clause(self.note));
        let methods = patterns(self.methods).into_iter();
        methods.map(move |method| Manager { method, subject, pins_loader, note: note.clone() })
    }
}

fn yes() -> bool {
    true
}

fn clause(text: Option<Text<Clause>>) -> String {
    text.map_or_else(String::new, |clause| clause.0.0)
}

fn names(list: Vec<Text<Kebab>>) -> Vec<String> {
    list.into_iter().map(|name| name.0.0).collect()
}

fn patterns(list: Vec<Text<Patterns>>) -> Vec<MethodPattern> {
    list.into_iter().flat_map(|patterns| patterns.0.0).collect()
}
