//! Bad input, as a user meets it: one line that says what is wrong, an exit code, and nothing else.
//!
//! Every case runs in a directory of its own that holds an old `floatimage.bin`; whatever goes
//! wrong, that file stays as it was and no other appears.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::program;
use assert_cmd::Command;

/// What the old image holds.
const OLD: &[u8] = b"an image of yesterday";

/// A crystal and a detector that are sound and small.
const SOUND: &str = "-default_F 100 -cell 100 -N 5 -lambda 1 -detpixels 8";

/// A refusal takes no longer than this, whatever was asked for.
const PROMPT: Duration = Duration::from_secs(20);

/// The exit code of wrong usage.
const USAGE: i32 = 2;
/// The exit code of a bad file, or of work that cannot be done.
const FAILED: i32 = 1;

/// The files, by name, that stand beside the old image.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A command line, the exit code it must have, and pieces of the line it must print.
struct Case<'a>(&'a str, i32, &'a [&'a str]);

/// Runs every case, each with `files` beside it, and reports all that are not refused as they
/// should be.
fn refused(files: Files, cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}\n    {}", case.0, faults(files, case)?)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} case(s):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is wrong with how a case is refused.
fn faults(files: Files, Case(line, code, pieces): &Case) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("floatimage.bin"), OLD).unwrap();
    for (name, contents) in files {
        fs::write(directory.path().join(name), contents).unwrap();
    }
    fs::create_dir(directory.path().join("folder")).unwrap();
    let before = contents(directory.path());

    let started = Instant::now();
    let output = program()
        .current_dir(directory.path())
        .args(line.split_whitespace())
        .timeout(PROMPT)
        .output()
        .unwrap();
    let took = started.elapsed();

    let stderr = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.starts_with("nanobragg: note:"))
        .collect();
    let mut faults = Vec::new();
    if output.status.code() != Some(*code) {
        faults.push(format!("exit {:?}, expected {code}", output.status.code()));
    }
    // A command's messages start with its name, others with the program's.
    let command = format!("nanobragg {}: ", line.split(' ').next().unwrap_or_default());
    let named = |said: &str| said.starts_with("nanobragg: ") || said.starts_with(&command);
    if said.len() != 1 || !named(said[0]) {
        faults.push("not one line of nanobragg's".into());
    }
    for line in &said {
        let parts: Vec<&str> = line.split(": ").collect();
        if parts.windows(2).any(|pair| pair[0] == pair[1]) {
            faults.push("says a thing twice".into());
        }
    }
    for piece in *pieces {
        if !said.iter().any(|line| line.contains(piece)) {
            faults.push(format!("does not say '{piece}'"));
        }
    }
    if !output.stdout.is_empty() {
        faults.push("prints to standard output".into());
    }
    if contents(directory.path()) != before {
        faults.push("changes files".into());
    }
    if took > PROMPT {
        faults.push(format!("takes {took:?}"));
    }
    (!faults.is_empty()).then(|| format!("{}; it says: {}", faults.join(", "), said.join(" | ")))
}

/// Every entry of a directory; of files, what they hold.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).ok()))
        .collect()
}

/// An SMV file of `width` x `height` pixels of value 1, less `missing` bytes.
fn smv(width: usize, height: usize, more: &str, missing: usize) -> Vec<u8> {
    let mut file = format!("{{\nHEADER_BYTES=512;\nSIZE1={width};\nSIZE2={height};\n{more}}}\n");
    file.extend(std::iter::repeat_n(' ', 512 - file.len()));
    let mut bytes = file.into_bytes();
    bytes.extend([1u8, 0].repeat(width * height));
    bytes.truncate(bytes.len() - missing);
    bytes
}

/// The case of a sound command line with `flags` added.
macro_rules! sound {
    ($flags:expr, $code:expr, $pieces:expr) => {
        Case(&format!("{SOUND} {}", $flags), $code, $pieces)
    };
}

#[test]
fn the_sound_command_line_is_sound() {
    let fault = faults(&[], &Case(SOUND, 0, &[])).unwrap();
    assert!(fault.contains("changes files"), "{fault}");
    assert!(!fault.contains("exit"), "{fault}");
}

#[test]
fn unknown_and_misspelt_flags_are_refused_with_the_nearest() {
    refused(
        &[],
        &[
            Case("-frobnicate 3", USAGE, &["-frobnicate: no such flag"]),
            Case(
                "-lamda 1",
                USAGE,
                &["-lamda: no such flag", "did you mean -lambda?"],
            ),
            Case("-Lambda 1", USAGE, &["did you mean -lambda?"]),
            Case("-n 5", USAGE, &["-n: no such flag", "-N"]),
            Case("--mosaic_domain 5", USAGE, &["did you mean -mosaic_dom"]),
            Case(
                "-device cpu",
                USAGE,
                &["-device: no such flag", "did you mean --device?"],
            ),
            Case("-threads 2", USAGE, &["did you mean --threads?"]),
            Case("-json", USAGE, &["did you mean --json?"]),
            Case("---device cpu", USAGE, &["did you mean --device?"]),
            Case(
                "floatimage.bin",
                USAGE,
                &["floatimage.bin: no such command"],
            ),
            sound!("stray", USAGE, &["stray: expected a flag"]),
            sound!("-- stray", USAGE, &["stray: expected a flag"]),
            sound!("7", USAGE, &["7: expected a flag"]),
        ],
    );
}

