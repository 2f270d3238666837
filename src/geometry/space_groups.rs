//! Space groups by name: the 65 that have only rotations and screws, which are those of chiral
//! molecules such as proteins.
//!
//! Source: International Tables for Crystallography, vol. A: generators of the standard
//! settings, monoclinic groups with axis b; a few further settings that files are known to use.

use super::{Operator, SpaceGroup};

/// Lattice letter, symbol behind it, and generators beside the lattice's, divided by semicolons.
type Entry = (char, &'static str, &'static str);

/// Axes of hexagonal cells carry R as H, so that both settings have a name of their own.
const GROUPS: [Entry; 76] = [
    ('P', "1", ""),
    ('P', "1 2 1", "-x,y,-z"),
    ('P', "1 21 1", "-x,y+1/2,-z"),
    ('C', "1 2 1", "-x,y,-z"),
    ('P', "2 2 2", "-x,-y,z;-x,y,-z"),
    ('P', "2 2 21", "-x,-y,z+1/2;-x,y,-z+1/2"),
    ('P', "21 21 2", "-x,-y,z;-x+1/2,y+1/2,-z"),
    ('P', "21 21 21", "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2"),
    ('C', "2 2 21", "-x,-y,z+1/2;-x,y,-z+1/2"),
    ('C', "2 2 2", "-x,-y,z;-x,y,-z"),
    ('F', "2 2 2", "-x,-y,z;-x,y,-z"),
    ('I', "2 2 2", "-x,-y,z;-x,y,-z"),
    ('I', "21 21 21", "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2"),
    ('P', "4", "-y,x,z"),
    ('P', "41", "-y,x,z+1/4"),
    ('P', "42", "-y,x,z+1/2"),
    ('P', "43", "-y,x,z+3/4"),
    ('I', "4", "-y,x,z"),
    ('I', "41", "-y,x+1/2,z+1/4"),
    ('P', "4 2 2", "-y,x,z;-x,y,-z"),
    ('P', "4 21 2", "-y+1/2,x+1/2,z;-x+1/2,y+1/2,-z"),
    ('P', "41 2 2", "-y,x,z+1/4;-x,y,-z"),
    ('P', "41 21 2", "-y+1/2,x+1/2,z+1/4;-x+1/2,y+1/2,-z+1/4"),
    ('P', "42 2 2", "-y,x,z+1/2;-x,y,-z"),
    ('P', "42 21 2", "-y+1/2,x+1/2,z+1/2;-x+1/2,y+1/2,-z+1/2"),
    ('P', "43 2 2", "-y,x,z+3/4;-x,y,-z"),
    ('P', "43 21 2", "-y+1/2,x+1/2,z+3/4;-x+1/2,y+1/2,-z+3/4"),
    ('I', "4 2 2", "-y,x,z;-x,y,-z"),
    ('I', "41 2 2", "-y,x+1/2,z+1/4;-x+1/2,y,-z+3/4"),
    ('P', "3", "-y,x-y,z"),
    ('P', "31", "-y,x-y,z+1/3"),
    ('P', "32", "-y,x-y,z+2/3"),
    ('H', "3", "-y,x-y,z"),
    ('P', "3 1 2", "-y,x-y,z;-y,-x,-z"),
    ('P', "3 2 1", "-y,x-y,z;y,x,-z"),
    ('P', "31 1 2", "-y,x-y,z+1/3;-y,-x,-z+2/3"),
    ('P', "31 2 1", "-y,x-y,z+1/3;y,x,-z"),
    ('P', "32 1 2", "-y,x-y,z+2/3;-y,-x,-z+1/3"),
    ('P', "32 2 1", "-y,x-y,z+2/3;y,x,-z"),
    ('H', "3 2", "-y,x-y,z;y,x,-z"),
    ('P', "6", "x-y,x,z"),
    ('P', "61", "x-y,x,z+1/6"),
    ('P', "65", "x-y,x,z+5/6"),
    ('P', "62", "x-y,x,z+1/3"),
    ('P', "64", "x-y,x,z+2/3"),
    ('P', "63", "x-y,x,z+1/2"),
    ('P', "6 2 2", "x-y,x,z;y,x,-z"),
    ('P', "61 2 2", "x-y,x,z+1/6;y,x,-z+1/3"),
    ('P', "65 2 2", "x-y,x,z+5/6;y,x,-z+2/3"),
    ('P', "62 2 2", "x-y,x,z+1/3;y,x,-z+2/3"),
    ('P', "64 2 2", "x-y,x,z+2/3;y,x,-z+1/3"),
    ('P', "63 2 2", "x-y,x,z+1/2;y,x,-z"),
    ('P', "2 3", "-x,-y,z;-x,y,-z;z,x,y"),
    ('F', "2 3", "-x,-y,z;-x,y,-z;z,x,y"),
    ('I', "2 3", "-x,-y,z;-x,y,-z;z,x,y"),
    ('P', "21 3", "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2;z,x,y"),
    ('I', "21 3", "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2;z,x,y"),
    ('P', "4 3 2", "-x,-y,z;-x,y,-z;z,x,y;y,x,-z"),
    ('P', "42 3 2", "-x,-y,z;-x,y,-z;z,x,y;y+1/2,x+1/2,-z+1/2"),
    ('F', "4 3 2", "-x,-y,z;-x,y,-z;z,x,y;y,x,-z"),
    (
        'F',
        "41 3 2",
        "-x,-y+1/2,z+1/2;-x+1/2,y+1/2,-z;z,x,y;y+3/4,x+1/4,-z+3/4",
    ),
    ('I', "4 3 2", "-x,-y,z;-x,y,-z;z,x,y;y,x,-z"),
    (
        'P',
        "43 3 2",
        "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2;z,x,y;y+1/4,x+3/4,-z+3/4",
    ),
    (
        'P',
        "41 3 2",
        "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2;z,x,y;y+3/4,x+1/4,-z+1/4",
    ),
    (
        'I',
        "41 3 2",
        "-x+1/2,-y,z+1/2;-x,y+1/2,-z+1/2;z,x,y;y+3/4,x+1/4,-z+1/4",
    ),
    // Other settings.
    ('R', "3", "z,x,y"),
    ('R', "3 2", "z,x,y;-y,-x,-z"),
    ('I', "1 2 1", "-x,y,-z"),
    ('A', "1 2 1", "-x,y,-z"),
    ('P', "1 1 2", "-x,-y,z"),
    ('P', "1 1 21", "-x,-y,z+1/2"),
    ('B', "1 1 2", "-x,-y,z"),
    ('P', "2 21 2", "-x,-y,z;-x,y+1/2,-z"),
    ('P', "21 2 2", "x+1/2,-y,-z;-x,y,-z"),
    ('P', "21 2 21", "-x,y,-z;x+1/2,-y,-z+1/2"),
    ('P', "2 21 21", "x,-y,-z;-x,y+1/2,-z+1/2"),
];

