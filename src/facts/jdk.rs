//! What the Java platform offers to applications: a model of its API without bodies.
//!
//! Applications extend, call and implement classes of the platform, so that hierarchy and member resolution need
//! them; their bodies are not analysed. The model of one release is part of the binary, so that a scan needs no JDK;
//! another release is read from its home.

mod reduce;

use super::codec::{self, CodecError, PayloadInput, put_text, put_uint};
use super::jimage::JImage;
use super::tables::UnitFacts;
use crate::vocabulary::{Problem, ProblemCode};
use libdeflater::CompressionLvl;
use std::path::Path;

const MODEL_MAGIC: [u8; 4] = *b"CTJM";

static EMBEDDED: &[u8] = include_bytes!("../../rules/jdk/java17.model");

/// The platform as applications see it.
#[derive(Clone, Default)]
pub struct JdkModel {
    /// Feature release, 17.
    pub release: u16,
    /// Packages that some module exports to everybody, in internal form (`java/util`), sorted.
    pub packages: Vec<String>,
    /// Public and protected classes of these packages with their public and protected members, and the classes that
    /// those extend, implement or are nested in, sorted by name. No method has a body, prefixes are empty; source
    /// files, signatures, annotations and nests are left out.
    pub unit: UnitFacts,
}

impl JdkModel {
    /// Whether the platform exports a package to everybody; `package` in internal form.
    pub fn exports(&self, package: &str) -> bool {
        self.packages.binary_search_by(|known| known.as_str().cmp(package)).is_ok()
    }

    /// The model as a file. The same model gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        put_uint(u64::from(self.release), &mut payload);
        put_uint(self.packages.len() as u64, &mut payload);
        self.packages.iter().for_each(|package| put_text(package, &mut payload));
        codec::put_unit(&self.unit, &mut payload);
        codec::seal(MODEL_MAGIC, &payload, CompressionLvl::best())
    }

    /// The model that [`encode`](Self::encode) has written.
    ///
    /// # Errors
    /// As [`codec::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let payload = codec::open(MODEL_MAGIC, bytes)?;
        let mut input = PayloadInput::new(&payload);
        let release = input.uint()?;
        let release =
            u16::try_from(release).map_err(|_| CodecError::Damaged("no release has such a number"))?;
        let n_packages = input.count(1)?;
        let mut packages = Vec::with_capacity(n_packages);
        for _ in 0..n_packages {
            packages.push(input.text()?.to_owned());
        }
        let unit = codec::get_unit(&mut input)?;
        input.finish()?;
        Ok(Self { release, packages, unit })
    }
}

/// The model that is part of the binary.
///
/// # Errors
/// When the binary was built with a model of another layout; a test rules that out.
pub fn embedded_model() -> Result<JdkModel, CodecError> {
    JdkModel::decode(EMBEDDED)
}

/// The unit of [`embedded_model`].
///
/// # Errors
/// As [`embedded_model`].
pub fn embedded() -> Result<UnitFacts, CodecError> {
    embedded_model().map(|model| model.unit)
}

/// The model of the runtime or JDK that lies at `home`.
///
/// # Errors
/// When `home` has no `lib/modules`, or that can't be read. A home of Java 8 has none: its `rt.jar` can be given as
/// a jar instead.
pub fn model_from_home(home: &Path) -> Result<JdkModel, Problem> {
    let shown = home.display().to_string();
    let image = home.join("lib").join("modules");
    if !image.is_file() {
        let (code, message) =
            match ["lib/rt.jar", "jre/lib/rt.jar"].iter().find(|jar| home.join(jar).is_file()) {
                Some(jar) => (
                    ProblemCode::UnreadableInput,
                    format!("a home of Java 8 or older; give its {jar} as a jar of the class path instead"),
                ),
                None if home.exists() => (
                    ProblemCode::UnreadableInput,
                    "no home of a Java runtime: it has no lib/modules".to_owned(),
                ),
                None => (ProblemCode::MissingInput, "it does not exist".to_owned()),
            };
        return Err(Problem::new(code, &shown, "", message));
    }
    let mut model = reduce::model(&JImage::open(&image)?)?;
    let release = std::fs::read_to_string(home.join("release")).unwrap_or_default();
    if let Some(number) = release_number(&release) {
        model.release = number;
    }
    Ok(model)
}

/// The unit of [`model_from_home`].
///
/// # Errors
/// As [`model_from_home`].
pub fn from_home(home: &Path) -> Result<UnitFacts, Problem> {
    model_from_home(home).map(|model| model.unit)
}

/// The feature release that a home's `release` file names: 17 for `JAVA_VERSION="17.0.15"`, 8 for `"1.8.0_402"`.
fn release_number(text: &str) -> Option<u16> {
    let version = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?.trim_matches(['"', ' ']);
    let version = version.strip_prefix("1.").unwrap_or(version);
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests;