#[test]
fn what_has_no_closed_form_is_refused() {
    let gauss = |flags: &str| format!("-gauss_xtal --analytic {flags}");
    refused(
        &[],
        &[
            sound!(
                "--analytic",
                USAGE,
                &["--analytic: only Gaussian spots have a closed form, not those of -square_xtal"]
            ),
            sound!(
                "-round_xtal --analytic",
                USAGE,
                &["not those of -round_xtal; ask for Gaussian ones"]
            ),
            sound!(
                "-gauss_xtal --bandwidth 0.2",
                USAGE,
                &[
                    "--bandwidth: a normal spread of wavelengths is integrated in closed form only; \
                     give --analytic, or samples with -dispersion"
                ]
            ),
            sound!(
                "-gauss_xtal --divergence-sigma 0.2 0",
                USAGE,
                &[
                    "--divergence-sigma: a normal spread of directions is integrated in closed form \
                     only; give --analytic, or samples with -divergence"
                ]
            ),
            sound!(
                "-gauss_xtal --pixel-average",
                USAGE,
                &[
                    "--pixel-average: a pixel's area is integrated in closed form only; give --analytic"
                ]
            ),
            sound!(
                gauss("-interpolate"),
                USAGE,
                &["--analytic and -interpolate: a spot in closed form has the F of one reflection"]
            ),
            sound!(
                gauss("-mosaic 1 --mosaic-model gaussian"),
                USAGE,
                &["--analytic and --mosaic-model gaussian: only misorientations that are normal"]
            ),
            sound!(
                gauss("--mosaic-file rotations.txt"),
                USAGE,
                &["--analytic and --mosaic-file: rotations one by one have no closed form"]
            ),
            sound!(
                gauss("--symmetric-shape mmm"),
                USAGE,
                &["shapes with the crystal's symmetry have no closed form"]
            ),
            sound!(
                gauss("--pixel-average -curved_det"),
                USAGE,
                &["--analytic: the areas of a curved panel's pixels have no closed form"]
            ),
            // Spots so sharp that nothing of the determinant of C would be left.
            sound!(
                gauss("-N 10000 -mosaic 0.1"),
                USAGE,
                &["--analytic: spots become", "beyond 1e6 times", "fewer -N"]
            ),
            sound!(
                gauss("-N 100000 --pixel-average"),
                USAGE,
                &["--analytic: spots become"]
            ),
            sound!(
                gauss("--divergence-sigma 0.2 7000"),
                USAGE,
                &["--divergence-sigma 7000: expected a number of mrad from 0 to 6283"]
            ),
            sound!(
                gauss("--bandwidth -1"),
                USAGE,
                &["--bandwidth", "from 0 to 100"]
            ),
        ],
    );
}

#[test]
fn every_command_tells_its_flags_as_a_render_does() {
    for (line, said) in [
        (
            "noise f.bin o.img --siez 32",
            "nanobragg noise: --siez: no such flag; did you mean --size?",
        ),
        (
            "noise f.bin o.img -psf fiber",
            "nanobragg noise: -psf: no such flag; did you mean --psf?",
        ),
        (
            "bench --iteratoins 2",
            "nanobragg bench: --iteratoins: no such flag; did you mean --iterations?",
        ),
        (
            "compare --trheshold 1",
            "nanobragg compare: --trheshold: no such flag; did you mean --threshold?",
        ),
        (
            "trace --pixel 1 2 --qqqq -- -lamda 1",
            "nanobragg trace: --qqqq: no such flag; nanobragg trace -h lists the flags",
        ),
        // A number that no flag takes is no file either.
        (
            "info -5.img",
            "nanobragg info: -5.img: expected a flag; nanobragg info -h lists them, and values \
             follow their flag",
        ),
        (
            "convert a.bin -1e-3 --size 3 3",
            "nanobragg convert: -1e-3: expected a flag; nanobragg convert -h lists them, and values \
             follow their flag",
        ),
        (
            "devices -json",
            "nanobragg devices: -json: no such flag; did you mean --json?",
        ),
        (
            "-hkl a.hkl -cell 100 --hkl-channels b.txt",
            "nanobragg: -hkl and --hkl-channels do not go together; leave one of them out",
        ),
        // Commas stand in one value, and between those of several.
        (
            "-default_F 1 -cell 70,80,90",
            "nanobragg: -cell 70,80,90: expected a finite number; separate numbers with spaces",
        ),
        (
            "-default_F 1 --background air,thikness=2",
            "nanobragg: --background air,thikness=2: thikness: no such setting; there are \
             thickness, density, mw and x",
        ),
    ] {
        refused(&[], &[Case(line, USAGE, &[said])]);
        let output = program().args(line.split(' ')).output().unwrap();
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(found.trim_end(), said, "{line}");
    }
}

