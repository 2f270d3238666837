//! `nanobragg completions`: what teaches a shell to complete this program's command lines.
//!
//! Theory: shells differ in how they ask, not in what fits. Practice: what a shell is given is a
//! few lines that hand the words so far to the program itself, so that the answers are always those
//! of the program that is there. Generators of such scripts know neither flags with one dash nor
//! commands that take other commands' flags behind `--`.

mod answer;
#[cfg(test)]
mod tests;

use clap::{Parser, ValueEnum};

use super::CliError;
use super::output::print;

pub(super) use answer::{Answer, answer_to};

/// The command that shells ask. Its words are those behind the program's name, the last one being
/// the one to complete, which may be empty.
pub const ASK: &str = "__complete";

/// Print what teaches a shell to complete nanobragg's flags, commands, values and files
#[derive(Parser)]
#[command(
    name = "nanobragg completions",
    bin_name = "nanobragg completions",
    after_help = "Put it where the shell looks, and start a new one:\n\n  \
                  nanobragg completions bash > ~/.local/share/bash-completion/completions/nanobragg\n  \
                  nanobragg completions zsh > ~/.zfunc/_nanobragg    (with fpath+=~/.zfunc before compinit)\n  \
                  nanobragg completions fish > ~/.config/fish/completions/nanobragg.fish\n\n\
                  Or have it read at every start: eval \"$(nanobragg completions bash)\" in ~/.bashrc, the \
                  same with zsh in ~/.zshrc behind compinit.",
    term_width = 100
)]
pub struct CompletionsFlags {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script of a shell.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: CompletionsFlags = super::arguments::parse_own("nanobragg completions", words)?;
    print(match flags.shell {
        Shell::Bash => include_str!("nanobragg.bash"),
        Shell::Zsh => include_str!("nanobragg.zsh"),
        Shell::Fish => include_str!("nanobragg.fish"),
    })
}

/// Answers a shell: a line that tells what fits, `words` or `files`, and behind `words` a line for
/// each with its meaning behind a tab.
///
/// # Errors
/// [`CliError::Failed`] when standard output cannot be written to.
pub fn answer(words: &[String]) -> Result<(), CliError> {
    match answer_to(words) {
        Answer::Nothing => Ok(()),
        Answer::Files => print("files\n"),
        Answer::Words(candidates) => {
            let lines = candidates.into_iter();
            let lines = lines.map(|(word, meaning)| format!("{word}\t{meaning}\n"));
            print(&format!("words\n{}", lines.collect::<String>()))
        }
    }
}
