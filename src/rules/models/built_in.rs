//! The model files that are part of the program, and how files are added to models.

use std::fs;
use std::path::Path;

use miette::Report;

use super::diagnostic;
use super::schema::{ModelFile, TABLES, VERSION};
use super::{Models, nesting};

/// Largest model file that is read, in bytes; the built-in ones are a tenth of it.
const MAX_BYTES: usize = 1 << 20;

/// Name and text of every file in `rules/models`, in the order in which they are read.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("configurations.yaml", include_str!("../../../rules/models/configurations.yaml")),
    ("containers.yaml", include_str!("../../../rules/models/containers.yaml")),
    ("immutable-factories.yaml", include_str!("../../../rules/models/immutable-factories.yaml")),
    ("jvm-globals.yaml", include_str!("../../../rules/models/jvm-globals.yaml")),
    ("library-globals.yaml", include_str!("../../../rules/models/library-globals.yaml")),
    ("lifecycle.yaml", include_str!("../../../rules/models/lifecycle.yaml")),
    ("loader-apis.yaml", include_str!("../../../rules/models/loader-apis.yaml")),
    ("makers.yaml", include_str!("../../../rules/models/makers.yaml")),
    ("properties.yaml", include_str!("../../../rules/models/properties.yaml")),
    ("resources-jdk.yaml", include_str!("../../../rules/models/resources-jdk.yaml")),
    ("resources-libraries.yaml", include_str!("../../../rules/models/resources-libraries.yaml")),
    ("types.yaml", include_str!("../../../rules/models/types.yaml")),
    ("unload.yaml", include_str!("../../../rules/models/unload.yaml")),
    ("wrappers.yaml", include_str!("../../../rules/models/wrappers.yaml")),
];

impl Models {
    /// The models that come with the program.
    ///
    /// # Errors
    /// A mistake in an embedded file; tests see to it that there is none.
    pub fn built_in() -> Result<Self, Report> {
        let mut models = Self::default();
        for (name, text) in BUILT_IN {
            models.add_text(name, text)?;
        }
        Ok(models)
    }

    /// Whether a YAML file holds models rather than a rule: it has a line `models: 1`, or ought to have one.
    pub fn are_in(text: &str) -> bool {
        let is_of_models = |key: &str| key == "models" || TABLES.contains(&key);
        text.lines().any(|line| line.split_once(':').is_some_and(|(key, _)| is_of_models(key)))
    }

    /// Adds the rows of a model file; rows with a known name replace what was there. `name` is what diagnostics call it.
    ///
    /// # Errors
    /// A diagnostic that points into the text; the models are then unchanged.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), Report> {
        if text.len() > MAX_BYTES {
            return Err(too_large(name));
        }
        if nesting::is_too_deep(text) {
            let message = format!("the text nests more than {} levels", nesting::MAX_DEPTH);
            return Err(diagnostic::whole_file(name, message, None));
        }
        let file: ModelFile =
            serde_yaml::from_str(text).map_err(|error| diagnostic::in_text(name, text, &error))?;
        if file.models == 0 {
            let message = "a model file tells the version of its format";
            return Err(diagnostic::whole_file(name, message, Some("begin it with `models: 1`")));
        }
        if file.models != VERSION {
            let message = format!("version {} of the model format is not known", file.models);
            return Err(diagnostic::whole_file(name, message, Some("write `models: 1`")));
        }
        file.add_to(self);
        Ok(())
    }

    /// Reads a model file and adds its rows.
    ///
    /// # Errors
    /// As [`Models::add_text`]; also if the file can't be read or is no UTF-8.
    pub fn add_file(&mut self, path: &Path) -> Result<(), Report> {
        let name = path.display().to_string();
        let unreadable = |error: std::io::Error| diagnostic::whole_file(&name, error.to_string(), None);
        if fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES as u64 {
            return Err(too_large(&name));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        self.add_text(&name, &text)
    }
}

fn too_large(name: &str) -> Report {
    diagnostic::whole_file(name, format!("a model file has at most {MAX_BYTES} bytes"), Some("split it"))
}
