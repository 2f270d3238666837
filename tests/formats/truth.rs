//! The truth beside images: experiment lists of DIALS and geometry files of CrystFEL that a render
//! writes make the same image when it reads them.

use std::path::Path;

use nanobragg::formats::raster::Pixels;
use serde_json::Value;

use crate::nxmx::nanobragg;

const CRYSTAL: &str = "-N 4 -default_F 50 -cell 50 60 70 80 95 100 -misset 10 20 30 -lambda 1.1";
const DETECTOR: &str = "-distance 90 -detpixels_f 60 -detpixels_s 50 -pixel 0.2 -oversample 2 \
                        -polar 0.9 -Xbeam 3.3 -Ybeam 7.1 -detector_rotx 4 -twotheta 6";

fn run(here: &Path, line: &str) -> String {
    let output = nanobragg(here, line).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{line}: {said}");
    said
}

fn image(here: &Path, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(here.join(name)).unwrap();
    let floats = bytes.chunks_exact(4);
    floats
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// Makes sure that two images are one, but for rounding.
fn same(one: &[f32], other: &[f32]) {
    let most = one.iter().copied().fold(0.0, f32::max);
    assert!(most > 0.0 && one.len() == other.len());
    for (a, b) in one.iter().zip(other) {
        assert!((a - b).abs() <= 1e-5 * most, "{a} {b}, at most {most}");
    }
}

#[test]
fn an_experiment_list_makes_the_image_that_it_was_written_beside() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (convention, scan) in [
        ("-mosflm", ""),
        ("-mosflm", "-phi 20"),
        ("-adxv", "-osc 0.4"),
        ("-xds", "-phi 20 -osc 1"),
    ] {
        let scan = format!("{scan} -phisteps 2");
        let line = format!("{CRYSTAL} {DETECTOR} {convention} {scan} -pivot beam");
        run(
            here,
            &format!("{line} --out a.bin --out a_0001.cbf --write-expt a.expt --quiet"),
        );
        let sampling = "-N 4 -default_F 50 -oversample 2 -phisteps 2";
        run(
            here,
            &format!("--expt a.expt {sampling} --out b.bin --quiet"),
        );
        same(&image(here, "a.bin"), &image(here, "b.bin"));
    }
}

#[test]
fn a_geometry_file_makes_the_image_that_it_was_written_beside() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // Water is the same in every laboratory; CrystFEL's files have no polarisation.
    let line =
        format!("-water 5 -cell 50 -lambda 1.1 {DETECTOR}").replace("-polar 0.9", "-polar 0");
    run(
        here,
        &format!("{line} --out a.bin --write-geom a.geom --quiet"),
    );
    run(
        here,
        "--geom a.geom -water 5 -cell 50 -oversample 2 -polar 0 --out b.bin --quiet",
    );
    same(&image(here, "a.bin"), &image(here, "b.bin"));
    let text = std::fs::read_to_string(here.join("a.geom")).unwrap();
    for line in [
        "adu_per_photon = 1",
        "data = /entry/data/data",
        "dim0 = %",
        "p0/max_fs = 59",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn an_experiment_list_names_the_images_and_a_crystal_for_each_still() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let crystal = CRYSTAL.replace("-misset 10 20 30 ", "");
    let line = format!("series --frames 3 {crystal} {DETECTOR} -seed 1");
    let list = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(here.join(name)).unwrap()).unwrap()
    };
    run(
        here,
        &format!("{line} --random-orientations --out s_##.cbf --write-expt s.expt"),
    );
    let stills = list("s.expt");
    assert_eq!(stills["crystal"].as_array().unwrap().len(), 3);
    assert_ne!(stills["crystal"][0], stills["crystal"][1]);
    assert_eq!(stills["imageset"][2]["images"][0], "s_03.cbf");
    assert_eq!(stills["experiment"][2]["crystal"], 2);
    assert!(stills["scan"].as_array().unwrap().is_empty());
    run(
        here,
        &format!("{line} -osc 0.5 --out r_master.h5 --frames-per-file 2 --write-expt r.expt"),
    );
    let scan = list("r.expt");
    assert_eq!(scan["experiment"].as_array().unwrap().len(), 1);
    assert_eq!(scan["imageset"][0]["template"], "r_master.h5");
    assert_eq!(
        scan["imageset"][0]["single_file_indices"],
        serde_json::json!([0, 1, 2])
    );
    assert_eq!(scan["scan"][0]["image_range"], serde_json::json!([1, 3]));
    assert_eq!(
        scan["scan"][0]["oscillation"],
        serde_json::json!([0.0, 0.5])
    );
    // Frames that turn, each with a crystal of its own, are a scan of one image each.
    run(
        here,
        &format!("{line} --random-orientations -osc 0.5 --out o.h5 --write-expt o.expt"),
    );
    let each = list("o.expt");
    assert_eq!(each["experiment"][2]["scan"], 2);
    assert_eq!(each["scan"][2]["image_range"], serde_json::json!([3, 3]));
    assert_eq!(
        each["imageset"][2]["single_file_indices"],
        serde_json::json!([2])
    );
    assert_eq!(each["goniometer"].as_array().unwrap().len(), 1);
    let told = run(
        here,
        &format!("{CRYSTAL} {DETECTOR} --out a.bin --write-expt t.expt"),
    );
    assert!(
        told.contains("--write-expt: no SMV, CBF or NXmx file is written"),
        "{told}"
    );
}