#[test]
fn missing_and_surplus_values_are_refused() {
    refused(
        &[],
        &[
            sound!("-lambda", USAGE, &["-lambda: it takes <Å>"]),
            sound!("-lambda -N 5", USAGE, &["-lambda: it takes <Å>"]),
            sound!("-hkl", USAGE, &["-hkl: it takes <FILE>"]),
            sound!("-cell", USAGE, &["-cell: it takes"]),
            sound!("-roi 1 2 3", USAGE, &["-roi: it takes"]),
            sound!("-misset 1 2", USAGE, &["-misset 1 2", "three angles"]),
            sound!("-misset 1 2 x", USAGE, &["-misset 1 2 x", "random"]),
            sound!("-misset 1 2 3 4", USAGE, &["4: expected a flag"]),
            sound!("-beam_vector 1 0", USAGE, &["-beam_vector: it takes"]),
            sound!("-nopgm=3", USAGE, &["-nopgm"]),
            sound!("--device", USAGE, &["--device: it takes <DEVICE>"]),
            sound!("-pixel=", USAGE, &["-pixel"]),
        ],
    );
}

#[test]
fn sizes_that_are_not_positive_finite_numbers_are_refused() {
    let mut lines = Vec::new();
    for flag in [
        "-pixel",
        "-distance",
        "-close_distance",
        "-lambda",
        "-energy",
        "-detsize",
        "-detsize_f",
        "-xtalsize",
        "-fudge",
        "-beamsize",
        "-scale",
    ] {
        for value in ["nan", "NaN", "inf", "-1", "0", "-0", "1e999", "1,5", "x"] {
            let line = format!("{SOUND} {flag} {value}");
            lines.push((line, format!("{flag} {value}: expected a positive number")));
        }
    }
    for flag in ["-N", "-Na"] {
        for value in ["nan", "inf", "-1", "0.1", "0.9", "4294967296", "1,5", "x"] {
            let line = format!("{SOUND} {flag} {value}");
            lines.push((line, format!("{flag} {value}: expected a number from 1")));
        }
    }
    for flag in ["-detpixels", "-mosaic_domains", "-phisteps", "-oversample"] {
        for value in ["nan", "inf", "-1", "0", "1.5", "1e3", "4294967296", "x"] {
            let line = format!("{SOUND} {flag} {value}");
            lines.push((
                line,
                format!("{flag} {value}: expected a whole number from 1"),
            ));
        }
    }
    for flag in [
        "-fluence",
        "-flux",
        "-exposure",
        "-dmin",
        "-water",
        "-hdivrange",
    ] {
        for value in ["nan", "inf", "-1", "x"] {
            let line = format!("{SOUND} {flag} {value}");
            lines.push((
                line,
                format!("{flag} {value}: expected a number, zero or above"),
            ));
        }
    }
    for flag in ["-mosaic", "--mosaic-sigmas 1 360"] {
        let name = flag.split(' ').next().unwrap();
        for value in ["nan", "inf", "-1", "360.1", "1e300", "x"] {
            lines.push((
                format!("{SOUND} {flag} {value}"),
                format!("{name} {value}: expected a number of degrees from 0 to 360"),
            ));
        }
    }
    for flag in [
        "-phi",
        "-osc",
        "-default_F",
        "-Xbeam",
        "-ORGY",
        "-twotheta",
        "-adc",
    ] {
        for value in ["nan", "inf", "1e999", "x"] {
            let line = format!("{SOUND} {flag} {value}");
            lines.push((line, format!("{flag} {value}: expected a finite number")));
        }
    }
    for (flag, named, expected) in [
        ("-pixel", "-pixel", "a positive number"),
        ("-N", "-N", "a number from 1 to 4294967295, or 0 for 1"),
        ("-mosaic", "-mosaic", "a number of degrees from 0 to 360"),
        ("-phi", "-phi", "a finite number"),
        ("-cell 100", "-cell", "a finite number"),
        (
            "-misset 1 2",
            "-misset 1 2",
            "three angles in degrees, or random",
        ),
        (
            "-detector_abs",
            "-detector_abs",
            "a number, zero or above, or inf",
        ),
    ] {
        for value in ["-inf", "-nan", "-infinity", "-NAN(0)", "-1e999"] {
            let line = format!("{SOUND} {flag} {value}");
            lines.push((line, format!("{named} {value}: expected {expected}")));
        }
    }
    let pieces: Vec<[&str; 1]> = lines.iter().map(|(_, said)| [said.as_str()]).collect();
    let cases: Vec<Case> = lines
        .iter()
        .zip(&pieces)
        .map(|((line, _), pieces)| Case(line, USAGE, pieces))
        .collect();
    refused(&[], &cases);
}

