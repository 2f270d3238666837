//! The 65 chiral space groups: reflections of made-up crystals, their F computed atom by atom,
//! must come back from the unique ones of a file, whatever the format.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use crate::support::mtz_file::MtzFile;
use nanobragg::experiment::{Expansion, Reflection, expand};
use nanobragg::formats::reflection_file;
use nanobragg::geometry::named;
use nanobragg::memory::Bytes;
use proptest::array;
use proptest::collection::btree_map;
use proptest::prelude::*;

/// Number of operators, and of unique and all reflections that are not absent, 0 0 0 left out, of
/// those with |h|, |k|, |l| and, in hexagonal cells, |h + k| up to 4; counted by gemmi 0.7.5.
const COUNTED: [(&str, usize, usize, usize); 65] = [
    ("P 1", 1, 364, 728),
    ("P 1 2 1", 2, 204, 728),
    ("P 1 21 1", 2, 202, 724),
    ("C 1 2 1", 4, 104, 368),
    ("P 2 2 2", 4, 124, 728),
    ("P 2 2 21", 4, 122, 724),
    ("P 21 21 2", 4, 120, 720),
    ("P 21 21 21", 4, 118, 716),
    ("C 2 2 21", 8, 62, 364),
    ("C 2 2 2", 8, 64, 368),
    ("F 2 2 2", 16, 34, 188),
    ("I 2 2 2", 8, 62, 364),
    ("I 21 21 21", 8, 62, 364),
    ("P 4", 4, 104, 728),
    ("P 41", 4, 101, 722),
    ("P 42", 4, 102, 724),
    ("P 43", 4, 101, 722),
    ("I 4", 8, 52, 364),
    ("I 41", 8, 51, 362),
    ("P 4 2 2", 8, 74, 728),
    ("P 4 21 2", 8, 72, 720),
    ("P 41 2 2", 8, 71, 722),
    ("P 41 21 2", 8, 69, 714),
    ("P 42 2 2", 8, 72, 724),
    ("P 42 21 2", 8, 70, 716),
    ("P 43 2 2", 8, 71, 722),
    ("P 43 21 2", 8, 69, 714),
    ("I 4 2 2", 16, 38, 364),
    ("I 41 2 2", 16, 37, 362),
    ("P 3", 3, 94, 548),
    ("P 31", 3, 91, 542),
    ("P 32", 3, 91, 542),
    ("H 3", 9, 31, 182),
    ("P 3 1 2", 6, 60, 548),
    ("P 3 2 1", 6, 68, 548),
    ("P 31 1 2", 6, 57, 542),
    ("P 31 2 1", 6, 65, 542),
    ("P 32 1 2", 6, 57, 542),
    ("P 32 2 1", 6, 65, 542),
    ("H 3 2", 18, 23, 182),
    ("P 6", 6, 54, 548),
    ("P 61", 6, 50, 540),
    ("P 65", 6, 50, 540),
    ("P 62", 6, 51, 542),
    ("P 64", 6, 51, 542),
    ("P 63", 6, 52, 544),
    ("P 6 2 2", 12, 44, 548),
    ("P 61 2 2", 12, 40, 540),
    ("P 65 2 2", 12, 40, 540),
    ("P 62 2 2", 12, 41, 542),
    ("P 64 2 2", 12, 41, 542),
    ("P 63 2 2", 12, 42, 544),
    ("P 2 3", 12, 44, 728),
    ("F 2 3", 48, 14, 188),
    ("I 2 3", 24, 22, 364),
    ("P 21 3", 12, 42, 716),
    ("I 21 3", 24, 22, 364),
    ("P 4 3 2", 24, 34, 728),
    ("P 42 3 2", 24, 32, 716),
    ("F 4 3 2", 96, 13, 188),
    ("F 41 3 2", 96, 12, 182),
    ("I 4 3 2", 48, 18, 364),
    ("P 43 3 2", 24, 31, 710),
    ("P 41 3 2", 24, 31, 710),
    ("I 41 3 2", 48, 17, 358),
];

/// Largest component of an index.
const LARGEST: i32 = 4;

/// A symmetry operator as floats: rows of R, and t.
type Affine = ([[f64; 3]; 3], [f64; 3]);

/// The operators of the group called `name`, from the text of its own.
fn operators(name: &str) -> Vec<Affine> {
    let group = named(name, true).unwrap().group;
    group
        .operators()
        .map(|operator| affine(&operator.to_string()))
        .collect()
}

