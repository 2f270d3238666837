//! `nanobragg compare` as a user runs it: faults that were planted, figures that numpy has too,
//! reference programs that misbehave, and wrong input.

use std::fs;
use std::path::Path;

use crate::support::{golden_path, names, program, words};
use assert_cmd::Command;
use serde_json::Value;

/// Spots a few pixels wide on 128 × 128 pixels of 0.1 mm.
const SPOTS: &str = "-default_F 100 -cell 100 -misset 3 4 5 -lambda 1 -N 5 -gauss_xtal -distance 100 \
                     -detpixels 128 -pixel 0.1 -oversample 2";
const SIDE: usize = 128;

/// The beam on the point of the detector that is this many pixels from its first corner, along
/// fast and along slow.
fn beam([fast, slow]: [f64; 2]) -> String {
    format!("-mosflm -Xbeam {} -Ybeam {}", slow / 10.0, fast / 10.0)
}

/// The program on the CPU path, run in `folder`, without a reference program in its environment.
fn nanobragg(folder: &Path, line: &str) -> Command {
    let mut command = program();
    command
        .current_dir(folder)
        .args(words(line))
        .env_remove("NB_C_BIN");
    command
}

/// Renders `line` into the file `name` of `folder` and gives its values.
fn render(folder: &Path, line: &str, name: &str) -> Vec<f32> {
    nanobragg(folder, &format!("{line} -floatfile {name} --quiet"))
        .assert()
        .success();
    let bytes = fs::read(folder.join(name)).unwrap();
    let values = bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()));
    values.collect()
}

fn write(folder: &Path, name: &str, values: &[f32]) {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    fs::write(folder.join(name), bytes).unwrap();
}

/// The JSON document that a successful comparison prints.
fn compared(folder: &Path, line: &str) -> Value {
    let assert = nanobragg(folder, &format!("compare --json {line}"))
        .assert()
        .success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

/// The number at a JSON pointer.
fn number(document: &Value, pointer: &str) -> f64 {
    let found = document.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number {pointer} in {document:#}"))
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} is not {expected}"
    );
}

/// The one line that a refusal prints.
#[track_caller]
fn refusal(command: &mut Command, code: i32) -> String {
    let assert = command.assert().code(code);
    let line = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(
        ["nanobragg: ", "nanobragg compare"]
            .iter()
            .any(|name| line.starts_with(name))
            && line.lines().count() == 1,
        "{line}"
    );
    line
}

#[track_caller]
fn refused(folder: &Path, line: &str, code: i32, pieces: &[&str]) {
    let said = refusal(&mut nanobragg(folder, line), code);
    for piece in pieces {
        assert!(said.contains(piece), "{line}\n{said}does not say: {piece}");
    }
}

#[test]
fn equal_images_agree_in_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    render(folder.path(), SPOTS, "a.bin");
    let found = compared(folder.path(), "a.bin a.bin --size 128 128 --threshold 1");
    for (pointer, expected) in [
        ("/correlation", 1.0),
        ("/nrmse", 0.0),
        ("/rmse", 0.0),
        ("/worst/difference", 0.0),
        ("/sum_ratio", 1.0),
        ("/pixels", (SIDE * SIDE) as f64),
        ("/peaks/matched", 20.0),
        ("/peaks/missing", 0.0),
        ("/peaks/extra", 0.0),
        ("/peaks/agreement/max_distance", 0.0),
        ("/peaks/agreement/mean_intensity_ratio", 1.0),
    ] {
        assert_eq!(number(&found, pointer), expected, "{pointer}");
    }
    assert_eq!(found["passed"], true);
}

