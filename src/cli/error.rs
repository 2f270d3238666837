//! How a command fails: one line on standard error, and an exit code.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::anyhow;

/// Why a command stopped.
#[derive(Debug)]
pub enum CliError {
    /// The command line is wrong (exit code 2).
    Usage(String),
    /// The work failed, or an input file is bad (exit code 1).
    Failed(anyhow::Error),
    /// Nothing failed: the text asked for, help or the version, goes to standard output.
    Text(String),
}

impl CliError {
    /// A mistake in the flag or flags `what`.
    pub fn usage(what: impl std::fmt::Display) -> CliError {
        CliError::Usage(what.to_string())
    }

    /// Prints the message where it belongs and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let (message, code) = match self {
            CliError::Text(text) => {
                return match write!(std::io::stdout(), "{text}") {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                        CliError::Failed(anyhow!("cannot write to standard output: {error}"))
                            .report()
                    }
                    // Who reads only the first lines of the help has what they wanted.
                    _ => ExitCode::SUCCESS,
                };
            }
            CliError::Usage(message) => (one_line(message), ExitCode::from(2)),
            CliError::Failed(error) => (one_line(&format!("{error:#}")), ExitCode::FAILURE),
        };
        // With nowhere left to say it, the exit code must do.
        let _ = writeln!(std::io::stderr(), "nanobragg: {message}");
        code
    }
}

impl<E: Into<anyhow::Error>> From<E> for CliError {
    fn from(error: E) -> CliError {
        CliError::Failed(error.into())
    }
}

/// `message` with its control characters, line ends among them, made visible: file names and
/// values are repeated as they were given.
fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for character in message.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
