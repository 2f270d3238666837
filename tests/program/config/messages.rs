//! What is wrong with a file, or with a flag that it gave, is said with the file, the line, the key
//! and what is accepted.

use std::fs;

use proptest::prelude::*;

use super::{example, rendered, run_line, support, text};

/// A sound start of a file: three lines.
const SOUND: &str = "[crystal]\ndefault_F = 100\ncell_A_deg = [70, 80.5, 9e1]\n";

/// What stands behind [`SOUND`], flags, the exit code, and what is said.
const WRONG: &[(&str, &str, i32, &[&str])] = &[
    // Keys and sections.
    (
        "shap = \"round\"",
        "",
        1,
        &["e.toml, line 4: crystal.shap: no such key; did you mean crystal.shape?"],
    ),
    (
        "[detector]\ndistance = 80",
        "",
        1,
        &["e.toml, line 5: detector.distance: no such key; did you mean detector.distance_mm?"],
    ),
    (
        "lambda = 1",
        "",
        1,
        &["crystal.lambda: no such key; did you mean beam.wavelength_A?"],
    ),
    (
        "pixel_mm = 1",
        "",
        1,
        &["crystal.pixel_mm: no such key; did you mean detector.pixel_mm?"],
    ),
    (
        "zzz = 1",
        "",
        1,
        &["crystal.zzz: no such key; there are structure_factors, "],
    ),
    (
        "[run]\nconfig = \"a.toml\"",
        "",
        1,
        &["run.config: no such key; --config names the experiment file itself"],
    ),
    (
        "[cristal]\ncells = 5",
        "",
        1,
        &["e.toml, line 4: [cristal]: no such section; there are crystal, mosaicity, "],
    ),
    // Types and counts of values.
    (
        "cells = \"5\"",
        "",
        1,
        &["e.toml, line 4: crystal.cells = \"5\": expected a number from 1 to 4294967295"],
    ),
    (
        "cells = [5, 5]",
        "",
        1,
        &["crystal.cells = [5, 5]: expected one value, or an array of 3"],
    ),
    (
        "cells = 5.5",
        "",
        2,
        &[
            "-N: the number of cells along an axis is 5.5",
            "a whole number for the square shape",
            "(-N is crystal.cells of e.toml)",
        ],
    ),
    (
        "structure_factors = 3",
        "",
        1,
        &["crystal.structure_factors = 3: expected the name of a file, in quotes"],
    ),
    (
        "interpolate = \"yes\"",
        "",
        1,
        &["crystal.interpolate = \"yes\": expected true or false"],
    ),
    (
        "shape = \"cube\"",
        "",
        1,
        &["crystal.shape = \"cube\": expected one of \"square\", \"round\", \"gauss\", \"tophat\""],
    ),
    (
        "fudge = [1, 2]",
        "",
        1,
        &["crystal.fudge = [1, 2]: expected one value"],
    ),
    (
        "[frame]\nbeam = [1,\n 0]",
        "",
        1,
        &["e.toml, line 5: frame.beam = [1, …: expected an array of 3 values"],
    ),
    (
        "[background]\nslabs = [{ thickness_mm = 1 }]",
        "",
        1,
        &["background.slabs: file is missing"],
    ),
    (
        "[background]\nslabs = [{ file = \"a\", depth = 1 }]",
        "",
        1,
        &["background.slabs: depth: no such key; there are file, thickness_mm"],
    ),
    (
        "[output]\nfiles = \"a.bin\"",
        "",
        1,
        &["output.files = \"a.bin\": expected an array"],
    ),
    // Values that flags refuse.
    (
        "fudge = -1",
        "",
        1,
        &["e.toml, line 4: crystal.fudge = -1: expected a positive number"],
    ),
    (
        "cells = 0.5",
        "",
        1,
        &["e.toml, line 4: crystal.cells = 0.5: expected a number from 1 to 4294967295"],
    ),
    (
        "[detector]\ndistance_mm = nan",
        "",
        1,
        &["e.toml, line 5: detector.distance_mm = nan: expected a positive number"],
    ),
    (
        "[mosaicity]\nmodel = \"flat\"",
        "",
        1,
        &[
            "mosaicity.model = \"flat\": expected one of \"cap\", \"gaussian\", \"normal\", \"ellipsoid\"",
        ],
    ),
    (
        "[background]\nslabs = [{ file = \"a\", thickness_mm = -1 }]",
        "",
        1,
        &[
            "e.toml, line 5: background.slabs: ",
            "thickness_mm = -1: expected a number, zero or above",
        ],
    ),
    // Two keys for one thing.
    (
        "[beam]\nwavelength_A = 1\nenergy_eV = 12000",
        "",
        1,
        &["line 6: beam.wavelength_A and beam.energy_eV say one thing in two ways; leave one"],
    ),
    // Flags of the file and of the command line that do not go together.
    (
        "[detector]\ndials_experiment = \"a.expt\"",
        "-distance 90",
        2,
        &[
            "-distance and --expt a.expt both place the detector",
            "(--expt is detector.dials_experiment of e.toml)",
        ],
    ),
    (
        "structure_factors = \"missing.hkl\"",
        "",
        1,
        &["missing.hkl"],
    ),
    (
        "[detector]\nrotation_y_deg = 90",
        "",
        2,
        &[
            "-detector_roty",
            "(-detector_roty is detector.rotation_y_deg of e.toml)",
        ],
    ),
    (
        "[sampling]\nregion_pixels = [0, 9999, 0, 1]",
        "",
        2,
        &["-roi: ", "(-roi is sampling.region_pixels of e.toml)"],
    ),
    // What is no experiment file.
    ("cells", "", 1, &["e.toml, line 4: not read as TOML: "]),
    (
        "default_F = 3",
        "",
        1,
        &["e.toml, line 4: not read as TOML: duplicate key"],
    ),
    (
        "[inputs]\n\"a.hkl\" = 3",
        "",
        1,
        &["line 5: inputs.\"a.hkl\": expected { bytes = "],
    ),
];