/// The standard settings, which come first.
const STANDARD: usize = 65;

/// A space group and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGroup {
    /// The Hermann–Mauguin symbol, such as `P 21 21 21`; R in a hexagonal cell is H.
    pub name: String,
    /// The group.
    pub group: SpaceGroup,
}

/// The group called `name`, whatever its spaces and capitals: `P 21 21 21`, `P212121`, `C 2`,
/// `R 3 :H`, `H 3`. R without a setting is that of the cell, `hexagonal` or not.
pub fn named(name: &str, hexagonal: bool) -> Option<NamedGroup> {
    let wanted = plain(name);
    let wanted = match wanted.as_str() {
        "R3:H" | "R32:H" => wanted.replacen('R', "H", 1).replace(":H", ""),
        "R3:R" | "R32:R" => wanted.replace(":R", ""),
        "R3" | "R32" if hexagonal => wanted.replacen('R', "H", 1),
        "P111" => "P1".into(),
        // Monoclinic groups by their short symbols.
        "P2" | "P21" | "C2" | "I2" | "A2" => format!("{}1{}1", &wanted[..1], &wanted[1..]),
        _ => wanted,
    };
    let entries = GROUPS.iter();
    let mut found =
        entries.filter(|(lattice, symbol, _)| plain(&format!("{lattice}{symbol}")) == wanted);
    found.next().and_then(built)
}

/// The names of the standard settings.
pub fn standard_names() -> impl Iterator<Item = String> {
    let name = |(lattice, symbol, _): &Entry| format!("{lattice} {symbol}");
    GROUPS[..STANDARD].iter().map(name)
}

/// `name` without spaces and underscores, in capitals.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !c.is_whitespace() && *c != '_');
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

fn built((lattice, symbol, generators): &Entry) -> Option<NamedGroup> {
    let centring = match lattice {
        'A' => "x,y+1/2,z+1/2",
        'B' => "x+1/2,y,z+1/2",
        'C' => "x+1/2,y+1/2,z",
        'F' => "x,y+1/2,z+1/2;x+1/2,y,z+1/2",
        'I' => "x+1/2,y+1/2,z+1/2",
        'H' => "x+2/3,y+1/3,z+1/3",
        _ => "",
    };
    let texts = centring.split(';').chain(generators.split(';'));
    let operators: Result<Vec<_>, _> = texts
        .filter(|text| !text.is_empty())
        .map(Operator::parse)
        .collect();
    Some(NamedGroup {
        name: format!("{lattice} {symbol}"),
        group: SpaceGroup::generated_by(&operators.ok()?).ok()?,
    })
}
