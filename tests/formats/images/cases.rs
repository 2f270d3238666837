//! Images and masters as people have them: kinds of pixels, groups by class, units, what a header leaves
//! open, masks of every format.

use std::fs;
use std::path::Path;

use nanobragg::formats::format::FrameReader;
use nanobragg::formats::image_file::{self, ImageFile};
use nanobragg::formats::nxmx::NxmxReader;
use nanobragg::formats::raster::Pixels;
use serde_json::Value;

use super::MOST;
use super::command::{json, nanobragg, refused};
use crate::support::golden_path;

/// Copies files of `golden/cases` into `folder`.
fn copied(folder: &Path, names: &[&str]) {
    for name in names {
        fs::copy(golden_path(&format!("cases/{name}")), folder.join(name)).unwrap();
    }
}

fn pixels(path: &Path) -> Pixels {
    match image_file::read(path, MOST).unwrap() {
        ImageFile::Sized(_, raster) => raster.pixels,
        ImageFile::Bare(_) => panic!("{}", path.display()),
    }
}

fn assert_near(found: &Value, expected: f64) {
    let number = found
        .as_f64()
        .unwrap_or_else(|| panic!("{found}, expected {expected}"));
    assert!(
        (number / expected - 1.0).abs() < 1e-6,
        "{number}, expected {expected}"
    );
}

#[test]
fn smv_of_d_trek_is_read_by_its_data_type() {
    let path = golden_path("cases/smv_dtrek_long_int.img");
    let expected = (0..64 * 48).map(|index| index * 7 % 60000).collect();
    assert_eq!(pixels(&path), Pixels::I32(expected));
}

#[test]
fn groups_of_nexus_are_known_by_their_class() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    copied(
        here,
        &[
            "nxmx_detector_group_named_eiger.h5",
            "nxmx_own_names_energy.h5",
        ],
    );
    let geometry = |name: &str| json(here, &format!("info {name} --json"))["geometry"].clone();
    let found = geometry("nxmx_detector_group_named_eiger.h5");
    assert_near(&found["pixel_size_m"], 7.5e-5);
    assert_near(&found["distance_m"], 0.2);
    assert_near(&found["beam_centre_pixels"][0], 20.0);
    assert_near(&found["beam_centre_pixels"][1], 15.0);
    // Every group has a name of its own, the centre is a length, and the beam has an energy.
    let path = here.join("nxmx_own_names_energy.h5");
    let file = NxmxReader::open(&path, MOST).unwrap();
    assert_eq!((file.frames(), file.size()), (2, [8, 6]));
    for frame in 0..2 {
        let header = file.metadata().header(&file.frame_metadata(frame));
        let near = |found: Option<f64>, expected: f64| {
            assert!(
                (found.unwrap() / expected - 1.0).abs() < 1e-6,
                "{found:?} {expected}"
            );
        };
        near(header.pixel_size_m, 7.5e-5);
        near(header.distance_m, 0.125);
        near(header.beam_centre_pixels.map(|[fast, _]| fast), 4.0);
        near(header.beam_centre_pixels.map(|[_, slow]| slow), 2.0);
        near(header.wavelength_m, 1e-10);
        near(header.start_rad, (20.0 + 0.25 * frame as f64).to_radians());
        near(header.range_rad, 0.25_f64.to_radians());
    }
}

#[test]
fn the_angles_of_dectris_goniometers_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    copied(here, &["nxmx_dectris_goniometer_omega.h5"]);
    let file = NxmxReader::open(&here.join("nxmx_dectris_goniometer_omega.h5"), MOST).unwrap();
    for (frame, start) in [10.0_f64, 10.5, 11.0].into_iter().enumerate() {
        let found = file.frame_metadata(frame);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found}");
        near(found.start_rad.unwrap().to_degrees(), start);
        near(found.range_rad.unwrap().to_degrees(), 0.5);
    }
    // A frame can be chosen, and the first one is told of.
    let line = "-img nxmx_dectris_goniometer_omega.h5 -default_F 1 -cell 70 70 70 --dry-run";
    let said = |line: &str| {
        let output = nanobragg(here, line).assert().success();
        String::from_utf8_lossy(&output.get_output().stderr).into_owned()
    };
    let first = said(line);
    assert!(first.contains("the first of 3 frames is taken"), "{first}");
    let second = said(&format!("{line} --img-frame 2 --write-config c.toml"));
    assert!(!second.contains("first of"), "{second}");
    let (code, fourth) = refused(here, &format!("{line} --img-frame 4"));
    assert!(
        code == 1 && fourth.contains("frame 4; expected one from 1 to 3"),
        "{fourth}"
    );
}

