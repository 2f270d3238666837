//! Writing an experiment list: the truth beside simulated images.
//!
//! The laboratory is the one in which dxtbx reads our image files (z towards the source, y up), so
//! that a crystal that DIALS finds can be held against the one that was simulated. Frames that one
//! crystal makes while it turns are one experiment with a scan; other frames are stills, an
//! experiment each.

use std::path::{Path, PathBuf};

use glam::{DMat3, DVec3};
use serde_json::{Value, json};

use crate::formats::metadata::{FrameMetadata, Metadata, PanelPlace};

/// The images that an experiment list is of.
#[derive(Debug, Clone, Copy)]
pub enum Images<'a> {
    /// A file that holds every frame.
    InOne(&'a Path),
    /// A file a frame.
    Each(&'a [PathBuf]),
}

/// The experiment list of `frames`, which have `metadata` in common, as JSON. A pixel without
/// photons has
/// `pedestal` counts.
pub fn text(
    metadata: &Metadata,
    frames: &[FrameMetadata],
    images: Option<Images>,
    pedestal: f64,
) -> String {
    let scan = is_scan(frames);
    let experiments = match scan {
        true => 1,
        false => frames.len(),
    };
    let experiment = |index: usize| {
        let mut experiment = json!({
            "__id__": "Experiment", "identifier": format!("nanobragg-{index}"),
            "beam": 0, "detector": 0,
        });
        if images.is_some() {
            experiment["imageset"] = json!(index);
        }
        if frames[index].reciprocal.is_some() {
            experiment["crystal"] = json!(index);
        }
        if scan {
            experiment["goniometer"] = json!(0);
            experiment["scan"] = json!(0);
        }
        experiment
    };
    let all = 0..experiments;
    let imagesets: Vec<Value> = match images {
        None => Vec::new(),
        Some(images) if scan => vec![sequence(images, frames.len())],
        Some(images) => all.clone().map(|index| still(images, index)).collect(),
    };
    let crystals = frames[..experiments]
        .iter()
        .filter_map(|frame| frame.reciprocal);
    let list = json!({
        "__id__": "ExperimentList",
        "experiment": all.map(experiment).collect::<Vec<_>>(),
        "imageset": imagesets,
        "beam": [beam(metadata)],
        "detector": [detector(metadata, pedestal)],
        "goniometer": if scan { vec![goniometer(metadata)] } else { Vec::new() },
        "scan": if scan { vec![scan_model(frames, images)] } else { Vec::new() },
        "crystal": crystals.map(crystal).collect::<Vec<_>>(),
        "profile": [],
        "scaling_model": [],
    });
    format!("{list:#}\n")
}

/// Whether the frames follow each other in the rotation of one crystal.
fn is_scan(frames: &[FrameMetadata]) -> bool {
    /// Radians by which a frame may start beside the end of the one before.
    const GAP: f64 = 1e-9;
    let turns = |frame: &FrameMetadata| frame.range_rad.is_some_and(|range| range != 0.0);
    let follows = |pair: &[FrameMetadata]| {
        let end = pair[0]
            .start_rad
            .zip(pair[0].range_rad)
            .map(|(start, range)| start + range);
        let meets = end
            .zip(pair[1].start_rad)
            .is_some_and(|(end, start)| (end - start).abs() < GAP);
        meets && pair[0].reciprocal == pair[1].reciprocal
    };
    frames.iter().all(turns) && frames.windows(2).all(follows)
}

fn sequence(images: Images, count: usize) -> Value {
    let mut set = json!({ "__id__": "ImageSequence", "mask": null, "gain": null, "pedestal": null,
        "dx": null, "dy": null, "params": {} });
    match images {
        Images::InOne(path) => {
            set["template"] = json!(path);
            set["single_file_indices"] = json!((0..count).collect::<Vec<_>>());
        }
        Images::Each(paths) => set["template"] = json!(template(&paths[0]).0),
    }
    set
}

fn still(images: Images, index: usize) -> Value {
    let mut set = json!({ "__id__": "ImageSet", "mask": null, "gain": null, "pedestal": null,
        "dx": null, "dy": null, "params": {} });
    match images {
        Images::InOne(path) => {
            set["images"] = json!([path]);
            set["single_file_indices"] = json!([index]);
        }
        Images::Each(paths) => set["images"] = json!([paths[index]]),
    }
    set
}

/// The name of a file of a series with `#` for the digits of its number, and the number.
fn template(path: &Path) -> (PathBuf, u64) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.rfind('.').unwrap_or(name.len());
    let digits = name[..stem]
        .bytes()
        .rev()
        .take_while(u8::is_ascii_digit)
        .count();
    let (start, number) = name[..stem].split_at(stem - digits);
    let template = format!("{start}{}{}", "#".repeat(digits), &name[stem..]);
    (path.with_file_name(template), number.parse().unwrap_or(1))
}

