//! The temporary file beside a target: its name, its lock, and what the dead have left.
//!
//! A target has one temporary file, whose name follows from the target's, and who holds the lock on
//! it (`flock`) writes the target. The lock goes with the process: a file without one was left
//! behind by a process that was killed, and is removed by the next that wants the place. Two
//! processes that live cannot write one target at once; the second is refused.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ledger::Ledger;
use super::target::folder_of;
use crate::formats::error::is_too_many_files;

/// A temporary file of this process, locked where the file system has locks.
#[derive(Debug)]
pub(super) struct Held {
    pub place: PathBuf,
    pub file: File,
}

/// A temporary file that vanishes when it is dropped before it was put in its place.
#[derive(Debug)]
pub(super) struct Claim(pub Held);

impl Drop for Claim {
    fn drop(&mut self) {
        Ledger::lock().remove(&self.0.place);
    }
}

/// The path of the temporary file for `target`. The name has one length, so that any target that
/// has room for its own has room for this one.
pub(super) fn place_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let digest = Sha256::digest(name.as_encoded_bytes());
    let digest: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    folder_of(target).join(format!(".nanobragg-{digest}.part"))
}

/// The path of a second temporary file for `target`, beside that at [`place_of`].
#[cfg(feature = "hdf5")]
pub(super) fn second_place_of(target: &Path) -> PathBuf {
    place_of(target).with_extension("2.part")
}

/// Makes sure that a file can be made beside `target`, and takes it away again.
pub(super) fn check_folder(target: &Path) -> io::Result<()> {
    let own = format!("{}.part", std::process::id());
    let place = place_of(target).with_extension(own);
    match create(&place, false) {
        Ok(_) => fs::remove_file(&place),
        // Another thread is at it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(about_folder(&place, &error)),
    }
}

impl Held {
    /// A new empty file at `place`, with the permissions of the file that is `replaced`.
    ///
    /// # Errors
    /// What the system says, and [`ErrorKind::ResourceBusy`] when another process holds the place.
    pub fn new(place: PathBuf, replaced: Option<&Metadata>) -> io::Result<Held> {
        // What a dead run has left of a second file goes with the first.
        let _ = sweep(&place.with_extension("2.part"));
        /// Processes that want the place at the same time may each remove the file of another that
        /// is not locked yet. One of them has won long before so many tries.
        const TRIES: u32 = 100;
        for _ in 0..TRIES {
            let file = match create(&place, replaced.is_some()) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    sweep(&place)?;
                    continue;
                }
                file => file.map_err(|error| about_folder(&place, &error))?,
            };
            match try_lock(&file) {
                Some(true) if is_at(&file, &place) => {
                    keep_permissions(&file, replaced)?;
                    return Ok(Held { place, file });
                }
                Some(true) => {}
                Some(false) => return Err(busy(&file)),
                None => {
                    // A name that no other process has needs no lock. Nobody can tell whether
                    // such a file's process lives, so it is not swept either.
                    let _ = fs::remove_file(&place);
                    let place = place.with_extension(format!("{}.part", std::process::id()));
                    let file = create(&place, replaced.is_some())?;
                    keep_permissions(&file, replaced)?;
                    return Ok(Held { place, file });
                }
            }
        }
        Err(refused("other runs of nanobragg want to write it, too"))
    }
}

/// Removes the file at `place` if no living process holds it.
fn sweep(place: &Path) -> io::Result<()> {
    let swept = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Whatever somebody else has put there is not followed, and not waited for.
            let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
            options.custom_flags(flags.bits() as i32);
        }
        let file = options.open(place)?;
        match try_lock(&file) {
            Some(false) => Err(busy(&file)),
            _ if is_at(&file, place) => fs::remove_file(place),
            _ => Ok(()),
        }
    };
    match swept() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() != ErrorKind::ResourceBusy => Err(io::Error::new(
            error.kind(),
            format!("{} is in the way ({error}); remove it", place.display()),
        )),
        swept => swept,
    }
}

/// Creates the file at `place`, for its owner only if it `replaces` one, whose permissions follow.
fn create(place: &Path, replaces: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // The system's umask takes away from these what it takes from any new file.
        options.mode(if replaces { 0o600 } else { 0o666 });
    }
    options.open(place)
}

/// Gives `file` the owner, if the system lets us, and the permissions of the file that is
/// `replaced`.
fn keep_permissions(file: &File, replaced: Option<&Metadata>) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(replaced) = replaced {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let own = file.metadata()?;
        let mut mode = replaced.mode() & 0o777;
        if own.uid() != replaced.uid() {
            // Only root gives files away.
            let _ = fchown(file, Some(replaced.uid()), None);
        }
        if own.gid() != replaced.gid() && fchown(file, None, Some(replaced.gid())).is_err() {
            // What the file's group may do is nothing for another group.
            mode = mode & !0o070 | (mode & 0o007) << 3;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    let _ = (file, replaced);
    Ok(())
}

/// Locks `file` for this process: whether it could, or nothing where the file system has no locks.
/// Locks of Windows keep other handles of this process from the file, so none are taken there.
fn try_lock(file: &File) -> Option<bool> {
    match file.try_lock() {
        _ if cfg!(not(unix)) => None,
        Ok(()) => Some(true),
        Err(fs::TryLockError::WouldBlock) => Some(false),
        Err(fs::TryLockError::Error(_)) => None,
    }
}

/// Whether `file` is still what `place` names.
fn is_at(file: &File, place: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |found: Metadata| (found.dev(), found.ino());
        let found = [file.metadata(), fs::symlink_metadata(place)];
        let [own, there] = found.map(|found| found.ok().map(identity));
        own.is_some() && own == there
    }
    #[cfg(not(unix))]
    {
        let _ = (file, place);
        true
    }
}

/// The refusal of a place that another process holds by its lock on `file`.
fn busy(file: &File) -> io::Error {
    match holder(file) {
        Some(id) if id == std::process::id() => refused("this process is writing it already"),
        Some(id) => refused(format!(
            "another run of nanobragg is writing it, process {id}; wait for its end, or name another \
             file"
        )),
        None => refused(
            "another run of nanobragg is writing it; wait for its end, or name another file",
        ),
    }
}

fn refused(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::ResourceBusy, what.into())
}

/// The process that holds the lock on `file`, where Linux tells.
fn holder(file: &File) -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt;
        // 1: FLOCK ADVISORY WRITE 3404 fe:00:1835021 0 EOF
        let inode = format!(":{}", file.metadata().ok()?.ino());
        let locks = fs::read_to_string("/proc/locks").ok()?;
        locks.lines().find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [_, "FLOCK", _, _, id, place, ..] if place.ends_with(&inode) => id.parse().ok(),
                _ => None,
            }
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        None
    }
}

/// Why no file could be made at `place`: its folder's name says more than that of a temporary file.
fn about_folder(place: &Path, error: &io::Error) -> io::Error {
    if let Some(code) = error.raw_os_error().filter(|_| is_too_many_files(error)) {
        // No folder's fault.
        return io::Error::from_raw_os_error(code);
    }
    let folder = folder_of(place).display();
    let what = match error.kind() {
        ErrorKind::NotFound => format!("there is no directory '{folder}'"),
        _ => format!("{error} in directory '{folder}'"),
    };
    io::Error::new(error.kind(), what)
}
