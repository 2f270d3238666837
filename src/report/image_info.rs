//! What `nanobragg info` tells of a file, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::conversion::StoredImage;
use super::lines::Lines;
use crate::formats::image_header::ImageHeader;
use crate::image::PixelStatistics;

/// The content of an image file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageInfo {
    /// The file.
    #[serde(flatten)]
    pub file: StoredImage,
    /// Pixels along fast and slow.
    pub pixels: [usize; 2],
    /// The frame, counted from 1, and how many there are, where the format has room for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<[usize; 2]>,
    /// How many panels the file describes, and how many pixels it masks, where it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detector: Option<DetectorInfo>,
    /// The program that rendered it, where the file holds the experiment too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Keys and values of its header, in their order.
    pub header: Vec<(String, String)>,
    /// What the header says, in SI units and radians.
    pub geometry: ImageHeader,
    /// Statistics of its numbers.
    pub statistics: PixelStatistics,
}

/// The detector as an image file describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DetectorInfo {
    /// Panels whose places are known.
    pub panels: usize,
    /// Pixels that are masked.
    pub masked_pixels: usize,
}

impl fmt::Display for ImageInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines::default();
        let [fast, slow] = self.pixels;
        lines.add("file", self.file.to_string());
        lines.add("pixels", format!("{fast} x {slow} (fast x slow)"));
        let frame = self.frame;
        lines.add_some(
            "frame",
            frame.map(|[frame, frames]| format!("{frame} of {frames}")),
        );
        let config = "nanobragg info FILE --config prints the experiment";
        let program = self.program.as_ref();
        lines.add_some(
            "made by",
            program.map(|program| format!("{program}; {config}")),
        );
        lines.add_some(
            "detector",
            self.detector.map(|detector| {
                let DetectorInfo {
                    panels,
                    masked_pixels,
                } = detector;
                format!("{panels} panel(s) at known places, {masked_pixels} pixel(s) masked")
            }),
        );
        for (key, value) in &self.header {
            lines.add("header", format!("{key} = {value}"));
        }
        self.describe_geometry(&mut lines);
        let found = &self.statistics;
        let ([x, y], min, max) = (found.max_at, found.min, found.max);
        lines.add("range", format!("{min} to {max}, at ({x}, {y})"));
        lines.add("mean", format!("{:.7}, sum {}", found.mean, found.sum));
        let (rms, deviation) = (found.rms, found.rms_deviation);
        lines.add("rms", format!("{rms:.7}, {deviation:.7} about the mean"));
        let mut counted = format!("{} zero, {} negative", found.zero, found.negative);
        if found.not_finite > 0 {
            counted += &format!(", {} not finite", found.not_finite);
        }
        if let Some(overloads) = found.overloads {
            counted += &format!(", {overloads} overloaded");
        }
        lines.add("counted", counted);
        lines.fmt(f)
    }
}

impl ImageInfo {
    /// Adds the lines of the geometry, as far as it is known.
    fn describe_geometry(&self, lines: &mut Lines) {
        let found = &self.geometry;
        let degrees = |radians: Option<f64>| radians.map(f64::to_degrees);
        let scaled = |metres: Option<f64>, factor: f64| metres.map(|metres| metres * factor);
        for (name, value, unit) in [
            ("pixel", scaled(found.pixel_size_m, 1e3), "mm"),
            ("distance", scaled(found.distance_m, 1e3), "mm"),
            ("wavelength", scaled(found.wavelength_m, 1e10), "Å"),
            ("start", degrees(found.start_rad), "degrees"),
            ("range", degrees(found.range_rad), "degrees"),
            ("2theta", degrees(found.two_theta_rad), "degrees"),
            ("sensor", scaled(found.sensor_thickness_m, 1e3), "mm thick"),
            ("cutoff", found.count_cutoff, "counts"),
        ] {
            // Digits that changing units added are rounded away.
            let value = value.map(|value| (value * 1e7).round() / 1e7);
            lines.add_some(
                "geometry",
                value.map(|value| format!("{name} {value} {unit}")),
            );
        }
        lines.add_some("geometry", found.beam_centre_pixels.map(|[fast, slow]| {
            format!(
                "beam centre {fast:.4}, {slow:.4} pixels along fast and slow from the outer corner \
                 of the first"
            )
        }));
    }
}
