//! What PDB files hold beside plain atoms, and the same crystal in other files.

use std::f64::consts::PI;
use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use glam::{DMat3, DVec3};

use super::atoms::{Move, TestAtom, cif, direct, pdb, scattered};
use super::lysozyme::entry;
use super::{ORTHORHOMBIC, TRICLINIC, apart, atom, by_index, factors, parsed};
use crate::support::golden;
use nanobragg::memory::Bytes;

/// A crystal of twelve atoms.
fn twelve() -> String {
    pdb(&TRICLINIC, "P 1", &scattered(12, 12))
}

/// `text` with `change` made to every ATOM record.
fn with_atoms(text: &str, change: impl Fn(&str) -> String) -> String {
    let lines = text.lines().map(|line| match line.starts_with("ATOM") {
        true => change(line),
        false => line.to_string(),
    });
    lines.map(|line| line + "\n").collect()
}

/// The coordinates of an ATOM record, Å.
fn point(line: &str) -> DVec3 {
    let number = |columns: std::ops::Range<usize>| line[columns].trim().parse::<f64>().unwrap();
    DVec3::new(number(30..38), number(38..46), number(46..54))
}

/// SCALE records of a matrix in 1/Å and a shift.
fn scale_records(matrix: DMat3, shift: DVec3) -> String {
    let mut text = String::new();
    for axis in 0..3 {
        let [x, y, z] = matrix.row(axis).to_array();
        let record = format!(
            "SCALE{}    {x:10.6}{y:10.6}{z:10.6}     {:10.5}",
            axis + 1,
            shift[axis]
        );
        writeln!(text, "{record}").unwrap();
    }
    text
}

/// From Å, on the usual axes, to fractions.
fn usual_matrix() -> DMat3 {
    let edges = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let [a, b, c] = edges.map(|edge| DVec3::from_array(TRICLINIC.cartesian(edge)));
    DMat3::from_cols(a, b, c).inverse()
}

#[test]
fn scale_records_say_how_coordinates_become_fractions() {
    let text = twelve();
    let expected = by_index(&factors(&text, 1.5, None));
    let matrix = usual_matrix();

    // The usual frame, in words: nothing to tell.
    let usual = text.clone() + &scale_records(matrix, DVec3::ZERO);
    assert_eq!(parsed(&usual), parsed(&text));

    // A frame whose axes are called otherwise, and which starts elsewhere.
    let turn = DMat3::from_cols(DVec3::Y, DVec3::Z, DVec3::X);
    let start = DVec3::new(1.5, -2.25, 3.0);
    let moved = with_atoms(&text, |line| {
        let DVec3 { x, y, z } = turn * point(line) + start;
        format!("{}{x:8.3}{y:8.3}{z:8.3}{}", &line[..30], &line[54..])
    });
    let own = matrix * turn.transpose();
    let told = moved.clone() + &scale_records(own, -(own * start));
    let notices = parsed(&told).notices;
    assert!(notices[0].contains("the file's own matrix"), "{notices:?}");
    let (rms, _) = apart(&factors(&told, 1.5, None), |index| expected[&index]);
    println!("SCALE of another frame: {rms:.1e}");
    // The records have six decimals, which move an atom by 10⁻⁴ Å.
    assert!(rms < 2e-3, "{rms:e}");
    let (rms, _) = apart(&factors(&moved, 1.5, None), |index| expected[&index]);
    assert!(rms > 0.5, "{rms:e}");

    // Left behind by a program: those of another cell.
    let left_behind = text.clone() + &scale_records(matrix * 1.1, DVec3::ZERO);
    let notices = parsed(&left_behind).notices;
    assert!(
        notices[0].contains("not the cell's, and not used"),
        "{notices:?}"
    );
    assert_eq!(parsed(&left_behind).structure, parsed(&text).structure);
}

