//! Configuration files that name classes: which names in them are classes, and who is asked for them.

use serde::Deserialize;

use super::Models;
use super::text::{ClassName, Clause, Kebab, Rows, Text};
use crate::facts::configured::Notation;

/// A kind of configuration file whose reader loads classes by the names in it.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Its name.
    pub name: String,
    /// Globs over the entry's name, relative to where it is looked for.
    pub files: Vec<String>,
    /// Whether the container takes it from the application's archive, rather than a loader from its class path.
    pub of_archive: bool,
    /// How it is written.
    pub notation: Notation,
    /// Globs over the keys, elements (`servlet-class`) or attributes (`bean@class`) that hold names; any if empty.
    pub names: Vec<String>,
    /// What says which type the classes must be of.
    pub of_type: Option<TypedBy>,
    /// API groups or ids whose calls read it, with the type as first argument; only what such a call asks for is read.
    pub asked_by: Vec<String>,
    /// Internal names of classes that read it, whenever an application has one of them.
    pub readers: Vec<String>,
    /// Containers that read it.
    pub containers: Vec<String>,
    /// Whom the reader asks.
    pub asks: Asked,
    /// Whether the reader makes objects of the classes for the application whose file it is, and calls them for it.
    pub makes: bool,
    /// Whether it hands them to nobody else.
    pub keeps: bool,
    /// Globs over keys and types: the reader goes on without these.
    pub tolerated: Vec<String>,
    /// What happens when a class is not found, a clause.
    pub effect: String,
}

/// What says which type the named classes must be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypedBy {
    /// The file's own name.
    File,
    /// The key.
    Key,
}

/// The loader that a reader asks for the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// The one of the application that reads.
    #[default]
    Application,
    /// The one that defines the reader.
    Reader,
    /// The application's, and then the reader's.
    ApplicationThenReader,
}

/// The YAML mirror of a row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigurationRow {
    files: Vec<String>,
    #[serde(default)]
    of_archive: bool,
    written_as: NotationWord,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    typed_by: Option<TypedBy>,
    #[serde(default)]
    asked_by: Vec<Text<Kebab>>,
    #[serde(default)]
    readers: Vec<Text<ClassName>>,
    #[serde(default)]
    containers: Vec<Text<Kebab>>,
    #[serde(default)]
    asks: Asked,
    #[serde(default)]
    makes: bool,
    #[serde(default)]
    keeps: bool,
    #[serde(default)]
    tolerated: Vec<String>,
    effect: Text<Clause>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NotationWord {
    List,
    Properties,
    Xml,
}

/// Adds the rows; one replaces another of its name.
pub(super) fn add_to(models: &mut Models, rows: Rows<ConfigurationRow>) {
    for (name, row) in rows.0 {
        models.configurations.insert(name.clone(), row.into_configuration(name));
    }
}

impl ConfigurationRow {
    fn into_configuration(self, name: String) -> Configuration {
        let words = |list: Vec<Text<Kebab>>| list.into_iter().map(|word| word.0.0).collect();
        Configuration {
            name,
            files: self.files,
            of_archive: self.of_archive,
            notation: match self.written_as {
                NotationWord::List => Notation::List,
                NotationWord::Properties => Notation::Properties,
                NotationWord::Xml => Notation::Xml,
            },
            names: self.names,
            of_type: self.typed_by,
            asked_by: words(self.asked_by),
            readers: self.readers.into_iter().map(|name| name.0.0).collect(),
            containers: words(self.containers),
            asks: self.asks,
            makes: self.makes,
            keeps: self.keeps,
            tolerated: self.tolerated,
            effect: self.effect.0.0,
        }
    }
}
