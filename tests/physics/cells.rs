//! The unit cell of a matrix with a cell beside it, and how many cells a crystal has.

use std::fs;

use crate::support::{experiment, golden_path, program};
use nanobragg::render::Renderer;

const FRAME: &str = "-default_F 100 -distance 60 -detpixels 32 -pixel 1 -oversample 1";

fn photons(line: &str) -> Vec<f32> {
    let renderer = Renderer::cpu().unwrap();
    let image = renderer.render(&experiment(line)).unwrap().image;
    image.values().to_vec()
}

/// What the program says on the matrix `text`.
fn said(text: &str, line: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.mat"), text).unwrap();
    let output = program()
        .current_dir(folder.path())
        .args(format!("{FRAME} -mat a.mat {line} -floatfile f.bin").split_whitespace())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_matrix_and_a_cell_count_together_whatever_their_order() {
    let mat = format!("-mat {}", golden_path("lysozyme_1p2A.mat").display());
    let cell = "-cell 60 70 31";
    let line = format!("{FRAME} -lambda 1.2 -N 5");
    let both = photons(&format!("{line} {mat} {cell}"));
    assert_eq!(both, photons(&format!("{line} {cell} {mat}")));
    let matrix = photons(&format!("{line} {mat}"));
    assert_ne!(both, matrix);
    // The cell that the matrix has itself, to eight digits, changes nothing that counts.
    let same = photons(&format!("{line} {mat} -cell 59.062 68.451 30.517"));
    let difference: f32 = same.iter().zip(&matrix).map(|(a, b)| (a - b).abs()).sum();
    assert!(
        difference < 1e-3 * matrix.iter().sum::<f32>(),
        "{difference}"
    );
    let text = fs::read_to_string(golden_path("lysozyme_1p2A.mat")).unwrap();
    let told = said(&text, "-lambda 1.2 -N 5 -cell 60 70 31");
    assert!(
        told.contains(
            "they disagree: 59.062 68.451 30.517 Å, 90.00 90.00 90.00° and 60.000 70.000 31.000 Å"
        ),
        "{told}"
    );
    let told = said(&text, "-lambda 1.2 -N 5 -cell 59.062 68.451 30.517");
    assert!(!told.contains("disagree"), "{told}");
}

#[test]
fn the_wavelength_that_a_matrix_was_made_with_is_told() {
    let matrix = fs::read_to_string(golden_path("lysozyme_1p2A.mat")).unwrap();
    let cell = "   59.0620   68.4510   30.5170   90.0000   90.0000   90.0000\n";
    let mosflm = format!("{matrix}   0.000   0.000   0.000\n{cell}   0.000   0.000   0.000\n");
    let told = said(&mosflm, "-lambda 1.0 -N 5");
    assert!(
        told.contains("the file says 59.062 68.451 30.517 Å") && told.contains("here 1.20000 Å"),
        "{told}"
    );
    for (text, line) in [(&mosflm, "-lambda 1.2 -N 5"), (&matrix, "-lambda 1.0 -N 5")] {
        let told = said(text, line);
        assert!(!told.contains("the file says"), "{told}");
    }
}

#[test]
fn crystals_of_all_shapes_but_the_square_one_may_have_a_part_of_a_cell() {
    let line = |shape: &str, cells: &str| {
        format!("{FRAME} -lambda 1 -cell 50 60 70 -Xbeam 16 -Ybeam 16 -fudge 1e-3 {shape} {cells}")
    };
    for shape in ["-gauss_xtal", "-round_xtal", "-tophat_spots"] {
        // The brightest pixel of a peak so broad is proportional to N², N all cells.
        let peak = |cells: &str| photons(&line(shape, cells)).into_iter().fold(0.0, f32::max);
        let ratio = f64::from(peak("-Na 5.5 -Nb 3.25 -Nc 4") / peak("-Na 5 -Nb 3 -Nc 4"));
        let expected = (5.5f64 * 3.25 / 15.0).powi(2);
        assert!(
            (ratio / expected - 1.0).abs() < 0.02,
            "{shape}: {ratio} {expected}"
        );
    }
    let told = said("0.02 0 0 0 0.02 0 0 0 0.02", "-N 5");
    assert!(!told.contains("error"), "{told}");
    let refused = program()
        .args(format!("{FRAME} -cell 50 -Nb 5.5 -floatfile none.bin").split_whitespace())
        .output()
        .unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success()
            && told.contains("5.5")
            && told.contains("whole number for the square shape"),
        "{told}"
    );
}
