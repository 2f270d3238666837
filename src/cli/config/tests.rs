//! Every flag has a key, and the documentation knows it.

use crate::cli::flags::{self, Constant, Effect, Flag};
use crate::document::{Form, KEYS, Key, Kind, SECTIONS};

#[test]
fn every_key_has_a_flag_and_is_named_once() {
    for key in KEYS {
        assert!(flags::of_key(key).is_some(), "{key}: no flag gives it");
    }
    let mut names: Vec<String> = KEYS.iter().map(|key| key.to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), KEYS.len());
}

#[test]
fn the_values_of_a_flag_are_those_of_its_key() {
    for flag in flags::all() {
        let Some(key) = flag.key() else {
            continue;
        };
        let fits = match flag.effect {
            Effect::Is(_, _) => {
                flag.count() == [0, 0] && matches!(key.kind, Kind::Truth | Kind::Choice(_))
            }
            Effect::Axis(_, axis) => matches!(key.form, Form::Axes(axes) if axis < axes.len()),
            Effect::Optional(_, word) => {
                flag.count() == [0, 1]
                    && matches!(key.kind, Kind::Choice(words) if words.contains(&word))
            }
            Effect::Each(_) => key.form == Form::Repeated && flag.count() == [1, 1],
            Effect::Swapped(_) => flag.count() == [2, 2],
            Effect::Value(_) => {
                let [least, most] = flag.count();
                most > 0 && (flag.values.len() == 1 || (least..=most).contains(&flag.values.len()))
            }
            Effect::Ignored(_) | Effect::Refused(_) | Effect::Program(_) => false,
        };
        assert!(fits, "{}", flag.shown());
    }
}

/// The row of a key in the table of `docs/config.md`: its name, the flags, and what is read.
fn row_of_key(key: &Key) -> String {
    let own = flags::all().filter(|flag| flag.key().is_some_and(|own| *own == *key));
    let own: Vec<&Flag> = own
        .filter(|flag| !matches!(flag.effect, Effect::Swapped(_)))
        .collect();
    let flags: Vec<String> = own
        .iter()
        .map(|flag| format!("`{}`", flag.shown()))
        .collect();
    let value = match (&key.kind, key.form) {
        (Kind::Truth, _) => match own[..] {
            [
                Flag {
                    effect: Effect::Is(_, Constant::No),
                    ..
                },
            ] => "true or false; false gives the flag".to_string(),
            _ => "true or false".to_string(),
        },
        (Kind::Slab, _) => "an array of tables".into(),
        (Kind::Choice(words), Form::One) if own.len() == words.len() => {
            let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        (_, Form::One) => "one value".into(),
        (_, Form::Repeated | Form::Array(_, usize::MAX)) => "an array".into(),
        (_, Form::Array(least, most)) if least == most => format!("an array of {most}"),
        (_, Form::Array(least, most)) => format!("an array of {least} to {most}"),
        (_, Form::Axes(axes)) => format!(
            "one value, an array of {}, or a table of some of {}",
            axes.len(),
            axes.join(", ")
        ),
    };
    format!("| `{}` | {} | {value} |", key.name, flags.join(" "))
}

#[test]
fn the_documentation_lists_every_key() {
    let mut table = String::new();
    for section in SECTIONS {
        table += &format!("\n### [{section}]\n\n| key | flag | value |\n|---|---|---|\n");
        for key in KEYS.iter().filter(|key| key.section == *section) {
            table += &format!("{}\n", row_of_key(key));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        text.contains(&table),
        "docs/config.md: its table of keys should be\n{table}"
    );
}
