//! `nanobragg refine`: from an image file to files that tell what was found, and refusals that leave none.

use std::fs;
use std::path::Path;

use crate::support::{golden_path, program, words};
use nanobragg::document::Document;
use nanobragg::memory::Bytes;
use serde_json::Value;

/// The flags of a still of lysozyme but for the crystal's own.
fn scene() -> String {
    let factors = golden_path("lysozyme_1aki_p1.hkl");
    format!(
        "-hkl {} -lambda 1.2 -distance 100 -pixel 0.1 -detpixels 600 -gauss_xtal --gauss-metric hkl \
         -oversample 1 --analytic --mosaic-model normal",
        factors.display()
    )
}

const TRUTH: &str =
    "-cell 59.06 68.45 30.52 90 90 90 -misset 10 20 30 -N 25 -mosaic 0.05 -fluence 3e25";
const START: &str =
    "-cell 59.2 68.3 30.55 90 90 90 -misset 10.08 19.95 30.05 -N 21 -mosaic 0.06 -fluence 1e25";

fn run(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    let output = program()
        .current_dir(folder)
        .args(words(line))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The truth with these flags; sigmas about axes give the spread in place of `-mosaic`.
fn truth(more: &str) -> String {
    let own = match more.contains("--mosaic-sigmas") {
        true => TRUTH.replace("-mosaic 0.05", ""),
        false => TRUTH.to_string(),
    };
    format!("{own} {more}")
}

/// Writes a noisy frame of the truth.
fn simulate(folder: &Path, file: &str, more: &str) {
    let line = format!(
        "{} {} -water 30 -adc 0 --out-noise {file} -seed 3",
        scene(),
        truth(more)
    );
    let (code, _, said) = run(folder, &line);
    assert_eq!(code, Some(0), "{said}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_frame_becomes_files_that_tell_its_crystal() {
    let folder = tempfile::tempdir().unwrap();
    simulate(folder.path(), "f.cbf", "");
    let line = format!(
        "refine f.cbf --refine misset,cell,N,mosaic,scale --out r --simulate-check --json -- {} {START}",
        scene()
    );
    let (code, printed, said) = run(folder.path(), &line);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("orthorhombic"), "{said}");
    assert_eq!(
        names(folder.path()),
        [
            "f.cbf",
            "r.expt",
            "r.json",
            "r.toml",
            "r_residuals.png",
            "r_spots.txt"
        ]
    );
    let told: Value = serde_json::from_str(&printed).unwrap();
    let written: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("r.json")).unwrap()).unwrap();
    assert_eq!(told, written);
    let values = told["values"].as_array().unwrap();
    let truth = [
        ("misset_x", "deg", 10.0),
        ("misset_y", "deg", 20.0),
        ("misset_z", "deg", 30.0),
        ("cell_a", "Å", 59.06),
        ("cell_b", "Å", 68.45),
        ("cell_c", "Å", 30.52),
        ("Na=Nb=Nc", "", 25.0),
        ("mosaic", "deg", 0.05),
        ("scale", "", 3.0),
    ];
    assert_eq!(values.len(), truth.len());
    for (name, unit, truth) in truth {
        let own = values.iter().find(|own| own["name"] == name).unwrap();
        let number = |key: &str| own[key].as_f64().unwrap();
        assert_eq!(own["unit"], unit);
        assert!(
            (number("value") - truth).abs() < 5.0 * number("standard_uncertainty"),
            "{own}"
        );
    }
    assert_eq!(told["correlations"].as_array().unwrap().len(), 9);
    for pull in told["simulate_check"].as_array().unwrap() {
        assert!(pull["pull"].as_f64().unwrap().abs() < 5.0, "{pull}");
    }
    let picture =
        image::load_from_memory(&fs::read(folder.path().join("r_residuals.png")).unwrap());
    assert!(picture.unwrap().width() > 100);
    let spots = fs::read_to_string(folder.path().join("r_spots.txt")).unwrap();
    let lines = spots.lines().filter(|line| !line.starts_with('#'));
    assert!(lines.clone().count() > 20 && lines.clone().all(|line| line.split(' ').count() == 11));

    // Both files hold the crystal that was found, in one orientation.
    let text = fs::read_to_string(folder.path().join("r.toml")).unwrap();
    let found = Document::from_toml(&text)
        .unwrap()
        .resolve(1, Bytes(1 << 32))
        .unwrap()
        .experiment;
    let cell = found.crystal().cell.lengths_m().map(|metres| metres * 1e10);
    let of_json = told["frames"][0]["cell_a_deg"].as_array().unwrap();
    for (own, told) in cell.iter().zip(of_json) {
        assert!((own - told.as_f64().unwrap()).abs() < 1e-9, "{own} {told}");
    }
    assert!(found.beam().fluence > 2.8e25 && found.beam().fluence < 3.2e25);
    let again = format!(
        "refine f.cbf --refine misset,scale --search 0 --out again --json -- {} --expt r.expt",
        scene().replace("-distance 100 -pixel 0.1 -detpixels 600 ", "")
            + " -N 25 -mosaic 0.05 -fluence 3e25"
    );
    let (code, printed, said) = run(folder.path(), &again);
    assert_eq!(code, Some(0), "{said}");
    let told: Value = serde_json::from_str(&printed).unwrap();
    for own in told["values"].as_array().unwrap().iter().take(3) {
        let moved = own["value"].as_f64().unwrap() - own["start"].as_f64().unwrap();
        assert!(moved.abs() < 0.005, "{own}");
    }
}

