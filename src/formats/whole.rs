//! Files are written whole or not at all: under a temporary name beside the target, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

use super::FormatError;

/// A file that is complete under a temporary name, not yet under its own. Dropped before
/// [`PendingFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct PendingFile {
    path: PathBuf,
    state: Pending,
}

#[derive(Debug)]
enum Pending {
    /// A file to be renamed to the target. It is closed: there may be thousands.
    Renamed { file: TempPath, target: PathBuf },
    /// The target cannot be replaced by a file of the same name: a pipe, a terminal, /dev/null.
    Direct(Vec<u8>),
}

/// Writes `contents` to `path` in one step.
///
/// # Errors
/// [`FormatError::Write`]; the target is then as it was.
pub fn write_whole(path: &Path, contents: &[u8]) -> Result<(), FormatError> {
    PendingFile::write(path, contents)?.commit()
}

/// Makes sure that a file could be written to `path`, and leaves no trace.
///
/// # Errors
/// [`FormatError::Write`] with what stands in the way.
pub fn check_writable(path: &Path) -> Result<(), FormatError> {
    PendingFile::write(path, &[]).map(drop)
}

impl PendingFile {
    /// Writes `contents` beside `path`.
    ///
    /// # Errors
    /// [`FormatError::Write`] when `path` is a directory or may not be replaced, or when its
    /// directory is missing, read-only or full.
    pub fn write(path: &Path, contents: &[u8]) -> Result<PendingFile, FormatError> {
        PendingFile::write_with(path, |file| file.write_all(contents))
    }

    /// Has `fill` write a file beside `path`.
    ///
    /// # Errors
    /// The errors of [`PendingFile::write`] and of `fill`.
    pub fn write_with(
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<PendingFile, FormatError> {
        let written = || -> io::Result<Pending> {
            // Through a symbolic link the file behind it is replaced, not the link.
            let target = fs::canonicalize(path).unwrap_or_else(|_| behind_links(path));
            match fs::metadata(&target) {
                Ok(metadata) if metadata.is_dir() => {
                    return Err(io::Error::new(
                        io::ErrorKind::IsADirectory,
                        "it is a directory",
                    ));
                }
                Ok(metadata) if !metadata.is_file() => {
                    let mut contents = Vec::new();
                    fill(&mut contents)?;
                    return Ok(Pending::Direct(contents));
                }
                Ok(metadata) if metadata.permissions().readonly() => {
                    return Err(io::Error::new(
                        io::ErrorKind::PermissionDenied,
                        "the file there is write-protected",
                    ));
                }
                _ => {}
            }
            let mut file = temporary_beside(&target)?;
            fill(&mut file)?;
            let file = file.into_temp_path();
            Ok(Pending::Renamed { file, target })
        };
        let state = written().map_err(|reason| FormatError::write(path, reason))?;
        Ok(PendingFile {
            path: path.to_path_buf(),
            state,
        })
    }

    /// An empty file beside `path`, to be filled at its `place` before it is
    /// put where it belongs.
    ///
    /// # Errors
    /// The errors of [`PendingFile::write`], and an error where `path` is a pipe or a device.
    pub fn reserve(path: &Path) -> Result<PendingFile, FormatError> {
        let pending = PendingFile::write(path, &[])?;
        match pending.state {
            Pending::Renamed { .. } => Ok(pending),
            Pending::Direct(_) => {
                let what =
                    "it is a pipe or a device; expected a file, which is written out of order";
                Err(FormatError::write(path, io::Error::other(what)))
            }
        }
    }

    /// Path of the temporary file, until it is put in its place.
    #[cfg(feature = "hdf5")]
    pub(super) fn place(&self) -> &Path {
        match &self.state {
            Pending::Renamed { file, .. } => file,
            Pending::Direct(_) => &self.path,
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`FormatError::Write`]; the target is then as it was.
    pub fn commit(self) -> Result<(), FormatError> {
        let PendingFile { path, state } = self;
        match state {
            Pending::Renamed { file, target } => match file.persist(target) {
                Ok(_) => Ok(()),
                Err(failed) => Err(FormatError::write(&path, failed.error)),
            },
            Pending::Direct(contents) => OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|mut device: File| device.write_all(&contents))
                .map_err(|reason| FormatError::write(&path, reason)),
        }
    }
}

/// Where `path` leads to, through symbolic links to a file that is not there yet.
fn behind_links(path: &Path) -> PathBuf {
    /// As many links in a row as Linux follows.
    const MOST: usize = 40;
    let links = std::iter::successors(Some(path.to_path_buf()), |path| {
        let next = fs::read_link(path).ok()?;
        Some(path.parent().unwrap_or(Path::new("")).join(next))
    });
    links
        .take(MOST)
        .last()
        .unwrap_or_else(|| path.to_path_buf())
}

/// An empty file in the directory of `target`, with the permissions of a newly created one.
fn temporary_beside(target: &Path) -> io::Result<NamedTempFile> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if target.file_name().is_none() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it names no file",
        ));
    }
    let mut builder = Builder::new();
    builder.prefix(".nanobragg-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system's umask takes away from these what it takes from any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory).map_err(|error| {
        // tempfile's message names the temporary file; the target's own directory says more.
        let kind = error.kind();
        let place = directory.display();
        let what = match kind {
            io::ErrorKind::NotFound => format!("there is no directory '{place}'"),
            _ => format!("{kind} in directory '{place}'"),
        };
        io::Error::new(kind, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(directory: &Path) -> Vec<String> {
        let names = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.bin");
        check_writable(&path).unwrap();
        assert!(entries(directory.path()).is_empty());
        drop(PendingFile::write(&path, b"half").unwrap());
        assert!(entries(directory.path()).is_empty());
        write_whole(&path, b"old").unwrap();
        let pending = PendingFile::write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        pending.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(entries(directory.path()), ["image.bin"]);
    }

    #[test]
    fn impossible_targets_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let said = |path: &Path| check_writable(path).unwrap_err().to_string();
        assert!(said(directory.path()).contains("it is a directory"));
        let missing = directory.path().join("no/such/place.bin");
        assert!(
            said(&missing).contains("there is no directory"),
            "{}",
            said(&missing)
        );
        let protected = directory.path().join("protected.bin");
        write_whole(&protected, b"keep").unwrap();
        let mut permissions = fs::metadata(&protected).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&protected, permissions).unwrap();
        assert!(said(&protected).contains("write-protected"));
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_to_and_links_followed() {
        write_whole(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        fs::write(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }
}
