//! Documents as TOML. What is written is ASCII, so that it fits into headers of images.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::inputs::{Fingerprint, Recorded};
use super::keys::{KEYS, Key, Refused, SECTIONS};
use super::removed::REMOVED;
use super::value::{Kind, Value};
use super::{Document, suggest};
use crate::formats::{Problem, newlines};

/// The section of the files that the experiment was written with.
pub const INPUTS: &str = "inputs";

/// What a text says, and where.
#[derive(Debug, Default)]
pub struct Read {
    /// What it says.
    pub document: Document,
    /// The keys that it gives, and their lines, from 1.
    pub lines: Vec<(&'static Key, usize)>,
    /// What the user should know of keys that are no longer used.
    pub notices: Vec<Problem>,
}

/// What is meant by a name that is no key, of a section where it stands in one.
pub type Advice<'a> = &'a dyn Fn(Option<&str>, &str) -> Option<String>;

/// No [`Advice`] beyond the likeness of names.
pub fn no_advice(_: Option<&str>, _: &str) -> Option<String> {
    None
}

/// What `text` says; paths are as they stand there.
///
/// # Errors
/// A [`Problem`] with the line, the key, what was found there and what is accepted.
pub fn read(text: &str, advice: Advice) -> Result<Read, Problem> {
    let nearest = |section: Option<&str>, name: &str| {
        advice(section, name).unwrap_or_else(|| suggest::nearest_key(section, name))
    };
    let text = &*newlines(text);
    let table = DeTable::parse(text).map_err(|error| {
        let what = format!("not read as TOML: {}", error.message().trim());
        match error.span() {
            Some(span) => Problem::on_line(line_of(text, span.start), what),
            None => Problem::with_file(what),
        }
    })?;
    let line = |name: &Spanned<DeString>| line_of(text, name.span().start);
    let mut read = Read::default();
    let mut given = Vec::new();
    for (section, content) in table.get_ref() {
        let name = section.get_ref().as_ref();
        let Some(content) = content.get_ref().as_table() else {
            let advice = nearest(None, name);
            let what = format!("{name} stands in no section; {advice}");
            return Err(Problem::on_line(line(section), what));
        };
        if name == INPUTS {
            read.document.inputs = recorded(content, text)?;
            continue;
        }
        if !SECTIONS.contains(&name) {
            let known = SECTIONS.join(", ");
            let what = format!("[{name}]: no such section; there are {known} and {INPUTS}");
            return Err(Problem::on_line(line(section), what));
        }
        for (own, value) in content {
            let own_name = own.get_ref().as_ref();
            if let Some(removed) = REMOVED.iter().find(|gone| gone.key == [name, own_name]) {
                let given = text.get(value.span()).unwrap_or_default();
                read.notices.push(removed.notice(given, line(own)));
                continue;
            }
            let Some(key) = Document::key(name, own_name) else {
                let advice = nearest(Some(name), own_name);
                let what = format!("{name}.{own_name}: no such key; {advice}");
                return Err(Problem::on_line(line(own), what));
            };
            given.push((key, line(own), value));
        }
    }
    let place = |key: &Key| KEYS.iter().position(|other| *other == key);
    given.sort_by_key(|(key, ..)| place(key));
    for (key, line, value) in given {
        let shown = text.get(value.span()).unwrap_or_default();
        of_toml(value.get_ref())
            .ok_or_else(|| Refused::Expected(key.kind.expected()))
            .and_then(|value| key.set(&mut read.document, &value))
            .map_err(|refused| Problem::on_line(line, refusal(key, shown, &refused)))?;
        read.lines.push((key, line));
    }
    check_alternatives(&read)?;
    Ok(read)
}

fn line_of(text: &str, place: usize) -> usize {
    let before = text.as_bytes().iter().take(place);
    before.filter(|&&byte| byte == b'\n').count() + 1
}

/// What is wrong with the value `shown` of `key`.
fn refusal(key: &Key, shown: &str, refused: &Refused) -> String {
    match refused {
        Refused::Within(what) => format!("{key}: {what}"),
        Refused::Expected(accepted) => {
            let first = shown.lines().next().unwrap_or_default();
            let more = if first.len() < shown.len() {
                " …"
            } else {
                ""
            };
            format!("{key} = {first}{more}: expected {accepted}")
        }
    }
}

/// Refuses two keys that say one thing in two ways: files have no order to tell which is meant.
fn check_alternatives(read: &Read) -> Result<(), Problem> {
    let line = |key: &Key| read.lines.iter().find(|(own, _)| *own == key);
    for (one, other) in super::overlay::ALTERNATIVES {
        if let (Some(_), Some((_, place))) = (line(one), line(other))
            && super::overlay::contradict(&read.document, one, other)
        {
            let what =
                format!("{one} and {other} say one thing in two ways; leave one of them out");
            return Err(Problem::on_line(*place, what));
        }
    }
    Ok(())
}

/// A value of TOML; none of dates, and of numbers without end.
fn of_toml(value: &DeValue) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Integer(whole) => {
            let (digits, radix) = (whole.as_str(), whole.radix());
            match i64::from_str_radix(digits, radix) {
                Ok(whole) => Value::Whole(whole),
                // Keys of any number have room for it.
                Err(_) => Value::Number(digits.parse().ok().filter(|_| radix == 10)?),
            }
        }
        DeValue::Float(number) => Value::Number(number.as_str().parse().ok()?),
        DeValue::Array(values) => {
            let values = values.iter().map(|value| of_toml(value.get_ref()));
            Value::List(values.collect::<Option<_>>()?)
        }
        DeValue::Table(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| Some((name.get_ref().to_string(), of_toml(value.get_ref())?)));
            Value::Table(entries.collect::<Option<_>>()?)
        }
        DeValue::Datetime(_) => return None,
    })
}

