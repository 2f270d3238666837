//! What PDB files hold beside plain atoms, and the same crystal in other files.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use glam::{DMat3, DVec3};

use super::atoms::{pdb, scattered};
use super::lysozyme::entry;
use super::{ORTHORHOMBIC, TRICLINIC, apart, by_index, factors, parsed};

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

#[test]
fn anisotropic_displacements_are_left_to_b_and_told() {
    let text = twelve();
    let with = with_atoms(&text, |line| {
        let u = "    1234   1234   1234      0      0      0";
        format!("{line}\nANISOU{}{u}      {}", &line[6..28], &line[76..])
    });
    assert_eq!(parsed(&with).structure, parsed(&text).structure);
    let notices = parsed(&with).notices;
    assert_eq!(
        notices,
        ["12 anisotropic displacements are taken as isotropic: B alone counts"]
    );
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
    let most = nanobragg::memory::Bytes(1 << 20);
    let unpacked = nanobragg::formats::coordinates::parse(&packed, most).unwrap();
    assert_eq!(unpacked, parsed(&entry()));
    // No more than there is room for.
    let short = nanobragg::memory::Bytes(1 << 16);
    assert!(nanobragg::formats::coordinates::parse(&packed, short).is_err());
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
