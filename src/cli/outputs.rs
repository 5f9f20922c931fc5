//! Reports in files: whole or not at all.

use super::plan::PlanError;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is to be written. It is prepared before the scan, so that a scan is not lost for want of a folder.
pub(super) struct Output {
    path: PathBuf,
    /// Beside the path, renamed to it when all is written; `None` for a device or pipe, which is written itself.
    pending: Option<NamedTempFile>,
}

impl Output {
    /// Makes the folder that the file is to lie in, and room in it.
    ///
    /// # Errors
    /// If that is not possible.
    pub(super) fn prepare(path: &Path) -> Result<Self, PlanError> {
        let pending = Self::pending(path).map_err(|error| failure(path, &error))?;
        Ok(Self { path: path.to_owned(), pending })
    }

    fn pending(path: &Path) -> io::Result<Option<NamedTempFile>> {
        match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if !there.is_file() => return Ok(None),
            _ => {}
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".cotenant-");
        // As for any new file; the process's mask applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder).map(Some)
    }

    /// Writes the file; it appears when all is written.
    ///
    /// # Errors
    /// If it cannot be written. What was there before is still there.
    pub(super) fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), PlanError> {
        let Self { path, pending } = self;
        let written = match pending {
            Some(mut file) => write(&mut file)
                .and_then(|()| file.flush())
                .and_then(|()| file.persist(&path).map(drop).map_err(|error| error.error)),
            None => std::fs::OpenOptions::new().write(true).open(&path).and_then(|mut file| write(&mut file)),
        };
        written.map_err(|error| failure(&path, &error))
    }
}

fn failure(path: &Path, error: &io::Error) -> PlanError {
    let help = "name a file in a folder that can be written".to_owned();
    PlanError::Usage(format!("{} cannot be written: {error}", path.display()), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_all_is_written_and_keeps_its_old_content_until_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deep/report.json");
        let output = Output::prepare(&path).unwrap();
        assert!(!path.exists());
        output.write(|out| out.write_all(b"one")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        let fails = Output::prepare(&path).unwrap().write(|out| {
            out.write_all(b"tw")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(fails.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        let names = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 1, "nothing is left behind");
        assert!(Output::prepare(folder.path()).is_err(), "a folder is no file");
    }
}
