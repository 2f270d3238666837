//! The files that a benchmark leaves, in a folder that no other run writes into.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use tempfile::TempDir;

use super::super::CliError;
use super::super::profile::HOT_SPOTS;
use crate::formats::write_whole;
use crate::profile::Profile;
use crate::report::{HotSpots, chrome_trace};

/// The folder of one benchmark. Dropped before it is [finished](Artefacts::finish), it vanishes.
pub struct Artefacts {
    folder: PathBuf,
    /// The folder that was made for it, if it was.
    made: Option<PathBuf>,
    finished: bool,
}

impl Artefacts {
    /// A new folder in `out`, named for the time `started`, UTC; `out` is made where it is not there.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a folder cannot be made.
    pub fn create(out: &Path, started: SystemTime) -> Result<Artefacts, CliError> {
        let cannot = || format!("--out {}: cannot make a folder there", out.display());
        if out.exists() && !out.is_dir() {
            let what = format!("--out {}: it is a file; expected a folder", out.display());
            return Err(CliError::Failed(anyhow::anyhow!(what)));
        }
        let made = (!out.exists()).then(|| out.to_path_buf());
        fs::create_dir_all(out).with_context(cannot)?;
        // Colons are not for file names everywhere.
        let stamp = humantime::format_rfc3339_seconds(started)
            .to_string()
            .replace(':', "-");
        let mut folder = out.join(&stamp);
        // Two runs may start in one second.
        for number in 2u32.. {
            match fs::create_dir(&folder) {
                Ok(()) => break,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    folder = out.join(format!("{stamp}-{number}"));
                }
                Err(error) => return Err(error).with_context(cannot)?,
            }
        }
        Ok(Artefacts {
            folder,
            made,
            finished: false,
        })
    }

    /// Keeps what was written.
    pub fn finish(mut self) {
        self.finished = true;
    }

    /// Writes the file `name`, and says where it is.
    ///
    /// # Errors
    /// [`CliError::Failed`] when it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, CliError> {
        let path = self.folder.join(name);
        write_whole(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Writes the profiles of every size, those of its devices in one trace side by side, and one
    /// table of them all.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a file cannot be written.
    pub fn write_profiles(
        &self,
        profiles: Vec<(usize, Vec<(String, Profile)>)>,
    ) -> Result<(), CliError> {
        self.folder("profile")?;
        let mut table = format!("size,device,{}\n", HotSpots::CSV_HEADINGS);
        for (size, devices) in profiles {
            for (device, profile) in &devices {
                let spots = HotSpots::of(profile);
                table.push_str(&spots.csv_rows(&[&size.to_string(), device]));
            }
            self.write(
                &format!("profile/trace_{size}.json"),
                &chrome_trace(&devices),
            )?;
        }
        self.write(&format!("profile/{HOT_SPOTS}"), &table)?;
        Ok(())
    }

    /// The folder `name` in this one, made where it is not there.
    fn folder(&self, name: &str) -> Result<PathBuf, CliError> {
        made(self.folder.join(name))
    }
}

impl Drop for Artefacts {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // Whatever cannot be taken away stays; the reason why this ends was told already.
        let _ = fs::remove_dir_all(&self.folder);
        if let Some(made) = &self.made {
            let _ = fs::remove_dir(made);
        }
    }
}

/// Where the images go: among the artefacts, or where they vanish with the run.
pub struct Images {
    folder: PathBuf,
    _vanishing: Option<TempDir>,
}

impl Images {
    /// Images to `keep` among `artefacts`, or not.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a folder cannot be made.
    pub fn new(artefacts: &Artefacts, keep: bool) -> Result<Images, CliError> {
        if keep {
            return Ok(Images {
                folder: artefacts.folder("images")?,
                _vanishing: None,
            });
        }
        let vanishing = tempfile::tempdir().context("cannot make a temporary folder")?;
        Ok(Images {
            folder: vanishing.path().to_path_buf(),
            _vanishing: Some(vanishing),
        })
    }

    /// The file of the image of edge `size` from `device`.
    pub fn path(&self, size: usize, device: &str) -> PathBuf {
        self.folder.join(format!("{size}_{device}.bin"))
    }

    /// The folder in which the reference program renders the image of edge `size` for the
    /// `number`th time.
    ///
    /// # Errors
    /// [`CliError::Failed`] when it cannot be made.
    pub fn reference_folder(&self, size: usize, number: u32) -> Result<PathBuf, CliError> {
        made(self.folder.join(format!("{size}_reference_{number}")))
    }
}

/// `folder`, which is there afterwards.
fn made(folder: PathBuf) -> Result<PathBuf, CliError> {
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}
