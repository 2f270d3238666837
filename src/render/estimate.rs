//! How long a render will take, by rendering some of it.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Monitor, Outcome, RenderError, Renderer, monitor};
use crate::experiment::Experiment;
use crate::scene::Scene;

/// Terms of the first sample: few enough for any device, and it gets the device ready.
const FIRST_TERMS: f64 = 1e6;

/// A sample that takes this long tells enough.
const ENOUGH: Duration = Duration::from_millis(120);

/// What a render will come to, about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Terms of the image.
    pub terms: f64,
    /// Terms that were rendered to tell: those of the last sample.
    pub sampled_terms: f64,
    /// What that took, s.
    pub sampled_seconds: f64,
    /// What the device takes to get ready for the first image, s.
    pub set_up_seconds: f64,
    /// What the terms of the image will take, s.
    pub seconds: f64,
    /// What the user should know of the samples.
    #[serde(skip)]
    pub notices: Vec<String>,
    /// Photons of pixels of the last sample, up to a factor: values as an image has them.
    #[serde(skip)]
    pub values: Vec<f32>,
}

impl Renderer {
    /// How long [`Renderer::render`] will take for `experiment`: samples of it are rendered, at least
    /// two where it has the terms, and larger ones until one takes a tenth of a second. Of several energy channels the first one in use
    /// stands for all, and reading the others' files is not counted.
    ///
    /// # Errors
    /// As [`Renderer::render_watched`].
    pub fn estimate(
        &self,
        experiment: &Experiment,
        monitor: &dyn Monitor,
    ) -> Result<Estimate, RenderError> {
        self.lay_out(experiment)?;
        let scene = Scene::new(experiment)?;
        let pixels = scene.rendered_pixels() as f64;
        let own_terms = scene.terms_per_pixel() * pixels;
        // Of the sources of all channels.
        let terms = scene.steps * f64::from(scene.layers) * pixels;
        let mut budget = FIRST_TERMS;
        // Terms and seconds of the first sample, in which the device gets ready.
        let mut first: Option<(f64, f64)> = None;
        let mut notices: Vec<String> = Vec::new();
        loop {
            let sample = scene.sample(budget);
            let started = Instant::now();
            let silent = monitor::OnlyStops(monitor);
            let Outcome {
                value,
                notices: told,
                ..
            } = self.backend.render(&sample.scene, &silent)?;
            let elapsed = started.elapsed();
            let seconds = elapsed.as_secs_f64();
            let new = told.into_iter().filter(|notice| !notices.contains(notice));
            let new: Vec<String> = new.collect();
            notices.extend(new);
            if sample.terms >= own_terms || (first.is_some() && elapsed >= ENOUGH) {
                let per_term = seconds / sample.terms.max(1.0);
                let set_up = first.map_or(0.0, |(terms, seconds)| seconds - terms * per_term);
                return Ok(Estimate {
                    terms,
                    sampled_terms: sample.terms,
                    sampled_seconds: seconds,
                    set_up_seconds: set_up.max(0.0),
                    seconds: terms * per_term,
                    notices,
                    values: value,
                });
            }
            first = first.or(Some((sample.terms, seconds)));
            let growth = 1.5 * ENOUGH.as_secs_f64() / seconds.max(1e-6);
            budget = sample.terms.max(budget) * growth.clamp(1.0, 10.0);
        }
    }
}
