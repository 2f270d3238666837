//! Space groups by name and by number: all settings that files are known to use.
//!
//! Source: International Tables for Crystallography, vol. A; the settings are those that gemmi 0.7
//! lists, each with generators of its operators.

use super::{Operator, SpaceGroup};

/// A line a setting: number, name and others of its names, generators beside the lattice's. Axes of
/// hexagonal cells carry R as H, so that both settings have a name of their own.
const SETTINGS: &str = include_str!("space_groups.txt");

/// A space group and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGroup {
    /// The Hermann–Mauguin symbol, such as `P 21 21 21`; R in a hexagonal cell is H.
    pub name: String,
    /// The group.
    pub group: SpaceGroup,
}

/// A setting of a space group.
struct Setting<'a> {
    number: &'a str,
    names: &'a str,
    generators: &'a str,
}

/// Every setting; of those of a number the one of International Tables comes first.
fn settings() -> impl Iterator<Item = Setting<'static>> {
    SETTINGS.lines().filter_map(|line| {
        let (number, rest) = line.split_once(' ')?;
        let (names, generators) = rest.split_once('|')?;
        Some(Setting {
            number,
            names,
            generators,
        })
    })
}

/// The group called `name`, whatever its spaces and capitals: `P 21 21 21`, `P212121`, `C 2`,
/// `P 21/c`, `R 3 :H`, `H 3`. R without a setting is that of the cell, `hexagonal` or not; of two
/// origins the second is taken where the name does not tell.
pub fn named(name: &str, hexagonal: bool) -> Option<NamedGroup> {
    let mut wanted = plain(name);
    if wanted.starts_with('R') {
        let is_h = wanted.ends_with(":H") || (hexagonal && !wanted.ends_with(":R"));
        wanted = wanted.replace(":H", "").replace(":R", "");
        if is_h {
            wanted.replace_range(..1, "H");
        }
    }
    let (lattice, symbol) = wanted.split_at_checked(1)?;
    // Short symbols of monoclinic groups: b is the unique axis, of lattices B it is c.
    let short = match lattice {
        "B" => format!("B11{symbol}"),
        _ => format!("{lattice}1{symbol}1"),
    };
    let spellings = [wanted.clone(), format!("{wanted}:2"), short];
    let called = |own: &Setting, spelling: &String| {
        let mut names = own.names.split('=');
        names.any(|known| plain(known) == *spelling)
    };
    let found = |spelling| settings().find(|own| called(own, spelling));
    spellings.iter().find_map(found)?.built()
}

/// The group called `name` as by [`named`], or else that of this `number` in International Tables,
/// in its standard setting, with a line that says so.
pub fn named_or_numbered(
    name: &str,
    number: Option<&str>,
    hexagonal: bool,
) -> Option<(NamedGroup, Option<String>)> {
    if let Some(found) = named(name, hexagonal) {
        return Some((found, None));
    }
    let number = number?.trim();
    let first = settings().find(|own| own.number == number)?;
    let standard = first.names.split('=').next()?;
    let standard = standard.replace('H', "R").replace(" :1", "");
    let found = named(&standard, hexagonal)?;
    let notice = format!(
        "the space group is not known by its name {name:?}; that of its number, {number}, is taken in \
         the standard setting {}",
        found.name
    );
    Some((found, Some(notice)))
}

/// `name` in capitals, without its spaces, underscores and brackets: `P 2(1)` is `P 21`.
fn plain(name: &str) -> String {
    let letters = name
        .chars()
        .filter(|c| !c.is_whitespace() && !"_()".contains(*c));
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

impl Setting<'_> {
    fn built(&self) -> Option<NamedGroup> {
        let centring = match self.names.as_bytes().first()? {
            b'A' => "x,y+1/2,z+1/2",
            b'B' => "x+1/2,y,z+1/2",
            b'C' => "x+1/2,y+1/2,z",
            b'F' => "x,y+1/2,z+1/2;x+1/2,y,z+1/2",
            b'I' => "x+1/2,y+1/2,z+1/2",
            b'H' => "x+2/3,y+1/3,z+1/3",
            _ => "",
        };
        let texts = centring.split(';').chain(self.generators.split(';'));
        let operators: Result<Vec<_>, _> = texts
            .filter(|text| !text.is_empty())
            .map(Operator::parse)
            .collect();
        Some(NamedGroup {
            name: self.names.split('=').next()?.to_string(),
            group: SpaceGroup::generated_by(&operators.ok()?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn settings_of_a_group_have_its_rotations_and_names_of_their_own() {
        let mut rotations = HashMap::new();
        let mut names = HashSet::new();
        let mut operators = 0;
        for setting in settings() {
            let number: u8 = setting.number.parse().unwrap();
            let group = setting.built().unwrap().group;
            operators += group.order();
            let order = group.point_group_order();
            assert_eq!(*rotations.entry(number).or_insert(order), order, "{number}");
            for name in setting.names.split('=') {
                assert!(names.insert(plain(name)), "{name}");
                let found = named(name, name.starts_with('H')).unwrap();
                assert_eq!(found.group, group, "{name}");
            }
        }
        // Counted by gemmi 0.7.5.
        assert_eq!((rotations.len(), operators), (230, 7740));
    }
}