#[test]
fn numbers_too_extreme_to_compute_with_are_refused() {
    refused(
        &[],
        &[
            sound!("-distance 1e300", USAGE, &["distance", "is 1e297"]),
            sound!("-distance 1e-300", USAGE, &["distance"]),
            sound!("-pixel 1e-300", USAGE, &["pixel"]),
            sound!("-pixel 1e300", USAGE, &["pixel"]),
            sound!("-lambda 1e-300", USAGE, &["wavelength"]),
            sound!("-lambda 1e300", USAGE, &["wavelength"]),
            sound!("-energy 1e300", USAGE, &["wavelength"]),
            sound!("-fudge 1e300", USAGE, &["fudge"]),
            sound!(
                "--b-factor 1001",
                USAGE,
                &["--b-factor 1001", "Å² from -1000 to 1000"]
            ),
            sound!(
                "--b-factor nan",
                USAGE,
                &["--b-factor nan", "Å² from -1000 to 1000"]
            ),
            sound!("-default_F 1e300", USAGE, &["structure factor"]),
            sound!("-water 1e300", USAGE, &["water"]),
            sound!("-Xbeam 1e300", USAGE, &["origin"]),
            sound!("-phi 1e300", USAGE, &["phi"]),
            sound!("-phistep 1e300 -phisteps 9", USAGE, &["phi"]),
            sound!("-hdivrange 1e300", USAGE, &["divergence"]),
            sound!("-dispersion 300", USAGE, &["dispersion is 3"]),
            sound!("-cell 1e12 -oversample 1", USAGE, &["cell"]),
            sound!("-xtalsize 1e300", USAGE, &["-xtalsize", "cells"]),
            sound!(
                "-flux 1e300 -beamsize 1e-300",
                USAGE,
                &["-flux 1", "fluence"]
            ),
            sound!(
                "-osc 90 -phistep 1e-300",
                USAGE,
                &["-osc, -phistep", "steps"]
            ),
            sound!("-osc 90 -phistep -1", USAGE, &["-osc 90 -phistep -1"]),
            sound!(
                "-detector_thick 100 -detector_abs 1e-300",
                USAGE,
                &["attenuation depth"]
            ),
        ],
    );
}

#[test]
fn detectors_that_are_too_large_are_refused_before_any_work() {
    refused(
        &[],
        &[
            sound!(
                "-detpixels 100000",
                USAGE,
                &["-detpixels", "100000 x 100000"]
            ),
            sound!(
                "-detpixels 4294967295",
                USAGE,
                &["-detpixels", "fewer than 2^32"]
            ),
            sound!(
                "-detpixels_f 4294967295",
                USAGE,
                &["-detpixels", "fewer than 2^32"]
            ),
            sound!(
                "-detpixels 8 -detpixels_f 100000 -detpixels_s 100000",
                USAGE,
                &["100000 x 100000"]
            ),
            Case(
                "-default_F 1 -cell 9 -detsize 1e9",
                USAGE,
                &["-detsize 1000000000 mm", "-pixel 0.1 mm"],
            ),
            Case(
                "-default_F 1 -cell 9 -pixel 1e-9",
                USAGE,
                &["-detsize 102.4 mm", "-pixel 0.000000001 mm"],
            ),
            Case(
                "-default_F 1 -cell 9 -detsize 0.01",
                USAGE,
                &["-detsize 0.01 mm holds 0 pixels"],
            ),
        ],
    );
}

#[test]
fn impossible_cells_and_matrices_are_refused() {
    refused(
        &[
            ("flat.mat", b"1 0 0\n0 1 0\n1 1 0\n"),
            ("zero.mat", b"0 0 0 0 0 0 0 0 0"),
            ("huge.mat", b"1e300 0 0 0 1e300 0 0 0 1e300"),
            ("short.mat", b"1 0 0\n0 1 0\n"),
            ("words.mat", b"1 0 0\n0 one 0\n0 0 1\n"),
            ("nan.mat", b"1 0 0\n0 nan 0\n0 0 1\n"),
            ("binary.mat", b"\x7fELF\x02\x01\x01\x00\x00"),
            ("empty.mat", b""),
        ],
        &[
            sound!("-cell 0", USAGE, &["-cell", "cell edge a is 0"]),
            sound!("-cell 100 -5", USAGE, &["-cell", "cell edge b is -5"]),
            sound!(
                "-cell 10 10 10 90 90 180",
                USAGE,
                &["-cell", "gamma is 180"]
            ),
            sound!(
                "-cell 10 10 10 30 30 90",
                USAGE,
                &["-cell", "no cell has the angles"]
            ),
            sound!("-cell nan", USAGE, &["-cell nan", "finite number"]),
            sound!(
                "-cell 10 10 10 90 90 90 90",
                USAGE,
                &["90: expected a flag"]
            ),
            sound!("-mat flat.mat", FAILED, &["flat.mat", "singular"]),
            sound!("-mat zero.mat", FAILED, &["zero.mat", "singular"]),
            sound!("-mat huge.mat", FAILED, &["huge.mat", "singular"]),
            sound!(
                "-mat short.mat",
                FAILED,
                &["short.mat", "6 numbers", "nine"]
            ),
            sound!(
                "-mat words.mat",
                FAILED,
                &["words.mat, line 2", "'one' is not a number"]
            ),
            sound!(
                "-mat nan.mat",
                FAILED,
                &["nan.mat, line 2", "nan is not a finite"]
            ),
            sound!(
                "-mat binary.mat",
                FAILED,
                &["binary.mat, line 1", "text file"]
            ),
            sound!("-mat empty.mat", FAILED, &["empty.mat", "0 numbers"]),
        ],
    );
}

