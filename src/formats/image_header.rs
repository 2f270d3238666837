//! The geometry of one panel, as the headers of image files give it, whatever the format.

use serde::Serialize;

use crate::experiment::Experiment;

/// What a header says; `None` where it is silent. Headers have room for one flat panel at right
/// angles to the beam, or on a two-theta arm.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ImageHeader {
    /// Edge of the square pixels, m.
    pub pixel_size_m: Option<f64>,
    /// Distance of the detector along the beam, m.
    pub distance_m: Option<f64>,
    /// Beam centre: where the beam meets the detector along fast and slow, pixels from the outer
    /// corner of the first pixel.
    pub beam_centre_pixels: Option<[f64; 2]>,
    /// Wavelength, m.
    pub wavelength_m: Option<f64>,
    /// Spindle angle at which the image starts, radians.
    pub start_rad: Option<f64>,
    /// Rotation during the image, radians.
    pub range_rad: Option<f64>,
    /// Angle of the two-theta arm, radians.
    pub two_theta_rad: Option<f64>,
    /// Thickness of the sensor, m.
    pub sensor_thickness_m: Option<f64>,
    /// The largest count that can be trusted.
    pub count_cutoff: Option<f64>,
}

/// The point of a detector that is nearest to the sample, as some headers tell it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestPoint {
    /// Along fast and slow, pixels from the outer corner of the first pixel.
    pub pixels: [f64; 2],
    /// Distance of this point from the sample, m.
    pub distance_m: f64,
}

impl ImageHeader {
    /// The header of `experiment`, which describes its first panel.
    pub fn of(experiment: &Experiment) -> ImageHeader {
        let detector = experiment.detector();
        let panel = &detector.panels[0];
        let scan = experiment.scan();
        let pixel = panel.pixel_size_m;
        ImageHeader {
            pixel_size_m: Some(pixel),
            distance_m: Some(detector.header.distance_m),
            beam_centre_pixels: Some(detector.header.beam_spot_m.map(|along| along / pixel)),
            wavelength_m: Some(experiment.beam().wavelength_m),
            start_rad: Some(scan.start_rad),
            range_rad: Some(scan.range_rad),
            two_theta_rad: Some(detector.header.two_theta_rad),
            sensor_thickness_m: panel.sensor.map(|sensor| sensor.thickness_m),
            count_cutoff: None,
        }
    }

    /// Whether the header says nothing.
    pub fn is_silent(&self) -> bool {
        *self == ImageHeader::default()
    }
}
