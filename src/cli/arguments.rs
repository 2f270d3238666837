//! From the words of a command line to flags: single and double dashes, unknown flags, and
//! clap's complaints as one line each.

use anstream::adapter::strip_str;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, Parser};

use super::{CliError, version};
use crate::document::{REMOVED, Removed};
use crate::formats::c_number;

/// How alike two spellings must be for one to be suggested for the other, 0 to 1.
const ALIKE: f64 = 0.7;

/// Clap starts the names of flags here in its help.
const FLAG_COLUMN: usize = 6;

/// The spellings of a command's flags.
pub struct Spellings {
    /// What starts the command: the program's name, and the command's.
    pub name: String,
    /// Flags that take one dash or two: the C program's.
    pub either: Vec<String>,
    /// Flags that take two dashes: this program's own.
    pub double: Vec<String>,
    /// Flags that take one value.
    single: Vec<String>,
    /// Flags that take several values.
    several: Vec<String>,
    /// Flags that earlier versions had.
    removed: &'static [Removed],
}

/// What a negative number of a flag with several values starts with while clap looks at it, which
/// takes some of them for flags: a character for use within a program only.
const MINUS: char = '\u{fdd0}';

/// `word` as the user gave it.
pub fn shown(word: &str) -> String {
    word.replace(MINUS, "-")
}

/// The spellings of those flags of `command` that take `several` values, or one.
fn of_values(command: &Command, several: bool) -> Vec<String> {
    let flags = command.get_arguments().filter(|flag| {
        let values = flag.get_num_args();
        let takes_several = values.is_some_and(|values| values.max_values() > 1);
        flag.get_action().takes_values() && takes_several == several
    });
    super::flags::spellings(flags)
}

impl Spellings {
    /// The spellings of the flags of `command`, of which `double` take two dashes.
    pub fn of(command: &Command, mut double: Vec<String>) -> Spellings {
        let mut either = super::flags::spellings(command.get_arguments());
        double.retain(|name| either.contains(name));
        either.retain(|name| !double.contains(name));
        let name = "nanobragg".into();
        Spellings {
            name,
            either,
            double,
            single: of_values(command, false),
            several: of_values(command, true),
            removed: REMOVED,
        }
    }

    /// The spellings of the command called `name`; its flags `either` take one dash or two.
    pub fn with(name: &str, command: &Command, either: &[&str]) -> Spellings {
        let mut double = super::flags::spellings(command.get_arguments());
        double.retain(|known| !either.contains(&known.as_str()));
        Spellings {
            name: name.into(),
            either: either.iter().map(ToString::to_string).collect(),
            double,
            single: of_values(command, false),
            several: of_values(command, true),
            removed: &[],
        }
    }

    /// `words` with every flag's dashes doubled, as clap wants them, and with negative numbers,
    /// which are no flags, in a form that clap takes for values; what stands behind `--` is not
    /// looked at.
    fn normalised(&self, words: &[String]) -> Result<Vec<String>, CliError> {
        let own = words.iter().position(|word| word == "--");
        let (words, behind) = words.split_at(own.unwrap_or(words.len()));
        let mut normalised: Vec<String> = Vec::with_capacity(words.len() + behind.len());
        // Whether the last flag takes several values.
        let mut takes_several = false;
        for word in words {
            if !self.is_negative_number(word) {
                let word = self.normalise(word)?;
                if word.starts_with("--") {
                    takes_several = is_one_of(&self.several, &word);
                }
                normalised.push(word);
                continue;
            }
            match normalised.last_mut() {
                Some(flag) if is_one_of(&self.single, flag) => {
                    flag.push('=');
                    flag.push_str(word);
                }
                _ if takes_several => normalised.push(word.replacen('-', &MINUS.to_string(), 1)),
                _ => return Err(CliError::Usage(self.no_flag(word))),
            }
        }
        normalised.extend_from_slice(behind);
        Ok(normalised)
    }