#[test]
fn lists_of_reflections_that_make_no_sense_are_refused() {
    refused(
        &[
            ("empty.hkl", b""),
            ("comment.hkl", b"# h k l F\n\n"),
            ("garbled.hkl", b"1 2 3 4\n%$&!x ?\n"),
            ("binary.hkl", b"\x89PNG\r\n\x1a\n\x00\x00\x00"),
            ("nul.hkl", b"1 2 3 4\n\0\0\0\0"),
            ("fraction.hkl", b"1 2 3 4\n1 2.5 3 4\n"),
            ("beyond.hkl", b"1 2 3 4\n1 2 3000000000 4\n"),
            ("short.hkl", b"1 2 3\n"),
            ("nan.hkl", b"1 2 3 nan\n"),
            ("large.hkl", b"1 2 3 1e300\n"),
            (
                "wide.hkl",
                b"-100000 -100000 -100000 1\n100000 100000 100000 1\n",
            ),
            (
                "widest.hkl",
                b"-2147483648 -2147483648 -2147483648 1\n2147483647 2147483647 2147483647 1\n",
            ),
            ("twice.hkl", b"1 2 3 4\n0 0 1 9\n1 2 3 5\n"),
        ],
        &[
            sound!(
                "-hkl empty.hkl",
                FAILED,
                &["empty.hkl", "no reflections", "h k l F"]
            ),
            sound!(
                "-hkl comment.hkl",
                FAILED,
                &["comment.hkl", "no reflections"]
            ),
            sound!(
                "-hkl garbled.hkl",
                FAILED,
                &["garbled.hkl, line 2", "h k l F"]
            ),
            sound!(
                "-hkl binary.hkl",
                FAILED,
                &["binary.hkl, line 1", "text file"]
            ),
            sound!("-hkl nul.hkl", FAILED, &["nul.hkl, line 2", "text file"]),
            sound!(
                "-hkl fraction.hkl",
                FAILED,
                &["fraction.hkl, line 2", "'2.5'", "integer"]
            ),
            sound!(
                "-hkl beyond.hkl",
                FAILED,
                &["beyond.hkl, line 2", "'3000000000'"]
            ),
            sound!(
                "-hkl short.hkl",
                FAILED,
                &["short.hkl, line 1", "too short"]
            ),
            sound!("-hkl nan.hkl", FAILED, &["nan.hkl, line 1", "nan"]),
            sound!("-hkl large.hkl", FAILED, &["large.hkl", "structure factor"]),
            sound!(
                "-hkl wide.hkl",
                FAILED,
                &["wide.hkl", "-100000..100000", "PiB", "machine has"]
            ),
            sound!("-hkl widest.hkl", FAILED, &["widest.hkl", "machine has"]),
            sound!(
                "-hkl twice.hkl",
                FAILED,
                &["twice.hkl", "1 2 3", "F = 4 and F = 5"]
            ),
        ],
    );
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let mut lines = Vec::new();
    for flag in ["-hkl", "-mat", "-sourcefile", "-img", "-mask"] {
        lines.push((format!("{SOUND} {flag} missing.x"), "cannot read missing.x"));
        lines.push((
            format!("{SOUND} {flag} floatimage.bin/x"),
            "cannot read floatimage.bin/x",
        ));
        lines.push((
            format!("{SOUND} {flag} folder"),
            "cannot read folder: it is a directory",
        ));
        #[cfg(unix)]
        for device in ["/dev/zero", "/dev/null", "/dev/random"] {
            lines.push((format!("{SOUND} {flag} {device}"), "a device"));
        }
    }
    let pieces: Vec<[&str; 1]> = lines.iter().map(|&(_, said)| [said]).collect();
    let cases: Vec<Case> = lines
        .iter()
        .zip(&pieces)
        .map(|((line, _), pieces)| Case(line, FAILED, pieces))
        .collect();
    refused(&[], &cases);
}

#[test]
fn outputs_that_are_in_the_way_are_refused_before_any_work() {
    refused(
        &[
            ("a.hkl", b"0 0 1 5\n1 1 1 5\n"),
            ("b.mat", b"0.01 0 0 0 0.01 0 0 0 0.01"),
        ],
        &[
            sound!(
                "-floatfile missing/x.bin",
                FAILED,
                &["cannot write missing/x.bin", "no directory"]
            ),
            sound!("--png a.hkl/x.png", FAILED, &["cannot write a.hkl/x.png"]),
            sound!(
                "-intfile folder",
                FAILED,
                &["cannot write folder: it is a directory"]
            ),
            sound!(
                "-pgmfile ..",
                FAILED,
                &["cannot write ..: it is a directory"]
            ),
            sound!("-floatfile /", FAILED, &["cannot write /"]),
            sound!(
                "-floatfile x -intfile ./x",
                USAGE,
                &["-floatfile and -intfile", "x; give each a file of its own"]
            ),
            sound!(
                "-floatfile floatimage.bin --tiff folder/../floatimage.bin",
                USAGE,
                &["-floatfile and --tiff"]
            ),
            sound!(
                "-hkl a.hkl -floatfile a.hkl",
                USAGE,
                &["-floatfile a.hkl", "overwrite the input a.hkl"]
            ),
            sound!(
                "-mat b.mat -noisefile folder/../b.mat",
                USAGE,
                &["-noisefile", "overwrite the input b.mat"]
            ),
            sound!("-floatfile=", USAGE, &["-floatfile"]),
        ],
    );
}

