//! The program as a user runs it: what it accepts, writes and prints.

use std::fs;
use std::path::Path;

use crate::support::{golden_path, names, program, smv_header_bytes, words};
use assert_cmd::Command;
use serde_json::Value;

/// A crystal and a detector that render in no time.
const SMALL: &str =
    "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels_f 24 -detpixels_s 16 -pixel 1";

/// The program on the CPU path, run in `folder`.
fn nanobragg(folder: &Path, line: &str) -> Command {
    let mut command = program();
    command.current_dir(folder).args(words(line));
    command
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap();
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// The JSON document that a command prints.
fn json(folder: &Path, line: &str) -> Value {
    let output = nanobragg(folder, &format!("{line} --json"))
        .assert()
        .success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn with_no_output_flag_the_default_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    nanobragg(folder.path(), SMALL)
        .assert()
        .success()
        .stdout("");
    let all = [
        "floatimage.bin",
        "image.pgm",
        "image.png",
        "intimage.img",
        "noiseimage.img",
    ];
    assert_eq!(names(folder.path()), all);
    let size = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    assert_eq!(size("floatimage.bin"), 24 * 16 * 4);
    let header = smv_header_bytes(&fs::read(folder.path().join("intimage.img")).unwrap());
    assert_eq!(header % 512, 0);
    assert_eq!(size("intimage.img"), header as u64 + 24 * 16 * 2);
}

#[test]
fn default_files_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    nanobragg(folder.path(), &format!("{SMALL} -nopgm -nonoise"))
        .assert()
        .success();
    assert_eq!(
        names(folder.path()),
        ["floatimage.bin", "image.png", "intimage.img"]
    );
}

#[test]
fn with_output_flags_only_those_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        format!("render {SMALL} --floatfile f.bin --tiff t.tif -noiseimage n.img -pgmimage p.pgm");
    nanobragg(folder.path(), &line).assert().success();
    assert_eq!(names(folder.path()), ["f.bin", "n.img", "p.pgm", "t.tif"]);
}

#[test]
fn pictures_come_in_every_style() {
    let folder = tempfile::tempdir().unwrap();
    for scale in ["linear", "log", "sqrt"] {
        for colours in ["grey", "viridis", "inferno"] {
            for depth in ["8", "16"] {
                let style = format!("--png-scale {scale} --colormap {colours} --png-depth {depth}");
                let line = format!("{SMALL} --png p.png --png-percentile 99 {style} --quiet");
                nanobragg(folder.path(), &line)
                    .assert()
                    .success()
                    .stderr("");
                let picture = ::image::open(folder.path().join("p.png")).unwrap();
                assert_eq!((picture.width(), picture.height()), (24, 16), "{style}");
                let sixteen = depth == "16";
                let bits =
                    picture.color().bits_per_pixel() / u16::from(picture.color().channel_count());
                assert_eq!(bits, if sixteen { 16 } else { 8 }, "{style}");
                assert_eq!(picture.color().has_color(), colours != "grey", "{style}");
            }
        }
    }
}