#[test]
fn no_file_is_left_where_there_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    simulate(folder.path(), "f.img", "--saturation 20");
    let refine = |options: &str, start: &str| {
        let line = format!(
            "refine f.img --refine misset,cell,scale {options} -- {} {start}",
            scene()
        );
        let (code, printed, said) = run(folder.path(), &line);
        assert_eq!(
            (printed.as_str(), names(folder.path())),
            ("", vec!["f.img".to_string()]),
            "{said}"
        );
        (code, said)
    };
    let (code, said) = refine("--adc 0 --trusted 0 19", START);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("saturated") && said.contains("--trusted"),
        "{said}"
    );
    let (code, said) = refine("--refine misset,cell,cell_a", START);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cell_a is named twice"), "{said}");
    for (options, expected) in [
        ("--refine misset_q", "misset_q"),
        ("--refine water", "smooth background"),
        ("--adc 0 --refine F,scale", "leave scale out"),
        ("--system cubic", "no such one"),
        ("--system square", "triclinic"),
        ("--background none", "planes"),
        ("--likelihood chi", "least-squares"),
        ("--out f.img/x", "f.img"),
        ("--frames 2 3", "1 frame"),
        ("--frames 0 0", "from 1"),
        ("--every 0", "--every 0: expected a whole number from 1"),
        (
            "--readout -1",
            "--readout -1: expected a number, zero or above",
        ),
        ("--gain 0", "--gain 0: expected a positive number"),
        (
            "--trusted 5 1",
            "--trusted 5 1: expected the least count, then the largest",
        ),
        ("--max-spots 1", "--max-spots 1: expected 4 or more"),
        ("--share q", "--share q: there is no parameter"),
        ("--share N", "--share: Na=Nb=Nc is not refined"),
        (
            "--adc 0 --refine misset,bandwidth",
            "bandwidth: it starts at 0",
        ),
        (
            "--out folder/",
            "--out folder/: expected what the names of files start with",
        ),
        ("--out .", "--out .: expected"),
        ("f.img", "f.img is named twice"),
        (
            "--adc 100",
            "a pixel without photons is taken to have 100; --adc",
        ),
        (
            "--adc 0 --max-evaluations 1",
            "(--search and --uncertainty set that angle)",
        ),
    ] {
        let (code, said) = refine(options, START);
        assert!(
            matches!(code, Some(1 | 2)) && said.contains(expected),
            "{options}: {said}"
        );
    }
    let (_, said) = refine(
        "--adc 0",
        "-cell 59.2 68.3 30.55 90 90 90 -N 21 -detpixels 500",
    );
    assert!(said.contains("600 x 600") && said.contains("500"), "{said}");
}

#[test]
fn frames_of_a_file_keep_their_places_and_their_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let scan = "-osc 0.2 -phisteps 4";
    let line = format!(
        "series --frames 4 {scan} {} {TRUTH} -water 30 --out-noise s.h5 -seed 3 --quiet",
        scene()
    );
    let (code, _, said) = run(folder.path(), &line);
    assert_eq!(code, Some(0), "{said}");
    let refine = |options: &str| {
        let line = format!(
            "refine s.h5 {options} --share misset,N,mosaic --refine misset,cell,N,mosaic,scale \
             --max-spots 40 --max-chi2 5 --quiet -- {scan} {} {START}",
            scene()
        );
        let (code, _, said) = run(folder.path(), &line);
        assert_eq!(code, Some(0), "{said}");
    };
    refine("--frames 2 4 --every 2 --out two");
    let read =
        |name: &str| -> Value { serde_json::from_slice(&fs::read(at(name)).unwrap()).unwrap() };
    let list = read("two.expt");
    for (place, index) in [(0, 1), (1, 3)] {
        assert_eq!(list["imageset"][place]["single_file_indices"][0], index);
        assert_eq!(list["scan"][place]["image_range"][0], index + 1);
        let start = list["scan"][place]["oscillation"][0].as_f64().unwrap();
        assert!((start - 0.2 * f64::from(index)).abs() < 1e-9, "{start}");
    }
    // Frames that follow each other are one scan of one crystal.
    refine("--frames 3 4 --out scan");
    let list = read("scan.expt");
    assert_eq!(list["experiment"].as_array().unwrap().len(), 1);
    assert_eq!(
        list["imageset"][0]["single_file_indices"],
        serde_json::json!([2, 3])
    );
}

