//! The command line: nanoBragg's flags, messages, exit codes.
//!
//! Flags of the C program take one dash or two, options that are new here two. Exit codes: 0
//! done, 1 the work failed or an input file is bad, 2 wrong usage.

mod abort;
mod arguments;
mod bench;
mod cache;
mod commands;
mod compare;
mod completions;
mod config;
mod convert;
mod crystals;
mod cut;
mod devices;
mod dry_run;
mod error;
mod files;
mod flags;
mod gradient;
mod info;
mod interrupt;
mod limit;
mod man;
mod noise;
mod output;
mod process;
mod profile;
mod progress;
mod reference;
mod refine;
mod render;
mod scenario;
mod scratch;
mod series;
mod sized;
mod trace;
mod truth;
mod validate;
mod values;
mod version;

use std::process::ExitCode;

use crate::derivatives::Parametrisation;
use crate::experiment::Experiment;
use crate::formats::whole;
use crate::render::Threads;

pub use error::CliError;

/// Runs the program with `words`, the command line behind its name.
pub fn run(words: &[String]) -> ExitCode {
    abort::answer();
    abort::tell_panics();
    let ready = match words.first() {
        // A guard has no work to share.
        Some(word) if word == process::GUARD => Ok(()),
        _ => Threads::start_shared().map_err(CliError::from),
    };
    let done = ready.and_then(|()| commands::dispatch(words));
    whole::release();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// The experiment that a command line of nanoBragg's flags describes. Files it names are read.
///
/// # Errors
/// [`CliError`], as the program would report it.
///
/// ```
/// let words = "-default_F 100 -cell 100 -lambda 6.2 -N 5 -detpixels 64".split(' ');
/// let experiment = nanobragg::cli::experiment(&words.map(str::to_string).collect::<Vec<_>>())?;
/// assert_eq!(experiment.crystal().cells, [5.0; 3]);
/// # Ok::<(), nanobragg::cli::CliError>(())
/// ```
pub fn experiment(words: &[String]) -> Result<Experiment, CliError> {
    render::request(words).map(|request| request.experiment)
}

/// The experiment that a command line of nanoBragg's flags describes, as a point in its parameters.
///
/// # Errors
/// [`CliError`], as the program would report it.
///
/// ```
/// use nanobragg::derivatives::Parameter;
/// let words = "-default_F 100 -cell 100 -misset 10 20 30 -N 5 -detpixels 64".split(' ');
/// let words: Vec<String> = words.map(str::to_string).collect();
/// let point = nanobragg::cli::parametrisation(&words)?;
/// let turned = point.with(&[("misset_y".parse()?, 20.1), ("cell_a".parse()?, 100.2)])?;
/// assert_eq!(turned.value("misset_y".parse()?)?, 20.1);
/// assert_eq!(point.direction("distance".parse()?)?.panels.len(), 1);
/// # Ok::<(), nanobragg::cli::CliError>(())
/// ```
pub fn parametrisation(words: &[String]) -> Result<Parametrisation, CliError> {
    let request = render::request(words)?;
    let made = Parametrisation::new(&request.experiment, request.origin);
    Ok(made?)
}