#[test]
fn a_shift_by_one_pixel_shows_as_a_shift_of_the_peaks() {
    let folder = tempfile::tempdir().unwrap();
    render(
        folder.path(),
        &format!("{SPOTS} {}", beam([64.0, 64.0])),
        "b.bin",
    );
    for (to, expected) in [([65.0, 64.0], [1.0, 0.0]), ([64.0, 63.0], [0.0, -1.0])] {
        render(folder.path(), &format!("{SPOTS} {}", beam(to)), "a.bin");
        let found = compared(folder.path(), "a.bin b.bin --size 128 128");
        for (axis, expected) in expected.into_iter().enumerate() {
            near(
                number(&found, &format!("/peaks/agreement/mean_shift/{axis}")),
                expected,
                1e-3,
            );
        }
        near(number(&found, "/peaks/agreement/mean_distance"), 1.0, 1e-3);
        near(
            number(&found, "/peaks/agreement/min_intensity_ratio"),
            1.0,
            1e-4,
        );
        near(
            number(&found, "/peaks/agreement/max_intensity_ratio"),
            1.0,
            1e-4,
        );
        assert!(number(&found, "/correlation") < 0.99);
    }
}

#[test]
fn half_a_pixel_of_beam_centre_shows_as_half_a_pixel() {
    let folder = tempfile::tempdir().unwrap();
    render(
        folder.path(),
        &format!("{SPOTS} {}", beam([64.0, 64.0])),
        "b.bin",
    );
    render(
        folder.path(),
        &format!("{SPOTS} {}", beam([64.5, 64.0])),
        "a.bin",
    );
    let found = compared(folder.path(), "a.bin b.bin --size 128 128");
    // Three pixels of a peak tell its place to a few hundredths.
    near(number(&found, "/peaks/agreement/mean_shift/0"), 0.5, 0.1);
    near(number(&found, "/peaks/agreement/mean_shift/1"), 0.0, 0.02);
    near(
        number(&found, "/peaks/agreement/mean_intensity_ratio"),
        1.0,
        0.05,
    );
    assert_eq!(number(&found, "/peaks/missing"), 0.0);
    assert!(number(&found, "/correlation") > 0.9);
}

#[test]
fn a_scale_of_one_percent_shows_in_sums_quantiles_and_intensities() {
    let folder = tempfile::tempdir().unwrap();
    render(folder.path(), &format!("{SPOTS} -fluence 1e24"), "b.bin");
    render(folder.path(), &format!("{SPOTS} -fluence 1.01e24"), "a.bin");
    let line = "a.bin b.bin --size 128 128 --threshold 0.999999";
    refused(
        folder.path(),
        &format!("compare {line}"),
        1,
        &["adds up to 1.01", "times the reference"],
    );
    let found = compared(folder.path(), &format!("{line} --correlation-only"));
    near(number(&found, "/correlation"), 1.0, 1e-12);
    near(number(&found, "/sum_ratio"), 1.01, 1e-7);
    near(number(&found, "/nrmse"), 0.01, 1e-7);
    for quantile in 1..8 {
        near(
            number(
                &found,
                &format!("/relative_difference/quantiles/{quantile}/value"),
            ),
            0.01,
            1e-6,
        );
    }
    near(
        number(&found, "/peaks/agreement/mean_intensity_ratio"),
        1.01,
        1e-6,
    );
    near(number(&found, "/peaks/agreement/max_distance"), 0.0, 1e-4);
}

#[test]
fn an_axis_that_is_flipped_leaves_peaks_unmatched() {
    let folder = tempfile::tempdir().unwrap();
    let values = render(
        folder.path(),
        &format!("{SPOTS} {}", beam([64.0, 64.0])),
        "b.bin",
    );
    let flipped: Vec<f32> = values
        .chunks_exact(SIDE)
        .flat_map(|row| row.iter().rev().copied())
        .collect();
    write(folder.path(), "a.bin", &flipped);
    let found = compared(folder.path(), "a.bin b.bin --size 128 128");
    assert!(number(&found, "/correlation") < 0.5);
    assert!(
        number(&found, "/peaks/missing") >= 10.0,
        "{:#}",
        found["peaks"]
    );
    near(number(&found, "/sum_ratio"), 1.0, 1e-12);
    refused(
        folder.path(),
        "compare a.bin b.bin --size 128 128 --threshold 0.9",
        1,
        &["the correlation is ", "below 0.9 (--threshold)"],
    );
}