#[test]
fn every_flag_of_the_c_program_is_taken_with_one_dash_and_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let golden = |name: &str| golden_path(name).to_str().unwrap().to_string();
    nanobragg(
        folder.path(),
        &format!("{SMALL} -intfile header.img -scale 1"),
    )
    .assert()
    .success();
    let (hkl, mat) = (golden("lysozyme_1aki_p1.hkl"), golden("lysozyme_1p2A.mat"));
    let sources = golden("two_sources.txt");
    // FLAGS.md, row by row, synonyms included.
    let rows = [
        format!("-hkl {hkl}"),
        "-default_F 3".into(),
        format!("-mat {mat}"),
        format!("-matrix {mat}"),
        "-cell 50".into(),
        "-cell 50 60 70 80 90 100".into(),
        "-misset 1 -2 3e-1".into(),
        "-misset random -misset_seed 5".into(),
        "-N 3".into(),
        "-Na 3 -Nb 4 -Nc 5".into(),
        "-xtalsize 1e-5".into(),
        "-xtal_size 1e-5".into(),
        "-samplesize 1e-5".into(),
        "-sample_size 1e-5".into(),
        "-xtal_x 1e-5".into(),
        "-xtal_thick 1e-5".into(),
        "-sample_x 1e-5".into(),
        "-sample_thick 1e-5".into(),
        "-xtal_y 1e-5".into(),
        "-xtal_width 1e-5".into(),
        "-sample_y 1e-5".into(),
        "-sample_width 1e-5".into(),
        "-width 1e-5".into(),
        "-xtal_z 1e-5".into(),
        "-xtal_height 1e-5".into(),
        "-sample_z 1e-5".into(),
        "-sample_height 1e-5".into(),
        "-height 1e-5".into(),
        "-square_xtal".into(),
        "-round_xtal".into(),
        "-gauss_xtal".into(),
        "-tophat_spots".into(),
        "-binary_spots".into(),
        "-fudge 0.5".into(),
        "-mosaic 1".into(),
        "-mosaicity 1".into(),
        "-mosaic_spread 1".into(),
        "-mosaic_domains 2".into(),
        "-mosaic_dom 2".into(),
        "-mosaic_seed 7".into(),
        "-phi -10".into(),
        "-osc 1".into(),
        "-osc 1 -phistep 0.5".into(),
        "-phisteps 3".into(),
        "-lambda 1.2".into(),
        "-wave 1.2".into(),
        "-wavelength 1.2".into(),
        "-energy 12000".into(),
        "-dispersion 1 -dispsteps 3".into(),
        "-divergence 1".into(),
        "-hdivrange 1 -vdivrange 2".into(),
        "-hdivstep 1 -vdivstep 2".into(),
        "-hdivsteps 2 -vdivsteps 3".into(),
        "-divsteps 2".into(),
        "-round_div".into(),
        "-square_div".into(),
        format!("-sourcefile {sources}"),
        "-fluence 1e20".into(),
        "-flux 1e12 -exposure 0.1 -beamsize 0.03".into(),
        "-polar -0.5".into(),
        "-nopolar".into(),
        "-water 10".into(),
        "-dmin 2".into(),
        "-interpolate".into(),
        "-nointerpolate".into(),
        "-distance 90".into(),
        "-close_distance 90".into(),
        "-pixel 0.2".into(),
        "-detpixels 20".into(),
        "-detpixels_f 20".into(),
        "-detpixels_x 20".into(),
        "-detpixels_s 20".into(),
        "-detpixels_y 20".into(),
        "-detsize 10".into(),
        "-detsize_f 10".into(),
        "-detsize_x 10".into(),
        "-detsize_s 10".into(),
        "-detsize_y 10".into(),
        "-Xbeam 5 -Ybeam 6".into(),
        "-Xclose 5 -Yclose 6".into(),
        "-ORGX 5 -ORGY 6".into(),
        "-mosflm".into(),
        "-xds".into(),
        "-adxv".into(),
        "-denzo".into(),
        "-dials".into(),
        "-pivot beam".into(),
        "-pivot sample".into(),
        "-detector_rotx 1 -detector_roty -2 -detector_rotz 3".into(),
        "-twotheta 10".into(),
        "-beam_vector 1 0 0 -fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0".into(),
        "-polar_vector 0 0 1 -spindle_axis 0 0 1 -twotheta_axis 0 0 -1".into(),
        "-pix0_vector 0.1 0.01 -0.01".into(),
        "-curved_det".into(),
        "-point_pixel".into(),
        "-detector_abs 300 -detector_thick 400 -detector_thicksteps 3".into(),
        "-detector_absorb inf -thicksteps 2".into(),
        "-oversample 2".into(),
        "-oversample_omega".into(),
        "-oversample_polar".into(),
        "-oversample_thick".into(),
        "-roi 1 5 2 6".into(),
        "-img header.img".into(),
        "-mask header.img".into(),
        "-floatimage f.bin".into(),
        "-intimage i.img".into(),
        "-pgmimage p.pgm".into(),
        "-noiseimage n.img".into(),
        "-floatfile f.bin".into(),
        "-intfile i.img -scale 2 -adc 10".into(),
        "-intfile i.img -adcoffset 10".into(),
        "-pgmfile p.pgm -pgmscale 2".into(),
        "-noisefile n.img".into(),
        "-nopgm".into(),
        "-nonoise".into(),
        "-seed 3".into(),
        "-progress".into(),
        "-noprogress".into(),
        "-roi 1 2 1 2 -printout".into(),
        "-printout_pixel 1 2".into(),
        "-trace_pixel 2 1".into(),
        "-stol table".into(),
        "-4stol table".into(),
        "-Q table".into(),
        "-stolout table".into(),
        "-dump".into(),
        "-density 1".into(),
        "-MW 18".into(),
    ];
    // Sources of XDS's frame lie along MOSFLM's polarisation: the row needs its convention.
    let frame = |row: &str| {
        if row.starts_with("-sourcefile") {
            "-xds"
        } else {
            ""
        }
    };
    for row in &rows {
        let doubled: Vec<String> = row
            .split(' ')
            .map(|word| match word.strip_prefix('-') {
                Some(name) if word.parse::<f64>().is_err() => format!("--{name}"),
                _ => word.to_string(),
            })
            .collect();
        for spelled in [row.clone(), doubled.join(" ")] {
            let line = format!("{SMALL} -oversample 1 {} {spelled} --quiet", frame(row));
            nanobragg(folder.path(), &line).assert().success();
        }
    }
}

