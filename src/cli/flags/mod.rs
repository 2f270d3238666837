//! The flags of a render: what each is, from one row of [`table`], and what a command line of them
//! comes to.

mod given;
mod output;
mod printout;
mod program;
mod request;
mod slab;
mod style;
mod table;

use super::arguments::shown;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use crate::document::{Form, Key, Kind, Value, key};

pub use given::{Given, words_of};
pub use output::{Output, geometry_notices, name_notices, seed};
pub use printout::Printout;
pub use program::ProgramFlags;
pub use request::Request;
pub use style::{NoiseFlags, StyleFlags, choice};
pub use table::SERIES;
use table::TOPICS;

pub use crate::formats::format::extension;
pub use crate::series::OutputKind;

/// The keys of the detector's size.
pub static DETECTOR_SIZE: [&Key; 2] = [&key::detector::pixels, &key::detector::size];

/// A flag of a render.
pub struct Flag {
    /// What it is about: a heading of the help.
    pub topic: &'static str,
    /// One dash or two.
    pub dashes: Dashes,
    /// Name of the flag, without dashes.
    pub name: &'static str,
    /// The flag as it is shown to users.
    shown: &'static str,
    /// Other names, of the C program.
    pub aliases: &'static [&'static str],
    /// What its values are called in help; none of a switch.
    pub values: &'static [&'static str],
    /// What it does.
    pub effect: Effect,
    /// What it is for.
    pub help: &'static str,
}

/// How many dashes a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dashes {
    /// One, as in the C program, or two.
    One,
    /// Two: the flag is new in this program.
    Two,
}