#[test]
fn weights_that_are_ignored_show_as_intensities_that_spread() {
    let folder = tempfile::tempdir().unwrap();
    // Spots sharp enough for those of the three sources to stand apart.
    let line = format!("{SPOTS} -cell 70 80 90 -N 10 -xds -sourcefile");
    render(
        folder.path(),
        &format!("{line} two_sources.txt"),
        "weighted.bin",
    );
    render(
        folder.path(),
        &format!("{line} equal_sources.txt"),
        "ignored.bin",
    );
    let found = compared(folder.path(), "ignored.bin weighted.bin --size 128 128");
    let ratio = |which: &str| number(&found, &format!("/peaks/agreement/{which}_intensity_ratio"));
    // Of weights 1, 3 and ½ the parts are 2/9, 2/3 and 1/9, and a third each without.
    assert!(ratio("min") < 0.6, "{:#}", found["peaks"]);
    assert!(ratio("max") > 1.4, "{:#}", found["peaks"]);
    near(number(&found, "/peaks/agreement/mean_distance"), 0.0, 0.3);
    near(number(&found, "/sum_ratio"), 1.0, 0.1);
}

/// The figures that numpy has for a pair of golden images, 96 × 96 pixels: made by
/// `python3 tests/support/numpy_figures.py`.
struct Numpy {
    pair: [&'static str; 2],
    correlation: f64,
    nrmse: f64,
    rmse: f64,
    worst: (f64, usize),
    sums: [f64; 2],
    relative: [f64; 9],
}

#[rustfmt::skip]
const NUMPY: [Numpy; 3] = [
    Numpy {
        pair: ["nopolar", "polarized"],
        correlation: 0.9964246146755098,
        nrmse: 0.11384212621632052,
        rmse: 129.06879585809602,
        worst: (3628.3154296875, 3837),
        sums: [1834378.7046079664, 1681892.954792356],
        relative: [4.440429238441208e-05, 0.0008271673823509741, 0.0037233886500733747, 0.025914495219489925, 0.09112614605818539, 0.2008831062353129, 0.32372430422863063, 0.37080644342202607, 0.40348871860341595],
    },
    Numpy {
        pair: ["sources_weighted", "sources_equal"],
        correlation: 0.9452479135998184,
        nrmse: 0.3518019343055787,
        rmse: 4.004163078084543,
        worst: (38.83953094482422, 912),
        sums: [33203.9855232784, 33447.32927641649],
        relative: [-0.6652648407820916, -0.6496516461844795, -0.6103644972363567, -0.36985151654557935, -0.06490006929694553, 0.3145190097203676, 0.8250123983460682, 0.9430318075999604, 0.9955336762567769],
    },
    Numpy {
        pair: ["shape_gauss", "shape_round"],
        correlation: 0.633863640761537,
        nrmse: 6.568260927226737,
        rmse: 59.53155388788724,
        worst: (113.43857288360596, 3518),
        sums: [491796.1296207905, 24452.55568157557],
        relative: [1.0106256172464079, 1.97639164074291, 6.047555995237717, 109.39678338295005, 174.99638156905053, 433.6023017070168, 1304.2485214834671, 3014.623139521471, 137783.74888857568],
    },
];

#[test]
fn figures_are_those_of_numpy() {
    let folder = tempfile::tempdir().unwrap();
    for numpy in NUMPY {
        let [a, b] = numpy.pair;
        let found = compared(folder.path(), &format!("{a}.bin {b}.bin --size 96 96"));
        let same = |pointer: &str, expected: f64| {
            near(number(&found, pointer), expected, 1e-12 * expected.abs());
        };
        same("/correlation", numpy.correlation);
        same("/nrmse", numpy.nrmse);
        same("/rmse", numpy.rmse);
        same("/worst/difference", numpy.worst.0);
        same("/worst/at/0", (numpy.worst.1 % 96) as f64);
        same("/worst/at/1", (numpy.worst.1 / 96) as f64);
        same("/sum/image", numpy.sums[0]);
        same("/sum/reference", numpy.sums[1]);
        for (index, expected) in numpy.relative.into_iter().enumerate() {
            same(
                &format!("/relative_difference/quantiles/{index}/value"),
                expected,
            );
        }
    }
}

#[test]
fn every_format_is_read_and_bare_floats_take_the_size_of_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let files =
        "-floatfile f.bin -intfile i.img -adc 0 -scale 1 -pgmfile p.pgm --tiff t.tif --png p.png";
    let line = format!("{SPOTS} -detpixels_f 100 {files} --png-depth 16 --quiet");
    nanobragg(folder.path(), &line).assert().success();
    let found = compared(folder.path(), "t.tif f.bin");
    assert_eq!(
        (number(&found, "/nrmse"), number(&found, "/width")),
        (0.0, 100.0)
    );
    assert_eq!(found["image"]["format"], "TIFF");
    assert_eq!(found["reference"]["format"], "float32");
    let found = compared(folder.path(), "f.bin i.img");
    assert!(
        number(&found, "/worst/difference") <= 0.5,
        "counts are rounded"
    );
    // Shades are clipped; and dark spots on white are a negative.
    assert!(number(&compared(folder.path(), "p.pgm f.bin"), "/correlation") > 0.5);
    assert!(number(&compared(folder.path(), "p.png f.bin"), "/correlation") < -0.5);
}

