//! Numbers keep every bit on their way through command lines and experiment files.

use proptest::prelude::*;

use super::Line;
use crate::cli::flags::{self, Flag, words_of};
use crate::cli::render;
use crate::document::{Document, Form, Key, Kind, Value};

/// The flags of a number that need not be whole, and the numbers' keys.
fn numeric() -> Vec<(&'static Flag, &'static Key)> {
    let given = flags::all().filter_map(|flag| Some((flag, flag.key()?)));
    let numeric = given.filter(|(_, key)| match key.kind {
        Kind::Number(..) => true,
        Kind::WordOrNumber(word, _) => word != "all",
        _ => false,
    });
    numeric.collect()
}

/// Ways in which people and programs write `number`.
fn spellings(number: f64) -> Vec<String> {
    let plain = format!("{number}");
    let (mantissa, exponent) = {
        let scientific = format!("{number:.16e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap();
        (mantissa.to_string(), exponent.parse::<i32>().unwrap())
    };
    vec![
        format!("{number:?}"),
        format!("{number:e}"),
        format!("{number:E}"),
        // As C's printf does.
        format!("{mantissa}e{exponent:+03}"),
        plain.replacen("0.", ".", usize::from(number.abs() < 1.0)),
        match plain.contains('.') {
            true => plain,
            false => plain + ".",
        },
    ]
}

/// What `words` give.
fn said(words: &[String]) -> Result<Document, String> {
    let parsed = render::parsed(Line::of(words).unwrap());
    parsed
        .map(|parsed| parsed.given.document)
        .map_err(|error| error.to_string())
}

/// The bits of the numbers of `value`; the counts of cells are written as whole numbers.
fn bits(value: &Value) -> Vec<u64> {
    match value {
        Value::Number(number) => vec![number.to_bits()],
        Value::Whole(whole) => vec![(*whole as f64).to_bits()],
        Value::List(values) => values.iter().flat_map(bits).collect(),
        Value::Table(entries) => entries.iter().flat_map(|(_, value)| bits(value)).collect(),
        Value::Truth(_) | Value::Text(_) => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn any_number_of_any_flag_keeps_its_bits(
        pattern: u64,
        moderate in -400f64..400.0,
        is_moderate: bool,
        row: prop::sample::Index,
        spelling: prop::sample::Index,
        place: prop::sample::Index,
    ) {
        let number = match is_moderate {
            true => moderate,
            false => f64::from_bits(pattern),
        };
        prop_assume!(number.is_finite());
        let rows = numeric();
        let (flag, key) = rows[row.index(rows.len())];
        let spellings = spellings(number);
        let word = &spellings[spelling.index(spellings.len())];
        let count = match (key.form, flag.count()) {
            (Form::Array(3, 3), _) => 3,
            (_, [least, _]) => least.max(1),
        };
        let place = place.index(count);
        let mut words = vec![flag.shown().to_string()];
        words.extend((0..count).map(|own| if own == place { word.clone() } else { "7".into() }));
        words.extend(["-seed", "-5"].map(str::to_string));
        let found = said(&words);
        if key.kind.of_value(&Value::Number(number)).is_none() {
            let refused = found.unwrap_err();
            prop_assert!(refused.contains(word) && refused.contains("expected"), "{}", refused);
            return Ok(());
        }
        let found = found.map_err(|refused| TestCaseError::fail(format!("{words:?}: {refused}")))?;
        prop_assert_eq!(found.noise.seed, Some(-5));
        let given = bits(&key.get(&found).unwrap());
        // One cell count of -0 is 0; others keep their sign.
        let expected = if key.name == "cells" { number + 0.0 } else { number };
        prop_assert!(given.contains(&expected.to_bits()), "{:?}: {:?}", words, key.get(&found));
        let toml = Document::from_toml(&found.to_toml()).unwrap();
        let json = Document::from_json(&found.to_json().unwrap()).unwrap();
        let again = said(&words_of(&found)).unwrap();
        for other in [toml, json, again] {
            prop_assert_eq!(bits(&key.get(&other).unwrap()), given.clone(), "{}", found.to_toml());
        }
    }
}

#[test]
fn numbers_are_no_flags_whatever_they_follow() {
    for line in [
        "-misset 10 -5.5e-05 20 -phi -1e-3",
        "-misset -.5 -0x1p-3 -1E+2 -phi=-.5",
        "-cell 70 -80e-0 -.9e2 -N 5",
        "-beam_vector -1e-3 -.0 -1. -seed -3",
    ] {
        let words: Vec<String> = line.split(' ').map(str::to_string).collect();
        let found = said(&words);
        assert!(found.is_ok(), "{line}: {found:?}");
    }
    let found = said(&["-misset", "10", "-5.5e-05", "20"].map(str::to_string)).unwrap();
    let misset = crate::document::key::crystal::misset.get(&found).unwrap();
    assert_eq!(bits(&misset), [10f64, -5.5e-5, 20.0].map(f64::to_bits));
    for (line, expected) in [
        ("-lambda -1d3", "-lambda -1d3: expected a positive number"),
        ("-roi 0 -.5x 1 2", "-roi -.5x: expected a pixel coordinate"),
        ("-phi 1 -1e-", "-1e-: expected a flag"),
        ("-lambda -1e-3", "-lambda -1e-3: expected a positive number"),
        (
            "-misset 1 -1e-3",
            "-misset 1 -1e-3: expected three angles in degrees, or random",
        ),
        ("-phi 1 -2e-3", "-2e-3: expected a flag"),
        (
            "-detpixels -1e-3",
            "-detpixels -1e-3: expected a whole number from 1",
        ),
        (
            "-roi 0 5 -1e-3 4",
            "-roi -1e-3: expected a pixel coordinate",
        ),
    ] {
        let words: Vec<String> = line.split(' ').map(str::to_string).collect();
        let refused = said(&words).unwrap_err();
        assert!(refused.contains(expected), "{line}: {refused}");
    }
}
