//! The models' methods of the Java platform exist in the platform that the program carries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail")]

use std::collections::{BTreeMap, BTreeSet};

use cotenant::facts::jdk;
use cotenant::facts::tables::UnitFacts;
use cotenant::rules::Models;
use cotenant::rules::models::{Callback, MethodPattern};
use cotenant::vocabulary::Name;

/// What only other releases than the carried one have: the method, and where it is.
const OF_OTHER_RELEASES: &[&str] = &[
    "java/lang/ModuleLayer$Controller.enableNativeAccess", // since 22
    "java/lang/Thread$Builder.start",                      // since 21
    "java/lang/foreign/Arena.ofConfined",                  // since 22
    "java/lang/foreign/Arena.ofShared",                    // since 22
    "java/net/http/HttpClient.close",                      // since 21
    "java/net/http/HttpClient.shutdown",                   // since 21
    "java/net/http/HttpClient.shutdownNow",                // since 21
    "java/util/concurrent/ExecutorService.close",          // since 19
    "java/util/concurrent/Executors.newThreadPerTaskExecutor", // since 21
    "java/util/concurrent/Executors.newVirtualThreadPerTaskExecutor", // since 21
    "java/util/concurrent/ForkJoinPool.close",             // since 19
    "java/util/zip/Deflater.close",                        // after 24
    "java/util/zip/Inflater.close",                        // after 24
    "sun/misc/Unsafe.defineAnonymousClass",                // until 16
    "sun/misc/Unsafe.defineClass",                         // until 10
];

struct Platform {
    unit: UnitFacts,
    packages: BTreeSet<String>,
    classes: BTreeMap<String, usize>,
}

impl Platform {
    fn embedded() -> Self {
        let model = jdk::embedded_model().unwrap();
        let names = model.unit.classes.iter().map(|class| model.unit.names.text_of(class.name).to_owned());
        let classes = names.enumerate().map(|(i, name)| (name, i)).collect();
        Self { packages: model.packages.into_iter().collect(), classes, unit: model.unit }
    }

    fn has_package_of(&self, class: &str) -> bool {
        class.rsplit_once('/').is_some_and(|(package, _)| self.packages.contains(package))
    }

    /// Whether the class, or for anything but constructors one of its supertypes, has a member that matches.
    fn has(&self, pattern: &MethodPattern) -> bool {
        let mut open = vec![pattern.owner.as_str()];
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            let Some(&index) = self.classes.get(name).filter(|_| seen.insert(name)) else { continue };
            let class = &self.unit.classes[index];
            let text = |name: Name| self.unit.names.text_of(name);
            let mut methods = class.methods.of(&self.unit.methods).iter();
            if methods.any(|method| pattern.matches_member(text(method.name), text(method.desc))) {
                return true;
            }
            if pattern.name != "<init>" {
                open.push(text(class.super_name));
                open.extend(class.interfaces.of(&self.unit.lists).iter().map(|&name| text(name)));
            }
        }
        false
    }
}

fn models() -> Models {
    Models::built_in().unwrap()
}

fn all_patterns(models: &Models) -> Vec<&MethodPattern> {
    let mut all: Vec<&MethodPattern> = models.apis.values().flat_map(|api| &api.methods).collect();
    for resource in models.resources.values() {
        all.extend(&resource.acquire);
        all.extend(&resource.release);
        all.extend(&resource.not_owned);
        all.extend(&resource.may_be_null);
    }
    all.extend(models.wrappers.iter().map(|wrapper| &wrapper.method));
    all.extend(models.managers.iter().map(|manager| &manager.method));
    all.extend(models.unload.iter().filter_map(|callback| match callback {
        Callback::Implements(method)
        | Callback::ImplementsFor { method, .. }
        | Callback::ImplementsInBeans(method)
        | Callback::GivenTo(method) => Some(method),
        Callback::Annotated(_) | Callback::AnnotatedFor(..) | Callback::Named { .. } => None,
    }));
    all
}

#[test]
fn every_method_of_the_platform_exists() {
    let (platform, models) = (Platform::embedded(), models());
    let of_platform = |pattern: &&MethodPattern| {
        platform.has_package_of(&pattern.owner) || pattern.owner.starts_with("java/")
    };
    let patterns: Vec<&MethodPattern> = all_patterns(&models).into_iter().filter(of_platform).collect();
    assert!(patterns.len() > 1000, "{}", patterns.len());
    let missing: BTreeSet<String> =
        patterns.into_iter().filter(|pattern| !platform.has(pattern)).map(ToString::to_string).collect();
    let expected: BTreeSet<String> = OF_OTHER_RELEASES.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(missing, expected);
}

#[test]
fn every_type_of_the_platform_exists() {
    let (platform, models) = (Platform::embedded(), models());
    let groups = models.types.values().flat_map(|group| &group.types);
    let harmless = models.resources.values().flat_map(|resource| &resource.harmless);
    let missing: Vec<&String> = groups
        .chain(harmless)
        .filter(|name| platform.has_package_of(name) || name.starts_with("java/"))
        .filter(|name| !platform.classes.contains_key(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// `key`, `value`, `loader` and `acts_on` must be arguments of every method they are told of.
#[test]
fn argument_numbers_are_within_the_methods() {
    let models = models();
    for api in models.apis.values() {
        let numbers = [api.key, api.value, api.loader];
        let Some(last) = numbers.into_iter().flatten().max() else { continue };
        for desc in api.methods.iter().filter_map(|method| method.desc.as_deref()) {
            let n_params = cotenant::vocabulary::descriptor::n_params(desc);
            assert!(usize::from(last) < n_params, "{}: {desc}", api.id);
        }
    }
}