#[test]
fn regions_and_masks_leave_pixels_out() {
    let folder = tempfile::tempdir().unwrap();
    let values = render(folder.path(), SPOTS, "b.bin");
    let mut spoilt = values.clone();
    spoilt[5 * SIDE + 7] = 1e9;
    write(folder.path(), "a.bin", &spoilt);
    // A mask is an image that was rendered without that column.
    let line = format!("{SPOTS} -roi 8 127 0 127 -intfile mask.img -adc 1 --quiet");
    nanobragg(folder.path(), &line).assert().success();
    let sized = "a.bin b.bin --size 128 128";
    assert!(number(&compared(folder.path(), sized), "/nrmse") > 1.0);
    let masked = compared(folder.path(), &format!("{sized} --mask mask.img"));
    assert_eq!(
        (number(&masked, "/nrmse"), number(&masked, "/left_out")),
        (0.0, 1024.0)
    );
    let part = compared(folder.path(), &format!("{sized} --roi 8 9 0 4"));
    assert_eq!(
        (number(&part, "/nrmse"), number(&part, "/pixels")),
        (0.0, 10.0)
    );
    let spoilt = compared(folder.path(), &format!("{sized} --roi 7 7 5 5"));
    assert_eq!(number(&spoilt, "/pixels"), 1.0);
    assert_eq!(spoilt["correlation"], Value::Null, "of one pixel");
    refused(
        folder.path(),
        &format!("compare {sized} --roi 0 128 0 5"),
        2,
        &["--roi 0 128 0 5", "from 0 to 127"],
    );
    write(folder.path(), "small.bin", &[1.0; 4]);
    refused(
        folder.path(),
        "compare small.bin small.bin --size 2 2 --mask mask.img",
        1,
        &["mask.img", "128 x 128", "2 x 2"],
    );
}

#[test]
fn images_that_are_not_finite_never_pass() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "b.bin", &[1.0, 2.0, 3.0, 4.0]);
    write(folder.path(), "a.bin", &[1.0, f32::NAN, 3.0, f32::INFINITY]);
    write(folder.path(), "nan.bin", &[f32::NAN; 4]);
    let found = compared(folder.path(), "a.bin b.bin --size 2 2");
    assert_eq!(number(&found, "/non_finite/image"), 2.0);
    assert_eq!(
        (number(&found, "/pixels"), number(&found, "/nrmse")),
        (2.0, 0.0)
    );
    for pair in ["a.bin b.bin", "b.bin a.bin", "a.bin a.bin"] {
        let line = format!("compare {pair} --size 2 2 --threshold -1");
        refused(folder.path(), &line, 1, &["NaN or infinite", "never pass"]);
    }
    refused(
        folder.path(),
        "compare nan.bin b.bin --size 2 2",
        1,
        &["no pixel is finite"],
    );
}

