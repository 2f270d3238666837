//! Places: what NXmx's chains of transformations come to is where our panels are.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use approx::assert_relative_eq;
use glam::{DMat3, DVec3};
use nanobragg::experiment::{Detector, Experiment, Panel};
use nanobragg::formats::encoding::Compression;
use nanobragg::formats::encoding::Number;
use nanobragg::formats::metadata::{FrameMetadata, Metadata, to_mcstas};
use nanobragg::formats::nxmx::NxmxReader;
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::random::uniform_rotation;
use serde_json::Value;

use super::{json, output, said};
use crate::support::experiment;

/// Far below a pixel's hundredth, far above rounding.
const NEAR_M: f64 = 1e-12;

/// A file of one frame for `experiment`, in whose laboratory `up` is up.
fn write(path: &Path, experiment: &Experiment, up: DVec3) {
    let panels = &experiment.detector().panels;
    let frame = Raster {
        width: panels[0].shape[0],
        height: panels.iter().map(|panel| panel.shape[1]).sum(),
        pixels: Pixels::U16(vec![7; panels.iter().map(Panel::pixels).sum()]),
    };
    let setting = Metadata::of(experiment, up, None);
    let of_frame = FrameMetadata::of(experiment, up);
    let encoding = super::encoding(Number::U16, Compression::default());
    super::write_frame(path, &frame, encoding, (setting, of_frame));
}

/// Makes sure that the file at `path` has every corner of `panels` where `turn` puts it, by our reader
/// and by what `others` read there.
fn holds_panels(path: &Path, others: &Value, panels: &[Panel], turn: DMat3) {
    let file = NxmxReader::open(path, super::MOST).unwrap();
    assert_eq!(file.metadata().panels.len(), panels.len());
    assert_eq!(others["panels"].as_array().unwrap().len(), panels.len());
    let mut first_row = 0;
    for (index, panel) in panels.iter().enumerate() {
        let place = &file.metadata().panels[index];
        assert_eq!((place.shape, place.first_row), (panel.shape, first_row));
        let other = &others["panels"][index];
        let [width, height] = panel.shape;
        assert_eq!(other["origin"], serde_json::json!([first_row, 0]));
        assert_eq!(other["size"], serde_json::json!([height, width]));
        let expected = panel.corners_m(0.0).map(|corner| turn * corner);
        for (corner, expected) in expected.into_iter().enumerate() {
            let ours = place.corners_m()[corner];
            assert!(ours.distance(expected) < NEAR_M, "{ours} {expected}");
            let theirs: [f64; 3] =
                serde_json::from_value(other["corners"][corner].clone()).unwrap();
            let theirs = DVec3::from_array(theirs);
            assert!(theirs.distance(expected) < NEAR_M, "{theirs} {expected}");
        }
        first_row += height;
    }
}

#[test]
fn every_convention_and_any_tilt_is_told_in_mcstas_frame() {
    let folder = tempfile::tempdir().unwrap();
    let experiments = [
        "-mosflm",
        "-denzo -twotheta 20",
        "-adxv -detector_rotx 5 -detector_roty -7 -detector_rotz 11",
        "-xds -ORGX 20.5 -ORGY 61",
        "-dials -pivot sample -detector_roty 30",
        "-beam_vector 1 0.3 -0.2 -fdet_vector 0 0 1 -sdet_vector 0.1 -1 0.2",
        "-pix0_vector 0.1 0.02 -0.013",
    ]
    .map(|flags| {
        let line = format!("-default_F 1 -cell 50 -detpixels_f 40 -detpixels_s 90 {flags}");
        experiment(&line)
    });
    let up = |experiment: &Experiment| -experiment.detector().panels[0].slow;
    let paths: Vec<PathBuf> = experiments
        .iter()
        .enumerate()
        .map(|(index, experiment)| {
            let path = folder.path().join(format!("{index}.nxs"));
            write(&path, experiment, up(experiment));
            path
        })
        .collect();
    for ((experiment, path), others) in experiments.iter().zip(&paths).zip(said(&paths)) {
        let beam = experiment.beam().direction;
        let turn = to_mcstas(beam, up(experiment));
        assert!((turn * beam.normalize()).distance(DVec3::Z) < 1e-15);
        holds_panels(path, &others, &experiment.detector().panels, turn);
        // The frame can be turned back.
        let file = NxmxReader::open(path, super::MOST).unwrap();
        let laboratory = file.metadata().laboratory.unwrap();
        assert!(laboratory.abs_diff_eq(turn, 1e-15));
        let spindle = file.metadata().spindle.unwrap();
        let expected = turn * experiment.scan().spindle.normalize();
        assert!(spindle.distance(expected) < 1e-14);
        let axis: [f64; 3] = serde_json::from_value(others["axis"].clone()).unwrap();
        assert!(DVec3::from_array(axis).distance(expected) < 1e-14);
    }
}