fn beam(metadata: &Metadata) -> Value {
    let (fraction, normal) = metadata.polarisation();
    json!({
        "__id__": "monochromatic",
        "direction": [0.0, 0.0, 1.0],
        "wavelength": metadata.wavelength_m.unwrap_or(0.0) * 1e10,
        "divergence": 0.0, "sigma_divergence": 0.0,
        "polarization_normal": normal, "polarization_fraction": fraction,
        "flux": 0.0, "transmission": 1.0, "probe": "x-ray",
    })
}

fn detector(metadata: &Metadata, pedestal: f64) -> Value {
    let trusted = [
        -1.0 - pedestal,
        metadata.saturation.unwrap_or(i32::MAX.into()) - pedestal,
    ];
    let panel = |(index, place): (usize, &PanelPlace)| {
        let name = match place.name.as_str() {
            "" => format!("panel {index}"),
            name => name.to_string(),
        };
        let mut panel = json!({
            "name": name, "type": "SENSOR_PAD",
            "fast_axis": to_source(place.fast), "slow_axis": to_source(place.slow),
            "origin": to_source(place.origin_m * 1e3),
            "raw_image_offset": [0, place.first_row], "image_size": place.shape,
            "pixel_size": place.pixel_size_m.map(|edge| edge * 1e3),
            "trusted_range": trusted, "thickness": 0.0, "material": "", "mu": 0.0,
            "identifier": "", "mask": [], "gain": 1.0, "pedestal": pedestal,
            "px_mm_strategy": { "type": "SimplePxMmStrategy" },
        });
        if let Some((thickness_m, depth_m)) = metadata
            .sensor_thickness_m
            .zip(metadata.sensor_attenuation_m)
        {
            panel["thickness"] = json!(thickness_m * 1e3);
            panel["mu"] = json!(1e-3 / depth_m);
            panel["px_mm_strategy"]["type"] = json!("ParallaxCorrectedPxMmStrategy");
        }
        panel
    };
    let panels: Vec<Value> = metadata.panels.iter().enumerate().map(panel).collect();
    let children: Vec<Value> = (0..panels.len())
        .map(|index| json!({ "panel": index }))
        .collect();
    json!({ "panels": panels, "hierarchy": {
        "name": "", "type": "", "fast_axis": [1.0, 0.0, 0.0], "slow_axis": [0.0, 1.0, 0.0],
        "origin": [0.0, 0.0, 0.0], "raw_image_offset": [0, 0], "image_size": [0, 0],
        "pixel_size": [0.0, 0.0], "trusted_range": [0.0, 0.0], "thickness": 0.0, "material": "",
        "mu": 0.0, "identifier": "", "mask": [], "gain": 1.0, "pedestal": 0.0,
        "px_mm_strategy": { "type": "SimplePxMmStrategy" }, "children": children,
    }})
}

fn goniometer(metadata: &Metadata) -> Value {
    let unturned = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    json!({
        "rotation_axis": to_source(metadata.spindle.unwrap_or(-DVec3::X)),
        "fixed_rotation": unturned, "setting_rotation": unturned,
    })
}

fn scan_model(frames: &[FrameMetadata], images: Option<Images>) -> Value {
    let degrees = |radians: Option<f64>| radians.unwrap_or(0.0).to_degrees();
    let first = match images {
        Some(Images::Each(paths)) => template(&paths[0]).1,
        _ => 1,
    };
    let count = frames.len();
    json!({
        "image_range": [first, first + count as u64 - 1], "batch_offset": 0,
        "oscillation": [degrees(frames[0].start_rad), degrees(frames[0].range_rad)],
        "exposure_time": vec![1.0; count], "epochs": vec![0.0; count], "valid_image_ranges": {},
    })
}

/// The crystal of these reciprocal axes, 1/m. Its reflections have no symmetry here.
fn crystal(reciprocal: DMat3) -> Value {
    let real = reciprocal.inverse().transpose() * 1e10;
    json!({
        "__id__": "crystal", "space_group_hall_symbol": " P 1",
        "real_space_a": to_source(real.x_axis), "real_space_b": to_source(real.y_axis),
        "real_space_c": to_source(real.z_axis),
    })
}

/// A vector of McStas' laboratory in that of dxtbx.
fn to_source(vector: DVec3) -> [f64; 3] {
    crate::formats::metadata::to_source(vector).to_array()
}