/// Symmetric displacements of three sizes, Å², tilted to all axes: U11, U22, U33, U12, U13, U23.
const U: [f64; 6] = [0.21, 0.09, 0.33, 0.05, -0.08, 0.03];

/// sᵀUs of scattering vectors s in Å⁻¹, along the axes of PDB coordinates.
fn u_along(u: [f64; 6], s: DVec3) -> f64 {
    u[0] * s.x * s.x
        + u[1] * s.y * s.y
        + u[2] * s.z * s.z
        + 2.0 * (u[3] * s.x * s.y + u[4] * s.x * s.z + u[5] * s.y * s.z)
}

/// ANISOU records of U behind the atoms of a PDB file.
fn with_anisou(text: &str) -> String {
    let digits: String = U.iter().map(|u| format!("{:7.0}", u * 1e4)).collect();
    with_atoms(text, |line| {
        format!(
            "{line}\nANISOU{}{digits}      {}",
            &line[6..28],
            &line[76..]
        )
    })
}

#[test]
fn anisotropic_displacements_smear_atoms_by_their_direction() {
    let cell = TRICLINIC;
    let atoms = [
        atom("C", [0.12, 0.31, 0.47]),
        atom("O", [0.71, 0.05, 0.83]),
        atom("S", [0.4, 0.66, 0.2]),
    ];
    let text = pdb(&cell, "P 1", &atoms);
    let displaced = with_anisou(&text);
    let file = parsed(&displaced);
    assert_eq!(file.notices, Vec::<String>::new());
    // Each edge of the cell in Å is a column; those of the dual basis make s of an index.
    let edges = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let real = DMat3::from_cols_array_2d(&edges.map(|edge| cell.cartesian(edge)));
    let dual = real.inverse().transpose();
    let still: Vec<_> = file
        .structure
        .atoms
        .iter()
        .map(|atom| atom.position)
        .collect();
    let expected = |index: [i32; 3]| {
        let s = dual * DVec3::from_array(index.map(f64::from));
        let smear = (-2.0 * PI * PI * u_along(U, s)).exp();
        let places = atoms.iter().zip(&still);
        let at_rest = places.map(|(atom, at)| TestAtom {
            b: 0.0,
            at: at.to_array(),
            ..*atom
        });
        let at_rest: Vec<_> = at_rest.collect();
        let moves: [Move; 1] = [|point| point];
        direct(&cell, &at_rest, &moves, index).map(|part| part * smear)
    };
    for d_min in [0.8, 1.7] {
        let found = factors(&displaced, d_min, None);
        let (rms, largest) = apart(&found, expected);
        assert!(rms < 1e-4 && largest < 1e-3, "{d_min}: {rms} {largest}");
    }
    // mmCIF gives the same displacements by the atoms' ids, as U or as B.
    let bare = cif(&cell, "P 1", &atoms);
    for (letter, factor) in [('U', 1.0), ('B', 8.0 * PI * PI)] {
        let mut cif = bare.clone();
        cif += "loop_\n_atom_site_anisotrop.id\n";
        let entries = ["1][1", "2][2", "3][3", "1][2", "1][3", "2][3"];
        for item in entries {
            writeln!(cif, "_atom_site_anisotrop.{letter}[{item}]").unwrap();
        }
        for id in 0..3 {
            let values = U.map(|u| (u * factor).to_string()).join(" ");
            writeln!(cif, "{id} {values}").unwrap();
        }
        let found = factors(&cif, 0.8, None);
        let (rms, _) = apart(&found, expected);
        // Coordinates of PDB have three decimals.
        assert!(rms < 5e-3, "{letter}: {rms}");
        assert_eq!(parsed(&cif).notices, Vec::<String>::new());
        // The dictionary has items beside the atoms, too.
        let mut beside = String::new();
        for line in bare.lines() {
            match line {
                "_atom_site.id" => {
                    beside += &entries
                        .map(|entry| format!("_atom_site.aniso_{letter}[{entry}]\n"))
                        .concat();
                }
                _ if line.starts_with(['0', '1', '2']) => {
                    beside += &U.map(|u| format!("{} ", u * factor)).concat();
                }
                _ => {}
            }
            beside += line;
            beside += "\n";
        }
        assert_eq!(parsed(&beside).structure, parsed(&cif).structure);
    }
}

