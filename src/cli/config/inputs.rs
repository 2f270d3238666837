//! The files that an experiment was written with: are they still the same?

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::de::DeTable;

use super::keys::INPUTS;
use crate::formats::{FormatError, Problem};

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
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Fingerprint {
    /// Of the file at `path`; none of a pipe, which can be read only once.
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
}

/// The files of the section [inputs]: paths from `folder`, each with its length and sum.
pub fn recorded(
    table: &DeTable,
    folder: &Path,
    line_of: impl Fn(usize) -> usize,
) -> Result<Vec<Recorded>, Problem> {
    const EXPECTED: &str = "{ bytes = …, sha256 = \"…\" }";
    let files = table.iter().map(|(path, value)| {
        let name = path.get_ref();
        let found = value.get_ref().as_table().and_then(|found| {
            let bytes = found.get("bytes")?.get_ref().as_integer()?;
            let bytes = u64::from_str_radix(bytes.as_str(), bytes.radix()).ok()?;
            let sha256 = found.get("sha256")?.get_ref().as_str()?.to_lowercase();
            Some(Fingerprint { bytes, sha256 })
        });
        let content = found.ok_or_else(|| {
            let line = line_of(path.span().start);
            Problem::on_line(line, format!("{INPUTS}.\"{name}\": expected {EXPECTED}"))
        })?;
        Ok(Recorded {
            path: folder.join(name.as_ref()),
            content,
        })
    });
    files.collect()
}
