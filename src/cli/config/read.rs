//! Experiment files: from keys and values to flags.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::displaced::ALTERNATIVES;
use super::inputs::{self, Recorded};
use super::keys::{Form, INPUTS, KEYS, Key, SLAB, sections};
use super::suggest::nearest_key;
use crate::cli::flags::{Catalogue, ValueKind};
use crate::formats::Problem;

/// A flag that a file gives.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFlag {
    /// Its id.
    pub id: &'static str,
    /// Its values; none of a switch.
    pub values: Vec<String>,
    /// The line of its key.
    pub line: usize,
    /// The key, with its section.
    pub key: String,
}

/// What a file says.
#[derive(Debug, Default)]
pub struct Said {
    /// The flags, in the order of [`KEYS`].
    pub flags: Vec<FileFlag>,
    /// The files that it was written with.
    pub recorded: Vec<Recorded>,
}

type Table<'t> = DeTable<'t>;
type Value<'t> = Spanned<DeValue<'t>>;

/// What `text`, an experiment file whose paths start from `folder`, says.
///
/// # Errors
/// A [`Problem`] with the line, the key, what was found there and what is accepted.
pub fn parse(text: &str, folder: &Path, catalogue: &Catalogue) -> Result<Said, Problem> {
    let document = DeTable::parse(text).map_err(|error| {
        let what = format!("not read as TOML: {}", error.message().trim());
        match error.span() {
            Some(span) => Problem::on_line(line_of(text, span.start), what),
            None => Problem::with_file(what),
        }
    })?;
    let reader = Reader {
        text,
        folder,
        catalogue,
    };
    reader.said(document.get_ref())
}

fn line_of(text: &str, place: usize) -> usize {
    let before = text.as_bytes().iter().take(place);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

struct Reader<'r> {
    text: &'r str,
    folder: &'r Path,
    catalogue: &'r Catalogue,
}

/// A value, and the key that it stands behind.
struct Place<'r> {
    reader: &'r Reader<'r>,
    key: &'static Key,
    line: usize,
}

impl Reader<'_> {
    fn said(&self, document: &Table) -> Result<Said, Problem> {
        let mut said = Said::default();
        let line = |name: &Spanned<DeString>| line_of(self.text, name.span().start);
        for (section, table) in document {
            let name = section.get_ref().as_ref();
            let Some(table) = table.get_ref().as_table() else {
                let advice = nearest_key(None, name, self.catalogue);
                return Err(Problem::on_line(
                    line(section),
                    format!("{name} stands in no section; {advice}"),
                ));
            };
            if name == INPUTS {
                said.recorded = inputs::recorded(table, self.folder, |at| line_of(self.text, at))?;
                continue;
            }
            if !sections().contains(&name) {
                return Err(Problem::on_line(
                    line(section),
                    format!(
                        "[{name}]: no such section; there are {} and {INPUTS}",
                        sections().join(", ")
                    ),
                ));
            }
            for (key, _) in table {
                let own = key.get_ref().as_ref();
                let known = KEYS.iter();
                if !known.clone().any(|k| k.section == name && k.name == own) {
                    let advice = nearest_key(Some(name), own, self.catalogue);
                    return Err(Problem::on_line(
                        line(key),
                        format!("{name}.{own}: no such key; {advice}"),
                    ));
                }
            }
        }
        for key in KEYS {
            let section = document
                .get(key.section)
                .and_then(|section| section.get_ref().as_table());
            let Some((name, value)) = section.and_then(|section| section.get_key_value(key.name))
            else {
                continue;
            };
            let line = line(name);
            let place = Place {
                reader: self,
                key,
                line,
            };
            let flags = place.flags(value)?;
            said.flags
                .extend(flags.into_iter().map(|(id, values)| FileFlag {
                    id,
                    values,
                    line,
                    key: key.full(),
                }));
        }
        check_alternatives(&said.flags)?;
        Ok(said)
    }
}

/// Refuses two keys that say the same thing.
fn check_alternatives(flags: &[FileFlag]) -> Result<(), Problem> {
    let find = |ids: &[&str]| flags.iter().find(|flag| ids.contains(&flag.id));
    for (one, other) in ALTERNATIVES {
        if let (Some(one), Some(other)) = (find(one), find(other)) {
            return Err(Problem::on_line(
                other.line,
                format!(
                    "{} and {} say one thing in two ways; leave one of them out",
                    one.key, other.key
                ),
            ));
        }
    }
    Ok(())
}

