//! Writing an experiment list: the truth beside simulated images.
//!
//! The laboratory is the one in which dxtbx reads our image files (z towards the source, y up), so
//! that a crystal that DIALS finds can be held against the one that was simulated. Frames that one
//! crystal makes while it turns, one after the other, are one experiment with a scan. A frame that
//! does not turn is a still, an experiment of its own.

use std::ops::Range;
use std::path::{Path, PathBuf};

use glam::{DMat3, DVec3};
use serde_json::{Value, json};

use crate::formats::metadata::{FrameMetadata, Metadata, PanelPlace};
use crate::geometry::rotation_about;

/// The image of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameImage<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its place in a file that holds several, counted from 0.
    pub place: Option<usize>,
}

/// The experiment list of `frames`, which have `metadata` in common, and each its image unless
/// `images` is empty, as JSON. A pixel without photons has `pedestal` counts.
pub fn text(
    metadata: &Metadata,
    frames: &[FrameMetadata],
    images: &[FrameImage],
    pedestal: f64,
) -> String {
    let runs = runs(frames, images);
    let experiment = |(number, run): (usize, &Range<usize>)| {
        let mut experiment = json!({
            "__id__": "Experiment", "identifier": format!("nanobragg-{number}"),
            "beam": 0, "detector": 0,
        });
        if !images.is_empty() {
            experiment["imageset"] = json!(number);
        }
        if frames[run.start].reciprocal.is_some() {
            experiment["crystal"] = json!(number);
        }
        if turns(&frames[run.start]) {
            experiment["goniometer"] = json!(0);
            let scans = runs[..number].iter();
            experiment["scan"] = json!(scans.filter(|run| turns(&frames[run.start])).count());
        }
        experiment
    };
    let imagesets =
        runs.iter()
            .filter(|_| !images.is_empty())
            .map(|run| match turns(&frames[run.start]) {
                true => sequence(&images[run.clone()]),
                false => still(images[run.start]),
            });
    let scans: Vec<Value> = runs
        .iter()
        .filter(|run| turns(&frames[run.start]))
        .map(|run| scan_model(&frames[run.clone()], images.get(run.start)))
        .collect();
    let goniometers: Vec<Value> = (!scans.is_empty())
        .then(|| goniometer(metadata))
        .into_iter()
        .collect();
    let crystals = runs.iter().filter_map(|run| {
        Some(crystal(
            metadata,
            &frames[run.start],
            frames[run.start].reciprocal?,
        ))
    });
    let list = json!({
        "__id__": "ExperimentList",
        "experiment": runs.iter().enumerate().map(experiment).collect::<Vec<_>>(),
        "imageset": imagesets.collect::<Vec<_>>(),
        "beam": [beam(metadata)],
        "detector": [detector(metadata, pedestal)],
        "goniometer": goniometers,
        "scan": scans,
        "crystal": crystals.collect::<Vec<_>>(),
        "profile": [],
        "scaling_model": [],
    });
    format!("{list:#}\n")
}

/// Whether the crystal turns during a frame.
fn turns(frame: &FrameMetadata) -> bool {
    frame.range_rad.is_some_and(|range| range != 0.0)
}

/// The frames of each experiment of the list: those that follow each other in the rotation of one
/// crystal, and whose images do in their file or by their names; others one by one.
pub fn runs(frames: &[FrameMetadata], images: &[FrameImage]) -> Vec<Range<usize>> {
    /// Radians by which a frame may start beside the end of the one before.
    const GAP: f64 = 1e-9;
    /// The relative difference that rounding makes between one crystal's matrices.
    const ALIKE: f64 = 1e-12;
    let follows = |place: usize| {
        let [one, other] = [&frames[place - 1], &frames[place]];
        let end = one.start_rad.zip(one.range_rad);
        let meets = end
            .zip(other.start_rad)
            .is_some_and(|((start, range), next)| (start + range - next).abs() < GAP);
        let same = match (one.reciprocal, other.reciprocal) {
            (Some(one), Some(other)) => {
                let size = one.x_axis.length() + one.y_axis.length() + one.z_axis.length();
                one.abs_diff_eq(other, ALIKE * size)
            }
            (None, None) => true,
            _ => false,
        };
        let beside = match images.get(place - 1..=place) {
            Some(&[one, other]) => is_next(one, other),
            _ => true,
        };
        turns(one) && turns(other) && one.range_rad == other.range_rad && meets && same && beside
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for place in 0..frames.len() {
        match runs.last_mut() {
            Some(last) if follows(place) => last.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    runs
}

/// Whether `other` is the image after `one`.
fn is_next(one: FrameImage, other: FrameImage) -> bool {
    match (one.place, other.place) {
        (Some(place), Some(next)) => one.file == other.file && next == place + 1,
        (None, None) => {
            let (name, number) = template(one.file);
            template(other.file) == (name, number + 1)
        }
        _ => false,
    }
}

fn image_set(kind: &str) -> Value {
    json!({ "__id__": kind, "mask": null, "gain": null, "pedestal": null, "dx": null, "dy": null,
        "params": {} })
}

fn sequence(images: &[FrameImage]) -> Value {
    let mut set = image_set("ImageSequence");
    let places: Vec<usize> = images.iter().filter_map(|image| image.place).collect();
    match places.is_empty() {
        false => {
            set["template"] = json!(images[0].file);
            set["single_file_indices"] = json!(places);
        }
        true => set["template"] = json!(template(images[0].file).0),
    }
    set
}

fn still(image: FrameImage) -> Value {
    let mut set = image_set("ImageSet");
    set["images"] = json!([image.file]);
    if let Some(place) = image.place {
        set["single_file_indices"] = json!([place]);
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

fn scan_model(frames: &[FrameMetadata], image: Option<&FrameImage>) -> Value {
    let degrees = |radians: Option<f64>| radians.unwrap_or(0.0).to_degrees();
    let first = match image {
        Some(FrameImage { file, place: None }) => template(file).1,
        Some(FrameImage {
            place: Some(place), ..
        }) => *place as u64 + 1,
        None => 1,
    };
    let count = frames.len();
    json!({
        "image_range": [first, first + count as u64 - 1], "batch_offset": 0,
        "oscillation": [degrees(frames[0].start_rad), degrees(frames[0].range_rad)],
        "exposure_time": vec![1.0; count], "epochs": vec![0.0; count], "valid_image_ranges": {},
    })
}

/// The crystal of these reciprocal axes at φ = 0, 1/m: as it is there in a scan, and turned to where
/// it stands in a still, which has no goniometer. Its reflections have no symmetry here.
fn crystal(metadata: &Metadata, frame: &FrameMetadata, reciprocal: DMat3) -> Value {
    let turn = match (metadata.spindle, frame.start_rad) {
        (Some(spindle), Some(angle)) if !turns(frame) => rotation_about(spindle, angle),
        _ => DMat3::IDENTITY,
    };
    let real = turn * reciprocal.inverse().transpose() * 1e10;
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