/// What a flag does.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// Gives a key the flag's values.
    Value(&'static Key),
    /// Gives a key the flag's value, or this word where it has none.
    Optional(&'static Key, &'static str),
    /// Gives one axis of a key its value.
    Axis(&'static Key, usize),
    /// Gives a key this value.
    Is(&'static Key, Constant),
    /// Adds a value to a key: the flag counts every time it is given.
    Each(&'static Key),
    /// Gives a key the flag's two values, the second first.
    Swapped(&'static Key),
    /// Nothing, as in the C program, for this reason.
    Ignored(&'static str),
    /// The flag is an error, for this reason.
    Refused(&'static str),
    /// The flag is about the program and has no key, for this reason.
    Program(&'static str),
}

/// A value that a switch stands for.
#[derive(Debug, Clone, Copy)]
pub enum Constant {
    /// `true`.
    Yes,
    /// `false`.
    No,
    /// A word.
    Word(&'static str),
}

impl Constant {
    fn value(self) -> Value {
        match self {
            Constant::Yes => Value::Truth(true),
            Constant::No => Value::Truth(false),
            Constant::Word(word) => Value::Text(word.into()),
        }
    }
}

/// Every flag, of a render and of a series.
pub fn all() -> impl Iterator<Item = &'static Flag> {
    TOPICS.iter().copied().chain([SERIES]).flatten()
}

/// The flag with this name or synonym.
pub fn find(name: &str) -> Option<&'static Flag> {
    all().find(|flag| flag.spellings().any(|own| own == name))
}

/// The first flag that gives `key` a value.
pub fn of_key(key: &Key) -> Option<&'static Flag> {
    all().find(|flag| flag.key().is_some_and(|own| *own == *key))
}

/// Whether `key` tells of files, printouts or the program, and not of the experiment.
pub fn is_of_the_run(key: &Key) -> bool {
    use crate::document::key::{noise, sampling};
    // A random misset takes its seed from the noise's.
    (["noise", "counts", "picture", "output", "run"].contains(&key.section) && *key != noise::seed)
        || *key == sampling::f16_structure_factors
}

impl Flag {
    /// All its names.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The flag as it is shown to users.
    pub fn shown(&self) -> &'static str {
        self.shown
    }

    /// The key that it gives a value.
    pub fn key(&self) -> Option<&'static Key> {
        match self.effect {
            Effect::Value(key)
            | Effect::Optional(key, _)
            | Effect::Axis(key, _)
            | Effect::Is(key, _)
            | Effect::Each(key)
            | Effect::Swapped(key) => Some(key),
            Effect::Ignored(_) | Effect::Refused(_) | Effect::Program(_) => None,
        }
    }

    /// Whether the flag is about files, printouts or the program, and not about the experiment.
    pub fn is_of_the_run(&self) -> bool {
        match self.effect {
            Effect::Program(_) => true,
            _ => self.key().is_some_and(is_of_the_run),
        }
    }

    /// Whether the flag names a file to read.
    pub fn reads_a_file(&self) -> bool {
        let key = self.key().filter(|key| matches!(key.kind, Kind::Path));
        key.is_some_and(|key| !is_of_the_run(key))
    }

    /// Words that its values may be beside others.
    pub fn known_words(&self) -> &'static [&'static str] {
        match self.key().map(|key| &key.kind) {
            Some(Kind::WordOrNumber("inf", _)) => &["inf"],
            Some(Kind::WordOrNumber(..)) => &["random"],
            _ if self.name == "device" => &["all", "auto", "cpu", "gpu"],
            _ => &[],
        }
    }

    /// The least and the largest number of its values; none of a switch.
    pub fn count(&self) -> [usize; 2] {
        match self.effect {
            _ if self.values.is_empty() => [0, 0],
            Effect::Ignored(_) | Effect::Optional(..) => [0, 1],
            Effect::Value(key) | Effect::Swapped(key) => match key.form {
                // A word may stand for all numbers.
                Form::Array(_, most) if matches!(key.kind, Kind::WordOrNumber(..)) => [1, most],
                Form::Array(least, most) => [least, most],
                _ => [1, 1],
            },
            _ => [1, 1],
        }
    }

    /// The flag as clap has it, with its name as id.
    fn arg(&self) -> Arg {
        let [least, most] = self.count();
        let mut arg = Arg::new(self.name)
            .long(self.name)
            .help(self.help)
            .visible_aliases(self.aliases.iter().copied());
        match self.name {
            "help" => arg = arg.short('h'),
            "version" => return arg.short('V').action(ArgAction::Version),
            _ => {}
        }
        if most == 0 {
            return arg.action(ArgAction::SetTrue);
        }
        arg = arg.value_names(self.values.iter().copied());
        arg = match self.effect {
            Effect::Each(_) => arg.action(ArgAction::Append),
            Effect::Optional(_, word) => arg.num_args(0..=1).default_missing_value(word),
            _ if most == 1 && least == 1 => arg.action(ArgAction::Set),
            _ => arg.action(ArgAction::Set).num_args(least..=most),
        };
        let Some(key) = self.key() else {
            return match self.effect {
                Effect::Program(_) => arg.value_parser(clap::value_parser!(std::path::PathBuf)),
                _ => arg,
            };
        };
        match &key.kind {
            Kind::Choice(words) => arg.value_parser(PossibleValuesParser::new(words.iter())),
            Kind::Path => arg.value_parser(clap::value_parser!(std::path::PathBuf)),
            Kind::Slab => {
                arg.value_parser(|word: &str| slab::value(word).map(|_| word.to_string()))
            }
            // What is wrong with one angle is wrong with all three.
            Kind::WordOrNumber(..) if most > 1 => arg,
            kind => arg.value_parser(move |word: &str| {
                let word = shown(word);
                kind.of_word(&word).map(|_| word)
            }),
        }
    }
}

/// `command` with the flags of `topics`.
pub fn augmented(mut command: Command, topics: &[&'static [Flag]]) -> Command {
    for flag in topics.iter().copied().flatten() {
        command = command.arg(flag.arg().help_heading(flag.topic));
    }
    command
}

/// The command that understands the flags, with their help.
pub fn command() -> Command {
    let command = Command::new("nanobragg")
        .version(crate::version::NUMBER)
        .about("X-ray diffraction images of nanocrystals, with nanoBragg's own flags")
        .override_usage(
            "nanobragg -hkl FILE -mat FILE [flags]\n       \
             nanobragg --pdb FILE [flags]\n       \
             nanobragg -default_F 100 -cell 70 80 90 [flags]\n       \
             nanobragg series      many frames: a scan, or random orientations\n       \
             nanobragg noise       a detector's noise on an image there is\n       \
             nanobragg convert     an image in another format\n       \
             nanobragg info        what an image file holds\n       \
             nanobragg compare     how far apart are two images\n       \
             nanobragg devices     what can render here\n       \
             nanobragg validate    is what a GPU renders right?\n       \
             nanobragg bench       how fast this machine renders, and how alike\n       \
             nanobragg trace       how a pixel's value comes about\n       \
             nanobragg gradient    how an image changes with what describes it\n       \
             nanobragg refine      what measured frames tell of their crystal\n       \
             nanobragg man         manual pages\n       \
             nanobragg completions what completes flags in bash, zsh and fish",
        )
        .after_help(
            "A flag that is given twice counts as it was given last. With no output flag, the files \
             named as defaults are written; with any, only those asked for.",
        );
    of_a_render(command)
}

/// `command` with all flags, which count as they were given last.
pub fn of_a_render(command: Command) -> Command {
    let command = augmented(command, &TOPICS)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .next_line_help(false)
        .term_width(100);
    last_one_counts(command)
}

/// `command`, whose flags count as they were given last; files that stand between flags all count.
pub fn last_one_counts(command: Command) -> Command {
    // clap would gather the values of a flag with several from every time that it is given.
    let repeats = |id: &str| find(id).is_some_and(|flag| matches!(flag.effect, Effect::Each(_)));
    command
        .args_override_self(true)
        .mut_args(|flag| match flag.get_action() {
            ArgAction::Append if !(flag.is_positional() || repeats(flag.get_id().as_str())) => {
                flag.action(ArgAction::Set)
            }
            _ => flag,
        })
}

/// Every spelling of the flags that are new in this program and take two dashes.
pub fn double_dash_only() -> Vec<String> {
    let new = all().filter(|flag| flag.dashes == Dashes::Two);
    new.flat_map(Flag::spellings).map(str::to_string).collect()
}

/// Every spelling of `flags`.
pub fn spellings<'a>(flags: impl Iterator<Item = &'a Arg>) -> Vec<String> {
    let long = flags.filter_map(Arg::get_long_and_visible_aliases);
    long.flatten().map(str::to_string).collect()
}

/// What is meant by a name that is no key of an experiment file: who knows the flags may try
/// theirs.
pub fn advice(_section: Option<&str>, name: &str) -> Option<String> {
    let flag = find(name)?;
    Some(match flag.effect {
        Effect::Program(why) => format!("{} {why}", flag.shown()),
        Effect::Ignored(_) => format!("{} is ignored, as by the C program", flag.shown()),
        Effect::Refused(_) => format!("{} is not supported", flag.shown()),
        _ => format!("did you mean {}?", flag.key()?),
    })
}

#[cfg(test)]
mod tests;
