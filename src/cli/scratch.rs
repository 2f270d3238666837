//! Folders for work in between. They vanish with the work, or, where it was killed, when the next
//! folder is made.

use std::fs;
use std::path::Path;

use anyhow::Context;
use tempfile::{Builder, TempDir};

use crate::formats::{PendingFile, whole};

/// What the names of the folders start with.
const PREFIX: &str = "nanobragg-scratch-";
/// The file in a folder whose place is kept as long as the process lives.
const LIVES: &str = "lives";

/// A new folder among the system's temporary files.
///
/// # Errors
/// When it cannot be made.
pub fn folder() -> anyhow::Result<TempDir> {
    /// A folder that nobody's is yet may be swept by another process that starts just now.
    const TRIES: usize = 10;
    sweep(&std::env::temp_dir());
    let made = || -> anyhow::Result<TempDir> {
        let folder = Builder::new().prefix(PREFIX).tempdir()?;
        whole::reserve(&folder.path().join(LIVES))?;
        Ok(folder)
    };
    let first = (1..TRIES).find_map(|_| made().ok());
    first
        .map_or_else(made, Ok)
        .context("cannot make a temporary folder")
}

/// Removes the folders in `parent` that processes have left which are gone.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let folder = ours && entry.file_type().is_ok_and(|kind| kind.is_dir());
        // Neither those of other users nor those of the living are to be written to. The place is
        // held until the folder is gone, so that nobody takes it for a new one.
        if folder && let Ok(_held) = PendingFile::write(&entry.path().join(LIVES), &[]) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
