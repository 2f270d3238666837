//! Experiment files: a document below the flags of a command line.
//!
//! `--config FILE` puts what a file says below the flags, which so override it. `--write-config
//! FILE` writes what any flags came to, and images hold the same text where their format has room
//! for it.

mod outputs;
mod records;

use std::path::PathBuf;

use clap::ArgMatches;

use super::CliError;
use super::flags::{Given, Request, advice, is_of_the_run};
use crate::document::{
    Document, Extent, FILES, Fingerprint, KEYS, Key, Read, Recorded, is_same, key, seen_from,
};
use crate::formats::PendingFile;

pub use records::{Records, record_of_noise, without_outputs};

/// The flag that names a file to read.
const FLAG: &str = "--config";

/// A command line, and the experiment file that it names.
#[derive(Debug, Default)]
pub struct Line {
    /// The words.
    pub words: Vec<String>,
    file: Option<ExperimentFile>,
}

/// An experiment file, read.
#[derive(Debug)]
struct ExperimentFile {
    path: PathBuf,
    document: Document,
    /// The lines of its keys.
    lines: Vec<(&'static Key, usize)>,
    /// What the user should know of its keys.
    notices: Vec<String>,
}

impl Line {
    /// `words`, with what the file of their `--config` says, if they have one.
    ///
    /// # Errors
    /// [`CliError::Failed`] for a file that is missing or bad.
    pub fn of(words: &[String]) -> Result<Line, CliError> {
        let file = parted(words).0.map(|path| {
            let Read {
                document,
                lines,
                notices,
            } = Document::read(&path, crate::cli::limit::file_limit(), &advice)?;
            let told = notices.iter();
            let notices = told.map(|notice| format!("{}{notice}", path.display()));
            Ok::<_, CliError>(ExperimentFile {
                notices: notices.collect(),
                path,
                document,
                lines,
            })
        });
        Ok(Line {
            words: words.to_vec(),
            file: file.transpose()?,
        })
    }

    /// The flags among `words`, and what the file of their `--config` says of the experiment; the
    /// flag itself is left out: what commands take behind `--`.
    ///
    /// # Errors
    /// As [`Line::of`].
    pub fn of_experiment(words: &[String]) -> Result<Line, CliError> {
        let mut line = Line::of(words)?;
        if let Some(file) = &mut line.file {
            line.words = parted(words).1;
            for key in KEYS.iter().filter(|key| is_of_the_run(key)) {
                key.clear(&mut file.document);
            }
        }
        Ok(line)
    }

    /// Whether the words name a file.
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the words or the file ask for a profile.
    pub fn asks_for_profile(&self) -> bool {
        let asked = |word: &String| word == "--profile" || word.starts_with("--profile=");
        let file = self.file.as_ref();
        self.words.iter().any(asked)
            || file.is_some_and(|file| key::run::profile.is_in(&file.document))
    }

    /// What the words, parsed into `matches`, and the file say.
    ///
    /// # Errors
    /// As [`Given::of`].
    pub fn given(&self, matches: &ArgMatches) -> Result<Given, CliError> {
        let given = Given::of(matches)?;
        let Some(file) = &self.file else {
            return Ok(given.settled());
        };
        let given = given.over(file.path.clone(), file.document.clone());
        if !matches.get_flag("outputs-anywhere") {
            outputs::check(&file.path, given.spelling.of_file(), &file.lines)?;
        }
        Ok(given.settled())
    }

