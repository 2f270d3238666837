//! Energy channels: the image is the sum of one scene each.
//!
//! Grids of many energies do not fit in memory together, so they are streamed: while one channel is
//! rendered the next one's list is read, and no more than these two and the one on the device
//! are kept.

use std::thread;

use tracing::info_span;

use super::monitor::PartOf;
use super::{Monitor, RenderError, Renderer, rendered_pixels};
use crate::experiment::Experiment;
use crate::profile::SETUP;
use crate::scene::{Scene, read_grid};

/// What a render came to.
pub(super) struct Rendered {
    /// Photons of every pixel.
    pub values: Vec<f32>,
    /// Which pixels are rendered, where not all are.
    pub pixels: Option<Vec<bool>>,
}

impl Renderer {
    /// The sum of `experiment`'s `channels`, at least one.
    pub(super) fn channels_summed(
        &self,
        experiment: &Experiment,
        channels: &[usize],
        monitor: &dyn Monitor,
    ) -> Result<Rendered, RenderError> {
        let mut sum = Vec::new();
        let mut pixels = None;
        let mut grid = read_grid(experiment, channels[0])?;
        for (place, &channel) in channels.iter().enumerate() {
            let setup = info_span!(target: SETUP, "scene").entered();
            let scene = Scene::with_grid(experiment, channel, grid)?;
            drop(setup);
            let part = PartOf::new(monitor, place, channels.len());
            let (rendered, next_grid) = thread::scope(|scope| {
                let next = channels.get(place + 1);
                let reading = next.map(|&next| scope.spawn(move || read_grid(experiment, next)));
                let rendered = self.values(&scene, &part);
                (rendered, reading.map(|reading| reading.join()))
            });
            let values = rendered?;
            pixels = rendered_pixels(&scene);
            if channels.len() == 1 {
                return Ok(Rendered { values, pixels });
            }
            // In float64, so that a hundred channels keep the digits of one.
            sum.resize(values.len(), 0f64);
            for (sum, value) in sum.iter_mut().zip(&values) {
                *sum += f64::from(*value);
            }
            grid = match next_grid {
                None => None,
                Some(read) => read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
            };
        }
        Ok(Rendered {
            values: sum.into_iter().map(|value| value as f32).collect(),
            pixels,
        })
    }
}
