//! Structure factors from atoms, held against sums atom by atom.

mod atoms;
mod command_line;
mod files;
mod lysozyme;
mod solvent;

use std::collections::HashMap;
use std::time::Instant;

use atoms::{P212121, TestAtom, TestCell, cif, direct, pdb, scattered};
use nanobragg::formats::coordinates::{self, CoordinateFile};
use nanobragg::memory::Bytes;
use nanobragg::structure::{Solvent, StructureFactor, structure_factors};
use proptest::prelude::*;

/// What F from the grid may be off, as a part of its rms.
const GATE: f64 = 1e-3;

const TRICLINIC: TestCell = TestCell([9.1, 11.3, 13.7, 75.0, 82.0, 101.0]);
const ORTHORHOMBIC: TestCell = TestCell([18.0, 23.0, 13.0, 90.0, 90.0, 90.0]);

fn parsed(text: &str) -> CoordinateFile {
    coordinates::parse(text.as_bytes(), Bytes(1 << 30)).unwrap()
}

fn factors(text: &str, d_min: f64, solvent: Option<&Solvent>) -> Vec<StructureFactor> {
    structure_factors(
        &parsed(text).structure,
        d_min * 1e-10,
        solvent,
        nanobragg::memory::Bytes(1 << 30),
    )
    .unwrap()
}

/// The rms of the differences between F and `expected` over the rms of that, and the largest
/// difference over the same.
fn apart(found: &[StructureFactor], expected: impl Fn([i32; 3]) -> [f64; 2]) -> (f64, f64) {
    let (mut square, mut largest, mut size) = (0.0, 0.0f64, 0.0);
    for factor in found {
        let [a, b] = expected(factor.index);
        let error = (factor.value.re - a).powi(2) + (factor.value.im - b).powi(2);
        square += error;
        largest = largest.max(error);
        size += a * a + b * b;
    }
    let mean_size = size / found.len() as f64;
    ((square / size).sqrt(), (largest / mean_size).sqrt())
}

fn by_index(list: &[StructureFactor]) -> HashMap<[i32; 3], [f64; 2]> {
    let pair = |f: &StructureFactor| (f.index, [f.value.re, f.value.im]);
    list.iter().map(pair).collect()
}

fn atom(element: &'static str, at: [f64; 3]) -> TestAtom {
    TestAtom {
        element,
        at,
        occupancy: 1.0,
        b: 15.0,
    }
}

#[test]
fn a_triclinic_crystal_scatters_as_the_sum_over_its_atoms() {
    let mut atoms = scattered(40, 1);
    // Far outside the cell, sharp, and an ion.
    atoms.push(TestAtom {
        element: "O",
        at: [3.2, -1.7, 0.4],
        occupancy: 0.3,
        b: 1.5,
    });
    atoms.push(atom("ZN2+", [0.25, 0.35, 0.9]));
    for d_min in [3.0, 2.0, 1.2, 0.8] {
        let found = factors(&cif(&TRICLINIC, "P 1", &atoms), d_min, None);
        let (rms, worst) = apart(&found, |index| direct(&TRICLINIC, &atoms, &[|p| p], index));
        println!(
            "triclinic to {d_min} Å: {} F, rms {rms:.1e}, worst {worst:.1e}",
            found.len()
        );
        assert!(
            rms < GATE && worst < 3.0 * GATE,
            "{d_min} Å: {rms:e} {worst:e}"
        );
    }
}

#[test]
fn every_reflection_of_the_sphere_is_there_once() {
    let d_min = 1.5;
    let found = factors(&cif(&TRICLINIC, "P 1", &scattered(3, 2)), d_min, None);
    let known = by_index(&found);
    assert_eq!(known.len(), found.len());
    let mut count = 0;
    for h in -10..=10 {
        for k in -10..=10 {
            for l in -10..=10 {
                let is_within = TRICLINIC.inverse_d_squared([h, k, l]).sqrt() * d_min <= 1.0;
                let is_listed = known.contains_key(&[h, k, l]);
                assert_eq!(is_listed, is_within && [h, k, l] != [0; 3], "{h} {k} {l}");
                count += usize::from(is_listed);
            }
        }
    }
    assert_eq!(count, found.len());
}

#[test]
fn pdb_columns_say_the_same_as_cif() {
    let mut atoms = scattered(30, 3);
    atoms.push(atom("ZN2+", [0.1, 0.2, 0.3]));
    for (cell, group) in [(TRICLINIC, "P 1"), (ORTHORHOMBIC, "P 21 21 21")] {
        for atom in &mut atoms {
            atom.b = (atom.b * 100.0).round() / 100.0;
        }
        let of_cif = by_index(&factors(&cif(&cell, group, &atoms), 2.0, None));
        let of_pdb = factors(&pdb(&cell, group, &atoms), 2.0, None);
        // Three decimals move an atom by 0.0003 Å or so.
        let (rms, _) = apart(&of_pdb, |index| of_cif[&index]);
        println!("PDB against CIF, {group}: {rms:.1e}");
        assert!(rms < 2e-3, "{group}: {rms:e}");
    }
}

