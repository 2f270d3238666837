//! Every flag has a key, and the documentation knows it.

use crate::cli::flags::{self, Effect, row_of_key};
use crate::document::{Form, KEYS, Kind, SECTIONS};

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
