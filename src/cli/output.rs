//! Standard output for results, standard error for messages.

use std::io::{ErrorKind, Write};

use anstream::AutoStream;
use anyhow::Context;
use serde::Serialize;

use super::CliError;
use super::cut::cut;
use crate::report::text_of;

/// Prints `text`. A reader that has heard enough (`| head`) is no error.
///
/// # Errors
/// [`CliError::Failed`] when standard output cannot be written to.
pub fn print(text: &str) -> Result<(), CliError> {
    write(std::io::stdout().lock(), text)
}

/// Prints `text`, with its colours where they are wanted: on a terminal, unless NO_COLOR is set,
/// and wherever CLICOLOR_FORCE is.
///
/// # Errors
/// As [`print`].
pub fn print_coloured(text: &str) -> Result<(), CliError> {
    write(AutoStream::auto(std::io::stdout().lock()), text)
}

fn write(mut output: impl Write, text: &str) -> Result<(), CliError> {
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")?
        }
        _ => Ok(()),
    }
}

/// Prints `document` on standard output, as JSON.
///
/// # Errors
/// As [`print`].
pub fn print_json(document: &impl Serialize) -> Result<(), CliError> {
    print(&format!("{}\n", serde_json::to_string_pretty(document)?))
}

/// Prints `report` on standard output, as JSON or as lines for people.
///
/// # Errors
/// As [`print`].
pub fn print_report(report: &impl Serialize, json: bool) -> Result<(), CliError> {
    match json {
        true => print_json(report),
        false => print(&text_of(report)?),
    }
}

/// Prints `summary` of work that wrote files: as JSON on standard output, or, unless it is to be
/// `quiet`, as lines for people on standard error.
///
/// # Errors
/// As [`print`].
pub fn print_summary(summary: &impl Serialize, json: bool, quiet: bool) -> Result<(), CliError> {
    match json {
        true => print_json(summary)?,
        false if quiet => {}
        false => say(text_of(summary)?.trim_end()),
    }
    Ok(())
}

/// Puts lines on standard error, [`cut`], or nowhere if that is closed: an image is not worth less
/// for it.
pub fn say(lines: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{}", cut(&lines.to_string()));
}
