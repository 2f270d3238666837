//! What an image is the sum of.

use std::fmt;

use serde::Serialize;

use crate::experiment::Experiment;

/// The terms of an image, and what they are counted by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SamplingSummary {
    oversample: u32,
    sources: usize,
    phi_steps: u32,
    mosaic_domains: u32,
    /// All of these multiplied, that the sum is the mean over.
    pub(super) steps: f64,
    /// In all rendered pixels and layers.
    pub(super) terms: f64,
}

impl SamplingSummary {
    /// Of the image of `experiment`, so many `pixels` of which are rendered.
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

impl fmt::Display for SamplingSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SamplingSummary {
            oversample,
            sources,
            phi_steps,
            mosaic_domains,
            steps,
            ..
        } = self;
        write!(
            f,
            "{steps:.0}: {oversample} x {oversample} sub-pixels, {sources} source(s), {phi_steps} phi \
             step(s), {mosaic_domains} domain(s)"
        )
    }
}