#[test]
fn symmetry_makes_the_rest_of_the_cell() {
    let mut atoms = scattered(25, 4);
    atoms.push(atom("ZN2+", [0.4, 0.1, 0.8]));
    let text = cif(&ORTHORHOMBIC, "P 21 21 21", &atoms);
    let found = factors(&text, 1.5, None);
    let (rms, worst) = apart(&found, |index| {
        direct(&ORTHORHOMBIC, &atoms, &P212121, index)
    });
    println!(
        "P 21 21 21: {} F, rms {rms:.1e}, worst {worst:.1e}",
        found.len()
    );
    assert!(rms < GATE && worst < 3.0 * GATE, "{rms:e} {worst:e}");

    let all: Vec<TestAtom> = P212121
        .iter()
        .flat_map(|shift| {
            atoms.iter().map(|atom| TestAtom {
                at: shift(atom.at),
                ..*atom
            })
        })
        .collect();
    let in_p1 = by_index(&factors(&cif(&ORTHORHOMBIC, "P 1", &all), 1.5, None));
    let (rms, _) = apart(&found, |index| in_p1[&index]);
    assert!(rms < GATE, "{rms:e}");

    // As operators, in the words of REMARK 290.
    let mut remarks = pdb(&ORTHORHOMBIC, "", &atoms);
    for (number, operator) in [
        "X,Y,Z",
        "-X+1/2,-Y,Z+1/2",
        "-X,Y+1/2,-Z+1/2",
        "X+1/2,-Y+1/2,-Z",
    ]
    .iter()
    .enumerate()
    {
        remarks += &format!(
            "REMARK 290  {:>8}   {operator}\n",
            (number + 1) * 1000 + 555
        );
    }
    let named = by_index(&factors(
        &pdb(&ORTHORHOMBIC, "P 21 21 21", &atoms),
        1.5,
        None,
    ));
    let (rms, _) = apart(&factors(&remarks, 1.5, None), |index| named[&index]);
    assert!(rms < 1e-9, "{rms:e}");
}

#[test]
fn an_atom_on_an_axis_counts_once_however_its_occupancy_is_given() {
    let cell = TestCell([12.0, 9.0, 14.0, 90.0, 97.0, 90.0]);
    let others = scattered(10, 5);
    let on_axis = |occupancy| {
        let mut atoms = others.clone();
        atoms.push(TestAtom {
            occupancy,
            ..atom("S", [0.5, 0.31, 0.0])
        });
        cif(&cell, "P 1 2 1", &atoms)
    };
    let (whole, half) = (on_axis(1.0), on_axis(0.5));
    assert!(parsed(&half).notices.is_empty());
    let notices = parsed(&whole).notices;
    assert!(
        notices[0].starts_with("1 atoms on special positions"),
        "{notices:?}"
    );
    assert!(notices[0].contains("(S10)"), "{notices:?}");
    let expected = by_index(&factors(&half, 1.5, None));
    let (rms, _) = apart(&factors(&whole, 1.5, None), |index| expected[&index]);
    assert!(rms < 1e-12, "{rms:e}");
    let turn: [atoms::Move; 2] = [|p| p, |[x, y, z]| [-x, y, -z]];
    let mut atoms = others.clone();
    atoms.push(TestAtom {
        occupancy: 0.5,
        ..atom("S", [0.5, 0.31, 0.0])
    });
    let (rms, _) = apart(&factors(&whole, 1.5, None), |index| {
        direct(&cell, &atoms, &turn, index)
    });
    assert!(rms < GATE, "{rms:e}");
}

#[test]
fn a_crystal_of_a_thousand_atoms_to_two_angstrom() {
    let cell = TestCell([59.062, 68.451, 30.517, 90.0, 90.0, 90.0]);
    let atoms = scattered(1000, 6);
    let text = pdb(&cell, "P 21 21 21", &atoms);
    let structure = parsed(&text).structure;
    let start = Instant::now();
    let bare =
        structure_factors(&structure, 2e-10, None, nanobragg::memory::Bytes(1 << 30)).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    structure_factors(
        &structure,
        2e-10,
        Some(&Solvent::default()),
        nanobragg::memory::Bytes(1 << 30),
    )
    .unwrap();
    let with_solvent = start.elapsed().as_secs_f64();
    let some: Vec<StructureFactor> = bare.iter().step_by(97).copied().collect();
    let text = cif(&cell, "P 21 21 21", &atoms);
    let exact = by_index(&factors(&text, 2.0, None));
    let some_exact: Vec<StructureFactor> = some
        .iter()
        .map(|f| StructureFactor {
            value: rustfft::num_complex::Complex::new(exact[&f.index][0], exact[&f.index][1]),
            ..*f
        })
        .collect();
    let (rms, worst) = apart(&some_exact, |index| direct(&cell, &atoms, &P212121, index));
    println!(
        "{} F of 1000 atoms: {seconds:.2} s, with solvent {with_solvent:.2} s; rms {rms:.1e}, worst {worst:.1e}",
        bare.len()
    );
    // As many as golden/lysozyme_1aki_p1.hkl lists of this cell, and 80 that screws extinguish.
    assert_eq!(bare.len(), 64_584 + 80);
    assert!(rms < GATE && worst < 3.0 * GATE, "{rms:e} {worst:e}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_errors_and_nothing_worse(
        is_cif in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let atoms = scattered(4, 7);
        let text = match is_cif {
            true => cif(&TRICLINIC, "P 1", &atoms),
            false => pdb(&ORTHORHOMBIC, "P 21 21 21", &atoms)
                + "SCALE1      0.055556  0.000000  0.000000        0.00000\n\
                   REMARK 290       1555   X,Y,Z\n",
        };
        let mut bytes = text.into_bytes();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 3);
        if let Ok(file) = coordinates::parse(&bytes, Bytes(1 << 20)) {
            let _ = structure_factors(&file.structure, 4e-10, None, nanobragg::memory::Bytes(1 << 30));
        }
    }

    #[test]
    fn garbage_is_no_crystal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(coordinates::parse(&bytes, Bytes(1 << 20)).is_err());
    }
}