#[test]
fn flat_images_have_no_signal_and_never_pass() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "flat.bin", &[1.0; 4]);
    write(folder.path(), "other.bin", &[2.0; 4]);
    let line = "compare flat.bin other.bin --size 2 2 --threshold -1";
    refused(folder.path(), line, 1, &["undefined", "flat"]);
    // Two black images say nothing of the program that made them.
    write(folder.path(), "black.bin", &[0.0; 4]);
    write(folder.path(), "image.bin", &[0.0, 1.0, 2.0, 0.0]);
    for pair in [
        "flat.bin flat.bin",
        "black.bin black.bin",
        "black.bin image.bin",
    ] {
        for flags in ["", " --correlation-only"] {
            let line = format!("compare {pair} --size 2 2 --threshold -1{flags}");
            refused(
                folder.path(),
                &line,
                1,
                &["flat", "without a signal", "undefined"],
            );
        }
        let found = compared(folder.path(), &format!("{pair} --size 2 2"));
        assert!(found["correlation"].is_null(), "{found:#}");
    }
}

#[test]
fn another_scale_passes_only_where_the_correlation_alone_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<f32> = (0..64).map(|index| (index % 7) as f32).collect();
    write(folder.path(), "b.bin", &values);
    for (factor, passes) in [(10.0, false), (0.1, false), (1.02, false), (1.001, true)] {
        let scaled: Vec<f32> = values.iter().map(|value| value * factor).collect();
        write(folder.path(), "a.bin", &scaled);
        let line = "a.bin b.bin --size 8 8 --threshold 0.99";
        match passes {
            true => drop(compared(folder.path(), line)),
            false => refused(
                folder.path(),
                &format!("compare {line}"),
                1,
                &["adds up to", "times the reference", "--correlation-only"],
            ),
        }
        let found = compared(folder.path(), &format!("{line} --correlation-only"));
        assert_eq!(found["passed"], true);
    }
    let line = "compare a.bin b.bin --size 8 8 --correlation-only";
    refused(folder.path(), line, 2, &["--threshold"]);
}

#[test]
fn the_table_is_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare nopolar.bin polarized.bin --size 96 96";
    let assert = nanobragg(folder.path(), line).assert().success().stderr("");
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    for piece in [
        "correlation  0.996424615",
        "nrmse        0.113842126",
        "worst        difference 3628.31543, at 93 39",
        "peaks        sought 20, radius 3, matched 20, missing 0",
        "relative difference pixels 9216",
    ] {
        assert!(text.contains(piece), "{text}\nhas no: {piece}");
    }
}

#[test]
fn evidence_is_written_whole_and_other_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/evidence");
    let line = "compare nopolar.bin polarized.bin --size 96 96 --out deep/evidence";
    nanobragg(folder.path(), line).assert().success();
    let all = ["a.png", "b.png", "difference.png", "summary.json"];
    assert_eq!(names(&out), all);
    let picture = |name: &str| ::image::open(out.join(name)).unwrap();
    for name in ["a.png", "b.png"] {
        assert_eq!((picture(name).width(), picture(name).height()), (96, 96));
    }
    assert_ne!(picture("a.png"), picture("b.png"));
    let difference = picture("difference.png").into_rgb8();
    assert_eq!(difference.width(), 256);
    // A is higher everywhere: red, where the difference is strong.
    let worst = difference.get_pixel((93 * 2 + 32) as u32, 39 * 2).0;
    assert!(worst[0] > worst[2] + 50, "{worst:?}");
    let summary: Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["files"].as_array().unwrap().len(), 4);

    fs::write(out.join("notes.txt"), "mine").unwrap();
    fs::write(out.join("a.png"), "old").unwrap();
    nanobragg(folder.path(), line).assert().success();
    assert_eq!(fs::read(out.join("notes.txt")).unwrap(), b"mine");
    assert_eq!(picture("a.png").width(), 96);
    // Below the threshold there is evidence too.
    refused(
        folder.path(),
        &format!("{line}/low --threshold 1"),
        1,
        &["below 1 (--threshold)"],
    );
    assert_eq!(names(&out.join("low")), all);
}

