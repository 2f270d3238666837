//! Values of experiment files: from TOML to the words of a command line.

use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::keys::{Form, Key, SLAB};
use super::read::Reader;
use crate::cli::flags::ValueKind;
use crate::formats::Problem;

type Value<'t> = Spanned<DeValue<'t>>;

/// A value, and the key that it stands behind.
pub struct Place<'r> {
    pub reader: &'r Reader<'r>,
    pub key: &'static Key,
    pub line: usize,
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

    /// The flags that `value` says.
    ///
    /// # Errors
    /// A [`Problem`] with what was found and what is accepted.
    pub fn flags(&self, value: &Value) -> Result<Flags, Problem> {
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