#[test]
fn the_last_of_several_flags_wins() {
    let folder = tempfile::tempdir().unwrap();
    let cells = |line: &str| {
        json(folder.path(), &format!("{SMALL} {line} -floatfile f.bin"))["crystal"]["cells"].clone()
    };
    assert_eq!(cells("-N 7"), serde_json::json!([7, 7, 7]));
    assert_eq!(cells("-N 7 -Nb 2"), serde_json::json!([7, 2, 7]));
    assert_eq!(cells("-Nb 2 -N 7"), serde_json::json!([7, 7, 7]));
    assert_eq!(
        cells("-Nb 2 -xtalsize 0.00001"),
        serde_json::json!([2, 2, 2])
    );
    let wavelength = |line: &str| {
        let summary = json(folder.path(), &format!("{SMALL} {line} -floatfile f.bin"));
        summary["beam"]["wavelength_angstrom"].as_f64().unwrap()
    };
    assert!((wavelength("-lambda 2 -energy 12398.42") - 1.0).abs() < 1e-12);
    assert!((wavelength("-energy 12398.42 -wave 2") - 2.0).abs() < 1e-12);
}

#[test]
fn a_header_stands_in_for_flags_that_are_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let crystal = "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 --quiet";
    let geometry = "-detpixels_f 24 -detpixels_s 16 -pixel 1 -distance 80 -lambda 1.5 -Xbeam 7 -Ybeam 11 \
                    -phi 10 -osc 2";
    nanobragg(
        folder.path(),
        &format!("{crystal} {geometry} -floatfile a.bin -intfile a.img"),
    )
    .assert()
    .success();
    nanobragg(
        folder.path(),
        &format!("{crystal} -img a.img -floatfile b.bin"),
    )
    .assert()
    .success();
    assert_eq!(floats(&path("a.bin")), floats(&path("b.bin")));
    // Flags win over headers.
    nanobragg(
        folder.path(),
        &format!("{crystal} -img a.img -distance 160 -floatfile c.bin"),
    )
    .assert()
    .success();
    nanobragg(
        folder.path(),
        &format!("{crystal} {geometry} -distance 160 -floatfile d.bin"),
    )
    .assert()
    .success();
    assert_eq!(floats(&path("c.bin")), floats(&path("d.bin")));
    assert_ne!(floats(&path("a.bin")), floats(&path("c.bin")));
}

#[test]
fn masked_pixels_stay_zero_and_leave_the_others_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let geometry = "-Xbeam 8 -Ybeam 8";
    nanobragg(
        folder.path(),
        &format!("{SMALL} {geometry} -floatfile a.bin -intfile a.img -adc 1"),
    )
    .assert()
    .success();
    // Zero every third pixel of the image to make a mask of it.
    let mut mask = fs::read(path("a.img")).unwrap();
    let header = smv_header_bytes(&mask);
    for pixel in mask[header..].chunks_exact_mut(6) {
        pixel[..2].fill(0);
    }
    fs::write(path("mask.img"), mask).unwrap();
    let summary = json(
        folder.path(),
        &format!("{SMALL} {geometry} -mask mask.img -floatfile b.bin -intfile b.img"),
    );
    assert_eq!(summary["image"]["pixels"], 24 * 16 - 24 * 16 / 3);
    let (whole, masked) = (floats(&path("a.bin")), floats(&path("b.bin")));
    for (index, (&whole, &masked)) in whole.iter().zip(&masked).enumerate() {
        assert_eq!(
            masked,
            if index % 3 == 0 { 0.0 } else { whole },
            "pixel {index}"
        );
    }
    let counts = fs::read(path("b.img")).unwrap();
    let header = smv_header_bytes(&counts);
    assert_eq!(
        counts[header..header + 2],
        [0, 0],
        "no offset is added where nothing is rendered"
    );
}

