//! Files are written whole or not at all: under a temporary name beside the target, then renamed.
//!
//! The content is on the disk before the file has its name, so that a power failure leaves the old
//! file or the new one. A file passes its permissions on to the one that replaces it.

mod claim;
mod ledger;
mod target;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::Builder;

use super::FormatError;
use claim::Claim;
use ledger::Ledger;
use target::Target;

pub use ledger::{abandon, in_place, release, reserve};
pub(crate) use target::folder_of;

/// A file that is complete under a temporary name, not yet under its own. Dropped before
/// [`PendingFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct PendingFile {
    path: PathBuf,
    state: Pending,
}

#[derive(Debug)]
enum Pending {
    /// A file to be renamed to the target.
    Renamed { claim: Claim, target: PathBuf },
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

/// As [`check_writable`], whoever else may be writing the file just now.
///
/// # Errors
/// As [`check_writable`].
pub fn check_possible(path: &Path) -> Result<(), FormatError> {
    let checked = || match Target::of(path)? {
        Target::Device => Ok(()),
        Target::File { path, .. } => claim::check_folder(&path),
    };
    checked().map_err(|reason: io::Error| FormatError::write(path, reason))
}

/// Makes sure that a file of a folder that can be written to may have the name of `path`, and that
/// what is there may be replaced. It only looks, so that it may be asked of any number of files.
///
/// # Errors
/// [`FormatError::Write`] with what stands in the way.
pub fn check_replaceable(path: &Path) -> Result<(), FormatError> {
    let target = Target::of(path).map(drop);
    target.map_err(|reason| FormatError::write(path, reason))
}

/// Puts `files` that belong together in their places. A process that is told to end meanwhile has
/// all of them there or none.
///
/// # Errors
/// [`FormatError::Write`] with the file to blame; [`in_place`] tells which are there.
pub fn commit_all(files: &[PendingFile]) -> Result<(), FormatError> {
    commit_after(files, || Ok(()))
}

/// [`commit_all`], with `first` done when all that is left to do are renames.
fn commit_after(
    files: &[PendingFile],
    first: impl FnOnce() -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    sync_together(files)?;
    let mut ledger = Ledger::lock();
    let mut files_in_turn = files.iter();
    let renamed =
        first().and_then(|()| files_in_turn.try_for_each(|file| file.rename(&mut ledger)));
    // Claims that are dropped and pipes that are slow find it unlocked.
    drop(ledger);
    renamed?;
    files.iter().try_for_each(PendingFile::pass_on)?;
    let targets = files.iter().filter_map(|file| match &file.state {
        Pending::Renamed { target, .. } => Some((folder_of(target), file)),
        Pending::Direct(_) => None,
    });
    let folders: std::collections::BTreeMap<_, _> = targets.collect();
    folders.into_iter().try_for_each(|(folder, file)| {
        sync_folder(folder).map_err(|reason| FormatError::write(&file.path, reason))
    })
}

impl PendingFile {
    /// Writes `contents` beside `path`.
    ///
    /// # Errors
    /// [`FormatError::Write`] when `path` is a directory, a link that leads nowhere or may not be
    /// replaced, when another process is writing it, or when its directory is missing, read-only or
    /// full.
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
            match Target::of(path)? {
                Target::Device => {
                    let mut contents = Vec::new();
                    fill(&mut contents)?;
                    Ok(Pending::Direct(contents))
                }
                Target::File { path, replaced } => {
                    let held = Ledger::lock().claim(&path, replaced.as_ref())?;
                    let claim = Claim(held);
                    fill(&mut &claim.0.file)?;
                    Ok(Pending::Renamed {
                        claim,
                        target: path,
                    })
                }
            }
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

    /// A second empty file for the same target, to take the place of this one.
    ///
    /// # Errors
    /// As [`PendingFile::reserve`].
    #[cfg(feature = "hdf5")]
    pub(super) fn reserve_another(&self) -> Result<PendingFile, FormatError> {
        let reserved = || -> io::Result<Pending> {
            match Target::of(&self.path)? {
                Target::Device => Ok(Pending::Direct(Vec::new())),
                Target::File { path, replaced } => {
                    let held = Ledger::lock().claim_another(&path, replaced.as_ref())?;
                    Ok(Pending::Renamed {
                        claim: Claim(held),
                        target: path,
                    })
                }
            }
        };
        let state = reserved().map_err(|reason| FormatError::write(&self.path, reason))?;
        let path = self.path.clone();
        Ok(PendingFile { path, state })
    }

