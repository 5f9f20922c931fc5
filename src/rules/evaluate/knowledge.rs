//! From models to the patterns and tables that analyses ask.

use crate::dataflow::knowledge::{
    ApiFacts, ApiId, CallbackFacts, Knowledge, MakerFacts, ManagerFacts, ResourceFacts, ResourceId, Role,
    Subject, Tables, WrapperFacts,
};
use crate::program::{Pattern, Program};
use crate::rules::models::{self, Callback, MethodPattern, Models};
use crate::vocabulary::Parallel;

/// Matches everything the models name against a program.
pub fn knowledge(models: &Models, program: &Program<'_>, parallel: &impl Parallel) -> Knowledge {
    let mut patterns = Vec::new();
    let mut tables = Tables::default();
    add_apis(models, &mut patterns, &mut tables);
    add_resources(models, &mut patterns, &mut tables);
    for wrapper in &models.wrappers {
        patterns.push((pattern(&wrapper.method), Role::Wrapper(tables.wrappers.len() as u16)));
        tables.wrappers.push(WrapperFacts { args: wrapper.args.clone(), closes: wrapper.closes });
    }
    tables.makers.extend(models.makers.iter().map(|maker| MakerFacts {
        names: maker.names.clone(),
        asked: maker.asked,
        yields: maker.yields.clone(),
    }));
    for manager in &models.managers {
        patterns.push((pattern(&manager.method), Role::Manager(tables.managers.len() as u16)));
        tables.managers.push(ManagerFacts {
            subject: subject(manager.subject),
            pins_loader: manager.pins_loader,
            note: manager.note.clone(),
        });
    }
    tables.callbacks = models.unload.iter().map(callback).collect();
    tables.requests = models.requests.iter().map(callback).collect();
    tables.starts = models.starts.iter().map(callback).collect();
    tables.bean_annotations.clone_from(&models.bean_annotations);
    tables.bean_scopes.clone_from(&models.bean_scopes);
    Knowledge::build(program, patterns, tables, parallel)
}

fn add_apis(models: &Models, patterns: &mut Vec<(Pattern, Role)>, tables: &mut Tables) {
    for (i, api) in models.apis.values().enumerate() {
        let id = i as ApiId;
        patterns.extend(api.methods.iter().map(|m| (pattern(m), Role::Api(id))));
        for group in api.groups.iter().chain([&api.id]) {
            tables.groups.entry(group.clone()).or_default().push(id);
        }
        tables.apis.push(ApiFacts {
            id: api.id.clone(),
            acts_on: api.acts_on.map(subject),
            key: api.key,
            value: api.value,
            loader: api.loader,
            read_by: api.read_by.clone(),
        });
    }
}

fn add_resources(models: &Models, patterns: &mut Vec<(Pattern, Role)>, tables: &mut Tables) {
    for (i, resource) in models.resources.values().enumerate() {
        let id = i as ResourceId;
        patterns.extend(resource.acquire.iter().map(|m| (pattern(m), Role::Acquire(id))));
        patterns.extend(resource.opened_by.iter().map(|m| (pattern(m), Role::Open(id))));
        let on_success = resource.opened_on_success.iter();
        patterns.extend(on_success.map(|m| (pattern(m), Role::OpenOnSuccess(id))));
        patterns.extend(resource.release.iter().map(|m| (pattern(m), Role::Release(id))));
        patterns.extend(resource.not_owned.iter().map(|m| (pattern(m), Role::NotOwned(id))));
        patterns.extend(resource.idles.iter().map(|m| (pattern(m), Role::Idles(id))));
        patterns.extend(resource.may_be_null.iter().map(|m| (pattern(m), Role::MayBeNull(id))));
        patterns.extend(resource.former.iter().map(|m| (pattern(m), Role::Former(id))));
        tables.resources.push(ResourceFacts {
            name: resource.name.clone(),
            groups: resource.groups.clone(),
            subject: subject(resource.subject),
            opens_later: !resource.opened_by.is_empty() || !resource.opened_on_success.is_empty(),
            check_paths: resource.check_paths,
            check_unload: resource.check_unload,
            harmless: resource.harmless.clone(),
            owned_elsewhere: resource.owned_elsewhere.clone(),
            handed_as: resource.handed_as.clone(),
            stays: resource.stays,
            used_through: resource.used_through.clone(),
            is_one_of_thread: !resource.former.is_empty(),
            cleaned_by: resource.cleaned_by.clone(),
            gone_with_request_threads: resource.gone_with_request_threads.clone(),
            ends_unreferenced: resource.ends != models::Ends::Never,
            ends_with_module: resource.ends == models::Ends::WithModule,
            on: resource.on.clone(),
            on_named: resource.on_named.clone(),
            lasting_task: resource.lasting_task,
            rescheduled: resource.rescheduled,
            inferred: resource.inferred.clone(),
            registry: resource.registry,
            keeps_parts: resource.keeps_parts,
            own_objects: resource.own_objects,
        });
    }
}

fn pattern(from: &MethodPattern) -> Pattern {
    Pattern {
        owner: from.owner.clone(),
        name: from.name.clone(),
        desc: from.desc.clone(),
        is_exact: from.is_exact,
        is_prefix: from.is_prefix,
    }
}

fn subject(from: models::Subject) -> Subject {
    match from {
        models::Subject::Result => Subject::Result,
        models::Subject::Receiver => Subject::Receiver,
        models::Subject::Argument(i) => Subject::Argument(i),
    }
}

fn callback(from: &Callback) -> CallbackFacts {
    match from {
        Callback::Annotated(annotation) => CallbackFacts::Annotated(annotation.clone()),
        Callback::Implements(method) => CallbackFacts::Implements(pattern(method)),
        Callback::ImplementsInBeans(method) => CallbackFacts::ImplementsInBeans(pattern(method)),
        Callback::GivenTo(method) => CallbackFacts::GivenTo(pattern(method)),
        Callback::ImplementsFor { method, types, is_in_base } => CallbackFacts::ImplementsFor {
            pattern: pattern(method),
            types: types.clone(),
            is_in_base: *is_in_base,
        },
        Callback::AnnotatedFor(annotation, types) => {
            CallbackFacts::AnnotatedFor(annotation.clone(), types.clone())
        }
        Callback::Named { annotation, element, inferred } => CallbackFacts::Named {
            annotation: annotation.clone(),
            element: element.clone(),
            inferred: inferred.clone(),
        },
    }
}
