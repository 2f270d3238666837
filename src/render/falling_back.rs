//! A backend for which another stands in.

use std::sync::atomic::{AtomicBool, Ordering};

use super::backend::{Backend, Outcome};
use super::{Monitor, RenderError};
use crate::image::Image;
use crate::image::noise::Noise;
use crate::memory::Bytes;
use crate::scene::{Scene, TermPlace};
use crate::trace::Trace;

/// A backend, and another that takes over for good when the first one fails: what does not work
/// once costs every later image its time again.
#[derive(Debug)]
pub struct FallingBack {
    first: Box<dyn Backend>,
    second: Box<dyn Backend>,
    /// The first failed. Only the call in which it did gets a notice of it.
    failed: AtomicBool,
}

impl FallingBack {
    /// `first`, for which `second` stands in.
    pub fn new(first: Box<dyn Backend>, second: Box<dyn Backend>) -> FallingBack {
        FallingBack {
            first,
            second,
            failed: AtomicBool::new(false),
        }
    }

    fn in_use(&self) -> &dyn Backend {
        if self.failed.load(Ordering::Relaxed) {
            self.second.as_ref()
        } else {
            self.first.as_ref()
        }
    }

    /// What `work` makes with the first backend, or with the second where the first is no use.
    fn either<T>(
        &self,
        work: impl Fn(&dyn Backend) -> Result<Outcome<T>, RenderError>,
    ) -> Result<Outcome<T>, RenderError> {
        match work(self.in_use()) {
            Err(error @ RenderError::Gpu(_)) => {
                // Another thread's call may have failed at the same time, and says so.
                let told = self.failed.swap(true, Ordering::Relaxed);
                let mut outcome = work(self.second.as_ref())?;
                if !told {
                    outcome.notices.insert(0, on_the_cpu(&error));
                }
                Ok(outcome)
            }
            outcome => outcome,
        }
    }
}

/// That the CPU stands in for a GPU, and why.
pub fn on_the_cpu(error: &dyn std::error::Error) -> String {
    format!("{error}; rendering on the CPU")
}

impl Backend for FallingBack {
    fn device(&self) -> &str {
        self.in_use().device()
    }

    fn is_gpu(&self) -> bool {
        self.in_use().is_gpu()
    }

    fn render(
        &self,
        scene: &Scene,
        monitor: &dyn Monitor,
    ) -> Result<Outcome<Vec<f32>>, RenderError> {
        self.either(|backend| backend.render(scene, monitor))
    }

    fn expose(
        &self,
        image: &Image,
        noise: &Noise,
        panels: &[usize],
    ) -> Result<Outcome<Image>, RenderError> {
        self.either(|backend| backend.expose(image, noise, panels))
    }

    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError> {
        self.in_use().trace(scene, place)
    }

    fn device_memory(&self, scene: &Scene) -> Option<Bytes> {
        self.in_use().device_memory(scene)
    }
}