#[test]
fn images_and_masks_that_are_not_whole_are_refused() {
    let (whole, cut) = (smv(8, 8, "", 0), smv(8, 8, "", 1));
    let other = smv(4, 8, "", 0);
    let lying = smv(8, 8, "SIZE1=4294967296;\nSIZE2=4294967296;\n", 0);
    let negative = smv(8, 8, "DISTANCE=-5;\n", 0);
    let words = smv(8, 8, "WAVELENGTH=long;\n", 0);
    let tiny = smv(8, 8, "PIXEL_SIZE=1e-300;\n", 0);
    refused(
        &[
            ("whole.img", &whole),
            ("cut.img", &cut),
            ("header.img", &whole[..100]),
            ("other.img", &other),
            ("lying.img", &lying),
            ("negative.img", &negative),
            ("words.img", &words),
            ("tiny.img", &tiny),
            ("empty.img", b""),
            ("text.img", b"not an image"),
        ],
        &[
            sound!("-img cut.img", FAILED, &["cut.img", "truncated", "8 x 8"]),
            sound!("-mask cut.img", FAILED, &["cut.img", "truncated", "8 x 8"]),
            sound!("-img header.img", FAILED, &["header.img", "truncated"]),
            sound!("-img lying.img", FAILED, &["lying.img", "truncated"]),
            sound!(
                "-img empty.img",
                FAILED,
                &["empty.img", "0 bytes", "no SMV, CBF,"]
            ),
            sound!(
                "-mask text.img",
                FAILED,
                &["text.img", "no image that tells its size"]
            ),
            sound!(
                "-img negative.img",
                FAILED,
                &["negative.img", "DISTANCE is -5"]
            ),
            sound!(
                "-img words.img",
                FAILED,
                &["words.img", "WAVELENGTH is 'long'"]
            ),
            sound!(
                "-img tiny.img",
                FAILED,
                &["tiny.img: the pixel size", "-pixel"]
            ),
            sound!(
                "-mask other.img",
                FAILED,
                &["other.img", "mask is 4 x 8", "detector 8 x 8"]
            ),
            sound!(
                "-mask whole.img -detpixels 9",
                FAILED,
                &["whole.img", "mask is 8 x 8", "detector 9 x 9"]
            ),
            sound!(
                "-mask whole.img -intfile whole.img",
                USAGE,
                &["overwrite the input whole.img"]
            ),
        ],
    );
}

#[test]
fn sources_that_cannot_shine_are_refused() {
    refused(
        &[
            ("zero.txt", b"-1 0 0 1\n0 0 0 1\n"),
            ("dark.txt", b"-1 0 0 0\n-1 0 0.1 0\n"),
            ("faint.txt", b"-1 0 0 1e-320\n-1 0 0.1 1e-320\n"),
            ("bright.txt", b"-1 0 0 1e308\n-1 0 0.1 1e308\n"),
            ("negative.txt", b"-1 0 0 -1\n"),
            ("colour.txt", b"-1 0 0 1 -1e-10\n"),
            ("gamma.txt", b"-1 0 0 1 1e-300\n"),
            ("along.txt", b"0 0 -1\n"),
            ("many.txt", b"-1 0 0 1 1e-10 3\n"),
            ("words.txt", b"-1 0 0\nleft 0 0\n"),
            ("empty.txt", b"\n"),
        ],
        &[
            sound!(
                "-sourcefile zero.txt",
                FAILED,
                &["zero.txt, line 2", "(0, 0, 0)"]
            ),
            sound!(
                "-sourcefile dark.txt",
                FAILED,
                &["dark.txt", "weights add up to zero"]
            ),
            sound!("-sourcefile faint.txt", FAILED, &["-sourcefile", "weights"]),
            sound!(
                "-sourcefile bright.txt",
                FAILED,
                &["-sourcefile", "weights"]
            ),
            sound!(
                "-sourcefile negative.txt",
                FAILED,
                &["negative.txt, line 1", "weight -1"]
            ),
            sound!(
                "-sourcefile colour.txt",
                FAILED,
                &["colour.txt, line 1", "wavelength"]
            ),
            sound!(
                "-sourcefile gamma.txt",
                FAILED,
                &["-sourcefile", "wavelength"]
            ),
            sound!(
                "-sourcefile along.txt -polar 0.9",
                FAILED,
                &["-sourcefile", "polarisation"]
            ),
            sound!(
                "-sourcefile many.txt",
                FAILED,
                &["many.txt, line 1", "more than five"]
            ),
            sound!(
                "-sourcefile words.txt",
                FAILED,
                &["words.txt, line 2", "'left'"]
            ),
            sound!(
                "-sourcefile empty.txt",
                FAILED,
                &["empty.txt", "no sources"]
            ),
            sound!(
                "-polar_vector 1 0 0 -polar 0.9",
                USAGE,
                &[
                    "-polar_vector",
                    "the beam and the polarisation vector",
                    "parallel"
                ]
            ),
            sound!(
                "-beam_vector 0 0 1",
                USAGE,
                &["-beam_vector", "through the sample"]
            ),
            sound!(
                "-hdivrange 1 -vdivrange 1 -hdivstep 0.0001 -vdivsteps 1e9",
                USAGE,
                &["-vdivsteps 1e9: expected a whole number"]
            ),
        ],
    );
}

