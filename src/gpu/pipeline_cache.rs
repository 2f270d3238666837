//! Compiled pipelines, kept in a file from one run to the next where a driver hands them out.
//!
//! A driver takes back what it handed out without a look: a file is trusted only where nobody but
//! this user could have written it, and as this version of the program did. Whatever else is there
//! is left alone or replaced, and a file that cannot be read or written costs time alone.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::version;

/// What a driver is allowed to have kept.
const LARGEST: u64 = 64 << 20;

/// The pipelines of one device.
#[derive(Debug)]
pub struct PipelineCache {
    cache: wgpu::PipelineCache,
    file: PathBuf,
    /// What the file holds.
    kept: Mutex<Vec<u8>>,
}

impl PipelineCache {
    /// What a device needs to have for this.
    pub const FEATURE: wgpu::Features = wgpu::Features::PIPELINE_CACHE;

    /// The pipelines that `folder` holds for `device`, on an adapter with this `info`; `None` where
    /// its driver hands none out.
    pub fn open(
        device: &wgpu::Device,
        info: &wgpu::AdapterInfo,
        folder: &Path,
    ) -> Option<PipelineCache> {
        if !device.features().contains(Self::FEATURE) {
            return None;
        }
        let file = folder.join(wgpu::util::pipeline_cache_key(info)?);
        let kept = read(&file).unwrap_or_default();
        let descriptor = wgpu::PipelineCacheDescriptor {
            label: None,
            data: Some(kept.as_slice()).filter(|kept| !kept.is_empty()),
            fallback: true,
        };
        // SAFETY: the data is what this program got from wgpu and wrote down: the file is this
        // user's alone, and its checksum is right.
        let cache = unsafe { device.create_pipeline_cache(&descriptor) };
        Some(PipelineCache {
            cache,
            file,
            kept: Mutex::new(kept),
        })
    }

    /// What pipelines are built with.
    pub fn wgpu(&self) -> &wgpu::PipelineCache {
        &self.cache
    }

    /// Keeps what has come.
    pub fn keep(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(data) = self.cache.get_data().filter(|data| *data != *kept) else {
            return;
        };
        // Without a file the next run compiles, too.
        let _ = write(&self.file, &data);
        *kept = data;
    }
}

/// How a file begins.
fn heading() -> String {
    format!("nanobragg {} {}\n", version::NUMBER, version::COMMIT)
}

/// The data in `file`, if it is to be trusted.
fn read(file: &Path) -> Option<Vec<u8>> {
    let opened = File::open(file).ok()?;
    let metadata = opened.metadata().ok()?;
    if !metadata.is_file() || !is_private(&metadata) {
        return None;
    }
    let mut bytes = Vec::new();
    opened.take(LARGEST).read_to_end(&mut bytes).ok()?;
    let rest = bytes.strip_prefix(heading().as_bytes())?;
    let (sum, data) = rest.split_at_checked(size_of::<[u8; 32]>())?;
    (Sha256::digest(data).as_slice() == sum).then(|| data.to_vec())
}

/// Whether nobody but this user could have written the file.
#[cfg(unix)]
fn is_private(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.uid() == rustix::process::geteuid().as_raw() && file.mode() & 0o022 == 0
}

/// On other systems, the folders of users are their own.
#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

/// Puts `data` into `file`, whole or not at all.
fn write(file: &Path, data: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // Another process may write the same file.
    let new = file.with_extension(std::process::id().to_string());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&new)?;
    let written = opened
        .write_all(heading().as_bytes())
        .and_then(|()| opened.write_all(&Sha256::digest(data)))
        .and_then(|()| opened.write_all(data))
        .and_then(|()| fs::rename(&new, file));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_trusted_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("made/on/the/way");
        assert_eq!(read(&file), None);
        write(&file, b"pipelines").unwrap();
        assert_eq!(read(&file).as_deref(), Some(b"pipelines".as_slice()));
        write(&file, b"other pipelines").unwrap();
        assert_eq!(read(&file).as_deref(), Some(b"other pipelines".as_slice()));
        let names: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
        let whole = fs::read(&file).unwrap();
        // Any byte that differs, and any that is missing.
        for place in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[place] ^= 1;
            fs::write(&file, &spoilt).unwrap();
            assert_eq!(read(&file), None, "byte {place}");
            fs::write(&file, &whole[..place]).unwrap();
            assert_eq!(read(&file), None, "{place} bytes");
        }
        fs::write(&file, &whole).unwrap();
        assert!(read(&file).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write(&file, b"pipelines").unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for (mode, trusted) in [(0o644, true), (0o620, false), (0o602, false)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&file).is_some(), trusted, "{mode:o}");
        }
    }
}
