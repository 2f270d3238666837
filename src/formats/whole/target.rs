//! What stands in the way of a file, found before there is anything to write.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What a path leads to.
pub(super) enum Target {
    /// A regular file, or nothing yet.
    File {
        /// The file itself, behind all symbolic links.
        path: PathBuf,
        /// What is there now.
        replaced: Option<Metadata>,
    },
    /// Something that cannot be replaced by a file of the same name: a pipe, a terminal, /dev/null.
    Device,
}

/// Most bytes of a name in file systems of Linux, macOS and Windows.
const LONGEST_NAME: usize = 255;

impl Target {
    /// What `path` leads to, if a file may take its place.
    ///
    /// # Errors
    /// What stands in the way of it, or of the rename that puts it there.
    pub fn of(path: &Path) -> io::Result<Target> {
        let name = path.file_name().unwrap_or_default();
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = path.as_os_str().as_encoded_bytes();
                if name.is_empty() || text.ends_with(b"/") || text.ends_with(b"/.") {
                    return Err(refused(ErrorKind::InvalidInput, "it names no file"));
                }
                let (path, replaced) = (path.to_path_buf(), None);
                return Ok(Target::File { path, replaced });
            }
            Err(error) if name.len() > LONGEST_NAME => {
                let length = name.len();
                let what = format!("its name has {length} bytes; file systems take {LONGEST_NAME}");
                return Err(refused(error.kind(), what));
            }
            found => found?,
        };
        // Through a symbolic link the file behind it is replaced, not the link.
        let (path, found) = match found.is_symlink() {
            true => {
                let real = fs::canonicalize(path).map_err(|error| dead_link(path, &error))?;
                let found = fs::metadata(&real)?;
                (real, found)
            }
            false => (path.to_path_buf(), found),
        };
        if found.is_dir() {
            return Err(refused(ErrorKind::IsADirectory, "it is a directory"));
        }
        if !found.is_file() {
            return Ok(Target::Device);
        }
        if found.permissions().readonly() {
            let what = "the file there is write-protected";
            return Err(refused(ErrorKind::PermissionDenied, what));
        }
        match obstacle(&path, &found)? {
            Some(what) => Err(refused(ErrorKind::PermissionDenied, what)),
            None => Ok(Target::File {
                path,
                replaced: Some(found),
            }),
        }
    }
}

/// The folder that a file at `path` is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn refused(kind: ErrorKind, what: impl Into<String>) -> io::Error {
    io::Error::new(kind, what.into())
}

/// Why nothing is written through the link at `path`. What a link leads to that is not there is
/// nobody's to make: whoever left the link chose the place, not who names the output.
fn dead_link(path: &Path, error: &io::Error) -> io::Error {
    /// As many links in a row as Linux follows.
    const MOST: usize = 40;
    let links = std::iter::successors(Some(path.to_path_buf()), |path| {
        Some(folder_of(path).join(fs::read_link(path).ok()?))
    });
    let links: Vec<PathBuf> = links.take(MOST + 1).collect();
    let what = match links.as_slice() {
        [.., last] if links.len() <= MOST => format!(
            "it is a link to {}, which cannot be reached ({}); remove the link, or name the file itself",
            last.display(),
            error.kind()
        ),
        _ => "it is a link in a circle of links; remove it".into(),
    };
    refused(ErrorKind::NotFound, what)
}

/// What keeps another file from taking the place of the one at `path`, which `found` tells of,
/// although a file can be made beside it.
#[cfg(unix)]
fn obstacle(path: &Path, found: &Metadata) -> io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;
    /// Files in a folder with this bit are replaced by their owners only.
    const STICKY: u32 = 0o1000;
    let folder = fs::metadata(folder_of(path))?;
    let own = rustix::process::geteuid().as_raw();
    if folder.mode() & STICKY != 0 && ![found.uid(), folder.uid(), 0].contains(&own) {
        let what = "the file there is another user's, and in this folder only owners replace files";
        return Ok(Some(what.into()));
    }
    Ok(fixed(path).map(str::to_string))
}

#[cfg(not(unix))]
fn obstacle(_: &Path, _: &Metadata) -> io::Result<Option<String>> {
    Ok(None)
}

/// Why Linux does not have the file at `path` replaced, whoever asks.
#[cfg(target_os = "linux")]
fn fixed(path: &Path) -> Option<&'static str> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let attributes = |path: &Path| {
        let found = statx(CWD, path, AtFlags::empty(), StatxFlags::empty());
        // Old kernels and file systems tell of none.
        found.map_or(StatxAttributes::empty(), |found| found.stx_attributes)
    };
    let (file, folder) = (attributes(path), attributes(folder_of(path)));
    if file.contains(StatxAttributes::MOUNT_ROOT) {
        return Some("the file there is mounted, and cannot be replaced");
    }
    if file.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
        return Some("the file there is immutable (lsattr tells how, chattr frees it)");
    }
    let appended = folder.contains(StatxAttributes::APPEND);
    appended.then_some("its folder lets no file be replaced (lsattr tells how, chattr frees it)")
}

#[cfg(all(unix, not(target_os = "linux")))]
fn fixed(_: &Path) -> Option<&'static str> {
    None
}
