//! `--pdb` as a user types it.

use std::fs;
use std::path::Path;

use super::atoms::{TestCell, cif, pdb, scattered};
use super::{ORTHORHOMBIC, TRICLINIC, factors};
use crate::support::{program, unwrapped};
use nanobragg::structure::Solvent;

const FRAME: &str =
    "-lambda 1.2 -distance 60 -detpixels 48 -pixel 1 -N 5 -oversample 1 --device cpu";

/// Runs the program and hands back its exit code and messages.
fn run(folder: &Path, line: &str) -> (i32, String) {
    let words = line.split_whitespace();
    let done = program().current_dir(folder).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    (done.status.code().unwrap(), said)
}

fn image(folder: &Path, name: &str) -> Vec<f32> {
    let bytes = fs::read(folder.join(name)).unwrap();
    let floats = bytes.chunks_exact(4);
    floats
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

#[test]
fn an_image_from_atoms_is_that_of_their_structure_factors() {
    let folder = tempfile::tempdir().unwrap();
    let text = pdb(&ORTHORHOMBIC, "P 21 21 21", &scattered(30, 8));
    fs::write(folder.path().join("a.pdb"), &text).unwrap();
    let (code, said) = run(
        folder.path(),
        &format!("--pdb a.pdb --dmin-f 1.5 {FRAME} -floatfile atoms.bin"),
    );
    assert_eq!(code, 0, "{said}");
    let told = "reflections  format PDB, atoms 30, space group P 21 21 21, operators 4, d min \
                angstrom 1.5, solvent electrons per angstrom3 0.35, solvent b angstrom2 46";
    assert!(unwrapped(&said).contains(told), "{said}");

    let mut list = String::new();
    for factor in factors(&text, 1.5, Some(&Solvent::default())) {
        let [h, k, l] = factor.index;
        list += &format!("{h} {k} {l} {}\n", factor.value.norm());
    }
    fs::write(folder.path().join("a.hkl"), list).unwrap();
    let (code, said) = run(
        folder.path(),
        &format!("-hkl a.hkl -cell 18 23 13 90 90 90 {FRAME} -floatfile list.bin"),
    );
    assert_eq!(code, 0, "{said}");
    let (atoms, list) = (
        image(folder.path(), "atoms.bin"),
        image(folder.path(), "list.bin"),
    );
    let difference: f32 = atoms.iter().zip(&list).map(|(a, b)| (a - b).powi(2)).sum();
    let size: f32 = list.iter().map(|b| b * b).sum();
    assert!(
        size > 0.0 && difference <= 1e-10 * size,
        "{difference} {size}"
    );
}

#[test]
fn the_default_resolution_is_that_of_the_corners() {
    let folder = tempfile::tempdir().unwrap();
    let text = cif(&TRICLINIC, "P 1", &scattered(20, 9));
    fs::write(folder.path().join("a.cif"), text).unwrap();
    // Corners at 1.6 Å; cells enough for nearest F, then so few that F is interpolated.
    for cells in ["-N 5", "-N 2"] {
        for (name, extra) in [
            ("own.bin", ""),
            ("fine.bin", "--dmin-f 0.7"),
            ("coarse.bin", "--dmin-f 4"),
        ] {
            // The finer a grid, the finer the solvent's surface: that is not what this is about.
            let line =
                format!("--pdb a.cif --no-solvent {FRAME} {cells} {extra} -floatfile {name}");
            let (code, said) = run(folder.path(), &line);
            assert_eq!(code, 0, "{said}");
        }
        let [own, fine, coarse] =
            ["own.bin", "fine.bin", "coarse.bin"].map(|n| image(folder.path(), n));
        let apart = |one: &[f32]| {
            let difference: f32 = one.iter().zip(&fine).map(|(a, b)| (a - b).powi(2)).sum();
            (difference / fine.iter().map(|b| b * b).sum::<f32>()).sqrt()
        };
        assert!(apart(&own) < 1e-4, "{cells}: {}", apart(&own));
        assert!(apart(&coarse) > 0.05, "{cells}: {}", apart(&coarse));
    }
}

#[test]
fn solvent_flags_change_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let text = pdb(&ORTHORHOMBIC, "P 21 21 21", &scattered(30, 10));
    fs::write(folder.path().join("a.pdb"), text).unwrap();
    let of = |extra: &str| {
        let line = format!("--pdb a.pdb {FRAME} {extra} -floatfile a.bin");
        let (code, said) = run(folder.path(), &line);
        assert_eq!(code, 0, "{said}");
        image(folder.path(), "a.bin")
    };
    let usual = of("");
    assert_eq!(usual, of("--solvent-k 0.35 --solvent-b 46"));
    assert_ne!(usual, of("--solvent-k 0.2"));
    assert_ne!(usual, of("--solvent-b 80"));
    assert_eq!(of("--no-solvent"), of("--solvent-k 0"));
}