    /// Whether `word` is a negative number, or meant as one: it goes on like one, and is no flag.
    fn is_negative_number(&self, word: &str) -> bool {
        let Some(rest) = word.strip_prefix('-') else {
            return false;
        };
        let is_meant = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        c_number::number(word).is_some() || (is_meant && !self.knows(rest))
    }

    /// Whether `flag`, without dashes, is a flag of the command, with a value behind a sign or not.
    fn knows(&self, flag: &str) -> bool {
        let name = flag.split('=').next();
        let mut names = self.either.iter().chain(&self.double);
        names.any(|known| Some(known.as_str()) == name)
    }

    fn normalise(&self, word: &str) -> Result<String, CliError> {
        let (dashes, name) = match word.strip_prefix("--") {
            Some(name) => (2, name),
            None => (1, word.strip_prefix('-').unwrap_or_default()),
        };
        // A lone dash or no flag at all is a value.
        if name.is_empty() {
            return Ok(word.to_string());
        }
        let bare = name.split_once('=').map_or(name, |(bare, _)| bare);
        let known = |names: &[String]| names.iter().any(|known| known == bare);
        if known(&self.either) || (dashes == 2 && known(&self.double)) || ["h", "V"].contains(&bare)
        {
            let dashes = if bare.len() == 1 && !known(&self.either) {
                "-"
            } else {
                "--"
            };
            return Ok(format!("{dashes}{name}"));
        }
        if ["version", "help"].contains(&bare) && dashes == 2 {
            return Ok(word.to_string());
        }
        if let Some(removed) = self.removed.iter().find(|removed| removed.flag == bare) {
            let instead = removed.instead;
            return Err(CliError::usage(format!(
                "{word}: no longer a flag; {instead}"
            )));
        }
        let advice = match self.nearest(bare) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("{} -h lists the flags", self.name),
        };
        Err(CliError::usage(format!("{word}: no such flag; {advice}")))
    }

    /// The flag, dashes and all, whose spelling is most like `name`.
    fn nearest(&self, name: &str) -> Option<String> {
        let either = self.either.iter().map(|known| (format!("-{known}"), known));
        let double = self
            .double
            .iter()
            .map(|known| (format!("--{known}"), known));
        let likeness =
            |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
        either
            .chain(double)
            .map(|(shown, known)| (likeness(known), shown))
            .filter(|(likeness, _)| *likeness > ALIKE)
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(_, shown)| shown)
    }

    /// `text`, clap's help in colours or without, with the single dashes that the C program's flags
    /// are known by.
    pub fn single_dashed(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(place) = rest.find("--") {
            let (before, flag) = rest.split_at(place);
            shown.push_str(before);
            let name_end = flag[2..]
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
                .map_or(flag.len(), |end| end + 2);
            let name = &flag[2..name_end];
            if self.either.iter().any(|known| known == name) {
                // In the column of the flags the second dash's place is kept: help stays aligned.
                let line = strip_str(shown.rsplit('\n').next().unwrap_or_default()).to_string();
                let in_column = line.len() == FLAG_COLUMN && line.trim().is_empty();
                shown.push_str(if in_column { " -" } else { "-" });
            } else {
                shown.push_str("--");
            }
            shown.push_str(name);
            rest = &flag[name_end..];
        }
        shown + rest
    }
}

/// Whether `word` is one of the flags `names`, with two dashes and no value.
fn is_one_of(names: &[String], word: &str) -> bool {
    let name = word.strip_prefix("--");
    name.is_some_and(|name| names.iter().any(|known| known == name))
}

/// Parses `words`, the command line behind the program's name.
///
/// # Errors
/// [`CliError::Usage`] with one line that names the flag, what was found and what is accepted.
pub fn parse(
    command: Command,
    spellings: &Spellings,
    words: &[String],
) -> Result<ArgMatches, CliError> {
    let words = spellings.normalised(words)?;
    let program = std::iter::once("nanobragg".to_string());
    command
        .try_get_matches_from(program.chain(words))
        .map_err(|error| match error.kind() {
            ErrorKind::DisplayVersion => CliError::Text(version::text()),
            _ => CliError::Usage(spellings.one_line(&error)),
        })
}

