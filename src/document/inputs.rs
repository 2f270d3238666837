//! The files that an experiment was written with: are they still the same?

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::value::Value;
use crate::formats::FormatError;

/// Bytes of a file that are read at a time.
const PIECE: usize = 1 << 16;

/// A file as it was when an experiment was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Where it is.
    pub path: PathBuf,
    /// What it held.
    pub content: Fingerprint,
}

/// What tells one content of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Fingerprint {
    /// The fingerprint of the file at `path`; none of a pipe, which can be read only once.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read.
    pub fn of(path: &Path) -> Result<Option<Fingerprint>, FormatError> {
        if !path.metadata().is_ok_and(|found| found.is_file()) {
            return Ok(None);
        }
        Fingerprint::of_file(path)
            .map(Some)
            .map_err(|reason| FormatError::Read {
                path: path.to_path_buf(),
                reason,
            })
    }

    fn of_file(path: &Path) -> io::Result<Fingerprint> {
        let mut file = File::open(path)?;
        let (mut sum, mut bytes) = (Sha256::new(), 0);
        let mut piece = vec![0; PIECE];
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                break;
            }
            sum.update(&piece[..length]);
            bytes += length as u64;
        }
        let mut sha256 = String::with_capacity(64);
        for byte in sum.finalize() {
            // A string always has room.
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(Fingerprint { bytes, sha256 })
    }

    /// The fingerprint that a document tells; none where it tells another thing.
    pub(super) fn of_value(value: Value) -> Option<Fingerprint> {
        let Value::Table(entries) = value else {
            return None;
        };
        let find = |name: &str| entries.iter().find(|(own, _)| own == name);
        match (find("bytes"), find("sha256")) {
            (Some((_, Value::Whole(bytes))), Some((_, Value::Text(sum)))) => Some(Fingerprint {
                bytes: u64::try_from(*bytes).ok()?,
                sha256: sum.to_lowercase(),
            }),
            _ => None,
        }
    }

    /// The fingerprint as documents tell it.
    pub(super) fn to_value(&self) -> Value {
        // No file is longer.
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        Value::Table(vec![
            ("bytes".into(), Value::Whole(bytes)),
            ("sha256".into(), Value::Text(self.sha256.clone())),
        ])
    }

    /// The fingerprints of the files at `paths`, each once; pipes have none.
    ///
    /// # Errors
    /// As [`Fingerprint::of`].
    pub fn of_all(paths: &[PathBuf]) -> Result<Vec<Recorded>, FormatError> {
        let mut found: Vec<Recorded> = Vec::new();
        for path in paths {
            if found.iter().all(|other| other.path != *path)
                && let Some(content) = Fingerprint::of(path)?
            {
                let path = path.clone();
                found.push(Recorded { path, content });
            }
        }
        Ok(found)
    }
}
