//! Experiment files: from keys and values to flags.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable};

use super::displaced::ALTERNATIVES;
use super::inputs::{self, Recorded};
use super::keys::{INPUTS, KEYS, sections};
use super::suggest::nearest_key;
use super::value::Place;
use crate::cli::flags::Catalogue;
use crate::cli::removed::{REMOVED, Removed};
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
    /// What the user should know of its keys.
    pub notices: Vec<Problem>,
}

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

/// What is needed to make sense of a value.
pub(super) struct Reader<'r> {
    pub text: &'r str,
    pub folder: &'r Path,
    pub catalogue: &'r Catalogue,
}

impl Reader<'_> {
    fn said(&self, document: &DeTable) -> Result<Said, Problem> {
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
            for (key, value) in table {
                let own = key.get_ref().as_ref();
                if let Some(removed) = REMOVED.iter().find(|removed| removed.key == [name, own]) {
                    let given = self.text.get(value.span()).unwrap_or_default();
                    said.notices
                        .push(no_longer_used(removed, given, line(key))?);
                    continue;
                }
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

/// The notice about the key of a flag that is gone, whose value is `given` on `line`.
///
/// # Errors
/// A [`Problem`] where the value may have changed the image.
fn no_longer_used(removed: &Removed, given: &str, line: usize) -> Result<Problem, Problem> {
    let key = removed.key.join(".");
    if given.parse() == Ok(0.0) {
        return Ok(Problem::on_line(
            line,
            format!("{key} = {given} is no longer used, and changes nothing; take the line out"),
        ));
    }
    Err(Problem::on_line(
        line,
        format!(
            "{key} = {given}: no longer a key; take the line out (an image rendered with it does not \
             come back byte for byte: {})",
            removed.instead
        ),
    ))
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
