//! A slab of amorphous material as the command line has it:
//! `FILE,thickness=MM,density=G_CM3,mw=G_MOL`, and `x=` what the table's first column holds.

use crate::document::{SLAB, Value};

/// What the flag calls a slab's keys, in the order of [`SLAB`]; the file has no name.
const NAMES: [&str; 5] = ["", "thickness", "density", "mw", "x"];

/// The file of a slab, and its entries: names and values.
fn parts(word: &str) -> (String, Vec<(&str, &str)>) {
    let mut parts: Vec<&str> = word.split(',').collect();
    // A file's name may hold a comma: what follows it is looked at from the end.
    let entries = parts.iter().rposition(|part| !part.contains('='));
    let entries = parts.split_off(entries.map_or(0, |last| last + 1));
    let pairs = entries
        .into_iter()
        .map(|entry| entry.split_once('=').unwrap_or((entry, "")));
    (parts.join(","), pairs.collect())
}

/// The slab that `word` tells of.
///
/// # Errors
/// What is wrong with it, and what is expected.
pub fn value(word: &str) -> Result<Value, String> {
    const EXPECTED: &str = "expected FILE,thickness=MM,density=G_CM3,mw=G_MOL";
    let (file, given) = parts(word);
    if file.is_empty() {
        return Err(format!("{EXPECTED}; it names no file"));
    }
    let mut entries = vec![("file".to_string(), Value::Text(file))];
    for (name, value) in given {
        let Some(place) = NAMES.iter().position(|own| *own == name && !own.is_empty()) else {
            return Err(format!(
                "{name}: no such setting; there are thickness, density, mw and x"
            ));
        };
        let (key, kind) = &SLAB[place];
        let value = match (name, kind.of_word(value)) {
            ("x", Err(_)) => return Err(format!("x={value}: expected stol, 4stol or Q")),
            (_, checked) => checked.map_err(|error| format!("{name}={value}: {error}"))?,
        };
        entries.retain(|(own, _)| own != key);
        entries.push(((*key).to_string(), value));
    }
    let missing = (1..4).find(|&place| entries.iter().all(|(own, _)| own != SLAB[place].0));
    match missing {
        Some(place) => Err(format!("{EXPECTED}; {} is missing", NAMES[place])),
        None => Ok(Value::Table(entries)),
    }
}

/// The word that tells of a slab, whose entries are in the order of [`SLAB`].
pub fn word(entries: &[(String, Value)]) -> String {
    let named = entries.iter().filter_map(|(key, value)| {
        let place = SLAB.iter().position(|(own, _)| own == key)?;
        let value = super::given::word(value);
        Some(match NAMES[place] {
            "" => value,
            name => format!("{name}={value}"),
        })
    });
    named.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slab_is_a_file_and_its_numbers() {
        let found = value("a,b.txt,thickness=0.5,mw=18,density=1.1,x=Q").unwrap();
        let Value::Table(entries) = &found else {
            panic!("{found:?}");
        };
        let expected = [
            ("file", Value::Text("a,b.txt".into())),
            ("thickness_mm", Value::Number(0.5)),
            ("molar_mass_g_per_mol", Value::Number(18.0)),
            ("density_g_per_cm3", Value::Number(1.1)),
            ("against", Value::Text("Q".into())),
        ];
        let expected = expected.map(|(key, value)| (key.to_string(), value));
        assert_eq!(entries[..], expected);
        assert_eq!(value(&word(entries)).unwrap(), found);
    }

    #[test]
    fn what_is_wrong_with_a_slab_is_named() {
        let said = |word| value(word).unwrap_err();
        assert!(said("thickness=1").contains("names no file"));
        assert!(said("f,thickness=1,density=1").contains("mw is missing"));
        assert!(said("f,thickness=-1,density=1,mw=1").starts_with("thickness=-1: expected"));
        assert!(said("f,thickness=1,density=1,mw=0").starts_with("mw=0: expected a positive"));
        assert!(said("f,depth=1").starts_with("depth: no such setting"));
        assert!(said("f,thickness=1,density=1,mw=1,x=q").starts_with("x=q: expected stol"));
    }
}