/// The files of the section [inputs], each with its length and sum.
fn recorded(table: &DeTable, text: &str) -> Result<Vec<Recorded>, Problem> {
    const EXPECTED: &str = "{ bytes = …, sha256 = \"…\" }";
    let files = table.iter().map(|(path, value)| {
        let name = path.get_ref();
        let found = of_toml(value.get_ref()).and_then(Fingerprint::of_value);
        let content = found.ok_or_else(|| {
            let line = line_of(text, path.span().start);
            Problem::on_line(line, format!("{INPUTS}.\"{name}\": expected {EXPECTED}"))
        })?;
        let path = PathBuf::from(name.as_ref());
        Ok(Recorded { path, content })
    });
    files.collect()
}

/// Which part of a document is written.
#[derive(Clone, Copy)]
pub struct Extent<'e> {
    /// The keys.
    pub keys: &'e dyn Fn(&Key) -> bool,
    /// How paths are named.
    pub named: &'e dyn Fn(&Path) -> PathBuf,
}

/// `document` as text; behind a `#`, what `notes` has.
pub fn write(document: &Document, notes: Option<&Document>, extent: Extent) -> String {
    let seen = |document: &Document| {
        let mut document = document.clone();
        document.map_paths(extent.named);
        document
    };
    let (document, notes) = (seen(document), notes.map(seen));
    let mut text = String::new();
    // A string always has room.
    for section in SECTIONS {
        let mut lines = String::new();
        let own = KEYS.iter().filter(|key| key.section == *section);
        for key in own.filter(|key| (extent.keys)(key)) {
            if let Some(given) = key.get(&document) {
                let _ = writeln!(lines, "{} = {}", key.name, written(key, &given));
            }
            if let Some(note) = notes.as_ref().and_then(|notes| key.get(notes)) {
                let _ = writeln!(lines, "# {} = {}", key.name, written(key, &note));
            }
        }
        if !lines.is_empty() {
            let _ = write!(text, "\n[{section}]\n{lines}");
        }
    }
    if !document.inputs.is_empty() {
        let _ = writeln!(text, "\n[{INPUTS}]");
        for Recorded { path, content } in &document.inputs {
            let _ = writeln!(
                text,
                "{} = {}",
                quoted(&path.display().to_string()),
                value(&content.to_value())
            );
        }
    }
    text
}

/// The value of a key; slabs have a line each.
fn written(key: &Key, value_of_key: &Value) -> String {
    match (&key.kind, value_of_key) {
        (Kind::Slab, Value::List(slabs)) => {
            let lines: String = slabs
                .iter()
                .map(|slab| format!("  {},\n", value(slab)))
                .collect();
            format!("[\n{lines}]")
        }
        _ => value(value_of_key),
    }
}

/// A value, to the last digit.
pub fn value(of: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match of {
        Value::Truth(truth) => truth.to_string(),
        Value::Whole(whole) => whole.to_string(),
        Value::Number(number) if number.is_infinite() => "inf".into(),
        Value::Number(number) => format!("{number:?}"),
        Value::Text(text) => quoted(text),
        Value::List(values) => format!("[{}]", joined(values.iter().map(value).collect())),
        Value::Table(entries) => {
            let entries = entries
                .iter()
                .map(|(name, own)| format!("{name} = {}", value(own)));
            format!("{{ {} }}", joined(entries.collect()))
        }
    }
}

/// `text` as a string of TOML, in ASCII.
fn quoted(text: &str) -> String {
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
            let read = DeTable::parse(&document).unwrap();
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
            let number: f64 = word.parse().unwrap();
            let document = format!("key = {}", value(&Value::Number(number)));
            let read = DeTable::parse(&document).unwrap();
            let Some(Value::Number(found)) = of_toml(read.get_ref()["key"].get_ref()) else {
                panic!("{document}");
            };
            assert_eq!(number.to_bits(), found.to_bits(), "{word}");
        }
    }
}
