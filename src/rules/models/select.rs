//! How rules find models by name: an id, a group, or a glob.

use std::collections::BTreeSet;

use super::{Api, Models, Resource, TypeGroup};

impl Models {
    /// The APIs with that id, or in that group, ordered by id.
    pub fn apis_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Api> {
        self.apis.values().filter(move |api| api.id == name || api.groups.iter().any(|group| group == name))
    }

    /// The resources with that name, in that group, or whose name a glob with `*` matches, ordered by name.
    pub fn resources_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Resource> {
        let glob = globset::Glob::new(name)
            .ok()
            .filter(|_| name.contains(['*', '?', '[']))
            .map(|g| g.compile_matcher());
        self.resources.values().filter(move |resource| {
            resource.name == name
                || resource.groups.iter().any(|group| group == name)
                || glob.as_ref().is_some_and(|glob| glob.is_match(&resource.name))
        })
    }

    /// Everything that a rule may name as an API: ids and groups, sorted.
    pub fn api_names(&self) -> BTreeSet<&str> {
        let groups = self.apis.values().flat_map(|api| &api.groups);
        self.apis.keys().chain(groups).map(String::as_str).collect()
    }

    /// Everything that a rule may name as a resource: names and groups, sorted.
    pub fn resource_names(&self) -> BTreeSet<&str> {
        let groups = self.resources.values().flat_map(|resource| &resource.groups);
        self.resources.keys().chain(groups).map(String::as_str).collect()
    }
}

impl TypeGroup {
    /// Whether it names that type, or its package or an enclosing package; supertypes are the caller's to ask for.
    pub fn names_type(&self, internal: &str) -> bool {
        self.types.iter().any(|name| name == internal)
            || self.packages.iter().any(|package| internal.starts_with(package.as_str()))
    }
}