#[test]
fn noise_follows_its_seed() {
    let folder = tempfile::tempdir().unwrap();
    let noise = |seed: &str| {
        let line = format!(
            "{SMALL} -water 0.01 -noisefile n.img -seed {seed} --quiet --threads {}",
            seed.len()
        );
        nanobragg(folder.path(), &line).assert().success();
        fs::read(folder.path().join("n.img")).unwrap()
    };
    assert_eq!(noise("1"), noise("1"));
    assert_ne!(noise("1"), noise("22"));
}

#[test]
fn the_summary_tells_what_was_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{SMALL} -oversample 2 -phisteps 3 -osc 1 -mosaic 0.1 -floatfile f.bin");
    let output = nanobragg(folder.path(), &line).assert().success();
    let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    for part in [
        "cell angstrom 70 80 90",
        "volume angstrom3 504000",
        "oversample 2",
        "phi steps 3",
        "mosaic domains 10",
        "max ",
        "mean ",
        "rms deviation",
        "flag -floatfile, path f.bin",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let summary = json(folder.path(), &line);
    assert_eq!(summary["sampling"]["steps"], 2.0 * 2.0 * 3.0 * 10.0);
    let values = floats(&folder.path().join("f.bin"));
    let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
    assert!((summary["image"]["sum"].as_f64().unwrap() / sum - 1.0).abs() < 1e-12);
    let [fast, slow] =
        [0, 1].map(|axis| summary["image"]["max_at"][axis].as_u64().unwrap() as usize);
    let max = values.iter().copied().fold(0.0, f32::max);
    assert_eq!(values[slow * 24 + fast], max);
}

#[test]
fn the_quantities_behind_a_pixel_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{SMALL} -floatfile f.bin --quiet -trace_pixel 7 3");
    let output = nanobragg(folder.path(), &line).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("pixel 3 7\n"), "{text}");
    let photons = text
        .lines()
        .find_map(|line| line.strip_prefix("photons "))
        .unwrap();
    let value = floats(&folder.path().join("f.bin"))[7 * 24 + 3];
    assert_eq!(photons.parse::<f64>().unwrap() as f32, value);
}

