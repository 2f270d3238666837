//! Standard output for results, standard error for messages.
//!
//! All that the program prints goes through here, where characters of files and command lines that
//! would steer a terminal are spelled out ([`visible`]).

use std::io::{ErrorKind, Write};

use anstream::AutoStream;
use anyhow::Context;
use serde::Serialize;

use super::CliError;
use super::cut::cut;
use crate::report::{text_of, visible, visible_json, visible_lines};

/// Prints `text`. A reader that has heard enough (`| head`) is no error.
///
/// # Errors
/// [`CliError::Failed`] when standard output cannot be written to.
pub fn print(text: &str) -> Result<(), CliError> {
    write(std::io::stdout().lock(), &visible_lines(text))
}

/// Prints `text`, which is the program's own, help say, with its colours where they are wanted: on
/// a terminal, unless NO_COLOR is set, and wherever CLICOLOR_FORCE is.
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
    let json = serde_json::to_string_pretty(document)?;
    print(&format!("{}\n", visible_json(&json)))
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
        false => say_lines(text_of(summary)?.trim_end()),
    }
    Ok(())
}

/// Puts `message` on standard error, [`cut`] and in one line, or nowhere if that is closed: an
/// image is not worth less for it.
pub fn say(message: impl std::fmt::Display) {
    to_standard_error(&visible(&cut(&message.to_string())));
}

/// Puts a text of several lines on standard error, as [`say`] does.
pub fn say_lines(text: impl std::fmt::Display) {
    to_standard_error(&visible_lines(&cut(&text.to_string())));
}

fn to_standard_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
