//! Every flag has a key, and the documentation knows it.

use super::*;
use crate::cli::flags::Catalogue;

#[test]
fn every_flag_has_one_key_or_a_reason_to_have_none() {
    let catalogue = Catalogue::new();
    for id in catalogue.ids() {
        let keys = KEYS.iter().filter(|key| key.ids().contains(&id)).count();
        let without = WITHOUT_KEY.iter().filter(|(other, _)| *other == id).count();
        assert_eq!(
            keys + without,
            1,
            "{id}: give it a key in KEYS, or a reason to have none in WITHOUT_KEY"
        );
    }
}

#[test]
fn every_key_stands_for_flags_that_there_are_and_is_named_once() {
    let catalogue = Catalogue::new();
    let known: Vec<&str> = catalogue.ids().collect();
    let of_keys = KEYS.iter().flat_map(Key::ids);
    let ids = of_keys.chain(WITHOUT_KEY.iter().map(|(id, _)| *id));
    for id in ids {
        assert!(known.contains(&id), "{id}: no such flag");
    }
    let mut names: Vec<String> = KEYS.iter().map(Key::full).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), KEYS.len());
    let mut whole = sections();
    whole.sort_unstable();
    whole.dedup();
    assert_eq!(
        whole.len(),
        sections().len(),
        "a section's keys stand together"
    );
}

#[test]
fn the_form_of_a_key_is_that_of_its_flags() {
    let catalogue = Catalogue::new();
    let count = |id: &str| catalogue.count(id);
    for key in KEYS {
        let fits = match &key.form {
            Values(id) => count(id)[1] > 0,
            Switch(id, _) => count(id) == [0, 0],
            Toggle(ids) => ids.iter().all(|id| count(id) == [0, 0]),
            Choice(words) => words.iter().all(|(_, id)| count(id) == [0, 0]),
            Axes(all, each) => each.iter().chain([all]).all(|id| count(id) == [1, 1]),
            Repeated(id) | Slabs(id) => count(id) == [1, 1],
        };
        assert!(fits, "{}", key.full());
    }
}

/// The row of a key in the table of `docs/config.md`: its name, the flags, and what is read.
fn row(key: &Key, catalogue: &Catalogue) -> String {
    let flags: Vec<String> = key
        .ids()
        .iter()
        .map(|id| format!("`{}`", catalogue.shown(id)))
        .collect();
    let value = match &key.form {
        Values(id) => match catalogue.count(id) {
            [1, 1] => "one value".to_string(),
            [_, usize::MAX] => "an array".to_string(),
            [least, most] if least == most => format!("an array of {most}"),
            [least, most] => format!("an array of {least} to {most}"),
        },
        Switch(_, true) | Toggle(_) => "true or false".to_string(),
        Switch(_, false) => "true or false; false gives the flag".to_string(),
        Choice(words) => {
            let words: Vec<String> = words
                .iter()
                .map(|(word, _)| format!("`\"{word}\"`"))
                .collect();
            words.join(", ")
        }
        Axes(_, each) => format!("one value, or an array of {}", each.len()),
        Repeated(_) => "an array".to_string(),
        Slabs(_) => "an array of tables".to_string(),
    };
    format!("| `{}` | {} | {value} |", key.name, flags.join(" "))
}

#[test]
fn the_documentation_lists_every_key() {
    let catalogue = Catalogue::new();
    let mut table = String::new();
    for section in sections() {
        table += &format!("\n### [{section}]\n\n| key | flag | value |\n|---|---|---|\n");
        for key in KEYS.iter().filter(|key| key.section == section) {
            table += &format!("{}\n", row(key, &catalogue));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        text.contains(&table),
        "docs/config.md: its table of keys should be\n{table}"
    );
}
