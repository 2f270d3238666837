//! The CPU path as a backend.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::info_span;

use super::backend::Backend;
use super::derivatives::{Derivatives, Differentiated, Gradient};
use super::laid_out::FrameScenes;
use super::memory::amplitude_gradient;
use super::shot::{InFlight, Subject, Wanted, developed};
use super::threads::Threads;
use super::{Monitor, RenderError};
use crate::cpu;
use crate::cpu::derivatives::Watch;
use crate::image::Image;
use crate::image::noise::{self, Noise, PointSpread, point_spread};
use crate::memory::{Bytes, zeros};
use crate::profile::SIMULATION;
use crate::scene::{Rates, Scene, SceneVector, TermPlace};
use crate::trace::Trace;

/// The name of the CPU path.
const NAME: &str = "cpu";

/// The float64 reference path.
#[derive(Debug)]
pub struct OnCpu(pub Threads);

impl OnCpu {
    /// The photons of `frame`.
    fn photons(&self, frame: &FrameScenes, monitor: &dyn Monitor) -> Result<Image, RenderError> {
        let (mut photons, mut sums) = (Vec::new(), Vec::new());
        frame.each(monitor, |scene, part| {
            photons = self.render(scene, part)?;
            if frame.channels() > 1 {
                // In float64, so that a hundred channels keep the digits of one.
                sums.resize(photons.len(), 0f64);
                for (sum, value) in sums.iter_mut().zip(&photons) {
                    *sum += f64::from(*value);
                }
            }
            Ok(())
        })?;
        for (value, sum) in photons.iter_mut().zip(sums) {
            *value = sum as f32;
        }
        Ok(frame.image(photons))
    }

    /// The photons of `scene`.
    fn render(&self, scene: &Scene, monitor: &dyn Monitor) -> Result<Vec<f32>, RenderError> {
        let _span = info_span!(target: SIMULATION, "simulation").entered();
        self.watched(scene, monitor, |watch| {
            cpu::render(scene, watch.row_done, watch.interrupted)
        })
    }

    /// What `work` on the rows of `scene` comes to, under the eyes of `monitor`.
    fn watched<T: Send>(
        &self,
        scene: &Scene,
        monitor: &dyn Monitor,
        work: impl FnOnce(&Watch) -> Option<T> + Send,
    ) -> Result<T, RenderError> {
        let rows: usize = scene.panels.iter().map(|panel| panel.shape[1]).sum();
        let done = AtomicUsize::new(0);
        let row_done = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            monitor.advanced(done as f64 / rows as f64);
        };
        let watch = Watch {
            row_done: &row_done,
            interrupted: &|| monitor.interrupted(),
        };
        let worked = self.0.install(|| work(&watch));
        worked.ok_or(RenderError::Interrupted)
    }
}

impl Backend for OnCpu {
    fn device(&self) -> &str {
        NAME
    }

    fn is_gpu(&self) -> bool {
        false
    }

    fn shoot<'a>(
        &'a self,
        subject: Subject<'a>,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'a>, RenderError> {
        let (image, panels) = match subject {
            Subject::Frame(frame) => (
                Cow::Owned(self.photons(&frame, monitor)?),
                Cow::Owned(frame.panels().to_vec()),
            ),
            Subject::Image(image, panels) => (Cow::Borrowed(image), Cow::Borrowed(panels)),
        };
        Ok(InFlight::new(move |_| {
            let expose = |image: &Image, noise: &Noise| noise::expose(image, noise, &panels);
            self.0.install(|| developed(image, &wanted, NAME, expose))
        }))
    }

    fn derivative_images(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        directions: &[SceneVector],
        monitor: &dyn Monitor,
    ) -> Result<Derivatives, RenderError> {
        let [width, height] = frame.size();
        let mut image = zeros(width * height);
        let mut derivatives: Vec<_> = directions.iter().map(|_| zeros(width * height)).collect();
        let mut channel = 0;
        frame.each(monitor, |scene, part| {
            let _span = info_span!(target: SIMULATION, "derivatives").entered();
            let along = (directions, channel);
            let (image, derivatives) = (&mut image, &mut derivatives);
            channel += 1;
            self.watched(scene, part, |watch| {
                cpu::derivatives::derivative_images(scene, rates, along, image, derivatives, watch)
            })
        })?;
        Ok(Derivatives {
            image,
            derivatives,
            device: NAME.to_string(),
            notices: Vec::new(),
        })
    }

    fn gradient(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        weights: &[f64],
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<Gradient, RenderError> {
        let panels = frame.experiment().panels().len();
        let mut vector = SceneVector::zero(panels, frame.materials());
        let mut channel = 0;
        frame.each(monitor, |scene, part| {
            let _span = info_span!(target: SIMULATION, "gradient").entered();
            if amplitudes {
                vector.amplitudes.push(amplitude_gradient(scene)?);
            }
            let (vector, own) = (&mut vector, channel);
            channel += 1;
            self.watched(scene, part, |watch| {
                cpu::derivatives::gradient(scene, rates, weights, vector, own, watch)
            })
        })?;
        Ok(Gradient {
            vector,
            device: NAME.to_string(),
            notices: Vec::new(),
        })
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        Ok(self.0.install(|| cpu::trace(scene, place)))
    }

    fn device_memory(&self, _: &Scene, _: usize, _: &Wanted) -> Option<Bytes> {
        None
    }

    fn derivative_memory(&self, _: &Scene, _: &Rates, _: Differentiated) -> Option<Bytes> {
        None
    }

    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes {
        point_spread::memory(spread, size)
    }
}
