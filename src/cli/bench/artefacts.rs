//! The files that a benchmark leaves, in a folder that no other benchmark writes into.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

use super::super::CliError;
use super::super::profile::HOT_SPOTS;
use super::super::reference::Reference;
use super::super::scratch;
use crate::formats::write_whole;
use crate::report::{Agreement, Benchmark, HotSpots, Timeline, chrome_json};

/// The folder of one benchmark. Unless it is [kept](Artefacts::keep), it vanishes.
pub struct Artefacts {
    // Fields are dropped in order: the folder goes before the one around it.
    folder: TempDir,
    made: Option<RemovedIfEmpty>,
    images: PathBuf,
    _vanishing: Option<TempDir>,
}

/// A folder that was made and goes again if nothing is left in it.
struct RemovedIfEmpty(PathBuf);

impl Drop for RemovedIfEmpty {
    fn drop(&mut self) {
        // A folder with anything in it stays.
        let _ = fs::remove_dir(&self.0);
    }
}

impl Artefacts {
    /// A new folder in `out`, named for the time `started`, UTC; `out` is made where it is not
    /// there. Images go into it only if they are to be kept.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a folder cannot be made.
    pub fn create(out: &Path, started: &str, keep_images: bool) -> Result<Artefacts, CliError> {
        let cannot = || format!("--out {}: cannot make a folder there", out.display());
        if out.exists() && !out.is_dir() {
            let what = format!("--out {}: it is a file; expected a folder", out.display());
            return Err(CliError::Failed(anyhow::anyhow!(what)));
        }
        let made = (!out.exists()).then(|| RemovedIfEmpty(out.to_path_buf()));
        fs::create_dir_all(out).with_context(cannot)?;
        // Colons are not for file names everywhere.
        let stamp = started.replace(':', "-");
        let named = |name: &str| {
            let mut builder = tempfile::Builder::new();
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
            builder.prefix(name).rand_bytes(0).tempdir_in(out)
        };
        let mut folder = named(&stamp);
        // Two benchmarks may start in one second.
        for number in 2u32.. {
            match &folder {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    folder = named(&format!("{stamp}-{number}"));
                }
                _ => break,
            }
        }
        let folder = folder.with_context(cannot)?;
        let vanishing = match keep_images {
            true => None,
            false => Some(scratch::folder()?),
        };
        let images = match &vanishing {
            None => made_folder(folder.path().join("images"))?,
            Some(vanishing) => vanishing.path().to_path_buf(),
        };
        Ok(Artefacts {
            folder,
            made,
            images,
            _vanishing: vanishing,
        })
    }

    /// Keeps what was written.
    pub fn keep(self) {
        let Artefacts { folder, made, .. } = self;
        let _ = folder.keep();
        drop(made);
    }

    /// The file of the image of `size` from `device`.
    pub fn image(&self, size: u32, device: &str) -> PathBuf {
        self.images.join(format!("{size}_{device}.bin"))
    }

    /// An empty folder for the reference program to render the image of `size` in for the
    /// `number`th time.
    ///
    /// # Errors
    /// [`CliError::Failed`] when it cannot be made.
    pub fn reference_folder(&self, size: u32, number: u32) -> Result<PathBuf, CliError> {
        made_folder(self.images.join(format!("{size}_reference_{number}")))
    }

    /// Writes the file `name`, and gives its path.
    ///
    /// # Errors
    /// [`CliError::Failed`] when it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, CliError> {
        let path = self.folder.path().join(name);
        write_whole(&path, content.as_ref())?;
        Ok(path)
    }

    /// Writes the timelines of every size, one file for all its devices, and one table of all hot
    /// spots.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a file cannot be written.
    pub fn write_profiles(
        &self,
        timelines: &[(u32, Vec<(String, Timeline)>)],
    ) -> Result<(), CliError> {
        made_folder(self.folder.path().join("profile"))?;
        let mut table = format!("size,device,{}\n", HotSpots::CSV_HEADINGS);
        for (size, devices) in timelines {
            for (device, timeline) in devices {
                table.push_str(&HotSpots::of(timeline).csv_rows(&[&size.to_string(), device]));
            }
            let name = format!("profile/trace_{size}.json");
            self.write(&name, chrome_json(devices))?;
        }
        self.write(&format!("profile/{HOT_SPOTS}"), table)?;
        Ok(())
    }
}

/// `folder`, which is there afterwards.
fn made_folder(folder: PathBuf) -> Result<PathBuf, CliError> {
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// `commands.txt`: the command of the benchmark, and commands that render its images one by one.
pub fn commands(
    command: &str,
    plan: &[(u32, Vec<String>)],
    devices: &[String],
    reference: Option<&Reference>,
) -> String {
    let mut text = format!("# this benchmark\n{command}\n\n# its images, one by one\n");
    for (size, words) in plan {
        let line = shell_words::join(words);
        for device in devices {
            text.push_str(&format!(
                "nanobragg {line} --device {device} -floatfile {size}_{device}.bin\n"
            ));
        }
        if let Some(reference) = reference {
            text.push_str(&reference.command_for(words, &format!("{size}_reference.bin")));
        }
    }
    text
}

/// `correlation.txt`: a line for each pair of images.
pub fn correlations(benchmark: &Benchmark) -> String {
    let mut text = String::from("# size correlation nrmse image against\n");
    for result in &benchmark.sizes {
        let size = result.size;
        for Agreement {
            image,
            reference,
            correlation,
            nrmse,
            ..
        } in &result.agreements
        {
            let (image, reference) = (shell_words::quote(image), shell_words::quote(reference));
            text.push_str(&format!(
                "{size} {correlation:.12} {nrmse:.3e} {image} {reference}\n"
            ));
        }
    }
    text
}
