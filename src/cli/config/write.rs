//! Experiment files: from what flags came to, to text.
//!
//! The text is ASCII, so that it fits into headers of images.

use std::fmt::Write;
use std::path::Path;

use super::inputs::Recorded;
use super::keys::{Form, INPUTS, KEYS, Key, SLAB, sections};
use super::paths::seen_from;
use crate::cli::flags::{Catalogue, Resolved, ValueKind, slab_settings};

/// Keys of switches that are written even where they are off.
const SPOKEN: [&str; 6] = [
    "curved_det",
    "point_pixel",
    "oversample_omega",
    "oversample_polar",
    "half_structure_factors",
    "nopolar",
];

/// Keys that tell how a program is run and nothing of the image: ids of their flags.
const OF_THE_RUN: [&str; 8] = [
    "profile",
    "progress",
    "noprogress",
    "quiet",
    "json",
    "printout",
    "printout_pixel",
    "trace_pixel",
];

/// What of an experiment is written.
#[derive(Debug, Clone, Copy)]
pub struct Extent<'e> {
    /// The folder that paths start from; without one they stay as they were given.
    pub folder: Option<&'e Path>,
    /// The sections.
    pub wanted: fn(&str) -> bool,
    /// Whether what follows from other keys is told behind a `#`.
    pub notes: bool,
}

/// The text of `settings`, with the files that they were read from.
pub fn text(
    settings: &[Resolved],
    inputs: &[Recorded],
    extent: &Extent,
    catalogue: &Catalogue,
) -> String {
    let writer = Writer {
        settings,
        extent,
        catalogue,
    };
    let mut text = String::new();
    for section in sections() {
        if !(extent.wanted)(section) {
            continue;
        }
        let keys = KEYS.iter().filter(|key| key.section == section);
        let lines: String = keys.filter_map(|key| writer.line(key)).collect();
        if !lines.is_empty() {
            // A string always has room.
            let _ = write!(text, "\n[{section}]\n{lines}");
        }
    }
    if !inputs.is_empty() {
        let _ = writeln!(text, "\n[{INPUTS}]");
        for Recorded { path, content } in inputs {
            let path = writer.path(&path.display().to_string());
            let _ = writeln!(
                text,
                "{path} = {{ bytes = {}, sha256 = {} }}",
                content.bytes,
                quoted(&content.sha256)
            );
        }
    }
    text
}

struct Writer<'w> {
    settings: &'w [Resolved],
    extent: &'w Extent<'w>,
    catalogue: &'w Catalogue,
}