#[test]
fn help_groups_every_flag_by_topic() {
    let folder = tempfile::tempdir().unwrap();
    for flag in ["-h", "--help"] {
        let output = nanobragg(folder.path(), flag).assert().success();
        let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        for topic in [
            "Crystal:",
            "Beam:",
            "Detector:",
            "Sampling:",
            "Output:",
            "Program:",
        ] {
            assert!(text.contains(topic), "{topic}");
        }
        assert!(
            text.contains(" -lambda <Å>") && !text.contains("--lambda"),
            "one dash"
        );
        assert!(text.contains("--device"), "two dashes");
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_file_that_was_not_named_is_never_read() {
    // nanoBragg.c takes structure factors from an Fdump.bin that an earlier run left behind.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Fdump.bin"), b"stale").unwrap();
    nanobragg(folder.path(), "-cell 70 -N 5 -detpixels 8")
        .assert()
        .code(2);
}

#[test]
fn every_flag_changes_the_files_or_says_why_not() {
    // What is written and said without the flag, then with it: something must differ.
    let outcome = |line: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = nanobragg(folder.path(), &format!("{SMALL} -seed 1 {line}"))
            .assert()
            .success();
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        let notes = said
            .lines()
            .filter(|line| line.starts_with("nanobragg: note"))
            .collect::<String>();
        let files = names(folder.path()).into_iter().map(|name| {
            let contents = fs::read(folder.path().join(&name)).unwrap();
            (name, contents)
        });
        (
            files.collect::<Vec<_>>(),
            output.get_output().stdout.clone(),
            notes,
        )
    };
    let hkl = golden_path("lysozyme_1aki_p1.hkl")
        .to_str()
        .unwrap()
        .to_string();
    let rows = [
        ("", "-default_F 3"),
        ("", "-cell 50"),
        ("", "-misset 3 2 1"),
        ("", "-misset random"),
        ("-misset random", "-misset_seed 5"),
        ("", "-misset_seed 5"),
        ("", "-N 3"),
        ("", "-Na 3"),
        ("", "-Nb 3"),
        ("", "-Nc 3"),
        ("", "-xtalsize 2e-5"),
        ("", "-xtal_x 2e-5"),
        ("", "-xtal_y 2e-5"),
        ("", "-xtal_z 2e-5"),
        ("", "-round_xtal"),
        ("", "-gauss_xtal"),
        ("", "-tophat_spots"),
        ("-round_xtal", "-square_xtal"),
        ("", "-fudge 2"),
        ("-gauss_xtal", "-fudge 2"),
        ("", "-mosaic 1"),
        ("-mosaic 1", "-mosaic_domains 3"),
        ("-mosaic 1", "-mosaic_seed 3"),
        ("-mosaic_domains 1", "-mosaic 1"),
        ("-mosaic_domains 1", "--mosaic-sigmas 1 1 1"),
        ("-mosaic_domains 5", "--mosaic-sigmas 0 0 0"),
        ("", "-mosaic_seed 3"),
        ("-gauss_xtal -osc 1", "--analytic"),
        ("-gauss_xtal", "--analytic"),
        ("-gauss_xtal --analytic", "-mosaic 1"),
        ("-gauss_xtal --analytic -osc 1", "-mosaic_domains 3"),
        ("-gauss_xtal --analytic", "--bandwidth 1"),
        ("-gauss_xtal --analytic", "--divergence-sigma 2 3"),
        ("-gauss_xtal --analytic -oversample 1", "--pixel-average"),
        ("-gauss_xtal --analytic -osc 1", "--phi-sampling start"),
        ("", "-phi 10"),
        ("", "-osc 5"),
        ("", "-phistep 5"),
        ("", "-phisteps 5"),
        ("", "-lambda 2"),
        ("", "-energy 5000"),
        ("", "-dispersion 5"),
        ("-dispersion 5", "-dispsteps 4"),
        ("", "-dispsteps 4"),
        ("", "-divergence 5"),
        ("", "-hdivrange 5"),
        ("", "-vdivrange 5"),
        ("", "-hdivstep 5"),
        ("", "-vdivstep 5"),
        ("", "-hdivsteps 3"),
        ("", "-vdivsteps 3"),
        ("", "-divsteps 3"),
        ("-divergence 5 -divsteps 5", "-square_div"),
        ("", "-fluence 1e20"),
        ("", "-flux 1e9"),
        ("-flux 1e9", "-exposure 3"),
        ("", "-exposure 3"),
        ("-flux 1e9", "-beamsize 3"),
        ("", "-beamsize 3"),
        ("-flux 1e9", "-fluence 1"),
        ("", "-polar 0.5"),
        ("", "-nopolar"),
        ("", "-water 10"),
        ("", "-dmin 12"),
        ("", "-interpolate"),
        ("", "-nointerpolate"),
        ("", "-distance 90"),
        ("", "-close_distance 90"),
        ("-close_distance 90", "-distance 80"),
        ("", "-pixel 0.2"),
        ("", "-detpixels 20"),
        ("", "-detpixels_f 20"),
        ("", "-detpixels_s 20"),
        ("", "-detsize 10"),
        ("", "-detsize_f 10"),
        ("", "-detsize_s 10"),
        ("", "-Xbeam 5"),
        ("", "-Ybeam 5"),
        ("", "-Xclose 5"),
        ("", "-Yclose 5"),
        ("", "-ORGX 5"),
        ("", "-ORGY 5"),
        ("-xds", "-Xbeam 5"),
        ("-xds", "-Xclose 5"),
        ("-xds", "-ORGX 5"),
        ("-xds", "-ORGY 5"),
        ("-xds -pivot beam", "-Xclose 5"),
        ("-xds -pivot beam", "-ORGX 5"),
        ("", "-xds"),
        ("", "-adxv"),
        ("", "-denzo"),
        ("", "-dials"),
        ("-detector_rotx 5", "-pivot sample"),
        ("", "-detector_rotx 5"),
        ("", "-detector_roty 5"),
        ("", "-detector_rotz 5"),
        ("", "-twotheta 5"),
        ("", "-beam_vector 1 0.1 0"),
        ("", "-fdet_vector 0 0.1 1"),
        ("", "-sdet_vector 0 -1 0.1"),
        ("", "-odet_vector 1 0.1 0"),
        ("-polar 0.5", "-polar_vector 0 1 0"),
        ("-phi 10", "-spindle_axis 0 1 0"),
        ("-twotheta 5", "-twotheta_axis 0 1 0"),
        ("", "-pix0_vector 0.1 0.01 -0.01"),
        ("-pix0_vector 0.1 0.01 -0.01", "-Xbeam 5"),
        ("", "-curved_det"),
        ("", "-point_pixel"),
        ("", "-detector_abs 300"),
        ("", "-detector_thick 300"),
        ("", "-detector_thicksteps 3"),
        ("-detector_thick 300", "-detector_abs 500"),
        ("-detector_thick 300", "-detector_thicksteps 5"),
        ("-detector_thick 300", "--layer-depth mean"),
        ("", "--layer-depth mean"),
        ("-osc 1", "--phi-sampling middle"),
        ("", "--phi-sampling middle"),
        ("", "-oversample 3"),
        ("", "-oversample_omega"),
        ("-oversample 2", "-oversample_polar"),
        ("-nopolar", "-oversample_polar"),
        ("", "-oversample_thick"),
        ("", "-roi 1 5 2 6"),
        ("-intfile i.img", "-scale 2"),
        ("-intfile i.img", "-adc 10"),
        ("-floatfile f.bin", "-adc 10"),
        ("-floatfile f.bin", "-scale 2"),
        ("-pgmfile p.pgm", "-pgmscale 2"),
        ("-floatfile f.bin", "-pgmscale 2"),
        ("", "-nopgm"),
        ("", "-nonoise"),
        ("-noisefile n.img -seed 1", "-adc 10"),
        ("-noisefile n.img -seed 1", "--flicker 5"),
        ("-noisefile n.img -seed 1", "--calibration 5"),
        ("-noisefile n.img --calibration 5", "--calibration-seed 4"),
        ("-noisefile n.img", "--calibration-seed 4"),
        ("-noisefile n.img -seed 1", "--readout 3"),
        ("-noisefile n.img -seed 1", "--gain 2"),
        ("-noisefile n.img -seed 1", "--saturation 50"),
        ("-noisefile n.img -seed 1", "--psf-fwhm 2"),
        ("-noisefile n.img --psf-fwhm 2", "--psf fiber"),
        ("-noisefile n.img", "--psf fiber"),
        ("-noisefile n.img -seed 1", "--image-number 2"),
        ("-floatfile f.bin", "--readout 3"),
        ("-floatfile f.bin", "-nopgm"),
        ("-floatfile f.bin", "-nonoise"),
        ("", "-seed 3"),
        ("-roi 1 2 1 2", "-printout"),
        ("", "-printout_pixel 1 2"),
        ("-printout_pixel 1 2", "-printout"),
        ("", "-trace_pixel 2 1"),
        ("", "-stol t"),
        ("", "-dump"),
        ("", "-density 1"),
        ("", "--png-scale log"),
        ("", "--f16-structure-factors"),
        ("", "--png-depth 16"),
        ("", "--png-percentile 50"),
        ("", "--colormap viridis"),
        ("-floatfile f.bin", "--colormap viridis"),
    ];
    let oversampled = |flag: &str| {
        if flag.contains("oversample") {
            ""
        } else {
            "-oversample 2"
        }
    };
    for (before, flag) in rows {
        let before = format!("{} {before}", oversampled(&format!("{before} {flag}")));
        assert_ne!(
            outcome(&before),
            outcome(&format!("{before} {flag}")),
            "{before} | {flag}"
        );
    }
    assert_ne!(outcome(""), outcome(&format!("-hkl {hkl}")), "-hkl");
}