#[test]
fn bad_input_costs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "four.bin", &[1.0; 4]);
    write(here, "six.bin", &[1.0; 6]);
    fs::write(here.join("odd.bin"), [1; 13]).unwrap();
    fs::write(here.join("short.tif"), b"II*\0\x08\0\0\0").unwrap();
    fs::write(here.join("file"), "no folder").unwrap();
    fs::create_dir(here.join("pictures")).unwrap();
    write(&here.join("pictures"), "a.png", &[1.0; 4]);
    let before = names(here);
    let cases: &[(&str, i32, &[&str])] = &[
        (
            "",
            2,
            &["say what to compare", "--reference PROGRAM", "NB_C_BIN"],
        ),
        ("four.bin", 2, &["four.bin", "compare A B"]),
        (
            "four.bin four.bin four.bin",
            2,
            &["four.bin", "nanobragg compare -h"],
        ),
        ("four.bin four.bin", 2, &["4 float32 values", "--size 2 2"]),
        (
            "six.bin six.bin",
            2,
            &["6 float32 values", "--size FAST SLOW"],
        ),
        (
            "four.bin six.bin --size 2 2",
            1,
            &["six.bin", "24 bytes", "2 x 2", "are 16"],
        ),
        (
            "four.bin missing.bin --size 2 2",
            1,
            &["cannot read missing.bin"],
        ),
        (
            "odd.bin four.bin --size 2 2",
            1,
            &["odd.bin", "13 bytes", "no whole number"],
        ),
        ("short.tif four.bin", 1, &["short.tif", "TIFF"]),
        ("four.bin four.bin --size 2 two", 2, &["--size", "two"]),
        ("four.bin four.bin --size 0 4", 2, &["--size", "0"]),
        (
            "four.bin four.bin --size 2 2 --threshold 1.5",
            2,
            &["--threshold", "1.5", "-1 to 1"],
        ),
        (
            "four.bin four.bin --size 2 2 --threshold nan",
            2,
            &["--threshold", "-1 to 1"],
        ),
        ("four.bin four.bin --size 2 2 --peaks -1", 2, &["--peaks"]),
        (
            "four.bin four.bin --size 2 2 --radius 0",
            2,
            &["--radius", "positive"],
        ),
        ("four.bin four.bin --size 2 2 --mask no.img", 1, &["no.img"]),
        (
            "four.bin four.bin --size 2 2 --mask four.bin",
            1,
            &["four.bin", "SMV"],
        ),
        (
            "four.bin four.bin --size 2 2 --out file",
            1,
            &["--out file", "expected a folder"],
        ),
        (
            "four.bin four.bin --size 2 2 --out file/x",
            1,
            &["file is a file"],
        ),
        (
            "four.bin four.bin --size 2 2 --out /proc/x",
            1,
            &["--out /proc/x"],
        ),
        (
            "pictures/a.png four.bin --size 2 2 --out pictures",
            2,
            &["overwrite the input"],
        ),
        (
            "four.bin four.bin --reference x",
            2,
            &["--reference", "two files are compared"],
        ),
        (
            "four.bin four.bin --timeout 3",
            2,
            &["--timeout", "two files are compared"],
        ),
        (
            "four.bin four.bin -- -N 5",
            2,
            &["-- FLAGS", "two files are compared"],
        ),
        ("--reference x", 2, &["say what to render behind --"]),
        (
            "--reference x -- -floatfile f.bin",
            2,
            &["-floatfile", "no use for it"],
        ),
        (
            "--reference x --size 2 2 -- -default_F 1",
            2,
            &["--size 2 2", "-detpixels_f 2"],
        ),
        (
            "--reference x --timeout 0 -- -default_F 1",
            2,
            &["--timeout", "positive"],
        ),
        ("--referense x", 2, &["--referense"]),
    ];
    for (line, code, pieces) in cases {
        refused(here, &format!("compare {line}"), *code, pieces);
        assert_eq!(names(here), before, "{line}");
    }
    nanobragg(here, "compare -h").assert().success();
    refused(here, "compair a b", 2, &["no such command", "compare"]);
    let of_two_sizes = format!("{SPOTS} --tiff");
    nanobragg(here, &format!("{of_two_sizes} one.tif"))
        .assert()
        .success();
    nanobragg(here, &format!("{of_two_sizes} two.tif -detpixels_f 64"))
        .assert()
        .success();
    refused(
        here,
        "compare one.tif two.tif",
        1,
        &["128 x 128", "64 x 128", "one size"],
    );
    refused(
        here,
        "compare one.tif one.tif --size 64 64",
        2,
        &["--size 64 64", "128 x 128"],
    );
}

