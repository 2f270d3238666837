//! What to write instead of a key that there is not.

use super::keys::{KEYS, Key};

/// How alike two names must be for one to be suggested for the other, 0 to 1.
const ALIKE: f64 = 0.75;

/// What may be meant by the key `name`, in `section` or in none.
pub fn nearest_key(section: Option<&str>, name: &str) -> String {
    let likeness = |key: &Key| {
        let (one, other) = (name.to_lowercase(), key.name.to_lowercase());
        // Units are what is left out most easily.
        let stem = match other.starts_with(&one) {
            true => 0.9,
            false => strsim::jaro_winkler(&one, &other),
        };
        let at_home = section.is_none_or(|section| section == key.section);
        if at_home { stem } else { stem - 0.1 }
    };
    let nearest = KEYS.iter().max_by(|one, other| {
        // The first key counts where several are equally alike.
        likeness(one)
            .total_cmp(&likeness(other))
            .then(std::cmp::Ordering::Greater)
    });
    match (nearest.filter(|key| likeness(key) > ALIKE), section) {
        (Some(key), _) => format!("did you mean {key}?"),
        (None, Some(section)) => {
            let own = KEYS.iter().filter(|key| key.section == section);
            let names: Vec<&str> = own.map(|key| key.name).collect();
            format!("there are {}", names.join(", "))
        }
        (None, None) => "docs/config.md lists the keys".to_string(),
    }
}