#[test]
fn many_tilted_panels_have_their_places() {
    let base = experiment("-default_F 1 -cell 50 -detpixels 8");
    let beam = base.beam().direction;
    let panels: Vec<Panel> = (0..9)
        .map(|index| {
            let [column, row] = [index % 3, index / 3].map(|place| f64::from(place) - 1.0);
            // Each leans its own way by up to a few degrees.
            let (axis, angle) =
                glam::DQuat::from_mat3(&uniform_rotation(5, index as u32)).to_axis_angle();
            let lean = DMat3::from_axis_angle(axis, 0.05 * angle / PI);
            Panel {
                name: format!("p{index}"),
                origin_m: DVec3::new(0.1, -0.004 * row, 0.004 * column),
                fast: lean * DVec3::Z,
                slow: lean * -DVec3::Y,
                normal: DVec3::X,
                pixel_size_m: 1e-4 + 1e-6 * f64::from(index),
                shape: [30, 20 + index as usize],
                curved_m: None,
                sensor: None,
                mask: None,
            }
        })
        .collect();
    let mut parts = base.into_description();
    parts.detector = Detector::of_panels(panels, beam).unwrap();
    let experiment = Experiment::new(parts).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nine.nxs");
    write(&path, &experiment, DVec3::Y);
    let others = said(std::slice::from_ref(&path)).remove(0);
    holds_panels(
        &path,
        &others,
        &experiment.detector().panels,
        to_mcstas(beam, DVec3::Y),
    );
    let names: Vec<String> = NxmxReader::open(&path, super::MOST)
        .unwrap()
        .metadata()
        .panels
        .iter()
        .map(|panel| panel.name.clone())
        .collect();
    assert_eq!(
        names,
        (0..9).map(|index| format!("p{index}")).collect::<Vec<_>>()
    );
}

#[test]
fn others_read_what_a_series_says_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let flags = "-default_F 100 -cell 70 80 90 80 95 100 -N 5 -lambda 1.25 -distance 80 -detpixels_f 50 \
                 -detpixels_s 30 -phi 10 -osc 0.1 -phisteps 1 -detector_thick 450 -detector_abs 300 \
                 -roi 5 44 3 26 -polar 0.9";
    output(
        here,
        &format!(
            "series --frames 5 {flags} --out s.h5 --out-noise n.nxs --saturation 900 -seed 1 --quiet"
        ),
    );
    let both = said(&[here.join("s.h5"), here.join("n.nxs")]);
    let found = &both[0];
    assert_eq!(found["definition"], "NXmx");
    assert_eq!(found["start_time"], "2000-01-01T00:00:00+00:00");
    assert_eq!(found["source"], "simulation");
    assert_eq!(found["signal"], "data");
    assert_relative_eq!(
        found["wavelength"].as_f64().unwrap(),
        1.25,
        max_relative = 1e-15
    );
    assert_eq!(found["material"], "Si");
    assert_relative_eq!(
        found["thickness"].as_f64().unwrap(),
        450e-6,
        max_relative = 1e-14
    );
    assert_eq!(found["saturation"], Value::Null, "float32 has no end");
    assert_eq!(found["masked"], 50 * 30 - 40 * 24);
    assert_eq!(found["mask_bits"], 256, "left out by the user");
    // Decimals stay decimals.
    assert_eq!(
        found["omega"],
        serde_json::json!([10.0, 10.1, 10.2, 10.3, 10.4])
    );
    assert_eq!(
        found["omega_end"],
        serde_json::json!([10.1, 10.2, 10.3, 10.4, 10.5])
    );
    assert_eq!(
        found["increments"],
        serde_json::json!([0.1, 0.1, 0.1, 0.1, 0.1])
    );
    assert_eq!(both[1]["saturation"], 900);
    let info = json(here, "info n.nxs --frame 4 --json");
    assert_eq!(info["frame"], serde_json::json!([4, 5]));
    assert_eq!(info["numbers"], "int32");
    assert_eq!(
        info["detector"],
        serde_json::json!({"panels": 1, "masked_pixels": 540})
    );
    let geometry = &info["geometry"];
    assert_eq!(geometry["count_cutoff"], 900.0);
    for (key, expected) in [
        ("start_rad", 10.3f64.to_radians()),
        ("range_rad", 0.1f64.to_radians()),
        ("distance_m", 0.08),
        ("wavelength_m", 1.25e-10),
        ("pixel_size_m", 1e-4),
        ("sensor_thickness_m", 450e-6),
    ] {
        let found = geometry[key].as_f64().unwrap();
        assert_relative_eq!(found, expected, max_relative = 1e-12);
    }
    let setting = NxmxReader::open(&here.join("s.h5"), super::MOST).unwrap();
    let cell = setting.metadata().cell.unwrap();
    for (found, expected) in cell.into_iter().zip([70.0, 80.0, 90.0, 80.0, 95.0, 100.0]) {
        assert_relative_eq!(found, expected, max_relative = 1e-12);
    }
    // The electric field lies along x, the spindle.
    let [one, q, u, v] = setting.metadata().stokes.unwrap();
    assert_relative_eq!(q, 0.9, max_relative = 1e-12);
    assert!(one == 1.0 && u.abs() < 1e-12 && v == 0.0);
    // a*, b*, c* make the cell again.
    let frame = setting.frame_metadata(2);
    let real = frame.reciprocal.unwrap().transpose().inverse();
    assert_relative_eq!(real.x_axis.length(), 70e-10, max_relative = 1e-12);
    assert_relative_eq!(real.z_axis.length(), 90e-10, max_relative = 1e-12);
}