#[test]
fn a_master_keeps_its_frames_in_data_files_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = format!("series --frames 5 -osc 0.5 {CRYSTAL} {DETECTOR} --out-type i32 --quiet");
    run(
        here,
        &format!("{line} --out x_master.h5 --frames-per-file 2 --out one.h5"),
    );
    let mut files: Vec<String> = std::fs::read_dir(here)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let data = ["x_data_000001.h5", "x_data_000002.h5", "x_data_000003.h5"];
    assert_eq!(files[1..4], data);
    let read = |name: &str| -> Vec<Pixels> {
        let most = nanobragg::memory::Bytes(1 << 30);
        let file = nanobragg::formats::nxmx::NxmxReader::open(&here.join(name), most).unwrap();
        use nanobragg::formats::format::FrameReader;
        assert_eq!(file.frames(), 5, "{name}");
        (0..5)
            .map(|index| file.frame(index).unwrap().pixels)
            .collect()
    };
    assert!(read("x_master.h5") == read("one.h5"));
    let told = run(
        here,
        &format!("{CRYSTAL} {DETECTOR} --out a.h5 --frames-per-file 2"),
    );
    assert!(told.contains("--frames-per-file has no effect"), "{told}");
}

#[test]
fn every_crystal_of_a_list_scatters_into_one_image() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let crystal = CRYSTAL.replace("-misset 10 20 30 ", "");
    let series = format!("series --frames 3 --random-orientations {crystal} {DETECTOR} -seed 1");
    run(
        here,
        &format!("{series} --out s_#.cbf --write-expt s.expt --quiet"),
    );
    let with = "--expt s.expt -N 4 -default_F 50 -oversample 2 -water 1";
    for device in ["cpu", "gpu"] {
        let with = format!("{with} --device {device}");
        let told = run(here, &format!("{with} --expt-index all --out all.bin"));
        assert!(
            told.contains("s.expt: the image is of the crystals of all 3 experiments"),
            "{told}"
        );
        let mut sum = vec![0.0; 60 * 50];
        for index in 0..3 {
            // The water is there once.
            let line = match index {
                0 => with.clone(),
                _ => with.replace("-water 1", ""),
            };
            let told = run(here, &format!("{line} --expt-index {index} --out one.bin"));
            let taken = format!("experiment {index} of 3, counted from 0, is taken");
            assert!(told.contains(&taken), "{told}");
            for (sum, photons) in sum.iter_mut().zip(image(here, "one.bin")) {
                *sum += photons;
            }
        }
        same(&image(here, "all.bin"), &sum);
    }
    // Only a render takes several.
    let refused = nanobragg(
        here,
        &format!("trace --pixel 3 4 -- {with} --expt-index all"),
    );
    let said = { refused }.output().unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("--expt-index all: only a render"), "{said}");
    // Crystals before different detectors are no one image.
    let text = std::fs::read_to_string(here.join("s.expt")).unwrap();
    let mut list: Value = serde_json::from_str(&text).unwrap();
    let mut other = list["detector"][0].clone();
    other["panels"][0]["origin"][2] = serde_json::json!(-91.0);
    list["detector"].as_array_mut().unwrap().push(other);
    list["experiment"][1]["detector"] = serde_json::json!(1);
    std::fs::write(here.join("s.expt"), list.to_string()).unwrap();
    let refused = nanobragg(here, &format!("{with} --expt-index all --out all.bin"))
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("experiment 1 has another detector or beam"),
        "{said}"
    );
}