/// Parses the words of a command that has flags of its own only, all with two dashes.
///
/// # Errors
/// As [`parse`], and [`CliError::Text`] with the command's help.
pub fn parse_own<F: Parser>(name: &str, words: &[String]) -> Result<F, CliError> {
    parse_with(name, words, &[])
}

/// [`parse_own`], for a command that knows a few of the C program's flags, `either`, which take one
/// dash or two.
///
/// # Errors
/// As [`parse_own`].
pub fn parse_with<F: Parser>(name: &str, words: &[String], either: &[&str]) -> Result<F, CliError> {
    let command = super::flags::last_one_counts(F::command()).version(version::NUMBER);
    let spellings = Spellings::with(name, &command, either);
    let wrong = |line: String| CliError::Usage(format!("{name}: {line}"));
    let words = spellings.normalised(words).map_err(|error| match error {
        CliError::Usage(line) => wrong(line),
        other => other,
    })?;
    let matches = command
        .try_get_matches_from(std::iter::once(name.to_string()).chain(words))
        .map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp => {
                let help = error.render().ansi().to_string();
                CliError::Text(spellings.single_dashed(&help))
            }
            ErrorKind::DisplayVersion => CliError::Text(version::text()),
            _ => wrong(spellings.one_line(&error)),
        })?;
    F::from_arg_matches(&matches).map_err(CliError::usage)
}

impl Spellings {
    /// That `word` stands where a flag should.
    fn no_flag(&self, word: &str) -> String {
        format!(
            "{word}: expected a flag; {} -h lists them, and values follow their flag",
            self.name
        )
    }

    /// What clap found, in one line.
    fn one_line(&self, error: &clap::Error) -> String {
        let context = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(shown(text)),
            Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
            Some(ContextValue::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let named = context(ContextKind::InvalidArg).unwrap_or_default();
        let named = self.single_dashed(&named).trim().to_string();
        // Clap's name of a flag goes on with the names of its values.
        let (flag, takes) = named.split_once(' ').unwrap_or((&named, ""));
        let value = context(ContextKind::InvalidValue).unwrap_or_default();
        match error.kind() {
            ErrorKind::ValueValidation => {
                let source = std::error::Error::source(error);
                let expected = source.map(ToString::to_string).unwrap_or_default();
                let name = flag.trim_start_matches('-');
                let takes_several = self.several.iter().any(|several| several == name);
                let commas = if takes_several && value.contains(',') {
                    "; separate numbers with spaces"
                } else {
                    ""
                };
                format!("{flag} {value}: {expected}{commas}")
            }
            ErrorKind::InvalidValue if value.is_empty() => {
                format!("{flag}: it takes {}", takes.trim_end_matches("..."))
            }
            ErrorKind::InvalidValue => {
                let accepted = context(ContextKind::ValidValue).unwrap_or_default();
                format!("{flag} {value}: expected one of {accepted}")
            }
            ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
                format!("{flag}: it takes {}", takes.trim_end_matches("..."))
            }
            ErrorKind::MissingRequiredArgument => {
                format!("{named}: missing; {} -h tells what goes there", self.name)
            }
            ErrorKind::ArgumentConflict => {
                let other = context(ContextKind::PriorArg).unwrap_or_default();
                let other = self.single_dashed(&other);
                let other = other.split(' ').next().unwrap_or_default();
                format!("{flag} and {other} do not go together; leave one of them out")
            }
            ErrorKind::UnknownArgument | ErrorKind::TooManyValues => {
                self.no_flag(if flag.is_empty() { &value } else { flag })
            }
            _ => error
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_string(),
        }
    }
}
