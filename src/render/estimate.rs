//! How long a render will take, told by rendering a part of it.

use std::time::{Duration, Instant};

use super::{Monitor, Outcome, RenderError, Renderer, monitor};
use crate::experiment::Experiment;
use crate::scene::Scene;

/// Terms of the first sample: few enough for any device. It gets the device ready.
const FIRST_TERMS: f64 = 1e6;

/// A sample that takes this long tells enough.
const ENOUGH: Duration = Duration::from_millis(120);

/// How long a render will take, about.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Terms of the image.
    pub terms: f64,
    /// Terms of the last sample.
    pub sampled_terms: f64,
    /// What the last sample took, s.
    pub sampled_seconds: f64,
    /// What the device takes to get ready for the first image, s.
    pub set_up_seconds: f64,
    /// What the terms of the image will take, s.
    pub seconds: f64,
    /// Notices of the samples.
    pub notices: Vec<String>,
    /// Photons of the pixels of the last sample, up to a factor: values as an image has them.
    pub values: Vec<f32>,
}

impl Renderer {
    /// How long [`Renderer::render`] will take for `experiment`. At least two samples of it are
    /// rendered if it has the terms, and larger ones until one takes a tenth of a second. Of several
    /// energy channels the first one in use stands for all; reading the files of the others is not
    /// counted.
    ///
    /// # Errors
    /// [`RenderError`], as from a render of `experiment`.
    pub fn estimate(
        &self,
        experiment: &Experiment,
        monitor: &dyn Monitor,
    ) -> Result<Estimate, RenderError> {
        self.lay_out(experiment)?;
        let scene = Scene::new(experiment)?;
        let pixels = scene.rendered_pixels() as f64;
        let own_terms = scene.terms_per_pixel() * pixels;
        // The scene has the sources of one channel, its number of steps counts those of all.
        let terms = scene.steps * f64::from(scene.layers) * pixels;
        let mut budget = FIRST_TERMS;
        // Terms and seconds of the first sample, in which the device gets ready.
        let mut first: Option<(f64, f64)> = None;
        let mut notices: Vec<String> = Vec::new();
        loop {
            let sample = scene.sample(budget);
            let started = Instant::now();
            let Outcome {
                value,
                notices: told,
                ..
            } = self
                .backend
                .render(&sample.scene, &monitor::OnlyStops(monitor))?;
            let seconds = started.elapsed().as_secs_f64();
            for notice in told {
                if !notices.contains(&notice) {
                    notices.push(notice);
                }
            }
            let enough = first.is_some() && seconds >= ENOUGH.as_secs_f64();
            if enough || sample.terms >= own_terms {
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
