//! What a command line comes to: a document, the flags that gave its values, and how keys are
//! spelled when a message names them.

use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::super::CliError;
use super::super::arguments::shown;
use super::{Effect, Flag, all, of_key, slab};
use crate::document::{
    Document, DocumentError, Form, KEYS, Key, Kind, Message, Named, Refused, Value,
};
use crate::experiment::Pivot;

/// A command line made sense of, and the experiment file below it.
#[derive(Default)]
pub struct Given {
    /// What the file and the flags say.
    pub document: Document,
    /// The flags, in the order in which they count.
    pub flags: Vec<&'static Flag>,
    /// How keys are spelled.
    pub spelling: Spelling,
    /// What the user should know of flags that are ignored.
    pub notices: Vec<String>,
}

/// Where the values of keys come from.
#[derive(Default)]
pub struct Spelling {
    /// Keys, with their axis where they have several, and the flags that gave them.
    flags: Vec<(Named, &'static Flag)>,
    /// The experiment file.
    file: PathBuf,
    /// What the file says, as far as no flag takes its place.
    of_file: Document,
}

impl std::fmt::Debug for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.shown())
    }
}

/// A value as a word of a command line.
pub fn word(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Truth(truth) => truth.to_string(),
        Value::Whole(whole) => whole.to_string(),
        Value::Number(number) => format!("{number:?}"),
        Value::List(values) => values.iter().map(word).collect::<Vec<_>>().join(" "),
        Value::Table(entries) => slab::word(entries),
    }
}

impl Given {
    /// What the flags among `matches` say, the later over the earlier.
    ///
    /// # Errors
    /// [`CliError::Usage`] for values that make no sense together, and flags that are refused.
    pub fn of(matches: &ArgMatches) -> Result<Given, CliError> {
        Given::of_flags(matches, all())
    }