#[test]
fn the_summary_says_where_f_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let text = pdb(&ORTHORHOMBIC, "P 21 21 21", &scattered(30, 8));
    fs::write(folder.path().join("a.pdb"), &text).unwrap();
    let reflections = |extra: &str| -> serde_json::Value {
        let line =
            format!("--pdb a.pdb --dmin-f 2 {FRAME} {extra} -floatfile a.bin --json --quiet");
        let words = line.split_whitespace();
        let done = program().current_dir(&folder).args(words).output().unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        summary["reflections"].clone()
    };
    let count = factors(&text, 2.0, None).len();
    let with = reflections("--solvent-k 0.4 --solvent-b 50");
    for (key, value) in [("format", "PDB"), ("space_group", "P 21 21 21")] {
        assert_eq!(with[key], value);
    }
    for (key, value) in [("atoms", 30), ("operators", 4), ("in_p1", count)] {
        assert_eq!(with[key], value, "{key}");
    }
    let close = |value: &serde_json::Value, expected: f64| {
        assert!(
            (value.as_f64().unwrap() - expected).abs() < 1e-12,
            "{value}"
        );
    };
    close(&with["d_min_angstrom"], 2.0);
    close(&with["solvent"]["electrons_per_angstrom3"], 0.4);
    close(&with["solvent"]["b_angstrom2"], 50.0);
    assert!(reflections("--no-solvent")["solvent"].is_null());
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = pdb(&ORTHORHOMBIC, "P 21 21 21", &scattered(3, 11));
    let no_crystal = good.replace("CRYST1", "REMARK");
    let placeholder = pdb(
        &TestCell([1.0, 1.0, 1.0, 90.0, 90.0, 90.0]),
        "P 1",
        &scattered(3, 11),
    );
    let cases = [
        (
            no_crystal,
            "",
            1,
            "no CRYST1 record; give the file its cell",
        ),
        (placeholder, "", 1, "stands for none"),
        (
            good.replace("           C", "          XX"),
            "",
            1,
            "'XX' is no element",
        ),
        (
            good.replace("P 21 21 21", "P 21/z    "),
            "",
            1,
            "columns 56 to 66",
        ),
        (
            good.replace("P 21 21 21", "P 4 3 2   "),
            "",
            1,
            "does not fit the cell",
        ),
        (
            good.replacen("  1.00", "  9.99", 1),
            "",
            1,
            "the occupancy 9.99 is none",
        ),
        (good.replace("ATOM", "ATXM"), "", 1, "neither PDB"),
        (good.clone(), "--dmin-f 0.1", 2, "known from 0.25 Å"),
        (good.clone(), "--dmin-f 90", 2, "no reflection of this cell"),
        (
            good.clone(),
            "-cell 50 60 70 90 90 90",
            2,
            "contradicts -cell",
        ),
        (good.clone(), "-hkl a.pdb", 2, "do not go together"),
        (
            good.clone(),
            "--no-solvent --solvent-k 1",
            2,
            "do not go together",
        ),
    ];
    for (text, extra, code, expected) in cases {
        fs::write(folder.path().join("a.pdb"), text).unwrap();
        let (found, said) = run(folder.path(), &format!("--pdb a.pdb {FRAME} {extra}"));
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(found, code, "{said}");
        assert!(!folder.path().join("floatimage.bin").exists());
    }
    for line in [
        "--dmin-f 2",
        "--no-solvent",
        "--solvent-k 0.3",
        "-pdb a.pdb",
    ] {
        let (found, said) = run(folder.path(), &format!("-default_F 1 -cell 50 {line}"));
        assert_eq!(found, 2, "{line}: {said}");
    }
}