/// What a text like `-x+1/2,y,z` says, found by its values at four points.
fn affine(text: &str) -> Affine {
    let t = evaluated(text, [0.0; 3]);
    let mut rotation = [[0.0; 3]; 3];
    for column in 0..3 {
        let mut point = [0.0; 3];
        point[column] = 1.0;
        let moved = evaluated(text, point);
        for row in 0..3 {
            rotation[row][column] = moved[row] - t[row];
        }
    }
    (rotation, t)
}

/// The value of `-x+1/2,y,z` at a point.
fn evaluated(text: &str, point: [f64; 3]) -> [f64; 3] {
    let value_of = |term: &str| match term {
        "x" => point[0],
        "y" => point[1],
        "z" => point[2],
        number => {
            let (above, below) = number.split_once('/').unwrap();
            above.parse::<f64>().unwrap() / below.parse::<f64>().unwrap()
        }
    };
    let parts: Vec<f64> = text
        .split(',')
        .map(|part| {
            let terms = part.replace('-', "+-");
            let terms = terms.split('+').filter(|term| !term.is_empty());
            terms
                .map(|term| match term.strip_prefix('-') {
                    Some(term) => -value_of(term),
                    None => value_of(term),
                })
                .sum()
        })
        .collect();
    parts.try_into().unwrap()
}

/// Indices up to the largest, a set that every group maps on itself.
fn indices(hexagonal: bool) -> Vec<[i32; 3]> {
    let range = -LARGEST..=LARGEST;
    let mut indices = Vec::new();
    for h in range.clone() {
        for k in range.clone() {
            for l in range.clone() {
                let inside = !hexagonal || (h + k).abs() <= LARGEST;
                if inside && [h, k, l] != [0; 3] {
                    indices.push([h, k, l]);
                }
            }
        }
    }
    indices
}

/// |F| of a crystal with two atoms in the unique part of its cell.
fn amplitude(operators: &[Affine], index: [i32; 3]) -> f64 {
    let atoms = [([0.137, 0.291, 0.418], 6.0), ([0.733, 0.052, 0.639], 8.0)];
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (at, electrons) in atoms {
        for (r, t) in operators {
            let phase: f64 = (0..3)
                .map(|row| {
                    let turned: f64 = (0..3).map(|column| r[row][column] * at[column]).sum();
                    f64::from(index[row]) * (turned + t[row])
                })
                .sum();
            let (sine, cosine) = (TAU * phase).sin_cos();
            real += electrons * cosine;
            imaginary += electrons * sine;
        }
    }
    f64::hypot(real, imaginary)
}

/// The index h R.
fn turned(index: [i32; 3], (r, _): &Affine) -> [i32; 3] {
    std::array::from_fn(|column| {
        let sum: f64 = (0..3)
            .map(|row| f64::from(index[row]) * r[row][column])
            .sum();
        sum.round() as i32
    })
}

/// The index that stands for `index`, its equivalents and their Friedel mates.
fn unique(operators: &[Affine], index: [i32; 3]) -> [i32; 3] {
    let equivalents = operators.iter().map(|operator| turned(index, operator));
    let both = equivalents.flat_map(|index| [index, index.map(|part| -part)]);
    both.max().unwrap()
}

/// A group's crystal: all reflections with an F, and the unique ones among them.
struct Made {
    all: BTreeMap<[i32; 3], f64>,
    unique: Vec<Reflection>,
}

fn made(operators: &[Affine]) -> Made {
    let mixes = |r: &[[f64; 3]; 3]| r.iter().any(|row| row[0] * row[1] != 0.0);
    let hexagonal = operators.iter().any(|(r, _)| mixes(r));
    let all: BTreeMap<_, _> = indices(hexagonal)
        .into_iter()
        .map(|index| (index, amplitude(operators, index)))
        .filter(|(_, f)| *f > 1e-6)
        .collect();
    let unique = all
        .iter()
        .filter(|(index, _)| unique(operators, **index) == **index)
        .map(|(&index, &amplitude)| Reflection { index, amplitude })
        .collect();
    Made { all, unique }
}

/// A cell that has the symmetry called `name`.
fn cell(name: &str) -> [&'static str; 6] {
    let threefold = ["H", "P 3", "P 6"]
        .iter()
        .any(|start| name.starts_with(start));
    match threefold {
        true => ["50", "50", "60", "90", "90", "120"],
        false => ["50", "50", "50", "90", "90", "90"],
    }
}