    fn of_flags(
        matches: &ArgMatches,
        flags: impl Iterator<Item = &'static Flag>,
    ) -> Result<Given, CliError> {
        let mut given = Given::default();
        let mut flags: Vec<(usize, &'static Flag)> = flags
            .filter_map(|flag| Some((position(matches, flag)?, flag)))
            .collect();
        flags.sort_by_key(|(position, _)| *position);
        for (_, flag) in flags {
            given.take(flag, &words(matches, flag))?;
            given.flags.push(flag);
        }
        Ok(given)
    }

    /// Takes in a flag with its values, which are `words`.
    fn take(&mut self, flag: &'static Flag, words: &[String]) -> Result<(), CliError> {
        let of_words = |key: &Key, words: &[String]| -> Result<Vec<Value>, CliError> {
            let wrong =
                |word: &str, error| CliError::Usage(format!("{} {word}: {error}", flag.shown()));
            let values = words.iter().map(|word| match key.kind {
                Kind::Slab => slab::value(word).map_err(|error| wrong(word, error)),
                kind => kind
                    .of_word(word)
                    .map_err(|error| wrong(&words.join(" "), error)),
            });
            values.collect()
        };
        let (key, axis, value) = match flag.effect {
            Effect::Value(key) | Effect::Optional(key, _) => {
                let mut values = of_words(key, words)?;
                let alone = !matches!(key.form, Form::Array(..) | Form::Repeated)
                    || matches!(
                        (&key.kind, &values[..]),
                        (Kind::WordOrNumber(..), [Value::Text(_)])
                    );
                let value = match alone.then(|| values.pop()).flatten() {
                    Some(value) => value,
                    None => Value::List(values),
                };
                (key, None, value)
            }
            Effect::Swapped(key) => {
                let mut values = of_words(key, words)?;
                values.reverse();
                (key, None, Value::List(values))
            }
            Effect::Each(key) => (key, None, Value::List(of_words(key, words)?)),
            Effect::Axis(key, axis) => {
                let value = of_words(key, words)?.pop();
                (key, Some(axis), value.unwrap_or(Value::Truth(true)))
            }
            Effect::Is(key, constant) => (key, None, constant.value()),
            Effect::Ignored(instead) => {
                let flag = flag.shown();
                self.notices.push(format!("{flag} is ignored: {instead}"));
                return Ok(());
            }
            Effect::Refused(why) => {
                let flag = flag.shown();
                return Err(CliError::Usage(format!("{flag} is not supported: {why}")));
            }
            Effect::Program(_) => return Ok(()),
        };
        self.document.give(key, axis, &value).map_err(|refused| {
            let what = match refused {
                Refused::Expected(accepted) => format!("expected {accepted}"),
                Refused::Within(what) => what,
            };
            CliError::Usage(format!("{} {}: {what}", flag.shown(), words.join(" ")))
        })?;
        self.spelling.note(key, axis, flag);
        Ok(())
    }

    /// The flags over what an experiment file says.
    pub fn over(mut self, file: PathBuf, said: Document) -> Given {
        let left = said.yielding(&self.document);
        self.document = left.clone().under(&self.document);
        self.spelling.of_file = left;
        self.spelling.file = file;
        self
    }

    /// Settles what the order of flags says and a document has no room for: with custom axes, the
    /// detector turns about the point that the last flag of its place is about.
    pub fn settled(mut self) -> Given {
        use crate::document::key::detector as of;
        let about_beam: [&Key; 3] = [&of::distance, &of::beam_x, &of::beam_y];
        let about_sample: [&Key; 6] = [
            &of::close_distance,
            &of::close_x,
            &of::close_y,
            &of::origin_x,
            &of::origin_y,
            &of::two_theta,
        ];
        let mut keys = self.flags.iter().rev().filter_map(|flag| flag.key());
        let last = keys.find_map(|key| match key {
            _ if about_beam.contains(&key) => Some(Pivot::Beam),
            _ if about_sample.contains(&key) => Some(Pivot::Sample),
            _ => None,
        });
        let frame = &self.document.frame;
        let custom = frame.has_directions() && frame.first_pixel.is_none();
        if custom && self.document.detector.pivot.is_none() {
            self.document.detector.pivot = last;
        }
        self
    }
}

/// The position of the last value of `flag` on the command line, if it was given there.
fn position(matches: &ArgMatches, flag: &Flag) -> Option<usize> {
    let known = matches.try_contains_id(flag.name).unwrap_or(false);
    if !known || matches.value_source(flag.name) != Some(ValueSource::CommandLine) {
        return None;
    }
    // A flag without values has no index.
    Some(
        matches
            .indices_of(flag.name)
            .and_then(Iterator::max)
            .unwrap_or(0),
    )
}

/// The values that `flag` was given, as words.
fn words(matches: &ArgMatches, flag: &Flag) -> Vec<String> {
    if flag.count() == [0, 0] {
        return Vec::new();
    }
    let words = matches.get_raw(flag.name).into_iter().flatten();
    words.map(|word| shown(&word.to_string_lossy())).collect()
}

impl Spelling {
    fn note(&mut self, key: &'static Key, axis: Option<usize>, flag: &'static Flag) {
        let axes = match (axis, key.form) {
            (None, Form::Axes(axes)) => (0..axes.len()).map(Some).collect(),
            (axis, _) => vec![axis],
        };
        for axis in axes {
            let named = Named { key, axis };
            self.flags.retain(|(other, _)| *other != named);
            self.flags.push((named, flag));
        }
    }

    /// What the experiment file says, as far as no flag takes its place.
    pub fn of_file(&self) -> &Document {
        &self.of_file
    }

    /// Whether the experiment file gave `key`.
    pub fn is_of_file(&self, key: &'static Key) -> bool {
        key.is_in(&self.of_file) && self.flags_of(Named { key, axis: None }).is_empty()
    }

    /// The flags of the command line that gave what is `named`.
    fn flags_of(&self, named: Named) -> Vec<&'static Flag> {
        let own = self.flags.iter().filter(|(other, _)| {
            *other.key == *named.key && (named.axis.is_none() || other.axis == named.axis)
        });
        let mut flags: Vec<&'static Flag> = Vec::new();
        for (_, flag) in own {
            if flags.iter().all(|other| !std::ptr::eq(*other, *flag)) {
                flags.push(flag);
            }
        }
        flags
    }

