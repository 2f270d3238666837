//! The CPU path as a backend.

use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::info_span;

use super::backend::{Backend, Outcome};
use super::threads::Threads;
use super::{Monitor, RenderError};
use crate::cpu;
use crate::image::Image;
use crate::image::noise::{self, Noise, PointSpread, point_spread};
use crate::memory::Bytes;
use crate::profile::SIMULATION;
use crate::scene::{Scene, TermPlace};
use crate::trace::Trace;

/// The name of the CPU path.
const NAME: &str = "cpu";

/// The float64 reference path.
#[derive(Debug)]
pub struct OnCpu(pub Threads);

impl Backend for OnCpu {
    fn device(&self) -> &str {
        NAME
    }

    fn is_gpu(&self) -> bool {
        false
    }

    fn render(
        &self,
        scene: &Scene,
        monitor: &dyn Monitor,
    ) -> Result<Outcome<Vec<f32>>, RenderError> {
        let rows: usize = scene.panels.iter().map(|panel| panel.shape[1]).sum();
        let done = AtomicUsize::new(0);
        let row_done = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            monitor.advanced(done as f64 / rows as f64);
        };
        let interrupted = || monitor.interrupted();
        let _span = info_span!(target: SIMULATION, "simulation").entered();
        let work = || cpu::render(scene, &row_done, &interrupted);
        let values = self.0.install(work).ok_or(RenderError::Interrupted)?;
        Ok(Outcome::of(values, NAME))
    }

    fn expose(
        &self,
        image: &Image,
        noise: &Noise,
        panels: &[usize],
    ) -> Result<Outcome<Image>, RenderError> {
        let exposed = self.0.install(|| noise::expose(image, noise, panels))?;
        Ok(Outcome::of(exposed, NAME))
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        Ok(self.0.install(|| cpu::trace(scene, place)))
    }

    fn device_memory(&self, _scene: &Scene) -> Option<Bytes> {
        None
    }

    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes {
        point_spread::memory(spread, size)
    }
}
