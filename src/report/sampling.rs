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
    /// What is integrated in closed form instead of sampled; scan steps are then segments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub integrated: Vec<&'static str>,
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
            integrated: integrated(experiment),
        }
    }
}

/// What `experiment` integrates in closed form, in words.
fn integrated(experiment: &Experiment) -> Vec<&'static str> {
    let Some(analytic) = experiment.sampling().analytic else {
        return Vec::new();
    };
    let beam = experiment.beam();
    let spreads = [
        (
            "mosaicity",
            experiment.crystal().mosaicity.spread_rad() > 0.0,
        ),
        ("bandwidth", beam.bandwidth > 0.0),
        ("divergence", beam.divergence_sigma_rad != [0.0; 2]),
        ("phi", experiment.scan().step_rad != 0.0),
        ("pixel area", analytic.pixel_average),
    ];
    let there = spreads.into_iter().filter(|(_, is_there)| *is_there);
    there.map(|(spread, _)| spread).collect()
}