impl Writer<'_> {
    fn find(&self, id: &str) -> Option<&Resolved> {
        self.settings.iter().find(|setting| setting.id == id)
    }

    /// The line of a key, if there is something to say.
    fn line(&self, key: &Key) -> Option<String> {
        let (value, exact) = self.value(key)?;
        if !exact && !self.extent.notes {
            return None;
        }
        let mark = if exact { "" } else { "# " };
        let line = format!("{mark}{} = {value}\n", key.name);
        Some(line + &self.note(key).unwrap_or_default())
    }

    /// What a key that is given came to, where that is told too.
    fn note(&self, key: &Key) -> Option<String> {
        let Form::Values(id) = &key.form else {
            return None;
        };
        let mut all = self.settings.iter().filter(|setting| setting.id == *id);
        let note = all.nth(1).filter(|_| self.extent.notes)?;
        Some(format!("# {} = {}\n", key.name, self.words(note)))
    }

    /// The value of a key, and whether it may be given.
    fn value(&self, key: &Key) -> Option<(String, bool)> {
        if key.ids().iter().any(|id| OF_THE_RUN.contains(id)) {
            return None;
        }
        match &key.form {
            Form::Values(id) => {
                let found = self.find(id)?;
                Some((self.words(found), found.exact))
            }
            Form::Switch(id, given) => match self.find(id) {
                Some(_) => Some((given.to_string(), true)),
                None => SPOKEN.contains(id).then(|| ((!given).to_string(), true)),
            },
            Form::Toggle(ids) => {
                let mut both = ids.iter().zip([true, false]);
                let (found, truth) = both.find_map(|(id, truth)| Some((self.find(id)?, truth)))?;
                Some((truth.to_string(), found.exact))
            }
            Form::Choice(words) => {
                let mut words = words.iter();
                let (word, found) = words.find_map(|(word, id)| Some((word, self.find(id)?)))?;
                Some((quoted(word), found.exact))
            }
            Form::Axes(all, each) => {
                if let Some(found) = self.find(all) {
                    return Some((self.words(found), found.exact));
                }
                let found: Option<Vec<&Resolved>> = each.iter().map(|id| self.find(id)).collect();
                let found = found?;
                let mut values: Vec<String> = found.iter().map(|found| self.words(found)).collect();
                values.dedup();
                let value = match &values[..] {
                    [value] => value.clone(),
                    _ => array(found.iter().map(|found| self.words(found))),
                };
                Some((value, found.iter().all(|found| found.exact)))
            }
            Form::Repeated(id) => {
                let found = self.settings.iter().filter(|setting| setting.id == *id);
                let values: Vec<String> = found.map(|found| self.words(found)).collect();
                (!values.is_empty()).then(|| (array(values), true))
            }
            Form::Slabs(id) => {
                let slabs = self.find(id)?.words.iter();
                let lines: String = slabs
                    .map(|slab| format!("  {},\n", self.slab(slab)))
                    .collect();
                Some((format!("[\n{lines}]"), true))
            }
        }
    }

    /// The values of a flag: one, or an array.
    fn words(&self, setting: &Resolved) -> String {
        let kind = self.catalogue.kind(&setting.id);
        let [_, most] = self.catalogue.count(&setting.id);
        let words = setting.words.iter().map(|word| self.word(kind, word));
        match setting.words.len() {
            1 if most == 1 || setting.words == ["random"] => words.collect(),
            _ => array(words),
        }
    }

    fn word(&self, kind: ValueKind, word: &str) -> String {
        match kind {
            ValueKind::Path => self.path(word),
            ValueKind::Text => match word.parse::<i64>() {
                Ok(whole) => whole.to_string(),
                Err(_) => number(word).unwrap_or_else(|| quoted(word)),
            },
            ValueKind::Whole => word
                .parse::<i128>()
                .map_or_else(|_| quoted(word), |n| n.to_string()),
            ValueKind::Number => number(word).unwrap_or_else(|| quoted(word)),
        }
    }

    fn path(&self, path: &str) -> String {
        match self.extent.folder {
            Some(folder) => quoted(&seen_from(folder, Path::new(path)).display().to_string()),
            None => quoted(path),
        }
    }

    /// A slab, as its flag has it, as a table.
    fn slab(&self, word: &str) -> String {
        let (file, settings) = slab_settings(word);
        let mut entries = vec![format!("file = {}", self.path(&file))];
        for (key, name) in &SLAB[1..] {
            let Some((_, value)) = settings.iter().find(|(setting, _)| setting == name) else {
                continue;
            };
            let kind = match *key {
                "against" => ValueKind::Text,
                _ => ValueKind::Number,
            };
            entries.push(format!("{key} = {}", self.word(kind, value)));
        }
        format!("{{ {} }}", entries.join(", "))
    }
}

fn array(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(", "))
}

/// The number that `word` spells, as TOML has it, to the last digit.
fn number(word: &str) -> Option<String> {
    if word.eq_ignore_ascii_case("inf") {
        return Some("inf".into());
    }
    let value = word.parse::<f64>().ok()?;
    value.is_finite().then(|| format!("{value:?}"))
}

/// `text` as a string of TOML, in ASCII.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from('"');
    for character in text.chars() {
        let code = u32::from(character);
        match character {
            '"' | '\\' => shown.extend(['\\', character]),
            ' '..='~' => shown.push(character),
            _ if code <= 0xffff => shown.extend(format!("\\u{code:04X}").chars()),
            _ => shown.extend(format!("\\U{code:08X}").chars()),
        }
    }
    shown + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back() {
        for text in [
            "a b",
            "C:\\dir\\f.hkl",
            "\"quoted\"",
            "Å µm 𝛼",
            "line\nend\t\u{7f}",
        ] {
            let written = quoted(text);
            assert!(written.is_ascii());
            let document = format!("key = {written}");
            let read = toml::de::DeTable::parse(&document).unwrap();
            assert_eq!(read.get_ref()["key"].get_ref().as_str(), Some(text));
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        for word in [
            "1e-300",
            "0.1",
            "1.25932e29",
            ".5",
            "5",
            "-7.123456789012345e22",
        ] {
            let written = number(word).unwrap();
            let document = format!("key = {written}");
            let read = toml::de::DeTable::parse(&document).unwrap();
            let digits = read.get_ref()["key"]
                .get_ref()
                .as_float()
                .unwrap()
                .as_str()
                .to_string();
            let [one, other] = [word, &digits].map(|text| text.parse::<f64>().unwrap());
            assert_eq!(one.to_bits(), other.to_bits(), "{word}");
        }
        assert_eq!(number("random"), None);
    }
}
