//! `--out DIR`: the files of a comparison.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::super::CliError;
use super::super::files::same_file;
use crate::formats::{FormatError, PendingFile, Problem, check_writable};

/// The summary as JSON.
pub const SUMMARY: &str = "summary.json";
/// Pictures of the image, of the reference, and of their difference.
pub const PICTURES: [&str; 3] = ["a.png", "b.png", "difference.png"];

/// A folder to write to. It may hold other files, which are left alone; those that a comparison
/// writes are replaced.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes sure that files can be written to the folder `path`, which need not be there yet, and
    /// that none of its pictures is one of `inputs`.
    ///
    /// # Errors
    /// [`CliError::Failed`] with what stands in the way, [`CliError::Usage`] for an input.
    pub fn check(path: &Path, inputs: &[PathBuf]) -> Result<Folder, CliError> {
        let cannot = || format!("cannot write to --out {}", path.display());
        let there = path.ancestors().map(|ancestor| {
            // The last ancestor of a relative path is empty, and means here.
            if ancestor.as_os_str().is_empty() {
                Path::new(".")
            } else {
                ancestor
            }
        });
        let nearest = there.into_iter().find(|ancestor| ancestor.exists());
        let nearest = nearest.unwrap_or(Path::new("."));
        if !nearest.is_dir() {
            let what = anyhow::anyhow!("{} is a file; expected a folder", nearest.display());
            return Err(what.context(cannot()).into());
        }
        check_writable(&nearest.join(SUMMARY)).with_context(cannot)?;
        for name in PICTURES {
            let picture = path.join(name);
            if let Some(input) = inputs.iter().find(|input| same_file(input, &picture)) {
                return Err(CliError::Usage(format!(
                    "--out {}: its {name} would overwrite the input {}; take another folder",
                    path.display(),
                    input.display()
                )));
            }
        }
        Ok(Folder {
            path: path.to_path_buf(),
        })
    }

    /// Writes `files`, pairs of a name in the folder and contents: first all under temporary
    /// names, then each into its place.
    ///
    /// # Errors
    /// [`CliError::Failed`] with the file to blame.
    pub fn write(&self, files: &[(String, Vec<u8>)]) -> Result<(), CliError> {
        let mut pending = Vec::new();
        for (name, contents) in files {
            let path = self.path.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create the folder {}", folder.display()))?;
            }
            pending.push(PendingFile::write(&path, contents)?);
        }
        pending.into_iter().try_for_each(PendingFile::commit)?;
        Ok(())
    }

    /// The error that the file `name` cannot be written for `problem`.
    pub fn unfit(&self, name: &str, problem: Problem) -> FormatError {
        FormatError::Content {
            path: self.path.join(name),
            problem,
        }
    }
}
