//! Files that describe the detector of an experiment, written by the tests.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use glam::{DMat3, DVec3, dvec3};
use nanobragg::experiment::{Experiment, Panel};
use nanobragg::geometry::rotation_about;
use serde_json::{Value, json};

/// From the laboratory of MOSFLM (x along the beam, z along the spindle) to that of DIALS (the beam
/// against z, x along the spindle).
pub const TO_DIALS: DMat3 = DMat3::from_cols(dvec3(0.0, 0.0, -1.0), DVec3::Y, DVec3::X);

/// To that of CrystFEL (z along the beam, y up).
pub const TO_CRYSTFEL: DMat3 = DMat3::from_cols(DVec3::Z, DVec3::Y, dvec3(-1.0, 0.0, 0.0));

/// A panel of an experiment list.
pub fn panel(panel: &Panel, turn: &DMat3) -> Value {
    let vector = |vector: DVec3| (*turn * vector).to_array();
    let mut value = json!({
        "name": panel.name,
        "type": "SENSOR_PAD",
        "fast_axis": vector(panel.fast),
        "slow_axis": vector(panel.slow),
        "origin": vector(panel.origin_m * 1e3),
        "image_size": panel.shape,
        "pixel_size": [panel.pixel_size_m * 1e3, panel.pixel_size_m * 1e3],
        "mask": [],
        "px_mm_strategy": {"type": "SimplePxMmStrategy"},
    });
    if let Some(sensor) = panel.sensor {
        value["thickness"] = json!(sensor.thickness_m * 1e3);
        value["mu"] = json!(1e-3 / sensor.attenuation_depth_m);
    }
    value
}

/// `experiment`, of flags in MOSFLM's laboratory, as an experiment list; with `panels` instead of its own.
pub fn experiment_list(experiment: &Experiment, panels: &[Panel]) -> Value {
    let rows = |matrix: DMat3| matrix.transpose().to_cols_array();
    // Any goniometer will do, as long as the crystal is put on it accordingly.
    let fixed = rotation_about(dvec3(1.0, 2.0, 3.0).normalize(), 0.7);
    let setting = rotation_about(dvec3(-1.0, 0.5, 2.0).normalize(), 1.9);
    let crystal =
        fixed.transpose() * setting.transpose() * TO_DIALS * *experiment.crystal().cell.real();
    let scan = experiment.scan();
    let beam = experiment.beam();
    let edge = |edge: DVec3| (edge * 1e10).to_array();
    json!({
        "__id__": "ExperimentList",
        "experiment": [
            {"__id__": "Experiment", "beam": 0, "detector": 0, "goniometer": 0, "scan": 0, "crystal": 0},
        ],
        "imageset": [],
        "beam": [{
            "direction": (TO_DIALS * -beam.direction).to_array(),
            "wavelength": beam.wavelength_m * 1e10,
            "polarization_normal": (TO_DIALS * beam.direction.cross(beam.polarisation_axis)).to_array(),
            "polarization_fraction": (beam.kahn_factor.unwrap_or(0.0) + 1.0) / 2.0,
        }],
        "detector": [{"panels": panels.iter().map(|one| panel(one, &TO_DIALS)).collect::<Vec<_>>()}],
        "goniometer": [{
            "rotation_axis": (setting.transpose() * TO_DIALS * scan.spindle).to_array(),
            "fixed_rotation": rows(fixed),
            "setting_rotation": rows(setting),
        }],
        "scan": [{
            "image_range": [1, 10], "batch_offset": 0,
            "oscillation": [scan.start_rad.to_degrees(), scan.range_rad.to_degrees()],
        }],
        "crystal": [{
            "__id__": "crystal",
            "real_space_a": edge(crystal.x_axis), "real_space_b": edge(crystal.y_axis),
            "real_space_c": edge(crystal.z_axis), "space_group_hall_symbol": " P 1",
        }],
    })
}

/// The panels, in MOSFLM's laboratory, as a CrystFEL geometry file.
pub fn geometry_file(panels: &[Panel], wavelength_m: f64) -> String {
    let mut text = format!("; written by a test\nwavelength = {wavelength_m} m\nclen = 0.05 m\n");
    for panel in panels {
        let Panel {
            name,
            pixel_size_m,
            shape: [width, height],
            ..
        } = panel;
        let origin = TO_CRYSTFEL * panel.origin_m;
        let vector = |vector: DVec3| {
            let DVec3 { x, y, z } = TO_CRYSTFEL * vector;
            format!("{x:+}x {y:+}y {z:+}z")
        };
        let lines = [
            ("res", (1.0 / pixel_size_m).to_string()),
            ("min_fs", "0".into()),
            ("max_fs", (width - 1).to_string()),
            ("min_ss", "0".into()),
            ("max_ss", (height - 1).to_string()),
            ("corner_x", (origin.x / pixel_size_m).to_string()),
            ("corner_y", (origin.y / pixel_size_m).to_string()),
            ("coffset", (origin.z - 0.05).to_string()),
            ("fs", vector(panel.fast)),
            ("ss", vector(panel.slow)),
        ];
        for (key, value) in lines {
            writeln!(text, "{name}/{key} = {value}").unwrap();
        }
    }
    text
}

/// The crystal of `experiment` as a MOSFLM matrix, in another laboratory.
pub fn matrix_file(experiment: &Experiment, turn: &DMat3) -> String {
    let matrix = *turn * *experiment.crystal().cell.reciprocal() * experiment.beam().wavelength_m;
    let rows = matrix.transpose().to_cols_array();
    rows.chunks(3)
        .map(|row| format!("{:e} {:e} {:e}\n", row[0], row[1], row[2]))
        .collect()
}

/// A file of `folder` with these contents.
pub fn file(folder: &Path, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, contents).unwrap();
    path
}
