//! A panel: a rectangle of pixels, its sensor, its mask (PHYSICS §2–4, §6).

use std::sync::Arc;

use glam::DVec3;

use super::ExperimentError;
use super::quantity::Quantity;

/// A rectangle of pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What errors call it; may be empty, and need not be its own.
    pub name: String,
    /// The outer corner of the first pixel, m from the sample.
    pub origin_m: DVec3,
    /// Step from a pixel to the next along the fast axis, in units of `pixel_size_m`: of square
    /// pixels a unit vector.
    pub fast: DVec3,
    /// Step from a pixel to the next along the slow axis, in the same units; it need not be at a
    /// right angle to the other.
    pub slow: DVec3,
    /// Normal, a unit vector that points away from the sample.
    pub normal: DVec3,
    /// Edge of a square as large as a pixel, m.
    pub pixel_size_m: f64,
    /// Pixels along the fast and the slow axis.
    pub shape: [usize; 2],
    /// For a panel bent onto a sphere about the sample: the vector from the sample along the
    /// beam to the sphere, m. Pixel coordinates are then arcs.
    pub curved_m: Option<DVec3>,
    /// What absorbs the photons; `None` for a panel that stops all of them at its surface.
    pub sensor: Option<Sensor>,
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

    /// The flags of all pixels, fast axis innermost.
    pub fn rendered(&self) -> &[bool] {
        &self.rendered
    }

    /// Whether the pixel at (`fast`, `slow`) is rendered.
    #[inline]
    pub fn renders(&self, fast: usize, slow: usize) -> bool {
        self.rendered[slow * self.shape[0] + fast]
    }
}

/// A slab that absorbs photons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensor {
    /// Depth at which 1/e of the photons are left, m.
    pub attenuation_depth_m: f64,
    /// Thickness, m.
    pub thickness_m: f64,
}

impl Sensor {
    /// Thickness of each of `layers` layers, m.
    // Not inlined, nor the next: LLVM would divide before it knows whether a panel has a sensor.
    // What stands in its place may be a subnormal number, and to divide one takes hundreds of
    // cycles: a quarter of what a block of pixels with one term each took.
    #[inline(never)]
    pub fn layer_thickness_m(&self, layers: u32) -> f64 {
        self.thickness_m / f64::from(layers)
    }

    /// Thickness of each of `layers` layers over the attenuation depth.
    #[inline(never)]
    pub fn optical_depth(&self, layers: u32) -> f64 {
        self.layer_thickness_m(layers) / self.attenuation_depth_m
    }

    fn check(&self) -> Result<(), ExperimentError> {
        Quantity::AttenuationDepth.require(self.attenuation_depth_m)?;
        Quantity::SensorThickness.require(self.thickness_m)
    }
}

/// The panel that holds a pixel of the image of `panels`, stacked, and the pixel's fast and slow
/// coordinate there; `None` where the image has no such pixel.
pub fn panel_of_pixel(panels: &[Panel], pixel: [usize; 2]) -> Option<(usize, [usize; 2])> {
    let [fast, mut slow] = pixel;
    for (index, panel) in panels.iter().enumerate() {
        let [width, height] = panel.shape;
        if slow < height {
            return (fast < width).then_some((index, [fast, slow]));
        }
        slow -= height;
    }
    None
}

impl Panel {
    /// A panel whose pixels are parallelograms with these edges, m, at its first corner; bare, and
    /// with its normal along fast × slow.
    pub fn of_steps(
        name: String,
        origin_m: DVec3,
        steps_m: [DVec3; 2],
        shape: [usize; 2],
    ) -> Panel {
        let across = steps_m[0].cross(steps_m[1]);
        let pixel_size_m = across.length().sqrt();
        let [fast, slow] = steps_m.map(|step| step / pixel_size_m);
        Panel {
            name,
            origin_m,
            fast,
            slow,
            normal: across.normalize_or_zero(),
            pixel_size_m,
            shape,
            curved_m: None,
            sensor: None,
            mask: None,
        }
    }

