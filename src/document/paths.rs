//! Paths in experiment files start from the file's folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::formats::encoding::name_of_master;
use crate::formats::format;

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

/// Whether a file at `path`, as a file in `folder` names it, would be written outside of that
/// folder: by its name, or through a link. Names of further files that go with it count too: those
/// of numbered ones, and of an NXmx file's data files.
pub fn leads_out_of(folder: &Path, path: &Path) -> bool {
    let here = |folder: &Path| match folder.as_os_str().is_empty() {
        true => fs::canonicalize("."),
        false => fs::canonicalize(folder),
    };
    let plain = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    let inside = path.strip_prefix(folder);
    let (true, Ok(root)) = (
        inside.is_ok_and(|path| path.components().all(plain)),
        here(folder),
    ) else {
        return true;
    };
    // A folder that is not there has no links, and no file is written into it.
    let Ok(parent) = here(&folder_of(path)) else {
        return false;
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has_frames = format::of_name(path).is_some_and(|format| format.frames.is_some());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let start = match name.split_once('#') {
        Some((before, _)) => Some(before),
        None => has_frames.then(|| name_of_master(path).unwrap_or(&stem)),
    };
    let is_own = |other: &str| match start {
        Some(start) => other.starts_with(start),
        None => other == name,
    };
    let links = fs::read_dir(&parent).into_iter().flatten().flatten();
    let mut links = links
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .filter(|entry| is_own(&entry.file_name().to_string_lossy()));
    let is_inside =
        |path: PathBuf| fs::canonicalize(path).is_ok_and(|found| found.starts_with(&root));
    !parent.starts_with(&root) || links.any(|link| !is_inside(link.path()))
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
