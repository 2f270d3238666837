//! Spots in closed form: one evaluation in place of domains, wavelengths, directions and steps
//! (PHYSICS §16).

use super::{Description, ExperimentError, PhiSampling, Quantity, Shape};

/// How spots are integrated in closed form. Each step of the scan is then a segment that is
/// integrated as a whole, wherever samples would take its φ; its middle sets the orientation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Analytic {
    /// Take the average over each sub-pixel's area, too.
    pub pixel_average: bool,
}

impl Description {
    /// Refuses what has no closed form, and spreads that only the closed form has.
    pub(super) fn check_analytic(&self) -> Result<(), ExperimentError> {
        let beam = &self.beam;
        let Some(analytic) = self.sampling.analytic else {
            if beam.bandwidth > 0.0 {
                return Err(ExperimentError::NotSampled(Quantity::Bandwidth));
            }
            if beam.divergence_sigma_rad != [0.0; 2] {
                return Err(ExperimentError::NotSampled(Quantity::DivergenceSigma));
            }
            return Ok(());
        };
        if self.crystal.shape != Shape::Gauss {
            return Err(ExperimentError::NoClosedForm("spots that are not Gaussian"));
        }
        if self.crystal.mosaicity.axis_sigmas_rad().is_none() {
            return Err(ExperimentError::NoClosedForm(
                "misorientations that are not normal about each axis",
            ));
        }
        if self.crystal.symmetric_shape.is_some() {
            return Err(ExperimentError::NoClosedForm(
                "shapes with the crystal's symmetry",
            ));
        }
        let curved = |panel: &super::Panel| panel.curved_m.is_some();
        if analytic.pixel_average && self.detector.panels.iter().any(curved) {
            return Err(ExperimentError::NoClosedForm(
                "the areas of a curved panel's pixels",
            ));
        }
        Ok(())
    }

    /// Makes one orientation of every segment, at its middle.
    pub(super) fn resolve_analytic(&mut self) {
        if self.sampling.analytic.is_some() {
            self.crystal.mosaicity.domains = 1;
            self.scan.sampling = PhiSampling::Middle;
        }
    }
}
