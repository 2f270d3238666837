//! What can be wrong with a file, and reading files within a limit.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::packed;
use crate::memory::Bytes;

/// A file that could not be read or written: its name, the place, what was found and expected.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {}", path.display(), told(reason))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The file could not be created, written or renamed into place.
    #[error("cannot write {}: {}", path.display(), told(reason))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The file's content is not what it should be.
    #[error("{}{problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Description of the error.
        problem: Problem,
    },
}

/// What the system said, with what to do about it.
pub(crate) fn told(reason: &io::Error) -> String {
    match is_too_many_files(reason) {
        true => format!(
            "{reason}: the limit on open files is reached; raise it (ulimit -n), or write fewer \
             files at once"
        ),
        false => reason.to_string(),
    }
}

/// Whether the process or the system has too many open files, for which Rust has no kind.
pub(super) fn is_too_many_files(reason: &io::Error) -> bool {
    const CODES: [i32; 2] = [24, 23];
    let code = reason.raw_os_error();
    cfg!(unix) && code.is_some_and(|code| CODES.contains(&code))
}

/// An error in the content of a file, whose name is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct Problem {
    /// The line, from 1, if one is to blame.
    pub line: Option<usize>,
    /// What was found there and what was expected.
    pub what: String,
    /// Whether a link led where [`super::Links`] does not allow.
    pub outside: bool,
}

impl Problem {
    /// Something wrong with the file as a whole.
    pub fn with_file(what: impl Into<String>) -> Problem {
        Problem {
            line: None,
            what: what.into(),
            outside: false,
        }
    }

    /// A link that leads where [`super::Links`] does not allow.
    pub fn of_link(what: impl Into<String>) -> Problem {
        Problem {
            outside: true,
            ..Problem::with_file(what)
        }
    }

    /// Something wrong on a line, counted from 1.
    pub fn on_line(line: usize, what: impl Into<String>) -> Problem {
        Problem {
            line: Some(line),
            ..Problem::with_file(what)
        }
    }
}

impl FormatError {
    /// The file at `path` has the `problem`.
    pub fn content(path: &Path, problem: Problem) -> FormatError {
        FormatError::Content {
            path: path.to_path_buf(),
            problem,
        }
    }

    /// The file at `path` could not be written, for this `reason`.
    pub(super) fn write(path: &Path, reason: io::Error) -> FormatError {
        let reason = match reason.kind() {
            io::ErrorKind::FileTooLarge => io::Error::new(
                reason.kind(),
                "file too large: a limit for files (ulimit -f) or the file system takes no more",
            ),
            _ => reason,
        };
        FormatError::Write {
            path: path.to_path_buf(),
            reason,
        }
    }
}

/// Reads all of `path` and has `parse` make sense of it; see [`read_bytes`].
pub(super) fn read_with<T>(
    path: &Path,
    most: Bytes,
    parse: impl FnOnce(&[u8]) -> Result<T, Problem>,
) -> Result<T, FormatError> {
    parse(&read_bytes(path, most)?).map_err(|problem| FormatError::content(path, problem))
}

/// Reads the whole file or pipe at `path`, if it holds no more than `most`; unpacks it, if it is
/// packed by gzip or bzip2.
///
/// # Errors
/// [`FormatError::Read`] when it holds more, is a directory or a device, or cannot be read;
/// [`FormatError::Content`] when it cannot be unpacked.
pub fn read_bytes(path: &Path, most: Bytes) -> Result<Vec<u8>, FormatError> {
    let bytes = read_bounded(path, most).map_err(|reason| FormatError::Read {
        path: path.to_path_buf(),
        reason,
    })?;
    match packed::unpacked(&bytes, most) {
        Ok(Cow::Owned(unpacked)) => Ok(unpacked),
        Ok(Cow::Borrowed(_)) => Ok(bytes),
        Err(problem) => Err(FormatError::content(path, problem)),
    }
}

/// Bytes of memory that a byte of a file may become: a line `0 0 0 1` of 8 bytes becomes 24, in a
/// list that takes up to three times that while it grows; and of two images that are compared,
/// several copies are kept.
const PARSED_PER_BYTE: u64 = 10;

/// The most bytes of a file to read, or to unpack it to, where `memory` is free for what becomes of
/// it: the limit that readers take.
pub fn file_limit(memory: Bytes) -> Bytes {
    Bytes(memory.0 / PARSED_PER_BYTE)
}

/// Memory that a file of `most` bytes may need when parsed.
pub(super) fn memory_for(most: Bytes) -> Bytes {
    Bytes(most.0.saturating_mul(PARSED_PER_BYTE))
}

fn read_bounded(path: &Path, most: Bytes) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        let what = "it is a directory";
        return Err(io::Error::new(io::ErrorKind::IsADirectory, what));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_char_device() || kind.is_block_device() {
            let what = "it is a device; expected a file or a pipe";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
    }
    let mut bytes = Vec::new();
    file.take(most.0.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most.0 {
        let what = format!("it holds more than the {most} that this machine has memory for");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}