    /// Number of pixels.
    pub fn pixels(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Whether the pixel at (`fast`, `slow`) is rendered: not masked.
    #[inline]
    pub fn renders(&self, fast: usize, slow: usize) -> bool {
        self.mask
            .as_ref()
            .is_none_or(|mask| mask.renders(fast, slow))
    }

    /// Whether all of its pixels are masked.
    pub fn is_masked(&self) -> bool {
        let masked = |mask: &Arc<Mask>| !mask.rendered.contains(&true);
        self.mask.as_ref().is_some_and(masked)
    }

    /// Distance from the sample to the panel's plane, m.
    #[inline]
    pub fn close_distance_m(&self) -> f64 {
        self.origin_m.dot(self.normal)
    }

    /// The point this many pixels from the first corner along the fast and the slow axis of the
    /// flat panel, m.
    pub fn point_m(&self, [fast, slow]: [f64; 2]) -> DVec3 {
        self.origin_m + self.pixel_size_m * (fast * self.fast + slow * self.slow)
    }

    /// Fast and slow coordinate, in pixels from the first corner, of the point of the flat panel's
    /// plane that is nearest to `point_m`.
    pub fn pixel_at(&self, point_m: DVec3) -> [f64; 2] {
        let along = (point_m - self.origin_m) / self.pixel_size_m;
        // The axes need not be at right angles: by Cramer's rule within the plane.
        let across = self.fast.cross(self.slow);
        let square = across.length_squared();
        [
            along.cross(self.slow).dot(across) / square,
            self.fast.cross(along).dot(across) / square,
        ]
    }

    /// Edges of a pixel along the fast and the slow axis, m.
    pub fn pixel_edges_m(&self) -> [f64; 2] {
        [self.fast, self.slow].map(|step| {
            // The length of a unit vector is 1 but for rounding.
            let length = step.length();
            let exact = if (length - 1.0).abs() < 1e-12 {
                1.0
            } else {
                length
            };
            self.pixel_size_m * exact
        })
    }

    /// The corners of the flat panel `inset` pixels inside its edges, in order around it, m.
    pub fn corners_m(&self, inset: f64) -> [DVec3; 4] {
        self.corners_between_m(self.shape.map(|count| [0, count]), inset)
    }

    /// The corners of the part of the flat panel that is rendered, its masked edges left out,
    /// `inset` pixels inside its edges, in order around it, m; the whole panel's where all of it is
    /// masked.
    pub(super) fn rendered_corners_m(&self, inset: f64) -> [DVec3; 4] {
        let [width, height] = self.shape;
        let column = |&fast: &usize| (0..height).any(|slow| self.renders(fast, slow));
        let row = |&slow: &usize| (0..width).any(|fast| self.renders(fast, slow));
        let ends = || {
            let fast = [(0..width).find(column)?, (0..width).rfind(column)? + 1];
            Some([fast, [(0..height).find(row)?, (0..height).rfind(row)? + 1]])
        };
        let whole = self.shape.map(|count| [0, count]);
        self.corners_between_m(ends().unwrap_or(whole), inset)
    }

    fn corners_between_m(&self, ends: [[usize; 2]; 2], inset: f64) -> [DVec3; 4] {
        let [fast, slow] = ends.map(|[first, last]| {
            let inset = inset.min((last - first) as f64 / 4.0);
            [first as f64 + inset, last as f64 - inset]
        });
        [[0, 0], [1, 0], [1, 1], [0, 1]].map(|[f, s]| self.point_m([fast[f], slow[s]]))
    }

    /// Distance from the sample to the point of the flat panel that is nearest to it, m.
    pub(super) fn nearest_m(&self) -> f64 {
        let across = self.fast.cross(self.slow).normalize_or_zero();
        let foot = self.pixel_at(self.origin_m.dot(across) * across);
        let [fast, slow] = [0, 1].map(|axis| foot[axis].clamp(0.0, self.shape[axis] as f64));
        self.point_m([fast, slow]).length()
    }

    /// What messages call the panel of a detector at place `index`.
    pub fn label(&self, index: usize) -> String {
        if self.name.is_empty() {
            format!("panel number {index}")
        } else {
            format!("panel \"{}\" (number {index})", self.name)
        }
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        let [fast, slow] = self.shape;
        let countable = fast
            .checked_mul(slow)
            .is_some_and(|n| n > 0 && u32::try_from(n).is_ok());
        if !countable {
            return Err(ExperimentError::PixelCount { fast, slow });
        }
        Quantity::PixelSize.require(self.pixel_size_m)?;
        for coordinate in self.origin_m.to_array() {
            Quantity::FirstPixel.require(coordinate)?;
        }
        for (quantity, axis) in [
            (Quantity::FastAxisLength, self.fast),
            (Quantity::SlowAxisLength, self.slow),
        ] {
            quantity.require(axis.length())?;
        }
        Quantity::NormalLength.require(self.normal.length())?;
        if let Some(middle) = self.curved_m {
            Quantity::Curvature.require(middle.length())?;
        }
        if self.fast.cross(self.slow).length() < 1e-6 {
            return Err(ExperimentError::Parallel("the fast axis", "the slow axis"));
        }
        self.check_facing()?;
        if let Some(sensor) = &self.sensor {
            sensor.check()?;
        }
        match &self.mask {
            Some(mask) if mask.shape() != self.shape => Err(ExperimentError::MaskShape {
                mask: mask.shape(),
                panel: self.shape,
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a panel whose plane holds the sample, or whose normal points at it.
    fn check_facing(&self) -> Result<(), ExperimentError> {
        // The plane that the two axes span; the normal given need not be at right angles to it.
        let across = self.fast.cross(self.slow).normalize();
        let height = self.origin_m.dot(across) * across.dot(self.normal).signum();
        let close = self.close_distance_m();
        // Nearer than this fraction of a pixel the plane holds the sample, but for rounding.
        let nearest = 1e-6 * self.pixel_size_m;
        for distance in [close, height] {
            let close_mm = distance * 1e3;
            if distance.is_nan() || distance.abs() <= nearest {
                return Err(ExperimentError::PlaneThroughSample { close_mm });
            }
            if distance < 0.0 {
                return Err(ExperimentError::FacesAway { close_mm });
            }
        }
        Quantity::PanelDistance.require(close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Placement;

    #[test]
    fn a_pixel_of_the_stack_is_on_its_panel() {
        let panel = |pixels| {
            let placement = Placement {
                pixels,
                ..Placement::default()
            };
            placement.place().unwrap().panels.remove(0)
        };
        let panels = [panel([4, 3]), panel([4, 1]), panel([4, 2])];
        let expected = [
            ([0, 0], Some((0, [0, 0]))),
            ([3, 2], Some((0, [3, 2]))),
            ([1, 3], Some((1, [1, 0]))),
            ([2, 5], Some((2, [2, 1]))),
            ([4, 1], None),
            ([0, 6], None),
        ];
        for (pixel, place) in expected {
            assert_eq!(panel_of_pixel(&panels, pixel), place, "{pixel:?}");
        }
    }
}