#[test]
fn what_is_wrong_is_said_with_its_place_and_costs_no_file() {
    for (toml, flags, code, expected) in WRONG {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("e.toml"), format!("{SOUND}{toml}\n")).unwrap();
        let output = run_line(folder.path(), &format!("--config e.toml {flags}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{toml}: {said}");
        for part in *expected {
            assert!(said.contains(part), "{toml}: {part}: {said}");
        }
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{toml}");
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("binary.toml"), [0xff, 0xfe, 0]).unwrap();
    fs::write(here.join("bare.toml"), "distance_mm = 80\n").unwrap();
    for (line, code, part) in [
        ("--config missing.toml", 1, "cannot read missing.toml"),
        ("--config .", 1, "it is a directory"),
        ("--config binary.toml", 1, "binary.toml: not text"),
        (
            "--config bare.toml",
            1,
            "distance_mm stands in no section; did you mean detector.distance_mm?",
        ),
        ("--config", 2, "--config: it takes <FILE>"),
        ("-config a.toml", 2, "did you mean --config?"),
    ] {
        let output = run_line(here, line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn notices_name_the_key_of_a_flag_that_a_file_gave() {
    let folder = tempfile::tempdir().unwrap();
    let toml = format!("{SOUND}fudge = 2\n[detector]\npixels = 16\n");
    fs::write(folder.path().join("e.toml"), toml).unwrap();
    let said = rendered(folder.path(), "--config e.toml -exposure 2");
    let line =
        "-fudge has no effect: a square crystal has none (-fudge is crystal.fudge of e.toml)\n";
    assert!(said.contains(line), "{said}");
    assert!(
        said.contains("-exposure has no effect: it is for -flux\n"),
        "{said}"
    );
}

#[test]
fn a_key_of_earlier_versions_is_told_of_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let toml = format!("{SOUND}[detector]\npixels = 16\n");
    fs::write(here.join("new.toml"), &toml).unwrap();
    let said = rendered(here, "--config new.toml -floatfile new.bin");
    assert!(!said.contains("tolerance"), "{said}");
    for value in ["0", "0.0", "0.01", "\"0\""] {
        fs::write(
            here.join("old.toml"),
            format!("{toml}[sampling]\ntolerance = {value}\n"),
        )
        .unwrap();
        let said = rendered(here, "--config old.toml -floatfile old.bin");
        let line = format!("old.toml, line 7: sampling.tolerance = {value} is no longer used");
        assert!(said.contains(&line), "{said}");
        assert!(said.contains("mosaic domains"), "{said}");
        let [old, new] = ["old.bin", "new.bin"].map(|name| fs::read(here.join(name)).unwrap());
        assert_eq!(old, new);
    }
}

#[test]
fn a_file_that_version_0_1_0_wrote_is_its_flags() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["lysozyme_1p2A.mat", "two_sources.txt"] {
        fs::write(here.join(name), support::golden(name)).unwrap();
    }
    fs::write(here.join("old.toml"), include_str!("v0_1_0.toml")).unwrap();
    let said = rendered(here, "--config old.toml");
    assert!(
        said.contains("sampling.tolerance = 0.01 is no longer used"),
        "{said}"
    );
    let flags = "-default_F 100 -mat lysozyme_1p2A.mat -N 12 -gauss_xtal -mosaic 0.5 -mosaic_domains 6 \
                 -sourcefile two_sources.txt -xds -distance 90 -pixel 1.6 -detpixels 24 -roi 2 20 3 21 \
                 -detector_rotx 4 -detector_abs 300 -detector_thick 450 -detector_thicksteps 2 \
                 -oversample_thick -seed 7 -phi 1 -osc 0.5 -phisteps 3 --device cpu";
    rendered(here, &format!("{flags} -floatfile flags.bin"));
    let [old, new] = ["a.bin", "flags.bin"].map(|name| fs::read(here.join(name)).unwrap());
    assert_eq!(old, new);
}

#[test]
fn an_input_that_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let golden = support::golden("triclinic.mat");
    fs::write(here.join("a.mat"), &golden).unwrap();
    rendered(
        here,
        "-default_F 100 -mat a.mat -detpixels 16 -floatfile a.bin --write-config e.toml",
    );
    rendered(here, "--config e.toml");
    let [before, changed] = ["a.bin", "e.toml"].map(|name| fs::read(here.join(name)).unwrap());
    let mut other = golden.clone();
    other.push(b'\n');
    fs::write(here.join("a.mat"), &other).unwrap();
    let output = run_line(here, "--config e.toml");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let expected = format!(
        "a.mat: it is not the file that e.toml was written with, of {} bytes and sha256 ",
        golden.len()
    );
    assert!(
        said.contains(&expected) && said.contains("[inputs]"),
        "{said}"
    );
    assert_eq!(
        [before, changed],
        ["a.bin", "e.toml"].map(|name| fs::read(here.join(name)).unwrap())
    );
    // One that is not read any more may be what it likes.
    fs::write(here.join("b.mat"), &golden).unwrap();
    rendered(here, "--config e.toml -mat b.mat");
    let without: String = text(here, "e.toml")
        .lines()
        .filter(|line| !line.starts_with("\"a.mat\""))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(here.join("e.toml"), without).unwrap();
    rendered(here, "--config e.toml");
}

