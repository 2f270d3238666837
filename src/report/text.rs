//! A report for people: the document that `--json` prints, as lines of text.

use serde::Serialize;
use serde_json::Value;

use super::visible::visible;

/// Members that are not printed: people get the notices as notes, and lists of frames and peaks are
/// for programs.
const LEFT_OUT: [&str; 6] = [
    "version",
    "notices",
    "images",
    "pairs",
    "missing_at",
    "extra_at",
];

/// Names that end with an SI unit: the ending that people read instead, and the factor.
const UNITS: [(&str, &str, f64); 3] = [
    ("wavelength_m", "wavelength_angstrom", 1e10),
    ("_m", "_mm", 1e3),
    ("_rad", "_deg", 180.0 / std::f64::consts::PI),
];

/// Columns of a label, and of a line.
const LABEL: usize = 12;
const WIDTH: usize = 100;

/// `report` as text: a line for each member, and for each entry of a list of objects or lists.
///
/// # Errors
/// An error of `serde_json`, for a report that has no JSON.
pub fn text_of(report: &impl Serialize) -> serde_json::Result<String> {
    let document = serde_json::to_value(report)?;
    let mut text = String::new();
    for (label, value) in document.as_object().into_iter().flatten() {
        match value {
            _ if LEFT_OUT.contains(&label.as_str()) => {}
            Value::Array(entries) if entries.iter().any(nested) => {
                for entry in entries {
                    match entry {
                        Value::Array(_) => add_lines(&mut text, label, &words(entry, 1.0).into()),
                        _ => add_lines(&mut text, label, entry),
                    }
                }
            }
            one => add_lines(&mut text, label, one),
        }
    }
    Ok(text)
}

fn nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Adds `value` behind `label`: the members of an object with their names, as many in a line as
/// fit.
fn add_lines(text: &mut String, label: &str, value: &Value) {
    let mut fields = Vec::new();
    let mut label = label.to_string();
    match value {
        Value::Object(members) => {
            let members = members.iter();
            members.for_each(|(name, inner)| add_fields(name, inner, &mut fields));
        }
        Value::Array(entries) if entries.iter().all(Value::is_string) => {
            fields.extend(entries.iter().map(|entry| words(entry, 1.0)));
        }
        _ => {
            let (name, words) = in_units(&label, value);
            label = name;
            fields.extend((!words.is_empty()).then_some(words));
        }
    }
    let mut line = format!("{:LABEL$}", label.replace('_', " "));
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            line.push(',');
            if line.chars().count() + field.chars().count() >= WIDTH {
                text.push_str(&line);
                text.push('\n');
                line = " ".repeat(LABEL);
            }
        }
        line.push(' ');
        line.push_str(field);
    }
    if !fields.is_empty() {
        text.push_str(&line);
        text.push('\n');
    }
}

/// Adds every number and text in `value`, which is called `name`.
fn add_fields(name: &str, value: &Value, fields: &mut Vec<String>) {
    match value {
        _ if LEFT_OUT.contains(&name) => {}
        Value::Object(members) => {
            let members = members.iter();
            members
                .for_each(|(inner, value)| add_fields(&format!("{name} {inner}"), value, fields));
        }
        Value::Array(entries) if entries.iter().any(nested) => {
            fields.extend(
                entries
                    .iter()
                    .map(|entry| format!("{name} {}", words(entry, 1.0))),
            );
        }
        _ => {
            let (name, words) = in_units(name, value);
            fields.extend((!words.is_empty()).then(|| format!("{name} {words}")));
        }
    }
}

/// A name and its value as people read them.
fn in_units(name: &str, value: &Value) -> (String, String) {
    let unit = UNITS.into_iter().find(|(end, ..)| name.ends_with(end));
    let (si, read, factor) = unit.unwrap_or(("", "", 1.0));
    let stem = name.strip_suffix(si).unwrap_or(name);
    (
        format!("{stem}{read}").replace('_', " "),
        words(value, factor),
    )
}

/// A value as words, its numbers times `factor`; empty where there is none.
fn words(value: &Value, factor: f64) -> String {
    let joined = |words: Vec<String>| words.join(" ");
    match value {
        Value::Null => String::new(),
        // A line is one line, whatever a file says.
        Value::String(text) => visible(text),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => nine_digits(float * factor),
            _ => number.to_string(),
        },
        Value::Bool(yes) => yes.to_string(),
        Value::Array(entries) => joined(entries.iter().map(|entry| words(entry, factor)).collect()),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{name} {}", words(value, factor));
            joined(members.iter().map(member).collect())
        }
    }
}

/// `value` to nine digits, which hides the rounding of units, with an exponent where it is far from
/// 1.
fn nine_digits(value: f64) -> String {
    let rounded = format!("{value:.8e}").parse().unwrap_or(value);
    match rounded == 0.0 || (1e-4..1e10).contains(&rounded.abs()) {
        true => rounded.to_string(),
        false => format!("{rounded:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_lines_of_names_and_values_in_units_that_people_read() {
        let document = serde_json::json!({
            "version": "1", "pixel_size_m": 7.000000000000001e-5, "device": null,
            "beam": {"wavelength_m": 1.2e-10, "at": [1, 2], "spread": {"fluence": 1e24, "on": false}},
            "header": [["SIZE", "5"], ["BIN", "1x1"]], "two_names": ["a b", "c"],
            "files": [{"path": "a_b.img", "off": 0.020287481234}],
        });
        assert_eq!(
            text_of(&document).unwrap(),
            "pixel size mm 0.07\n\
             beam         wavelength angstrom 1.2, at 1 2, spread fluence 1e24, spread on false\n\
             header       SIZE 5\n\
             header       BIN 1x1\n\
             two names    a b, c\n\
             files        path a_b.img, off 0.0202874812\n"
        );
        let many = serde_json::json!({"group": {"name": "x".repeat(60), "other": "y".repeat(60)}});
        let lines = text_of(&many).unwrap();
        assert!(lines.lines().all(|line| line.len() < WIDTH), "{lines}");
        assert_eq!(lines.lines().count(), 2);
    }
}
