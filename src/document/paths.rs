//! Paths in experiment files start from the file's folder.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of `file`; an empty path for the one we are in.
pub fn folder_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// `path`, a file that may not be there yet, from the root, links followed.
fn from_root(path: &Path) -> Option<PathBuf> {
    if let Ok(found) = fs::canonicalize(path) {
        return Some(found);
    }
    let folder = folder_of(path);
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &folder
    };
    Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
}

/// Whether two paths lead to one file.
pub fn is_same(one: &Path, other: &Path) -> bool {
    matches!((from_root(one), from_root(other)), (Some(one), Some(other)) if one == other)
}

/// How a file in `folder` names `path`: from the folder for what lies in it, else from the root. A
/// folder may be moved with all that is in it.
pub fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    let inside = from_root(&folder.join("file")).and_then(|file| {
        let path = from_root(path)?;
        Some(path.strip_prefix(file.parent()?).ok()?.to_path_buf())
    });
    inside.unwrap_or_else(|| std::path::absolute(path).unwrap_or(path.to_path_buf()))
}