#[test]
fn an_experiment_is_not_written_over_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("e.toml"), SOUND).unwrap();
    for (line, part) in [
        (
            "--config e.toml --write-config e.toml",
            "--write-config e.toml: it would overwrite the input e.toml",
        ),
        (
            "--config e.toml -floatfile e.toml",
            "-floatfile e.toml: it would overwrite the input e.toml",
        ),
        (
            "--config e.toml -floatfile a --write-config a",
            "-floatfile and --write-config both name a",
        ),
        (
            "--config e.toml --write-config missing/a.toml",
            "cannot write missing/a.toml",
        ),
    ] {
        let output = run_line(here, line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{line}");
        assert!(said.contains(part), "{line}: {said}");
        assert_eq!(text(here, "e.toml"), SOUND);
        assert_eq!(fs::read_dir(here).unwrap().count(), 1, "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A file with other bytes in it is read or refused.
    #[test]
    fn damaged_files_do_no_harm(places in prop::collection::vec((0usize..1500, any::<u8>()), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.toml");
        let mut bytes = example().into_bytes();
        for (place, byte) in places {
            let length = bytes.len();
            bytes[place % length] = byte;
        }
        fs::write(&path, bytes).unwrap();
        let words = ["--config".to_string(), path.display().to_string()];
        // Whatever it says; nothing panics.
        let _ = nanobragg::cli::experiment(&words);
    }
}
