//! What `nanobragg info` tells of a file, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::conversion::StoredImage;
use crate::formats::image_header::ImageHeader;
use crate::image::PixelStatistics;

/// What an image file holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageInfo {
    /// The file.
    #[serde(flatten)]
    pub file: StoredImage,
    /// Pixels along fast and slow.
    pub pixels: [usize; 2],
    /// Which frame of how many this is about, counted from 1, where the format has room for several.
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
    /// What they say, in SI units and radians.
    pub geometry: ImageHeader,
    /// Of its numbers.
    pub statistics: PixelStatistics,
}

/// What a file with room for it says of its detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DetectorInfo {
    /// Panels whose places are known.
    pub panels: usize,
    /// Pixels that are masked.
    pub masked_pixels: usize,
}

impl fmt::Display for ImageInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [fast, slow] = self.pixels;
        writeln!(f, "file       {}", self.file)?;
        writeln!(f, "pixels     {fast} x {slow} (fast x slow)")?;
        if let Some([frame, frames]) = self.frame {
            writeln!(f, "frame      {frame} of {frames}")?;
        }
        if let Some(program) = &self.program {
            writeln!(
                f,
                "made by    {program}; nanobragg info FILE --config prints the experiment"
            )?;
        }
        if let Some(DetectorInfo {
            panels,
            masked_pixels,
        }) = self.detector
        {
            writeln!(
                f,
                "detector   {panels} panel(s) at known places, {masked_pixels} pixel(s) masked"
            )?;
        }
        for (key, value) in &self.header {
            writeln!(f, "header     {key} = {value}")?;
        }
        self.geometry(f)?;
        let found = &self.statistics;
        let [x, y] = found.max_at;
        writeln!(
            f,
            "range      {} to {}, at ({x}, {y})",
            found.min, found.max
        )?;
        writeln!(f, "mean       {:.7}, sum {}", found.mean, found.sum)?;
        writeln!(
            f,
            "rms        {:.7}, {:.7} about the mean",
            found.rms, found.rms_deviation
        )?;
        write!(
            f,
            "counted    {} zero, {} negative",
            found.zero, found.negative
        )?;
        if found.not_finite > 0 {
            write!(f, ", {} not finite", found.not_finite)?;
        }
        match found.overloads {
            Some(overloads) => write!(f, ", {overloads} overloaded"),
            None => Ok(()),
        }
    }
}

impl ImageInfo {
    /// The lines of the geometry: as far as there is any.
    fn geometry(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.geometry;
        let degrees = |radians: Option<f64>| radians.map(f64::to_degrees);
        let mm = |metres: Option<f64>| metres.map(|metres| metres * 1e3);
        let lines = [
            ("pixel", mm(found.pixel_size_m), "mm"),
            ("distance", mm(found.distance_m), "mm"),
            (
                "wavelength",
                found.wavelength_m.map(|metres| metres * 1e10),
                "Å",
            ),
            ("start", degrees(found.start_rad), "degrees"),
            ("range", degrees(found.range_rad), "degrees"),
            ("2theta", degrees(found.two_theta_rad), "degrees"),
            ("sensor", mm(found.sensor_thickness_m), "mm thick"),
            ("cutoff", found.count_cutoff, "counts"),
        ];
        for (name, value, unit) in lines {
            if let Some(value) = value {
                // What changing units added does not show.
                let value = (value * 1e7).round() / 1e7;
                writeln!(f, "geometry   {name} {value} {unit}")?;
            }
        }
        if let Some([fast, slow]) = found.beam_centre_pixels {
            writeln!(
                f,
                "geometry   beam centre {fast:.4}, {slow:.4} pixels along fast and slow from the \
                 outer corner of the first"
            )?;
        }
        Ok(())
    }
}
