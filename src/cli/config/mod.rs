//! Experiment files: every flag under a readable name, in TOML.
//!
//! `--config FILE` puts what a file says before the flags of the command line, which so override
//! it; both go through the same parsers. `--write-config FILE` writes what any flags came to, and
//! images hold the same text where their format has room for it.

mod displaced;
mod inputs;
mod keys;
mod origins;
mod paths;
mod read;
mod records;
mod suggest;
mod value;
mod write;

use std::path::{Path, PathBuf};

use super::CliError;
use super::flags::{Catalogue, FILE_FLAGS, Request, flags_of_the_run};
use crate::formats::{FormatError, PendingFile, Problem, read_bytes};
use displaced::gives_way;
use inputs::Fingerprint;
use origins::Origins;
use paths::{folder_of, is_same};
use read::{FileFlag, Said};
use write::Extent;

pub use inputs::Recorded;
pub use records::Records;

/// The flag that names a file to read.
const FLAG: &str = "--config";

/// A command line, with what an experiment file says put before it.
#[derive(Debug, Default)]
pub struct Line {
    /// The words, of the file and of the command line.
    pub words: Vec<String>,
    /// The file.
    path: Option<PathBuf>,
    origins: Origins,
    recorded: Vec<Recorded>,
    /// What the user should know of the file's keys.
    notices: Vec<String>,
    /// Whether the command line names the files to write, in place of the file's.
    files_give_way: bool,
}

impl Line {
    /// `words` with what the file of their `--config` says, if they have one.
    ///
    /// # Errors
    /// [`CliError::Failed`] for a file that is missing or bad.
    pub fn of(words: &[String]) -> Result<Line, CliError> {
        let Some(path) = named(words) else {
            return Ok(Line {
                words: words.to_vec(),
                ..Line::default()
            });
        };
        Line::with(path, words, |_| true)
    }

    /// The flags among `words`, and those of the experiment in the file of their `--config`, which
    /// itself is left out: what commands take behind `--`. The flags with the ids `own` are a command's
    /// to give, and not a file's.
    ///
    /// # Errors
    /// As [`Line::of`].
    pub fn of_experiment(words: &[String], own: &[&str]) -> Result<Line, CliError> {
        let Some(path) = named(words) else {
            return Line::of(words);
        };
        let run = flags_of_the_run();
        Line::with(path, &without_config(words), |flag| {
            run.iter().all(|(id, _)| id != flag.id) && !own.contains(&flag.id)
        })
    }

    fn with(
        path: PathBuf,
        words: &[String],
        wanted: impl Fn(&FileFlag) -> bool,
    ) -> Result<Line, CliError> {
        let catalogue = Catalogue::new();
        let Said {
            flags,
            recorded,
            notices,
        } = read(&path, &catalogue)?;
        let notices = notices.into_iter().map(|problem| in_file(&path, problem));
        let notices = notices.map(|notice| notice.to_string()).collect();
        let own = words.iter().take_while(|word| *word != "--");
        let given: Vec<&str> = own.filter_map(|word| catalogue.id_of(word)).collect();
        let mut before = Vec::new();
        let mut places = Vec::new();
        for flag in flags {
            if !wanted(&flag) || gives_way(flag.id, &given) {
                continue;
            }
            let long = format!("--{}", catalogue.long(flag.id));
            places.push((catalogue.shown(flag.id), flag.line, flag.key));
            match (&flag.values[..], catalogue.count(flag.id)) {
                ([value], [_, 1]) => before.push(format!("{long}={value}")),
                (values, _) => {
                    before.push(long);
                    before.extend_from_slice(values);
                }
            }
        }
        before.extend_from_slice(words);
        Ok(Line {
            words: before,
            origins: Origins::new(&path, places),
            recorded,
            notices,
            files_give_way: given.iter().any(|id| FILE_FLAGS.contains(id)),
            path: Some(path),
        })
    }

    /// `error` of parsing the words, as one about the file where it is the file's.
    pub fn blame(&self, error: CliError) -> CliError {
        let CliError::Usage(message) = &error else {
            return error;
        };
        match self.origins.blame(message) {
            Some(message) => CliError::Failed(anyhow::anyhow!(message)),
            None => self.explain(error),
        }
    }

    /// `error` with the keys of the flags that it names.
    pub fn explain(&self, error: CliError) -> CliError {
        match error {
            CliError::Usage(message) => CliError::Usage(self.origins.explain(&message)),
            CliError::Failed(error) => {
                let message = format!("{error:#}");
                match self.origins.explain(&message) {
                    explained if explained == message => CliError::Failed(error),
                    explained => CliError::Failed(anyhow::anyhow!(explained)),
                }
            }
            text => text,
        }
    }