/// An MTZ file of these reflections, with their columns in an order of its own and a column of
/// sigmas between them.
fn mtz(listed: &[Reflection], name: &str, operators: Vec<String>, big_endian: bool) -> Vec<u8> {
    let row = |reflection: &Reflection| {
        let [h, k, l] = reflection.index.map(|part| part as f32);
        [reflection.amplitude as f32, l, 0.5, h, k]
    };
    let columns = vec![
        ("FC", 'F', 0),
        ("L", 'H', 0),
        ("SIGFC", 'Q', 0),
        ("H", 'H', 0),
        ("K", 'H', 0),
    ];
    let file = MtzFile {
        big_endian,
        columns,
        space_group: name.into(),
        operators,
        ..MtzFile::new(listed.iter().flat_map(row).collect())
    };
    file.with_record(&format!("CELL {}", cell(name).join(" ")))
        .bytes()
}

/// An mmCIF file of these reflections.
fn cif(listed: &[Reflection], name: &str, operators: &[String]) -> Vec<u8> {
    let [a, b, c, alpha, beta, gamma] = cell(name);
    let mut text = format!(
        "data_made\n_cell.length_a {a}\n_cell.length_b {b}\n_cell.length_c {c}.00(3)\n\
         _cell.angle_alpha {alpha}\n_cell.angle_beta {beta}\n_cell.angle_gamma {gamma}\n\
         _symmetry.space_group_name_H-M '{name}'\n"
    );
    if !operators.is_empty() {
        text += "loop_\n_symmetry_equiv.id\n_symmetry_equiv.pos_as_xyz\n";
        for (number, operator) in operators.iter().enumerate() {
            text += &format!("{} '{operator}'\n", number + 1);
        }
    }
    text += "loop_\n_refln.index_k\n_refln.index_l\n_refln.index_h\n_refln.status\n_refln.F_calc\n";
    for Reflection {
        index: [h, k, l],
        amplitude,
    } in listed
    {
        text += &format!("{k} {l} {h} o {amplitude:.6}\n");
    }
    text.into_bytes()
}

/// Reads a file and checks what comes back.
fn check(name: &str, what: &str, made: &Made, bytes: &[u8]) {
    let file = reflection_file::parse(bytes, None, Bytes(1 << 24))
        .unwrap_or_else(|problem| panic!("{name}, {what}{problem}"));
    assert_eq!(file.notices, Vec::<String>::new(), "{name}, {what}");
    assert_eq!(file.origin.listed, made.unique.len(), "{name}, {what}");
    let list = &file.reflections.list;
    assert_eq!(
        list.len(),
        made.all.len(),
        "{name}, {what}: reflections in P1"
    );
    let mut seen = BTreeMap::new();
    for Reflection { index, amplitude } in list {
        let expected = made.all.get(index).copied().unwrap_or(f64::NAN);
        let error = (amplitude - expected).abs();
        assert!(
            error < 1e-4,
            "{name}, {what}: {index:?} is {amplitude}, not {expected}"
        );
        assert!(
            seen.insert(index, ()).is_none(),
            "{name}, {what}: {index:?} twice"
        );
    }
}

#[test]
fn every_group_expands_to_the_reflections_of_its_crystal() {
    for (name, order, unique, all) in COUNTED {
        let operators = operators(name);
        assert_eq!(operators.len(), order, "{name}");
        let made = made(&operators);
        assert_eq!((made.unique.len(), made.all.len()), (unique, all), "{name}");
        let group = named(name, true).unwrap().group;
        let texts: Vec<String> = group
            .operators()
            .map(|operator| operator.to_string())
            .collect();
        let listed = &made.unique;
        check(name, "MTZ", &made, &mtz(listed, name, texts.clone(), false));
        check(
            name,
            "big-endian MTZ without operators",
            &made,
            &mtz(listed, name, vec![], true),
        );
        let nameless = String::from_utf8(cif(listed, name, &texts)).unwrap();
        let nameless = nameless.replace(&format!("'{name}'"), "'?'");
        check(name, "mmCIF", &made, nameless.as_bytes());
        check(
            name,
            "mmCIF without operators",
            &made,
            &cif(listed, name, &[]),
        );
    }
}