#[test]
fn isotropic_displacements_may_be_written_as_anisotropic_ones() {
    let atoms = scattered(12, 3);
    let text = pdb(&ORTHORHOMBIC, "P 21 21 21", &atoms);
    let alike = with_atoms(&text, |line| {
        let b: f64 = line[60..66].trim().parse().unwrap();
        let u = format!("{:7.0}", b / (8.0 * PI * PI) * 1e4);
        let zero = "      0".repeat(3);
        format!("{line}\nANISOU{}{u}{u}{u}{zero}", &line[6..28])
    });
    let expected = by_index(&factors(&text, 1.5, None));
    let found = factors(&alike, 1.5, None);
    let (rms, _) = apart(&found, |index| expected[&index]);
    // U is written to 1e-4 Å².
    assert!(rms < 1e-3, "{rms}");
}

#[test]
fn displacements_that_are_none_are_told() {
    let text = twelve();
    let negative = with_atoms(&text, |line| {
        let u = "   1234   1234  -1234      0      0      0";
        format!("{line}\nANISOU{}{u}", &line[6..28])
    });
    assert_eq!(parsed(&negative).structure, parsed(&text).structure);
    let astray = text.replace(
        "END\n",
        "ANISOU 9999  C   UNK A   1      1      1      1      0      0      0\n",
    );
    for (text, count) in [(negative, 12), (astray, 1)] {
        let notices = parsed(&text).notices;
        assert!(
            notices[0].starts_with(&format!("{count} anisotropic displacements are left out")),
            "{notices:?}"
        );
    }
}

#[test]
fn operators_of_non_crystallographic_symmetry_make_copies() {
    let text = String::from_utf8(golden("cases/coords_mtrix_generate.pdb")).unwrap();
    let file = parsed(&text);
    assert_eq!(file.structure.atoms.len(), 6);
    assert_eq!(
        file.notices,
        ["1 non-crystallographic operators add 3 copies to the 3 atoms of the file"]
    );
    let expected = [
        ([1, 0, 0], 73.875),
        ([0, 1, 0], 73.287),
        ([0, 0, 1], 69.564),
        ([1, 2, 3], 26.360),
        ([4, -3, 2], 33.114),
    ];
    // mmCIF says the same; one operator may stand without a loop.
    let head = "data_a\n_cell.length_a 30\n_cell.length_b 40\n_cell.length_c 50\n\
                _cell.angle_alpha 90\n_cell.angle_beta 90\n_cell.angle_gamma 90\n\
                _symmetry.space_group_name_H-M 'P 1'\n";
    let atoms = "loop_\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.Cartn_x\n\
                 _atom_site.Cartn_y\n_atom_site.Cartn_z\n_atom_site.B_iso_or_equiv\n\
                 1 N 1.201 3.101 6.138 15\n2 C 2.201 4.101 5.138 15\n\
                 3 FE 4.201 5.101 8.138 15\n";
    let items = [
        ("id", "2"),
        ("code", "generate"),
        ("matrix[1][1]", "0"),
        ("matrix[1][2]", "-1"),
        ("matrix[1][3]", "0"),
        ("matrix[2][1]", "1"),
        ("matrix[2][2]", "0"),
        ("matrix[2][3]", "0"),
        ("matrix[3][1]", "0"),
        ("matrix[3][2]", "0"),
        ("matrix[3][3]", "1"),
        ("vector[1]", "10"),
        ("vector[2]", "5"),
        ("vector[3]", "7"),
    ];
    let alone = items
        .map(|(item, value)| format!("_struct_ncs_oper.{item} {value}\n"))
        .concat();
    let tags = items
        .map(|(item, _)| format!("_struct_ncs_oper.{item}\n"))
        .concat();
    let values = items.map(|(_, value)| value).join(" ");
    let identity = "1 given 1 0 0 0 1 0 0 0 1 0 0 0";
    let looped = format!("loop_\n{tags}{identity}\n{values}\n");
    for (what, text) in [
        ("PDB", text.clone()),
        ("mmCIF", format!("{head}{alone}{atoms}")),
        ("mmCIF, loop", format!("{head}{looped}{atoms}")),
    ] {
        let found = by_index(&factors(&text, 4.0, None));
        for (index, f) in expected {
            let [a, b] = found[&index];
            assert!((f64::hypot(a, b) - f).abs() < 2e-3, "{what} {index:?}");
        }
    }
    let given = format!("{head}{}{atoms}", looped.replace("generate", "given"));
    assert_eq!(parsed(&given).structure.atoms.len(), 3);
}

