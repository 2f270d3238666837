//! The detector: panels of pixels, the sensor, a mask (PHYSICS §2–4, §6).

use std::sync::Arc;

use glam::DVec3;

use super::ExperimentError;
use super::error::{require, require_length};

/// A detector: one or more panels that share a sensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    /// The panels; one, today.
    pub panels: Vec<Panel>,
    /// The absorbing layer; `None` for a detector that stops every photon at its surface.
    pub sensor: Option<Sensor>,
    /// The distance it was placed at, m; the number of sub-pixels follows from it.
    pub distance_m: f64,
    /// Leave the pixels' size and tilt out of the solid angle: Ω = 1/R².
    pub point_pixels: bool,
    /// What image headers say about the geometry.
    pub header: HeaderGeometry,
}

/// A rectangle of pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The outer corner of the first pixel, m from the sample.
    pub origin_m: DVec3,
    /// Direction of the fast axis, a unit vector.
    pub fast: DVec3,
    /// Direction of the slow axis, a unit vector.
    pub slow: DVec3,
    /// Normal, a unit vector that points away from the sample.
    pub normal: DVec3,
    /// Edge of the square pixels, m.
    pub pixel_size_m: f64,
    /// Pixels along the fast and the slow axis.
    pub shape: [usize; 2],
    /// For a panel bent onto a sphere about the sample: the vector from the sample along the
    /// beam to the sphere, m. Pixel coordinates are then arcs.
    pub curved_m: Option<DVec3>,
    /// Pixels that are not rendered.
    pub mask: Option<Arc<Mask>>,
}

/// Which pixels of a panel are rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    shape: [usize; 2],
    rendered: Vec<bool>,
}

impl Mask {
    /// The mask of a panel of `shape` (fast, slow) that renders the pixels whose flag, fast axis
    /// innermost, is true; `None` unless there is one flag a pixel.
    pub fn new(shape: [usize; 2], rendered: Vec<bool>) -> Option<Mask> {
        let pixels = shape[0].checked_mul(shape[1])?;
        (rendered.len() == pixels).then_some(Mask { shape, rendered })
    }

    /// Pixels along the fast and the slow axis.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Whether the pixel at (`fast`, `slow`) is rendered.
    pub fn renders(&self, fast: usize, slow: usize) -> bool {
        self.rendered[slow * self.shape[0] + fast]
    }
}

/// An absorbing layer, divided into thinner ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensor {
    /// Depth at which 1/e of the photons are left, m.
    pub attenuation_depth_m: f64,
    /// Thickness, m.
    pub thickness_m: f64,
    /// Number of layers, at least one.
    pub layers: u32,
}

/// Distances and centres as the headers of image files give them (PHYSICS §2, §13).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HeaderGeometry {
    /// Distance along the beam, m.
    pub distance_m: f64,
    /// Distance of the plane nearest to the sample, m.
    pub close_distance_m: f64,
    /// Angle of the two-theta arm, radians.
    pub two_theta_rad: f64,
    /// The beam centre in the terms of the convention it was given in (Xbeam, Ybeam), m.
    pub beam_centre_m: [f64; 2],
    /// Where the beam meets the panel, along fast and slow, m.
    pub beam_spot_m: [f64; 2],
    /// The point of the panel nearest to the sample, along fast and slow, m.
    pub near_point_m: [f64; 2],
}

impl Detector {
    /// Layers that are summed: those of the sensor, or the surface alone.
    pub fn layers(&self) -> u32 {
        self.sensor.map_or(1, |sensor| sensor.layers)
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        if self.panels.is_empty() {
            return Err(ExperimentError::NoPanels);
        }
        self.panels.iter().try_for_each(Panel::check)?;
        let width = self.panels[0].shape[0];
        if let Some(other) = self.panels.iter().find(|panel| panel.shape[0] != width) {
            return Err(ExperimentError::PanelWidths(width, other.shape[0]));
        }
        require_length("the detector distance in m", self.distance_m.abs())?;
        let Some(sensor) = self.sensor else {
            return Ok(());
        };
        let depth = sensor.attenuation_depth_m;
        require_length("the sensor's attenuation depth in m", depth)?;
        require_length("the sensor's thickness in m", sensor.thickness_m)?;
        let layers = f64::from(sensor.layers);
        require(
            "the number of sensor layers",
            layers,
            "at least 1",
            layers >= 1.0,
        )
    }
}

impl Panel {
    /// Number of pixels.
    pub fn pixels(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Distance from the sample to the panel's plane, m.
    pub fn close_distance_m(&self) -> f64 {
        self.origin_m.dot(self.normal)
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let [fast, slow] = self.shape;
        let countable = fast
            .checked_mul(slow)
            .is_some_and(|n| n > 0 && u32::try_from(n).is_ok());
        if !countable {
            return Err(ExperimentError::PixelCount { fast, slow });
        }
        let size = self.pixel_size_m;
        require_length("the pixel size in m", size)?;
        for coordinate in self.origin_m.to_array() {
            require(
                "a coordinate of the first pixel, its origin, in m",
                coordinate,
                "from -1e9 to 1e9",
                coordinate.abs() <= 1e9,
            )?;
        }
        for (quantity, axis) in [
            ("the length of the fast axis", self.fast),
            ("the length of the slow axis", self.slow),
            ("the length of the detector normal", self.normal),
        ] {
            let length = axis.length();
            require(
                quantity,
                length,
                "1, a unit vector",
                (length - 1.0).abs() < 1e-6,
            )?;
        }
        if let Some(middle) = self.curved_m {
            require_length("the radius of the curved panel in m", middle.length())?;
        }
        if self.fast.cross(self.slow).length() < 1e-6 {
            return Err(ExperimentError::Parallel("the fast axis", "the slow axis"));
        }
        // The plane that the two axes span; the normal given need not be at right angles to it.
        let across = self.fast.cross(self.slow).normalize();
        let height = self.origin_m.dot(across) * across.dot(self.normal).signum();
        let close = self.close_distance_m();
        // Nearer than this fraction of a pixel the plane holds the sample, but for rounding.
        let nearest = 1e-6 * size;
        for distance in [close, height] {
            let close_mm = distance * 1e3;
            if distance.is_nan() || distance.abs() <= nearest {
                return Err(ExperimentError::PlaneThroughSample { close_mm });
            }
            if distance < 0.0 {
                return Err(ExperimentError::FacesAway { close_mm });
            }
        }
        require(
            "the panel's distance in m",
            close,
            "a finite distance",
            true,
        )?;
        match &self.mask {
            Some(mask) if mask.shape() != self.shape => Err(ExperimentError::MaskShape {
                mask: mask.shape(),
                panel: self.shape,
            }),
            _ => Ok(()),
        }
    }
}