    /// What is `named` as a flag: as it was given, as it would say what a file says, or as it could
    /// be given.
    fn spell(&self, named: Named) -> String {
        let given = self.flags_of(named);
        if !given.is_empty() {
            return given
                .iter()
                .map(|flag| flag.shown())
                .collect::<Vec<_>>()
                .join(", ");
        }
        let mut own = all().filter(|flag| flag.key().is_some_and(|key| *key == *named.key));
        let said = named.key.get(&self.of_file);
        let fitting = own.find(|flag| match (flag.effect, named.axis) {
            (Effect::Is(_, constant), _) => said == Some(constant.value()),
            (Effect::Axis(_, own), Some(axis)) => own == axis && said.is_none(),
            _ => false,
        });
        let flag = fitting.or(of_key(named.key));
        flag.map_or_else(|| named.key.to_string(), |flag| flag.shown().into())
    }

    /// `message` with the flags that its keys are, and behind it the keys that a file gave.
    pub fn of(&self, message: &Message) -> String {
        let mut explained: Vec<String> = Vec::new();
        let text = message.spelled(|named| {
            let flag = self.spell(named);
            if self.is_of_file(named.key) {
                let key = format!("{flag} is {}", named.key);
                if !explained.contains(&key) {
                    explained.push(key);
                }
            }
            flag
        });
        match explained.is_empty() {
            true => text,
            false => format!(
                "{text} ({} of {})",
                explained.join(", "),
                self.file.display()
            ),
        }
    }

    /// `error` of a document as one of the command line.
    pub fn error(&self, error: DocumentError) -> CliError {
        match error {
            DocumentError::Contradiction(message) => CliError::Usage(self.of(&message)),
            DocumentError::File(message) => CliError::Failed(anyhow::anyhow!(self.of(&message))),
            DocumentError::Format(error) => CliError::Failed(error.into()),
        }
    }
}

/// The flags that say what `document` says, as words of a command line.
pub fn words_of(document: &Document) -> Vec<String> {
    let mut words = Vec::new();
    for key in KEYS.iter().filter(|key| document.says(key)) {
        let Some(said) = key.get(document) else {
            continue;
        };
        let mut push = |flag: &Flag, value: Option<&Value>| match (value, flag.count()) {
            (None, _) => words.push(format!("--{}", flag.name)),
            (Some(Value::List(values)), [_, most]) if most > 1 => {
                words.push(format!("--{}", flag.name));
                words.extend(values.iter().map(word));
            }
            (Some(value), _) => words.push(format!("--{}={}", flag.name, word(value))),
        };
        for flag in all().filter(|flag| flag.key().is_some_and(|own| *own == **key)) {
            match (flag.effect, &said, key.form) {
                (Effect::Is(_, constant), said, _) if *said == constant.value() => push(flag, None),
                (Effect::Each(_), Value::List(values), _) => {
                    values.iter().for_each(|value| push(flag, Some(value)));
                }
                (Effect::Axis(_, axis), Value::List(values), Form::Axes(_)) => {
                    push(flag, values.get(axis));
                }
                (Effect::Axis(_, axis), Value::Table(entries), Form::Axes(axes)) => {
                    let own = entries
                        .iter()
                        .find(|(name, _)| axes.get(axis) == Some(&name.as_str()));
                    own.into_iter()
                        .for_each(|(_, value)| push(flag, Some(value)));
                }
                (Effect::Value(_), Value::List(_) | Value::Table(_), Form::Axes(_)) => {}
                (Effect::Value(_) | Effect::Optional(..), said, _) => push(flag, Some(said)),
                _ => {}
            }
        }
    }
    words
}

/// A section of a document from the flags of a command's own.
pub(super) fn section<T>(
    matches: &ArgMatches,
    flags: &'static [Flag],
    part: impl FnOnce(Document) -> T,
) -> Result<T, clap::Error> {
    let given = Given::of_flags(matches, flags.iter());
    let given =
        given.map_err(|error| clap::Error::raw(clap::error::ErrorKind::ValueValidation, error));
    Ok(part(given?.document))
}