    /// Adds to `request`, which the words describe, what only the file tells of.
    ///
    /// # Errors
    /// [`CliError::Failed`] for a file that is no longer what the experiment was written with.
    pub fn complete(&self, request: &mut Request) -> Result<(), CliError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if self.files_give_way {
            let notices = &mut request.notices;
            notices.retain(|notice| !self.origins.is_idle_of_files(notice));
        }
        for notice in &mut request.notices {
            *notice = self.origins.explain(notice);
        }
        request.notices.extend_from_slice(&self.notices);
        for input in &request.inputs {
            let recorded = self
                .recorded
                .iter()
                .find(|recorded| is_same(&recorded.path, input));
            let Some(recorded) = recorded else {
                continue;
            };
            if Fingerprint::of(input)?.is_some_and(|found| found != recorded.content) {
                return Err(CliError::Failed(anyhow::anyhow!(
                    "{}: it is not the file that {} was written with, of {} bytes and sha256 {}…; \
                     restore it, or take its line out of [inputs]",
                    input.display(),
                    path.display(),
                    recorded.content.bytes,
                    recorded.content.sha256.get(..12).unwrap_or_default()
                )));
            }
        }
        request.inputs.push(path.clone());
        Ok(())
    }
}

/// The file that `words` name with `--config`, last.
fn named(words: &[String]) -> Option<PathBuf> {
    let own = words.iter().take_while(|word| *word != "--");
    let own: Vec<&String> = own.collect();
    let joined = |word: &str| Some(word.strip_prefix(FLAG)?.strip_prefix('=')?.to_string());
    let mut named = own.iter().enumerate().rev().filter_map(|(place, word)| {
        let next = || own.get(place + 1).map(|next| next.to_string());
        match word.as_str() == FLAG {
            true => next(),
            false => joined(word),
        }
    });
    named.next().map(PathBuf::from)
}

/// `words` without every `--config`.
fn without_config(words: &[String]) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == FLAG {
            rest.next();
        } else if word
            .strip_prefix(FLAG)
            .is_none_or(|rest| !rest.starts_with('='))
        {
            kept.push(word.clone());
        }
    }
    kept
}

/// What the experiment file at `path` says.
fn read(path: &Path, catalogue: &Catalogue) -> Result<Said, CliError> {
    let bytes = read_bytes(path, crate::cli::limit::file_limit())?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Problem::with_file("not text; expected an experiment file in TOML"));
    let said = text.and_then(|text| read::parse(&text, &folder_of(path), catalogue));
    Ok(said.map_err(|problem| in_file(path, problem))?)
}

/// `problem`, found in the file at `path`.
fn in_file(path: &Path, problem: Problem) -> FormatError {
    FormatError::Content {
        path: path.to_path_buf(),
        problem,
    }
}

/// The program, as experiment files name it.
fn program() -> String {
    format!("nanobragg {}", crate::version::full())
}

/// The input files of `request` as they are now, each once.
fn recorded(request: &Request) -> Result<Vec<Recorded>, CliError> {
    let mut found: Vec<Recorded> = Vec::new();
    let files = request.inputs.iter();
    for path in files.filter(|path| Some(*path) != request.program.config.as_ref()) {
        if found.iter().all(|other| other.path != *path)
            && let Some(content) = Fingerprint::of(path)?
        {
            let path = path.clone();
            found.push(Recorded { path, content });
        }
    }
    Ok(found)
}

/// Writes the experiment of `request` into the file of its `--write-config`, if it has one.
///
/// # Errors
/// [`CliError::Failed`] when the file cannot be written.
pub fn write_if_asked(request: &Request) -> Result<(), CliError> {
    let Some(path) = &request.program.write_config else {
        return Ok(());
    };
    let folder = folder_of(path);
    let extent = Extent {
        folder: Some(&folder),
        wanted: |_| true,
        notes: true,
    };
    let text = format!(
        "# An experiment of {}.\n\
         # nanobragg --config FILE renders it; flags on the command line override keys, and paths start from\n\
         # this file's folder. What stands behind a # follows from other keys, or has nothing to act on.\n{}",
        program(),
        write::text(
            &request.settings,
            &recorded(request)?,
            &extent,
            &Catalogue::new()
        )
    );
    Ok(PendingFile::write(path, text.as_bytes())?.commit()?)
}