#[test]
fn copies_are_turned_with_their_displacements() {
    let records = "MTRIX1   1  0.000000 -1.000000  0.000000        1.50000\n\
                   MTRIX2   1  1.000000  0.000000  0.000000        2.50000\n\
                   MTRIX3   1  0.000000  0.000000  1.000000        3.50000\n";
    let text = pdb(&TRICLINIC, "P 1", &scattered(3, 4));
    let (head, body) = text.split_at(text.find("ATOM").unwrap());
    let copied = format!("{head}{records}{}", with_anisou(body));
    let by_hand = with_atoms(&text, |line| {
        let DVec3 { x, y, z } = point(line);
        let moved = format!("{:8.3}{:8.3}{:8.3}", 1.5 - y, 2.5 + x, 3.5 + z);
        let turned = [U[1], U[0], U[2], -U[3], -U[5], U[4]];
        let digits = |u: [f64; 6]| u.map(|u| format!("{:7.0}", u * 1e4)).concat();
        let displaced = |line: &str, u| format!("{line}\nANISOU{}{}", &line[6..28], digits(u));
        let copy = format!("{}{moved}{}", &line[..30], &line[54..]);
        format!("{}\n{}", displaced(line, U), displaced(&copy, turned))
    });
    let expected = by_index(&factors(&by_hand, 1.5, None));
    let found = factors(&copied, 1.5, None);
    let (rms, _) = apart(&found, |index| expected[&index]);
    assert!(rms < 1e-5, "{rms}");
}

#[test]
fn operators_that_are_no_rotation_are_refused() {
    let text = String::from_utf8(golden("cases/coords_mtrix_generate.pdb")).unwrap();
    let said = |from: &str, to: &str, most: u64| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        let read = nanobragg::formats::coordinates::parse(changed.as_bytes(), Bytes(most));
        read.unwrap_err().to_string()
    };
    let most = 1 << 20;
    assert!(
        said("-1.000000", " 1.000000", most)
            .starts_with(", line 7: MTRIX records that are no rotation")
    );
    assert!(said("MTRIX2   1", "MTRIX3   1", most).starts_with(", line 3: MTRIX"));
    assert!(said("MTRIX3   2", "REMARK   2", most).contains("less than three MTRIX"));
    assert!(said("MTRIX3   2", "MTRIX3   3", 16).contains("no memory"));
}

#[test]
fn the_first_of_several_models_counts() {
    let text = twelve();
    let (head, body) = text.split_at(text.find("ATOM").unwrap());
    let body = body.trim_end_matches("END\n");
    let other = with_atoms(body, |line| line.replace("  1.00", "  0.70"));
    assert_ne!(other, body);
    let models =
        format!("{head}MODEL        1\n{body}ENDMDL\nMODEL        2\n{other}ENDMDL\nEND\n");
    assert_eq!(parsed(&models).structure, parsed(&text).structure);
    let notices = parsed(&models).notices;
    assert_eq!(
        notices,
        ["12 atoms of further models are left out: the first model alone counts"]
    );
}