/// The symbol of a screw axis says which reflections along it are present: of an axis n_m those of
/// order l with l·m a multiple of n.
#[test]
fn screw_axes_extinguish_what_their_symbols_say() {
    let along = |axis: usize, order: i32| {
        let mut index = [0; 3];
        index[axis] = order;
        index
    };
    let mut checked = 0;
    for (name, ..) in COUNTED {
        let symbols: Vec<&str> = name.split(' ').skip(1).collect();
        let group = named(name, true).unwrap().group;
        // Of a centred lattice, rows along the axes lose more.
        if !name.starts_with('P') {
            continue;
        }
        // The directions that the symbols stand for, where they are axes of the cell.
        let axes: &[usize] = match (symbols[0], symbols.len()) {
            ("1", 3) => &[0, 1, 2],
            ("1", _) => &[],
            ("2" | "21", 3) => &[0, 1, 2],
            // Of cubic groups the second symbol is that of the body diagonals.
            (_, 2) => &[2],
            _ if symbols.get(1) == Some(&"3") => &[2],
            _ => &[2, 0],
        };
        for (&axis, symbol) in axes.iter().zip(&symbols) {
            let fold: i32 = symbol[..1].parse().unwrap();
            let screw: i32 = symbol.get(1..2).map_or(0, |part| part.parse().unwrap());
            for order in 1..=12 {
                let present = order * screw % fold == 0;
                assert_eq!(
                    !group.is_absent(along(axis, order)),
                    present,
                    "{name}, {axis}: {order}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 900, "{checked}");
}

#[test]
fn names_are_understood_however_they_are_written() {
    let group = |name: &str, hexagonal| named(name, hexagonal).map(|found| found.group);
    for (name, same) in [
        ("P212121", "P 21 21 21"),
        ("p 2_1 2_1 2_1", "P 21 21 21"),
        ("P 21", "P 1 21 1"),
        ("C 2", "C 1 2 1"),
        ("P 1 1 1", "P 1"),
        ("R 3 :H", "H 3"),
        ("R 3 2", "H 3 2"),
    ] {
        assert_eq!(group(name, true), group(same, true), "{name}");
        assert!(group(name, true).is_some(), "{name}");
    }
    assert_eq!(group("R 3", false).unwrap().order(), 3);
    assert_eq!(group("R 3:R", true).unwrap().order(), 3);
    assert_eq!(group("R 3", true).unwrap().order(), 9);
    for (name, order) in [
        ("P -1", 2),
        ("P 21/c", 4),
        ("Fd-3m", 192),
        ("P n n n :1", 8),
        ("B 2", 4),
        ("A e m 2", 8),
        ("P2(1)2(1)2(1)", 4),
        ("P 21 21 2 A", 4),
        ("C 4 2 21", 16),
    ] {
        assert_eq!(
            group(name, false).map(|found| found.order()),
            Some(order),
            "{name}"
        );
    }
    // c is the unique axis of the short symbols of lattices B.
    assert_eq!(group("B 2", false), group("B 1 1 2", false));
    assert_eq!(named("P n n n", false).unwrap().name, "P n n n :2");
    for name in ["", "P", "P 5", "P 21/z", "é"] {
        assert_eq!(group(name, false), None, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is expanded has its symmetry, and expanding it again adds nothing.
    #[test]
    fn an_expansion_is_complete(
        group in 0..COUNTED.len(),
        indices in btree_map(array::uniform3(-40..=40i32), 1.0..1e3f64, 1..20),
    ) {
        let named = named(COUNTED[group].0, true).unwrap();
        let list: Vec<_> = indices
            .into_iter()
            .map(|(index, amplitude)| Reflection { index, amplitude })
            .collect();
        let Ok(once) = expand(&list, named.group.clone(), nanobragg::memory::Bytes(1 << 30)) else {
            // Equivalents that were drawn with another F.
            return Err(TestCaseError::reject("a contradiction"));
        };
        let by_index = |expansion: &Expansion| -> BTreeMap<[i32; 3], u64> {
            let list = expansion.reflections.list.iter();
            list.map(|reflection| (reflection.index, reflection.amplitude.to_bits())).collect()
        };
        let all = by_index(&once);
        prop_assert_eq!(all.len(), once.reflections.list.len());
        for (index, f) in &all {
            prop_assert!(all.contains_key(&index.map(|part| -part)));
            for equivalent in named.group.equivalents(*index) {
                prop_assert_eq!(all.get(&equivalent), Some(f));
            }
        }
        let twice = expand(&once.reflections.list, named.group, nanobragg::memory::Bytes(1 << 30)).unwrap();
        prop_assert_eq!(by_index(&twice), all);
    }
}
