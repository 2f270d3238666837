//! What an image integrates in closed form.

use serde::Serialize;

use crate::experiment::Experiment;

/// The spreads that an image integrates in closed form, as standard deviations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Integrated {
    /// Rotation of the crystal about each of its axes, degrees.
    mosaicity_deg: [f64; 3],
    /// Wavelength, percent of each source's.
    bandwidth_percent: f64,
    /// Direction along the electric and the magnetic field, mrad.
    divergence_mrad: [f64; 2],
    /// Segments of the scan, each integrated as a whole.
    segments: u32,
    /// Width of a segment, degrees.
    segment_deg: f64,
    /// Whether the area of each sub-pixel is integrated.
    pixel_area: bool,
}

impl Integrated {
    /// What the image of `experiment` integrates; `None` where it sums samples.
    pub fn new(experiment: &Experiment) -> Option<Integrated> {
        let analytic = experiment.sampling().analytic?;
        let (beam, scan) = (experiment.beam(), experiment.scan());
        let sigmas_rad = experiment.crystal().mosaicity.axis_sigmas_rad()?;
        Some(Integrated {
            mosaicity_deg: sigmas_rad.map(f64::to_degrees),
            bandwidth_percent: beam.bandwidth * 1e2,
            divergence_mrad: beam.divergence_sigma_rad.map(|rad| rad * 1e3),
            segments: scan.steps,
            segment_deg: scan.step_rad.abs().to_degrees(),
            pixel_area: analytic.pixel_average,
        })
    }
}
