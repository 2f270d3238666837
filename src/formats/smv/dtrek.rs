//! The entries of a d*TREK header: one panel at any place, the spindle and the polarisation.
//!
//! The C program's entries give a beam centre whose meaning depends on the convention, and readers
//! of SMV differ in what they add to it. d*TREK's entries have one meaning. dxtbx reads them with
//! its class for Rigaku's Saturn detectors, for which it asks for the entry DTREK_DATE_TIME and the
//! word "saturn" in the detector's description.
//!
//! Source: J. W. Pflugrath, *Acta Cryst.* D55 (1999) 1718; dxtbx 3.11, `FormatSMVRigakuSaturn.py`.

use glam::DVec3;

use super::super::c_number::precise;
use crate::formats::metadata::{FrameMetadata, Metadata, to_source};

/// The detector's name, with which the entries of the detector begin.
const DETECTOR: &str = "NB_";
/// The date of a simulation, which has no clock: the same flags give the same bytes.
const NO_TIME: &str = "01-Jan-2000 00:00:00";
/// The largest count of 16 bits.
const LARGEST: f64 = 65535.0;

/// The entries that say what `metadata` says of the first panel and of `frame`; none where the
/// place of the panel or the wavelength is not known, or the beam does not meet the panel.
pub fn entries(metadata: &Metadata, frame: &FrameMetadata) -> Vec<(String, String)> {
    let panel = metadata.panels.first();
    let Some(((panel, (distance_m, spot)), wavelength_m)) = panel
        .and_then(|panel| Some((panel, panel.beam_spot()?)))
        .zip(metadata.wavelength_m)
    else {
        return Vec::new();
    };
    let degrees = |radians: Option<f64>| radians.unwrap_or(0.0).to_degrees();
    let (start, range) = (degrees(frame.start_rad), degrees(frame.range_rad));
    let [wide, high] = panel.pixel_size_m.map(|edge| edge * 1e3);
    let [fast, slow] = panel.shape.map(|pixels| pixels as f64);
    let angstrom = wavelength_m * 1e10;
    let vectors = [panel.fast, panel.slow].map(|axis| to_source(axis).to_array());
    let (fraction, normal) = metadata.polarisation();
    let spindle = to_source(metadata.spindle.unwrap_or(-DVec3::X)).to_array();
    let of_detector = [
        ("DETECTOR_DESCRIPTION", "nanobragg (as saturn)".into()),
        ("DETECTOR_DIMENSIONS", list(&[fast, slow])),
        ("DETECTOR_SIZE", list(&[fast * wide, slow * high])),
        ("DETECTOR_VECTORS", list(vectors.as_flattened())),
        ("GONIO_NUM_VALUES", "1".into()),
        ("GONIO_NAMES", "Distance".into()),
        ("GONIO_UNITS", "mm".into()),
        ("GONIO_VECTORS", "0 0 -1".into()),
        ("GONIO_VALUES", precise(distance_m * 1e3)),
        ("SPATIAL_BEAM_POSITION", list(&spot)),
        ("SPATIAL_DISTORTION_TYPE", "Simple_spatial".into()),
        (
            "SPATIAL_DISTORTION_INFO",
            list(&[spot[0], spot[1], wide, high]),
        ),
        ("SPATIAL_DISTORTION_VECTORS", "1 0 0 1".into()),
    ];
    let of_scan = [
        ("DETECTOR_NUMBER", "1".into()),
        ("DETECTOR_NAMES", DETECTOR.into()),
        ("Data_type", "unsigned short int".into()),
        ("COMPRESSION", "None".into()),
        ("DTREK_DATE_TIME", NO_TIME.into()),
        (
            "SATURATED_VALUE",
            precise(metadata.saturation.unwrap_or(LARGEST).min(LARGEST)),
        ),
        ("CRYSTAL_GONIO_NUM_VALUES", "1".into()),
        ("CRYSTAL_GONIO_NAMES", "Omega".into()),
        ("CRYSTAL_GONIO_UNITS", "deg".into()),
        ("CRYSTAL_GONIO_VECTORS", list(&spindle)),
        ("CRYSTAL_GONIO_VALUES", "0".into()),
        ("ROTATION_AXIS_NAME", "Omega".into()),
        ("ROTATION_VECTOR", list(&spindle)),
        // Start, end, width, exposure in s, and counts of oscillations and dark images.
        (
            "ROTATION",
            list(&[
                start,
                start + range,
                range,
                1.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
                0.0,
            ]),
        ),
        ("SOURCE_VECTORS", "0 0 1 0 1 0 1 0 0".into()),
        ("SOURCE_WAVELENGTH", list(&[1.0, angstrom])),
        ("SCAN_WAVELENGTH", precise(angstrom)),
        (
            "SOURCE_POLARZ",
            list(&[fraction, normal[0], normal[1], normal[2]]),
        ),
    ];
    let of_detector = of_detector.map(|(key, value)| (format!("{DETECTOR}{key}"), value));
    let of_scan = of_scan.map(|(key, value)| (key.to_string(), value));
    of_detector.into_iter().chain(of_scan).collect()
}

fn list(numbers: &[f64]) -> String {
    let words: Vec<String> = numbers.iter().copied().map(precise).collect();
    words.join(" ")
}
