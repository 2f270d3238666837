//! Every command of the program: for what hands words to them, and for what tells of them.

use clap::{Command, CommandFactory};

use super::arguments::Spellings;
use super::flags::{self, last_one_counts};
use super::{
    CliError, bench, compare, completions, convert, devices, gradient, info, man, noise, process,
    refine, render, series, trace, validate,
};

/// What does the work: is given the words behind the command's name.
type Work = fn(&[String]) -> Result<(), CliError>;

/// A command with a name.
pub struct Subcommand {
    /// The word that stands for it.
    pub name: &'static str,
    /// What does its work.
    pub run: Work,
    flags: Flags,
}

/// The flags of a command.
enum Flags {
    /// Flags of the command's own, of which `either` are the C program's too, and take one dash or
    /// two.
    Own {
        command: fn() -> Command,
        either: &'static [&'static str],
    },
    /// Flags of a render and some of the command's own.
    OfRender(fn() -> Described),
}

/// Every command but `render`, which needs no name.
static SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "series",
        run: series::run,
        flags: Flags::OfRender(series::described),
    },
    of::<noise::NoiseCommand>("noise", noise::run, &noise::EITHER),
    of::<convert::ConvertCommand>("convert", convert::run, &convert::EITHER),
    of::<info::InfoCommand>("info", info::run, &[]),
    of::<compare::CompareFlags>("compare", compare::run, &[]),
    of::<devices::DevicesFlags>("devices", devices::run, &[]),
    of::<validate::ValidateFlags>("validate", validate::run, &[]),
    of::<bench::BenchFlags>("bench", bench::run, &[]),
    of::<trace::TraceFlags>("trace", trace::run, &[]),
    of::<refine::RefineFlags>("refine", refine::run, &refine::EITHER),
    of::<gradient::GradientFlags>("gradient", gradient::run, &[]),
    of::<completions::CompletionsFlags>("completions", completions::run, &[]),
    of::<man::ManFlags>("man", man::run, &[]),
];

/// Commands that other processes of this program are started with; users need not know.
static HIDDEN: &[(&str, Work)] = &[
    (bench::WORKER, bench::work),
    (completions::ASK, completions::answer),
    (process::GUARD, process::guard),
];

const fn of<F: CommandFactory>(
    name: &'static str,
    run: Work,
    either: &'static [&'static str],
) -> Subcommand {
    Subcommand {
        name,
        run,
        flags: Flags::Own {
            command: F::command,
            either,
        },
    }
}

/// The default command.
const RENDER: &str = "render";

/// The commands that help tells of.
pub fn subcommands() -> impl Iterator<Item = &'static Subcommand> {
    SUBCOMMANDS.iter()
}

/// The command called `name`, if there is one.
pub fn named(name: &str) -> Option<&'static Subcommand> {
    subcommands().find(|command| command.name == name)
}

/// Hands the words behind a command's name to that command; without a name, to `render`.
///
/// # Errors
/// As the command; [`CliError::Usage`] for a name that is none.
pub fn dispatch(words: &[String]) -> Result<(), CliError> {
    let Some((word, rest)) = words.split_first() else {
        return render::run(words);
    };
    if word == RENDER {
        return render::run(rest);
    }
    let hidden = HIDDEN.iter().find(|(name, _)| name == word);
    let run = named(word)
        .map(|command| command.run)
        .or(hidden.map(|(_, run)| *run));
    match run {
        Some(run) => run(rest),
        None if word.starts_with('-') => render::run(words),
        None => {
            let mut names: Vec<&str> = subcommands().map(|command| command.name).collect();
            names.sort_unstable();
            Err(CliError::usage(format!(
                "{word}: no such command; there are render (the default), {}, and flags, which \
                 start with a dash",
                names.join(", ")
            )))
        }
    }
}

/// A command's flags, and how they are spelled.
pub struct Described {
    /// The flags, with their help.
    pub command: Command,
    /// The dashes of the flags.
    pub spellings: Spellings,
}

impl Described {
    /// The program without a command's name: `render`.
    pub fn render() -> Described {
        let command = flags::command();
        let spellings = Spellings::of(&command, flags::double_dash_only());
        Described { command, spellings }
    }
}

impl Subcommand {
    /// The flags of the command.
    pub fn described(&self) -> Described {
        match self.flags {
            Flags::Own { command, either } => {
                let command = last_one_counts(command());
                let name = format!("nanobragg {}", self.name);
                let spellings = Spellings::with(&name, &command, either);
                Described { command, spellings }
            }
            Flags::OfRender(described) => described(),
        }
    }
}
