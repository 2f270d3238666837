//! The spindle's movement during the exposure.

use glam::DVec3;

use super::error::direction;
use super::quantity::Quantity;
use super::{ExperimentError, LabAxes};

/// Rotation of the crystal about the spindle: φ_j = start + step·j, or half a step more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan {
    /// Spindle axis; any length.
    pub spindle: DVec3,
    /// First φ, radians.
    pub start_rad: f64,
    /// Step of φ, radians.
    pub step_rad: f64,
    /// Number of orientations, at least one.
    pub steps: u32,
    /// The range turned through, radians, for headers.
    pub range_rad: f64,
    /// Where in each step φ is taken.
    pub sampling: PhiSampling,
}

/// Where in a step of a scan the crystal stands (PHYSICS §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PhiSampling {
    /// At the step's start, as in the C program: an image is centred half a step early.
    #[default]
    Start,
    /// At the step's middle.
    Middle,
}

impl Default for Scan {
    fn default() -> Scan {
        Scan {
            spindle: LabAxes::default().spindle,
            start_rad: 0.0,
            step_rad: 0.0,
            steps: 1,
            range_rad: 0.0,
            sampling: PhiSampling::Start,
        }
    }
}

impl Scan {
    /// Every φ of the scan, radians.
    pub fn angles_rad(&self) -> impl Iterator<Item = f64> {
        let Scan {
            start_rad,
            step_rad,
            ..
        } = *self;
        let within = match self.sampling {
            PhiSampling::Start => 0.0,
            PhiSampling::Middle => 0.5,
        };
        (0..self.steps).map(move |step| start_rad + step_rad * (f64::from(step) + within))
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        direction("the spindle axis", self.spindle)?;
        let last = self.start_rad + self.step_rad * f64::from(self.steps);
        for (quantity, angle) in [
            (Quantity::ScanStart, self.start_rad),
            (Quantity::ScanStep, self.step_rad),
            (Quantity::ScanEnd, last),
        ] {
            quantity.require(angle)?;
        }
        Quantity::ScanSteps.require(f64::from(self.steps))
    }
}