#[test]
fn elements_left_blank_are_told_by_the_atoms_names() {
    let names = [
        (" CA ", 6),
        ("CA  ", 20),
        (" N  ", 7),
        (" OXT", 8),
        ("ZN  ", 30),
        ("HG11", 1),
        ("HG  ", 80),
        ("1HB ", 1),
        (" SD ", 16),
        ("FE  ", 26),
    ];
    let line = parsed_line();
    let mut text =
        String::from("CRYST1   18.000   23.000   13.000  90.00  90.00  90.00 P 21 21 21\n");
    for (name, _) in names {
        writeln!(text, "{}{name}{}", &line[..12], &line[16..66]).unwrap();
    }
    let numbers = parsed(&text)
        .structure
        .atoms
        .iter()
        .map(|atom| atom.form_factor.atomic_number)
        .collect::<Vec<_>>();
    assert_eq!(numbers, names.map(|(_, number)| number));
    // Where the columns are filled they count, whatever the name.
    let named = text.replace("\n", "           C\n");
    let numbers = parsed(&named)
        .structure
        .atoms
        .iter()
        .map(|atom| atom.form_factor.atomic_number)
        .collect::<Vec<_>>();
    assert_eq!(numbers, [6; 10]);
}

/// An ATOM record.
fn parsed_line() -> String {
    let text = pdb(&ORTHORHOMBIC, "P 21 21 21", &scattered(1, 12));
    text.lines().nth(1).unwrap().to_string()
}

#[test]
fn a_packed_entry_is_the_entry() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(entry().as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let most = Bytes(1 << 20);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), packed).unwrap();
    let read = |most| nanobragg::formats::coordinates::read(file.path(), most);
    assert_eq!(read(most).unwrap(), parsed(&entry()));
    // No more than there is room for.
    assert!(read(Bytes(1 << 16)).is_err());
}

/// The entry as the archive has it in mmCIF, as far as its cell, symmetry and atoms go.
fn entry_as_cif() -> String {
    let mut text = String::from(
        "data_1AKI\n_cell.length_a 59.062\n_cell.length_b 68.451\n_cell.length_c 30.517\n\
         _cell.angle_alpha 90.00\n_cell.angle_beta 90.00\n_cell.angle_gamma 90.00\n\
         _symmetry.space_group_name_H-M 'P 21 21 21'\nloop_\n_atom_site.group_PDB\n\
         _atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n\
         _atom_site.label_comp_id\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n\
         _atom_site.occupancy\n_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n",
    );
    for line in entry().lines() {
        if !line.starts_with("ATOM  ") && !line.starts_with("HETATM") {
            continue;
        }
        let columns = [
            0..6,
            6..11,
            76..78,
            12..16,
            17..20,
            30..38,
            38..46,
            46..54,
            54..60,
            60..66,
            22..26,
        ];
        let words = columns.map(|columns| line[columns].trim().to_string());
        writeln!(text, "{}", words.join(" ")).unwrap();
    }
    text
}

#[test]
fn lysozyme_in_mmcif_scatters_as_lysozyme_in_pdb() {
    let (of_pdb, of_cif) = (parsed(&entry()), parsed(&entry_as_cif()));
    assert_eq!([of_pdb.format, of_cif.format], ["PDB", "mmCIF"]);
    assert_eq!(of_cif.structure.atoms.len(), 1001 + 78);
    assert_eq!(of_pdb.structure.atoms, of_cif.structure.atoms);
    let expected = by_index(&factors(&entry(), 3.0, None));
    let found = factors(&entry_as_cif(), 3.0, None);
    assert_eq!(found.len(), expected.len());
    let (rms, _) = apart(&found, |index| expected[&index]);
    assert!(rms < 1e-12, "{rms:e}");
}