#[test]
fn links_that_lead_nowhere_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    copied(
        here,
        &[
            "nxmx_master_one_link_dangling.h5",
            "vds_000001.h5",
            "nxmx_gap_in_links.h5",
            "nxmx_master_without_frames.h5",
        ],
    );
    let opened = |name: &str| match NxmxReader::open(&here.join(name), MOST) {
        Ok(file) => panic!("{name}: {} frames", file.frames()),
        Err(error) => error.to_string(),
    };
    let said = opened("nxmx_master_one_link_dangling.h5");
    assert!(
        said.contains("data_000002") && said.contains("the file nofile.h5"),
        "{said}"
    );
    let said = opened("nxmx_gap_in_links.h5");
    assert!(said.contains("data_000003 follows number 1"), "{said}");
    let said = opened("nxmx_master_without_frames.h5");
    assert!(said.contains("elsewhere_data_000001.h5"), "{said}");
    // The header of a master needs no frames; the axis that turns is found.
    let line = "-img nxmx_master_without_frames.h5 --img-frame 3 -default_F 1 -cell 70 70 70 \
                -detector_thick 0 --out a.cbf --device cpu";
    nanobragg(here, line).assert().success();
    let geometry = &json(here, "info a.cbf --json")["geometry"];
    assert_near(&geometry["distance_m"], 0.15);
    assert_near(&geometry["wavelength_m"], 0.9e-10);
    assert_near(&geometry["beam_centre_pixels"][0], 5.5);
    assert_near(&geometry["start_rad"], 1_f64.to_radians());
    assert_near(&geometry["range_rad"], 0.5_f64.to_radians());
}

#[test]
fn what_a_header_leaves_open_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let names = [
        "cbf_header_without_distance_and_beam.cbf",
        "cbf_header_wavelength_in_nm.cbf",
        "smv_dtrek_long_int.img",
    ];
    copied(here, &names);
    let said = |name: &str, more: &str| {
        let line = format!("-img {name} -default_F 1 -cell 70 70 70 --dry-run {more}");
        let output = nanobragg(here, &line).assert().success();
        String::from_utf8_lossy(&output.get_output().stderr).into_owned()
    };
    let open = |said: &str| said.matches("its header does not tell").count();
    let text = said(names[0], "");
    assert_eq!(open(&text), 2, "{text}");
    assert!(
        text.contains("the detector's distance; 100 mm is taken: give -distance"),
        "{text}"
    );
    assert!(
        text.contains("meets the detector; the middle is taken: give -Xbeam"),
        "{text}"
    );
    let text = said(names[0], "-distance 150 -Xbeam 3 -Ybeam 4");
    assert_eq!(open(&text), 0, "{text}");
    let text = said(names[1], "");
    assert_eq!(open(&text), 0, "{text}");
    // A header of pixels alone.
    let text = said(names[2], "");
    assert_eq!(open(&text), 5, "{text}");
    let text = said(names[2], "-energy 12000 -phi 0");
    assert!(
        open(&text) == 3 && !text.contains("the wavelength"),
        "{text}"
    );
}

#[test]
fn units_of_minicbf_headers_are_minded() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    copied(here, &["cbf_header_wavelength_in_nm.cbf"]);
    let found = json(here, "info cbf_header_wavelength_in_nm.cbf --json");
    assert_near(&found["geometry"]["wavelength_m"], 0.9795e-10);
}

#[test]
fn frames_under_the_filters_of_new_detectors_are_read() {
    let expected = |count: u32| Pixels::U32((0..count).map(|index| index * 70000).collect());
    for (name, count) in [
        ("nxmx_zstd.h5", 60),
        ("nxmx_blosc.h5", 60),
        ("nxmx_bitshuffle_zstd.h5", 63),
    ] {
        let path = golden_path(&format!("cases/{name}"));
        let file = NxmxReader::open(&path, MOST).unwrap();
        assert_eq!(file.frame(0).unwrap().pixels, expected(count), "{name}");
    }
    let file = NxmxReader::open(&golden_path("cases/nxmx_sz.h5"), MOST).unwrap();
    let said = file.frame(0).unwrap_err().to_string();
    assert!(
        said.contains("bitshuffle") && said.contains("h5repack"),
        "{said}"
    );
}

