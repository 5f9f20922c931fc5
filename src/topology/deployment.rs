//! What is to be arranged: the inputs as the user named them, and the deployment as their content shows it.

/// What the user named, as indices of root archives.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// What the base's loader loads, in class path order.
    pub base: Vec<usize>,
    /// The modules, in order.
    pub modules: Vec<ModuleInput>,
    /// Roots that were named without a role: their content decides.
    pub paths: Vec<usize>,
    /// Name of the container; `None` to recognise it. A name that is no row of the containers counts as `None`.
    pub container: Option<String>,
    /// Switches that no archive shows.
    pub options: Options,
}

/// One module as the user named it.
#[derive(Clone, Debug, Default)]
pub struct ModuleInput {
    /// Its name; `None` to take it from the archive.
    pub name: Option<String>,
    /// What its loader loads, in class path order.
    pub roots: Vec<usize>,
}

/// Switches of containers that no archive shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Tomcat's `<Loader delegate="true">`: the parent is asked first for every name.
    pub delegate: bool,
    /// Whether classes that Ark plugins export are taken from the base first; Koupleless switches it on.
    pub plugin_export: bool,
    /// For `child-first`: prefixes of class names, with dots, that the base is asked for first all the same.
    pub parent_first: Vec<String>,
    /// For `child-first`: whether the base is asked for nothing else, classes and resources, as hosts of plug-ins do that
    /// show these their own API alone.
    pub base_hidden: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { delegate: false, plugin_export: true, parent_first: Vec::new(), base_hidden: false }
    }
}

/// Who consists of which archives. All numbers index the deployment's archive facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// The base's class path, not yet spread into nested libraries.
    pub base: Vec<usize>,
    /// The modules, in order.
    pub modules: Vec<ModuleRoots>,
    /// Ark plugins that have loaders of their own; those on the base's class path are not among them.
    pub plugins: Vec<usize>,
    /// The Ark container's own jars, when they are part of an executable Ark jar.
    pub container: Vec<usize>,
    /// Whether modules can see the base at all. They can't in an executable Ark jar, where each biz stands alone.
    pub is_embedded: bool,
}

/// One module with its name settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleRoots {
    /// Unique among the tenants.
    pub name: String,
    /// Its class path, not yet spread into nested libraries.
    pub roots: Vec<usize>,
}
