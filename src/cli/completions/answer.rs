//! What fits at the end of a command line.

use std::any::TypeId;
use std::path::PathBuf;

use clap::Arg;

use super::super::commands::{Described, named, subcommands};
use super::super::flags;

/// Words that flags without a closed list of values take among others; by command (none for any)
/// and flag.
const KNOWN_WORDS: [(&str, &str, &[&str]); 5] = [
    ("trace", "device", &["cpu", "gpu", "both"]),
    ("validate", "device", &["gpu"]),
    ("gradient", "psf", &["gauss", "fiber"]),
    ("gradient", "of", &["all"]),
    ("", "device", &["auto", "cpu", "gpu"]),
];

/// What fits.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// Nothing that the program knows of: a number, say.
    Nothing,
    /// The name of a file.
    Files,
    /// These words, each with its meaning.
    Words(Vec<(String, String)>),
}

/// What fits in the place of the last of `words`, which may have begun.
pub fn answer_to(words: &[String]) -> Answer {
    let Some((current, before)) = words.split_last() else {
        return Answer::Nothing;
    };
    let (flags, before) = match before.split_first() {
        None if !current.starts_with('-') => return commands(current),
        None => (Flags::new("", Described::render()), before),
        Some((word, rest)) => match named(word) {
            Some(command) => (Flags::new(command.name, command.described()), rest),
            None if word == "render" => (Flags::new("", Described::render()), rest),
            None => (Flags::new("", Described::render()), before),
        },
    };
    let own = before.iter().position(|word| word == "--");
    match own.filter(|_| flags.takes_a_scenario()) {
        Some(own) => Flags::of_a_scenario().answer(&before[own + 1..], current),
        None => flags.answer(before, current),
    }
}

/// The commands that start like `current`.
fn commands(current: &str) -> Answer {
    let fitting = subcommands().filter(|command| command.name.starts_with(current));
    Answer::Words(
        fitting
            .map(|command| {
                let about = command.described().command.get_about().map(one_line);
                (command.name.to_string(), about.unwrap_or_default())
            })
            .collect(),
    )
}

/// The flags that a part of a command line is made of.
struct Flags {
    command: &'static str,
    described: Described,
    /// Ids of those that do not belong here.
    without: Vec<&'static str>,
}

impl Flags {
    fn new(command: &'static str, mut described: Described) -> Flags {
        // Adds those for help and the version.
        described.command.build();
        Flags {
            command,
            described,
            without: Vec::new(),
        }
    }

    /// The flags that tell a command behind `--` what to render.
    fn of_a_scenario() -> Flags {
        let run = flags::all().filter(|flag| flag.is_of_the_run());
        Flags {
            without: run.map(|flag| flag.name).collect(),
            ..Flags::new("", Described::render())
        }
    }

    /// Whether the command takes a scenario behind `--`.
    fn takes_a_scenario(&self) -> bool {
        self.described.command.get_arguments().any(Arg::is_last_set)
    }

    /// What fits behind the words `before` in the place of `current`.
    fn answer(&self, before: &[String], current: &str) -> Answer {
        // Bash hands on the parts of --flag=value as words of their own.
        let (before, current) = match (before, current) {
            (before, "=") => (before, ""),
            ([before @ .., sign], current) if sign == "=" => (before, current),
            _ => (before, current),
        };
        if let Some((flag, value)) = current.split_once('=')
            && let Some(known) = self.flag(flag)
        {
            return match self.values(known, value) {
                Answer::Words(words) => {
                    let whole = words.into_iter();
                    Answer::Words(
                        whole
                            .map(|(w, meaning)| (format!("{flag}={w}"), meaning))
                            .collect(),
                    )
                }
                other => other,
            };
        }
        let mut open: Option<(&Arg, usize)> = None;
        let mut positionals = 0;
        for word in before {
            let flag = word.split('=').next().and_then(|name| self.flag(name));
            open = match (flag, open) {
                (Some(flag), _) => Some((flag, usize::from(word.contains('=')))),
                (None, Some((flag, taken))) if taken < most(flag) => Some((flag, taken + 1)),
                (None, _) => {
                    positionals += 1;
                    None
                }
            };
        }
        let open = open.filter(|(flag, taken)| *taken < most(flag));
        if let Some((flag, taken)) = open {
            let enough = taken >= least(flag);
            let values = match current.starts_with('-') {
                true => Answer::Nothing,
                false => self.values(flag, current),
            };
            if !enough || values != Answer::Nothing {
                return values;
            }
        }
        let positional = self.described.command.get_positionals();
        let positional = positional
            .filter(|flag| !flag.is_last_set())
            .nth(positionals);
        match positional {
            Some(flag) if !current.starts_with('-') => self.values(flag, current),
            _ => self.flags(current),
        }
    }