#[test]
fn geometry_that_cannot_be_is_refused() {
    refused(
        &[],
        &[
            sound!("-roi 0 8 0 7", USAGE, &["-roi", "0..8", "0..7 x 0..7"]),
            sound!("-roi 0 7 100 200", USAGE, &["-roi", "100..200"]),
            sound!("-roi 5 3 0 7", USAGE, &["-roi", "5..3"]),
            sound!("-roi 0 3 7 0", USAGE, &["-roi", "7..0"]),
            sound!(
                "-roi -1 3 0 7",
                USAGE,
                &["-roi -1: expected a pixel coordinate"]
            ),
            sound!(
                "-detector_roty 90",
                USAGE,
                &["-detector_rot", "through the sample"]
            ),
            sound!(
                "-detector_rotz -90",
                USAGE,
                &["-detector_rot", "through the sample"]
            ),
            sound!(
                "-xds -detector_rotx 90",
                USAGE,
                &["-detector_rotx", "through the sample"]
            ),
            sound!(
                "-detector_roty 89.99999999",
                USAGE,
                &["-detector_roty", "through the sample"]
            ),
            sound!(
                "-twotheta 90 -pivot beam",
                USAGE,
                &["-twotheta", "through the sample"]
            ),
            sound!(
                "-twotheta 180 -pivot beam",
                USAGE,
                &["-twotheta", "points at the sample"]
            ),
            sound!(
                "-pix0_vector 0 0 0",
                USAGE,
                &["-pix0_vector", "through the sample"]
            ),
            sound!("-pivot corner", USAGE, &["-pivot corner", "beam, sample"]),
            sound!(
                "-fdet_vector 1 0 0 -sdet_vector 0 1 0 -odet_vector 1 0 0.5",
                USAGE,
                &["through the sample"]
            ),
            sound!("-fdet_vector 0 0 0", USAGE, &["fast", "(0, 0, 0)"]),
            sound!(
                "-fdet_vector 0 1 0 -sdet_vector 0 -1 0 -odet_vector 1 0 0",
                USAGE,
                &["parallel"]
            ),
            sound!("-spindle_axis 0 0 0", USAGE, &["spindle", "(0, 0, 0)"]),
            sound!("-twotheta_axis 0 0 0", USAGE, &["two-theta", "(0, 0, 0)"]),
            sound!(
                "-printout_pixel 8 0",
                USAGE,
                &["-printout_pixel 8 0", "8 x 8"]
            ),
            sound!("-trace_pixel 0 9", USAGE, &["9 0", "8 x 8"]),
            Case(
                "-default_F 1 -cell 9 -printout",
                USAGE,
                &["-printout", "1048576", "10000", "-roi"],
            ),
        ],
    );
}

#[test]
fn counts_and_choices_out_of_range_are_refused() {
    refused(
        &[],
        &[
            sound!("-phisteps 0", USAGE, &["-phisteps 0", "from 1"]),
            sound!("-mosaic_domains 0", USAGE, &["-mosaic_domains 0", "from 1"]),
            sound!("-hdivsteps 4e9", USAGE, &["-hdivsteps 4e9", "whole number"]),
            sound!("-oversample 65536", USAGE, &["65536", "from 1 to 65535"]),
            sound!("--threads 0", USAGE, &["--threads 0", "from 1 to 1024"]),
            sound!(
                "--threads 4294967295",
                USAGE,
                &["--threads 4294967295", "to 1024"]
            ),
            sound!("-polar 2", USAGE, &["-polar 2", "from -1 to 1"]),
            sound!("-polar nan", USAGE, &["-polar nan", "from -1 to 1"]),
            sound!(
                "--png-percentile 200",
                USAGE,
                &["--png-percentile 200", "0 to 100"]
            ),
            sound!("--png-depth 12", USAGE, &["--png-depth 12", "8, 16"]),
            sound!(
                "--png-scale cubic",
                USAGE,
                &["--png-scale cubic", "linear, log, sqrt"]
            ),
            sound!("--colormap pink", USAGE, &["--colormap pink", "viridis"]),
            sound!(
                "--device no-such-card",
                FAILED,
                &["no device 'no-such-card'", "auto, cpu, gpu"]
            ),
            sound!("-seed 1.5", USAGE, &["-seed 1.5", "whole number"]),
            sound!("-detector_abs none", USAGE, &["-detector_abs none", "inf"]),
            sound!("-coherent", USAGE, &["-coherent is not supported"]),
            sound!(
                "--tolerance 0.1",
                USAGE,
                &[
                    "--tolerance: no longer a flag",
                    "Gaussian",
                    "mosaic domains"
                ]
            ),
            sound!(
                "--tolerance=0.1",
                USAGE,
                &["--tolerance=0.1: no longer a flag"]
            ),
        ],
    );
}