/// A mask of 10 x 8 pixels whose pixels 2 to 4 of row 3 are not rendered, in every format.
#[test]
fn masks_are_read_from_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    copied(here, &["nxmx_master_without_frames.h5"]);
    let rendered: Vec<u8> = (0..80)
        .map(|index| u8::from(!(32..35).contains(&index)))
        .collect();
    let numpy = |descr: &str| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (8, 10), }}");
        let header = format!("{header:117}\n");
        [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), &rendered].concat()
    };
    fs::write(here.join("truth.npy"), numpy("|b1")).unwrap();
    fs::write(here.join("bytes.npy"), numpy("|u1")).unwrap();
    let gaps: Vec<i32> = rendered
        .iter()
        .map(|&flag| i32::from(flag) * 3 - 2)
        .collect();
    let cbf = nanobragg::formats::cbf::encode(&gaps, 10, &Default::default());
    fs::write(here.join("gaps.cbf"), cbf).unwrap();
    let smv = "{\nHEADER_BYTES=512;\nSIZE1=10;\nSIZE2=8;\nTYPE=unsigned_short;\n}\n";
    let counts: Vec<u8> = rendered.iter().flat_map(|&flag| [flag, 0]).collect();
    let smv = [format!("{smv:512}").as_bytes(), &counts].concat();
    fs::write(here.join("mask.img"), smv).unwrap();
    for name in [
        "truth.npy",
        "bytes.npy",
        "gaps.cbf",
        "mask.img",
        "nxmx_master_without_frames.h5",
    ] {
        let line = format!(
            "-mask {name} -default_F 100 -cell 70 70 70 -N 3 -detpixels_f 10 -detpixels_s 8 \
             -oversample 1 -floatfile o.bin --device cpu"
        );
        nanobragg(here, &line).assert().success();
        let image = fs::read(here.join("o.bin")).unwrap();
        let drawn: Vec<u8> = image
            .as_chunks()
            .0
            .iter()
            .map(|&four| u8::from(f32::from_le_bytes(four) > 0.0))
            .collect();
        assert_eq!(drawn, rendered, "{name}");
        // As the mask of a comparison.
        let compared = json(
            here,
            &format!("compare o.bin o.bin --size 10 8 --mask {name} --json"),
        );
        assert_eq!(compared["pixels"], 77, "{compared}");
    }
    copied(here, &["nxmx_zstd.h5"]);
    let line = "-mask nxmx_zstd.h5 -default_F 1 -cell 70 70 70 --dry-run";
    let (code, said) = refused(here, line);
    assert!(
        code == 1 && said.contains("nxmx_zstd.h5: no pixel mask"),
        "{said}"
    );
}

#[test]
fn the_lines_of_nanobraggs_readme_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let line = "-default_F 1 -cell 70 70 70 -dispersion 0.1 -dispstep 3 -hdiv 0.28 -vdiv 0.28 -N 0 \
                --dry-run";
    let output = nanobragg(folder.path(), line).assert().success();
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    for expected in [
        "-hdiv is ignored: the C program does not know it either; give -hdivrange",
        "-vdiv is ignored",
        "-dispstep is ignored",
        "-N: 0 is taken as 1 cell",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_value_of_a_file_is_blamed_on_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "photon_energy = 1e30\nclen = 0.1\nres = 1e4\na/fs = x\na/ss = y\na/corner_x = 0\n\
                a/corner_y = 0\na/min_fs = 0\na/max_fs = 9\na/min_ss = 0\na/max_ss = 9\n";
    fs::write(folder.path().join("a.geom"), text).unwrap();
    let line = "--geom a.geom -default_F 1 -cell 70 70 70 --dry-run";
    let (_, said) = refused(folder.path(), line);
    assert!(
        said.starts_with("nanobragg: a.geom: the wavelength"),
        "{said}"
    );
}
