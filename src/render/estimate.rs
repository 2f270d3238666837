//! How long a render will take, by rendering some of it.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Monitor, RenderError, Renderer, memory, monitor};
use crate::experiment::Experiment;
use crate::scene::{self, Sample, Scene};

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
        let channels = scene::channels(experiment)?;
        memory::check(experiment, channels.len())?;
        let scene = Scene::of_channel(experiment, channels[0])?;
        let pixels = scene.rendered_pixels() as f64;
        let own_terms = scene.terms_per_pixel() * pixels;
        // Of the sources of all channels.
        let terms = scene.steps * f64::from(scene.layers) * pixels;
        let mut budget = FIRST_TERMS;
        // Terms and seconds of the first sample, in which the device gets ready.
        let mut first: Option<(f64, f64)> = None;
        loop {
            let sample = scene.sample(budget);
            let (values, elapsed) = self.timed(&sample, monitor)?;
            let seconds = elapsed.as_secs_f64();
            if sample.terms >= own_terms || (first.is_some() && elapsed >= ENOUGH) {
                let per_term = seconds / sample.terms.max(1.0);
                let set_up = first.map_or(0.0, |(terms, seconds)| seconds - terms * per_term);
                return Ok(Estimate {
                    terms,
                    sampled_terms: sample.terms,
                    sampled_seconds: seconds,
                    set_up_seconds: set_up.max(0.0),
                    seconds: terms * per_term,
                    values,
                });
            }
            first = first.or(Some((sample.terms, seconds)));
            let growth = 1.5 * ENOUGH.as_secs_f64() / seconds.max(1e-6);
            budget = sample.terms.max(budget) * growth.clamp(1.0, 10.0);
        }
    }

    /// What `sample` holds, and how long it takes.
    fn timed(
        &self,
        sample: &Sample,
        monitor: &dyn Monitor,
    ) -> Result<(Vec<f32>, Duration), RenderError> {
        let started = Instant::now();
        let values = self.values(&sample.scene, &monitor::OnlyStops(monitor))?;
        Ok((values, started.elapsed()))
    }
}
