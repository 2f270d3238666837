//! How a command fails: one line on standard error, and an exit code.

use std::process::ExitCode;

use super::interrupt;
use super::output::say;
use super::reference::ReferenceError;
use crate::formats::{FormatError, whole};
use crate::gpu::GpuError;
use crate::render::RenderError;
use crate::series::SeriesError;

/// Why a command stopped.
#[derive(Debug)]
pub enum CliError {
    /// The command line is wrong (exit code 2).
    Usage(String),
    /// The work failed, or an input file is bad (exit code 1).
    Failed(anyhow::Error),
    /// As [`CliError::Failed`], with a message that says what is on disk; or the work is done and
    /// its verdict is bad, which costs no file (exit code 1).
    Told(String),
    /// The user stopped the work, and this is what is left of it.
    Interrupted(String),
    /// Nothing failed: the text asked for, help or the version, goes to standard output, in its
    /// colours where those are wanted.
    Text(String),
}

impl CliError {
    /// A mistake in the flag or flags `what`.
    pub fn usage(what: impl std::fmt::Display) -> CliError {
        CliError::Usage(what.to_string())
    }

    /// Prints the message where it belongs and gives the exit code.
    pub fn report(&self) -> ExitCode {
        match self {
            CliError::Text(text) => super::output::print_coloured(text)
                .map_or_else(|error| error.report(), |()| ExitCode::SUCCESS),
            CliError::Usage(message) => {
                tell(message);
                ExitCode::from(2)
            }
            CliError::Failed(error) if is_interruption(error) => {
                let left = interrupt::left(&whole::in_place());
                CliError::Interrupted(format!("interrupted; {left}")).report()
            }
            CliError::Interrupted(message) => {
                if !interrupt::has_the_last_word() {
                    // Who has it ends the process.
                    loop {
                        std::thread::park();
                    }
                }
                tell(message);
                ExitCode::from(interrupt::EXIT_CODE)
            }
            CliError::Told(message) => {
                tell(message);
                ExitCode::FAILURE
            }
            CliError::Failed(_) => {
                let placed = whole::in_place();
                match placed.is_empty() {
                    true => tell(&self.to_string()),
                    false => tell(&format!("{self}; {}", interrupt::left(&placed))),
                }
                ExitCode::FAILURE
            }
        }
    }
}

/// Puts `message` on standard error, in one line that begins with the program's name.
pub fn tell(message: &str) {
    say(behind_name(message));
}

/// Whether the work was stopped by the user.
pub fn is_interruption(error: &anyhow::Error) -> bool {
    matches!(of_render(error), Some(RenderError::Interrupted))
        || matches!(error.downcast_ref(), Some(ReferenceError::Interrupted))
}

/// What a render says within `error`.
fn of_render(error: &anyhow::Error) -> Option<&RenderError> {
    match error.downcast_ref() {
        Some(SeriesError::Render(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

/// The flags that do what `error` advises, in brackets.
fn flags_for(error: &anyhow::Error) -> &'static str {
    let of_file = match error.downcast_ref() {
        Some(SeriesError::Format(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    if let Some(FormatError::Content { problem, .. }) = of_file
        && problem.outside
    {
        return " (--links-anywhere)";
    }
    match of_render(error) {
        Some(RenderError::TooManyTerms { .. }) => {
            " (-hdivsteps, -vdivsteps, -dispsteps, -phisteps, -mosaic_domains)"
        }
        Some(RenderError::Gpu(GpuError::TooLarge { .. })) => {
            " (--f16-structure-factors, --background, --device cpu)"
        }
        Some(RenderError::Gpu(GpuError::Refused { .. })) => " (--device cpu; 'nanobragg devices')",
        Some(RenderError::Gpu(_)) => " (--device cpu)",
        _ => "",
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CliError::Usage(text) | CliError::Told(text) | CliError::Interrupted(text) => {
                f.write_str(text)
            }
            CliError::Text(text) => write!(f, "{}", anstream::adapter::strip_str(text)),
            CliError::Failed(error) => write!(f, "{error:#}{}", flags_for(error)),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for CliError {
    fn from(error: E) -> CliError {
        CliError::Failed(error.into())
    }
}

/// `message` behind the program's name, which a command's messages start with.
fn behind_name(message: &str) -> String {
    match message.starts_with("nanobragg ") {
        true => message.to_string(),
        false => format!("nanobragg: {message}"),
    }
}