    /// Adds to `request`, which `given` describes, what only the file tells of.
    ///
    /// # Errors
    /// [`CliError::Failed`] for a file that is no longer what the experiment was written with.
    pub fn complete(&self, given: &Given, request: &mut Request) -> Result<(), CliError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if given
            .flags
            .iter()
            .filter_map(|flag| flag.key())
            .any(|key| FILES.contains(&key))
        {
            // The command line names the files in place of the file's.
            let spelling = &given.spelling;
            request.forget_idle(|key| {
                let of_files = ["noise", "counts", "picture"].contains(&key.section);
                of_files && spelling.is_of_file(key)
            });
        }
        request.notices.extend_from_slice(&file.notices);
        for input in &request.inputs {
            let mut recorded = file.document.inputs.iter();
            let Some(recorded) = recorded.find(|recorded| is_same(&recorded.path, input)) else {
                continue;
            };
            if Fingerprint::of(input)?.is_some_and(|found| found != recorded.content) {
                return Err(CliError::Failed(anyhow::anyhow!(
                    "{}: it is not the file that {} was written with, of {} bytes and sha256 {}…; \
                     restore it, or take its line out of [inputs]",
                    input.display(),
                    file.path.display(),
                    recorded.content.bytes,
                    recorded.content.sha256.get(..12).unwrap_or_default()
                )));
            }
        }
        request.inputs.push(file.path.clone());
        Ok(())
    }
}

/// The file that `words` name with `--config`, last, and the other words.
fn parted(words: &[String]) -> (Option<PathBuf>, Vec<String>) {
    let own = words.iter().position(|word| word == "--");
    let (own, behind) = words.split_at(own.unwrap_or(words.len()));
    let (mut file, mut others) = (None, Vec::new());
    let mut rest = own.iter();
    while let Some(word) = rest.next() {
        match word
            .strip_prefix(FLAG)
            .map(|joined| joined.strip_prefix('='))
        {
            Some(Some(joined)) => file = Some(joined),
            Some(None) if word == FLAG => file = rest.next().map(String::as_str).or(file),
            _ => others.push(word.clone()),
        }
    }
    others.extend_from_slice(behind);
    (file.map(PathBuf::from), others)
}

/// The program, as experiment files name it.
fn program() -> String {
    format!("nanobragg {}", crate::version::full())
}

/// The input files of `request` as they are now, each once.
fn recorded(request: &Request) -> Result<Vec<Recorded>, CliError> {
    let files = request.inputs.iter();
    let files = files.filter(|path| Some(*path) != request.program.config.as_ref());
    Ok(Fingerprint::of_all(&files.cloned().collect::<Vec<_>>())?)
}

/// `document` without what tells how the program is run and nothing of the image, and with the
/// files that it was read from.
fn recordable(document: &Document, inputs: &[Recorded]) -> Document {
    let mut document = document.clone();
    let kept: [&Key; 2] = [&key::run::device, &key::run::threads];
    for key in KEYS
        .iter()
        .filter(|key| key.section == "run" && !kept.contains(key))
    {
        key.clear(&mut document);
    }
    document.inputs = inputs.to_vec();
    document
}

/// The file of `--write-config` with the experiment of `request`, if it has one: to be put in its
/// place with the images.
///
/// # Errors
/// [`CliError::Failed`] when the file cannot be written.
pub fn file_if_asked(request: &Request) -> Result<Option<PendingFile>, CliError> {
    let Some(path) = &request.program.write_config else {
        return Ok(None);
    };
    let folder = path.parent().unwrap_or(std::path::Path::new(""));
    let extent = Extent {
        keys: &|_| true,
        named: &|path| seen_from(folder, path),
    };
    let text = format!(
        "# An experiment of {}.\n\
         # nanobragg --config FILE renders it; flags on the command line override keys, and paths start from\n\
         # this file's folder. What stands behind a # follows from other keys, or has nothing to act on.\n{}",
        program(),
        recordable(&request.document, &recorded(request)?).written(Some(&request.notes), extent)
    );
    Ok(Some(PendingFile::write(path, text.as_bytes())?))
}

/// `document`, which was made from that of `request`, as the text of a file at `path`, under a
/// `heading`: what is rendered and no more.
///
/// # Errors
/// [`CliError::Failed`] when an input file cannot be read again.
pub fn written(
    request: &Request,
    document: &Document,
    heading: &str,
    path: &std::path::Path,
) -> Result<String, CliError> {
    let folder = path.parent().unwrap_or(std::path::Path::new(""));
    let extent = Extent {
        keys: &records::of_experiment,
        named: &|path| seen_from(folder, path),
    };
    let document = recordable(document, &recorded(request)?);
    let text = document.written(None, extent);
    Ok(format!("# {heading}\n# {}\n{text}", program()))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod numbers;
