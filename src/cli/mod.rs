//! The command line: nanoBragg's flags, messages, exit codes.
//!
//! Flags of the C program take one dash or two, options that are new here two. Exit codes: 0
//! done, 1 the work failed or an input file is bad, 2 wrong usage.

mod arguments;
mod bench;
mod compare;
mod config;
mod convert;
mod devices;
mod error;
mod figure;
mod files;
mod flags;
mod info;
mod interrupt;
mod noise;
mod numbered;
mod order;
mod output;
mod process;
mod profile;
mod progress;
mod reference;
mod render;
mod scenario;
mod series;
mod sized;
mod trace;
mod validate;
mod values;

use std::process::ExitCode;

use crate::experiment::Experiment;

pub use error::CliError;

/// Runs the program with `words`, the command line behind its name.
pub fn run(words: &[String]) -> ExitCode {
    match dispatch(words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// Hands the words behind a command's name to that command; without a name, to `render`.
fn dispatch(words: &[String]) -> Result<(), CliError> {
    match words.split_first() {
        Some((command, rest)) if command == "render" => render::run(rest),
        Some((command, rest)) if command == "compare" => compare::run(rest),
        Some((command, rest)) if command == "convert" => convert::run(rest),
        Some((command, rest)) if command == "info" => info::run(rest),
        Some((command, rest)) if command == "devices" => devices::run(rest),
        Some((command, rest)) if command == "bench" => bench::run(rest),
        Some((command, rest)) if command == bench::WORKER => bench::work(rest),
        Some((command, rest)) if command == "figure" => figure::run(rest),
        Some((command, rest)) if command == "series" => series::run(rest),
        Some((command, rest)) if command == "noise" => noise::run(rest),
        Some((command, rest)) if command == "validate" => validate::run(rest),
        Some((command, rest)) if command == "trace" => trace::run(rest),
        Some((word, _)) if !word.starts_with('-') => Err(CliError::usage(format!(
            "{word}: no such command; there are render (the default), bench, compare, \
             convert, devices, figure, info, noise, series, trace and validate, and flags, which start with a dash"
        ))),
        _ => render::run(words),
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
/// assert_eq!(experiment.crystal().cells, [5, 5, 5]);
/// # Ok::<(), nanobragg::cli::CliError>(())
/// ```
pub fn experiment(words: &[String]) -> Result<Experiment, CliError> {
    render::request(words).map(|request| request.experiment)
}
