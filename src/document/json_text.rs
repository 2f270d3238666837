//! Documents as JSON: sections of keys, as in TOML, and an attenuation depth without end as
//! `"inf"`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::inputs::{Fingerprint, Recorded};
use super::keys::{KEYS, Refused, SECTIONS};
use super::toml_text::INPUTS;
use super::value::Value;
use super::{Document, suggest};
use crate::formats::{Problem, newlines};

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sections = serializer.serialize_map(None)?;
        for section in SECTIONS {
            let keys = KEYS.iter().filter(|key| key.section == *section);
            let given = keys.filter_map(|key| Some((key.name.to_string(), key.get(self)?)));
            let given: Vec<(String, Value)> = given.collect();
            if !given.is_empty() {
                sections.serialize_entry(section, &Value::Table(given))?;
            }
        }
        if !self.inputs.is_empty() {
            let files = self
                .inputs
                .iter()
                .map(|Recorded { path, content }| (path.display().to_string(), content.to_value()));
            sections.serialize_entry(INPUTS, &Value::Table(files.collect()))?;
        }
        sections.end()
    }
}

/// What `text` says.
///
/// # Errors
/// A [`Problem`] with the key, what was found there and what is accepted.
pub fn read(text: &str) -> Result<Document, Problem> {
    let wrong = |error: serde_json::Error| Problem::with_file(format!("not read as JSON: {error}"));
    let mut document = Document::default();
    let sections: BTreeMap<String, BTreeMap<String, Box<RawValue>>> =
        serde_json::from_str(&newlines(text)).map_err(wrong)?;
    for (section, keys) in sections {
        for (name, raw) in keys {
            let shown = raw.get();
            let value = of_json(&raw).map_err(wrong)?;
            if section == INPUTS {
                let content = value.and_then(Fingerprint::of_value).ok_or_else(|| {
                    Problem::with_file(format!(
                        "{INPUTS}.\"{name}\" = {shown}: expected bytes and sha256"
                    ))
                })?;
                let path = PathBuf::from(name);
                document.inputs.push(Recorded { path, content });
                continue;
            }
            let Some(key) = Document::key(&section, &name) else {
                let advice = suggest::nearest_key(Some(&section), &name);
                let what = format!("{section}.{name}: no such key; {advice}");
                return Err(Problem::with_file(what));
            };
            let given = value.ok_or_else(|| Refused::Expected(key.kind.expected()));
            let set = given.and_then(|value| key.set(&mut document, &value));
            set.map_err(|refused| {
                Problem::with_file(match refused {
                    Refused::Within(what) => format!("{key}: {what}"),
                    Refused::Expected(accepted) => format!("{key} = {shown}: expected {accepted}"),
                })
            })?;
        }
    }
    Ok(document)
}

/// A value of JSON, its numbers to the last bit; none of null.
fn of_json(raw: &RawValue) -> Result<Option<Value>, serde_json::Error> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'"') => Some(Value::Text(serde_json::from_str(text)?)),
        Some(b't' | b'f') => Some(Value::Truth(text == "true")),
        Some(b'[') => {
            let values: Vec<Box<RawValue>> = serde_json::from_str(text)?;
            let values = values.iter().map(|raw| of_json(raw));
            let values: Option<_> = values.collect::<Result<_, _>>()?;
            values.map(Value::List)
        }
        Some(b'{') => {
            let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)?;
            let entries = entries
                .into_iter()
                .map(|(name, raw)| Ok((name, of_json(&raw)?)));
            let entries: Vec<(String, Option<Value>)> =
                entries.collect::<Result<_, serde_json::Error>>()?;
            let entries = entries
                .into_iter()
                .map(|(name, value)| Some((name, value?)));
            entries.collect::<Option<_>>().map(Value::Table)
        }
        _ => match text.parse() {
            Ok(whole) => Some(Value::Whole(whole)),
            Err(_) => text.parse().ok().map(Value::Number),
        },
    })
}