#[test]
fn every_kind_of_parameter_is_refined_or_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let more = "--b-factor 3 --mosaic-sigmas 0.05 0.06 0.04 --bandwidth 0.05";
    simulate(folder.path(), "f.cbf", more);
    let refine = |names: &str, crystal: &str| {
        let line = format!(
            "refine f.cbf --refine misset,{names} --max-spots 30 --json -- {} {}",
            scene(),
            truth(crystal)
        );
        run(folder.path(), &line)
    };
    for (names, count) in [
        ("Na,Nb,Nc", 3),
        ("mosaic_x,mosaic_y,mosaic_z", 3),
        ("b_factor,scale", 2),
        ("bandwidth", 1),
        ("fudge", 1),
        ("F(1,2,3),scale", 2),
    ] {
        let (code, printed, said) = refine(names, more);
        assert_eq!(code, Some(0), "{names}: {said}");
        let told: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            told["values"].as_array().unwrap().len(),
            3 + count,
            "{names}"
        );
    }
    // F of every fitted reflection, each with an uncertainty or without information.
    let (code, printed, said) = refine("F", more);
    assert_eq!(code, Some(0), "{said}");
    let told: Value = serde_json::from_str(&printed).unwrap();
    let values = told["values"].as_array().unwrap();
    let amplitudes = values
        .iter()
        .filter(|own| own["name"].as_str().unwrap().starts_with("F("));
    let near = amplitudes.clone().filter(|own| {
        let number = |key: &str| own[key].as_f64();
        // They started at the truth.
        number("standard_uncertainty").is_some_and(|sigma| {
            (number("value").unwrap() - number("start").unwrap()).abs() < 5.0 * sigma
        })
    });
    println!("{} of {}", near.clone().count(), amplitudes.clone().count());
    assert!(near.count() * 10 >= amplitudes.count() * 9);
    for (names, crystal, expected) in [
        ("diffuse_sigma", more, "scatters diffusely"),
        ("panel_3_x", more, "panel_3_x"),
        ("scale", "--psf-fwhm 2", "--psf-fwhm"),
    ] {
        let (code, _, said) = refine(names, crystal);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(expected), "{names}: {said}");
    }
}

#[test]
fn a_gpu_finds_what_the_cpu_finds() {
    let folder = tempfile::tempdir().unwrap();
    simulate(folder.path(), "f.cbf", "");
    let [of_cpu, of_gpu] = ["cpu", "gpu"].map(|device| {
        let line = format!(
            "refine f.cbf --refine misset,cell,N,mosaic,scale --out {device} --json --device {device} -- {} {START}",
            scene()
        );
        let (code, printed, said) = run(folder.path(), &line);
        assert_eq!(code, Some(0), "{said}");
        let told: Value = serde_json::from_str(&printed).unwrap();
        told["values"].as_array().unwrap().clone()
    });
    assert_eq!([of_cpu.len(), of_gpu.len()], [9, 9]);
    for (of_cpu, of_gpu) in of_cpu.iter().zip(&of_gpu) {
        let number = |of: &Value, key: &str| of[key].as_f64().unwrap();
        let uncertainty = number(of_cpu, "standard_uncertainty");
        let apart = (number(of_cpu, "value") - number(of_gpu, "value")).abs();
        println!(
            "{}: {:.1e} of its uncertainty",
            of_cpu["name"],
            apart / uncertainty
        );
        // Measured on llvmpipe: 6e-5 at most.
        assert!(apart <= 2e-4 * uncertainty, "{of_cpu} {of_gpu}");
        let ratio = number(of_gpu, "standard_uncertainty") / uncertainty;
        assert!((ratio - 1.0).abs() < 1e-6, "{ratio}");
    }
}
