//! Why a reference program gave no image, in words for its user.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::IMAGE;

/// Why the program gave no image.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// There is no such program.
    #[error("{}: no such program; give its path, as in ./nanoBragg", .0.display())]
    NotFound(PathBuf),
    /// It is there and cannot be started.
    #[error("{}: cannot be started: {reason}; is it an executable for this machine?", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// It ended with an error.
    #[error("{} failed ({status}){}", program.display(), said(last_line))]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last line that it printed as an error, or at all.
        last_line: Option<String>,
    },
    /// It took too long, and was ended with everything it had started.
    #[error(
        "{} took longer than {} s and was ended; allow it more with --timeout",
        program.display(),
        timeout.as_secs_f64()
    )]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// What it was allowed.
        timeout: Duration,
    },
    /// It ended well and left no image.
    #[error(
        "{} wrote no {IMAGE}{}; it must take nanoBragg's flags, -floatfile among them",
        program.display(),
        said(last_line)
    )]
    NoImage {
        /// The program.
        program: PathBuf,
        /// The last line that it printed.
        last_line: Option<String>,
    },
    /// Its image is of another size.
    #[error(
        "{} wrote {found} bytes, and an image of {} x {} float32 pixels has {expected}; does it \
         take the same flags?",
        program.display(), size[0], size[1]
    )]
    Size {
        /// The program.
        program: PathBuf,
        /// Bytes in its file.
        found: u64,
        /// Bytes of the image that was expected.
        expected: u64,
        /// Its pixels along fast and slow.
        size: [usize; 2],
    },
    /// The folder it runs in cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Ctrl-C; it was ended with everything it had started.
    #[error("interrupted")]
    Interrupted,
}

fn said(last_line: &Option<String>) -> String {
    let line = last_line.as_ref();
    line.map(|line| format!(", saying: {line}"))
        .unwrap_or_default()
}
