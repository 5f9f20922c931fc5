//! The parts of a rule file that say what a call's receiver and result must be.

use super::words::NameOwnerWord;
use schemars::JsonSchema;
use serde::Deserialize;

/// Whose the name is by which a receiver was asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "`receiver-named` condition")]
pub(crate) struct ReceiverNamedText {
    /// API groups or API ids of the models that yield the receiver.
    #[schemars(length(min = 1))]
    pub(crate) by: Vec<String>,
    /// Whose the name is; any of these.
    #[schemars(length(min = 1))]
    pub(crate) whose: Vec<NameOwnerWord>,
}

/// What a module brings: any of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "`module-has` condition", extend("minProperties" = 1))]
pub(crate) struct ModuleHasText {
    /// Names of files; `{type}` stands for the class that the call yields.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// Types, with dots, below which it has a class.
    #[serde(default)]
    pub(crate) subtypes_of: Vec<String>,
    /// Whether the loader of the class that calls has to have none of that.
    #[serde(default)]
    pub(crate) alone: bool,
}