    /// Path of the temporary file, until it is put in its place.
    #[cfg(feature = "hdf5")]
    pub(super) fn place(&self) -> &Path {
        match &self.state {
            Pending::Renamed { claim, .. } => &claim.0.place,
            Pending::Direct(_) => &self.path,
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`FormatError::Write`]; the target is then as it was.
    pub fn commit(self) -> Result<(), FormatError> {
        commit_all(&[self])
    }

    /// Puts the file in its place, and takes the file at `outdated` away right before: a process that
    /// is killed between the two leaves neither.
    ///
    /// # Errors
    /// [`FormatError::Write`] with the file to blame.
    #[cfg(feature = "hdf5")]
    pub(super) fn commit_instead_of(self, outdated: &Path) -> Result<(), FormatError> {
        commit_after(&[self], || {
            let removed = std::fs::remove_file(outdated);
            removed.map_err(|reason| FormatError::write(outdated, reason))
        })
    }

    /// Has the content on the disk.
    fn sync(&self) -> Result<(), FormatError> {
        match &self.state {
            Pending::Renamed { claim, .. } => {
                let synced = claim.0.file.sync_all();
                synced.map_err(|reason| FormatError::write(&self.path, reason))
            }
            Pending::Direct(_) => Ok(()),
        }
    }

    /// Gives a file its name.
    fn rename(&self, ledger: &mut Ledger) -> Result<(), FormatError> {
        match &self.state {
            Pending::Renamed { claim, target } => {
                let renamed = ledger.put(&claim.0.place, target, &self.path);
                renamed.map_err(|reason| FormatError::write(&self.path, reason))
            }
            Pending::Direct(_) => Ok(()),
        }
    }

    /// Writes to a device or a pipe.
    fn pass_on(&self) -> Result<(), FormatError> {
        match &self.state {
            Pending::Renamed { .. } => Ok(()),
            Pending::Direct(contents) => OpenOptions::new()
                .write(true)
                .open(&self.path)
                .and_then(|mut device: File| device.write_all(contents))
                .map_err(|reason| FormatError::write(&self.path, reason)),
        }
    }
}

/// Has the content of all `files` on the disk: together they take little longer than one.
fn sync_together(files: &[PendingFile]) -> Result<(), FormatError> {
    let [first, others @ ..] = files else {
        return Ok(());
    };
    std::thread::scope(|scope| {
        let start = |file| Builder::new().spawn_scoped(scope, move || PendingFile::sync(file));
        let started: Vec<_> = others.iter().map(|file| (file, start(file))).collect();
        first.sync()?;
        started
            .into_iter()
            .try_for_each(|(file, thread)| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // Where no thread can be had, one after the other.
                Err(_) => file.sync(),
            })
    })
}

/// Has the names of files in `folder` on the disk, where its file system does that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Who may not read a folder may still write into it.
    let Ok(folder) = File::open(folder) else {
        return Ok(());
    };
    match folder.sync_all() {
        Err(error) if [ErrorKind::InvalidInput, ErrorKind::Unsupported].contains(&error.kind()) => {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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

    #[test]
    fn a_place_is_kept_until_it_is_filled_or_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = ["one.bin", "other.bin"].map(|name| directory.path().join(name));
        reserve(&one).unwrap();
        reserve(&other).unwrap();
        let again = reserve(&one);
        assert_eq!(entries(directory.path()).len(), 2, "{again:?}");
        write_whole(&one, b"new").unwrap();
        let names = entries(directory.path());
        assert!(
            names.len() == 2 && names.contains(&"one.bin".into()),
            "{names:?}"
        );
        assert!(in_place().contains(&one) && !in_place().contains(&other));
        release();
        assert_eq!(entries(directory.path()), ["one.bin"]);
    }

    #[test]
    fn what_the_dead_left_is_swept_and_the_living_are_not_disturbed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.bin");
        let pending = PendingFile::write(&path, b"living").unwrap();
        let said = check_writable(&path).unwrap_err().to_string();
        assert!(said.contains("is writing it"), "{said}");
        let name = entries(directory.path()).remove(0);
        pending.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"living");
        fs::write(
            directory.path().join(&name),
            b"left by a process that is gone",
        )
        .unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(entries(directory.path()), ["image.bin"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_nowhere_are_refused() {
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let refused = |path: &Path| {
            let before = entries(directory.path());
            let said = check_writable(path).unwrap_err().to_string();
            assert_eq!(entries(directory.path()), before);
            said
        };
        symlink("nothing", at("dangling")).unwrap();
        for (link, to) in [("second", "dangling"), ("third", "second")] {
            symlink(to, at(link)).unwrap();
        }
        symlink("missing/file", at("astray")).unwrap();
        let nothing = at("nothing").display().to_string();
        for link in ["dangling", "second", "third"] {
            let said = refused(&at(link));
            assert!(said.contains(link) && said.contains(&nothing), "{said}");
        }
        assert!(refused(&at("astray")).contains("missing/file"));
        symlink("self", at("self")).unwrap();
        for (link, to) in [("a", "b"), ("b", "c"), ("c", "a")] {
            symlink(to, at(link)).unwrap();
        }
        for link in ["self", "a", "b"] {
            let said = refused(&at(link));
            assert!(said.contains("circle of links"), "{said}");
        }
        // What stands in the place of the temporary file is not followed.
        let (path, outside) = (at("image.bin"), at("outside"));
        let pending = PendingFile::write(&path, b"").unwrap();
        let Pending::Renamed { claim, .. } = &pending.state else {
            panic!("a file");
        };
        let place = claim.0.place.clone();
        drop(pending);
        symlink(&outside, &place).unwrap();
        let said = refused(&path);
        assert!(said.contains("is in the way"), "{said}");
        assert!(!outside.exists());
    }

    #[test]
    fn names_that_no_file_can_have_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        write_whole(&at(&"x".repeat(255)), b"").unwrap();
        let said = |name: &str| check_writable(&at(name)).unwrap_err().to_string();
        assert!(said(&"x".repeat(256)).contains("256 bytes"));
        for name in ["folder/", "folder/.", ""] {
            assert!(!said(name).is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_the_file_that_is_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.bin");
        for mode in [0o600, 0o640, 0o664, 0o200] {
            fs::write(&path, b"old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            write_whole(&path, b"new").unwrap();
            let found = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode);
            fs::remove_file(&path).unwrap();
        }
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
