//! Another program that takes nanoBragg's flags, run for the image it makes.

mod error;
mod words;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::CliError;
use super::process::{Outcome, Running};
use crate::formats::raw;
use crate::image::Image;

pub use error::ReferenceError;
pub use words::command_line;
use words::{c_words, unknown_to_c};

/// Name of the program's image in the folder that it runs in.
pub const IMAGE: &str = "floatimage.bin";
/// Names of the program's output, standard and error, and of its command.
pub const LOGS: [&str; 3] = ["stdout.log", "stderr.log", "command.txt"];

/// A program that renders what nanoBragg's flags describe.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The program: a path, or a name that is looked up as a shell does.
    pub program: PathBuf,
    /// How long it may take.
    pub timeout: Duration,
}

/// A render of the reference program.
#[derive(Debug)]
pub struct ReferenceRender {
    /// The image it wrote.
    pub image: Image,
    /// Wall time from its start to its end, s.
    pub seconds: f64,
}

impl Reference {
    /// The program `program`, which may take `seconds`, or ten minutes unless they are given.
    pub fn new(program: PathBuf, seconds: Option<f64>) -> Reference {
        const PATIENCE: Duration = Duration::from_secs(600);
        let given = seconds.map(Duration::try_from_secs_f64);
        Reference {
            program,
            // More seconds than a duration has are for ever.
            timeout: given.map_or(PATIENCE, |given| given.unwrap_or(Duration::MAX)),
        }
    }

    /// Makes sure that `words` say nothing that only this program knows.
    ///
    /// # Errors
    /// [`CliError::Usage`], naming the flag, when the two would render different experiments.
    pub fn check(words: &[String]) -> Result<(), CliError> {
        match unknown_to_c(words) {
            None => Ok(()),
            Some(flag) => Err(CliError::usage(format!(
                "{flag}: the reference does not know it and would render another experiment; leave \
                 it out, or compare without --reference"
            ))),
        }
    }

    /// Runs the program in `folder`, an empty one, with the flags `words` of an image of `size`
    /// (fast, slow) pixels. Everything it writes, [`IMAGE`] and [`LOGS`] among it, stays there.
    ///
    /// Files that the flags name are read from where this program runs; pictures and the image
    /// with noise are not asked for, so that the time is that of the image.
    ///
    /// # Errors
    /// [`ReferenceError`] for every way in which there is no such image.
    pub fn render(
        &self,
        words: &[String],
        size: [usize; 2],
        folder: &Path,
    ) -> Result<ReferenceRender, ReferenceError> {
        let words = asking_for(IMAGE, words);
        let [stdout, stderr, command] = LOGS.map(|name| folder.join(name));
        let unusable = |path: &Path| {
            let path = path.to_path_buf();
            move |reason| ReferenceError::Folder { path, reason }
        };
        fs::write(&command, self.command_line(&words)).map_err(unusable(&command))?;
        let out = File::create(&stdout).map_err(unusable(&stdout))?;
        let err = File::create(&stderr).map_err(unusable(&stderr))?;

        let started = Instant::now();
        let mut running = self.start(&words, folder, out, err)?;
        let program = self.program.clone();
        let status = match running.wait(self.timeout) {
            Ok(Outcome::Ended(status)) => status,
            Ok(Outcome::Interrupted) => return Err(ReferenceError::Interrupted),
            Ok(Outcome::TimedOut) => {
                let timeout = self.timeout;
                return Err(ReferenceError::TimedOut { program, timeout });
            }
            Err(reason) => return Err(ReferenceError::NotStarted { program, reason }),
        };
        let seconds = started.elapsed().as_secs_f64();

        let last_line = last_line(&stderr).or_else(|| last_line(&stdout));
        if !status.success() {
            return Err(ReferenceError::Failed {
                program,
                status,
                last_line,
            });
        }
        let path = folder.join(IMAGE);
        let found = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ReferenceError::NoImage { program, last_line });
            }
            Err(error) => return Err(unusable(&path)(error)),
        };
        let wrong_size = |found| ReferenceError::Size {
            program: program.clone(),
            found,
            expected: (size[0] * size[1] * raw::PIXEL) as u64,
            size,
        };
        // The length first: whatever was written need not fit in memory.
        if found != (size[0] * size[1] * raw::PIXEL) as u64 {
            return Err(wrong_size(found));
        }
        let bytes = fs::read(&path).map_err(unusable(&path))?;
        let image = raw::decode(&bytes, size).map_err(|_| wrong_size(bytes.len() as u64))?;
        Ok(ReferenceRender { image, seconds })
    }

    fn start(
        &self,
        words: &[String],
        folder: &Path,
        out: File,
        err: File,
    ) -> Result<Running, ReferenceError> {
        // A relative path is one from here, not from the folder it runs in.
        let named = self.program.components().count() > 1;
        let program = match std::path::absolute(&self.program) {
            Ok(path) if named => path,
            _ => self.program.clone(),
        };
        let mut command = Command::new(&program);
        command.args(words).current_dir(folder).stdin(Stdio::null());
        command.stdout(out).stderr(err);
        Running::start(&mut command).map_err(|reason| {
            let there = named && program.exists();
            match reason.kind() {
                // A script whose interpreter is missing is not found either.
                io::ErrorKind::NotFound if !there => ReferenceError::NotFound(self.program.clone()),
                _ => ReferenceError::NotStarted {
                    program: self.program.clone(),
                    reason,
                },
            }
        })
    }

    /// The command line for the image of `words` in the file `image`.
    pub fn command_for(&self, words: &[String], image: &str) -> String {
        self.command_line(&asking_for(image, words))
    }

    /// The command line that calls the program with `words`.
    fn command_line(&self, words: &[String]) -> String {
        let program = self.program.display().to_string();
        command_line(std::iter::once(&program).chain(words))
    }
}

/// The flags `words` as the C program takes them, for the file `image` and no picture.
fn asking_for(image: &str, words: &[String]) -> Vec<String> {
    let mut words = c_words(words);
    words.extend(["-nopgm", "-nonoise", "-floatfile", image].map(str::to_string));
    words
}

/// The last line of the log at `path` that is not blank.
fn last_line(path: &Path) -> Option<String> {
    /// Bytes from the end that are looked at.
    const TAIL: u64 = 1 << 12;
    /// Characters that a message has room for.
    const SHOWN: usize = 200;
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(line.chars().take(SHOWN).collect())
}
