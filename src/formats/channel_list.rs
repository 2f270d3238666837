//! Structure factors by photon energy: a line `wavelength(Å) FILE` per energy channel, where FILE
//! is a file of reflections of any format; blank lines and what follows a `#` are skipped. A name
//! that is not absolute starts from the list's own folder.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::read_with;
use super::reflection_file;
use super::text::{lines, number};
use super::{FormatError, Problem};
use crate::experiment::{EnergyChannel, ReflectionList, Reflections};
use crate::memory::Bytes;

/// The reflections of a file, read when they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HklFile {
    path: PathBuf,
    /// The column of F, where it was named.
    f_column: Option<String>,
    /// The most bytes of the file to read.
    most: Bytes,
}

impl fmt::Display for HklFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl ReflectionList for HklFile {
    fn read(&self) -> Result<Reflections, Box<dyn Error + Send + Sync>> {
        let file = reflection_file::read(&self.path, self.f_column.as_deref(), self.most)?;
        Ok(file.reflections)
    }
}

/// A wavelength in m, and the file of its reflections.
pub type Listed = (f64, PathBuf);

/// Reads the list at `path`. The files that it names are looked for, but read later, one at a time.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<Vec<Listed>, FormatError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    read_with(path, most, |bytes| {
        let listed = parse(bytes)?;
        let placed = listed.into_iter().map(|(line, wavelength_m, file)| {
            let file = folder.join(file);
            if file.is_file() {
                return Ok((wavelength_m, file));
            }
            let shown = file.display();
            let what = match file.is_dir() {
                true => format!("{shown} is a directory; expected a file of reflections"),
                false => format!("there is no file {shown}"),
            };
            Err(Problem::on_line(line, what))
        });
        placed.collect()
    })
}

/// The channels of a list, with F from the column `f_column` of files that name their columns, each
/// of no more than `most`.
pub fn channels(listed: &[Listed], f_column: Option<&str>, most: Bytes) -> Vec<EnergyChannel> {
    let channel = |(wavelength_m, file): &Listed| EnergyChannel {
        wavelength_m: *wavelength_m,
        reflections: Arc::new(HklFile {
            path: file.clone(),
            f_column: f_column.map(str::to_string),
            most,
        }),
    };
    listed.iter().map(channel).collect()
}

/// Line, wavelength in m and file of every channel listed in `bytes`.
///
/// # Errors
/// A [`Problem`] when a line is not a wavelength and a name, when a wavelength is none that
/// diffracts or stands twice, or when there is no channel.
pub fn parse(bytes: &[u8]) -> Result<Vec<(usize, f64, PathBuf)>, Problem> {
    let mut channels: Vec<(usize, f64, PathBuf)> = Vec::new();
    for (line, content) in lines(bytes)? {
        let refused = |what: String| Err(Problem::on_line(line, what));
        let Some((wavelength, file)) = content.split_once(char::is_whitespace) else {
            return refused("expected a wavelength in Å and the name of a file".into());
        };
        let angstrom = number(line, wavelength)?;
        if !(0.01..=1000.0).contains(&angstrom) {
            return refused(format!(
                "wavelength {angstrom} Å; it must be from 0.01 to 1000 Å"
            ));
        }
        let wavelength_m = angstrom * 1e-10;
        if channels.iter().any(|(_, other, _)| *other == wavelength_m) {
            return refused(format!(
                "wavelength {angstrom} Å is listed twice; give each channel its own"
            ));
        }
        channels.push((line, wavelength_m, file.trim_start().into()));
    }
    if channels.is_empty() {
        return Err(Problem::with_file(
            "no channels; expected lines of wavelength(Å) FILE",
        ));
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_wavelength_and_a_file() {
        let text = b"# pulse\n1.5  a b.hkl\n\n0.9 /data/c.hkl # edge\n";
        let found = parse(text).unwrap();
        assert_eq!(found[0], (2, 1.5e-10, "a b.hkl".into()));
        assert_eq!(found[1].2, PathBuf::from("/data/c.hkl"));
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text).unwrap_err().to_string();
        assert!(said(b"1.5").starts_with(", line 1: expected a wavelength"));
        assert!(said(b"1 a\nx b").starts_with(", line 2: 'x' is not a number"));
        assert!(said(b"1e-10 a").contains("from 0.01 to 1000 Å"));
        assert!(said(b"1 a\n1.0 b").starts_with(", line 2: wavelength 1 Å is listed twice"));
        assert!(said(b"#\n").starts_with(": no channels"));
    }

    #[test]
    fn only_files_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.txt");
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let said = |text: &str| {
            std::fs::write(&list, text).unwrap();
            read(&list, Bytes(1 << 10)).unwrap_err().to_string()
        };
        let (missing, directory) = (said("1 none.hkl"), said("2 list.txt\n1 sub"));
        assert!(missing.contains("line 1: there is no file"), "{missing}");
        let told = "sub is a directory; expected a file of reflections";
        assert!(
            directory.contains("line 2:") && directory.contains(told),
            "{directory}"
        );
    }
}