#[test]
fn more_terms_than_memory_holds_are_refused_not_killed() {
    refused(
        &[],
        &[
            sound!(
                "-hdivsteps 4000000000",
                FAILED,
                &["4000000000 sources", "machine has"]
            ),
            sound!(
                "-vdivsteps 4000000000",
                FAILED,
                &["4000000000 sources", "machine has"]
            ),
            sound!(
                "-hdivsteps 4000000000 -vdivsteps 4000000000 -dispsteps 4000000000 -dispersion 1",
                FAILED,
                &["sources", "-hdivsteps", "machine has"]
            ),
            sound!(
                "-mosaic 1 -mosaic_domains 100000 -phisteps 100000",
                FAILED,
                &["10000000000 orientations", "-mosaic_domains", "machine has"]
            ),
            sound!(
                "-mosaic 1 -mosaic_domains 4294967295 -phisteps 4294967295",
                FAILED,
                &["orientations", "machine has"]
            ),
            sound!(
                "-mosaic 1 -mosaic_domains 4294967295",
                FAILED,
                &["4294967295 orientations"]
            ),
        ],
    );
}

#[test]
fn the_last_of_a_flag_with_several_values_counts_and_is_checked() {
    refused(
        &[],
        &[
            sound!("-roi 0 1 0 1 -roi 0 1 0 9", USAGE, &["-roi", "0..9 (slow)"]),
            sound!("-misset 1 2 3 -misset 4 5", USAGE, &["-misset 4 5"]),
            sound!("-cell 5 6 7 -cell 0", USAGE, &["cell edge a is 0"]),
            sound!(
                "-printout_pixel 1 1 -printout_pixel 8 8",
                USAGE,
                &["-printout_pixel 8 8"]
            ),
        ],
    );
}

#[test]
fn an_experiment_without_a_crystal_or_a_scatterer_is_refused() {
    refused(
        &[],
        &[
            Case(
                "-default_F 100 -N 5 -detpixels 8",
                USAGE,
                &["no crystal", "-cell", "-mat"],
            ),
            Case("-N 5", USAGE, &["no crystal"]),
            Case(
                "-cell 100 -N 5 -detpixels 8",
                USAGE,
                &["nothing scatters", "-hkl", "-default_F"],
            ),
            sound!("-default_F 0", USAGE, &["nothing scatters"]),
        ],
    );
}

#[test]
fn a_message_is_one_line_whatever_the_words_hold() {
    for words in [
        vec!["-lambda", "1\n2"],
        vec!["-hkl", "no\nfile"],
        vec!["-un\nknown"],
        vec!["st\r\nray"],
        vec!["-misset", "1\n", "2"],
        vec!["--device", "g\npu"],
    ] {
        let output = program()
            .args(SOUND.split(' ').chain(words.iter().copied()))
            .current_dir(tempfile::tempdir().unwrap().path())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{words:?}");
        assert_eq!(stderr.lines().count(), 1, "{words:?}: {stderr}");
        assert!(!stderr.contains('\r'), "{words:?}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn reflections_may_come_through_a_pipe_but_not_without_end() {
    let directory = tempfile::tempdir().unwrap();
    let run = |input: &[u8]| {
        program()
            .args("-hkl /dev/stdin -cell 100 -N 5 -detpixels 8 -floatfile out.bin".split(' '))
            .current_dir(directory.path())
            .write_stdin(input)
            .output()
            .unwrap()
    };
    let refused = run(b"1 2 x 4\n");
    assert_eq!(refused.status.code(), Some(FAILED));
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert!(stderr.contains("/dev/stdin, line 1"), "{stderr}");
    assert!(!directory.path().join("out.bin").exists());
    assert!(run(b"0 0 0 100\n1 1 1 50\n").status.success());
    assert_eq!(
        fs::read(directory.path().join("out.bin")).unwrap().len(),
        8 * 8 * 4
    );
}

#[cfg(target_os = "linux")]
#[test]
fn streams_that_take_nothing_are_survived() {
    let directory = tempfile::tempdir().unwrap();
    let run = |flags: &str| {
        let program = assert_cmd::cargo::cargo_bin("nanobragg");
        let line = format!("'{}' {flags}", program.display());
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(directory.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{flags}: {stderr}");
        output.status.code()
    };
    assert_eq!(run("-h > /dev/full"), Some(FAILED));
    assert_eq!(run("-h | head -1"), Some(0));
    assert_eq!(run("-frobnicate 2> /dev/full"), Some(USAGE));
    let sound = format!("{SOUND} -floatfile out.bin");
    assert_eq!(run(&format!("{sound} 2> /dev/full")), Some(0));
    assert_eq!(run(&format!("{sound} --json > /dev/full")), Some(FAILED));
    assert_eq!(run(&format!("{SOUND} -floatfile /dev/full")), Some(FAILED));
}
