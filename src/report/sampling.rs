//! The terms of an image.

use serde::Serialize;

use crate::experiment::Experiment;

/// The terms of an image, and the numbers that multiply to them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SamplingSummary {
    /// Sub-pixels along each side of a pixel.
    pub oversample: u32,
    /// Sources of the beam.
    pub sources: usize,
    /// Steps of the scan.
    pub phi_steps: u32,
    /// Mosaic domains.
    pub mosaic_domains: u32,
    /// Sub-pixels, sources, scan steps and domains multiplied. A pixel is the mean over these.
    pub steps: f64,
    /// Terms of all rendered pixels and layers.
    pub terms: f64,
}

impl SamplingSummary {
    /// The terms of the image of `experiment`, of which `pixels` are rendered.
    pub fn new(experiment: &Experiment, pixels: usize) -> SamplingSummary {
        let oversample = experiment.oversample();
        let sources = experiment.beam().sources().len();
        let phi_steps = experiment.scan().steps;
        let mosaic_domains = experiment.crystal().mosaicity.domain_count();
        let steps = f64::from(oversample).powi(2)
            * sources as f64
            * f64::from(phi_steps)
            * f64::from(mosaic_domains);
        SamplingSummary {
            oversample,
            sources,
            phi_steps,
            mosaic_domains,
            steps,
            terms: steps * f64::from(experiment.detector().layers) * pixels as f64,
        }
    }
}
