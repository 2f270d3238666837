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
    /// The program is there and cannot be started.
    #[error("{}: cannot be started: {reason}; is it an executable for this machine?", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
    /// The program ended with an error.
    #[error("{} failed ({status}){}", program.display(), said(last_line))]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last line that it printed as an error, or at all.
        last_line: Option<String>,
    },
    /// The program took too long. It was ended with every process that it had started.
    #[error(
        "{} took longer than {} s and was ended; allow it more with --timeout",
        program.display(),
        timeout.as_secs_f64()
    )]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// The longest time that it may take.
        timeout: Duration,
    },
    /// The program ended without an error and left no image.
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
    /// The image of the program has another size.
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
        /// Pixels of the expected image along fast and slow.
        size: [usize; 2],
    },
    /// The folder that the program runs in cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
    /// Ctrl-C. The program was ended with every process that it had started.
    #[error("interrupted")]
    Interrupted,
}

fn said(last_line: &Option<String>) -> String {
    let line = last_line.as_ref();
    line.map(|line| format!(", saying: {line}"))
        .unwrap_or_default()
}
