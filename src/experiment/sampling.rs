//! How finely the image is computed, and which part of it.

use super::quantity::Quantity;
use super::{Analytic, Beam, Crystal, Detector, ExperimentError};

/// Sub-pixels, region, resolution.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sampling {
    /// Sub-pixels per pixel edge; `None` to choose as many as resolve the crystal's spots.
    pub oversample: Option<u32>,
    /// Take each sub-pixel's own solid angle, not that of the pixel's first.
    pub solid_angle_per_subpixel: bool,
    /// Take each sub-pixel's and source's own polarisation, not that of the pixel's first.
    pub polarisation_per_subpixel: bool,
    /// The part of every panel that is rendered; `None` for all of it.
    pub region: Option<Region>,
    /// Spacing in m below which nothing is computed; 0 for no limit.
    pub resolution_limit_m: f64,
    /// Integrate spots in closed form; `None` to sum samples of what smears them.
    pub analytic: Option<Analytic>,
}

/// A rectangle of pixels, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First and last fast coordinate.
    pub fast: [usize; 2],
    /// First and last slow coordinate.
    pub slow: [usize; 2],
}

impl Region {
    /// Whether a pixel lies inside.
    #[inline]
    pub fn contains(&self, fast: usize, slow: usize) -> bool {
        (self.fast[0]..=self.fast[1]).contains(&fast)
            && (self.slow[0]..=self.slow[1]).contains(&slow)
    }

    /// The pixels that lie inside `other`, too, if any do.
    pub fn intersection(&self, other: Region) -> Option<Region> {
        let both = |own: [usize; 2], other: [usize; 2]| {
            let both = [own[0].max(other[0]), own[1].min(other[1])];
            Some(both).filter(|[first, last]| first <= last)
        };
        Some(Region {
            fast: both(self.fast, other.fast)?,
            slow: both(self.slow, other.slow)?,
        })
    }
}

impl Sampling {
    pub(super) fn check(&self, detector: &Detector) -> Result<(), ExperimentError> {
        Quantity::ResolutionLimit.require(self.resolution_limit_m)?;
        if let Some(Region { fast, slow }) = self.region {
            for (index, panel) in detector.panels.iter().enumerate() {
                let fits = fast[0] <= fast[1]
                    && slow[0] <= slow[1]
                    && fast[1] < panel.shape[0]
                    && slow[1] < panel.shape[1];
                if !fits {
                    let panel = panel.shape;
                    return Err(
                        detector.on_panel(index, ExperimentError::Region { fast, slow, panel })
                    );
                }
            }
        }
        Ok(())
    }

    /// The given number of sub-pixels, or as many as put three on the width of a spot.
    pub(super) fn resolve_oversample(
        &self,
        beam: &Beam,
        crystal: &Crystal,
        detector: &Detector,
    ) -> Result<u32, ExperimentError> {
        if let Some(count) = self.oversample {
            Quantity::Oversample.require(count.into())?;
            return Ok(count);
        }
        if self.analytic.is_some_and(|analytic| analytic.pixel_average) {
            return Ok(1);
        }
        let edge = crystal.longest_edge_m();
        let distance = detector.distance_m.abs();
        let pixel = detector
            .panels
            .iter()
            .map(|panel| panel.pixel_size_m)
            .fold(0.0, f64::max);
        let count = (3.0 * edge * pixel / (beam.wavelength_m * distance))
            .ceil()
            .max(1.0);
        if !Quantity::Oversample.accepts(count) {
            return Err(ExperimentError::AutomaticOversample {
                crystal_um: edge * 1e6,
                count,
            });
        }
        Ok(count as u32)
    }
}