    /// The flag that `word` stands for.
    fn flag(&self, word: &str) -> Option<&Arg> {
        let name = word.strip_prefix("--").or(word.strip_prefix('-'))?;
        let mut flags = self.described.command.get_arguments();
        flags.find(|flag| {
            let long = flag.get_long_and_visible_aliases().unwrap_or_default();
            long.contains(&name)
                || flag
                    .get_short()
                    .is_some_and(|short| name == short.to_string())
        })
    }

    /// The flags that start like `current`; synonyms only where no flag's own name does.
    fn flags(&self, current: &str) -> Answer {
        let flags = self.described.command.get_arguments().filter(|flag| {
            let id = flag.get_id().as_str();
            !flag.is_positional() && !self.without.contains(&id)
        });
        let flags: Vec<&Arg> = flags.collect();
        let dashed = |name: &str| {
            let either = self.described.spellings.either.iter().any(|e| e == name);
            // Who types the second dash gets it.
            let single = either && (current.len() < 3 || !current.starts_with("--"));
            format!("{}{name}", if single { "-" } else { "--" })
        };
        let fitting = |names: fn(&Arg) -> Vec<&str>| {
            let all = flags.iter().flat_map(|flag| {
                let meaning = flag.get_help().map(one_line).unwrap_or_default();
                names(flag)
                    .into_iter()
                    .map(move |name| (dashed(name), meaning.clone()))
            });
            let mut all: Vec<_> = all.filter(|(word, _)| word.starts_with(current)).collect();
            all.sort();
            all
        };
        let own = fitting(|flag| flag.get_long().into_iter().collect());
        match own.is_empty() {
            false => Answer::Words(own),
            true => Answer::Words(fitting(|flag| {
                flag.get_visible_aliases().unwrap_or_default()
            })),
        }
    }

    /// What fits as a value of `flag`.
    fn values(&self, flag: &Arg, current: &str) -> Answer {
        let id = flag.get_id().as_str();
        let known = KNOWN_WORDS.iter().find(|(command, name, _)| {
            *name == id && (command.is_empty() || *command == self.command)
        });
        let known = known.map(|(_, _, words)| *words);
        let known =
            known.or_else(|| Some(flags::find(id)?.known_words()).filter(|w| !w.is_empty()));
        let listed = flag.get_possible_values();
        let words: Vec<(String, String)> = match known {
            Some(words) => {
                let words = words.iter();
                words
                    .map(|word| (word.to_string(), String::new()))
                    .collect()
            }
            None => listed
                .iter()
                .map(|value| {
                    let meaning = value.get_help().map(one_line);
                    (value.get_name().to_string(), meaning.unwrap_or_default())
                })
                .collect(),
        };
        if !words.is_empty() {
            let fitting = words.into_iter();
            return Answer::Words(fitting.filter(|(w, _)| w.starts_with(current)).collect());
        }
        let names = flag.get_value_names().unwrap_or_default();
        let path = flag.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        match path || names.iter().any(|name| name.starts_with("FILE")) {
            true => Answer::Files,
            false => Answer::Nothing,
        }
    }
}

/// Most values that `flag` takes.
fn most(flag: &Arg) -> usize {
    let range = flag.get_num_args();
    range.map_or(0, |range| range.max_values())
}

/// Fewest values that `flag` takes.
fn least(flag: &Arg) -> usize {
    let range = flag.get_num_args();
    range.map_or(0, |range| range.min_values())
}

fn one_line(text: &clap::builder::StyledStr) -> String {
    let text = text.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