/// `compare --reference`, with stand-ins for the C program.
#[cfg(unix)]
mod reference {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::*;

    /// A shell script in `folder`; `NANOBRAGG` in it is this program.
    fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
        let own = assert_cmd::cargo::cargo_bin("nanobragg");
        let body = body.replace("NANOBRAGG", own.to_str().unwrap());
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// What a reference that runs `body` leads to.
    #[track_caller]
    fn fails(body: &str, options: &str, pieces: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "reference", body);
        let line = format!("compare --reference ./reference {options} -- {SPOTS}");
        refused(folder.path(), &line, 1, pieces);
    }

    #[test]
    fn the_same_program_agrees_with_itself() {
        let folder = tempfile::tempdir().unwrap();
        script(
            folder.path(),
            "same",
            "echo working; exec NANOBRAGG \"$@\" --quiet",
        );
        // Names of files, relative ones too, mean the same to both.
        let sources = fs::read(golden_path("two_sources.txt")).unwrap();
        fs::write(folder.path().join("sources.txt"), sources).unwrap();
        let line = format!(
            "--reference ./same --out kept --threshold 1 -- {SPOTS} -xds --sourcefile=sources.txt \
             -misset random"
        );
        let found = compared(folder.path(), &line);
        assert_eq!(number(&found, "/nrmse"), 0.0);
        assert!(number(&found, "/times/reference_seconds") > 0.0);
        assert!(number(&found, "/times/render_seconds") > 0.0);
        assert_eq!(found["times"]["device"], "cpu");

        let kept = folder.path().join("kept");
        let read = |name: &str| fs::read(kept.join(name)).unwrap();
        assert_eq!(
            names(&kept.join("reference")),
            ["command.txt", "floatimage.bin", "stderr.log", "stdout.log"]
        );
        assert_eq!(read("reference/stdout.log"), b"working\n");
        assert_eq!(
            read("reference/floatimage.bin"),
            read("nanobragg/floatimage.bin")
        );
        let command = String::from_utf8(read("reference/command.txt")).unwrap();
        assert!(command.contains("-floatfile floatimage.bin"), "{command}");
        assert!(command.contains("-seed "), "{command}");
        assert!(kept.join("difference.png").is_file());
        assert!(!folder.path().join("floatimage.bin").exists());
    }

    #[test]
    fn the_environment_may_name_it() {
        let folder = tempfile::tempdir().unwrap();
        let same = script(folder.path(), "same", "exec NANOBRAGG \"$@\" --quiet");
        nanobragg(folder.path(), &format!("compare -- {SPOTS}"))
            .env("NB_C_BIN", &same)
            .assert()
            .success();
        // With nothing said it is no guess at what was meant.
        let mut nothing = nanobragg(folder.path(), "compare");
        assert!(refusal(nothing.env("NB_C_BIN", &same), 2).contains("say what to compare"));
        let mut files = nanobragg(
            folder.path(),
            "compare nopolar.bin polarized.bin --size 96 96",
        );
        files.env("NB_C_BIN", &same).assert().success();
    }

    #[test]
    fn a_reference_that_fails_is_quoted() {
        let body = "echo started; echo first >&2; echo 'no such crystal' >&2; exit 3";
        fails(
            body,
            "",
            &["./reference failed", "3", "saying: no such crystal"],
        );
        fails("echo 'only this'; exit 4", "", &["4", "saying: only this"]);
        fails("kill -SEGV $$", "", &["./reference failed", "signal"]);
    }

    #[test]
    fn its_logs_are_kept_although_it_failed() {
        let folder = tempfile::tempdir().unwrap();
        script(
            folder.path(),
            "reference",
            "echo 'no such crystal' >&2; exit 3",
        );
        let line = format!("compare --reference ./reference --out kept -- {SPOTS}");
        refused(folder.path(), &line, 1, &["no such crystal"]);
        let log = fs::read(folder.path().join("kept/reference/stderr.log")).unwrap();
        assert_eq!(log, b"no such crystal\n");
    }

    #[test]
    fn a_reference_without_an_image_or_with_another_is_told_so() {
        fails(
            "echo done",
            "",
            &["wrote no floatimage.bin", "saying: done"],
        );
        let garbage = "printf garbage > floatimage.bin";
        fails(garbage, "", &["wrote 7 bytes", "128 x 128", "has 65536"]);
    }

    #[test]
    fn what_cannot_be_run_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("text"), "no program").unwrap();
        let with = |program: &str| format!("compare --reference {program} -- {SPOTS}");
        let missing = ["no such program"];
        refused(folder.path(), &with("./missing"), 1, &missing);
        refused(folder.path(), &with("surely-not-installed"), 1, &missing);
        refused(folder.path(), &with("./text"), 1, &["./text", "executable"]);
        let interpreter = folder.path().join("lost");
        fs::write(&interpreter, "#!/no/such/shell\n").unwrap();
        fs::set_permissions(&interpreter, fs::Permissions::from_mode(0o755)).unwrap();
        refused(
            folder.path(),
            &with("./lost"),
            1,
            &["./lost", "cannot be started"],
        );
    }

    /// Whether the process whose number is in the file `path` has ended.
    fn ended(path: &Path) -> bool {
        let number: u32 = fs::read_to_string(path).unwrap().trim().parse().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let output = std::process::Command::new("ps")
                .args(["-o", "stat=", "-p", &number.to_string()])
                .output()
                .unwrap();
            let state = String::from_utf8(output.stdout).unwrap();
            // One that nobody has asked for its exit code has ended too.
            if state.trim().is_empty() || state.starts_with('Z') {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    #[test]
    fn a_reference_that_hangs_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let child = folder.path().join("child");
        let body = format!("sleep 300 & echo $! > {}; wait", child.display());
        script(folder.path(), "hang", &body);
        let line = format!("compare --reference ./hang --timeout 1 -- {SPOTS}");
        let started = Instant::now();
        refused(
            folder.path(),
            &line,
            1,
            &["./hang", "longer than 1 s", "--timeout"],
        );
        assert!(started.elapsed() < Duration::from_secs(60));
        assert!(ended(&child));
    }

    #[test]
    fn ctrl_c_ends_the_reference_too() {
        let folder = tempfile::tempdir().unwrap();
        let child = folder.path().join("child");
        let body = format!("sleep 300 & echo $! > {}; wait", child.display());
        script(folder.path(), "hang", &body);
        let line = format!("compare --reference ./hang --out kept -- {SPOTS}");
        let mut running = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanobragg"));
        let running = running
            .args(words(&line))
            .env("NANOBRAGG_DEVICE", "cpu")
            .current_dir(folder.path())
            .stderr(std::process::Stdio::null());
        let mut running = crate::support::hearing(running).spawn().unwrap();
        let written = || fs::read_to_string(&child).is_ok_and(|text| text.ends_with('\n'));
        let deadline = Instant::now() + Duration::from_secs(60);
        while !written() {
            assert!(Instant::now() < deadline, "the reference never started");
            std::thread::sleep(Duration::from_millis(10));
        }
        let number = running.id().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-INT", &number])
            .status();
        assert!(killed.unwrap().success());
        assert_eq!(running.wait().unwrap().code(), Some(130));
        assert!(ended(&child));
        assert!(!folder.path().join("kept").exists());
    }
}