/// Ids of flags with their values.
type Flags = Vec<(&'static str, Vec<String>)>;

impl Place<'_> {
    fn wrong(&self, what: impl std::fmt::Display) -> Problem {
        Problem::on_line(self.line, format!("{}: {what}", self.key.full()))
    }

    /// What was found where something else was expected.
    fn unexpected(&self, found: &Value, expected: &str) -> Problem {
        let span = found.span();
        let found = self.reader.text.get(span).unwrap_or_default();
        let first = found.lines().next().unwrap_or_default();
        let dots = if first.len() < found.len() {
            " …"
        } else {
            ""
        };
        let key = self.key.full();
        Problem::on_line(
            self.line,
            format!("{key} = {first}{dots}: expected {expected}"),
        )
    }

    fn flags(&self, value: &Value) -> Result<Flags, Problem> {
        let truth = || {
            let truth = value.get_ref().as_bool();
            truth.ok_or_else(|| self.unexpected(value, "true or false"))
        };
        Ok(match &self.key.form {
            Form::Values(id) => vec![(id, self.values(id, value)?)],
            Form::Switch(id, given) => match truth()? == *given {
                true => vec![(id, Vec::new())],
                false => Vec::new(),
            },
            Form::Toggle([on, off]) => vec![(if truth()? { on } else { off }, Vec::new())],
            Form::Choice(words) => {
                let word = value.get_ref().as_str();
                let found = words.iter().find(|(known, _)| Some(*known) == word);
                let Some((_, id)) = found else {
                    let words: Vec<String> = words
                        .iter()
                        .map(|(word, _)| format!("\"{word}\""))
                        .collect();
                    let expected = format!("one of {}", words.join(", "));
                    return Err(self.unexpected(value, &expected));
                };
                vec![(id, Vec::new())]
            }
            Form::Axes(all, each) => match value.get_ref().as_array() {
                None => vec![(all, self.values(all, value)?)],
                Some(array) if array.len() == each.len() => {
                    let values = each.iter().zip(array.iter());
                    let flags = values.map(|(id, value)| Ok((*id, self.values(id, value)?)));
                    flags.collect::<Result<_, Problem>>()?
                }
                Some(_) => {
                    let expected = format!("one value, or an array of {}", each.len());
                    return Err(self.unexpected(value, &expected));
                }
            },
            Form::Repeated(id) => {
                let values = self.array(value)?.iter();
                let flags = values.map(|value| Ok((*id, self.values(id, value)?)));
                flags.collect::<Result<_, Problem>>()?
            }
            Form::Slabs(id) => {
                let slabs = self.array(value)?.iter();
                let flags = slabs.map(|slab| Ok((*id, vec![self.slab(slab)?])));
                flags.collect::<Result<_, Problem>>()?
            }
        })
    }

    fn array<'v, 't>(&self, value: &'v Value<'t>) -> Result<&'v DeArray<'t>, Problem> {
        let array = value.get_ref().as_array();
        array.ok_or_else(|| self.unexpected(value, "an array"))
    }

    /// The words of a value, or of an array of as many as the flag takes.
    fn values(&self, id: &str, value: &Value) -> Result<Vec<String>, Problem> {
        let [least, most] = self.reader.catalogue.count(id);
        let kind = self.reader.catalogue.kind(id);
        match value.get_ref().as_array() {
            Some(array) if most > 1 && (least..=most).contains(&array.len()) => {
                array.iter().map(|value| self.word(kind, value)).collect()
            }
            None if least <= 1 => Ok(vec![self.word(kind, value)?]),
            _ => {
                let expected = match (least, most) {
                    (_, 1) => "one value".to_string(),
                    (least, usize::MAX) => format!("an array of {least} values or more"),
                    (least, most) if least == most => format!("an array of {most} values"),
                    (least, most) => format!("an array of {least} to {most} values"),
                };
                Err(self.unexpected(value, &expected))
            }
        }
    }

    /// A value as a word of a command line.
    fn word(&self, kind: ValueKind, value: &Value) -> Result<String, Problem> {
        let word = match (kind, value.get_ref()) {
            (ValueKind::Path, DeValue::String(path)) if path.is_empty() => None,
            (ValueKind::Path, DeValue::String(path)) => Some(self.path(path)),
            (ValueKind::Text, DeValue::String(text)) => Some(text.to_string()),
            // The words of some flags are numbers: depths, angles.
            (ValueKind::Number | ValueKind::Text, DeValue::Float(number)) => {
                let digits = number.as_str();
                Some(digits.strip_prefix('+').unwrap_or(digits).to_string())
            }
            (ValueKind::Path, _) => None,
            (_, DeValue::Integer(number)) => {
                let whole = i128::from_str_radix(number.as_str(), number.radix());
                whole.ok().map(|whole| whole.to_string())
            }
            _ => None,
        };
        word.ok_or_else(|| {
            let expected = match kind {
                ValueKind::Number => "a number",
                ValueKind::Whole => "a whole number",
                ValueKind::Path => "the name of a file, in quotes",
                ValueKind::Text => "a word in quotes, or a number",
            };
            self.unexpected(value, expected)
        })
    }

    /// A path that starts from the file's folder, as one from here.
    fn path(&self, path: &str) -> String {
        self.reader.folder.join(path).display().to_string()
    }

    /// A slab, as its flag has it.
    fn slab(&self, value: &Value) -> Result<String, Problem> {
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.unexpected(value, "a table"));
        };
        let known: Vec<&str> = SLAB.iter().map(|(key, _)| *key).collect();
        let unknown = table
            .keys()
            .find(|key| !known.contains(&key.get_ref().as_ref()));
        if let Some(unknown) = unknown {
            let unknown = unknown.get_ref();
            return Err(self.wrong(format!(
                "{unknown}: no such key; there are {}",
                known.join(", ")
            )));
        }
        let mut words = Vec::new();
        for (key, setting) in SLAB {
            let Some(value) = table.get(key) else {
                if key == "file" {
                    return Err(self.wrong("file is missing"));
                }
                continue;
            };
            let kind = match key {
                "file" => ValueKind::Path,
                "against" => ValueKind::Text,
                _ => ValueKind::Number,
            };
            let word = self.word(kind, value)?;
            words.push(match setting {
                "" => word,
                _ => format!("{setting}={word}"),
            });
        }
        Ok(words.join(","))
    }
}
